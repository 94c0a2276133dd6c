"""Reading what the platform document says for Kubernetes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from argosy_schemas.findings import Findings, Path, suggest_name
from argosy_schemas.ir.kubernetes.fields import KubernetesExecutorConfig, read_config
from argosy_schemas.ir.kubernetes.volumes import ACCESS_MODES
from argosy_schemas.ir.model import Pipeline, PipelineConfig, Workspace
from argosy_schemas.message_text import quote_text
from argosy_schemas.quantities import is_amount
from argosy_schemas.values import JsonValue

Json = Mapping[str, Any]

KUBERNETES: Final[Path] = ("platforms", "kubernetes")
EXECUTORS: Final[Path] = (*KUBERNETES, "deploymentSpec", "executors")

_PATCHED: Final = ("accessModes", "storageClassName")
"""All of a workspace's claim that a pipeline may set (``ir-semantics`` 6.7)."""


def read_executor_configs(
    platform: Json, findings: Findings
) -> Mapping[str, KubernetesExecutorConfig]:
    """Return the configurations by executor label.

    Args:
        platform: The ``kubernetes`` member of the platform spec, canonical JSON that conforms to
            the schema; empty where the pipeline has none.
        findings: Of the platform document; receives what is wrong.
    """
    executors: Json = platform.get("deploymentSpec", {}).get("executors", {})
    return {
        label: read_config(json, findings, (*EXECUTORS, label)) for label, json in executors.items()
    }


def read_pipeline_config(platform: Json, findings: Findings) -> PipelineConfig:
    """Return the settings of a run; takes what :func:`read_executor_configs` takes."""
    json: Json = platform.get("pipelineConfig", {})
    workspace: Json = json.get("workspace", {})
    return PipelineConfig(
        active_deadline_seconds=max(0, json.get("activeDeadlineSeconds", 0)),
        ttl_seconds_after_completion=max(0, json.get("resourceTtlOnCompletion", 0)),
        ttl_seconds_after_success=max(0, json.get("resourceTtlOnSuccess", 0)),
        ttl_seconds_after_failure=max(0, json.get("resourceTtlOnFailure", 0)),
        workspace=_workspace(workspace, findings) if workspace else None,
    )


def add_platform(pipeline: Pipeline, platform: Json) -> Pipeline:
    """Return a pipeline that was read before, with what its platform spec says.

    Args:
        pipeline: Without it.
        platform: As for :func:`read_executor_configs`; nothing is wrong in it.
    """
    return replace(
        pipeline,
        kubernetes=read_executor_configs(platform, Findings()),
        pipeline_config=read_pipeline_config(platform, Findings()),
        platform=platform,
    )


def _workspace(json: Json, findings: Findings) -> Workspace:
    path: Path = (*KUBERNETES, "pipelineConfig", "workspace")
    size: str = json.get("size", "")
    if not is_amount(size):
        what = f"{quote_text(size)} is not an amount" if size else "The workspace has no size"
        findings.add((*path, "size"), f"{what}; write one such as '500Mi' or '2Gi'")
    path = (*path, "kubernetes", "pvcSpecPatch")
    patch: Json = json.get("kubernetes", {}).get("pvcSpecPatch", {})
    for name in patch.keys() - set(_PATCHED):
        todo = suggest_name(name, _PATCHED, otherwise=f"set only {' or '.join(_PATCHED)}")
        findings.add((*path, name), f"'{name}' cannot be set for a workspace; {todo}")
    modes: JsonValue = patch.get("accessModes", ["ReadWriteOnce"])
    listed = [str(mode) for mode in modes] if isinstance(modes, list) else []
    if not listed or not set(listed) <= set(ACCESS_MODES):
        message = f"Is not a list of access modes; list some of {', '.join(ACCESS_MODES)}"
        findings.add((*path, "accessModes"), message)
    storage_class: Any = patch.get("storageClassName")
    if storage_class == "" or not isinstance(storage_class, str | None):
        message = (
            "Is not the name of a storage class; name one, or remove it for the cluster's default"
        )
        findings.add((*path, "storageClassName"), message)
    return Workspace(size=size, access_modes=tuple(listed), storage_class=storage_class)
