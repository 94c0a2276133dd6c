"""Fields: unknown ones, ones of a wrong type, and values that a field does not take.

Kubernetes silently drops unknown fields when it stores the object. The models are Hera's, made
from the API of Argo 4.0.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from argosy_compiler.linting.subject import Subject, as_list, as_object, locate_item, walk_objects
from argosy_schemas.errors import Problem

_ENUMS: Mapping[tuple[str, str], frozenset[str]] = {
    ("retryStrategy", "retryPolicy"): frozenset(
        {"Always", "OnFailure", "OnError", "OnTransientError"}
    ),
    ("resource", "action"): frozenset({"create", "delete"}),
}


def check_fields(subject: Subject) -> Iterator[Problem]:
    """Yield fields that Argo does not have, and values that their field does not take."""
    # It takes half a second to import, so only commands about workflows do.
    from hera.workflows.models import Workflow
    from pydantic import ValidationError

    yield from _check_values(subject.spec, "spec", "spec")
    try:
        read = Workflow.model_validate(subject.document)
    except ValidationError as error:
        for one in error.errors():
            missing = one["type"] == "missing"
            yield Problem(
                path=_format_path(subject.document, one["loc"]),
                message="is missing; set it" if missing else f"is of the wrong type: {one['msg']}",
            )
        return
    known = read.model_dump(by_alias=True, exclude_unset=True, mode="json")
    for path in _find_dropped_fields(subject.document, known, ""):
        yield Problem(
            path=path,
            message="is not a field of a Workflow in Argo 4.0, which would drop it; remove it",
        )


def _check_values(value: object, name: str, path: str) -> Iterator[Problem]:
    for holder, inner_name, inner_path in walk_objects(value, name, path):
        for (within, field), allowed in _ENUMS.items():
            given = holder.get(field)
            if within == inner_name and isinstance(given, str) and given not in allowed:
                yield Problem(
                    path=f"{inner_path}.{field}",
                    message=f"is '{given}'; use one of {', '.join(sorted(allowed))}",
                )


def _find_dropped_fields(given: object, kept: object, path: str) -> Iterator[str]:
    """Yield the paths of fields that are in ``given`` and not in ``kept``."""
    held = as_object(kept) or {}
    for name, inner in (as_object(given) or {}).items():
        field_path = f"{path}.{name}" if path else name
        if name not in held:
            yield field_path
        else:
            yield from _find_dropped_fields(inner, held[name], field_path)
    pairs = zip(as_list(given) or (), as_list(kept) or (), strict=False)
    for number, (inner, held_inner) in enumerate(pairs):
        yield from _find_dropped_fields(inner, held_inner, locate_item(path, inner, number))


def _format_path(document: object, segments: Sequence[str | int]) -> str:
    """Return a path as all rules write it, from the keys and indices that lead there."""
    path, value = "", document
    for segment in segments:
        items = as_list(value)
        if isinstance(segment, int) and items is not None and segment < len(items):
            value = items[segment]
            path = locate_item(path, value, segment)
        else:
            value = (as_object(value) or {}).get(str(segment))
            path = f"{path}.{segment}" if path else str(segment)
    return path
