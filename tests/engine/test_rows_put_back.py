"""Older copies of sealed rows, put back with the MACs that they had: found, however much of the directory is put back."""

from tests.engine.sealed_place import AGENT, GRANT, SESSION, Place, live, place

__all__ = ["place"]


def test_a_status_put_back_in_place_is_no_resume(place: Place) -> None:
    """A suspended agent whose row says ACTIVE again stays suspended, with or without the MAC that it had while it was."""
    before = place.row("agents", AGENT.id)
    with place.store.write() as unit:
        assert unit.agents.set_status(AGENT.id, expected="ACTIVE", status="SUSPENDED", at=5)
    place.tamper(f"UPDATE agents SET status = 'ACTIVE', suspended_at = NULL WHERE id = '{AGENT.id}'")
    assert not live(place)[0]
    place.put_back("agents", before)
    assert not live(place)[0]
    place.rows.review()
    assert place.told() == [("agents", AGENT.id, "put_back")]
    assert place.again() is None
    assert not live(place)[0]


def test_a_revoked_session_stays_dead_when_its_row_lives_again(place: Place) -> None:
    """An older copy of a session's row, with its own MAC, lets nobody in: not in this life and not in the next."""
    before = place.row("sessions", SESSION.id)
    with place.store.write() as unit:
        assert unit.sessions.revoke(SESSION.id, 5)
    for _ in range(2):
        place.put_back("sessions", before)
        assert not live(place)[1]
        assert place.again() is None


def test_a_policy_set_put_back_with_all_its_policies_denies(place: Place) -> None:
    """The whole set as it was before a change, every MAC right for itself, is found to be an older one."""
    with place.store.write() as unit:
        grant = unit.policies.get(GRANT.id)
    before = [place.row("policies", GRANT.id), place.row("policy_sets", AGENT.id)]
    assert grant is not None
    with place.store.write() as unit:
        unit.policies.replace(GRANT.id, expected_version=1, rules='{"instant_max":"1"}', priority=0, enabled=True, at=5)
    assert live(place)[2]
    place.put_back("policies", before[0])
    place.put_back("policy_sets", before[1])
    assert not live(place)[2]
    assert place.again() is None
    assert not live(place)[2]
    assert ("policies", GRANT.id, "put_back") in place.told()


def test_rows_put_back_with_their_seals_are_behind_the_head(place: Place) -> None:
    """Row, seal and record of an older moment fit each other; the pinned head knows that they had come further."""
    names = [("agents", AGENT.id), ("daemon_state", "row_seals")]
    before = [place.row(*name) for name in names]
    seal = {"table_name": "agents", "row_key": AGENT.id, "mac": before[0]["mac"]}
    with place.store.write() as unit:
        unit.agents.set_status(AGENT.id, expected="ACTIVE", status="SUSPENDED", at=5)
    place.end()
    place.put_back("agents", before[0])
    place.put_back("daemon_state", before[1])
    place.put_back("row_seals", seal)
    assert place.begin() == "its rows are older than its pinned head"
    assert live(place) == (False, False, False)


def test_rows_put_back_behind_an_old_head_contradict_the_audit_log(place: Place) -> None:
    """With an older head as well, the audit log tells of a change that the rows know nothing of."""
    place.pinned = place.store.seals.position.number
    names = [("sessions", SESSION.id), ("daemon_state", "row_seals")]
    before, pinned = [place.row(*name) for name in names], place.pinned
    with place.store.write() as unit:
        unit.sessions.revoke(SESSION.id, 5)
        place.rows._journal.record(unit, "session.revoked", actor="operator", session_id=SESSION.id)
    place.end()
    place.pinned = pinned
    place.put_back("sessions", before[0])
    place.put_back("daemon_state", before[1])
    place.put_back("row_seals", {"table_name": "sessions", "row_key": SESSION.id, "mac": before[0]["mac"]})
    problem = place.begin()
    assert problem is not None
    assert "session.revoked" in problem
    assert live(place)[1] is False


def test_a_seal_edited_to_fit_an_edited_row_is_worth_nothing(place: Place) -> None:
    """Whoever writes another seal beside another row breaks the sum over all of them: then no row decides."""
    before = place.row("agents", AGENT.id)
    with place.store.write() as unit:
        unit.agents.set_status(AGENT.id, expected="ACTIVE", status="SUSPENDED", at=5)
    place.end()
    place.put_back("agents", before)
    place.tamper(f"UPDATE row_seals SET mac = '{before['mac']}' WHERE row_key = '{AGENT.id}'")
    assert place.begin() == "its rows' seals are not the ones that were written last"
    assert live(place) == (False, False, False)
