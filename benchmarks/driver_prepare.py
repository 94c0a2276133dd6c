"""What the driver costs a task on one machine: ``python benchmarks/driver_prepare.py``.

A task with constants, upstream parameters and two input artifacts of 1 KiB, over local files; the
resolver is shared by all tasks, as in the embedded engine, or new for each, as in a pod. Imports
are measured in processes of their own, over an empty interpreter.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from statistics import median

from argosy_driver.preparing.paths import LocalPaths
from argosy_driver.preparing.prepare import prepare
from argosy_driver.resolving.resolver import Resolver
from argosy_driver.resolving.run_context import RunContext
from argosy_schemas.formats.records import (
    Artifact,
    AttemptRecord,
    AttemptState,
    Content,
    ContentKind,
    Values,
)
from argosy_schemas.ir.model import (
    ArtifactSpec,
    ArtifactType,
    Caching,
    Component,
    Constant,
    ContainerExecutor,
    Dag,
    Interface,
    ParameterInput,
    ParameterSpec,
    ParameterType,
    Pipeline,
    Task,
    TaskOutput,
)
from argosy_schemas.names import ArtifactUri, AttemptId, RunId, TaskPath
from argosy_store.local.store import LocalStore
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores

TASKS = 300
DATASET = ArtifactSpec(type=ArtifactType(schema_title="system.Dataset"))
STRING = ParameterSpec(type=ParameterType.STRING)


def main() -> None:
    with tempfile.TemporaryDirectory() as directory:
        home = Path(directory)
        shared, fresh = _prepare_times(home, caching=False)
        cached = _prepare_times(home, caching=True)[0]
    print(f"prepare, shared resolver       {shared * 1e3:6.2f} ms")
    print(f"prepare, a resolver of its own {fresh * 1e3:6.2f} ms")
    print(f"prepare, with a cache look-up  {cached * 1e3:6.2f} ms")
    empty = _process_time("pass")
    for module in ("argosy_driver.preparing.prepare", "argosy_driver.container"):
        print(f"import {module:24}{(_process_time(f'import {module}') - empty) * 1e3:6.1f} ms")


def _prepare_times(home: Path, *, caching: bool) -> tuple[float, float]:
    pipeline = _pipeline(caching=caching)
    run = RunContext(
        id=RunId(f"run-{caching}"),
        name="demo",
        created_at=datetime.now(UTC),
        root=f"{home}/artifacts",
    )
    store = LocalStore(home)
    records = RunRecords(store, run.id)
    _write_upstream(home, run, records)
    shared = Resolver(pipeline, run, records)

    def once(resolver: Callable[[], Resolver]) -> float:
        times: list[float] = []
        for number in range(TASKS):
            directory = home / "io" / str(number)
            start = time.perf_counter()
            step = prepare(
                TaskPath("t"),
                AttemptId(str(number)),
                resolver=resolver(),
                store=store,
                stores=Stores(),
                paths=LocalPaths(directory, workspace=directory / "workspace"),
                now=lambda: datetime.now(UTC),
            )
            times.append(time.perf_counter() - start)
            assert step.failure is None, step.failure
        return median(times)

    return once(lambda: shared), once(lambda: Resolver(pipeline, run, RunRecords(store, run.id)))


def _pipeline(*, caching: bool) -> Pipeline:
    leaf = Component(
        name="comp-t",
        inputs=Interface(
            parameters={"a": STRING, "b": STRING, "c": STRING},
            artifacts={"x": DATASET, "y": DATASET},
        ),
        outputs=Interface(parameters={"Output": STRING}, artifacts={"model": DATASET}),
        executor_label="exec-t",
        executor=ContainerExecutor(image="python:3.11", command=("sh",), args=("-c", "{{$}}")),
    )
    before = Component(
        name="comp-b",
        outputs=Interface(parameters={"Output": STRING}, artifacts={"data": DATASET}),
        executor_label="exec-b",
        executor=ContainerExecutor(image="python:3.11", command=("true",)),
    )
    task = Task(
        key="t",
        display_name="t",
        component="comp-t",
        parameters={
            "a": ParameterInput(source=Constant("run {{$.pipeline_job_uuid}}")),
            "b": ParameterInput(source=TaskOutput("one", "Output")),
            "c": ParameterInput(source=TaskOutput("two", "Output")),
        },
        artifacts={"x": TaskOutput("one", "data"), "y": TaskOutput("two", "data")},
        dependencies=("one", "two"),
        caching=Caching(enabled=caching),
    )
    tasks = {key: Task(key=key, display_name=key, component="comp-b") for key in ("one", "two")}
    root = Component(name="root", dag=Dag(tasks={**tasks, "t": task}))
    return Pipeline(name="demo", root=root, components={"comp-t": leaf, "comp-b": before})


def _write_upstream(home: Path, run: RunContext, records: RunRecords) -> None:
    for key in ("one", "two"):
        path = home / "artifacts" / key / "data"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x" * 1024)
        artifact = Artifact(
            name="data",
            uri=ArtifactUri(f"file://{path}"),
            type=DATASET.type,
            content=Content(kind=ContentKind.FILE, files=1, size_bytes=1024),
        )
        records.write_success(
            AttemptRecord(
                run_id=run.id,
                pipeline="demo",
                task_path=TaskPath(key),
                attempt_id=AttemptId("1"),
                state=AttemptState.SUCCEEDED,
                started_at=datetime.now(UTC),
                outputs=Values(parameters={"Output": key}, artifacts={"data": (artifact,)}),
            )
        )


def _process_time(statement: str) -> float:
    times: list[float] = []
    for _ in range(7):
        start = time.perf_counter()
        subprocess.run([sys.executable, "-c", statement], check=True)
        times.append(time.perf_counter() - start)
    return median(times)


if __name__ == "__main__":
    main()
