"""Finds or builds the Python environment that a container's command needs on this machine.

Environments are kept, one for each combination of Python, platform and requirements, in
``$ARGOSY_CACHE_DIR/environments``, else ``$XDG_CACHE_HOME/argosy/environments``, else
``~/.cache/argosy/environments``. A complete one is used without a network, for as long as it is
there: newer releases of what a component does not pin come with a new environment, which is had by
removing that directory.

The ``kfp`` that components share is the newest 2.x. Which one that is, is asked of the index when
an environment has to be built and the answer is more than 30 days old; never otherwise.
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

from argosy_engine.environments.building import Builder, cannot_keep
from argosy_engine.environments.commands import PythonCommand, read_command
from argosy_engine.environments.interpreter import Interpreter, this_interpreter
from argosy_engine.environments.overlay import lay_over, shell_for
from argosy_engine.environments.requirements import (
    Requirements,
    named_requirements,
    requirements_of,
)
from argosy_engine.pods.stop import StopSignal
from argosy_schemas.atomic_files import write_atomically
from argosy_schemas.errors import FinalTaskError, MachineError, TaskError

SHARED_KFP: Final = "kfp>=2,<3"
_OLD_SECONDS: Final = 30 * 24 * 3600


@dataclass(frozen=True, slots=True, kw_only=True)
class Environment:
    """What to change in the environment of a task's process."""

    path_entries: tuple[str, ...] = ()
    """To put before ``PATH``, the first one first."""
    env: Mapping[str, str] = field(default_factory=dict[str, str])
    """The pipeline's own variables go before these."""
    description: str = ""
    """For people: what the environment holds and where it is."""


class Environments:
    """The cached environments of this user. Safe to use from several threads and processes.

    A task gets a layer of its own over a shared environment, see
    :mod:`argosy_engine.environments.overlay`. The SDK's command stays as it is: a ``python3`` that
    goes before the real one on ``PATH`` finds what it is asked to install already there.
    """

    def __init__(
        self,
        cache_directory: Path | None = None,
        *,
        keep_pins: bool = False,
        interpreter: Interpreter | None = None,
        environment: Mapping[str, str] = os.environ,
    ) -> None:
        """Use ``cache_directory``, else what ``environment`` says, else the user's own.

        Args:
            cache_directory: Where ``environments/`` lies or shall lie.
            keep_pins: Install the SDK that each component names, not a shared one.
            interpreter: By default the one that runs this.
            environment: Of this process.
        """
        self._interpreter = this_interpreter() if interpreter is None else interpreter
        root = default_directory(environment) if cache_directory is None else cache_directory
        self._builder = Builder(root / "environments", self._interpreter, environment)
        self._keep_pins = keep_pins
        self._lock = threading.Lock()
        self._kfp: str | None = None
        self._kfp_is_settled = False
        self._known: dict[str, Path | FinalTaskError] = {}

    def environment_for(
        self,
        argv: Sequence[str],
        image: str,
        *,
        task_directory: Path,
        stop: StopSignal | None = None,
    ) -> Environment:
        """Return the environment for a resolved command, building it if it is new.

        Args:
            argv: Command and arguments, placeholders resolved.
            image: The container image that the pipeline names.
            task_directory: Private to the attempt; what its command installs by itself goes there.
            stop: Ends the building when raised; what others build goes on.

        Raises:
            FinalTaskError: With the reason ``ENVIRONMENT_FAILED``: the requirements cannot be
                installed here.
            RetryableTaskError: The same, but the index could not be reached; or, with the reason
                of ``stop``, it was raised.
            MachineError: The cache or the task's directory cannot be written.
        """
        command = read_command(argv)
        shared, requirements = None, Requirements()
        if command.installs or command.executor is not None or command.mentions_pip:
            shared, requirements = self._shared(command, self._builder.until(stop))
        try:
            entries = lay_over(
                shared,
                task_directory / "python",
                self._interpreter,
                answered=requirements.answered,
                makes_venv=command.makes_venv,
            )
            shell = shell_for(image, task_directory / "shell")
        except OSError as error:
            raise MachineError(
                f"{error.filename or task_directory}: the task's Python cannot be put there "
                f"({error.strerror}); free some space or change its mode"
            ) from error
        return Environment(
            path_entries=(*([shell] if shell is not None else []), *entries),
            env=_variables(task_directory / "python", requirements),
            description=self._description(shared, requirements),
        )

    def _shared(self, command: PythonCommand, builder: Builder) -> tuple[Path, Requirements]:
        requirements = self._requirements(command, builder)
        key = builder.key(requirements.installs)
        found = self._known.get(key) or builder.found(key)
        if found is None and requirements.kfp is not None and self._has_newer_kfp(builder):
            requirements = self._requirements(command, builder)
            key = builder.key(requirements.installs)
            found = builder.found(key)
        if isinstance(found, FinalTaskError):
            # Each task of a component would otherwise wait for the same failure.
            raise FinalTaskError(str(found), reason=found.reason)
        if found is None:
            try:
                found = builder.built(key, requirements.installs)
            except FinalTaskError as error:
                self._known[key] = error
                raise
        self._known[key] = found
        self._kfp_is_settled = self._kfp_is_settled or requirements.kfp is not None
        return found, requirements

    def _requirements(self, command: PythonCommand, builder: Builder) -> Requirements:
        return requirements_of(
            command, keep_pins=self._keep_pins, newest_kfp=lambda: self._shared_kfp(builder)
        )

    def _shared_kfp(self, builder: Builder) -> str:
        with self._lock:
            if self._kfp is None:
                remembered = _read_answer(self._kfp_file)
                self._kfp = (
                    self._asked_for_kfp(builder) if remembered is None else remembered.version
                )
            return self._kfp

    def _has_newer_kfp(self, builder: Builder) -> bool:
        """Ask the index again if the last answer is old, but never in the middle of a run."""
        with self._lock:
            remembered = _read_answer(self._kfp_file)
            if self._kfp_is_settled or remembered is None or not remembered.is_old:
                return False
            self._kfp_is_settled = True
            try:
                newest = self._asked_for_kfp(builder)
            except TaskError:
                # Without a network the old one is as good as it was.
                return False
            self._kfp, before = newest, self._kfp
            return newest != before

    def _asked_for_kfp(self, builder: Builder) -> str:
        version = builder.newest(SHARED_KFP)
        answer = {"version": version, "asked_at": time.time()}
        try:
            write_atomically(self._kfp_file, json.dumps(answer).encode())
        except OSError as error:
            raise cannot_keep(self._kfp_file, error) from error
        return version

    @property
    def _kfp_file(self) -> Path:
        return self._builder.directory / f"kfp-{self._interpreter.short_name}.json"

    def _description(self, shared: Path | None, requirements: Requirements) -> str:
        if shared is None:
            return self._interpreter.name
        packages = [word for words in requirements.installs for word in named_requirements(words)]
        return f"{self._interpreter.name} with {', '.join(packages) or 'pip'} in {shared}"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Answer:
    """Which release was the newest when an index was asked."""

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
        # Those of the person who runs this are about another Python. Empty means not set.
        "PYTHONPATH": "",
        "PYTHONHOME": "",
        "PIP_DISABLE_PIP_VERSION_CHECK": "1",
    }
    if requirements.kfp is not None:
        # As newer commands set it themselves: the shared kfp is installed without what a client
        # of a server needs, and importing that would take a second.
        variables["_KFP_RUNTIME"] = "true"
    return variables


def default_directory(environment: Mapping[str, str]) -> Path:
    """Return where things are kept for this user."""
    if own := environment.get("ARGOSY_CACHE_DIR"):
        return Path(own).absolute()
    if shared := environment.get("XDG_CACHE_HOME"):
        return Path(shared).absolute() / "argosy"
    return Path(environment.get("HOME") or Path.home()) / ".cache" / "argosy"
