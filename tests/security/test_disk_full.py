"""The disk fills up under the running daemon: it refuses what it cannot store, forgets nothing, and goes on afterwards."""

import json
from typing import Any

import httpx
import pytest
from waiaas_sdk import NotReady

from tests.harness.books import check_books
from tests.harness.deadline import until
from tests.harness.house import House, confirmed
from tests.harness.small_disk import MakeDisk, fill, use_up_inodes


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
    ballast, before = fill(house.root / "backups"), _stored(house)
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
    fillers = use_up_inodes(house.root / "backups")
    paid = confirmed(house, house.client(wallet).send(**house.case.payment(recipient)))
    until(lambda: any("head" in line["message"] for line in house.log()), "the log to tell that the head lags")
    assert house.daemon.is_alive
    for path in fillers:
        path.unlink()
    (signed,) = house.rows("SELECT id FROM audit_log WHERE tx_id = ? AND event_type = 'transaction.signed'", paid["id"])
    until(lambda: _head(house) >= signed["id"], "the head to follow")
    assert house.stop() == 0
    check_books(house, wallet)


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
