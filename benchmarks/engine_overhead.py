"""What engine, driver and launcher cost for a task that does nothing, beyond its process.

    python benchmarks/engine_overhead.py

One run of one task, and one of 200, each beside as many bare processes of the same command, one
after the other; the median of several rounds. Ratios are of figures from the same round.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from argosy_compiler.compile import compile_pipeline
from argosy_compiler.compiled_pipeline import CompiledPipeline
from argosy_compiler.options import CompileOptions, IrPlacement
from argosy_engine.run import run_workflow
from argosy_engine.settings import RunSettings
from argosy_runs.states import RunState
from argosy_schemas.reading.pipeline import read_pipeline

ROUNDS = 7


def no_ops(count: int) -> CompiledPipeline:
    """Compile a pipeline of independent tasks that do nothing."""
    document: dict[str, Any] = {
        "pipelineInfo": {"name": "no-ops"},
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.13.0",
        "root": {
            "dag": {
                "tasks": {
                    f"t{number}": {
                        "taskInfo": {"name": f"t{number}"},
                        "componentRef": {"name": "comp-no-op"},
                    }
                    for number in range(count)
                }
            }
        },
        "components": {"comp-no-op": {"executorLabel": "exec-no-op"}},
        "deploymentSpec": {
            "executors": {"exec-no-op": {"container": {"image": "busybox", "command": ["true"]}}}
        },
    }
    pipeline = read_pipeline(json.dumps(document).encode(), file="no-ops.json")
    return compile_pipeline(pipeline, CompileOptions(ir=IrPlacement.STORE, max_nodes=None))


def engine_seconds(compiled: CompiledPipeline, *, jobs: int) -> float:
    with tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        result = run_workflow(
            compiled.workflow,
            compiled.ir,
            settings=RunSettings(home=Path(home), jobs=jobs, cache=False),
        )
        seconds = time.perf_counter() - started
    assert result.state is RunState.SUCCEEDED, result.error
    return seconds


def bare_seconds(count: int) -> float:
    started = time.perf_counter()
    for _ in range(count):
        subprocess.run(["true"], check=True)
    return time.perf_counter() - started


def main() -> None:
    print("tasks  jobs   engine ms/task   bare ms/task   beyond it   ratio")
    for count, jobs in ((1, 1), (200, 1), (200, 2)):
        compiled = no_ops(count)
        engine_seconds(compiled, jobs=jobs)  # imports and caches of the system
        rounds = [
            (engine_seconds(compiled, jobs=jobs) / count, bare_seconds(count) / count)
            for _ in range(ROUNDS)
        ]
        engine = statistics.median(one for one, _ in rounds) * 1000
        bare = statistics.median(other for _, other in rounds) * 1000
        ratio = statistics.median(one / other for one, other in rounds)
        print(
            f"{count:5}  {jobs:4}   {engine:14.2f}   {bare:12.2f}   {engine - bare:9.2f}"
            f"   {ratio:5.1f}"
        )


if __name__ == "__main__":
    main()
