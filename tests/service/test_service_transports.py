"""REST and gRPC: what holds for every method."""

from __future__ import annotations

import http.client
import re
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import (
    ProtoReflectionDescriptorDatabase,
)

from argosy_service.api.methods import FUNCTIONS, FUNCTIONS_OF_CALLS, list_methods
from argosy_service.api.routing import Router
from argosy_service.protos.experiment_pb2 import (
    CreateExperimentRequest,
    Experiment,
    GetExperimentRequest,
)
from argosy_service.settings import ServiceSettings
from service_running import API, PACKAGE, Client, call_grpc, run_service

HELLO = Path(__file__).parents[2] / "examples" / "01-hello" / "pipeline.yaml"


def test_every_function_belongs_to_a_method() -> None:
    names = [method.name for method in list_methods()]

    assert len(names) == len(set(names))
    assert (FUNCTIONS.keys() | FUNCTIONS_OF_CALLS.keys()) - set(names) == set()


@pytest.mark.parametrize(
    ("verb", "path", "name", "variables"),
    [
        ("GET", "/runs/a%2Fb", "GetRun", {"run_id": "a/b"}),
        ("POST", "/runs/a:archive", "ArchiveRun", {"run_id": "a"}),
        ("GET", "/runs/a:b", "GetRun", {"run_id": "a:b"}),
        ("GET", "/pipelines/names/p%20q", "GetPipelineByName", {"name": "p q"}),
        ("GET", "/pipelines/names/versions", "GetPipelineByName", {"name": "versions"}),
        ("GET", "/pipelines/p/versions", "ListPipelineVersions", {"pipeline_id": "p"}),
        ("POST", "/pipelines/create", "CreatePipelineAndVersion", {}),
        (
            "PATCH",
            "/pipelines/p/versions/v",
            "UpdatePipelineVersion",
            {
                "pipeline_version.pipeline_id": "p",
                "pipeline_version.pipeline_version_id": "v",
            },
        ),
    ],
)
def test_a_path_stands_for_a_method(
    verb: str, path: str, name: str, variables: dict[str, str]
) -> None:
    match = Router(list_methods()).find(f"{API}{path}")[verb]

    assert (match.method.name, match.variables) == (name, variables)


@pytest.mark.parametrize("path", ["/", "/apis", f"{API}/experiments/", f"{API}/experiments//x"])
def test_other_paths_stand_for_none(path: str) -> None:
    assert Router(list_methods()).find(path) == {}


def test_an_unknown_path_is_not_found(sqlite_client: Client) -> None:
    answer = sqlite_client.ask("GET", "/apis/v2beta1/nothing")

    assert (answer.status, answer.body) == (404, {"code": 5, "message": "Not Found", "details": []})


def test_an_unknown_verb_is_refused(sqlite_client: Client) -> None:
    answer = sqlite_client.ask("PUT", "/experiments")

    assert (answer.status, answer.body["code"]) == (501, 12)
    assert answer.message == "the path has no method PUT; use GET, POST"


def test_what_is_not_served_is_refused_by_name(sqlite_client: Client) -> None:
    answer = sqlite_client.ask("POST", "/apis/v2beta1/workflows", "{}")

    assert (answer.status, answer.body["code"]) == (501, 12)
    assert answer.message == "this release of Argosy does not serve ReportWorkflow"


def test_version_1_of_the_api_is_refused_by_name(sqlite_client: Client) -> None:
    healthz = sqlite_client.ask("GET", "/apis/v1beta1/healthz")
    answer = sqlite_client.ask("GET", "/apis/v1beta1/runs")

    assert healthz.status == 200
    assert (answer.status, answer.body["code"]) == (501, 12)
    assert answer.message == (
        "this release of Argosy does not serve v1beta1 of the API beyond healthz; use version 2 of "
        "the KFP SDK, which asks for v2beta1"
    )


@pytest.mark.parametrize(
    ("body", "problem"),
    [
        (b"{", "the body is not JSON: "),
        (b'{"display_name": NaN}', "the body is not JSON: NaN is no number of JSON"),
        (b"[]", "the body is no JSON object; send one"),
        (b"\xff", "the body is not JSON: "),
        (b"[" * 100_000, "the body is nested more than 110 levels deep; send less"),
        (b'{"a":' * 300 + b"1" + b"}" * 300, "the body is nested more than 110 levels deep"),
        (b'{"color": 1}', "the body does not fit: there is no member 'color'"),
        (b'{"display_name": 1}', "the body does not fit: display_name: it has to be a text"),
        (b'{"display_name": "\\ud800"}', "the body does not fit: display_name: Unpaired surrogate"),
        (
            b'{"storage_state": "GONE"}',
            "the body does not fit: storage_state: 'GONE' is none of its values",
        ),
        (b" " * (33 * 2**20), "the body is larger than 32 MiB; send less"),
    ],
    ids=range(11),
)
def test_a_wrong_body_is_refused(sqlite_client: Client, body: bytes, problem: str) -> None:
    answer = sqlite_client.ask("POST", "/experiments", body)

    assert (answer.status, answer.body["code"]) == (400, 3)
    assert answer.message.startswith(problem)
    assert "\n" not in answer.message


@pytest.mark.parametrize(
    ("path", "body", "reason"),
    [
        ("/runs", {"runtime_config": {"x": 1}}, "runtime_config: there is no member 'x'"),
        ("/runs", {"pipeline_spec": "x"}, "pipeline_spec: it has to be an object"),
        (
            "/runs",
            {"pipeline_spec": {}, "pipeline_version_id": "x"},
            "more than one pipeline_source is given; give one",
        ),
        (
            "/runs",
            {"scheduled_at": "now"},
            "scheduled_at: it is no time; write it like 2026-01-31T",
        ),
        ("/runs", {"state_history": 1}, "state_history: it has to be a list"),
        ("/recurringruns", {"max_concurrency": "x"}, "max_concurrency: it has to be an integer"),
        ("/recurringruns", {"no_catchup": "yes"}, "no_catchup: it has to be true or false"),
        ("/pipelines/create", {"pipeline": {"x": 1}}, "pipeline: there is no member 'x'"),
    ],
)
def test_what_does_not_fit_is_named(
    sqlite_client: Client, path: str, body: object, reason: str
) -> None:
    answer = sqlite_client.ask("POST", path, body)

    assert answer.status == 400
    assert answer.message.startswith(f"the body does not fit: {reason}")


def test_what_the_go_client_sends_is_accepted(client: Client) -> None:
    body = {
        "created_at": "0001-01-01T00:00:00.000Z",
        "lastRunCreatedAt": "0001-01-01T00:00:00.000Z",
        "display_name": "go",
        "storage_state": None,
    }

    assert client.post("/experiments", body)["display_name"] == "go"


def test_numbers_enums_and_times_are_read_in_every_form_and_written_in_one(client: Client) -> None:
    body = {
        "display_name": "x",
        "pipeline_spec": yaml.safe_load(HELLO.read_text()),
        "max_concurrency": 3,
        "mode": 1,
        "trigger": {
            "periodicSchedule": {
                "intervalSecond": 60,
                "startTime": "2046-01-01T01:00:00.75+01:00",
            }
        },
    }

    created = client.post("/recurringruns", body)

    assert (created["max_concurrency"], created["mode"]) == ("3", "ENABLE")
    assert created["trigger"] == {
        "periodic_schedule": {"interval_second": "60", "start_time": "2046-01-01T00:00:00Z"}
    }


def test_everything_says_when_it_was_made(client: Client) -> None:
    spec = yaml.safe_load(HELLO.read_text())
    made = [
        client.post("/experiments", {"display_name": "x"}),
        client.post("/pipelines", {"name": "x"}),
        client.post("/runs", {"display_name": "x", "pipeline_spec": spec}),
        client.post(
            "/recurringruns", {"display_name": "x", "pipeline_spec": spec, "max_concurrency": 1}
        ),
    ]

    assert [re.sub(r"\d", "0", each["created_at"]) for each in made] == [
        "0000-00-00T00:00:00Z"
    ] * len(made)


def test_parameters_of_a_query_that_are_unknown_or_empty_count_for_nothing(client: Client) -> None:
    answers = [
        client.ask("GET", "/runs", query={"page_token": "", "filter": "", "color": "red"}),
        client.ask("GET", "/experiments", query={"page_size": "", "sort_by": "", "namespace": ""}),
    ]

    assert [answer.status for answer in answers] == [200, 200]


def test_an_action_needs_no_body_whatever_its_type_says(client: Client) -> None:
    made = client.post("/experiments", {"display_name": "x"})
    path = f"/experiments/{made['experiment_id']}"
    kind = {"Content-Type": "application/json"}

    answers = [
        client.ask("POST", f"{path}:archive", b"", headers=kind),
        client.ask("POST", f"{path}:unarchive", b"{}", headers=kind),
        client.ask("POST", f"{path}:archive"),
        client.ask("GET", path, headers=kind),
    ]

    assert [answer.status for answer in answers] == [200] * 4


def test_a_nul_character_is_no_bug(client: Client) -> None:
    answer = client.ask("POST", "/experiments", {"display_name": "a\0b"})

    assert answer.status in (200, 400)


def test_a_database_that_does_not_answer_is_asked_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("argosy_service.database.database._BUSY_MILLISECONDS", 100)
    settings = ServiceSettings(home=tmp_path, http_port=0, grpc_port=0)
    form = {"Content-Type": "multipart/form-data; boundary=x"}
    part = b'--x\r\nContent-Disposition: form-data; name="uploadfile"; filename="p.yaml"\r\n\r\n'
    file = part + HELLO.read_bytes() + b"\r\n--x--\r\n"
    with run_service(settings) as client, closing(sqlite3.connect(_path(settings))) as other:
        other.execute("BEGIN IMMEDIATE")
        locked = [
            client.ask("POST", "/experiments", {"display_name": "x"}),
            client.ask("POST", "/pipelines/upload", file, query={"name": "p"}, headers=form),
        ]
        other.execute("DROP TABLE runs")
        other.execute("COMMIT")
        gone = client.ask("GET", "/apis/v1alpha1/runs/x/nodes/y/log")

    assert [each.status for each in [*locked, gone]] == [503, 503, 503]
    assert {each.message for each in locked} == {
        "the database does not answer: database is locked; try again"
    }
    assert gone.message == "the database does not answer: no such table: runs; try again"


def _path(settings: ServiceSettings) -> str:
    return settings.database_url.removeprefix("sqlite:///")


def test_a_connection_is_kept_between_two_looks_of_the_sdk(sqlite_client: Client) -> None:
    # kfp.Client looks at a run every five seconds, by the same connection; one that is closed
    # just then makes it warn, and a POST fail.
    with closing(http.client.HTTPConnection("127.0.0.1", sqlite_client.service.http_port)) as kept:
        kept.auto_open = 0
        kept.connect()
        statuses: list[int] = []
        for wait in (6, 0):
            kept.request("GET", f"{API}/healthz")
            answer = kept.getresponse()
            answer.read()
            statuses.append(answer.status)
            time.sleep(wait)

    assert statuses == [200, 200]


def test_tokens_and_cookies_are_ignored(sqlite_client: Client) -> None:
    headers = {"Authorization": "Bearer abc", "Cookie": "a=b"}

    assert sqlite_client.ask("GET", "/experiments", headers=headers).status == 200


def test_another_host_name_is_refused(sqlite_client: Client) -> None:
    answer = sqlite_client.ask("GET", "/experiments", headers={"Host": "evil.example:80"})

    assert answer.status == 400
    assert answer.message == (
        "Host 'evil.example:80' is none of this service's names; start it with "
        "--allow-host evil.example"
    )


@pytest.mark.parametrize(
    "host",
    [
        *("localhost:1", "LOCALHOST", "[::1]", "[::1]:8888"),
        # Probes of a cluster and Prometheus name the address of the pod.
        *("10.1.2.3:8888", "[fd00::1]:8888"),
    ],
)
def test_names_of_this_machine_and_addresses_are_accepted(sqlite_client: Client, host: str) -> None:
    assert sqlite_client.ask("GET", "/experiments", headers={"Host": host}).status == 200


@pytest.mark.parametrize("version", ["v1beta1", "v2beta1"])
def test_healthz_says_what_clients_ask_for(sqlite_client: Client, version: str) -> None:
    body = sqlite_client.get(f"/apis/{version}/healthz")

    assert (body["multi_user"], body["pipeline_store"]) == (False, "database")
    assert sqlite_client.ask("GET", "/livez").body == "ok\n"


# gRPC.


def test_both_transports_see_the_same(sqlite_client: Client) -> None:
    sqlite_client.clear()
    request = CreateExperimentRequest(experiment=Experiment(display_name="by gRPC"))
    created = call_grpc(sqlite_client, "ExperimentService", "CreateExperiment", request, Experiment)

    body = sqlite_client.get(f"/experiments/{created.experiment_id}")

    assert body["display_name"] == "by gRPC"


def test_errors_have_their_code(sqlite_client: Client) -> None:
    request = GetExperimentRequest(experiment_id="x")

    with pytest.raises(grpc.RpcError) as caught:
        call_grpc(sqlite_client, "ExperimentService", "GetExperiment", request, Experiment)

    error: Any = caught.value
    assert error.code() == grpc.StatusCode.NOT_FOUND
    assert error.details() == "there is no experiment 'x'; list the experiments for their ids"


def test_the_server_tells_its_services_and_health(sqlite_client: Client) -> None:
    with grpc.insecure_channel(f"127.0.0.1:{sqlite_client.service.grpc_port}") as channel:
        services = ProtoReflectionDescriptorDatabase(channel).get_services()
        stub: Any = health_pb2_grpc.HealthStub(channel)
        health = stub.Check(health_pb2.HealthCheckRequest())

    assert {f"{PACKAGE}.RunService", f"{PACKAGE}.PipelineService"} <= set(services)
    assert health.status == health_pb2.HealthCheckResponse.SERVING


def test_errors_carry_a_status(sqlite_client: Client) -> None:
    body = sqlite_client.ask("GET", "/experiments/x").body

    (detail,) = body["details"]
    assert detail["@type"] == "type.googleapis.com/google.rpc.Status"
    assert detail["message"] == body["message"]
