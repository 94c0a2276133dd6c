"""Runs of many users on a cluster: each namespace has Workflows and a store of its own."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from argosy_cluster.fakes import FakeCluster
from argosy_cluster.resources import WORKFLOWS
from argosy_compiler.config_objects import ConfigObject
from argosy_compiler.options import CompileOptions
from argosy_schemas.errors import AccessDeniedError, InvalidArgumentError, StoreError
from argosy_service.engines.argo.artifacts import make_argo_roots
from argosy_service.engines.argo.engine import ArgoEngine
from argosy_service.engines.argo.namespaces import NamespacedEngines
from argosy_service.engines.argo.settings import ArgoSettings
from argosy_service.engines.argo.source import ArgoRunSource
from argosy_service.engines.artifacts import ArtifactPlace, StoredArtifacts
from argosy_service.engines.fakes import FakeEngine
from argosy_service.engines.protocol import RunOrder, RunReport
from argosy_service.errors import PreconditionError
from cli_processes import shell_pipeline
from workflow_play import play

RUNS = {
    "one": "11111111-91d0-4c1f-9a55-0123456789ab",
    "two": "22222222-91d0-4c1f-9a55-0123456789ab",
}
SPEC = shell_pipeline("hello", {"say": "true"})


def order(namespace: str, run_id: str = "", **values: Any) -> RunOrder:
    return RunOrder(
        run_id=run_id or RUNS[namespace],
        spec=SPEC,
        parameters={},
        created_at=datetime(2026, 5, 1, tzinfo=UTC),
        namespace=namespace,
        **values,
    )


class World:
    """Engines of two namespaces, whose clusters are told apart."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self.clusters = {name: FakeCluster(namespace=name) for name in ("ml", *RUNS)}
        self.settings = ArgoSettings(
            connect=lambda: self.clusters["ml"],
            connect_to=lambda name: self.clusters[name],
            options=CompileOptions(store=str(store)),
        )
        self.engine = NamespacedEngines(self.open, max_runs=3)

    def open(self, namespace: str) -> ArgoEngine:
        return ArgoEngine(self.settings.of(namespace), sleep=lambda _: time.sleep(0.01))

    def reports(self, wanted: Callable[[list[RunReport]], bool]) -> list[RunReport]:
        """Poll until what came is what is wanted, and return it."""
        found: list[RunReport] = []
        give_up_at = time.monotonic() + 60
        while not wanted(found):
            assert time.monotonic() < give_up_at, found
            found += self.engine.poll()
            time.sleep(0.01)
        return found

    def final(self) -> RunReport:
        found = self.reports(lambda found: any(each.is_final for each in found))
        return next(each for each in found if each.is_final)

    def workflows(self, namespace: str) -> list[Any]:
        return list(self.clusters[namespace].list(WORKFLOWS).items)

    def begin(self, *namespaces: str) -> None:
        for namespace in namespaces:
            self.engine.start(order(namespace))
        self.reports(lambda _: all(self.workflows(each) for each in namespaces))

    def play(self, namespace: str, phase: str) -> None:
        [workflow] = self.workflows(namespace)
        self.clusters[namespace].put(WORKFLOWS, play(workflow, {"say": phase}))


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path / "store")
    yield made
    made.engine.close()


def test_a_run_takes_place_in_its_namespace_with_a_store_of_that(world: World) -> None:
    world.begin("one", "two")
    world.play("two", "Succeeded")
    ended = world.final()

    assert not world.workflows("ml")
    for name in RUNS:
        [workflow] = world.workflows(name)
        assert f"{world.store}/{name}" in str(workflow["spec"])
    assert (ended.run_id, ended.state) == (RUNS["two"], "SUCCEEDED")
    assert set(world.engine.active) == {RUNS["one"]}
    assert world.engine.room == 2


def test_a_workflow_of_another_namespace_is_none_of_the_run(world: World) -> None:
    world.begin("one", "two")
    [workflow] = world.workflows("one")
    world.play("two", "Running")
    metadata = {**workflow["metadata"], "name": "false", "namespace": "two"}
    false = play({**workflow, "metadata": metadata}, {"say": "Failed"})
    world.clusters["two"].put(WORKFLOWS, false)
    world.play("one", "Succeeded")
    ended = world.final()

    assert (ended.run_id, ended.state) == (RUNS["one"], "SUCCEEDED")
    assert world.engine.find(list) == ()


class BrokenEngine(FakeEngine):
    def poll(self) -> Sequence[RunReport]:
        raise ValueError("a bug")


def test_a_namespace_that_fails_leaves_others_alone() -> None:
    fine = FakeEngine()
    engine = NamespacedEngines({"one": BrokenEngine(), "two": fine}.__getitem__, max_runs=3)
    for namespace in RUNS:
        engine.start(order(namespace))
    report = RunReport(run_id=RUNS["two"], state="SUCCEEDED", ends=1)
    fine.report(report)

    assert engine.poll() == [report]


def test_a_workflow_does_not_make_the_service_read_the_store_of_others(world: World) -> None:
    world.begin("one")
    [workflow] = world.workflows("one")
    changed = json.dumps(workflow).replace(f"{world.store}/one", f"{world.store}/two")

    with world.settings.of("one").open_runs() as runs:
        assert runs.reader.read(workflow, with_values=True).run_id == RUNS["one"]
        with pytest.raises(StoreError, match=r"only .*/one is read; submit it"):
            runs.reader.read(json.loads(changed), with_values=True)


def test_runs_are_stopped_and_deleted_where_they_are(world: World) -> None:
    world.begin("one", "two")
    world.engine.stop(RUNS["one"])
    world.reports(lambda _: bool(world.workflows("one")[0]["spec"].get("shutdown")))
    give_up_at = time.monotonic() + 60
    while not world.engine.delete(RUNS["two"], artifacts=False, namespace="two"):
        world.engine.poll()
        for each in world.workflows("two"):
            # Once: afterwards it may be deleted at any moment.
            if each["spec"].get("shutdown") and "status" not in each:
                world.clusters["two"].put(WORKFLOWS, play(each, {"say": "Failed"}))
        assert time.monotonic() < give_up_at

    assert not world.workflows("two")
    assert "shutdown" in world.workflows("one")[0]["spec"]


def test_a_run_waits_where_the_service_may_do_nothing(world: World) -> None:
    denied = AccessDeniedError("user 'argosy' may not list workflows.argoproj.io")
    world.clusters["one"].failures["list", "workflows"] = [denied] * 10_000

    world.engine.start(order("one"))
    [waiting] = world.reports(lambda found: len(found) == 1)

    assert (waiting.state, waiting.error) == ("RUNNING", f"it waits: {denied}")


def test_artifacts_are_those_of_the_namespace(world: World, tmp_path: Path) -> None:
    for name in RUNS:
        file = world.store / name / "artifacts" / "model"
        file.parent.mkdir(parents=True)
        file.write_bytes(name.encode())
    artifacts = StoredArtifacts(make_argo_roots(world.settings))
    own = ArtifactPlace(
        artifact_id="1", uri=str(world.store / "one" / "artifacts" / "model"), namespace="one"
    )
    others = replace(own, uri=str(world.store / "two" / "artifacts" / "model"))

    with artifacts.open(own) as opened:
        assert opened.read(0, opened.size_bytes) == b"one"
    for root in ("", str(world.store / "two" / "artifacts")):
        with pytest.raises(PreconditionError, match="outside of the root"):
            artifacts.open(replace(others, pipeline_root=root, default_root=root))


def test_what_is_kept_of_a_run_is_read_in_its_namespace(world: World) -> None:
    world.begin("one")
    world.play("one", "Succeeded")

    with ArgoRunSource(world.settings) as source:
        found = source.read(RUNS["one"], namespace="one")
        elsewhere = [source.read(RUNS["one"], namespace=each) for each in ("", "two")]

    assert found is not None
    assert (found.state, elsewhere) == ("SUCCEEDED", [None, None])


def test_a_store_that_users_could_choose_is_refused(world: World) -> None:
    options = CompileOptions(store_from=ConfigObject(kind="configmap", name="argosy"))

    with pytest.raises(InvalidArgumentError, match="runs of many users need --store URL"):
        replace(world.settings, options=options).of("one")
