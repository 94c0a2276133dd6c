"""The stock ``kfp.Client`` against a service that runs pipelines here."""

from __future__ import annotations

import importlib
import json
import os
import signal
import time
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argosy_runs.local.home import RunFiles
from argosy_schemas.names import RunId
from argosy_service.settings import ServiceSettings
from cli_processes import shell_pipeline
from service_running import Client, run_service

WORD = '{"word": {"parameterType": "STRING", "defaultValue": "hi"}}'
SLOW = 'trap "exit 1" TERM; i=0; while [ $i -lt 600 ]; do sleep 0.1; i=$((i+1)); done; echo > $0'


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with run_service(make_settings(tmp_path)) as client:
        yield client


def make_settings(home: Path) -> ServiceSettings:
    return ServiceSettings(home=home / "home", http_port=0, grpc_port=0, max_runs=2, jobs=2)


def sdk(client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return the SDK's client, with settings of its own."""
    monkeypatch.setenv("HOME", str(tmp_path))
    with warnings.catch_warnings():
        # It says which releases of KFP it works with.
        warnings.simplefilter("ignore", FutureWarning)
        return importlib.import_module("kfp").Client(host=client.service.url, namespace="kubeflow")


def write(tmp_path: Path, scripts: Mapping[str, str], **values: Any) -> str:
    """Return the path of a pipeline of shell scripts."""
    file = tmp_path / "pipeline.yaml"
    file.write_text(shell_pipeline("shell", scripts, **values))
    return str(file)


def create(client: Client, scripts: Mapping[str, str], **values: Any) -> str:
    spec = json.loads(shell_pipeline("shell", scripts, **values))
    run: str = client.post("/runs", {"display_name": "run", "pipeline_spec": spec})["run_id"]
    return run


def wait(client: Client, run_id: str, *states: str, seconds: float = 120) -> Any:
    """Return a run once it is in one of the states."""
    give_up_at = time.monotonic() + seconds
    while True:
        run = client.get(f"/runs/{run_id}")
        if run["state"] in states:
            return run
        assert time.monotonic() < give_up_at, run
        time.sleep(0.1)


def test_the_sdk_uploads_runs_waits_and_lists(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kfp_client = sdk(client, tmp_path, monkeypatch)
    file = write(tmp_path, {"say": 'echo "$1" > $0'}, inputs=WORD)

    experiment = kfp_client.create_experiment("first")
    pipeline = kfp_client.upload_pipeline(file, pipeline_name="shell")
    (version,) = kfp_client.list_pipeline_versions(pipeline.pipeline_id).pipeline_versions
    run = kfp_client.run_pipeline(
        experiment.experiment_id,
        "job",
        pipeline_id=pipeline.pipeline_id,
        version_id=version.pipeline_version_id,
        params={"word": "argosy"},
    )
    ended = kfp_client.wait_for_run_completion(run.run_id, timeout=120, sleep_duration=1)
    listed = kfp_client.list_runs(experiment_id=experiment.experiment_id)

    assert ended.state == "SUCCEEDED"
    assert [each.run_id for each in listed.runs] == [run.run_id]
    (task,) = ended.run_details.task_details
    assert (task.display_name, task.state) == ("say", "SUCCEEDED")
    assert ended.runtime_config.parameters == {"word": "argosy"}


def test_a_package_runs_in_an_experiment_of_its_name(
    client: Client, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kfp_client = sdk(client, tmp_path, monkeypatch)
    file = write(tmp_path, {"say": "echo x > $0"})

    result = kfp_client.create_run_from_pipeline_package(file, experiment_name="Default")
    ended = result.wait_for_run_completion(timeout=120)

    assert ended.state == "SUCCEEDED"


def test_the_log_of_a_task_is_read_while_it_is_written_and_later(client: Client) -> None:
    script = "echo first; sleep 2; echo '<b>last</b>'; echo > $0"
    run_id = create(client, {"say": script, "other": "echo no; echo > $0"})
    wait(client, run_id, "RUNNING")
    task_id = client.get(f"/runs/{run_id}")["run_details"]["task_details"][-1]["task_id"]
    nodes = f"/apis/v1alpha1/runs/{run_id}/nodes"

    followed = client.ask("GET", f"{nodes}/say/log", query={"follow": "true"})
    again = client.ask("GET", f"{nodes}/{task_id}/log")
    unknown = [client.ask("GET", f"{nodes}/x/log"), client.ask("GET", f"{nodes}x/y/log")]

    assert (followed.status, followed.body) == (200, "first\n<b>last</b>\n")
    assert again.body == followed.body
    assert [answer.status for answer in unknown] == [404, 404]


def test_a_log_is_followed_until_its_task_has_ended(client: Client) -> None:
    run_id = create(client, {"say": "echo words; echo > $0", "other": "sleep 250; echo > $0"})
    wait(client, run_id, "RUNNING")

    followed = client.ask(
        "GET", f"/apis/v1alpha1/runs/{run_id}/nodes/say/log", query={"follow": "true"}
    )
    state = client.get(f"/runs/{run_id}")["state"]
    client.post(f"/runs/{run_id}:terminate")

    assert (followed.body, state) == ("words\n", "RUNNING")


@pytest.mark.parametrize(
    ("of_task", "of_service", "states"),
    [
        (True, True, ["SUCCEEDED", "CACHED"]),
        (False, True, ["SUCCEEDED", "SUCCEEDED"]),
        (True, False, ["SUCCEEDED", "SUCCEEDED"]),
    ],
    ids=["reused", "not by the task", "not by the service"],
)
def test_a_result_is_reused_unless_the_task_or_the_service_is_told_not_to(
    tmp_path: Path, of_task: bool, of_service: bool, states: list[str]
) -> None:
    spec = json.loads(shell_pipeline("shell", {"say": "echo x > $0"}))
    spec["root"]["dag"]["tasks"]["say"]["cachingOptions"] = {"enableCache": of_task}
    found: list[str] = []
    with run_service(replace(make_settings(tmp_path), cache=of_service)) as client:
        for _ in range(2):
            run_id = client.post("/runs", {"display_name": "run", "pipeline_spec": spec})["run_id"]
            wait(client, run_id, "SUCCEEDED", "FAILED")
            (task,) = client.get(f"/runs/{run_id}/tasks")["tasks"]
            found.append(task["state"])

    assert found == states


def test_a_failing_run_says_which_task_and_why(client: Client) -> None:
    run_id = create(client, {"bad": "echo no disk >&2; exit 3", "next": "echo > $0"})

    run = wait(client, run_id, "FAILED", "SUCCEEDED")

    tasks = {each["display_name"]: each for each in run["run_details"]["task_details"]}
    assert "'bad'" in run["error"]["message"]
    assert tasks["bad"]["state"] == "FAILED"
    assert "3" in tasks["bad"]["error"]["message"]


def test_a_pipeline_that_cannot_run_fails_with_the_reason(client: Client) -> None:
    spec = json.loads(shell_pipeline("shell", {"say": "echo > $0"}))
    body = {
        "display_name": "run",
        "pipeline_spec": spec,
        "runtime_config": {"pipeline_root": "gopher://x"},
    }
    run_id = client.post("/runs", body)["run_id"]

    run = wait(client, run_id, "FAILED", "SUCCEEDED")

    assert run["state"] == "FAILED"
    assert "gopher" in run["error"]["message"]


def test_a_run_is_terminated_then_retried(client: Client, tmp_path: Path) -> None:
    # The second task goes on for long the first time, and ends at once the second.
    mark = tmp_path / "mark"
    second = f"[ -e {mark} ] && echo > $0 && exit; touch {mark}; {SLOW}"
    scripts = {"first": f"date +%N >> {tmp_path}/firsts; echo > $0", "second": second}
    run_id = create(client, scripts, after={"second": "first"})
    while not mark.exists():
        time.sleep(0.05)

    client.post(f"/runs/{run_id}:terminate")
    ended = wait(client, run_id, "FAILED")
    again = client.ask("POST", f"/runs/{run_id}:terminate")
    client.post(f"/runs/{run_id}:retry")
    retried = wait(client, run_id, "SUCCEEDED")

    assert ended["error"]["message"] == "the run was terminated by a request"
    assert "CANCELING" in [each["state"] for each in ended["state_history"]]
    assert again.status == 400
    assert [each["state"] for each in retried["state_history"]][-2:] == ["RUNNING", "SUCCEEDED"]
    # What had succeeded did not run again.
    assert len((tmp_path / "firsts").read_text().splitlines()) == 1


def test_a_run_that_waits_for_room_is_terminated_unseen(client: Client) -> None:
    slow = [create(client, {"slow": SLOW}) for _ in range(2)]
    waiting = create(client, {"say": "echo > $0"})

    client.post(f"/runs/{waiting}:terminate")
    ended = wait(client, waiting, "FAILED")
    for run_id in slow:
        client.ask("DELETE", f"/runs/{run_id}")

    assert ended["error"]["message"] == "the run was terminated by a request"
    assert not RunFiles(client.settings.home, RunId(waiting)).spec.exists()


def test_a_deleted_run_leaves_nothing(client: Client) -> None:
    run_id = create(client, {"slow": SLOW})
    wait(client, run_id, "RUNNING")

    assert client.ask("DELETE", f"/runs/{run_id}").body == {}

    assert client.ask("GET", f"/runs/{run_id}").status == 404
    files = RunFiles(client.settings.home, RunId(run_id))
    give_up_at = time.monotonic() + 60
    while files.path.exists() and time.monotonic() < give_up_at:
        time.sleep(0.1)
    assert not files.path.exists()


def test_runs_go_on_while_the_service_is_away(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    script = f"while [ ! -e {mark} ]; do sleep 0.05; done; date +%N >> {tmp_path}/seen; echo > $0"
    with run_service(make_settings(tmp_path)) as client:
        run_id = create(client, {"say": script})
        wait(client, run_id, "RUNNING")
    mark.touch()

    with run_service(make_settings(tmp_path)) as client:
        run = wait(client, run_id, "SUCCEEDED")

    assert [each["state"] for each in run["state_history"]] == ["PENDING", "RUNNING", "SUCCEEDED"]
    assert len((tmp_path / "seen").read_text().splitlines()) == 1


def test_a_run_whose_worker_ended_with_the_service_goes_on(tmp_path: Path) -> None:
    firsts, mark = tmp_path / "firsts", tmp_path / "mark"
    slow = f"[ -e {mark} ] && echo > $0 && exit; {SLOW}"
    scripts = {"first": f"date +%N >> {firsts}; echo > $0", "slow": slow}
    with run_service(make_settings(tmp_path)) as client:
        run_id = create(client, scripts, after={"slow": "first"})
        journal = RunFiles(client.settings.home, RunId(run_id)).journal
        while not (journal.exists() and b"slow" in journal.read_bytes()):
            time.sleep(0.05)
    os.kill(json.loads(journal.read_text().splitlines()[0])["process"], signal.SIGKILL)
    mark.touch()

    with run_service(make_settings(tmp_path)) as client:
        run = wait(client, run_id, "SUCCEEDED", "FAILED")

    assert run["state"] == "SUCCEEDED"
    assert len(firsts.read_text().splitlines()) == 1


def test_a_worker_that_is_killed_takes_its_run_alone(client: Client) -> None:
    killed, other = create(client, {"slow": SLOW}), create(client, {"say": "sleep 2; echo > $0"})
    wait(client, killed, "RUNNING")
    journal = RunFiles(client.settings.home, RunId(killed)).journal
    os.kill(json.loads(journal.read_text().splitlines()[0])["process"], signal.SIGKILL)

    run = wait(client, killed, "FAILED")

    assert run["error"]["message"].startswith("the engine was killed")
    assert wait(client, other, "SUCCEEDED", "FAILED")["state"] == "SUCCEEDED"
