"""A table as clients list it: the fields that they may filter and sort by."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum, auto
from typing import Any

from sqlalchemy import ColumnElement, Table


class FieldKind(Enum):
    """How the values of a field compare."""

    TEXT = auto()
    NAME = auto()
    """Text whose key sorts it."""
    TIME = auto()
    NUMBER = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A field that clients may filter and sort by."""

    column: ColumnElement[Any]
    kind: FieldKind = FieldKind.TEXT
    key: ColumnElement[Any] | None = None
    """Of a NAME: the column with its case-folded form."""

    @property
    def order(self) -> ColumnElement[Any]:
        """The column that rows are sorted by."""
        return self.column if self.key is None else self.key


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedTable:
    """A table as clients list it."""

    table: Table
    fields: Mapping[str, Field]
    """By the names that clients use."""
    default_sort: str = "created_at"
    """The field that rows are sorted by where the client names none."""
    counts: Table | None = None
    """Holds how many rows there are with the same values in the columns that it shares with the
    table, in lines that have to be added up; ``None``: rows are counted one by one."""
    has_tags: bool = False
    """Whether ``tags.<key>`` may be filtered by."""
