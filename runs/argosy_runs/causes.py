"""Why a run did not succeed, or does not go on: tasks in trouble, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, assert_never

from argosy_runs.log_lines import matches_task
from argosy_runs.results import (
    ENDED_AS,
    RunResult,
    TaskResult,
    find_own_failures,
    format_failure,
)
from argosy_runs.states import RunState, TaskState
from argosy_schemas.formats.records import Reason
from argosy_schemas.names import TaskPath

_LATEST: Final = datetime.max.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True, kw_only=True)
class Diagnosis:
    """What a cluster says of the pod of a task."""

    cause: str
    """One sentence: why it does not run, or failed."""
    next_step: str | None = None
    """One sentence; ``None``: the one that belongs to the failure of the task."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cause:
    """A task that is in trouble by itself, not because of one in it."""

    task: TaskResult
    """FAILED; on a cluster also CANCELED, PENDING or RUNNING."""
    error: str | None
    """One sentence: why."""
    next_step: str
    """One sentence: what a person does about it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explanation:
    """Why a run did not succeed, or does not go on."""

    run: RunResult
    causes: tuple[Cause, ...]
    """Of all tasks in trouble, or of those that were asked for."""
    summary: str
    """One sentence about the run as a whole."""
    last_lines: Mapping[TaskPath, tuple[str, ...]]
    """Of the output of each task in trouble."""
    logs: str
    """The command that prints the output of a task whose path follows it."""
    notices: tuple[str, ...] = ()
    """What could not be looked at, one sentence each."""


def find_causes(
    run: RunResult,
    diagnoses: Mapping[TaskPath, Diagnosis] | None = None,
    *,
    go_on: str,
) -> tuple[Cause, ...]:
    """Return the tasks in trouble: those that failed, the first first, then those that wait.

    Args:
        run: The run.
        diagnoses: What a cluster says of tasks whose pods have trouble.
        go_on: The command that goes on with the run.
    """
    known: Mapping[TaskPath, Diagnosis] = {} if diagnoses is None else diagnoses
    tasks = (*find_own_failures(run.tasks), *_find_waiting(run, known))
    return tuple(_make_cause(task, known.get(task.path), go_on) for task in tasks)


def select_causes(causes: tuple[Cause, ...], task: str | None) -> tuple[Cause, ...]:
    """Return the causes that are about some tasks; ``None``: about all."""
    if task is None:
        return causes
    return tuple(cause for cause in causes if matches_task(cause.task.path, task))


def _find_waiting(run: RunResult, known: Mapping[TaskPath, Diagnosis]) -> list[TaskResult]:
    """Return tasks that did not fail and are in trouble; a stop of the run is none."""
    states = {TaskState.PENDING, TaskState.RUNNING}
    if run.state is not RunState.CANCELED:
        states.add(TaskState.CANCELED)
    found = [task for task in run.tasks if task.state in states and task.path in known]
    return sorted(found, key=lambda task: (task.finished_at or _LATEST, task.path))


def _make_cause(task: TaskResult, diagnosis: Diagnosis | None, go_on: str) -> Cause:
    step = None if diagnosis is None else diagnosis.next_step
    return Cause(
        task=task,
        error=task.error if diagnosis is None else diagnosis.cause,
        next_step=_next_step(task, go_on) if step is None else step,
    )


def explain_run(run: RunResult, causes: tuple[Cause, ...] = ()) -> str:
    """Return one sentence about a run as a whole; ``causes`` are its tasks in trouble."""
    match run.state:
        case RunState.SUCCEEDED:
            return "the run succeeded"
        case RunState.PENDING | RunState.RUNNING if causes:
            count = len(causes)
            return f"the run goes on; {count:,} task{'s are' if count > 1 else ' is'} in trouble"
        case RunState.PENDING | RunState.RUNNING:
            return "the run goes on; nothing in it has failed so far"
        case RunState.FAILED | RunState.CANCELED:
            return _explain_end(run, causes) or run.error or f"the run is {run.state}"
        case _:
            assert_never(run.state)


def _explain_end(run: RunResult, causes: tuple[Cause, ...]) -> str | None:
    """Return how a run ended by its first task in trouble; ``None``: it ended by something else."""
    if not causes or run.error is None:
        return None
    first = causes[0]
    if run.error == format_failure(first.task.path, first.task.error):
        return format_failure(first.task.path, first.error)
    if run.error.startswith(ENDED_AS):
        return f"'{first.task.path}' did not end: {first.error}"
    return None


def _next_step(task: TaskResult, go_on: str) -> str:
    reason = None if task.failure is None else task.failure.reason
    match reason:
        case Reason.STORE_FAILED | Reason.CANCELED | Reason.DEADLINE_EXCEEDED | Reason.UPSTREAM:
            return f"go on from here with '{go_on}'"
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
