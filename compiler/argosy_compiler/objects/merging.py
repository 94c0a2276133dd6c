"""Strategic merge: change a workflow by a document that says only what differs.

Objects merge member by member, ``null`` removes a member, and a list takes the place of the one
before; but lists whose elements have a key merge by it, as Kubernetes and Argo declare it
(``patchMergeKey`` in ``k8s.io/api/core/v1/types.go`` and
``pkg/apis/workflow/v1alpha1/workflow_types.go``). ``$patch: delete`` in an element of such a list
removes the one with its key; ``$patch: replace`` in an object keeps nothing of what was there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.values import JsonValue

_MERGE_KEYS: Final[Mapping[str, str]] = {
    "artifacts": "name",
    "containers": "name",
    "env": "name",
    "hostAliases": "ip",
    "imagePullSecrets": "name",
    "initContainers": "name",
    "parameters": "name",
    "ports": "containerPort",
    "sidecars": "name",
    "tasks": "name",
    "templates": "name",
    "volumeMounts": "mountPath",
    "volumes": "name",
}
"""By the name of the member that is the list. Tolerations have a key as well, but Kubernetes
replaces them, since several may have one key."""
_DIRECTIVE: Final = "$patch"


def patch_workflow(
    workflow: Mapping[str, JsonValue], patch: Mapping[str, JsonValue]
) -> dict[str, JsonValue]:
    """Return a workflow with the changes of ``patch``, which may say again what kind it is.

    Raises:
        InvalidArgumentError: As :func:`merge`, or the patch is none of a workflow.
    """
    for name, value in patch.items():
        if name not in ("metadata", "spec") and value != workflow.get(name):
            raise InvalidArgumentError(
                f"the patch sets '{name}'; it can change 'metadata' and 'spec' of a Workflow"
            )
    return merge(workflow, patch)


def merge(
    whole: Mapping[str, JsonValue], patch: Mapping[str, JsonValue], *, path: str = ""
) -> dict[str, JsonValue]:
    """Return ``whole`` with the changes of ``patch``.

    Args:
        whole: Stays as it is.
        patch: What differs.
        path: Where both are, for messages; empty: the document.

    Raises:
        InvalidArgumentError: A directive is unknown, or an element of a list that merges by a key
            lacks it.
    """
    directive = patch.get(_DIRECTIVE)
    if directive not in (None, "replace"):
        raise InvalidArgumentError(
            f"{path or 'the document'} has '{_DIRECTIVE}: {directive}'; an object can have "
            "'replace', and an element of a list 'delete'"
        )
    merged = {} if directive == "replace" else dict(whole)
    for name, value in patch.items():
        where = f"{path}.{name}" if path else name
        before = merged.get(name)
        if name == _DIRECTIVE:
            continue
        if value is None:
            merged.pop(name, None)
        elif isinstance(value, Mapping):
            merged[name] = merge(before if isinstance(before, Mapping) else {}, value, path=where)
        elif isinstance(value, list) and name in _MERGE_KEYS:
            key = _MERGE_KEYS[name]
            merged[name] = _merge_lists(
                before if isinstance(before, list) else [], value, key, where
            )
        else:
            merged[name] = value
    return merged


def _merge_lists(
    whole: Sequence[JsonValue], patch: Sequence[JsonValue], key: str, path: str
) -> list[JsonValue]:
    """Return the elements of both; those of ``patch`` that are new come last, in their order."""
    merged = {_get_key(element, key, path): element for element in whole}
    for element in patch:
        value = _get_key(element, key, path)
        assert isinstance(element, Mapping)
        if element.get(_DIRECTIVE) == "delete":
            merged.pop(value, None)
            continue
        before = merged.get(value)
        where = f"{path}[{value}]"
        merged[value] = merge(before if isinstance(before, Mapping) else {}, element, path=where)
    return list(merged.values())


def _get_key(element: JsonValue, key: str, path: str) -> str:
    value = element.get(key) if isinstance(element, Mapping) else None
    if not isinstance(value, str | int):
        raise InvalidArgumentError(f"{path} has an element without '{key}'; name the one you mean")
    return str(value)
