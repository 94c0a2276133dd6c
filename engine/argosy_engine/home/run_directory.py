"""The directory of one run: what it was given, and whose it is at the moment.

Below ``<home>/runs/<run>``, beside the records that driver and launcher keep there:

* ``run.json``       what the run was given: enough to go on with it; written once
* ``ir``             the packed IR
* ``journal.jsonl``  what became of each node (:mod:`argosy_engine.home.journal`)
* ``lock``           held by the engine that works on the run
* ``work/``          a directory per attempt, gone when the attempt succeeded
* ``workspace/``     the workspace, where the pipeline asks for one
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from argosy_schemas.errors import InvalidArgumentError, MachineError
from argosy_schemas.names import RunId
from argosy_schemas.values import JsonValue, to_json
from argosy_schemas.whole_files import write_whole_file

VERSION = "1.0"


@dataclass(frozen=True, slots=True, kw_only=True)
class RunDescription:
    """What a run was given."""

    run_id: RunId
    name: str
    """Of the workflow: what the SDK calls the job's name."""
    pipeline: str
    created_at: datetime
    parameters: Mapping[str, str]
    """Values of workflow parameters that the caller gave, input artifacts among them."""
    root: str
    """Where its artifacts go."""
    cache: bool
    workflow: Mapping[str, JsonValue]

    def to_json(self) -> str:
        """Return the content of ``run.json``."""
        return to_json(
            {
                "version": VERSION,
                "run_id": self.run_id,
                "name": self.name,
                "pipeline": self.pipeline,
                "created_at": self.created_at.isoformat(),
                "parameters": dict(self.parameters),
                "root": self.root,
                "cache": self.cache,
                "workflow": self.workflow,
            }
        )


class RunDirectory:
    """Paths of one run, and the rights to it."""

    def __init__(self, home: Path, run_id: RunId) -> None:
        self.run_id = run_id
        self._home = home.absolute()
        self.path = self._home / "runs" / run_id
        self.journal = self.path / "journal.jsonl"
        self.work = self.path / "work"
        self.workspace = self.path / "workspace"

    def create(self, description: RunDescription, ir: bytes) -> None:
        """Make the directory of a new run.

        Raises:
            MachineError: It cannot be written.
        """
        try:
            self.path.mkdir(parents=True)
            (self.path / "ir").write_bytes(ir)
            # Last, and at once: a directory with a run.json is that of a whole run.
            write_whole_file(self.path / "run.json", description.to_json().encode())
        except OSError as error:
            # Nobody knows the directory of a run that never was.
            raise unwritable(self._home, error) from error

    def read(self) -> tuple[RunDescription, bytes]:
        """Return what the run was given, and its packed IR.

        Raises:
            InvalidArgumentError: It was made by a newer release, or is damaged.
        """
        try:
            document: dict[str, Any] = json.loads((self.path / "run.json").read_bytes())
            ir = (self.path / "ir").read_bytes()
            major = str(document["version"]).partition(".")[0]
            if major != VERSION.partition(".")[0]:
                raise InvalidArgumentError(
                    f"run '{self.run_id}' was made by a newer release (format "
                    f"{document['version']}); update argosy to go on with it"
                )
            description = RunDescription(
                run_id=RunId(document["run_id"]),
                name=document["name"],
                pipeline=document["pipeline"],
                created_at=datetime.fromisoformat(document["created_at"]),
                parameters=document["parameters"],
                root=document["root"],
                cache=document["cache"],
                workflow=document["workflow"],
            )
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise InvalidArgumentError(
                f"run '{self.run_id}' cannot be read ({error}); start a new run"
            ) from error
        return description, ir

    @contextmanager
    def locked(self) -> Generator[None]:
        """Hold the run for as long as the block lasts; the system lets go when we are killed.

        Raises:
            InvalidArgumentError: Another engine works on the run.
            MachineError: The directory cannot be written.
        """
        try:
            descriptor = os.open(self.path / "lock", os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise unwritable(self.path, error) from error
        try:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise InvalidArgumentError(
                    f"run '{self.run_id}' is being worked on by another process; wait for it to end"
                ) from None
            yield
        finally:
            os.close(descriptor)

    def clear_work(self) -> None:
        """Remove what attempts left behind; nobody may be working on the run."""
        # A leftover that cannot be removed is in nobody's way: attempts have names of their own.
        shutil.rmtree(self.work, ignore_errors=True)


def find_run(home: Path, prefix: str) -> RunId:
    """Return the id of the run that begins with ``prefix``.

    Raises:
        InvalidArgumentError: There is none, or more than one.
    """
    runs = home / "runs"
    found = sorted(
        path.parent.name
        for path in runs.glob("*/run.json")
        if prefix and path.parent.name.startswith(prefix)
    )
    if prefix in found:
        return RunId(prefix)
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


def unwritable(path: Path, error: OSError) -> MachineError:
    """Return the error of a directory that the system does not let us write."""
    return MachineError(
        f"'{path}' cannot be written: {error.strerror}; choose another place with --home"
    )
