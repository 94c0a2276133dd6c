"""Both ports by TLS."""

from __future__ import annotations

import importlib
import json
import socket
import ssl
import urllib.request
import warnings
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message

from argosy_schemas.errors import MachineError
from argosy_service.protos.experiment_pb2 import ListExperimentsRequest, ListExperimentsResponse
from argosy_service.settings import ServiceSettings, TlsFiles
from certificates import Authority
from cli_processes import argosy
from service_running import API, PACKAGE, Client, run_service


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


@pytest.fixture(scope="module")
def client(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    directory = tmp_path_factory.mktemp("tls")
    files = write(directory, *authority.issue("localhost"))
    with run_service(
        ServiceSettings(home=directory, http_port=0, grpc_port=0, max_runs=0, tls=files)
    ) as client:
        yield client


def write(directory: Path, certificate: bytes, key: bytes) -> TlsFiles:
    files = TlsFiles(certificate=directory / "tls.crt", key=directory / "tls.key")
    files.certificate.write_bytes(certificate)
    files.key.write_bytes(key)
    return files


def trust(authority: Authority) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority.pem.decode())


def test_the_rest_api_is_answered(client: Client, authority: Authority) -> None:
    url = f"{client.service.url}{API}/experiments"

    with urllib.request.urlopen(url, context=trust(authority), timeout=60) as answer:
        body = json.loads(answer.read())

    assert url.startswith("https://127.0.0.1:")
    assert [each["display_name"] for each in body["experiments"]] == ["Default"]


def test_grpc_is_answered(client: Client, authority: Authority) -> None:
    credentials = grpc.ssl_channel_credentials(authority.pem)
    with grpc.secure_channel(f"127.0.0.1:{client.service.grpc_port}", credentials) as channel:
        ask: Callable[..., Message] = channel.unary_unary(
            f"/{PACKAGE}.ExperimentService/ListExperiments",
            request_serializer=ListExperimentsRequest.SerializeToString,
            response_deserializer=ListExperimentsResponse.FromString,
        )
        answer: Any = ask(ListExperimentsRequest(), timeout=60)

    assert answer.total_size == 1


def test_the_sdk_speaks_tls(
    client: Client, authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / "ca.crt").write_bytes(authority.pem)
    with warnings.catch_warnings():
        # It says which releases of KFP it works with.
        warnings.simplefilter("ignore", FutureWarning)
        kfp_client = importlib.import_module("kfp").Client(
            host=client.service.url, ssl_ca_cert=str(tmp_path / "ca.crt")
        )

    assert kfp_client.list_experiments().total_size == 1


def test_what_is_not_tls_is_not_answered(client: Client) -> None:
    address = ("127.0.0.1", client.service.http_port)
    with socket.create_connection(address, 60) as plain:
        plain.sendall(b"GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")

        answer = plain.recv(100)

    assert b"HTTP" not in answer


def test_a_certificate_that_cannot_be_used_is_refused(authority: Authority, tmp_path: Path) -> None:
    certificate, _ = authority.issue("localhost")
    _, other_key = authority.issue("localhost")
    files = write(tmp_path, certificate, other_key)

    def refuse(files: TlsFiles) -> str:
        settings = ServiceSettings(home=tmp_path / "home", http_port=0, grpc_port=0, tls=files)
        with pytest.raises(MachineError) as caught, run_service(settings):
            pass
        return str(caught.value)

    of_another = refuse(files)
    missing = refuse(TlsFiles(certificate=tmp_path / "no.crt", key=files.key))

    end = (
        "; give --tls-certificate and --tls-key two PEM files that belong together, the key not "
        "encrypted"
    )
    assert of_another == (
        f"the certificate '{files.certificate}' and the key '{files.key}' cannot be used: "
        f"KEY_VALUES_MISMATCH{end}"
    )
    assert missing.endswith(f"cannot be used: No such file or directory{end}")


def test_the_two_options_belong_together(tmp_path: Path) -> None:
    ended = argosy("serve", "--tls-key", "x", "--home", str(tmp_path), cwd=tmp_path)

    assert ended.status == 2
    assert ended.errors == ["--tls-certificate and --tls-key belong together; give both, or none"]
