"""SIGKILL at every step of a payment: it is made once, or not at all where nothing was admitted (invariants 3, 6, 7, 20)."""

from contextlib import suppress

import pytest
from waiaas_sdk import Transaction, Unreachable

from tests.crash.steps import REPLACING, STEPS, announced
from tests.harness.books import check_books
from tests.harness.chains import ChainCase
from tests.harness.deadline import until
from tests.harness.fixtures import CASES
from tests.harness.house import House, Wallet, confirmed
from tests.harness.watch import kill_at
from waiaas.engine.rules.transaction_states import FINISHED

_NOTHING_STORED = {"before-admit"}
KEY = "invoice-1"


def test_the_matrix_holds_every_step_that_the_code_announces() -> None:
    """No step of the pipeline is left out of the crash matrix."""
    assert {*STEPS, *REPLACING} == announced()


@pytest.mark.parametrize("step", STEPS)
def test_a_kill_at_any_step_pays_exactly_once(house: House, case: ChainCase, step: str) -> None:
    """After a SIGKILL at the step the next daemon finishes what was admitted by itself, and a repeat pays nothing more."""
    executed = case is CASES[0]  # one column with processes that begin as in a real life
    house.start(kill_at(step), executed=executed)
    wallet, recipient = house.instant(), case.new_recipient()
    _send_into_crash(house, wallet, recipient)
    house.start(executed=executed)
    _finished(house, rows=0 if step in _NOTHING_STORED else 1)
    assert len(house.chain.payments(recipient=recipient)) == (0 if step in _NOTHING_STORED else 1)
    check_books(house, wallet)
    repeated = _send(house, wallet, recipient)
    row = confirmed(house, repeated)
    assert [one.tx_hash for one in house.chain.payments(recipient=recipient)] == [row["tx_hash"]]
    assert repeated.replayed == (step not in _NOTHING_STORED)
    check_books(house, wallet)


def test_a_daemon_killed_in_each_of_its_lives_pays_exactly_once(house: House, case: ChainCase) -> None:
    """Killed after one step in the first life and after the next in the next, down to the last, a payment is made once."""
    steps = [step for step in STEPS if step.startswith("after-")]
    house.start(kill_at(steps[0]))
    wallet, recipient = house.instant(), case.new_recipient()
    _send_into_crash(house, wallet, recipient)
    house.chain.stand_still()  # the bytes are to live through all of this
    for step in steps[1:]:
        house.chain.stand_still(not step.endswith("settle"))  # an end is settled once it is final
        house.start(kill_at(step))
        until(lambda: not house.daemon.is_alive or _all_finished(house), f"the end of the life that ends at {step}")
        house.kill()
    house.start()
    confirmed(house, _send(house, wallet, recipient))
    assert len(house.chain.payments(recipient=recipient)) == 1
    check_books(house, wallet)


@pytest.mark.parametrize("step", ["before-release", "after-release", "after-sign", "after-broadcast"])
def test_a_kill_among_several_payments_loses_none_and_doubles_none(house: House, case: ChainCase, step: str) -> None:
    """With payments of one wallet queued behind each other, a SIGKILL at the third arrival at a step changes no payment."""
    house.start(kill_at(step, nth=3))
    wallet, recipients = house.instant(), [case.new_recipient() for _ in range(5)]
    for number, recipient in enumerate(recipients):
        _send_into_crash(house, wallet, recipient, f"invoice-{number}", wait=0, is_last=number == 4)
    house.start()
    for number, recipient in enumerate(recipients):
        confirmed(house, _send(house, wallet, recipient, f"invoice-{number}"))
        assert len(house.chain.payments(recipient=recipient)) == 1
    check_books(house, wallet)


def _send(house: House, wallet: Wallet, recipient: str, key: str = KEY, wait: int | None = None) -> Transaction:
    return house.client(wallet).send(idempotency_key=key, wait=wait, **house.case.payment(recipient))


def _send_into_crash(
    house: House, wallet: Wallet, recipient: str, key: str = KEY, *, wait: int | None = None, is_last: bool = True
) -> None:
    """Send, whatever the answer, and see the daemon die."""
    with suppress(Unreachable):
        _send(house, wallet, recipient, key, wait)
    if is_last:
        house.died()


def _all_finished(house: House) -> bool:
    return all(row["status"] in FINISHED for row in house.rows("SELECT status FROM transactions"))


def _finished(house: House, rows: int) -> None:
    """Wait until everything that was stored is final."""
    assert len(house.rows("SELECT id FROM transactions")) == rows
    until(lambda: _all_finished(house), "every stored payment to be final")
