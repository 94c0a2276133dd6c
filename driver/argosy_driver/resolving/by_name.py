"""A mapping whose values are found when they are asked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TypeVar

from argosy_schemas.values import UNSET, Unset

V = TypeVar("V")


class ByName(Mapping[str, V]):
    """The inputs of a task: a condition over one of them does not need the others."""

    def __init__(self, names: Sequence[str], find: Callable[[str], V | Unset]) -> None:
        self._names = names
        self._find = find

    def __getitem__(self, name: str) -> V:
        value = self._find(name) if name in self._names else UNSET
        if value is UNSET:
            raise KeyError(name)
        return value

    def __iter__(self) -> Iterator[str]:
        return (name for name in self._names if self._find(name) is not UNSET)

    def __len__(self) -> int:
        return sum(1 for _ in self)
