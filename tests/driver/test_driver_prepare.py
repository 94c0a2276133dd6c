"""The step of a task: arguments, environment, paths, downloads, records, refusals."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argosy_driver.preparing.adoption import compute_basis
from argosy_driver.preparing.paths import ClusterPaths
from argosy_schemas.errors import RetryableTaskError, StoreError
from argosy_schemas.formats.records import (
    Artifact,
    AttemptRecord,
    AttemptState,
    Content,
    ContentKind,
    Failure,
    Reason,
    Values,
)
from argosy_schemas.formats.step import Decision, OutputArtifact, OutputParameter, Step, UriMapping
from argosy_schemas.ir.model import ArtifactType, ControlEntry, ControlForm, ParameterType
from argosy_schemas.names import ArtifactUri, AttemptId, TaskPath
from argosy_schemas.values import JsonValue
from argosy_store.digests import digest_bytes
from argosy_store.memory import MemoryStore, get_memory_store
from driver_support import (
    DATASET,
    DATASETS,
    IN_ANY_CASE,
    RUN,
    STARTED,
    Json,
    World,
    dag,
    dataset,
    given,
    given_artifact,
    importer,
    leaf,
    output,
    output_artifact,
    pipeline,
    status,
    task,
)

INPUTS = {
    "text": "STRING",
    "number": {"parameterType": "NUMBER_INTEGER", "defaultValue": 7, "isOptional": True},
    "absent": {"parameterType": "STRING", "isOptional": True},
}
ROOT = "s3://bucket/root/demo/run-1/t/attempt-1"


def world_of(component: Json, parameters: Json | None = None, **fields: Any) -> World:
    """A run of the one task ``t``."""
    return World(pipeline(dag({"t": task("comp-t", parameters)}), {"comp-t": component}), **fields)


def argv_of(*args: str, directory: Path, **fields: Any) -> tuple[str, ...]:
    """The arguments after ``echo`` of a task with inputs of all sorts."""
    component = leaf(
        INPUTS,
        {"result": "STRING"},
        artifacts={"data": DATASET, "many": DATASETS, "maybe": {**DATASET, "isOptional": True}},
        output_artifacts={"model": {**DATASET, "metadata": {"kind": "tree"}}},
        args=list(args),
        **fields,
    )
    root = dag(
        {
            "t": task(
                "comp-t",
                {"text": "hello"},
                {"data": output_artifact("before"), "many": output_artifact("before", "many")},
            ),
            "before": task("comp-b"),
        }
    )
    before = leaf(output_artifacts={"data": DATASET, "many": DATASETS})
    world = World(pipeline(root, {"comp-t": component, "comp-b": before}))
    nothing = Content(kind=ContentKind.ABSENT)
    one = dataset("s3://b/k/one.csv", metadata={"rows": 3.5, "who": "me"}, content=nothing)
    two = dataset("gs://b/two", content=nothing)
    world.succeeded("before", data=one, many=(*one, *two))
    step = world.prepare("t", directory)
    assert step.failure is None
    return step.argv[1:]


@pytest.mark.parametrize(
    ("placeholder", "text"),
    [
        ("{{$.inputs.parameters['text']}}", "hello"),
        ("{{$.inputs.parameters['number']}}", "7"),
        ("<{{$.inputs.parameters['absent']}}>", "<>"),
        ("{{$.inputs.parameters['undeclared']}}", "{{$.inputs.parameters['undeclared']}}"),
        ("{{$.inputs.artifacts['data'].uri}}", "IO/inputs/e712cc71026f/one.csv"),
        ("{{$.inputs.artifacts['data'].path}}", "IO/inputs/e712cc71026f/one.csv"),
        ("{{$.inputs.artifacts['data'].name}}", "data"),
        ("{{$.inputs.artifacts['data'].metadata}}", '{"rows":3.5,"who":"me"}'),
        ("{{$.inputs.artifacts['data'].metadata['who']}}", "me"),
        ("{{$.inputs.artifacts['data'].metadata['rows']}}", "3.5"),
        (
            "{{$.inputs.artifacts['data'].metadata['none']}}",
            "{{$.inputs.artifacts['data'].metadata['none']}}",
        ),
        ("<{{$.inputs.artifacts['maybe'].uri}}>", "<>"),
        ("{{$.outputs.artifacts['model'].uri}}", "IO/outputs/model"),
        ("{{$.outputs.artifacts['model'].path}}", "IO/outputs/model"),
        ("{{$.outputs.artifacts['model'].metadata['kind']}}", "tree"),
        ("{{$.outputs.artifacts['model'].metadata}}", '{"kind":"tree"}'),
        ("{{$.outputs.parameters['result'].output_file}}", "IO/parameters/result"),
        ("{{$.outputs.output_file}}", "IO/outputs/executor_output.json"),
        ("{{$.outputMetadataUri}}", "IO/outputs/executor_output.json"),
        ("{{$.pipeline_root}}/tmp", "s3://bucket/root/tmp"),
        ("{{$.pipeline_task_name}}", "t"),
        ('{"IfPresent": {"InputName": "text", "Then": ["a", "b"]}}', "a b"),
        ('{"IfPresent": {"InputName": "number", "Then": "default counts"}}', "default counts"),
        ('{"IfPresent": {"InputName": "absent", "Then": "t", "Else": "e"}}', "e"),
        ('{"IfPresent": {"InputName": "data", "Then": "artifact"}}', "artifact"),
        ('{"IfPresent": {"InputName": "maybe", "Then": "t", "Else": "e"}}', "e"),
        ('{"Concat": ["--x=", "{{$.inputs.parameters[\'number\']}}"]}', "--x=7"),
    ],
)
def test_a_placeholder_in_an_argument(placeholder: str, text: str, tmp_path: Path) -> None:
    assert " ".join(argv_of(placeholder, directory=tmp_path)) == text.replace("IO", str(tmp_path))


def test_the_placeholder_of_an_artifact_list_is_json(tmp_path: Path) -> None:
    (text,) = argv_of("{{$.inputs.artifacts['many']}}", directory=tmp_path)

    found: list[dict[str, JsonValue]] = json.loads(text)
    assert [(each["name"], str(each["uri"]).rpartition("/")[2]) for each in found] == [
        ("data", "one.csv"),
        ("data", "two"),
    ]
    assert found[0]["type"] == {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}


def test_placeholders_of_the_command_are_replaced_too(tmp_path: Path) -> None:
    component = leaf(INPUTS, command=["sh", "-c", "echo {{$.inputs.parameters['text']}}"])

    step = world_of(component, {"text": "hello"}).prepare("t", tmp_path)

    assert step.argv == ("sh", "-c", "echo hello")


def test_variables_are_resolved_and_the_last_of_a_name_wins(tmp_path: Path) -> None:
    env = [
        {"name": "A", "value": "first"},
        {"name": "B", "value": "b={{$.inputs.parameters['text']}}"},
        {"name": "A", "value": "{{$.pipeline_job_uuid}}"},
    ]

    step = world_of(leaf(INPUTS, env=env), {"text": "hello"}).prepare("t", tmp_path)

    assert step.env == (("A", "run-1"), ("B", "b=hello"))


def test_the_executor_input_is_what_the_sdk_expects(tmp_path: Path) -> None:
    (text,) = argv_of("{{$}}", directory=tmp_path)

    type_ = {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}
    one = {
        "name": "data",
        "uri": f"{tmp_path}/inputs/e712cc71026f/one.csv",
        "type": type_,
        "metadata": {"rows": 3.5, "who": "me"},
    }
    message = json.loads(text)
    two = message["inputs"]["artifacts"]["many"]["artifacts"].pop()
    assert (two["name"], two["type"], two["metadata"]) == ("data", type_, {})
    assert message == {
        "inputs": {
            "parameterValues": {"text": "hello", "number": 7},
            "artifacts": {"data": {"artifacts": [one]}, "many": {"artifacts": [one]}},
        },
        "outputs": {
            "parameters": {"result": {"outputFile": f"{tmp_path}/parameters/result"}},
            "artifacts": {
                "model": {
                    "artifacts": [
                        {
                            "name": "model",
                            "uri": f"{tmp_path}/outputs/model",
                            "type": type_,
                            "metadata": {"kind": "tree"},
                        }
                    ]
                }
            },
            "outputFile": f"{tmp_path}/outputs/executor_output.json",
        },
    }


def test_escaped_executor_input_fits_into_json_texts(tmp_path: Path) -> None:
    (text, plain) = argv_of('{"a": "{{$.json_escape[1]}}"}', "{{$}}", directory=tmp_path)

    assert json.loads(text) == {"a": plain}


def test_constants_may_tell_paths_and_the_executor_input(tmp_path: Path) -> None:
    parameters = {"file": "{{$.outputs.output_file}}", "all": ["{{$}}"]}
    component = leaf({"file": "STRING", "all": "LIST"}, args=["{{$}}"])

    step = world_of(component, parameters).prepare("t", tmp_path)

    received = json.loads(step.argv[1])["inputs"]["parameterValues"]
    assert received["file"] == f"{tmp_path}/outputs/executor_output.json"
    # The message in the message is the one without itself.
    assert json.loads(received["all"][0])["inputs"]["parameterValues"]["all"] == ["{{$}}"]


def test_a_step_says_all_that_is_left_to_do(tmp_path: Path) -> None:
    component = leaf(
        {"x": "STRING"},
        {"result": "NUMBER_INTEGER"},
        output_artifacts={"model": {**DATASETS, "metadata": {"k": 1.0}}},
    )
    world = world_of(component, {"x": "v"})
    entry = ControlEntry(output="result", form=ControlForm.VALUE)
    world.pipeline = replace(world.pipeline, control={("root", "t"): (entry,)})

    step = world.prepare("t", tmp_path)

    assert step == Step(
        run_id=RUN,
        pipeline="demo",
        task_path=TaskPath("t"),
        attempt_id=AttemptId("attempt-1"),
        decision=Decision.RUN,
        started_at=STARTED,
        argv=("echo",),
        inputs=Values(parameters={"x": "v"}),
        output_parameters=(
            OutputParameter(
                name="result",
                type=ParameterType.NUMBER_INTEGER,
                path=f"{tmp_path}/parameters/result",
            ),
        ),
        output_artifacts=(
            OutputArtifact(
                name="model",
                type=ArtifactType(schema_title="system.Dataset", schema_version="0.0.1"),
                is_list=True,
                metadata={"k": 1},
                path=f"{tmp_path}/outputs/model",
                uri=ArtifactUri(f"{ROOT}/model"),
                seen_uri=f"{tmp_path}/outputs/model",
            ),
        ),
        executor_output_path=f"{tmp_path}/outputs/executor_output.json",
        uri_mappings=(UriMapping(seen=f"{tmp_path}/outputs", stored=ROOT),),
        control=(entry,),
        log_key="runs/run-1/tasks/t/attempt-1.log",
        root="s3://bucket/root",
        basis=compute_basis(Values(parameters={"x": "v"}), {}),
    )


def test_an_attempt_is_on_record_before_it_runs(tmp_path: Path) -> None:
    world = world_of(leaf({"x": "STRING"}), {"x": "v"})

    world.prepare("t", tmp_path)

    (record,) = world.records.read_attempts(TaskPath("t"))
    assert (record.state, record.attempt_id, record.started_at) == (
        AttemptState.RUNNING,
        "attempt-1",
        STARTED,
    )
    assert record.inputs == Values(parameters={"x": "v"})


def test_a_task_that_succeeded_before_is_adopted(tmp_path: Path) -> None:
    world = world_of(leaf({"x": "STRING"}, {"Output": "STRING"}), {"x": "v"})
    world.succeeded("t", Output="done")

    step = world.prepare("t", tmp_path)

    assert step.decision is Decision.ADOPTED
    assert step.outputs == Values(parameters={"Output": "done"})
    assert step.argv == ()
    assert world.records.read_attempt(TaskPath("t"), AttemptId("attempt-1")) is None
    assert list(tmp_path.iterdir()) == []


def world_of_follower(component: Json | None = None, **inputs: Any) -> World:
    """A run in which ``ex`` follows ``exit-handler-1`` and ``b`` whatever becomes of them."""
    component = component or leaf({"x": {"parameterType": "STRING", "defaultValue": "none"}})
    after = ["exit-handler-1", "b"]
    tasks = {
        "exit-handler-1": task("body"),
        "b": task("say"),
        "ex": task("ex", inputs, dependentTasks=after, **IN_ANY_CASE),
    }
    components = {"body": dag({"c": task("say")}), "say": leaf({}, {"Output": "STRING"})}
    return World(pipeline(dag(tasks), {**components, "ex": component}))


def finished_before(world: World, step: Step) -> None:
    """Record that an attempt ended."""
    world.records.write_success(
        AttemptRecord(
            run_id=RUN,
            pipeline="demo",
            task_path=step.task_path,
            attempt_id=step.attempt_id,
            state=AttemptState.SUCCEEDED,
            started_at=STARTED,
            inputs=step.inputs,
            basis=step.basis,
        )
    )


SUCCEEDED = {"exit-handler-1": "Succeeded", "b": "Succeeded"}


@pytest.mark.parametrize(
    ("before", "now", "decision"),
    [
        (SUCCEEDED, SUCCEEDED, Decision.ADOPTED),
        ({**SUCCEEDED, "b": "Failed"}, SUCCEEDED, Decision.RUN),
        ({**SUCCEEDED, "b": "Failed"}, {**SUCCEEDED, "b": "Error"}, Decision.ADOPTED),
        (SUCCEEDED, {**SUCCEEDED, "b": "Failed"}, Decision.RUN),
    ],
    ids=["the same", "better", "another kind of failure", "worse"],
)
def test_a_task_with_other_upstream_statuses_than_before_runs_again(
    before: Json, now: Json, decision: Decision, tmp_path: Path
) -> None:
    world = world_of_follower()
    first = world.prepare("ex", tmp_path, attempt="first", upstream=before)
    finished_before(world, first)

    step = world.prepare("ex", tmp_path, attempt="second", upstream=now)

    assert step.decision is decision
    assert step.replaces == (None if decision is Decision.ADOPTED else "first")


def test_a_task_that_has_other_inputs_than_before_runs_again(tmp_path: Path) -> None:
    world = world_of_follower(x=output("b"))
    statuses = {**SUCCEEDED, "b": "Failed"}
    finished_before(world, world.prepare("ex", tmp_path, attempt="first", upstream=statuses))
    world.succeeded("b", Output="real")

    step = world.prepare("ex", tmp_path, attempt="second", upstream=SUCCEEDED)

    assert (step.decision, step.replaces) == (Decision.RUN, "first")
    assert step.inputs.parameters == {"x": "real"}


def test_paths_that_are_new_in_each_attempt_are_no_other_inputs(tmp_path: Path) -> None:
    world = world_of(leaf({"x": "STRING"}), {"x": "{{$.outputs.output_file}}"})
    first = world.prepare("t", tmp_path / "1", attempt="first")
    finished_before(world, first)

    step = world.prepare("t", tmp_path / "2", attempt="second")

    assert first.inputs.parameters == {"x": f"{tmp_path}/1/outputs/executor_output.json"}
    assert step.decision is Decision.ADOPTED


@pytest.mark.parametrize(
    ("statuses", "decision"),
    [({"exit-handler-1": "Failed"}, Decision.RUN), ({".": "Failed"}, Decision.ADOPTED)],
    ids=["in its own place", "the twin"],
)
def test_the_twin_of_an_exit_task_that_ran_in_its_place_does_nothing(
    statuses: Json, decision: Decision, tmp_path: Path
) -> None:
    world = world_of_follower(leaf({"s": "TASK_FINAL_STATUS"}), s=status("exit-handler-1"))
    finished_before(world, world.prepare("ex", tmp_path, attempt="first", upstream=SUCCEEDED))

    step = world.prepare("ex", tmp_path, attempt="second", upstream=statuses, pod=TaskPath("ex"))

    assert step.decision == decision


def stopped(world: World, directory: Path) -> Step:
    """What the driver makes of a task that runs because the workflow was stopped."""
    return world.prepare("t", directory, upstream={".": "Failed"}, pod=TaskPath("t"))


def exit_world(**fields: Any) -> World:
    tasks = {
        "t": task("comp-t", dependentTasks=["b"], **IN_ANY_CASE, **fields),
        "b": task("comp-t"),
    }
    return World(pipeline(dag(tasks), {"comp-t": leaf()}))


def test_a_stopped_workflow_does_not_repeat_what_had_failed_by_itself(tmp_path: Path) -> None:
    world = exit_world()
    world.failed("t", "exit code 3")

    step = stopped(world, tmp_path)

    assert step.decision is Decision.ADOPTED
    assert step.failure == Failure(reason=Reason.COMMAND_FAILED, message="exit code 3")
    assert world.prepare("t", tmp_path).decision is Decision.RUN


def test_a_stopped_workflow_runs_what_it_interrupted_once_more(tmp_path: Path) -> None:
    world = exit_world()
    world.failed("t", "the run was stopped", state=AttemptState.CANCELED, reason=Reason.CANCELED)

    assert stopped(world, tmp_path).decision is Decision.RUN


def test_a_task_with_attempts_to_come_had_not_come_to_its_end(tmp_path: Path) -> None:
    world = exit_world(retryPolicy={"maxRetryCount": 1})
    world.failed("t", "exit code 3", attempt="z-first")

    first = stopped(world, tmp_path).decision
    world.failed("t", "exit code 4", attempt="a-second")

    assert first is Decision.RUN
    # The attempt that the driver of the stopped workflow began is on record as well.
    world.failed("t", "exit code 5", attempt="attempt-1")
    assert stopped(world, tmp_path).failure is not None


def test_a_failure_that_no_retry_can_help_is_an_end(tmp_path: Path) -> None:
    world = exit_world(retryPolicy={"maxRetryCount": 5})
    world.failed("t", "no such command", reason=Reason.COMMAND_NOT_FOUND, final=True)

    assert stopped(world, tmp_path).decision is Decision.ADOPTED


def test_retries_of_the_pipeline_around_count(tmp_path: Path) -> None:
    around = task("comp-d", dependentTasks=["b"], retryPolicy={"maxRetryCount": 1}, **IN_ANY_CASE)
    components = {"comp-d": dag({"t": task("comp-t")}), "comp-t": leaf()}
    world = World(pipeline(dag({"d": around, "b": task("comp-t")}), components))
    world.failed("d/t", "exit code 3")

    step = world.prepare("d/t", tmp_path, upstream={".": "Failed"}, pod=TaskPath("d/t"))

    assert step.decision is Decision.RUN


# Refusals.


@pytest.mark.parametrize(
    ("parameters", "args", "message"),
    [
        pytest.param(
            {"x": "a" * 131_072, "y": "b"},
            ["{{$.inputs.parameters['x']}}"],
            "task 't': argument 1 of the command has 131072 bytes, and Linux takes 131071; the "
            "largest input is 'x' with 131072 bytes; pass large values as artifacts",
            id="ASCII",
        ),
        pytest.param(
            {"x": "é" * 65_536, "y": "b"},
            ["{{$.inputs.parameters['x']}}"],
            "task 't': argument 1 of the command has 131072 bytes, and Linux takes 131071; the "
            "largest input is 'x' with 131072 bytes; pass large values as artifacts",
            id="other letters",
        ),
    ],
)
def test_an_argument_that_linux_refuses_is_refused_before(
    parameters: Json, args: list[str], message: str, tmp_path: Path
) -> None:
    step = world_of(leaf(dict.fromkeys(parameters, "STRING"), args=args), parameters).prepare(
        "t", tmp_path
    )

    assert step.decision is Decision.FAILED
    assert step.failure == Failure(reason=Reason.ARGUMENT_TOO_LONG, message=message, final=True)
    assert step.argv == ()


def test_the_longest_argument_passes(tmp_path: Path) -> None:
    component = leaf({"x": "STRING"}, args=["{{$.inputs.parameters['x']}}"])

    step = world_of(component, {"x": "a" * 131_071}).prepare("t", tmp_path)

    assert step.decision is Decision.RUN


def test_a_variable_that_linux_refuses_is_refused_before(tmp_path: Path) -> None:
    env = [{"name": "A", "value": "{{$.inputs.parameters['x']}}"}]

    step = world_of(leaf({"x": "STRING"}, env=env), {"x": "a" * 131_070}).prepare("t", tmp_path)

    assert step.failure is not None
    assert step.failure.message.startswith(
        "task 't': environment variable 'A' has 131072 bytes, and Linux takes 131071; "
    )


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("a\0b", "contains a NUL character from input 'x', which no process can get"),
        ("a\ud800b", "contains '\\ud800', half of a character"),
    ],
)
def test_text_that_no_process_can_get_is_refused(value: str, message: str, tmp_path: Path) -> None:
    component = leaf({"x": "STRING"}, args=["{{$.inputs.parameters['x']}}"])
    root = dag({"t": task("comp-t", {"x": {"componentInputParameter": "p"}})}, {"p": "STRING"})
    world = World(pipeline(root, {"comp-t": component}), {"p": value})

    step = world.prepare("t", tmp_path)

    assert step.failure == Failure(
        reason=Reason.INVALID_INPUT,
        message=f"task 't': argument 1 of the command {message}; pass it as an artifact",
        final=True,
    )


@pytest.mark.parametrize("args", [[], ["--flag"]])
def test_a_component_without_a_command_is_explained(args: list[str], tmp_path: Path) -> None:
    step = world_of(leaf(command=[], args=args)).prepare("t", tmp_path)

    assert step.failure == Failure(
        reason=Reason.UNSUPPORTED,
        message="task 't': the component has no command, and the entrypoint inside image "
        "'busybox' cannot be seen from here; set 'command' in its container spec, or use "
        "'argosy run --runner docker'",
        final=True,
    )


def test_arguments_alone_are_the_command_as_in_the_reference(tmp_path: Path) -> None:
    step = world_of(leaf(command=[], args=["echo", "x"])).prepare("t", tmp_path)

    assert step.argv == ("echo", "x")


def test_an_invalid_input_makes_a_failed_step(tmp_path: Path) -> None:
    component = leaf({"x": "STRING"})
    root = dag(
        {"t": task("comp-t", {"x": {"componentInputParameter": "p"}})},
        {"p": {"parameterType": "STRING", "isOptional": True}},
    )

    step = World(pipeline(root, {"comp-t": component})).prepare("t", tmp_path)

    assert step.decision is Decision.FAILED
    assert step.failure == Failure(
        reason=Reason.INVALID_INPUT,
        message="task 't': input 'x' is null; pass a value or make the input optional",
        final=True,
    )


class Flaky(MemoryStore):
    """Refuses to write."""

    def __init__(self, *, retryable: bool) -> None:
        super().__init__("memory://flaky")
        self.retryable = retryable

    def put(self, key: str, data: bytes) -> None:
        raise StoreError("memory://flaky: is away", retryable=self.retryable)


@pytest.mark.parametrize(
    "config",
    [
        {
            "secretAsEnv": [
                {
                    "secretNameParameter": given("name"),
                    "keyToEnv": [{"secretKey": "k", "envVar": "E"}],
                }
            ]
        },
        {"secretAsVolume": [{"secretNameParameter": given("name"), "mountPath": "/x"}]},
    ],
)
def test_a_parameter_must_not_name_a_secret_of_the_store(config: Json, tmp_path: Path) -> None:
    root = dag({"t": task("comp-t")}, {"name": "STRING"})
    of = pipeline(root, {"comp-t": leaf()}, kubernetes={"exec-t": config})
    taken = frozenset({"keys"})

    own = World(of, {"name": "mine"}, store_secrets=taken).prepare("t", tmp_path)
    stores = World(of, {"name": "keys"}, store_secrets=taken).prepare("t", tmp_path)

    assert (own.decision, stores.decision) == (Decision.RUN, Decision.FAILED)
    assert stores.failure is not None
    assert stores.failure.message == (
        "task 't' uses the secret 'keys', which has the credentials of the store for driver and "
        "launcher; give the task a secret of its own"
    )


def test_a_store_that_is_away_can_be_tried_again(tmp_path: Path) -> None:
    with pytest.raises(RetryableTaskError) as caught:
        world_of(leaf(), store=Flaky(retryable=True)).prepare("t", tmp_path)

    assert str(caught.value) == "task 't': memory://flaky: is away"
    assert caught.value.reason == Reason.STORE_FAILED


def test_a_store_that_refuses_fails_the_task(tmp_path: Path) -> None:
    step = world_of(leaf(), store=Flaky(retryable=False)).prepare("t", tmp_path)

    assert step.failure == Failure(
        reason=Reason.STORE_FAILED, message="task 't': memory://flaky: is away", final=True
    )


def test_a_directory_that_cannot_be_made_fails_the_task(tmp_path: Path) -> None:
    (tmp_path / "outputs").write_text("a file in its place")

    step = world_of(leaf()).prepare("t", tmp_path)

    assert step.decision is Decision.FAILED
    assert step.failure is not None
    assert step.failure.reason is Reason.STORE_FAILED
    assert step.failure.message.startswith(f"task 't': {tmp_path}/outputs: could not be written")


# ComponentPaths and downloads.


def using(uri: str, *, bucket: str, **fields: Any) -> World:
    """A task that reads one artifact, and keeps its root in memory."""
    root = dag(
        {
            "t": task(
                "comp-t",
                None,
                {"a": output_artifact("before"), "same": output_artifact("before")},
            ),
            "before": task("comp-b"),
        }
    )
    components = {
        "comp-t": leaf(
            artifacts={"a": DATASET, "same": DATASET},
            args=["{{$.inputs.artifacts['a'].path}}", "{{$.inputs.artifacts['same'].path}}"],
            outputs={"p": "STRING"},
            output_artifacts={"m": DATASET},
        ),
        "comp-b": leaf(output_artifacts={"data": DATASET}),
    }
    world = World(pipeline(root, components), root=f"memory://{bucket}/root")
    world.succeeded("before", data=dataset(uri, **fields))
    return world


def test_inputs_are_downloaded_into_the_directory_of_the_task(tmp_path: Path) -> None:
    get_memory_store("local").put("data/train.csv", b"x")

    step = using("memory://local/data/train.csv", bucket="local").prepare("t", tmp_path)

    first, second = step.argv[1:]
    assert first == second
    assert Path(first).name == "train.csv"
    assert Path(first).is_relative_to(tmp_path)
    assert Path(first).read_bytes() == b"x"
    assert step.inputs.artifacts["a"][0].uri == "memory://local/data/train.csv"
    assert [a.uri for a in step.seen_artifacts.values()] == ["memory://local/data/train.csv"]
    assert list(step.seen_artifacts) == [first]


def test_directories_for_outputs_are_there_before_the_command(tmp_path: Path) -> None:
    get_memory_store("dirs").put("k", b"x")

    using("memory://dirs/k", bucket="dirs").prepare("t", tmp_path)

    assert sorted(path.name for path in tmp_path.iterdir()) == ["inputs", "outputs", "parameters"]


def test_a_directory_is_downloaded_as_one(tmp_path: Path) -> None:
    get_memory_store("tree").put("k/a", b"A")
    get_memory_store("tree").put("k/b/c", b"C")
    get_memory_store("tree").put("k2", b"other")
    content = Content(kind=ContentKind.DIRECTORY, files=2, size_bytes=2)

    step = using("memory://tree/k", bucket="tree", content=content).prepare("t", tmp_path)

    found = Path(step.argv[1])
    assert sorted(str(p.relative_to(found)) for p in found.rglob("*") if p.is_file()) == [
        "a",
        "b/c",
    ]


def test_bytes_that_are_gone_are_an_error_that_names_them(tmp_path: Path) -> None:
    step = using("memory://gone/k", bucket="gone").prepare("t", tmp_path)

    assert step.failure == Failure(
        reason=Reason.INVALID_INPUT,
        message="task 't': input artifact 'a' is gone from 'memory://gone/k'; "
        "run the task that made it again",
        final=True,
    )


def test_bytes_that_no_task_stored_are_an_error_that_names_them(tmp_path: Path) -> None:
    get_memory_store("forged").put("k", b"2")
    content = Content(kind=ContentKind.FILE, files=1, size_bytes=1, digest=digest_bytes(b"1"))

    step = using("memory://forged/k", bucket="forged", content=content).prepare("t", tmp_path)

    assert step.failure == Failure(
        reason=Reason.INVALID_INPUT,
        message="task 't': input artifact 'a' at 'memory://forged/k' is not what its task stored; "
        "run that task again",
        final=True,
    )


@pytest.mark.parametrize("uri", ["memory://gone/k", "file:///no/such/file", "/no/such/directory/"])
def test_an_import_of_nothing_fails_the_first_task_that_reads_it(uri: str, tmp_path: Path) -> None:
    root = dag(
        {
            "i": task("comp-i"),
            "n": task("comp-n", artifacts={"a": output_artifact("i", "artifact")}),
        }
    )
    nested = dag(
        {"t": task("comp-t", artifacts={"b": given_artifact("a")})}, artifacts={"a": DATASET}
    )
    components = {
        "comp-i": importer(artifactUri={"constant": uri}),
        "comp-n": nested,
        "comp-t": leaf(artifacts={"b": DATASET}),
    }

    step = World(pipeline(root, components)).prepare("n/t", tmp_path)

    assert step.failure == Failure(
        reason=Reason.INVALID_INPUT,
        message=f"task 'n/t': input artifact 'b' does not exist at '{uri}'; correct the URI, "
        "or put something there",
        final=True,
    )


def test_an_artifact_that_was_never_written_is_no_error(tmp_path: Path) -> None:
    nothing = Content(kind=ContentKind.ABSENT)

    step = using("memory://gone/k", bucket="gone", content=nothing).prepare("t", tmp_path)

    assert step.decision is Decision.RUN
    assert not Path(step.argv[1]).exists()


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("https://example.com/data.csv", "{{$.inputs.artifacts['a'].path}}"),
        ("hf://org/model", "{{$.inputs.artifacts['a'].path}}"),
    ],
)
def test_what_no_store_holds_is_passed_on_as_it_is(uri: str, path: str, tmp_path: Path) -> None:
    step = using(uri, bucket="none", content=None).prepare("t", tmp_path)

    assert step.argv[1] == path
    assert list(step.seen_artifacts) == [uri]


def artifact(uri: str, **metadata: JsonValue) -> Artifact:
    return Artifact(name="a", uri=ArtifactUri(uri), type=ArtifactType(), metadata=metadata)


@pytest.mark.parametrize(
    ("uri", "seen", "path"),
    [
        ("s3://b/k/x", "s3://b/k/x", "/s3/b/k/x"),
        ("gs://b/k", "gs://b/k", "/gcs/b/k"),
        ("minio://b/k", "minio://b/k", "/minio/b/k"),
        ("oci://reg.io/org/m:1", "oci://reg.io/org/m:1", "/oci/reg.io_org_m:1/models"),
        ("az://c/k", "/argosy/exchange/artifacts/az/c/k", "/argosy/exchange/artifacts/az/c/k"),
        (
            "file:///data/x",
            "/argosy/exchange/artifacts/file/data/x",
            "/argosy/exchange/artifacts/file/data/x",
        ),
        ("https://example.com/x", "https://example.com/x", None),
    ],
)
def test_in_a_pod_artifacts_are_where_the_sdk_looks(uri: str, seen: str, path: str | None) -> None:
    found = ClusterPaths().input_artifact(artifact(uri))

    assert (found.uri, found.path) == (seen, path)


def test_in_a_pod_imports_into_the_workspace_are_there() -> None:
    found = ClusterPaths().input_artifact(artifact("s3://b/k", _kfp_workspace=True))

    assert (found.uri, found.path, found.is_marked) == (
        "s3://b/k",
        "/kfp-workspace/.artifacts/s3/b/k",
        True,
    )


def test_a_pod_finds_inputs_and_outputs_where_the_step_says(tmp_path: Path) -> None:
    get_memory_store("pod").put("k", b"x")
    world = using("memory://pod/k", bucket="pod")

    step = world.prepare("t", paths=ClusterPaths(tmp_path))

    here = "/argosy/exchange/artifacts/memory/pod"
    root = f"{here}/root/demo/run-1/t/attempt-1"
    assert step.argv[1] == f"{here}/k"
    assert (tmp_path / step.argv[1].lstrip("/")).read_bytes() == b"x"
    assert step.executor_output_path == f"{root}/executor_output.json"
    assert step.output_artifacts[0].path == f"{root}/m"
    assert step.output_artifacts[0].uri == "memory://pod/root/demo/run-1/t/attempt-1/m"
    assert step.output_parameters[0].path == "/argosy/exchange/outputs/p"
    assert step.uri_mappings == (
        UriMapping(seen=root, stored="memory://pod/root/demo/run-1/t/attempt-1"),
    )
    for path in (root, "/argosy/exchange/outputs"):
        directory = tmp_path / path.lstrip("/")
        assert directory.stat().st_mode & 0o777 == 0o777


def test_without_artifacts_a_pod_needs_the_shared_volume_alone(tmp_path: Path) -> None:
    step = world_of(leaf(outputs={"p": "STRING"})).prepare("t", paths=ClusterPaths(tmp_path))

    assert step.executor_output_path == "/argosy/exchange/outputs/executor_output.json"
    assert [path.name for path in tmp_path.iterdir()] == ["argosy"]


def test_the_workspace_mark_is_kept_where_the_sdk_understands_it(tmp_path: Path) -> None:
    root = dag(
        {
            "i": task("comp-i"),
            "t": task("comp-t", artifacts={"a": output_artifact("i", "artifact")}),
        }
    )
    components = {
        "comp-i": importer(artifactUri={"constant": "memory://ws/k"}, downloadToWorkspace=True),
        "comp-t": leaf(
            artifacts={"a": DATASET}, args=["{{$}}", "{{$.inputs.artifacts['a'].path}}"]
        ),
    }
    get_memory_store("ws").put("k", b"x")
    world = World(pipeline(root, components))

    pod = world.prepare("t", paths=ClusterPaths(tmp_path / "pod"))
    local = world.prepare("t", tmp_path / "local", attempt="attempt-2")

    def metadata(step: Step) -> object:
        return json.loads(step.argv[1])["inputs"]["artifacts"]["a"]["artifacts"][0]["metadata"]

    assert metadata(pod) == {"_kfp_workspace": True}
    assert (tmp_path / "pod" / pod.argv[2].lstrip("/")).read_bytes() == b"x"
    assert metadata(local) == {}
    assert Path(local.argv[2]).read_bytes() == b"x"


def test_given_artifacts_reach_the_task(tmp_path: Path) -> None:
    root = dag(
        {"t": task("comp-t", artifacts={"a": given_artifact("p")})}, artifacts={"p": DATASET}
    )
    component = leaf(artifacts={"a": DATASET}, args=["{{$.inputs.artifacts['a'].path}}"])
    source = tmp_path / "given.txt"
    source.write_text("hello")
    given = (artifact(f"file://{source}"),)

    step = World(pipeline(root, {"comp-t": component}), artifacts={"p": given}).prepare(
        "t", tmp_path / "io"
    )

    assert Path(step.argv[1]).read_text() == "hello"
    assert Path(step.argv[1]) != source
