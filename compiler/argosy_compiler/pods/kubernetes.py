"""Render fragments of a pod: as fields of a pod template, and as a patch of the pod.

Constants go into the template. Everything that depends on a parameter goes into the patch
(:mod:`argosy_compiler.pods.patch`), since Argo substitutes tags in strings of a template only.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from argosy_compiler.control_flow.values import NoExpressionError, Value
from argosy_compiler.pods.patch import OpenText, OpenValue, OptionalElement, Patch, is_static
from argosy_schemas.ir.kubernetes.fragments import ConflictError, Fragment, Part, merge_fragments
from argosy_schemas.ir.kubernetes.leaves import InputParameter, ParameterKind, VolumeName
from argosy_schemas.ir.model import ComponentInput, ParameterSource, ParameterType, TaskOutput
from argosy_schemas.pod import EXCHANGE_PATH, EXCHANGE_VOLUME, MAIN_CONTAINER

Resolve: TypeAlias = Callable[[ParameterSource], Value]
"""Returns the value of a source, in the scope of the DAG that holds the task."""

_MERGED_LISTS = ("env", "volumeMounts", "volumes")
"""Lists that a patch merges by key: the template may have some elements, and the patch others."""
_PATCH_ONLY = ("imagePullSecrets",)
"""Fields of a pod that Argo's template does not have."""

_NO_CHANGE: Mapping[str, Patch] = {
    "env": {"name": "ARGOSY", "value": "1"},
    "volumeMounts": {"name": EXCHANGE_VOLUME, "mountPath": EXCHANGE_PATH},
    "volumes": {"name": EXCHANGE_VOLUME},
    "imagePullSecrets": {"name": "argosy"},
    "tolerations": {"key": "argosy", "operator": "Exists"},
}
"""For each list an element that changes nothing; it comes first if all others are optional."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PodSettings:
    """Fields of a pod template, of its main container, and of the pod's patch."""

    template: Mapping[str, Any]
    container: Mapping[str, Any]
    patch: Mapping[str, Patch]


def render_pod(fragments: Iterable[Fragment], resolve: Resolve) -> PodSettings:
    """Return the settings of a pod that has all fragments.

    Raises:
        NoExpressionError: No expression yields the value of a parameter, or a parameter is the
            value of a whole field that another fragment sets as well.
    """
    renderer = _Renderer(resolve)
    try:
        pod = merge_fragments(renderer.render(fragment) for fragment in fragments)
    except ConflictError as error:
        raise NoExpressionError(
            f"a parameter sets '{error}' as a whole, and something else sets it too; put all into"
            " the parameter"
        ) from error
    # Argo looks for the volume of a mount before it applies the patch.
    late = [_get_name(volume) for volume in pod.get("volumes", ()) if not is_static(volume)]
    container, main_patch = _split_settings(pod.pop("container", {}), late)
    template, patch = _split_settings(pod, ())
    if main_patch:
        patch["containers"] = [{"name": MAIN_CONTAINER, **main_patch}]
    return PodSettings(template=template, container=container, patch=patch)


class _Renderer:
    """Replaces parameters in fragments by expressions, and volumes by their names."""

    def __init__(self, resolve: Resolve) -> None:
        self._resolve = resolve

    def render(self, fragment: Fragment) -> dict[str, Patch]:
        return {name: self._render_part(value) for name, value in fragment.items()}

    def _render_part(self, value: Part) -> Patch:
        if isinstance(value, InputParameter):
            return self._render_parameter(value)
        if isinstance(value, VolumeName):
            return make_volume_name(value)
        if isinstance(value, Mapping):
            return self.render(value)
        if isinstance(value, Sequence) and not isinstance(value, str):
            return self._render_list(value)
        return value

    def _render_parameter(self, parameter: InputParameter) -> Patch:
        text = self._resolve(parameter.source).text
        if parameter.kind is ParameterKind.NODE_SELECTOR:
            return OpenText(f"({text} == nil ? '\\u007b\\u007d' : toJson({text}))")
        return OpenValue(text)

    def _render_list(self, items: Sequence[Part]) -> Patch:
        if len(items) == 1 and isinstance(items[0], InputParameter):
            value = self._resolve(items[0].source)
            if value.type is ParameterType.LIST:
                return OpenText(f"({value.text} == nil ? '[]' : toJson({value.text}))")
        return [self._render_element(item) for item in items]

    def _render_element(self, item: Part) -> Patch:
        patch = self._render_part(item)
        for parameter in _find_parameters(item):
            value = self._resolve(parameter.source)
            if parameter.kind is ParameterKind.TOLERATIONS:
                text = value.text
                return OptionalElement(f"({text} == nil || len({text}) == 0 ? nil : 1)", patch)
            if value.nullable:
                return OptionalElement(value.text, patch)
        return patch


def _find_parameters(value: Part) -> Iterator[InputParameter]:
    if isinstance(value, InputParameter):
        yield value
    elif isinstance(value, VolumeName):
        yield from _find_parameters(value.name)
    elif isinstance(value, Mapping):
        for member in value.values():
            yield from _find_parameters(member)


def make_volume_name(volume: VolumeName) -> str:
    """Return a name that Kubernetes takes (a DNS label), distinct for distinct volumes."""
    name = volume.name if isinstance(volume.name, str) else _describe_source(volume.name.source)
    key = f"{volume.kind}-{name}"
    plain = re.sub(r"-+", "-", re.sub(r"[^a-z0-9]", "-", key.lower())).strip("-")
    if plain == key and len(plain) <= 63:
        return plain
    return f"{plain[:50].rstrip('-')}-{hashlib.sha256(key.encode()).hexdigest()[:8]}"


def _describe_source(source: ParameterSource) -> str:
    if isinstance(source, ComponentInput):
        return str({"componentInputParameter": source.name})
    if isinstance(source, TaskOutput):
        output = {"outputParameterKey": source.output, "producerTask": source.task}
        return str({"taskOutputParameter": output})
    return str(source)


def _split_settings(
    fields: Mapping[str, Patch], late: Collection[Patch]
) -> tuple[dict[str, Any], dict[str, Patch]]:
    """Return the fields for the template, and those for the patch.

    Args:
        fields: Of a pod or of its main container.
        late: Names of elements that go into the patch although they are static.
    """
    static: dict[str, Any] = {}
    patch: dict[str, Patch] = {}
    for name, value in fields.items():
        if name in _MERGED_LISTS and isinstance(value, list):
            fixed = [item for item in value if is_static(item) and _get_name(item) not in late]
            if fixed:
                static[name] = fixed
            if opened := [item for item in value if item not in fixed]:
                patch[name] = _order_elements(name, opened)
        elif name not in _PATCH_ONLY and is_static(value):
            static[name] = value
        else:
            patch[name] = _order_elements(name, value) if isinstance(value, list) else value
    return static, patch


def _get_name(element: Patch) -> Patch:
    """Return the ``name`` of an element, optional or not."""
    inner = element.element if isinstance(element, OptionalElement) else element
    return inner.get("name") if isinstance(inner, Mapping) else None


def _order_elements(name: str, elements: Sequence[Patch]) -> list[Patch]:
    """Return the elements, optional ones last, with at least one before them."""
    kept: list[Patch] = [
        element for element in elements if not isinstance(element, OptionalElement)
    ]
    optional = [element for element in elements if isinstance(element, OptionalElement)]
    if not kept:
        kept.append(_NO_CHANGE[name])
    return [*kept, *optional]
