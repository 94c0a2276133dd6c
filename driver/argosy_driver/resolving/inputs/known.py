"""What is known of inputs of DAGs and loops, and what the parts of a resolver ask each other."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final, Protocol, TypeAlias

from argosy_driver.resolving.placeholders import Lookup
from argosy_schemas.formats.records import Artifact
from argosy_schemas.ir.task_tree import TaskPosition
from argosy_schemas.names import TaskPath
from argosy_schemas.values import JsonValue, Unset

Items: TypeAlias = "tuple[JsonValue, ...] | tuple[Artifact, ...]"

_CACHED_INPUTS: Final = 512


class ResolverParts(Protocol):
    """The parts of a resolver, for each other: a parameter may be an item, and items a parameter.

    :class:`argosy_driver.resolving.resolver.Resolver` says what they return.
    """

    def parameter(self, position: TaskPosition, name: str) -> JsonValue | Unset:
        """Return an input parameter."""
        ...

    def artifacts(self, position: TaskPosition, name: str) -> tuple[Artifact, ...] | None:
        """Return an input artifact or list of artifacts."""
        ...

    def item(self, position: TaskPosition) -> JsonValue | Artifact:
        """Return the item of an iteration."""
        ...

    def items(self, loop: TaskPosition) -> Items:
        """Return the items of a loop."""
        ...

    def lookup(self, position: TaskPosition) -> Lookup:
        """Return the lookup for placeholders in the texts of a task."""
        ...


@dataclass(slots=True)
class ResolvedInputs:
    """The inputs of one DAG or loop, as far as they were resolved."""

    parameters: dict[str, JsonValue] = field(default_factory=dict[str, JsonValue])
    artifacts: dict[str, tuple[Artifact, ...]] = field(
        default_factory=dict[str, tuple[Artifact, ...]]
    )
    items: Items | None = None
    """For a loop, its items."""


class KnownInputs:
    """An LRU cache of the inputs of DAGs and loops; never keeps that a value is absent."""

    def __init__(self) -> None:
        self._cached = lru_cache(maxsize=_CACHED_INPUTS)(_new_inputs)

    def of(self, position: TaskPosition) -> ResolvedInputs:
        """Return the inputs resolved so far: of a DAG or loop from the cache, of a leaf none.

        All tasks in a DAG or loop read its inputs; nobody but a leaf itself reads those of a leaf.
        """
        is_shared = position.has_dag or position.is_loop
        return self._cached(position.path) if is_shared else ResolvedInputs()


def _new_inputs(_: TaskPath) -> ResolvedInputs:
    return ResolvedInputs()
