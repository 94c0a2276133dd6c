"""Where runs are: a home on this machine, or a namespace of a cluster.

Commands that work on runs are written once, for a :class:`RunPlace`.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Final, Protocol

from argosy_runs.causes import Explanation
from argosy_runs.results import RunResult
from argosy_runs.states import RunState
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.names import RunId, TaskPath

LATEST: Final = "@latest"
LATEST_FAILED: Final = "@latest-failed"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEntry:
    """One run of a list."""

    run_id: RunId
    name: str | None = None
    """Of its workflow on a cluster."""
    pipeline: str
    state: RunState
    created_at: datetime
    started_at: datetime
    """When the engine that works on the run, or did so last, began to."""
    finished_at: datetime | None = None
    """``None`` while the run lasts, and where its place does not say it."""
    error: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunReference:
    """A run that a person has named."""

    run_id: RunId
    name: str | None = None
    """Of its workflow on a cluster."""

    @property
    def label(self) -> str:
        """Return what messages call it."""
        return self.name or self.run_id


@dataclass(frozen=True, slots=True, kw_only=True)
class Deletion:
    """What became of a run that was deleted."""

    run_id: RunId
    deleted_artifacts: int = 0
    """Objects below the pipeline root."""
    kept: tuple[str, ...] = field(default=())
    """URIs of artifacts, and keys of large values, that another run reads; sorted."""
    notices: tuple[str, ...] = ()
    """What could not be deleted, one sentence each."""


@dataclass(frozen=True, slots=True)
class LogLine:
    """A line that a task wrote."""

    path: TaskPath
    text: str
    """Without its line break; bytes that are not UTF-8 are replaced."""


class RunLog(Protocol):
    """The output of some tasks of a run."""

    @property
    def notices(self) -> Sequence[str]:
        """What could not be read so far, each once."""
        ...

    def read(self, *, is_over: bool) -> Iterator[LogLine]:
        """Yield the lines that came since the last call.

        Args:
            is_over: Whether nothing more is written.
        """
        ...


class RunPlace(Protocol):
    """A place with runs."""

    @property
    def label(self) -> str:
        """What messages call it, e.g. ``'.argosy'``."""
        ...

    def list(self) -> Sequence[RunEntry]:
        """Return its runs, newest first; those that cannot be read are left out."""
        ...

    def select(self, text: str) -> RunReference:
        """Return the run that a person means.

        Args:
            text: An id, as many of its first characters as no other run shares, ``@latest``,
                ``@latest-failed``, and on a cluster the name of a workflow.

        Raises:
            InvalidArgumentError: There is no such run, or more than one.
        """
        ...

    def read(self, run: RunReference, *, with_values: bool = True) -> RunResult:
        """Return what became of a run so far.

        Args:
            run: It was selected.
            with_values: Whether the inputs and outputs of tasks are needed; those of the run always
                are.

        Raises:
            InvalidArgumentError: It cannot be read.
        """
        ...

    def explain(self, run: RunReference, *, task: str | None, tail: int) -> Explanation:
        """Return why a run did not succeed, or does not go on.

        Args:
            run: It was selected.
            task: Which tasks matter, by the rule of :func:`~argosy_runs.log_lines.matches_task`;
                ``None``: all.
            tail: How many of the last lines of each are wanted.

        Raises:
            InvalidArgumentError: It cannot be read.
        """
        ...

    def is_over(self, run: RunReference) -> bool:
        """Return whether nothing more happens to a run."""
        ...

    def follow(self, run: RunReference) -> Iterator[RunResult]:
        """Yield what became of a run now and after changes, without values, until it is over.

        Raises:
            InvalidArgumentError: It cannot be read.
        """
        ...

    def open_log(
        self, run: RunReference, task: str | None = None, *, sdk_lines: bool = False
    ) -> RunLog:
        """Return the output of the tasks that ``task`` stands for; ``None``: of all.

        Args:
            run: It was selected.
            task: A path, or some segments of one.
            sdk_lines: Whether to read what the KFP SDK wrote around the components.
        """
        ...

    def command(self, verb: str, run: RunReference | None = None) -> str:
        """Return a command for a shell that works on this place, e.g. ``argosy get x-7k -n ml``.

        Args:
            verb: Of ``argosy``, e.g. ``retry``; it may be two words.
            run: What the command is about; ``None``: all runs.
        """
        ...

    def stop(self, run: RunReference, *, at_once: bool) -> None:
        """Ask for the end of a run, and do not wait for it.

        Args:
            run: It was selected.
            at_once: Whether tasks get no time to end, and nothing runs at the exit.

        Raises:
            InvalidArgumentError: It has ended.
        """
        ...

    def delete(self, run: RunReference, *, artifacts: bool) -> Deletion:
        """Delete a run that has ended: records and logs, and on request its artifacts.

        Raises:
            InvalidArgumentError: It has not ended.
        """
        ...


def write_command(verb: str, run: RunReference | None, options: Iterable[str]) -> str:
    """Return the command of :meth:`RunPlace.command`, quoted as shells want it.

    Args:
        verb: As there.
        run: Likewise.
        options: Those that choose the place.
    """
    label = () if run is None else (run.label,)
    return shlex.join(("argosy", *verb.split(), *label, *options))


def select_latest(text: str, entries: Callable[[], Iterable[RunEntry]], *, label: str) -> RunEntry:
    """Return the run that ``@latest`` or ``@latest-failed`` stands for.

    Args:
        text: One of them.
        entries: Lists runs, newest first.
        label: Of the place.

    Raises:
        InvalidArgumentError: There is no such run, or ``text`` is another word.
    """
    if text not in (LATEST, LATEST_FAILED):
        raise InvalidArgumentError(
            f"'{text}' names no run; write '{LATEST}', '{LATEST_FAILED}', or an id"
        )
    for entry in entries():
        if text == LATEST or entry.state is RunState.FAILED:
            return entry
    what = "failed run" if text == LATEST_FAILED else "run"
    raise InvalidArgumentError(f"there is no {what} in {label}")
