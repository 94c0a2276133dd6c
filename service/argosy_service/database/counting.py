"""How many rows meet conditions: from what was counted already, where that is enough."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import Column, ColumnElement, Connection, Table, delete, func, insert, select
from sqlalchemy.sql import visitors

from argosy_service.database.listing import ListedTable
from argosy_service.database.tables import RUN_COUNTS

_MANY_LINES: Final = 1000
"""How many lines more than twice those that are needed make it worth while to add them."""


def count_rows(
    connection: Connection, listing: ListedTable, conditions: Sequence[ColumnElement[bool]]
) -> int:
    """Return how many rows of a list meet all conditions."""
    counts = listing.counts
    if counts is not None and all(_fits(each, listing.table, counts) for each in conditions):
        moved = (_move(each, counts) for each in conditions)
        query = select(func.coalesce(func.sum(counts.c.number), 0)).where(*moved)
    else:
        query = select(func.count()).select_from(listing.table).where(*conditions)
    return int(connection.execute(query).scalar_one())


def add_counts(connection: Connection) -> bool:
    """Add the lines of :data:`RUN_COUNTS` that are alike, where there are many; say whether."""
    columns: list[Column[Any]] = [each for each in RUN_COUNTS.c if each.name != "number"]
    lines = select(func.count()).select_from(RUN_COUNTS)
    groups = select(func.count()).select_from(select(*columns).distinct().subquery())
    needed = connection.execute(groups).scalar_one()
    if connection.execute(lines).scalar_one() <= 2 * needed + _MANY_LINES:
        return False
    # Only what is seen here goes: others may write lines meanwhile.
    gone = delete(RUN_COUNTS).returning(*RUN_COUNTS.c)
    totals: dict[tuple[Any, ...], int] = {}
    for row in connection.execute(gone):
        key = tuple(row[:-1])
        totals[key] = totals.get(key, 0) + row.number
    names = [each.name for each in columns]
    added = [
        {**dict(zip(names, key, strict=True)), "number": number}
        for key, number in totals.items()
        if number
    ]
    if added:
        connection.execute(insert(RUN_COUNTS), added)
    return True


def _fits(condition: ColumnElement[bool], table: Table, counts: Table) -> bool:
    """Return whether a condition is about columns of a table that its counts have as well."""
    return all(
        counts.c.get(each.name) is not None and table.c[each.name] is each
        for each in visitors.iterate(condition)
        if isinstance(each, Column)
    )


def _move(condition: ColumnElement[bool], counts: Table) -> ColumnElement[bool]:
    """Return a condition on columns of a table as one on those of its counts."""

    def replace(element: Any, **_: Any) -> Any:
        return counts.c[element.name] if isinstance(element, Column) else None

    moved: ColumnElement[bool] = visitors.replacement_traverse(condition, {}, replace)
    return moved
