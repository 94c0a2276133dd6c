"""The journal of a run: what happened to its nodes, one JSON object a line, in order.

An engine appends to it while it works; each line is whole once its line break is there. Nothing of
what a task read or wrote stands in it: that is in the records. An engine that goes on with a run
decides everything anew from records, and its nodes replace those of the engine before it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, TypeAlias

from argosy_runs.nodes import NodeStatus
from argosy_runs.states import RunState
from argosy_schemas.formats.dataclass_json import (
    FormatError,
    from_members,
    refuse_newer,
    to_members,
)
from argosy_schemas.formats.records import Failure
from argosy_schemas.names import AttemptId
from argosy_schemas.values import to_json

JOURNAL_VERSION = "1.0"
"""Major and minor; a reader refuses a newer major by name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EngineStarted:
    """An engine began to work on the run: it decides about every node anew."""

    at: datetime
    process: int
    """Its process id."""
    resumed: bool = False
    version: str = JOURNAL_VERSION


@dataclass(frozen=True, slots=True, kw_only=True)
class Attempt:
    """How a pod ended, beyond its phase."""

    id: AttemptId | None = None
    """``None``: it came to no record."""
    cached: bool = False
    adopted: bool = False
    """It found the task done in this run, and tried nothing."""
    failure: Failure | None = None
    log: str | None = None
    """Key of its output below the root of the store."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeChanged:
    """A node has a new phase: it runs, or has ended."""

    at: datetime
    node: NodeStatus
    """Without times."""
    attempt: Attempt | None = None
    """Of a pod that an engine ran to its end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StopRequested:
    """No further pod starts, and those that run are being ended."""

    at: datetime
    failure: Failure


@dataclass(frozen=True, slots=True, kw_only=True)
class RunEnded:
    """The last line of an engine that came to the end of the run: what follows from the others."""

    at: datetime
    state: RunState
    error: str | None = None


JournalEntry: TypeAlias = EngineStarted | NodeChanged | StopRequested | RunEnded


_EVENTS: Final[Mapping[str, type[JournalEntry]]] = {
    "engine": EngineStarted,
    "node": NodeChanged,
    "stop": StopRequested,
    "end": RunEnded,
}
_NAMES: Final = {kind: event for event, kind in _EVENTS.items()}


def entry_to_json(entry: JournalEntry) -> str:
    """Return the line of an entry, without its line break."""
    return to_json({"event": _NAMES[type(entry)], **to_members(entry)})


class JournalReader:
    """Reads a journal, also while an engine writes it; each entry once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0

    def read(self) -> Iterator[JournalEntry]:
        """Yield the entries that came since the last call; none if there is no such file.

        Raises:
            FormatError: It is damaged, or of a newer major version.
        """
        try:
            file = self._path.open("rb")
        except FileNotFoundError:
            return
        with file:
            file.seek(self._offset)
            for line in file:
                if not line.endswith(b"\n"):
                    return  # Its engine still writes it, or was killed before it could.
                self._offset += len(line)
                try:
                    document = json.loads(line)
                except ValueError:
                    continue  # Cut off when its engine was killed; the next one ended the line.
                yield entry_from_json(document)


def entry_from_json(document: Mapping[str, Any]) -> JournalEntry:
    """Return the entry behind the object of a line.

    Raises:
        FormatError: It is damaged, or of a newer major version.
    """
    try:
        kind: Callable[..., JournalEntry] = _EVENTS[document["event"]]
        if kind is EngineStarted:
            refuse_newer(document["version"], what="The journal", newest=JOURNAL_VERSION)
        return from_members(kind, document)
    except (ValueError, KeyError, TypeError) as error:
        raise FormatError(f"A line of the journal is damaged: {error!r}") from error
