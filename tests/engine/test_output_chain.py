"""A chain that spends outputs, on the whole engine: what is held, what is free again, what is left, and what a rival took."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from tests.engine.nonces import AGENT, Engine
from tests.engine.output_node import OutputAdapter, OutputNode
from waiaas.engine.actors import Actor
from waiaas.engine.wallet import Wallet
from waiaas.errors import NotReady
from waiaas.interfaces.chain import Phase


class Outputs(Engine):
    """The engine of the chain of outputs."""

    adapter = OutputAdapter
    node: OutputNode

    def held(self) -> dict[str, str]:
        """Which payment holds which claim."""
        with self.store.read() as unit:
            rows = unit._sql.all("SELECT claim, tx_id FROM claims WHERE agent_id = ?", (AGENT.id,))
        return dict(rows)

    def spendable(self, program: Actor) -> tuple[int, int]:
        """All, and what is left."""
        found = Wallet(self.bench, cast(Any, None)).balance(program)
        return found.balance, found.spendable


@pytest.fixture
def node() -> OutputNode:
    """An account with three outputs; a fee of ten is enough."""
    return OutputNode(outputs={"a": 16, "b": 40, "c": 40})


@pytest.fixture
def engine(tmp_path: Path, node: OutputNode) -> Iterator[Outputs]:
    """An engine whose agent pays up to a hundred at once."""
    made = Outputs(tmp_path, node)
    made.policy("SPENDING_LIMIT", instant_max="100")
    yield made
    made.close()


@pytest.fixture
def program(engine: Outputs) -> Actor:
    """The agent's program."""
    return engine.session()


def sped_up(engine: Outputs, program: Actor) -> tuple[str, list[str]]:
    """A payment of ``a`` alone, and a dearer variant that takes ``b`` too; their hashes."""
    tx_id = engine.send(program, 5)
    engine.replace(engine.operator, tx_id, max_fee=20)
    first, second = engine.variants(tx_id)
    assert engine.held() == {"utxo:a": tx_id, "utxo:b": tx_id}
    return tx_id, [first.tx_hash, second.tx_hash]


def test_what_a_lost_speed_up_named_is_free_when_the_row_is_final(engine: Outputs, program: Actor) -> None:
    """The first bytes land: the output that only the dearer ones named can be spent again, at once and by the next payment."""
    tx_id, (first, _) = sped_up(engine, program)
    engine.node.pool = {first: engine.node.known[first]}
    engine.node.mine()
    engine.look()
    assert engine.held() == {"utxo:a": tx_id, "utxo:b": tx_id}  # in a block is not final
    engine.settle()
    assert engine.row(tx_id).status == "CONFIRMED"
    assert engine.held() == {"utxo:a": tx_id}
    following = engine.send(program, 30)
    assert engine.held() == {"utxo:a": tx_id, "utxo:b": following}
    assert engine.row(following).status == "SUBMITTED"


def test_a_rivals_spend_has_its_own_name_and_proof_and_frees_the_rest(engine: Outputs, program: Actor) -> None:
    """Somebody else spends one of two outputs of a payment: it is no expiry, the item says what was used, the other is free."""
    tx_id = engine.send(program, 40)
    assert set(engine.held()) == {"utxo:a", "utxo:b"}
    engine.node.pool.clear()
    rival = engine.node.steal("a")
    engine.look()
    assert engine.row(tx_id).status == "SUBMITTED"
    engine.settle()
    row = engine.row(tx_id)
    assert (row.status, row.error_code) == ("FAILED", "CLAIM_USED_ELSEWHERE")
    assert row.error == "utxo:a of the wallet was used by another transaction first; nothing was paid"
    item = engine.transactions.get(program, tx_id).to_wire()
    assert item["variants"][0]["proof"] == f"output a was spent by {rival}"
    assert engine.details("transaction.failed")["proof"] == f"output a was spent by {rival}"
    assert engine.held() == {}
    following = engine.send(program, 20)
    assert engine.row(following).status == "SUBMITTED"
    assert set(engine.held()) == {"utxo:b"}


def test_bytes_that_land_after_all_hold_what_they_used(engine: Outputs, program: Actor) -> None:
    """Given up with a proof that was none: paid all the same, looked for like what expired, and its claims are held again."""
    tx_id = engine.send(program, 5)
    tx_hash = engine.variants(tx_id)[0].tx_hash
    engine.node.lies[tx_hash] = Phase.DEAD
    engine.look()
    assert (engine.row(tx_id).error_code, engine.held()) == ("CLAIM_USED_ELSEWHERE", {})
    del engine.node.lies[tx_hash]
    engine.node.settle()
    engine.clock.advance(61)
    engine.look()
    assert engine.row(tx_id).status == "CONFIRMED"
    assert engine.held() == {"utxo:a": tx_id}


def test_a_cancellation_that_lands_after_all_holds_what_it_used(engine: Outputs, program: Actor) -> None:
    """Given up with a proof that was none, and cancelled all the same: what the cancellation spent is held again."""
    tx_id = engine.send(program, 5)
    engine.replace(program, tx_id, "cancel", max_fee=15)
    first, cancellation = (one.tx_hash for one in engine.variants(tx_id))
    engine.node.lies |= dict.fromkeys((first, cancellation), Phase.DEAD)
    engine.look()
    assert (engine.row(tx_id).status, engine.held()) == ("FAILED", {})
    engine.node.lies.clear()
    engine.node.settle()
    engine.clock.advance(61)
    engine.look()
    assert (engine.row(tx_id).error_code, engine.row(tx_id).tx_hash) == ("CANCELLED_ON_CHAIN", cancellation)
    assert engine.held() == {"utxo:a": tx_id}


def test_build_is_told_what_is_held_and_whose_bytes_are_in_flight(engine: Outputs, program: Actor) -> None:
    """A second payment takes other outputs than the first, whose variants have one row and are numbered."""
    tx_id, hashes = sped_up(engine, program)
    following = engine.send(program, 20)
    in_flight, held = engine.node.told[-1]
    assert held == {"utxo:a", "utxo:b"}
    assert [(one.row, one.kind, one.n) for one in in_flight] == [(tx_id, "original", 1), (tx_id, "speed_up", 2)]
    assert [one.tx_hash for one in in_flight] == hashes
    assert engine.row(following).status == "SUBMITTED"
    engine.replace(engine.operator, tx_id, kind="cancel", max_fee=40)
    in_flight, held = engine.node.told[-1]
    assert held == {"utxo:c"}  # its own are its own
    assert [one.row for one in in_flight] == [tx_id, tx_id, following]


def test_an_output_that_a_lagging_node_still_shows_is_told_of_and_passed_by(engine: Outputs, program: Actor) -> None:
    """Landed and final here, unspent there: the adapter is asked again with that claim among the held ones."""
    tx_id = engine.send(program, 5)
    engine.settle()
    assert engine.row(tx_id).status == "CONFIRMED"
    engine.node.shows = {"a"}
    following = engine.send(program, 20)
    assert engine.row(following).status == "SUBMITTED"
    assert "utxo:a" in engine.node.told[-1][1]
    assert engine.held()["utxo:a"] == tx_id


def test_a_payment_whose_outputs_are_held_waits_by_that_name_and_goes_on(engine: Outputs, program: Actor) -> None:
    """An adapter that does not look at what is held: nothing is signed, the row says why, also when its time is over."""
    first = engine.send(program, 5)
    engine.node.ignores_held = True
    second, signed = engine.send(program, 5), len(engine.pen.signed)
    assert (engine.row(second).status, engine.row(second).error_code) == ("EXECUTING", "CLAIM_HELD")
    engine.node.ignores_held = False
    engine.work()
    assert engine.row(second).status == "SUBMITTED"
    assert len(engine.pen.signed) == signed + 1
    engine.node.ignores_held = True
    third = engine.send(program, 5)
    engine.clock.advance(601)
    engine.work()
    assert (engine.row(third).status, engine.row(third).error_code) == ("EXPIRED", "CLAIM_HELD")
    assert engine.row(first).status == "SUBMITTED"


def test_a_dearer_variant_never_takes_what_another_payment_holds(engine: Outputs, program: Actor) -> None:
    """The order waits; nothing is signed, and it is carried out once the adapter keeps away from what is held."""
    first, _ = engine.send(program, 5), engine.send(program, 20)
    engine.node.ignores_held, signed = True, len(engine.pen.signed)
    engine.replace(engine.operator, first, max_fee=20)
    assert (len(engine.pen.signed), len(engine.variants(first))) == (signed, 1)
    engine.node.ignores_held = False
    engine.work()
    assert len(engine.variants(first)) == 2
    assert engine.held()["utxo:b"] != first


def test_what_is_under_way_is_taken_off_once(engine: Outputs, program: Actor) -> None:
    """Signed bytes by the adapter, of a payment's variants the dearest; what has no bytes yet by its reservation."""
    assert engine.spendable(program) == (96, 96)
    tx_id, hashes = sped_up(engine, program)
    assert engine.spendable(program) == (96, 96 - 5 - 12)
    assert [(one.row, one.tx_hash) for one in engine.node.told[-1]] == [(tx_id, one) for one in hashes]
    engine.pen.problem = NotReady("locked")
    unsigned = engine.send(program, 7)
    assert engine.row(unsigned).status == "EXECUTING"
    assert engine.spendable(program) == (96, 96 - 17 - sum(engine.reserved(unsigned).values()))
    engine.pen.problem = None
    engine.work()
    assert engine.spendable(program) == (96, 96 - 17 - 7 - 10)
    engine.settle()
    assert engine.spendable(program) == (96 - 34, 96 - 34)
