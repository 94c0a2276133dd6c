"""Names that Argo accepts, made from names of the IR.

Argo's grammar: ``workflow/validate/validate.go`` (``[a-zA-Z0-9][-a-zA-Z0-9]*``, at most 128
characters); template names end up in pod names, which are lower-case. ``depends`` is parsed by
expr-lang after ``-`` became ``_``: its keywords, and names that begin with a digit, break it.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Container

_TASK = re.compile(r"[a-zA-Z][-a-zA-Z0-9]{0,127}")
_LOGIC = frozenset({"in", "not", "and", "or", "let", "if", "else", "true", "false", "nil"})
_KEYWORDS = _LOGIC | {"matches", "contains", "startsWith", "endsWith"}
_PARAMETER = re.compile(r"[-a-zA-Z0-9_]+")


def task_name(key: str) -> str:
    """Return the name of the Argo task for a task key: itself where the grammar takes it."""
    if _TASK.fullmatch(key) and key not in _KEYWORDS:
        return key
    return f"t-{_plain(key)[:100]}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def is_parameter_name(name: str) -> bool:
    """Return whether Argo accepts ``name`` as that of a parameter."""
    return _PARAMETER.fullmatch(name) is not None


def template_name(component: str, taken: Container[str]) -> str:
    """Return a template name for a component that is not in ``taken``.

    The SDK's prefix ``comp-`` is left out: it says nothing that the kind of template does not.
    """
    base = _plain(component.removeprefix("comp-"))[:100] or "dag"
    name, number = base, 1
    while name in taken:
        number += 1
        name = f"{base}-{number}"
    return name


def _plain(text: str) -> str:
    return re.sub(r"-+", "-", re.sub(r"[^a-z0-9]", "-", text.lower())).strip("-")
