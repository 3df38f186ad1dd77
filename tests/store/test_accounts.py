"""Agents, sessions, policies: what a change needs to find, and what it leaves."""

from __future__ import annotations

import json

import pytest

from tests.store.samples import NOW, agent, policy, session
from waiaas.errors import BadRequest, Conflict
from waiaas.store.database import Store
from waiaas.store.faults import StoreFault


def test_an_agent_comes_back_as_it_was(store: Store) -> None:
    """Every field survives, text with spaces and none at all included, by id and by name."""
    row = agent(
        name="  spaced  ", form="", owner_address="o", owner_chain="evm", owner_verified=True, suspension_reason=""
    )
    with store.write() as unit:
        unit.agents.insert(row)
    with store.read() as unit:
        assert unit.agents.get(row.id) == unit.agents.by_name("  spaced  ") == row
        assert unit.agents.list(limit=5).items == (row,)
        assert (unit.agents.get("none"), unit.agents.by_name("spaced")) == (None, None)


def test_names_and_keys_are_used_once(store: Store) -> None:
    """Two agents share neither a name nor, on one network, a key; agents without a key yet do not clash."""
    first = agent(name="one", public_key="aa")
    with store.write() as unit:
        unit.agents.insert(first)
        for clash in (agent(name="one"), agent(public_key="aa")):
            with pytest.raises(Conflict):
                unit.agents.insert(clash)
        unit.agents.insert(agent(public_key="aa", network="devnet"))
        unit.agents.insert(agent(public_key="", status="CREATING"))
        other = agent(public_key="", status="CREATING")
        unit.agents.insert(other)
        with pytest.raises(Conflict):
            unit.agents.adopt(other.id, "aa", "address", "ACTIVE", NOW)
        with pytest.raises(Conflict):
            unit.agents.rename(other.id, "one", NOW)
        assert unit.agents.count() == 4


def test_an_agent_is_adopted_and_renamed(store: Store) -> None:
    """Key, address and status arrive together; unknown ids change nothing."""
    row = agent(public_key="", address="", status="CREATING")
    with store.write() as unit:
        unit.agents.insert(row)
        assert unit.agents.adopt(row.id, "bb", "there", "ACTIVE", NOW + 1)
        assert unit.agents.rename(row.id, "new", NOW + 2)
        assert not unit.agents.adopt("none", "cc", "there", "ACTIVE", NOW)
        assert not unit.agents.rename("none", "other", NOW)
        found = unit.agents.get(row.id)
    assert found is not None
    assert (found.public_key, found.address, found.status, found.name, found.updated_at) == (
        "bb",
        "there",
        "ACTIVE",
        "new",
        NOW + 2,
    )


def test_a_status_is_compared_and_set(store: Store, agent_id: str) -> None:
    """Of two changes from one status the first wins; time and reason are there while suspended and gone after."""
    with store.write() as unit:
        assert unit.agents.set_status(agent_id, expected="ACTIVE", status="SUSPENDED", at=7, reason="why")
        assert not unit.agents.set_status(agent_id, expected="ACTIVE", status="TERMINATING", at=8)
        held = unit.agents.get(agent_id)
        assert unit.agents.set_status(agent_id, expected="SUSPENDED", status="ACTIVE", at=9, reason="ignored")
        free = unit.agents.get(agent_id)
    assert held is not None
    assert free is not None
    assert (held.status, held.suspended_at, held.suspension_reason) == ("SUSPENDED", 7, "why")
    assert (free.status, free.suspended_at, free.suspension_reason, free.updated_at) == ("ACTIVE", None, None, 9)


def test_an_owner_is_set_and_removed(store: Store, agent_id: str) -> None:
    """An owner has address and chain, or is not there; only one that is there can be proved."""
    with store.write() as unit:
        assert unit.agents.set_owner(agent_id, "0xaa", "evm", True, 5)
        found = unit.agents.get(agent_id)
        assert found is not None
        assert (found.owner_address, found.owner_chain, found.owner_verified) == ("0xaa", "evm", True)
        assert unit.agents.set_owner(agent_id, None, None, False, 6)
        for address, verified in (("0xaa", False), (None, True)):
            with pytest.raises(StoreFault):
                unit.agents.set_owner(agent_id, address, None, verified, 7)


def test_pages_go_through_everything_once(store: Store) -> None:
    """Pages are newest first, hold no row twice, keep their place while rows arrive, and end."""
    rows = [agent(status="ACTIVE" if number % 2 else "SUSPENDED") for number in range(10)]
    with store.write() as unit:
        for row in rows:
            unit.agents.insert(row)
        assert unit.agents.all_ids() == tuple(row.id for row in rows)
    seen: list[str] = []
    cursor = None
    with store.read() as unit:
        while True:
            page = unit.agents.list(limit=2, cursor=cursor, status="ACTIVE")
            seen += [row.id for row in page.items]
            assert page.has_more == (page.cursor is not None)
            if page.cursor is None:
                break
            cursor = page.cursor
    assert seen == [row.id for row in reversed(rows) if row.status == "ACTIVE"]


@pytest.mark.parametrize("cursor", ["", "!", "é", "AA==AA", "/+"])
def test_a_made_up_cursor_is_refused(store: Store, cursor: str) -> None:
    """A cursor that no page gave is the caller's mistake, or an empty page, and never a fault."""
    with store.read() as unit, pytest.raises(BadRequest):
        unit.audit.list(limit=1, cursor=cursor)


def test_a_listing_sees_what_its_unit_wrote(store: Store, agent_id: str) -> None:
    """Within a write unit a listing shows the unit's own changes, also to rows that it listed before."""
    with store.write() as unit:
        assert [row.name for row in unit.agents.list(limit=5).items] != ["new"]
        unit.agents.rename(agent_id, "new", NOW + 1)
        unit.agents.set_status(agent_id, expected="ACTIVE", status="SUSPENDED", at=NOW + 2, reason="why")
        assert unit.agents.list(limit=5).items == (unit.agents.get(agent_id),)


# --- sessions -----------------------------------------------------------------------------------------------------------


def test_a_session_comes_back_as_it_was(store: Store, agent_id: str) -> None:
    """Every field survives, by id and by the hash of its token."""
    row = session(agent_id, constraints='{"maxAmount":"5"}', usage_stats='{"transactions":3}', renewal_count=2)
    with store.write() as unit:
        unit.sessions.insert(row)
    with store.read() as unit:
        assert unit.sessions.get(row.id) == unit.sessions.by_token_hash(row.token_hash) == row
        assert unit.sessions.list(limit=5, agent_id=agent_id).items == (row,)
        assert unit.sessions.list(limit=5, agent_id="other").items == ()
        assert (unit.sessions.get("none"), unit.sessions.by_token_hash("none")) == (None, None)


def test_live_sessions_are_counted(store: Store, agent_id: str) -> None:
    """A session lives until its end, which is never past its absolute end, or until its revocation."""
    rows = [
        session(agent_id),
        session(agent_id, revoked_at=NOW),
        session(agent_id, expires_at=NOW + 10, absolute_expires_at=NOW + 10),
    ]
    with store.write() as unit:
        for row in rows:
            unit.sessions.insert(row)
        assert [unit.sessions.live_count(agent_id, NOW + later) for later in (0, 9, 10, 3599, 3600)] == [2, 2, 1, 1, 0]
        with pytest.raises(StoreFault, match="CHECK"):
            unit.sessions.insert(session(agent_id, expires_at=NOW + 11, absolute_expires_at=NOW + 10))


def test_of_two_renewals_one_wins(store: Store, agent_id: str) -> None:
    """A token is replaced only by whoever holds the present one, and never after a revoke."""
    row = session(agent_id)
    with store.write() as unit:
        unit.sessions.insert(row)
        new = {"token_hash": "a" * 64, "expires_at": NOW + 7200, "renewed_at": NOW + 5}
        assert unit.sessions.rotate(row.id, expected_hash=row.token_hash, **new)  # type: ignore[arg-type]
        assert not unit.sessions.rotate(row.id, expected_hash=row.token_hash, **new)  # type: ignore[arg-type]
        found = unit.sessions.get(row.id)
        assert found is not None
        assert (found.token_hash, found.renewal_count, found.last_renewed_at) == ("a" * 64, 1, NOW + 5)
        assert unit.sessions.by_token_hash(row.token_hash) is None
        unit.sessions.revoke(row.id, NOW)
        assert not unit.sessions.rotate(
            row.id, expected_hash="a" * 64, token_hash="b" * 64, expires_at=NOW, renewed_at=NOW
        )


def test_sessions_are_revoked_once(store: Store, agent_id: str) -> None:
    """A revoke tells whether it did anything; revoking all gives the ids that it reached, of one agent or of all."""
    other = agent()
    rows = [session(agent_id), session(agent_id), session(other.id)]
    with store.write() as unit:
        unit.agents.insert(other)
        for row in rows:
            unit.sessions.insert(row)
        assert unit.sessions.revoke(rows[0].id, 5)
        assert not unit.sessions.revoke(rows[0].id, 6)
        assert unit.sessions.revoke_all(agent_id, 7) == [rows[1].id]
        assert unit.sessions.revoke_all(None, 8) == [rows[2].id]
        assert unit.sessions.revoke_all(None, 9) == []
        found = [unit.sessions.get(row.id) for row in rows]
    assert [row.revoked_at for row in found if row] == [5, 7, 8]


def test_transactions_of_a_session_are_counted(store: Store, agent_id: str) -> None:
    """The count starts at nothing, goes up and down, and leaves other statistics alone."""
    row = session(agent_id, usage_stats='{"other":"x"}')
    with store.write() as unit:
        unit.sessions.insert(row)
        for delta in (1, 1, -1, 5):
            assert unit.sessions.count_transaction(row.id, delta)
        assert not unit.sessions.count_transaction("none")
        found = unit.sessions.get(row.id)
    assert found is not None
    assert json.loads(found.usage_stats) == {"other": "x", "transactions": 6}


# --- policies -----------------------------------------------------------------------------------------------------------


def test_policies_apply_to_their_agent_and_to_all(store: Store, agent_id: str) -> None:
    """Applying are the enabled ones of the agent and the enabled global ones, in one order."""
    other = agent()
    mine, ours, off, theirs = (
        policy(agent_id=agent_id),
        policy(),
        policy(enabled=False),
        policy(agent_id=other.id),
    )
    with store.write() as unit:
        unit.agents.insert(other)
        for row in (theirs, off, ours, mine):
            unit.policies.insert(row)
    with store.read() as unit:
        assert unit.policies.applying_to(agent_id) == [mine, ours]
        assert unit.policies.applying_to("nobody") == [ours]
        assert unit.policies.get(off.id) == off
        assert unit.policies.list(limit=9, agent_id=agent_id).items == (mine,)
        assert unit.policies.list(limit=9, agent_id=None).items == (off, ours)
        assert unit.policies.list(limit=9).items == (theirs, off, ours, mine)


def test_a_policy_is_replaced_by_version(store: Store) -> None:
    """Of two changes of one version the first wins, and the version counts up."""
    row = policy()
    change = {"rules": '{"a":1}', "priority": 3, "enabled": False, "at": NOW + 1}
    with store.write() as unit:
        unit.policies.insert(row)
        assert unit.policies.replace(row.id, expected_version=1, **change)  # type: ignore[arg-type]
        assert not unit.policies.replace(row.id, expected_version=1, **change)  # type: ignore[arg-type]
        found = unit.policies.get(row.id)
        assert found is not None
        assert (found.rules, found.priority, found.enabled, found.version) == ('{"a":1}', 3, False, 2)
        assert unit.policies.delete(row.id)
        assert not unit.policies.delete(row.id)
