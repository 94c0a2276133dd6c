"""What is made of a container task whose inputs are known: its step.

Everything is a function of the inputs until :meth:`Preparation.step` downloads them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

from argosy_driver.preparing.arguments import command_line, environment
from argosy_driver.preparing.cache import CacheHit, look_up
from argosy_driver.preparing.downloads import download_inputs, imported_version
from argosy_driver.preparing.executor_input import SeenArtifact, executor_input
from argosy_driver.preparing.fingerprint import InputArtifact, Work, custom_fingerprint, fingerprint
from argosy_driver.preparing.places import Places, Seen
from argosy_driver.preparing.scope import Scope, is_late
from argosy_driver.preparing.task_config import applies_environment, mounted_claims, task_config
from argosy_driver.resolving.placeholders import placeholders_in, substitute, substitute_value
from argosy_driver.resolving.resolver import Resolver
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import AttemptRecord, AttemptState, Reason
from argosy_schemas.formats.step import Decision, OutputArtifact, OutputParameter, Step, UriMapping
from argosy_schemas.ir.model import Constant, ContainerExecutor, ParameterType
from argosy_schemas.ir.task_tree import TaskPosition
from argosy_schemas.logger import Logger
from argosy_schemas.names import ArtifactUri
from argosy_schemas.values import JsonValue
from argosy_store.local_files import writing_failed
from argosy_store.locations import uri_below
from argosy_store.objects import ObjectStore
from argosy_store.run_records import RunRecords
from argosy_store.stores import Stores

_LOGGER = Logger("driver.cache")


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """One attempt of a container task, its inputs resolved."""

    node: TaskPosition
    begun: Step
    resolver: Resolver
    records: RunRecords
    store: ObjectStore
    stores: Stores
    places: Places

    def step(self) -> Step:
        """Return the step, ready to be run if it is to run."""
        step = self.decided()
        if step.decision is Decision.RUN:
            self.records.write_attempt(_running(step))
            self._make_directories(step)
            download_inputs(
                [each for items in self._artifacts.values() for each in items],
                stores=self.stores,
                places=self.places,
                task_path=step.task_path,
            )
        return step

    def decided(self) -> Step:
        """Return the step with its decision; nothing is written."""
        begun, path = self.begun, self.node.path
        executor = self.node.container
        if executor is None:
            raise FinalTaskError(
                f"task '{path}' has no container to run; compile the pipeline again",
                reason=Reason.INTERNAL,
            )
        scope = self._scope()
        parameters = {**scope.parameters, **self._late_parameters(scope)}
        uses_workspace = self._uses_workspace(executor, parameters)
        parameters.update(self._task_config(executor, scope, uses_workspace=uses_workspace))
        scope = self._scope(parameters)
        step = replace(
            begun,
            decision=Decision.RUN,
            argv=command_line(executor, scope, task_path=path),
            env=environment(executor, scope, task_path=path)
            if applies_environment(self.node)
            else (),
            inputs=replace(begun.inputs, parameters=parameters),
            output_parameters=self._output_parameters,
            output_artifacts=self._output_artifacts,
            executor_output_path=scope.output_file,
            uri_mappings=(UriMapping(seen=self._root_seen.uri, stored=self._root_uri),),
            seen_artifacts={
                each.seen.uri: each.artifact for items in self._artifacts.values() for each in items
            },
        )
        key = self._fingerprint(executor, scope, uses_workspace=uses_workspace)
        if key is not None:
            step = replace(step, fingerprint=key)
            found = look_up(key, store=self.store, stores=self.stores, pipeline=begun.pipeline)
            if isinstance(found, CacheHit):
                _LOGGER.debug("%s is cached from run %s", path, found.record.run_id)
                return replace(
                    begun,
                    decision=Decision.CACHED,
                    inputs=step.inputs,
                    fingerprint=key,
                    cached_from=found.record,
                    outputs=found.outputs,
                )
            _LOGGER.debug("%s is not cached: %s", path, found.reason)
        return step

    # Where things are.

    @cached_property
    def _root_uri(self) -> ArtifactUri:
        """Where all artifacts of this attempt go."""
        begun = self.begun
        return uri_below(
            self.resolver.run.root,
            begun.pipeline,
            begun.run_id,
            begun.task_path,
            begun.attempt_id,
        )

    @cached_property
    def _root_seen(self) -> Seen:
        return self.places.task_root(self._root_uri)

    @cached_property
    def _artifacts(self) -> dict[str, tuple[SeenArtifact, ...]]:
        return {
            name: tuple(SeenArtifact(item, self.places.input_artifact(item)) for item in items)
            for name, items in self.begun.inputs.artifacts.items()
        }

    @cached_property
    def _output_parameters(self) -> tuple[OutputParameter, ...]:
        return tuple(
            OutputParameter(name=name, type=spec.type, path=self.places.output_parameter(name))
            for name, spec in self.node.component.outputs.parameters.items()
        )

    @cached_property
    def _output_artifacts(self) -> tuple[OutputArtifact, ...]:
        return tuple(
            OutputArtifact(
                name=name,
                type=spec.type,
                is_list=spec.is_list,
                metadata=spec.metadata,
                path=f"{self._root_seen.path}/{name}",
                uri=ArtifactUri(f"{self._root_uri}/{name}"),
                seen_uri=f"{self._root_seen.uri}/{name}",
            )
            for name, spec in self.node.component.outputs.artifacts.items()
        )

    # What the component gets.

    def _scope(self, parameters: Mapping[str, JsonValue] | None = None) -> Scope:
        values = self.begun.inputs.parameters if parameters is None else parameters
        declared = self.node.component.inputs
        output_file = self.places.executor_output(
            self._root_seen, has_artifacts=bool(self._output_artifacts)
        )
        return Scope(
            run_text=self.resolver.run_text(self.node),
            declared={*declared.parameters, *declared.artifacts},
            parameters=values,
            artifacts=self._artifacts,
            output_parameters=self._output_parameters,
            output_artifacts=self._output_artifacts,
            output_file=output_file,
            executor_input=lambda: executor_input(
                parameters=values,
                artifacts=self._artifacts,
                output_parameters=self._output_parameters,
                output_artifacts=self._output_artifacts,
                output_file=output_file,
            ),
        )

    def _late_parameters(self, scope: Scope) -> dict[str, JsonValue]:
        """Return constants of the task that tell paths or the executor input, complete now."""
        task = self.node.task
        found: dict[str, JsonValue] = {}
        for name, given in () if task is None else task.parameters.items():
            if isinstance(given.source, Constant) and _is_late(given.source.value):
                found[name] = substitute_value(given.source.value, scope)
        return found

    def _task_config(
        self, executor: ContainerExecutor, scope: Scope, *, uses_workspace: bool
    ) -> dict[str, JsonValue]:
        names = [
            name
            for name, spec in self.node.component.inputs.parameters.items()
            if spec.type is ParameterType.TASK_CONFIG
        ]
        if not names:
            return {}
        config = task_config(
            self.resolver,
            self.node,
            executor,
            text=lambda text: substitute(text, scope),
            uses_workspace=uses_workspace,
        )
        return dict.fromkeys(names, config)

    def _uses_workspace(
        self, executor: ContainerExecutor, parameters: Mapping[str, JsonValue]
    ) -> bool:
        texts = (*executor.command, *executor.args, *(value for _, value in executor.env))
        if any(("workspace_path",) in placeholders_in(text) for text in texts):
            return True
        paths = [each.seen.path for items in self._artifacts.values() for each in items]
        workspace = self.resolver.run.workspace
        return any(_mentions(value, workspace) for value in (*texts, *parameters.values(), *paths))

    # The cache.

    def _fingerprint(
        self, executor: ContainerExecutor, scope: Scope, *, uses_workspace: bool
    ) -> str | None:
        """Return the fingerprint; ``None``: the task may not be served from the cache."""
        task = self.node.task
        if task is None or not self.resolver.run.cache or not task.caching.enabled:
            return None
        if task.caching.key:
            return custom_fingerprint(self.begun.pipeline, task.component, task.caching.key)
        return fingerprint(
            self.begun.pipeline,
            Work(
                image=substitute(executor.image, scope),
                arguments=(*executor.command, *executor.args),
                claims=mounted_claims(self.resolver, self.node, uses_workspace=uses_workspace),
                # As resolved: what is told only here, e.g. paths, is new for each attempt.
                parameters=self.begun.inputs.parameters,
                artifacts={
                    name: [
                        InputArtifact(
                            uri=item.uri,
                            type=item.type,
                            version=imported_version(item, self.stores),
                        )
                        for item in items
                    ]
                    for name, items in self.begun.inputs.artifacts.items()
                },
                outputs=self.node.component.outputs,
            ),
        )

    def _make_directories(self, step: Step) -> None:
        """Make the directories that the command may expect (``ir-semantics`` 7.2)."""
        paths = [
            step.executor_output_path,
            *(each.path for each in step.output_parameters),
            *(each.path for each in step.output_artifacts),
        ]
        for directory in dict.fromkeys(self.places.here(path).parent for path in paths):
            _make_directory(directory, self.places.directory_mode)


def _running(step: Step) -> AttemptRecord:
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


def _is_late(value: JsonValue) -> bool:
    if isinstance(value, str):
        return any(is_late(segments) for segments in placeholders_in(value))
    if isinstance(value, Mapping):
        return any(_is_late(item) for item in value.values())
    return isinstance(value, Sequence) and any(_is_late(item) for item in value)


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
        raise writing_failed(path, error) from error
