"""Time and memory of a loop over many items, each a container task that does nothing.

    python benchmarks/large_loop.py [COUNT ...]

Each size runs in a process of its own, so that memory is its own; 1,000 and 10,000 by default.
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
from argosy_engine.states import RunState
from argosy_schemas.reading import read_pipeline

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
    """Run one loop in this process and print what it took."""
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
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    print(
        f"{count:7,} iterations: {seconds:7.2f} s, {seconds / count * 1000:5.2f} ms each; "
        f"{after / 1024:4.0f} MB resident at most, {before / 1024:.0f} MB of it before the run",
        flush=True,
    )


def main() -> None:
    sizes = [int(word) for word in sys.argv[1:]] or list(SIZES)
    if len(sizes) == 1:
        run(sizes[0])
        return
    for size in sizes:
        subprocess.run([sys.executable, __file__, str(size)], check=True)


if __name__ == "__main__":
    main()
