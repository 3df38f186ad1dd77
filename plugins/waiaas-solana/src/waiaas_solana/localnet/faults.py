"""Faults: the ways in which this node lies, limps or is away, set by a test.

Rules wear off after a number of calls; conditions hold until they are changed.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

ANY = "*"
SEND = "sendTransaction"

LATENCY = "latency"
FAIL = "fail"
RATE_LIMIT = "rate_limit"
LATE_ANSWER = "late_answer"
FAIL_AFTER = "fail_after"
DROP_ANSWER = "drop_answer"
SWALLOW = "swallow"
LAND_LATER = "land_later"
KINDS = (LATENCY, FAIL, RATE_LIMIT, LATE_ANSWER, FAIL_AFTER, DROP_ANSWER, SWALLOW, LAND_LATER)


@dataclass(slots=True, kw_only=True)
class Rule:
    """One fault.

    :param kind: one of KINDS.
    :param method: the JSON-RPC method it strikes, or `*`.
    :param times: calls left, None for until cleared.
    :param seconds: of latency, late answer, Retry-After.
    :param status: HTTP status of fail and fail_after.
    :param slots: of land_later.
    """

    kind: str
    method: str = ANY
    times: int | None = None
    seconds: float = 0
    status: int = 503
    slots: int = 0

    def __post_init__(self) -> None:
        checks = {
            "kind": self.kind in KINDS,
            "times": self.times is None or (type(self.times) is int and self.times >= 0),
            "seconds": type(self.seconds) in (int, float) and 0 <= self.seconds <= 3600,
            "status": type(self.status) is int and 400 <= self.status <= 599,
            "slots": type(self.slots) is int and self.slots >= 0,
        }
        for field, holds in checks.items():
            if not holds:
                raise ValueError(f"{field} of a fault can't be {getattr(self, field)!r}")


@dataclass(frozen=True, slots=True)
class Conditions:
    """What holds until changed.

    :param lag_slots: how far behind all answers are.
    :param away: every connection is closed unanswered.
    :param genesis_hash: another cluster's, None for ours.
    :param history_floor: transactions before this slot are pruned.
    :param prioritization_fee: what recent blocks paid, in micro-lamports a compute unit.
    """

    lag_slots: int = 0
    away: bool = False
    genesis_hash: str | None = None
    history_floor: int = 0
    prioritization_fee: int = 0


class Faults:
    """The faults of one node. Every method may be called from several threads, and repeatedly (rules add up)."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._conditions = Conditions()

    # --- rules

    def latency(self, seconds: float, method: str = ANY, times: int | None = None) -> None:
        """Wait before the call is handled."""
        self.add(Rule(kind=LATENCY, method=method, times=times, seconds=seconds))

    def fail(self, times: int | None = 1, status: int = 503, method: str = ANY) -> None:
        """Answer with an HTTP error and do nothing."""
        self.add(Rule(kind=FAIL, method=method, times=times, status=status))

    def rate_limit(self, times: int | None = 1, retry_after: float = 1, method: str = ANY) -> None:
        """Answer 429 with Retry-After and do nothing.

        :param retry_after: seconds.
        """
        self.add(Rule(kind=RATE_LIMIT, method=method, times=times, seconds=retry_after))

    def late_answer(self, seconds: float, times: int | None = 1, method: str = SEND) -> None:
        """Handle the call at once and answer late."""
        self.add(Rule(kind=LATE_ANSWER, method=method, times=times, seconds=seconds))

    def fail_after(self, times: int | None = 1, status: int = 503, method: str = SEND) -> None:
        """Handle the call, then answer with an HTTP error."""
        self.add(Rule(kind=FAIL_AFTER, method=method, times=times, status=status))

    def drop_answer(self, times: int | None = 1, method: str = SEND) -> None:
        """Handle the call, then close the connection without an answer."""
        self.add(Rule(kind=DROP_ANSWER, method=method, times=times))

    def swallow(self, times: int | None = 1) -> None:
        """Answer sendTransaction with the signature and never execute."""
        self.add(Rule(kind=SWALLOW, method=SEND, times=times))

    def land_later(self, slots: int, times: int | None = 1) -> None:
        """Answer sendTransaction at once and execute some slots later, unless the blockhash has expired by then."""
        self.add(Rule(kind=LAND_LATER, method=SEND, times=times, slots=slots))

    def add(self, rule: Rule) -> None:
        """Add a rule behind those that are there."""
        with self._lock:
            self._rules.append(rule)

    # --- conditions

    @property
    def conditions(self) -> Conditions:
        """What holds now."""
        return self._conditions

    def lag(self, slots: int) -> None:
        """Answer as the node stood this many slots ago; 0 catches up.

        :raises ValueError: a negative number.
        """
        self.change({"lag_slots": slots})

    def away(self, is_away: bool = True) -> None:
        """Close every connection without an answer (`/control` aside), or come back."""
        self.change({"away": is_away})

    def genesis(self, genesis_hash: str | None) -> None:
        """Claim to be another cluster; None is the truth."""
        self.change({"genesis_hash": genesis_hash})

    def prune(self, slot: int) -> None:
        """Forget transactions before a slot; 0 remembers them again.

        :raises ValueError: a negative slot.
        """
        self.change({"history_floor": slot})

    def prioritization_fee(self, micro_lamports: int) -> None:
        """What getRecentPrioritizationFees tells, per compute unit.

        :raises ValueError: a negative fee.
        """
        self.change({"prioritization_fee": micro_lamports})

    def change(self, values: Mapping[str, Any]) -> None:
        """Set conditions by name; those not named stay.

        :raises ValueError: an unknown name or a wrong value, with nothing changed.
        """
        types = {"away": (bool,), "genesis_hash": (str, type(None))}
        for name, value in values.items():
            if name not in Conditions.__slots__ or type(value) not in types.get(name, (int,)):
                raise ValueError(f"no such condition: {name} = {value!r}")
            if type(value) is int and value < 0:
                raise ValueError(f"{name} can't be negative: {value}")
        with self._lock:
            self._conditions = Conditions(**{**asdict(self._conditions), **values})

    def clear(self) -> None:
        """A healthy node again."""
        with self._lock:
            self._rules.clear()
            self._conditions = Conditions()

    # --- asked by the server

    def take(self, kind: str, methods: Iterable[str]) -> Rule | None:
        """The first rule of a kind that strikes one of these calls; uses up one of its times."""
        if not self._rules:
            return None
        struck = {ANY, *methods}
        with self._lock:
            for rule in self._rules:
                if rule.kind == kind and rule.method in struck and rule.times != 0:
                    if rule.times is not None:
                        rule.times -= 1
                    return rule
        return None

    def to_json(self) -> dict[str, Any]:
        """The rules that have calls left and the conditions, for the control endpoint."""
        with self._lock:
            rules = [asdict(rule) for rule in self._rules if rule.times != 0]
            return {"rules": rules, "conditions": asdict(self._conditions)}
