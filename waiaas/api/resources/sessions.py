"""Sessions: issued, listed and revoked by the operator, renewed by themselves."""

from typing import Any

from waiaas.api.call import Call
from waiaas.api.models.sessions import (
    CheckedItem,
    CheckSession,
    Constraints,
    IssuedItem,
    IssueSession,
    SessionItem,
    SessionsAsked,
)
from waiaas.api.models.wire import Nothing, PageOf
from waiaas.errors import NotFound


def issue(call: Call, asked: IssueSession) -> IssuedItem:
    """Issue a session; its token is in this answer alone."""
    constraints = _document(asked.constraints)
    return IssuedItem.of(
        call.services.sessions.issue(call.actor, agent_id=asked.agent_id, ttl=asked.ttl, constraints=constraints)
    )


def check(call: Call, asked: CheckSession) -> CheckedItem:
    """What constraints would be stored. Nothing is."""
    constraints = _document(asked.constraints) or {}
    return CheckedItem.of(call.services.sessions.check(call.actor, agent_id=asked.agent_id, constraints=constraints))


def list_(call: Call, asked: SessionsAsked) -> PageOf[SessionItem]:
    """Sessions, newest first."""
    page = call.services.sessions.list(call.actor, agent_id=asked.agent_id, limit=asked.limit, cursor=asked.cursor)
    shown = call.services.sessions.display(page.items)
    items = [SessionItem.of(session, display) for session, display in zip(page.items, shown, strict=True)]
    return PageOf(items=items, cursor=page.cursor, has_more=page.has_more)


def revoke(call: Call, asked: Nothing) -> None:
    """End a session now."""
    call.services.sessions.revoke(call.actor, call.id)


def renew(call: Call, asked: Nothing) -> IssuedItem:
    """A new token for the caller's own session; the old one dies.

    :raises NotFound: for any other session, whether it exists or not
    """
    session = call.actor.session
    if session is None or session.id != call.id:
        raise NotFound("there is no such session", hint="a session renews itself: put its own id in the path")
    return IssuedItem.of(call.services.sessions.renew(call.actor))


def _document(constraints: Constraints | None) -> dict[str, Any] | None:
    return None if constraints is None else constraints.model_dump(by_alias=True, exclude_none=True)
