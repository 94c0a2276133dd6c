"""Connections by TLS: both sides show certificates, and faults are told apart."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from argosy_cluster.kubernetes.client import KubernetesCluster
from argosy_cluster.kubernetes.kubeconfig import ApiAccess, Login
from argosy_schemas.errors import InvalidArgumentError, UnreachableClusterError
from argosy_store.fakes import FakeClock
from certificates import Authority
from kube_server import KubeServer


@pytest.fixture
def authority() -> Authority:
    return Authority()


@pytest.fixture
def secure(authority: Authority, tmp_path: Path) -> Iterator[KubeServer]:
    """A server whose name is ``kube.test``, and that wants a certificate of its clients."""
    pair = tmp_path / "server.pem"
    pair.write_bytes(b"".join(authority.issue("kube.test")))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(pair)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(cadata=authority.pem.decode())
    with KubeServer() as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def access(secure: KubeServer, signer: Authority, **changes: Any) -> ApiAccess:
    certificate, key = signer.issue("ann")
    known: dict[str, Any] = {
        "name": "test",
        "server": f"https://127.0.0.1:{secure.server_port}",
        "namespace": "ml",
        "authority": signer.pem.decode(),
        "server_name": "kube.test",
        "login": Login(token=secure.token, certificate=certificate, key=key),
    }
    return ApiAccess(**{**known, **changes})


def read_version(access: ApiAccess) -> object:
    clock = FakeClock()
    cluster = KubernetesCluster(access, monotonic=clock.monotonic, sleep=clock.sleep)
    try:
        return cluster.read_path("/version")["gitVersion"]
    finally:
        cluster.close()


def test_both_sides_show_certificates(secure: KubeServer, authority: Authority) -> None:
    assert read_version(access(secure, authority)) == "v1.34.4"


def test_a_server_need_not_be_checked(secure: KubeServer, authority: Authority) -> None:
    unchecked = access(secure, authority, authority=None, is_checked=False, server_name=None)

    assert read_version(unchecked) == "v1.34.4"


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
def test_a_server_of_another_authority_is_not_trusted(
    secure: KubeServer, authority: Authority
) -> None:
    other = Authority().pem.decode()

    with pytest.raises(UnreachableClusterError, match="its certificate is not accepted: "):
        read_version(access(secure, authority, authority=other))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"authority": "no PEM"}, "the certificate-authority of context 'test' is no certificate"),
        (
            {"login": Login(certificate=b"no PEM")},
            "the client certificate and key of context 'test' cannot be used",
        ),
        ({"server": "https://one:port"}, "in the kubeconfig is no URL"),
        ({"server": "https://"}, "in the kubeconfig is no URL"),
    ],
)
def test_what_cannot_be_used_is_named(
    secure: KubeServer, authority: Authority, changes: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        read_version(access(secure, authority, **changes))


def test_an_unknown_host_is_named() -> None:
    nowhere = ApiAccess(name="test", server="http://no-such-host.invalid", namespace="ml")

    with pytest.raises(UnreachableClusterError, match="its host is unknown"):
        read_version(nowhere)
