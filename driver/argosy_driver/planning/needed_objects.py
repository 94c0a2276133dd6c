"""Which objects of a cluster the tasks of a run take, as far as that is known before it starts.

Names that an upstream task puts out are not known yet, and of a loop the first iteration counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TypeAlias

from argosy_driver.planning.records import NotYetKnownError, PlannedRecords
from argosy_driver.preparing.mounts import list_names
from argosy_driver.preparing.task_config import make_pod_values
from argosy_driver.resolving.claims import is_claim
from argosy_driver.resolving.resolver import Resolver
from argosy_driver.resolving.run_context import RunContext
from argosy_driver.stand_ins import ObjectKind
from argosy_schemas.errors import FinalTaskError
from argosy_schemas.formats.records import AttemptRecord, Values
from argosy_schemas.ir.model import Pipeline
from argosy_schemas.ir.task_tree import TaskPosition
from argosy_schemas.names import TaskPath

Needed: TypeAlias = Mapping[tuple[ObjectKind, str], tuple[str, ...]]
"""Kind and name of an object to the keys of the tasks that take it."""


def find_missing_objects(pipeline: Pipeline, run: RunContext) -> Needed:
    """Return the objects that tasks take, that the run does not make, and that nobody gave."""
    if run.objects is None or not pipeline.kubernetes:
        return {}
    resolver = Resolver(pipeline, run, _NoRecords(_NoValues()))
    missing: dict[tuple[ObjectKind, str], dict[str, None]] = {}
    made: set[tuple[ObjectKind, str]] = set()
    for position in _list_containers(resolver, resolver.tree.root):
        if is_claim(position.component):
            made.add((ObjectKind.CLAIM, resolver.claim_name(position)))
            continue
        values = make_pod_values(resolver, position)
        if values is None:
            continue
        for kind, name in list_names(position, values.config):
            try:
                found = values.resolve_name(name)
            except (NotYetKnownError, FinalTaskError):
                continue  # the task itself says what is wrong
            if found is not None and run.objects.find(kind, found) is None:
                key = position.path.rpartition("/")[2]
                missing.setdefault((kind, found), {})[key] = None
    return {one: tuple(tasks) for one, tasks in missing.items() if one not in made}


def _list_containers(resolver: Resolver, position: TaskPosition) -> Iterator[TaskPosition]:
    """Yield the container tasks inside a position, of a loop those of the first iteration."""
    if position.is_loop:
        yield from _list_containers(resolver, resolver.tree.iteration(position, 0))
    elif position.component.dag is not None:
        for key in position.component.dag.tasks:
            yield from _list_containers(resolver, resolver.tree.child(position, key))
    elif position.container is not None:
        yield position


class _NoRecords(PlannedRecords):
    """The records of a run of which nothing is known."""

    def read_success(self, path: TaskPath) -> AttemptRecord | None:
        """Raise an error: no task has ended."""
        raise NotYetKnownError(path)


class _NoValues:
    def load_large_values(self, values: Values) -> Values:
        """Return the values, since no record has large ones."""
        return values
