"""Replay: the books as they would have been had a draft decided, kept in memory in the order of what was recorded.

What the draft lets through takes its place as a real payment does: it is admitted and set aside, and later paid, failed or
given up, when and as that really happened. What was refused in truth and the draft lets through is taken for paid at once, with
the fee that was likely. What the draft refuses only counts as refused.
"""

import heapq
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace

from waiaas.engine.facts import effects_likeness
from waiaas.engine.journal import Journal
from waiaas.engine.pipeline.evaluate import Judgement
from waiaas.engine.pipeline.transitions import Transitions
from waiaas.engine.rules.totals import totals
from waiaas.engine.rules.transaction_states import UNFINISHED
from waiaas.engine.stored_intent import StoredIntent
from waiaas.interfaces.money import USD
from waiaas.interfaces.policy import NEAR_LIMIT, Tier
from waiaas.store.database import Unit
from waiaas.store.records import Agent, LedgerEntry, Transaction

_COUNTED = {"CONFIRMED": "paid", "FAILED": "failed"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A transaction as it is on record. :param entries: what it finally took"""

    row: Transaction
    intent: StoredIntent
    entries: tuple[LedgerEntry, ...]

    @property
    def was_refused(self) -> bool:
        """Whether it was denied when it was asked for."""
        return self.row.tier == Tier.DENY.value


class _Then:
    """The moment that is replayed, as a clock."""

    def __init__(self) -> None:
        self.at = 0

    def now(self) -> int:
        return self.at

    def monotonic(self) -> float:
        raise AssertionError("nothing is timed in what is past")

    def elapsed(self) -> float:
        raise AssertionError("nothing is timed in what is past")


class Replay:
    """The books of one draft. :param unit: of a store in memory, empty"""

    def __init__(self, unit: Unit) -> None:
        self.unit = unit
        self._clock = _Then()
        self._transitions = Transitions(Journal(self._clock, notifications_enabled=False), self._clock)
        self._agents: set[str] = set()
        self._ends: list[tuple[int, int, Recorded]] = []
        self._count = 0

    def meet(self, agent: Agent) -> None:
        """Let an agent be one of those that share a window. May be called again."""
        if agent.id not in self._agents:
            self._agents.add(agent.id)
            self.unit.agents.insert(agent)

    def advance(self, now: int) -> None:
        """Let everything end that really had ended by ``now``."""
        while self._ends and self._ends[0][0] <= now:
            at, _, recorded = heapq.heappop(self._ends)
            self._clock.at = at
            self._end(recorded)
        self._clock.at = now

    def take(self, recorded: Recorded, judgement: Judgement) -> None:
        """Book what the draft decided of a transaction, at the moment to which it was advanced."""
        if judgement.decision.tier is Tier.DENY:
            self._transitions.count(self.unit, recorded.row, "denied")
            return
        self._admit(recorded, judgement)
        if recorded.was_refused:
            self._pay(recorded, _likely(recorded, judgement.usd))
        elif recorded.row.status not in UNFINISHED:
            self._count += 1
            heapq.heappush(self._ends, (max(self._clock.at, recorded.row.updated_at), self._count, recorded))

    def _admit(self, recorded: Recorded, judgement: Judgement) -> None:
        row, effects = recorded.row, recorded.intent.resolved.effects
        nothing_said = {"intent": "{}", "decision": "{}", "metadata": "{}", "idempotency_key": None, "tx_hash": None}
        begun = replace(row, status="PENDING", tier="INSTANT", due_at=None, **nothing_said)  # type: ignore[arg-type]
        self.unit.transactions.insert(begun)
        self._transitions.count(self.unit, row, "admitted", likeness=effects_likeness(effects))
        if any(NEAR_LIMIT in item.verdict.marks for item in judgement.decision.verdicts):
            self._transitions.count(self.unit, row, "near_limit")
        self._transitions.reserve(self.unit, row, recorded.intent, judgement.usd)

    def _end(self, recorded: Recorded) -> None:
        row = recorded.row
        self.unit.transactions.move(row.id, expected="PENDING", status=row.status, at=self._clock.at)
        for entry in recorded.entries:
            self.unit.ledger.append(entry)
        self.unit.reservations.release(row.id)
        if row.status in _COUNTED:
            self._transitions.count(self.unit, row, _COUNTED[row.status])

    def _pay(self, recorded: Recorded, amounts: Mapping[tuple[str, str], int]) -> None:
        row = replace(recorded.row, status="CONFIRMED")
        entries = [
            LedgerEntry(
                agent_id=row.agent_id,
                session_id=row.session_id,
                tx_id=row.id,
                asset=asset,
                kind=kind,
                amount=units,
                at=self._clock.at,
            )
            for (asset, kind), units in amounts.items()
            if units > 0
        ]
        self._end(replace(recorded, row=row, entries=tuple(entries)))


def first_decision(row: Transaction) -> Mapping[str, object]:
    """What a transaction was told when it was asked for: its first decision, or the only one."""
    decision: dict[str, object] = json.loads(row.decision)
    before = decision.get("before")
    first = before[0] if isinstance(before, list) and before else decision
    tier = Tier.DENY.value if row.tier == Tier.DENY.value else first.get("tier") or row.tier
    return {"tier": tier, **{name: first.get(name) for name in ("type", "code", "reason")}}


def _likely(recorded: Recorded, usd: int) -> Mapping[tuple[str, str], int]:
    resolved = recorded.intent.resolved
    fee = resolved.likely_fee
    return {**totals(resolved.effects), (fee.asset, "fee"): fee.units, (USD, "amount"): usd}
