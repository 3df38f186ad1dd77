"""Backtests: what a draft would have done with what is on record."""

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from tests.engine.chance import HOUR, ROOMY, Chance
from tests.engine.desk import AGENT, Desk, native
from waiaas.builtin.allowed_addresses import AllowedAddresses
from waiaas.engine import backtests
from waiaas.engine.actors import Actor
from waiaas.errors import BadRequest, Conflict, Denied, NotFound, WaiaasError
from waiaas.interfaces.policy import Facts, Verdict


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An engine of its own."""
    made = Desk(tmp_path, **ROOMY)
    yield made
    made.close()


def limit(**rules: Any) -> dict[str, Any]:
    """A draft of one limit."""
    return {"type": "SPENDING_LIMIT", "rules": rules}


def tried(
    desk: Desk, *policies: dict[str, Any], agent: str | None = AGENT.id, since: int | None = None
) -> dict[str, Any]:
    return desk.backtests.run(desk.operator, agent_id=agent, policies=policies, since=since)


def sent(desk: Desk, actor: Actor, body: dict[str, Any]) -> str | None:
    """The row of a send that was let through."""
    try:
        return str(desk.send(actor, body)["id"])
    except WaiaasError:
        return None


def after(found: dict[str, Any]) -> list[str]:
    return [row["after"]["tier"] for row in found["rows"]]


@pytest.mark.parametrize("seed", range(6))
def test_the_policies_in_force_change_nothing_in_what_they_decided(desk: Desk, seed: int) -> None:
    """Replayed in its order, each transaction of a random history meets the very books that it met when it was asked for."""
    chance = Chance(desk, seed)
    for _ in range(6):
        actor = chance.agent()
        assert actor.agent is not None
        for _ in range(40):
            chance.pass_time()
            tx_id = sent(desk, actor, chance.wish())
            if tx_id is not None:
                chance.end(tx_id)
        with desk.store.read() as unit:
            policies = unit.policies.applying_to(actor.agent.id)
        drafts = [{"type": one.type, "rules": json.loads(one.rules)} for one in policies]
        found = tried(desk, *drafts, agent=actor.agent.id)
        assert len(found["rows"]) > 3
        assert [row for row in found["rows"] if row["changed"]] == []
        assert found["totals"]["before"] == found["totals"]["after"]


def test_a_wider_limit_fills_up_with_what_was_refused(desk: Desk) -> None:
    """Refused rows are kept: a draft lets so many of them pass as its own limit has room for, and no more."""
    policy = desk.policy("SPENDING_LIMIT", daily_limit="20")
    actor = desk.session()
    for _ in range(7):
        sent(desk, actor, native(10))
        desk.clock.advance(60)
    found = tried(desk, limit(daily_limit="50"))
    assert [row["before"]["tier"] for row in found["rows"]] == ["INSTANT"] * 2 + ["DENY"] * 5
    assert after(found) == ["INSTANT"] * 5 + ["DENY"] * 2
    assert (found["changed"], found["truncated"]) == (3, False)
    assert found["totals"]["before"] == {"INSTANT": 2, "NOTIFY": 0, "DELAY": 0, "APPROVAL": 0, "DENY": 5}
    assert found["totals"]["after"]["DENY"] == 2
    last = found["rows"][-1]
    assert (last["after"]["policy"], last["after"]["code"]) == (0, "SPENDING_LIMIT_EXCEEDED")
    assert last["before"] == {**last["before"], "type": "SPENDING_LIMIT", "code": "SPENDING_LIMIT_EXCEEDED"}
    assert desk.policies.get(desk.operator, policy).version == 1


def test_what_was_given_up_counts_until_then_and_what_the_draft_refuses_never(desk: Desk) -> None:
    """A payment that was cancelled frees its room at that moment; one that the draft denies takes none."""
    desk.policy("SPENDING_LIMIT", instant_max="100")
    actor = desk.session()
    first = sent(desk, actor, native(20))
    desk.clock.advance(10)
    sent(desk, actor, native(20))  # beside the first
    desk.clock.advance(10)
    desk.transactions.cancel(desk.operator, first or "")
    desk.clock.advance(10)
    sent(desk, actor, native(20))
    sent(desk, actor, native(60))
    sent(desk, actor, native(10))
    found = tried(desk, limit(daily_limit="30"))
    assert after(found) == ["INSTANT", "DENY", "INSTANT", "DENY", "INSTANT"]


def test_no_policy_at_all_is_a_draft_too(desk: Desk) -> None:
    """Without a grant a plain transfer needs a person; the house's own rules say so, and belong to no place in the draft."""
    desk.policy("SPENDING_LIMIT", instant_max="100")
    sent(desk, desk.session(), native(10))
    (row,) = tried(desk)["rows"]
    assert (row["before"]["tier"], row["after"]["tier"]) == ("INSTANT", "APPROVAL")
    assert (row["after"]["policy"], row["after"]["code"]) == (None, "NO_GRANT")


def test_the_draft_stands_for_global_policies_and_not_for_constraints(desk: Desk) -> None:
    """What all agents are held to is replaced as well; what the session may do holds on."""
    desk.policy("ALLOWED_ADDRESSES", everybody=True, addresses=["wyou"])
    desk.policy("SPENDING_LIMIT", instant_max="100")
    sent(desk, desk.session(), native(10, "wother"))
    sent(desk, desk.session(maxAmount="5"), native(10))
    found = tried(desk, limit(instant_max="100"))
    assert [row["before"]["tier"] for row in found["rows"]] == ["DENY", "DENY"]
    assert after(found) == ["INSTANT", "DENY"]
    assert found["rows"][1]["after"]["type"] == "SESSION_CONSTRAINT"
    everybody = tried(desk, limit(asset="play:here/slip44:1", instant_max="100"), agent=None)
    assert after(everybody) == ["INSTANT", "DENY"]


def test_only_what_is_recent_enough_is_judged_and_the_newest_of_too_many(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``since`` leaves out what is older; above the most rows the newest are taken, and the answer says that there are more."""
    desk.policy("SPENDING_LIMIT", instant_max="100")
    actor = desk.session()
    for units in (1, 2, 3, 4):
        sent(desk, actor, native(units))
        desk.clock.advance(HOUR)
    found = tried(desk, since=desk.clock.now() - 3 * HOUR)
    assert [row["amount"] for row in found["rows"]] == ["2", "3", "4"]
    monkeypatch.setattr(backtests, "_MOST_ROWS", 2)
    found = tried(desk)
    assert ([row["amount"] for row in found["rows"]], found["truncated"]) == (["3", "4"], True)
    monkeypatch.setattr(backtests, "_MOST_SECONDS", -1.0)
    assert (tried(desk)["rows"], tried(desk)["truncated"]) == ([], True)


def test_nothing_is_written_and_no_session_is_open_while_a_draft_is_asked(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is as it was; a judge could write, which the store refuses inside any session; payments go on beside it."""
    desk.policy("SPENDING_LIMIT", instant_max="100")
    sent(desk, desk.session(), native(10))
    free = []

    def judge(self: AllowedAddresses, rules: Any, facts: Facts) -> Verdict | None:
        with desk.store.write():
            free.append(True)
        return None

    with closing(sqlite3.connect(desk.database)) as beside:
        before = beside.execute("PRAGMA data_version").fetchone()
        tried(desk, limit(daily_limit="5"), {"type": "ALLOWED_TOKENS", "rules": {"tokens": ["usd"]}})
        assert beside.execute("PRAGMA data_version").fetchone() == before
    monkeypatch.setattr(AllowedAddresses, "judge", judge)
    tried(desk, {"type": "ALLOWED_ADDRESSES", "rules": {"addresses": ["wyou"]}})
    assert free == [True]


def test_a_draft_that_cannot_be_read_and_an_unknown_agent_are_refused(desk: Desk) -> None:
    """Rules are read as when they are stored; only the operator may ask."""
    with pytest.raises(BadRequest, match="instant_max"):
        tried(desk, limit(instant_max="-1"))
    with pytest.raises(BadRequest, match="no policy type"):
        tried(desk, {"type": "NO_SUCH", "rules": {}})
    with pytest.raises(NotFound):
        tried(desk, agent="nobody")
    with pytest.raises(Denied):
        desk.backtests.run(desk.session(), agent_id=None, policies=[])


def test_there_is_one_at_a_time(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """While one is under way another is a conflict; afterwards it is not."""
    desk.policy("SPENDING_LIMIT", instant_max="100")
    sent(desk, desk.session(), native(10))
    asked, go_on = threading.Event(), threading.Event()

    def judge(self: AllowedAddresses, rules: Any, facts: Facts) -> Verdict | None:
        asked.set()
        assert go_on.wait(30)
        return None

    monkeypatch.setattr(AllowedAddresses, "judge", judge)
    draft = {"type": "ALLOWED_ADDRESSES", "rules": {"addresses": ["wyou"]}}
    first = threading.Thread(target=tried, args=(desk, draft))
    first.start()
    try:
        assert asked.wait(30)
        with pytest.raises(Conflict):
            tried(desk)
    finally:
        go_on.set()
        first.join()
    tried(desk)


def test_a_record_that_cannot_be_read_is_denied_and_named(desk: Desk) -> None:
    """A damaged row does not end the backtest."""
    desk.policy("SPENDING_LIMIT", instant_max="100")
    tx_id = sent(desk, desk.session(), native(10))
    with desk.store.write() as unit:
        unit.transactions.note(tx_id or "", at=desk.clock.now(), intent='{"resolved": {}}')
    (row,) = tried(desk, limit(instant_max="100"))["rows"]
    assert (row["after"]["tier"], row["after"]["code"]) == ("DENY", "UNREADABLE")
