"""Fields: unknown ones, ones of a wrong type, and ones of other versions.

Unknown fields vanish without a word when Kubernetes stores the object. The models are Hera's, made
from the API of Argo 4.0; what came or went around it is in a table here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from argosy_compiler.linting.subject import Subject, as_list, as_object, objects_in, path_of_item
from argosy_schemas.errors import Problem


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """A field that not every line has."""

    field: str
    """Its name."""
    within: str
    """The name of the object that holds it."""
    first: tuple[int, int] = (3, 5)
    last: tuple[int, int] = (99, 0)
    instead: str = ""
    """What to use where it is not there."""


CHANGES = (
    Change(field="cap", within="backoff", first=(3, 7)),
    Change(field="mutexes", within="synchronization", first=(3, 6), instead="mutex"),
    Change(field="semaphores", within="synchronization", first=(3, 6), instead="semaphore"),
    Change(field="mutex", within="synchronization", last=(3, 7), instead="mutexes"),
    Change(field="semaphore", within="synchronization", last=(3, 7), instead="semaphores"),
    Change(field="podPriority", within="spec", last=(3, 7), instead="podSpecPatch"),
    Change(field="podPriority", within="templates", last=(3, 7), instead="podSpecPatch"),
    Change(field="pendingTimeout", within="templates", first=(4, 1)),
    Change(field="podResources", within="spec", first=(4, 1)),
    Change(field="podResources", within="templates", first=(4, 1)),
)
_ENUMS: Mapping[tuple[str, str], frozenset[str]] = {
    ("retryStrategy", "retryPolicy"): frozenset(
        {"Always", "OnFailure", "OnError", "OnTransientError"}
    ),
    ("podGC", "strategy"): frozenset(
        {"OnPodCompletion", "OnPodSuccess", "OnWorkflowCompletion", "OnWorkflowSuccess"}
    ),
    ("resource", "action"): frozenset({"get", "create", "apply", "delete", "replace", "patch"}),
    ("resource", "mergeStrategy"): frozenset({"strategic", "merge", "json"}),
}


def check_fields(subject: Subject) -> Iterator[Problem]:
    """Yield fields that this line of Argo does not have, and values that no field takes."""
    # Half a second; only commands that are about workflows pay for it.
    from hera.workflows.models import Workflow
    from pydantic import ValidationError

    yield from _of_other_lines(subject, subject.spec, "spec", "spec")
    yield from _values(subject.spec, "spec", "spec")
    try:
        read = Workflow.model_validate(_without_changed(subject.document, ""))
    except ValidationError as error:
        for one in error.errors():
            missing = one["type"] == "missing"
            yield Problem(
                path=_place(subject.document, one["loc"]),
                message="is missing; set it" if missing else f"is of the wrong type: {one['msg']}",
            )
        return
    known = read.model_dump(by_alias=True, exclude_unset=True, mode="json")
    for path in _vanished(_without_changed(subject.document, ""), known, ""):
        yield Problem(path=path, message="is no field of a Workflow, and would vanish; remove it")


def _of_other_lines(subject: Subject, value: object, name: str, path: str) -> Iterator[Problem]:
    for holder, inner_name, inner_path in objects_in(value, name, path):
        for change in CHANGES:
            if change.within != inner_name or change.field not in holder:
                continue
            if not change.first <= subject.version <= change.last:
                advice = f"; use '{change.instead}'" if change.instead else "; remove it"
                yield Problem(
                    path=f"{inner_path}.{change.field}",
                    message=f"this line of Argo has none{advice}",
                )


def _values(value: object, name: str, path: str) -> Iterator[Problem]:
    for holder, inner_name, inner_path in objects_in(value, name, path):
        for (within, field), allowed in _ENUMS.items():
            given = holder.get(field)
            if within == inner_name and isinstance(given, str) and given not in allowed:
                yield Problem(
                    path=f"{inner_path}.{field}",
                    message=f"is '{given}'; use one of {', '.join(sorted(allowed))}",
                )
        factor = holder.get("factor")
        if inner_name == "backoff" and isinstance(factor, str | float):
            text = str(factor)
            if not text.isdigit() and "{{" not in text:
                yield Problem(
                    path=f"{inner_path}.factor",
                    message=f"is '{text}', and Argo fails on what is no whole number; round it up",
                )


def _without_changed(value: object, name: str) -> object:
    """Return a value without the fields that :data:`CHANGES` judges."""
    holder, items = as_object(value), as_list(value)
    if holder is not None:
        changed = {change.field for change in CHANGES if change.within == name}
        return {
            inner_name: _without_changed(inner, inner_name)
            for inner_name, inner in holder.items()
            if inner_name not in changed
        }
    return value if items is None else [_without_changed(inner, name) for inner in items]


def _vanished(given: object, kept: object, path: str) -> Iterator[str]:
    """Yield the places of fields that are in ``given`` and not in ``kept``."""
    held = as_object(kept) or {}
    for name, inner in (as_object(given) or {}).items():
        place = f"{path}.{name}" if path else name
        if name not in held:
            yield place
        else:
            yield from _vanished(inner, held[name], place)
    pairs = zip(as_list(given) or (), as_list(kept) or (), strict=False)
    for number, (inner, held_inner) in enumerate(pairs):
        yield from _vanished(inner, held_inner, path_of_item(path, inner, number))


def _place(document: object, segments: Sequence[str | int]) -> str:
    """Return a place as all rules name it, from the keys and indices that lead there."""
    path, value = "", document
    for segment in segments:
        items = as_list(value)
        if isinstance(segment, int) and items is not None and segment < len(items):
            value = items[segment]
            path = path_of_item(path, value, segment)
        else:
            value = (as_object(value) or {}).get(str(segment))
            path = f"{path}.{segment}" if path else str(segment)
    return path
