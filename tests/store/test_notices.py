"""The audit listing, approvals, channels, the outbox, and what the daemon remembers."""

from __future__ import annotations

import pytest

from tests.store.samples import NOW, approval, channel
from waiaas.errors import Conflict
from waiaas.store.audit import NO_HASH
from waiaas.store.database import Store
from waiaas.store.faults import StoreFault
from waiaas.store.records import AuditRow


def write_audit(store: Store) -> list[AuditRow]:
    events = [
        {"event_type": "agent.created", "agent_id": "a"},
        {"event_type": "transaction.created", "agent_id": "a", "tx_id": "t", "details": '{"z":1, "a":"ü"}'},
        {"event_type": "login.failed", "severity": "warning", "ip_address": "127.0.0.1", "session_id": "s"},
    ]
    with store.write() as unit:
        return [unit.audit.append(timestamp=NOW + n, actor="system", **event) for n, event in enumerate(events)]


def test_audit_rows_come_back_as_they_were(store: Store) -> None:
    """A row is returned as written, details byte for byte, each naming the one before."""
    rows = write_audit(store)
    assert [row.prev_hash for row in rows] == [NO_HASH, rows[0].hash, rows[1].hash]
    with store.read() as unit:
        assert unit.audit.after(0, 9) == rows
        assert unit.audit.after(1, 1) == [rows[1]]
        assert unit.audit.get(2) == rows[1]
        assert unit.audit.get(9) is None
        assert unit.audit.head() == (3, rows[2].hash)


def test_audit_listings_narrow(store: Store) -> None:
    """Event, agent, transaction, severity and time narrow the listing, newest first, in pages."""
    rows = write_audit(store)
    with store.read() as unit:

        def found(**wanted: object) -> list[int]:
            return [row.id for row in unit.audit.list(limit=9, **wanted).items]  # type: ignore[arg-type]

        assert found() == [3, 2, 1]
        assert found(agent_id="a") == [2, 1]
        assert found(event_type="agent.created") == [1]
        assert found(tx_id="t") == [2]
        assert found(severity="warning") == [3]
        assert found(since=NOW + 1) == [3, 2]
        assert found(since=NOW + 1, agent_id="a") == [2]
        first = unit.audit.list(limit=2)
        assert (first.items, first.has_more) == ((rows[2], rows[1]), True)
        assert unit.audit.list(limit=2, cursor=first.cursor).items == (rows[0],)


def test_a_severity_is_one_of_three(store: Store) -> None:
    """A made-up severity and details that are no JSON are refused."""
    for bad in ({"severity": "fatal"}, {"details": "text"}):
        with pytest.raises(StoreFault), store.write() as unit:
            unit.audit.append(timestamp=1, event_type="e", actor="a", **bad)


# --- approvals ----------------------------------------------------------------------------------------------------------


def test_an_approval_is_settled_once(store: Store) -> None:
    """Of an approval and a rejection the first holds, and the subject may then be asked about again."""
    row = approval("t", required_by='["p"]')
    with store.write() as unit:
        unit.approvals.insert(row)
        assert unit.approvals.open_of("transaction", "t") == unit.approvals.get(row.id) == row
        with pytest.raises(Conflict):
            unit.approvals.insert(approval("t"))
        assert unit.approvals.settle(row.id, approved_at=5, owner_signature="sig")
        assert not unit.approvals.settle(row.id, rejected_at=6)
        assert unit.approvals.open_of("transaction", "t") is None
        found = unit.approvals.get(row.id)
        assert found is not None
        assert (found.approved_at, found.rejected_at, found.owner_signature) == (5, None, "sig")
        unit.approvals.insert(approval("t"))
        for at in (None, 1):
            with pytest.raises(ValueError, match="either"):
                unit.approvals.settle(row.id, approved_at=at, rejected_at=at)


def test_a_nonce_is_used_once(store: Store) -> None:
    """Two approvals never share a nonce (invariant 11)."""
    with store.write() as unit:
        unit.approvals.insert(approval("one", nonce="n"))
        with pytest.raises(Conflict):
            unit.approvals.insert(approval("two", nonce="n"))


def test_approvals_expire(store: Store) -> None:
    """Expired are the open ones whose time has come, the longest over first."""
    rows = [approval("a", expires_at=20), approval("b", expires_at=10), approval("c", expires_at=5)]
    with store.write() as unit:
        for row in rows:
            unit.approvals.insert(row)
        unit.approvals.settle(rows[2].id, rejected_at=1)
        assert [[one.subject_id for one in unit.approvals.expired(now)] for now in (9, 10, 20)] == [
            [],
            ["b"],
            ["b", "a"],
        ]
        assert unit.approvals.expired(20, limit=1) == [rows[1]]
        page = unit.approvals.list_open(limit=1)
        assert page.items == (rows[1],)
        assert unit.approvals.list_open(limit=1, cursor=page.cursor).items == (rows[0],)


# --- channels and outbox ------------------------------------------------------------------------------------------------


def test_channels_are_found(store: Store) -> None:
    """Channels are listed by priority, by whether they are enabled, and by type."""
    low, high, off = channel(priority=1), channel(priority=9, type="TELEGRAM"), channel(enabled=False)
    with store.write() as unit:
        for row in (low, high, off):
            unit.channels.insert(row)
        assert unit.channels.list() == [high, low, off]
        assert unit.channels.list(enabled=True) == [high, low]
        assert unit.channels.list(enabled=False) == [off]
        assert unit.channels.by_type("LOG") == [low, off]
        assert unit.channels.get(high.id) == high
        assert unit.channels.get("none") is None
        assert unit.channels.note_result(low.id, success_at=5)
        assert unit.channels.note_result(low.id, failure_at=6)
        assert not unit.channels.note_result("none", success_at=5)
        found = unit.channels.get(low.id)
    assert found is not None
    assert (found.last_success_at, found.last_failure_at) == (5, 6)


def test_an_outbox_item_is_tried_until_it_is_settled(store: Store) -> None:
    """An item is due at its time, again after a retry, and never after it was delivered or given up."""
    row = channel()
    with store.write() as unit:
        unit.channels.insert(row)
        first, second = (unit.outbox.insert(row.id, "e", f'{{"n":{n}}}', next_at=10 * n, created_at=1) for n in (1, 2))
        assert [item.id for item in unit.outbox.due(9)] == []
        (item,) = unit.outbox.due(10)
        assert (item.id, item.channel_id, item.event, item.payload, item.attempts) == (first, row.id, "e", '{"n":1}', 0)
        assert unit.outbox.retry(first, attempts=1, next_at=30, error="later")
        assert [item.id for item in unit.outbox.due(30)] == [second, first]
        assert unit.outbox.due(30, limit=1)[0].id == second
        assert unit.outbox.delivered(first, 31)
        assert unit.outbox.give_up(second, 32, "never")
        assert unit.outbox.due(99) == []
        assert not unit.outbox.delivered(second, 33)
        assert not unit.outbox.retry(first, attempts=2, next_at=1, error="x")


def test_only_settled_items_are_pruned(store: Store) -> None:
    """Pruning deletes old items that are done; what waits stays, however old."""
    row = channel()
    with store.write() as unit:
        unit.channels.insert(row)
        done, waiting, new = (unit.outbox.insert(row.id, "e", "{}", next_at=1, created_at=at) for at in (1, 1, 50))
        unit.outbox.delivered(done, 2)
        unit.outbox.give_up(new, 51, "x")
        assert unit.outbox.prune(50) == 1
        assert [item.id for item in unit.outbox.due(99)] == [waiting]
        assert unit.outbox.prune(51) == 1


def test_an_item_needs_a_channel(store: Store) -> None:
    """An item for a channel that does not exist is refused."""
    with pytest.raises(StoreFault, match="FOREIGN KEY"), store.write() as unit:
        unit.outbox.insert("none", "e", "{}", next_at=1, created_at=1)


def test_state_is_set_and_counted(store: Store) -> None:
    """Values are replaced, counters start at one, and what was never set is None."""
    with store.write() as unit:
        assert unit.state.get("key") is None
        unit.state.set("key", "")
        unit.state.set("key", " value ")
        assert unit.state.get("key") == " value "
        assert [unit.state.bump("count") for _ in range(3)] == [1, 2, 3]
        with pytest.raises(ValueError, match="value"):
            unit.state.bump("key")
