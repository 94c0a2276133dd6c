"""Shared environments on disk: built once, by one process, and never seen half-built.

Below the directory of the cache, with a key for each combination of Python and requirements:

* ``<key>.json``      names the directory of the complete environment; written last, at once
* ``<key>-<random>/`` a virtual environment, which a killed builder may have left incomplete
* ``<key>.lock``      held by whoever builds

A builder never goes on in a directory of another: its installer may still be running there.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from argosy_engine.environments.errors import installation_failed
from argosy_engine.environments.interpreter import Interpreter
from argosy_engine.environments.pip_options import uv_arguments, uv_environment, uv_flags
from argosy_engine.pods.stop import StopSignal
from argosy_schemas.atomic_files import write_atomically
from argosy_schemas.errors import FinalTaskError, MachineError, RetryableTaskError
from argosy_schemas.formats.records import Reason

_LAYOUT = 1
"""Counts how environments are built; another number, another key."""
_PASSING = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE})
"""What a machine lacks while too much runs on it."""
_LOOK_SECONDS = 0.1
"""How often to look whether to stop while others build, or an installer runs."""


class Builder:
    """Builds environments with uv. Safe to use from several threads and processes."""

    def __init__(
        self,
        directory: Path,
        interpreter: Interpreter,
        environment: Mapping[str, str],
        stop: StopSignal | None = None,
    ) -> None:
        """Build below ``directory``, until ``stop``; ``environment`` is that of the process."""
        self.directory = directory
        self._interpreter = interpreter
        self._environment = environment
        self._stop = stop

    def until(self, stop: StopSignal | None) -> Builder:
        """Return a builder of the same environments that listens to ``stop``."""
        return Builder(self.directory, self._interpreter, self._environment, stop)

    def key(self, installs: Sequence[Sequence[str]]) -> str:
        """Return the key of an environment."""
        ingredients = {
            "layout": _LAYOUT,
            "python": [self._interpreter.executable, *self._interpreter.version],
            "platform": self._interpreter.platform,
            "installs": [list(arguments) for arguments in installs],
        }
        return hashlib.sha256(json.dumps(ingredients).encode()).hexdigest()[:24]

    def found(self, key: str) -> Path | None:
        """Return the complete environment of a key, or ``None``."""
        try:
            name = json.loads((self.directory / f"{key}.json").read_bytes())["directory"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        path = self.directory / str(name)
        return path if (path / "bin").is_dir() else None

    def built(self, key: str, installs: Sequence[Sequence[str]]) -> Path:
        """Return the environment of a key, made if nobody has.

        Raises:
            TaskError: The requirements cannot be installed.
            MachineError: The cache cannot be written.
            OSError: The machine has no process, memory or file left for it at the moment.
        """
        try:
            with self._locked(key, installs):
                found = self.found(key)
                if found is not None:
                    return found
                for leftover in self.directory.glob(f"{key}-*"):
                    shutil.rmtree(leftover, ignore_errors=True)
                path = self.directory / f"{key}-{os.urandom(6).hex()}"
                self._build(path, installs)
                self._record(key, path, installs)
                return path
        except OSError as error:
            if error.errno in _PASSING:
                raise
            raise cannot_keep(self.directory, error) from error

    def newest(self, requirement: str) -> str:
        """Return the newest version that an index has for a requirement.

        Raises:
            MachineError: The cache cannot be written.
            OSError: The machine has no process, memory or file left for it at the moment.
            TaskError: No index could be asked, or it has none.
        """
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise cannot_keep(self.directory, error) from error
        command = ["pip", "compile", "--no-deps", "--no-header", "--no-annotate"]
        python = ["--python", self._interpreter.executable]
        found = self._uv(
            [*command, *uv_flags(self._environment), *python, "-"], requirement, requirement
        )
        return found.strip().splitlines()[-1].partition("==")[2]

    @contextmanager
    def _locked(self, key: str, installs: Sequence[Sequence[str]]) -> Generator[None]:
        self.directory.mkdir(parents=True, exist_ok=True)
        with open(self.directory / f"{key}.lock", "w") as file:
            # Let go by the system when this process ends, however it does.
            while not _lock(file.fileno()):
                self._hear(" ".join(word for words in installs for word in words))
                time.sleep(_LOOK_SECONDS)
            yield

    def _hear(self, what: str) -> None:
        """Go no further where the run is to stop."""
        failure = None if self._stop is None else self._stop.failure
        if failure is not None:
            raise RetryableTaskError(
                f"{failure.message} while Python packages ({what}) were installed; resume it",
                reason=failure.reason,
            )

    def _build(self, path: Path, installs: Sequence[Sequence[str]]) -> None:
        python = os.fspath(path / "bin" / "python")
        executable = self._interpreter.executable
        self._uv(["venv", "--no-project", "--python", executable, os.fspath(path)], "a new one")
        wheels = self._interpreter.bundled_wheels()
        # What comes with Python is there without an index.
        bundled = ["--no-index", "--no-deps", *map(os.fspath, wheels)] if wheels else ["pip"]
        install = ["pip", "install", "--python", python]
        self._uv([*install, *bundled], "pip")
        for arguments in installs:
            what = " ".join(arguments)
            ours = uv_arguments(arguments)
            if ours is None:
                self._run([python, "-m", "pip", "install", "--quiet", *arguments], what)
            else:
                # The best of all indexes, as pip has it, and not of the first that has any.
                merged = ["--index-strategy", "unsafe-best-match"]
                self._uv([*install, *uv_flags(self._environment), *merged, *ours], what)

    def _record(self, key: str, path: Path, installs: Sequence[Sequence[str]]) -> None:
        stamp = {
            "directory": path.name,
            "python": self._interpreter.name,
            "installs": [list(arguments) for arguments in installs],
        }
        write_atomically(self.directory / f"{key}.json", json.dumps(stamp, indent=1).encode())

    def _uv(self, arguments: Sequence[str], what: str, text: str = "") -> str:
        return self._run([_uv_program(), "--quiet", *arguments], what, text)

    def _run(self, command: Sequence[str], what: str, text: str = "") -> str:
        environment = {
            name: value
            for name, value in self._environment.items()
            if name not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "CONDA_PREFIX", "PIP_TARGET")
        }
        environment |= uv_environment(self._environment)
        environment |= {"UV_NO_PROGRESS": "1", "NO_COLOR": "1", "UV_PYTHON_DOWNLOADS": "never"}
        self._hear(what)
        with subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            errors="replace",
            env=environment,
            # Not where the pipeline is: uv would read a project there.
            cwd=self.directory,
            # Ctrl-C reaches the engine first, which ends what it started.
            start_new_session=True,
        ) as process:
            try:
                output, errors = self._attend(process, text)
            finally:
                _kill(process)
        if process.returncode == 0:
            return output
        self._hear(what)
        if process.returncode < 0:
            raise RetryableTaskError(
                f"the installation of the component's Python packages ({what}) was killed by "
                f"signal {-process.returncode}; run again",
                reason=Reason.ENVIRONMENT_FAILED,
            )
        python = self._interpreter.name.removeprefix("Python ")
        raise installation_failed(what, errors or output, python=python)

    def _attend(self, process: subprocess.Popen[str], text: str) -> tuple[str, str]:
        """Return what an installer wrote until it ended, or was made to."""
        given: str | None = text
        while True:
            try:
                return process.communicate(given, timeout=_LOOK_SECONDS)
            except subprocess.TimeoutExpired:
                given = None  # It has been told.
            if self._stop is not None and self._stop.is_set:
                _kill(process)


def _lock(descriptor: int) -> bool:
    """Return whether the file is locked now, and by us."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _kill(process: subprocess.Popen[str]) -> None:
    """Kill an installer that still runs, and what it started."""
    if process.poll() is None:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)


def cannot_keep(path: Path, error: OSError) -> MachineError:
    """Return the error for a cache that cannot be written."""
    return MachineError(
        f"{error.filename or path}: Python environments cannot be kept there ({error.strerror}); "
        f"set ARGOSY_CACHE_DIR to a directory that can be written"
    )


def _uv_program() -> str:
    from uv import find_uv_bin

    try:
        return os.fspath(find_uv_bin())
    except FileNotFoundError:
        found = shutil.which("uv")
    if found is None:
        raise FinalTaskError(
            "uv is missing from Argosy's own environment; install Argosy again",
            reason=Reason.ENVIRONMENT_FAILED,
        )
    return found
