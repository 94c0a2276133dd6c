"""One cause and one next step for the pod of a task, root causes first."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from argosy_runs.argo.pods.ended import (
    explain_driver,
    explain_end,
    explain_memory,
    explain_record,
    explain_wait,
)
from argosy_runs.argo.pods.evidence import Evidence
from argosy_runs.argo.pods.refused import explain_refusal
from argosy_runs.argo.pods.scheduling import explain_scheduling
from argosy_runs.argo.pods.starting import explain_start
from argosy_runs.argo.pods.stopped import explain_stop, explain_unknown_stop
from argosy_runs.causes import Diagnosis

RULES: Final[tuple[Callable[[Evidence], Diagnosis | None], ...]] = (
    explain_refusal,
    explain_stop,
    explain_scheduling,
    explain_start,
    explain_memory,
    explain_wait,
    explain_record,
    explain_driver,
    explain_unknown_stop,
    explain_end,
)
"""The first that has an answer gives it: what stopped a pod from outside is why its command failed,
and a container that was killed is why another one missed it."""


def diagnose(evidence: Evidence) -> Diagnosis | None:
    """Return why a task does not run, or failed; ``None``: nothing is known of a fault."""
    return next((found for rule in RULES if (found := rule(evidence)) is not None), None)
