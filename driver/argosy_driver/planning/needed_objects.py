"""Which objects of a cluster the tasks of a run take, as far as that is known before it starts.

Names that an upstream task puts out are not known yet, and of a loop the first iteration counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import TypeAlias

from argosy_driver.planning.records import NotYetKnownError, PlannedRecords
from argosy_driver.preparing.local_pod import list_needed_names
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

NamedObject: TypeAlias = tuple[ObjectKind, str]
Needed: TypeAlias = Mapping[NamedObject, tuple[str, ...]]
"""Object to the keys of the tasks that take it."""


def find_missing_objects(pipeline: Pipeline, run: RunContext) -> Needed:
    """Return the objects that tasks take, that the run does not make, and that nobody gave."""
    if run.objects is None or not pipeline.kubernetes:
        return {}
    resolver = Resolver(pipeline, run, _NoRecords(_NoValues()))
    missing: dict[NamedObject, dict[str, None]] = {}
    made: set[NamedObject] = set()
    for position in _list_containers(resolver, resolver.tree.root):
        if is_claim(position.component):
            with suppress(NotYetKnownError, FinalTaskError):
                made.add((ObjectKind.CLAIM, resolver.claim_name(position)))
        else:
            for one in list_missing_objects(resolver, position):
                missing.setdefault(one, {})[position.path.rpartition("/")[2]] = None
    return {one: tuple(tasks) for one, tasks in missing.items() if one not in made}


def list_missing_objects(resolver: Resolver, position: TaskPosition) -> Iterator[NamedObject]:
    """Yield what a task takes and nobody gave, as far as the names are known."""
    objects, values = resolver.run.objects, make_pod_values(resolver, position)
    if objects is None or values is None:
        return
    for kind, name in list_needed_names(position, values.config, objects.variables):
        try:
            found = values.resolve_name(name)
        except (NotYetKnownError, FinalTaskError):
            continue  # the task itself says what is wrong
        if found is not None and objects.find(kind, found) is None:
            yield kind, found


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
