"""What is known of how tasks ended, whoever knows it."""

from __future__ import annotations

import pytest

from argosy_driver.planning.records import NotYetKnownError, PlannedPhases
from argosy_driver.resolving.phases import Phases
from argosy_driver.resolving.upstream_statuses import UpstreamStatuses
from argosy_schemas.names import TaskPath

ENDED = {"good": "Succeeded", "bad": "Failed", "left-out": "Skipped"}


def planned() -> PlannedPhases:
    phases = PlannedPhases()
    for path, phase in ENDED.items():
        phases.add(TaskPath(path), phase)
    return phases


@pytest.mark.parametrize(
    "phases", [UpstreamStatuses(ENDED), planned()], ids=["upstream", "planned"]
)
def test_a_task_failed_for_all_who_ask_of_its_phase(phases: Phases) -> None:
    paths = [TaskPath(path) for path in (*ENDED, "other")]

    assert [phases.of(path) for path in paths[:3]] == list(ENDED.values())
    assert [phases.failed(path) for path in paths] == [False, True, True, False]


def test_a_task_without_a_status_has_no_phase() -> None:
    assert UpstreamStatuses().of(TaskPath("other")) is None


def test_how_a_task_ends_that_would_run_is_not_known_yet() -> None:
    with pytest.raises(NotYetKnownError):
        planned().of(TaskPath("other"))
