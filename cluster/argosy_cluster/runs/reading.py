"""What a Workflow of a cluster, its store and its records say of a run."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from argosy_cluster.cluster import Cluster, Document, find_object
from argosy_cluster.resources import CONFIG_MAPS
from argosy_cluster.runs.store_urls import read_store_url
from argosy_cluster.runs.workflows import Sources, find_sources
from argosy_compiler.config_objects import ConfigObject
from argosy_runs.argo.identity import read_run_identity
from argosy_runs.argo.offloaded import is_offloaded, read_offloaded_run
from argosy_runs.argo.runs import read_argo_run
from argosy_runs.places import write_command
from argosy_runs.recorded import read_recorded_run
from argosy_runs.results import RunResult
from argosy_schemas.errors import InvalidArgumentError, StoreError
from argosy_schemas.formats.packed_ir import (
    REFERENCE_PREFIX,
    PackedIrError,
    decode_base64,
    unpack,
)
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.names import RunId
from argosy_store.memory import MemoryStore
from argosy_store.objects import ObjectStore
from argosy_store.packed_irs import get_ir
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores

_MEMORY_SECONDS: Final = 60.0
"""How long a failed read of a store, and the URL that an object holds, are remembered."""
_KEPT_PIPELINES: Final = 64
_CACHED_RECORDS: Final = 20_000
"""More than a run on Argo has tasks: each record is read once."""


class RunReader:
    """Reads runs of a cluster. For one thread."""

    def __init__(
        self,
        cluster: Cluster,
        *,
        patience_seconds: float,
        only_store: str | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """Open no store yet.

        Args:
            cluster: Where the workflows are.
            patience_seconds: How long a store may take to answer.
            only_store: The store of all runs, whatever their workflows say; ``None``: these say it.
            monotonic: The clock.
        """
        self._monotonic = monotonic
        self._cluster = cluster
        self._only_store = only_store
        self._stores = Stores(patience_seconds=patience_seconds)
        self._unreachable: dict[str, tuple[float, str]] = {}
        """What to say of each store that could not be read, by its URL, and until when."""
        self._urls: dict[ConfigObject, tuple[float, str]] = {}
        """The URLs of stores that objects of the cluster hold, and until when they are trusted."""
        self._pipelines: dict[str, Pipeline] = {}
        """Those that were read last, by the text of the parameter that carries them."""

    def close(self) -> None:
        """Close the stores."""
        self._stores.close()

    def read(self, workflow: Document, *, with_values: bool) -> RunResult:
        """Return what became of the run of a workflow.

        Where the store cannot be reached from here, what only the records say is left out, and a
        notice says so.

        Args:
            workflow: As the cluster has it now.
            with_values: Whether the inputs and outputs of tasks are needed.

        Raises:
            InvalidArgumentError: It is none of Argosy's, or cannot be read.
            StoreError: Its IR is in the store, which cannot be reached.
            ClusterError: The object that names its store, or has its IR, cannot be read now.
        """
        metadata: Any = workflow["metadata"]
        sources = find_sources(workflow)
        url, store = self.store_of(sources)
        pipeline = self.read_pipeline(sources, store, metadata["name"])
        if store is None:
            notices = ("the workflow of this run names no store, so its records are not read",)
            return _read(workflow, pipeline, MemoryStore(), "", with_values, notices)
        until, notice = self._unreachable.get(url, (0.0, ""))
        if self._monotonic() >= until:
            try:
                return _read(workflow, pipeline, store, store.url, with_values)
            except StoreError as error:
                # Who follows runs does not wait for it again and again.
                notice = (
                    "the store cannot be read from here, so outputs and what came from the cache "
                    f"are not known: {error}"
                )
                self._unreachable[url] = self._monotonic() + _MEMORY_SECONDS, notice
        notices = (notice,)
        return _read(workflow, pipeline, MemoryStore(), "", with_values, notices)

    def store_of(self, sources: Sources) -> tuple[str, ObjectStore | None]:
        """Return the URL of the store of a run, and the store; ``None``: nothing names one.

        Raises:
            StoreError: The URL cannot be used, or is not that of all runs.
            ClusterError: The object that names it cannot be read now.
        """
        url = sources.store or ""
        if self._only_store is not None and url != self._only_store:
            found = sources.store_object
            named = f"{found.kind}/{found.name}" if found is not None and not url else url
            raise StoreError(
                f"its workflow has {f'the store {named}' if named else 'no store'}, and with "
                f"--multi-user only {self._only_store} is read; submit it with --store",
                retryable=False,
            )
        if not url and sources.store_object is not None:
            until, url = self._urls.get(sources.store_object, (0.0, ""))
            if self._monotonic() >= until:
                url = read_store_url(self._cluster, sources.store_object)
                self._urls[sources.store_object] = self._monotonic() + _MEMORY_SECONDS, url
        return url, (self._stores.open(url) if url else None)

    def read_pipeline(self, sources: Sources, store: ObjectStore | None, name: str) -> Pipeline:
        """Return the pipeline of a run, with what its workflow says is known.

        Raises:
            InvalidArgumentError: It is in a store that nothing names, is damaged, or of a newer
            release.
            StoreError: Its store cannot be read.
            ClusterError: It is in a ConfigMap that cannot be read.
        """
        key = sources.ir or f"configmap/{sources.ir_object}"
        found = self._pipelines.pop(key, None)
        if found is None:
            try:
                found = unpack(self.read_packed_ir(sources, store, name))
            except PackedIrError as error:
                raise InvalidArgumentError(
                    f"the pipeline of run '{name}' cannot be read: {error}"
                ) from error
        self._pipelines[key] = found
        if len(self._pipelines) > _KEPT_PIPELINES:
            del self._pipelines[next(iter(self._pipelines))]
        return found

    def read_packed_ir(self, sources: Sources, store: ObjectStore | None, name: str) -> bytes:
        """Return the packed IR of a run; see :meth:`read_pipeline`.

        Raises:
            PackedIrError: It is damaged.
        """
        text = sources.ir
        if sources.ir_object is not None:
            config_map: Any = self._cluster.get(CONFIG_MAPS, sources.ir_object)
            text = str(config_map["data"]["ir"])
        assert text is not None, "find_sources refuses it"
        if store is None and text.startswith(REFERENCE_PREFIX):
            listing = write_command("list", None, self._cluster.options)
            raise InvalidArgumentError(
                f"the pipeline of run '{name}' is in a store that its workflow does not name; "
                f"'{listing}' and 'argo get' show what is known without it"
            )
        return _fetch(text, store)

    def open(self, url: str) -> ObjectStore:
        """Return the store of a URL.

        Raises:
            StoreError: The URL cannot be used.
        """
        return self._stores.open(url)

    def read_recorded(self, url: str, run_id: RunId, *, with_values: bool) -> RunResult | None:
        """Return what the records of a run without a workflow say; ``None``: there are none.

        Args:
            url: Of the store.
            run_id: Of the run.
            with_values: Whether the inputs and outputs of tasks are needed.

        Raises:
            StoreError: The store cannot be read.
        """
        store = self.open(url)
        return read_recorded_run(store, run_id, log_root=store.url, with_values=with_values)


def _fetch(text: str, store: ObjectStore | None) -> bytes:
    """Return the packed IR that a workflow carries, or refers to."""
    if store is None or not text.startswith(REFERENCE_PREFIX):
        return decode_base64(text)
    return get_ir(store, text.removeprefix(REFERENCE_PREFIX))


def _read(
    workflow: Document,
    pipeline: Pipeline,
    store: ObjectStore,
    url: str,
    with_values: bool,
    notices: tuple[str, ...] = (),
) -> RunResult:
    run_id = read_run_identity(find_object(workflow, "metadata")).run_id
    records = RunRecords(store, run_id, known=pipeline.known, cached_records=_CACHED_RECORDS)
    read = read_offloaded_run if is_offloaded(workflow) else read_argo_run
    result = read(workflow, pipeline, records, log_root=url, with_values=with_values)
    return replace(result, notices=(*result.notices, *notices))
