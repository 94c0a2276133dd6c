"""Compiled pipelines with conditions, loops and exit tasks: what became of each task."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from argosy_compiler.compile import compile_pipeline
from argosy_compiler.options import CompileOptions, IrPlacement
from argosy_engine.run import resume_run, run_workflow
from argosy_engine.settings import RunSettings
from argosy_runs.events import Event, Listener, TaskFinished, TaskLogLine, TaskStarted, ignore
from argosy_runs.results import RunResult, TaskResult
from argosy_runs.states import RunState
from argosy_schemas.ir.model import PipelineConfig
from driver_support import (
    IN_ANY_CASE,
    Json,
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
from read_back import read_back

OUT = "{{$.outputs.parameters['Output'].output_file}}"


def sh(script: str, *arguments: str) -> Json:
    """A container that runs a script; its arguments are ``$0``, ``$1`` and so on."""
    return {"command": ["sh", "-c", script], "args": list(arguments)}


X = "{{$.inputs.parameters['x']}}"
COMPONENTS: Mapping[str, Json] = {
    "say": leaf({"x": "STRING"}, {"Output": "STRING"}, **sh('printf %s "$0" > $1', X, OUT)),
    "number": leaf(
        {"x": "NUMBER_INTEGER"},
        {"Output": "NUMBER_INTEGER"},
        **sh('printf %s "$0" > $1', X, OUT),
    ),
    "fail": leaf(**sh("echo oh; exit 7")),
    "fail-at-two": leaf({"x": "NUMBER_INTEGER"}, **sh('[ "$0" != 2 ] || exit 7', X)),
    "no-op": leaf(**sh("true")),
    "show": leaf({"status": "TASK_FINAL_STATUS"}, **sh("true")),
    "wait": leaf({"x": "NUMBER_INTEGER"}, **sh("echo up; sleep 60", X)),
}


class Home:
    """Compiles and runs pipelines in one home."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[Event] = []

    def run(
        self,
        tasks: Mapping[str, Any],
        components: Mapping[str, Json] | None = None,
        *,
        jobs: int = 4,
        deadline_seconds: int | None = None,
        max_dag_tasks: int | None = None,
        listener: Listener | None = None,
        **root: Any,
    ) -> RunResult:
        made = pipeline(dag(tasks, **root), {**COMPONENTS, **(components or {})})
        if deadline_seconds is not None:
            config = PipelineConfig(active_deadline_seconds=deadline_seconds)
            made = replace(made, pipeline_config=config)
        options = CompileOptions(ir=IrPlacement.STORE, max_nodes=None)
        if max_dag_tasks is not None:
            options = replace(options, max_dag_tasks=max_dag_tasks)
        compiled = compile_pipeline(made, options)
        before = len(self.events)
        result = run_workflow(
            compiled.workflow,
            compiled.ir,
            settings=RunSettings(home=self.path, jobs=jobs, cache=False),
            listener=self._hear if listener is None else partial(self._hear, then=listener),
        )
        return read_back(self.path, result, self.events[before:])

    def resume(self, result: RunResult) -> RunResult:
        before = len(self.events)
        resumed = resume_run(
            result.run_id, settings=RunSettings(home=self.path), listener=self.events.append
        )
        return read_back(self.path, resumed, self.events[before:])

    def _hear(self, event: Event, then: Listener = ignore) -> None:
        self.events.append(event)
        then(event)


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


def states(result: RunResult) -> dict[str, str]:
    return {task.path: task.state.value for task in result.tasks}


def reasons(result: RunResult) -> dict[str, str | None]:
    return {task.path: task.reason for task in result.tasks if task.reason}


def kinds(result: RunResult) -> dict[str, str]:
    return {task.path: task.kind.value for task in result.tasks}


def test_below_a_skipped_group_everything_is_listed_once(home: Home) -> None:
    group = dag(
        {
            "a": task("no-op"),
            "inner": task("inner", dependentTasks=["a"]),
            "for-loop-1": task("body", **loop([1, 2, 3])),
        },
        {"c": "STRING"},
    )
    body = dag({"b": task("number", {"x": given("item")})}, {"item": "NUMBER_INTEGER"})

    result = home.run(
        {
            "flip": task("say", {"x": "tails"}),
            "condition-1": task(
                "group",
                {"c": output("flip")},
                dependentTasks=["flip"],
                **when("inputs.parameter_values['c'] == 'heads'"),
            ),
            "after": task("no-op", dependentTasks=["condition-1"]),
        },
        {"group": group, "inner": dag({"z": task("no-op")}), "body": body},
    )

    assert result.state is RunState.SUCCEEDED
    assert states(result) == {
        "after": "NOT_RUN",
        "condition-1": "SKIPPED",
        "condition-1/a": "NOT_RUN",
        "condition-1/for-loop-1": "NOT_RUN",
        "condition-1/for-loop-1/b": "NOT_RUN",
        "condition-1/inner": "NOT_RUN",
        "condition-1/inner/z": "NOT_RUN",
        "flip": "SUCCEEDED",
    }
    assert reasons(result) == {
        "after": "'condition-1' was skipped",
        "condition-1": "its condition was false",
        "condition-1/a": "'condition-1' was skipped",
        "condition-1/for-loop-1": "'condition-1' was skipped",
        "condition-1/for-loop-1/b": "'for-loop-1' did not run",
        "condition-1/inner": "'condition-1' was skipped",
        "condition-1/inner/z": "'inner' did not run",
    }
    assert {each.path: each.display_name for each in result.tasks} == {
        each.path: each.name for each in result.tasks
    }


def test_what_stands_in_for_tasks_of_a_divided_dag_is_not_told_as_a_task(home: Home) -> None:
    after = {"d": ["a", "b"], "e": ["b", "c"], "f": ["a", "c"]}
    tasks = {key: task("no-op", dependentTasks=after.get(key, [])) for key in "abcdef"}

    result = home.run({"in": task("inner")}, {"inner": dag(tasks)}, max_dag_tasks=4)

    assert result.state is RunState.SUCCEEDED
    ended = [event.path for event in home.events if isinstance(event, TaskFinished)]
    assert sorted(ended) == ["in", *(f"in/{key}" for key in "abcdef")]


def test_events_and_results_agree_on_what_a_task_is(home: Home) -> None:
    item = {"item": "NUMBER_INTEGER"}
    body = dag({"b": task("number", {"x": given("item")})}, item)
    group = dag({"for-loop-2": task("body", **loop([1]))}, item)
    never = when("1 == 2")

    result = home.run(
        {
            "again": task("no-op", retryPolicy={"maxRetryCount": 1}),
            "condition-1": task("inner", **never),
            "for-loop-1": task("group", **loop([1, 2])),
            "for-loop-3": task("group", **loop([1]), **never),
            "inner": task("inner"),
            "say": task("say", {"x": "a"}, **never),
        },
        {"group": group, "body": body, "inner": dag({"z": task("no-op")})},
    )

    told = {each.path: each.kind.value for each in home.events if isinstance(each, TaskFinished)}
    assert told == {path: kind for path, kind in kinds(result).items() if path in told}
    assert told == {
        "again": "container",
        "condition-1": "dag",
        "for-loop-1": "loop",
        "for-loop-1/0": "iteration",
        "for-loop-1/0/for-loop-2": "loop",
        "for-loop-1/0/for-loop-2/0": "iteration",
        "for-loop-1/0/for-loop-2/0/b": "container",
        "for-loop-1/1": "iteration",
        "for-loop-1/1/for-loop-2": "loop",
        "for-loop-1/1/for-loop-2/0": "iteration",
        "for-loop-1/1/for-loop-2/0/b": "container",
        "for-loop-3": "loop",
        "inner": "dag",
        "inner/z": "container",
        "say": "container",
    }


def test_a_condition_that_cannot_be_evaluated_is_a_failure_of_its_task(home: Home) -> None:
    result = home.run(
        {
            "flip": task("say", {"x": "many"}),
            "condition-1": task(
                "group",
                {"c": output("flip")},
                dependentTasks=["flip"],
                **when("int(inputs.parameter_values['c']) > 3"),
            ),
            "other": task("no-op"),
        },
        {"group": dag({"a": task("no-op")}, {"c": "STRING"})},
    )

    by_path = {str(each.path): each for each in result.tasks}
    assert states(result) == {
        "condition-1": "FAILED",
        "condition-1/a": "NOT_RUN",
        "flip": "SUCCEEDED",
        "other": "SUCCEEDED",
    }
    error = by_path["condition-1"].error or ""
    assert error == (
        "task 'condition-1': condition: int() cannot read 'many' as an integer (column 1 of "
        "'int(inputs.parameter_values['c']) > 3'); input 'c' is \"many\": pass what the condition "
        "takes"
    )
    assert result.error == f"'condition-1' failed: {error}"


def test_a_loop_lists_its_iterations_in_the_order_of_numbers(home: Home) -> None:
    result = home.run(
        {"for-loop-1": task("body", **loop(list(range(11))))},
        {
            "body": dag(
                {"n": task("number", {"x": given("item")})},
                {"item": "NUMBER_INTEGER"},
                {"all": "LIST"},
                passes={"all": ["n.Output"]},
            )
        },
    )

    paths = [each.path for each in result.tasks]
    assert paths[:4] == ["for-loop-1", "for-loop-1/0", "for-loop-1/0/n", "for-loop-1/1"]
    assert paths[-2:] == ["for-loop-1/10", "for-loop-1/10/n"]
    assert set(kinds(result).values()) == {"loop", "iteration", "container"}
    assert result.tasks[0].outputs.parameters == {"all": list(range(11))}
    assert (result.tasks[1].name, result.tasks[1].inputs.parameters) == ("0", {"item": 0})


def test_a_loop_without_items_succeeds_and_what_follows_runs(home: Home) -> None:
    result = home.run(
        {
            "for-loop-1": task("body", **loop([])),
            "after": task("no-op", dependentTasks=["for-loop-1"]),
        },
        {
            "body": dag(
                {"n": task("number", {"x": given("item")})},
                {"item": "NUMBER_INTEGER"},
                {"all": "LIST"},
                passes={"all": ["n.Output"]},
            )
        },
    )

    assert states(result) == {"after": "SUCCEEDED", "for-loop-1": "SUCCEEDED"}
    assert result.tasks[1].outputs.parameters == {"all": []}


def test_one_failed_iteration_fails_the_loop_and_the_others_go_on(home: Home) -> None:
    result = home.run(
        {
            "for-loop-1": task("body", **loop([1, 2, 3])),
            "after": task("no-op", dependentTasks=["for-loop-1"]),
        },
        {"body": dag({"f": task("fail-at-two", {"x": given("item")})}, {"item": "NUMBER_INTEGER"})},
    )

    assert states(result) == {
        "after": "NOT_RUN",
        "for-loop-1": "FAILED",
        "for-loop-1/0": "SUCCEEDED",
        "for-loop-1/0/f": "SUCCEEDED",
        "for-loop-1/1": "FAILED",
        "for-loop-1/1/f": "FAILED",
        "for-loop-1/2": "SUCCEEDED",
        "for-loop-1/2/f": "SUCCEEDED",
    }
    errors = {str(each.path): each.error for each in result.tasks if each.error}
    assert errors["for-loop-1"] == errors["for-loop-1/1"] == "'for-loop-1/1/f' failed"
    assert result.error is not None
    assert result.error.startswith("'for-loop-1/1/f' failed: the command ended with exit code 7")


@pytest.mark.parametrize("has_importer", [False, True])
def test_an_iteration_that_a_deadline_came_before_says_so(home: Home, has_importer: bool) -> None:
    import_it = importer(artifactUri={"constant": "s3://bucket/x"}, reimport=False)
    tasks = {"w": task("wait", {"x": given("item")})}
    if has_importer:
        # Which needs no pod, so that part of the iteration has come to pass.
        tasks["import"] = task("import")

    result = home.run(
        {"for-loop-1": task("body", **loop([1, 2]), iteratorPolicy={"parallelismLimit": 1})},
        {"body": dag(tasks, {"item": "NUMBER_INTEGER"}), "import": import_it},
        deadline_seconds=1,
    )

    by_path = {str(each.path): each for each in result.tasks}
    before, late = by_path["for-loop-1/0/w"], by_path["for-loop-1/1"]
    why = "the run did not end within 1 s"
    assert (before.state.value, before.error) == ("FAILED", why)
    if has_importer:
        assert (late.state.value, late.error, late.reason) == ("FAILED", why, None)
    else:
        assert (late.state.value, late.error, late.reason) == ("NOT_RUN", None, why)
    assert by_path["for-loop-1/1/w"].reason == why


def test_a_loop_that_never_ran_puts_nothing_out(home: Home) -> None:
    say = dag(
        {"s": task("say", {"x": given("item")})},
        {"item": "STRING"},
        {"o": "STRING"},
        passes={"o": ["s.Output"]},
    )
    result = home.run(
        {
            "first": task("no-op", **when("1 == 2")),
            "loop": task("say-all", **loop(["a"]), dependentTasks=["first"]),
            "none": task("say-all", **loop([])),
        },
        {"say-all": say},
        outputs={"never": "LIST", "none": "LIST"},
        passes={"never": ["loop.o"], "none": ["none.o"]},
    )

    assert states(result)["loop"] == "NOT_RUN"
    assert result.outputs.parameters == {"none": []}


def test_items_that_are_no_list_are_a_failure_of_the_loop(home: Home) -> None:
    result = home.run(
        {
            "make": task("say", {"x": "no list"}),
            "for-loop-1": task("body", {"items": output("make")}, **loop("items")),
        },
        {
            "body": dag(
                {"n": task("say", {"x": given("item")})}, {"items": "STRING", "item": "STRING"}
            )
        },
    )

    assert states(result) == {
        "for-loop-1": "FAILED",
        "for-loop-1/n": "NOT_RUN",
        "make": "SUCCEEDED",
    }


def test_an_exit_task_runs_after_a_failure_which_still_counts(home: Home) -> None:
    result = home.run(
        {
            "exit-handler-1": task("body"),
            "clean-up": task(
                "show",
                {"status": status("exit-handler-1")},
                dependentTasks=["exit-handler-1"],
                **IN_ANY_CASE,
            ),
            "last": task("no-op", dependentTasks=["clean-up"]),
        },
        {"body": dag({"f": task("fail"), "g": task("no-op", dependentTasks=["f"])})},
    )

    assert result.state is RunState.FAILED
    assert states(result) == {
        "clean-up": "SUCCEEDED",
        "exit-handler-1": "FAILED",
        "exit-handler-1/f": "FAILED",
        "exit-handler-1/g": "NOT_RUN",
        "last": "SUCCEEDED",
    }
    seen: Any = result.tasks[0].inputs.parameters["status"]
    assert (seen["state"], seen["pipelineTaskName"]) == ("FAILED", "exit-handler-1")


def exiting(body: Json, **exit_task: Any) -> dict[str, Any]:
    """A group, and the exit task that follows it."""
    clean_up: Json = {"dependentTasks": ["exit-handler-1"], **IN_ANY_CASE, **exit_task}
    return {
        "exit-handler-1": body,
        "clean-up": task("clean-up", {"status": status("exit-handler-1")}, **clean_up),
    }


def cleaning(script: str) -> dict[str, Json]:
    return {"clean-up": leaf({"status": "TASK_FINAL_STATUS"}, **sh(script))}


def of(result: RunResult, path: str) -> TaskResult:
    return next(each for each in result.tasks if each.path == path)


def events_of(home: Home, path: str) -> list[str]:
    """The starts and the end of a task, as the engine emitted them, in order."""
    return [
        "RUNNING" if isinstance(event, TaskStarted) else event.state.value
        for event in home.events
        if isinstance(event, TaskStarted | TaskFinished) and event.path == path
    ]


def test_a_group_in_which_a_task_failed_before_a_stop_has_failed(home: Home) -> None:
    stop_when_up(home)
    group = {
        "first": task("fail"),
        "second": task("wait-for", dependentTasks=["first"], **IN_ANY_CASE),
    }

    result = home.run(
        {"group": task("group")},
        {"group": dag(group), "wait-for": leaf(**sh("echo up; sleep 60"))},
    )

    assert result.state is RunState.CANCELED
    assert states(result) == {
        "group": "FAILED",
        "group/first": "FAILED",
        "group/second": "CANCELED",
    }
    assert events_of(home, "group") == ["FAILED"]


def test_what_a_task_prints_does_not_pass_for_a_stop(home: Home, tmp_path: Path) -> None:
    result = home.run(
        exiting(task("print")),
        {
            "print": leaf(**sh("echo 'job 7 exceeded its deadline'; exit 1")),
            **cleaning(f"echo x >> {tmp_path}/ran; exit 3"),
        },
    )

    assert result.state is RunState.FAILED
    assert (tmp_path / "ran").read_text() == "x\n"


def test_a_final_status_says_why_a_group_failed(home: Home) -> None:
    result = home.run(
        exiting(task("body")),
        {"body": dag({"f": task("fail", retryPolicy={"maxRetryCount": 1})}), **cleaning("true")},
    )

    why = "'exit-handler-1/f' failed: the command ended with exit code 7: oh"
    assert result.error == why
    seen: Any = of(result, "clean-up").inputs.parameters["status"]
    assert seen["error"] == {"code": 9, "message": f"task exit-handler-1 failed: {why}"}


def test_an_exit_task_that_had_failed_does_not_run_again_when_the_run_is_stopped(
    home: Home, tmp_path: Path
) -> None:
    stop_when_up(home)
    journals = f"{home.path}/runs/*/journal.jsonl"
    until = (
        f"""until grep -q '"path":"clean-up","phase":"Failed"' {journals}; do sleep 0.05; done"""
    )

    result = home.run(
        {**exiting(task("no-op")), "up": task("after-clean-up")},
        {
            **cleaning(f"echo x >> {tmp_path}/ran; exit 3"),
            "after-clean-up": leaf(**sh(f"{until}; echo up; sleep 60")),
        },
    )

    assert result.state is RunState.CANCELED
    assert (tmp_path / "ran").read_text() == "x\n"
    clean_up = of(result, "clean-up")
    assert (clean_up.state.value, clean_up.attempts) == ("FAILED", 1)
    assert clean_up.error == "the command ended with exit code 3, it printed no reason"


def test_an_exit_task_that_a_stop_interrupts_runs_again_and_is_told_what_was(
    home: Home, tmp_path: Path
) -> None:
    stop_when_up(home)
    script = f"test -e {tmp_path}/ran && exit; touch {tmp_path}/ran; echo up; sleep 60"

    result = home.run(exiting(task("no-op")), cleaning(script))

    assert states(result) == {"clean-up": "SUCCEEDED", "exit-handler-1": "SUCCEEDED"}
    seen: Any = of(result, "clean-up").inputs.parameters["status"]
    assert (seen["state"], seen["error"]) == ("COMPLETE", {})
    assert events_of(home, "clean-up") == ["RUNNING", "RUNNING", "SUCCEEDED"]


def test_what_runs_at_the_exit_is_told_of_once(home: Home) -> None:
    stop_when_up(home)
    waiting = task("wait", {"x": 1})

    result = home.run(
        {**exiting(waiting), "last": task("no-op", dependentTasks=["clean-up"])}, cleaning("true")
    )

    assert states(result)["exit-handler-1"] == "CANCELED"
    assert events_of(home, "clean-up") == ["RUNNING", "SUCCEEDED"]
    assert events_of(home, "last") == ["NOT_RUN"]
    seen: Any = of(result, "clean-up").inputs.parameters["status"]
    assert seen["state"] == "FAILED"
    assert seen["error"]["message"] == "task exit-handler-1 failed: the run was stopped"


def test_a_pipeline_that_runs_at_the_exit_is_told_of_once(home: Home) -> None:
    stop_when_up(home)
    inner = {"a": task("no-op"), "b": task("fail", dependentTasks=["a"]), "c": task("no-op")}
    inner["c"] |= {"dependentTasks": ["b"]}
    follows: Json = {"dependentTasks": ["exit-handler-1"], **IN_ANY_CASE}

    home.run(
        {"exit-handler-1": task("wait", {"x": 1}), "notify": task("inner", **follows)},
        {"inner": dag(inner)},
    )

    assert events_of(home, "notify") == ["FAILED"]
    assert events_of(home, "notify/a") == ["RUNNING", "SUCCEEDED"]
    assert events_of(home, "notify/b") == ["RUNNING", "FAILED"]
    assert events_of(home, "notify/c") == ["NOT_RUN"]


def test_after_a_stop_an_exit_task_is_tried_once_as_on_argo(home: Home) -> None:
    stop_when_up(home)
    retried = {"retryPolicy": {"maxRetryCount": 3, "backoffDuration": "1s"}}

    result = home.run(exiting(task("wait", {"x": 1}), **retried), cleaning("exit 3"))

    clean_up = of(result, "clean-up")
    assert (clean_up.state.value, clean_up.attempts) == ("FAILED", 1)


def test_a_pipeline_as_exit_task_is_told_what_it_followed(home: Home) -> None:
    inner = dag({"s": task("show", {"status": given("status")})}, {"status": "STRUCT"})

    result = home.run(
        {
            "exit-handler-1": task("fail"),
            "notify": task(
                "inner",
                {"status": status("exit-handler-1")},
                dependentTasks=["exit-handler-1"],
                **IN_ANY_CASE,
            ),
        },
        {"inner": inner},
    )

    notify, shown = (
        next(each for each in result.tasks if each.path == path) for path in ("notify", "notify/s")
    )
    seen: Any = notify.inputs.parameters["status"]
    assert seen["state"] == "FAILED"
    assert shown.inputs.parameters["status"] == seen


def test_an_importer_that_follows_whatever_becomes_of_a_task_succeeds_after_its_failure(
    home: Home,
) -> None:
    import_it = importer(artifactUri={"constant": "s3://bucket/x"}, reimport=False)

    result = home.run(
        {"f": task("fail"), "i": task("import", dependentTasks=["f"], **IN_ANY_CASE)},
        {"import": import_it},
    )

    assert states(result) == {"f": "FAILED", "i": "SUCCEEDED"}


def test_an_importer_is_listed_with_what_it_imports(home: Home, tmp_path: Path) -> None:
    (tmp_path / "data").write_text("x")
    uri = f"file://{tmp_path}/data"

    result = home.run(
        {
            "import": task("import", {"uri": uri}),
            "f": task("fail"),
            "never": task("import", {"uri": uri}, dependentTasks=["f"]),
            "read": task("read", artifacts={"d": output_artifact("import", "artifact")}),
        },
        {
            "import": importer(
                {"uri": "STRING"}, artifactUri={"runtimeParameter": "uri"}, reimport=False
            ),
            "read": leaf(
                artifacts={"d": {"artifactType": {"schemaTitle": "system.Dataset"}}},
                **sh("cat $0", "{{$.inputs.artifacts['d'].path}}"),
            ),
        },
    )

    by_path = {str(each.path): each for each in result.tasks}
    assert states(result) == {
        "f": "FAILED",
        "import": "SUCCEEDED",
        "never": "NOT_RUN",
        "read": "SUCCEEDED",
    }
    assert by_path["import"].kind.value == "importer"
    assert [each.uri for each in by_path["import"].outputs.artifacts["artifact"]] == [uri]
    assert by_path["never"].reason == "'f' failed"


def test_what_no_expression_decides_a_pod_does(home: Home) -> None:
    """No expression has a member by a computed key; the deciding pod is not a task of its own."""
    result = home.run(
        {
            "flip": task("say", {"x": "heads"}),
            "condition-1": task(
                "group",
                {"c": output("flip")},
                dependentTasks=["flip"],
                **when("parseJson('[\"heads\"]')[int('0')] == inputs.parameter_values['c']"),
            ),
            "condition-2": task(
                "group",
                {"c": output("flip")},
                dependentTasks=["flip"],
                **when("parseJson('[\"tails\"]')[int('0')] == inputs.parameter_values['c']"),
            ),
        },
        {"group": dag({"a": task("no-op")}, {"c": "STRING"})},
    )

    assert states(result) == {
        "condition-1": "SUCCEEDED",
        "condition-1/a": "SUCCEEDED",
        "condition-2": "SKIPPED",
        "condition-2/a": "NOT_RUN",
        "flip": "SUCCEEDED",
    }
    assert {str(each.path): each.attempts for each in result.tasks}["condition-1"] == 0


def test_a_task_about_which_a_pod_could_not_decide_is_told_of_as_failed(home: Home) -> None:
    result = home.run(
        {
            "flip": task("say", {"x": "many"}),
            "condition-1": task(
                "group",
                {"c": output("flip")},
                dependentTasks=["flip"],
                **when("string(parseJson(inputs.parameter_values['c'])) == '3'"),
            ),
            "leaf": task(
                "say",
                {"x": output("flip")},
                dependentTasks=["flip"],
                **when("string(parseJson(inputs.parameter_values['x'])) == '3'"),
            ),
        },
        {"group": dag({"a": task("no-op")}, {"c": "STRING"})},
    )

    for path in ("condition-1", "leaf"):
        (event,) = [
            one for one in home.events if isinstance(one, TaskFinished) and one.path == path
        ]
        found = of(result, path)
        assert (event.state, event.error, event.reason) == (found.state, found.error, None)
        assert event.state.value == "FAILED"
        assert event.error is not None
        assert event.error.startswith(f"task '{path}': condition: ")


def test_a_stopped_loop_goes_on_where_it_was(home: Home) -> None:
    stop_when_up(home)

    stopped = home.run(
        {"for-loop-1": task("body", **loop([1, 2, 3]))},
        {"body": dag({"w": task("wait", {"x": given("item")})}, {"item": "NUMBER_INTEGER"})},
        jobs=2,
    )

    assert stopped.state is RunState.CANCELED
    assert states(stopped) == {
        "for-loop-1": "CANCELED",
        "for-loop-1/0": "CANCELED",
        "for-loop-1/0/w": "CANCELED",
        "for-loop-1/1": "CANCELED",
        "for-loop-1/1/w": "CANCELED",
        "for-loop-1/2": "CANCELED",
        "for-loop-1/2/w": "CANCELED",
    }
    stop_when_up(home)
    before = len(home.events)
    resumed = resume_run(
        stopped.run_id,
        settings=RunSettings(home=home.path, jobs=2),
        listener=home.events.append,
    )
    started = {e.path for e in home.events[before:] if isinstance(e, TaskStarted)}
    assert "for-loop-1/0/w" in started
    assert {str(each.path): each.attempts for each in resumed.tasks}["for-loop-1/0/w"] == 2


@pytest.fixture
def flag(tmp_path: Path) -> Path:
    return tmp_path / "flag"


def flaky(flag: Path) -> Json:
    """A task that fails until there is a flag."""
    return leaf({}, {"Output": "STRING"}, **sh(f"test -e {flag} && printf real > $0", OUT))


def test_what_follows_in_any_case_is_decided_anew_when_a_run_goes_on(
    home: Home, flag: Path
) -> None:
    default = {"x": {"parameterType": "STRING", "defaultValue": "none", "isOptional": True}}
    say = leaf(default, {"Output": "STRING"}, **sh('printf %s "$0" > $1', X, OUT))
    failed = home.run(
        {
            "f": task("flaky"),
            "u": task("say-or-none", {"x": output("f")}, dependentTasks=["f"], **IN_ANY_CASE),
            "w": task("say", {"x": output("u")}, dependentTasks=["u"]),
            "v": task("say", {"x": "same"}, dependentTasks=["u"]),
        },
        {"flaky": flaky(flag), "say-or-none": say},
    )
    flag.touch()
    resumed = home.resume(failed)

    assert (failed.state, resumed.state) == (RunState.FAILED, RunState.SUCCEEDED)
    assert outputs(failed) == {"u": "none", "v": "same", "w": "none"}
    assert outputs(resumed) == {"f": "real", "u": "real", "v": "same", "w": "real"}
    assert {str(each.path): each.attempts for each in resumed.tasks} == {
        "f": 2,
        "u": 2,
        "v": 1,
        "w": 2,
    }


def test_a_branch_that_is_not_taken_any_more_when_a_run_goes_on_has_no_result(
    home: Home, flag: Path
) -> None:
    default = {"x": {"parameterType": "STRING", "defaultValue": "none", "isOptional": True}}
    say = leaf(default, {"Output": "STRING"}, **sh('printf %s "$0" > $1', X, OUT))

    def branch(text: str) -> Json:
        tasks = {"say": task("say", {"x": text})}
        outputs = {"Output": "STRING"}
        return dag(tasks, {"x": "STRING"}, outputs, passes={"Output": ["say.Output"]})

    x, is_none = {"x": given("x")}, "inputs.parameter_values['x'] == 'none'"
    branches = dag(
        {
            "condition-2": task("first", x, **when(is_none)),
            "condition-3": task("second", x, **when(f"!({is_none})")),
        },
        {"x": "STRING"},
        {"Output": "STRING"},
        passes={"Output": ["condition-2.Output", "condition-3.Output"]},
    )
    failed = home.run(
        {
            "f": task("flaky"),
            "u": task("say-or-none", {"x": output("f")}, dependentTasks=["f"], **IN_ANY_CASE),
            "condition-branches-1": task("branches", {"x": output("u")}, dependentTasks=["u"]),
            "w": task(
                "say",
                {"x": output("condition-branches-1")},
                dependentTasks=["condition-branches-1"],
            ),
        },
        {
            "flaky": flaky(flag),
            "say-or-none": say,
            "branches": branches,
            "first": branch("first"),
            "second": branch("second"),
        },
    )
    flag.touch()
    resumed = home.resume(failed)

    assert (outputs(failed)["w"], outputs(resumed)["w"]) == ("first", "second")
    assert states(resumed)["condition-branches-1/condition-2"] == "SKIPPED"


def test_an_exit_task_runs_again_when_what_it_follows_comes_to_its_end(
    home: Home, flag: Path
) -> None:
    stop_when_up(home)
    body = leaf(**sh(f"echo up; test -e {flag} || sleep 60"))

    stopped = home.run(
        {
            "exit-handler-1": task("body"),
            "ex": task(
                "show",
                {"status": status("exit-handler-1")},
                dependentTasks=["exit-handler-1"],
                **IN_ANY_CASE,
            ),
        },
        {"body": body},
    )
    flag.touch()
    resumed = home.resume(stopped)
    again = home.resume(stopped)

    assert (stopped.state, resumed.state) == (RunState.CANCELED, RunState.SUCCEEDED)
    assert [told(result, "ex") for result in (stopped, resumed)] == ["FAILED", "COMPLETE"]
    assert [
        next(each.attempts for each in result.tasks if each.path == "ex")
        for result in (stopped, resumed, again)
    ] == [1, 2, 2]


def test_an_exit_task_that_ran_does_not_run_again_when_the_run_is_stopped(
    home: Home, flag: Path
) -> None:
    def stop(event: Event) -> None:
        if isinstance(event, TaskFinished) and event.path == "ex":
            os.kill(os.getpid(), signal.SIGINT)

    stopped = home.run(
        {
            "exit-handler-1": task("no-op"),
            "ex": task(
                "mark",
                {"status": status("exit-handler-1")},
                dependentTasks=["exit-handler-1"],
                **IN_ANY_CASE,
            ),
            "w": task("wait", {"x": 1}),
        },
        {"mark": leaf({"status": "TASK_FINAL_STATUS"}, **sh(f"echo ran >> {flag}"))},
        listener=stop,
    )

    assert states(stopped) == {"ex": "SUCCEEDED", "exit-handler-1": "SUCCEEDED", "w": "CANCELED"}
    assert told(stopped, "ex") == "COMPLETE"
    assert flag.read_text() == "ran\n"


def outputs(result: RunResult) -> dict[str, Any]:
    found = {str(each.path): each.outputs.parameters for each in result.tasks}
    return {path: values["Output"] for path, values in found.items() if values}


def told(result: RunResult, path: str) -> Any:
    seen = next(each for each in result.tasks if each.path == path).inputs.parameters["status"]
    assert isinstance(seen, Mapping)
    return seen["state"]


def stop_when_up(home: Home) -> None:
    """Send Ctrl-C once a task has written something from now on."""
    before = len(home.events)

    def wait() -> None:
        until = time.monotonic() + 120
        while time.monotonic() < until:
            if any(isinstance(event, TaskLogLine) for event in home.events[before:]):
                os.kill(os.getpid(), signal.SIGINT)
                return
            time.sleep(0.01)

    threading.Thread(target=wait, daemon=True).start()
