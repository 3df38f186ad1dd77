"""SIGTERM: what was accepted is neither lost nor stuck, and whoever waits is answered."""

import threading
import time
from concurrent.futures import ThreadPoolExecutor

from waiaas_sdk import NotReady, Transaction, Unreachable

from tests.harness.books import check_books
from tests.harness.chains import ChainCase
from tests.harness.deadline import until
from tests.harness.fixtures import two_cases
from tests.harness.house import House, Wallet, confirmed

case = two_cases  # the claims are the house's: a coin of one chain, a token of the other

_CLIENTS = 16
_BEFORE_STOP = 40
_ANSWERED_WITHIN_SECONDS = 10.0


def test_waiters_are_answered_and_their_payments_made_after_the_restart(house: House, case: ChainCase) -> None:
    """With sixteen clients waiting for a node that is away, SIGTERM answers each, and the next daemon pays each once."""
    house.start(executed=True)
    wallets = [house.instant() for _ in range(4)]
    jobs = [(wallets[number % 4], case.new_recipient(), f"invoice-{number}") for number in range(_CLIENTS)]
    house.starve()
    with ThreadPoolExecutor(_CLIENTS) as pool:
        waiting = [pool.submit(_send, house, *job, wait=30) for job in jobs]
        until(lambda: len(house.rows("SELECT id FROM transactions")) == _CLIENTS, "every send to be admitted")
        stopped_at = time.monotonic()
        house.daemon.terminate()
        answers = [future.result() for future in waiting]
        assert time.monotonic() - stopped_at < _ANSWERED_WITHIN_SECONDS
    assert house.daemon.wait() == 0
    assert {answer.status for answer in answers} <= {"PENDING", "EXECUTING"}
    house.starve(False)
    house.start(executed=True)
    for _, recipient, _ in jobs:
        until(lambda to=recipient: house.chain.payments(recipient=to), "the payment to be made")  # type: ignore[misc]
    for answer in answers:
        confirmed(house, answer)
    check_books(house, *wallets)


def test_a_stop_under_load_loses_no_accepted_payment(house: House, case: ChainCase) -> None:
    """Sixteen clients send as fast as they can; after SIGTERM in the middle every stored payment is made exactly once."""
    house.start(executed=True)
    wallets = [house.instant() for _ in range(4)]
    load = _Load(house, wallets)
    with ThreadPoolExecutor(_CLIENTS) as pool:
        clients = [pool.submit(load.run, number) for number in range(_CLIENTS)]
        until(lambda: len(load.accepted) >= _BEFORE_STOP, "some payments to be accepted")
        house.daemon.terminate()
        for client in clients:
            client.result()
    assert house.daemon.wait() == 0
    house.start(executed=True)
    for tx_id in load.accepted:
        confirmed(house, tx_id)
    stored = [row["id"] for row in house.rows("SELECT id FROM transactions")]
    assert set(load.accepted) <= set(stored)
    for tx_id in stored:
        confirmed(house, tx_id)
    check_books(house, *wallets)


class _Load:
    """Clients that send until the daemon says that it stops, or is gone."""

    def __init__(self, house: House, wallets: list[Wallet]) -> None:
        self._house = house
        self._clients = [house.client(wallet) for wallet in wallets]
        self._lock = threading.Lock()
        self.accepted: list[str] = []

    def run(self, number: int) -> None:
        """One client's loop."""
        client, payment = self._clients[number % len(self._clients)], self._house.case.payment
        while True:
            try:
                answer = client.send(**payment(self._house.case.new_recipient()))
            except (NotReady, Unreachable):
                return
            with self._lock:
                self.accepted.append(answer.id)


def _send(house: House, wallet: Wallet, recipient: str, key: str, *, wait: int) -> Transaction:
    return house.client(wallet).send(idempotency_key=key, wait=wait, **house.case.payment(recipient))
