"""Kubeconfig files are read as kubectl reads them; what is wrong in one is named."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from argosy_cluster.kubernetes.client import KubernetesCluster
from argosy_cluster.kubernetes.credentials import make_credentials
from argosy_cluster.kubernetes.kubeconfig import ApiAccess, read_access
from argosy_schemas.errors import AccessDeniedError, InvalidArgumentError, MachineError
from kube_server import KubeServer


def config(**changes: Any) -> dict[str, Any]:
    return {
        "current-context": "dev",
        "contexts": [
            {"name": "dev", "context": {"cluster": "c", "user": "u", "namespace": "ml"}},
            {"name": "bare", "context": {"cluster": "c"}},
        ],
        "clusters": [{"name": "c", "cluster": {"server": "https://one:6443/"}}],
        "users": [{"name": "u", "user": {"token": "secret"}}],
        **changes,
    }


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content))
    return path


def read(path: Path, context: str | None = None, **environment: str) -> ApiAccess:
    return read_access(files=str(path), context=context, environment=environment)


def test_the_current_context_counts(tmp_path: Path) -> None:
    access = read(write(tmp_path / "config", config()))

    assert (access.name, access.server, access.namespace) == ("dev", "https://one:6443", "ml")
    assert access.login.token == "secret"


def test_another_context_can_be_chosen(tmp_path: Path) -> None:
    access = read(write(tmp_path / "config", config()), "bare")

    assert (access.name, access.namespace, access.login.token) == ("bare", "default", None)


def test_of_several_files_the_first_entry_of_a_name_counts(tmp_path: Path) -> None:
    first = write(tmp_path / "1", {"current-context": "bare", "users": config()["users"]})
    second = write(tmp_path / "2", config())
    listed = f"{first}::{tmp_path / 'missing'}:{second}"

    access = read_access(files=None, context=None, environment={"KUBECONFIG": listed})

    assert access.name == "bare"


def test_files_are_found_from_where_the_kubeconfig_is(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("authority")
    (tmp_path / "token").write_text("from-file\n")
    cluster = {"server": "https://one", "certificate-authority": "ca.pem"}
    content = config(
        clusters=[{"name": "c", "cluster": cluster}],
        users=[{"name": "u", "user": {"tokenFile": "token"}}],
    )

    access = read(write(tmp_path / "config", content))

    assert access.authority == "authority"
    assert make_credentials(access.login).authorization == "Bearer from-file"


def test_data_in_the_file_comes_before_files(tmp_path: Path) -> None:
    data = base64.b64encode(b"inside").decode()
    user = {"client-certificate": "missing", "client-certificate-data": data}
    access = read(write(tmp_path / "config", config(users=[{"name": "u", "user": user}])))

    assert access.login.certificate == b"inside"


def test_a_name_and_a_password_are_a_login(tmp_path: Path) -> None:
    user = {"username": "ann", "password": "pw"}
    access = read(write(tmp_path / "config", config(users=[{"name": "u", "user": user}])))

    assert make_credentials(access.login).authorization == "Basic YW5uOnB3"


def test_a_pod_uses_its_service_account(tmp_path: Path) -> None:
    (tmp_path / "token").write_text("of-pod")
    (tmp_path / "namespace").write_text("ml")
    environment = {
        "KUBERNETES_SERVICE_HOST": "10.0.0.1",
        "KUBERNETES_SERVICE_PORT": "443",
        "KUBECONFIG": str(tmp_path / "missing"),
    }

    access = read_access(files=None, context=None, environment=environment, pod_directory=tmp_path)

    assert (access.server, access.namespace) == ("https://10.0.0.1:443", "ml")
    assert make_credentials(access.login).authorization == "Bearer of-pod"


FAULTS: list[tuple[Any, str]] = [
    (
        config(**{"current-context": "gone"}),
        "there is no context 'gone' in .*; it has 'dev', 'bare'",
    ),
    (config(**{"current-context": ""}), "has no current context; choose one with --context"),
    (config(clusters=[]), "names a cluster that is not there, 'c'; it has none"),
    (config(users=[]), "names a user that is not there, 'u'; it has none"),
    (config(clusters=[{"name": "c", "cluster": {}}]), "cluster 'c' has no server URL"),
    (
        config(users=[{"name": "u", "user": {"auth-provider": {"name": "gcp"}}}]),
        "has an 'auth-provider', which Kubernetes removed in 1.26",
    ),
    (
        config(users=[{"name": "u", "user": {"client-key-data": "%%%"}}]),
        "client-key-data is not base64",
    ),
    (
        config(users=[{"name": "u", "user": {"client-key": "gone.pem"}}]),
        "client-key 'gone.pem' cannot be read: No such file or directory",
    ),
    ([], "must hold an object"),
]


@pytest.mark.parametrize(("content", "message"), FAULTS)
def test_what_is_wrong_is_named(tmp_path: Path, content: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        read(write(tmp_path / "config", content))


def test_a_file_that_is_no_yaml_is_named(tmp_path: Path) -> None:
    path = tmp_path / "config"
    path.write_text("{")

    with pytest.raises(InvalidArgumentError, match="is not YAML"):
        read(path)


def test_a_file_that_is_named_must_exist(tmp_path: Path) -> None:
    with pytest.raises(InvalidArgumentError, match="does not exist; name another file"):
        read(tmp_path / "gone")


def test_without_any_file_there_is_no_cluster(tmp_path: Path) -> None:
    environment = {"KUBECONFIG": str(tmp_path / "gone")}

    with pytest.raises(InvalidArgumentError, match="so no cluster to talk to"):
        read_access(files=None, context=None, environment=environment)


# Programs that print credentials.


def plugin(tmp_path: Path, script: str, **more: Any) -> ApiAccess:
    program = tmp_path / "get-token"
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)
    section = {"command": "./get-token", "apiVersion": "client.authentication.k8s.io/v1", **more}
    content = config(users=[{"name": "u", "user": {"exec": section}}])
    return read(write(tmp_path / "config", content))


def test_a_program_is_asked_for_credentials(tmp_path: Path) -> None:
    access = plugin(
        tmp_path,
        """echo "{\\"status\\": {\\"token\\": \\"$1-$REGION\\"}}" """,
        args=["eks"],
        env=[{"name": "REGION", "value": "eu"}],
    )

    assert make_credentials(access.login).authorization == "Bearer eks-eu"


def test_a_program_that_refuses_is_quoted(tmp_path: Path) -> None:
    access = plugin(tmp_path, "echo 'session expired, log in' >&2; exit 3")

    with pytest.raises(AccessDeniedError, match="ended with status 3: session expired, log in"):
        make_credentials(access.login)


def test_a_program_that_prints_nothing_is_named(tmp_path: Path) -> None:
    with pytest.raises(AccessDeniedError, match="printed no credentials; try it by hand"):
        make_credentials(plugin(tmp_path, "true").login)


def test_a_program_that_is_missing_is_named_with_its_hint(tmp_path: Path) -> None:
    access = plugin(tmp_path, "true", command="no-such-program", installHint="brew install it")

    with pytest.raises(MachineError, match=r"cannot be started: .*; brew install it"):
        make_credentials(access.login)


def test_a_token_that_expired_is_asked_for_again(server: KubeServer, tmp_path: Path) -> None:
    count = tmp_path / "count"
    count.write_text("old\nlet-me-in\n")
    script = (
        f"token=$(head -1 {count}); sed -i 1d {count}; "
        """echo "{\\"status\\": {\\"token\\": \\"$token\\"}}" """
    )
    plugin(tmp_path, script)
    section = {"command": "./get-token", "apiVersion": "client.authentication.k8s.io/v1"}
    path = server.write_kubeconfig(tmp_path / "config", exec=section)
    cluster = KubernetesCluster(read(path))

    assert cluster.read_path("/version") == {"gitVersion": "v1.34.4"}
    cluster.close()
