"""The driver as a container: a step on the volumes of its pod, or a decision for Argo."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from argosy_driver.deciding_pod import decide_task
from argosy_driver.preparing.paths import ClusterPaths
from argosy_driver.preparing.prepare import prepare
from argosy_driver.resolving.resolver import Resolver
from argosy_driver.resolving.run_context import RunContext
from argosy_driver.resolving.run_parameters import parse_run_artifacts
from argosy_driver.resolving.upstream_statuses import read_upstream_statuses
from argosy_driver.settings import DriverSettings
from argosy_schemas.atomic_files import replace_atomically
from argosy_schemas.checking.run_parameters import parse_run_parameters
from argosy_schemas.errors import Reason
from argosy_schemas.formats.failures import convert_store_errors
from argosy_schemas.formats.packed_ir import REFERENCE_PREFIX, decode_base64, unpack
from argosy_schemas.formats.step import Decision, Step
from argosy_schemas.formats.step_files import write_step
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.pod import (
    CONTROL_PATH,
    PRIVATE_PATH,
    PUBLISHED_PATH,
    TASK_CA_VARIABLES,
    encode_object,
)
from argosy_store.locations import join_uri, parse_pipeline_root, parse_root
from argosy_store.objects import ObjectStore
from argosy_store.packed_irs import get_ir
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores

EXEC_NAME = "exec"
_MEMOIZED = (
    "if 'argo resubmit --memoized' made this run, resubmit without '--memoized': only the cache "
    "gives it results of another run"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class DriverContainer:
    """One driver in its pod, made by ``__main__``."""

    settings: DriverSettings
    stores: Stores
    mounted_at: Path
    """Below which the pod's paths are, ``/`` in a pod."""
    now: Callable[[], datetime]

    def prepare(self, executable: Path) -> Step:
        """Write the step of this pod, and ``exec``, to its volumes.

        Args:
            executable: ``exec`` for this machine.

        Raises:
            RetryableTaskError: A store did not answer for as long as its retries last.
            FinalTaskError: The workflow is not what the compiler made, or the IR is damaged.
        """
        with convert_store_errors():
            store = self._store()
            step = prepare(
                self.settings.task,
                self.settings.attempt,
                resolver=self._resolver(store),
                store=store,
                stores=self.stores,
                paths=ClusterPaths(self.mounted_at),
                now=self.now,
            )
        if step.decision is Decision.RUN:
            # Of equal names the later one wins: the one that the task sets.
            step = replace(step, env=(*self._list_pod_variables(), *step.env))
        elif step.failure is not None and step.failure.reason is Reason.UPSTREAM:
            # Argo does not start a task before the ones that it reads from have succeeded.
            message = f"{step.failure.message}; {_MEMOIZED}"
            step = replace(step, failure=replace(step.failure, message=message))
        published = self._here(PUBLISHED_PATH)
        write_step(step, private=self._here(PRIVATE_PATH), published=published)
        # Last: a main that can start finds all of the step.
        _copy_executable(executable, published / EXEC_NAME)
        return step

    def decide(self) -> None:
        """Publish the control object of a deciding pod.

        Raises:
            RetryableTaskError: A store did not answer for as long as its retries last.
            FinalTaskError: The condition or the items cannot be evaluated.
        """
        with convert_store_errors():
            control = decide_task(self.settings.task, resolver=self._resolver(self._store()))
        path = self._here(CONTROL_PATH)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(encode_object(control))

    def _list_pod_variables(self) -> Iterator[tuple[str, str]]:
        """Yield what KFP components may ask about their pod (``ir-semantics`` 7.8), and trust."""
        yield "KFP_POD_UID", self.settings.attempt
        if self.settings.retry:
            yield "KFP_RETRY_INDEX", self.settings.retry
        if self.settings.task_ca_bundle:
            for name in TASK_CA_VARIABLES:
                yield name, self.settings.task_ca_bundle

    def _here(self, path: str) -> Path:
        return self.mounted_at / path.lstrip("/")

    def _store(self) -> ObjectStore:
        return self.stores.open(self.settings.store)

    def _resolver(self, store: ObjectStore) -> Resolver:
        settings = self.settings
        pipeline = unpack(_ir_bytes(settings.ir, store))
        run = read_run_context(settings, pipeline)
        self.stores.add_root(run.root)
        return Resolver(
            pipeline,
            run,
            RunRecords(store, settings.run, known=pipeline.known),
            phases=read_upstream_statuses(settings.upstream, settings.task, pipeline),
            readers=store.concurrency,
            keep_collected=True,
        )


def read_run_context(settings: DriverSettings, pipeline: Pipeline) -> RunContext:
    """Return the run that a driver works for.

    Raises:
        InvalidArgumentError: A parameter of the workflow is wrong.
        StoreError: Nothing can be stored below the root of the pipeline.
    """
    texts = _declared(pipeline, settings.parameters)
    root = settings.root or pipeline.default_pipeline_root
    if settings.root:
        parse_root(root)
    elif root:
        parse_pipeline_root(root)
    return RunContext(
        id=settings.run,
        name=settings.name,
        created_at=settings.created_at,
        root=root or join_uri(settings.store, "artifacts"),
        parameters=parse_run_parameters(pipeline, texts),
        artifacts=parse_run_artifacts(pipeline, texts),
        store_secrets=settings.store_secrets,
        cache=settings.cache,
    )


def _declared(pipeline: Pipeline, texts: Mapping[str, str | None]) -> dict[str, str | None]:
    """Leave out what the pipeline does not declare: the workflow's author added it, not ours."""
    inputs = pipeline.root.inputs
    return {
        name: text
        for name, text in texts.items()
        if name in inputs.parameters or name in inputs.artifacts
    }


def _ir_bytes(text: str, store: ObjectStore) -> bytes:
    if text.startswith(REFERENCE_PREFIX):
        return get_ir(store, text.removeprefix(REFERENCE_PREFIX))
    return decode_base64(text)


def _copy_executable(source: Path, target: Path) -> None:
    """Copy ``exec`` so that main finds all of it or nothing, under any UID."""
    target.parent.mkdir(parents=True, exist_ok=True)
    with replace_atomically(target) as part:
        shutil.copyfile(source, part)
        part.chmod(0o755)
