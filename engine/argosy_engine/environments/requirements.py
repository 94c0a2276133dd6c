"""Decide which requirements of a command to install in a shared environment before it runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from argosy_engine.environments.commands import PythonCommand

_KFP_PIN = re.compile(r"kfp\s*={2,3}\s*[^\s,;\[\]]+")
_OLD_KFP_PIN = re.compile(r"kfp\s*={2,3}\s*2\.[0-4](?!\d)[^\s,;\[\]]*")
"""Before 2.5 an artifact had no path where its URI is a local path."""
_TYPING_EXTENSIONS = re.compile(r"typing-extensions\b")

_REFUSES_NEWEST = re.compile(r"==|~=|<")

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
    """The requirements of an environment."""

    installs: tuple[tuple[str, ...], ...] = ()
    """Arguments of each ``pip install``, in order."""
    skipped: tuple[tuple[str, ...], ...] = ()
    """Arguments of each ``pip install`` that the command runs and can skip."""
    kfp: str | None = None
    """The shared release, installed instead of the one that the command names."""


def decide_requirements(
    command: PythonCommand, *, keep_pins: bool, newest_kfp: Callable[[], str]
) -> Requirements:
    """Decide what to install for a command before it runs.

    The shared release replaces the ``kfp`` that the SDK asks for, and any that is too old to run
    here, whoever asks for it. Other requirements of the author are installed as written.

    Args:
        command: The command.
        keep_pins: Whether to install the SDK's ``kfp`` as written, unless it is too old.
        newest_kfp: Returns the shared release; called only if it is needed.
    """
    installs: list[tuple[str, ...]] = []
    skipped: list[tuple[str, ...]] = []
    shared: str | None = None
    for arguments in command.installs:
        if not _is_repeatable(arguments):
            continue
        skipped.append(arguments)
        is_old = any(map(_OLD_KFP_PIN.fullmatch, list_requirements(arguments)))
        if _is_added_by_sdk(arguments, command) and (is_old or not keep_pins):
            shared = newest_kfp()
            installs.append(_with_kfp(arguments, shared))
        elif is_old:
            shared = newest_kfp()
            installs.append(_without_old_kfp(arguments, shared))
        else:
            installs.append(tuple(word for word in arguments if word not in _QUIET))
    if command.executor is not None and not any(map(_names_kfp, command.installs)):
        # On a cluster, the image has it.
        shared = newest_kfp()
        installs.append(("--no-deps", f"kfp=={shared}"))
    return Requirements(installs=tuple(installs), skipped=tuple(skipped), kfp=shared)


def _is_added_by_sdk(arguments: Sequence[str], command: PythonCommand) -> bool:
    """Return whether the SDK, not the author, added this installation of ``kfp``."""
    named = list_requirements(arguments)
    pins = [word for word in named if _KFP_PIN.fullmatch(word)]
    others = [word for word in named if word not in pins and not _TYPING_EXTENSIONS.match(word)]
    if len(pins) != 1 or others:
        return False
    # Before the SDK could limit its imports, it installed its dependencies as well.
    return "--no-deps" in arguments or not command.sets_runtime


def _names_kfp(arguments: Sequence[str]) -> bool:
    return any(re.match(r"kfp(?![\w.-])", word) for word in list_requirements(arguments))


def _with_kfp(arguments: Sequence[str], version: str) -> tuple[str, ...]:
    replaced = [
        f"kfp=={version}" if _KFP_PIN.fullmatch(word) else word
        for word in arguments
        if word not in _QUIET and not _TYPING_EXTENSIONS.match(word) and word != "--no-deps"
    ]
    return ("--no-deps", *replaced)


def _without_old_kfp(arguments: Sequence[str], version: str) -> tuple[str, ...]:
    return tuple(
        f"kfp=={version}" if _OLD_KFP_PIN.fullmatch(word) else word
        for word in arguments
        if word not in _QUIET
    )


def _is_repeatable(arguments: Sequence[str]) -> bool:
    """Return whether installing these later gives the same, but for newer releases.

    Directories, requirements files and branches change without a new name, so the command itself
    installs them.
    """
    if any(map(_NAMES_A_FILE.match, arguments)):
        return False
    named = list_requirements(arguments)
    return bool(named) and not any(map(_is_changing, named))


def _is_changing(requirement: str) -> bool:
    if re.search(r"(^|@\s*)(git|hg|svn|bzr)\+", requirement):
        return re.search(r"@[0-9a-f]{40}\b", requirement) is None
    if re.search(r"(^|@\s*)https?://", requirement):
        return False
    return re.search(r"^[./~]|^file:|@\s*(file:|[./])", requirement) is not None


def has_pins(installs: Sequence[Sequence[str]]) -> bool:
    """Return whether a requirement refuses the newest releases."""
    return any(
        _REFUSES_NEWEST.search(word) for words in installs for word in list_requirements(words)
    )


def list_requirements(arguments: Sequence[str]) -> list[str]:
    """Return the requirements among the arguments of ``pip install``."""
    found: list[str] = []
    words = iter(arguments)
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif not word.startswith("-"):
            found.append(word)
    return found
