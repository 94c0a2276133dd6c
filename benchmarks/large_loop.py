"""Time and memory of a loop over many items, each a container task that does nothing.

    python benchmarks/large_loop.py [COUNT ...]

Each size runs in a process of its own, so that memory is its own; 1,000 and 10,000 by default.
Where time is linear, an iteration costs the same at each size: the last column is its cost relative
to the first size.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from argosy_compiler.compile import compile_pipeline
from argosy_compiler.options import CompileOptions, IrPlacement
from argosy_engine.run import run_workflow
from argosy_engine.settings import RunSettings
from argosy_runs.states import RunState
from argosy_schemas.reading.pipeline import read_pipeline

SIZES = (1_000, 10_000)


def document(count: int) -> dict[str, Any]:
    """Return a static loop over ``count`` integers, with an output that is collected."""
    integer = {"parameterType": "NUMBER_INTEGER"}
    return {
        "pipelineInfo": {"name": "large-loop"},
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.13.0",
        "root": {
            "dag": {
                "tasks": {
                    "for-loop-1": {
                        "taskInfo": {"name": "for-loop-1"},
                        "componentRef": {"name": "comp-for-loop-1"},
                        "parameterIterator": {
                            "itemInput": "item",
                            "items": {"raw": json.dumps(list(range(count)))},
                        },
                    }
                }
            }
        },
        "components": {
            "comp-for-loop-1": {
                "inputDefinitions": {"parameters": {"item": integer}},
                "dag": {
                    "tasks": {
                        "no-op": {
                            "taskInfo": {"name": "no-op"},
                            "componentRef": {"name": "comp-no-op"},
                            "inputs": {"parameters": {"item": {"componentInputParameter": "item"}}},
                        }
                    }
                },
            },
            "comp-no-op": {
                "executorLabel": "exec-no-op",
                "inputDefinitions": {"parameters": {"item": integer}},
            },
        },
        "deploymentSpec": {
            "executors": {
                "exec-no-op": {
                    "container": {
                        "image": "busybox",
                        "command": ["true", "{{$.inputs.parameters['item']}}"],
                    }
                }
            }
        },
    }


def run(count: int) -> None:
    """Run one loop in this process and print what it took, as JSON."""
    pipeline = read_pipeline(json.dumps(document(count)).encode(), file="large-loop.json")
    compiled = compile_pipeline(pipeline, CompileOptions(ir=IrPlacement.STORE, max_nodes=None))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with tempfile.TemporaryDirectory() as home:
        started = time.perf_counter()
        result = run_workflow(
            compiled.workflow,
            compiled.ir,
            settings=RunSettings(home=Path(home), cache=False),
        )
        seconds = time.perf_counter() - started
    assert result.state is RunState.SUCCEEDED, result.error
    assert len(result.tasks) == 2 * count + 1
    usage = resource.getrusage(resource.RUSAGE_SELF)
    measured = {
        "seconds": seconds,
        "cpu_seconds": usage.ru_utime + usage.ru_stime,
        "before_mb": before / 1024,
        "peak_mb": usage.ru_maxrss / 1024,
    }
    print(json.dumps(measured))


def main() -> None:
    """Print a table of Markdown."""
    if sys.argv[1:2] == ["--one"]:
        run(int(sys.argv[2]))
        return
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    print("| iterations | s | ms each | engine's CPU, ms each | peak MB | before | relative |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    first: float | None = None
    for size in sizes:
        ended = subprocess.run(
            [sys.executable, __file__, "--one", str(size)], check=True, capture_output=True
        )
        one = json.loads(ended.stdout)
        each = one["seconds"] / size
        first = each if first is None else first
        print(
            f"| {size:,} | {one['seconds']:.1f} | {each * 1000:.2f}"
            f" | {one['cpu_seconds'] / size * 1000:.2f} | {one['peak_mb']:.0f}"
            f" | {one['before_mb']:.0f} | {each / first:.2f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
