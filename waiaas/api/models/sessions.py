"""Sessions on the wire."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field

from waiaas.api.models.wire import Answered, Asked, Count, PageAsked, Reference, UnixSeconds, Word, WrittenAmount

if TYPE_CHECKING:
    from waiaas.engine.views import Checked, Issued
    from waiaas.store.records import Session


class TokenLimit(Asked):
    """How much of one token the session may move, at once and in all."""

    address: Reference
    max_amount: WrittenAmount | None = None
    max_total: WrittenAmount | None = None


class Constraints(Asked):
    """What the session may do at most; a field left out does not limit. Amounts in the agent's native asset."""

    max_amount: WrittenAmount | None = None
    max_total: WrittenAmount | None = None
    max_transactions: Annotated[int, Field(ge=1, le=1_000_000_000)] | None = None
    types: Annotated[list[Word], Field(max_length=20)] | None = None
    recipients: Annotated[list[Reference], Field(max_length=1000)] | None = None
    tokens: Annotated[list[TokenLimit], Field(max_length=200)] | None = None
    sign_messages: bool | None = None


class IssueSession(Asked):
    """:param ttl: seconds; security.session_ttl when left out"""

    agent_id: Reference
    ttl: Annotated[int, Field(ge=1, le=31_536_000)] | None = None
    constraints: Constraints | None = None


class CheckSession(Asked):
    """Constraints to look at before they are stored."""

    agent_id: Reference
    constraints: Constraints


class CheckedItem(Answered):
    """Constraints as they would be stored. :param display: their amounts in display units, by path (``maxAmount``)"""

    agent_id: str
    constraints: dict[str, Any]
    display: dict[str, str]

    @classmethod
    def of(cls, checked: "Checked") -> "CheckedItem":
        """From the engine's answer."""
        return cls(agent_id=checked.agent_id, constraints=dict(checked.constraints), display=dict(checked.display))


class SessionsAsked(PageAsked):
    """Which sessions to list."""

    agent_id: Reference | None = None


class IssuedItem(Answered):
    """A session just issued. :param token: shown this once"""

    id: str
    agent_id: str
    token: str
    expires_at: UnixSeconds
    absolute_expires_at: UnixSeconds
    renewal_count: Count

    @classmethod
    def of(cls, issued: "Issued") -> "IssuedItem":
        """From the engine's answer."""
        session = issued.session
        return cls(
            id=session.id,
            agent_id=session.agent_id,
            token=issued.token,
            expires_at=session.expires_at,
            absolute_expires_at=session.absolute_expires_at,
            renewal_count=session.renewal_count,
        )


class SessionItem(Answered):
    """A session as the operator sees it, without its token.

    :param display: the amounts of its constraints in display units, by path (``maxAmount``)
    """

    id: str
    agent_id: str
    created_at: UnixSeconds
    expires_at: UnixSeconds
    absolute_expires_at: UnixSeconds
    constraints: dict[str, Any]
    display: dict[str, str]
    usage_stats: dict[str, Any]
    renewal_count: Count
    max_renewals: Count
    last_renewed_at: UnixSeconds | None = None
    revoked_at: UnixSeconds | None = None
    stopped_at: UnixSeconds | None = None

    @classmethod
    def of(cls, session: "Session", display: Mapping[str, str]) -> "SessionItem":
        """From the stored record."""
        return cls(
            id=session.id,
            agent_id=session.agent_id,
            created_at=session.created_at,
            expires_at=session.expires_at,
            absolute_expires_at=session.absolute_expires_at,
            constraints=json.loads(session.constraints),
            display=dict(display),
            usage_stats=json.loads(session.usage_stats),
            renewal_count=session.renewal_count,
            max_renewals=session.max_renewals,
            last_renewed_at=session.last_renewed_at,
            revoked_at=session.revoked_at,
            stopped_at=session.stopped_at,
        )
