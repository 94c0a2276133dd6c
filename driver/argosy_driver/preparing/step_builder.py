"""Build the step of a container task from its resolved inputs.

:meth:`StepBuilder.decide` computes the step without side effects. :meth:`StepBuilder.build` also
writes the record of the attempt and downloads the input artifacts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from argosy_driver.preparing.arguments import (
    ReadImageCommand,
    make_command_line,
    make_environment,
)
from argosy_driver.preparing.cache import CacheHit, look_up
from argosy_driver.preparing.downloads import download_inputs, get_imported_version
from argosy_driver.preparing.executor_input import SeenArtifact, make_executor_input
from argosy_driver.preparing.fingerprint import (
    InputArtifact,
    Work,
    compute_custom_fingerprint,
    compute_fingerprint,
)
from argosy_driver.preparing.paths import ComponentPaths, SeenLocation
from argosy_driver.preparing.task_config import (
    applies_group,
    get_mounted_claims,
    make_task_config,
    refuse_store_secrets,
)
from argosy_driver.preparing.task_placeholders import TaskPlaceholders, is_known_late
from argosy_driver.resolving.placeholders import find_placeholders, substitute, substitute_value
from argosy_driver.resolving.resolver import Resolver
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import AttemptRecord, AttemptState, Reason
from argosy_schemas.formats.step import Decision, OutputArtifact, OutputParameter, Step, UriMapping
from argosy_schemas.ir.model import Constant, ContainerExecutor, ParameterType
from argosy_schemas.ir.task_tree import TaskPosition
from argosy_schemas.logger import Logger
from argosy_schemas.names import ArtifactUri
from argosy_schemas.values import JsonValue
from argosy_store.local.files import make_write_error
from argosy_store.locations import join_uri
from argosy_store.objects import ObjectStore
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores

if TYPE_CHECKING:
    from argosy_driver.preparing.local_pod import LocalPod

_LOGGER = Logger("driver.cache")


@dataclass(frozen=True, kw_only=True)
class StepBuilder:
    """Builds the step of one attempt of a container task."""

    position: TaskPosition
    draft: Step
    """The step with ids, control entries and resolved inputs."""
    resolver: Resolver
    records: RunRecords
    store: ObjectStore
    stores: Stores
    paths: ComponentPaths
    read_image: ReadImageCommand | None = None
    """Reads the entry point of an image; ``None``: images cannot be read."""

    def build(self) -> Step:
        """Return the step; if its decision is ``RUN``, everything is ready for the command."""
        step = self.decide()
        if step.decision is Decision.RUN:
            self.records.write_attempt(_make_running_record(step))
            self._make_directories(step)
            download_inputs(
                self._artifacts, stores=self.stores, paths=self.paths, task_path=step.task_path
            )
        return step

    def decide(self) -> Step:
        """Return the step with its decision, without writing."""
        draft, path = self.draft, self.position.path
        executor = self.position.container
        if executor is None:
            raise FinalTaskError(
                f"task '{path}' has no container to run; compile the pipeline again",
                reason=Reason.INTERNAL,
            )
        refuse_store_secrets(self.resolver, self.position)
        placeholders = self._placeholders()
        parameters = {**placeholders.parameters, **self._late_parameters(placeholders)}
        uses_workspace = self._uses_workspace(executor, parameters)
        parameters.update(self._task_config(executor, placeholders, uses_workspace=uses_workspace))
        seen, mounted = parameters, executor
        local = self._local_pod
        if local is not None:
            seen = {name: local.mounts.replace_in(value) for name, value in parameters.items()}
            mounted = local.mounts.apply(executor)
        placeholders = self._placeholders(seen)
        step = replace(
            draft,
            decision=Decision.RUN,
            argv=make_command_line(
                mounted, placeholders, task_path=path, read_image=self.read_image
            ),
            env=self._environment(mounted, placeholders),
            inputs=replace(draft.inputs, parameters=parameters),
            output_parameters=self._output_parameters,
            output_artifacts=self._output_artifacts,
            executor_output_path=placeholders.output_file,
            uri_mappings=(UriMapping(seen=self._root_location.uri, stored=self._root_uri),),
            seen_artifacts={
                each.location.uri: each.artifact
                for items in self._artifacts.values()
                for each in items
            },
        )
        key = self._fingerprint(executor, placeholders, uses_workspace=uses_workspace)
        if key is not None:
            step = replace(step, fingerprint=key)
            if path in self.resolver.pipeline.known.outdated:
                return step  # it was asked to run again
            if self._shares_storage_of_run(uses_workspace=uses_workspace):
                return step
            found = look_up(key, store=self.store, stores=self.stores, pipeline=draft.pipeline)
            if isinstance(found, CacheHit):
                _LOGGER.debug("%s is cached from run %s", path, found.record.run_id)
                return replace(
                    draft,
                    decision=Decision.CACHED,
                    inputs=step.inputs,
                    fingerprint=key,
                    cached_from=found.record,
                    outputs=found.outputs,
                )
            _LOGGER.debug("%s is not cached: %s", path, found.reason)
        return step

    # Locations.

    @cached_property
    def _root_uri(self) -> ArtifactUri:
        """The URI below which all artifacts of this attempt are stored."""
        draft = self.draft
        return join_uri(
            self.resolver.run.root,
            draft.pipeline,
            draft.run_id,
            draft.task_path,
            draft.attempt_id,
        )

    @cached_property
    def _root_location(self) -> SeenLocation:
        return self.paths.task_root(self._root_uri)

    @cached_property
    def _artifacts(self) -> dict[str, tuple[SeenArtifact, ...]]:
        return {
            name: tuple(SeenArtifact(item, self.paths.input_artifact(item)) for item in items)
            for name, items in self.draft.inputs.artifacts.items()
        }

    @cached_property
    def _output_parameters(self) -> tuple[OutputParameter, ...]:
        return tuple(
            OutputParameter(name=name, type=spec.type, path=self.paths.output_parameter(name))
            for name, spec in self.position.component.outputs.parameters.items()
        )

    @cached_property
    def _output_artifacts(self) -> tuple[OutputArtifact, ...]:
        return tuple(
            OutputArtifact(
                name=name,
                type=spec.type,
                is_list=spec.is_list,
                metadata=spec.metadata,
                path=f"{self._root_location.path}/{name}",
                uri=ArtifactUri(f"{self._root_uri}/{name}"),
                seen_uri=f"{self._root_location.uri}/{name}",
            )
            for name, spec in self.position.component.outputs.artifacts.items()
        )

    @cached_property
    def _local_pod(self) -> LocalPod | None:
        """What stands in for objects of a cluster; ``None``: nothing has to."""
        if self.resolver.run.objects is None or not self.resolver.pipeline.kubernetes:
            return None
        # Imported here, because no pod and few runs on a laptop need it.
        from argosy_driver.preparing.local_pod import make_local_pod

        return make_local_pod(self.resolver, self.position)

    # Values for the component.

    def _placeholders(self, parameters: Mapping[str, JsonValue] | None = None) -> TaskPlaceholders:
        values = self.draft.inputs.parameters if parameters is None else parameters
        declared = self.position.component.inputs
        output_file = self.paths.executor_output(
            self._root_location, has_artifacts=bool(self._output_artifacts)
        )
        return TaskPlaceholders(
            run_lookup=self.resolver.run_lookup(self.position),
            declared={*declared.parameters, *declared.artifacts},
            parameters=values,
            artifacts=self._artifacts,
            output_parameters=self._output_parameters,
            output_artifacts=self._output_artifacts,
            output_file=output_file,
            executor_input=lambda: make_executor_input(
                parameters=values,
                artifacts=self._artifacts,
                output_parameters=self._output_parameters,
                output_artifacts=self._output_artifacts,
                output_file=output_file,
            ),
        )

    def _environment(
        self, executor: ContainerExecutor, placeholders: TaskPlaceholders
    ) -> tuple[tuple[str, str], ...]:
        """Return the variables; those of the component take precedence, as in a pod."""
        if not applies_group(self.position, "ENV"):
            return ()
        own = make_environment(executor, placeholders, task_path=self.position.path)
        local = self._local_pod
        return own if local is None else tuple({**local.variables, **dict(own)}.items())

    def _late_parameters(self, placeholders: TaskPlaceholders) -> dict[str, JsonValue]:
        """Return the constants that hold paths or the executor input, with their final values."""
        task = self.position.task
        found: dict[str, JsonValue] = {}
        for name, parameter in () if task is None else task.parameters.items():
            source = parameter.source
            if isinstance(source, Constant) and _has_late_value(source.value):
                found[name] = substitute_value(source.value, placeholders)
        return found

    def _task_config(
        self, executor: ContainerExecutor, placeholders: TaskPlaceholders, *, uses_workspace: bool
    ) -> dict[str, JsonValue]:
        names = [
            name
            for name, spec in self.position.component.inputs.parameters.items()
            if spec.type is ParameterType.TASK_CONFIG
        ]
        if not names:
            return {}
        config = make_task_config(
            self.resolver,
            self.position,
            executor,
            text=lambda text: substitute(text, placeholders),
            uses_workspace=uses_workspace,
        )
        return dict.fromkeys(names, config)

    def _uses_workspace(
        self, executor: ContainerExecutor, parameters: Mapping[str, JsonValue]
    ) -> bool:
        texts = (*executor.command, *executor.args, *(value for _, value in executor.env))
        if any(("workspace_path",) in find_placeholders(text) for text in texts):
            return True
        paths = [each.location.path for items in self._artifacts.values() for each in items]
        workspace = self.resolver.run.workspace
        return any(_mentions(value, workspace) for value in (*texts, *parameters.values(), *paths))

    # The cache.

    def _shares_storage_of_run(self, *, uses_workspace: bool) -> bool:
        """Return whether the task sees storage of its run, which other tasks of the run change.

        What an equal task made earlier, in this run, may be outdated. A key that the author wrote
        says that nothing else counts.
        """
        task, objects = self.position.task, self.resolver.run.objects
        if task is not None and task.caching.key:
            return False
        if uses_workspace or objects is None:
            return uses_workspace
        claims = get_mounted_claims(self.resolver, self.position, uses_workspace=False)
        return any(map(objects.is_claim_of_run, claims))

    def _fingerprint(
        self, executor: ContainerExecutor, placeholders: TaskPlaceholders, *, uses_workspace: bool
    ) -> str | None:
        """Return the fingerprint; ``None`` if the task must not use the cache."""
        task, objects = self.position.task, self.resolver.run.objects
        if task is None or not self.resolver.run.cache or not task.caching.enabled:
            return None
        if task.caching.key:
            return compute_custom_fingerprint(self.draft.pipeline, task.component, task.caching.key)
        claims = get_mounted_claims(self.resolver, self.position, uses_workspace=uses_workspace)
        return compute_fingerprint(
            self.draft.pipeline,
            Work(
                image=substitute(executor.image, placeholders),
                arguments=(*executor.command, *executor.args),
                # The name alone says which claim it is on a cluster, and its directory on a laptop.
                stand_ins=() if self._local_pod is None else self._local_pod.origins,
                claims=claims if objects is None else tuple(map(objects.locate_claim, claims)),
                # The resolved inputs: values that are added here, e.g. paths, differ per attempt.
                parameters=self.draft.inputs.parameters,
                artifacts={
                    name: [
                        InputArtifact(
                            artifact=item, version=get_imported_version(item, self.stores)
                        )
                        for item in items
                    ]
                    for name, items in self.draft.inputs.artifacts.items()
                },
                outputs=self.position.component.outputs,
            ),
        )

    def _make_directories(self, step: Step) -> None:
        """Make the directories that the command expects (``ir-semantics`` 7.2)."""
        paths = [
            step.executor_output_path,
            *(each.path for each in step.output_parameters),
            *(each.path for each in step.output_artifacts),
        ]
        for directory in dict.fromkeys(self.paths.local_path(path).parent for path in paths):
            _make_directory(directory, self.paths.directory_mode)
        local = self._local_pod
        for mounted in () if local is None else local.mounts.directories.values():
            # It may be the 'sub_path' of a claim, which Kubernetes makes.
            _make_directory(Path(mounted), None)


def _make_running_record(step: Step) -> AttemptRecord:
    return AttemptRecord(
        run_id=step.run_id,
        pipeline=step.pipeline,
        task_path=step.task_path,
        attempt_id=step.attempt_id,
        state=AttemptState.RUNNING,
        started_at=step.started_at,
        inputs=step.inputs,
        fingerprint=step.fingerprint,
        basis=step.basis,
    )


def _has_late_value(value: JsonValue) -> bool:
    if isinstance(value, str):
        return any(is_known_late(segments) for segments in find_placeholders(value))
    if isinstance(value, Mapping):
        return any(map(_has_late_value, (*value, *value.values())))
    return isinstance(value, Sequence) and any(_has_late_value(item) for item in value)


def _mentions(value: JsonValue, text: str) -> bool:
    if isinstance(value, str):
        return text in value
    if isinstance(value, Mapping):
        return any(_mentions(item, text) for item in value.values())
    return isinstance(value, Sequence) and any(_mentions(item, text) for item in value)


def _make_directory(path: Path, mode: int | None) -> None:
    try:
        missing = [] if path.is_dir() else [path]
        while missing and not missing[-1].parent.is_dir():
            missing.append(missing[-1].parent)
        for each in reversed(missing):
            each.mkdir(exist_ok=True)
            if mode is not None:
                each.chmod(mode)
    except OSError as error:
        raise make_write_error(path, error) from error
