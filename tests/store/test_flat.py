"""What runs on every request and in every worker's round costs the same however long the history is.

Counted in steps of SQLite's virtual machine, so that a busy machine changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.store.samples import ASSET, agent, approval, entry, session, transaction, variant
from waiaas.store.database import Store, Unit

SHORT, LONG = 200, 20_000
OTHERS = (
    "created_at agent_id session_id chain network type status tier asset amount intent decision metadata updated_at"
)


def fill(store: Store, length: int) -> None:
    """One agent with so many finished payments, audit rows and ledger entries, and one transaction still held."""
    owner = agent(id="agent")
    with store.write() as unit:
        unit.agents.insert(owner)
        unit.sessions.insert(session("agent", id="session", token_hash="a" * 64))
        first = transaction("agent", id="0", session_id="session", status="CONFIRMED")
        unit.transactions.insert(first)
        columns = ", ".join(OTHERS.split())
        unit._sql.run(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            f" INSERT INTO transactions (id, idempotency_key, tx_hash, {columns})"
            f" SELECT printf('1-%08d', i), 'key ' || i, 'hash ' || i, {columns} FROM n, transactions t WHERE t.id = '0'",
            (length,),
        )
        unit._sql.run(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " INSERT INTO spend_ledger (agent_id, session_id, tx_id, asset, kind, amount, cumulative, session_cumulative, at)"
            " SELECT 'agent', 'session', 'tx' || i, ?, 'amount', '7', 7 * i, 7 * i, i FROM n",
            (length, ASSET),
        )
        unit._sql.run(
            "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
            " INSERT INTO audit_log (id, timestamp, event_type, actor, tx_id, details, severity, prev_hash, hash)"
            " SELECT i, i, 'e', 'a', 'tx' || i, '{}', 'info', printf('%064d', i), printf('%064d', i) FROM n",
            (length,),
        )
        for number in range(SHORT):
            settled = approval(f"1-{number}", approved_at=5)
            unit.approvals.insert(settled)
        unit.transactions.insert(transaction("agent", id="0-held", status="QUEUED", due_at=5, session_id="session"))
        unit.transactions.insert(transaction("agent", id="0-sent", status="SUBMITTED"))
        unit.variants.insert(variant("0-sent"))


@pytest.fixture(scope="module")
def stores(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    folder: Path = tmp_path_factory.mktemp("flat")
    pair = (Store.open(folder / "short.db"), Store.open(folder / "long.db"))
    for store, length in zip(pair, (SHORT, LONG), strict=True):
        fill(store, length)
    yield pair
    for store in pair:
        store.close()


def steps(store: Store, ask: Callable[[Unit], object]) -> int:
    """How many steps the questions took, in tens."""
    count = 0

    def tick() -> int:
        nonlocal count
        count += 1
        return 0

    def look(unit: Unit) -> None:
        connection = unit._sql._connection
        connection.set_progress_handler(tick, 10)
        try:
            ask(unit)
        finally:
            connection.set_progress_handler(None, 10)

    store.at_once(look)
    return count


HELD = ("PENDING", "QUEUED")

QUESTIONS: dict[str, Callable[[Unit], object]] = {
    "who is this": lambda unit: unit.sessions.by_token_hash("a" * 64),
    "was it sent before": lambda unit: unit.transactions.by_key("agent", "key 77"),
    "what was spent lately": lambda unit: unit.value(
        unit.ledger.spent(agent_id="agent", asset=ASSET, kinds=["amount", "fee"], since=100)
    ),
    "what did the session spend": lambda unit: unit.value(
        unit.ledger.spent(agent_id="agent", asset=ASSET, kinds=["amount"], since=100, session_id="session")
    ),
    "where is the ledger": lambda unit: unit.ledger.last_position(),
    "what is reserved": lambda unit: unit.value(
        unit.reservations.total(agent_id="agent", asset=ASSET, kinds=["amount"])
    ),
    "how many are held": lambda unit: unit.transactions.count_queued("agent"),
    "how many are active": lambda unit: unit.transactions.count_active(),
    "what is unfinished": lambda unit: unit.transactions.ids_in(("PENDING", "EXECUTING", "QUEUED", "SUBMITTED")),
    "what is unfinished there": lambda unit: unit.transactions.rows_in(HELD, chain="solana", network="localnet"),
    "what is too old": lambda unit: unit.transactions.older_than(HELD, 2**40),
    "what is due": lambda unit: unit.transactions.due(99),
    "what is due next": lambda unit: unit.transactions.next_due(),
    "what a revoke stops": lambda unit: unit.transactions.unsigned_of_session("session"),
    "what a suspension stops": lambda unit: unit.transactions.unsigned_of_agent("agent"),
    "what was given up": lambda unit: unit.transactions.given_up(chain="solana", network="localnet", since=0),
    "what is in flight": lambda unit: unit.variants.unfinished("solana", "localnet"),
    "what was final a while ago": lambda unit: unit.variants.landed(
        "solana", "localnet", after="2", since=0, limit=256
    ),
    "all bytes of some": lambda unit: unit.variants.of_many(["0-sent", "1-00000007"]),
    "what the agent has in flight": lambda unit: unit.variants.of_agent_in_flight("agent"),
    "the newest": lambda unit: unit.transactions.list(limit=20),
    "the agent's newest": lambda unit: unit.transactions.list(limit=20, agent_id="agent"),
    "the held ones": lambda unit: unit.transactions.list(limit=20, status=HELD),
    "the agent's held ones": lambda unit: unit.transactions.list(limit=20, agent_id="agent", status=HELD),
    "the failed ones": lambda unit: unit.transactions.list(limit=20, status="FAILED"),
    "the audit's head": lambda unit: unit.audit.head(),
    "what was audited": lambda unit: unit.audit.list(limit=20),
    "what went badly": lambda unit: unit.audit.list(limit=20, severity="critical"),
    "what was audited of it": lambda unit: unit.audit.list(limit=20, tx_id="tx7"),
}


@pytest.mark.parametrize("question", QUESTIONS)
def test_history_does_not_make_it_slower(stores: tuple[Store, Store], question: str) -> None:
    """A hundred times the history costs at most a fifth more."""
    short, long = (steps(store, QUESTIONS[question]) for store in stores)
    assert long <= 1.2 * short + 5


def test_the_count_of_steps_sees_a_scan(stores: tuple[Store, Store]) -> None:
    """A look at every row would be noticed."""
    short, long = (
        steps(store, lambda unit: unit._sql.all("SELECT id FROM transactions WHERE error = 'x'")) for store in stores
    )
    assert long > 50 * short


def test_an_append_costs_the_same(stores: tuple[Store, Store]) -> None:
    """Adding to the ledger and to the audit log reads their ends, not their history."""
    found = []
    for store in stores:
        count = 0

        def tick() -> int:
            nonlocal count
            count += 1
            return 0

        with store.write() as unit:
            unit._sql._connection.set_progress_handler(tick, 10)
            unit.ledger.append(entry("agent", session_id="session", at=10**9))
            unit.audit.append(timestamp=1, event_type="e", actor="a", agent_id="agent")
            unit._sql._connection.set_progress_handler(None, 10)
        found.append(count)
    assert found[1] <= 1.2 * found[0] + 5
