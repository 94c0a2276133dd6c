"""Where a home keeps its runs, and which of them a person means.

Below ``<home>/runs/<run>``, beside the records that driver and launcher keep there:

* ``run.json``       what the run was given (:mod:`argosy_runs.viewing.run_spec`); written once
* ``ir``             the packed IR
* ``journal.jsonl``  what happened to its nodes (:mod:`argosy_runs.journal`)
* ``lock``           held by the engine that works on the run
* ``stop``           somebody asks the engine to stop the run; it removes the file
* ``work/``          a directory per attempt, gone when the attempt succeeded
* ``workspace/``     the workspace, where the pipeline asks for one
* ``claims/``        a directory per volume claim that the run made, by name
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path
from typing import Final

from argosy_runs.viewing.run_spec import RunSpec, make_unreadable_error, run_spec_from_json
from argosy_schemas.errors import InvalidArgumentError, MachineError
from argosy_schemas.names import RunId

JOURNAL_NAME: Final = "journal.jsonl"


def make_absolute(home: Path) -> Path:
    """Return a home as an absolute path without '..', which keys of a store may not have."""
    return Path(os.path.abspath(home))


class RunFiles:
    """The files of one run."""

    def __init__(self, home: Path, run_id: RunId) -> None:
        self.run_id = run_id
        self.home = make_absolute(home)
        self.path = self.home / "runs" / run_id
        self.spec = self.path / "run.json"
        self.ir = self.path / "ir"
        self.journal = self.path / JOURNAL_NAME
        self.lock = self.path / "lock"
        self.stop_request = self.path / "stop"
        self.work = self.path / "work"
        self.workspace = self.path / "workspace"
        self.claims = self.path / "claims"

    def read(self) -> tuple[RunSpec, bytes]:
        """Return what the run was given, and its packed IR.

        Raises:
            InvalidArgumentError: It was made by a newer release, or is damaged.
        """
        try:
            text, ir = self.spec.read_bytes(), self.ir.read_bytes()
        except OSError as error:
            raise make_unreadable_error(self.run_id, error) from error
        return run_spec_from_json(text, self.run_id), ir

    def request_stop(self) -> None:
        """Ask the engine that works on the run to stop it; the second time, to kill what runs.

        Raises:
            MachineError: The directory cannot be written.
        """
        try:
            self.stop_request.touch()
        except OSError as error:
            raise MachineError(
                f"'{self.stop_request}' cannot be written: {error.strerror}; stop the run as the "
                "user who started it"
            ) from error

    def take_stop_request(self) -> bool:
        """Return whether somebody asked to stop the run since the last call."""
        try:
            self.stop_request.unlink()
        except OSError:
            return False
        return True

    def is_locked(self) -> bool:
        """Return whether an engine works on the run.

        Engines that begin in this very moment wait for the answer: see ``RunDirectory.locked``.
        """
        try:
            descriptor = os.open(self.lock, os.O_RDONLY)
        except OSError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False


def find_run(home: Path, prefix: str) -> RunId:
    """Return the id of the run that begins with ``prefix``.

    Raises:
        InvalidArgumentError: There is none, or more than one.
    """
    runs = home / "runs"
    if prefix and "/" not in prefix and (runs / prefix / "run.json").exists():
        return RunId(prefix)
    found = sorted(
        path.parent.name
        for path in runs.glob("*/run.json")
        if prefix and path.parent.name.startswith(prefix)
    )
    if not found:
        raise InvalidArgumentError(
            f"there is no run '{prefix}' in '{runs}'; give the --home that it was started with"
        )
    if len(found) > 1:
        raise InvalidArgumentError(
            f"'{prefix}' fits {len(found)} runs, '{found[0]}' and '{found[1]}' among them; "
            "give more characters"
        )
    return RunId(found[0])
