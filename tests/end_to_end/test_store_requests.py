"""What a task asks of the store: each call here is one request to an object store."""

from __future__ import annotations

from pathlib import Path

from argosy_launcher.endings.process_end import ProcessEnd
from argosy_launcher.finish import finish
from argosy_schemas.formats.step import Decision
from argosy_store.fakes import FlakyStore
from driver_support import STARTED, World, dag, leaf, pipeline, task

FRESH = [
    ("get", "runs/run-1/tasks/t/success.json"),
    ("put", "runs/run-1/tasks/t/attempt-1.json"),
    ("put_file", "runs/run-1/tasks/t/attempt-1.log"),
    ("put_if_absent", "runs/run-1/tasks/t/success.json"),
]


CACHEABLE = {"cachingOptions": {"enableCache": True}}


def run_task(world: World, path: str, directory: Path) -> Decision:
    """Run a task, whose command prints a line."""
    step = world.prepare(path, directory)
    (directory / "log").write_text("done\n")
    ran = step.decision is Decision.RUN
    ended = ProcessEnd(exit_code=0, log=directory / "log") if ran else None
    finished = finish(step, ended, stores=world.stores, store=world.store, now=lambda: STARTED)
    assert finished.failure is None
    return step.decision


def test_a_task_without_artifacts_takes_four_requests(tmp_path: Path) -> None:
    store = FlakyStore()
    world = World(pipeline(dag({"t": task("comp-t")}), {"comp-t": leaf()}), store=store)

    assert run_task(world, "t", tmp_path) is Decision.RUN

    assert store.calls == FRESH


def test_a_task_that_may_be_cached_asks_for_an_entry_and_leaves_one(tmp_path: Path) -> None:
    store = FlakyStore()
    tasks = {"t": task("comp-t", **CACHEABLE)}
    world = World(pipeline(dag(tasks), {"comp-t": leaf()}), store=store)

    assert run_task(world, "t", tmp_path) is Decision.RUN

    (_, entry) = store.calls[1]
    assert entry.startswith("cache/")
    assert store.calls == [FRESH[0], ("get", entry), *FRESH[1:], ("put", entry)]


def test_a_cached_task_takes_four_requests(tmp_path: Path) -> None:
    store = FlakyStore()
    tasks = {"t": task("comp-t", **CACHEABLE), "u": task("comp-t", **CACHEABLE)}
    world = World(pipeline(dag(tasks), {"comp-t": leaf()}), store=store)
    run_task(world, "t", tmp_path)
    store.calls.clear()

    assert run_task(world, "u", tmp_path) is Decision.CACHED

    assert [operation for operation, _ in store.calls] == ["get", "get", "get", "put_if_absent"]
