"""Amounts that people write with a symbol: read exactly, refused where they could mean another asset, stored as base units."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, ConfigDict, Field

from tests.engine.desk import AGENT, COIN, EUR, USD, Desk
from waiaas.engine.symbols import Named, Symbols
from waiaas.engine.written_amounts import displayed, in_base_units
from waiaas.errors import BadRequest, ChainUnreachable, Denied, NotFound, Unavailable
from waiaas.interfaces.chain import Resolved
from waiaas.interfaces.policy import (
    AssetReader,
    BaseUnits,
    BaseUnitsOrZero,
    Facts,
    PolicyType,
    Verdict,
    Window,
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An engine whose list has USD; EUR is known to its plugin alone."""
    made = Desk(tmp_path)
    made.tokens.add(made.operator, chain="play", network="here", token="usd")
    yield made
    made.close()


def rules_of(desk: Desk, policy_id: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(desk.policies.get(desk.operator, policy_id).rules)
    return found


def shown(desk: Desk, policy_id: str) -> dict[str, str]:
    (display,) = desk.policies.display([desk.policies.get(desk.operator, policy_id)])
    return dict(display)


def refusal(desk: Desk, **rules: Any) -> BadRequest:
    """Why a spending limit is not taken; nothing is stored."""
    with pytest.raises(BadRequest) as caught:
        desk.policy("SPENDING_LIMIT", **rules)
    assert desk.rows("SELECT count(*) FROM policies") == [(0,)]
    assert caught.value.code == "INVALID_RULES"
    return caught.value


@pytest.mark.parametrize(
    ("written", "units"),
    [
        ("0.01COIN", 10_000_000),
        ("0.01 COIN", 10_000_000),
        ("0.01coin", 10_000_000),
        ("1COIN", 10**9),
        ("0.000000001COIN", 1),
        ("0.0100000000000000COIN", 10_000_000),
        ("9007199254740993.000000001COIN", 9007199254740993000000001),
        ("10000000", 10_000_000),
    ],
)
def test_an_amount_with_the_native_symbol_is_stored_as_base_units(desk: Desk, written: str, units: int) -> None:
    """Whatever fits into the asset's decimals is the same number to the unit, and is shown in display units beside."""
    policy_id = desk.policy("SPENDING_LIMIT", instant_max=written)
    assert rules_of(desk, policy_id)["instant_max"] == str(units)
    assert shown(desk, policy_id)["instant_max"].endswith(" COIN")


@pytest.mark.parametrize(
    ("written", "hint"),
    [
        ("0.0000000001COIN", "the smallest amount is 0.000000001COIN"),
        (
            "0.01USD",
            'write base units ("10000000") or display units with the symbol ("0.01COIN"); for USD the asset is "usd"',
        ),
        ("0.01BTC", 'write base units ("10000000") or display units with the symbol ("0.01COIN")'),
        ("0.01", 'write base units ("10000000") or display units with the symbol ("0.01COIN")'),
        (".5COIN", None),
        ("1,5COIN", None),
        ("1e3COIN", None),
        ("-1COIN", None),
        ("０.０１COIN", None),
        ("0.01COIN ", None),
        ("0.01  COIN", None),
        ("0.01CОIN", None),
        ("007", None),
        ("1" * 78 + "COIN", "write a smaller amount"),
        ("9" * 100_000 + "COIN", None),
        (10_000_000, 'write "10000000", or with the symbol "0.01SOL"'),
        (0.5, 'write "10000000", or with the symbol "0.01SOL"'),
    ],
    ids=lambda value: repr(value)[:24],
)
def test_what_could_be_read_otherwise_is_refused_with_the_right_spelling(
    desk: Desk, written: Any, hint: str | None
) -> None:
    """Too many decimals, another asset's symbol, no symbol and look-alikes are a 400 that says how it is written."""
    problem = refusal(desk, instant_max=written)
    assert problem.details == {"field": "instant_max"}
    assert "instant_max" in problem.message
    assert problem.hint == (hint or 'write base units ("10000000") or display units with the symbol ("0.01COIN")')


def test_a_tokens_symbol_is_the_lists_and_counts_only_for_its_asset(desk: Desk) -> None:
    """With the token as asset its symbol is taken, the native one is not."""
    policy_id = desk.policy("SPENDING_LIMIT", asset="usd", instant_max="5USD", daily_limit="12.5 USD")
    assert rules_of(desk, policy_id) == {"asset": USD.id, "instant_max": "5000000", "daily_limit": "12500000"}
    assert shown(desk, policy_id) == {"instant_max": '5 "USD"', "daily_limit": '12.5 "USD"'}
    desk.policies.delete(desk.operator, policy_id)
    problem = refusal(desk, asset="usd", instant_max="5COIN")
    assert problem.hint.endswith('("0.01USD"); for COIN the asset is "native"')


def test_what_a_chain_says_names_no_asset(desk: Desk) -> None:
    """A token that is not on the operator's list has no symbol, however the chain calls it: base units alone."""
    desk.script.tokens[EUR.id] = EUR.__class__(id=EUR.id, symbol="EUR", decimals=2, native=False)
    problem = refusal(desk, asset="eur", instant_max="5EUR")
    assert "waiaas token add" in problem.hint
    desk.tokens.add(desk.operator, chain="play", network="here", token="eur")
    assert rules_of(desk, desk.policy("SPENDING_LIMIT", asset="eur", instant_max="5EUR"))["instant_max"] == "500"


def test_a_symbol_of_two_tokens_names_neither(desk: Desk) -> None:
    """Two tokens of a network that call themselves alike: neither is guessed, the native asset's symbol stays its own."""
    for word, symbol in (("eur", "usd"), ("fake", "COIN")):
        asset = f"play:here/token:{word}"
        desk.script.tokens[asset] = EUR.__class__(id=asset, symbol=symbol, decimals=2, native=False)
        desk.tokens.add(desk.operator, chain="play", network="here", token=word)
    assert "names 2 assets" in refusal(desk, asset="usd", instant_max="5USD").message
    assert "names 2 assets" in refusal(desk, asset="fake", instant_max="5COIN").message
    assert rules_of(desk, desk.policy("SPENDING_LIMIT", instant_max="5COIN"))["instant_max"] == str(5 * 10**9)


@pytest.mark.parametrize("symbol", ["USDС", "ß", "a b", 'x") or', "", "000"])
def test_a_symbol_that_nobody_can_type_is_none_and_stands_in_no_hint(desk: Desk, symbol: str) -> None:
    """Look-alikes and sentences of a token's issuer are no symbols: base units are taken, and the hint says that alone."""
    asset = "play:here/token:odd"
    desk.script.tokens[asset] = EUR.__class__(id=asset, symbol=symbol, decimals=2, native=False)
    desk.tokens.add(desk.operator, chain="play", network="here", token="odd")
    for written in ("5USDC", "5SS", "5 000"):
        problem = refusal(desk, asset="odd", instant_max=written)
        assert problem.hint.startswith('write base units ("10000000")')
        assert "display" not in problem.hint
    assert rules_of(desk, desk.policy("SPENDING_LIMIT", asset="odd", instant_max="5"))["instant_max"] == "5"


def test_a_symbol_that_begins_with_a_digit_needs_a_space(desk: Desk) -> None:
    """Without it the amount could be read otherwise; the hint has it."""
    asset = "play:here/token:inch"
    desk.script.tokens[asset] = EUR.__class__(id=asset, symbol="1INCH", decimals=2, native=False)
    desk.tokens.add(desk.operator, chain="play", network="here", token="inch")
    assert '("0.01 1INCH")' in refusal(desk, asset="inch", instant_max="51INCH").hint
    assert rules_of(desk, desk.policy("SPENDING_LIMIT", asset="inch", instant_max="5 1INCH"))["instant_max"] == "500"


@pytest.mark.parametrize("literal", ["5SOL", "0.5 SOL", "12.5USDC.e"])
def test_an_expression_with_display_units_is_refused(desk: Desk, literal: str) -> None:
    """It would fail at every judgement and deny; amounts inside of one are base units."""
    text = f"effects.leaving(native).above('{literal}')"
    with pytest.raises(BadRequest) as caught:
        desk.policy("EXPRESSION", expression=text)
    assert "base units" in caught.value.hint
    assert desk.policy("EXPRESSION", expression="leaving_usd.above('12.5') && fee.atMost(\"5\")")


def test_a_global_policy_counts_in_the_asset_that_it_names(desk: Desk) -> None:
    """Without an asset nobody knows whose coin is meant; with one, display units are its own."""
    with pytest.raises(BadRequest) as caught:
        desk.policy("SPENDING_LIMIT", everybody=True, instant_max="1COIN")
    assert "names its asset in full" in caught.value.message
    policy_id = desk.policy("BUDGET", everybody=True, name="b", agents="*", asset=USD.id, limit="1.5USD")
    assert rules_of(desk, policy_id)["limit"] == "1500000"
    assert shown(desk, policy_id) == {"limit": '1.5 "USD"'}


def test_every_amount_of_every_type_of_the_house_takes_display_units(desk: Desk) -> None:
    """Create, change, check and backtest read them alike; dollars stay what they are."""
    fees = desk.policy("FEE_LIMIT", max_fee="0.000001COIN", daily_limit="0.001 COIN")
    assert rules_of(desk, fees) == {"asset": COIN.id, "max_fee": "1000", "daily_limit": "1000000"}
    limit = desk.policy("SPENDING_LIMIT", instant_max="0COIN", delay_max="1COIN", instant_max_usd="12.5")
    assert rules_of(desk, limit)["instant_max"] == "0"
    assert rules_of(desk, limit)["instant_max_usd"] == "12.5"
    desk.policies.replace(desk.operator, limit, {"rules": {"weekly_limit": "7COIN"}})
    assert rules_of(desk, limit) == {"asset": COIN.id, "weekly_limit": "7000000000"}
    checked = desk.policies.check(
        desk.operator, agent_id=AGENT.name, type="SPENDING_LIMIT", rules={"daily_limit": "2 COIN"}
    )
    assert json.loads(checked.rules)["daily_limit"] == "2000000000"
    draft = [{"type": "SPENDING_LIMIT", "rules": {"daily_limit": "2COIN"}}]
    assert desk.backtests.run(desk.operator, agent_id=AGENT.id, policies=draft)["rows"] == []
    assert desk.rows("SELECT count(*) FROM policies") == [(2,)]


def test_a_sessions_limits_take_display_units(desk: Desk) -> None:
    """Native ones in the agent's coin, each token's in its own; what is stored is base units, and shown is both."""
    actor = desk.session(
        maxAmount="0.5COIN", maxTotal="1 COIN", tokens=[{"address": "usd", "maxAmount": "5USD", "maxTotal": "7"}]
    )
    assert actor.session is not None
    assert json.loads(actor.session.constraints) == {
        "maxAmount": "500000000",
        "maxTotal": "1000000000",
        "tokens": [{"address": USD.id, "maxAmount": "5000000", "maxTotal": "7"}],
    }
    (display,) = desk.sessions.display([actor.session])
    expected = {
        "maxAmount": "0.5 COIN",
        "maxTotal": "1 COIN",
        "tokens.0.maxAmount": '5 "USD"',
        "tokens.0.maxTotal": '0.000007 "USD"',
    }
    assert display == expected
    assert desk.wallet.connect_info(actor, "http://x")["limits"]["display"] == expected
    checked = desk.sessions.check(desk.operator, agent_id=AGENT.id, constraints={"maxAmount": "2COIN"})
    assert (checked.constraints, checked.display) == ({"maxAmount": "2000000000"}, {"maxAmount": "2 COIN"})
    assert desk.rows("SELECT count(*) FROM sessions") == [(1,)]


@pytest.mark.parametrize(
    ("constraints", "field"),
    [
        ({"maxAmount": "5USD"}, "constraints.maxAmount"),
        ({"maxTotal": "0.5"}, "constraints.maxTotal"),
        ({"maxTotal": "0COIN"}, "constraints.maxTotal"),
        ({"tokens": [{"address": "usd", "maxTotal": "5COIN"}]}, "constraints.tokens.0.maxTotal"),
        ({"tokens": [{"address": "usd", "maxTotal": "0.0000001USD"}]}, "constraints.tokens.0.maxTotal"),
    ],
)
def test_a_sessions_limit_in_another_asset_is_refused(desk: Desk, constraints: dict[str, Any], field: str) -> None:
    """It names the field and how it is written, and no session is issued."""
    with pytest.raises(BadRequest) as caught:
        desk.session(**constraints)
    assert (caught.value.code, caught.value.details) == ("INVALID_AMOUNT", {"field": field})
    assert caught.value.hint
    assert desk.rows("SELECT count(*) FROM sessions") == [(0,)]


def test_an_agent_reads_display_units_beside_its_rules(desk: Desk) -> None:
    """Connect-info has base units in the rules and display units beside."""
    desk.policy("SPENDING_LIMIT", daily_limit="1.5COIN")
    (rules,) = desk.wallet.connect_info(desk.session(), "http://x")["policies"][AGENT.id]
    assert (rules["rules"]["daily_limit"], rules["display"]) == ("1500000000", {"daily_limit": "1.5 COIN"})


def test_the_operator_sees_what_an_agent_holds(desk: Desk) -> None:
    """By id or name: the coin first, then the list's tokens, and what is on no list is said to be on none."""
    stray = EUR.__class__(id="play:here/token:stray", symbol="USD", decimals=2, native=False)
    desk.script.tokens[stray.id] = stray
    desk.script.lists = {COIN.id: 70, USD.id: 5, stray.id: 9}
    for word in (AGENT.id, AGENT.name):
        view, found = desk.wallet.of_agent(desk.operator, word)
        assert view.agent.id == AGENT.id
        assert [(one.asset.id, one.balance, one.is_listed) for one in found][:2] == [
            (COIN.id, 70, True),
            (EUR.id, 0, True),
        ]
        assert {one.asset.id: one.is_listed for one in found}[stray.id] is False
    with pytest.raises(Denied):
        desk.wallet.of_agent(desk.session(), AGENT.id)
    with pytest.raises(NotFound):
        desk.wallet.of_agent(desk.operator, "nobody")
    desk.script.away = Unavailable("gone")
    with pytest.raises(ChainUnreachable):
        desk.wallet.of_agent(desk.operator, AGENT.id)


class _Share(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    token: str
    most: BaseUnits = Field(description="the most of it")


class _SharesRules(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    shares: tuple[_Share, ...] = Field(max_length=9)
    by_name: dict[str, BaseUnitsOrZero] = Field(default_factory=dict)
    at_least: str | None = Field(default=None, pattern=r"^[1-9][0-9]{0,77}$")
    note: str = ""


class _Shares(PolicyType[_SharesRules]):
    type = "SHARES"
    rules_model = _SharesRules
    grants = False

    def normalise(self, rules: _SharesRules, reader: AssetReader) -> _SharesRules:
        shares = tuple(one.model_copy(update={"token": reader.asset(one.token)}) for one in rules.shares)
        return rules.model_copy(update={"shares": shares})

    def windows(self, rules: _SharesRules, resolved: Resolved) -> Sequence[Window]:
        return ()

    def judge(self, rules: _SharesRules, facts: Facts) -> Verdict | None:
        return None


def test_a_strangers_type_gets_base_units_wherever_its_amounts_stand() -> None:
    """In lists, under free names and by the contract's pattern; a text that is no amount is left as it is."""
    symbols = Symbols(Named(asset=asset, chain="play", network="here") for asset in (COIN, USD))
    document = {
        "shares": [{"token": USD.id, "most": "5USD"}, {"token": "native", "most": "1COIN"}],
        "by_name": {"a": "0COIN", "b": "0.5COIN"},
        "at_least": "2COIN",
        "note": "5USD",
    }
    schema = _Shares.rules_model.model_json_schema()
    read = in_base_units(schema, document, _Reader(), symbols)
    assert read == {
        "shares": [{"token": USD.id, "most": "5000000"}, {"token": "native", "most": "1000000000"}],
        "by_name": {"a": "0", "b": "500000000"},
        "at_least": "2000000000",
        "note": "5USD",
    }
    assert displayed(schema, read, COIN.id, symbols)["shares.0.most"] == '5 "USD"'


class _Reader(AssetReader):
    def asset(self, text: str | None) -> str:
        return COIN.id if text in (None, "native") else str(text)

    def address(self, text: str) -> str:
        return text
