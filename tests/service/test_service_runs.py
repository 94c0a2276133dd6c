"""Runs by the API: what is accepted, and what comes back. They wait, as there is no room."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from service_filters import make_filter
from service_running import Client

EXAMPLES = Path(__file__).parents[2] / "examples"
HELLO: Any = yaml.safe_load((EXAMPLES / "01-hello" / "pipeline.yaml").read_text())
SAMPLES = sorted((Path(__file__).parents[1] / "sdk_samples").glob("*/*.yaml"))
UNKNOWN = "4c8d6a2e-0000-4000-8000-000000000000"


def create(client: Client, **members: object) -> Any:
    body = {"display_name": "run", "pipeline_spec": HELLO, **members}
    return client.post("/runs", body)


def nest(levels: int) -> object:
    """Return an object in an object, and so on."""
    value: object = "x"
    for _ in range(levels):
        value = {"a": value}
    return value


def test_a_run_comes_back_as_it_was_created(client: Client) -> None:
    config = {"parameters": {"name": "x"}, "pipeline_root": "s3://bucket/root"}
    created = create(client, runtime_config=config, service_account="me", description="d")

    assert client.get(f"/runs/{created['run_id']}") == created
    assert created["runtime_config"] == config
    assert (created["state"], created["storage_state"]) == ("PENDING", "AVAILABLE")
    assert [each["state"] for each in created["state_history"]] == ["PENDING"]
    assert (created["service_account"], created["finished_at"]) == ("me", "1970-01-01T00:00:00Z")
    assert created["scheduled_at"] == created["created_at"]
    assert created["pipeline_spec"] == HELLO
    assert "run_details" not in created


def test_a_run_of_a_version_names_it_and_has_no_spec(client: Client) -> None:
    version = make_version(client, HELLO)
    reference = {key: version[key] for key in ("pipeline_id", "pipeline_version_id")}

    by_version = create(client, pipeline_spec=None, pipeline_version_reference=reference)
    by_old_field = create(
        client, pipeline_spec=None, pipeline_version_id=version["pipeline_version_id"]
    )

    for run in (by_version, by_old_field):
        assert run["pipeline_version_reference"] == reference
        assert {"pipeline_spec", "pipeline_version_id"} & run.keys() == set()
        assert client.get(f"/runs/{run['run_id']}") == run


def test_a_pipeline_alone_stands_for_its_newest_version(client: Client) -> None:
    make_version(client, HELLO)
    newest = make_version(client, HELLO, "v2")
    reference = {"pipeline_id": newest["pipeline_id"]}

    run = create(client, pipeline_spec=None, pipeline_version_reference=reference)

    found = run["pipeline_version_reference"]["pipeline_version_id"]
    assert found == newest["pipeline_version_id"]


def test_a_version_of_another_pipeline_is_refused(client: Client) -> None:
    version = make_version(client, HELLO)
    other = client.post("/pipelines", {"name": "other"})["pipeline_id"]
    reference = {"pipeline_id": other, "pipeline_version_id": version["pipeline_version_id"]}

    answer = client.ask(
        "POST", "/runs", {"display_name": "run", "pipeline_version_reference": reference}
    )

    assert answer.status == 400
    assert answer.message.startswith("pipeline_version_reference: version")


def test_a_spec_comes_back_with_its_platform(client: Client) -> None:
    platform: Any = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": {}}}}}
    both = {"pipeline_spec": HELLO, "platform_spec": platform}

    created = create(client, pipeline_spec=both)

    assert created["pipeline_spec"] == both


def test_names_may_repeat(client: Client) -> None:
    ids = {create(client)["run_id"] for _ in range(2)}

    assert len(ids) == 2


def make_version(client: Client, spec: Any, name: str = "first") -> Any:
    """Upload a version of the pipeline ``p``, which the first call makes; return it."""
    known = client.ask("GET", "/pipelines/names/p")
    query = {"name": "p"}
    if known.status == 200:
        query = {"name": name, "pipelineid": known.body["pipeline_id"]}
    body = (
        b'--x\r\nContent-Disposition: form-data; name="uploadfile"; filename="p.json"\r\n\r\n'
        + json.dumps(spec).encode()
        + b"\r\n--x--\r\n"
    )
    answer = client.ask(
        "POST",
        "/pipelines/upload_version" if known.status == 200 else "/pipelines/upload",
        body,
        query=query,
        headers={"Content-Type": "multipart/form-data; boundary=x"},
    )
    assert answer.status == 200, answer
    versions = client.get(f"/pipelines/{answer.body['pipeline_id']}/versions")
    return versions["pipeline_versions"][-1]


# Parameters.

DEFINITIONS: Any = {
    "text": {"parameterType": "STRING"},
    "whole": {"parameterType": "NUMBER_INTEGER", "defaultValue": 3},
    "share": {"parameterType": "NUMBER_DOUBLE", "defaultValue": 0.5},
    "flag": {"parameterType": "BOOLEAN", "isOptional": True},
    "items": {"parameterType": "LIST", "isOptional": True},
    "table": {"parameterType": "STRUCT", "isOptional": True},
    "color": {"parameterType": "STRING", "literals": ["red", "blue"], "defaultValue": "red"},
}
TYPED: Any = {
    **HELLO,
    "root": {
        **HELLO["root"],
        "inputDefinitions": {
            "parameters": {**HELLO["root"]["inputDefinitions"]["parameters"], **DEFINITIONS}
        },
    },
}


def test_parameters_come_back_with_their_json_types(client: Client) -> None:
    parameters: Any = {
        "text": "3",
        "whole": 7,
        "share": 1.5,
        "flag": False,
        "items": [1, "a", None],
        "table": {"a": {"b": [True, 2.5]}},
        "color": "blue",
    }

    created = create(client, pipeline_spec=TYPED, runtime_config={"parameters": parameters})

    assert client.get(f"/runs/{created['run_id']}")["runtime_config"]["parameters"] == parameters


def test_optional_parameters_and_those_with_a_default_need_no_value(client: Client) -> None:
    config = {"parameters": {"text": "x"}}

    assert create(client, pipeline_spec=TYPED, runtime_config=config)["runtime_config"] == config


@pytest.mark.parametrize(
    "parameters",
    [
        {},
        {"text": 1},
        {"text": None},
        {"text": "x", "whole": "3"},
        {"text": "x", "share": "0.5"},
        {"text": "x", "flag": "true"},
        {"text": "x", "items": {}},
        {"text": "x", "table": []},
        {"text": "x", "color": "green"},
        {"text": "x", "other": 1},
    ],
    ids=str,
)
def test_a_wrong_parameter_is_refused_of_runs_and_recurring_runs(
    client: Client, parameters: dict[str, object]
) -> None:
    body = {
        "display_name": "x",
        "pipeline_spec": TYPED,
        "runtime_config": {"parameters": parameters},
    }

    answers = [
        client.ask("POST", "/runs", body),
        client.ask("POST", "/recurringruns", {**body, "max_concurrency": 1}),
    ]

    assert [(each.status, each.body["code"]) for each in answers] == [(400, 3)] * 2
    wrong = ({"text", *parameters} - {"text"} or {"text"}).pop()
    assert all(f"'{wrong}'" in each.message for each in answers)


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: "/".join(path.parts[-2:]))
def test_what_releases_of_the_sdk_compile_is_accepted(sqlite_client: Client, sample: Path) -> None:
    documents = [each for each in yaml.safe_load_all(sample.read_text()) if each]
    spec = documents[0]
    if len(documents) > 1:
        spec = {"pipeline_spec": documents[0], "platform_spec": documents[1]}

    declared = documents[0]["root"].get("inputDefinitions", {}).get("parameters", {})
    given = {
        name: "x"
        for name, one in declared.items()
        if not {"defaultValue", "isOptional"} & one.keys()
    }

    created = create(sqlite_client, pipeline_spec=spec, runtime_config={"parameters": given})

    assert created["pipeline_spec"] == spec


# What becomes of runs.


def test_macros_are_replaced_when_the_run_is_made(client: Client) -> None:
    name = "[[RunUUID]] [[ScheduledTime]] {{$.currentTime.strftime('%%')}}"
    created = create(client, runtime_config={"parameters": {"name": name}})

    parameters = client.get(f"/runs/{created['run_id']}")["runtime_config"]["parameters"]
    assert parameters == {"name": f"{created['run_id']} [[ScheduledTime]] %"}


def test_what_was_not_given_is_not_returned(client: Client) -> None:
    created = create(client)

    assert created["service_account"] == "pipeline-runner"
    absent = {"runtime_config", "error", "recurring_run_id", "pipeline_version_reference"}
    assert absent & created.keys() == set()


def test_a_run_without_experiment_belongs_to_the_default_one(client: Client) -> None:
    created = create(client)

    (experiment,) = client.get("/experiments")["experiments"]
    assert created["experiment_id"] == experiment["experiment_id"]
    assert experiment["last_run_created_at"] == created["created_at"]


@pytest.mark.parametrize(
    ("members", "status", "problem"),
    [
        ({"display_name": ""}, 400, "display_name: The name is empty; give one"),
        ({"pipeline_spec": None}, 400, "the run names no pipeline; give"),
        ({"pipeline_spec": {}}, 400, "pipeline_spec: "),
        ({"pipeline_spec": {**HELLO, "root": {}}}, 400, "pipeline_spec: "),
        ({"pipeline_spec": {"root": nest(200)}}, 400, "the body is nested more than 110 levels"),
        ({"runtime_config": {"parameters": {"name": nest(200)}}}, 400, "the body is nested more"),
        ({"experiment_id": UNKNOWN}, 404, "there is no experiment"),
        ({"run_id": "../x"}, 400, "run_id: '../x' is no id; use up to 64"),
        ({"plugins_output": {"a": {}}}, 400, "plugins_output: The service writes it"),
        (
            {"runtime_config": {"parameters": {"nome": "x"}}},
            400,
            "the pipeline has no parameter 'nome'; did you mean 'name'?",
        ),
        (
            {"runtime_config": {"parameters": {"name": 1}}},
            400,
            "parameter 'name': it is a STRING, and its value is no text; give a text",
        ),
    ],
    ids=range(11),
)
def test_a_wrong_run_is_refused(
    client: Client, members: dict[str, object], status: int, problem: str
) -> None:
    body = {"display_name": "run", "pipeline_spec": HELLO, **members}

    answer = client.ask("POST", "/runs", body)

    assert answer.status == status
    assert answer.message.startswith(problem)
    assert client.get("/runs") == {}


@pytest.mark.parametrize("reference", [{"pipeline_version_id": UNKNOWN}, {"pipeline_id": UNKNOWN}])
def test_an_unknown_version_is_not_found(client: Client, reference: dict[str, str]) -> None:
    body = {"display_name": "run", "pipeline_version_reference": reference}

    assert client.ask("POST", "/runs", body).status == 404


def test_an_id_may_be_chosen_once(client: Client) -> None:
    assert create(client, run_id="my-run")["run_id"] == "my-run"

    body = {"display_name": "run", "pipeline_spec": HELLO, "run_id": "my-run"}
    assert client.ask("POST", "/runs", body).status == 409


def test_archiving_keeps_the_state_and_follows_the_experiment(client: Client) -> None:
    run = create(client)
    path, experiment = f"/runs/{run['run_id']}", f"/experiments/{run['experiment_id']}"

    client.post(f"{path}:archive")
    archived = client.get(path)
    client.post(f"{path}:unarchive")
    available = client.get(path)
    client.post(f"{experiment}:archive")
    with_experiment = client.get(path)
    refused = client.ask("POST", f"{path}:unarchive")

    assert archived == {**run, "storage_state": "ARCHIVED"}
    assert available == run
    assert with_experiment["storage_state"] == "ARCHIVED"
    assert (refused.status, refused.body["code"]) == (400, 9)


@pytest.mark.parametrize(
    ("verb", "suffix"),
    [
        ("GET", ""),
        ("DELETE", ""),
        *(("POST", f":{each}") for each in ("archive", "unarchive", "terminate", "retry")),
    ],
)
def test_an_unknown_run_is_not_found(client: Client, verb: str, suffix: str) -> None:
    assert client.ask(verb, f"/runs/{UNKNOWN}{suffix}").status == 404


def test_runs_are_listed_by_experiment_and_state(client: Client) -> None:
    other = client.post("/experiments", {"display_name": "other"})["experiment_id"]
    first = create(client, display_name="first")
    second = create(client, display_name="second", experiment_id=other)
    client.post(f"/runs/{first['run_id']}:archive")

    def names(*predicates: Mapping[str, object], **query: object) -> list[str]:
        text = make_filter(*predicates) if predicates else ""
        page = client.get("/runs", filter=text, **query)
        return [each["display_name"] for each in page.get("runs", [])]

    kept = {"operation": "NOT_EQUALS", "key": "storage_state", "string_value": "ARCHIVED"}
    pending = {"operation": "EQUALS", "key": "state", "string_value": "PENDING"}
    assert names(sort_by="created_at desc") == ["second", "first"]
    assert names(experiment_id=other) == ["second"]
    assert names(kept) == ["second"]
    assert names(pending, kept) == ["second"]
    assert client.get("/runs", experiment_id=other)["runs"] == [second]
    assert client.ask("GET", "/runs", query={"experiment_id": UNKNOWN}).status == 404


def test_runs_are_found_by_the_words_of_the_old_api(client: Client) -> None:
    run, other = create(client), create(client)

    def count(key: str, operation: str, value: str) -> int:
        predicate = {"operation": operation, "key": key, "string_value": value}
        found: int = client.get("/runs", filter=make_filter(predicate)).get("total_size", 0)
        return found

    client.post(f"/runs/{other['run_id']}:terminate")
    give_up_at = time.monotonic() + 120
    while count("status", "EQUALS", "Failed") == 0 and time.monotonic() < give_up_at:
        time.sleep(0.1)

    assert count("status", "EQUALS", "Pending") == 1
    assert count("status", "EQUALS", "Failed") == 1
    assert count("state_history", "IS_SUBSTRING", "CANCELING") == 1
    last = client.get("/runs", sort_by="status desc", page_size=1)
    assert last["runs"] == [run]
    assert "next_page_token" in last


def test_a_run_survives_its_experiment(client: Client) -> None:
    other = client.post("/experiments", {"display_name": "other"})["experiment_id"]
    run = create(client, experiment_id=other)

    client.ask("DELETE", f"/experiments/{other}")

    assert client.get(f"/runs/{run['run_id']}") == run
