"""How long a compilation takes, by phase, and how large its workflow is.

    python benchmarks/compile_time.py [--runs N] [--shape SHAPE ...]

Prints tables of Markdown: 300 tasks of about 1 MB of IR phase by phase, then 100 to 5,000 tasks in
several shapes, of one component, of distinct ones, and of distinct ones with a large source each.
Where the time is linear in the number of tasks, a task costs the same at each size. The pipelines
are made here: functions as the SDK writes them, each task with the output of one or two above.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, TypeVar

import yaml

from argosy_compiler import CompileOptions, IrPlacement
from argosy_compiler.compilation import Compilation, DagVariant
from argosy_compiler.compile import PASSES
from argosy_compiler.compiled_pipeline import CompiledPipeline
from argosy_compiler.emit import TextFormat, emit
from argosy_compiler.structure import read_structure
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import to_json

T = TypeVar("T")

WIDTH = 20
"""Tasks in a layer: the tasks of a layer may run at the same time."""
SIZES = (100, 1000, 5000)
Above = Callable[[int], Sequence[int]]
"""Returns the tasks that a task comes after, by number."""
SHAPES: Mapping[str, Above] = {
    "fan-out": lambda number: [],
    "chain": lambda number: [number - 1] if number else [],
    "layers": lambda number: [number - WIDTH] if number >= WIDTH else [],
    "crossing layers": lambda number: (
        [number - WIDTH, number - number % WIDTH - WIDTH + (number + 1) % WIDTH]
        if number >= WIDTH
        else []
    ),
    "tree": lambda number: [(number - 1) // 2] if number else [],
}
KINDS: Mapping[str, tuple[bool, int]] = {
    "one": (False, 0),
    "distinct": (True, 0),
    "distinct, 2.6 KB each": (True, 2600),
}


def document(
    tasks: int, *, distinct: bool, source_bytes: int = 0, above: Above = SHAPES["layers"]
) -> dict[str, Any]:
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
        tasks_above = above(number)
        source: dict[str, Any] = {"runtimeValue": {"constant": "first"}}
        task: dict[str, Any] = {
            "cachingOptions": {"enableCache": True},
            "componentRef": {"name": f"comp-{name}"},
            "taskInfo": {"name": f"task-{number}"},
        }
        if tasks_above:
            source = {
                "taskOutputParameter": {
                    "outputParameterKey": "Output",
                    "producerTask": f"task-{tasks_above[0]}",
                }
            }
            task["dependentTasks"] = [f"task-{one}" for one in tasks_above]
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
        lambda: Compilation(pipeline=pipeline, options=options, structure=read_structure(pipeline))
    )
    yield "structure", seconds, plan
    for run in PASSES:
        plan, seconds = timed(partial(run, plan))
        yield run.__name__, seconds, plan
    counts = plan.node_counts[DagVariant(component=ROOT)]
    compiled = CompiledPipeline(
        workflow=plan.workflow, ir=plan.ir, counts=counts, ir_digest="0" * 64
    )
    text, seconds = timed(lambda: emit(compiled))
    yield "emit JSON", seconds, text
    text, seconds = timed(lambda: emit(compiled, TextFormat.YAML))
    yield "emit YAML", seconds, text


def timed(call: Callable[[], T]) -> tuple[T, float]:
    """Return the result of a call and its seconds of CPU."""
    gc.collect()
    started = time.process_time()
    result = call()
    return result, time.process_time() - started


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


def by_size(runs: int, shapes: Iterable[str]) -> None:
    """Print time and size at 100, 1,000 and 5,000 tasks: reading, compiling and writing JSON."""
    print("| shape | components | tasks | s | µs a task | to 1,000 tasks | workflow KiB |")
    print("| --- | --- | ---: | ---: | ---: | ---: | ---: |")
    for shape in shapes:
        for kind, (distinct, source_bytes) in KINDS.items():
            costs: dict[int, float] = {}
            rows: list[tuple[int, float, float]] = []
            for tasks in SIZES:
                made = document(
                    tasks, distinct=distinct, source_bytes=source_bytes, above=SHAPES[shape]
                )
                seconds, kib = _least(runs, to_json(made).encode())
                costs[tasks] = seconds / tasks
                rows.append((tasks, seconds, kib))
            for tasks, seconds, kib in rows:
                print(
                    f"| {shape} | {kind} | {tasks:,} | {seconds:.2f} | {costs[tasks] * 1e6:.0f}"
                    f" | {costs[tasks] / costs[1000]:.2f} | {kib:.0f} |",
                    flush=True,
                )


def _least(runs: int, data: bytes) -> tuple[float, float]:
    """Return the least seconds of several compilations, and the KiB of the workflow."""
    found: list[float] = []
    size = 0
    for _ in range(runs):
        seconds = 0.0
        for name, took, result in phases(data, CompileOptions(ir=IrPlacement.STORE)):
            if name != "emit YAML":
                seconds += took
            if name == "emit JSON":
                size = len(result.encode())
        found.append(seconds)
    return min(found), size / 1024


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description="How long a compilation takes, by phase")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--shape", action="append", choices=list(SHAPES), help="all by default")
    options = parser.parse_args()
    # As the commands do.
    gc.set_threshold(100_000, 50)
    # Load modules first: that is not part of a compilation.
    for _ in phases(to_json(document(3, distinct=True)).encode(), CompileOptions()):
        pass
    by_phase(options.runs)
    by_size(options.runs, options.shape or SHAPES)


if __name__ == "__main__":
    main()
