"""What a decision costs with a short and a long history.

Policies, fee limits and session constraints are judged over the ledger, then checked again as under the writer lock. The floor
is as many plain index look-ups as the windows take.
"""

import json
import sqlite3
import time
from collections.abc import Callable
from pathlib import Path

from solders.keypair import Keypair
from uuid6 import uuid7

from bench.figures import Figure, median
from waiaas.clock import SystemClock
from waiaas.config import Settings, create, load, write_private
from waiaas.config.template import render_default
from waiaas.engine.chains import Chains
from waiaas.engine.facts import Subject
from waiaas.engine.judges import Judges
from waiaas.engine.pipeline.evaluate import Evaluator, Judgement
from waiaas.interfaces.chain import Amount, Destination, Intent, Kind
from waiaas.interfaces.policy import Tier
from waiaas.registry import load as load_plugins
from waiaas.registry import pin_all
from waiaas.store.database import Store
from waiaas.store.records import Agent, LedgerEntry, Policy, Session

_PLENTY = str(10**15)
_CONSTRAINTS = json.dumps({"maxTotal": _PLENTY})
_HISTORY_SECONDS = 40 * 86400
_BATCH = 5_000
_LOOK_UPS = 10
"""Day, week, month, the session's total, and the day's fees: the newest entry and the last before the window, of each."""

_LOOK_UP = (
    "SELECT cumulative FROM spend_ledger WHERE agent_id = ? AND asset = ? AND kind = 'amount' AND at <= ?"
    " ORDER BY at DESC, id DESC LIMIT 1"
)


def decisions(folder: Path, rounds: int, short: int, long: int, calls: int) -> Figure:
    """The cost after ``long`` past transactions, and how it compares with ``short`` ones."""
    cases = []
    for size in (short, long):
        root = folder / str(size)
        cases.append(Case(root, size))
    times: dict[str, list[float]] = {"short": [], "long": [], "floor": []}
    for _ in range(rounds):
        times["short"].append(_milliseconds(cases[0].decide, calls))
        times["long"].append(_milliseconds(cases[1].decide, calls))
        times["floor"].append(_milliseconds(cases[1].look_up, calls))
    for case in cases:
        case.close()
    brief, lengthy = median(times["short"]), median(times["long"])
    return Figure(
        name=f"decision after {long:,} transactions",
        unit="ms",
        ours=lengthy,
        floor=median(times["floor"]),
        higher_is_better=False,
        limit=1.5 * brief,
        details={f"after {short:,}": f"{brief:.2f} ms", f"{long:,} / {short:,}": round(lengthy / brief, 2)},
    )


class Case:
    """A database with a history, and a payment to judge."""

    def __init__(self, root: Path, size: int) -> None:
        paths = create(root)
        write_private(paths.config, render_default().encode())
        settings: Settings = load(root, {})
        self._clock = SystemClock()
        self.store = Store.open(paths.database)
        registry = load_plugins(pin_all())
        chains = Chains(registry, settings, self._clock)
        self._evaluator = Evaluator(self.store, Judges(registry), chains, settings, self._clock)
        self._agent, self._session = _people(self._clock.now())
        chain = chains.of(self._agent)
        self._native = chain.network.native.id
        self._fill(size)
        intent = Intent(
            kind=Kind.TRANSFER,
            to=Destination(address=str(Keypair().pubkey())),
            amount=Amount(asset=self._native, units=1000),
        )
        resolved = chain.adapter.resolve_offline(intent, chain.account(self._agent), 5000)
        self._subject = Subject(agent=self._agent, session=self._session, resolved=resolved, fee_cap=5000)
        self._plain = sqlite3.connect(paths.database)

    def decide(self) -> None:
        """Judge, and check the windows again."""
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
        """The same windows, twice, as bare look-ups."""
        now = self._clock.now()
        for _ in range(2 * _LOOK_UPS):
            self._plain.execute(_LOOK_UP, (self._agent.id, self._native, now - 86400)).fetchone()

    def close(self) -> None:
        """Close the files."""
        self._plain.close()
        self.store.close()

    def _fill(self, size: int) -> None:
        now = self._clock.now()
        with self.store.write() as unit:
            unit.agents.insert(self._agent)
            unit.sessions.insert(self._session)
            unit.policies.insert(_policy(self._agent.id, self._native, now))
        for start in range(0, size, _BATCH):
            with self.store.write() as unit:
                for number in range(start, min(size, start + _BATCH)):
                    at = now - _HISTORY_SECONDS + _HISTORY_SECONDS * number // size
                    tx_id = str(uuid7())
                    for kind, units in (("amount", 1000), ("fee", 1000)):
                        unit.ledger.append(self._entry(tx_id, kind, units, at))

    def _entry(self, tx_id: str, kind: str, units: int, at: int) -> LedgerEntry:
        return LedgerEntry(
            agent_id=self._agent.id,
            session_id=self._session.id,
            tx_id=tx_id,
            asset=self._native,
            kind=kind,
            amount=units,
            at=at,
        )


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


def _policy(agent_id: str, asset: str, now: int) -> Policy:
    limits = dict.fromkeys(("instant_max", "daily_limit", "weekly_limit", "monthly_limit"), _PLENTY)
    return Policy(
        id=str(uuid7()),
        created_at=now,
        agent_id=agent_id,
        type="SPENDING_LIMIT",
        rules=json.dumps({"asset": asset, **limits}),
        priority=0,
        enabled=True,
        version=1,
        updated_at=now,
    )


def _milliseconds(call: Callable[[], None], calls: int) -> float:
    began = time.perf_counter()
    for _ in range(calls):
        call()
    return 1000 * (time.perf_counter() - began) / calls
