"""The runs of a home, newest first, each in one line.

Reading ten thousand journals takes minutes, so what a journal said is kept in an index beside the
runs, with the size and time of the journal that said it. The index is a cache: an entry counts only
while its journal is unchanged, and a missing, damaged or older index is made again.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from argosy_runs.local.home import JOURNAL_NAME, RunFiles
from argosy_runs.local.reading import read_run
from argosy_runs.places import RunEntry
from argosy_schemas.atomic_files import write_atomically
from argosy_schemas.errors import ArgosyError
from argosy_schemas.formats.dataclass_json import from_members, to_members
from argosy_schemas.names import RunId
from argosy_schemas.values import to_json

_INDEX = "index.json"
_INDEX_VERSION = 3


def list_runs(home: Path) -> tuple[RunEntry, ...]:
    """Return the runs of a home, newest first; none if there is no such directory.

    A run whose files cannot be read is left out: ``argosy get`` says what is wrong with it.
    """
    index = _Index(home / "runs")
    entries = [entry for run_id in _run_ids(home) if (entry := _entry(home, run_id, index))]
    index.write()
    return tuple(sorted(entries, key=lambda entry: (entry.created_at, entry.run_id), reverse=True))


def _run_ids(home: Path) -> Iterator[RunId]:
    with (
        contextlib.suppress(FileNotFoundError, NotADirectoryError),
        os.scandir(home / "runs") as directories,
    ):
        for directory in directories:
            if directory.is_dir():
                yield RunId(directory.name)


def _entry(home: Path, run_id: RunId, index: _Index) -> RunEntry | None:
    """Return the entry of a run; ``None`` where the directory holds no run that can be read."""
    # Before everything else: what is read afterwards is at least as new.
    mark = _mark(home, run_id)
    known = index.get(run_id, mark)
    if known is not None:
        return known
    try:
        spec, _ = RunFiles(home, run_id).read()
        run = read_run(home, run_id)
    except ArgosyError:
        return None
    entry = RunEntry(
        run_id=run_id,
        pipeline=run.pipeline,
        state=run.state,
        created_at=spec.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        error=run.error,
    )
    if run.state.is_final:
        index.put(entry, mark)
    return entry


def _mark(home: Path, run_id: RunId) -> str:
    """Return what changes when the journal of a run does; empty where there is none."""
    try:
        # As text: making a path takes longer than asking the system for its status.
        status = os.stat(f"{home}/runs/{run_id}/{JOURNAL_NAME}")
    except OSError:
        return ""
    return f"{status.st_size}-{status.st_mtime_ns}"


class _Index:
    """Entries of runs that had ended, each with the mark of the journal that said so."""

    def __init__(self, directory: Path) -> None:
        self._path = directory / _INDEX
        self._stored = self._read()
        self._current: dict[RunId, tuple[str, RunEntry]] = {}

    def get(self, run_id: RunId, mark: str) -> RunEntry | None:
        stored_mark, entry = self._stored.get(run_id, ("", None))
        if entry is None or stored_mark != mark:
            return None
        self.put(entry, mark)
        return entry

    def put(self, entry: RunEntry, mark: str) -> None:
        self._current[entry.run_id] = (mark, entry)

    def write(self) -> None:
        """Write the entries that were asked for or added, if others are stored."""
        if self._current == self._stored:
            return
        runs = {
            run_id: {"mark": mark, **to_members(entry)}
            for run_id, (mark, entry) in self._current.items()
        }
        # A home that is read-only can be listed as well, only slower.
        with contextlib.suppress(OSError):
            document = {"version": _INDEX_VERSION, "runs": runs}
            write_atomically(self._path, to_json(document).encode())

    def _read(self) -> dict[RunId, tuple[str, RunEntry]]:
        try:
            document = json.loads(self._path.read_bytes())
            if document["version"] != _INDEX_VERSION:
                return {}
            runs: dict[str, dict[str, Any]] = document["runs"]
            return {
                RunId(run_id): (str(line["mark"]), from_members(RunEntry, line))
                for run_id, line in runs.items()
            }
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return {}
