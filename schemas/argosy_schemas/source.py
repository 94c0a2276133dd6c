"""The bytes of a compiled pipeline, before they are read."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """The bytes of a compiled pipeline and the name that messages give them."""

    file: str
    """A path as the caller gave it, or a name in angle brackets, e.g. ``<stdin>``."""
    data: bytes
    """YAML or JSON."""
    is_generated: bool = False
    """Whether the SDK made ``data`` just now, so that its lines are not those of ``file``."""
