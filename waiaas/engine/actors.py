"""Who is asking, as established by a credential."""

from dataclasses import dataclass
from typing import Literal

from waiaas.errors import Denied
from waiaas.store.records import Agent, Session


@dataclass(frozen=True, slots=True, kw_only=True)
class Actor:
    """An authenticated caller.

    :param by_password: the master password itself came with the request, not a token that was bought with it
    :param ip: the peer's address, or ``socket``
    """

    kind: Literal["operator", "session", "system", "nobody"]
    ip: str | None = None
    session: Session | None = None
    agent: Agent | None = None
    by_password: bool = False

    @property
    def label(self) -> str:
        """How audit rows name the caller."""
        return f"session:{self.session.id}" if self.session is not None else self.kind


SYSTEM = Actor(kind="system")


def require_operator(actor: Actor) -> None:
    """:raises Denied: for anybody but the operator"""
    if actor.kind == "session":
        # an agent's program reads this: it must not be sent to look for the operator's password
        raise Denied("only the operator may do this", code="FORBIDDEN", hint="ask the operator to do it")
    if actor.kind != "operator":
        raise Denied(
            "only the operator may do this", code="FORBIDDEN", hint="use the master password or an operator token"
        )


def require_session(actor: Actor) -> tuple[Session, Agent]:
    """The session and its agent.

    :raises Denied: for a caller without a session
    """
    if actor.session is None or actor.agent is None:
        raise Denied("only an agent's session may do this", code="FORBIDDEN", hint="send a session token")
    return actor.session, actor.agent
