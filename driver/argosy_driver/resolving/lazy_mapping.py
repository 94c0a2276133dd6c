"""A mapping whose values are computed on access."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from argosy_schemas.values import UNSET, Unset

V = TypeVar("V")


class LazyMapping(Mapping[str, V]):
    """The inputs of a task by name: a condition on one of them does not need the others."""

    def __init__(self, names: Sequence[str], compute: Callable[[str], V | Unset]) -> None:
        """Make a mapping with at most these keys; ``compute`` returns ``UNSET`` for an absent one.

        It is called again on every access.
        """
        self._names = names
        self._compute = compute

    def __getitem__(self, name: str) -> V:
        value = self._compute(name) if name in self._names else UNSET
        if value is UNSET:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._names if self._compute(name) is not UNSET)

    def __len__(self) -> int:
        return sum(1 for _ in self)
