"""A stop that meets a payment on its way: what is not signed is not, what no node has is not sent, no crash forgets it
(invariant 9)."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.harness.books import check_books
from tests.harness.deadline import until
from tests.harness.fixtures import two_cases
from tests.harness.house import House, Wallet, confirmed
from tests.harness.watch import hold_at

__all__ = ["two_cases"]

_ACTIVATED = "SELECT * FROM audit_log WHERE event_type = 'kill_switch.activated' ORDER BY id"


def _signed(house: House) -> int:
    return len(house.rows("SELECT id FROM transaction_variants"))


def _executing(house: House, wallet: Wallet, step: str) -> str:
    """A payment of the wallet whose thread is held at a step."""
    house.client(wallet).send(wait=0, **house.case.payment(house.case.new_recipient()))
    return house.held(step)


def _stopped_meanwhile(house: House, step: str) -> None:
    """Everything is stopped while the thread is held; then it goes on, and the stop is waited for."""
    with ThreadPoolExecutor(1) as pool:
        stopping = pool.submit(house.operator.kill_switch.activate)
        until(lambda: house.rows(_ACTIVATED), "the stop to be committed")
        house.let_go(step)
        stopping.result()


@pytest.mark.parametrize("step", ["before-build", "after-build", "before-sign", "after-sign"])
def test_a_signature_that_meets_a_stop_is_dropped(house: House, step: str) -> None:
    """Stopped while its bytes are being made, a payment keeps no signature; what was judged before the stop is not signed after
    recovery either, but judged and built anew, and paid once."""
    house.start(hold_at(step))
    wallet = house.instant()
    sent = _executing(house, wallet, step)
    _stopped_meanwhile(house, step)
    assert (house.row(sent)["status"], _signed(house)) == ("EXECUTING", 0)
    house.operator.kill_switch.recover(release=[sent])
    confirmed(house, sent)
    assert len(house.chain.payments(recipient=house.row(sent)["to_address"])) == 1
    check_books(house, wallet)


def test_the_signer_itself_refuses_what_was_judged_before_the_stop(house: House) -> None:
    """Held behind the last look at the database, a job asks the signer after the stop: nothing is signed."""
    house.start(hold_at("before-sign"))
    sent = _executing(house, house.instant(), "before-sign")
    _stopped_meanwhile(house, "before-sign")
    assert not (house.beside / "gates" / "reached-after-sign-1").exists()
    assert (house.row(sent)["status"], _signed(house)) == ("EXECUTING", 0)


def test_bytes_that_no_node_took_stay_here(house: House) -> None:
    """Signed and stored when the stop came, bytes are not broadcast; unless they are released they never are."""
    house.start(hold_at("after-store"))
    wallet = house.instant()
    sent = _executing(house, wallet, "after-store")
    _stopped_meanwhile(house, "after-store")
    (held,) = house.operator.kill_switch.status().held
    assert (held.id, held.is_signed) == (sent, True)
    assert house.operator.kill_switch.recover(release=[]).cancelled == [sent]
    other = house.instant()
    confirmed(house, house.client(other).send(**house.case.payment(house.case.new_recipient())))
    assert house.chain.payments(recipient=house.row(sent)["to_address"]) == []
    assert "transaction.withheld" in house.events(sent)


def test_released_bytes_are_sent_after_recovery(house: House) -> None:
    """Signed and stored when the stop came, and released by the person, the same bytes are paid once."""
    house.start(hold_at("after-store"))
    wallet = house.instant()
    sent = _executing(house, wallet, "after-store")
    _stopped_meanwhile(house, "after-store")
    house.operator.kill_switch.recover(release=[sent])
    confirmed(house, sent)
    assert (_signed(house), len(house.chain.payments(recipient=house.row(sent)["to_address"]))) == (1, 1)
    check_books(house, wallet)


def test_a_file_is_seen_before_the_next_signature(house: House) -> None:
    """A payment that was past every check finds the file before it asks the signer."""
    house.start(hold_at("after-build"))
    sent = _executing(house, house.instant(), "after-build")
    house.paths.stop_request.touch(mode=0o600)
    house.let_go("after-build")
    until(lambda: not house.paths.stop_request.exists(), "the order to be carried out")
    assert (house.row(sent)["status"], _signed(house)) == ("EXECUTING", 0)


def test_a_stop_survives_a_crash(house: House) -> None:
    """Killed right after the commit, the daemon comes back stopped, with the epoch that its signer is told."""
    house.start(hold_at("before-sign"))
    sent = _executing(house, house.instant(), "before-sign")
    with ThreadPoolExecutor(1) as pool:
        pool.submit(house.operator.kill_switch.activate)
        until(lambda: house.rows(_ACTIVATED), "the stop to be committed")
        house.kill()
    house.start()
    assert house.operator.kill_switch.status().stop_epoch == 1
    assert (house.row(sent)["status"], _signed(house)) == ("EXECUTING", 0)
    house.operator.kill_switch.recover(release=[sent])
    confirmed(house, sent)
