"""Listings, newest first, page by page: Pony composes the query, the page ends where the next begins."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, Generic, Protocol, TypeVar

from pony.orm import db_session, desc

from waiaas.errors import BadRequest
from waiaas.store.records import Page
from waiaas.store.shapes import Shape


class _HasId(Protocol):
    @property
    def id(self) -> Any: ...


R = TypeVar("R", bound=_HasId)

Query = Any
"""A Pony query; it has no types."""


class Listing(Generic[R]):
    """The rows of one entity as pages of records, by descending id.

    Ids are ordered by time (UUID v7, or counted), so a page stays where it is while new rows arrive.
    """

    def __init__(self, entity: Any, shape: Shape[R]) -> None:
        self._entity = entity
        self._shape = shape

    def page(self, narrow: Callable[[Query], Query], *, limit: int, cursor: str | None) -> Page[R]:
        """One page.

        :param narrow: adds the conditions of this listing
        :param limit: rows of the page, 1 or more
        :param cursor: what the page before gave
        :raises BadRequest: for a cursor that no page gave
        """
        if limit < 1:
            raise ValueError("a page has at least one row")
        last = None if cursor is None else self._read(cursor)
        # In a unit that reads this is a session of its own; in one that writes it is the unit's, and sees what it wrote.
        with db_session(strict=True):
            query = narrow(self._entity.select())
            if last is not None:
                query = query.filter(lambda row: row.id < last)
            rows = [self._record(row) for row in query.order_by(lambda row: desc(row.id)).limit(limit + 1)]
        items = tuple(rows[:limit])
        if len(rows) <= limit:
            return Page(items=items)
        return Page(items=items, cursor=_write(items[-1].id), has_more=True)

    def merged(self, narrows: Sequence[Callable[[Query], Query]], *, limit: int, cursor: str | None) -> Page[R]:
        """One page of several listings that share no row.

        One query with OR would make SQLite walk the whole table for its order; several walk an index each.
        """
        pages = [self.page(narrow, limit=limit, cursor=cursor) for narrow in narrows]
        rows = sorted((row for page in pages for row in page.items), key=lambda row: row.id, reverse=True)
        items = tuple(rows[:limit])
        if len(rows) <= limit and not any(page.has_more for page in pages):
            return Page(items=items)
        return Page(items=items, cursor=_write(items[-1].id), has_more=True)

    def _record(self, row: Any) -> R:
        return self._shape.read(tuple(getattr(row, name) for name in self._shape.column_names))

    def _read(self, cursor: str) -> str | int:
        try:
            text = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True).decode("ascii")
            return int(text) if self._entity.id.py_type is int else text
        except (ValueError, binascii.Error) as fault:
            raise BadRequest(
                "this cursor is not one of this listing", hint="leave the cursor out to start again"
            ) from fault


def _write(last: str | int) -> str:
    return base64.urlsafe_b64encode(str(last).encode()).decode().rstrip("=")
