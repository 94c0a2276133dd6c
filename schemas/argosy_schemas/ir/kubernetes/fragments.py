"""Fragments of a pod, and how they become one.

A fragment has the shape of Argo's pod template: the fields of the pod, and ``container`` for those
of the main container. Its leaves are JSON, :class:`~.leaves.InputParameter` and
:class:`~.leaves.VolumeName`; a renderer replaces the last two before it merges the fragments.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeAlias, cast

from argosy_schemas.ir.kubernetes.leaves import InputParameter, VolumeName
from argosy_schemas.values import JsonValue

Part: TypeAlias = "JsonValue | InputParameter | VolumeName | Sequence[Part] | Mapping[str, Part]"
Fragment: TypeAlias = Mapping[str, Part]


class ConflictError(Exception):
    """Two fragments have different values for the field that the message names."""


def merge_fragments(fragments: Iterable[Mapping[str, Any]]) -> dict[str, Any]:
    """Return all fragments as one, whether they are rendered or not.

    Objects merge_fragments by key, and lists follow one another; an element is in a list once.

    Raises:
        ConflictError: Two values of one field differ, and are not both objects or both lists.
    """
    merged: dict[str, Any] = {}
    for fragment in fragments:
        for name, value in fragment.items():
            merged[name] = _merge_values(name, merged[name], value) if name in merged else value
    return merged


def _merge_values(name: str, first: object, second: object) -> object:
    if first == second:
        return first
    if isinstance(first, Mapping) and isinstance(second, Mapping):
        return merge_fragments(
            [cast("Mapping[str, object]", first), cast("Mapping[str, object]", second)]
        )
    if isinstance(first, list) and isinstance(second, list):
        items = cast("Sequence[object]", first)
        return [*items, *(item for item in cast("Sequence[object]", second) if item not in items)]
    raise ConflictError(name)


def make_main_fragment(**fields: Any) -> Fragment:
    """Return a fragment with fields of the main container."""
    return {"container": fields}


def make_mount_fragment(
    volume: VolumeName, source: Fragment, path: str, sub_path: str = ""
) -> Fragment:
    """Return a fragment with a volume and its mount in the main container."""
    mount = {"name": volume, "mountPath": path, **drop_empty(subPath=sub_path)}
    return {"volumes": [{"name": volume, **source}], **make_main_fragment(volumeMounts=[mount])}


def drop_empty(**fields: Any) -> dict[str, Any]:
    """Return the fields whose values are not empty."""
    return {name: value for name, value in fields.items() if value}
