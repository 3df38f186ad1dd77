"""Approvals: decisions that are waited for, settled once."""

from typing import Any

from waiaas.store.listing import Listing, Query
from waiaas.store.records import Approval, Page
from waiaas.store.shapes import Shape
from waiaas.store.statements import Statements

APPROVAL = Shape(Approval, "pending_approvals")

_OPEN = "approved_at IS NULL AND rejected_at IS NULL"


class Approvals:
    """The pending_approvals table, inside one unit."""

    def __init__(self, sql: Statements, entities: Any) -> None:
        self._sql = sql
        self._listing = Listing(entities.Approval, APPROVAL)

    def insert(self, approval: Approval) -> None:
        """:raises Conflict: where the subject has an open one already, or the nonce was used"""
        self._sql.run(APPROVAL.insert, APPROVAL.values(approval))

    def get(self, approval_id: str) -> Approval | None:
        """By id, open or settled."""
        row = self._sql.one(APPROVAL.select("WHERE id = ?"), (approval_id,))
        return APPROVAL.read(row) if row else None

    def open_of(self, subject_type: str, subject_id: str) -> Approval | None:
        """The subject's one open approval. Expired ones count until they are settled."""
        row = self._sql.one(
            APPROVAL.select(f"WHERE subject_type = ? AND subject_id = ? AND {_OPEN}"), (subject_type, subject_id)
        )
        return APPROVAL.read(row) if row else None

    def settle(
        self,
        approval_id: str,
        *,
        approved_at: int | None = None,
        rejected_at: int | None = None,
        owner_signature: str | None = None,
    ) -> bool:
        """Approve or reject. False when it was settled already: of two decisions the first holds.

        :raises ValueError: unless exactly one of the two times is given
        """
        if (approved_at is None) == (rejected_at is None):
            raise ValueError("an approval is either approved or rejected")
        done = self._sql.run(
            f"UPDATE pending_approvals SET approved_at = ?, rejected_at = ?, owner_signature = ? WHERE id = ? AND {_OPEN}",  # noqa: S608 - literals
            (approved_at, rejected_at, owner_signature, approval_id),
        )
        return done.rowcount == 1

    def expired(self, now: int, limit: int = 1000) -> "list[Approval]":
        """Open ones whose time is over, the longest over first."""
        rows = self._sql.all(
            APPROVAL.select(f"WHERE expires_at <= ? AND {_OPEN} ORDER BY expires_at LIMIT ?"), (now, limit)
        )
        return [APPROVAL.read(row) for row in rows]

    def list_open(self, *, limit: int, cursor: str | None = None) -> Page[Approval]:
        """Open ones, newest first."""

        def narrow(query: Query) -> Query:
            return query.filter(approved_at=None, rejected_at=None)

        return self._listing.page(narrow, limit=limit, cursor=cursor)
