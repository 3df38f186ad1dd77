"""Stops under load: no signature behind the commit, and no flood that keeps anybody from stopping (invariants 9, 18)."""

import os
import signal
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager

import httpx
from waiaas_sdk import Operator, WaiaasApiError

from tests.harness.books import check_audit, check_books
from tests.harness.commands import waiaas
from tests.harness.deadline import until
from tests.harness.fixtures import MakeHouse, one_case
from tests.harness.house import ONCE, House, Wallet

__all__ = ["one_case"]

_CLIENTS = 16
_SIGNED = "SELECT id FROM audit_log WHERE event_type = 'transaction.signed'"


@contextmanager
def _pouring(house: House, wallets: list[Wallet]) -> Iterator[None]:
    """Sixteen clients that send and send; whatever they are told."""
    over = threading.Event()

    def send(wallet: Wallet) -> None:
        client = house.client(wallet)
        while not over.is_set():
            try:
                client.send(wait=0, **house.case.payment(house.case.new_recipient()))
            except WaiaasApiError:
                continue

    with ThreadPoolExecutor(_CLIENTS) as pool:
        sending = [pool.submit(send, wallets[n % len(wallets)]) for n in range(_CLIENTS)]
        try:
            yield
        finally:
            over.set()
            for one in sending:
                one.result()


def test_sixteen_clients_and_a_stop(house: House) -> None:
    """With sixteen clients sending, no signature is audited behind the stop, and none is stored after its answer.

    Recovered with nothing released, what a node took is confirmed, the rest has ended, and the books are right.
    """
    house.start()
    wallets = [house.instant() for _ in range(4)]
    with _pouring(house, wallets):
        until(lambda: len(house.rows(_SIGNED)) >= _CLIENTS, "payments to be signed")
        with Operator.over_socket(house.paths.admin_socket, retry=ONCE) as nobody:
            nobody.kill_switch.activate()
        answered = house.rows(_SIGNED)
        until(lambda: house.operator.health().uptime >= 0, "the daemon to answer on")
    (stop,) = house.rows("SELECT id FROM audit_log WHERE event_type = 'kill_switch.activated'")
    assert house.rows(_SIGNED) == answered
    assert all(row["id"] < stop["id"] for row in answered)
    house.operator.kill_switch.recover(release=[])
    for row in house.rows("SELECT id FROM transactions"):
        house.until_status(row["id"], "CONFIRMED", "CANCELLED", "FAILED")
    check_audit(house)
    check_books(house, *wallets)


def test_a_flood_does_not_keep_anybody_from_stopping(make_house: MakeHouse) -> None:
    """While a peer has used up every allowance of TCP and holds its threads, the command stops everything over the socket."""
    house = make_house(environ={"WAIAAS_SECURITY_RATE_LIMIT_GLOBAL_RPM": "5", "WAIAAS_DAEMON_THREADS": "2"}).start()
    over = threading.Event()

    def flood() -> None:
        with httpx.Client(base_url=house.daemon.url, timeout=30) as peer:
            while not over.is_set():
                for path in ("/health", "/v1/agents", "/v1/admin/kill-switch"):
                    peer.post(path, json={"state": "LOCKED"}, headers={"Authorization": "Bearer wai_op_" + "x" * 43})

    with ThreadPoolExecutor(8) as pool:
        floods = [pool.submit(flood) for _ in range(8)]
        try:
            ended = waiaas(house.root, "kill-switch", "activate")
            assert ended.returncode == 0, ended.stderr
        finally:
            over.set()
        for one in floods:
            one.result()
    assert house.operator.kill_switch.status().state == "SUSPENDED"


def test_the_command_does_not_wait_for_a_daemon_that_hangs(house: House) -> None:
    """A daemon that is stopped by its system answers nobody: the order lies there within seconds, and holds when it wakes."""
    house.start()
    wallet = house.instant()
    os.kill(house.daemon.pid, signal.SIGSTOP)
    try:
        ended = waiaas(house.root, "kill-switch", "activate")
        assert (ended.returncode, house.paths.stop_request.exists()) == (0, True), ended.stderr
    finally:
        os.kill(house.daemon.pid, signal.SIGCONT)
    until(lambda: not house.paths.stop_request.exists(), "the order to be carried out")
    assert house.operator.kill_switch.status().state == "SUSPENDED"
    check_books(house, wallet)
