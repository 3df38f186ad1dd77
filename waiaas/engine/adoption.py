"""Adoption: a key that a command brought into the keystore becomes an agent (:doc:`docs/keystore.md`).

The command had no plugin and knows no address; the daemon has the adapter and knows no key. So the command seals an import
file, the adapter derives the address from its public key, and the signer turns the file into the agent's own. Every step may
be repeated, and the agent exists from one commit on: a crash anywhere is finished at the next unlock.
"""

import json
import logging
import threading
from dataclasses import replace
from pathlib import Path

from waiaas.clock import Clock
from waiaas.engine.actors import SYSTEM, Actor, require_operator
from waiaas.engine.agent_names import read_name, require_unlike_others
from waiaas.engine.chains import Chains
from waiaas.engine.journal import Journal
from waiaas.engine.rules.text import clean
from waiaas.engine.views import AgentView
from waiaas.errors import BadRequest, Conflict, NotFound, NotReady, WaiaasError
from waiaas.interfaces.signing import PublicKey, Scheme
from waiaas.keystore.client import SignerClient
from waiaas.keystore.files import read_private
from waiaas.keystore.imports import SUFFIX, ImportRecord, decode_import, file_name
from waiaas.keystore.records import MAX_FILE_BYTES, KeyHeader, is_agent_id
from waiaas.store.database import Store, Unit
from waiaas.store.records import Agent

_log = logging.getLogger("waiaas.adoption")
_DISTRUSTED = "distrusted"


def distrust_imports(unit: Unit, now: int, why: str) -> None:
    """From now on, agents made of imports that were sealed before now wait for a person (invariant 14)."""
    unit.state.set(_DISTRUSTED, json.dumps({"at": now, "why": why}))


class Adoption:
    """Takes imports over. Thread-safe: one at a time.

    :param keystore: the folder that commands put imports into
    """

    def __init__(
        self, *, store: Store, chains: Chains, signer: SignerClient, journal: Journal, clock: Clock, keystore: Path
    ) -> None:
        self._store = store
        self._chains = chains
        self._signer = signer
        self._journal = journal
        self._clock = clock
        self._keystore = keystore
        self._lock = threading.Lock()

    def adopt(self, actor: Actor, agent_id: str) -> AgentView:
        """Make an agent of an import. May be called again. It is suspended if the import is older than a restore.

        :raises NotFound: there is no such import, :raises BadRequest: its chain or network is not installed, or the chain has
            no use for its key, :raises Conflict: name or key are another agent's, :raises NotReady: the signer is locked
        """
        require_operator(actor)
        if not self._signer.is_unlocked:
            raise NotReady("the signer is locked", code="SIGNER_LOCKED", hint="run `waiaas unlock`")
        with self._lock:
            return self._view(self._adopt(actor, agent_id))

    def adopt_all(self) -> None:
        """Take over what was imported while no daemon ran, or a crash interrupted. What is refused stays, on record."""
        for path in sorted(self._keystore.glob("*" + SUFFIX)):
            agent_id = path.name.removesuffix(SUFFIX)
            try:
                with self._lock:
                    self._adopt(SYSTEM, agent_id)
            except WaiaasError as problem:
                _log.error("keystore/%s is not adopted: %s", path.name, problem.message)
                self._refused(agent_id, problem)

    def _adopt(self, actor: Actor, agent_id: str) -> Agent:
        known = self._known(agent_id)
        if known is None:
            text = self._read(agent_id)
            record = decode_import(text, agent_id)
            known = self._held_back(self._derived(record))
            self._require_free(known)
            self._signer.adopt(text, self._header(known))
            self._insert(actor, known, record)
        (self._keystore / file_name(agent_id)).unlink(missing_ok=True)
        return known

    def _known(self, agent_id: str) -> Agent | None:
        with self._store.read() as unit:
            return unit.agents.get(agent_id)

    def _read(self, agent_id: str) -> bytes:
        try:
            if not is_agent_id(agent_id):
                raise FileNotFoundError
            return read_private(self._keystore / file_name(agent_id), MAX_FILE_BYTES)
        except FileNotFoundError:
            raise NotFound("there is no such import", hint="import the key with: waiaas agent import") from None

    def _derived(self, record: ImportRecord) -> Agent:
        """The agent to be: the same at each repetition, since the signer compares its header with the file it wrote."""
        adapter, _ = self._chains.network(record.chain, record.network)
        form = next((form for form, scheme in adapter.forms.items() if scheme is record.scheme), None)
        if form is None:
            uses = ", ".join(sorted({scheme.value for scheme in adapter.forms.values()}))
            raise BadRequest(
                f"{record.chain} uses keys of {uses}, and this one is {record.scheme.value}",
                hint="name the chain that the key is for",
            )
        live = self._chains.get(record.chain, record.network)
        key = PublicKey(scheme=record.scheme, data=bytes.fromhex(record.public_key))
        account = live.call(live.adapter.derive_account, key, form)
        return Agent(
            id=record.agent_id,
            created_at=record.created_at,
            updated_at=self._clock.now(),
            name=read_name(record.name),
            chain=record.chain,
            network=record.network,
            form=account.form,
            key_scheme=record.scheme.value,
            public_key=record.public_key,
            address=account.address,
            status="ACTIVE",
        )

    def _held_back(self, agent: Agent) -> Agent:
        """The agent, suspended where its import is older than the last time that this directory was not the one it had been.

        The import's time is authentic; one from the future is of another clock, and older than it seems.
        """
        with self._store.read() as unit:
            doubt = json.loads(unit.state.get(_DISTRUSTED) or "null")
        now = self._clock.now()
        if doubt is None or doubt["at"] < agent.created_at <= now:
            return agent
        return replace(agent, status="SUSPENDED", suspended_at=now, suspension_reason=doubt["why"])

    def _require_free(self, agent: Agent) -> None:
        with self._store.read() as unit:
            keyed = unit.agents.by_key(agent.chain, agent.network, agent.public_key)
            if keyed is not None:
                raise Conflict(f"the agent {keyed.name!r} ({keyed.status}) has this key already")
            require_unlike_others(unit, agent.name)

    def _insert(self, actor: Actor, agent: Agent, record: ImportRecord) -> None:
        details = {"name": agent.name, "address": agent.address, "source": record.source, "sealedAt": record.created_at}
        try:
            with self._store.write() as unit:
                unit.agents.insert(agent)
                self._journal.record(
                    unit, "agent.imported", actor=actor.label, agent_id=agent.id, details=details, ip=actor.ip
                )
                if agent.status == "SUSPENDED":
                    why = {"reason": agent.suspension_reason}
                    self._journal.record(unit, "agent.suspended", actor="system", agent_id=agent.id, details=why)
        except Conflict:
            # somebody took the name or the key meanwhile; a file that no agent has is of no use
            (self._keystore / f"{agent.id}.json").unlink(missing_ok=True)
            raise

    def _refused(self, agent_id: str, problem: WaiaasError) -> None:
        known = agent_id if is_agent_id(agent_id) else None
        details = {"reason": problem.message, "file": clean(file_name(agent_id))[:100]}
        with self._store.write() as unit:
            self._journal.record(unit, "agent.import_refused", actor="system", agent_id=known, details=details)

    def _header(self, agent: Agent) -> KeyHeader:
        return KeyHeader(
            agent_id=agent.id,
            chain=agent.chain,
            chain_id=self._chains.get(agent.chain, agent.network).network.chain_id,
            scheme=Scheme(agent.key_scheme),
            public_key=agent.public_key,
            address=agent.address,
            created_at=agent.created_at,
        )

    def _view(self, agent: Agent) -> AgentView:
        return AgentView(
            agent=agent, chain_id=self._chains.chain_id(agent), is_test=self._chains.is_test(agent.chain, agent.network)
        )
