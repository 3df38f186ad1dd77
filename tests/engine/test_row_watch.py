"""Rows that decide, with their seals: what somebody else wrote decides nothing and is named, once (invariants 10, 14)."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.engine.sealed_place import AGENT, BAN, CHANNELS, GLOBAL, GRANT, KEY, SESSION, Place, live, place
from tests.store.samples import policy, session
from waiaas.engine.actors import Actor
from waiaas.engine.journal import Journal
from waiaas.engine.row_watch import RowWatch
from waiaas.errors import Denied, NotReady, Stopped
from waiaas.store.database import Store
from waiaas.store.resealing import resealed, write_seals
from waiaas.testing.clock import FrozenClock

__all__ = ["place"]

OTHER_KEY = b"o" * 32
OPERATOR = Actor(kind="operator", by_password=True)


def test_what_the_daemon_wrote_decides_also_after_a_restart(place: Place) -> None:
    """Rows that nobody else touched are whole, in this life and in the next, and nobody is told of anything."""
    assert live(place) == (True, True, True)
    assert place.again() is None
    assert (live(place), place.told()) == ((True, True, True), [])


P, S, A = "policies", "sessions", "agents"
EDITS = {
    "a policy's rules": (f"UPDATE {P} SET rules = '[]' WHERE id = '{GRANT.id}'", 2, (P, GRANT.id, "edited")),
    "a policy disabled": (f"UPDATE {P} SET enabled = 0 WHERE id = '{BAN.id}'", 2, ("policy_sets", AGENT.id, "edited")),
    "a policy deleted": (f"DELETE FROM {P} WHERE id = '{BAN.id}'", 2, (P, BAN.id, "deleted")),
    "a global policy deleted": (f"DELETE FROM {P} WHERE id = '{GLOBAL.id}'", 2, ("policy_sets", "", "edited")),
    "a policy moved to everybody": (
        f"UPDATE {P} SET agent_id = NULL WHERE id = '{GRANT.id}'",
        2,
        (P, GRANT.id, "edited"),
    ),
    "a policy inserted": (
        f"INSERT INTO {P} (id, created_at, agent_id, type, rules, updated_at, mac)"
        f" SELECT 'new', created_at, agent_id, type, rules, updated_at, mac FROM {P} WHERE id = '{GRANT.id}'",
        2,
        (P, "new", "inserted"),
    ),
    "a set's row deleted": (
        f"DELETE FROM policy_sets WHERE scope = '{AGENT.id}'",
        2,
        ("policy_sets", AGENT.id, "deleted"),
    ),
    "a set's version": (
        f"UPDATE policy_sets SET version = 9 WHERE scope = '{AGENT.id}'",
        2,
        ("policy_sets", AGENT.id, "edited"),
    ),
    "a policy's MAC removed": (f"UPDATE {P} SET mac = NULL WHERE id = '{GRANT.id}'", 2, (P, GRANT.id, "edited")),
    "an agent's address": (f"UPDATE {A} SET address = 'mine' WHERE id = '{AGENT.id}'", 0, (A, AGENT.id, "edited")),
    "an agent's owner": (
        f"UPDATE {A} SET owner_address = 'me', owner_chain = 'solana', owner_verified = 1 WHERE id = '{AGENT.id}'",
        0,
        (A, AGENT.id, "edited"),
    ),
    "what an agent has behind it": (
        f"UPDATE {A} SET resumed_after = 99 WHERE id = '{AGENT.id}'",
        0,
        (A, AGENT.id, "edited"),
    ),
    "a session's constraints": (
        f"UPDATE {S} SET constraints = '[]' WHERE id = '{SESSION.id}'",
        1,
        (S, SESSION.id, "edited"),
    ),
    "a session's end": (
        f"UPDATE {S} SET expires_at = 1900000000, absolute_expires_at = 1900000000 WHERE id = '{SESSION.id}'",
        1,
        (S, SESSION.id, "edited"),
    ),
    "a session's token": (
        f"UPDATE {S} SET token_hash = '{'0' * 64}' WHERE id = '{SESSION.id}'",
        1,
        (S, SESSION.id, "edited"),
    ),
}


@pytest.mark.parametrize("is_restarted", [False, True], ids=["running", "at rest"])
@pytest.mark.parametrize(("statement", "which", "finding"), EDITS.values(), ids=EDITS.keys())
def test_an_edit_decides_nothing_and_is_named(
    place: Place, statement: str, which: int, finding: tuple[str, str, str], is_restarted: bool
) -> None:
    """Each edit, while a daemon runs and while none does: what it touched decides nothing, and is told once."""
    if is_restarted:
        place.end()
    place.tamper(statement)
    if is_restarted:
        assert place.begin() is None
    assert not live(place)[which]
    place.rows.review()
    place.rows.review()
    assert place.told().count(finding) == 1


def test_what_only_tightens_needs_no_seal(place: Place) -> None:
    """Before the signer is unlocked an agent can be suspended and a session revoked, and nothing else; both stay so."""
    place.end()
    place.store = Store.open(place.path)
    place.rows = RowWatch(place.store, Journal(FrozenClock()))
    with place.store.write() as unit:
        assert unit.agents.set_status(AGENT.id, expected="ACTIVE", status="SUSPENDED", at=5)
        assert unit.sessions.revoke(SESSION.id, 5)
    for loosen in (_insert_session, _resume, _insert_policy):
        with pytest.raises(NotReady):
            loosen(place)
    assert place.rows.open(KEY, pinned=place.pinned, is_sound=True) is None
    assert live(place) == (False, False, True)
    assert place.told() == []


def _insert_session(place: Place) -> None:
    with place.store.write() as unit:
        unit.sessions.insert(session(AGENT.id))


def _resume(place: Place) -> None:
    with place.store.write() as unit:
        unit.agents.set_status(AGENT.id, expected="SUSPENDED", status="ACTIVE", at=6)


def _insert_policy(place: Place) -> None:
    with place.store.write() as unit:
        unit.policies.insert(policy(agent_id=AGENT.id))


def test_a_change_beside_an_edit_does_not_seal_it(place: Place) -> None:
    """A rename of an agent whose address somebody changed, and a policy added to a set that lost one, mend nothing."""
    place.tamper(
        f"UPDATE agents SET address = 'mine' WHERE id = '{AGENT.id}'", f"DELETE FROM policies WHERE id = '{BAN.id}'"
    )
    with place.store.write() as unit:
        unit.agents.rename(AGENT.id, "another", 5)
        unit.policies.insert(policy(agent_id=AGENT.id))
        assert not unit.agents.set_status(AGENT.id, expected="ACTIVE", status="ACTIVE", at=5)
    assert live(place) == (False, True, False)


def test_a_deleted_edit_is_mended(place: Place) -> None:
    """The operator deletes what somebody edited or inserted, and the rest of the set speaks again."""
    place.tamper(EDITS["a policy inserted"][0], f"UPDATE policies SET rules = '[]' WHERE id = '{GRANT.id}'")
    assert not live(place)[2]
    with place.store.write() as unit:
        unit.policies.delete("new")
        unit.policies.delete(GRANT.id)
    assert live(place)[2]


def test_a_channel_that_was_swapped_is_not_whole(place: Place) -> None:
    """Two channels whose configurations somebody exchanged are both found, though each configuration opens."""
    configs = [channel.config for channel in CHANNELS]
    for channel, config in zip(CHANNELS, reversed(configs), strict=True):
        place.tamper(f"UPDATE notification_channels SET config = '{config}' WHERE id = '{channel.id}'")
    with place.store.read() as unit:
        assert [unit.holds(channel) for channel in unit.channels.list()] == [False, False]
    place.rows.review()
    assert sorted(place.told()) == [("notification_channels", one.id, "edited") for one in CHANNELS]


@pytest.mark.parametrize(
    ("statement", "how"),
    [
        ("UPDATE daemon_state SET value = '2' WHERE key = 'generation'", "edited"),
        ("DELETE FROM daemon_state WHERE key = 'generation'", "deleted"),
    ],
)
def test_what_the_daemon_remembers_is_not_somebody_elses(place: Place, statement: str, how: str) -> None:
    """An edited or deleted value of daemon_state is refused by name where it decides."""
    place.tamper(statement)
    with place.store.read() as unit, pytest.raises(Stopped) as refused:
        unit.state.get("generation")
    assert refused.value.code == "ROW_TAMPERED"
    place.rows.review()
    assert place.told() == [("daemon_state", "generation", how)]


def test_a_rolled_back_write_leaves_row_and_seal_as_they_were(place: Place) -> None:
    """Row, seal and record are one transaction: when it fails, the row is whole as it was."""
    with pytest.raises(RuntimeError, match="no"):
        _write_in_vain(place)
    assert live(place) == (True, True, True)
    assert place.again() is None
    assert live(place) == (True, True, True)


def _write_in_vain(place: Place) -> None:
    with place.store.write() as unit:
        unit.agents.set_status(AGENT.id, expected="ACTIVE", status="SUSPENDED", at=5)
        unit.policies.delete(BAN.id)
        raise RuntimeError("no")


def test_a_person_takes_the_rows_as_they_are(place: Place) -> None:
    """After a look at them, with the password, everything is sealed as it stands, on record, and holds over a restart."""
    place.tamper(
        f"UPDATE agents SET address = 'mine' WHERE id = '{AGENT.id}'", f"DELETE FROM policies WHERE id = '{BAN.id}'"
    )
    with pytest.raises(Denied):
        place.rows.accept(replace(OPERATOR, by_password=False))
    assert len(place.rows.accept(OPERATOR)) == 3
    assert live(place) == (True, True, True)
    assert place.again() is None
    assert (live(place), place.rows.found(OPERATOR)) == ((True, True, True), ())


def test_rows_from_before_are_sealed_once(place: Place) -> None:
    """A database without any seal is sealed at its first unlock; the same again later is somebody's doing."""
    bare = [f"UPDATE {table} SET mac = NULL" for table in (A, S, P, "notification_channels", "daemon_state")]
    bare += ["DELETE FROM policy_sets", "DELETE FROM row_seals", "DELETE FROM daemon_state WHERE key = 'row_seals'"]
    place.end()
    place.tamper(*bare)
    place.pinned = 0
    assert place.begin() is None
    assert live(place) == (True, True, True)
    place.end()
    place.tamper(*bare)
    place.pinned = 0
    assert place.begin() == "its rows carry no seals of this keystore"
    assert live(place) == (False, False, False)


@pytest.mark.parametrize("is_sound", [True, False])
def test_another_key_opens_nothing(place: Place, is_sound: bool) -> None:
    """Under the data key of another keystore no row decides."""
    place.end()
    place.store = Store.open(place.path)
    place.rows = RowWatch(place.store, Journal(FrozenClock()))
    assert place.rows.open(OTHER_KEY, pinned=0, is_sound=is_sound) is not None
    assert live(place) == (False, False, False)


@pytest.mark.parametrize("interrupt", [False, True], ids=["", "twice"])
def test_a_new_data_key_keeps_what_was_whole(place: Place, interrupt: bool) -> None:
    """Sealed again under another key, whole rows stay whole and an edit stays found; also when the writing is repeated."""
    place.tamper(f"UPDATE sessions SET constraints = '[]' WHERE id = '{SESSION.id}'")
    place.end()
    configs = {CHANNELS[0].id: '{"sealed":"anew"}'}
    changes = json.loads(json.dumps(resealed(place.path, KEY, OTHER_KEY, configs)))
    place.tamper(f"UPDATE notification_channels SET config = '{configs[CHANNELS[0].id]}' WHERE id = '{CHANNELS[0].id}'")
    for _ in range(2 if interrupt else 1):
        write_seals(place.path, changes)
    assert place.begin(OTHER_KEY) is None
    assert live(place) == (True, False, True)
    assert place.told() == [("sessions", SESSION.id, "edited")]


def test_readers_beside_a_writer_see_no_edit(place: Place) -> None:
    """While the daemon itself changes an agent and its policies again and again, no reader takes that for somebody else's."""
    found: list[object] = []
    place.rows.on_doubt = lambda: found.append("a doubt")
    stop = _beside(lambda: found.append(False) if not live(place)[2] else None)
    try:
        for n in range(150):
            with place.store.write() as unit:
                unit.agents.rename(AGENT.id, f"name {n}", n)
                one = unit.policies.get(GRANT.id)
                assert one is not None
                unit.policies.replace(
                    GRANT.id, expected_version=one.version, rules="{}", priority=n, enabled=n % 2 == 0, at=n
                )
    finally:
        stop()
    assert found == []


def _beside(work: Callable[[], object]) -> Callable[[], None]:
    stopping = threading.Event()

    def run() -> None:
        while not stopping.is_set():
            work()

    threads = [threading.Thread(target=run) for _ in range(3)]
    for thread in threads:
        thread.start()

    def stop() -> None:
        stopping.set()
        for thread in threads:
            thread.join()

    return stop
