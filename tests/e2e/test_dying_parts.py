"""A part that dies ends the daemon with an exit code that says so; nothing that was admitted is lost (invariant 7)."""

import pytest

from tests.harness.books import check_audit, check_finished, check_ledger, check_payments
from tests.harness.fixtures import one_case
from tests.harness.house import House, confirmed
from tests.harness.watch import end_at

case = one_case  # what is claimed here is about the house, not about a chain


@pytest.mark.parametrize(
    ("step", "part"),
    [
        ("before-build", "lanes"),
        ("after-sign", "lanes"),
        ("before-settle", "confirm-"),
        ("after-accepted", "acceptor"),
    ],
)
def test_a_thread_that_dies_ends_the_daemon(house: House, step: str, part: str) -> None:
    """Exit code 1, the part named in the log; the next daemon pays once what was admitted."""
    house.start(end_at(step))
    wallet, to = house.instant(), house.case.new_recipient()
    sent = house.client(wallet).send(wait=0, **house.case.payment(to))
    assert house.daemon.wait() == 1
    (last,) = [line for line in house.log() if line["level"] == "critical" and "the daemon ends" in line["message"]]
    assert part in last["message"]
    house.start()
    confirmed(house, sent)
    assert len(house.chain.payments(recipient=to)) == 1
    check_audit(house)
    for check in (check_finished, check_payments, check_ledger):
        check(house, wallet)
