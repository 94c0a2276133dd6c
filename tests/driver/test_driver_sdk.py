"""The SDK's own executor gets along with what it is told, in a pod and on a machine."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from argosy_driver.preparing.paths import ClusterPaths
from argosy_schemas.formats.step import Step
from argosy_schemas.formats.step_json import step_from_json, step_to_json
from argosy_schemas.sdk_paths import find_sdk_path
from argosy_store.memory import get_memory_store
from driver_support import (
    DATASET,
    DATASETS,
    World,
    dag,
    dataset,
    leaf,
    output_artifact,
    pipeline,
    task,
)


def executor_of(step: Step, function: Callable[..., Any]) -> Any:
    """The executor that ``kfp.dsl.executor_main`` makes."""
    executor: Any = pytest.importorskip("kfp.dsl.executor")
    return executor.Executor(executor_input=json.loads(step.argv[1]), function_to_execute=function)


def consumer() -> World:
    root = dag(
        {
            "t": task(
                "comp-t",
                {"n": 2.0},
                {"one": output_artifact("before"), "many": output_artifact("before", "many")},
            ),
            "before": task("comp-b"),
        }
    )
    components = {
        "comp-t": leaf(
            {"n": "NUMBER_INTEGER"},
            artifacts={"one": DATASET, "many": DATASETS},
            output_artifacts={"made": DATASET},
            args=["{{$}}"],
        ),
        "comp-b": leaf(output_artifacts={"data": DATASET, "many": DATASETS}),
    }
    world = World(pipeline(root, components), root="memory://sdk/root")
    get_memory_store("sdk").put("a.csv", b"A")
    get_memory_store("sdk").put("b.csv", b"B")
    one, two = dataset("memory://sdk/a.csv", metadata={"rows": 1}), dataset("memory://sdk/b.csv")
    world.succeeded("before", data=one, many=(*one, *two))
    return world


@pytest.mark.parametrize("where", ["machine", "pod"])
def test_the_sdk_finds_artifacts_where_they_are(where: str, tmp_path: Path) -> None:
    dsl: Any = pytest.importorskip("kfp.dsl")
    if where == "machine":
        step = consumer().prepare("t", tmp_path)
    else:
        # Below a directory of the test; the paths that the SDK sees are those of the pod.
        step = consumer().prepare("t", paths=ClusterPaths(tmp_path))
        step = _moved(step, tmp_path)
    seen: dict[str, Any] = {}

    def use(n: Any, one: Any, many: Any, made: Any) -> None:
        seen.update(
            n=n,
            one=Path(one.path).read_text(),
            rows=one.metadata["rows"],
            name=one.name,
            many=[Path(each.path).read_text() for each in many],
        )
        Path(made.path).write_text("made")

    use.__annotations__.update(
        n=int,
        one=dsl.Input[dsl.Dataset],
        many=dsl.Input[list[dsl.Dataset]],
        made=dsl.Output[dsl.Dataset],
    )
    executor = executor_of(step, use)
    executor.execute()

    assert seen == {"n": 2, "one": "A", "rows": 1, "name": "data", "many": ["A", "B"]}
    assert type(executor.get_input_artifact("one")).__name__ == "Dataset"
    (output,) = step.output_artifacts
    assert Path(output.path).read_text() == "made"
    said = json.loads(Path(step.executor_output_path).read_text())
    assert said["artifacts"]["made"]["artifacts"][0]["uri"] == output.seen_uri


@pytest.mark.parametrize("root", ["memory://sdk/root", "s3://bucket/root", "gs://bucket/root"])
def test_uris_of_the_sdk_are_below_the_root_of_the_task(
    root: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    artifact_types: Any = pytest.importorskip("kfp.dsl.types.artifact_types")
    world = consumer()
    world.run = replace(world.run, root=root)
    step = world.prepare("t", paths=ClusterPaths(tmp_path))
    # What the SDK's executor does first.
    task_root = str(Path(step.executor_output_path).parent)
    monkeypatch.setattr(artifact_types, "CONTAINER_TASK_ROOT", task_root)

    uri = artifact_types.get_uri("extra")

    (mapping,) = step.uri_mappings
    assert mapping.stored == f"{root}/demo/run-1/t/attempt-1"
    assert uri == f"{mapping.seen}/extra"
    assert find_sdk_path(uri) == f"{task_root}/extra"


def _moved(step: Step, directory: Path) -> Step:
    """The step with the pod's paths below ``directory``, for a test that is not a container."""
    text = step_to_json(step).replace("/argosy/", f"{directory}/argosy/")
    return step_from_json(text)
