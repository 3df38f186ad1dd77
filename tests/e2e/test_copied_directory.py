"""A data directory that was copied, restored or rolled back signs nothing before a person acts (invariant 14)."""

from pathlib import Path

import pytest
from waiaas_sdk import Denied, Unauthenticated

from tests.harness.books import check_audit, check_books
from tests.harness.data_directory import copy_of
from tests.harness.fixtures import one_case
from tests.harness.house import House, Wallet, confirmed

case = one_case  # what is claimed here is about the house, not about a chain

_HOUR = 3600


def test_a_copy_signs_nothing_and_lets_nobody_in(house: House, tmp_path: Path) -> None:
    """In a copy of the directory agents are suspended, sessions dead and held rows cancelled; the original goes on alone."""
    house.start()
    wallet, recipient = _delaying(house), house.case.new_recipient()
    held = house.client(wallet).send(**house.case.payment(recipient))
    assert house.stop() == 0
    copy = _copied(house, tmp_path / "copy")
    copy.start()
    copy.clock.shift(_HOUR + 1)
    _signs_nothing(copy, wallet, held.id)
    copy.close()
    house.start()
    house.clock.shift(_HOUR + 1)
    confirmed(house, held)
    assert len(house.chain.payments(recipient=recipient)) == 1
    check_books(house, wallet)


def test_a_directory_put_back_from_a_copy_signs_nothing(house: House, tmp_path: Path) -> None:
    """A directory restored from a copy of an hour ago, in the same place, does not pay its held rows a second time."""
    house.start()
    wallet, recipient = _delaying(house), house.case.new_recipient()
    held = house.client(wallet).send(**house.case.payment(recipient))
    assert house.stop() == 0
    copy_of(house.root, tmp_path / "backup")
    house.start()
    house.clock.shift(_HOUR + 1)
    confirmed(house, held)
    assert house.stop() == 0
    house.root.rename(tmp_path / "gone")  # not removed: its inodes are not to be used again
    copy_of(tmp_path / "backup", house.root)
    house.start()
    _signs_nothing(house, wallet, held.id)
    assert len(house.chain.payments(recipient=recipient)) == 1


def test_a_database_put_back_beside_its_newer_head_signs_nothing(house: House, tmp_path: Path) -> None:
    """The database alone rolled back, byte by byte into the same file, is found older than its pinned head."""
    house.start()
    wallet, recipient = _delaying(house), house.case.new_recipient()
    held = house.client(wallet).send(**house.case.payment(recipient))
    assert house.stop() == 0
    before = house.paths.database.read_bytes()
    house.start()
    house.clock.shift(_HOUR + 1)
    confirmed(house, held)
    assert house.stop() == 0
    house.paths.database.write_bytes(before)
    for name in ("-wal", "-shm"):
        house.paths.database.with_name(house.paths.database.name + name).unlink(missing_ok=True)
    house.start()
    _signs_nothing(house, wallet, held.id)
    assert len(house.chain.payments(recipient=recipient)) == 1


def test_a_directory_without_its_head_signs_nothing(house: House) -> None:
    """Whoever removes the pinned head gains nothing: a database that holds agents and has no head is not trusted."""
    house.start()
    wallet = _delaying(house)
    held = house.client(wallet).send(**house.case.payment(house.case.new_recipient()))
    assert house.stop() == 0
    house.paths.head.unlink()
    house.start()
    _signs_nothing(house, wallet, held.id)


def test_a_person_lets_a_restored_directory_go_on(house: House) -> None:
    """After the operator resumed the agent and issued a session, the directory pays again."""
    house.start()
    wallet, recipient = house.instant(), house.case.new_recipient()
    assert house.stop() == 0
    house.paths.head.unlink()
    house.start()
    house.operator.agents.resume(wallet.agent_id, confirm_spent=True)
    session = house.operator.sessions.issue(wallet.agent_id)
    confirmed(house, house.client(session.token).send(**house.case.payment(recipient)))
    check_books(house, wallet)
    house.kill()
    house.start()
    assert house.operator.agents.show(wallet.agent_id).status == "ACTIVE"


def test_what_is_denied_before_somebody_said_what_was_spent_names_the_way_on(house: House) -> None:
    """Not a limit's figures, which nobody knows: the code and the command; nor does the list of limits leave anything."""
    house.start()
    wallet = house.instant()
    rules = {"instant_max": "1000000000000000000", "daily_limit": "9000000000000000000"}
    house.operator.policies.create("SPENDING_LIMIT", rules, agent_id=wallet.agent_id)
    assert house.stop() == 0
    house.paths.head.unlink()
    house.start()
    house.operator.agents.resume(wallet.agent_id)
    token = house.operator.sessions.issue(wallet.agent_id).token
    with pytest.raises(Denied) as refused:
        house.client(token).send(**house.case.payment(house.case.new_recipient()))
    assert (refused.value.details or {})["code"] == "WINDOWS_UNRECONCILED"
    assert "`waiaas agent resume --confirm-spent`" in refused.value.hint
    (item,) = house.operator.policies.limits(agent_id=wallet.agent_id).items
    assert {one.remaining for one in item.limits if one.measure == "spent"} == {0}


def test_a_budget_shared_with_an_unconfirmed_agent_denies_and_freezes_nobody(house: House) -> None:
    """What the other spent is unknown, which is no breach: whoever was confirmed is denied, told why, and stays ACTIVE."""
    house.start()
    wallet, other = house.instant(), house.instant()
    shared = {"name": "team", "agents": [wallet.agent_id, other.agent_id], "limit_usd": "5", "on_breach": "freeze"}
    house.operator.policies.create("BUDGET", shared)
    assert house.stop() == 0
    house.paths.head.unlink()
    house.start()
    house.operator.agents.resume(wallet.agent_id, confirm_spent=True)
    token = house.operator.sessions.issue(wallet.agent_id).token
    with pytest.raises(Denied) as refused:
        house.client(token).send(**house.case.payment(house.case.new_recipient()))
    assert (refused.value.details or {})["code"] == "WINDOWS_UNRECONCILED"
    assert house.operator.agents.show(wallet.agent_id).status == "ACTIVE"


def test_a_kill_at_any_moment_is_no_restore(house: House) -> None:
    """After a SIGKILL the same directory in the same place is trusted: agents stay active, sessions live."""
    house.start()
    wallet = house.instant()
    for _ in range(3):
        house.client(wallet).send(wait=0, **house.case.payment(house.case.new_recipient()))
        house.kill()
        house.start()
    assert house.operator.agents.show(wallet.agent_id).status == "ACTIVE"
    for row in house.rows("SELECT id FROM transactions"):
        confirmed(house, row["id"])
    check_books(house, wallet)


def _copied(house: House, root: Path) -> House:
    copy_of(house.root, root)
    return House(root, house.case, house.chain)


def _delaying(house: House) -> Wallet:
    amount = house.case.amount
    return house.wallet(policies=house.case.spending(instant_max=1, delay_max=amount, delay_seconds=_HOUR))


def _signs_nothing(house: House, wallet: Wallet, held: str) -> None:
    assert house.operator.agents.show(wallet.agent_id).status == "SUSPENDED"
    assert house.row(held)["status"] == "CANCELLED"
    with pytest.raises(Unauthenticated):
        house.client(wallet).send(**house.case.payment(house.case.new_recipient()))
    check_audit(house)
    (moved,) = house.rows("SELECT max(id) AS id FROM audit_log WHERE event_type = 'daemon.directory_moved'")
    assert moved["id"]
    assert house.rows("SELECT * FROM audit_log WHERE event_type = 'transaction.signed' AND id > ?", moved["id"]) == []
