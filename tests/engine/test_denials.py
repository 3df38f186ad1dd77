"""Denied requests: stored up to so many a day and agent, then refused and counted only."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.desk import AGENT, Desk, native
from waiaas.errors import Denied

MOST = 20
_DAY = 86_400


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    made = Desk(tmp_path, WAIAAS_SECURITY_MAX_STORED_DENIALS=str(MOST))
    made.policy("SPENDING_LIMIT", instant_max="5", daily_limit="5")
    yield made
    made.close()


def refused(desk: Desk, actor: object, note: str = "") -> str | None:
    """A send that is denied; the id that it was stored under."""
    with pytest.raises(Denied) as caught:
        desk.send(actor, native(10, note=note), key="the-same")  # type: ignore[arg-type]
    assert caught.value.code == "POLICY_DENIED"
    assert caught.value.details["code"] == "SPENDING_LIMIT_EXCEEDED" or caught.value.details["reason"]
    tx_id: str | None = caught.value.details["transactionId"]
    return tx_id


def size(desk: Desk) -> dict[str, int]:
    return {
        table: desk.rows(f"SELECT count(*) FROM {table}")[0][0]
        for table in ("transactions", "audit_log", "activity", "reservations")
    }


def test_denials_beyond_the_limit_leave_no_rows(desk: Desk) -> None:
    """The answer stays the same but for the id; five hundred more leave one audit row and one of activity."""
    program = desk.session()
    assert all(refused(desk, program) is not None for _ in range(MOST))
    before = size(desk)
    assert before["transactions"] == MOST
    assert all(refused(desk, program, "n" * 900) is None for _ in range(500))
    after = size(desk)
    assert {name: after[name] - before[name] for name in after} == {
        "transactions": 0,
        "audit_log": 1,
        "activity": 1,
        "reservations": 0,
    }
    ((event, agent_id, tx_id),) = desk.rows(
        "SELECT event_type, agent_id, tx_id FROM audit_log ORDER BY id DESC LIMIT 1"
    )
    assert (event, agent_id, tx_id) == ("transaction.denials_only_counted", AGENT.id, None)


def test_what_is_only_counted_is_counted(desk: Desk) -> None:
    """Policies that count denials see all of them, those of the last ten seconds but for; each session has its own."""
    programs = [desk.session(), desk.session()]
    for _ in range(MOST):
        refused(desk, programs[0])
    for number in range(300):
        refused(desk, programs[number % 2])
    desk.clock.advance(11)
    refused(desk, programs[0])
    ((by_agent, in_all),) = desk.rows("SELECT max(agent_count), max(all_count) FROM activity WHERE what = 'denied'")
    assert by_agent == in_all == MOST + 301
    by_session = desk.rows("SELECT max(session_count) FROM activity WHERE what = 'denied' GROUP BY session_id")
    assert sorted(count for (count,) in by_session) == [150, MOST + 151]


def test_a_policy_that_stops_after_denials_still_stops(desk: Desk) -> None:
    """The denial that stops an agent is stored, however many were only counted before."""
    program = desk.session()
    for _ in range(MOST + 30):
        refused(desk, program)
    desk.clock.advance(11)
    refused(desk, program)
    desk.policy("AUTO_STOP", max_denials=MOST + 10, window_seconds=3600)
    assert refused(desk, program) is not None
    assert desk.rows("SELECT status FROM agents") == [("SUSPENDED",)]


def test_the_next_day_denials_are_stored_again(desk: Desk) -> None:
    """The limit is of a rolling day; other agents and good payments are not touched by it."""
    program = desk.session()
    for _ in range(MOST + 3):
        refused(desk, program)
    assert desk.send(program, native(1))["status"] == "PENDING"
    desk.clock.advance(_DAY + 20)
    program = desk.session()
    assert refused(desk, program) is not None
