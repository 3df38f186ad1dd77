"""Payments that were given up: what the chain takes from them after all is booked, once (invariant 5)."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from tests.engine.test_head import Place
from waiaas.clock import SystemClock
from waiaas.engine.journal import Journal
from waiaas.engine.outcomes import Outcomes
from waiaas.engine.pipeline.confirm import Confirm, Sighting
from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.pipeline.transitions import Transitions
from waiaas.engine.stored_intent import StoredIntent
from waiaas.interfaces.chain import Amount, Destination, Effect, Intent, Kind, Phase, Resolved, Status, What
from waiaas.store.records import Agent, Transaction, Variant

INTENT = StoredIntent(
    resolved=Resolved(
        intent=Intent(kind=Kind.TRANSFER, to=Destination(address="you"), amount=Amount(asset="sol", units=5)),
        effects=(Effect(what=What.OUT, asset="sol", units=5, to="you"),),
        assets=(),
        likely_fee=Amount(asset="sol", units=7),
    ),
    fee_cap=28,
)
ROW = Transaction(
    id="t",
    created_at=1,
    updated_at=1,
    agent_id="a",
    chain="solana",
    network="localnet",
    type="TRANSFER",
    status="FAILED",
    tier="INSTANT",
    intent=INTENT.to_text(),
    error_code="EXPIRED_ON_CHAIN",
    tx_hash="h",
)
BYTES = Variant(
    tx_id="t",
    chain="solana",
    network="localnet",
    n=1,
    kind="original",
    signed_raw="00",
    evidence="{}",
    tx_hash="h",
    fee_cap=28,
    claims="[]",
    created_at=1,
)
AGENT = Agent(
    id="a",
    created_at=1,
    updated_at=1,
    name="a",
    chain="solana",
    network="localnet",
    form="f",
    key_scheme="ed25519",
    public_key="00",
    address="x",
    status="ACTIVE",
)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """A database with one payment that was given up."""
    made = Place(tmp_path)
    with made.store.write() as unit:
        unit.agents.insert(AGENT)
        unit.transactions.insert(ROW)
        unit.variants.insert(BYTES)
    yield made
    made.store.close()


def settle(place: Place, *, ok: bool) -> None:
    """The chain says that the bytes are final after all."""
    clock = SystemClock()
    bench = SimpleNamespace(
        store=place.store,
        transitions=Transitions(Journal(clock), clock),
        outcomes=Outcomes(),
        clock=clock,
        observe=lambda step, tx_id: None,
        on_signed=lambda: None,
    )
    with place.store.read() as unit:
        row = unit.transactions.get("t")
    assert row is not None
    status = Status(phase=Phase.FINAL, ok=ok, fee_paid=Amount(asset="sol", units=6))
    Confirm(cast(Bench, cast(Any, bench))).settle([Sighting(row=row, variant=BYTES, status=status)])


def booked(place: Place) -> dict[str, int]:
    """What the ledger holds, by kind."""
    with place.store.read() as unit:
        return {entry.kind: entry.amount for entry in unit.ledger.of("t")}


def test_a_payment_that_landed_late_is_booked(place: Place) -> None:
    """It becomes CONFIRMED, and its amount and fee count as spent."""
    settle(place, ok=True)
    with place.store.read() as unit:
        row = unit.transactions.get("t")
    assert row is not None
    assert row.status == "CONFIRMED"
    assert booked(place) == {"amount": 5, "fee": 6}


def test_a_payment_that_failed_late_costs_its_fee_once(place: Place) -> None:
    """It stays FAILED, with the chain's word for why; its fee counts as spent, however often the chain says so."""
    settle(place, ok=False)
    settle(place, ok=False)
    with place.store.read() as unit:
        row = unit.transactions.get("t")
    assert row is not None
    assert (row.status, row.error_code) == ("FAILED", "FAILED_ON_CHAIN")
    assert booked(place) == {"fee": 6}
