"""The oracle passes what the compiler writes, and nothing else."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest

from argosy_compiler.compile import compile_pipeline
from argosy_compiler.options import CompileOptions, IrPlacement, get_default_options
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.reading.pipeline import read_pipeline
from driver_support import IN_ANY_CASE, dag, given, leaf, loop, output, pipeline, status, task, when
from forced_sharing import compile_shared
from workflow_fields import FormError
from workflow_oracle import check_workflow

TESTS = Path(__file__).parents[1]
GOLDEN = sorted((TESTS / "golden").rglob("*.ir.yaml"))
STORED = CompileOptions(ir=IrPlacement.STORE, max_nodes=None)
OPTIONS = {
    "defaults": get_default_options(None),
    "parts": replace(STORED, max_dag_tasks=3),
    "old Argo": get_default_options("3.5"),
    "everything": CompileOptions(
        ir=IrPlacement.CONFIGMAP, store="s3://b", store_secret="s", service_account="a"
    ),
}


def check(workflow: Any) -> None:
    check_workflow(json.loads(json.dumps(workflow)))


@pytest.mark.parametrize("options", OPTIONS.values(), ids=OPTIONS)
@pytest.mark.parametrize("file", GOLDEN, ids=lambda file: file.name.partition(".")[0])
def test_what_the_compiler_writes_passes(file: Path, options: CompileOptions) -> None:
    made = read_pipeline(file.read_bytes(), file=file.name)

    check(compile_pipeline(made, options).workflow)
    check(compile_shared(made, options).workflow)


def example() -> Pipeline:
    """A pipeline with a condition, a loop, a retry, a limit, and an exit task."""
    say = leaf({"x": "STRING"}, {"Output": "STRING"})
    body = dag({"c": task("say", {"x": given("item")})}, {"item": "STRING"})
    inner = dag(
        {
            "a": task("say", {"x": "1"}, retryPolicy={"maxRetryCount": 2, "backoffDuration": "2s"}),
            "b": task("say", {"x": output("a")}, dependentTasks=["a"]),
            "condition-1": task(
                "branch",
                {"x": output("a")},
                dependentTasks=["a"],
                **when("inputs.parameter_values['x'] == 'y'"),
            ),
            "for-loop-1": task("body", iteratorPolicy={"parallelismLimit": 2}, **loop(["u", "v"])),
        }
    )
    tasks = {
        "exit-handler-1": task("inner"),
        "ex": task(
            "show",
            {"status": status("exit-handler-1")},
            dependentTasks=["exit-handler-1"],
            **IN_ANY_CASE,
        ),
    }
    components = {
        "say": say,
        "body": body,
        "inner": inner,
        "branch": dag({"d": task("say", {"x": "1"})}, {"x": "STRING"}),
        "show": leaf({"status": "TASK_FINAL_STATUS"}),
    }
    return pipeline(dag(tasks), components)


COMPILED: Mapping[str, Any] = json.loads(json.dumps(compile_pipeline(example(), STORED).workflow))
LOOP = "loop-inner-for-loop-1"
UNKNOWN = "is not interpreted by the embedded engine; remove it"


def put(holder: str, path: str, value: Any) -> Callable[[Any], None]:
    """Return a change: the value comes to stand at a path in a template, or in the workflow.

    A name on the way picks from a list what has it; at the end of a list anything is added.
    """

    def change(workflow: Any) -> None:
        place: Any = picked(workflow["spec"]["templates"], holder) if holder else workflow
        *above, last = path.split(".")
        for step in above:
            if isinstance(place, Mapping):
                place = cast("dict[str, Any]", place).setdefault(step, {})
            else:
                place = picked(place, step)
        if isinstance(place, Mapping):
            cast("dict[str, Any]", place)[last] = value
        else:
            place.append(value)

    return change


def picked(items: Any, name: str) -> Any:
    return next(one for one in items if one["name"] == name)


def in_task(field: str, value: Any) -> Callable[[Any], None]:
    return put("inner", f"dag.tasks.b.{field}", value)


def argument(**fields: Any) -> Callable[[Any], None]:
    return in_task("arguments.parameters", [{"name": "task", **fields}])


def copied(path: str, name: str) -> Callable[[Any], None]:
    def change(workflow: Any) -> None:
        inner = picked(workflow["spec"]["templates"], "inner")
        items = workflow["spec"]["templates"] if path == "templates" else inner["dag"]["tasks"]
        items.append(copy.deepcopy(picked(items, name)))

    return change


def without(holder: str, path: str) -> Callable[[Any], None]:
    def change(workflow: Any) -> None:
        place: Any = picked(workflow["spec"]["templates"], holder)
        *above, last = path.split(".")
        for step in above:
            if isinstance(place, Mapping):
                place = cast("dict[str, Any]", place)[step]
            else:
                place = picked(place, step)
        del place[last]

    return change


WORKFLOW = [
    (put("", "kind", "CronWorkflow"), "'kind' has to be 'Workflow'"),
    (
        put("", "apiVersion", "argoproj.io/v9"),
        "'apiVersion' has to be 'argoproj.io/v1alpha1'",
    ),
    (put("", "metadata.finalizers", []), f"'metadata.finalizers' {UNKNOWN}"),
    (put("", "spec.arguments.artifacts", []), f"'spec.arguments.artifacts' {UNKNOWN}"),
    (
        put("", "spec.arguments.parameters.x", {"name": "n", "valueFrom": {}}),
        f"'spec.arguments.n.valueFrom' {UNKNOWN}",
    ),
    (put("", "spec.activeDeadlineSeconds", 0), "'spec.activeDeadlineSeconds' is 0; it has to be 1"),
    (put("", "spec.entrypoint", "pod"), "'spec.entrypoint' has to name a DAG"),
    (put("", "spec.onExit", "inner"), "'spec.onExit' has to name a template of steps"),
    (
        put("", "spec.activeDeadlineSeconds", True),
        "'spec.activeDeadlineSeconds' is 'True', not a whole number",
    ),
    (copied("templates", "inner"), "'spec.templates' has 'inner' twice; rename one of them"),
    (put("", "spec.templates", 5), "'spec.templates' has to be a list"),
]
TEMPLATES: list[tuple[str, Callable[[Any], None], str]] = [
    (LOOP, put(LOOP, "parallelism", 0), "'parallelism' is 0; it has to be 1 or more"),
    (LOOP, put(LOOP, "parallelism", -1), "'parallelism' is -1; it has to be 1 or more"),
    (
        LOOP,
        put(LOOP, "dag.tasks.iteration.withSequence", {}),
        "'dag.tasks.iteration.withSequence.count' is missing; give it a text",
    ),
    (
        LOOP,
        put(LOOP, "dag.tasks.iteration.withSequence.count", "some"),
        "'dag.tasks.iteration.withSequence.count' is 'some', neither number nor tag",
    ),
    (
        LOOP,
        put(
            LOOP,
            "outputs",
            {
                "parameters": [
                    {
                        "name": "control",
                        "valueFrom": {
                            "expression": "tasks['iteration'].outputs.parameters.control",
                            "default": "",
                        },
                    }
                ]
            },
        ),
        "'outputs.control' reads 'tasks.iteration.outputs.parameters.control', which nothing reads",
    ),
    (
        LOOP,
        put(LOOP, "dag.tasks.iteration.template", "inner"),
        "'dag.tasks' is part of a cycle; remove one of its dependencies",
    ),
    (
        LOOP,
        put(LOOP, "dag.tasks.x", {"name": "x", "template": "pod"}),
        "'dag.tasks' has a loop beside other tasks; put it into a DAG",
    ),
    (
        "inner",
        in_task("withSequence", {"count": "2"}),
        "'dag.tasks' has a loop beside other tasks; put it into a DAG",
    ),
    ("inner", put("inner", "dag.tasks", [5]), "'dag.tasks' has to be a list of objects"),
    ("inner", copied("tasks", "a"), "'dag.tasks' has 'a' twice; rename one of them"),
    ("inner", without("inner", "dag.tasks.b.name"), "'dag.tasks.name' is missing; give it a text"),
    (
        "inner",
        put("inner", "retryStrategy", {"limit": "1", "retryPolicy": "Always"}),
        "'retryStrategy' is not interpreted by the embedded engine; remove it",
    ),
    ("inner", put("inner", "outputs.artifacts", []), f"'outputs.artifacts' {UNKNOWN}"),
    (
        "inner",
        put("inner", "outputs.parameters", [{"name": "control", "globalName": "g"}]),
        f"'outputs.control.globalName' {UNKNOWN}",
    ),
    (
        "inner",
        put(
            "inner",
            "outputs.parameters",
            [{"name": "control", "valueFrom": {"expression": "tasks['z'].status", "default": ""}}],
        ),
        "'outputs.control' reads 'tasks.z.status', which nothing reads there; compile again",
    ),
    (
        "inner",
        put(
            "inner",
            "outputs.parameters",
            [{"name": "control", "valueFrom": {"expression": "tasks['a'].status"}}],
        ),
        "'outputs.control' has no default; Argo may wait forever for a DAG without one",
    ),
    (
        "on-exit",
        put("on-exit", "steps", [{"name": "a", "template": "pod"}]),
        "'steps' has to be a list",
    ),
    ("on-exit", put("on-exit", "steps", {}), "'steps' has to be a list"),
    ("on-exit", put("on-exit", "parallelism", 1), f"'parallelism' {UNKNOWN}"),
    (
        "on-exit",
        put("on-exit", "steps", [[{"name": "a", "withSequence": {"count": "2"}}]]),
        f"'steps.a.withSequence' {UNKNOWN}",
    ),
]
TASKS = [
    (
        in_task("depends", "b.Succeeded"),
        "depends' is part of a cycle; remove one of its dependencies",
    ),
    (in_task("inline", {"dag": {"failFast": False}}), f"inline' {UNKNOWN}"),
    (
        in_task("depends", "a"),
        "depends' has 'a'; a task follows others that succeed, or whatever becomes of them",
    ),
    *(
        (
            in_task("depends", text),
            f"depends' has '{text}'; a task follows others that succeed, or whatever becomes of",
        )
        for text in (
            "!a.Succeeded",
            "a.Failed",
            "a.AnySucceeded",
            "a.Daemoned",
            "(a.Succeeded)",
            "a.Succeeded || a.Failed",
            "(a.Succeeded || condition-1.Failed || a.Errored || a.Skipped || a.Omitted)",
        )
    ),
    *(
        (in_task("when", text), f"when' is '{text}'; it has to be 'false', or one expression in a")
        for text in ("'a' == 'b'", "true", "{{=true}} == true", "{{inputs.parameters.path}}")
    ),
    (in_task("arguments.artifacts", []), f"arguments.artifacts' {UNKNOWN}"),
    (argument(valueFrom={"expression": "1"}), f"arguments.task.valueFrom' {UNKNOWN}"),
    (argument(), "arguments.task.value' is missing; give it a text"),
    (argument(value=5), "arguments.task.value' has to be a text"),
    (
        in_task("arguments.parameters.x", {"name": "x", "value": ""}),
        "x' is not an input of 'pod'; rem",
    ),
    (in_task("arguments", {}), "task' is an input of 'pod' and not given"),
    (argument(value="{{=1"), "task' has a tag without an end; close it with '}}'"),
    (argument(value="a{{item"), "task' has a tag without an end; close it with '}}'"),
    *(
        (
            argument(value=f"a {{{{{tag}}}}}"),
            f"task' reads '{name}', which nothing reads there; compile again",
        )
        for tag, name in [
            ("item", "item"),
            ("pod.name", "pod.name"),
            ("retries", "retries"),
            ("workflow.status", "workflow.status"),
            ("inputs.parameters.nope", "inputs.parameters.nope"),
            ("tasks.a.outputs.result", "tasks.a.outputs.result"),
            ("tasks.a.outputs.parameters.control", "tasks.a.outputs.parameters.control"),
            ("=item", "item"),
            ("=inputs.parameters.nope", "inputs.parameters.nope"),
            ("=workflow.status", "workflow.status"),
            ("=workflow.uid", "workflow.uid"),
            ("=steps['a'].status", "steps.a.status"),
            ("=tasks['nope'].status", "tasks.nope.status"),
            ("=tasks['for-loop-1'].status", "tasks.for-loop-1.status"),
            ("=tasks['a'].outputs.result", "tasks.a.outputs.result"),
            ("=tasks['a'].outputs.parameters.other", "tasks.a.outputs.parameters.other"),
        ]
    ),
]
PODS = [
    (put("pod-2", "retryStrategy.limit", "-1"), "retryStrategy.limit' is -1; it has to be 0 or mo"),
    (without("pod-2", "retryStrategy.limit"), "retryStrategy.limit' is missing; say how many att"),
    (
        put("pod-2", "retryStrategy.retryPolicy", "OnFailure"),
        "retryStrategy.retryPolicy' is 'OnFailure'; use Always",
    ),
    (
        put("pod-2", "retryStrategy.expression", "lastRetry.exitCode == '1'"),
        "retryStrategy.expression' reads 'lastRetry.exitCode', which nothing reads there; compile",
    ),
    (
        put("pod-2", "retryStrategy.backoff.factor", -2),
        "retryStrategy.backoff.factor' is -2; it has to be 1 or more",
    ),
    (
        put("pod-2", "retryStrategy.backoff.factor", 1.5),
        "retryStrategy.backoff.factor' is '1.5', not a whole number",
    ),
    (
        put("pod-2", "activeDeadlineSeconds", "{{inputs.parameters.task}}"),
        "activeDeadlineSeconds' is '{{inputs.parameters.task}}', not a whole number",
    ),
    (put("pod-2", "serviceAccountName", "a"), f"serviceAccountName' {UNKNOWN}"),
    (put("pod-2", "inputs.artifacts", []), f"inputs.artifacts' {UNKNOWN}"),
    *(
        (
            put("pod-2", "inputs.parameters.x", {"name": "x", field: value}),
            f"inputs.x.{field}' {UNKNOWN}",
        )
        for field, value in {"value": "v", "valueFrom": "v", "enum": "v"}.items()
    ),
    (put("pod-2", "outputs.result", "x"), f"outputs.result' {UNKNOWN}"),
    (
        put("pod-2", "outputs.parameters.x", {"name": "x", "valueFrom": {"path": "/x"}}),
        "outputs.x' is neither 'control' at '/argosy/published/control' nor 'summary' at "
        "'/argosy/published/summary'",
    ),
    *(
        (put("pod-2", f"container.{field}", {}), f"container.{field}' {UNKNOWN}")
        for field in ("args", "envFrom", "lifecycle", "livenessProbe", "workingDir")
    ),
    (
        put("pod-2", "container.command", ["rm"]),
        "container.command' has to be '/argosy/published/exec'; the command of a task is in the "
        "pipeline",
    ),
    (
        put("pod-2", "container.env", [{"name": "A", "value": "b"}]),
        "container.env.A' has a value, which no command would get; give it to the task",
    ),
    (put("pod-2", "container.name", "other"), "container.name' has to be 'main'"),
    (
        put("pod-2", "initContainers.driver.command", ["rm"]),
        "initContainers.driver.command' has to be 'argosy-driver'; the command of a task is in",
    ),
    (
        put("pod-2", "initContainers.driver.env.x", {"name": "A", "value": "b"}),
        "initContainers.driver.env.A' is not a variable of ours; remove it",
    ),
    (
        put("pod-2", "initContainers.driver.env", [{"name": "ARGOSY_RUN", "value": "{{x.y}}"}]),
        "env.ARGOSY_RUN' reads 'x.y', which nothing reads there; compile again",
    ),
    (
        put("pod-2", "initContainers.driver.name", "mine"),
        "initContainers' has to begin with 'driver'; compile again",
    ),
    (without("pod-2", "sidecars"), "sidecars' has to begin with 'launcher'; compile again"),
    (
        put("pod-2", "sidecars.x", {"name": "proxy"}),
        "sidecars' has to hold 'launcher' alone; compile again",
    ),
    (
        put("pod-2", "container.image", "a:{{workflow.labels.b}}"),
        "container.image' reads 'workflow.labels.b', which nothing reads there; compile again",
    ),
]
CASES = [
    *((change, f"workflow: {message}") for change, message in WORKFLOW),
    *((change, f"template '{name}': {message}") for name, change, message in TEMPLATES),
    *((change, f"template 'inner': 'dag.tasks.b.{message}") for change, message in TASKS),
    *((change, f"template 'pod-2': '{message}") for change, message in PODS),
]


def test_the_example_passes() -> None:
    check_workflow(COMPILED)


@pytest.mark.parametrize(("change", "message"), CASES, ids=[message for _, message in CASES])
def test_what_it_never_writes_does_not_pass(change: Callable[[Any], None], message: str) -> None:
    workflow = copy.deepcopy(COMPILED)
    change(workflow)

    with pytest.raises(FormError) as caught:
        check_workflow(workflow)

    assert str(caught.value).startswith(message)


def test_a_pod_that_decides_has_no_variables_but_a_drivers() -> None:
    file = TESTS / "golden" / "loops" / "over_collected.ir.yaml"
    compiled = compile_pipeline(read_pipeline(file.read_bytes(), file=file.name), STORED)
    workflow = json.loads(json.dumps(compiled.workflow))
    templates = workflow["spec"]["templates"]
    (pod,) = [one for one in templates if "decide" in one.get("container", {}).get("command", ())]
    pod["container"]["env"].append({"name": "MINE", "value": "x"})

    with pytest.raises(FormError) as caught:
        check_workflow(workflow)

    assert str(caught.value) == (
        f"template '{pod['name']}': 'container.env.MINE' is not a variable of ours; remove it"
    )
