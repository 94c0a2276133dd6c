"""What the pods of each task came to, over all attempts: what no node says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from argosy_engine.pods.protocol import PodOutcome
from argosy_schemas.formats.records import Failure, Values
from argosy_schemas.names import TaskPath


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """The pods of one task."""

    attempts: int = 0
    cached: bool = False
    adopted: bool = False
    failure: Failure | None = None
    """Of the last attempt."""
    inputs: Values | None = None
    """As the last attempt saw them; kept for those that failed, the others have records."""
    log: str | None = None


_NOTHING = Entry()


class Ledger:
    """Entries by task. Written by one thread."""

    def __init__(self, attempts_before: Mapping[TaskPath, int]) -> None:
        self._entries = {
            path: Entry(attempts=attempts) for path, attempts in attempts_before.items()
        }

    def __getitem__(self, path: TaskPath) -> Entry:
        return self._entries.get(path, _NOTHING)

    def started(self, path: TaskPath) -> int:
        """Count an attempt and return its number, from 1."""
        entry = self[path]
        self._entries[path] = replace(entry, attempts=entry.attempts + 1)
        return entry.attempts + 1

    def ended(self, path: TaskPath, outcome: PodOutcome) -> Entry:
        """Take down how an attempt ended."""
        before = self[path]
        record = outcome.record
        entry = replace(
            before,
            # A pod that finds its task done has not tried anything.
            attempts=before.attempts - 1 if outcome.adopted else before.attempts,
            cached=outcome.cached,
            adopted=outcome.adopted,
            failure=outcome.failure,
            inputs=None if record is None or outcome.failure is None else record.inputs,
            log=outcome.log,
        )
        self._entries[path] = entry
        return entry
