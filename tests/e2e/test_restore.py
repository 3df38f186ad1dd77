"""A restore on every chain: what was paid since the backup is paid once, and no more before a person acts (invariant 14)."""

import json

import pytest
from waiaas_sdk import Unauthenticated

from tests.e2e.test_backups import backed_up, restored
from tests.harness.books import check_audit
from tests.harness.fixtures import two_cases
from tests.harness.house import House, confirmed

case = two_cases  # the claims are the house's: a coin of one chain, a token of the other

_HOUR = 3600


def test_after_a_restore_nothing_is_signed_before_a_person_acts(house: House) -> None:
    """Agents are suspended, every token is dead, held payments are cancelled, and the critical event names the backup."""
    house.start()
    limits = {"instant_max": 1, "delay_max": house.case.amount, "delay_seconds": _HOUR}
    wallet, recipient = house.wallet(policies=house.case.spending(**limits)), house.case.new_recipient()
    held = house.client(wallet).send(**house.case.payment(recipient))
    file = backed_up(house)
    later = house.operator.sessions.issue(wallet.agent_id)
    house.clock.shift(_HOUR + 1)
    confirmed(house, held)
    assert house.stop() == 0
    restored(house, file)
    house.start()
    assert house.operator.agents.show(wallet.agent_id).status == "SUSPENDED"
    assert house.row(held.id)["status"] == "CANCELLED"
    for token in (wallet.token, later.token):
        with pytest.raises(Unauthenticated):
            house.client(token).address()
    (event,) = house.rows("SELECT * FROM audit_log WHERE event_type = 'daemon.restored'")
    assert event["severity"] == "critical"
    assert json.loads(event["details"])["file"] == "kept.backup"
    assert house.rows("SELECT * FROM audit_log WHERE event_type = 'daemon.directory_moved'") == []
    signed = "SELECT * FROM audit_log WHERE event_type = 'transaction.signed' AND id > ?"
    assert house.rows(signed, event["id"]) == []
    assert len(house.chain.payments(recipient=recipient)) == 1
    check_audit(house)


def test_a_restore_is_told_once_however_often_the_daemon_starts(house: House) -> None:
    """Starts that never come to the unlock stop the agents again, and do not tell of the same restore again."""
    house.start()
    wallet = house.wallet()
    file = backed_up(house)
    assert house.stop() == 0
    restored(house, file)
    for _ in range(2):
        house.start(password=None)
        house.kill()
    house.start()
    assert house.operator.agents.show(wallet.agent_id).status == "SUSPENDED"
    assert len(house.rows("SELECT * FROM audit_log WHERE event_type = 'daemon.restored'")) == 1


def test_a_restored_wallet_pays_behind_what_was_paid_since(house: House) -> None:
    """Payments that the backup does not know, and whose nonces it would use again, are followed by the next one."""
    house.start()
    wallet, recipients = house.instant(), [house.case.new_recipient() for _ in range(4)]
    confirmed(house, house.client(wallet).send(**house.case.payment(recipients[0])))
    file = backed_up(house)
    for recipient in recipients[1:3]:
        confirmed(house, house.client(wallet).send(**house.case.payment(recipient)))
    assert house.stop() == 0
    restored(house, file)
    house.start()
    house.operator.agents.resume(wallet.agent_id, confirm_spent=True)
    token = house.operator.sessions.issue(wallet.agent_id).token
    confirmed(house, house.client(token).send(**house.case.payment(recipients[3])))
    assert [len(house.chain.payments(recipient=one)) for one in recipients] == [1, 1, 1, 1]
    check_audit(house)
