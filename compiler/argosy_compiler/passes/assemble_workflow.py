"""Assemble the workflow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from argosy_compiler.argo.cluster_names import make_label, make_name_prefix
from argosy_compiler.argo.run_identity import write_run_id
from argosy_compiler.argo.template_names import ON_EXIT
from argosy_compiler.compilation import Compilation
from argosy_compiler.options import options_to_json
from argosy_compiler.pods.isolation import make_pod_labels, make_workflow_settings
from argosy_expressions.terms import quote
from argosy_schemas.errors import InvalidPipelineError, Problem
from argosy_schemas.formats.retried_run import retried_run_to_json
from argosy_schemas.ir.from_json import ROOT
from argosy_schemas.ir.model import ParameterType, Workspace
from argosy_schemas.pod import (
    CACHE_PARAMETER,
    IR_PARAMETER,
    OPTIONS_ANNOTATION,
    PIPELINE_ANNOTATION,
    PIPELINE_LABEL,
    RETRY_ANNOTATION,
    ROOT_PARAMETER,
    RUN_LABEL,
    STORE_PARAMETER,
    WORKSPACE_VOLUME,
)
from argosy_schemas.values import UNSET, escape_tags, to_json


def assemble_workflow(compilation: Compilation) -> Compilation:
    """Return the compilation with the workflow.

    Raises:
        InvalidPipelineError: Its workspace cannot be made.
    """
    name = compilation.pipeline.name
    label = make_label(name)
    labels = {PIPELINE_LABEL: label}
    annotations = {} if label == name else {PIPELINE_ANNOTATION: name}
    options = options_to_json(compilation.options)
    if options != "{}":
        annotations[OPTIONS_ANNOTATION] = options
    retried = compilation.options.retried
    if retried is not None:
        annotations[RETRY_ANNOTATION] = retried_run_to_json(retried)
    spec: dict[str, Any] = {
        "entrypoint": ROOT,
        **(
            {"onExit": ON_EXIT}
            if any(one["name"] == ON_EXIT for one in compilation.templates)
            else {}
        ),
        "arguments": {"parameters": make_parameters(compilation)},
        "templates": list(compilation.templates),
        "podMetadata": {
            "labels": {
                RUN_LABEL: write_run_id(retried),
                **labels,
                **make_pod_labels(compilation.options),
            }
        },
        **_make_settings(compilation),
    }
    workflow = {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Workflow",
        "metadata": {
            **(
                {"generateName": f"{make_name_prefix(name)}-"}
                if retried is None
                else {"name": retried.workflow}
            ),
            "labels": labels,
            **({"annotations": annotations} if annotations else {}),
        },
        "spec": spec,
    }
    return replace(compilation, workflow=workflow)


def make_parameters(compilation: Compilation) -> list[dict[str, str]]:
    """Return the parameters of the workflow.

    What has to be given is declared without a value, so that Argo asks for it before anything runs.
    A text that may be left out and has no default is not declared, nor is one whose default would
    be a tag for Argo: drivers take it from the IR.
    """
    parameters = [{"name": ROOT_PARAMETER, "value": compilation.options.root}]
    parameters.append({"name": CACHE_PARAMETER, "value": "true"})
    if compilation.ir_text:
        parameters.append({"name": IR_PARAMETER, "value": compilation.ir_text})
    store = compilation.options.store
    if compilation.options.store_from is None:
        parameters.append({"name": STORE_PARAMETER, **({} if store is None else {"value": store})})
    inputs = compilation.pipeline.root.inputs
    for name, spec in sorted(inputs.parameters.items()):
        if spec.default is not UNSET and spec.default is not None:
            default = spec.default
            if spec.type is not ParameterType.STRING or not isinstance(default, str):
                parameters.append({"name": name, "value": escape_tags(to_json(default))})
            elif "{{" not in default:
                parameters.append({"name": name, "value": default})
            elif _is_read(name, compilation):
                raise InvalidPipelineError(
                    Problem(
                        path=f"root.inputDefinitions.parameters.{name}.defaultValue",
                        message="has '{{', where a tag begins for Argo, and a condition, loop or "
                        "setting of a pod needs the value; write it without",
                    )
                )
        elif spec.default is UNSET and not spec.optional:
            parameters.append({"name": name})
        elif spec.optional and spec.type is not ParameterType.STRING:
            parameters.append({"name": name, "value": "null"})
    required = (name for name, spec in sorted(inputs.artifacts.items()) if not spec.optional)
    parameters.extend({"name": name} for name in required)
    # A condition that reads a list may turn out to need a deciding pod.
    texts = to_json(list(compilation.templates)) if compilation.list_parameters else ""
    for name, items in compilation.list_parameters.items():
        if name in texts:
            parameters.append({"name": name, "value": escape_tags(items)})
    return parameters


def _is_read(name: str, compilation: Compilation) -> bool:
    """Return whether a DAG reads a parameter of the workflow."""
    reference = to_json(f"workflow.parameters[{quote(name)}]")[1:-1]
    dags = [template for template in compilation.templates if "dag" in template]
    return reference in to_json(dags)


def _make_settings(compilation: Compilation) -> dict[str, Any]:
    config = compilation.pipeline.pipeline_config
    settings = make_workflow_settings(compilation.options)
    if compilation.options.service_account is not None:
        settings["serviceAccountName"] = compilation.options.service_account
    if config.active_deadline_seconds:
        settings["activeDeadlineSeconds"] = config.active_deadline_seconds
    strategy = {
        "secondsAfterCompletion": config.ttl_seconds_after_completion,
        "secondsAfterSuccess": config.ttl_seconds_after_success,
        "secondsAfterFailure": config.ttl_seconds_after_failure,
    }
    if any(strategy.values()):
        settings["ttlStrategy"] = {name: seconds for name, seconds in strategy.items() if seconds}
    # A run that goes on in another workflow has the workspace of its first one.
    if config.workspace is not None and compilation.options.retried is None:
        settings["volumeClaimTemplates"] = [_make_claim(config.workspace)]
    return settings


def _make_claim(workspace: Workspace) -> dict[str, Any]:
    spec: dict[str, Any] = {
        "accessModes": list(workspace.access_modes),
        "resources": {"requests": {"storage": workspace.size}},
    }
    if workspace.storage_class is not None:
        spec["storageClassName"] = workspace.storage_class
    return {"metadata": {"name": WORKSPACE_VOLUME}, "spec": spec}
