"""Backtest: what a draft of policies would have done with the transactions that are on record. Nothing is stored.

The draft takes the place of every policy, the global ones too; session constraints and fee limits hold as they do now. Rows are
judged once each, as when they were asked for, oldest first, over books of their own (:mod:`waiaas.engine.replay`). Prices are
today's. A freeze is told and has no effect on later rows.

It is bounded in rows and in time, rests between rows, and holds no session with the database while it judges, so that payments
go on beside it. There is one at a time.
"""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from waiaas.clock import Clock
from waiaas.engine.actors import Actor, require_operator
from waiaas.engine.facts import Subject
from waiaas.engine.pipeline.evaluate import Evaluator, Judgement
from waiaas.engine.policies import Policies
from waiaas.engine.replay import Recorded, Replay, first_decision
from waiaas.engine.stored_intent import stored_intent
from waiaas.errors import BadRequest, Conflict, WaiaasError
from waiaas.interfaces.policy import Tier
from waiaas.store.database import Store
from waiaas.store.records import Agent, Policy, Session, Transaction
from waiaas.store.rehearsal import rehearsal

_MOST_ROWS = 10_000
_MOST_SECONDS = 30.0
_AT_ONCE = 100
_REST_AFTER, _REST_SECONDS = 10, 0.004
_KILLED = frozenset({"POLICY_TIMEOUT", "POLICY_CRASHED"})
_UNREADABLE = {"tier": Tier.DENY.value, "type": "RECORD", "code": "UNREADABLE", "policy": None, "freezes": False}


@dataclass(frozen=True, slots=True, kw_only=True)
class _Piece:
    """Some rows with everything that is needed to judge them."""

    recorded: Sequence[tuple[Transaction, Recorded | None]]
    agents: Mapping[str, Agent]
    sessions: Mapping[str, Session]


class Backtests:
    """Thread-safe. :param rest: sleeps for so many seconds"""

    def __init__(
        self,
        *,
        store: Store,
        evaluator: Evaluator,
        policies: Policies,
        clock: Clock,
        rest: Callable[[float], None] = time.sleep,
    ) -> None:
        self._store = store
        self._evaluator = evaluator
        self._policies = policies
        self._clock = clock
        self._rest = rest
        self._turn = threading.Lock()

    def run(
        self,
        actor: Actor,
        *,
        agent_id: str | None,
        policies: Sequence[Mapping[str, Any]],
        since: int | None = None,
    ) -> dict[str, Any]:
        """Judge what is on record again, by a draft. Seconds for thousands of rows.

        :param agent_id: of one agent (by id or name); None judges everybody's, and the draft is read as global policies are
        :param policies: {type, rules} each; none at all is a draft too
        :param since: Unix seconds; of what is newer, at most the newest ten thousand
        :raises BadRequest: with INVALID_RULES, also where judging the draft took too long
        :raises Conflict: while another is under way
        """
        require_operator(actor)
        owner = self._policies.owner(agent_id)
        drafts = [self._policies.draft(owner, one["type"], one["rules"]) for one in policies]
        if not self._turn.acquire(blocking=False):
            raise Conflict("another backtest is under way", hint="try again in a moment")
        try:
            return self._run(owner, drafts, since)
        finally:
            self._turn.release()

    def _run(self, owner: str | None, drafts: Sequence[Policy], since: int | None) -> dict[str, Any]:
        with self._store.read() as unit:
            ids = unit.transactions.newest_ids(agent_id=owner, since=since or 0, limit=_MOST_ROWS + 1)
        wanted = ids[:_MOST_ROWS][::-1]
        items = list(self._judged(wanted, drafts))
        return {
            "rows": items,
            "totals": {side: _totals(items, side) for side in ("before", "after")},
            "changed": sum(item["changed"] for item in items),
            "since": since,
            "truncated": len(ids) > _MOST_ROWS or len(items) < len(wanted),
        }

    def _judged(self, ids: Sequence[str], drafts: Sequence[Policy]) -> Iterator[dict[str, Any]]:
        end = self._clock.monotonic() + _MOST_SECONDS
        places = {draft.id: number for number, draft in enumerate(drafts)}
        with rehearsal() as unit:
            replay, done = Replay(unit), 0
            for start in range(0, len(ids), _AT_ONCE):
                piece = self._read(ids[start : start + _AT_ONCE])
                for row, recorded in piece.recorded:
                    if self._clock.monotonic() > end:
                        return
                    yield _item(row, self._one(replay, piece, recorded, drafts, places))
                    done += 1
                    if done % _REST_AFTER == 0:
                        self._rest(_REST_SECONDS)

    def _one(
        self,
        replay: Replay,
        piece: _Piece,
        recorded: Recorded | None,
        drafts: Sequence[Policy],
        places: Mapping[str, int],
    ) -> Mapping[str, Any]:
        """What the draft says of one row, which then takes its place in the books."""
        if recorded is None:
            return {**_UNREADABLE, "reason": "what it was to do cannot be read any more"}
        row, agent = recorded.row, piece.agents[recorded.row.agent_id]
        session = piece.sessions.get(row.session_id or "")
        subject = Subject(
            agent=agent, session=session, resolved=recorded.intent.resolved, fee_cap=recorded.intent.fee_cap
        )
        replay.meet(agent)
        replay.advance(row.created_at)
        try:
            judgement = self._evaluator.rehearse(subject, drafts, row.created_at, replay.unit)
        except WaiaasError as problem:
            return {**_UNREADABLE, "reason": problem.message}
        _require_judged(judgement, places)
        replay.take(recorded, judgement)
        return _told(judgement, places)

    def _read(self, ids: Sequence[str]) -> _Piece:
        with self._store.read() as unit:
            rows = unit.transactions.several(ids)
            entries = {row.id: tuple(unit.ledger.of(row.id)) for row in rows}
            agents = {key: unit.agents.get(key) for key in {row.agent_id for row in rows}}
            sessions = {key: unit.sessions.get(key) for key in {row.session_id for row in rows if row.session_id}}
        recorded: list[tuple[Transaction, Recorded | None]] = []
        for row in rows:
            one = None
            with suppress(WaiaasError, ValueError, KeyError, TypeError):
                one = Recorded(row=row, intent=stored_intent(row), entries=entries[row.id])
            recorded.append((row, one))
        return _Piece(
            recorded=recorded,
            # what an agent was resumed after is a place in the books of truth, and means nothing in these
            agents={key: replace(agent, resumed_after=0) for key, agent in agents.items() if agent is not None},
            sessions={key: session for key, session in sessions.items() if session is not None},
        )


def _require_judged(judgement: Judgement, places: Mapping[str, int]) -> None:
    """A draft that costs its judges their lives is not asked again: the same processes judge payments."""
    for one in judgement.decision.verdicts:
        place = places.get(one.policy_id or "")
        if one.verdict.code in _KILLED and place is not None:
            raise BadRequest(
                f"policy {place} of the draft ({one.type}): {one.verdict.reason}",
                code="INVALID_RULES",
                hint="in force it would deny; make it simpler",
            )


def _told(judgement: Judgement, places: Mapping[str, int]) -> Mapping[str, Any]:
    named = judgement.decision.named
    return {
        "tier": judgement.decision.tier.value,
        "policy": places.get(named.policy_id or ""),
        "type": named.type,
        "code": named.verdict.code,
        "reason": named.verdict.reason,
        "freezes": any(one.verdict.freeze and one.verdict.tier is Tier.DENY for one in judgement.decision.verdicts),
    }


def _item(row: Transaction, after: Mapping[str, Any]) -> dict[str, Any]:
    before = first_decision(row)
    return {
        "id": row.id,
        "agentId": row.agent_id,
        "createdAt": row.created_at,
        "type": row.type,
        "status": row.status,
        "toAddress": row.to_address,
        "asset": row.asset,
        "amount": None if row.amount is None else str(row.amount),
        "before": before,
        "after": after,
        "changed": before["tier"] != after["tier"],
    }


def _totals(items: Sequence[Mapping[str, Any]], side: str) -> Mapping[str, int]:
    tiers = [item[side]["tier"] for item in items]
    return {tier.value: tiers.count(tier.value) for tier in Tier}
