"""What the checks find, before it has a line."""

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
"""Names beyond which no nearest one is looked for: that takes time for each of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong."""

    path: Path
    message: str
    is_unsupported: bool = False
    """Valid KFP that Argosy cannot run."""


class Findings:
    """Collects what is wrong; each thing once.

    What would follow from something left out is not told: a task whose inputs are ill-typed is not
    also said to pass none.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[Path, str], Finding] = {}
        self._incomplete: set[Path] = set()
        """Everything that something was left out of, at any depth."""

    @property
    def found(self) -> tuple[Finding, ...]:
        """All of them, in the order of finding."""
        return tuple(self._found.values())

    def add(self, path: Path, message: str, *, is_unsupported: bool = False) -> None:
        """Add what is wrong at ``path``, unless something in there was left out."""
        if path not in self._incomplete:
            self._tell(Finding(path=path, message=message, is_unsupported=is_unsupported))

    def leave_out(self, path: Path, message: str) -> None:
        """Add what is wrong at ``path``, which later checks do not see."""
        self._tell(Finding(path=path, message=message))
        self._incomplete.update(path[:length] for length in range(1, len(path) + 1))

    def _tell(self, finding: Finding) -> None:
        self._found.setdefault((finding.path, finding.message), finding)


def format_path(path: Path) -> str:
    """Return ``root.dag.tasks.train.dependentTasks[0]``; odd keys as ``['a.b']``."""
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
    """Return the one of ``known`` that ``name`` was probably meant to be."""
    if len(known) > _MANY or len(name) > 200:
        return None
    matches = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.7)
    return matches[0] if matches else None


def suggest_name(name: str, known: Collection[str], *, otherwise: str) -> str:
    """Return what to do about an unknown ``name``, to stand after a semicolon."""
    match = find_nearest(name, known)
    return otherwise if match is None else f"did you mean '{match}'?"
