"""Find images, and pull those that are not here.

As on a cluster, an image is pulled only if it is not here, and a name without a registry is one of
``docker.io``. Each is looked for once in a run.
"""

from __future__ import annotations

import json
import re
import threading
from dataclasses import dataclass
from typing import Any

from argosy_driver.preparing.arguments import ImageCommand
from argosy_engine.containers.program import ContainerProgram, summarize_errors
from argosy_engine.pods.programs import ProgramEnd
from argosy_engine.pods.stop import StopSignal
from argosy_runs.events import Listener, Notice
from argosy_schemas.errors import FinalTaskError, RetryableTaskError, TaskError
from argosy_schemas.formats.records import Reason

_OTHER_PLATFORM = re.compile(
    r"no matching manifest|no image found in (manifest list|image index)", re.IGNORECASE
)
_REFUSED = re.compile(
    r"denied|unauthorized|authentication|forbidden|not found|manifest unknown|name unknown|"
    r"invalid reference|not known|does not exist",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image that is here."""

    reference: str
    platform: str
    """E.g. ``linux/arm64``."""
    command: ImageCommand


class Images:
    """The images of one run. Safe to use from several threads."""

    def __init__(self, program: ContainerProgram, emit: Listener) -> None:
        """Find images by ``program``, and tell ``emit`` of those that are pulled."""
        self._program = program
        self._emit = emit
        self._locks: dict[str, threading.Lock] = {}
        self._found: dict[str, Image | FinalTaskError] = {}

    def find(self, name: str, stop: StopSignal) -> Image:
        """Return the image of a name, and pull it if it is not here.

        Raises:
            FinalTaskError: There is no such image, or nothing that this machine may pull.
            RetryableTaskError: It could not be fetched, or ``stop`` was set (its reason).
            OSError: The machine has no process or memory left at the moment.
        """
        with self._locks.setdefault(name, threading.Lock()):
            found = self._found.get(name)
            if found is None:
                try:
                    found = self._find(name, stop)
                except FinalTaskError as error:
                    # Otherwise each task with the image would wait for the same failure.
                    found = error
                self._found[name] = found
        if isinstance(found, FinalTaskError):
            raise FinalTaskError(str(found), reason=found.reason)
        return found

    def _find(self, name: str, stop: StopSignal) -> Image:
        if not name or name.startswith("-"):
            raise FinalTaskError(
                f"'{name}' is not the name of an image; set 'image' in the component",
                reason=Reason.ENVIRONMENT_FAILED,
            )
        whole = qualify_name(name)
        found = self._inspect(name, stop) or self._inspect(whole, stop)
        if found is not None:
            return found
        self._emit(Notice(message=f"image '{name}' is not on this machine and is being pulled"))
        ended = self._program.call("pull", "--quiet", whole, stop=stop)
        _raise_if_stopped(name, stop)
        found = self._inspect(whole, stop) if ended.status == 0 else None
        if found is None:
            raise make_pull_error(name, ended, self._program.name)
        return found

    def _inspect(self, reference: str, stop: StopSignal) -> Image | None:
        """Return an image; ``None``: it is not here."""
        ended = self._program.call("image", "inspect", reference, stop=stop)
        _raise_if_stopped(reference, stop)
        if ended.status != 0:
            return None
        inspected: dict[str, Any] = json.loads(ended.output)[0]
        config: dict[str, Any] = inspected.get("Config") or {}
        return Image(
            reference=reference,
            platform=f"{inspected.get('Os')}/{inspected.get('Architecture')}",
            command=ImageCommand(
                entrypoint=tuple(config.get("Entrypoint") or ()),
                arguments=tuple(config.get("Cmd") or ()),
            ),
        )


def qualify_name(name: str) -> str:
    """Return the name of an image with its registry, as Kubernetes completes it."""
    registry, slash, _ = name.partition("/")
    if slash and ("." in registry or ":" in registry or registry == "localhost"):
        return name
    return f"docker.io/{name}" if slash else f"docker.io/library/{name}"


def make_pull_error(name: str, ended: ProgramEnd, program: str) -> TaskError:
    """Return the error of an image that could not be pulled."""
    reason = summarize_errors(ended)
    if _OTHER_PLATFORM.search(reason):
        return FinalTaskError(
            f"image '{name}' is not there for this machine's platform ({reason}); build it for "
            f"this platform, or pull another one with '{program} pull --platform' if this machine "
            "can emulate it",
            reason=Reason.ENVIRONMENT_FAILED,
        )
    if _REFUSED.search(reason):
        return FinalTaskError(
            f"image '{name}' cannot be pulled ({reason}); check its name, log in with '{program} "
            f"login' if it is private, or build it here",
            reason=Reason.ENVIRONMENT_FAILED,
        )
    return RetryableTaskError(
        f"image '{name}' could not be fetched ({reason}); check the network, or bring the image "
        f"here with '{program} load'",
        reason=Reason.ENVIRONMENT_FAILED,
    )


def _raise_if_stopped(name: str, stop: StopSignal) -> None:
    if stop.failure is not None:
        raise RetryableTaskError(
            f"{stop.failure.message} while image '{name}' was looked for; resume it",
            reason=stop.failure.reason,
        )
