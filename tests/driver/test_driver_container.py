"""The driver as a process: variables in, a step directory or a line for Kubernetes out."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from argosy_schemas.formats.packed_ir import pack
from argosy_schemas.formats.records import AttemptRecord, AttemptState
from argosy_schemas.formats.step import Decision
from argosy_schemas.formats.step_files import read_step
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.names import RunId, TaskPath
from argosy_store.local.store import LocalStore
from argosy_store.packed_irs import put_ir
from argosy_store.run_records import RunRecords
from driver_support import (
    DATASET,
    IN_ANY_CASE,
    Json,
    World,
    dag,
    given,
    importer,
    leaf,
    loop,
    output,
    output_artifact,
    pipeline,
    status,
    task,
    when,
)

HELLO = pipeline(
    dag(
        {"t": task("comp-t", {"x": given("name"), "n": given("n")})},
        {
            "name": "STRING",
            "n": {"parameterType": "NUMBER_INTEGER", "defaultValue": 2, "isOptional": True},
        },
    ),
    {"comp-t": leaf({"x": "STRING", "n": "NUMBER_INTEGER"}, args=["{{$.inputs.parameters['x']}}"])},
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    code: int
    log: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pod:
    """A driver container whose paths are below a directory."""

    directory: Path

    @property
    def store(self) -> LocalStore:
        return LocalStore(self.directory / "store")

    def environment(self, of: Pipeline, parameters: Json | None = None) -> dict[str, str]:
        return {
            "ARGOSY_TASK": "t",
            "ARGOSY_RUN": "run-1",
            "ARGOSY_NAME": "demo-x7k2p",
            "ARGOSY_CREATED": "2024-05-01T12:00:00Z",
            "ARGOSY_IR": base64.b64encode(pack(of)).decode(),
            "ARGOSY_PARAMETERS": encoded(parameters or {}),
            "ARGOSY_STORE": f"{self.directory}/store",
            "ARGOSY_ROOT": "",
            "ARGOSY_CACHE": "true",
            "ARGOSY_ATTEMPT": "pod-uid",
            "ARGOSY_MOUNTED_AT": f"{self.directory}/pod",
            "ARGOSY_EXEC": f"{self.directory}/exec",
        }

    def run(self, environment: dict[str, str], *arguments: str) -> Ended:
        (self.directory / "exec").write_bytes(b"\x7fELF")
        log = self.directory / "pod/dev/termination-log"
        log.parent.mkdir(parents=True, exist_ok=True)
        ended = subprocess.run(
            [sys.executable, "-m", "argosy_driver", *arguments],
            env={"PATH": os.environ["PATH"], **environment},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        reason = log.read_text() if log.exists() else ""
        return Ended(code=ended.returncode, log=ended.stderr, reason=reason)


@pytest.fixture
def pod(tmp_path: Path) -> Pod:
    return Pod(directory=tmp_path)


def encoded(value: Any) -> str:
    return base64.b64encode(json.dumps(value).encode()).decode()


def test_a_driver_leaves_a_step_and_exec(pod: Pod) -> None:
    ended = pod.run(pod.environment(HELLO, {"name": "you", "n": None}))

    assert (ended.code, ended.reason) == (0, "")
    published = pod.directory / "pod/argosy/published"
    step = read_step(pod.directory / "pod/argosy/private")
    assert (step.decision, step.argv) == (Decision.RUN, ("echo", "you"))
    assert step.inputs.parameters == {"x": "you", "n": 2}
    assert (published / "argv").read_bytes() == b"echo\0you\0"
    assert (published / "env").read_bytes() == b"KFP_POD_UID=pod-uid\0"
    assert (published / "exec").read_bytes() == b"\x7fELF"
    assert (published / "exec").stat().st_mode & 0o777 == 0o755
    (record,) = RunRecords(pod.store, RunId("run-1")).read_attempts(TaskPath("t"))
    assert (record.state, record.attempt_id) == (AttemptState.RUNNING, "pod-uid")


def test_artifacts_go_into_the_store_unless_a_root_is_named(pod: Pod) -> None:
    environment = pod.environment(HELLO, {"name": "you"})

    pod.run(environment)
    inside = read_step(pod.directory / "pod/argosy/private").uri_mappings[0].stored
    pod.run({**environment, "ARGOSY_ROOT": "s3://bucket/x"})
    named = read_step(pod.directory / "pod/argosy/private").uri_mappings[0].stored

    assert inside == f"file://{pod.directory}/store/artifacts/demo/run-1/t/pod-uid"
    assert named == "s3://bucket/x/demo/run-1/t/pod-uid"


def test_the_ir_may_lie_in_the_store(pod: Pod) -> None:
    digest = put_ir(pod.store, pack(HELLO))

    ended = pod.run({**pod.environment(HELLO, {"name": "you"}), "ARGOSY_IR": f"ref:{digest}"})

    assert ended.code == 0
    assert read_step(pod.directory / "pod/argosy/private").argv == ("echo", "you")


def test_a_component_knows_which_attempt_it_is(pod: Pod) -> None:
    pod.run({**pod.environment(HELLO, {"name": "you"}), "ARGOSY_RETRY": "2"})

    step = read_step(pod.directory / "pod/argosy/private")
    assert step.env == (("KFP_POD_UID", "pod-uid"), ("KFP_RETRY_INDEX", "2"))


def test_an_ir_that_is_not_in_the_store_is_said_to_kubernetes(pod: Pod) -> None:
    digest = "0" * 64

    ended = pod.run({**pod.environment(HELLO, {"name": "you"}), "ARGOSY_IR": f"ref:{digest}"})

    assert ended.code == 1
    assert ended.reason.startswith(
        f"{pod.directory}/store: there is no pipeline ir/{digest}; put it there with "
    )
    assert ended.reason.endswith(" (final)")


def test_a_driver_can_be_run_again(pod: Pod) -> None:
    environment = pod.environment(HELLO, {"name": "you"})
    pod.run(environment)
    first = read_step(pod.directory / "pod/argosy/private")

    ended = pod.run(environment)

    assert ended.code == 0
    assert read_step(pod.directory / "pod/argosy/private").argv == first.argv


def test_a_driver_says_why_a_task_that_argo_restarts_does_not_run(pod: Pod) -> None:
    environment = pod.environment(HELLO, {"name": "you"})
    pod.run(environment)
    step = read_step(pod.directory / "pod/argosy/private")
    record = AttemptRecord(
        run_id=step.run_id,
        pipeline=step.pipeline,
        task_path=step.task_path,
        attempt_id=step.attempt_id,
        state=AttemptState.SUCCEEDED,
        started_at=step.started_at,
        basis=step.basis,
    )
    RunRecords(pod.store, step.run_id).write_success(record)

    ended = pod.run({**environment, "ARGOSY_ATTEMPT": "pod-2"})

    assert ended.log == (
        "argosy: task 't': adopted, since it succeeded in this run; "
        "'argo resubmit -p argosy-cache=false' runs all anew\n"
    )


def test_a_task_that_cannot_run_is_left_to_the_launcher(pod: Pod) -> None:
    root = dag(
        {"t": task("comp-t", {"x": given("p")})},
        {"p": {"parameterType": "STRING", "isOptional": True}},
    )
    of = pipeline(root, {"comp-t": leaf({"x": "STRING"})})

    ended = pod.run(pod.environment(of))

    step = read_step(pod.directory / "pod/argosy/private")
    assert (ended.code, ended.reason) == (0, "")
    assert step.decision is Decision.FAILED
    assert step.failure is not None
    assert step.failure.message == (
        "task 't': input 'x' is null; pass a value or make the input optional"
    )


def test_a_run_that_argo_made_from_another_one_is_told_where_results_are(pod: Pod) -> None:
    """Argo skips what had succeeded in the other run, whose records are not those of this one."""
    root = dag({"t": task("comp-t", {"x": output("before")}), "before": task("comp-b")})
    before = leaf(outputs={"Output": "STRING"})
    of = pipeline(root, {"comp-t": leaf({"x": "STRING"}), "comp-b": before})

    pod.run(pod.environment(of))

    step = read_step(pod.directory / "pod/argosy/private")
    assert step.failure is not None
    assert step.failure.message == (
        "task 't': input 'x' comes from output 'Output' of task 'before', which ended without it; "
        "look at the outcome of that task; if 'argo resubmit --memoized' made this run, resubmit "
        "without '--memoized': only the cache gives it results of another run"
    )


def test_statuses_of_upstream_tasks_arrive(pod: Pod) -> None:
    exit_task = task("comp-t", {"s": status("before")}, **IN_ANY_CASE)
    root = dag({"t": exit_task, "before": task("comp-b")})
    component = leaf({"s": "TASK_FINAL_STATUS"}, args=["{{$.inputs.parameters['s']}}"])
    of = pipeline(root, {"comp-t": component, "comp-b": leaf()})

    ended = pod.run({**pod.environment(of), "ARGOSY_UPSTREAM": encoded({"before": "Failed"})})

    assert ended.code == 0
    (_, text) = read_step(pod.directory / "pod/argosy/private").argv
    assert json.loads(text)["state"] == "FAILED"


def test_a_driver_keeps_a_long_list_for_the_next_one(pod: Pod) -> None:
    body = dag(
        {"t": task("comp-i", {"x": given("item")})},
        {"item": "STRING"},
        {"out": "LIST"},
        passes={"out": ["t.Output"]},
    )
    root = dag(
        {
            "for-loop-1": task("comp-body", **loop(["a"] * 101)),
            "t": task("comp-t", {"all": output("for-loop-1", "out")}),
        }
    )
    components = {
        "comp-body": body,
        "comp-i": leaf({"x": "STRING"}, {"Output": "NUMBER_INTEGER"}),
        "comp-t": leaf({"all": "LIST"}),
    }
    of = pipeline(root, components)
    world = World(of, store=pod.store)
    for index in range(101):
        world.succeeded(f"for-loop-1/{index}/t", Output=index)

    ended = pod.run(pod.environment(of))

    assert ended.code == 0
    step = read_step(pod.directory / "pod/argosy/private")
    assert step.inputs.parameters == {"all": list(range(101))}
    records = RunRecords(pod.store, RunId("run-1"))
    kept = records.read_collected(TaskPath("for-loop-1"), "parameter/out")
    assert kept == list(range(101))


def test_a_deciding_pod_publishes_control(pod: Pod) -> None:
    body = dag({"t": task("comp-t", {"x": given("item")})}, {"item": "STRING"})
    condition = when("inputs.parameter_values['item'] != ''")
    root = dag(
        {
            "for-loop-1": task("comp-body", **loop(["a", "b"])),
            "condition-2": task("comp-body", {"item": "a"}, **condition),
        }
    )
    of = pipeline(root, {"comp-body": body, "comp-t": leaf({"x": "STRING"})})

    def decided(path: str) -> object:
        ended = pod.run({**pod.environment(of), "ARGOSY_TASK": path}, "decide")
        assert ended.code == 0, ended.log
        text = (pod.directory / "pod/argosy/published/control").read_text()
        return json.loads(base64.b64decode(text))

    assert decided("for-loop-1") == {"condition": True, "length": 2}
    assert decided("condition-2") == {"condition": True}


EXPRESSION = "{{=sprig.b64enc(toJson({'a': 1}))}}"


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        pytest.param(
            {"ARGOSY_STORE": ""},
            "the workflow names no store; submit it with '-p argosy-store=URL', or compile it with "
            "'--store URL' (final)",
            id="no store",
        ),
        pytest.param(
            {"ARGOSY_STORE": "s3://bucket", "ARGOSY_STORE_SECRET": "argosy-stroe"},
            "the secret 'argosy-stroe' is missing in the namespace of this pod, or none of its "
            "keys begins with 'AWS_'; create it, or compile with another '--store-secret' (final)",
            id="a secret that is not there",
        ),
        pytest.param(
            {"ARGOSY_PARAMETERS": EXPRESSION},
            f"the variable 'ARGOSY_PARAMETERS' of container 'driver' is '{EXPRESSION}', not base64 "
            "of a JSON object of strings; look for a failed expression in the workflow, and "
            "compile the pipeline again (final)",
            id="an expression that failed on Argo 3.5",
        ),
        pytest.param(
            {"ARGOSY_PARAMETERS": encoded({"name": 5})},
            f"the variable 'ARGOSY_PARAMETERS' of container 'driver' is '{encoded({'name': 5})}', "
            "not base64 of a JSON object of strings; look for a failed expression in the workflow, "
            "and compile the pipeline again (final)",
            id="not texts",
        ),
        pytest.param(
            {"ARGOSY_PARAMETERS": encoded({})},
            "parameter 'name' is required; give a value of type STRING (final)",
            id="a parameter is missing",
        ),
        pytest.param(
            {"ARGOSY_CREATED": "yesterday"},
            "the variable 'ARGOSY_CREATED' of container 'driver' is 'yesterday', not a time; look "
            "for a failed expression in the workflow, and compile the pipeline again (final)",
            id="no time",
        ),
        pytest.param(
            {"ARGOSY_CACHE": "maybe"},
            "the variable 'ARGOSY_CACHE' of container 'driver' is 'maybe', not 'true' or 'false'; "
            "look for a failed expression in the workflow, and compile the pipeline again (final)",
            id="neither true nor false",
        ),
        pytest.param(
            {"ARGOSY_IR": "%%%"},
            "the IR is damaged: it is not base64; compile the pipeline again (final)",
            id="damaged IR",
        ),
    ],
)
def test_what_is_wrong_is_one_line_for_kubernetes(
    changed: dict[str, str], reason: str, pod: Pod
) -> None:
    ended = pod.run({**pod.environment(HELLO, {"name": "you"}), **changed})

    assert (ended.code, ended.reason) == (1, reason)
    assert ended.log == f"argosy: {reason}\n"
    assert not (pod.directory / "pod/argosy/private").exists()


def test_an_object_that_should_name_the_store_and_is_missing_is_said_to_kubernetes(
    pod: Pod,
) -> None:
    environment = pod.environment(HELLO, {"name": "you"})
    del environment["ARGOSY_STORE"]

    ended = pod.run(environment)

    assert ended.reason == (
        "the object that 'argosy compile --store-from' named is missing in the namespace of this "
        "pod, or has no key 'ARGOSY_STORE'; create it (final)"
    )


def test_a_store_that_cannot_be_used_is_said_to_kubernetes(pod: Pod) -> None:
    (pod.directory / "store").write_text("a file in its place")

    ended = pod.run(pod.environment(HELLO, {"name": "you"}))

    assert ended.code == 0
    step = read_step(pod.directory / "pod/argosy/private")
    assert step.failure is not None
    assert "a file is where a directory should be" in step.failure.message


def test_a_root_of_the_pipeline_that_is_none_is_said_to_kubernetes_before_anything_runs(
    pod: Pod,
) -> None:
    spec = {**HELLO.document, "defaultPipelineRoot": "s3://bucket/x?bad=1"}
    pipeline = replace(HELLO, document=spec)

    ended = pod.run(pod.environment(pipeline, {"name": "you"}))

    assert ended.code == 1
    assert ended.reason.startswith(
        "s3://bucket/x: 'bad' is not an option of s3:// URLs; use endpoint"
    )
    assert ended.reason.endswith("(final)")


def test_a_command_trusts_the_certificates_that_the_cluster_gives_to_tasks(pod: Pod) -> None:
    environment = pod.environment(HELLO, {"name": "you"})

    pod.run({**environment, "ARGOSY_TASK_CA_BUNDLE": "/argosy/ca/ca.crt"})

    step = read_step(pod.directory / "pod/argosy/private")
    assert dict(step.env) == {
        "KFP_POD_UID": "pod-uid",
        "SSL_CERT_FILE": "/argosy/ca/ca.crt",
        "REQUESTS_CA_BUNDLE": "/argosy/ca/ca.crt",
        "CURL_CA_BUNDLE": "/argosy/ca/ca.crt",
        "AWS_CA_BUNDLE": "/argosy/ca/ca.crt",
    }


def test_a_file_of_the_drivers_container_is_no_artifact(pod: Pod) -> None:
    secret = pod.directory / "secret"
    secret.write_text("of the driver")
    components = {
        "comp-i": importer(artifactUri={"constant": f"file://{secret}"}),
        "comp-t": leaf(artifacts={"data": DATASET}),
    }
    tasks = {
        "i": task("comp-i"),
        "t": task("comp-t", artifacts={"data": output_artifact("i", "artifact")}),
    }

    ended = pod.run(pod.environment(pipeline(dag(tasks), components)))

    assert ended.code == 0
    step = read_step(pod.directory / "pod/argosy/private")
    assert step.decision is Decision.FAILED
    assert step.failure is not None
    assert step.failure.final
    assert step.failure.message.startswith(
        f"task 't': file://{secret}: this names something in the pod itself"
    )
    copies = [path for path in (pod.directory / "pod").rglob("*secret*")]
    assert copies == []


def test_a_volume_that_cannot_be_written_is_said_to_kubernetes(pod: Pod) -> None:
    environment = pod.environment(HELLO, {"name": "you"})
    published = pod.directory / "pod/argosy/published"
    (published / "exec").mkdir(parents=True)

    ended = pod.run(environment)

    assert ended.code == 1
    assert ended.reason == f"'{published}/exec': Is a directory; look at the volumes of this pod"
    assert sorted(path.name for path in published.iterdir()) == ["argv", "env", "exec", "open"]


def test_nothing_costly_is_imported() -> None:
    script = """
import sys
import argosy_driver.preparing.prepare, argosy_driver.container
costly = ["pydantic", "hera", "jsonschema", "yaml", "asyncio", "click", "rich", "kfp", "obstore",
          "celpy", "concurrent.futures", "uuid", "difflib", "random"]
print([name for name in costly if name in sys.modules])
"""
    ended = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )

    assert ended.stdout == "[]\n"


def test_a_world_and_a_pod_prepare_the_same(pod: Pod, tmp_path: Path) -> None:
    pod.run(pod.environment(HELLO, {"name": "you"}))

    local = World(HELLO, {"name": "you", "n": 2}).prepare("t", tmp_path / "io")

    assert read_step(pod.directory / "pod/argosy/private").argv == local.argv
