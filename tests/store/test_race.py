"""Many writers at once: a limit holds, and the audit chain never forks."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.store.samples import ASSET, agent, entry, reservation, transaction
from waiaas.store.audit_chain import verify
from waiaas.store.database import Store

LIMIT = 5_000
AMOUNT = 1_000


def in_parallel(count: int, work: Callable[[int], None]) -> None:
    """Run ``work`` in so many threads that start together; what one raises fails the test."""
    gate = threading.Barrier(count)
    faults: list[BaseException] = []

    def run(number: int) -> None:
        try:
            gate.wait(30)
            work(number)
        except BaseException as fault:  # noqa: BLE001 - handed to the test below
            faults.append(fault)

    threads = [threading.Thread(target=run, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert faults == []


def pay_within_the_limit(store: Store, agent_id: str) -> None:
    """Check, then insert: the shape of every admission."""
    with store.write() as unit:
        spent, _ = unit.value(unit.ledger.spent(agent_id=agent_id, asset=ASSET, kinds=["amount"], since=0))
        held = unit.value(unit.reservations.total(agent_id=agent_id, asset=ASSET, kinds=["amount"]))
        if spent + held + AMOUNT <= LIMIT:
            row = transaction(agent_id, amount=AMOUNT)
            unit.transactions.insert(row)
            unit.reservations.reserve([reservation(row.id, agent_id, amount=AMOUNT)])


@pytest.mark.parametrize("already_spent", [0, 3_000])
def test_a_limit_holds_in_every_round(store: Store, already_spent: int) -> None:
    """Of 12 writers at once exactly as many get through as the limit admits, in 15 rounds of 15 (invariant 3)."""
    for _ in range(15):
        row = agent()
        with store.write() as unit:
            unit.agents.insert(row)
            if already_spent:
                unit.ledger.append(entry(row.id, amount=already_spent, at=1))
        in_parallel(12, lambda _, who=row.id: pay_within_the_limit(store, who))  # type: ignore[misc]
        with store.read() as unit:
            assert unit.reservations.count(agent_id=row.id) == (LIMIT - already_spent) // AMOUNT


def test_one_idempotency_key_makes_one_row(store: Store, agent_id: str) -> None:
    """Of 12 writers with one key one inserts and the others find its row."""
    found: list[str] = []

    def send(_: int) -> None:
        with store.write() as unit:
            row = unit.transactions.by_key(agent_id, "key")
            if row is None:
                row = transaction(agent_id, idempotency_key="key")
                unit.transactions.insert(row)
        found.append(row.id)

    in_parallel(12, send)
    assert len(found) == 12
    assert len(set(found)) == 1


def test_the_audit_chain_never_forks(store: Store) -> None:
    """Eight writers, every third of whose units rolls back, leave one chain without a gap."""

    class Changed(Exception):
        """The writer's mind."""

    def write(number: int) -> None:
        for turn in range(12):
            try:
                with store.write() as unit:
                    unit.audit.append(timestamp=turn, event_type="turn.taken", actor=f"writer {number}")
                    if turn % 3 == 2:
                        raise Changed
            except Changed:
                continue

    in_parallel(8, write)
    with store.read() as unit:
        rows = unit.audit.after(0, 1000)
    report = verify(rows)
    assert report.is_intact
    assert report.rows == 8 * 8


WRITER = """
import sys
from pathlib import Path
from tests.store.test_race import pay_within_the_limit
from waiaas.store.database import Store
store = Store.open(Path(sys.argv[1]))
sys.stdin.readline()
for _ in range(10):
    pay_within_the_limit(store, sys.argv[2])
store.close()
"""


def test_a_limit_holds_across_processes(store: Store, agent_id: str, path: Path) -> None:
    """Three processes that check and insert at once stay within the limit too."""
    root = Path(__file__).resolve().parents[2]
    command = [sys.executable, "-c", WRITER, str(path), agent_id]
    writers = [subprocess.Popen(command, cwd=root, stdin=subprocess.PIPE, text=True) for _ in range(3)]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.write("go\n")
        writer.stdin.flush()
    assert [writer.wait(60) for writer in writers] == [0, 0, 0]
    for writer in writers:
        assert writer.stdin is not None
        writer.stdin.close()
    with store.read() as unit:
        assert unit.reservations.count() == LIMIT // AMOUNT


def test_no_writer_starves(store: Store) -> None:
    """Eight writers that never pause all get their turns: none waits out the patience of the queue."""
    done = [0] * 8
    over = threading.Event()

    def write(number: int) -> None:
        while not over.is_set():
            with store.write() as unit:
                unit.state.bump(f"writer {number}")
            done[number] += 1
            if min(done) >= 20:
                over.set()

    in_parallel(8, write)
    assert min(done) >= 20
