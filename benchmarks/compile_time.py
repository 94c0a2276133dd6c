"""How long a compilation takes, by phase, and how large its workflow is.

    python benchmarks/compile_time.py [--runs N]

Prints tables of Markdown: 300 tasks of about 1 MB of IR phase by phase, then 100 to 5,000 tasks of
one component and of distinct components. The pipelines are made here: functions of some 3 KB as
the SDK writes them, in layers in which each task takes the output of one above.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar

import yaml

from argosy_compiler import CompileOptions, IrPlacement
from argosy_compiler.compile import PASSES
from argosy_compiler.compiled import Compiled
from argosy_compiler.emit import TextFormat, emit
from argosy_compiler.plan import Plan
from argosy_compiler.structure import structure_of
from argosy_schemas.reading import read_pipeline
from argosy_schemas.values import to_json

T = TypeVar("T")

WIDTH = 20
"""Tasks in a layer: the tasks of a layer may run at the same time."""


def document(tasks: int, *, distinct: bool, source_bytes: int = 0) -> dict[str, Any]:
    """Return the IR of a pipeline of so many tasks, as the SDK writes it."""
    components: dict[str, Any] = {}
    executors: dict[str, Any] = {}
    used: dict[str, Any] = {}
    for number in range(tasks):
        name = f"step-{number}" if distinct else "step"
        if name not in executors:
            executors[name] = _executor(name, source_bytes)
            components[f"comp-{name}"] = {
                "executorLabel": name,
                "inputDefinitions": {"parameters": {"x": {"parameterType": "STRING"}}},
                "outputDefinitions": {"parameters": {"Output": {"parameterType": "STRING"}}},
            }
        above = number - WIDTH
        source: dict[str, Any] = {"runtimeValue": {"constant": "first"}}
        task: dict[str, Any] = {
            "cachingOptions": {"enableCache": True},
            "componentRef": {"name": f"comp-{name}"},
            "taskInfo": {"name": f"task-{number}"},
        }
        if above >= 0:
            source = {
                "taskOutputParameter": {
                    "outputParameterKey": "Output",
                    "producerTask": f"task-{above}",
                }
            }
            task["dependentTasks"] = [f"task-{above}"]
        task["inputs"] = {"parameters": {"x": source}}
        used[f"task-{number}"] = task
    return {
        "components": components,
        "deploymentSpec": {"executors": executors},
        "pipelineInfo": {"name": "benchmark"},
        "root": {"dag": {"tasks": used}},
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.14.0",
    }


def _executor(name: str, source_bytes: int) -> dict[str, Any]:
    body = "".join(f"    value_{line} = x + '{name} {line}'\n" for line in range(200))
    return {
        "container": {
            "args": ["--executor_input", "{{$}}", "--function_to_execute", "step"],
            "command": [
                "sh",
                "-ec",
                f"def step(x: str) -> str:\n{body[:source_bytes]}    return x",
            ],
            "image": "python:3.11",
        }
    }


def phases(data: bytes, options: CompileOptions) -> Iterator[tuple[str, float, Any]]:
    """Yield the phases of a compilation with their seconds and results."""
    pipeline, seconds = timed(lambda: read_pipeline(data, file="benchmark.yaml"))
    yield "read and validate", seconds, pipeline
    plan, seconds = timed(
        lambda: Plan(pipeline=pipeline, options=options, structure=structure_of(pipeline))
    )
    yield "structure", seconds, plan
    for run in PASSES:
        plan, seconds = timed(partial(run, plan))
        yield run.__name__, seconds, plan
    compiled = Compiled(workflow=plan.workflow, ir=plan.ir, ir_digest="0" * 64)
    text, seconds = timed(lambda: emit(compiled))
    yield "emit JSON", seconds, text
    text, seconds = timed(lambda: emit(compiled, TextFormat.YAML))
    yield "emit YAML", seconds, text


def timed(call: Callable[[], T]) -> tuple[T, float]:
    """Return the result of a call and its seconds."""
    gc.collect()
    started = time.perf_counter()
    result = call()
    return result, time.perf_counter() - started


def by_phase(runs: int) -> None:
    """Print the phases of 300 tasks with about 1 MB of IR."""
    data = yaml.dump(document(300, distinct=True, source_bytes=2600)).encode()
    options = CompileOptions(ir=IrPlacement.STORE)
    rows: dict[str, list[float]] = {}
    for _ in range(runs):
        for name, seconds, _result in phases(data, options):
            rows.setdefault(name, []).append(seconds)
    print(f"300 distinct tasks, {len(data) / 1e6:.2f} MB of IR YAML; median of {runs}\n")
    print("| phase | ms |\n| --- | ---: |")
    for name, values in rows.items():
        print(f"| {name} | {statistics.median(values) * 1000:.1f} |")
    total = sum(statistics.median(values) for values in rows.values())
    print(f"| all | {total * 1000:.1f} |\n")


def by_size() -> None:
    """Print time and size at 100, 1,000 and 5,000 tasks."""
    print("| tasks | components | compile s | µs a task | workflow KiB | templates |")
    print("| ---: | --- | ---: | ---: | ---: | ---: |")
    options = CompileOptions(ir=IrPlacement.STORE)
    for distinct in (False, True):
        for tasks in (100, 1000, 5000):
            data = to_json(document(tasks, distinct=distinct)).encode()
            steps = list(phases(data, options))
            seconds = sum(took for name, took, _ in steps if not name.startswith(("read", "emit")))
            workflow = steps[-3][2].workflow
            kind = "distinct" if distinct else "one"
            print(
                f"| {tasks:,} | {kind} | {seconds:.2f} | {seconds / tasks * 1e6:.0f}"
                f" | {len(to_json(workflow)) / 1024:.0f} | {len(workflow['spec']['templates'])} |"
            )


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="How long a compilation takes, by phase")
    parser.add_argument("--runs", type=int, default=5)
    options = parser.parse_args()
    by_phase(options.runs)
    by_size()


if __name__ == "__main__":
    main()
