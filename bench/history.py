"""A database with a long past, and a payment to judge: what decisions and simulations are measured on.

The past is written by SQL alone, with the running totals that the house would have written; an hour of the house's own writing
becomes a minute.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

from solders.keypair import Keypair
from uuid6 import uuid7

from waiaas.clock import SystemClock
from waiaas.config import Settings, create, load, write_private
from waiaas.config.template import render_default
from waiaas.daemon.garbage import settle as settle_garbage
from waiaas.engine.actors import Actor
from waiaas.engine.chains import Chains
from waiaas.engine.facts import Subject
from waiaas.engine.journal import Journal
from waiaas.engine.judges import Judges
from waiaas.engine.pipeline.evaluate import Evaluator, Judgement
from waiaas.engine.policies import Policies
from waiaas.interfaces.chain import Amount, Destination, Intent, Kind
from waiaas.interfaces.policy import Tier
from waiaas.registry import load as load_plugins
from waiaas.registry import pin_all
from waiaas.store.database import Store
from waiaas.store.records import Agent, Session

_PLENTY = str(10**15)
_CONSTRAINTS = json.dumps({"maxTotal": _PLENTY})
_SECONDS = 40 * 86400
_UNITS, _FEE = 1000, 100
_LOOK_UPS = 10
"""Day, week, month, the session's total, and the day's fees: the newest entry and the last before the window, of each."""

_LOOK_UP = (
    "SELECT cumulative FROM spend_ledger WHERE agent_id = ? AND asset = ? AND kind = 'amount' AND at <= ?"
    " ORDER BY at DESC, id DESC LIMIT 1"
)
_SERIES = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < :size)"
_TX = "printf('%08x-0000-7000-8000-000000000000', i)"
_AT = ":start + :seconds * i / :size"
_LEDGER = (
    f"{_SERIES} INSERT INTO spend_ledger"  # noqa: S608 - literals
    " (agent_id, session_id, tx_id, asset, kind, amount, cumulative, session_cumulative, at)"
    f" SELECT :agent, :session, {_TX}, :asset, :kind, :units || '', :units * i || '', :units * i || '', {_AT} FROM n"
)
_ACTIVITY = (
    f"{_SERIES} INSERT INTO activity"  # noqa: S608 - literals
    " (agent_id, session_id, tx_id, what, likeness, agent_count, session_count, all_count, at)"
    f" SELECT :agent, :session, {_TX}, :what, CASE :what WHEN 'admitted' THEN {_TX} END, i, i, i, {_AT} FROM n"
)
_DERIVED = (
    "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL AND"
    " (type = 'index' AND tbl_name IN ('spend_ledger', 'activity') OR name = 'spend_ledger_in_order')"
)


class History:
    """One agent with a session, a past of ``size`` paid transactions, and policies that let its payment through at once."""

    def __init__(self, root: Path, size: int) -> None:
        paths = create(root)
        write_private(paths.config, render_default().encode())
        settings: Settings = load(root, {})
        self.size = size
        self._clock = SystemClock()
        self.store = Store.open(paths.database)
        self._registry = load_plugins(pin_all())
        chains = Chains(self._registry, settings, self._clock)
        judges = Judges(self._registry)
        self._evaluator = Evaluator(self.store, judges, chains, settings, self._clock)
        journal = Journal(self._clock, notifications_enabled=False)
        self._policies = Policies(store=self.store, judges=judges, chains=chains, journal=journal, clock=self._clock)
        self._agent, self._session = _people(self._clock.now())
        chain = chains.of(self._agent)
        self._native = chain.network.native.id
        to = Destination(address=str(Keypair().pubkey()))
        self._recipient = to.address
        self._begin()
        self._fill(paths.database)
        intent = Intent(kind=Kind.TRANSFER, to=to, amount=Amount(asset=self._native, units=_UNITS))
        resolved = chain.adapter.resolve_offline(intent, chain.account(self._agent), 5000)
        self._subject = Subject(agent=self._agent, session=self._session, resolved=resolved, fee_cap=5000)
        self._plain = sqlite3.connect(paths.database)

    def have_policies(self, count: int) -> None:
        """So many in all, types in turn. :param count: no fewer than there are"""
        operator = Actor(kind="operator", by_password=True)
        for number in range(len(self._policies.list(operator, self._agent.id, count + 1).items), count):
            type_, rules = self._policy(number)
            self._policies.create(operator, agent_id=self._agent.id, type=type_, rules=rules)

    def decide(self) -> None:
        """Judge, and check the windows again. :raises RuntimeError: when it is not let through at once"""
        judgement = self.judge()
        if judgement.decision.tier is not Tier.INSTANT:
            raise RuntimeError(f"the payment is {judgement.decision.tier}, not INSTANT: {judgement.decision.named}")
        with self.store.read() as unit:
            if not self._evaluator.still_holds(unit, self._subject, judgement):
                raise RuntimeError("the judgement does not hold")

    def judge(self) -> Judgement:
        """Every policy, fee limit and constraint over the payment."""
        return self._evaluator.judge(self._subject)

    def look_up(self) -> None:
        """The windows of a spending limit, a session's total and the fees, each twice, as bare look-ups."""
        now = self._clock.now()
        for _ in range(2 * _LOOK_UPS):
            self._plain.execute(_LOOK_UP, (self._agent.id, self._native, now - 86400)).fetchone()

    def close(self) -> None:
        """Close the files."""
        self._plain.close()
        self.store.close()

    def _begin(self) -> None:
        with self.store.write() as unit:
            unit.agents.insert(self._agent)
            unit.sessions.insert(self._session)
        self.have_policies(1)

    def _fill(self, database: Path) -> None:
        """The past. Indexes and the check of order are made afterwards, as quick as sorting."""
        common = {"size": self.size, "agent": self._agent.id, "session": self._session.id, "asset": self._native}
        common |= {"start": self._clock.now() - _SECONDS, "seconds": _SECONDS}
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA synchronous = OFF")
            derived = connection.execute(_DERIVED).fetchall()
            for type_, name, _ in derived:
                connection.execute(f"DROP {type_} {name}")
            for kind, units in (("amount", _UNITS), ("fee", _FEE)):
                connection.execute(_LEDGER, {**common, "kind": kind, "units": units})
            for what in ("admitted", "paid"):
                connection.execute(_ACTIVITY, {**common, "what": what})
            for _, _, sql in derived:
                connection.execute(sql)
            connection.commit()
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _policy(self, number: int) -> tuple[str, Mapping[str, Any]]:
        """A limit first, then one of each type that is judged in this process; windows that may have any length all differ."""
        limits = dict.fromkeys(("instant_max", "daily_limit", "weekly_limit", "monthly_limit"), _PLENTY)
        window = {"window_seconds": 3600 + 60 * number}
        kinds: dict[str, Mapping[str, Any]] = {
            "SPENDING_LIMIT": limits,
            "RATE_LIMIT": {"max_transactions": 10**6, **window},
            "DUPLICATE_GUARD": window,
            "BUDGET": {"name": "all", "agents": [self._agent.id], "limit": _PLENTY, **window},
            "FEE_LIMIT": {"max_fee": _PLENTY, "daily_limit": _PLENTY},
            "ALLOWED_ADDRESSES": {"addresses": [self._recipient]},
            "AUTO_STOP": {"max_transactions": 10**6, "max_denials": 10**6, **window},
        }
        found = [(type_, rules) for type_, rules in kinds.items() if type_ in self._registry.policy_types]
        return found[number % len(found)]


@contextmanager
def histories(folder: Path, short: int, long: int) -> Iterator[tuple[History, History]]:
    """A short and a long one, closed with the block; the process collects garbage as the daemon does."""
    first, second = History(folder / "short", short), History(folder / "long", long)
    settle_garbage()
    try:
        yield first, second
    finally:
        first.close()
        second.close()


def _people(now: int) -> tuple[Agent, Session]:
    key = Keypair().pubkey()
    agent = Agent(
        id=str(uuid7()),
        created_at=now,
        name="bench",
        chain="solana",
        network="localnet",
        form="ed25519",
        key_scheme="ed25519",
        public_key=bytes(key).hex(),
        address=str(key),
        status="ACTIVE",
        updated_at=now,
    )
    session = Session(
        id=str(uuid7()),
        created_at=now,
        agent_id=agent.id,
        token_hash="0" * 64,
        expires_at=now + 86400,
        absolute_expires_at=now + 86400,
        constraints=_CONSTRAINTS,
    )
    return agent, session
