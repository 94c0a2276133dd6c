"""What must hold in an executor and the component that it belongs to."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from argosy_schemas.findings import Findings, Path, did_you_mean

Json = Mapping[str, Any]


def check_executor(executor: Json, path: Path, component: Json, findings: Findings) -> None:
    """Add what is wrong in an executor that ``component`` runs."""
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


def _check_importer(importer: Json, path: Path, component: Json, findings: Findings) -> None:
    uri: Json = importer.get("artifactUri", {})
    name: str | None = uri.get("runtimeParameter")
    inputs: Json = component.get("inputDefinitions", {}).get("parameters", {})
    if name is not None and name not in inputs:
        todo = did_you_mean(name, inputs, otherwise="declare it in the component's inputs")
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
