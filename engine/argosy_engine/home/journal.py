"""What became of each node of a run, one JSON object a line, in the order in which it happened.

The journal is for people, and for the few facts that no record holds: how often a task was tried.
An engine that goes on with a run decides everything anew from success records, so a line that is
missing or cut off, because the engine was killed, does no harm.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any

from argosy_engine.controller.nodes import Node, PodNode
from argosy_engine.controller.phase import Phase
from argosy_schemas.names import TaskPath
from argosy_schemas.values import JsonValue, to_json


class Journal:
    """The journal of one run, open for writing.

    Raises:
        OSError: It cannot be opened or, on writing, written.
    """

    def __init__(self, path: Path) -> None:
        torn = _is_torn(path)
        self._file = path.open("ab", buffering=0)
        if torn:
            self._file.write(b"\n")

    def engine_started(self, at: datetime, *, resumed: bool) -> None:
        """Say that an engine begins to work on the run."""
        self._write({"at": at.isoformat(), "engine": os.getpid(), "resumed": resumed})

    def node_changed(self, node: Node, phase: Phase, at: datetime) -> None:
        """Say that a node has a new phase."""
        line: dict[str, JsonValue] = {
            "at": at.isoformat(),
            "node": node.name,
            "type": node.kind,
            "phase": phase.value,
            "path": node.path,
        }
        if phase.is_fulfilled and node.message:
            line["message"] = node.message
        if isinstance(node, PodNode):
            line["attempt"] = node.attempt
        self._write(line)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, line: Mapping[str, JsonValue]) -> None:
        # One write for one line; unbuffered, so that it outlives this process.
        self._file.write(to_json(line).encode() + b"\n")


def read_journal(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the whole lines of a journal; none if there is no such file."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        return
    with file:
        for line in file:
            try:
                entry = json.loads(line)
            except ValueError:
                continue  # Cut off when its engine was killed.
            if isinstance(entry, dict):
                yield entry


def attempts_before(path: Path) -> dict[TaskPath, int]:
    """Return how many pods earlier engines started for each task."""
    counts: dict[TaskPath, int] = {}
    for entry in read_journal(path):
        if entry.get("type") == "Pod" and entry.get("phase") == Phase.RUNNING.value:
            task = TaskPath(str(entry.get("path")))
            counts[task] = counts.get(task, 0) + 1
    return counts


def _is_torn(path: Path) -> bool:
    """Return whether the last line has no end."""
    try:
        with path.open("rb") as file:
            size = file.seek(0, os.SEEK_END)
            if size == 0:
                return False
            file.seek(size - 1)
            return file.read(1) != b"\n"
    except FileNotFoundError:
        return False
