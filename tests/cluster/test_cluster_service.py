"""The stock ``kfp.Client`` against a service whose runs are Workflows of a cluster.

``argosy serve`` runs on this machine, two runs at a time, unless ``ARGOSY_TEST_SERVICE`` is the URL
of one that runs in the cluster, as ``argosy manifests service`` has it.
"""

from __future__ import annotations

import contextlib
import importlib
import json
import os
import secrets
import signal
import subprocess
import time
import urllib.request
import warnings
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

import pytest

from argo_cluster import ArgoCluster
from argosy_client import IMAGE, ArgosyClient
from cli_processes import ARGOSY, argosy, shell_pipeline
from corpus_expectations import Expected, differences
from corpus_runs import expectations, write_arguments
from known_results import make_plain

PIPELINES: Final = (
    "backend/test/v2/resources/sequential.yaml",
    "test/frontend-integration-test/literal-input.yaml",
    "valid/critical/two_step_pipeline_containerized.yaml",
    "valid/essential/pipeline_with_after.yaml",
    "valid/critical/add_numbers.yaml",
    "valid/critical/artifact_crust.yaml",
    "valid/local_execution/local_execution_pipeline_with_oneof.yaml",
    "valid/conditional_producer_and_consumers.yaml",
    "valid/failing/pipeline_with_exit_handler.yaml",
    "valid/essential/dict_input.yaml",
)
_LEAVES: Final = ("container", "importer")
_LARGEST_CONTENT: Final = 1 << 16
_STATES: Final = {"CACHED": "SUCCEEDED", "": "NOT_RUN"}
"""What the API says where ``argosy run`` says something else."""

Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """A service, and clients of it."""

    url: str
    cluster: ArgoCluster
    client: Any
    """The SDK's."""

    def fetch(self, path: str) -> bytes:
        with urllib.request.urlopen(f"{self.url}{path}", timeout=900) as answer:
            data: bytes = answer.read()
            return data

    def ask(self, method: str, path: str) -> None:
        request = urllib.request.Request(f"{self.url}/apis/v2beta1{path}", method=method)
        with urllib.request.urlopen(request, timeout=60):
            pass

    def run(self, run_id: str) -> Json:
        """Return a run with its tasks."""
        return dict(json.loads(self.fetch(f"/apis/v2beta1/runs/{run_id}?view=FULL")))

    def wait(self, run_id: str, *states: str, seconds: float = 900) -> Json:
        """Return a run once it is in one of the states."""
        give_up_at = time.monotonic() + seconds
        while True:
            run = self.run(run_id)
            if run["state"] in states:
                return run
            assert time.monotonic() < give_up_at, run
            time.sleep(1)

    def end(self, run_id: str) -> Json:
        return self.wait(run_id, "SUCCEEDED", "FAILED")

    def start(self, documents: list[Json], name: str) -> str:
        """Upload a pipeline and run it; return the run."""
        file = write(documents, name)
        run = self.client.create_run_from_pipeline_package(
            str(file), experiment_name="shell", enable_caching=None
        )
        return str(run.run_id)

    def workflows(self, run_id: str) -> list[Json]:
        """Return the Workflows of a run, the oldest first."""
        selector = f"pipeline/runid={run_id}"
        order = "{.metadata.creationTimestamp}"
        listed = self.cluster.kubectl(
            "get", "workflows", "-l", selector, "-o", "json", "--sort-by", order
        )
        return list(json.loads(listed)["items"])

    def pods(self, run_id: str) -> int:
        """Return how many pods of the Workflows of a run there are."""
        names = [each["metadata"]["name"] for each in self.workflows(run_id)]
        selector = f"workflows.argoproj.io/workflow in ({','.join(names)})"
        return len(self.cluster.kubectl("get", "pods", "-l", selector, "-o", "name").split())


def make_document(
    name: str, scripts: Mapping[str, str], *, cache: bool = False, **more: Any
) -> list[Json]:
    """Return a pipeline of shell tasks with an image that the cluster has.

    The variable ``FUSE`` of its tasks is set where there is a ConfigMap of the pipeline's name.
    """
    document: Json = json.loads(shell_pipeline(name, scripts, **more))
    for executor in document["deploymentSpec"]["executors"].values():
        executor["container"]["image"] = IMAGE
    for task in document["root"]["dag"]["tasks"].values():
        task["cachingOptions"] = {"enableCache": cache}
    variable = {
        "configMapName": name,
        "keyToEnv": [{"configMapKey": "fuse", "envVar": "FUSE"}],
        "optional": True,
    }
    executors = {f"exec-{key}": {"configMapAsEnv": [variable]} for key in scripts}
    platform = {"platforms": {"kubernetes": {"deploymentSpec": {"executors": executors}}}}
    return [document, platform]


def write(documents: list[Json], name: str) -> Path:
    file = Path(os.environ["HOME"], f"{name}.yaml")
    file.write_text("\n---\n".join(map(json.dumps, documents)))
    return file


@pytest.fixture(scope="module")
def service(namespace: ArgoCluster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    directory = tmp_path_factory.mktemp("service")
    given = os.environ.get("ARGOSY_TEST_SERVICE")
    serving = serve(namespace, directory) if given is None else contextlib.nullcontext(given)
    with serving as url, pytest.MonkeyPatch.context() as patch:
        # The SDK keeps settings of its own there.
        patch.setenv("HOME", str(directory))
        with warnings.catch_warnings():
            # It says which releases of KFP it works with.
            warnings.simplefilter("ignore", FutureWarning)
            client = importlib.import_module("kfp").Client(host=url)
        found = Service(url=url, cluster=namespace, client=client)
        yield found
        delete_all(found)


@contextlib.contextmanager
def serve(namespace: ArgoCluster, directory: Path) -> Generator[str]:
    """Run ``argosy serve`` with a store of its own, and yield its URL."""
    base, _, options = namespace.url.partition("?")
    store = f"{base}/service/{secrets.token_hex(4)}" + (f"?{options}" if options else "")
    ArgosyClient(replace(namespace, started=[]), directory)
    words = ["--home", str(directory / "home"), "--port", "0", "--grpc-port", "0"]
    words += ["--store", store, "--max-runs", "2"]
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(
            [ARGOSY, "serve", *words],
            stderr=log,
            cwd=directory,
            # The variables of this process hold the credentials of the store.
            env={
                **namespace.environment,
                **os.environ,
                "KUBECONFIG": namespace.environment["KUBECONFIG"],
                "XDG_CONFIG_HOME": str(directory),
            },
        )
        try:
            yield wait_for_address(process, directory / "log")
        finally:
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0


def wait_for_address(process: subprocess.Popen[bytes], log: Path) -> str:
    give_up_at = time.monotonic() + 120
    while "the KFP API at " not in (text := log.read_text()):
        assert process.poll() is None, text
        assert time.monotonic() < give_up_at, text
        time.sleep(0.1)
    return text.partition("the KFP API at ")[2].partition(",")[0]


def delete_all(service: Service) -> None:
    """Delete all runs, and wait until their Workflows are gone."""
    runs: list[Any] = service.client.list_runs(page_size=100).runs or []
    for run in runs:
        service.client.delete_run(run.run_id)
    ids = ",".join(run.run_id for run in runs)
    selector = f"pipeline/runid in ({ids})"
    give_up_at = time.monotonic() + 120
    while service.cluster.kubectl("get", "workflows", "-l", selector, "-o", "name"):
        assert time.monotonic() < give_up_at
        time.sleep(2)


# Real pipelines.


@pytest.fixture(scope="module")
def started(request: pytest.FixtureRequest, service: Service) -> dict[str, str]:
    """The runs of the pipelines that are asked for, by file, all created at once."""
    found: dict[str, str] = {}
    for item in request.session.items:
        if isinstance(item, pytest.Function) and item.path == Path(__file__):
            expected: Any = getattr(item, "callspec", None) and item.callspec.params["expected"]
            if expected and expected.file not in found:
                found[expected.file] = start(service, expected)
    return found


def start(service: Service, expected: Expected) -> str:
    """Upload a pipeline, and run its version in an experiment."""
    client = service.client
    file = write_arguments(expected, Path(os.environ["HOME"]))[0]
    name = f"{Path(file).stem}-{secrets.token_hex(4)}".replace("_", "-")
    pipeline = client.upload_pipeline(file, pipeline_name=name)
    (version,) = client.list_pipeline_versions(pipeline.pipeline_id).pipeline_versions
    experiment = client.create_experiment("corpus")
    run = client.run_pipeline(
        experiment.experiment_id,
        name,
        pipeline_id=pipeline.pipeline_id,
        version_id=version.pipeline_version_id,
        params=expected.parameters,
    )
    return str(run.run_id)


@pytest.mark.parametrize(
    "expected",
    [pytest.param(one, id=one.file) for one in expectations() if one.file in PIPELINES],
)
def test_a_real_pipeline_ends_as_under_argosy_run(
    expected: Expected, service: Service, started: dict[str, str], tmp_path: Path
) -> None:
    here = argosy("run", *write_arguments(expected, tmp_path), cwd=tmp_path, timeout_seconds=900)
    run_id = started[expected.file]
    ended = service.client.wait_for_run_completion(run_id, timeout=1800)

    assert list(differences(expected, here.result)) == []
    assert ended.state == expected.state, ended.error
    assert (ended.error is None) == (expected.state == "SUCCEEDED")
    assert comparable(service, service.run(run_id)) == comparable_here(here.result)


def comparable(service: Service, run: Json) -> Json:
    """Return what a run of the service has in common with one of ``argosy run``."""
    groups = {each.get("parent_task_id") for each in run["tasks"]}
    return {
        task["scope_path"]: {
            "state": _STATES.get(task.get("state", ""), task.get("state")),
            "parameters": {
                each["parameter_key"]: make_plain(each["value"])
                for each in task.get("outputs", {}).get("parameters", ())
            },
            "artifacts": {
                each["artifact_key"]: read_artifact(service, run["run_id"], task, each)
                for each in task.get("outputs", {}).get("artifacts", ())
            },
        }
        for task in run["tasks"]
        if task["task_id"] not in groups
    }


def read_artifact(service: Service, run_id: str, task: Json, output: Json) -> str:
    """Return the beginning of the first artifact of an output."""
    path = f"/apis/v2beta1/runs/{run_id}/nodes/{task['task_id']}/artifacts"
    data = service.fetch(f"{path}/{output['artifact_key']}:download")
    return str(make_plain(data[:_LARGEST_CONTENT].decode(errors="replace")))


def comparable_here(result: Json) -> Json:
    groups = {each["path"].rpartition("/")[0] for each in result["tasks"]}
    return {
        task["path"]: {
            "state": task["state"],
            "parameters": make_plain(task["outputs"]["parameters"]),
            "artifacts": {
                name: str(make_plain(read_file(artifacts[0]["uri"])))
                for name, artifacts in task["outputs"]["artifacts"].items()
            },
        }
        for task in result["tasks"]
        if task["path"] not in groups
    }


def read_file(uri: str) -> str:
    return Path(uri.removeprefix("file://")).read_bytes()[:_LARGEST_CONTENT].decode()


# What becomes of a run on the way.


def test_a_recurring_run_makes_runs_until_it_is_disabled(service: Service) -> None:
    name = f"recurring-{secrets.token_hex(4)}"
    file = write(make_document(name, {"say": "echo x > $0"}), name)
    client = service.client
    experiment = client.create_experiment("recurring")
    made = client.create_recurring_run(
        experiment.experiment_id,
        name,
        cron_expression="*/5 * * * * *",
        max_concurrency=1,
        pipeline_package_path=str(file),
    )

    give_up_at = time.monotonic() + 600
    while True:
        runs: list[Any] = client.list_runs(experiment_id=experiment.experiment_id).runs or []
        if any(run.state == "SUCCEEDED" for run in runs):
            break
        assert time.monotonic() < give_up_at, runs
        time.sleep(1)
    client.disable_recurring_run(made.recurring_run_id)
    client.delete_recurring_run(made.recurring_run_id)

    assert {run.recurring_run_id for run in runs} == {made.recurring_run_id}
    for run in client.list_runs(experiment_id=experiment.experiment_id).runs:
        assert service.end(run.run_id)["state"] == "SUCCEEDED"


def test_a_run_is_followed_terminated_and_retried(service: Service) -> None:
    name = f"stopped-{secrets.token_hex(4)}"
    scripts = {
        "one": "echo first; sleep 3; echo '<b>last</b>'; echo 1 > $0",
        "two": "[ -n \"$FUSE\" ] && echo 2 > $0 && exit; trap 'exit 1' TERM; sleep 600 & wait $!",
    }
    run_id = service.start(make_document(name, scripts, after={"two": "one"}), name)
    nodes = f"/apis/v1alpha1/runs/{run_id}/nodes"

    wait_for_task(service, run_id, "one", "RUNNING", "SUCCEEDED")
    logs = f"{nodes}/one/log"
    wait_for_task(service, run_id, "two", "RUNNING")
    service.client.terminate_run(run_id)
    followed = service.fetch(f"{logs}?follow=true")
    stopped = service.end(run_id)
    with contextlib.suppress(AssertionError):
        service.cluster.kubectl("delete", "configmap", name)
    service.cluster.kubectl("create", "configmap", name, "--from-literal=fuse=there")
    try:
        service.ask("POST", f"/runs/{run_id}:retry")
        retried = service.wait(run_id, "SUCCEEDED")
    finally:
        service.cluster.kubectl("delete", "configmap", name)

    assert followed == b"first\n<b>last</b>\n"
    assert service.fetch(logs) == followed
    assert (stopped["state"], stopped["error"]["message"]) == (
        "FAILED",
        "the run was terminated by a request",
    )
    history = [each["state"] for each in retried["state_history"]]
    assert "CANCELING" in history
    assert history[-2:] == ["RUNNING", "SUCCEEDED"]
    first, second = service.workflows(run_id)
    assert second["metadata"]["name"] == f"{first['metadata']['name']}-1"
    # What had succeeded has no second pod.
    assert service.pods(run_id) == 3


def wait_for_task(service: Service, run_id: str, path: str, *states: str) -> None:
    give_up_at = time.monotonic() + 600
    while True:
        found = service.run(run_id).get("tasks", ())
        tasks = {each["scope_path"]: each.get("state", "") for each in found}
        if tasks.get(path) in states:
            return
        assert time.monotonic() < give_up_at, tasks
        time.sleep(0.5)


def test_what_is_cached_has_no_pod(service: Service) -> None:
    name = f"cached-{secrets.token_hex(4)}"
    document = make_document(name, {"one": "echo 1 > $0"}, cache=True)

    first, second = (service.end(service.start(document, name)) for _ in range(2))

    assert [each["state"] for each in (first, second)] == ["SUCCEEDED"] * 2
    assert [each["state"] for each in second["tasks"]] == ["CACHED"]
    assert (service.pods(first["run_id"]), service.pods(second["run_id"])) == (1, 0)


def test_a_failed_task_says_why(service: Service) -> None:
    name = f"failed-{secrets.token_hex(4)}"
    document = make_document(name, {"bad": "echo no disk >&2; exit 3", "next": "echo > $0"})

    ended = service.end(service.start(document, name))

    tasks = {each["scope_path"]: each for each in ended["tasks"]}
    assert ended["error"]["message"] == "'bad' failed: the command ended with exit code 3: no disk"
    assert tasks["bad"]["state"] == "FAILED"
