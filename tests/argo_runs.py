"""Pipelines that run in the embedded engine and, recorded, in Argo's own controller.

``tests/runs/data/argo_runs.json`` holds the nodes that controllers of Argo 3.5 to 4.1 made of their
compiled workflows, with pods that ended as the engine's did: ``scripts/record_argo_runs`` says how
they were recorded, and does it again.
"""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from argosy_compiler.compile import compile_pipeline
from argosy_compiler.compiled_pipeline import CompiledPipeline
from argosy_compiler.options import CompileOptions, IrPlacement
from argosy_engine.run import run_workflow
from argosy_engine.settings import RunSettings
from argosy_runs.events import Event, TaskLogLine
from argosy_runs.results import RunResult
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
    pipeline,
    status,
    task,
    when,
)

OUT = "{{$.outputs.parameters['Output'].output_file}}"
X = "{{$.inputs.parameters['x']}}"


def sh(script: str, *arguments: str) -> Json:
    """A container that runs a script; its arguments are ``$0``, ``$1`` and so on."""
    return {"command": ["sh", "-c", script], "args": list(arguments)}


COMPONENTS: Mapping[str, Json] = {
    "say": leaf({"x": "STRING"}, {"Output": "STRING"}, **sh('printf %s "$0" > $1', X, OUT)),
    "number": leaf(
        {"x": "NUMBER_INTEGER"}, {"Output": "NUMBER_INTEGER"}, **sh('printf %s "$0" > $1', X, OUT)
    ),
    "list": leaf({}, {"Output": "LIST"}, **sh("printf '[1,2,3]' > $0", OUT)),
    "no-op": leaf(**sh("true")),
    "fail": leaf(**sh("echo oh; exit 7")),
    "fail-at-two": leaf({"x": "NUMBER_INTEGER"}, **sh('[ "$0" != 2 ] || exit 7', X)),
    "show": leaf({"status": "TASK_FINAL_STATUS"}, **sh("true")),
    "wait": leaf(**sh("echo up; sleep 60")),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class ArgoRun:
    """One pipeline."""

    tasks: Mapping[str, Any]
    components: Mapping[str, Json] = field(default_factory=dict[str, Json])
    root: Mapping[str, Any] = field(default_factory=dict[str, Any])
    max_dag_tasks: int | None = None
    deadline_seconds: int | None = None
    is_stopped: bool = False
    """Whether the run is stopped once a task has written something."""

    def compiled(self) -> CompiledPipeline:
        """Return its workflow."""
        made = pipeline(dag(self.tasks, **self.root), {**COMPONENTS, **self.components})
        if self.deadline_seconds is not None:
            config = PipelineConfig(active_deadline_seconds=self.deadline_seconds)
            made = replace(made, pipeline_config=config)
        options = CompileOptions(ir=IrPlacement.STORE, max_nodes=None)
        if self.max_dag_tasks is not None:
            options = replace(options, max_dag_tasks=self.max_dag_tasks)
        return compile_pipeline(made, options)

    def run(self, home: Path) -> RunResult:
        """Run it in the embedded engine."""
        compiled = self.compiled()

        def stop(event: Event) -> None:
            if self.is_stopped and isinstance(event, TaskLogLine):
                threading.Timer(0.1, os.kill, (os.getpid(), signal.SIGINT)).start()

        return run_workflow(
            compiled.workflow,
            compiled.ir,
            settings=RunSettings(home=home, jobs=16, cache=False),
            listener=stop,
        )


RETRIED = {"retryPolicy": {"maxRetryCount": 2}}
_GROUP = dag({"a": task("no-op"), "b": task("no-op", dependentTasks=["a"])})
_BODY = dag(
    {"first": task("fail-at-two", {"x": given("item")}), "then": task("no-op")},
    {"item": "NUMBER_INTEGER"},
)
_BODY["dag"]["tasks"]["then"]["dependentTasks"] = ["first"]
_OUTER = dag({"inner": task("body", **loop([1, 3]))}, {"item": "STRING"})
_SHOWN = dag({"show": task("no-op")}, {"item": "STRUCT"})
_AFTER: Json = {"dependentTasks": ["exit-handler-1"], **IN_ANY_CASE}

RUNS: Mapping[str, ArgoRun] = {
    "chain": ArgoRun(
        tasks={
            "hello": task("say", {"x": "hi"}),
            "again": task("say", {"x": output("hello")}, dependentTasks=["hello"]),
            "Not in Argo's grammar": task("no-op", dependentTasks=["again"]),
        },
        root={"outputs": {"Output": "STRING"}, "passes": {"Output": ["again.Output"]}},
    ),
    "failure": ArgoRun(
        tasks={
            "fails": task("fail"),
            "left-out": task("no-op", dependentTasks=["fails"]),
            "Not in Argo's grammar": task("no-op", dependentTasks=["fails"]),
            "further": task("group", dependentTasks=["left-out"]),
            "ignores": task("no-op", dependentTasks=["fails"], **IN_ANY_CASE),
            "beside": task("no-op"),
        },
        components={"group": _GROUP},
    ),
    "retries": ArgoRun(
        tasks={
            "lost": task("fail", **RETRIED),
            "nested": task("inner", **RETRIED),
            "fine": task("no-op", **RETRIED),
        },
        components={
            "inner": dag({"a": task("fail-once"), "b": task("no-op", dependentTasks=["a"])}),
            "fail-once": leaf(**sh('[ "$KFP_RETRY_INDEX" = 1 ] || exit 4')),
        },
    ),
    "conditions": ArgoRun(
        tasks={
            "coin": task("say", {"x": "heads"}),
            "condition-1": task(
                "group",
                {"c": output("coin")},
                dependentTasks=["coin"],
                **when("inputs.parameter_values['c'] == 'tails'"),
            ),
            "condition-2": task(
                "nested",
                {"c": output("coin")},
                dependentTasks=["coin"],
                **when("inputs.parameter_values['c'] == 'heads'"),
            ),
            "after": task("no-op", dependentTasks=["condition-1"]),
        },
        components={
            "group": dag(_GROUP["dag"]["tasks"], {"c": "STRING"}),
            "nested": dag(
                {
                    "yes": task("say", {"x": given("c")}),
                    "no": task("no-op", dependentTasks=["yes"], **when("1 == 2")),
                },
                {"c": "STRING"},
            ),
        },
    ),
    "loops": ArgoRun(
        tasks={
            "for-loop-1": task("body", **loop([1, 2, 3])),
            "for-loop-2": task("outer", **loop(["a", "b"])),
            "for-loop-3": task("show-item", **loop([{"name": "red"}, {"name": "green"}])),
            "for-loop-4": task("body", **loop([])),
            "after": task("no-op", dependentTasks=["for-loop-1"]),
        },
        components={"body": _BODY, "outer": _OUTER, "show-item": _SHOWN},
    ),
    "dynamic": ArgoRun(
        tasks={
            "list": task("list"),
            "for-loop-1": task(
                "each", {"items": output("list")}, dependentTasks=["list"], **loop("items")
            ),
            "condition-1": task(
                "group",
                {"n": output("number")},
                dependentTasks=["number"],
                **when("string(parseJson(inputs.parameter_values['n'])) == '42'"),
            ),
            "condition-2": task(
                "group",
                {"n": output("number")},
                dependentTasks=["number"],
                **when("string(parseJson(inputs.parameter_values['n'])) == '52'"),
            ),
            "number": task("say", {"x": "42"}),
        },
        components={
            "each": dag(
                {"number": task("number", {"x": given("item")})},
                {"items": "LIST", "item": "NUMBER_INTEGER"},
            ),
            "group": dag(_GROUP["dag"]["tasks"], {"n": "STRING"}),
        },
    ),
    "exit": ArgoRun(
        tasks={
            "exit-handler-1": task("group"),
            "clean-up": task("show", {"status": status("exit-handler-1")}, **_AFTER),
        },
        components={"group": dag({"a": task("fail"), "b": task("no-op")})},
    ),
    "stopped": ArgoRun(
        tasks={
            "exit-handler-1": task("group"),
            "clean-up": task("show", {"status": status("exit-handler-1")}, **_AFTER),
            "last": task("no-op", dependentTasks=["clean-up"]),
        },
        components={
            "group": dag(
                {"a": task("no-op"), "b": task("wait", dependentTasks=["a"]), "c": task("no-op")}
            )
        },
        is_stopped=True,
    ),
    "late": ArgoRun(
        tasks={
            "waits": task("wait"),
            "nested": task("group"),
            "last": task("no-op", dependentTasks=["waits"]),
        },
        components={
            "group": dag({"a": task("wait"), "b": task("no-op", dependentTasks=["a"])}),
        },
        deadline_seconds=2,
    ),
    "importers": ArgoRun(
        tasks={
            "import": task("import"),
            "fails": task("fail"),
            "late": task("import", dependentTasks=["fails"]),
            "then": task("no-op", dependentTasks=["import"]),
        },
        components={
            "import": importer(artifactUri={"constant": "s3://bucket/data"}),
        },
    ),
    "divided": ArgoRun(
        tasks={
            "first": task("no-op"),
            **{f"task-{n}": task("no-op", dependentTasks=["first"]) for n in range(7)},
            "fails": task("fail", dependentTasks=["task-1"]),
            "last": task("no-op", dependentTasks=["fails", "task-3"]),
        },
        max_dag_tasks=4,
    ),
}
