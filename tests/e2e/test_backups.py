"""Backups of a real daemon: made while it pays, opened with the password alone, and after a restore nothing moves by itself
(invariants 14 and 16)."""

import shutil
import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from waiaas_sdk import Unauthenticated

from tests.harness.books import check_books
from tests.harness.chains import ChainCase
from tests.harness.commands import done, waiaas
from tests.harness.deadline import until
from tests.harness.fixtures import CASES, MakeHouse
from tests.harness.house import House, confirmed
from tests.harness.keystore_commands import new_key_file, seal


@pytest.fixture(scope="module")
def case() -> ChainCase:
    """Any chain will do: nothing here depends on which it is."""
    return CASES[0]


def backed_up(house: House) -> Path:
    """A backup by the running daemon, copied out of the directory."""
    made = house.operator.admin.backup()
    return Path(shutil.copy(house.paths.backups / made.file, house.beside / "kept.backup"))


def restored(house: House, file: Path) -> Path:
    """Restore over the house's directory; where the old one went."""
    return Path(done(house.root, "backup", "restore", str(file), "--force")["aside"])


def test_a_restored_directory_goes_on_when_a_person_lets_it(house: House) -> None:
    """Resumed and with a new session the agent pays again, and later starts take the directory as its own."""
    house.start()
    wallet = house.instant()
    file = backed_up(house)
    assert house.stop() == 0
    restored(house, file)
    house.start()
    house.operator.agents.resume(wallet.agent_id, confirm_spent=True)
    session = house.operator.sessions.issue(wallet.agent_id)
    confirmed(house, house.client(session.token).send(**house.case.payment(house.case.new_recipient())))
    check_books(house, wallet)
    house.kill()
    house.start()
    assert house.operator.agents.show(wallet.agent_id).status == "ACTIVE"
    assert len(house.rows("SELECT * FROM audit_log WHERE event_type = 'daemon.restored'")) == 1
    assert not house.paths.restored.exists()


def test_a_restored_directory_is_shut_before_it_is_unlocked(house: House) -> None:
    """A daemon that starts locked on it knows no session of before either."""
    house.start()
    wallet = house.instant()
    file = backed_up(house)
    assert house.stop() == 0
    restored(house, file)
    house.start(password=None)
    with pytest.raises(Unauthenticated):
        house.client(wallet).address()
    assert house.rows("SELECT status FROM agents") == [{"status": "SUSPENDED"}]
    house.operator.unlock()
    assert len(house.rows("SELECT * FROM audit_log WHERE event_type = 'daemon.restored'")) == 1


def test_a_restore_that_was_cut_short_at_the_next_start_is_drawn_again(house: House) -> None:
    """As long as the mark is there, and also one that nobody can read, a start suspends."""
    house.start()
    wallet = house.instant()
    assert house.stop() == 0
    house.paths.restored.write_text("nonsense")
    house.paths.restored.chmod(0o600)
    house.start()
    assert house.operator.agents.show(wallet.agent_id).status == "SUSPENDED"
    assert not house.paths.restored.exists()


def test_without_its_mark_a_restored_directory_is_still_not_trusted(house: House) -> None:
    """Whoever takes the mark away only takes the word restore out of the event: there is no pinned head in a backup."""
    house.start()
    wallet = house.instant()
    file = backed_up(house)
    assert house.stop() == 0
    restored(house, file)
    house.paths.restored.unlink()
    house.start()
    assert house.operator.agents.show(wallet.agent_id).status == "SUSPENDED"
    assert len(house.rows("SELECT * FROM audit_log WHERE event_type = 'daemon.directory_moved'")) == 1


@pytest.mark.parametrize("is_marked", [True, False])
def test_a_key_that_waited_for_its_agent_waits_for_a_person_too(house: House, is_marked: bool) -> None:
    """An import in a backup becomes a suspended agent, whichever start adopts it; one made after the restore does not."""
    house.start()
    assert house.stop() == 0
    old = seal(house.root, "old", house.case.chain, house.case.network, new_key_file())
    file = Path(shutil.copy(done(house.root, "backup", "create")["path"], house.beside / "kept.backup"))
    restored(house, file)
    waiting = house.paths.keystore / f"{old}.import.json"
    kept = waiting.read_bytes()
    if not is_marked:
        house.paths.restored.unlink()
    for _ in range(2):  # the second start adopts it without any doubt of its own
        house.start()
        assert house.operator.agents.show("old").status == "SUSPENDED"
        assert house.stop() == 0
        forget_agents(house)
        waiting.write_bytes(kept)
        waiting.chmod(0o600)
    house.start()
    new = seal(house.root, "new", house.case.chain, house.case.network, new_key_file())
    assert house.operator.agents.show("old").status == "SUSPENDED"
    assert house.operator.agents.resume("old").status == "ACTIVE"
    assert house.operator.agents.adopt(new).status == "ACTIVE"


def forget_agents(house: House) -> None:
    """As if their rows had never been committed."""
    with closing(sqlite3.connect(house.paths.database)) as connection, connection:
        connection.execute("DELETE FROM agents")


def test_an_agent_whose_creation_was_cut_short_waits_for_a_person(house: House) -> None:
    """What a start would finish as active it finishes as suspended in a restored directory."""
    house.start()
    wallet = house.instant()
    assert house.stop() == 0
    with closing(sqlite3.connect(house.paths.database)) as connection, connection:
        connection.execute("UPDATE agents SET status = 'CREATING'")
    file = Path(shutil.copy(done(house.root, "backup", "create")["path"], house.beside / "kept.backup"))
    restored(house, file)
    house.start()
    assert house.operator.agents.show(wallet.agent_id).status == "SUSPENDED"


def test_a_backup_holds_everything_and_shows_nothing(house: House) -> None:
    """Policies, history, keys and configuration come back byte for byte; without the password the file tells none of it."""
    house.start()
    wallet = house.instant()
    confirmed(house, house.client(wallet).send(**house.case.payment(house.case.new_recipient())))
    file = backed_up(house)
    keys = {path.name: path.read_bytes() for path in house.paths.keystore.iterdir()}
    config = house.paths.config.read_bytes()
    policies = house.rows("SELECT * FROM policies")
    paid = house.rows("SELECT * FROM spend_ledger")
    assert house.stop() == 0
    aside = restored(house, file)
    assert {path.name: path.read_bytes() for path in house.paths.keystore.iterdir()} == keys
    assert house.paths.config.read_bytes() == config
    assert house.rows("SELECT * FROM policies") == policies
    assert house.rows("SELECT * FROM spend_ledger") == paid
    assert (aside / "data" / "waiaas.db").exists()
    text = file.read_bytes()
    (name,) = {row["name"] for row in house.rows("SELECT name FROM agents")}
    for word in (name, wallet.address, wallet.agent_id, wallet.token, "SPENDING_LIMIT", "SQLite", "[daemon]"):
        assert word.encode() not in text
    modes = {oct(path.stat().st_mode & 0o777) for path in house.root.rglob("*") if path.is_file()}
    assert modes == {"0o600"}


def test_backups_are_whole_while_payments_go_on(house: House) -> None:
    """Each one made in the middle of payments verifies: its database, its audit trail, a key for every agent."""
    house.start()
    wallet = house.instant()
    stop = threading.Event()

    def pay() -> None:
        client = house.client(wallet)
        while not stop.is_set():
            client.send(wait=0, **house.case.payment(house.case.new_recipient()))

    threads = [threading.Thread(target=pay) for _ in range(4)]
    for thread in threads:
        thread.start()
    try:
        until(lambda: house.rows("SELECT count(*) AS n FROM transactions")[0]["n"] > 4, "some payments")
        made = [house.operator.admin.backup().file for _ in range(3)]
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    for name in made:
        found = done(house.root, "backup", "verify", name)
        assert (found["auditIntact"], found["agents"]) == (True, 1)
        assert found["signedUpTo"] is not None
    listed = done(house.root, "backup", "list")["items"]
    assert sorted(item["file"] for item in listed) == sorted(made)
    assert len(set(made)) == 3


def test_a_restore_needs_the_place_for_itself(house: House) -> None:
    """While a daemon runs, and without --force over what is there, it refuses and changes nothing."""
    house.start()
    wallet = house.instant()
    file = backed_up(house)
    running = waiaas(house.root, "backup", "restore", str(file), "--force")
    assert (running.returncode, "a daemon is running" in running.stderr) == (1, True)
    assert house.stop() == 0
    before = {path: path.read_bytes() for path in sorted(house.root.rglob("*")) if path.is_file()}
    taken = waiaas(house.root, "backup", "restore", str(file))
    assert (taken.returncode, "--force" in taken.stderr) == (1, True)
    wrong = waiaas(house.root, "backup", "restore", str(file), "--force", password="another password")
    assert (wrong.returncode, "the master password of its time, 20" in wrong.stderr) == (4, True), wrong.stderr
    cut = house.beside / "cut.backup"
    cut.write_bytes(file.read_bytes()[:-1])
    assert "cut off" in waiaas(house.root, "backup", "restore", str(cut), "--force").stderr
    assert {path: path.read_bytes() for path in sorted(house.root.rglob("*")) if path.is_file()} == before
    assert [path.name for path in house.root.parent.iterdir() if "restore" in path.name] == []
    house.start()
    assert house.operator.agents.show(wallet.agent_id).status == "ACTIVE"


def test_a_backup_without_a_daemon_and_onto_an_empty_place(house: House, make_house: MakeHouse) -> None:
    """Made from the files of a stopped directory, restored where nothing was; the restored one is a house like any other."""
    house.start()
    wallet = house.instant()
    assert house.stop() == 0
    made = done(house.root, "backup", "create")
    assert Path(made["path"]).is_file()
    other = make_house()
    shutil.rmtree(other.root)
    assert done(other.root, "backup", "restore", made["path"])["aside"] is None
    other.start()
    assert other.operator.agents.show(wallet.agent_id).address == wallet.address
    assert other.operator.agents.show(wallet.agent_id).status == "SUSPENDED"
