"""What is said of a workflow that Argo's controller does not go on with."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from argosy_runs.argo.waiting import explain_waiting

CREATED = datetime(2026, 12, 1, 12, tzinfo=UTC)


def explain(
    status: dict[str, Any], *, seconds: int = 90, spec: dict[str, Any] | None = None
) -> str | None:
    metadata = {"name": "hello", "creationTimestamp": "2026-12-01T12:00:00Z"}
    workflow = {"metadata": metadata, "spec": spec or {}, "status": status}
    now = CREATED + timedelta(seconds=seconds)
    return explain_waiting(workflow, now=now, options="-n ml --context dev")


def test_a_workflow_that_nobody_takes_says_for_how_long() -> None:
    assert explain({}) == (
        "Argo's controller has not taken the workflow for 90 s; see that it runs, and that it "
        "looks at this namespace, with 'argosy doctor cluster -n ml --context dev'"
    )


def test_a_workflow_that_is_held_back_says_why() -> None:
    message = "Workflow processing has been postponed because too many workflows are running"

    assert explain({"phase": "Pending", "message": message}) == (
        f"Argo's controller holds the workflow back: {message}"
    )


def test_a_suspended_workflow_says_how_to_go_on() -> None:
    assert explain({"phase": "Running"}, spec={"suspend": True}) == (
        "the workflow is suspended; go on with 'argo resume hello -n ml --context dev'"
    )


@pytest.mark.parametrize("phase", ["Running", "Succeeded", "Failed", "Error"])
def test_a_workflow_that_goes_on_or_has_ended_waits_for_nothing(phase: str) -> None:
    assert explain({"phase": phase}, spec={"suspend": phase != "Running"}) is None


def test_a_new_workflow_has_some_time() -> None:
    assert explain({}, seconds=5) is None
