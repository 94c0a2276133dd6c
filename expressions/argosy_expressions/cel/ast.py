"""The syntax tree of a CEL expression."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Expression:
    """A parsed CEL expression."""

    source: str
    parameters: frozenset[str] = frozenset()
    """The parameters that it reads by a literal name."""
    foreign: str | None = None
    """What takes it out of the SDK's grammar, e.g. ``the macro 'exists'``; ``None`` if nothing."""
