"""What the service takes to follow many runs on a cluster, from watch events to its database.

    python benchmarks/service_events.py [--runs N] [--nodes N] [--seconds N] [--database URL]

Each second every run gets an event in which all of its NODES nodes have changed; 500 runs of 10
nodes make 5,000 changed nodes a second. The events are lines of JSON, as a watch has them, made
before, and come evenly spread whether or not the service keeps up. The clock of the benchmark is
the processor time of the process, and what the service rests between two looks: so nothing depends
on what else runs on the machine, and the service has one processor for itself. Prints a table of
Markdown: what of the processor it took while events came, how old a state was at most when it was
in the database, and how long after the last event all runs had ended there. A service that falls
behind has states that are older the longer it goes on.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
import threading
import time
import uuid
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from sqlalchemy import func, select

from argosy_cluster.cluster import Change, Listing, Resource, WatchEvent
from argosy_cluster.fakes import FakeCluster
from argosy_compiler.options import CompileOptions
from argosy_runs.argo.identity import read_run_identity
from argosy_schemas.values import JsonValue
from argosy_service.background.ledger import Ledger
from argosy_service.background.run_keeper import RunKeeper
from argosy_service.database.database import Database, open_database
from argosy_service.database.inserting import insert_missing
from argosy_service.database.tables import RUNS, SPECS
from argosy_service.engines.argo.compiling import WorkflowMaker
from argosy_service.engines.argo.engine import ArgoEngine
from argosy_service.engines.argo.settings import ArgoSettings
from argosy_service.engines.protocol import RunOrder, RunReport
from argosy_service.resources.runs.run_rows import NewRun, find_run_row, insert_run, move_run
from cli_processes import shell_pipeline
from workflow_play import play

LOOK_SECONDS: Final = 0.2
"""How long the service rests between two looks when it is busy."""


class Clock:
    """The processor time of the process, and the time that it rested."""

    def __init__(self) -> None:
        self._rested = 0.0
        self._began = time.process_time()

    def now(self) -> float:
        """Return the seconds since the beginning."""
        return time.process_time() - self._began + self._rested

    def rest(self) -> None:
        """Let the time between two looks pass."""
        self._rested += LOOK_SECONDS


class Events(FakeCluster):
    """A cluster whose watch is a list of lines, each due at its time."""

    def __init__(self, first: Sequence[Any], lines: Sequence[tuple[float, str]]) -> None:
        super().__init__()
        self.first = first
        self.lines = lines
        self.clock = Clock()
        self.begin = threading.Event()
        self.next = 0
        """The number of the line that comes next."""
        self.late = 0.0
        """By how much a line was read late at most."""

    def list(self, resource: Resource, *, labels: str = "", fields: str = "") -> Listing:
        """Return the Workflows as they are at first; there is nothing else."""
        items = tuple(self.first) if resource.plural == "workflows" else ()
        return Listing(items=items, version="1")

    def watch(
        self, resource: Resource, *, version: str, labels: str = "", fields: str = ""
    ) -> Iterator[WatchEvent]:
        """Yield an event for each line when it is due."""
        self.begin.wait()
        for at, line in self.lines[self.next :]:
            while self.clock.now() < at:
                time.sleep(0.0005)
            self.late = max(self.late, self.clock.now() - at)
            yield WatchEvent(change=Change.MODIFIED, document=json.loads(line))
            self.next += 1

    def wait(self) -> None:
        """Wait until what is due has been taken."""
        while self.next < len(self.lines) and self.lines[self.next][0] <= self.clock.now():
            time.sleep(0.0005)


class Measured(Ledger):
    """Notes how old what it has written is."""

    def __init__(self, database: Database, clock: Clock) -> None:
        super().__init__(database)
        self.clock = clock
        self.ages: list[float] = []

    def take(self, reports: Sequence[RunReport], now: int) -> Sequence[str]:
        """Write down what became of runs."""
        problems = super().take(reports, now)
        for report in reports:
            # Each node says when its event was due.
            names = ((task.pod or "").rpartition("@") for task in report.tasks)
            due = [float(at) for _, mark, at in names if mark]
            self.ages += [self.clock.now() - max(due)] if due else []
        return problems


def main() -> None:
    """Measure."""
    parser = argparse.ArgumentParser(description=__doc__, usage="%(prog)s [OPTIONS]")
    parser.add_argument("--runs", type=int, default=500)
    parser.add_argument("--nodes", type=int, default=10)
    parser.add_argument("--seconds", type=int, default=20)
    parser.add_argument("--database")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        database = open_database(chosen.database or f"sqlite:///{Path(directory, 'x.db')}")
        measure(database, Path(directory), chosen.runs, chosen.nodes, chosen.seconds)
        database.close()


def measure(database: Database, directory: Path, runs: int, nodes: int, seconds: int) -> None:
    """Measure, and print the table."""
    options = CompileOptions(store=str(directory / "store"))
    tasks = [f"task-{number}" for number in range(nodes)]
    spec = shell_pipeline("bench", dict.fromkeys(tasks, "true"))
    workflows = make_workflows(options, spec, runs)
    add_rows(database, spec, workflows)
    lines = list(make_lines(workflows, tasks, seconds))
    cluster = Events([play(each, dict.fromkeys(tasks, "Pending")) for each in workflows], lines)
    settings = ArgoSettings(connect=lambda: cluster, options=options, max_runs=runs)
    engine = ArgoEngine(settings, monotonic=lambda: cluster.clock.now())
    ledger = Measured(database, cluster.clock)
    keeper = RunKeeper(ledger, engine, lambda: datetime.now(UTC))
    while len(engine.active) < runs:
        keeper.step()
    clock = cluster.clock = ledger.clock = Clock()
    ledger.ages.clear()
    began = time.process_time()
    cluster.begin.set()
    while clock.now() < seconds:
        keeper.step()
        clock.rest()
        cluster.wait()
    used, passed, middle = time.process_time() - began, clock.now(), len(ledger.ages) // 2
    while count_ended(database) < runs:
        keeper.step()
        clock.rest()
        cluster.wait()
    engine.close()
    size = sum(len(line) for _, line in lines) / len(lines)
    print("| what | figure |")
    print("| --- | --- |")
    print(f"| runs; changed nodes a second | {runs}; {runs * nodes:,} |")
    print(f"| bytes of an event | {size:,.0f} |")
    print(f"| states written a second | {len(ledger.ages) / passed:,.0f} |")
    print(f"| share of a processor | {used / passed:.0%} |")
    first, second = max(ledger.ages[:middle]), max(ledger.ages[middle:])
    print(f"| oldest state when written: first half, second half | {first:.1f} s, {second:.1f} s |")
    print(f"| events read late by at most | {cluster.late:.1f} s |")
    print(
        f"| all ended in the database after the last event | {clock.now() - lines[-1][0]:.1f} s |"
    )


def make_workflows(options: CompileOptions, spec: str, count: int) -> list[Any]:
    """Return the Workflows of as many runs, as the service makes them."""
    maker = WorkflowMaker(options, cache=True)
    found: list[Any] = []
    for number in range(count):
        order = RunOrder(
            run_id=str(uuid.uuid4()), spec=spec, parameters={}, created_at=datetime.now(UTC)
        )
        made: Any = dict(maker.make(order).document)
        made["metadata"] = {
            **made["metadata"],
            "uid": str(uuid.uuid4()),
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "resourceVersion": f"{number}",
        }
        found.append(made)
    return found


def add_rows(database: Database, spec: str, workflows: Sequence[Any]) -> None:
    """Store the runs, which have begun."""
    with database.write() as connection:
        insert_missing(connection, SPECS, {"digest": "d", "document": spec})
        for workflow in workflows:
            run_id = read_run_identity(workflow["metadata"]).run_id
            run = NewRun(
                run_id=run_id, experiment_id="e", name="r", spec_digest="d", scheduled_at=1
            )
            insert_run(connection, run, 1)
            move_run(connection, find_run_row(connection, run_id), "RUNNING", 1)


def make_lines(
    workflows: Sequence[Any], tasks: Sequence[str], seconds: int
) -> Iterator[tuple[float, str]]:
    """Yield events with their times; the last one of each run is its end."""
    version = len(workflows)
    for second in range(seconds):
        for number, workflow in enumerate(workflows):
            at = second + number / len(workflows)
            phase = "Succeeded" if second == seconds - 1 else ("Pending", "Running")[second % 2]
            played: Any = play(workflow, dict.fromkeys(tasks, phase))
            version += 1
            nodes: dict[str, JsonValue] = {}
            for node in played["status"]["nodes"].values():
                # The end of the name of its pod.
                key = f"{node['id']}-@{at:.3f}" if node["type"] == "Pod" else node["id"]
                nodes[key] = {**node, "id": key}
            played["status"]["nodes"] = nodes
            played["metadata"] = {**played["metadata"], "resourceVersion": str(version)}
            yield at, json.dumps(played)


def count_ended(database: Database) -> int:
    """Return how many runs have succeeded."""
    with database.read() as connection:
        query = select(func.count()).select_from(RUNS).where(RUNS.c.state == "SUCCEEDED")
        return int(connection.execute(query).scalar_one())


if __name__ == "__main__":
    main()
