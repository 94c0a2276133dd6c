"""Runs that somebody submitted without the service, from their Workflows."""

from __future__ import annotations

import json
from collections.abc import Callable, Collection, Sequence
from itertools import islice
from typing import Any, Final

from argosy_cluster.cluster import Document, find_object
from argosy_cluster.runs.place import ClusterRuns
from argosy_cluster.runs.workflows import find_sources
from argosy_runs.argo.identity import read_run_identity
from argosy_runs.viewing.workflow_document import WorkflowDocument
from argosy_schemas.checking.run_parameters import parse_run_parameters
from argosy_schemas.formats.packed_ir import inflate, unpack
from argosy_schemas.logger import Logger
from argosy_schemas.values import to_json
from argosy_service.engines.argo.reading import describe
from argosy_service.engines.protocol import FoundRun
from argosy_service.spec_documents import PLATFORM, SPEC

_LOGGER: Final = Logger("service.argo")
_AT_ONCE: Final = 100
"""How many runs are looked at in a step."""


class ForeignRuns:
    """Runs that somebody else submitted, until the engine is told to follow them."""

    def __init__(self, runs: ClusterRuns) -> None:
        self._runs = runs
        self._documents: dict[str, Document] = {}
        """Their newest Workflows, by run."""
        self._known: set[str] = set()
        """The ids of runs that the engine has, or that it was told of."""

    def note(self, run_id: str, workflow: Document) -> None:
        """Take note of the newest Workflow of a run."""
        # Who was told of a run starts it a moment later, with what it is then.
        if run_id in self._documents or run_id not in self._known:
            self._documents[run_id] = workflow

    def take(self, run_id: str) -> Document | None:
        """Return the Workflow of a run that the engine follows now; ``None``: it was not found."""
        self._known.add(run_id)
        return self._documents.pop(run_id, None)

    def lose(self, run_id: str, name: str) -> None:
        """Forget the Workflow of a run, which is gone."""
        document = self._documents.get(run_id)
        if document is not None and find_object(document, "metadata").get("name") == name:
            del self._documents[run_id]

    def forget(self, run_id: str) -> None:
        """Forget a run that has no Workflow and that the engine does not follow."""
        self._known.discard(run_id)

    def find(
        self, choose_missing: Callable[[Collection[str]], Collection[str]]
    ) -> Sequence[FoundRun]:
        """Return some of the runs, each once.

        Args:
            choose_missing: Returns those ids of runs that are not known elsewhere.
        """
        ids = list(islice((each for each in self._documents if each not in self._known), _AT_ONCE))
        missing = choose_missing(ids) if ids else ()
        # Only now: if nobody can say what is missing they are asked about again.
        self._known.update(ids)
        found: list[FoundRun] = []
        for run_id in missing:
            document = self._documents[run_id]
            try:
                found.append(read_found_run(self._runs, document))
            except Exception as error:  # one that nobody foresaw must not hide the others
                name = find_object(document, "metadata").get("name")
                _LOGGER.info("workflow %s cannot be shown as a run: %s", name, describe(error))
        told = {each.run_id for each in found}
        for run_id in ids:
            if run_id not in told:
                del self._documents[run_id]
        return found


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
