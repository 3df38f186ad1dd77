"""Reorganisations: a block that vanishes costs nothing but time; one that was final stops the agent and tells a person."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from uuid6 import uuid7

from tests.engine.nonce_node import Node, paid
from tests.engine.nonces import Engine, opened
from waiaas.engine.actors import Actor
from waiaas.engine.pipeline import watch
from waiaas.interfaces.chain import Phase, Signed

_MINUTE = 61
_LOOKS = 2 + watch._SILENT_SECONDS // (_MINUTE + 1)
"""After so many looks silence has lasted."""


@pytest.fixture
def node() -> Node:
    """A chain whose base fee is ten."""
    return Node()


@pytest.fixture
def engine(tmp_path: Path, node: Node) -> Iterator[Engine]:
    """An engine whose agent pays up to a hundred at once."""
    with opened(tmp_path, node) as made:
        made.policy("SPENDING_LIMIT", instant_max="100")
        yield made


@pytest.fixture
def program(engine: Engine) -> Actor:
    """The agent's program."""
    return engine.session()


def _counted(asked: list[int], real: Any, signed: Sequence[Signed]) -> Any:
    asked.append(len(signed))
    return real(signed)


def looks_back(engine: Engine, times: int) -> None:
    """So many looks at what is final."""
    for _ in range(times):
        engine.clock.advance(_MINUTE)
        engine.look()


def test_a_block_that_vanishes_clears_the_sighting_and_the_same_bytes_are_sent(engine: Engine, program: Actor) -> None:
    """Seen in a block, gone with it: the row is SUBMITTED and unseen again, the same bytes are sent and land once."""
    tx_id = engine.send(program)
    engine.node.mine()
    engine.look()
    (variant,) = engine.variants(tx_id)
    assert variant.last_status == "included"
    engine.node.reorganise(1)
    engine.look()
    assert engine.row(tx_id).status == "SUBMITTED"
    assert engine.variants(tx_id)[0].last_status == "unseen"
    engine.look(2)
    assert engine.node.handed == [variant.tx_hash, variant.tx_hash]
    engine.settle()
    assert engine.row(tx_id).status == "CONFIRMED"
    assert paid(engine.node) == [("wyou", 5)]


def test_a_reorganisation_may_exchange_the_variant_that_landed(engine: Engine, program: Actor) -> None:
    """The first bytes were in a block, after the reorganisation the dearer ones are: their hash is the row's."""
    tx_id = engine.send(program)
    engine.node.base_fee = 11
    engine.look()
    engine.node.refuses = True
    engine.replace(program, tx_id)
    engine.node.base_fee, engine.node.refuses = 10, False
    engine.node.mine()
    engine.look()
    engine.node.reorganise(1)
    engine.node.base_fee = 11
    engine.look(2)
    engine.settle()
    assert engine.row(tx_id).tx_hash == engine.variants(tx_id)[1].tx_hash
    assert len(paid(engine.node)) == 1


def test_what_was_final_and_vanished_stops_the_agent_and_is_told_once(engine: Engine, program: Actor) -> None:
    """The row stays CONFIRMED and booked; the agent is suspended with a critical event, once, and resume holds."""
    tx_id = engine.send(program)
    engine.settle()
    engine.node.reorganise(len(engine.node.blocks))
    looks_back(engine, _LOOKS)
    assert engine.agent_status() == "SUSPENDED"
    assert engine.row(tx_id).status == "CONFIRMED"
    assert engine.booked(tx_id) == {"amount": 5, "fee": 10}
    assert engine.events(tx_id)[-2:] == ["transaction.reorged", "agent.suspended"]
    engine.agents.resume(engine.operator, engine.row(tx_id).agent_id)
    looks_back(engine, 2 * _LOOKS)
    assert engine.agent_status() == "ACTIVE"
    assert engine.events(tx_id).count("transaction.reorged") == 1


def test_one_silent_look_stops_nobody(engine: Engine, program: Actor) -> None:
    """A node that does not know final bytes for a moment, or is away, is no reorganisation."""
    tx_id = engine.send(program)
    engine.settle()
    tx_hash = engine.row(tx_id).tx_hash
    assert tx_hash is not None
    for _ in range(3):
        engine.node.lies = {tx_hash: Phase.UNSEEN}
        looks_back(engine, _LOOKS - 1)
        engine.node.lies = {}
        looks_back(engine, 1)
        engine.node.away = True
        looks_back(engine, _LOOKS)
        engine.node.away = False
    assert engine.agent_status() == "ACTIVE"


def test_bytes_that_expire_are_gone_only_with_proof(tmp_path: Path, node: Node) -> None:
    """Where nodes forget old history, silence proves nothing; that they can never land any more does, at once."""
    node.valid_until = "300"
    with opened(tmp_path, node) as engine:
        engine.policy("SPENDING_LIMIT", instant_max="100")
        tx_id = engine.send(engine.session())
        engine.settle()
        tx_hash = engine.row(tx_id).tx_hash
        assert tx_hash is not None
        node.lies = {tx_hash: Phase.UNSEEN}
        looks_back(engine, 2 * _LOOKS)
        assert engine.agent_status() == "ACTIVE"
        node.lies = {tx_hash: Phase.DEAD}
        looks_back(engine, 1)
        assert engine.agent_status() == "SUSPENDED"


def test_every_endpoint_is_asked_before_anybody_is_stopped(engine: Engine, program: Actor) -> None:
    """One endpoint that still knows the bytes is enough, whatever the others say."""
    tx_id = engine.send(program)
    engine.settle()
    tx_hash = engine.row(tx_id).tx_hash
    assert tx_hash is not None
    chain = engine.chains.get("nonce", "one")
    honest = Node(blocks=[[tx_hash], [], [], []])
    witness = type(chain.adapter)(chain.network, chain.adapter.settings, chain.adapter.http)
    vars(witness)["node"] = honest
    chain.witnesses = lambda: [chain.adapter, witness]  # type: ignore[method-assign]
    engine.node.reorganise(len(engine.node.blocks))
    looks_back(engine, 2 * _LOOKS)
    assert engine.agent_status() == "ACTIVE"
    honest.blocks.clear()
    looks_back(engine, _LOOKS)
    assert engine.agent_status() == "SUSPENDED"


def test_the_watch_goes_on_where_it_was_after_a_restart(
    engine: Engine, program: Actor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows are looked at page by page; a restart does not begin at the front again, and after the last comes the first."""
    monkeypatch.setattr(watch, "_ROWS", 2)
    for _ in range(3):
        engine.send(program)
    engine.settle()
    asked: list[int] = []

    with opened(tmp_path, engine.node) as restarted:
        restarted.clock.advance(engine.clock.now() - restarted.clock.now())
        adapter = restarted.chains.get("nonce", "one").adapter
        real = adapter.statuses
        monkeypatch.setattr(adapter, "statuses", partial(_counted, asked, real))
        looks_back(restarted, 2)
    assert asked == [1, 2]  # the first two were looked at before


def test_what_is_old_is_left_alone(engine: Engine, program: Actor) -> None:
    """A day after it became final a row is looked at no more."""
    tx_id = engine.send(program)
    engine.settle()
    engine.node.reorganise(len(engine.node.blocks))
    engine.clock.advance(watch._FOR_SECONDS + 1)
    looks_back(engine, 2 * _LOOKS)
    assert "transaction.reorged" not in engine.events(tx_id)


def test_the_watch_reads_no_history(engine: Engine, program: Actor, tmp_path: Path) -> None:
    """The look-up begins at the ids of a few days ago, however many rows there are before."""
    engine.send(program)
    engine.settle()
    statement = (
        "SELECT t.id FROM transactions t INDEXED BY transactions_status WHERE t.status = 'CONFIRMED' AND t.id > ?"
    )
    with closing(sqlite3.connect(tmp_path / "waiaas.db")) as connection:
        plan = connection.execute(f"EXPLAIN QUERY PLAN {statement}", ("0",)).fetchall()
    assert "status=? AND id>?" in plan[0][3]
    assert watch._least_id(engine.clock.now()) < str(uuid7())
    assert len(watch._least_id(0)) == 13


def test_a_confirmed_row_without_its_mark_is_not_watched(engine: Engine, program: Actor) -> None:
    """Only bytes whose finality was written down can be missed."""
    tx_id = engine.send(program)
    engine.settle()
    with engine.store.read() as unit:
        found = unit.variants.landed("nonce", "one", after="", since=0, limit=9)
    assert [one.tx_id for one in found] == [tx_id]
    with engine.store.write() as unit:
        unit.variants.note(tx_id, 1, last_status="pool")
        assert unit.variants.landed("nonce", "one", after="", since=0, limit=9) == []
        assert replace(found[0], last_status="pool") == unit.variants.of(tx_id)[0]
