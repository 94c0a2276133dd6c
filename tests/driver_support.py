"""Pipelines and runs for the tests of the driver, as short as they can be told.

A pipeline is written as KFP's own JSON, with what every document repeats left out.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from argosy_driver.preparing.paths import ComponentPaths, LocalPaths
from argosy_driver.preparing.prepare import prepare
from argosy_driver.resolving.resolver import Resolver
from argosy_driver.resolving.run_context import RunContext
from argosy_driver.resolving.upstream_statuses import UpstreamStatuses, read_upstream_statuses
from argosy_schemas.formats.records import (
    Artifact,
    AttemptRecord,
    AttemptState,
    Content,
    ContentKind,
    Failure,
    Reason,
    Values,
)
from argosy_schemas.formats.step import Step
from argosy_schemas.ir.model import ArtifactType, Pipeline
from argosy_schemas.names import ArtifactUri, AttemptId, RunId, TaskPath
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_schemas.values import JsonValue
from argosy_store.memory import MemoryStore
from argosy_store.objects import ObjectStore
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores

Json = dict[str, Any]

RUN = RunId("run-1")
CREATED = datetime(2024, 5, 1, 12, 0, 30, tzinfo=UTC)
STARTED = datetime(2024, 5, 1, 12, 1, tzinfo=UTC)
DATASET: Json = {"artifactType": {"schemaTitle": "system.Dataset", "schemaVersion": "0.0.1"}}
DATASETS: Json = {**DATASET, "isArtifactList": True}
DATASET_TYPE = ArtifactType(schema_title="system.Dataset", schema_version="0.0.1")


# Components.


def interface(parameters: Mapping[str, Any], artifacts: Mapping[str, Any]) -> Json:
    """Parameters by name, a bare type or a whole definition; artifacts likewise."""
    return {
        "parameters": {
            name: {"parameterType": spec} if isinstance(spec, str) else spec
            for name, spec in parameters.items()
        },
        "artifacts": dict(artifacts),
    }


def leaf(
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | None = None,
    *,
    artifacts: Mapping[str, Any] | None = None,
    output_artifacts: Mapping[str, Any] | None = None,
    **container: Any,
) -> Json:
    """A container component; ``container`` has what differs from ``echo``."""
    return {
        "inputs": interface(inputs or {}, artifacts or {}),
        "outputs": interface(outputs or {}, output_artifacts or {}),
        "executor": {"container": {"image": "busybox", "command": ["echo"], **container}},
    }


def importer(
    inputs: Mapping[str, Any] | None = None, *, kind: str = "system.Dataset", **spec: Any
) -> Json:
    """An importer of ``artifact``."""
    return {
        "inputs": interface(inputs or {}, {}),
        "outputs": interface({}, {"artifact": {"artifactType": {"schemaTitle": kind}}}),
        "executor": {"importer": {"typeSchema": {"schemaTitle": kind}, **spec}},
    }


def dag(
    tasks: Mapping[str, Any],
    inputs: Mapping[str, Any] | None = None,
    outputs: Mapping[str, Any] | None = None,
    *,
    artifacts: Mapping[str, Any] | None = None,
    output_artifacts: Mapping[str, Any] | None = None,
    passes: Mapping[str, Sequence[str]] | None = None,
    passes_artifacts: Mapping[str, Sequence[str]] | None = None,
) -> Json:
    """A DAG component; ``passes`` maps an output to ``task.output``, several for a ``OneOf``."""
    return {
        "inputs": interface(inputs or {}, artifacts or {}),
        "outputs": interface(outputs or {}, output_artifacts or {}),
        "dag": {
            "tasks": {key: {"taskInfo": {"name": key}, **task} for key, task in tasks.items()},
            "outputs": {
                "parameters": {
                    name: _parameter_output(sources) for name, sources in (passes or {}).items()
                },
                "artifacts": {
                    name: {"artifactSelectors": [_selector(each, "Artifact") for each in sources]}
                    for name, sources in (passes_artifacts or {}).items()
                },
            },
        },
    }


def task(
    component: str,
    parameters: Mapping[str, Any] | None = None,
    artifacts: Mapping[str, Any] | None = None,
    **fields: Any,
) -> Json:
    """A task; a parameter that is not a source is a constant."""
    return {
        "componentRef": {"name": component},
        "inputs": {
            "parameters": {
                name: source if _is_source(source) else constant(source)
                for name, source in (parameters or {}).items()
            },
            "artifacts": dict(artifacts or {}),
        },
        **fields,
    }


def constant(value: JsonValue) -> Json:
    return {"runtimeValue": {"constant": value}}


def output(task_key: str, name: str = "Output", **fields: Any) -> Json:
    return {"taskOutputParameter": {"producerTask": task_key, "outputParameterKey": name}, **fields}


def given(name: str, **fields: Any) -> Json:
    return {"componentInputParameter": name, **fields}


def status(task_key: str) -> Json:
    return {"taskFinalStatus": {"producerTask": task_key}}


def output_artifact(task_key: str, name: str = "data") -> Json:
    return {"taskOutputArtifact": {"producerTask": task_key, "outputArtifactKey": name}}


def given_artifact(name: str) -> Json:
    return {"componentInputArtifact": name}


def loop(items: Any, item: str = "item") -> Json:
    """The iterator of a task: a list, or the name of an input."""
    source = {"inputParameter": items} if isinstance(items, str) else {"raw": json.dumps(items)}
    return {"parameterIterator": {"items": source, "itemInput": item}}


def artifact_loop(items: str, item: str = "item") -> Json:
    return {"artifactIterator": {"items": {"inputArtifact": items}, "itemInput": item}}


def when(condition: str) -> Json:
    return {"triggerPolicy": {"condition": condition}}


IN_ANY_CASE: Json = {"triggerPolicy": {"strategy": "ALL_UPSTREAM_TASKS_COMPLETED"}}


def pipeline(
    root: Json, components: Mapping[str, Json], *, kubernetes: Mapping[str, Any] | None = None
) -> Pipeline:
    """Read the pipeline ``demo``."""
    executors: Json = {}
    document: Json = {
        "pipelineInfo": {"name": "demo"},
        "schemaVersion": "2.1.0",
        "sdkVersion": "kfp-2.14.0",
        "root": _component("root", root, executors),
        "components": {
            name: _component(name, component, executors) for name, component in components.items()
        },
        "deploymentSpec": {"executors": executors},
    }
    texts = [json.dumps(document)]
    if kubernetes:
        platform = {"deploymentSpec": {"executors": dict(kubernetes)}}
        texts.append(json.dumps({"platforms": {"kubernetes": platform}}))
    return read_pipeline("\n---\n".join(texts).encode(), file="demo.yaml")


# Runs.


def run(parameters: Mapping[str, JsonValue] | None = None, **fields: Any) -> RunContext:
    return RunContext(
        id=RUN,
        name="demo-x7k2p",
        created_at=CREATED,
        root=fields.pop("root", "s3://bucket/root"),
        parameters=parameters or {},
        **fields,
    )


class CountedRecords(RunRecords):
    """Records that remember which success records were read from the store."""

    def __init__(self, store: ObjectStore, run_id: RunId) -> None:
        super().__init__(store, run_id)
        self.read: list[str] = []

    def _read(self, key: str) -> AttemptRecord | None:
        path, _, file = key.partition("/tasks/")[2].rpartition("/")
        if file == "success.json":
            self.read.append(path)
        return super()._read(key)


class World:
    """A run of a pipeline over a store in memory."""

    def __init__(
        self,
        of: Pipeline,
        parameters: Mapping[str, JsonValue] | None = None,
        *,
        store: ObjectStore | None = None,
        **fields: Any,
    ) -> None:
        self.store: ObjectStore = MemoryStore() if store is None else store
        self.stores = Stores(patience_seconds=0)
        self.records: RunRecords = RunRecords(self.store, RUN)
        self.pipeline = of
        self.run = run(parameters, **fields)
        self._later = timedelta(0)

    def succeeded(self, path: str, **outputs: Any) -> None:
        """Record the outputs of a task: artifacts as such, in tuples, and parameters."""
        self.records.write_success(
            AttemptRecord(
                run_id=RUN,
                pipeline="demo",
                task_path=TaskPath(path),
                attempt_id=AttemptId("earlier"),
                state=AttemptState.SUCCEEDED,
                started_at=STARTED,
                outputs=Values(
                    parameters={k: v for k, v in outputs.items() if not _is_artifacts(v)},
                    artifacts={k: v for k, v in outputs.items() if _is_artifacts(v)},
                ),
            )
        )

    def failed(
        self,
        path: str,
        message: str,
        *,
        attempt: str = "failed",
        state: AttemptState = AttemptState.FAILED,
        reason: Reason = Reason.COMMAND_FAILED,
        final: bool = False,
    ) -> None:
        """Record an attempt of a task that did not succeed."""
        self._later += timedelta(seconds=1)
        self.records.write_attempt(
            AttemptRecord(
                run_id=RUN,
                pipeline="demo",
                task_path=TaskPath(path),
                attempt_id=AttemptId(attempt),
                state=state,
                started_at=STARTED + self._later,
                finished_at=STARTED + self._later,
                failure=Failure(reason=reason, message=message, final=final),
            )
        )

    def resolver(
        self,
        *,
        upstream: Mapping[str, str] | None = None,
        pod: TaskPath | None = None,
        **fields: Any,
    ) -> Resolver:
        """Return a resolver that was told of phases: by path, or as ``pod`` was told."""
        phases = UpstreamStatuses(upstream or {})
        if pod is not None:
            phases = read_upstream_statuses(phases.by_path, pod, self.pipeline)
        return Resolver(self.pipeline, self.run, self.records, phases=phases, **fields)

    def count(self, path: str) -> int:
        """The number of iterations of a loop."""
        resolver = self.resolver()
        return resolver.count_items(resolver.tree.at(TaskPath(path)))

    def holds(self, path: str) -> bool:
        """Whether a task's own condition holds."""
        resolver = self.resolver()
        return resolver.holds(resolver.tree.at(TaskPath(path)))

    def inputs(self, path: str, **fields: Any) -> dict[str, JsonValue]:
        return dict(self.resolver(**fields).inputs(TaskPath(path)).parameters)

    def input_artifacts(self, path: str, **fields: Any) -> dict[str, tuple[str, ...]]:
        """Input artifacts by their URIs."""
        found = self.resolver(**fields).inputs(TaskPath(path)).artifacts
        return {name: tuple(str(item.uri) for item in items) for name, items in found.items()}

    def outputs(self, path: str = "", **fields: Any) -> dict[str, JsonValue]:
        return dict(self.resolver(**fields).outputs(TaskPath(path)).parameters)

    def output_artifacts(self, path: str = "", **fields: Any) -> dict[str, tuple[str, ...]]:
        found = self.resolver(**fields).outputs(TaskPath(path)).artifacts
        return {name: tuple(str(item.uri) for item in items) for name, items in found.items()}

    def prepare(
        self,
        path: str,
        directory: Path | None = None,
        *,
        paths: ComponentPaths | None = None,
        attempt: str = "attempt-1",
        **fields: Any,
    ) -> Step:
        """Prepare an attempt of a task, by default below ``directory``."""
        if paths is None:
            assert directory is not None
            paths = LocalPaths(directory, workspace=directory / "workspace")
        return prepare(
            TaskPath(path),
            AttemptId(attempt),
            resolver=self.resolver(**fields),
            store=self.store,
            stores=self.stores,
            paths=paths,
            now=lambda: STARTED,
        )


def dataset(uri: str, *, name: str = "data", **fields: Any) -> tuple[Artifact, ...]:
    """A single artifact that a task wrote as one file."""
    made = Artifact(
        name=name,
        uri=ArtifactUri(uri),
        type=DATASET_TYPE,
        content=Content(kind=ContentKind.FILE, files=1, size_bytes=1),
    )
    return (replace(made, **fields),)


def _component(name: str, component: Json, executors: Json) -> Json:
    made: Json = {
        "inputDefinitions": component["inputs"],
        "outputDefinitions": component["outputs"],
        **component.get("extra", {}),
    }
    if "dag" in component:
        return {**made, "dag": component["dag"]}
    label = f"exec-{name.removeprefix('comp-')}"
    executors[label] = component["executor"]
    return {**made, "executorLabel": label}


def _parameter_output(sources: Sequence[str]) -> Json:
    selectors = [_selector(each, "Parameter") for each in sources]
    if len(selectors) == 1:
        return {"valueFromParameter": selectors[0]}
    return {"valueFromOneof": {"parameterSelectors": selectors}}


def _selector(source: str, kind: str) -> Json:
    key, name = source.split(".")
    return {"producerSubtask": key, f"output{kind}Key": name}


def _is_source(value: object) -> bool:
    return isinstance(value, dict) and bool(
        {"runtimeValue", "taskOutputParameter", "componentInputParameter", "taskFinalStatus"}
        & set(value)  # pyright: ignore[reportUnknownArgumentType]
    )


def _is_artifacts(value: object) -> bool:
    return isinstance(value, tuple)
