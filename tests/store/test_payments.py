"""Transactions, their variants, claims and reservations."""

from __future__ import annotations

import pytest

from tests.store.samples import ASSET, NOW, agent, reservation, session, transaction, variant
from waiaas.errors import Conflict
from waiaas.store.database import Store

HUGE = 10**78 - 1


def test_a_transaction_comes_back_as_it_was(store: Store, agent_id: str) -> None:
    """Every field survives, the largest amount and the smallest too."""
    rows = [
        transaction(agent_id, amount=HUGE, idempotency_key="k", decision='{"b":1,"a":2}', error="", due_at=5),
        transaction(agent_id, amount=None, asset=None, to_address=None),
        transaction(agent_id, amount=0),
    ]
    with store.write() as unit:
        for row in rows:
            unit.transactions.insert(row)
    with store.read() as unit:
        assert [unit.transactions.get(row.id) for row in rows] == rows
        assert list(unit.transactions.list(limit=5).items) == rows[::-1]
        assert unit.transactions.by_key(agent_id, "k") == rows[0]
        assert unit.transactions.by_key("other", "k") is None


def test_a_key_is_an_agents_own(store: Store, agent_id: str) -> None:
    """One agent uses a key once, another agent may use it too, and rows without one never clash."""
    other = agent()
    with store.write() as unit:
        unit.agents.insert(other)
        unit.transactions.insert(transaction(agent_id, idempotency_key="k"))
        unit.transactions.insert(transaction(other.id, idempotency_key="k"))
        unit.transactions.insert(transaction(agent_id))
        unit.transactions.insert(transaction(agent_id))
        with pytest.raises(Conflict) as caught:
            unit.transactions.insert(transaction(agent_id, idempotency_key="k"))
    assert caught.value.code == "IDEMPOTENCY_CONFLICT"


def test_a_hash_belongs_to_one_transaction(store: Store, agent_id: str) -> None:
    """Two rows never claim one transaction on chain."""
    with store.write() as unit:
        unit.transactions.insert(transaction(agent_id, tx_hash="h"))
        with pytest.raises(Conflict):
            unit.transactions.insert(transaction(agent_id, tx_hash="h"))


def test_a_move_is_compared_and_set(store: Store, agent_id: str) -> None:
    """A move happens from the expected status alone, with its columns, and dates the row."""
    row = transaction(agent_id, idempotency_key="k")
    with store.write() as unit:
        unit.transactions.insert(row)
        assert not unit.transactions.move(row.id, expected="QUEUED", status="EXECUTING", at=5, tx_hash="h")
        assert unit.transactions.get(row.id) == row
        assert unit.transactions.move(
            row.id, expected="PENDING", status="EXECUTING", at=6, tier="NOTIFY", executed_at=6
        )
        assert unit.transactions.move(row.id, expected="EXECUTING", status="CANCELLED", at=7, idempotency_key=None)
        found = unit.transactions.get(row.id)
    assert found is not None
    assert (found.status, found.tier, found.executed_at, found.idempotency_key, found.updated_at) == (
        "CANCELLED",
        "NOTIFY",
        6,
        None,
        7,
    )


def test_a_note_leaves_the_status(store: Store, agent_id: str) -> None:
    """A note changes its columns, and only in the expected status where one is named."""
    row = transaction(agent_id)
    with store.write() as unit:
        unit.transactions.insert(row)
        assert unit.transactions.note(row.id, at=5, broadcast_at=5)
        assert not unit.transactions.note(row.id, at=6, expected="QUEUED", approved_at=6)
        assert not unit.transactions.note("none", at=6, error="x")
        found = unit.transactions.get(row.id)
    assert found is not None
    assert (found.status, found.broadcast_at, found.approved_at, found.updated_at) == ("PENDING", 5, None, 5)


@pytest.mark.parametrize("column", ["amount", "agent_id", "status = 'CONFIRMED', tier", "id", "created_at"])
def test_what_a_row_is_does_not_change(store: Store, agent_id: str, column: str) -> None:
    """Amount, agent and the like are no columns of a move, nor is anything that is no column."""
    with store.write() as unit, pytest.raises(ValueError, match="cannot be changed"):
        unit.transactions.note("any", at=1, **{column: "x"})


def test_listings_narrow(store: Store, agent_id: str) -> None:
    """Agent, status (one or several) and type narrow a listing together."""
    other = agent()
    rows = [
        transaction(agent_id, status="QUEUED"),
        transaction(agent_id, type="SIGN"),
        transaction(other.id),
        transaction(agent_id, status="CONFIRMED"),
    ]
    with store.write() as unit:
        unit.agents.insert(other)
        for row in rows:
            unit.transactions.insert(row)

    def found(**wanted: object) -> list[int]:
        page = store.at_once(lambda unit: unit.transactions.list(limit=9, **wanted))  # type: ignore[arg-type]
        return [rows.index(row) for row in page.items]

    assert found() == [3, 2, 1, 0]
    assert found(agent_id=agent_id) == [3, 1, 0]
    assert found(status="PENDING") == [2, 1]
    assert found(status=("QUEUED", "CONFIRMED"), agent_id=agent_id) == [3, 0]
    assert found(type="SIGN", status=["PENDING"]) == [1]


@pytest.mark.parametrize("limit", [1, 2, 3, 20])
def test_pages_of_several_statuses_go_through_everything_once(store: Store, agent_id: str, limit: int) -> None:
    """A listing of several statuses is one order, newest first, with no row twice and none left out."""
    words = ("QUEUED", "PENDING", "QUEUED", "CONFIRMED", "PENDING", "PENDING", "FAILED", "QUEUED")
    rows = [transaction(agent_id, status=word) for word in words]
    seen: list[str] = []
    cursor = None
    with store.write() as unit:
        for row in rows:
            unit.transactions.insert(row)
        for _ in rows:
            page = unit.transactions.list(limit=limit, status=("PENDING", "QUEUED", "EXECUTING"), cursor=cursor)
            seen += [row.id for row in page.items]
            cursor = page.cursor
            if not page.has_more:
                break
    assert cursor is None
    assert seen == [row.id for row in reversed(rows) if row.status in ("PENDING", "QUEUED")]


def test_workers_find_their_rows(store: Store, agent_id: str) -> None:
    """Unfinished rows are found by status, chain and network, oldest first, up to a limit."""
    rows = [
        transaction(agent_id, status="PENDING"),
        transaction(agent_id, status="SUBMITTED", network="devnet"),
        transaction(agent_id, status="CONFIRMED"),
        transaction(agent_id, status="EXECUTING", created_at=NOW - 100),
    ]
    ids = [row.id for row in rows]
    with store.write() as unit:
        for row in reversed(rows):
            unit.transactions.insert(row)
    with store.read() as unit:
        every = ["PENDING", "EXECUTING", "SUBMITTED"]
        assert unit.transactions.ids_in(every) == [ids[0], ids[1], ids[3]]
        assert unit.transactions.ids_in(every, limit=2) == [ids[0], ids[1]]
        assert unit.transactions.ids_in(every, chain="solana", network="localnet") == [ids[0], ids[3]]
        assert unit.transactions.ids_in(["CONFIRMED", "PENDING"]) == [ids[0], ids[2]]
        assert unit.transactions.rows_in(["SUBMITTED"], network="devnet") == [rows[1]]
        assert unit.transactions.older_than(every, NOW) == [rows[3]]
        assert unit.transactions.older_than(["CONFIRMED"], NOW + 1) == [rows[2]]
        assert unit.transactions.count_active() == 2


def test_workers_use_the_small_index(store: Store) -> None:
    """A look for unfinished rows reads the index of unfinished rows, not the history."""
    seen: list[str] = []
    with store.read() as unit:
        ask = unit._sql.all
        unit._sql.all = lambda sql, parameters=(): seen.append(sql) or ask(sql, parameters)  # type: ignore[method-assign,func-returns-value]
        unit.transactions.ids_in(["PENDING", "SUBMITTED"], chain="c", network="n")
        unit.transactions.due(5)
        unit.variants.unfinished("c", "n")
        plans = [str(ask(f"EXPLAIN QUERY PLAN {sql}", ["x"] * sql.count("?"))) for sql in seen]
    assert "transactions_unfinished" in plans[0]
    assert "transactions_due_at" in plans[1]
    assert "transactions_unfinished" in plans[2]


def test_held_rows_come_due(store: Store, agent_id: str) -> None:
    """Due are QUEUED rows whose time has come; rows that wait for a person have none."""
    rows = [
        transaction(agent_id, status="QUEUED", due_at=20),
        transaction(agent_id, status="QUEUED", due_at=10),
        transaction(agent_id, status="QUEUED"),
        transaction(agent_id, status="CANCELLED", due_at=5),
    ]
    with store.write() as unit:
        assert unit.transactions.next_due() is None
        for row in rows:
            unit.transactions.insert(row)
        assert [unit.transactions.due(now) for now in (9, 10, 20)] == [[], [rows[1].id], [rows[1].id, rows[0].id]]
        assert unit.transactions.due(20, limit=1) == [rows[1].id]
        assert unit.transactions.next_due() == 10
        assert unit.transactions.count_queued(agent_id) == 3


def test_unsigned_rows_are_found(store: Store, agent_id: str) -> None:
    """What a revoke or a suspension stops is everything without signed bytes, of that session or agent alone."""
    mine = session(agent_id)
    statuses = ("PENDING", "QUEUED", "EXECUTING", "SUBMITTED", "CONFIRMED", "FAILED")
    rows = [transaction(agent_id, session_id=mine.id, status=status) for status in statuses]
    loose = transaction(agent_id)
    with store.write() as unit:
        unit.sessions.insert(mine)
        for row in (*rows, loose):
            unit.transactions.insert(row)
        assert unit.transactions.unsigned_of_session(mine.id) == rows[:3]
        assert unit.transactions.unsigned_of_agent(agent_id) == [*rows[:3], loose]
        assert unit.transactions.unsigned_of_session("none") == []


# --- variants and claims ------------------------------------------------------------------------------------------------


def test_variants_come_back_in_order(store: Store, agent_id: str) -> None:
    """Variants are listed as they were signed, each number and each hash once."""
    row = transaction(agent_id, status="SUBMITTED")
    first, second = variant(row.id, fee_cap=HUGE, claims='["nonce:7"]'), variant(row.id, 1, chain_tx_id="c")
    with store.write() as unit:
        unit.transactions.insert(row)
        unit.variants.insert(second)
        unit.variants.insert(first)
        for clash in (variant(row.id, 1), variant(row.id, 2, tx_hash=first.tx_hash)):
            with pytest.raises(Conflict):
                unit.variants.insert(clash)
        unit.variants.insert(variant(row.id, 2, tx_hash=first.tx_hash, network="devnet"))
        assert unit.variants.of(row.id)[:2] == [first, second]


def test_what_is_learned_of_a_variant_adds_up(store: Store, agent_id: str) -> None:
    """A note leaves what it does not name, and the first broadcast stays the first."""
    row = transaction(agent_id)
    with store.write() as unit:
        unit.transactions.insert(row)
        unit.variants.insert(variant(row.id))
        assert unit.variants.note(row.id, 0, last_status="pool", first_broadcast_at=5)
        assert unit.variants.note(row.id, 0, proof="height 9", first_broadcast_at=8)
        assert not unit.variants.note(row.id, 3, proof="none")
        (found,) = unit.variants.of(row.id)
    assert (found.last_status, found.proof, found.first_broadcast_at) == ("pool", "height 9", 5)


def test_unfinished_variants_are_found(store: Store, agent_id: str) -> None:
    """Broadcast and confirm get the variants of SUBMITTED rows of their network, in the order they were signed."""
    rows = [transaction(agent_id, status=status) for status in ("SUBMITTED", "CONFIRMED", "SUBMITTED")]
    far = transaction(agent_id, status="SUBMITTED", network="devnet")
    with store.write() as unit:
        for row in (*reversed(rows), far):
            unit.transactions.insert(row)
            unit.variants.insert(variant(row.id, network=row.network))
        unit.variants.insert(variant(rows[0].id, 1))
        found = unit.variants.unfinished("solana", "localnet")
        assert [(one.tx_id, one.n) for one in found] == [(rows[2].id, 0), (rows[0].id, 0), (rows[0].id, 1)]
        assert unit.variants.unfinished("solana", "localnet", limit=1) == found[:1]
        assert {one.tx_id for one in unit.variants.of_agent_in_flight(agent_id)} == {rows[0].id, rows[2].id, far.id}


def test_a_claim_is_held_by_one_transaction(store: Store, agent_id: str) -> None:
    """A claim may be added again for its row, not for another, and each agent has its own."""
    other = agent()
    rows = [transaction(agent_id), transaction(agent_id), transaction(other.id)]
    with store.write() as unit:
        unit.agents.insert(other)
        for row in rows:
            unit.transactions.insert(row)
        unit.claims.add(agent_id, "nonce:7", rows[0].id)
        unit.claims.add(agent_id, "nonce:7", rows[0].id)
        unit.claims.add(other.id, "nonce:7", rows[2].id)
        with pytest.raises(Conflict):
            unit.claims.add(agent_id, "nonce:7", rows[1].id)
        assert unit.claims.holder(agent_id, "nonce:7") == rows[0].id
        assert unit.claims.holder(agent_id, "nonce:8") is None


def test_bytes_that_landed_are_found_page_by_page(store: Store, agent_id: str) -> None:
    """Of CONFIRMED rows the variant that landed, after a row and since a second, and only where its finality stands there."""
    rows = [transaction(agent_id, status="CONFIRMED", executed_at=at, tx_hash=f"h{at}") for at in (5, 6, 7)]
    with store.write() as unit:
        for row in rows:
            unit.transactions.insert(row)
            unit.variants.insert(variant(row.id, 1, tx_hash=f"first of {row.tx_hash}", last_status="final"))
            unit.variants.insert(variant(row.id, 2, tx_hash=row.tx_hash, last_status="final"))

        def landed(after: str = "", since: int = 0, limit: int = 9, network: str = "localnet") -> list[str]:
            found = unit.variants.landed("solana", network, after=after, since=since, limit=limit)
            return [one.tx_hash for one in found]

        assert landed() == ["h5", "h6", "h7"]
        assert landed(limit=2) == ["h5", "h6"]
        assert landed(after=rows[1].id) == ["h7"]
        assert landed(since=6) == ["h6", "h7"]
        assert landed(network="devnet") == []
        unit.variants.note(rows[0].id, 2, last_status="unseen")
        assert landed() == ["h6", "h7"]
        known = unit.variants.of_many([row.id for row in rows[:2]])
        assert {tx_id: [one.n for one in found] for tx_id, found in known.items()} == {
            row.id: [1, 2] for row in rows[:2]
        }
        assert unit.variants.of_many([]) == {}


# --- reservations -------------------------------------------------------------------------------------------------------


def test_a_reservation_of_signed_bytes_grows_and_never_shrinks(store: Store, agent_id: str) -> None:
    """A larger amount replaces it, however long the numbers; a smaller one changes nothing; a missing kind is added."""
    row = transaction(agent_id)
    with store.write() as unit:
        unit.transactions.insert(row)
        unit.reservations.reserve([reservation(row.id, agent_id, kind="fee", amount=99, state="signed")])
        for asked, held in ((100, 100), (7, 100), (100, 100), (HUGE, HUGE), (HUGE - 1, HUGE)):
            unit.reservations.grow(reservation(row.id, agent_id, kind="fee", amount=asked, state="signed"))
            assert [one.amount for one in unit.reservations.of(row.id)] == [held]
        unit.reservations.grow(reservation(row.id, agent_id, kind="rent", amount=3, state="signed"))
        assert [(one.kind, one.amount) for one in unit.reservations.of(row.id)] == [("fee", HUGE), ("rent", 3)]


def test_reservations_add_up_exactly(store: Store, agent_id: str) -> None:
    """Totals are exact beyond 63 bits and 53, and narrow by kind, asset and session, and leave out a row's own."""
    one, two = transaction(agent_id), transaction(agent_id)
    rows = [
        reservation(one.id, agent_id, amount=HUGE, session_id="s"),
        reservation(one.id, agent_id, amount=2**53 + 1, kind="fee", session_id="s"),
        reservation(two.id, agent_id, amount=3),
        reservation(two.id, agent_id, amount=5, asset="other"),
        reservation(two.id, agent_id, amount=7, kind="rent"),
    ]

    with store.write() as unit:
        unit.transactions.insert(one)
        unit.transactions.insert(two)
        unit.reservations.reserve(rows)

        def total(*kinds: str, **more: str) -> int:
            asked = {"agent_id": agent_id, "asset": ASSET, "kinds": kinds, **more}
            return unit.value(unit.reservations.total(**asked))  # type: ignore[arg-type]

        assert total("amount") == HUGE + 3
        assert total("amount", "fee", "rent") == HUGE + 2**53 + 1 + 3 + 7
        assert total("fee", session_id="s") == 2**53 + 1
        assert total("amount", "rent", except_tx=one.id) == 10
        assert total("amount", asset="other") == 5
        assert total("amount", agent_id="nobody") == 0
        assert unit.reservations.count() == unit.reservations.count(agent_id=agent_id) == 5
        assert unit.reservations.count(agent_id="nobody") == 0


def test_reservations_are_signed_and_released(store: Store, agent_id: str) -> None:
    """A transaction's reservations change state together, come back with ids, and go together."""
    row = transaction(agent_id)
    with store.write() as unit:
        unit.transactions.insert(row)
        unit.reservations.reserve([reservation(row.id, agent_id), reservation(row.id, agent_id, kind="fee")])
        assert unit.reservations.set_state(row.id, "signed") == 2
        assert [(one.kind, one.state) for one in unit.reservations.of(row.id)] == [
            ("amount", "signed"),
            ("fee", "signed"),
        ]
        assert all(one.id is not None for one in unit.reservations.of(row.id))
        assert unit.reservations.release(row.id) == 2
        assert unit.reservations.release(row.id) == 0
        assert unit.reservations.of(row.id) == []
