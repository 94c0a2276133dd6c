"""Find or build the Python environment that a container's command needs on this machine.

The cache has one environment for each combination of Python, platform and requirements, in
``$ARGOSY_CACHE_DIR/environments``, else ``$XDG_CACHE_HOME/argosy/environments``, else
``~/.cache/argosy/environments``. A complete environment is used without a network. Remove it to get
newer releases of packages that components do not pin.

Components share the newest ``kfp`` 2.x. The index is asked for its version only when an environment
has to be built and the last answer is more than 30 days old.
"""

from __future__ import annotations

import json
import os
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from argosy_engine.environments.building import Builder, create_cache_error
from argosy_engine.environments.commands import PythonCommand, read_command
from argosy_engine.environments.errors import create_missing_python_error
from argosy_engine.environments.interpreter import PythonInterpreter, find_interpreter
from argosy_engine.environments.other_python import OtherPython, choose_python, find_python
from argosy_engine.environments.overlay import create_overlay, find_shell
from argosy_engine.environments.requirements import (
    Requirements,
    decide_requirements,
    has_pins,
    list_requirements,
)
from argosy_engine.pods.stop import StopSignal
from argosy_schemas.atomic_files import write_atomically
from argosy_schemas.errors import FinalTaskError, MachineError, TaskError
from argosy_schemas.logger import Logger

_LOGGER = Logger("engine.environments")
SHARED_KFP: Final = "kfp>=2,<3"
_OLD_SECONDS: Final = 30 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """Changes to the environment variables of a task's process."""

    path_entries: tuple[str, ...] = ()
    """Directories to put before ``PATH``, in order."""
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    """Variables; the pipeline's own take precedence."""
    description: str = ""
    """For people: the packages and the directory."""


class Environments:
    """The cached environments of this user. Safe to use from several threads and processes.

    Each task gets its own overlay of a shared environment, see
    :mod:`argosy_engine.environments.overlay`. The SDK's command does not change: a ``python3`` shim
    on ``PATH`` skips the installation of what is already installed.
    """

    def __init__(
        self,
        cache_directory: Path | None = None,
        *,
        keep_pins: bool = False,
        interpreter: PythonInterpreter | None = None,
        environment: Mapping[str, str] = os.environ,
        is_other: bool = False,
    ) -> None:
        """Use ``cache_directory``, else the one that ``environment`` names, else the user's.

        Args:
            cache_directory: The directory of ``environments/``, which is created if needed.
            keep_pins: Install the SDK release that each component names, not a shared one.
            interpreter: The Python of the environments; by default the one that runs this.
            environment: Variables of this process.
            is_other: Whether these environments are for requirements that have no build for the
                Python that runs this.
        """
        self._interpreter = find_interpreter() if interpreter is None else interpreter
        root = find_cache_directory(environment) if cache_directory is None else cache_directory
        self._builder = Builder(root / "environments", self._interpreter, environment)
        self._environment = environment
        self._is_other = is_other
        self._keep_pins = keep_pins
        self._lock = threading.Lock()
        self._kfp: str | None = None
        self._kfp_is_fixed = False
        self._known: dict[str, Path | FinalTaskError | Environments] = {}

    def prepare_environment(
        self,
        argv: Sequence[str],
        image: str,
        *,
        task_directory: Path,
        stop: StopSignal | None = None,
    ) -> Environment:
        """Return the environment for a resolved command, and build it if it is new.

        Args:
            argv: Command and arguments, with placeholders resolved.
            image: The container image that the pipeline names.
            task_directory: The attempt's own; packages that its command installs go there.
            stop: Ends this build when set; builds by others continue.

        Raises:
            FinalTaskError: The requirements cannot be installed (reason ``ENVIRONMENT_FAILED``),
                also with another Python of this machine.
            RetryableTaskError: The index could not be reached (``ENVIRONMENT_FAILED``), or
                ``stop`` was set (its reason).
            MachineError: The cache or the task's directory cannot be written.
        """
        command = read_command(argv)
        shared = _Shared(self._interpreter, None, Requirements())
        if command.installs or command.executor is not None or command.mentions_pip:
            shared = self._share(command, image, stop)
        try:
            entries = create_overlay(
                shared.path,
                task_directory / "python",
                shared.interpreter,
                skipped=shared.requirements.skipped,
                makes_venv=command.makes_venv,
                has_newest_kfp=shared.requirements.kfp is not None,
            )
            shell = find_shell(image, task_directory / "shell")
        except OSError as error:
            raise MachineError(
                f"{error.filename or task_directory}: the task's Python cannot be written there "
                f"({error.strerror}); free some space or change its permissions"
            ) from error
        return Environment(
            path_entries=(*([shell] if shell is not None else []), *entries),
            env=_variables(task_directory / "python", shared.requirements),
            description=shared.description,
        )

    def _share(self, command: PythonCommand, image: str, stop: StopSignal | None) -> _Shared:
        builder = self._builder.with_stop(stop)
        requirements = self._requirements(command, builder)
        key = builder.compute_key(requirements.installs)
        found = self._known.get(key) or builder.find(key) or self._recall_other(key, builder)
        if found is None and requirements.kfp is not None and self._find_newer_kfp(builder):
            requirements = self._requirements(command, builder)
            key = builder.compute_key(requirements.installs)
            found = builder.find(key)
        if found is None:
            found = self._build(key, requirements, image, builder)
        self._known[key] = found
        if isinstance(found, FinalTaskError):
            # Otherwise each task of a component would wait for the same failure.
            raise FinalTaskError(str(found), reason=found.reason)
        if isinstance(found, Environments):
            return found._share(command, image, stop)
        self._kfp_is_fixed = self._kfp_is_fixed or requirements.kfp is not None
        return _Shared(self._interpreter, found, requirements)

    def _build(
        self, key: str, requirements: Requirements, image: str, builder: Builder
    ) -> Path | FinalTaskError | Environments:
        """Return what is there now for a key: an environment, or those of another Python."""
        other = self._choose_other(requirements, image, builder)
        if other is not None and other.interpreter is not None:
            builder.write_other_python(key, other.version)
            _LOGGER.info("use Python %s for %s", other.version, ", ".join(other.packages))
            return self._with_python(other.interpreter)
        try:
            # It may be possible to build them from source.
            return builder.build(key, requirements.installs)
        except FinalTaskError as error:
            return (
                error
                if other is None
                else create_missing_python_error(
                    other.packages, needed=other.version, own=self._interpreter.name
                )
            )

    # Another Python.

    def _recall_other(self, key: str, builder: Builder) -> Environments | None:
        """Return the environments of the Python that an earlier run chose for a key."""
        version = None if self._is_other else builder.read_other_python(key)
        interpreter = None if version is None else find_python(builder, version)
        return None if interpreter is None else self._with_python(interpreter)

    def _choose_other(
        self, requirements: Requirements, image: str, builder: Builder
    ) -> OtherPython | None:
        """Return a Python that has builds of pins, if our own has not and another has."""
        # The SDK's own requirement is another release for another Python.
        installs = [
            words for words in requirements.installs if f"kfp=={requirements.kfp}" not in words
        ]
        if self._is_other or not has_pins(installs):
            return None
        return choose_python(builder, installs, own=self._interpreter, image=image)

    def _with_python(self, interpreter: PythonInterpreter) -> Environments:
        return Environments(
            self._builder.directory.parent,
            keep_pins=self._keep_pins,
            interpreter=interpreter,
            environment=self._environment,
            is_other=True,
        )

    # The SDK.

    def _requirements(self, command: PythonCommand, builder: Builder) -> Requirements:
        return decide_requirements(
            command, keep_pins=self._keep_pins, newest_kfp=lambda: self._shared_kfp(builder)
        )

    def _shared_kfp(self, builder: Builder) -> str:
        with self._lock:
            if self._kfp is None:
                answer = _read_answer(self._kfp_file)
                self._kfp = self._ask_for_kfp(builder) if answer is None else answer.version
            return self._kfp

    def _find_newer_kfp(self, builder: Builder) -> bool:
        """Ask the index again if the last answer is old; return whether there is a newer release.

        Within one run the release does not change.
        """
        with self._lock:
            answer = _read_answer(self._kfp_file)
            if self._kfp_is_fixed or answer is None or not answer.is_old:
                return False
            self._kfp_is_fixed = True
            try:
                newest = self._ask_for_kfp(builder)
            except TaskError:
                # Without a network, keep the old release.
                return False
            self._kfp, before = newest, self._kfp
            return newest != before

    def _ask_for_kfp(self, builder: Builder) -> str:
        version = builder.find_newest(SHARED_KFP)
        answer = {"version": version, "asked_at": time.time()}
        try:
            write_atomically(self._kfp_file, json.dumps(answer).encode())
        except OSError as error:
            raise create_cache_error(self._kfp_file, error) from error
        return version

    @property
    def _kfp_file(self) -> Path:
        return self._builder.directory / f"kfp-{self._interpreter.short_name}.json"


@dataclass(frozen=True, slots=True)
class _Shared:
    """What a command shares with others."""

    interpreter: PythonInterpreter
    path: Path | None
    """The shared environment; ``None``: the command needs the interpreter alone."""
    requirements: Requirements

    @property
    def description(self) -> str:
        """Return interpreter, packages and directory, for people."""
        if self.path is None:
            return self.interpreter.name
        installs = self.requirements.installs
        packages = [word for words in installs for word in list_requirements(words)]
        return f"{self.interpreter.name} with {', '.join(packages) or 'pip'} in {self.path}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """The newest release when an index was asked."""

    version: str
    asked_at: float

    @property
    def is_old(self) -> bool:
        return time.time() - self.asked_at > _OLD_SECONDS


def _read_answer(path: Path) -> _Answer | None:
    try:
        document = json.loads(path.read_bytes())
        return _Answer(version=str(document["version"]), asked_at=float(document["asked_at"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _variables(layer: Path, requirements: Requirements) -> dict[str, str]:
    variables = {
        "VIRTUAL_ENV": os.fspath(layer),
        # The caller's are for another Python. Empty means not set.
        "PYTHONPATH": "",
        "PYTHONHOME": "",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    if requirements.kfp is not None:
        # As newer commands do themselves: the shared kfp is installed without the dependencies of
        # its client, which would take a second to import.
        variables["_KFP_RUNTIME"] = "true"
    return variables


def find_cache_directory(environment: Mapping[str, str]) -> Path:
    """Return the cache directory of this user."""
    if own := environment.get("ARGOSY_CACHE_DIR"):
        return Path(own).absolute()
    if shared := environment.get("XDG_CACHE_HOME"):
        return Path(shared).absolute() / "argosy"
    return Path(environment.get("HOME") or Path.home()) / ".cache" / "argosy"
