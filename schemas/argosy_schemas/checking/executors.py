"""Check an executor and the component that it belongs to."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from argosy_schemas.findings import Findings, Path, suggest_name
from argosy_schemas.message_text import quote_text
from argosy_schemas.quantities import is_amount

Json = Mapping[str, Any]

_AMOUNTS: Final = (
    "resourceCpuLimit",
    "resourceCpuRequest",
    "resourceMemoryLimit",
    "resourceMemoryRequest",
)
_NUMBERS: Final = ("cpuLimit", "cpuRequest", "memoryLimit", "memoryRequest")
_COUNT: Final = re.compile("[0-9]+")
_PLACEHOLDER: Final = "{{"


def check_executor(executor: Json, path: Path, component: Json, findings: Findings) -> None:
    """Add the problems of an executor that ``component`` runs."""
    if "container" in executor:
        _check_container(executor["container"], (*path, "container"), findings)
    elif "importer" in executor:
        _check_importer(executor["importer"], (*path, "importer"), component, findings)
    elif "resolver" in executor or "customJob" in executor:
        kind = "resolver" if "resolver" in executor else "customJob"
        findings.add(
            (*path, kind),
            f"Argosy cannot run an executor of kind '{kind}'; use a container or an importer",
            is_unsupported=True,
        )
    else:
        findings.add(path, "The executor has no kind; set 'container' or 'importer'")


def _check_container(container: Json, path: Path, findings: Findings) -> None:
    if not container.get("image"):
        findings.add(path, "The container has no image; set 'image'")
    for position, variable in enumerate(container.get("env", ())):
        name: str = variable.get("name", "")
        if not name or "=" in name or "\0" in name:
            message = "The environment variable has no name; set one without '='"
            findings.add((*path, "env", position), message)
    _check_resources(container.get("resources", {}), (*path, "resources"), findings)


def _check_resources(resources: Json, path: Path, findings: Findings) -> None:
    """Add amounts that Kubernetes refuses; the value of a placeholder is known to a run only."""
    for name in _AMOUNTS:
        text: str = resources.get(name, "")
        if text and _PLACEHOLDER not in text and not is_amount(text):
            message = f"{quote_text(text)} is not an amount; write one such as '500m' or '2Gi'"
            findings.add((*path, name), message)
    for name in _NUMBERS:
        if resources.get(name, 0) < 0:
            message = f"{resources[name]} is negative; write 0 or more"
            findings.add((*path, name), message)
    accelerator: Json = resources.get("accelerator", {})
    accelerator_path: Path = (*path, "accelerator")
    count: str = accelerator.get("resourceCount", "")
    if count and _PLACEHOLDER not in count and not _COUNT.fullmatch(count):
        message = f"{quote_text(count)} is not a number of accelerators; write 0 or more"
        findings.add((*accelerator_path, "resourceCount"), message)
    if accelerator.get("count", 0) < 0:
        message = f"{accelerator['count']} is negative; write 0 or more"
        findings.add((*accelerator_path, "count"), message)


def _check_importer(importer: Json, path: Path, component: Json, findings: Findings) -> None:
    uri: Json = importer.get("artifactUri", {})
    name: str | None = uri.get("runtimeParameter")
    inputs: Json = component.get("inputDefinitions", {}).get("parameters", {})
    if name is not None and name not in inputs:
        todo = suggest_name(name, inputs, otherwise="declare it in the component's inputs")
        message = f"The URI comes from parameter '{name}', which is not declared; {todo}"
        findings.add((*path, "artifactUri", "runtimeParameter"), message)
    elif not uri:
        findings.add(path, "The importer has no URI; set 'artifactUri'")
    if importer.get("typeSchema", {}).get("schemaUri"):
        findings.add(
            (*path, "typeSchema", "schemaUri"),
            "Argosy cannot read 'schemaUri'; use 'schemaTitle' or 'instanceSchema'",
            is_unsupported=True,
        )
