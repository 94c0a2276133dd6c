"""``argosy doctor``: its lines, its exit status and where it takes the store from."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from cli_processes import argosy
from kube_server import KubeServer, kube_server


def test_a_store_that_works_gives_a_line_for_each_step(tmp_path: Path) -> None:
    ended = argosy("doctor", "storage", "--store", "there", cwd=tmp_path)

    assert (ended.status, ended.err) == (0, "")
    assert re.sub("[0-9a-f]{32}", "ID", ended.out) == (
        f"storage {tmp_path}/there\n"
        "  ✔ put: wrote the object 'doctor/ID'\n"
        "  ✔ get: read it back, and an absent object is said to be absent\n"
        "  ✔ list: listed the objects beside it\n"
        "  ✔ conditional put: an existing object was left as it is\n"
        "  ✔ multipart: wrote and read 8 MiB and a byte, in two parts\n"
        "  ✔ delete: deleted the object\n"
        "6 checks: 6 ok\n"
    )
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


@pytest.mark.parametrize("words", [("--store", "there", "storage"), ("-n", "ml", "cluster")])
def test_an_option_before_what_is_checked_is_not_dropped(
    words: tuple[str, ...], tmp_path: Path
) -> None:
    ended = argosy("doctor", *words, cwd=tmp_path)

    option = {"-n": "--namespace"}.get(words[0], words[0])
    assert (ended.status, ended.out) == (2, "")
    assert ended.errors == [f"{option} stands before '{words[-1]}'; write it behind"]
    assert list(tmp_path.iterdir()) == []


@pytest.fixture
def server() -> Iterator[KubeServer]:
    with kube_server() as server:
        server.put("serviceaccounts", {"metadata": {"name": "argosy"}})
        server.put("secrets", {"metadata": {"name": "store"}, "data": {"AWS_REGION": "eA=="}})
        yield server


def test_a_cluster_gives_a_line_for_each_check(server: KubeServer, tmp_path: Path) -> None:
    server.write_kubeconfig(tmp_path / "kubeconfig")

    ended = argosy(
        *("doctor", "cluster", "--kubeconfig", "kubeconfig", "--service-account", "argosy"),
        *("--store-secret", "store", "--image", "argosy:1"),
        cwd=tmp_path,
    )

    assert (ended.status, ended.err) == (0, "")
    assert ended.out == (
        "cluster test/ml\n"
        "  ✔ kubernetes: v1.34.4\n"
        "  ? argo's kinds: not seen: they are there; whether their definitions are full or "
        "minimal, you may not see: kubectl get crd workflows.argoproj.io -o json | grep -c "
        "maxItems (0 is minimal)\n"
        "  ? controller: not seen: you may see no deployment of Argo's controller; who may: "
        "kubectl -n argo get deployment workflow-controller -o yaml\n"
        "  ✔ pod security: the level 'privileged' takes pods as they are compiled\n"
        "  ✔ quotas: there are none\n"
        "  ✔ your rights: you may submit, watch, explain, stop and delete runs\n"
        "  ✔ service account: 'argosy' may write task results\n"
        "  ✔ store's secret: secret 'store' has AWS_REGION\n"
        "  ? images: not seen: no pod of the namespace has used 'argosy:1' yet; the first run "
        "shows whether it can be pulled\n"
        "9 checks: 6 ok, 3 not seen\n"
    )


def test_without_a_command_all_that_is_configured_is_checked(
    server: KubeServer, tmp_path: Path
) -> None:
    server.write_kubeconfig(tmp_path / "kubeconfig")
    (tmp_path / "config.toml").write_text(
        '[cluster]\nkubeconfig = "kubeconfig"\n[submit]\nstore = "there"\n'
        'service-account = "absent"\nargo = "3.7"\n'
    )
    environment = os.environ | {"ARGOSY_CONFIG": "config.toml", "ARGOSY_STORE_SECRET": "store"}

    ended = argosy("doctor", "-o", "json", cwd=tmp_path, environment=environment)

    storage, cluster = ended.result["subjects"]
    assert ended.status == 1
    assert (storage["subject"], storage["address"]) == ("storage", f"{tmp_path}/there")
    assert (cluster["subject"], cluster["address"]) == ("cluster", "test/ml")
    checks = {each["name"]: each for each in cluster["checks"]}
    assert checks["service account"]["message"].startswith("there is no 'absent' in namespace 'ml'")
    assert checks["store's secret"]["verdict"] == "ok"


def test_where_nothing_is_configured_there_is_nothing_to_check(tmp_path: Path) -> None:
    environment = os.environ | {"KUBECONFIG": f"{tmp_path}/none", "HOME": str(tmp_path)}

    ended = argosy("doctor", cwd=tmp_path, environment=environment)

    assert (ended.status, ended.out) == (2, "")
    assert ended.errors == [
        "there is nothing to check; name a store with --store, or a cluster with --kubeconfig"
    ]
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("words", [["doctor"], ["doctor", "storage"]])
def test_a_store_that_fails_ends_with_1(words: list[str], tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    nowhere = {"ARGOSY_STORE": "file/below", "KUBECONFIG": "none", "HOME": str(tmp_path)}
    environment = os.environ | nowhere

    ended = argosy(*words, cwd=tmp_path, environment=environment)

    assert (ended.status, ended.err) == (1, "")
    assert ended.out.startswith(f"storage {tmp_path}/file/below\n  ✖ put: failure: {tmp_path}/file")
    assert "  ? get: not seen: not tried, since nothing could be written\n" in ended.out
    assert ended.out.endswith("6 checks: 1 failure, 5 not seen\n")


def test_a_url_that_is_none_is_wrong_usage(tmp_path: Path) -> None:
    ended = argosy("doctor", "storage", "--store", "ftp://host/dir", cwd=tmp_path)

    assert (ended.status, ended.out) == (2, "")
    assert ended.errors == [
        "--store: ftp://host/dir: there is no store for the scheme 'ftp'; use a local path, "
        "file://, s3://, minio://, gs:// or az://"
    ]


def test_the_help_of_each_command_stands_alone(tmp_path: Path) -> None:
    ended = argosy("doctor", "storage", "--help", cwd=tmp_path)

    assert ended.out.startswith("Usage: argosy doctor storage [OPTIONS]\n")
