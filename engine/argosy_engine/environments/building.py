"""Build shared environments on disk, each once and by one process; no reader sees half of one.

Files below the directory of the cache, with a key for each combination of Python and requirements:

* ``<key>.json``      names the directory of the complete environment; written last, atomically
* ``<key>-<random>/`` a virtual environment, incomplete if its builder was killed
* ``<key>.lock``      held by the process that builds

A builder never continues in the directory of another, whose installer may still be running.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import json
import os
import shutil
import threading
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path

from argosy_engine.environments.errors import create_installation_error
from argosy_engine.environments.interpreter import PythonInterpreter
from argosy_engine.environments.pip_options import to_uv_arguments, to_uv_environment, to_uv_flags
from argosy_engine.environments.requirements import list_requirements
from argosy_engine.pods.programs import ProgramEnd, run_program
from argosy_engine.pods.stop import StopSignal
from argosy_schemas.atomic_files import write_atomically
from argosy_schemas.errors import FinalTaskError, MachineError, RetryableTaskError
from argosy_schemas.formats.records import Reason
from argosy_schemas.logger import Logger

_LOGGER = Logger("engine.environments")
_LAYOUT = 2
"""Version of how environments are built; part of the key."""
_TRANSIENT = frozenset({errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.ENFILE})
"""Errors of a machine that is overloaded at the moment."""
_UV_LOCK = threading.Lock()
"""Python 3.11 fills ``sysconfig`` without a lock; a second thread reads it half filled."""
_ONLY_OF_INSTALL = ("--upgrade", "--reinstall")
"""Options of ``uv pip install`` that say nothing about which releases there are."""
_ALLOWING = ("automatic", "true", "1")
"""Values of UV_PYTHON_DOWNLOADS; uv's own default is to download, which nobody chose."""
_POLL_SECONDS = 0.1
"""How often to check for a stop while another process builds."""


class Builder:
    """Builds environments with uv. Safe to use from several threads and processes."""

    def __init__(
        self,
        directory: Path,
        interpreter: PythonInterpreter,
        environment: Mapping[str, str],
        stop: StopSignal | None = None,
    ) -> None:
        """Build below ``directory`` until ``stop`` is set; ``environment`` is the process's."""
        self.directory = directory
        self._interpreter = interpreter
        self._environment = environment
        self._stop = stop

    def with_stop(self, stop: StopSignal | None) -> Builder:
        """Return a builder of the same environments that ends when ``stop`` is set."""
        return Builder(self.directory, self._interpreter, self._environment, stop)

    def compute_key(self, installs: Sequence[Sequence[str]]) -> str:
        """Return the key of an environment."""
        ingredients = {
            "layout": _LAYOUT,
            "python": [self._interpreter.executable, *self._interpreter.version],
            "platform": self._interpreter.platform,
            "installs": [list(arguments) for arguments in installs],
        }
        return hashlib.sha256(json.dumps(ingredients).encode()).hexdigest()[:24]

    def find(self, key: str) -> Path | None:
        """Return the complete environment of a key; ``None``: there is none."""
        try:
            name = json.loads((self.directory / f"{key}.json").read_bytes())["directory"]
        except (OSError, ValueError, KeyError, TypeError):
            return None
        path = self.directory / str(name)
        return path if (path / "bin").is_dir() else None

    def build(self, key: str, installs: Sequence[Sequence[str]]) -> Path:
        """Build the environment of a key, unless another process has, and return it.

        Raises:
            TaskError: The requirements cannot be installed.
            MachineError: The cache cannot be written.
            OSError: The machine has no process, memory or file descriptor left at the moment.
        """
        try:
            with self._locked(key, installs):
                complete = self.find(key)
                if complete is not None:
                    return complete
                for leftover in self.directory.glob(f"{key}-*"):
                    shutil.rmtree(leftover, ignore_errors=True)
                path = self.directory / f"{key}-{os.urandom(6).hex()}"
                # Without options of pip, which may hold the password of an index.
                names = [name for arguments in installs for name in list_requirements(arguments)]
                _LOGGER.info("build environment %s with %s", path, ", ".join(names) or "pip alone")
                started = time.monotonic()
                self._create(path, installs)
                self._record(key, path, installs)
                _LOGGER.info("built environment %s in %.1f s", path, time.monotonic() - started)
                return path
        except OSError as error:
            if error.errno in _TRANSIENT:
                raise
            raise create_cache_error(self.directory, error) from error

    def find_newest(self, requirement: str) -> str:
        """Return the newest version on the index for a requirement.

        Raises:
            MachineError: The cache cannot be written.
            OSError: The machine has no process, memory or file descriptor left at the moment.
            TaskError: No index could be reached, or it has no such version.
        """
        self._make_directory()
        command = ["pip", "compile", "--no-deps", "--no-header", "--no-annotate"]
        python = ["--python", self._interpreter.executable]
        found = self._uv(
            [*command, *to_uv_flags(self._environment), *python, "-"], requirement, requirement
        )
        return found.strip().splitlines()[-1].partition("==")[2]

    def has_builds(self, installs: Sequence[Sequence[str]], version: str) -> bool:
        """Return whether all requirements have wheels for a Python such as ``3.9``."""
        for arguments in installs:
            ours = to_uv_arguments(arguments)
            if ours is None:
                return False
            named = list_requirements(arguments)
            options = [word for word in ours if word not in (*named, *_ONLY_OF_INSTALL)]
            command = ["pip", "compile", "--quiet", "--no-header", "--no-annotate", *options]
            wheels = ["--only-binary", ":all:", "--python-version", version]
            python = ["--python", self._interpreter.executable]
            flags = to_uv_flags(self._environment)
            asked = [find_uv(), *command, *flags, *wheels, *python, "-"]
            if self.try_program(asked, "\n".join(named)) is None:
                return False
        return True

    def find_python(self, version: str) -> str | None:
        """Return the path of a Python of this machine; ``None``: there is none of this version."""
        # Pyenv puts a shim of each Python on PATH, and most of them fail: uv stops at the first.
        root = Path(self._environment.get("PYENV_ROOT") or Path.home() / ".pyenv")
        managed = [os.fspath(path) for path in root.glob(f"versions/{version}.*/bin")]
        search = {"PATH": os.pathsep.join([*managed, self._environment.get("PATH", "")])}
        found = self.try_program(
            [find_uv(), "python", "find", "--no-project", version], more=search
        )
        return found and found.strip()

    def bring_python(self, version: str) -> bool:
        """Let uv download a Python, if the user allows it; return whether it did."""
        if self._environment.get("UV_PYTHON_DOWNLOADS", "").lower() not in _ALLOWING:
            return False
        command = [find_uv(), "--quiet", "python", "install", "--no-bin", version]
        return self.try_program(command, more={"UV_PYTHON_DOWNLOADS": "automatic"}) is not None

    def read_other_python(self, key: str) -> str | None:
        """Return the version of Python that an earlier build of a key needed, e.g. ``3.9``."""
        try:
            return (self.directory / f"{key}.python").read_text() or None
        except OSError:
            return None

    def write_other_python(self, key: str, version: str) -> None:
        """Remember the version of Python that a key needs: to fail at building may take long."""
        with suppress(OSError):
            write_atomically(self.directory / f"{key}.python", version.encode())

    @contextmanager
    def _locked(self, key: str, installs: Sequence[Sequence[str]]) -> Generator[None]:
        self.directory.mkdir(parents=True, exist_ok=True)
        with open(self.directory / f"{key}.lock", "w") as file:
            # The system releases the lock when this process ends, also by SIGKILL.
            while not _lock(file.fileno()):
                self._raise_if_stopped(" ".join(word for words in installs for word in words))
                time.sleep(_POLL_SECONDS)
            yield

    def _raise_if_stopped(self, what: str) -> None:
        """Raise if the run is to stop."""
        failure = None if self._stop is None else self._stop.failure
        if failure is not None:
            raise RetryableTaskError(
                f"{failure.message} while Python packages ({what}) were installed; resume it",
                reason=failure.reason,
            )

    def _create(self, path: Path, installs: Sequence[Sequence[str]]) -> None:
        python = os.fspath(path / "bin" / "python")
        executable = self._interpreter.executable
        self._uv(["venv", "--no-project", "--python", executable, os.fspath(path)], "a new one")
        wheels = self._interpreter.find_bundled_wheels()
        # The wheels that come with Python need no index.
        bundled = ["--no-index", "--no-deps", *map(os.fspath, wheels)] if wheels else ["pip"]
        install = ["pip", "install", "--python", python]
        self._uv([*install, *bundled], "pip")
        for arguments in installs:
            what = " ".join(arguments)
            ours = to_uv_arguments(arguments)
            if ours is None:
                self._run([python, "-m", "pip", "install", "--quiet", *arguments], what)
            else:
                # As pip does: the best version of all indexes, not of the first that has any.
                merged = ["--index-strategy", "unsafe-best-match"]
                self._uv([*install, *to_uv_flags(self._environment), *merged, *ours], what)

    def _record(self, key: str, path: Path, installs: Sequence[Sequence[str]]) -> None:
        stamp = {
            "directory": path.name,
            "python": self._interpreter.name,
            "installs": [list(arguments) for arguments in installs],
        }
        write_atomically(self.directory / f"{key}.json", json.dumps(stamp, indent=1).encode())

    def _uv(self, arguments: Sequence[str], what: str, text: str = "") -> str:
        return self._run([find_uv(), "--quiet", *arguments], what, text)

    def try_program(
        self, command: Sequence[str], text: str = "", *, more: Mapping[str, str] | None = None
    ) -> str | None:
        """Return the output of a program that gets ``text``; ``None``: it failed.

        ``more`` are variables that take precedence over those of this process.

        Raises:
            MachineError: The cache cannot be written.
            RetryableTaskError: The run is to stop.
        """
        self._make_directory()
        self._raise_if_stopped(text)
        ended = self._start(command, text, more or {})
        self._raise_if_stopped(text)
        return ended.output if ended.status == 0 else None

    def _make_directory(self) -> None:
        try:
            self.directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise create_cache_error(self.directory, error) from error

    def _start(self, command: Sequence[str], text: str, more: Mapping[str, str]) -> ProgramEnd:
        environment = {
            name: value
            for name, value in self._environment.items()
            if name not in ("VIRTUAL_ENV", "PYTHONPATH", "PYTHONHOME", "CONDA_PREFIX", "PIP_TARGET")
        }
        environment |= to_uv_environment(self._environment)
        environment |= {
            "UV_NO_PROGRESS": "1",
            "NO_COLOR": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            **more,
        }
        # Not in the pipeline's directory, where uv would read a project.
        return run_program(
            command, environment=environment, directory=self.directory, stop=self._stop, text=text
        )

    def _run(self, command: Sequence[str], what: str, text: str = "") -> str:
        self._raise_if_stopped(what)
        ended = self._start(command, text, {})
        if ended.status == 0:
            return ended.output
        self._raise_if_stopped(what)
        if ended.status < 0:
            raise RetryableTaskError(
                f"the installation of the component's Python packages ({what}) was killed by "
                f"signal {-ended.status}; run again",
                reason=Reason.ENVIRONMENT_FAILED,
            )
        python = self._interpreter.name.removeprefix("Python ")
        raise create_installation_error(what, ended.errors or ended.output, python=python)


def _lock(descriptor: int) -> bool:
    """Try to lock a file, and return whether this process has the lock now."""
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def create_cache_error(path: Path, error: OSError) -> MachineError:
    """Return the error for a cache that cannot be written."""
    return MachineError(
        f"{error.filename or path}: Python environments cannot be written there "
        f"({error.strerror}); set ARGOSY_CACHE_DIR to a directory that can be written"
    )


def find_uv() -> str:
    """Return the path of the program ``uv``. Safe to call from several threads.

    Raises:
        FinalTaskError: There is none.
    """
    with _UV_LOCK:
        return _find_uv()


@cache
def _find_uv() -> str:
    from uv import find_uv_bin

    try:
        return os.fspath(find_uv_bin())
    except FileNotFoundError:
        program = shutil.which("uv")
    if program is None:
        raise FinalTaskError(
            "uv is missing from Argosy's own environment; install Argosy again",
            reason=Reason.ENVIRONMENT_FAILED,
        )
    return program
