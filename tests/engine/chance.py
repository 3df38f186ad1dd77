"""Random policies, histories and wishes at the engine's desk, the same for the same seed."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from random import Random
from typing import Any

from tests.engine.desk import AGENT, COIN, EUR, USD, Desk, native, token
from waiaas.engine.actors import Actor
from waiaas.store.records import LedgerEntry, Transaction

ROOMY = {
    "WAIAAS_SECURITY_SESSION_ABSOLUTE_LIFETIME": "31536000",
    "WAIAAS_SECURITY_MAX_PENDING_TX": "10000",
    "WAIAAS_SECURITY_MAX_ACTIVE_TX": "100000",
}
"""Settings under which nothing but policies and constraints refuses."""
HOUR, DAY = 3600, 86_400
_PEOPLE = ("wanna", "wbert", "wcarl", "wdora")
_ASSETS = (COIN.id, COIN.id, USD.id, EUR.id)
_SCALE = (0, 1, 5, 10, 20, 21, 40, 60, 100)
_LIMITS = (20, 60, 100, 300, 1000)


class Chance:
    """What a seed makes of one desk: agents with policies and sessions, what they wish for, and what becomes of it."""

    def __init__(self, desk: Desk, seed: int) -> None:
        self.desk, self.random = desk, Random(seed)
        self.people = 0

    def agent(self) -> Actor:
        """A new agent with some policies and a session, perhaps with constraints."""
        self.people += 1
        of = f"{self.people:04d}"
        agent = replace(AGENT, id=f"{AGENT.id[:-5]}a{of}", name=f"bot-{of}", public_key=f"{self.people:064x}")
        with self.desk.store.write() as unit:
            unit.agents.insert(agent)
        for number in range(self.random.choice((0, 1, 1, 2, 3))):
            self.policy(agent.id, None if number else "SPENDING_LIMIT")
        limits, year = self._constraints(), 365 * DAY
        issued = self.desk.sessions.issue(self.desk.operator, agent_id=agent.id, ttl=year, constraints=limits)
        return self.desk.sessions.authenticate(issued.token, None)

    def afresh(self, actor: Actor) -> Actor:
        """The same program as it is let in next; an agent that a policy stopped was mostly let go on by then."""
        assert actor.agent is not None
        with self.desk.store.write() as unit:
            if self.random.random() < 0.8:
                now = self.desk.clock.now()
                unit.agents.set_status(actor.agent.id, expected="SUSPENDED", status="ACTIVE", at=now)
            return replace(actor, agent=unit.agents.get(actor.agent.id))

    def policy(self, agent_id: str | None, type_: str | None = None) -> str:
        """A policy, of any installed type unless one is given, of one agent or of all."""
        type_ = type_ or self.random.choice(sorted(set(self.desk.registry.policy_types) & set(RULES)))
        rules = self.rules(type_, agent_id)
        create, enabled = self.desk.policies.create, self.random.random() < 0.9
        return create(self.desk.operator, agent_id=agent_id, type=type_, rules=rules, enabled=enabled).id

    def rules(self, type_: str, agent_id: str | None) -> Mapping[str, Any]:
        """Rules that the type takes, of about the size of what is wished for."""
        fields = self.desk.registry.policy_types[type_].rules_model.model_fields
        made = RULES[type_](self, agent_id)
        return {name: value for name, value in made.items() if name in fields}

    def wish(self) -> dict[str, Any]:
        """The body of a send."""
        units, to = self.random.choice((1, 5, 10, 20, 21, 40, 60)), self.random.choice(_PEOPLE)
        asset = self.random.choice(("", "", "usd", "eur"))
        return native(units, to) if asset == "" else token(units, to, asset)

    def pass_time(self) -> None:
        """A moment or a month."""
        self.desk.clock.advance(self.random.choice((0, 0, 1, 60, HOUR, HOUR, 6 * HOUR, DAY, 10 * DAY)))

    def end(self, tx_id: str) -> None:
        """One that was admitted is paid, fails, is cancelled, or stays where it is."""
        with self.desk.store.read() as unit:
            row = unit.transactions.get(tx_id)
        assert row is not None
        what = self.random.choice(("CONFIRMED", "CONFIRMED", "FAILED", "CANCELLED", ""))
        if row.status in ("PENDING", "QUEUED") and what:
            self._end(row, what)

    def _end(self, row: Transaction, status: str) -> None:
        transitions, steps = self.desk.bench.transitions, ["EXECUTING", "SUBMITTED"]
        with self.desk.store.write() as unit:
            for step in [*(steps if status != "CANCELLED" else ()), status]:
                assert transitions.move(unit, row, step, "transaction.cancelled")
                row = replace(row, status=step)
            for one in unit.reservations.of(row.id):
                if status == "CONFIRMED":
                    self._book(unit.ledger.append, row, one.asset, one.kind, one.amount)
            unit.reservations.release(row.id)

    def _book(self, append: Callable[[LedgerEntry], int], row: Transaction, asset: str, kind: str, units: int) -> None:
        entry = LedgerEntry(
            agent_id=row.agent_id, session_id=row.session_id, tx_id=row.id, asset=asset, kind=kind, amount=units,
            at=self.desk.clock.now(),
        )  # fmt: skip
        append(entry)

    def amount(self) -> str:
        """Of the size of a limit."""
        return str(self.random.choice(_LIMITS))

    def some(self, **values: Any) -> dict[str, Any]:
        """Each of them or not, and never none."""
        names = self.random.sample(sorted(values), self.random.randint(1, len(values)))
        return {name: values[name] for name in names}

    def seconds(self) -> int:
        """A window's length."""
        return self.random.choice((60, HOUR, DAY, 7 * DAY))

    def _constraints(self) -> dict[str, Any]:
        if self.random.random() < 0.8:
            return {}
        tokens = [{"address": USD.id, "maxTotal": self.amount()}]
        return self.some(
            maxAmount=self.amount(), maxTotal=self.amount(), maxTransactions=self.random.randint(1, 9), tokens=tokens,
            recipients=list(_PEOPLE[:3]), types=["TRANSFER"],
        )  # fmt: skip


def _spending(chance: Chance, agent_id: str | None) -> dict[str, Any]:
    steps = sorted(int(chance.random.choice(_SCALE)) for _ in range(3))
    thresholds = dict(zip(("instant_max", "notify_max", "delay_max"), map(str, steps), strict=True))
    limits = {name: chance.amount() for name in ("daily_limit", "weekly_limit", "monthly_limit")}
    more = {"tier_window_seconds": chance.seconds()} if chance.random.random() < 0.3 else {}
    found = {**chance.some(**thresholds, **limits), **more}
    kept = found if set(found) - set(more) - set(limits) else {**found, "instant_max": thresholds["instant_max"]}
    return {"asset": chance.random.choice(_ASSETS), **kept}


def _budget(chance: Chance, agent_id: str | None) -> dict[str, Any]:
    return {
        "name": "together", "agents": ["*"], "limit": str(1000 * int(chance.amount())), "window_seconds": chance.seconds(),
        "asset": chance.random.choice(_ASSETS), "on_breach": "deny",
    }  # fmt: skip


def _times(chance: Chance, agent_id: str | None) -> dict[str, Any]:
    days = chance.random.sample(("mon", "tue", "wed", "thu", "fri", "sat", "sun"), chance.random.randint(1, 7))
    otherwise = chance.random.choice(("deny", "approval", "delay"))
    return {"days": days, "start": "08:00", "end": "18:30", "timezone": "Europe/Berlin", "outside": otherwise}


def _stop(chance: Chance, agent_id: str | None) -> dict[str, Any]:
    counts = {name: chance.random.randint(3, 9) for name in ("max_transactions", "max_denials", "near_limit_hits")}
    return {**chance.some(**counts), "consecutive_failures": 5, "window_seconds": chance.seconds()}


RULES: Mapping[str, Callable[[Chance, str | None], dict[str, Any]]] = {
    "SPENDING_LIMIT": _spending,
    "ALLOWED_ADDRESSES": lambda chance, _: {
        "addresses": list(_PEOPLE[: chance.random.randint(1, 4)]),
        "otherwise": chance.random.choice(("deny", "approval")),
    },
    "ALLOWED_TOKENS": lambda chance, _: {"tokens": chance.random.choice(([USD.id], [USD.id, EUR.id]))},
    "BUDGET": _budget,
    "RATE_LIMIT": lambda chance, _: {
        "max_transactions": chance.random.randint(1, 9),
        "window_seconds": chance.seconds(),
    },
    "DUPLICATE_GUARD": lambda chance, _: {
        "window_seconds": chance.seconds(),
        "tier": chance.random.choice(("NOTIFY", "DELAY", "APPROVAL", "DENY")),
    },
    "TIME_RESTRICTION": _times,
    "FEE_LIMIT": lambda chance, _: {
        "asset": COIN.id,
        "max_fee": chance.amount(),
        "daily_limit": str(4 * int(chance.amount())),
    },
    "AUTO_STOP": _stop,
}
"""Type → rules of it; a type that is not installed is not drawn."""
