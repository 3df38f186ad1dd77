"""The disk fills up under the running daemon: it refuses what it cannot store, forgets nothing, and goes on afterwards."""

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from waiaas_sdk import NotReady

from tests.harness.books import check_books
from tests.harness.chains import ChainCase, TestChain
from tests.harness.data_directory import copy_of
from tests.harness.deadline import until
from tests.harness.house import House, confirmed

MakeDisk = Callable[[str], House]
_CHUNK = 65536


@pytest.fixture
def disk(case: ChainCase, chain: TestChain, template: Path, tmp_path: Path) -> Iterator[MakeDisk]:
    """Makes a house, not yet started, on a small file system of its own; skips loudly where that may not be mounted."""
    made: list[House] = []

    def make(options: str) -> House:
        root = tmp_path / "house"
        root.mkdir(mode=0o700)
        _mount(root, options)
        copy_of(template, tmp_path / "copy")
        for path in (tmp_path / "copy").iterdir():
            subprocess.run(["cp", "-a", str(path), str(root)], check=True)
        made.append(House(root, case, chain))
        return made[0]

    yield make
    for house in made:
        house.close()
        subprocess.run(["umount", str(house.root)], check=True)


def _mount(folder: Path, options: str) -> None:
    done = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"mode=700,{options}", "tmpfs", str(folder)], capture_output=True, check=False
    )
    if done.returncode != 0:
        pytest.skip(
            "LOUD SKIP: mounting a small tmpfs needs root; a full disk was NOT tested against the real daemon here"
        )


def _fill(house: House) -> Path:
    """Take every block that is left."""
    ballast = house.root / "backups" / "ballast"
    with open(os.open(ballast, os.O_WRONLY | os.O_CREAT, 0o600), "wb", buffering=0) as file:
        for size in (_CHUNK, 512):
            try:
                while file.write(bytes(size)) == size:
                    continue
            except OSError:
                continue
    assert os.statvfs(house.root).f_bavail == 0
    return ballast


def _send(house: House, token: str, key: str, **changes: Any) -> httpx.Response:
    body = {"to": _TO, "amount": str(house.case.amount), **changes}
    headers = {"Authorization": f"Bearer {token}", "Idempotency-Key": key, "Prefer": "wait=5"}
    return httpx.post(f"{house.daemon.url}/v1/transactions/send", json=body, headers=headers, timeout=60)


_TO = "5wszgQNPLrKMquchw6gru8ybfkg1TVyGbVGMRrGYe6zg"


def test_a_full_disk_refuses_and_recovers_by_itself(disk: MakeDisk) -> None:
    """Sends get 503 STORE_FULL and store nothing, reads are answered, the daemon lives; with room again it pays, and the
    payment that was under way is finished."""
    house = disk("size=12m").start()
    wallet, recipient = house.instant(), house.case.new_recipient()
    house.operator.login()
    house.chain.stand_still()
    flying = house.client(wallet).send(wait=0, **house.case.payment(recipient))
    house.until_status(flying.id, "SUBMITTED")
    until(lambda: house.row(flying.id)["broadcast_at"], "the bytes to be taken by the node")
    ballast, before = _fill(house), _stored(house)
    house.chain.stand_still(False)
    for number in range(5):
        refused = _send(house, wallet.token, f"key-{number}")
        assert (refused.status_code, refused.json()["code"]) == (503, "STORE_FULL"), refused.text
        assert int(refused.headers["Retry-After"]) > 0
    over = _send(house, wallet.token, "denied", amount=str(10**15))
    assert over.status_code == 503, over.text
    files = sorted(house.paths.keystore.iterdir())
    with pytest.raises(NotReady) as no_room:
        house.operator.agents.create("late", house.case.chain, house.case.network)
    assert (no_room.value.code, sorted(house.paths.keystore.iterdir())) == ("STORE_FULL", files)
    assert _stored(house) == before
    _reads(house, wallet.token)
    until(lambda: len(house.chain.payments(recipient=recipient)) == 1, "the payment under way to land")
    assert house.daemon.is_alive
    assert httpx.get(f"{house.daemon.url}/health").json()["ready"] is True
    house.daemon.kill_signer()
    until(
        lambda: any("could not be recorded" in line["message"] for line in house.log()), "the signer's death to be told"
    )
    ballast.unlink()
    house.operator.unlock()
    confirmed(house, flying)
    again = until(lambda: _if_good(_send(house, wallet.token, "key-1")), "the same request to be taken")
    assert again is not None
    confirmed(house, again.json()["id"])
    assert len(house.chain.payments(recipient=_TO)) == 1
    assert house.daemon.is_alive
    assert house.stop() == 0
    check_books(house, wallet)


def test_a_disk_without_room_for_the_pinned_head_goes_on_paying(disk: MakeDisk) -> None:
    """Where only new files cannot be made, the head lags: payments go on, the daemon lives, and with room the head follows."""
    house = disk("size=16m,nr_inodes=200").start()
    wallet, recipient = house.instant(), house.case.new_recipient()
    confirmed(house, house.client(wallet).send(**house.case.payment(house.case.new_recipient())))
    fillers = _use_up_inodes(house)
    paid = confirmed(house, house.client(wallet).send(**house.case.payment(recipient)))
    until(lambda: any("head" in line["message"] for line in house.log()), "the log to tell that the head lags")
    assert house.daemon.is_alive
    for path in fillers:
        path.unlink()
    (signed,) = house.rows("SELECT id FROM audit_log WHERE tx_id = ? AND event_type = 'transaction.signed'", paid["id"])
    until(lambda: _head(house) >= signed["id"], "the head to follow")
    assert house.stop() == 0
    check_books(house, wallet)


def _use_up_inodes(house: House) -> list[Path]:
    made: list[Path] = []
    while True:
        path = house.root / "backups" / f"filler-{len(made)}"
        try:
            path.touch(mode=0o600)
        except OSError:
            return made
        made.append(path)


def _head(house: House) -> int:
    found: int = json.loads(house.paths.head.read_text())["audit_id"]
    return found


def _if_good(answer: httpx.Response) -> httpx.Response | None:
    return answer if answer.is_success else None


def _stored(house: House) -> list[dict[str, Any]]:
    return house.rows("SELECT id, status FROM transactions") + house.rows("SELECT tx_id FROM reservations")


def _reads(house: House, token: str) -> None:
    bearer = {"Authorization": f"Bearer {token}"}
    for path in ("/health", "/v1/wallet/address", "/v1/wallet/balance", "/v1/transactions", "/v1/connect-info"):
        answer = httpx.get(house.daemon.url + path, headers=bearer, timeout=30)
        assert answer.status_code == 200, (path, answer.text)
    assert house.operator.agents.list().items
    assert house.operator.audit.verify().is_intact
    stranger = httpx.get(f"{house.daemon.url}/v1/agents", headers={"Authorization": "Bearer wai_op_x"}, timeout=30)
    assert stranger.status_code in (401, 503), stranger.text
