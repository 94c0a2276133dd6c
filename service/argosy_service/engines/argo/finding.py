"""Runs that somebody submitted without the service, from their Workflows."""

from __future__ import annotations

import json
from typing import Any

from argosy_cluster.cluster import Document, find_object
from argosy_cluster.runs.place import ClusterRuns
from argosy_cluster.runs.workflows import find_sources
from argosy_runs.argo.identity import read_run_identity
from argosy_runs.viewing.workflow_document import WorkflowDocument
from argosy_schemas.checking.run_parameters import parse_run_parameters
from argosy_schemas.formats.packed_ir import inflate, unpack
from argosy_schemas.values import to_json
from argosy_service.engines.protocol import FoundRun
from argosy_service.spec_documents import PLATFORM, SPEC


def read_found_run(runs: ClusterRuns, workflow: Document) -> FoundRun:
    """Return what the service keeps of the run of a Workflow.

    Raises:
        InvalidArgumentError: It is none of Argosy's, or its pipeline cannot be found.
        PackedIrError: Its pipeline is damaged.
        StoreError: Its pipeline is in a store that cannot be read.
        ClusterError: Its pipeline is in an object that cannot be read.
    """
    identity = read_run_identity(find_object(workflow, "metadata"))
    sources = find_sources(workflow)
    _, store = runs.reader.store_of(sources)
    packed = runs.reader.read_packed_ir(sources, store, identity.name)
    document: Any = json.loads(inflate(packed))
    spec = document["pipelineSpec"]
    if "platformSpec" in document:
        spec = {SPEC: spec, PLATFORM: document["platformSpec"]}
    inputs = unpack(packed).root.inputs.parameters
    given = WorkflowDocument(workflow).arguments
    return FoundRun(
        run_id=identity.run_id,
        name=identity.name,
        created_at=identity.created_at,
        spec=to_json(spec),
        parameters=parse_run_parameters(
            unpack(packed), {name: given[name] for name in inputs if name in given}
        ),
        service_account=str(find_object(workflow, "spec").get("serviceAccountName") or ""),
    )
