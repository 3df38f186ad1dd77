"""Limits as they are shown: what is left of each now, for the operator and for the agent's program."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.engine.desk import AGENT, COIN, Desk, native
from waiaas.builtin.allowed_addresses import AddressRules, AllowedAddresses
from waiaas.errors import Denied, NotFound
from waiaas.interfaces.money import USD
from waiaas.interfaces.policy import Limit, Window

OTHER = replace(AGENT, id="0199aaaa-0000-7000-8000-0000000000ff", name="other", public_key="11" * 32)


def spent(name: str, asset: str, **more: Any) -> Window:
    return Window(name=name, measure="spent", seconds=3600, scope="agent", where={"asset": asset, **more})


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """An engine whose lists of addresses tell limits, as any type may."""
    told = [
        Limit(window=spent("hourly", COIN.id), most=30),
        Limit(window=Window(name="sends", measure="count", seconds=60, scope="agent"), most=2),
        Limit(window=replace(spent("mine", COIN.id, agents=AGENT.id), scope="all"), most=40),
        Limit(window=replace(spent("theirs", COIN.id, agents=OTHER.id), scope="all"), most=40),
        Limit(window=spent("dollars", USD), most=5_000_000),
        Limit(window=spent("priced", COIN.id), usd=2_000_000),
    ]

    def limits(self: AllowedAddresses, rules: AddressRules, native: str) -> list[Limit]:
        if "wbroken" in rules.addresses:
            raise ValueError("broken")
        return told

    monkeypatch.setattr(AllowedAddresses, "limits", limits)
    made = Desk(tmp_path)
    yield made
    made.close()


def shown(desk: Desk) -> dict[str, dict[str, Any]]:
    """The limits of the agent by name."""
    (item,) = desk.limits.list(desk.operator, AGENT.id, 10).items
    return {one["name"]: dict(one) for one in item["limits"]}


def test_what_is_reserved_is_used_and_the_rest_is_left(desk: Desk) -> None:
    """Sums and counts as the judges read them, with the fees that hold without any policy."""
    policy = desk.policy("ALLOWED_ADDRESSES", addresses=["wyou"])
    desk.send(desk.session(), native(12))
    found = shown(desk)
    hourly = found["hourly"]
    assert (hourly["limit"], hourly["used"], hourly["remaining"]) == ("30", "12", "18")
    assert (hourly["policyId"], hourly["type"], hourly["asset"]) == (policy, "ALLOWED_ADDRESSES", COIN.id)
    assert (hourly["symbol"], hourly["decimals"], hourly["seconds"]) == ("COIN", 9, 3600)
    assert (found["sends"]["used"], found["sends"]["remaining"], found["sends"]["asset"]) == ("1", "1", None)
    fees = found["fees-a-day"]
    assert (fees["type"], fees["policyId"], fees["limit"], fees["used"]) == ("FEES", None, "200000", "20")


def test_a_window_shared_by_others_is_theirs(desk: Desk) -> None:
    """An agent that is not one of those that share a window has no part in its limit."""
    desk.policy("ALLOWED_ADDRESSES", addresses=["wyou"])
    assert "mine" in shown(desk)
    assert "theirs" not in shown(desk)


def test_dollars_are_told_as_dollars(desk: Desk) -> None:
    """A sum of dollars has its symbol; a bound in dollars over an asset is in units of it where there is a price."""
    desk.policy("ALLOWED_ADDRESSES", addresses=["wyou"])
    found = shown(desk)
    assert (found["dollars"]["symbol"], found["dollars"]["decimals"], found["dollars"]["limit"]) == (
        "USD",
        6,
        "5000000",
    )
    assert (found["priced"]["limit"], found["priced"]["remaining"], found["priced"]["limitUsd"]) == (None, None, "2")
    desk.limits._prices = lambda assets: {COIN.id: ("4", desk.clock.now())}
    assert (shown(desk)["priced"]["limit"], shown(desk)["priced"]["limitUsd"]) == (str(10**9 // 2), "2")


def test_a_policy_that_cannot_tell_tells_nothing(desk: Desk) -> None:
    """Others are told all the same; what it decides is for a simulation to say."""
    desk.policy("ALLOWED_ADDRESSES", addresses=["wbroken"])
    assert set(shown(desk)) == {"fees-a-day"}


def test_agents_are_listed_with_whether_anything_is_granted(desk: Desk) -> None:
    """Everybody for the operator, page by page, without those that ended; nobody else may ask."""
    with desk.store.write() as unit:
        unit.agents.insert(OTHER)
        unit.agents.insert(
            replace(OTHER, id=OTHER.id[:-1] + "e", name="gone", public_key="22" * 32, status="TERMINATED")
        )
    desk.policy("SPENDING_LIMIT", instant_max="5")
    items = desk.limits.list(desk.operator, None, 10).items
    assert {(one["name"], one["hasGrant"]) for one in items} == {("bot", True), ("other", False)}
    with pytest.raises(NotFound):
        desk.limits.list(desk.operator, "nobody", 10)
    with pytest.raises(Denied):
        desk.limits.list(desk.session(), None, 10)


def test_the_agents_program_is_told_in_connect_info(desk: Desk) -> None:
    """``limits.policies`` has what remains and when it resets, beside the session's own constraints."""
    desk.policy("ALLOWED_ADDRESSES", addresses=["wyou"])
    actor = desk.session(maxTotal="50")
    desk.send(actor, native(12))
    limits = desk.wallet.connect_info(actor, "http://localhost")["limits"]
    assert limits["remaining"] == "38"
    hourly = next(one for one in limits["policies"] if one["name"] == "hourly")
    assert (hourly["remaining"], hourly["resetsAt"]) == ("18", None)
