"""What a Workflow on a cluster says about its run, before its nodes are read."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from argosy_cluster.cluster import Cluster, Document, find_object, find_objects
from argosy_cluster.resources import PHASE_LABEL, WORKFLOWS
from argosy_compiler.config_objects import CONFIG_MAP, SECRET, ConfigObject
from argosy_compiler.options import options_from_json
from argosy_runs.argo.identity import read_run_identity
from argosy_runs.places import RunEntry
from argosy_runs.states import RunState
from argosy_runs.viewing.workflow_document import WorkflowDocument
from argosy_schemas.errors import InvalidArgumentError
from argosy_schemas.formats.dataclass_json import time_from_json
from argosy_schemas.pod import (
    ATTEMPT_LABEL,
    DRIVER_CONTAINER,
    ENV_IR,
    IR_PARAMETER,
    OPTIONS_ANNOTATION,
    PIPELINE_ANNOTATION,
    PIPELINE_LABEL,
    RUN_LABEL,
    STORE_PARAMETER,
)

_CONTROLLER: Final = "workflow-controller"
"""How the API server names Argo's controller among those who changed an object."""
_STOPPED: Final = "Stopped with strategy"
"""How Argo begins the message of a workflow that was stopped or terminated."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the parts of a run are that its Workflow does not hold."""

    ir: str | None
    """The text of the parameter ``argosy-ir``; ``None``: in ``ir_object``."""
    ir_object: str | None
    """The name of the ConfigMap with the IR."""
    store: str | None
    """The URL of the store; ``None``: in ``store_object``, or nobody gave one."""
    store_object: ConfigObject | None
    """Has the URL of the store under ``ARGOSY_STORE``."""


def find_sources(workflow: Document) -> Sources:
    """Return where IR and store of a run are.

    Raises:
        InvalidArgumentError: It is no workflow of Argosy.
    """
    arguments = WorkflowDocument(workflow).arguments
    ir, ir_object, store_object = arguments.get(IR_PARAMETER), None, None
    for driver in _drivers(workflow):
        for variable in find_objects(driver, "env"):
            if variable["name"] == ENV_IR and ir is None:
                ir_object = find_object(variable, "valueFrom", "configMapKeyRef").get("name")
        if STORE_PARAMETER not in arguments:
            # The first one is that of the store; the others hold credentials.
            for source in find_objects(driver, "envFrom"):
                kind, field = (
                    (CONFIG_MAP, "configMapRef")
                    if "configMapRef" in source
                    else (SECRET, "secretRef")
                )
                store_object = ConfigObject(kind=kind, name=source[field]["name"])
                break
        break
    if STORE_PARAMETER not in arguments and store_object is None:
        # Where all results were known, there is no driver.
        options = find_object(workflow, "metadata", "annotations").get(OPTIONS_ANNOTATION)
        store_object = None if options is None else options_from_json(options).store_from
    if ir is None and ir_object is None:
        metadata: Any = workflow["metadata"]
        raise InvalidArgumentError(
            f"workflow '{metadata['name']}' is none of Argosy's; read it with 'argo get'"
        )
    return Sources(
        ir=ir, ir_object=ir_object, store=arguments.get(STORE_PARAMETER), store_object=store_object
    )


def make_entry(row: Document) -> RunEntry:
    """Return the entry of a run, from the metadata of its workflow and the columns of a table."""
    metadata: Mapping[str, Any] = row
    labels, annotations = find_object(row, "labels"), find_object(row, "annotations")
    cells = find_object(row, "cells")
    message = str(cells.get("message") or "")
    identity = read_run_identity(metadata)
    state = _state(labels.get(PHASE_LABEL) or str(cells.get("status") or ""), message)
    return RunEntry(
        run_id=identity.run_id,
        name=metadata["name"],
        pipeline=annotations.get(PIPELINE_ANNOTATION) or labels.get(PIPELINE_LABEL, ""),
        state=state,
        created_at=identity.created_at,
        started_at=time_from_json(metadata["creationTimestamp"]),
        finished_at=_last_change(row) if state.is_final else None,
        error=message or None if state is not RunState.SUCCEEDED else None,
    )


def _last_change(row: Document) -> datetime | None:
    """Return when Argo's controller last changed a workflow; ``None``: it is not known.

    The metadata do not say when a workflow ended. The controller has little to change afterwards.
    """
    times = [
        each["time"]
        for each in find_objects(row, "managedFields")
        if each.get("manager") == _CONTROLLER and each.get("time")
    ]
    return time_from_json(max(times)) if times else None


def find_newest(cluster: Cluster, run_id: str) -> str | None:
    """Return the name of the Workflow that works on a run, or did so last; ``None``: it is gone.

    Raises:
        ClusterError: The cluster does not give the Workflows.
    """
    # The service labels its workflows; others have to be looked through.
    for labels in (f"{RUN_LABEL}={run_id}", PIPELINE_LABEL):
        found: list[Document] = []
        for row in cluster.list_rows(WORKFLOWS, labels=labels):
            # Who damaged the annotation has no run.
            with contextlib.suppress(InvalidArgumentError):
                if read_run_identity(row).run_id == run_id:
                    found.append(row)
        if found:
            return str(max(found, key=read_age)["name"])
    return None


def read_age(metadata: Document) -> tuple[str, int]:
    """Return a key by which the newest Workflow of a run is the last."""
    # The times of the API server have whole seconds.
    return str(metadata["creationTimestamp"]), read_attempt(metadata)


def read_attempt(metadata: Document) -> int:
    """Return how often the run of a Workflow had ended before; 0 where nothing says it."""
    text = str(find_object(metadata, "labels").get(ATTEMPT_LABEL, ""))
    return int(text) if text.isdecimal() else 0


def is_over(workflow: Document) -> bool:
    """Return whether the controller is done with a workflow."""
    return find_object(workflow, "status").get("phase") in ("Succeeded", "Failed", "Error")


def _state(phase: str, message: str) -> RunState:
    match phase:
        case "Succeeded":
            return RunState.SUCCEEDED
        case "Failed" | "Error":
            return RunState.CANCELED if message.startswith(_STOPPED) else RunState.FAILED
        case "Running":
            return RunState.RUNNING
        case _:
            return RunState.PENDING


def _drivers(workflow: Document) -> Iterator[Mapping[str, Any]]:
    """Yield the containers of drivers."""
    stored = find_object(workflow, "status", "storedWorkflowTemplateSpec")
    spec = {**stored, **find_object(workflow, "spec")}
    for template in find_objects(spec, "templates"):
        for container in find_objects(template, "initContainers"):
            if container.get("name") == DRIVER_CONTAINER:
                yield container
