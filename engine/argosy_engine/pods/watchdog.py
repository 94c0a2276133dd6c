"""Kill the user's processes when the engine ends, also by SIGKILL.

One small shell per run reads from a pipe which process groups exist. When the pipe closes, because
the engine has ended, the shell kills them. Each process writes its own group to the pipe before it
executes the user's command, and holds the pipe open until then, so the engine cannot die unnoticed
in between. This needs only a POSIX shell and costs a process of a megabyte per run and about a
millisecond per task; a start of Python for one with variables that a shell would not hand on.

Containers do not belong to the process groups of their clients. A command, which the shell repeats
until the clients have ended, removes those that are left.
"""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

_SHELL = "/bin/sh"

# `+ N`: the group N exists; `- N`: it has ended, perhaps before its `+` was read.
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
if [ $# != 0 ]; then
  # A client that is killed while it makes a container leaves half of one, which nothing removes.
  for turn in 1 2 3 4 5; do
    "$@"
    left=
    for group in $groups; do
      kill -s 0 -- "-$group" 2>/dev/null && left=$group
    done
    [ "$left" ] || exit 0
    sleep 1
  done
fi
for group in $groups; do kill -s KILL -- "-$group" 2>/dev/null; done
[ $# = 0 ] || exec "$@"
"""

# The pipe is standard input, since shells support descriptors of one digit only.
_REGISTER = 'echo "+ $$" >&0; exec "$@" </dev/null'

# Executes its arguments with the variables that are the values of `V0`, `V1` and so on, and with
# nothing else. Like `env`: the exit code of a program that is not there is 127, a file without a
# first line that names its interpreter is a script of the shell.
_EXECUTE = r"""
import errno, os, signal, sys

numbered = (value for name, value in os.environb.items() if name[:1] == b"V" and name[1:].isdigit())
variables = dict(value.split(b"=", 1) for value in numbered)
for each in (signal.SIGPIPE, signal.SIGXFSZ):
    signal.signal(each, signal.SIG_DFL)  # Python ignores them.
command = list(map(os.fsencode, sys.argv[1:]))
directories = [b""] if b"/" in command[0] else variables.get(b"PATH", b"").split(b":")
reason = errno.ENOENT
for directory in directories:
    path = os.path.join(directory, command[0])
    try:
        os.execve(path, command, variables)
    except OSError as error:
        if error.errno == errno.ENOEXEC:
            os.execve(b"/bin/sh", [b"/bin/sh", path, *command[1:]], variables)
        if error.errno not in (errno.ENOENT, errno.ENOTDIR):
            reason = error.errno
sys.stderr.write(f"argosy: cannot execute {sys.argv[1]!r}: {os.strerror(reason)}\n")
sys.exit(127 if reason == errno.ENOENT else 126)
"""

_ADDED_BY_SHELLS = ("_", "OLDPWD", "PWD", "SHLVL")
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
# Shells change, drop or obey these; macOS takes the last from its own programs.
_SPECIAL = re.compile(
    r"_|OLDPWD|PWD|SHLVL|IFS|ENV|BASH.*|SHELLOPTS|POSIXLY_CORRECT|PS[0-9]|PPID|E?UID|OPT[A-Z]+|"
    r"LINENO|RANDOM|SECONDS|HIST.*|MAIL.*|COLUMNS|LINES|LD_.*|DYLD_.*"
)


class Watchdog:
    """Knows the process groups of one run and kills them when this process ends."""

    def __init__(
        self, last: Sequence[str] = (), environment: Mapping[str, str] | None = None
    ) -> None:
        """Start the watchdog.

        Args:
            last: A command that removes the containers of all clients, which then end.
            environment: The environment variables of that command.
        """
        reading, self._writing = os.pipe()
        try:
            self._process = subprocess.Popen(
                [_SHELL, "-c", _WATCH, "argosy-watchdog", *last],
                stdin=reading,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                # Ctrl-C goes to the engine's process group; the watchdog has to outlive it.
                start_new_session=True,
                cwd="/",
                env=environment or {},
            )
        finally:
            os.close(reading)

    @property
    def descriptor(self) -> int:
        """Return the standard input for a command of :meth:`wrap_command`."""
        return self._writing

    def wrap_command(
        self, argv: Sequence[str], environment: Mapping[str, str]
    ) -> tuple[list[str], dict[str, str]]:
        """Return a command that registers its process group and then executes ``argv``.

        Start it in a new session, with :attr:`descriptor` as standard input and the second result
        as its environment. ``argv`` gets exactly ``environment``, and an empty standard input.
        """
        # Everybody may read the arguments of a process, and credentials are among the variables.
        register = [_SHELL, "-c", _REGISTER, "argosy"]
        if not all(map(_is_passed_on, environment)):
            pairs = (f"{name}={value}" for name, value in environment.items())
            numbered = {f"V{number}": pair for number, pair in enumerate(pairs)}
            return [*register, sys.executable, "-I", "-S", "-c", _EXECUTE, *argv], numbered
        unset = [word for name in _ADDED_BY_SHELLS for word in ("-u", name)]
        # `env` takes words with a "=" for variables, up to the first word without one.
        prefix = _find_neutral_prefix() if "=" in argv[0] else ()
        return [*register, "/usr/bin/env", *unset, *prefix, *argv], dict(environment)

    def forget(self, group: int) -> None:
        """Unregister a group; call it before the system can reuse its id."""
        with contextlib.suppress(BrokenPipeError):  # The watchdog was killed.
            os.write(self._writing, f"- {group}\n".encode())

    def close(self) -> None:
        """End the watchdog, which kills the groups that are still registered."""
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


def _is_passed_on(name: str) -> bool:
    """Return whether a shell hands a variable on to the program that it executes."""
    return bool(_NAME.fullmatch(name)) and not _SPECIAL.fullmatch(name)


def _find_neutral_prefix() -> tuple[str, ...]:
    """Return words that execute the command after them in the same environment."""
    path = os.pathsep.join((os.defpath, os.environ.get("PATH", "")))
    return (shutil.which("nice", path=path) or "nice", "-n", "0")
