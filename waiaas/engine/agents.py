"""Agents: creation, suspension, termination. One agent is one key on one network."""

from collections.abc import Callable
from dataclasses import replace

from uuid6 import uuid7

from waiaas.engine.actors import Actor, require_operator
from waiaas.engine.agent_names import LONGEST_NAME, read_name, require_unlike_others
from waiaas.engine.journal import Journal
from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.pipeline.suspensions import Cause
from waiaas.engine.reconciliation import confirm
from waiaas.engine.rules.kill_switch_states import LOCKED
from waiaas.engine.sessions import Sessions
from waiaas.engine.stop_request import Order
from waiaas.engine.stops import switch_of_agent
from waiaas.engine.views import AgentView
from waiaas.errors import Conflict, Denied, NotFound, NotReady, Stopped, WaiaasError
from waiaas.interfaces.chain import Account
from waiaas.interfaces.signing import Scheme
from waiaas.keystore.records import KeyHeader
from waiaas.store.database import Unit
from waiaas.store.faults import StoreFault
from waiaas.store.records import Agent, Page


class Agents:
    """The operator's agents. Thread-safe.

    :param wake: puts an agent's unsigned rows back into its lane
    """

    def __init__(self, *, bench: Bench, sessions: Sessions, journal: Journal, wake: Callable[[str], None]) -> None:
        self._suspensions = bench.suspensions
        self._hold_stop = bench.hold_stop
        self._store = bench.store
        self._chains = bench.chains
        self._signer = bench.signer
        self._clock = bench.clock
        self._sessions = sessions
        self._journal = journal
        self._wake = wake

    def create(self, actor: Actor, *, name: str, chain: str, network: str | None = None) -> AgentView:
        """Make a key and its agent. The key is generated and sealed inside the signer; a crash in between leaves no half agent.

        :param network: None is the chain's own for trying things out
        :raises BadRequest: unknown network, or a name that is none
        :raises Conflict: the name is taken or looks like another's, :raises NotReady: the signer is locked
        """
        require_operator(actor)
        name = read_name(name)
        network = network or self._chains.default_network(chain)
        adapter, _ = self._chains.network(chain, network)
        form, scheme = next(iter(adapter.forms.items()))
        if not self._signer.is_unlocked:
            raise NotReady("the signer is locked", code="SIGNER_LOCKED", hint="run `waiaas unlock`")
        handle, key = self._signer.generate(scheme)
        live = self._chains.get(chain, network)
        account = live.call(live.adapter.derive_account, key, form)
        agent = self._new(name, chain, network, account)
        with self._store.write() as unit:
            require_unlike_others(unit, name)
            unit.agents.insert(agent)
            self._record(unit, "agent.creation_started", actor, agent, {"name": name, "address": account.address})
        try:
            self._signer.seal(handle, self._header(agent, live.network.chain_id))
        except WaiaasError:
            self._abandon(actor, agent)
            raise
        with self._store.write() as unit:
            unit.agents.set_status(agent.id, expected="CREATING", status="ACTIVE", at=self._clock.now())
            self._record(unit, "agent.created", actor, agent, {"address": account.address})
        return self.get(actor, agent.id)

    def _abandon(self, actor: Actor, agent: Agent) -> None:
        """The key could not be sealed: the agent never was, and its name is free again."""
        now = self._clock.now()
        with self._store.write() as unit:
            unit.agents.rename(agent.id, f"{agent.name[: LONGEST_NAME - 37]} {agent.id}", now)
            unit.agents.set_status(agent.id, expected="CREATING", status="TERMINATED", at=now)
            self._record(unit, "agent.terminated", actor, agent, {"reason": "its key could not be sealed"})

    def get(self, actor: Actor, name_or_id: str) -> AgentView:
        """One agent by id or name. :raises NotFound: when there is none"""
        require_operator(actor)
        with self._store.read() as unit:
            return self._view(self._found(unit, name_or_id))

    def list(self, actor: Actor, limit: int, cursor: str | None = None, status: str | None = None) -> Page[AgentView]:
        """Agents, newest first."""
        require_operator(actor)
        with self._store.read() as unit:
            page = unit.agents.list(limit=limit, cursor=cursor, status=status)
        return Page(items=tuple(self._view(agent) for agent in page.items), cursor=page.cursor, has_more=page.has_more)

    def rename(self, actor: Actor, agent_id: str, name: str) -> AgentView:
        """Give the agent another name. :raises Conflict: when it is taken, or looks like another's"""
        require_operator(actor)
        name = read_name(name)
        with self._store.write() as unit:
            agent = self._found(unit, agent_id)
            require_unlike_others(unit, name, agent.id)
            unit.agents.rename(agent.id, name, self._clock.now())
            self._record(unit, "agent.renamed", actor, agent, {"before": agent.name, "after": name})
        return self.get(actor, agent.id)

    def suspend(self, actor: Actor, agent_id: str, reason: str = "") -> AgentView:
        """Stop the agent: when this returns nothing more is signed or first sent; unsigned rows stay where they are.

        Where the database cannot be written the stop holds all the same, and is stored once it can be.
        """
        require_operator(actor)
        cause = Cause(reason=reason or "suspended by the operator", actor=actor.label, ip=actor.ip)
        with self._store.read() as unit:
            agent = self._found(unit, agent_id)
        _require(agent, "ACTIVE")
        try:
            with self._store.write() as unit:
                agent = self._found(unit, agent.id)
                _require(agent, "ACTIVE")
                self._suspensions.suspend(unit, [agent], cause)
        except (NotReady, StoreFault):
            return self._suspended_unstored(actor, agent, cause)
        return self.get(actor, agent.id)

    def _suspended_unstored(self, actor: Actor, agent: Agent, cause: Cause) -> AgentView:
        self._hold_stop(actor, Order(agent_id=agent.id, reason=cause.reason))
        self._suspensions.settle((agent.id,))
        now = self._clock.now()
        return self._view(replace(agent, status="SUSPENDED", suspended_at=now, suspension_reason=cause.reason))

    def resume(self, actor: Actor, agent_id: str, confirm_spent: bool = False) -> AgentView:
        """Let the agent go on; its rows go on too. What happened before does not stop it again by AUTO_STOP.

        :param confirm_spent: a person says besides that the ledger holds everything that the agent has spent
        :raises Conflict: also for one that is LOCKED, which is for :meth:`KillSwitch.recover` to lift
        :raises Denied: PASSWORD_REQUIRED where that comes without the password itself
        :raises Stopped: ROW_TAMPERED for one whose row was changed outside of the daemon
        """
        require_operator(actor)
        if confirm_spent and not actor.by_password:
            raise Denied("this needs the master password itself", code="PASSWORD_REQUIRED")
        with self._store.write() as unit:
            agent = self._found(unit, agent_id)
            if confirm_spent and confirm(unit, agent):
                self._record(unit, "agent.reconciled", actor, agent, {})
            if not (confirm_spent and agent.status == "ACTIVE"):
                self._resume(unit, actor, agent)
        self._sessions.forget()
        self._wake(agent.id)
        return self.get(actor, agent.id)

    def _resume(self, unit: Unit, actor: Actor, agent: Agent) -> None:
        _require(agent, "SUSPENDED")
        _require_not_locked(unit, agent)
        if not unit.agents.set_status(agent.id, expected="SUSPENDED", status="ACTIVE", at=self._clock.now()):
            raise Stopped(
                "this agent's row was changed outside of the daemon",
                code="ROW_TAMPERED",
                hint="look at it: `waiaas audit seals`",
            )
        self._record(unit, "agent.resumed", actor, agent, {})

    def terminate(self, actor: Actor, agent_id: str) -> AgentView:
        """End the agent for good: sessions revoked, unsigned rows cancelled. Its key file stays, for what its address holds.

        :raises Conflict: while signed payments are on their way
        """
        require_operator(actor)
        with self._store.write() as unit:
            agent = self._found(unit, agent_id)
            if agent.status in ("TERMINATED", "TERMINATING"):
                raise Conflict(f"this agent is {agent.status}")
            if unit.variants.of_agent_in_flight(agent.id):
                raise Conflict("payments of this agent are on their way", hint="wait until they are final")
            why = "its agent was terminated"
            ended = self._sessions.revoke_all_within(unit, actor, agent.id, code="AGENT_TERMINATED", why=why)
            now = self._clock.now()
            unit.agents.set_status(agent.id, expected=agent.status, status="TERMINATED", at=now)
            self._record(unit, "agent.terminated", actor, agent, {"before": agent.status})
        self._sessions.settle(agent.id, ended)
        return self.get(actor, agent.id)

    def _found(self, unit: Unit, name_or_id: str) -> Agent:
        agent = unit.agents.get(name_or_id) or unit.agents.by_name(name_or_id)
        if agent is None:
            raise NotFound("there is no such agent", hint="see `waiaas agent list`")
        return agent

    def _view(self, agent: Agent) -> AgentView:
        return AgentView(
            agent=agent, chain_id=self._chains.chain_id(agent), is_test=self._chains.is_test(agent.chain, agent.network)
        )

    def _new(self, name: str, chain: str, network: str, account: Account) -> Agent:
        now = self._clock.now()
        return Agent(
            id=str(uuid7()),
            created_at=now,
            updated_at=now,
            name=name,
            chain=chain,
            network=network,
            form=account.form,
            key_scheme=account.key.scheme.value,
            public_key=account.key.data.hex(),
            address=account.address,
            status="CREATING",
        )

    def _header(self, agent: Agent, chain_id: str) -> KeyHeader:
        return KeyHeader(
            agent_id=agent.id,
            chain=agent.chain,
            chain_id=chain_id,
            scheme=Scheme(agent.key_scheme),
            public_key=agent.public_key,
            address=agent.address,
            created_at=agent.created_at,
        )

    def _record(self, unit: Unit, event: str, actor: Actor, agent: Agent, details: dict[str, str]) -> None:
        self._journal.record(unit, event, actor=actor.label, agent_id=agent.id, details=details, ip=actor.ip)


def _require(agent: Agent, status: str) -> None:
    if agent.status != status:
        raise Conflict(f"this agent is {agent.status}, not {status}")


def _require_not_locked(unit: Unit, agent: Agent) -> None:
    if switch_of_agent(unit, agent).state == LOCKED:
        hint = f"`waiaas kill-switch recover --agent {agent.name}`, after the cooldown"
        raise Conflict("this agent is LOCKED", hint=hint)
