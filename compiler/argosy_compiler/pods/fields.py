"""What the executor and its Kubernetes configuration say of a pod."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from typing import Any

from argosy_compiler.argo.expressions import constant, or_default
from argosy_compiler.decisions.control import Control
from argosy_compiler.decisions.values import Value
from argosy_compiler.plan import Plan, PodFields
from argosy_compiler.pods.kubernetes import PodParts, no_change, pod_parts
from argosy_compiler.pods.patch import (
    PATCH_INPUT,
    Hole,
    OpenKey,
    Optional,
    Patch,
    TextHole,
    is_static,
    text_expression,
)
from argosy_schemas.errors import InvalidPipelineError, Problem
from argosy_schemas.ir.from_json import parameter_input_from_json
from argosy_schemas.ir.model import ContainerExecutor, ControlForm, ParameterType, Resources, Task
from argosy_schemas.pod import MAIN_CONTAINER, WORKSPACE_PATH, WORKSPACE_VOLUME

IMAGE_INPUT = "image"

_PLACEHOLDER = re.compile(r"\{\{\$\.inputs\.parameters\[(?:'([^']*)'|\"([^\"]*)\")\]\}\}")


def pod_fields(plan: Plan, control: Control, dag: str, task: Task, path: str) -> PodFields:
    """Return the fields of the pod of a container task.

    Raises:
        BarredError: A field depends on a value that no expression can have.
        InvalidPipelineError: A field is none that Kubernetes takes.
    """
    executor = plan.structure.used(task).executor
    assert isinstance(executor, ContainerExecutor)
    label = plan.structure.used(task).executor_label or ""

    def filled(text: str) -> Patch:
        return _filled(control, dag, task, text)

    def resolved(source: Mapping[str, Any]) -> Value:
        given = parameter_input_from_json(source)
        return control.source(dag, task, given.source, ControlForm.VALUE)

    parts = pod_parts(plan.pipeline.kubernetes.get(label, {}), resolved, f"{path} ({label})")
    if plan.pipeline.pipeline_config.get("workspace"):
        parts.volumes.append(
            {
                "name": WORKSPACE_VOLUME,
                "persistentVolumeClaim": {"claimName": f"{{{{workflow.name}}}}-{WORKSPACE_VOLUME}"},
            }
        )
        parts.mounts.append({"name": WORKSPACE_VOLUME, "mountPath": WORKSPACE_PATH})
    arguments: dict[str, str] = {}
    image = filled(executor.image)
    if not isinstance(image, str):
        assert isinstance(image, Hole)
        arguments[IMAGE_INPUT] = image.expression
        image = f"{{{{inputs.parameters.{IMAGE_INPUT}}}}}"
    elif "{{" in image:
        raise InvalidPipelineError(
            Problem(path=path, message=f"the image '{image}' holds a tag of Argo's; write it out")
        )
    template, container, patch = _split(parts, _resources(executor.resources, filled))
    if patch:
        arguments[PATCH_INPUT] = text_expression(patch)
        template["podSpecPatch"] = f"{{{{inputs.parameters.{PATCH_INPUT}}}}}"
    return PodFields(
        image=image,
        arguments=arguments,
        template=template,
        container=container,
        init_containers=tuple(parts.init_containers),
        deadline_seconds=parts.deadline_seconds,
    )


def _filled(control: Control, dag: str, task: Task, text: str) -> Patch:
    """Return ``text`` with its placeholders filled: itself, or an expression."""
    pieces: list[str] = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        if match.start() > end:
            pieces.append(constant(text[end : match.start()]))
        name = match[1] if match[1] is not None else match[2]
        value = control.input(dag, task, name, ControlForm.VALUE)
        if value.type is not ParameterType.STRING:
            value = control.input(dag, task, name, ControlForm.TEXT)
        pieces.append(or_default(value.text, "''") if value.nullable else value.text)
        end = match.end()
    if not pieces:
        return text
    if end < len(text):
        pieces.append(constant(text[end:]))
    return Hole(" + ".join(pieces))


def _resources(resources: Resources, filled: Callable[[str], Patch]) -> Patch:
    limits: dict[str, Patch] = {}
    requests: dict[str, Patch] = {}
    for name, limit, request in (
        ("cpu", resources.cpu_limit, resources.cpu_request),
        ("memory", resources.memory_limit, resources.memory_request),
    ):
        if limit:
            limits[name] = filled(limit)
        if request:
            requests[name] = filled(request)
    if resources.accelerator_type and resources.accelerator_count not in ("", "0"):
        kind = filled(resources.accelerator_type)
        count = filled(resources.accelerator_count)
        if isinstance(kind, Hole):
            return {
                "limits": OpenKey(kind.expression, count, limits),
                **({"requests": requests} if requests else {}),
            }
        limits[str(kind)] = count
    return {
        name: quantities
        for name, quantities in (("limits", limits), ("requests", requests))
        if quantities
    }


def _split(parts: PodParts, resources: Patch) -> tuple[dict[str, Any], dict[str, Any], Patch]:
    """Return what stands in the template, in its main container, and what only a patch can say."""
    template: dict[str, Any] = {}
    container: dict[str, Any] = {}
    pod_patch: dict[str, Patch] = {}
    main_patch: dict[str, Patch] = {}
    if resources:
        (container if is_static(resources) else main_patch)["resources"] = resources
    # Argo looks for the volume of a mount before it merges the patch.
    patched = {str(_named(volume)) for volume in parts.volumes if not is_static(volume)}
    _place("env", parts.env, container, main_patch)
    _place("volumeMounts", parts.mounts, container, main_patch, late=patched)
    _place("volumes", parts.volumes, template, pod_patch)
    if parts.pull_secrets:
        # Argo's template has no field for them.
        pod_patch["imagePullSecrets"] = _headed("imagePullSecrets", parts.pull_secrets)
    _place_tolerations(parts, template, pod_patch)
    if parts.node_selector is not None:
        place = template if is_static(parts.node_selector) else pod_patch
        place["nodeSelector"] = parts.node_selector
    if parts.affinity is not None:
        pod_patch["affinity"] = {"nodeAffinity": parts.affinity}
    if affinity := _node_affinity(parts):
        template["affinity"] = {"nodeAffinity": affinity}
    fields = {"labels": parts.labels, "annotations": parts.annotations}
    if metadata := {name: values for name, values in fields.items() if values}:
        template["metadata"] = metadata
    if parts.pull_policy is not None:
        container["imagePullPolicy"] = parts.pull_policy
    if parts.security:
        container["securityContext"] = parts.security
    if main_patch:
        pod_patch["containers"] = [{"name": MAIN_CONTAINER, **main_patch}]
    return template, container, pod_patch


def _place(
    name: str,
    elements: list[Patch],
    static: dict[str, Any],
    patch: dict[str, Patch],
    *,
    late: Collection[str] = (),
) -> None:
    """Put each element of a list where it can be said; those named in ``late`` in the patch."""
    opened = [one for one in elements if not is_static(one) or _named(one) in late]
    fixed = [one for one in elements if is_static(one) and _named(one) not in late]
    if fixed:
        static[name] = fixed
    if opened:
        patch[name] = _headed(name, opened)


def _place_tolerations(parts: PodParts, template: dict[str, Any], patch: dict[str, Patch]) -> None:
    """Put the tolerations where they can be said; a list that comes as a whole replaces others."""
    if parts.toleration_list is not None:
        text = f"({parts.toleration_list} == nil ? '[]' : toJson({parts.toleration_list}))"
        patch["tolerations"] = TextHole(text)
    elif parts.tolerations and not is_static(parts.tolerations):
        patch["tolerations"] = _headed("tolerations", parts.tolerations)
    if parts.tolerations and is_static(parts.tolerations):
        template["tolerations"] = parts.tolerations


def _named(element: Patch) -> Patch:
    """Return the ``name`` of an element, also of one that may vanish."""
    inner = element.element if isinstance(element, Optional) else element
    return inner.get("name") if isinstance(inner, Mapping) else None


def _headed(name: str, elements: list[Patch]) -> list[Patch]:
    """Return the elements, with one before them where the first may vanish."""
    ordered: list[Patch] = [element for element in elements if not isinstance(element, Optional)]
    vanishing: list[Patch] = [element for element in elements if isinstance(element, Optional)]
    return [*(ordered or [no_change(name)]), *vanishing]


def _node_affinity(parts: PodParts) -> dict[str, Any]:
    affinity: dict[str, Any] = {}
    if parts.required_affinity:
        affinity["requiredDuringSchedulingIgnoredDuringExecution"] = {
            "nodeSelectorTerms": parts.required_affinity
        }
    if parts.preferred_affinity:
        affinity["preferredDuringSchedulingIgnoredDuringExecution"] = parts.preferred_affinity
    return affinity
