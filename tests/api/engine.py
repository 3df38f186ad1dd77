"""An engine that is played: the services' methods with their signatures, answers kept ready, every call written down.

A test compares the signatures with the real services', so that the two cannot drift apart.
"""

import threading
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, cast

from waiaas.engine.actors import Actor
from waiaas.engine.stop_request import Order
from waiaas.engine.stops import Switch
from waiaas.engine.stops_view import Recovered, StoppedAgent, StopsView
from waiaas.engine.views import AgentView, Checked, Issued, TransactionView, WalletBalance
from waiaas.errors import NotFound, Unauthenticated
from waiaas.store.examination import Finding
from waiaas.store.records import Page, Session

from .played import Backtests, Channels, Limits, Played, Policies, Tokens
from .played_audit import Audit, Backups
from .played_ids import Ids
from .records import (
    AGENT_ID,
    COIN,
    MINT,
    NOW,
    OPERATOR_TOKEN,
    OTHER_AGENT_ID,
    OTHER_SESSION_ID,
    OTHER_SESSION_TOKEN,
    PASSWORD,
    SESSION_ID,
    SESSION_TOKEN,
    TX_ID,
    agent,
    session,
    transaction,
    view,
)

if TYPE_CHECKING:
    from waiaas.engine.services import Services


@dataclass
class Sessions(Played):
    def authenticate(self, token: str, ip: str | None) -> Actor:
        self.called("authenticate", ip=ip)
        if token == SESSION_TOKEN:
            return Actor(kind="session", session=session(), agent=agent(), ip=ip)
        if token == OTHER_SESSION_TOKEN:
            other = session(OTHER_SESSION_ID, OTHER_AGENT_ID)
            return Actor(kind="session", session=other, agent=agent(OTHER_AGENT_ID, "bob"), ip=ip)
        raise Unauthenticated("the session was revoked yesterday")

    def issue(
        self, actor: Actor, *, agent_id: str, ttl: int | None = None, constraints: Mapping[str, Any] | None = None
    ) -> Issued:
        self.called("issue", actor=actor, agent_id=agent_id, ttl=ttl, constraints=constraints)
        return Issued(session=session(agent_id=agent_id), token=SESSION_TOKEN)

    def list(self, actor: Actor, agent_id: str | None, limit: int, cursor: str | None = None) -> Page[Session]:
        self.called("list", actor=actor, agent_id=agent_id, limit=limit, cursor=cursor)
        return Page(items=(session(),), cursor="next", has_more=True)

    def check(self, actor: Actor, *, agent_id: str, constraints: Mapping[str, Any]) -> Checked:
        self.called("check", actor=actor, agent_id=agent_id, constraints=constraints)
        return Checked(agent_id=AGENT_ID, constraints={"maxAmount": "5"}, display={"maxAmount": "0.000000005 SOL"})

    def display(self, sessions: Sequence[Session]) -> Sequence[Mapping[str, str]]:
        return [{"maxAmount": "0.000000005 SOL"} for _ in sessions]

    def revoke(self, actor: Actor, session_id: str) -> None:
        self.called("revoke", actor=actor, session_id=session_id)

    def renew(self, actor: Actor) -> Issued:
        self.called("renew", actor=actor)
        return Issued(session=session(), token=SESSION_TOKEN)


@dataclass
class Operator(Played):
    """:param seen: the very buffers that passwords came in; :param kept: what they held"""

    seen: list[bytearray] = field(default_factory=list)
    kept: list[bytes] = field(default_factory=list)

    def authenticate_password(self, password: bytearray, ip: str | None, door: Literal["tcp", "socket"]) -> Actor:
        self._look(password)
        self.called("authenticate_password", ip=ip, door=door)
        if self.kept[-1] != PASSWORD.encode():
            raise Unauthenticated("wrong by one letter")
        return Actor(kind="operator", ip=ip, by_password=True)

    def authenticate_token(self, token: str, ip: str | None) -> Actor:
        self.called("authenticate_token", ip=ip)
        if token != OPERATOR_TOKEN:
            raise Unauthenticated("this token expired")
        return Actor(kind="operator", ip=ip)

    def login(self, actor: Actor, *, is_brief: bool = False) -> tuple[str, int]:
        self.called("login", actor=actor)
        return OPERATOR_TOKEN, NOW + 900

    def logout(self, token: str) -> None:
        self.called("logout", token=token)

    def unlock(self, password: bytearray, ip: str | None = None, door: Literal["tcp", "socket"] = "socket") -> None:
        self._look(password)
        self.called("unlock", ip=ip, door=door)
        if self.kept[-1] != PASSWORD.encode():
            raise Unauthenticated("wrong by one letter")

    def _look(self, password: bytearray) -> None:
        self.seen.append(password)
        self.kept.append(bytes(password))


@dataclass
class Agents(Played):
    def create(self, actor: Actor, *, name: str, chain: str, network: str) -> AgentView:
        self.called("create", actor=actor, name=name, chain=chain, network=network)
        return view(agent(name=name))

    def get(self, actor: Actor, name_or_id: str) -> AgentView:
        self.called("get", actor=actor, name_or_id=name_or_id)
        if name_or_id not in (AGENT_ID, "alice"):
            raise NotFound("there is no such agent")
        return view()

    def list(self, actor: Actor, limit: int, cursor: str | None = None, status: str | None = None) -> Page[AgentView]:
        self.called("list", actor=actor, limit=limit, cursor=cursor, status=status)
        return Page(items=(view(),))

    def rename(self, actor: Actor, agent_id: str, name: str) -> AgentView:
        self.called("rename", actor=actor, agent_id=agent_id, name=name)
        return view(agent(name=name))

    def suspend(self, actor: Actor, agent_id: str, reason: str = "") -> AgentView:
        self.called("suspend", actor=actor, agent_id=agent_id, reason=reason)
        return view()

    def resume(self, actor: Actor, agent_id: str, confirm_spent: bool = False) -> AgentView:
        self.called("resume", actor=actor, agent_id=agent_id, confirm_spent=confirm_spent)
        return view()

    def terminate(self, actor: Actor, agent_id: str) -> AgentView:
        self.called("terminate", actor=actor, agent_id=agent_id)
        return view()


@dataclass
class Adoption(Played):
    def adopt(self, actor: Actor, agent_id: str) -> AgentView:
        self.called("adopt", actor=actor, agent_id=agent_id)
        return view()


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    view: TransactionView
    replayed: bool = False
    http_status: int = 201


@dataclass
class Transactions(Played):
    """:param outcome: what a send gives"""

    outcome: Outcome = field(default_factory=lambda: Outcome(view=TransactionView(row=transaction())))
    lock: threading.Lock = field(default_factory=threading.Lock)

    def send(
        self,
        actor: Actor,
        body: Mapping[str, Any],
        *,
        idempotency_key: str | None = None,
        wait: int | None = None,
        asking: AbstractContextManager[None] = nullcontext(),  # noqa: B008 - it holds nothing
    ) -> Outcome:
        with asking:
            self.called("send", actor=actor, body=body, idempotency_key=idempotency_key, wait=wait)
        return self.outcome

    def simulate(self, actor: Actor, body: Mapping[str, Any]) -> dict[str, Any]:
        self.called("simulate", actor=actor, body=body)
        return {"tier": "INSTANT", "verdicts": [], "effects": [], "fee": {}, "remaining": "5", "resetsAt": None}

    def get(self, actor: Actor, tx_id: str) -> TransactionView:
        self.called("get", actor=actor, tx_id=tx_id)
        if tx_id != TX_ID or (actor.agent is not None and actor.agent.id != AGENT_ID):
            raise NotFound("there is no such transaction")
        return TransactionView(row=transaction())

    def list(
        self,
        actor: Actor,
        *,
        status: str | None = None,
        agent_id: str | None = None,
        limit: int = 50,
        cursor: str | None = None,
    ) -> Page[TransactionView]:
        self.called("list", actor=actor, status=status, agent_id=agent_id, limit=limit, cursor=cursor)
        return Page(items=(TransactionView(row=transaction()),), cursor="next", has_more=True)

    def pending(self, actor: Actor, limit: int = 50, cursor: str | None = None) -> Page[TransactionView]:
        self.called("pending", actor=actor, limit=limit, cursor=cursor)
        return Page(items=())

    def cancel(self, actor: Actor, tx_id: str) -> TransactionView:
        self.called("cancel", actor=actor, tx_id=tx_id)
        return TransactionView(row=transaction("CANCELLED"))

    def speed_up(self, actor: Actor, tx_id: str, *, max_fee: int | None = None, wait: int | None = None) -> Outcome:
        self.called("speed_up", actor=actor, tx_id=tx_id, max_fee=max_fee, wait=wait)
        return Outcome(view=TransactionView(row=transaction("SUBMITTED")), http_status=200)

    def cancel_onchain(
        self, actor: Actor, tx_id: str, *, max_fee: int | None = None, wait: int | None = None
    ) -> Outcome:
        self.called("cancel_onchain", actor=actor, tx_id=tx_id, max_fee=max_fee, wait=wait)
        return Outcome(view=TransactionView(row=transaction("SUBMITTED")), http_status=200)


@dataclass
class Approvals(Played):
    def list(self, actor: Actor, limit: int, cursor: str | None = None) -> Page[dict[str, Any]]:
        self.called("list", actor=actor, limit=limit, cursor=cursor)
        return Page(items=({"id": "x", "subjectType": "transaction"},))

    def approve(self, actor: Actor, tx_id: str) -> TransactionView:
        self.called("approve", actor=actor, tx_id=tx_id)
        return TransactionView(row=transaction("QUEUED"))

    def reject(self, actor: Actor, tx_id: str) -> TransactionView:
        self.called("reject", actor=actor, tx_id=tx_id)
        return TransactionView(row=transaction("CANCELLED"))


@dataclass
class Wallet(Played):
    def address(self, actor: Actor) -> AgentView:
        self.called("address", actor=actor)
        return view(actor.agent)

    def balance(self, actor: Actor, asset: str | None = None) -> WalletBalance:
        self.called("balance", actor=actor, asset=asset)
        return WalletBalance(view=view(actor.agent), balance=2**70, spendable=0, asset=COIN)

    def assets(self, actor: Actor) -> Sequence[WalletBalance]:
        self.called("assets", actor=actor)
        found = [WalletBalance(view=view(actor.agent), balance=5, spendable=5, asset=COIN)]
        return [*found, WalletBalance(view=view(actor.agent), balance=2**70, spendable=0, asset=MINT)]

    def of_agent(self, actor: Actor, name_or_id: str) -> tuple[AgentView, Sequence[WalletBalance]]:
        self.called("of_agent", actor=actor, name_or_id=name_or_id)
        if name_or_id not in (AGENT_ID, "alice"):
            raise NotFound("there is no such agent")
        return view(), [WalletBalance(view=view(), balance=5, spendable=5, asset=COIN)]

    def require_sendable(self, actor: Actor, word: object) -> None:
        self.called("require_sendable", actor=actor, word=word)

    def connect_info(self, actor: Actor, base_url: str) -> dict[str, Any]:
        self.called("connect_info", actor=actor, base_url=base_url)
        return {
            "session": {"id": SESSION_ID, "expiresAt": NOW, "source": "api"},
            "wallets": [],
            "policies": {},
            "capabilities": [],
            "limits": {},
            "daemon": {"version": "0", "baseUrl": base_url},
            "prompt": "pay",
        }


@dataclass
class Admin(Played):
    def health(self) -> dict[str, Any]:
        self.called("health")
        return {"status": "ok", "version": "0.1.0", "uptime": 5, "schemaVersion": 1, "ready": True}

    def status(self, actor: Actor) -> dict[str, Any]:
        self.called("status", actor=actor)
        return {"state": "ready", "signer": {"unlocked": True}}

    def shutdown(self, actor: Actor) -> None:
        self.called("shutdown", actor=actor)


@dataclass
class Catalogue(Played):
    def chains(self, actor: Actor) -> list[dict[str, Any]]:
        self.called("chains", actor=actor)
        return [{"chain": "solana", "network": "localnet"}]

    def policy_types(self, actor: Actor) -> list[dict[str, Any]]:
        self.called("policy_types", actor=actor)
        return [{"type": "SPENDING_LIMIT", "grants": True, "schema": {}}]

    def plugins(self, actor: Actor) -> list[dict[str, Any]]:
        self.called("plugins", actor=actor)
        return [{"name": "waiaas-solana", "status": "loaded"}]


@dataclass
class Metrics(Played):
    def render(self) -> bytes:
        self.called("render")
        return b"waiaas_signer_unlocked 1.0\n"


_SWITCH = Switch(state="LOCKED", since=NOW, by="nobody", reason="a test")
STOPS = StopsView(
    switch=_SWITCH,
    recoverable_at=NOW + 1800,
    epoch=1,
    agents=(StoppedAgent(agent=agent(), switch=_SWITCH, recoverable_at=NOW + 1800),),
    sessions=(session(),),
    held=(transaction("QUEUED"), transaction("SUBMITTED")),
    held_count=2,
)


@dataclass
class KillSwitch(Played):
    def activate(self, actor: Actor, order: Order) -> StopsView:
        self.called("activate", actor=actor, order=order)
        return STOPS

    def view(self, actor: Actor) -> StopsView:
        self.called("view", actor=actor)
        return STOPS

    def recover(
        self, actor: Actor, *, agent_id: str | None = None, session_id: str | None = None, release: Sequence[str] = ()
    ) -> Recovered:
        self.called("recover", actor=actor, agent_id=agent_id, session_id=session_id, release=release)
        return Recovered(released=tuple(release), cancelled=())


@dataclass
class Rows(Played):
    def found(self, actor: Actor) -> Sequence[Finding]:
        self.called("found", actor=actor)
        return (Finding(table="agents", key=agent().id, how="edited", agent_id=agent().id),)

    def accept(self, actor: Actor) -> Sequence[Finding]:
        self.called("accept", actor=actor)
        return ()


@dataclass(frozen=True)
class PlayedEngine:
    """All services."""

    agents: Agents = field(default_factory=Agents)
    adoption: Adoption = field(default_factory=Adoption)
    sessions: Sessions = field(default_factory=Sessions)
    transactions: Transactions = field(default_factory=Transactions)
    policies: Policies = field(default_factory=Policies)
    backtests: Backtests = field(default_factory=Backtests)
    limits: Limits = field(default_factory=Limits)
    approvals: Approvals = field(default_factory=Approvals)
    channels: Channels = field(default_factory=Channels)
    operator: Operator = field(default_factory=Operator)
    audit: Audit = field(default_factory=Audit)
    backups: Backups = field(default_factory=Backups)
    wallet: Wallet = field(default_factory=Wallet)
    tokens: Tokens = field(default_factory=Tokens)
    admin: Admin = field(default_factory=Admin)
    catalogue: Catalogue = field(default_factory=Catalogue)
    ids: Ids = field(default_factory=Ids)
    metrics: Metrics = field(default_factory=Metrics)
    kill_switch: KillSwitch = field(default_factory=KillSwitch)
    rows: Rows = field(default_factory=Rows)

    def as_services(self) -> "Services":
        return cast("Services", self)

    def reset(self) -> None:
        """Forget every call and every change that a test made."""
        for name in self.__dataclass_fields__:
            fresh: Played = type(getattr(self, name))()
            vars(getattr(self, name)).update(vars(fresh))

    def calls(self) -> list[str]:
        """``noun.verb`` of every call that is not part of authenticating."""
        nouns = [(name, getattr(self, name)) for name in self.__dataclass_fields__]
        found = [f"{noun}.{verb}" for noun, played in nouns for verb, _ in played.log]
        return [name for name in found if ".authenticate" not in name]
