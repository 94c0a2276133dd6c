"""See to it that no user process outlives the engine, however the engine ends.

One small shell per run holds the reading end of a pipe. It is told which process groups exist,
and when the pipe closes, because the engine ended or was killed by SIGKILL, it kills them. A
process announces itself before it becomes the user's command: the writing end is open in it until
then, so there is no moment at which the engine can die unnoticed. This works wherever there is a
POSIX shell, costs one process of a megabyte for a run, and about a millisecond for a task.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

_SHELL = "/bin/sh"

# `+ N`: the group N exists; `- N`: it has come to its end, maybe before it had announced itself.
_WATCH = """
trap '' HUP INT TERM QUIT
groups=' '
while read -r what group; do
  case $what in
    +) groups="$groups$group " ;;
    -)
      case $groups in
        *" $group "*) groups="${groups%% $group *} ${groups#* $group }" ;;
      esac
      ;;
  esac
done
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
exit 0
"""

# Shells drop variables whose names they cannot hold, and add their own; `env` passes on the very
# environment that it is given.
# The pipe comes as standard input, since shells know descriptors of one digit only.
_ANNOUNCE = 'echo "+ $$" >&0; exec /usr/bin/env -i "$@" </dev/null'


class Watchdog:
    """Knows the process groups of one run and kills them when this process is gone."""

    def __init__(self) -> None:
        reading, self._writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                [_SHELL, "-c", _WATCH, "argosy-watchdog"],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # Ctrl-C goes to the engine's process group; the watchdog outlives it.
                start_new_session=True,
                cwd="/",
                env={},
            )
        finally:
            os.close(reading)

    @property
    def descriptor(self) -> int:
        """Return the standard input of a process that announces itself."""
        return self._writing

    def announcing(self, argv: Sequence[str], environment: Mapping[str, str]) -> list[str]:
        """Return a command that announces itself and then becomes ``argv``.

        Start it in a session of its own, with :attr:`descriptor` as standard input. The
        environment that it is started with does not matter: ``argv`` gets ``environment`` alone,
        and an empty standard input.
        """
        pairs = [f"{name}={value}" for name, value in environment.items()]
        # `env` takes whatever holds a "=" for one more variable, up to the first that does not.
        between = _becoming() if "=" in argv[0] else ()
        return [_SHELL, "-c", _ANNOUNCE, "argosy", *pairs, *between, *argv]

    def forget(self, group: int) -> None:
        """Strike out a group; call it before its number can be given to another one."""
        with contextlib.suppress(BrokenPipeError):  # Somebody killed the watchdog.
            os.write(self._writing, f"- {group}\n".encode())

    def close(self) -> None:
        """End the watchdog; groups that are still known are killed."""
        os.close(self._writing)
        self._process.wait()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _becoming() -> tuple[str, ...]:
    """Return a command that becomes the one behind it, and leaves the environment as it is."""
    places = os.pathsep.join((os.defpath, os.environ.get("PATH", "")))
    return (shutil.which("nice", path=places) or "nice", "-n", "0")
