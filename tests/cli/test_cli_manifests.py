"""``argosy manifests``."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import yaml

from cli_processes import argosy


def test_the_base_is_printed_as_it_is(tmp_path: Path) -> None:
    ended = argosy("manifests", cwd=tmp_path)

    assert ended.status == 0
    assert [each["kind"] for each in yaml.safe_load_all(ended.out)] == [
        "ServiceAccount",
        "Role",
        "RoleBinding",
        "NetworkPolicy",
    ]


def test_an_overlay_takes_its_values_from_options_and_a_file(tmp_path: Path) -> None:
    (tmp_path / "store.env").write_text("# of the bucket\nAWS_ACCESS_KEY_ID=key\n")
    words = ("--store", "s3://ours/argosy", "--env-file", "store.env", "-n", "team-a")

    ended = argosy("manifests", "s3", *words, cwd=tmp_path)

    found = {each["kind"]: each for each in yaml.safe_load_all(ended.out)}
    assert found["ConfigMap"]["data"] == {"ARGOSY_STORE": "s3://ours/argosy"}
    assert found["Secret"]["data"] == {"AWS_ACCESS_KEY_ID": "a2V5"}
    assert found["Role"]["metadata"]["namespace"] == "team-a"


def test_the_list_has_a_line_for_each_overlay(tmp_path: Path) -> None:
    ended = argosy("manifests", "--list", cwd=tmp_path)

    assert [line.split()[0] for line in ended.out.splitlines()] == [
        "base",
        "s3",
        "seaweedfs",
        "aws-irsa",
        "aws-pod-identity",
        "gke",
        "azure",
        "service",
        "restricted",
    ]


def test_the_tree_is_written_where_it_was_asked_for(tmp_path: Path) -> None:
    ended = argosy("manifests", "-o", "deploy/argosy", cwd=tmp_path)

    assert (ended.status, ended.out) == (0, "")
    assert (tmp_path / "deploy" / "argosy" / "base" / "kustomization.yaml").exists()


def test_a_mistake_is_one_line_and_exit_status_2(tmp_path: Path) -> None:
    for words, message in (
        (["minio"], "there is no overlay 'minio'; it is one of base, s3, "),
        (["s3"], "overlay 's3' needs --store URL"),
        (["s3", "-o", "tree"], "--output-dir writes all overlays as they are; leave the overlay "),
        (["-n", "x", "-o", "tree"], "--output-dir writes all overlays as they are; leave the "),
        (["seaweedfs", "--env-file", "absent"], "--env-file 'absent' cannot be read: "),
    ):
        ended = argosy("manifests", *words, cwd=tmp_path)

        assert ended.status == 2
        assert ended.err.startswith(f"error: {message}")
        assert not (tmp_path / "tree").exists()


def test_printing_imports_no_other_room(tmp_path: Path) -> None:
    code = (
        "import sys, argosy_cli.main as m; m.main(['manifests', 'gke', '--store', 'gs://b']);"
        "print(sorted({n.split('.')[0] for n in sys.modules if n.startswith('argosy')}))"
    )

    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True
    )

    assert ended.stdout.splitlines()[-1] == ("['argosy_cli', 'argosy_manifests', 'argosy_schemas']")
