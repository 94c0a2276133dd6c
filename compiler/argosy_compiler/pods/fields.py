"""What the executor and its Kubernetes configuration say of a pod."""

from __future__ import annotations

import re
from collections.abc import Callable

from argosy_compiler.argo.expressions import constant, or_default
from argosy_compiler.decisions.control import Control
from argosy_compiler.decisions.values import Value
from argosy_compiler.plan import Plan, PodFields
from argosy_compiler.pods.kubernetes import pod_settings
from argosy_compiler.pods.patch import PATCH_INPUT, Hole, OpenKey, Patch, text_expression
from argosy_schemas.errors import InvalidPipelineError, Problem
from argosy_schemas.ir.kubernetes.fields import FIELDS, VOLUMES, config_fragments
from argosy_schemas.ir.kubernetes.fragments import Fragment, in_main
from argosy_schemas.ir.model import (
    ContainerExecutor,
    ControlForm,
    ParameterSource,
    ParameterType,
    Resources,
    Task,
)
from argosy_schemas.pod import WORKSPACE_PATH, WORKSPACE_VOLUME

IMAGE_INPUT = "image"

_WORKSPACE: Fragment = {
    "volumes": [
        {
            "name": WORKSPACE_VOLUME,
            "persistentVolumeClaim": {"claimName": f"{{{{workflow.name}}}}-{WORKSPACE_VOLUME}"},
        }
    ],
    "container": {"volumeMounts": [{"name": WORKSPACE_VOLUME, "mountPath": WORKSPACE_PATH}]},
}
_PLACEHOLDER = re.compile(r"\{\{\$\.inputs\.parameters\[(?:'([^']*)'|\"([^\"]*)\")\]\}\}")


def pod_fields(plan: Plan, control: Control, dag: str, task: Task, path: str) -> PodFields:
    """Return the fields of the pod of a container task.

    Raises:
        BarredError: A field depends on a value that no expression can have.
        InvalidPipelineError: A field is none that Kubernetes takes.
    """
    component = plan.structure.used(task)
    executor = component.executor
    assert isinstance(executor, ContainerExecutor)

    def filled(text: str) -> Patch:
        return _filled(control, dag, task, text)

    def resolved(source: ParameterSource) -> Value:
        return control.source(dag, task, source, ControlForm.VALUE)

    config = plan.pipeline.kubernetes.get(component.executor_label or "")
    passed = {one.field for one in component.task_config_passthroughs if not one.apply_to_task}
    applied = (row for row in FIELDS if row.group not in passed)
    fragments = [] if config is None else [*config_fragments(config, applied)]
    if plan.pipeline.pipeline_config.workspace is not None and VOLUMES not in passed:
        fragments.append(_WORKSPACE)
    resources = _resources(executor.resources, filled)
    if resources and "RESOURCES" not in passed:
        fragments.append(in_main(resources=resources))
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
    settings = pod_settings(fragments, resolved)
    template = dict(settings.template)
    if settings.patch:
        arguments[PATCH_INPUT] = text_expression(settings.patch)
        template["podSpecPatch"] = f"{{{{inputs.parameters.{PATCH_INPUT}}}}}"
    return PodFields(
        image=image,
        arguments=arguments,
        template=template,
        container=settings.container,
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
