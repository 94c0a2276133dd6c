"""Why a run did not succeed: the tasks that failed by themselves, and what to do next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import assert_never

from argosy_runs.results import RunResult, TaskResult, find_own_failures
from argosy_runs.states import RunState
from argosy_schemas.formats.records import Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A task that failed by itself, not because of one in it."""

    task: TaskResult
    next_step: str
    """One sentence: what a person does about it."""


def find_causes(run: RunResult) -> tuple[Cause, ...]:
    """Return the tasks that failed by themselves, the first to fail first; none if none did."""
    own = find_own_failures(run.tasks)
    return tuple(Cause(task=task, next_step=_next_step(task, run)) for task in own)


def explain_run(run: RunResult) -> str:
    """Return one sentence about a run as a whole."""
    match run.state:
        case RunState.SUCCEEDED:
            return "the run succeeded"
        case RunState.PENDING | RunState.RUNNING:
            return "the run goes on; nothing in it has failed so far"
        case RunState.FAILED | RunState.CANCELED:
            return run.error or f"the run is {run.state}"
        case _:
            assert_never(run.state)


def _next_step(task: TaskResult, run: RunResult) -> str:
    reason = None if task.failure is None else task.failure.reason
    match reason:
        case Reason.STORE_FAILED | Reason.CANCELED | Reason.DEADLINE_EXCEEDED | Reason.UPSTREAM:
            return f"go on from here with 'argosy run --resume {run.run_id}'"
        case Reason.INTERNAL:
            return "this is a bug in Argosy; report it with the run's directory"
        case Reason.COMMAND_FAILED | Reason.COMMAND_KILLED | Reason.INVALID_OUTPUT:
            return (
                "correct the component and run the pipeline again; what succeeded comes from the "
                "cache"
            )
        case (
            Reason.COMMAND_NOT_FOUND
            | Reason.ENVIRONMENT_FAILED
            | Reason.INVALID_INPUT
            | Reason.ARGUMENT_TOO_LONG
            | Reason.CONDITION_FALSE
            | Reason.CONDITION_FAILED
            | Reason.UNSUPPORTED
            | None
        ):
            return "correct the pipeline and run it again; what succeeded comes from the cache"
        case _:
            assert_never(reason)
