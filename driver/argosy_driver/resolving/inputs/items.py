"""The items of loops."""

from __future__ import annotations

from argosy_driver.resolving.inputs.known import Items, KnownInputs, ResolverParts
from argosy_driver.resolving.inputs.values import parse_items
from argosy_driver.resolving.placeholders import substitute_value
from argosy_schemas.errors import UnknownTaskError
from argosy_schemas.formats.records import Artifact
from argosy_schemas.ir.model import InputItems, RawItems
from argosy_schemas.ir.task_tree import TaskPosition
from argosy_schemas.values import JsonValue


class LoopItems:
    """The items of the loops in one run."""

    def __init__(self, known: KnownInputs, inputs: ResolverParts) -> None:
        self._known, self._inputs = known, inputs

    def one(self, position: TaskPosition) -> JsonValue | Artifact:
        """Return the item of an iteration.

        Raises:
            FinalTaskError: The items cannot be resolved, or the loop has no such iteration.
        """
        loop, index = position.loop, position.index
        assert loop is not None
        assert index is not None
        items = self.all(loop)
        if index >= len(items):
            raise UnknownTaskError(
                f"loop '{loop.path}' has {len(items)} items, none for '{position.path}'"
            )
        return items[index]

    def all(self, loop: TaskPosition) -> Items:
        """Return the items of a loop, in order."""
        known = self._known.of(loop)
        if known.items is None:
            known.items = self._resolve(loop)
        return known.items

    def _resolve(self, loop: TaskPosition) -> Items:
        iterator = None if loop.task is None else loop.task.iterator
        if iterator is None:
            raise UnknownTaskError(f"task '{loop.path}' is not a loop")
        match iterator.items:
            case RawItems(items=raw):
                lookup = self._inputs.lookup(loop)
                return tuple(substitute_value(item, lookup) for item in raw)
            case InputItems(name=name):
                if iterator.over_artifacts:
                    return self._inputs.artifacts(loop, name) or ()
                return parse_items(self._inputs.parameter(loop, name), loop, name)
