"""What is to be installed for a command, and which of it may be installed ahead of its time."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from argosy_engine.environments.commands import Executor, PythonCommand

_KFP_PIN = re.compile(r"kfp\s*={2,3}\s*[^\s,;\[\]]+")
_TYPING_EXTENSIONS = re.compile(r"typing-extensions\b")

_NAMES_A_FILE = re.compile(r"-[erc]|--(editable|requirement|constraint)\b")

_QUIET = frozenset(
    {"--quiet", "-q", "-qq", "--no-warn-script-location", "--disable-pip-version-check", "--user"}
)
"""Options that change nothing about what is in a virtual environment afterwards."""

_WITH_VALUE = frozenset(
    {"-i", "--index-url", "--extra-index-url", "--trusted-host", "-f", "--find-links"}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Requirements:
    """What an environment holds."""

    installs: tuple[tuple[str, ...], ...] = ()
    """Arguments for ``pip install``, one after the other."""
    answered: tuple[tuple[str, ...], ...] = ()
    """Arguments that the command will give to ``pip install``, and need nothing any more."""
    kfp: str | None = None
    """The shared release that stands for the one that the command names."""


def requirements_of(
    command: PythonCommand, *, keep_pins: bool, newest_kfp: Callable[[], str]
) -> Requirements:
    """Decide what to install ahead for a command.

    The ``kfp`` that the SDK itself asks for is replaced by the release that all components share,
    unless the component needs a module that only its own release has. What an author asks for is
    installed as asked.

    Args:
        command: The command.
        keep_pins: Whether to install the SDK's ``kfp`` as it is written.
        newest_kfp: Returns the release to share; asked only if it is needed.
    """
    shares = not keep_pins and command.executor is not Executor.COMPONENTS
    installs: list[tuple[str, ...]] = []
    answered: list[tuple[str, ...]] = []
    shared: str | None = None
    for arguments in command.installs:
        if not _is_repeatable(arguments):
            continue
        answered.append(arguments)
        if shares and _is_of_the_sdk(arguments, command):
            shared = newest_kfp()
            installs.append(_with_kfp(arguments, shared))
        else:
            installs.append(tuple(word for word in arguments if word not in _QUIET))
    if command.executor is Executor.DSL and not any(map(_names_kfp, command.installs)):
        # The image would have brought it.
        shared = newest_kfp()
        installs.append(("--no-deps", f"kfp=={shared}"))
    return Requirements(installs=tuple(installs), answered=tuple(answered), kfp=shared)


def _is_of_the_sdk(arguments: Sequence[str], command: PythonCommand) -> bool:
    """Return whether the SDK put this installation of ``kfp`` there, and not the author."""
    named = named_requirements(arguments)
    pins = [word for word in named if _KFP_PIN.fullmatch(word)]
    others = [word for word in named if word not in pins and not _TYPING_EXTENSIONS.match(word)]
    if len(pins) != 1 or others:
        return False
    # Before it had a way to import less, the SDK had its dependencies installed as well.
    return "--no-deps" in arguments or not command.sets_runtime


def _names_kfp(arguments: Sequence[str]) -> bool:
    return any(re.match(r"kfp(?![\w.-])", word) for word in named_requirements(arguments))


def _with_kfp(arguments: Sequence[str], version: str) -> tuple[str, ...]:
    replaced = [
        f"kfp=={version}" if _KFP_PIN.fullmatch(word) else word
        for word in arguments
        if word not in _QUIET and not _TYPING_EXTENSIONS.match(word) and word != "--no-deps"
    ]
    return ("--no-deps", *replaced)


def _is_repeatable(arguments: Sequence[str]) -> bool:
    """Return whether installing these today gives what it gave yesterday, newer releases aside.

    Directories, files of requirements and branches of repositories change without a new name, so
    that installing them is left to the command itself.
    """
    if any(map(_NAMES_A_FILE.match, arguments)):
        return False
    named = named_requirements(arguments)
    return bool(named) and not any(map(_is_changing, named))


def _is_changing(requirement: str) -> bool:
    if re.search(r"(^|@\s*)(git|hg|svn|bzr)\+", requirement):
        return re.search(r"@[0-9a-f]{40}\b", requirement) is None
    if re.search(r"(^|@\s*)https?://", requirement):
        return False
    return re.search(r"^[./~]|^file:|@\s*(file:|[./])", requirement) is not None


def named_requirements(arguments: Sequence[str]) -> list[str]:
    """Return the requirements among the arguments of ``pip install``."""
    found: list[str] = []
    words = iter(arguments)
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            found.append(word)
    return found
