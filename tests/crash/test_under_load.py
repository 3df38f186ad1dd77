"""SIGKILL while many clients pay at once: each of their payments is made once, whoever repeats it and how often."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial

import pytest
from waiaas_sdk import Client, Retry, Unreachable

from tests.harness.books import check_books
from tests.harness.fixtures import two_cases
from tests.harness.house import House, Wallet, confirmed
from tests.harness.watch import kill_at

case = two_cases  # the claims are the house's: a coin of one chain, a token of the other

_CLIENTS = 16
_PAYMENTS = 48
_PATIENT = Retry(attempts=30, first_seconds=0.05, longest_seconds=0.5)


@pytest.mark.parametrize(
    ("step", "nth"), [("after-admit", 20), ("after-store", 12), ("after-broadcast", 12), ("after-settle", 6)]
)
def test_a_kill_under_load_leaves_every_payment_made_once(house: House, step: str, nth: int) -> None:
    """Sixteen clients send 48 payments, the daemon is killed among them, all are sent again: 48 payments on chain."""
    house.start(kill_at(step, nth))
    wallets = [house.instant() for _ in range(4)]
    jobs = [(wallets[n % 4], house.case.new_recipient(), f"invoice-{n}") for n in range(_PAYMENTS)]
    clients = {wallet: house.client(wallet) for wallet in wallets}
    with ThreadPoolExecutor(_CLIENTS) as pool:
        list(pool.map(partial(_into_crash, house, clients), jobs))
    house.died()
    house.start()
    clients = {wallet: house.client(wallet, retry=_PATIENT) for wallet in wallets}
    with ThreadPoolExecutor(_CLIENTS) as pool:
        answers = list(pool.map(partial(_send, house, clients), jobs))
    for (_, recipient, _), tx_id in zip(jobs, answers, strict=True):
        row = confirmed(house, tx_id)
        assert [one.tx_hash for one in house.chain.payments(recipient=recipient)] == [row["tx_hash"]]
    check_books(house, *wallets)


def _send(house: House, clients: dict[Wallet, Client], job: tuple[Wallet, str, str]) -> str:
    wallet, recipient, key = job
    return clients[wallet].send(idempotency_key=key, wait=1, **house.case.payment(recipient)).id


def _into_crash(house: House, clients: dict[Wallet, Client], job: tuple[Wallet, str, str]) -> None:
    with suppress(Unreachable):
        _send(house, clients, job)
