"""How long lists of the service take over many runs, and what creating a run takes beside them.

    python benchmarks/service_lists.py URL [--runs N]

URL is that of a database, ``sqlite:///PATH`` or ``postgresql://…``; runs are added until it has N
(one million unless told), which takes minutes. Then each list is asked for in turn, while another
thread creates runs. All in one process, without the transports. Prints a table of Markdown; its
last column is the time of the processor that the asking thread took, which is most of it with
SQLite and says little of PostgreSQL.
"""

from __future__ import annotations

import argparse
import itertools
import json
import random
import statistics
import threading
import time
import uuid
from collections.abc import Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import yaml
from google.protobuf import json_format
from google.protobuf.struct_pb2 import Struct
from sqlalchemy import func, insert, select, text

from argosy_service.database.counting import add_counts
from argosy_service.database.database import Database, open_database
from argosy_service.database.tables import EXPERIMENTS, PIPELINE_VERSIONS, PIPELINES, RUNS
from argosy_service.engines.fakes import FakeLogs
from argosy_service.protos.run_pb2 import (
    CreateRunRequest,
    ListRunsRequest,
    PipelineVersionReference,
    Run,
)
from argosy_service.resources.changes import Changes
from argosy_service.resources.context import Context
from argosy_service.resources.experiments import ensure_default_experiment
from argosy_service.resources.runs import runs
from argosy_service.resources.specs.specs import store_spec

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "01-hello" / "pipeline.yaml"
EXPERIMENTS_COUNT = 50
PIPELINES_COUNT = 200
BATCH = 10_000
SECOND = 1_000_000
START = 1_700_000_000 * SECOND
WORDS = ("iris", "churn", "fraud", "demand", "ranking", "vision", "speech", "pricing")
STATES = ("SUCCEEDED",) * 900 + ("FAILED",) * 99 + ("RUNNING",)
REPEATS = 40


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, usage="%(prog)s URL [--runs N]")
    parser.add_argument("url")
    parser.add_argument("--runs", type=int, default=1_000_000)
    parser.add_argument("--fill", action="store_true", help="Only add the runs.")
    arguments = parser.parse_args()
    with closing(open_database(arguments.url)) as database:
        context = Context(
            database=database, clock=lambda: datetime.now(UTC), changes=Changes(), logs=FakeLogs()
        )
        ensure_default_experiment(context)
        fill(context, arguments.runs)
        if arguments.fill:
            return
        print(f"{arguments.runs:,} runs, {measure_size(database) / 2**20:,.0f} MiB\n")
        print("| list | rows | median, ms | p95, ms | p95 of the processor, ms |")
        print("| --- | --- | --- | --- | --- |")
        created: list[float] = []
        used: list[float] = []
        over = threading.Event()
        creator = threading.Thread(target=create_runs, args=(context, over, created, used))
        creator.start()
        try:
            for name, members in make_requests().items():
                print(row(name, context, members), flush=True)
        finally:
            over.set()
            creator.join()
        print(
            f"| creating a run beside these | {len(created)} | {describe(created)} |"
            f" {find_p95(used):.1f} |"
        )


def make_requests() -> Mapping[str, Mapping[str, object]]:
    """Return what clients and pages ask for, by what it is called."""
    newest: dict[str, object] = {"sort_by": "created_at desc"}
    experiment: dict[str, object] = {"experiment_id": "experiment-7"}
    failed = equals("state", "FAILED")
    available = equals("storage_state", "AVAILABLE")
    name = {"key": "name", "operation": "IS_SUBSTRING", "stringValue": "IRIS-nightly-77"}
    rare = {**name, "stringValue": "no such name"}
    many = {**name, "stringValue": "iris-nightly-7"}
    return {
        "newest first": newest,
        "newest first, 200 of them": {**newest, "page_size": 200},
        "oldest first, as `list_runs()` asks": {},
        "by name": {"sort_by": "name"},
        "of an experiment": {**newest, **experiment},
        "of an experiment, those available": {**newest, **experiment, **filters(available)},
        "those available": {**newest, **filters(available)},
        "those archived": {**newest, **filters(equals("storage_state", "ARCHIVED"))},
        "by state: FAILED": {**newest, **filters(failed)},
        "by state: RUNNING": {**newest, **filters(equals("state", "RUNNING"))},
        "by state and experiment": {**newest, **experiment, **filters(failed, available)},
        "of a pipeline": {**newest, **filters(equals("pipeline_id", "pipeline-7"))},
        "of a pipeline, those that failed": {
            **newest,
            **filters(equals("pipeline_id", "pipeline-7"), failed),
        },
        "name contains 'iris-nightly-77'": {**newest, **filters(name)},
        "name contains what none has": {**newest, **filters(rare)},
        "name contains 'iris-nightly-7'": {**newest, **filters(many)},
        "name contains 'nightly', which all have": {
            **newest,
            **filters({**name, "stringValue": "nightly"}),
        },
        "name contains 'iris-nightly-77', of an experiment": {
            **newest,
            **experiment,
            **filters(name),
        },
    }


def equals(key: str, value: str) -> Mapping[str, object]:
    return {"key": key, "operation": "EQUALS", "stringValue": value}


def filters(*predicates: Mapping[str, object]) -> Mapping[str, object]:
    return {"filter": json.dumps({"predicates": predicates})}


def row(name: str, context: Context, members: Mapping[str, object]) -> str:
    """Return the line of a list: pages one after the other, and the first ones again."""
    request = json_format.ParseDict(dict(members), ListRunsRequest())
    taken: list[float] = []
    busy: list[float] = []
    total, token = 0, ""
    for _ in range(REPEATS):
        request.page_token = token
        start, used = time.perf_counter(), time.thread_time()
        page = runs.list_runs(context, request)
        taken.append(time.perf_counter() - start)
        busy.append(time.thread_time() - used)
        total, token = page.total_size, page.next_page_token
    return f"| {name} | {total:,} | {describe(taken)} | {find_p95(busy):.1f} |"


def describe(taken: Sequence[float]) -> str:
    return f"{statistics.median(taken) * 1000:.1f} | {find_p95(taken):.1f}"


def find_p95(taken: Sequence[float]) -> float:
    """Return, in milliseconds, what 95 of 100 stay below."""
    return sorted(taken)[int(len(taken) * 0.95)] * 1000


def create_runs(
    context: Context, over: threading.Event, taken: list[float], used: list[float]
) -> None:
    for number in itertools.count():
        if over.wait(0.05):
            return
        reference = PipelineVersionReference(
            pipeline_id="pipeline-7", pipeline_version_id="version-7"
        )
        run = Run(display_name=f"beside-{number}", pipeline_version_reference=reference)
        start, busy = time.perf_counter(), time.thread_time()
        runs.create_run(context, CreateRunRequest(run=run))
        taken.append(time.perf_counter() - start)
        used.append(time.thread_time() - busy)


def fill(context: Context, wanted: int) -> None:
    """Add runs until there are as many as wanted."""
    database = context.database
    with database.read() as connection:
        have: int = connection.execute(select(func.count()).select_from(RUNS)).scalar_one()
    if not have:
        add_pipelines(context)
    # Those that are there already came from other numbers.
    seeds = random.Random(7 + have)
    for begin in range(have, wanted, BATCH):
        numbers = range(begin, min(begin + BATCH, wanted))
        with database.write() as connection:
            if database.url.startswith("sqlite"):
                connection.execute(text("PRAGMA cache_size = -500000"))
            connection.execute(insert(RUNS), [make_run(number, seeds) for number in numbers])
    with database.write() as connection:
        # As a service does twice a minute.
        add_counts(connection)
    if context.database.url.startswith("postgresql"):
        with database.write() as connection:
            connection.execute(text("ANALYZE"))


def add_pipelines(context: Context) -> None:
    struct = Struct()
    json_format.ParseDict(yaml.safe_load(EXAMPLE.read_text()), struct)
    spec = context.specs.read_inline(struct)
    with context.database.write() as connection:
        store_spec(connection, spec)
        for number in range(EXPERIMENTS_COUNT):
            name = f"experiment-{number}"
            connection.execute(
                insert(EXPERIMENTS).values(
                    id=name, name=name, name_key=name, storage_state="AVAILABLE", created_at=START
                )
            )
        for number in range(PIPELINES_COUNT):
            name = f"pipeline-{number}"
            connection.execute(
                insert(PIPELINES).values(id=name, name=name, name_key=name, created_at=START)
            )
            connection.execute(
                insert(PIPELINE_VERSIONS).values(
                    id=f"version-{number}",
                    pipeline_id=name,
                    name="v1",
                    name_key="v1",
                    spec_digest=spec.digest,
                    created_at=START,
                )
            )


def make_run(number: int, seeds: random.Random) -> Mapping[str, object]:
    at = START + number * 20 * SECOND
    pipeline = seeds.randrange(PIPELINES_COUNT)
    name = f"{seeds.choice(WORDS).capitalize()}-nightly-{number}"
    state = seeds.choice(STATES)
    with_end = state != "RUNNING"
    history = [("PENDING", at), ("RUNNING", at + SECOND), (state, at + 300 * SECOND)]
    return {
        "id": str(uuid.UUID(int=seeds.getrandbits(128), version=4)),
        "experiment_id": f"experiment-{seeds.randrange(EXPERIMENTS_COUNT)}",
        "name": name,
        "name_key": name.casefold(),
        "storage_state": "ARCHIVED" if seeds.random() < 0.05 else "AVAILABLE",
        "state": state,
        "state_history": json.dumps(
            [{"at": at, "state": each} for each, at in history[: 3 if with_end else 2]]
        ),
        "error": "task 'train' failed: exit code 1" if state == "FAILED" else "",
        "pipeline_id": f"pipeline-{pipeline}",
        "pipeline_version_id": f"version-{pipeline}",
        "spec_digest": "0" * 64,
        "parameters": json.dumps({"learning_rate": 0.1, "day": number % 365}),
        "service_account": "pipeline-runner",
        "created_at": at,
        "scheduled_at": at,
        "finished_at": at + 300 * SECOND if with_end else 0,
    }


def measure_size(database: Database) -> int:
    """Return the bytes of a database."""
    with database.read() as connection:
        if database.url.startswith("postgresql"):
            query = "SELECT pg_database_size(current_database())"
            return int(connection.execute(text(query)).scalar_one())
        pages = connection.execute(text("PRAGMA page_count")).scalar_one()
        return int(pages) * int(connection.execute(text("PRAGMA page_size")).scalar_one())


if __name__ == "__main__":
    main()
