"""Fragments of a pod as fields of a pod template and a patch of the pod.

Argo substitutes tags in strings only, and most of what a parameter sets is no string of a template.
So all that depends on a parameter goes into the patch (:mod:`argosy_compiler.pods.patch`).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from argosy_compiler.decisions.values import BarredError, Value
from argosy_compiler.pods.patch import Hole, Optional, Patch, TextHole, is_static
from argosy_schemas.ir.kubernetes.fragments import ConflictError, Fragment, Part, merge
from argosy_schemas.ir.kubernetes.leaves import InputParameter, ParameterKind, VolumeName
from argosy_schemas.ir.model import ComponentInput, ParameterSource, ParameterType, TaskOutput
from argosy_schemas.pod import MAIN_CONTAINER, SHARED_PATH, SHARED_VOLUME

Resolve: TypeAlias = Callable[[ParameterSource], Value]
"""Returns the value of a source, in the scope of the DAG that holds the task."""

_MERGED_LISTS = ("env", "volumeMounts", "volumes")
"""Lists that a patch merges by key: the template may have some elements, and the patch others."""
_PATCH_ONLY = ("imagePullSecrets",)
"""Fields of a pod that Argo's template does not have."""

_NO_CHANGE: Mapping[str, Patch] = {
    "env": {"name": "ARGOSY", "value": "1"},
    "volumeMounts": {"name": SHARED_VOLUME, "mountPath": SHARED_PATH},
    "volumes": {"name": SHARED_VOLUME},
    "imagePullSecrets": {"name": "argosy"},
    "tolerations": {"key": "argosy", "operator": "Exists"},
}
"""For each list an element that changes nothing, to stand before those that may be left out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSettings:
    """What is set in a pod template, in its main container, and by its patch."""

    template: Mapping[str, Any]
    container: Mapping[str, Any]
    patch: Mapping[str, Patch]


def pod_settings(fragments: Iterable[Fragment], resolve: Resolve) -> PodSettings:
    """Return all fragments as settings of one pod.

    Raises:
        BarredError: A parameter cannot be had by an expression, or sets the whole of a field that
            another fragment sets as well.
    """
    renderer = _Renderer(resolve)
    try:
        pod = merge(renderer.fragment(fragment) for fragment in fragments)
    except ConflictError as error:
        raise BarredError(
            f"a parameter sets '{error}' as a whole, and something else sets it too; put all into"
            " the parameter"
        ) from error
    # Argo looks for the volume of a mount before it applies the patch.
    late = [_name(volume) for volume in pod.get("volumes", ()) if not is_static(volume)]
    container, main_patch = _divided(pod.pop("container", {}), late)
    template, patch = _divided(pod, ())
    if main_patch:
        patch["containers"] = [{"name": MAIN_CONTAINER, **main_patch}]
    return PodSettings(template=template, container=container, patch=patch)


class _Renderer:
    """Replaces the leaves of fragments: parameters by expressions, names of volumes by texts."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve

    def fragment(self, fragment: Fragment) -> dict[str, Patch]:
        return {name: self._patch(value) for name, value in fragment.items()}

    def _patch(self, value: Part) -> Patch:
        if isinstance(value, InputParameter):
            return self._hole(value)
        if isinstance(value, VolumeName):
            return volume_name(value)
        if isinstance(value, Mapping):
            return self.fragment(value)
        if isinstance(value, Sequence) and not isinstance(value, str):
            return self._list(value)
        return value

    def _hole(self, parameter: InputParameter) -> Patch:
        text = self._resolve(parameter.source).text
        if parameter.kind is ParameterKind.NODE_SELECTOR:
            return TextHole(f"({text} == nil ? '\\u007b\\u007d' : toJson({text}))")
        return Hole(text)

    def _list(self, items: Sequence[Part]) -> Patch:
        if len(items) == 1 and isinstance(items[0], InputParameter):
            value = self._resolve(items[0].source)
            if value.type is ParameterType.LIST:
                return TextHole(f"({value.text} == nil ? '[]' : toJson({value.text}))")
        return [self._element(item) for item in items]

    def _element(self, item: Part) -> Patch:
        patch = self._patch(item)
        for parameter in _parameters(item):
            value = self._resolve(parameter.source)
            if parameter.kind is ParameterKind.TOLERATIONS:
                text = value.text
                return Optional(f"({text} == nil || len({text}) == 0 ? nil : 1)", patch)
            if value.nullable:
                return Optional(value.text, patch)
        return patch


def _parameters(value: Part) -> Iterator[InputParameter]:
    if isinstance(value, InputParameter):
        yield value
    elif isinstance(value, VolumeName):
        yield from _parameters(value.name)
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _parameters(member)


def volume_name(volume: VolumeName) -> str:
    """Return a name that Kubernetes takes (a DNS label), distinct for distinct volumes."""
    name = volume.name if isinstance(volume.name, str) else _source_text(volume.name.source)
    key = f"{volume.kind}-{name}"
    plain = re.sub(r"-+", "-", re.sub(r"[^a-z0-9]", "-", key.lower())).strip("-")
    if plain == key and len(plain) <= 63:
        return plain
    return f"{plain[:50].rstrip('-')}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def _source_text(source: ParameterSource) -> str:
    if isinstance(source, ComponentInput):
        return str({"componentInputParameter": source.name})
    if isinstance(source, TaskOutput):
        output = {"outputParameterKey": source.output, "producerTask": source.task}
        return str({"taskOutputParameter": output})
    return str(source)


def _divided(
    fields: Mapping[str, Patch], late: Collection[Patch]
) -> tuple[dict[str, Any], dict[str, Patch]]:
    """Return what a template says itself, and what only a patch can say.

    Args:
        fields: Of a pod or of its main container.
        late: Names of elements that belong into the patch although they are static.
    """
    static: dict[str, Any] = {}
    patch: dict[str, Patch] = {}
    for name, value in fields.items():
        if name in _MERGED_LISTS and isinstance(value, list):
            fixed = [item for item in value if is_static(item) and _name(item) not in late]
            if fixed:
                static[name] = fixed
            if opened := [item for item in value if item not in fixed]:
                patch[name] = _headed(name, opened)
        elif name not in _PATCH_ONLY and is_static(value):
            static[name] = value
        else:
            patch[name] = _headed(name, value) if isinstance(value, list) else value
    return static, patch


def _name(element: Patch) -> Patch:
    """Return the ``name`` of an element, also of one that may be left out."""
    inner = element.element if isinstance(element, Optional) else element
    return inner.get("name") if isinstance(inner, Mapping) else None


def _headed(name: str, elements: Sequence[Patch]) -> list[Patch]:
    """Return the elements with those last that may be left out, and another before them."""
    kept: list[Patch] = [element for element in elements if not isinstance(element, Optional)]
    optional = [element for element in elements if isinstance(element, Optional)]
    if not kept:
        kept.append(_NO_CHANGE[name])
    return [*kept, *optional]
