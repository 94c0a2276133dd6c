"""Problems that the checks find, located by path; the lines are looked up later."""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import TypeAlias

Path: TypeAlias = tuple[str | int, ...]
"""Keys and indices from the root of a document."""

_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")
_MANY = 500
"""With more names than this, no similar one is searched: the time grows with their number."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One problem."""

    path: Path
    message: str
    is_unsupported: bool = False
    """Valid KFP that Argosy cannot run."""


class Findings:
    """Collects problems, each once.

    A problem that only follows from another one is not added: a task whose inputs have the wrong
    type is not also reported for missing inputs.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[Path, str], Finding] = {}
        self._incomplete: set[Path] = set()
        """The paths from which something was removed, at any depth."""

    @property
    def found(self) -> tuple[Finding, ...]:
        """All problems, in the order in which they were found."""
        return tuple(self._found.values())

    def add(self, path: Path, message: str, *, is_unsupported: bool = False) -> None:
        """Add a problem at ``path``, unless something below ``path`` was removed."""
        if path not in self._incomplete:
            self._add(Finding(path=path, message=message, is_unsupported=is_unsupported))

    def leave_out(self, path: Path, message: str) -> None:
        """Add a problem with a value that is removed, so that later checks do not see it."""
        self._add(Finding(path=path, message=message))
        self._incomplete.update(path[:length] for length in range(1, len(path) + 1))

    def _add(self, finding: Finding) -> None:
        self._found.setdefault((finding.path, finding.message), finding)


def format_path(path: Path) -> str:
    """Return a path as text: ``root.dag.tasks.train.dependentTasks[0]``.

    A key with other characters than letters, digits, ``-`` and ``_`` is written ``['a.b']``.
    """
    parts: list[str] = []
    for segment in path:
        if isinstance(segment, int):
            parts.append(f"[{segment}]")
        elif _PLAIN_KEY.fullmatch(segment):
            parts.append(f".{segment}" if parts else segment)
        else:
            parts.append(f"[{segment!r}]")
    return "".join(parts)


def find_nearest(name: str, known: Collection[str]) -> str | None:
    """Return the name in ``known`` that is most similar to ``name``; ``None``: none is similar."""
    if len(known) > _MANY or len(name) > 200:
        return None
    matches = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.7)
    return matches[0] if matches else None


def suggest_name(name: str, known: Collection[str], *, otherwise: str) -> str:
    """Return advice about an unknown ``name``, to be put after a semicolon.

    Args:
        name: The unknown name.
        known: The names that exist.
        otherwise: The advice where no name in ``known`` is similar.
    """
    match = find_nearest(name, known)
    return otherwise if match is None else f"did you mean '{match}'?"
