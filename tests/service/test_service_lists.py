"""What holds for the lists of every resource."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from service_filters import make_filter
from service_running import Client

HELLO: Any = yaml.safe_load(
    (Path(__file__).parents[2] / "examples" / "01-hello" / "pipeline.yaml").read_text()
)

KEYS = {
    "experiments": [
        *("id", "experiment_id", "name", "display_name", "description", "namespace"),
        *("created_at", "last_run_created_at", "storage_state"),
    ],
    "pipelines": [
        *("id", "pipeline_id", "name", "display_name", "description", "namespace", "created_at"),
    ],
    "pipelines/p/versions": [
        *("id", "pipeline_version_id", "name", "display_name", "description", "created_at"),
        *("status", "pipeline_spec"),
    ],
    "runs": [
        *("id", "run_id", "name", "display_name", "description", "namespace", "experiment_id"),
        *("created_at", "finished_at", "scheduled_at", "storage_state", "state", "status"),
        *("state_history", "recurring_run_id"),
    ],
    "recurringruns": [
        *("id", "recurring_run_id", "name", "display_name", "description"),
        *("created_at", "updated_at"),
    ],
}
"""By which keys KFP sorts and filters."""


@pytest.mark.parametrize(("path", "key"), [(path, key) for path in KEYS for key in KEYS[path]])
def test_every_key_sorts_and_filters(client: Client, path: str, key: str) -> None:
    if path.startswith("pipelines/"):
        pipeline_id = client.post("/pipelines", {"name": "p"})["pipeline_id"]
        path = f"pipelines/{pipeline_id}/versions"
    # Also the columns of times take a text.
    predicate = {"operation": "LESS_THAN", "key": key, "string_value": "2000-01-01T00:00:00Z"}

    ordered = client.ask("GET", f"/{path}", query={"sort_by": f"{key} DESC"})
    filtered = client.ask("GET", f"/{path}", query={"filter": make_filter(predicate)})

    assert [ordered.status, filtered.status] == [200, 200]


def test_a_page_has_twenty_rows_unless_told_and_at_most_two_hundred(sqlite_client: Client) -> None:
    sqlite_client.clear()
    for number in range(205):
        sqlite_client.post("/experiments", {"display_name": str(number)})

    pages = [
        sqlite_client.get("/experiments", **query)
        for query in ({}, {"page_size": 0}, {"page_size": 100}, {"page_size": 1000})
    ]

    assert [len(page["experiments"]) for page in pages] == [20, 20, 100, 200]
    assert {page["total_size"] for page in pages} == {206}


@pytest.mark.parametrize(
    ("path", "members"),
    [
        ("experiments", {}),
        ("pipelines", {"name": "x"}),
        ("recurringruns", {"pipeline_spec": HELLO, "max_concurrency": 1, "mode": "DISABLE"}),
    ],
)
def test_a_namespace_counts_for_nothing_where_there_is_one_user(
    client: Client, path: str, members: dict[str, object]
) -> None:
    made = client.post(f"/{path}", {"display_name": "x", "namespace": "other", **members})

    listed = client.get(f"/{path}", namespace="third", sort_by="created_at desc")

    rows = listed["recurringRuns" if path == "recurringruns" else path]
    assert rows[0] == made
    assert "namespace" not in made
