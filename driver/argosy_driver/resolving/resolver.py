"""Resolve inputs, outputs, conditions and item counts of tasks, each on demand.

Nothing about a DAG is stored. The inputs of a task follow from the IR, the parameters of the run
and the success records of upstream containers, and so do the outputs of DAGs, loops and importers.
The resolver computes each value by name, starting at the task that needs it, so a task costs as
many reads as it has inputs (``ir-semantics`` 3).
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import TYPE_CHECKING

from argosy_driver.resolving.claims import make_claim_name
from argosy_driver.resolving.importers import make_imported_artifact
from argosy_driver.resolving.inputs.artifacts import InputArtifacts
from argosy_driver.resolving.inputs.items import LoopItems
from argosy_driver.resolving.inputs.known import Items, KnownInputs
from argosy_driver.resolving.inputs.parameters import InputParameters
from argosy_driver.resolving.lazy_mapping import LazyMapping
from argosy_driver.resolving.outputs import Outputs, Records
from argosy_driver.resolving.phases import Phases
from argosy_driver.resolving.placeholders import Lookup
from argosy_driver.resolving.run_context import RunContext
from argosy_driver.resolving.upstream_statuses import UpstreamStatuses
from argosy_schemas.errors import ArgosyError, FinalTaskError
from argosy_schemas.formats.records import Artifact, Reason, Values
from argosy_schemas.ir.model import (
    ParameterSource,
    Pipeline,
)
from argosy_schemas.ir.task_tree import TaskPosition, TaskTree
from argosy_schemas.names import TaskPath
from argosy_schemas.values import UNSET, JsonValue, Unset

if TYPE_CHECKING:
    from argosy_driver.resolving.inputs.final_statuses import FinalStatusInputs


class Resolver:
    """Resolves values of the tasks in one run. Safe to use from several threads.

    One resolver may serve a whole run: it keeps the inputs of DAGs and loops
    (:class:`argosy_driver.resolving.inputs.known.KnownInputs`).
    """

    def __init__(
        self,
        pipeline: Pipeline,
        run: RunContext,
        records: Records,
        *,
        phases: Phases | None = None,
        readers: int = 1,
        keep_collected: bool = False,
    ) -> None:
        """Make a resolver.

        Args:
            pipeline: The pipeline of the run.
            run: The context of the run.
            records: The records of the run.
            phases: The phases of tasks that ended. Only tasks that ignore upstream failure, and
                tasks in such DAGs, need them; by default none is known.
            readers: The number of threads that read records.
            keep_collected: Whether to store long lists that were collected from loops, see
                :meth:`Records.write_collected`; only where all these loops succeeded.
        """
        self.pipeline = pipeline
        self.run = run
        self.tree = TaskTree(pipeline)
        self.phases: Phases = UpstreamStatuses() if phases is None else phases
        """The phases of tasks that ended."""
        self._records, self._readers = records, readers
        self._outputs = Outputs(
            records, self.tree, self, self.phases, readers=readers, keep_collected=keep_collected
        )
        known = KnownInputs()
        common = (run, self.tree, self.phases, self._outputs, known, self)
        self._parameters = InputParameters(*common, self._find_final_status)
        self._artifacts = InputArtifacts(*common)
        self._items = LoopItems(known, self)

    # By path.

    def inputs(self, path: TaskPath) -> Values:
        """Return the inputs of a task, DAG, loop or iteration; for the empty path, of the run.

        Defaults are applied. An optional input with neither value nor default is ``None`` for a
        DAG, and absent for a container or importer.

        Raises:
            FinalTaskError: An input is missing, of the wrong type, or not among the literals.
        """
        position = self.tree.at(path)
        parameters: dict[str, JsonValue] = {}
        for name in position.parameter_names:
            value = self.parameter(position, name)
            if value is not UNSET:
                parameters[name] = value
        artifacts: dict[str, tuple[Artifact, ...]] = {}
        for name in position.artifact_names:
            found = self.artifacts(position, name)
            if found is not None:
                artifacts[name] = found
        return Values(parameters=parameters, artifacts=artifacts)

    def outputs(self, path: TaskPath) -> Values:
        """Return the outputs of a task, DAG, loop or iteration that ended; missing ones are absent.

        The outputs of a loop are collected over its iterations. Large parameters are in place.
        """
        position = self.tree.at(path)
        declared = position.component.outputs
        parameters: dict[str, JsonValue] = {}
        for name in declared.parameters:
            # The position itself ran; the tasks in it may not have run.
            value = self._outputs.parameter(position, name, position)
            if value is not UNSET:
                parameters[name] = value
        artifacts: dict[str, tuple[Artifact, ...]] = {}
        for name in declared.artifacts:
            found = self._outputs.artifacts(position, name, position)
            if found is not None:
                artifacts[name] = found
        return Values(parameters=parameters, artifacts=artifacts)

    def why_undecided(self, path: TaskPath) -> str | None:
        """Return why nobody can decide whether or how often a task runs; ``None`` if one can.

        This explains, in terms of the pipeline, why an expression in the workflow failed.
        """
        try:
            position = self.tree.at(path)
            if self.holds(position) and position.is_loop:
                self.count_items(position)
            self.inputs(path)
        except FinalTaskError as error:
            # An internal error is not a property of the pipeline.
            return None if error.reason is Reason.INTERNAL else str(error)
        except ArgosyError:
            return None
        return None

    # Inputs by name.

    def parameter(self, position: TaskPosition, name: str) -> JsonValue | Unset:
        """Return an input parameter; ``UNSET`` if the component does not receive it."""
        return self._parameters.value(position, name)

    def artifacts(self, position: TaskPosition, name: str) -> tuple[Artifact, ...] | None:
        """Return an input artifact or list of artifacts; ``None`` if there is none."""
        return self._artifacts.value(position, name)

    def setting(
        self, position: TaskPosition, source: ParameterSource, what: str
    ) -> JsonValue | Unset:
        """Return the value that a Kubernetes setting takes.

        Its names are those of the DAG that holds the task (``ir-semantics`` 6.1).
        """
        return self._parameters.setting(position, source, what)

    def lookup(self, position: TaskPosition) -> Lookup:
        """Return the lookup for placeholders in the texts of a task in the IR."""
        return self._parameters.lookup(position)

    def run_lookup(self, position: TaskPosition) -> Lookup:
        """Return the lookup for placeholders of the run: names, ids, times and roots."""
        return self._parameters.run_lookup(position)

    def _find_final_status(
        self, position: TaskPosition, parent: TaskPosition, task_key: str
    ) -> JsonValue:
        return self._final_status_inputs.value(position, parent, task_key)

    @cached_property
    def _final_status_inputs(self) -> FinalStatusInputs:
        # Imported here, because few tasks receive a final status.
        from argosy_driver.resolving.inputs.final_statuses import FinalStatusInputs

        return FinalStatusInputs(
            self.run, self.tree, self._records, self._outputs, self.phases, self, self._readers
        )

    # Loops.

    def count_items(self, loop: TaskPosition) -> int:
        """Return the number of iterations of a loop."""
        return len(self._items.all(loop))

    def items(self, loop: TaskPosition) -> Items:
        """Return the items of a loop, in order."""
        return self._items.all(loop)

    def item(self, position: TaskPosition) -> JsonValue | Artifact:
        """Return the item of an iteration.

        Raises:
            FinalTaskError: The items cannot be resolved, or the loop has no such iteration.
        """
        return self._items.one(position)

    # Conditions.

    def holds(self, position: TaskPosition) -> bool:
        """Return whether a task's own condition holds; true if it has none.

        Raises:
            FinalTaskError: The condition cannot be evaluated.
        """
        condition = None if position.task is None else position.task.condition
        if condition is None:
            return True
        from argosy_driver.resolving.conditions import evaluate_condition  # as above

        return evaluate_condition(
            condition,
            parameters=LazyMapping(
                position.parameter_names, lambda name: self.parameter(position, name)
            ),
            artifacts=LazyMapping(
                position.artifact_names, lambda name: self._runtime_artifacts(position, name)
            ),
            what=f"task '{position.path}': condition",
        )

    def _runtime_artifacts(
        self, position: TaskPosition, name: str
    ) -> list[Mapping[str, JsonValue]] | Unset:
        """Return an input artifact as conditions read it."""
        from argosy_driver.resolving.conditions import make_runtime_artifact  # as above

        found = self.artifacts(position, name)
        return UNSET if found is None else [make_runtime_artifact(artifact) for artifact in found]

    # Tasks without a pod.

    def import_artifact(self, position: TaskPosition, name: str) -> Artifact:
        """Return the artifact that an importer registers."""
        assert position.importer is not None
        return make_imported_artifact(
            position.importer,
            name=name,
            task_path=position.path,
            parameter=lambda parameter: self.parameter(position, parameter),
            lookup=self.lookup(position),
        )

    def claim_name(self, position: TaskPosition) -> str:
        """Return the name of the volume claim that a task makes."""

        def text(name: str) -> JsonValue:
            value = self.parameter(position, name) if name in position.parameter_names else None
            return None if value is UNSET else value

        return make_claim_name(
            self.run.name,
            position.path,
            pvc_name=text("pvc_name"),
            pvc_name_suffix=text("pvc_name_suffix"),
        )
