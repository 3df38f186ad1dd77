"""Policies that count or read the clock, on the running daemon: how often, whether again, when, and when to stop at all."""

import threading
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from waiaas_sdk import ChainRefused, Client, Denied, Stopped, Transaction

from tests.harness.books import check_books
from tests.harness.fixtures import two_cases
from tests.harness.house import House, Wallet, confirmed

case = two_cases  # a coin of one chain, a token of the other

_HOUR = 3600
Answer = Transaction | Denied | Stopped


def test_thirty_parallel_payments_against_a_rate_limit_of_three_admit_three(shared_house: House) -> None:
    """Three are paid; every other is told that nothing is left, when there is more, and that it can be repeated then."""
    wallet = _wallet(shared_house, "RATE_LIMIT", max_transactions=3, window_seconds=_HOUR)
    answers = _together(shared_house, wallet, [shared_house.case.new_recipient() for _ in range(30)])
    admitted = [answer for answer in answers if isinstance(answer, Transaction)]
    denied = [answer for answer in answers if isinstance(answer, Denied)]
    assert (len(admitted), len(denied)) == (3, 27)
    since = min(shared_house.row(one.id)["created_at"] for one in admitted)
    for refused in denied:
        one = refused.details
        assert refused.hint.startswith("try again at ")
        assert (one["type"], one["code"]) == ("RATE_LIMIT", "RATE_LIMIT_EXCEEDED")
        assert (one["remaining"], one["resetsAt"]) == ("0", since + _HOUR)
        assert (one["canRetry"], one["retryAt"]) == (True, since + _HOUR)
    for paid in admitted:
        confirmed(shared_house, paid)
    check_books(shared_house, wallet)


def test_a_rate_limit_lets_one_pass_when_it_said_so(house: House) -> None:
    """At ``resetsAt`` there is room for exactly what has left the window."""
    house.start()
    wallet = _wallet(house, "RATE_LIMIT", max_transactions=1, window_seconds=_HOUR)
    client = house.client(wallet)
    confirmed(house, _send(house, client))
    denied = _denied(house, client)
    house.clock.shift(denied["resetsAt"] - house.clock.now())
    confirmed(house, _send(house, client))
    assert _denied(house, client)["code"] == "RATE_LIMIT_EXCEEDED"
    check_books(house, wallet)


def test_the_same_payment_again_waits_for_a_person(shared_house: House) -> None:
    """A payment that repeats another waits for approval and is paid once approved; one that differs is paid at once."""
    wallet, recipient = (
        _wallet(shared_house, "DUPLICATE_GUARD", window_seconds=_HOUR),
        shared_house.case.new_recipient(),
    )
    client = shared_house.client(wallet)
    first = _send(shared_house, client, recipient)
    again = _send(shared_house, client, recipient)
    assert (again.tier, again.status, (again.decision or {})["code"]) == ("APPROVAL", "QUEUED", "DUPLICATE")
    confirmed(shared_house, first)
    confirmed(shared_house, _send(shared_house, client))
    shared_house.operator.transactions.approve(again.id)
    confirmed(shared_house, again)
    assert len(shared_house.chain.payments(recipient=recipient)) == 2
    check_books(shared_house, wallet)


def test_twenty_equal_payments_at_once_are_one(shared_house: House) -> None:
    """Of twenty equal payments with keys of their own, sent together, one is made where duplicates are denied."""
    wallet = _wallet(shared_house, "DUPLICATE_GUARD", window_seconds=_HOUR, tier="DENY")
    recipient = shared_house.case.new_recipient()
    answers = _together(shared_house, wallet, [recipient] * 20)
    (paid,) = [answer for answer in answers if isinstance(answer, Transaction)]
    assert {answer.details["code"] for answer in answers if isinstance(answer, Denied)} == {"DUPLICATE"}
    confirmed(shared_house, paid)
    assert len(shared_house.chain.payments(recipient=recipient)) == 1
    check_books(shared_house, wallet)


def test_a_payment_that_was_cancelled_is_no_duplicate(shared_house: House) -> None:
    """What was given up before it was paid may be sent again without asking anybody."""
    case = shared_house.case
    policies = [*case.spending(instant_max=case.amount, delay_max=100 * case.amount, delay_seconds=_HOUR), _guard()]
    client, recipient = shared_house.client(shared_house.wallet(policies=policies)), case.new_recipient()
    held = client.send(**case.payment(recipient, 2 * case.amount))
    client.cancel(held.id)
    again = client.send(**case.payment(recipient, 2 * case.amount))
    assert (held.tier, again.tier) == ("DELAY", "DELAY")


def test_outside_the_hours_a_payment_waits_for_the_opening(house: House) -> None:
    """A payment sent before the hours is due at their beginning, to the second, and paid then."""
    house.start()
    opening = _later(house, hours=2)
    wallet = _wallet(house, "TIME_RESTRICTION", **_hours(opening, outside="delay"))
    held = _send(house, house.client(wallet))
    assert (held.tier, held.status, held.due_at) == ("DELAY", "QUEUED", int(opening.timestamp()))
    house.clock.shift(int(opening.timestamp()) - house.clock.now())
    confirmed(house, held)
    check_books(house, wallet)


def test_a_delay_that_ends_outside_the_hours_goes_on_until_they_begin(house: House) -> None:
    """A payment held by a spending limit, whose hour falls outside the hours of payments, is held again until they begin."""
    house.start()
    case, opening = house.case, _later(house, hours=5)
    slow = case.spending(instant_max=1, delay_max=100 * case.amount, delay_seconds=_HOUR)
    wallet = house.wallet(policies=[*slow, ("TIME_RESTRICTION", _hours(opening, outside="delay"))])
    held = _send(house, house.client(wallet))
    house.clock.shift(2 * _HOUR)
    assert house.row(held.id)["due_at"] == int(opening.timestamp())
    house.clock.shift(int(opening.timestamp()) - house.clock.now())
    confirmed(house, held)


def test_outside_the_hours_a_payment_is_denied_until_they_begin(shared_house: House) -> None:
    """The denial says at which moment the same payment passes; where the rules say so a person is asked instead."""
    opening = _later(shared_house, hours=2)
    wallet = _wallet(shared_house, "TIME_RESTRICTION", **_hours(opening))
    details = _denied(shared_house, shared_house.client(wallet))
    assert (details["code"], details["retryAt"]) == ("OUTSIDE_HOURS", int(opening.timestamp()))
    asking = _wallet(shared_house, "TIME_RESTRICTION", **_hours(opening, outside="approval"))
    assert _send(shared_house, shared_house.client(asking)).tier == "APPROVAL"


def test_an_agent_that_is_denied_too_often_is_stopped_until_a_person_lets_it_go_on(shared_house: House) -> None:
    """After three denials the next payment stops the wallet, whatever it is; once resumed it pays, and is stopped anew."""
    stop = ("AUTO_STOP", {"max_denials": 3, "window_seconds": _HOUR})
    limits = {"instant_max": 100 * shared_house.case.amount, "daily_limit": 50 * shared_house.case.amount}
    wallet = shared_house.wallet(policies=[*shared_house.case.spending(**limits), stop])
    client = shared_house.client(wallet)
    _denied_thrice(shared_house, client)
    denied = _denied(shared_house, client)
    assert (denied["type"], denied["code"], denied["canRetry"]) == ("AUTO_STOP", "AUTO_STOP_DENIALS", False)
    with pytest.raises(Stopped):
        _send(shared_house, client)
    (agent,) = shared_house.rows("SELECT status, suspension_reason FROM agents WHERE id = ?", wallet.agent_id)
    assert agent["status"] == "SUSPENDED"
    assert agent["suspension_reason"] == (
        f"policy AUTO_STOP {denied['policyId']}: 3 transactions were denied in the last 1 hour, so the agent is stopped"
    )
    shared_house.operator.agents.resume(wallet.agent_id)
    confirmed(shared_house, _send(shared_house, client))
    _denied_thrice(shared_house, client)
    assert _denied(shared_house, client)["code"] == "AUTO_STOP_DENIALS"


def test_an_agent_whose_payments_fail_in_a_row_is_stopped(shared_house: House) -> None:
    """Two payments that the account cannot cover stop the wallet with the third; one that is paid begins the count anew."""
    case = shared_house.case
    policies = [*case.spending(instant_max=1000 * case.amount), ("AUTO_STOP", {"consecutive_failures": 2})]
    client = shared_house.client(shared_house.wallet(units=50 * case.amount, policies=policies))

    def fail() -> None:
        with pytest.raises(ChainRefused):
            client.send(**case.payment(case.new_recipient(), 900 * case.amount))

    fail()
    confirmed(shared_house, _send(shared_house, client))
    fail()
    fail()
    assert _denied(shared_house, client)["code"] == "AUTO_STOP_FAILURES"


def test_an_agent_that_feels_for_its_limit_is_stopped(shared_house: House) -> None:
    """Two payments over nine tenths of what goes at once are made; a small one after them stops the wallet."""
    case = shared_house.case
    stop = ("AUTO_STOP", {"near_limit_hits": 2, "window_seconds": _HOUR})
    client = shared_house.client(shared_house.wallet(policies=[*case.spending(instant_max=10 * case.amount), stop]))
    _send(shared_house, client)
    for _ in range(2):
        client.send(**case.payment(case.new_recipient(), 10 * case.amount))
    assert _denied(shared_house, client)["code"] == "AUTO_STOP_NEAR_LIMIT"


def test_payments_pouring_in_are_stopped_after_so_many(shared_house: House) -> None:
    """Of thirty at once exactly three are admitted, the first beyond them stops the wallet, and it is stopped once."""
    wallet = _wallet(shared_house, "AUTO_STOP", max_transactions=3, window_seconds=_HOUR)
    answers = _together(shared_house, wallet, [shared_house.case.new_recipient() for _ in range(30)])
    assert sum(isinstance(answer, Transaction) for answer in answers) == 3
    assert {one.details["code"] for one in answers if isinstance(one, Denied)} == {"AUTO_STOP_TRANSACTIONS"}
    froze = "SELECT actor, details FROM audit_log WHERE agent_id = ? AND event_type = ?"
    assert len(shared_house.rows(froze, wallet.agent_id, "policy.froze")) == 1
    (stopped,) = shared_house.rows(froze, wallet.agent_id, "agent.suspended")
    assert stopped["actor"].startswith("policy:")


# --- what is sent ---------------------------------------------------------------------------------------------------------


def _guard() -> tuple[str, Mapping[str, Any]]:
    return ("DUPLICATE_GUARD", {"window_seconds": _HOUR})


def _wallet(house: House, type_: str, **rules: Any) -> Wallet:
    """A wallet whose usual payments go through at once, but for one policy more."""
    return house.wallet(policies=[*house.case.spending(instant_max=100 * house.case.amount), (type_, rules)])


def _send(house: House, client: Client, recipient: str | None = None) -> Transaction:
    return client.send(**house.case.payment(recipient or house.case.new_recipient()))


def _denied(house: House, client: Client) -> dict[str, Any]:
    """The details of the refusal of a usual payment."""
    with pytest.raises(Denied) as denied:
        _send(house, client)
    return dict(denied.value.details)


def _denied_thrice(house: House, client: Client) -> None:
    for _ in range(3):
        with pytest.raises(Denied):
            client.send(**house.case.payment(house.case.new_recipient(), 60 * house.case.amount))


def _together(house: House, wallet: Wallet, recipients: list[str]) -> list[Answer]:
    """One payment to each at the same moment, by ten clients."""
    clients, barrier = [house.client(wallet) for _ in range(10)], threading.Barrier(10)
    with ThreadPoolExecutor(10, initializer=barrier.wait) as pool:
        jobs = [partial(_or_refused, house, clients[n % 10], to) for n, to in enumerate(recipients)]
        return [future.result() for future in [pool.submit(job) for job in jobs]]


def _or_refused(house: House, client: Client, recipient: str) -> Answer:
    try:
        return _send(house, client, recipient)
    except (Denied, Stopped) as error:
        return error


def _later(house: House, *, hours: int) -> datetime:
    """A full minute so many hours from now."""
    moment = datetime.fromtimestamp(house.clock.now(), UTC) + timedelta(hours=hours)
    return moment.replace(second=0, microsecond=0)


def _hours(opening: datetime, **rules: str) -> dict[str, Any]:
    """An hour from the opening on, every day."""
    end = opening + timedelta(hours=1)
    return {"start": f"{opening:%H:%M}", "end": f"{end:%H:%M}", "timezone": "UTC", **rules}
