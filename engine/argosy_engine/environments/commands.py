"""Find the Python packages that a container's command installs, without running it.

The KFP SDK puts a script before a component's own command, which differs between its releases::

    PIP_DISABLE_PIP_VERSION_CHECK=1 python3 -m pip install … && "$0" "$@"

Only scripts that end like this are read. In others an installation may be part of the author's
program, and happens when the command runs.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from posixpath import basename


class Executor(StrEnum):
    """The module of the SDK that runs a Python component."""

    DSL = "kfp.dsl.executor_main"
    COMPONENTS = "kfp.components.executor_main"
    """Of releases before 2.1 only."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PythonCommand:
    """The use of Python by a command."""

    installs: tuple[tuple[str, ...], ...] = ()
    """Arguments of each ``python3 -m pip install`` that runs before the component's own command."""
    executor: Executor | None = None
    makes_venv: bool = False
    """Whether the script creates a virtual environment and installs into it."""
    sets_runtime: bool = False
    """Whether it limits ``import kfp`` to the parts for components, as scripts since 2.1 do."""
    mentions_pip: bool = False


_SHELLS = ("sh", "bash", "dash", "ash")
_EXECUTOR = re.compile(r"-m\s+(kfp\.(?:dsl|components)\.executor_main)\b")
_PIP_INSTALL = (["python3", "-m", "pip", "install"], ["python", "-m", "pip", "install"])

_VENV = (["python3", "-m", "venv"], ["python", "-m", "venv"])


def read_command(argv: Sequence[str]) -> PythonCommand:
    """Return how a resolved command uses Python."""
    # The component's source and the values of its inputs come after these.
    text = " ".join(argv[:6])
    executor = _EXECUTOR.search(text)
    script = _wrapper(argv)
    installs, makes_venv = _read_script(script) if script is not None else ((), False)
    return PythonCommand(
        installs=installs,
        executor=None if executor is None else Executor(executor[1]),
        makes_venv=makes_venv,
        sets_runtime="_KFP_RUNTIME=true" in text,
        mentions_pip=re.search(r"\bpip3?\b", text) is not None,
    )


def _wrapper(argv: Sequence[str]) -> str | None:
    """Return the script that runs before the component's own command; ``None``: none."""
    if len(argv) < 4 or basename(argv[0]) not in _SHELLS:
        return None
    if not re.fullmatch("-[euxl]*c", argv[1]):
        return None
    return argv[2] if re.search(r'"\$0"\s+"\$@"\s*$', argv[2]) else None


@lru_cache(maxsize=256)
def _read_script(script: str) -> tuple[tuple[tuple[str, ...], ...], bool]:
    try:
        commands = _simple_commands(script)
    except ValueError:
        # The shell cannot read it either, and will say so.
        return (), False
    installs: list[tuple[str, ...]] = []
    makes_venv = False
    for operator, words in commands:
        while words and re.match(r"\w+=", words[0]):
            words = words[1:]
        makes_venv = makes_venv or words[:3] in _VENV
        # A command after "||" is a fallback for the one before.
        if words[:4] in _PIP_INSTALL and operator != "||":
            arguments = words[4:]
            if not any("$" in word or "`" in word for word in arguments):
                installs.append(tuple(arguments))
    return tuple(installs), makes_venv


def _simple_commands(script: str) -> list[tuple[str, list[str]]]:
    """Split a script into its simple commands, each with the operator before it.

    Raises:
        ValueError: A quote is not closed.
    """
    lexer = shlex.shlex(script, posix=True, punctuation_chars="();<>|&\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    found: list[tuple[str, list[str]]] = [("", [])]
    for token in lexer:
        if token and all(character in "();|&\n" for character in token):
            operator = token.strip("\n") or "\n"
            # After an operator, the end of the line separates nothing.
            if not found[-1][1] and operator == "\n":
                continue
            found.append((operator, []))
        else:
            found[-1][1].append(token)
    return [(operator, words) for operator, words in found if words]
