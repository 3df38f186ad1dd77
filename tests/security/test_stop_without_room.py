"""A full disk never refuses a stop: each door stops, what is stopped outlives the process where a file can be made at all."""

import subprocess
from pathlib import Path

import httpx
import pytest
from waiaas_sdk import Client, Operator, WaiaasApiError

from tests.harness.commands import done, waiaas
from tests.harness.deadline import until
from tests.harness.house import ONCE, House, Wallet, confirmed
from tests.harness.small_disk import MakeDisk, fill, mount, use_up_inodes

_ACTIVATED = "SELECT * FROM audit_log WHERE event_type = 'kill_switch.activated' ORDER BY id"


def _refused(client: Client, house: House) -> WaiaasApiError:
    with pytest.raises(WaiaasApiError) as caught:
        client.send(**house.case.payment(house.case.new_recipient()))
    return caught.value


def _stopped_house(disk: MakeDisk, options: str) -> tuple[House, Wallet]:
    house = disk(options).start()
    wallet = house.instant()
    confirmed(house, house.client(wallet).send(**house.case.payment(house.case.new_recipient())))
    return house, wallet


def test_every_door_stops_on_a_full_disk(disk: MakeDisk) -> None:
    """Without a free block HTTP, the socket, the command, `agent suspend` and `session revoke` stop, and are
    believed; with room again each is stored with its audit row."""
    house, wallet = _stopped_house(disk, "size=14m")
    other = house.instant()
    ballast = fill(house.root / "backups")
    token = house.client(other)
    (session,) = house.operator.sessions.list(agent_id=other.agent_id).items
    house.operator.sessions.revoke(session.id)
    with pytest.raises(WaiaasApiError) as caught:
        token.address()
    assert caught.value.status in (401, 503)  # the note of who was not let in has no room either
    assert done(house.root, "agent", "suspend", wallet.agent_id)["status"] == "SUSPENDED"
    fine = done(house.root, "session", "revoke", session.id)
    assert fine["revoked"] is True
    health = httpx.get(f"{house.daemon.url}/health").json()
    assert (health["status"], health["ready"]) == ("stopped", False)
    with Operator.over_socket(house.paths.admin_socket, retry=ONCE) as nobody:
        told = nobody.kill_switch.activate(reason="by the socket")
    assert told.state == "SUSPENDED"
    assert "cannot be written" in (told.reason or "")
    over_http = house.operator.kill_switch.activate("LOCKED", reason="by http")
    assert over_http.state == "LOCKED"
    assert done(house.root, "kill-switch", "activate")["door"] == "socket"
    assert not house.rows(_ACTIVATED)
    assert house.paths.stop_request.exists()
    ballast.unlink()
    until(lambda: len(house.rows(_ACTIVATED)) >= 3, "the orders to be stored")
    until(lambda: not house.paths.stop_request.exists(), "the file to be carried out")
    rows = house.rows(_ACTIVATED)
    assert {row["ip_address"] for row in rows} >= {"socket"}
    assert house.operator.kill_switch.status().state == "LOCKED"
    assert _refused(house.client(wallet), house).status in (401, 423)
    assert house.rows("SELECT revoked_at FROM sessions WHERE id = ? AND revoked_at IS NOT NULL", session.id)
    assert house.rows("SELECT id FROM agents WHERE id = ? AND status = 'SUSPENDED'", wallet.agent_id)


def test_a_stop_without_a_free_inode_holds_in_memory(disk: MakeDisk) -> None:
    """Where the file cannot be made either, the daemon's memory and its signer hold the stop, and the database when it can."""
    house, wallet = _stopped_house(disk, "size=14m,nr_inodes=200")
    ballast, fillers = fill(house.root / "backups"), use_up_inodes(house.root / "backups")
    with Operator.over_socket(house.paths.admin_socket, retry=ONCE) as nobody:
        assert nobody.kill_switch.activate().state == "SUSPENDED"
    assert not house.paths.stop_request.exists()
    for path in (ballast, *fillers):
        path.unlink()
    until(lambda: house.rows(_ACTIVATED), "the order to be stored")
    assert _refused(house.client(wallet), house).code == "KILL_SWITCH"
    house.operator.kill_switch.recover(release=[])
    confirmed(house, house.client(wallet).send(**house.case.payment(house.case.new_recipient())))


@pytest.fixture
def small(tmp_path: Path, template: Path) -> object:
    """An initialised directory on a small disk; no daemon runs on it."""
    root = tmp_path / "data"
    root.mkdir(mode=0o700)
    mount(root, "size=1m,nr_inodes=100")
    subprocess.run(["cp", "-a", *map(str, template.iterdir()), str(root)], check=True)
    yield root
    subprocess.run(["umount", str(root)], check=True)


def test_the_command_stops_without_a_daemon_on_a_full_disk(small: Path) -> None:
    """Without a block the file is bare and stops everything, and the command says so; without an inode it says, with exit
    code 1, that nothing is stopped."""
    ballast = fill(small / "backups")
    bare = waiaas(small, "kill-switch", "activate", "--agent", "bot")
    assert (bare.returncode, (small / "stop.request").stat().st_size) == (0, 0), bare.stderr
    assert "Everything is SUSPENDED" in bare.stdout
    (small / "stop.request").unlink()
    use_up_inodes(small / "backups")
    failed = waiaas(small, "kill-switch", "activate")
    assert failed.returncode == 1
    assert failed.stderr.startswith("waiaas: NOTHING IS STOPPED"), failed.stderr
    assert ballast.exists()
