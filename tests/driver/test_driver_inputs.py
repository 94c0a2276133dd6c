"""What a task receives: constants, defaults, nulls, types, literals, selectors."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Iterator
from typing import Any

import pytest

from argosy_schemas.errors import FinalTaskError, StoreError
from argosy_schemas.formats.records import AttemptState, Reason
from argosy_schemas.names import TaskPath
from argosy_schemas.values import JsonValue
from argosy_store.memory import MemoryStore
from argosy_store.objects import ObjectInfo
from driver_support import (
    DATASET,
    IN_ANY_CASE,
    RUN,
    CountedRecords,
    Json,
    World,
    dag,
    dataset,
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


def one_task(
    inputs: dict[str, Any],
    parameters: dict[str, Any],
    *,
    root_inputs: dict[str, Any] | None = None,
    **fields: Any,
) -> World:
    """A pipeline of the task ``t``, its component declaring ``inputs``."""
    root = dag({"t": task("comp-t", parameters, **fields)}, root_inputs)
    return World(pipeline(root, {"comp-t": leaf(inputs)}))


OPTIONAL: Json = {"parameterType": "STRING", "isOptional": True}
DEFAULT: Json = {"parameterType": "NUMBER_INTEGER", "defaultValue": 7, "isOptional": True}
REQUIRED_WITH_DEFAULT: Json = {"parameterType": "NUMBER_INTEGER", "defaultValue": 7}


@pytest.mark.parametrize(
    ("kind", "value", "received"),
    [
        pytest.param("STRING", "text", "text", id="text"),
        pytest.param("STRING", "", "", id="empty text"),
        pytest.param("STRING", 1.0, "1", id="integral number as text"),
        pytest.param("STRING", 1.5e-7, "0.00000015", id="small number as text"),
        pytest.param("STRING", True, "true", id="boolean as text"),
        pytest.param("STRING", {"b": [1.0], "a": None}, '{"a":null,"b":[1]}', id="struct as text"),
        pytest.param("NUMBER_INTEGER", 2.0, 2, id="integral double"),
        pytest.param("NUMBER_INTEGER", 3.5, 3.5, id="a fraction passes as in the reference"),
        pytest.param("NUMBER_DOUBLE", 2, 2, id="integer for a double"),
        pytest.param("BOOLEAN", False, False, id="boolean"),
        pytest.param("LIST", [1.0, [2.0]], [1, [2]], id="list"),
        pytest.param("STRUCT", {"a": {"b": 1.0}}, {"a": {"b": 1}}, id="struct"),
    ],
)
def test_a_value_arrives_as_its_declared_type(
    kind: str, value: JsonValue, received: JsonValue
) -> None:
    world = one_task({"x": kind}, {"x": value})

    assert world.inputs("t") == {"x": received}


@pytest.mark.parametrize(
    ("kind", "value", "message"),
    [
        pytest.param("NUMBER_INTEGER", "5", "is a string, not a NUMBER_INTEGER", id="text"),
        pytest.param("BOOLEAN", 1, "is a number, not a BOOLEAN", id="number"),
        pytest.param("LIST", "[1]", "is a string, not a LIST", id="JSON text"),
        pytest.param("STRUCT", [1], "is a list, not a STRUCT", id="list"),
    ],
)
def test_another_kind_of_value_is_refused_by_name(
    kind: str, value: JsonValue, message: str
) -> None:
    root = dag({"t": task("comp-t", {"x": output("before")}), "before": task("comp-b")})
    world = World(
        pipeline(root, {"comp-t": leaf({"x": kind}), "comp-b": leaf(outputs={"Output": kind})})
    )
    world.succeeded("before", Output=value)

    with pytest.raises(FinalTaskError) as caught:
        world.inputs("t")

    assert str(caught.value) == f"task 't': input 'x' {message}; pass a value of that type"


@pytest.mark.parametrize(
    ("spec", "received"),
    [
        pytest.param(OPTIONAL, {}, id="optional: left out"),
        pytest.param(DEFAULT, {"x": 7}, id="optional with a default"),
        pytest.param(REQUIRED_WITH_DEFAULT, {"x": 7}, id="a default alone will do"),
        pytest.param(
            {"parameterType": "TASK_FINAL_STATUS", "isOptional": True},
            {"x": {}},
            id="final status: empty",
        ),
    ],
)
def test_what_a_container_gets_for_an_input_not_supplied(spec: Json, received: Json) -> None:
    assert one_task({"x": spec}, {}).inputs("t") == received


def test_an_input_without_value_or_default_is_refused() -> None:
    root = dag(
        {"after": task("comp-t", {"x": output("before")}, **IN_ANY_CASE), "before": task("comp-b")}
    )
    world = World(
        pipeline(
            root, {"comp-t": leaf({"x": "STRING"}), "comp-b": leaf(outputs={"Output": "STRING"})}
        )
    )

    with pytest.raises(FinalTaskError) as caught:
        world.inputs("after", upstream={"before": "Failed"})

    assert str(caught.value) == (
        "task 'after': input 'x' has neither value nor default; pass a value"
    )


@pytest.mark.parametrize(
    ("spec", "received"),
    [
        pytest.param(OPTIONAL, {}, id="optional: left out"),
        pytest.param(DEFAULT, {"x": 7}, id="optional with a default"),
        pytest.param(REQUIRED_WITH_DEFAULT, {"x": 7}, id="a default alone will do"),
    ],
)
def test_null_from_outside_counts_as_not_supplied(spec: Json, received: Json) -> None:
    root_inputs = {"p": {"parameterType": spec["parameterType"], "isOptional": True}}
    world = one_task({"x": spec}, {"x": given("p")}, root_inputs=root_inputs)

    assert world.inputs("t") == received


def test_null_for_an_input_that_must_have_a_value_is_refused() -> None:
    root_inputs = {"p": {"parameterType": "STRING", "isOptional": True}}
    world = one_task({"x": "STRING"}, {"x": given("p")}, root_inputs=root_inputs)

    with pytest.raises(FinalTaskError) as caught:
        world.inputs("t")

    assert str(caught.value) == (
        "task 't': input 'x' is null; pass a value or make the input optional"
    )


def test_a_null_constant_is_empty_text_for_a_string() -> None:
    assert one_task({"x": "STRING"}, {"x": None}).inputs("t") == {"x": ""}


def test_null_flows_through_a_group_to_an_optional_input() -> None:
    group = dag({"t": task("comp-t", {"x": given("channel")})}, {"channel": "STRING"})
    root = dag(
        {"condition-1": task("comp-group", {"channel": given("p")})},
        {"p": {"parameterType": "STRING", "isOptional": True}},
    )
    world = World(pipeline(root, {"comp-group": group, "comp-t": leaf({"x": OPTIONAL})}))

    assert world.inputs("condition-1") == {"channel": None}
    assert world.inputs("condition-1/t") == {}


@pytest.mark.parametrize(
    ("passed", "inner"),
    [
        pytest.param({}, {"p": 7}, id="omitted"),
        pytest.param({"p": given("nothing")}, {"p": 7}, id="null"),
        pytest.param({"p": 3}, {"p": 3}, id="given"),
    ],
)
def test_a_nested_pipeline_has_defaults_of_its_own(passed: Json, inner: Json) -> None:
    nested = dag({"t": task("comp-t", {"x": given("p")})}, {"p": DEFAULT})
    root = dag(
        {"n": task("comp-n", passed)},
        {"nothing": {"parameterType": "NUMBER_INTEGER", "isOptional": True}},
    )
    world = World(pipeline(root, {"comp-n": nested, "comp-t": leaf({"x": "NUMBER_INTEGER"})}))

    assert world.inputs("n") == inner
    assert world.inputs("n/t") == {"x": inner["p"]}


def test_an_optional_input_of_a_nested_pipeline_is_null_inside() -> None:
    nested = dag({"t": task("comp-t", {"x": given("p")})}, {"p": OPTIONAL})
    world = World(
        pipeline(dag({"n": task("comp-n")}), {"comp-n": nested, "comp-t": leaf({"x": OPTIONAL})})
    )

    assert world.inputs("n") == {"p": None}
    assert world.inputs("n/t") == {}


def test_literals_hold_for_what_a_task_passes_and_not_for_defaults() -> None:
    spec = {
        "parameterType": "NUMBER_INTEGER",
        "literals": [1, 2],
        "defaultValue": 9,
        "isOptional": True,
    }

    assert one_task({"x": spec}, {"x": 2.0}).inputs("t") == {"x": 2}
    assert one_task({"x": spec}, {}).inputs("t") == {"x": 9}
    with pytest.raises(FinalTaskError) as caught:
        one_task({"x": spec}, {"x": 3}).inputs("t")

    assert str(caught.value) == ("task 't': input 'x' is 3, not one of 1, 2; pass one of them")


def test_a_long_value_that_is_no_literal_is_shown_truncated() -> None:
    spec = {"parameterType": "STRING", "literals": ["short"]}

    with pytest.raises(FinalTaskError) as caught:
        one_task({"x": spec}, {"x": "l" * 60}).inputs("t")

    expected = f"task 't': input 'x' is \"{'l' * 59}…, not one of \"short\"; pass one of them"
    assert str(caught.value) == expected


def test_a_selector_picks_from_the_text_of_a_value() -> None:
    selected = given("p", parameterExpressionSelector='parseJson(string_value)["a"]')
    root = dag({"t": task("comp-t", {"x": selected})}, {"p": "STRUCT"})
    of = pipeline(root, {"comp-t": leaf({"x": "NUMBER_INTEGER"})})

    assert World(of, {"p": {"a": 5}}).inputs("t") == {"x": 5}
    with pytest.raises(FinalTaskError) as caught:
        World(of, {"p": {"b": 5}}).inputs("t")

    assert str(caught.value).startswith("task 't': input 'x': ")
    assert "'a'" in str(caught.value)


def test_an_upstream_output_is_read_by_name() -> None:
    root = dag({"t": task("comp-t", {"x": output("before", "b")}), "before": task("comp-b")})
    outputs = {"a": "STRING", "b": "STRING"}
    world = World(
        pipeline(root, {"comp-t": leaf({"x": "STRING"}), "comp-b": leaf(outputs=outputs)})
    )
    world.succeeded("before", a="A", b="B")

    assert world.inputs("t") == {"x": "B"}


def test_a_large_output_is_fetched_from_its_own_object() -> None:
    root = dag({"t": task("comp-t", {"x": output("before")}), "before": task("comp-b")})
    world = World(
        pipeline(
            root, {"comp-t": leaf({"x": "STRING"}), "comp-b": leaf(outputs={"Output": "STRING"})}
        )
    )
    text = "x" * 100_000
    world.succeeded("before", Output=text)

    assert world.inputs("t") == {"x": text}


def test_a_missing_upstream_output_is_an_error_that_names_it() -> None:
    root = dag({"t": task("comp-t", {"x": output("before")}), "before": task("comp-b")})
    world = World(
        pipeline(
            root, {"comp-t": leaf({"x": "STRING"}), "comp-b": leaf(outputs={"Output": "STRING"})}
        )
    )

    with pytest.raises(FinalTaskError) as caught:
        world.inputs("t")

    assert str(caught.value) == (
        "task 't': input 'x' comes from output 'Output' of task 'before', which ended "
        "without it; look at the outcome of that task"
    )


@pytest.mark.parametrize(
    ("phase", "received"),
    [
        pytest.param("Succeeded", {"x": 1}, id="succeeded"),
        pytest.param("Failed", {"x": 7}, id="failed: its output does not count"),
        pytest.param("Omitted", {"x": 7}, id="not run"),
    ],
)
def test_output_of_a_failed_upstream_counts_as_not_supplied(phase: str, received: Json) -> None:
    root = dag(
        {"t": task("comp-t", {"x": output("before")}, **IN_ANY_CASE), "before": task("comp-b")}
    )
    components = {
        "comp-t": leaf({"x": DEFAULT}),
        "comp-b": leaf(outputs={"Output": "NUMBER_INTEGER"}),
    }
    world = World(pipeline(root, components))
    world.succeeded("before", Output=1)

    assert world.inputs("t", upstream={"before": phase}) == received


@pytest.mark.parametrize(
    ("phase", "received"),
    [
        pytest.param("Succeeded", {"a": ("s3://b/k",)}, id="succeeded"),
        pytest.param("Failed", {}, id="failed: its artifact does not count"),
    ],
)
def test_an_artifact_of_a_failed_upstream_counts_as_not_supplied(
    phase: str, received: Json
) -> None:
    use = task("comp-t", artifacts={"a": output_artifact("before")}, **IN_ANY_CASE)
    root = dag({"t": use, "before": task("comp-b")})
    components = {
        "comp-t": leaf(artifacts={"a": {**DATASET, "isOptional": True}}),
        "comp-b": leaf(output_artifacts={"data": DATASET}),
    }
    world = World(pipeline(root, components))
    world.succeeded("before", data=dataset("s3://b/k"))

    assert world.input_artifacts("t", upstream={"before": phase}) == received


def test_without_statuses_a_record_says_whether_there_is_an_output() -> None:
    root = dag(
        {"t": task("comp-t", {"x": output("before")}, **IN_ANY_CASE), "before": task("comp-b")}
    )
    components = {
        "comp-t": leaf({"x": DEFAULT}),
        "comp-b": leaf(outputs={"Output": "NUMBER_INTEGER"}),
    }
    world = World(pipeline(root, components))

    assert world.inputs("t") == {"x": 7}
    world.succeeded("before", Output=1)
    assert world.inputs("t") == {"x": 1}


@pytest.mark.parametrize(
    ("phase", "state", "error"),
    [
        pytest.param("Succeeded", "COMPLETE", {}, id="succeeded"),
        pytest.param("Failed", "FAILED", {"code": 9, "message": "task before failed"}, id="failed"),
        pytest.param("Error", "FAILED", {"code": 9, "message": "task before failed"}, id="error"),
        pytest.param(
            "Skipped", "CANCELED", {"code": 1, "message": "task before did not run"}, id="skipped"
        ),
        pytest.param(
            "Omitted", "CANCELED", {"code": 1, "message": "task before did not run"}, id="omitted"
        ),
    ],
)
def test_a_final_status_has_the_spelling_of_ml_metadata(
    phase: str, state: str, error: Json
) -> None:
    exit_task = task("comp-t", {"s": status("before")}, dependentTasks=["before"], **IN_ANY_CASE)
    root = dag({"exit": exit_task, "before": task("comp-b")})
    world = World(pipeline(root, {"comp-t": leaf({"s": "TASK_FINAL_STATUS"}), "comp-b": leaf()}))

    received = world.inputs("exit", upstream={"before": phase})

    assert received == {
        "s": {
            "state": state,
            "pipelineTaskName": "before",
            "pipelineJobResourceName": "demo-x7k2p",
            "error": error,
        }
    }


def exiting(body: Json, **components: Json) -> World:
    """A pipeline whose exit task receives the final status of a group."""
    exit_task = task(
        "comp-exit",
        {"s": status("exit-handler-1")},
        dependentTasks=["exit-handler-1"],
        **IN_ANY_CASE,
    )
    root = dag({"exit": exit_task, "exit-handler-1": task("comp-body")})
    made = {"comp-exit": leaf({"s": "TASK_FINAL_STATUS"}), "comp-body": body, "comp-t": leaf()}
    return World(pipeline(root, {**made, **components}))


def status_of(world: World, **upstream: str) -> tuple[JsonValue, JsonValue]:
    """The state of the group, and the message of its error."""
    received: Any = world.inputs("exit", upstream=upstream)["s"]
    return received["state"], received["error"].get("message")


def at_exit(world: World, status: str = "Failed") -> tuple[JsonValue, JsonValue]:
    """The same for a workflow that was stopped."""
    received: Any = world.inputs("exit", upstream={".": status}, pod=TaskPath("exit"))["s"]
    return received["state"], received["error"].get("message")


WHY = "task exit-handler-1 failed: "


def test_the_error_of_a_group_is_that_of_the_task_that_failed_first() -> None:
    world = exiting(dag({key: task("comp-t") for key in ("a", "b", "c", "d")}))
    world.succeeded("exit-handler-1/a")
    world.failed("exit-handler-1/a", "a flaky one", attempt="a-1")
    world.failed("exit-handler-1/b", "not the last attempt", attempt="b-9")
    world.failed("exit-handler-1/d", "the run was stopped", state=AttemptState.CANCELED)
    world.failed("exit-handler-1/c", "no space left")
    world.failed("exit-handler-1/b", "second", attempt="b-1")

    found = world.inputs("exit", upstream={"exit-handler-1": "Failed"})["s"]

    assert found == {
        "state": "FAILED",
        "pipelineTaskName": "exit-handler-1",
        "pipelineJobResourceName": "demo-x7k2p",
        "error": {"code": 9, "message": WHY + "'exit-handler-1/c' failed: no space left"},
    }


def test_the_error_of_a_task_is_its_own() -> None:
    world = exiting(leaf())
    world.failed("exit-handler-1", "no space left")

    assert status_of(world, **{"exit-handler-1": "Failed"}) == (
        "FAILED",
        WHY + "no space left",
    )


def test_where_nothing_failed_by_itself_it_is_said_what_was_stopped() -> None:
    world = exiting(dag({"a": task("comp-t")}))
    world.failed("exit-handler-1/a", "the pod was stopped", state=AttemptState.CANCELED)

    assert status_of(world, **{"exit-handler-1": "Failed"}) == (
        "FAILED",
        WHY + "'exit-handler-1/a' was canceled: the pod was stopped",
    )


def test_a_store_that_must_not_be_listed_leaves_the_error_at_that() -> None:
    class Unlisted(MemoryStore):
        def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
            raise StoreError("s3://b: access denied", retryable=False)

    made = exiting(leaf())
    world = World(made.pipeline, store=Unlisted())

    assert status_of(world, **{"exit-handler-1": "Failed"}) == (
        "FAILED",
        "task exit-handler-1 failed",
    )


GROUP = dag(
    {
        "a": task("comp-t"),
        "skipped": task("comp-t", **when("1 > 2")),
        "omitted": task("comp-t", dependentTasks=["skipped"]),
        "for-loop-1": task("comp-each", **loop(["x", "y"])),
        "in-any-case": task("comp-t", dependentTasks=["skipped"], **IN_ANY_CASE),
        "imported": task("comp-import"),
    }
)
EACH = dag({"t": task("comp-i", {"x": given("item")})}, {"item": "STRING"})
RUN_OF_GROUP = ("a", "for-loop-1/0/t", "for-loop-1/1/t", "in-any-case")


def stopped_group(*succeeded: str) -> World:
    components = {
        "comp-each": EACH,
        "comp-i": leaf({"x": "STRING"}),
        "comp-import": importer(artifactUri={"constant": "s3://b/data"}),
    }
    world = exiting(GROUP, **components)
    for path in succeeded:
        world.succeeded(f"exit-handler-1/{path}")
    return world


def test_after_a_stop_a_group_that_had_come_to_its_end_is_complete() -> None:
    assert at_exit(stopped_group(*RUN_OF_GROUP)) == ("COMPLETE", None)


@pytest.mark.parametrize("missing", RUN_OF_GROUP)
def test_after_a_stop_a_group_that_lacks_a_task_has_failed(missing: str) -> None:
    world = stopped_group(*(path for path in RUN_OF_GROUP if path != missing))

    assert at_exit(world) == ("FAILED", "task exit-handler-1 failed")


def test_after_a_stop_a_group_of_which_nothing_had_begun_did_not_run() -> None:
    assert at_exit(stopped_group()) == ("CANCELED", "task exit-handler-1 did not run")


def test_after_a_stop_a_group_in_which_a_task_had_failed_has_failed() -> None:
    world = stopped_group()
    world.failed("exit-handler-1/a", "no space left")

    assert at_exit(world) == ("FAILED", WHY + "'exit-handler-1/a' failed: no space left")


def test_after_a_stop_nobody_says_that_no_volume_claim_was_made() -> None:
    """Nothing is recorded of that, so it is not taken for a group of which nothing had begun."""
    world = exiting(
        dag({"create": task("comp-claim")}), **{"comp-claim": leaf(image="argostub/createpvc")}
    )

    assert at_exit(world) == ("FAILED", "task exit-handler-1 failed")


def test_a_store_that_does_not_answer_is_not_taken_for_one_without_records() -> None:
    class Silent(MemoryStore):
        def list(self, prefix: str = "") -> Iterator[ObjectInfo]:
            raise StoreError("s3://b: timed out", retryable=True)

    world = World(exiting(leaf()).pipeline, store=Silent())

    with pytest.raises(StoreError, match="s3://b: timed out"):
        status_of(world, **{"exit-handler-1": "Failed"})


def test_after_a_stop_the_status_of_the_workflow_stands_in_for_what_no_record_tells() -> None:
    claim = {"executorLabel": "exec-x", "image": "argostub/deletepvc"}
    world = exiting(
        dag({"a": task("comp-t"), "delete": task("comp-claim", dependentTasks=["a"])}),
        **{"comp-claim": leaf(image=claim["image"])},
    )
    world.succeeded("exit-handler-1/a")

    assert at_exit(world, "Error") == ("FAILED", "task exit-handler-1 failed")


def test_after_a_stop_a_pipeline_as_exit_task_knows_as_well() -> None:
    """A task in it gets the statuses of its own upstream tasks, and of the stop."""
    inner = dag(
        {
            "first": task("comp-t"),
            "last": task(
                "comp-exit",
                {"s": given("status"), "own": status("first")},
                dependentTasks=["first"],
                **IN_ANY_CASE,
            ),
        },
        {"status": "STRUCT"},
    )
    exit_task = task(
        "comp-inner", {"status": status("body")}, dependentTasks=["body"], **IN_ANY_CASE
    )
    shown = leaf({"s": "STRUCT", "own": "TASK_FINAL_STATUS"})
    world = World(
        pipeline(
            dag({"exit": exit_task, "body": task("comp-t")}),
            {"comp-t": leaf(), "comp-inner": inner, "comp-exit": shown},
        )
    )
    world.succeeded("body")
    outer = b64encode(json.dumps({".": "Failed"}).encode()).decode()

    received: Any = world.inputs(
        "exit/last", upstream={"first": "Failed", "..": outer}, pod=TaskPath("exit/last")
    )

    assert (received["s"]["state"], received["own"]["state"]) == ("COMPLETE", "FAILED")


@pytest.mark.parametrize(
    ("outer", "shown"),
    [
        pytest.param(
            "{{=sprig.b64enc(toJson(tasks['x'].status))}}",
            "{{=sprig.b64enc(toJson(tasks['x'].status))}}",
            id="an-expression",
        ),
        pytest.param("cnVubmluZw==", "cnVubmluZw==", id="not-json"),
        pytest.param("WyJTdWNjZWVkZWQiXQ==", "WyJTdWNjZWVkZWQiXQ==", id="a-list"),
        pytest.param("eyJib2R5IjogMX0=", "eyJib2R5IjogMX0=", id="a-number-for-a-phase"),
        pytest.param("." * 61, "." * 60 + "…", id="long"),
    ],
)
def test_the_upstream_statuses_of_a_pod_have_to_be_an_object_of_texts(
    outer: str, shown: str
) -> None:
    """An expression that Argo could not evaluate arrives as it stands in the workflow."""
    inner = dag(
        {"last": task("comp-t", dependentTasks=["first"], **IN_ANY_CASE), "first": task("comp-t")}
    )
    exit_task = task("comp-inner", dependentTasks=["body"], **IN_ANY_CASE)
    world = World(
        pipeline(
            dag({"exit": exit_task, "body": task("comp-t")}),
            {"comp-t": leaf(), "comp-inner": inner},
        )
    )

    with pytest.raises(FinalTaskError) as caught:
        world.inputs("exit/last", upstream={"..": outer}, pod=TaskPath("exit/last"))

    assert caught.value.reason is Reason.INTERNAL
    assert str(caught.value) == (
        f"the status list of upstream tasks is '{shown}', not base64 of a JSON object of strings;"
        " look for a failed expression in the workflow, and compile the pipeline again"
    )


def test_final_status_reaches_into_a_pipeline_that_is_the_exit_task() -> None:
    nested = dag({"t": task("comp-t", {"s": given("status")})}, {"status": "STRUCT"})
    exit_task = task("comp-n", {"status": status("before")}, **IN_ANY_CASE)
    root = dag({"exit": exit_task, "before": task("comp-b")})
    components = {"comp-n": nested, "comp-t": leaf({"s": "STRUCT"}), "comp-b": leaf()}
    world = World(pipeline(root, components))

    received = world.inputs("exit/t", upstream={"before": "Failed"})

    assert isinstance(received["s"], dict)
    assert received["s"]["state"] == "FAILED"


def test_a_status_that_nobody_passed_is_an_error() -> None:
    exit_task = task("comp-t", {"s": status("before")}, **IN_ANY_CASE)
    root = dag({"exit": exit_task, "before": task("comp-b")})
    world = World(pipeline(root, {"comp-t": leaf({"s": "TASK_FINAL_STATUS"}), "comp-b": leaf()}))

    with pytest.raises(FinalTaskError) as caught:
        world.inputs("exit")

    assert str(caught.value) == (
        "task 'exit': the status of task 'before' is not known; compile the pipeline again"
    )


def test_one_task_reads_as_many_records_as_it_has_inputs() -> None:
    body = dag(
        {"t": task("comp-t", {"x": output("s"), "y": given("outside")}), "s": task("comp-b")},
        {"item": "STRING", "outside": "STRING"},
    )
    root = dag(
        {
            "for-loop-1": task("comp-body", {"outside": output("before")}, **loop(["a"] * 500)),
            "before": task("comp-b"),
        }
    )
    components = {
        "comp-body": body,
        "comp-t": leaf({"x": "STRING", "y": "STRING"}),
        "comp-b": leaf(outputs={"Output": "STRING"}),
    }
    world = World(pipeline(root, components))
    world.succeeded("before", Output="B")
    world.succeeded("for-loop-1/499/s", Output="S")
    world.records = records = CountedRecords(world.store, RUN)

    received = world.inputs("for-loop-1/499/t")

    assert received == {"x": "S", "y": "B"}
    assert records.read == ["for-loop-1/499/s", "before"]


@pytest.mark.parametrize(
    "path", ["nothing", "t/3", "for-loop-1/x", "for-loop-1/0/t/more", "for-loop-1/7/t"]
)
def test_a_path_that_the_pipeline_does_not_have_is_refused(path: str) -> None:
    body = dag({"t": task("comp-t", {"x": given("item")})}, {"item": "STRING"})
    root = dag({"for-loop-1": task("comp-body", **loop(["a"])), "t": task("comp-t", {"x": "1"})})
    world = World(pipeline(root, {"comp-body": body, "comp-t": leaf({"x": "STRING"})}))

    with pytest.raises(FinalTaskError) as caught:
        world.inputs(path)

    assert "compile the pipeline again" in str(caught.value)
