"""Waiting: why a payment cannot go on, for whoever looks at it: put together from what stops it, its lane and its network."""

from typing import Any

from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.rules.transaction_states import FINISHED
from waiaas.engine.rules.waiting import AS_SIGNED, BY_ITSELF, Wait, WaitCode, behind, setting_of, to_wire, wait_for
from waiaas.engine.stops import lifting, stop_over
from waiaas.engine.waits import Held
from waiaas.store.database import Unit
from waiaas.store.records import Transaction

_UNSIGNED = ("PENDING", "QUEUED", "EXECUTING")


class Waiting:
    """Thread-safe. Asks no node: it tells what was met."""

    def __init__(self, bench: Bench) -> None:
        self._bench = bench

    def of(self, unit: Unit, row: Transaction, *, is_operator: bool) -> dict[str, Any] | None:
        """``{code, reason, since, hint}``; None for what goes on, is final, or waits for its time or a person alone.

        :param is_operator: tell also which endpoint, masked, and which key of the configuration
        """
        held = None if row.status in FINISHED else self._held(unit, row, is_operator)
        if held is None:
            return None
        wait = held.wait
        if row.status == "SUBMITTED" and wait.hint == BY_ITSELF:
            wait = Wait(code=wait.code, reason=wait.reason, hint=AS_SIGNED, troubles=wait.troubles, holder=wait.holder)
        return to_wire(wait, held.since, setting=setting_of(row.chain, row.network) if is_operator else "")

    def _held(self, unit: Unit, row: Transaction, is_operator: bool) -> Held | None:
        return (
            self._stopped(unit, row, is_operator) or self._unserved(row) or self._in_lane(row) or self._on_network(row)
        )

    def _stopped(self, unit: Unit, row: Transaction, is_operator: bool) -> Held | None:
        """What is stopped stays where it is; bytes that a node took go on."""
        if row.status not in _UNSIGNED and row.broadcast_at is not None:
            return None
        agent = unit.agents.get(row.agent_id)
        session = unit.sessions.get(row.session_id) if row.session_id else None
        stop = None if agent is None else stop_over(unit, agent, session)
        if agent is None or stop is None:
            return None
        since = stop.details.get("since") or agent.suspended_at or row.updated_at
        hint = lifting(unit, agent, session) if is_operator else stop.hint
        return Held(wait=wait_for(WaitCode(stop.code), stop.message, hint=hint), since=int(since))

    def _unserved(self, row: Transaction) -> Held | None:
        if row.status == "QUEUED" or self._bench.chains.serves(row.chain, row.network):
            return None
        wait = wait_for(WaitCode.CHAIN_MISSING, f"no plugin serves {row.chain}/{row.network}; nothing is lost")
        return Held(wait=wait, since=row.updated_at)

    def _in_lane(self, row: Transaction) -> Held | None:
        if row.status not in ("PENDING", "EXECUTING"):
            return self._bench.waits.of(row)
        own, ahead = self._bench.waits.of(row), self._bench.waits.before(row)
        if own is not None or ahead is None:
            return own
        head, held = ahead
        return Held(wait=behind(head, held.wait), since=max(held.since, row.created_at))

    def _on_network(self, row: Transaction) -> Held | None:
        """Signed bytes wait for nodes that tell nothing."""
        return self._bench.chains.trouble(row.chain, row.network) if row.status == "SUBMITTED" else None
