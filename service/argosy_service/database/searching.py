"""Lists of rows whose name has a text in it.

No order helps to find them: PostgreSQL has an index by trigrams where its server has pg_trgm, and
otherwise each name is looked at, which takes a while among a million. So it is done once, unless
so many rows are found that to fetch them takes longer; where few are, the page is cut from these.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, Connection, literal, select, text
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from argosy_service.database.listing import ListedTable

_FEW: Final = 2000
"""How many ids a query names; SQLite has a limit of 32,766."""
_MANY: Final = 20_000
"""How many ids are fetched to count them, which is quicker than to look for them once more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What is known of the rows that meet conditions."""

    total: int | None = None
    """How many there are; ``None``: that was not looked for, or more than 20,000."""
    ids: Sequence[str] | None = None
    """The ids of all these rows; ``None``: that was not looked for, or more than 2,000."""


class _NameContains(FunctionElement[bool]):
    """Of a column, a text, and the same text as a pattern."""

    type = Boolean()
    inherit_cache = True


def name_contains(column: ColumnElement[Any], part: str) -> ColumnElement[bool]:
    """Return the condition that a case-folded name has a case-folded text in it."""
    pattern = "".join(f"/{each}" if each in "%_/" else each for each in part)
    return _NameContains(column, literal(part), literal(f"%{pattern}%"))


@compiles(_NameContains)
def _compile(element: _NameContains, compiler: SQLCompiler, **options: Any) -> str:
    column, _, pattern = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} LIKE {pattern} ESCAPE '/'"


@compiles(_NameContains, "sqlite")
def _compile_for_sqlite(element: _NameContains, compiler: SQLCompiler, **options: Any) -> str:
    # LIKE compares without regard to case, letter by letter, and takes half as long again.
    column, part = (compiler.process(each, **options) for each in list(element.clauses)[:2])
    return f"instr({column}, {part}) > 0"


def search_names(
    connection: Connection, listing: ListedTable, conditions: Sequence[ColumnElement[bool]]
) -> Found:
    """Return what meets conditions, if one of them looks for a part of a name.

    In PostgreSQL, later queries of the transaction are planned for the values that they have.
    """
    if not any(
        isinstance(each, _NameContains)
        for condition in conditions
        for each in visitors.iterate(condition)
    ):
        return Found()
    if connection.dialect.name == "postgresql":
        # A plan for any text takes the index, also for one that all names have: four times as long.
        connection.execute(text("SET LOCAL plan_cache_mode = force_custom_plan"))
    query = select(listing.table.c.id).where(*conditions).limit(_MANY + 1)
    ids = connection.execute(query).scalars().all()
    return Found(
        total=len(ids) if len(ids) <= _MANY else None, ids=ids if len(ids) <= _FEW else None
    )
