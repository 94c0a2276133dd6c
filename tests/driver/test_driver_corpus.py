"""Real pipelines: every container task of the corpus becomes a step, whatever its inputs.

The outputs of tasks are made up by type, so this says that nothing is left unresolved, not that
values are right. Skips where the corpus is not beside the checkout.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from argosy_driver.resolving.placeholders import find_placeholders
from argosy_driver.resolving.resolver import Resolver
from argosy_schemas.errors import InvalidPipelineError
from argosy_schemas.formats.packed_ir import pack, unpack
from argosy_schemas.formats.records import Artifact, Content, ContentKind
from argosy_schemas.formats.step import Decision, Step
from argosy_schemas.ir.model import ParameterType, Pipeline
from argosy_schemas.ir.task_tree import TaskPosition
from argosy_schemas.names import ArtifactUri, TaskPath, join_task_path
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import UNSET, JsonValue
from argosy_store.memory import get_memory_store
from driver_support import World

CORPUS = Path(__file__).parents[3] / "shared" / "kfp-pipelines"
FILES = sorted(
    path.relative_to(CORPUS).as_posix()
    for path in CORPUS.rglob("*.yaml")
    if path.parent.name != "invalid"
)
CONTENT = Content(kind=ContentKind.ABSENT)

VALUES: dict[ParameterType, JsonValue] = {
    ParameterType.STRING: "text",
    ParameterType.NUMBER_INTEGER: 3,
    ParameterType.NUMBER_DOUBLE: 0.5,
    ParameterType.BOOLEAN: True,
    ParameterType.LIST: [{"a": "1", "b": "2", "A_a": "1", "B_b": "2"}],
    ParameterType.STRUCT: {"a": "1", "b": "2", "A_a": "1", "B_b": "2"},
}

UNKNOWN_HERE = {
    "pipeline_google_cloud_location",
    "pipeline_google_cloud_project_id",
    "pipeline_persistent_resource_id",
}
"""Placeholders that only Google's service knows."""


def parameters_of(pipeline: Pipeline) -> dict[str, JsonValue]:
    found: dict[str, JsonValue] = {}
    for name, spec in pipeline.root.inputs.parameters.items():
        if spec.default is not UNSET:
            found[name] = spec.default
        else:
            found[name] = None if spec.optional else VALUES[spec.type]
    return found


@dataclass
class Walk:
    """Prepares all tasks in their order and makes up the outputs of each."""

    world: World
    directory: Path
    steps: list[Step] = field(default_factory=list[Step])

    def dag(self, resolver: Resolver, node: TaskPosition) -> None:
        dag = node.component.dag
        assert dag is not None
        done: set[str] = set()

        def visit(key: str) -> None:
            if key in done:
                return
            done.add(key)
            for before in dag.tasks[key].dependencies:
                visit(before)
            self.task(resolver, resolver.tree.at(join_task_path(node.path, key)))

        for key in dag.tasks:
            visit(key)

    def task(self, resolver: Resolver, node: TaskPosition) -> None:
        if node.is_loop:
            for index in range(resolver.count_items(node)):
                self.leaf_or_dag(resolver, resolver.tree.iteration(node, index))
        else:
            self.leaf_or_dag(resolver, node)

    def leaf_or_dag(self, resolver: Resolver, node: TaskPosition) -> None:
        if node.has_dag:
            self.dag(resolver, node)
        elif node.container is not None and not node.container.image.startswith("argostub/"):
            step = self.world.prepare(
                node.path, self.directory, upstream=dict.fromkeys(self.keys(node), "Succeeded")
            )
            self.steps.append(step)
            self.world.succeeded(node.path, **outputs_of(node))

    def keys(self, node: TaskPosition) -> Iterator[str]:
        each = node
        while each.task is not None and each.parent is not None:
            for key in each.task.dependencies:
                yield join_task_path(each.parent.path, key)
            each = each.parent


def outputs_of(node: TaskPosition) -> dict[str, object]:
    declared = node.component.outputs
    made: dict[str, object] = {
        name: VALUES[spec.type] for name, spec in declared.parameters.items()
    }
    for name, spec in declared.artifacts.items():
        uri = ArtifactUri(f"s3://bucket/{node.path}/{name}")
        made[name] = (Artifact(name=name, uri=uri, type=spec.type, content=CONTENT),)
    return made


def walk(file: str, directory: Path) -> Walk:
    try:
        pipeline = read_pipeline(_offline((CORPUS / file).read_bytes()), file=file)
    except InvalidPipelineError as error:
        pytest.skip(f"is refused: {error}")
    # As a driver has it.
    unpacked = unpack(pack(pipeline))
    given = {
        name: (
            Artifact(
                name=name, uri=ArtifactUri(f"s3://bucket/{name}"), type=spec.type, content=CONTENT
            ),
        )
        for name, spec in pipeline.root.inputs.artifacts.items()
    }
    world = World(unpacked, parameters_of(pipeline), artifacts=given, cache=False)
    walk = Walk(world, directory)
    walk.dag(world.resolver(), world.resolver().tree.at(TaskPath("")))
    return walk


@pytest.mark.skipif(not FILES, reason="the corpus is not beside the checkout")
@pytest.mark.parametrize("file", FILES)
def test_every_task_of_the_corpus_becomes_a_step(file: str, tmp_path: Path) -> None:
    done = walk(file, tmp_path)

    for step in done.steps:
        if step.failure is not None:
            assert _is_expected(step), (step.task_path, step.failure)
            continue
        assert step.decision is Decision.RUN
        left = {
            segments[0] if segments else ""
            for text in (*step.argv, *(value for _, value in step.env))
            for segments in find_placeholders(text)
            if "metadata" not in segments  # made-up artifacts have none
        }
        assert left <= UNKNOWN_HERE, (step.task_path, left)
        if "--executor_input" in step.argv:
            text = step.argv[step.argv.index("--executor_input") + 1]
            assert json.loads(text)["outputs"]["outputFile"] == step.executor_output_path


EXPECTED = (
    "the component has no command",
    # Made-up values that somebody looks into.
    "parseJson",
    "the URI to import is empty",
    "is a string, not a NUMBER_INTEGER",
)


def _is_expected(step: Step) -> bool:
    return step.failure is not None and any(text in step.failure.message for text in EXPECTED)


def _offline(data: bytes) -> bytes:
    """Make importers of the corpus read from memory, where there is something at each URI."""
    for scheme in (b"gs://", b"s3://", b"minio://"):
        data = data.replace(scheme, b"memory://")
    for bucket, key in re.findall(r"memory://([\w.-]+)/([\w.-]+(?:/[\w.-]+)*)", data.decode()):
        get_memory_store(bucket).put(key, b"x")
    return data
