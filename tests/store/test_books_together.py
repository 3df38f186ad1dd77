"""What several agents spent together, and a reservation that grows: exact, for however many, and one row a kind."""

from __future__ import annotations

from tests.store.samples import ASSET, entry, new_id, reservation, transaction
from waiaas.store.database import Store

MANY = 205
"""More than anybody has."""


def test_many_agents_together_are_the_sum_of_each(store: Store) -> None:
    """Of 205 agents the window is what each took within it, whether it begins somewhere or holds everything."""
    agents = [new_id() for _ in range(MANY)]
    with store.write() as unit:
        for number, one in enumerate(agents):
            unit.ledger.append(entry(one, amount=1000 + number, at=10))
        for number, one in enumerate(agents):
            unit.ledger.append(entry(one, amount=number, kind="fee", at=20))
            unit.ledger.append(entry(one, amount=number, at=20))
    late = sum(range(MANY))
    assert _together(store, agents, since=10) == late
    assert _together(store, agents, since=None) == 1000 * MANY + 2 * late
    assert _together(store, agents[1:], since=9) == 1000 * (MANY - 1) + 2 * late
    assert _together(store, [], since=10) == 0


def test_a_reservation_grows_to_what_is_more_and_no_further(store: Store, agent_id: str) -> None:
    """More digits or a larger number raise it; what is less, or the same, leaves the one row as it is."""
    tx_id = _transaction(store, agent_id)
    for units, wanted in ((900, 1000), (1000, 1000), (1001, 1001), (999, 1001), (12345, 12345), (10**30, 10**30)):
        with store.write() as unit:
            unit.reservations.grow(reservation(tx_id, agent_id, amount=units))
            assert [(one.kind, one.amount) for one in unit.reservations.of(tx_id)] == [("amount", wanted)]


def test_a_kind_that_was_not_set_aside_gets_its_row(store: Store, agent_id: str) -> None:
    """Growing another kind, or another asset, adds that one and leaves the first alone."""
    tx_id = _transaction(store, agent_id)
    with store.write() as unit:
        unit.reservations.grow(reservation(tx_id, agent_id, kind="fee", amount=5))
        unit.reservations.grow(reservation(tx_id, agent_id, asset="other", amount=7))
        unit.reservations.grow(reservation(tx_id, agent_id, kind="fee", amount=6))
        found = [(one.asset, one.kind, one.amount) for one in unit.reservations.of(tx_id)]
    assert found == [(ASSET, "amount", 1000), (ASSET, "fee", 6), ("other", "amount", 7)]


def test_reservations_are_counted_by_agent_or_all(store: Store, agent_id: str) -> None:
    """An agent's own rows, or everybody's; none for one who has none."""
    first, _ = _transaction(store, agent_id), _transaction(store, agent_id)
    with store.write() as unit:
        assert unit.reservations.count(agent_id=agent_id) == unit.reservations.count() == 2
        assert unit.reservations.count(agent_id=new_id()) == 0
        assert unit.reservations.release(first) == 1
        assert unit.reservations.count() == 1


def test_a_second_judgement_leaves_its_own_reservation_out_and_no_other(store: Store, agent_id: str) -> None:
    """Of two rows with a thousand each, a total without one of them holds the other; so it does for several agents."""
    first, _ = _transaction(store, agent_id), _transaction(store, agent_id)
    for whose in (agent_id, [agent_id, new_id()], None):
        with store.read() as unit:
            total = unit.reservations.total
            assert unit.value(total(agent_id=whose, asset=ASSET, kinds=("amount",))) == 2000
            assert unit.value(total(agent_id=whose, asset=ASSET, kinds=("amount",), except_tx=first)) == 1000


def _together(store: Store, agents: list[str], since: int | None) -> int:
    with store.read() as unit:
        return unit.value(unit.ledger.spent(agent_id=agents, asset=ASSET, kinds=("amount", "rent"), since=since))[0]


def _transaction(store: Store, agent_id: str) -> str:
    """One with a thousand units set aside."""
    row = transaction(agent_id)
    with store.write() as unit:
        unit.transactions.insert(row)
        unit.reservations.reserve([reservation(row.id, agent_id)])
    return row.id
