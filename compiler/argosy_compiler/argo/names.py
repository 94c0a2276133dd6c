"""Names that Argo accepts, made from names of the IR.

Argo's grammar: ``workflow/validate/validate.go`` (``[a-zA-Z0-9][-a-zA-Z0-9]*``, at most 128
characters); template names end up in pod names, which are lower-case. ``depends`` is parsed by
expr-lang after ``-`` became ``_``: its keywords, and names that begin with a digit, break it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable

LONGEST = 128
"""Characters of a name."""

_TASK = re.compile(rf"[a-zA-Z][-a-zA-Z0-9]{{0,{LONGEST - 1}}}")
_LOGIC = frozenset({"in", "not", "and", "or", "let", "if", "else", "true", "false", "nil"})
_KEYWORDS = _LOGIC | {"matches", "contains", "startsWith", "endsWith"}
_NUMBER = re.compile(r"(?<=.)-\d+$")


def make_task_name(key: str) -> str:
    """Return the name of the Argo task for a task key: itself where the grammar takes it."""
    if _TASK.fullmatch(key) and key not in _KEYWORDS:
        return key
    return f"t-{_simplify(key)[:100]}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def make_template_name(component: str, taken: Names) -> str:
    """Return a new template name for a component.

    The SDK's prefix ``comp-`` is left out: it says nothing that the kind of template does not.
    """
    return taken.new(_simplify(component.removeprefix("comp-"))[:100] or "dag")


class Names:
    """Gives names that differ from each other and from those ``taken``."""

    def __init__(self, taken: Iterable[str] = (), *, between: str = "-") -> None:
        self._taken = set(taken)
        self._between = between
        self._last: dict[str, int] = {}

    def new(self, base: str) -> str:
        """Return ``base`` if that is free, else with the first number from 2 that makes it so.

        What is longer than a name may be is cut before the number.
        """
        name = base[:LONGEST]
        while name in self._taken:
            number = self._last[base] = self._last.get(base, 1) + 1
            ending = f"{self._between}{number}"
            name = f"{base[: LONGEST - len(ending)]}{ending}"
        self._taken.add(name)
        return name


def strip_number(name: str) -> str:
    """Return a name without the number that tells it from others."""
    return _NUMBER.sub("", name)


def _simplify(text: str) -> str:
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9]", "-", text.lower())).strip("-")
