"""The journal of a run: what happened to its nodes, one JSON object a line, in order.

An engine appends to it while it works; each line is whole once its line break is there. Nothing of
what a task read or wrote stands in it: that is in the records. An engine that goes on with a run
decides everything anew from records, and its nodes replace those of the engine before it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, TypeAlias, assert_never

from argosy_runs.nodes import NodePhase, NodeStatus, NodeType
from argosy_runs.states import RunState
from argosy_schemas.formats.records import Failure
from argosy_schemas.formats.records_json import (
    FormatError,
    failure_from_json,
    failure_to_json,
    time_from_json,
    time_to_json,
)
from argosy_schemas.names import AttemptId, TaskPath
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
    """A node has a new phase: it runs, or has come to its end."""

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


def entry_to_json(entry: JournalEntry) -> str:
    """Return the line of an entry, without its line break."""
    line: dict[str, Any] = {"at": time_to_json(entry.at)}
    match entry:
        case EngineStarted():
            line |= {"event": "engine", "process": entry.process, "version": entry.version}
            if entry.resumed:
                line["resumed"] = True
        case NodeChanged():
            line |= {"event": "node", "node": _node_to_json(entry.node)}
            if entry.attempt is not None:
                line["attempt"] = _attempt_to_json(entry.attempt)
        case StopRequested():
            line |= {"event": "stop", "failure": failure_to_json(entry.failure)}
        case RunEnded():
            line |= {"event": "end", "state": entry.state.value}
            if entry.error is not None:
                line["error"] = entry.error
        case _:
            assert_never(entry)
    return to_json(line)


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
        return _entry(document)
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise FormatError(f"A line of the journal is damaged: {error!r}") from error


def _entry(document: Mapping[str, Any]) -> JournalEntry:
    at = time_from_json(document["at"])
    match document["event"]:
        case "engine":
            version = str(document["version"])
            if int(version.partition(".")[0]) > int(JOURNAL_VERSION.partition(".")[0]):
                raise FormatError(
                    f"The journal has format version {version}, this release reads up to "
                    f"{JOURNAL_VERSION}; use the release that wrote it, or a newer one"
                )
            return EngineStarted(
                at=at,
                process=document["process"],
                resumed=document.get("resumed", False),
                version=version,
            )
        case "node":
            attempt = document.get("attempt")
            return NodeChanged(
                at=at,
                node=_node_from_json(document["node"]),
                attempt=None if attempt is None else _attempt_from_json(attempt),
            )
        case "stop":
            return StopRequested(at=at, failure=failure_from_json(document["failure"]))
        case "end":
            state = RunState(document["state"])
            return RunEnded(at=at, state=state, error=document.get("error"))
        case event:
            raise ValueError(f"unknown event '{event}'")


def _node_to_json(node: NodeStatus) -> dict[str, Any]:
    members: dict[str, Any] = {
        "name": node.name,
        "type": node.type.value,
        "phase": node.phase.value,
        "path": node.path,
    }
    if node.boundary is not None:
        members["boundary"] = node.boundary
    if node.message:
        members["message"] = node.message
    if node.is_attempt:
        members["isAttempt"] = True
    if node.decides:
        members["decides"] = True
    if node.items is not None:
        members["items"] = node.items
    return members


def _node_from_json(document: Mapping[str, Any]) -> NodeStatus:
    return NodeStatus(
        name=document["name"],
        type=NodeType(document["type"]),
        phase=NodePhase(document["phase"]),
        path=TaskPath(document["path"]),
        boundary=document.get("boundary"),
        message=document.get("message", ""),
        is_attempt=document.get("isAttempt", False),
        decides=document.get("decides", False),
        items=document.get("items"),
    )


def _attempt_to_json(attempt: Attempt) -> dict[str, Any]:
    members: dict[str, Any] = {}
    if attempt.id is not None:
        members["id"] = attempt.id
    if attempt.cached:
        members["cached"] = True
    if attempt.adopted:
        members["adopted"] = True
    if attempt.failure is not None:
        members["failure"] = failure_to_json(attempt.failure)
    if attempt.log is not None:
        members["log"] = attempt.log
    return members


def _attempt_from_json(document: Mapping[str, Any]) -> Attempt:
    failure = document.get("failure")
    attempt = document.get("id")
    return Attempt(
        id=None if attempt is None else AttemptId(attempt),
        cached=document.get("cached", False),
        adopted=document.get("adopted", False),
        failure=None if failure is None else failure_from_json(failure),
        log=document.get("log"),
    )
