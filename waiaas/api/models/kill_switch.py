"""The kill switch on the wire."""

from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, Field

from waiaas.api.models.wire import Answered, Asked, Count, Reference, UnixSeconds
from waiaas.engine.rules.text import clean

if TYPE_CHECKING:
    from waiaas.engine.stops_view import Recovered, StoppedAgent, StopsView
    from waiaas.store.records import Transaction

_MOST = 100_000


class StopAsked(Asked):
    """Everything, or one agent (by id or name), or one session. :param reason: for whoever reads the audit trail"""

    state: Literal["SUSPENDED", "LOCKED"]
    agent_id: Reference | None = None
    session_id: Reference | None = None
    reason: Annotated[str, Field(max_length=200), AfterValidator(clean)] | None = None


class RecoverAsked(Asked):
    """Which stop to lift. :param release: ids of held payments that go on; every other one within the stop ends"""

    agent_id: Reference | None = None
    session_id: Reference | None = None
    release: Annotated[list[Reference], Field(max_length=_MOST)]


class StoppedAgentItem(Answered):
    """An agent that is held up. :param recoverable_at: the end of its cooldown, if it has one"""

    id: str
    name: str
    state: str
    since: UnixSeconds
    reason: str
    recoverable_at: UnixSeconds | None = None

    @classmethod
    def of(cls, stopped: "StoppedAgent") -> "StoppedAgentItem":
        """From the engine's view."""
        agent, switch = stopped.agent, stopped.switch
        return cls(
            id=agent.id,
            name=agent.name,
            state=switch.state,
            since=switch.since,
            reason=switch.reason,
            recoverable_at=stopped.recoverable_at,
        )


class StoppedSessionItem(Answered):
    """A session that is held up and not revoked."""

    id: str
    agent_id: str
    since: UnixSeconds


class HeldItem(Answered):
    """A payment that waits. :param is_signed: its bytes exist, and no node has taken them"""

    id: str
    agent_id: str
    session_id: str | None
    type: str
    status: str
    tier: str
    chain: str
    network: str
    asset: str | None
    amount: str | None
    to_address: str | None
    created_at: UnixSeconds
    is_signed: bool

    @classmethod
    def of(cls, row: "Transaction") -> "HeldItem":
        """From the stored record."""
        return cls(
            id=row.id,
            agent_id=row.agent_id,
            session_id=row.session_id,
            type=row.type,
            status=row.status,
            tier=row.tier,
            chain=row.chain,
            network=row.network,
            asset=row.asset,
            amount=None if row.amount is None else str(row.amount),
            to_address=row.to_address,
            created_at=row.created_at,
            is_signed=row.status == "SUBMITTED",
        )


class StopsItem(Answered):
    """Every stop there is. :param state: of everything; :param stop_epoch: how often everything was stopped

    :param held: the oldest thousand of what waits, for a stop, a time or a person; :param held_count: how many wait
    """

    state: str
    since: UnixSeconds | None
    by: str
    reason: str
    recoverable_at: UnixSeconds | None
    stop_epoch: Count
    agents: list[StoppedAgentItem]
    sessions: list[StoppedSessionItem]
    held: list[HeldItem]
    held_count: Count

    @classmethod
    def of(cls, view: "StopsView") -> "StopsItem":
        """From the engine's view."""
        switch = view.switch
        return cls(
            state=switch.state,
            since=switch.since or None,
            by=switch.by,
            reason=switch.reason,
            recoverable_at=view.recoverable_at,
            stop_epoch=view.epoch,
            agents=[StoppedAgentItem.of(one) for one in view.agents],
            sessions=[
                StoppedSessionItem(id=one.id, agent_id=one.agent_id, since=one.stopped_at or 0) for one in view.sessions
            ],
            held=[HeldItem.of(row) for row in view.held],
            held_count=view.held_count,
        )


class RecoveredItem(Answered):
    """What became of what was held. :param cancelled: ids of what ended; what was signed already is withheld"""

    released: list[str]
    cancelled: list[str]

    @classmethod
    def of(cls, done: "Recovered") -> "RecoveredItem":
        """From the engine's answer."""
        return cls(released=list(done.released), cancelled=list(done.cancelled))
