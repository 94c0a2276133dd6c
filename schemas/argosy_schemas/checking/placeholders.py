"""Check the placeholders in images and resource amounts.

A placeholder for a parameter that is neither declared nor passed by any task has no value in any
run, and Kubernetes refuses the placeholder itself as an image or amount. In commands and arguments
it stays unchanged, as other unknown placeholders do (``ir-semantics`` 2.7 and 5.5).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from argosy_schemas.findings import Findings, Path, suggest_name

Json = Mapping[str, Any]

_PARAMETER: Final = re.compile(
    r"""\{\{\$\.inputs\.parameters\[(?:'([^']*)'|\\?"([^"\\]*)\\?")\]\}\}"""
)
_PYTHON_EXECUTOR: Final = re.compile(r"-m\s+kfp\.(?:dsl|components)\.executor_main\b")


def check_placeholders(
    container: Json, known: Collection[str], path: Path, findings: Findings
) -> None:
    """Add placeholders of an image or a resource for parameters that do not exist.

    Args:
        container: The container spec at ``path``.
        known: The parameters that its component declares, or that a task passes to it.
        path: The path of the container.
        findings: Receives the problems.
    """
    for field_path, text in _list_texts(container):
        for match in _PARAMETER.finditer(text):
            name: str = match[1] if match[1] is not None else match[2]
            if name not in known:
                todo = suggest_name(name, known, otherwise="declare it in the component's inputs")
                message = f"No input parameter '{name}' is declared or passed; {todo}"
                findings.add((*path, *field_path), message)


def is_python_function(executor: Json) -> bool:
    """Return whether an executor runs a Python function with the SDK's executor."""
    words: list[str] = executor.get("container", {}).get("command", [])
    return any(_PYTHON_EXECUTOR.search(word) for word in words)


def _list_texts(container: Json) -> Iterator[tuple[Path, str]]:
    if "image" in container:
        yield ("image",), container["image"]
    resources: Json = container.get("resources", {})
    for field, value in resources.items():
        if isinstance(value, str):
            yield ("resources", field), value
    for field, value in resources.get("accelerator", {}).items():
        if isinstance(value, str):
            yield ("resources", "accelerator", field), value
