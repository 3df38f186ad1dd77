"""What house and model both know, compared; every disagreement is an AssertionError."""

import sqlite3
from contextlib import closing

from tests.engine.nonce_node import COIN
from tests.machine.desk import AGENTS, Desk
from tests.machine.model import DAY, Model
from waiaas.store.activity import Span


def compare(desk: Desk, model: Model) -> None:
    """Statuses, reservations, ledger, sums and counts are what the model says."""
    with closing(sqlite3.connect(desk.database)) as connection:
        compare_rows(connection, model)
        compare_money(connection, model)
    compare_windows(desk, model)
    for agent in AGENTS:
        assert model.window(agent, "amount") - model.late.get(agent, 0) <= model.highest.get(agent, 0)


def compare_rows(connection: sqlite3.Connection, model: Model) -> None:
    """Every row where it should be, waiting for what it should wait for."""
    rows = connection.execute("SELECT id, status, tier, due_at, approved_at FROM transactions")
    wanted = {tx_id: (row.status, row.tier, row.due, row.approved) for tx_id, row in model.rows.items()}
    found = {row[0]: row[1:] for row in rows}
    assert found == wanted, [
        (tx_id, found.get(tx_id), wanted.get(tx_id))
        for tx_id in found | wanted
        if found.get(tx_id) != wanted.get(tx_id)
    ]


def compare_money(connection: sqlite3.Connection, model: Model) -> None:
    """What is set aside belongs to unfinished rows, all of it; what is booked is what left (invariants 4 and 5)."""
    found: dict[str, dict[str, int]] = {}
    for tx_id, kind, amount in connection.execute("SELECT tx_id, kind, amount FROM reservations"):
        found.setdefault(tx_id, {})[kind] = int(amount)
    assert found == {tx_id: row.reserved for tx_id, row in model.unfinished()}
    booked = connection.execute("SELECT agent_id, session_id, kind, CAST(amount AS INTEGER), at FROM spend_ledger")
    assert sorted(booked) == sorted((one.agent, one.session, one.kind, one.units, one.at) for one in model.ledger)


def compare_windows(desk: Desk, model: Model) -> None:
    """The house's windows, by running totals, are the model's, by adding up (invariant 3)."""
    since = model.now - DAY
    with desk.store.read() as unit:
        for agent in AGENTS:
            for kind in ("amount", "fee"):
                spent, _ = unit.value(unit.ledger.spent(agent_id=agent, asset=COIN.id, kinds=(kind,), since=since))
                reserved = unit.value(unit.reservations.total(agent_id=agent, asset=COIN.id, kinds=(kind,)))
                assert spent + reserved == model.window(agent, kind)
            for word in ("admitted", "denied", "paid", "failed"):
                times = [at for whose, what, at in model.happened if (whose, what) == (agent, word)]
                assert unit.value(unit.activity.of_agent(agent, word, Span()))[0] == len(times)
                lately = unit.value(unit.activity.of_agent(agent, word, Span(since=since)))[0]
                assert lately == sum(at > since for at in times)
