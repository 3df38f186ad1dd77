"""Rows that decide, with their seals: what somebody else wrote decides nothing and is named, once (invariants 10, 14)."""

import json
import sqlite3
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest

from tests.store.samples import agent, policy, session
from waiaas.engine.actors import Actor
from waiaas.engine.journal import Journal
from waiaas.engine.row_watch import RowWatch
from waiaas.errors import Denied, NotReady, Stopped
from waiaas.store.database import Store
from waiaas.store.records import Channel
from waiaas.store.resealing import resealed, write_seals
from waiaas.testing.clock import FrozenClock

KEY, OTHER_KEY = b"k" * 32, b"o" * 32
OPERATOR = Actor(kind="operator", by_password=True)
AGENT = agent(name="payer")
SESSION = session(AGENT.id)
GRANT = policy(agent_id=AGENT.id, id="0190-grant")
BAN = policy(agent_id=AGENT.id, id="0191-ban")
GLOBAL = policy(agent_id=None, id="0192-global")
CHANNELS = [Channel(id=f"channel-{n}", created_at=1, type="LOG", config=json.dumps({"sealed": n})) for n in (1, 2)]


class Place:
    """A database that daemons open one after the other; between them anybody may write into it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.pinned = 0
        self.begin()

    def begin(self, key: bytes = KEY) -> str | None:
        """Another daemon. Returns what it finds wrong."""
        self.store = Store.open(self.path)
        self.rows = RowWatch(self.store, Journal(FrozenClock()))
        return self.rows.open(key, pinned=self.pinned, is_sound=True)

    def end(self) -> None:
        self.pinned = self.store.seals.position.number
        self.store.close()

    def again(self, key: bytes = KEY) -> str | None:
        self.end()
        return self.begin(key)

    def tamper(self, *statements: str) -> None:
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute("PRAGMA ignore_check_constraints = ON")
            for statement in statements:
                connection.execute(statement)

    def told(self) -> list[tuple[str, str, str]]:
        """Every finding that people were told."""
        sql = "SELECT details FROM audit_log WHERE event_type IN ('row.tampered', 'policy.tampered') ORDER BY id"
        with closing(sqlite3.connect(self.path)) as connection:
            found = [json.loads(row[0]) for row in connection.execute(sql)]
        return [(one["table"], one["key"], one["how"]) for one in found]

    def row(self, table: str, key: str) -> dict[str, object]:
        with closing(sqlite3.connect(self.path)) as connection:
            connection.row_factory = sqlite3.Row
            column = {"daemon_state": "key", "policy_sets": "scope"}.get(table, "id")
            (row,) = connection.execute(f"SELECT * FROM {table} WHERE {column} = ?", (key,)).fetchall()
        return dict(row)

    def put_back(self, table: str, row: dict[str, object]) -> None:
        """An older copy of a row, with the MAC that it had."""
        marks = ", ".join("?" * len(row))
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            connection.execute(
                f"INSERT OR REPLACE INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values())
            )


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    """One with an agent, its session, two policies of its own and a global one, and two channels."""
    made = Place(tmp_path / "waiaas.db")
    with made.store.write() as unit:
        unit.agents.insert(AGENT)
        unit.sessions.insert(SESSION)
        for one in (GRANT, BAN, GLOBAL):
            unit.policies.insert(one)
        for channel in CHANNELS:
            unit.channels.insert(channel)
        unit.state.set("generation", "3")
    yield made
    made.store.close()


def live(place: Place) -> tuple[bool, bool, bool]:
    """Whether agent, session and policies decide."""
    with place.store.read() as unit:
        found, caller = unit.agents.get(AGENT.id), unit.sessions.get(SESSION.id)
        _, are_whole = unit.policies.sealed_for(AGENT.id)
    assert found is not None
    return found.status == "ACTIVE", caller is not None and caller.revoked_at is None, are_whole


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
