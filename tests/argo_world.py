"""An engine on a cluster in memory, whose controller tests play."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from argosy_cluster.cluster import Document
from argosy_cluster.fakes import FakeCluster
from argosy_cluster.resources import WORKFLOWS
from argosy_compiler.compile import compile_pipeline
from argosy_compiler.options import CompileOptions
from argosy_schemas.formats.records import AttemptRecord, AttemptState, Values
from argosy_schemas.names import AttemptId, RunId, TaskPath
from argosy_schemas.reading.pipeline import read_pipeline
from argosy_service.engines.argo.engine import ArgoEngine
from argosy_service.engines.argo.settings import ArgoSettings
from argosy_service.engines.protocol import RunOrder, RunReport
from argosy_store.run_records import RunRecords
from argosy_store.stores import open_store
from cli_processes import shell_pipeline
from workflow_play import play

RUN = "7f3ab2c4-91d0-4c1f-9a55-0123456789ab"
NAME = "hello-7f3ab2c4-91d0"
CREATED = datetime(2026, 5, 1, 12, 0, 0, 123456, tzinfo=UTC)
PATIENCE_SECONDS = 60.0
SPEC = shell_pipeline("hello", {"one": "true", "two": "true"}, after={"two": "one"})


def order(run_id: str = RUN, **values: Any) -> RunOrder:
    made = RunOrder(run_id=run_id, spec=SPEC, parameters={}, created_at=CREATED)
    return replace(made, **values)


class World:
    """An engine, its cluster and its store."""

    def __init__(self, store: Path) -> None:
        self.cluster = FakeCluster()
        self.store = store
        self.settings = ArgoSettings(
            connect=lambda: self.cluster, options=CompileOptions(store=str(store))
        )
        self.now = CREATED
        self.skipped = 0.0
        """Seconds that went by on the clock of the engine alone."""
        self.engine = self.open()

    def open(self) -> ArgoEngine:
        return ArgoEngine(
            self.settings,
            monotonic=lambda: time.monotonic() + self.skipped,
            sleep=lambda _: time.sleep(0.01),
            now=lambda: self.now,
        )

    def restart(self) -> None:
        self.engine.close()
        self.engine = self.open()

    def reports(self, wanted: Callable[[list[RunReport]], bool]) -> list[RunReport]:
        """Poll until what came is what is wanted, and return it."""
        found: list[RunReport] = []
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while not wanted(found):
            assert time.monotonic() < give_up_at, found
            found += self.engine.poll()
            time.sleep(0.01)
        return found

    def final(self) -> RunReport:
        return self.reports(lambda found: any(each.is_final for each in found))[-1]

    def settle(self, until: Callable[[], object]) -> None:
        """Poll until something is so."""
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        while not until():
            assert time.monotonic() < give_up_at
            self.engine.poll()
            time.sleep(0.01)

    def hear(self) -> Sequence[RunReport]:
        """Poll once, after the engine has heard of all that happened so far."""
        watches = self.count("watch")
        give_up_at = time.monotonic() + PATIENCE_SECONDS
        # The first one that begins from now on tells all, and the next begins once that is taken.
        while self.count("watch") < watches + 2:
            assert time.monotonic() < give_up_at
            time.sleep(0.01)
        return self.engine.poll()

    @contextmanager
    def silence(self) -> Generator[None]:
        """Have the watch of the engine tell nothing of what happens meanwhile."""
        is_watching, goes_on = threading.Event(), threading.Event()

        def wait() -> None:
            is_watching.set()
            goes_on.wait()

        self.cluster.before_watch = wait
        assert is_watching.wait(PATIENCE_SECONDS)
        try:
            yield
        finally:
            self.cluster.before_watch = lambda: None
            goes_on.set()

    def names(self) -> list[str]:
        return [str(name(each)) for each in self.cluster.list(WORKFLOWS).items]

    def workflow(self, found: str = NAME) -> Any:
        return self.cluster.get(WORKFLOWS, found)

    def play(self, found: str = NAME, **phases: str) -> None:
        """Give the Workflow the nodes of pods with these phases."""
        self.cluster.put(WORKFLOWS, play(self.workflow(found), phases))

    def count(self, verb: str) -> int:
        return sum(call[:2] == (verb, "workflows") for call in self.cluster.calls)


def name(document: Document) -> Any:
    metadata: Any = document["metadata"]
    return metadata["name"]


def record(world: World, path: str) -> None:
    """Write what the launcher writes at the success of a task."""
    store = open_store(str(world.store))
    RunRecords(store, RunId(RUN)).write_success(
        AttemptRecord(
            run_id=RunId(RUN),
            pipeline="hello",
            task_path=TaskPath(path),
            attempt_id=AttemptId("a1"),
            state=AttemptState.SUCCEEDED,
            started_at=CREATED,
            finished_at=CREATED,
            inputs=Values(),
            outputs=Values(),
        )
    )


def submit(world: World, found: str = "other") -> str:
    """Create a Workflow as who does not use the service, and return the id of its run."""
    workflow: Any = compile_pipeline(
        read_pipeline(SPEC.encode(), file="p"), CompileOptions(store=str(world.store))
    ).workflow
    metadata = {**workflow["metadata"], "name": found}
    made: Any = world.cluster.create(WORKFLOWS, {**workflow, "metadata": metadata})
    return str(made["metadata"]["uid"])
