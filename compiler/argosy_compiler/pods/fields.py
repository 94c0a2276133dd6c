"""The fields of a pod that an executor and its Kubernetes configuration set."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

from argosy_compiler.argo.expressions import (
    apply_default,
    make_constant,
    part_braces,
    part_braces_in_json,
)
from argosy_compiler.argo.images import map_image
from argosy_compiler.argo.run_identity import write_run_name
from argosy_compiler.compilation import Compilation, PodFields
from argosy_compiler.config_objects import SECRET
from argosy_compiler.control_flow.control_values import ControlValues
from argosy_compiler.control_flow.values import Value
from argosy_compiler.options import CompileOptions, PodSecurity
from argosy_compiler.pods.kubernetes import render_pod
from argosy_compiler.pods.patch import OpenKey, OpenValue, Patch, is_static, make_text_expression
from argosy_schemas.errors import InvalidPipelineError, Problem
from argosy_schemas.ir.kubernetes.fields import (
    FIELDS,
    VOLUMES,
    KubernetesExecutorConfig,
    make_config_fragments,
)
from argosy_schemas.ir.kubernetes.fragments import Fragment, make_main_fragment
from argosy_schemas.ir.kubernetes.leaves import VolumeName
from argosy_schemas.ir.model import (
    ContainerExecutor,
    ControlForm,
    ParameterSource,
    ParameterType,
    Resources,
    Task,
)
from argosy_schemas.pod import PATCH_INPUT, WORKSPACE_PATH, WORKSPACE_VOLUME
from argosy_schemas.values import to_json

IMAGE_INPUT = "image"

_PLACEHOLDER = re.compile(r"\{\{\$\.inputs\.parameters\[(?:'([^']*)'|\"([^\"]*)\")\]\}\}")


def make_pod_fields(
    compilation: Compilation, control: ControlValues, dag: str, task: Task, path: str
) -> PodFields:
    """Return the fields of the pod of a container task.

    Raises:
        NoExpressionError: A field depends on a value that no expression has.
        InvalidPipelineError: A text holds a tag of Argo, or the task uses the store's own secret.
    """
    component = compilation.structure.component_of(task)
    executor = component.executor
    assert isinstance(executor, ContainerExecutor)

    def fill(text: str) -> Patch:
        return _fill_placeholders(control, dag, task, text)

    def resolve(source: ParameterSource) -> Value:
        return control.read_source(dag, task, source, ControlForm.VALUE)

    config = compilation.pipeline.kubernetes.get(component.executor_label or "")
    passed = {one.field for one in component.task_config_passthroughs if not one.apply_to_task}
    applied = (row for row in FIELDS if row.group not in passed)
    fragments = [] if config is None else [*make_config_fragments(config, applied)]
    if config is not None:
        _refuse_store_secrets(config, compilation.options, path)
        _refuse_root(config, compilation.options, path)
    _refuse_tags(fragments, path)
    if compilation.pipeline.pipeline_config.workspace is not None and VOLUMES not in passed:
        fragments.append(_make_workspace(compilation.options))
    resources = _make_resources(executor.resources, fill)
    _refuse_tags(resources, path)
    if resources and "RESOURCES" not in passed:
        fragments.append(make_main_fragment(resources=resources))
    arguments: dict[str, str] = {}
    image = fill(executor.image)
    if not isinstance(image, str):
        assert isinstance(image, OpenValue)
        arguments[IMAGE_INPUT] = part_braces(image.expression)
        image = f"{{{{inputs.parameters.{IMAGE_INPUT}}}}}"
    else:
        _refuse_tags(image, path)
        image = map_image(image, compilation.options.image_rules)
    settings = render_pod(fragments, resolve)
    template = dict(settings.template)
    if settings.patch:
        patch = make_text_expression(settings.patch)
        # Constants have no tags.
        arguments[PATCH_INPUT] = patch if is_static(settings.patch) else part_braces_in_json(patch)
        template["podSpecPatch"] = f"{{{{inputs.parameters.{PATCH_INPUT}}}}}"
    return PodFields(
        image=image,
        arguments=arguments,
        template=template,
        container=settings.container,
    )


def _make_workspace(options: CompileOptions) -> Fragment:
    """Return what mounts the workspace: Argo made its claim for the first workflow of the run."""
    claim = f"{write_run_name(options.retried)}-{WORKSPACE_VOLUME}"
    return {
        "volumes": [{"name": WORKSPACE_VOLUME, "persistentVolumeClaim": {"claimName": claim}}],
        "container": {"volumeMounts": [{"name": WORKSPACE_VOLUME, "mountPath": WORKSPACE_PATH}]},
    }


def _refuse_store_secrets(
    config: KubernetesExecutorConfig, options: CompileOptions, path: str
) -> None:
    of_providers = (key.secret for each in options.providers for key in each.credentials.values())
    source = options.store_from
    of_store = (options.store_secret, source.name if source and source.kind == SECRET else None)
    secret = next((each for each in (*of_store, *of_providers) if each in config.secrets), None)
    if secret is not None:
        message = (
            f"it uses the secret '{secret}', which has the credentials of the store for driver and "
            "launcher; give the task a secret of its own"
        )
        raise InvalidPipelineError(Problem(path=path, message=message))


def _refuse_root(config: KubernetesExecutorConfig, options: CompileOptions, path: str) -> None:
    if options.pod_security is not PodSecurity.RESTRICTED:
        return
    context = config.security_context
    asked = {"runAsUser": context.get("runAsUser") == 0}
    asked["runAsNonRoot"] = context.get("runAsNonRoot") is False
    for name in (name for name, is_asked in asked.items() if is_asked):
        message = (
            f"its security context has '{name}: {to_json(context[name])}', which a namespace that "
            "enforces 'restricted' refuses; leave it out, or compile with '--pod-security baseline'"
        )
        raise InvalidPipelineError(Problem(path=path, message=message))


def _refuse_tags(value: object, path: str) -> None:
    """Refuse constants in which Argo would find a tag and replace it."""
    for text in _find_texts(value):
        if "{{" in text:
            message = f"'{text}' in its settings would be a tag for Argo, which replaces it"
            raise InvalidPipelineError(
                Problem(path=path, message=f"{message}; write out what it stands for")
            )


def _find_texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, VolumeName):
        yield from _find_texts(value.name)
    elif isinstance(value, Mapping):
        for name, member in cast("Mapping[str, object]", value).items():
            yield name
            yield from _find_texts(member)
    elif isinstance(value, Sequence):
        for item in cast("Sequence[object]", value):
            yield from _find_texts(item)


def _fill_placeholders(control: ControlValues, dag: str, task: Task, text: str) -> Patch:
    """Return ``text``, or where it has placeholders the expression of its value."""
    pieces: list[str] = []
    end = 0
    for match in _PLACEHOLDER.finditer(text):
        if match.start() > end:
            pieces.append(make_constant(text[end : match.start()]))
        name = match[1] if match[1] is not None else match[2]
        value = control.read_input(dag, task, name, ControlForm.VALUE)
        if value.type is not ParameterType.STRING:
            value = control.read_input(dag, task, name, ControlForm.TEXT)
        pieces.append(apply_default(value.text, "''") if value.nullable else value.text)
        end = match.end()
    if not pieces:
        return text
    if end < len(text):
        pieces.append(make_constant(text[end:]))
    return OpenValue(" + ".join(pieces))


def _make_resources(resources: Resources, fill: Callable[[str], Patch]) -> Patch:
    limits: dict[str, Patch] = {}
    requests: dict[str, Patch] = {}
    for name, limit, request in (
        ("cpu", resources.cpu_limit, resources.cpu_request),
        ("memory", resources.memory_limit, resources.memory_request),
    ):
        if limit:
            limits[name] = fill(limit)
        if request:
            requests[name] = fill(request)
    if resources.accelerator_type and resources.accelerator_count not in ("", "0"):
        kind = fill(resources.accelerator_type)
        count = fill(resources.accelerator_count)
        if isinstance(kind, OpenValue):
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
