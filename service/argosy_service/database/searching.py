"""Lists of rows whose name has a text in it.

No order helps to find them: PostgreSQL has an index by trigrams where its server has pg_trgm, and
otherwise each name is looked at, which takes a while among a million. So it is done once: where few
rows are found, what is asked for next is asked of these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Boolean, ColumnElement, Connection, literal, select
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql import visitors
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement

from argosy_service.database.listing import ListedTable

_FEW: Final = 2000
"""How many ids a query names; SQLite has a limit of 32,766."""


class _NameContains(FunctionElement[bool]):
    """Of a column, a text, and the same text as a pattern."""

    type = Boolean()
    inherit_cache = True


def name_contains(column: ColumnElement[Any], text: str) -> ColumnElement[bool]:
    """Return the condition that a case-folded name has a case-folded text in it."""
    pattern = "".join(f"/{each}" if each in "%_/" else each for each in text)
    return _NameContains(column, literal(text), literal(f"%{pattern}%"))


@compiles(_NameContains)
def _compile(element: _NameContains, compiler: SQLCompiler, **options: Any) -> str:
    column, _, pattern = (compiler.process(each, **options) for each in element.clauses)
    return f"{column} LIKE {pattern} ESCAPE '/'"


@compiles(_NameContains, "sqlite")
def _compile_for_sqlite(element: _NameContains, compiler: SQLCompiler, **options: Any) -> str:
    # LIKE compares without regard to case, letter by letter, and takes half as long again.
    column, text, _ = element.clauses
    return f"instr({compiler.process(column, **options)}, {compiler.process(text, **options)}) > 0"


def find_few(
    connection: Connection, listing: ListedTable, conditions: Sequence[ColumnElement[bool]]
) -> Sequence[str] | None:
    """Return the ids of all rows that meet conditions, if a condition looks for a part of a name.

    ``None``: no condition looks for one, or more than 2,000 rows meet them.
    """
    if not any(
        isinstance(each, _NameContains)
        for condition in conditions
        for each in visitors.iterate(condition)
    ):
        return None
    query = select(listing.table.c.id).where(*conditions).limit(_FEW + 1)
    ids = connection.execute(query).scalars().all()
    return ids if len(ids) <= _FEW else None
