"""``argosy submit`` against an API server, and where its options may stand."""

from __future__ import annotations

import json
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from cli_processes import ARGOSY, Ended, argosy, shell_pipeline
from kube_server import Canned, KubeServer, kube_server

STORE = "s3://bucket/argosy"


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[KubeServer]:
    """An API server that the user's kubeconfig names; nothing else is configured."""
    with kube_server() as server:
        kubeconfig = server.write_kubeconfig(tmp_path / "kubeconfig")
        monkeypatch.setenv("KUBECONFIG", str(kubeconfig))
        monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
        yield server


@pytest.fixture
def pipeline(tmp_path: Path) -> Path:
    path = tmp_path / "hello.json"
    document = json.loads(shell_pipeline("hello", {"say": "true"}))
    document["root"]["inputDefinitions"] = {
        "parameters": {
            "name": {"parameterType": "STRING"},
            "times": {"parameterType": "NUMBER_INTEGER", "defaultValue": 1},
        }
    }
    path.write_text(json.dumps(document))
    return path


def submit(directory: Path, *words: str) -> Ended:
    return argosy(
        *("submit", "hello.json", "-p", "name=Ann", "--pods-for-cached"), *words, cwd=directory
    )


def configure(directory: Path, text: str) -> Path:
    path = directory / "config" / "argosy" / "config.toml"
    path.parent.mkdir(parents=True)
    path.write_text(text)
    return path


def created(server: KubeServer) -> Any:
    (workflow,) = server.objects["workflows"].values()
    return workflow


def parameters(workflow: Any) -> dict[str, str | None]:
    return {each["name"]: each.get("value") for each in workflow["spec"]["arguments"]["parameters"]}


def test_a_workflow_is_created_with_its_parameters(
    server: KubeServer, pipeline: Path, tmp_path: Path
) -> None:
    ended = submit(tmp_path, "--store", STORE, "-p", "times=3")

    workflow = created(server)
    name, uid = workflow["metadata"]["name"], workflow["metadata"]["uid"]
    assert (ended.status, ended.out) == (
        0,
        f"run {uid} submitted as workflow '{name}' in namespace 'ml'\n",
    )
    assert ended.err == f"see it with: argosy get {name} -n ml\n"
    assert name.startswith("hello-")
    given = parameters(workflow)
    assert (given["name"], given["times"], given["argosy-store"]) == ("Ann", "3", STORE)


def test_only_the_right_to_create_is_needed(
    server: KubeServer, pipeline: Path, tmp_path: Path
) -> None:
    submit(tmp_path, "--store", STORE)

    assert [each.verb for each in server.questions] == ["create"]


def test_name_and_labels_can_be_chosen(server: KubeServer, pipeline: Path, tmp_path: Path) -> None:
    words = ("--name", "mine", "--label", "team=a", "--label", "cost=7", "-o", "name")
    ended = submit(tmp_path, "--store", STORE, *words)

    labels = created(server)["metadata"]["labels"]
    assert ended.out == "mine\n"
    assert (labels["team"], labels["cost"], labels["argosy.dev/pipeline"]) == ("a", "7", "hello")


@pytest.mark.parametrize(("form", "read"), [("json", json.loads), ("yaml", yaml.safe_load)])
def test_the_workflow_is_printed(
    server: KubeServer, pipeline: Path, tmp_path: Path, form: str, read: Any
) -> None:
    ended = submit(tmp_path, "--store", STORE, "-o", form)

    assert read(ended.out)["metadata"]["uid"] == created(server)["metadata"]["uid"]


def test_a_dry_run_creates_nothing(server: KubeServer, pipeline: Path, tmp_path: Path) -> None:
    ended = submit(tmp_path, "--store", STORE, "--name", "mine", "--dry-run")

    assert ended.out == "namespace 'ml' takes workflow 'mine'; nothing was created\n"
    assert server.objects["workflows"] == {}


def test_a_cache_that_is_switched_off_is_a_parameter(
    server: KubeServer, pipeline: Path, tmp_path: Path
) -> None:
    submit(tmp_path, "--store", STORE, "--no-cache")

    assert parameters(created(server))["argosy-cache"] == "false"


def test_the_ir_can_travel_in_a_config_map(
    server: KubeServer, pipeline: Path, tmp_path: Path
) -> None:
    ended = [submit(tmp_path, "--store", STORE, "--ir", "configmap") for _ in range(2)]

    assert [each.status for each in ended] == [0, 0]
    assert len(server.objects["configmaps"]) == 1
    assert len(server.objects["workflows"]) == 2


# Waiting for its end.


@pytest.fixture
def controller(server: KubeServer) -> Iterator[Callable[[str], None]]:
    """Lets a controller bring the next workflow that comes to its end, in a phase."""
    threads: list[threading.Thread] = []
    before = set(server.objects["workflows"])

    def work(phase: str) -> None:
        while not server.objects["workflows"].keys() - before:
            time.sleep(0.05)
        (new,) = server.objects["workflows"].keys() - before
        workflow = server.objects["workflows"][new]
        name = workflow["metadata"]["name"]
        for each in ("Running", phase):
            times = {
                "startedAt": "2026-01-01T00:00:00Z",
                "finishedAt": None if each == "Running" else "2026-01-01T00:00:09Z",
            }
            root = {"id": name, "name": name, "type": "DAG", "templateName": "root"}
            pod = {
                "id": f"{name}-1",
                "name": f"{name}.say",
                "type": "Pod",
                "templateName": "pod",
                "boundaryID": name,
                "inputs": {"parameters": [{"name": "task", "value": "say"}]},
            }
            nodes = {one["id"]: {**one, "phase": each, **times} for one in (root, pod)}
            status = {"phase": each, **times, "nodes": nodes}
            spec = server.objects["workflows"][name]["spec"]
            server.put("workflows", {**workflow, "spec": spec, "status": status})
            # Who follows the run has seen it by then.
            give_up_at = time.monotonic() + 120
            while not server.asked("watch") and time.monotonic() < give_up_at:
                time.sleep(0.05)
            time.sleep(0.3)

    def start(phase: str) -> None:
        threads.append(threading.Thread(target=work, args=(phase,)))
        threads[-1].start()

    yield start
    for thread in threads:
        thread.join()


@pytest.mark.parametrize(
    ("phase", "status", "state"), [("Succeeded", 0, "SUCCEEDED"), ("Failed", 1, "FAILED")]
)
def test_who_waits_gets_the_state_as_exit_status(
    server: KubeServer,
    controller: Callable[[str], None],
    pipeline: Path,
    tmp_path: Path,
    phase: str,
    status: int,
    state: str,
) -> None:
    controller(phase)

    ended = submit(tmp_path, "--store-from", "configmap/argosy", "--wait")

    assert ended.status == status
    assert f" {state} in 9.0s (1 task: 1 {state.lower()})" in ended.out.splitlines()[1]


def test_who_watches_sees_the_tasks_and_gets_json(
    server: KubeServer, controller: Callable[[str], None], pipeline: Path, tmp_path: Path
) -> None:
    controller("Succeeded")

    ended = submit(tmp_path, "--store-from", "configmap/argosy", "--watch", "-o", "json")

    lines = [line.split(" ", 1)[-1] for line in ended.err.splitlines()]
    assert "RUNNING say" in lines
    assert "SUCCEEDED say 9.0s" in lines
    assert ended.result["state"] == "SUCCEEDED"


def test_the_output_of_tasks_is_shown(
    server: KubeServer, controller: Callable[[str], None], pipeline: Path, tmp_path: Path
) -> None:
    store = tmp_path / "store"
    server.put("configmaps", {"metadata": {"name": "argosy"}, "data": {"ARGOSY_STORE": str(store)}})
    server.put(
        "pods",
        {
            "metadata": {
                "name": "mine-1",
                "uid": "pod-uid",
                "creationTimestamp": "2026-01-01T00:00:00Z",
                "labels": {"workflows.argoproj.io/workflow": "mine"},
            },
            "spec": {
                "containers": [
                    {"name": "launcher", "env": [{"name": "ARGOSY_TASK", "value": "say"}]}
                ]
            },
            "status": {"containerStatuses": [{"name": "main", "state": {"running": {}}}]},
        },
    )
    server.logs["mine-1", "main"] = b"2026-01-01T00:00:01Z hi there\n"
    controller("Succeeded")

    ended = submit(tmp_path, "--store-from", "configmap/argosy", "--name", "mine", "--log")

    assert "say | hi there" in ended.err.splitlines()


def test_a_time_that_is_over_leaves_the_run(
    server: KubeServer, pipeline: Path, tmp_path: Path
) -> None:
    ended = submit(tmp_path, "--store", STORE, "--wait", "--timeout", "1s")

    name = created(server)["metadata"]["name"]
    assert ended.status == 8
    assert ended.err.splitlines()[-1] == (
        f"the time is over, and the run goes on; see it with: argosy get {name} -n ml"
    )


def test_ctrl_c_leaves_the_run_and_says_how_to_come_back(
    server: KubeServer, pipeline: Path, tmp_path: Path
) -> None:
    process = subprocess.Popen(
        [ARGOSY, "submit", "hello.json", "-p", "name=Ann", "--store", STORE, "--wait"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    while not server.asked("watch"):
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)

    name = created(server)["metadata"]["name"]
    assert process.returncode == 130
    assert err.splitlines()[-1] == (
        f"the run goes on; come back with: argosy get {name} -n ml --watch"
    )
    assert "shutdown" not in created(server)["spec"]


@pytest.fixture
def failed(server: KubeServer, pipeline: Path, tmp_path: Path) -> str:
    """The name of a run that failed."""
    store = {"ARGOSY_STORE": str(tmp_path / "store")}
    server.put("configmaps", {"metadata": {"name": "argosy"}, "data": store})
    submit(tmp_path, "--store-from", "configmap/argosy", "--name", "first")
    workflow = server.objects["workflows"]["first"]
    server.put("workflows", {**workflow, "status": {"phase": "Failed"}})
    return "first"


def test_a_run_that_goes_on_is_waited_for_as_a_new_one(
    server: KubeServer, failed: str, controller: Callable[[str], None], tmp_path: Path
) -> None:
    controller("Succeeded")

    ended = argosy("retry", failed, "-n", "ml", "--watch", "-o", "json", cwd=tmp_path)

    lines = [line.split(" ", 1)[-1] for line in ended.err.splitlines()]
    assert ended.status == 0
    assert "SUCCEEDED say 9.0s" in lines
    assert ended.result["run_id"] == server.objects["workflows"]["first"]["metadata"]["uid"]
    assert ended.result["state"] == "SUCCEEDED"


def test_a_run_that_goes_on_says_how_to_come_back(
    server: KubeServer, failed: str, tmp_path: Path
) -> None:
    ended = argosy("retry", failed, "-n", "ml", "--context", "test", cwd=tmp_path)
    timed_out = argosy("get", "@latest", "-n", "ml", "-o", "name", cwd=tmp_path)

    name = timed_out.out.strip()
    assert ended.err.splitlines()[-1] == f"see it with: argosy get {name} -n ml --context test"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["-n", "ml", "-o", "json"], "--output prints the result of a run that has ended; --wait "),
        (["-n", "ml", "--timeout", "9s"], "--timeout says how long to --wait; give both"),
        (["--wait"], "--watch, --wait, --log and --timeout are for runs of a cluster; on this "),
    ],
)
def test_options_of_a_retry_must_fit_together(
    server: KubeServer, failed: str, tmp_path: Path, words: list[str], message: str
) -> None:
    ended = argosy("retry", failed, *words, cwd=tmp_path)

    assert ended.status == 2
    assert ended.errors[0].startswith(message)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--dry-run", "--wait"], "a --dry-run makes no run to wait for; leave one out"),
        (["--timeout", "9s"], "--timeout says how long to --wait; give both"),
        (["--wait", "--timeout", "soon"], "--timeout: 'soon' is not a time; write it like 90s, "),
    ],
)
def test_options_of_waiting_must_fit_together(
    server: KubeServer, pipeline: Path, tmp_path: Path, words: list[str], message: str
) -> None:
    ended = submit(tmp_path, "--store", STORE, *words)

    assert ended.status == 2
    assert ended.errors[0].startswith(message)


# What is refused before anything is asked.


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--store", STORE, "-p", "nme=x"], "the pipeline has no parameter 'nme'; did you mean "),
        (["--store", STORE, "-p", "times=x"], "parameter 'times': "),
        (["--store", STORE, "--artifact", "data=x"], "the pipeline has no input artifact 'data'"),
        ([], "a run on a cluster needs a store that all its pods reach; name it with --store URL"),
        (["--store", "/tmp/x"], "--store '/tmp/x' is local to one machine"),
    ],
)
def test_wrong_usage_is_exit_status_2_and_asks_nothing(
    server: KubeServer, pipeline: Path, tmp_path: Path, words: list[str], message: str
) -> None:
    ended = submit(tmp_path, *words)

    assert ended.status == 2
    assert ended.errors[0].startswith(message)
    assert server.questions == []


def test_a_required_parameter_must_be_given(
    server: KubeServer, pipeline: Path, tmp_path: Path
) -> None:
    ended = argosy("submit", "hello.json", "--store", STORE, cwd=tmp_path)

    assert (ended.status, ended.errors) == (
        2,
        ["parameter 'name' is required; give a value of type STRING"],
    )


# What a cluster refuses.


@pytest.mark.parametrize(
    ("canned", "status", "message"),
    [
        (Canned(code=401, message="Unauthorized"), 4, "cluster 'test' does not accept the"),
        (Canned(code=403, message='User "ann" cannot create'), 4, "user 'ann' may not create "),
        (Canned(code=404, text="404 page not found"), 3, "cluster 'test' has no workflows.argo"),
        (Canned(code=422, message="spec is invalid"), 6, "the cluster refuses the workflow "),
    ],
)
def test_the_exit_status_says_who_must_act(
    server: KubeServer, pipeline: Path, tmp_path: Path, canned: Canned, status: int, message: str
) -> None:
    server.canned["create"] = [canned]

    ended = submit(tmp_path, "--store", STORE)

    assert ended.status == status
    assert ended.errors[0].startswith(message)


def test_a_taken_name_is_refused(server: KubeServer, pipeline: Path, tmp_path: Path) -> None:
    submit(tmp_path, "--store", STORE, "--name", "mine")
    ended = submit(tmp_path, "--store", STORE, "--name", "mine")

    assert (ended.status, ended.errors) == (
        6,
        ["workflow 'mine' exists already in namespace 'ml'; choose another name"],
    )


def test_a_lost_answer_makes_no_second_run(
    server: KubeServer, pipeline: Path, tmp_path: Path
) -> None:
    server.canned["create"] = [Canned(code=0, after=True)]

    ended = submit(tmp_path, "--store", STORE, "--name", "mine")

    assert ended.status == 0
    assert created(server)["metadata"]["uid"] in ended.out


def test_without_a_kubeconfig_there_is_no_cluster(
    server: KubeServer, pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("KUBECONFIG", str(tmp_path / "gone"))

    ended = submit(tmp_path, "--store", STORE)

    assert ended.status == 2
    assert ended.errors[0].startswith("there is no kubeconfig at ")


# Where options may stand.


CONFIGURATION = """
[cluster]
namespace = "ml"
[submit]
store = "s3://from/file"
service-account = "file"
max-nodes = 77
"""


def test_options_may_stand_in_a_file(server: KubeServer, pipeline: Path, tmp_path: Path) -> None:
    configure(tmp_path, CONFIGURATION)

    submit(tmp_path)

    assert parameters(created(server))["argosy-store"] == "s3://from/file"
    assert created(server)["spec"]["serviceAccountName"] == "file"


def test_the_environment_wins_over_the_file_and_an_option_over_both(
    server: KubeServer, pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(tmp_path, CONFIGURATION)
    monkeypatch.setenv("ARGOSY_STORE", "s3://from/environment")
    monkeypatch.setenv("ARGOSY_SERVICE_ACCOUNT", "environment")

    submit(tmp_path, "--service-account", "option")

    assert parameters(created(server))["argosy-store"] == "s3://from/environment"
    assert created(server)["spec"]["serviceAccountName"] == "option"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[submit]\nstoer = 's3://x'\n", ": [submit] has 'stoer', which is no option of"),
        ("[cluster]\nstore = 's3://x'\n", ": [cluster] has 'store'; it may have namespace,"),
        ("[clusters]\n", " has [clusters], which says nothing to argosy"),
        ("cluster = 1\n", ": 'cluster' is no section; write [cluster]"),
        ("[", " is not TOML: "),
        ("[submit]\nstore = 's3://x'\nmax-nodes = 'many'\n", "'many' is not a whole number"),
    ],
)
def test_a_configuration_that_cannot_be_used_is_named(
    server: KubeServer, pipeline: Path, tmp_path: Path, text: str, message: str
) -> None:
    configure(tmp_path, text)

    ended = submit(tmp_path)

    assert ended.status == 2
    assert message in ended.errors[0]


def test_a_configuration_that_the_environment_names_must_exist(
    server: KubeServer, pipeline: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ARGOSY_CONFIG", str(tmp_path / "gone.toml"))

    ended = submit(tmp_path)

    assert ended.errors == [f"'{tmp_path}/gone.toml', which ARGOSY_CONFIG names, does not exist"]
