"""Who may ask the service: by name, from web pages, and with a token."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import grpc
import pytest

from argosy_schemas.errors import MachineError
from argosy_service.protos.experiment_pb2 import ListExperimentsRequest, ListExperimentsResponse
from argosy_service.settings import ServiceSettings
from service_running import Client, call_grpc, run_service

TOKEN = "d0b9c8a7"


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def write_token_file(path: Path, text: str) -> Path:
    path.write_text(text)
    path.chmod(0o600)
    return path


# Web pages.


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "http://localhost:3000", "null", "", "file://"]
)
def test_a_foreign_web_page_is_refused(sqlite_client: Client, origin: str) -> None:
    answer = sqlite_client.ask(
        "POST",
        "/experiments",
        {"display_name": "x"},
        headers={"Origin": origin, "Content-Type": "text/plain"},
    )

    assert (answer.status, answer.body["code"]) == (403, 7)
    assert answer.message.startswith(f"the request was sent by a web page of '{origin}'")


def test_a_page_of_the_service_itself_is_served(sqlite_client: Client) -> None:
    headers = {"Host": "LocalHost:8888", "Origin": "http://localhost:8888"}

    assert sqlite_client.ask("GET", "/experiments", headers=headers).status == 200


def test_a_page_of_a_name_that_is_allowed_is_served(tmp_path: Path) -> None:
    settings = ServiceSettings(
        home=tmp_path, http_port=0, grpc_port=0, allowed_hosts=("Pages.example",)
    )
    with run_service(settings) as client:
        answer = client.ask("GET", "/experiments", headers={"Origin": "https://pages.example"})

    assert answer.status == 200


# Tokens.


@pytest.fixture(scope="module")
def token_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_token_file(tmp_path_factory.mktemp("secret") / "token", f"{TOKEN}\n")


@pytest.fixture(scope="module")
def guarded(token_file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Client]:
    settings = ServiceSettings(
        home=tmp_path_factory.mktemp("home"), http_port=0, grpc_port=0, token_file=token_file
    )
    with run_service(settings) as client:
        yield client


PATHS = [
    "/experiments",
    "/runs/x",
    "/pipelines/upload",
    "/apis/v1alpha1/runs/x/nodes/y/log",
    "/nothing",
    "/apis/v2beta1/healthz/",
]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        bearer("wrong"),
        bearer(""),
        {"Authorization": TOKEN},
        {"Authorization": f"Basic {TOKEN}"},
    ],
    ids=range(5),
)
def test_a_request_without_the_token_is_refused(
    guarded: Client, path: str, headers: dict[str, str]
) -> None:
    answer = guarded.ask("POST", path, b"x" * 1000, headers=headers)

    assert (answer.status, answer.body["code"]) == (401, 16)
    assert "token" in answer.message


@pytest.mark.parametrize("scheme", ["Bearer", "bearer"])
def test_a_request_with_the_token_is_answered(guarded: Client, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {TOKEN}"}

    assert guarded.ask("GET", "/experiments", headers=headers).status == 200


@pytest.mark.parametrize("path", ["/livez", "/apis/v1beta1/healthz", "/apis/v2beta1/healthz"])
def test_whether_it_is_well_needs_no_token(guarded: Client, path: str) -> None:
    assert guarded.ask("GET", path).status == 200


def list_by_grpc(client: Client, *metadata: tuple[str, str]) -> Any:
    return call_grpc(
        client,
        "ExperimentService",
        "ListExperiments",
        ListExperimentsRequest(),
        ListExperimentsResponse,
        metadata=metadata,
    )


@pytest.mark.parametrize(
    "metadata",
    [
        [],
        [("authorization", "Bearer wrong")],
        [("authorization", f"Bearer {TOKEN}"), ("authorization", "Bearer wrong")],
    ],
    ids=range(3),
)
def test_a_call_without_the_token_is_refused(
    guarded: Client, metadata: list[tuple[str, str]]
) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        list_by_grpc(guarded, *metadata)

    error: Any = caught.value
    assert error.code() == grpc.StatusCode.UNAUTHENTICATED


def test_a_call_with_the_token_is_answered(guarded: Client) -> None:
    assert list_by_grpc(guarded, ("authorization", f"Bearer {TOKEN}")).total_size == 1


def test_a_token_file_that_changes_is_read_again(guarded: Client, token_file: Path) -> None:
    def ask(token: str) -> int:
        return guarded.ask("GET", "/experiments", headers=bearer(token)).status

    new = write_token_file(token_file.with_name("new"), f"{TOKEN}\n\n  second  \n")
    os.replace(new, token_file)
    both = [ask(TOKEN), ask("second")]
    write_token_file(token_file, "second")
    one = [ask(TOKEN), ask("second")]
    token_file.unlink()
    gone = guarded.ask("GET", "/experiments", headers=bearer("second"))
    write_token_file(token_file, TOKEN)

    assert (both, one, ask(TOKEN)) == ([200, 200], [401, 200], 200)
    assert gone.status == 503
    assert gone.message == (
        "the service cannot read its token file any more; its operator has to mend it"
    )


@pytest.mark.parametrize(
    ("text", "mode", "problem"),
    [
        ("", 0o600, "does not hold a token a line"),
        (" \n\n", 0o600, "does not hold a token a line"),
        ("two words", 0o600, "does not hold a token a line"),
        ("x" * 100_000, 0o600, "does not hold a token a line"),
        (TOKEN, 0o644, "everybody on this machine can read"),
    ],
    ids=range(5),
)
def test_a_token_file_that_cannot_be_used_is_refused(
    tmp_path: Path, text: str, mode: int, problem: str
) -> None:
    file = write_token_file(tmp_path / "token", text)
    file.chmod(mode)
    settings = ServiceSettings(home=tmp_path, http_port=0, grpc_port=0, token_file=file)

    with pytest.raises(MachineError, match=problem), run_service(settings):
        pass


def test_a_token_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    settings = ServiceSettings(
        home=tmp_path, http_port=0, grpc_port=0, token_file=tmp_path / "none"
    )

    with pytest.raises(MachineError, match="cannot be read: No such file"), run_service(settings):
        pass
