"""The input artifacts of tasks: other inputs, outputs, and items."""

from __future__ import annotations

from argosy_driver.resolving.inputs.known import KnownInputs, ResolverParts
from argosy_driver.resolving.inputs.values import check_missing_artifact, make_missing_output_error
from argosy_driver.resolving.outputs import Outputs
from argosy_driver.resolving.phases import SUCCEEDED, Phases
from argosy_driver.resolving.run_context import RunContext
from argosy_schemas.formats.records import Artifact
from argosy_schemas.ir.model import ComponentInput
from argosy_schemas.ir.task_tree import TaskPosition, TaskTree


class InputArtifacts:
    """The input artifacts of the tasks in one run."""

    def __init__(
        self,
        run: RunContext,
        tree: TaskTree,
        phases: Phases,
        outputs: Outputs,
        known: KnownInputs,
        inputs: ResolverParts,
    ) -> None:
        self._run, self._tree, self._phases = run, tree, phases
        self._outputs, self._known, self._inputs = outputs, known, inputs

    def value(self, position: TaskPosition, name: str) -> tuple[Artifact, ...] | None:
        """Return an input artifact or list of artifacts; ``None`` if there is none."""
        known = self._known.of(position).artifacts
        found = known.get(name)
        if found is None:
            found = self._artifacts(position, name)
            if found is not None:
                known[name] = found
        return found

    def _artifacts(self, position: TaskPosition, name: str) -> tuple[Artifact, ...] | None:
        task = position.task
        if task is None:
            return self._run.artifacts.get(name)
        if task.iterator is not None and task.iterator.over_artifacts:
            if position.loop is not None and name == task.iterator.item_input:
                item = self._inputs.item(position)
                assert isinstance(item, Artifact)
                return (item,)
            if position.is_loop and name == task.iterator.item_input:
                return tuple(
                    item for item in self._inputs.items(position) if isinstance(item, Artifact)
                )
        if position.loop is not None:
            return self.value(position.loop, name)
        source = task.artifacts.get(name)
        spec = position.component.inputs.artifacts.get(name)
        parent = position.parent
        assert parent is not None, name
        found: tuple[Artifact, ...] | None = None
        if isinstance(source, ComponentInput):
            found = self.value(parent, source.name)
        elif source is not None:
            upstream = self._tree.child(parent, source.task)
            if not position.ignores_upstream_failure:
                found = self._outputs.artifacts(upstream, source.output, upstream)
                if found is None:
                    raise make_missing_output_error(position, name, source)
            elif self._phases.of(upstream.path) in (None, SUCCEEDED):
                found = self._outputs.artifacts(upstream, source.output, parent, keep=False)
        if found is None:
            check_missing_artifact(spec, position, name)
        return found
