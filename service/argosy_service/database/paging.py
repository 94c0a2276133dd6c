"""Lists of rows: filtered, sorted, and cut into pages by the last row of the page before.

A page token holds what the first call asked for and the sort value of the last row it returned, so
that pages neither repeat nor miss a row when others are inserted or deleted meanwhile.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, Connection, Row, Select, and_, or_, select

from argosy_schemas.values import parse_json
from argosy_service.database.counting import count_rows
from argosy_service.database.filters import parse_filter
from argosy_service.database.listing import ListedTable
from argosy_service.database.searching import search_names
from argosy_service.errors import InvalidRequestError

DEFAULT_PAGE_SIZE: Final = 20
MAX_PAGE_SIZE: Final = 200
_NO_TOKEN: Final = "Invalid page token: give the next_page_token of the page before"
_INTEGERS: Final = range(-(2**63), 2**63)
"""Those that a database holds."""


class PageRequest(Protocol):
    """Which page a client asks for, as the messages of the lists say it; empty and 0: absent."""

    @property
    def page_token(self) -> str: ...  # noqa: D102 # names of the API
    @property
    def page_size(self) -> int: ...  # noqa: D102
    @property
    def sort_by(self) -> str: ...  # noqa: D102
    @property
    def filter(self) -> str: ...  # noqa: D102


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Some rows of a list."""

    rows: Sequence[Row[Any]]
    next_page_token: str
    """Empty on the last page."""
    total_size: int
    """How many rows there are on all pages."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Token:
    sort_by: str
    filter: str
    after: tuple[Any, str] | None = None
    """Sort value and id of the last row before the page."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Sort:
    column: ColumnElement[Any]
    key: ColumnElement[Any]
    descends: bool

    def order(self, query: Select[Any]) -> Select[Any]:
        columns = (self.column, self.key)
        return query.order_by(*(each.desc() if self.descends else each.asc() for each in columns))

    def follows(self, after: tuple[Any, str]) -> ColumnElement[bool]:
        """Return whether a row comes after the sort value and id of another one.

        Raises:
            InvalidRequestError: The value is none of the column.
        """
        value, key = after
        if type(value) is not self.column.type.python_type or (
            isinstance(value, int) and value not in _INTEGERS
        ):
            raise InvalidRequestError(_NO_TOKEN)
        if self.descends:
            further = and_(self.column == value, self.key < key)
            return and_(self.column <= value, or_(self.column < value, further))
        further = and_(self.column == value, self.key > key)
        return and_(self.column >= value, or_(self.column > value, further))


def list_page(
    connection: Connection,
    listing: ListedTable,
    request: PageRequest,
    *,
    conditions: Sequence[ColumnElement[bool]] = (),
) -> Page:
    """Return a page of the rows that meet ``conditions`` and the filter of the request.

    Raises:
        InvalidRequestError: Token, page size, sort order or filter are wrong, or the token is that
            of another list.
    """
    token = _read_token(request)
    size = _read_page_size(request.page_size)
    sort = _read_sort(listing, token.sort_by)
    wanted: list[ColumnElement[bool]] = [*conditions, *parse_filter(listing, token.filter)]
    found = search_names(connection, listing, wanted)
    total = count_rows(connection, listing, wanted) if found.total is None else found.total
    if found.ids is not None:
        wanted = list[ColumnElement[bool]]([listing.table.c.id.in_(found.ids)])
    if token.after is not None:
        wanted.append(sort.follows(token.after))
    # First the ids, for which indexes suffice, then the rows of the page.
    ids = sort.order(select(listing.table.c.id).where(*wanted)).limit(size + 1).subquery()
    query = select(*listing.table.c, sort.column.label("sort_value")).join(
        ids, ids.c.id == listing.table.c.id
    )
    rows: Sequence[Row[Any]] = []
    if total:
        rows = connection.execute(sort.order(query)).all()
    following = ""
    if len(rows) > size:
        rows = rows[:size]
        after = (rows[-1].sort_value, rows[-1].id)
        following = _write_token(_Token(sort_by=token.sort_by, filter=token.filter, after=after))
    return Page(rows=rows, next_page_token=following, total_size=total)


def _read_page_size(size: int) -> int:
    if size < 0:
        raise InvalidRequestError(f"page_size: {size} is negative; use 1 to {MAX_PAGE_SIZE}")
    return min(size or DEFAULT_PAGE_SIZE, MAX_PAGE_SIZE)


def _read_sort(listing: ListedTable, text: str) -> _Sort:
    words = text.lower().split() or [listing.default_sort]
    found = listing.fields.get(words[0])
    if found is None:
        known = ", ".join(sorted(listing.fields))
        raise InvalidRequestError(f"sort_by: there is no field '{words[0]}'; use one of {known}")
    if len(words) > 2 or words[1:] not in ([], ["asc"], ["desc"]):
        raise InvalidRequestError(f"sort_by: '{text}' is no order; write 'FIELD' or 'FIELD desc'")
    return _Sort(column=found.order, key=listing.table.c.id, descends=words[1:] == ["desc"])


def _read_token(request: PageRequest) -> _Token:
    if not request.page_token:
        return _Token(sort_by=request.sort_by, filter=request.filter)
    try:
        content: Any = parse_json(base64.urlsafe_b64decode(request.page_token.encode()).decode())
        value, key = content["after"]
        token = _Token(sort_by=content["sort_by"], filter=content["filter"], after=(value, key))
        texts: tuple[object, ...] = (token.sort_by, token.filter, key)
        if not all(isinstance(each, str) for each in texts):
            raise TypeError("a member has another type")
    except (ValueError, KeyError, TypeError) as error:
        raise InvalidRequestError(_NO_TOKEN) from error
    asked = (("sort_by", request.sort_by, token.sort_by), ("filter", request.filter, token.filter))
    for name, given, known in asked:
        if given not in ("", known):
            raise InvalidRequestError(
                f"{name}: the page token is that of another list; leave {name} out, or give that "
                "of the first page"
            )
    return token


def _write_token(token: _Token) -> str:
    content = {"sort_by": token.sort_by, "filter": token.filter, "after": token.after}
    return base64.urlsafe_b64encode(json.dumps(content, separators=(",", ":")).encode()).decode()
