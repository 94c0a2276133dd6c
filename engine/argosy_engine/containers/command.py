"""A main command in a container: what its end means, where its files are."""

from __future__ import annotations

import os
import re
import uuid
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from argosy_engine.containers.images import Image
from argosy_engine.containers.program import ContainerProgram, summarize_errors, summarize_lines
from argosy_launcher.endings.process_end import ProcessEnd
from argosy_launcher.outputs.output_files import LocatedPath
from argosy_schemas.errors import TaskError
from argosy_schemas.formats.records import Failure, Reason
from argosy_schemas.untrusted_files import UntrustedFileError, UntrustedPath

_CLIENT_CODES: Final = (125, 126, 127)
"""Exit codes of a client that could not start a container; a command may have them as well."""
_LONGEST_BYTES: Final = 16 * 1024
"""More than a client writes about a container that did not start."""
_INIT_FAILURE: Final = re.compile(
    r"\[FATAL tini \(\d+\)\] exec .* failed: (?P<tini>.+)|"
    r"ERROR \(catatonit:\d+\): failed to exec pid1: (?P<catatonit>.+)"
)
"""What the first process of a container writes if it cannot start the command."""
_ABSENT: Final = re.compile(r"could not find|no such file|not found|not exist", re.IGNORECASE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ContainerCommand:
    """A command that starts in a container, :class:`argosy_engine.pods.runner.MainCommand`."""

    argv: tuple[str, ...]
    """The client."""
    environment: Mapping[str, str]
    program: ContainerProgram
    name: str
    image: Image
    command: str
    """The program in the container."""
    directory: Path
    """The attempt's own."""
    variables_file: Path
    writable: tuple[Path, ...]
    """Directories of this machine that the container can write."""

    def explain(self, ended: ProcessEnd) -> ProcessEnd:
        """Return how the command ended; one that never started says why."""
        if ended.failure is not None or (ended.exit_code or 0) < 0:
            # The client was killed, but the container goes on.
            self._remove()
            return ended
        if not ended.exit_code or ended.log is None:
            return ended
        if ended.log.stat().st_size > _LONGEST_BYTES:
            return ended
        lines = ended.log.read_text(errors="replace").splitlines()
        # Warnings of the client precede it.
        found = _INIT_FAILURE.fullmatch(lines[-1]) if lines else None
        if found is not None:
            problem = found["tini"] or found["catatonit"]
            return _with_failure(ended, self._explain_command(problem))
        if ended.exit_code in _CLIENT_CODES and not self.program.has_started(self.name):
            return _with_failure(ended, self._explain_container(summarize_lines(lines)))
        return ended

    def locate(self, path: str) -> LocatedPath:
        """Return where a file is; one that only the container has is copied.

        Raises:
            TaskError: It cannot be copied.
        """
        source = Path(os.path.normpath(path))
        top = next((each for each in self.writable if source.is_relative_to(each)), None)
        if top is not None:
            # Nothing in the container runs any more, so that no link changes.
            if _stays_below(source, top):
                return source
            source = Path(os.path.realpath(source))
        copy = UntrustedPath(self.directory, f"copy-{uuid.uuid4()}")
        copied = self.program.copy(self.name, str(source), str(copy))
        reason = summarize_errors(copied)
        if copied.status != 0 and not _ABSENT.search(reason):
            raise TaskError(
                f"'{path}' cannot be copied out of the container ({reason}); write outputs to the "
                "paths that the component is given",
                reason=Reason.INVALID_OUTPUT,
            )
        return copy

    def close(self) -> None:
        """Remove the container and its variables."""
        self._remove()
        self.variables_file.unlink(missing_ok=True)

    def _remove(self) -> None:
        # What the machine cannot do now, the watchdog does when the run has ended.
        with suppress(OSError):
            self.program.remove(self.name)

    def _explain_command(self, problem: str) -> Failure:
        image, platform = self.image, self.program.platform
        subject = f"the command '{self.command}' of image '{image.reference}'"
        match problem.strip().lower():
            case _ if image.platform != platform:
                message = (
                    f"{subject} cannot be started, for the image is for {image.platform} and this "
                    f"machine is {platform}; use an image for this machine"
                )
            case "no such file or directory":
                message = (
                    f"{subject} does not exist in the image, or needs an interpreter that does not;"
                    " name one that does"
                )
            case "permission denied":
                message = (
                    f"{subject} must not be executed by this user; allow it with 'chmod a+x' in "
                    "the image"
                )
            case _:
                message = f"{subject} cannot be started ({problem}); check the image"
        return Failure(reason=Reason.COMMAND_NOT_FOUND, message=message, final=True)

    def _explain_container(self, problem: str) -> Failure:
        advice = f"check that '{self.program.name} run' works for this user"
        if "container-init" in problem:
            advice = "install catatonit, with which Podman starts containers"
        return Failure(
            reason=Reason.ENVIRONMENT_FAILED,
            message=f"'{self.program.name}' could not start a container of image "
            f"'{self.image.reference}' ({problem}); {advice}",
        )


def _with_failure(ended: ProcessEnd, failure: Failure) -> ProcessEnd:
    """Return the end of a command that never started."""
    return replace(ended, exit_code=None, failure=failure)


def _stays_below(path: Path, top: Path) -> bool:
    """Return whether ``path`` and the links below it lead to files below ``top``."""
    real_top = os.path.realpath(top)

    def is_below(each: str | Path) -> bool:
        return Path(os.path.realpath(each)).is_relative_to(real_top)

    if not is_below(path):
        return False
    if not path.is_dir():
        return True
    try:
        below = UntrustedPath(Path(os.path.realpath(path))).list_below()
        return all(is_below(path / name) for name, entry in below if entry.is_symlink())
    except (UntrustedFileError, OSError):
        # The upload of the directory says what is wrong.
        return True
