"""What commands do to the keystore beside a daemon: another password, another data key, keys that come in; crashes included."""

import json
from pathlib import Path
from typing import Any

import httpx
import pytest
from waiaas_sdk import Conflict, NotFound, Operator, Unauthenticated, WaiaasApiError

from tests.harness.books import check_audit, check_log
from tests.harness.chains import ChainCase
from tests.harness.data_directory import PASSWORD
from tests.harness.deadline import until
from tests.harness.fixtures import CASES
from tests.harness.house import ONCE, House, Wallet, confirmed
from tests.harness.keystore_commands import new_key_file, note_export, run_work, seal

OTHER = "lighthouse-Banjo 71 thimble"
THIRD = "quixotic-Marmalade 44 sextant"


@pytest.fixture(scope="session", params=CASES[:1], ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> ChainCase:
    """One asset on one chain is enough: keystores know of neither."""
    found: ChainCase = request.param
    return found


def is_password(house: House, password: str) -> bool:
    """Whether the running daemon takes it, over the socket."""
    with Operator.over_socket(house.paths.admin_socket, password, remember=False, retry=ONCE) as asked:
        try:
            asked.admin.status()
        except Unauthenticated:
            return False
        return True


def pay(house: House, wallet: Wallet) -> None:
    confirmed(house, house.client(wallet).send(**house.case.payment(house.case.new_recipient())))


def events(house: House, *names: str) -> list[str]:
    """Those of the names that were audited, in order."""
    marks = ",".join("?" * len(names))
    return [
        row["event_type"]
        for row in house.rows(f"SELECT event_type FROM audit_log WHERE event_type IN ({marks}) ORDER BY id", *names)
    ]


def leftovers(house: House) -> list[str]:
    """Whatever lies in the directory beside what belongs there."""
    beside = [path.name for path in house.root.iterdir() if path.name.startswith("keystore.")]
    return beside + [path.name for path in house.paths.keystore.iterdir() if path.name.count(".") > 1]


# --- another password --------------------------------------------------------------------------------------------------


def test_a_running_daemon_takes_the_new_password(house: House) -> None:
    """From the change on the new password counts and the old one is wrong; payments go on, tokens of the old one end."""
    house.start()
    wallet = house.instant()
    bought = house.operator.login().token
    assert run_work(house.root, "change", new=OTHER).returncode == 0
    assert not is_password(house, PASSWORD)
    assert is_password(house, OTHER)
    answer = httpx.get(f"{house.daemon.url}/v1/agents", headers={"Authorization": f"Bearer {bought}"})
    assert answer.status_code == 401
    pay(house, wallet)
    assert events(house, "password.changed") == ["password.changed"]
    house.daemon.kill_signer()
    with Operator.over_socket(house.paths.admin_socket, retry=ONCE) as anybody:
        until(lambda: not anybody.health().ready, "the signer's death to be noticed")
    with Operator.over_socket(house.paths.admin_socket, OTHER, retry=ONCE) as operator:
        operator.unlock()
    pay(house, wallet)
    check_audit(house)


def test_a_change_while_no_daemon_runs_is_on_record(house: House) -> None:
    """The next start with the new password tells of the change once; starting with the old one is refused."""
    house.start()
    wallet = house.instant()
    assert house.stop() == 0
    assert run_work(house.root, "change", new=OTHER).returncode == 0
    with pytest.raises(AssertionError, match=r"WRONG_PASSWORD|password is wrong"):
        house.start()
    for _ in range(2):
        house.start(password=OTHER)
        pay(house, wallet)
        assert house.stop() == 0
    assert events(house, "password.changed", "keystore.rekeyed") == ["password.changed"]


def test_an_old_master_file_that_is_put_back_is_on_record(house: House) -> None:
    """Who has the old file and the old password can put it back, and not unseen."""
    house.start()
    master = house.paths.keystore / "master.json"
    before = master.read_bytes()
    assert run_work(house.root, "change", new=OTHER).returncode == 0
    assert is_password(house, OTHER)
    master.write_bytes(before)
    assert is_password(house, PASSWORD)
    assert events(house, "password.changed") == ["password.changed"] * 2


def test_a_killed_change_leaves_one_password(house: House) -> None:
    """Killed after any step, exactly one of the two passwords opens the keystore, and everything under it works."""
    house.start()
    wallet = house.instant()
    for step, right in (("opened", PASSWORD), ("sealed", PASSWORD), ("replaced", OTHER)):
        assert run_work(house.root, "change", new=OTHER, kill=step).returncode == -9
        assert [given for given in (PASSWORD, OTHER) if is_password(house, given)] == [right], step
    assert house.stop() == 0
    house.start(password=OTHER)
    pay(house, wallet)


@pytest.mark.parametrize(
    ("orders", "code"),
    [({"new": "password1234"}, "WEAK_PASSWORD"), ({"new": OTHER, "password": "guess"}, "WRONG_PASSWORD")],
    ids=["weak", "wrong"],
)
@pytest.mark.parametrize("work", ["change", "rekey"])
def test_a_refused_change_changes_nothing(house: House, work: str, orders: dict[str, Any], code: str) -> None:
    """A weak new password, or a wrong old one, leaves every file as it was."""
    house.start()
    house.wallet()
    assert house.stop() == 0
    before = files(house)
    done = run_work(house.root, work, **orders)
    assert done.returncode == 1
    assert files(house) == before
    assert "password" in done.stderr.splitlines()[-1], code
    assert leftovers(house) == []


def files(house: House) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in house.paths.keystore.iterdir()}


# --- another data key --------------------------------------------------------------------------------------------------


def test_a_new_data_key_for_everything(house: House) -> None:
    """After rekeying agents pay, imports and notes are taken over, channels are read, no agent is suspended, and none of the
    old files opens under the new master file."""
    house.start()
    wallet = house.instant()
    pay(house, wallet)
    assert house.stop() == 0
    old = files(house)
    imported = seal(house.root, "later", house.case.chain, house.case.network, new_key_file())
    note_export(house.root, wallet.agent_id)
    done = run_work(house.root, "rekey", new=OTHER)
    assert (done.returncode, done.stdout) == (0, "3"), done.stderr
    assert all(text != old[name] for name, text in files(house).items() if name in old)
    house.start(password=OTHER)
    assert house.rows("SELECT status FROM agents WHERE id = ?", imported) == [{"status": "ACTIVE"}]
    pay(house, wallet)
    names = ("agent.imported", "agent.exported", "keystore.rekeyed", "daemon.directory_moved", "agent.suspended")
    assert events(house, *names) == ["agent.imported", "agent.exported", "keystore.rekeyed"]
    assert house.stop() == 0
    check_audit(house)
    check_log(house)
    (house.paths.keystore / f"{wallet.agent_id}.json").write_bytes(old[f"{wallet.agent_id}.json"])
    assert run_work(house.root, "rekey", new=THIRD, password=OTHER).returncode == 1
    assert leftovers(house) == []


STEPS = {
    "keys": False,
    "configs": False,
    "head": False,
    "master": False,
    "switched": True,
    "configs switched": True,
    "head switched": True,
    "moved 0": True,
    "moved master.json": True,
}
"""Step after which it is killed → whether the new data key is decided by then."""


def test_a_killed_rekeying_is_undone_or_finished(house: House) -> None:
    """Killed after any step, the next start finds the old keystore or the new one whole: agents pay, channels open, nothing is
    suspended, and nothing is left over."""
    house.start()
    wallet, other = house.instant(), house.instant()
    old, new = PASSWORD, OTHER
    for number, (step, is_done) in enumerate(STEPS.items()):
        assert house.stop() == 0
        done = run_work(house.root, "rekey", password=old, new=new, kill=step)
        assert done.returncode == -9, done.stderr
        if is_done:
            old, new = new, old
        house.start(password=old)
        assert leftovers(house) == [], step
        assert is_password(house, old), step
        pay(house, (wallet, other)[number % 2])
        assert len(events(house, "keystore.rekeyed")) == sum(list(STEPS.values())[: number + 1]), step
    assert events(house, "daemon.directory_moved", "agent.suspended") == []
    assert house.stop() == 0
    check_audit(house)
    check_log(house)


def test_a_strange_file_ends_the_rekeying(house: House) -> None:
    """A file that nobody knows, or that does not open, is named, and nothing is changed."""
    house.start()
    house.wallet()
    assert house.stop() == 0
    before = files(house)
    for name, text in (("notes.txt", b"x"), ("01890000-0000-7000-8000-000000000000.json", b"{}")):
        strange = house.paths.keystore / name
        strange.write_bytes(text)
        strange.chmod(0o600)
        done = run_work(house.root, "rekey", new=OTHER)
        assert done.returncode == 1
        assert name in done.stderr
        strange.unlink()
        assert files(house) == before


# --- keys that come in -------------------------------------------------------------------------------------------------


def imported(house: House, name: str, numbers: list[int]) -> str:
    return seal(house.root, name, house.case.chain, house.case.network, numbers)


def test_an_imported_key_pays(house: House) -> None:
    """An adopted key is an agent like any other: funded at its address it pays, and after a restart again."""
    house.start()
    numbers = new_key_file()
    agent = house.operator.agents.adopt(imported(house, "immigrant", numbers))
    assert agent.address is not None
    assert agent.public_key == bytes(numbers[32:]).hex()
    house.chain.fund(agent.address, 1000 * house.case.amount)
    for kind, rules in house.case.spending(instant_max=100 * house.case.amount):
        house.operator.policies.create(kind, rules, agent_id=agent.id)
    session = house.operator.sessions.issue(agent.id)
    wallet = Wallet(agent_id=agent.id, address=agent.address, session_id=session.id, token=session.token)
    pay(house, wallet)
    assert leftovers(house) == []
    house.kill()
    house.start()
    pay(house, wallet)
    row = house.rows("SELECT * FROM audit_log WHERE event_type = 'agent.imported'")
    assert [json.loads(one["details"])["source"] for one in row] == ["solana"]


def test_what_was_imported_without_a_daemon_is_adopted_at_the_start(house: House) -> None:
    """An import waits for the next unlock, is adopted once, and a locked daemon leaves it alone."""
    house.start()
    assert house.stop() == 0
    agent_id = imported(house, "later", new_key_file())
    house.start(password=None)
    assert leftovers(house) == [f"{agent_id}.import.json"]
    with Operator.over_socket(house.paths.admin_socket, PASSWORD, remember=False, retry=ONCE) as operator:
        with pytest.raises(WaiaasApiError, match="locked"):
            operator.agents.adopt(agent_id)
        operator.unlock()
    assert house.operator.agents.show("later").status == "ACTIVE"
    assert house.operator.agents.adopt(agent_id).id == agent_id
    assert events(house, "agent.imported") == ["agent.imported"]
    assert leftovers(house) == []


def test_a_key_that_is_here_already_is_refused(house: House) -> None:
    """One key is one agent of a network; a second import of it, or of a taken name, makes no agent and no key file."""
    house.start()
    numbers = new_key_file()
    first = house.operator.agents.adopt(imported(house, "first", numbers))
    for name, file in (("second", numbers), ("first", new_key_file())):
        agent_id = imported(house, name, file)
        with pytest.raises(Conflict):
            house.operator.agents.adopt(agent_id)
        assert not (house.paths.keystore / f"{agent_id}.json").exists()
        assert house.rows("SELECT id FROM agents") == [{"id": first.id}]
    with pytest.raises(NotFound):
        house.operator.agents.adopt("01890000-0000-7000-8000-000000000000")
    assert house.stop() == 0
    house.start()
    assert len(events(house, "agent.import_refused")) == 2
    assert house.rows("SELECT id FROM agents") == [{"id": first.id}]


def test_an_adoption_cut_short_is_finished(house: House) -> None:
    """With the agent's key file written and its row not, or its row written and the import not deleted, the next start ends
    with one agent and no import."""
    house.start()
    numbers = new_key_file()
    agent_id = imported(house, "cut", numbers)
    kept = (house.paths.keystore / f"{agent_id}.import.json").read_bytes()
    house.operator.agents.adopt(agent_id)
    assert house.stop() == 0
    put_back(house, agent_id, kept)
    house.start()
    assert leftovers(house) == []
    assert house.stop() == 0
    # the row is gone as if it had never been committed; key file and import are there
    put_back(house, agent_id, kept)
    house.paths.database.with_name("gone").write_bytes(b"")
    fresh_database(house)
    house.start()
    assert house.rows("SELECT id, status FROM agents") == [{"id": agent_id, "status": "ACTIVE"}]
    assert leftovers(house) == []


def put_back(house: House, agent_id: str, text: bytes) -> None:
    path = house.paths.keystore / f"{agent_id}.import.json"
    path.write_bytes(text)
    path.chmod(0o600)


def fresh_database(house: House) -> None:
    for path in [*Path(house.paths.database.parent).iterdir()]:
        path.unlink()


def test_an_edited_import_is_refused_and_on_record(house: House) -> None:
    """An import that was edited makes no agent; the daemon starts all the same and says why."""
    house.start()
    assert house.stop() == 0
    agent_id = imported(house, "edited", new_key_file())
    path = house.paths.keystore / f"{agent_id}.import.json"
    put_back(house, agent_id, json.dumps({**json.loads(path.read_bytes()), "name": "mallory"}).encode())
    house.start()
    assert house.rows("SELECT id FROM agents") == []
    (row,) = house.rows("SELECT * FROM audit_log WHERE event_type = 'agent.import_refused'")
    assert "edited" in json.loads(row["details"])["reason"]
    assert not (house.paths.keystore / f"{agent_id}.json").exists()


# --- notes -------------------------------------------------------------------------------------------------------------


def test_an_export_is_noted_once(house: House) -> None:
    """A note is on record as soon as somebody shows the password, or at the next start; a copy put back adds nothing; a forged
    one is left where it is and not believed."""
    house.start()
    wallet = house.wallet()
    note_export(house.root, wallet.agent_id)
    (path,) = house.paths.keystore.glob("*.note.json")
    kept = path.read_bytes()
    assert is_password(house, PASSWORD)
    assert (events(house, "agent.exported"), path.exists()) == (["agent.exported"], False)
    assert house.stop() == 0
    path.write_bytes(kept)
    path.chmod(0o600)
    house.start()
    assert (events(house, "agent.exported"), path.exists()) == (["agent.exported"], False)
    path.write_bytes(json.dumps({**json.loads(kept), "at": 1}).encode())
    path.chmod(0o600)
    assert is_password(house, PASSWORD)
    assert (events(house, "agent.exported"), path.exists()) == (["agent.exported"], True)
    path.unlink()
    note_export(house.root, wallet.agent_id)
    assert is_password(house, PASSWORD)
    path.write_bytes(kept)
    path.chmod(0o600)
    assert is_password(house, PASSWORD)
    assert (events(house, "agent.exported"), path.exists()) == (["agent.exported"] * 2, False)
