"""The directory of one run: making it, holding it, cleaning it up.

What lies in it, and how it is read, is the business of :mod:`argosy_runs.local.home`.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from argosy_runs.local.home import RunFiles
from argosy_runs.viewing.run_spec import RunSpec
from argosy_schemas.atomic_files import write_atomically
from argosy_schemas.errors import InvalidArgumentError, MachineError

_LOOKS = 50
"""Whoever reads a run holds its lock for a moment, to see whether anybody else does.

Looks are counted, not time: a process that did not run for a while has not looked.
"""
_PAUSE_SECONDS = 0.01


class RunDirectory(RunFiles):
    """The files of one run, and the rights to them."""

    def create(self, spec: RunSpec, ir: bytes) -> None:
        """Make the directory of a new run.

        Raises:
            MachineError: It cannot be written.
        """
        try:
            # It may be there without a run.json: then whoever made it was killed.
            self.path.mkdir(parents=True, exist_ok=True)
            self.ir.write_bytes(ir)
            # Last, and at once: a directory with a run.json is that of a whole run.
            write_atomically(self.spec, spec.to_json().encode())
        except OSError as error:
            # Nobody knows the directory of a run that never was.
            raise make_unwritable_error(self.home, error) from error

    def replace_ir(self, ir: bytes) -> None:
        """Replace the packed IR of a run that nobody works on.

        Raises:
            MachineError: It cannot be written.
        """
        try:
            write_atomically(self.ir, ir)
        except OSError as error:
            raise make_unwritable_error(self.path, error) from error

    @contextmanager
    def locked(self) -> Generator[None]:
        """Hold the run for as long as the block lasts; the system lets go when we are killed.

        Raises:
            InvalidArgumentError: Another engine works on the run.
            MachineError: The directory cannot be written.
        """
        try:
            descriptor = os.open(self.lock, os.O_RDWR | os.O_CREAT, 0o666)
        except OSError as error:
            raise make_unwritable_error(self.path, error) from error
        try:
            if not _lock(descriptor):
                raise InvalidArgumentError(
                    f"run '{self.run_id}' is being worked on by another process; wait for it to end"
                )
            yield
        finally:
            os.close(descriptor)

    def clear_work(self) -> None:
        """Remove what attempts left behind; nobody may be working on the run."""
        # A leftover that cannot be removed is in nobody's way: attempts have names of their own.
        shutil.rmtree(self.work, ignore_errors=True)


def _lock(descriptor: int) -> bool:
    """Return whether a lock could be had."""
    for _ in range(_LOOKS):
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(_PAUSE_SECONDS)
        else:
            return True
    return False


def make_unwritable_error(path: Path, error: OSError) -> MachineError:
    """Return the error of a directory that the system does not let us write."""
    return MachineError(
        f"'{path}' cannot be written: {error.strerror}; choose another place with --home"
    )
