"""How large the workflow of a large pipeline is: deterministic, so it is held here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from argosy_compiler import CompiledPipeline, CompileOptions, IrPlacement, compile_pipeline
from argosy_compiler.stats import compute_stats
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import to_json

# A thousand tasks take the lines that a few take, and tracing doubles the time.
pytestmark = pytest.mark.no_cover

TASKS = 1000
WIDTH = 20
SHAPES = ("fan-out", "chain", "layers", "crossing", "tree")


def above(shape: str, number: int) -> list[int]:
    """Return what a task comes after, by number."""
    match shape:
        case "chain":
            return [number - 1] if number else []
        case "layers":
            return [number - WIDTH] if number >= WIDTH else []
        case "crossing":
            layer = number - number % WIDTH - WIDTH
            return [layer + number % WIDTH, layer + (number + 1) % WIDTH] if layer >= 0 else []
        case "tree":
            return [(number - 1) // 2] if number else []
        case _:
            return []


def executor(number: int, *, own_image: bool) -> Mapping[str, Any]:
    # As long as what the SDK writes for a small function.
    body = "    x += x\n" * 250
    source = f"def step(x: str) -> str:\n{body}    return x + '{number}'"
    image = f"registry.example.com/team/step-{number}:1.0.0" if own_image else "python:3.11"
    return {"container": {"image": image, "command": ["sh", "-ec", source]}}


def compiled(shape: str, *, components: int, own_image: bool = False) -> CompiledPipeline:
    """Return the workflow of 1,000 tasks, each with the output of one above, IR by reference."""
    output = {"parameters": {"Output": {"parameterType": "STRING"}}}
    declared = {"parameters": {"x": {"parameterType": "STRING"}}}
    tasks: dict[str, Any] = {}
    for number in range(TASKS):
        names = [f"task-{one}" for one in above(shape, number)]
        source: Mapping[str, Any] = {"runtimeValue": {"constant": "first"}}
        if names:
            source = {
                "taskOutputParameter": {"outputParameterKey": "Output", "producerTask": names[0]}
            }
        tasks[f"task-{number}"] = {
            "taskInfo": {"name": f"task-{number}"},
            "cachingOptions": {"enableCache": True},
            "componentRef": {"name": f"comp-{number % components}"},
            "dependentTasks": names,
            "inputs": {"parameters": {"x": source}},
        }
    document = {
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.14.0",
        "pipelineInfo": {"name": "large"},
        "root": {"dag": {"tasks": tasks}},
        "components": {
            f"comp-{number}": {
                "executorLabel": f"exec-{number}",
                "inputDefinitions": declared,
                "outputDefinitions": output,
            }
            for number in range(components)
        },
        "deploymentSpec": {
            "executors": {
                f"exec-{number}": executor(number, own_image=own_image)
                for number in range(components)
            }
        },
    }
    pipeline = read_pipeline(to_json(document).encode(), file="large.json")
    return compile_pipeline(pipeline, CompileOptions(ir=IrPlacement.STORE))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_thousand_tasks_of_one_component_take_a_quarter_of_a_mebibyte(shape: str) -> None:
    result = compiled(shape, components=1)

    assert len(to_json(result.workflow).encode()) < 256 * 1024
    assert (compute_stats(result).pods, compute_stats(result).pods_per_task) == (TASKS, 1.0)


@pytest.mark.parametrize("own_image", [False, True])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_thousand_distinct_components_take_half_a_mebibyte(shape: str, own_image: bool) -> None:
    result = compiled(shape, components=TASKS, own_image=own_image)

    assert len(to_json(result.workflow).encode()) < 512 * 1024
    assert (compute_stats(result).pods, compute_stats(result).pods_per_task) == (TASKS, 1.0)
