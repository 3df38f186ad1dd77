"""Tokens in the engine: what is asked for, judged, set aside and shown, over a chain that says what a test tells it to."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.engine.desk import COIN, EUR, USD, Desk, PlayAdapter, native, token
from waiaas.errors import (
    BadRequest,
    Conflict,
    Denied,
    Malformed,
    Unavailable,
    WaiaasError,
)
from waiaas.interfaces.chain import Caution, Kind

BODIES = {"native": native, "token": token}


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An engine of its own."""
    made = Desk(tmp_path)
    yield made
    made.close()


def refusal(desk: Desk, body: dict[str, Any]) -> WaiaasError:
    """The error of a send, which a dry run answers with too; nothing is stored by either."""
    actor = desk.session()
    with pytest.raises(WaiaasError) as dry:
        desk.transactions.simulate(actor, body)
    with pytest.raises(WaiaasError) as caught:
        desk.send(actor, body, "key")
    assert desk.rows("SELECT count(*) FROM transactions") == desk.rows("SELECT count(*) FROM reservations") == [(0,)]
    assert (dry.value.code, dry.value.status) == (caught.value.code, caught.value.status)
    return caught.value


# --- what is asked for ---------------------------------------------------------------------------------------------------


def test_a_tokens_payment_is_a_row_of_its_asset(desk: Desk) -> None:
    """Asset and amount are the token's, the fee and the rent are set aside in the native asset."""
    desk.policy("SPENDING_LIMIT", asset="usd", instant_max="100")
    desk.script.rent = 7
    item = desk.send(desk.session(), token(50, "WYOU"))
    assert (item["type"], item["asset"], item["amount"], item["toAddress"]) == ("TOKEN_TRANSFER", USD.id, "50", "wyou")
    assert (item["tier"], item["status"], item["display"]) == ("INSTANT", "PENDING", '0.00005 "USD"')
    reserved = desk.rows("SELECT asset, kind, amount, state FROM reservations ORDER BY kind")
    assert reserved == [
        (USD.id, "amount", "50", "reserved"),
        (COIN.id, "fee", "20", "reserved"),
        (COIN.id, "rent", "7", "reserved"),
    ]


@pytest.mark.parametrize(
    ("said", "code", "field"),
    [
        ({"decimals": 9}, "TOKEN_MISMATCH", "token.decimals"),
        ({"decimals": 0}, "TOKEN_MISMATCH", "token.decimals"),
        ({"symbol": "EUR"}, "TOKEN_MISMATCH", "token.symbol"),
        ({"symbol": "usd"}, "TOKEN_MISMATCH", "token.symbol"),
        ({"assetId": EUR.id}, "TOKEN_MISMATCH", "token.assetId"),
        ({"assetId": "play:there/token:usd"}, "TOKEN_MISMATCH", "token.assetId"),
        ({"assetId": "nonsense!"}, "TOKEN_MISMATCH", "token.assetId"),
        ({"decimals": 6, "symbol": "USD", "assetId": EUR.id}, "TOKEN_MISMATCH", "token.assetId"),
    ],
)
def test_what_a_request_says_of_its_token_must_be_true(desk: Desk, said: dict[str, Any], code: str, field: str) -> None:
    """Decimals, symbol or id that differ from the chain's are refused, also by a dry run, and nothing is stored."""
    desk.policy("ALLOWED_TOKENS", tokens=["usd"])
    found = refusal(desk, token(token={"address": "usd", **said}))
    assert (found.status, found.code, found.details["field"]) == (400, code, field)


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"decimals": 6},
        {"symbol": "USD"},
        {"symbol": " U\u200bSD "},
        {"assetId": USD.id},
        {"decimals": 6, "symbol": "USD"},
    ],
)
def test_what_is_said_truly_changes_nothing(desk: Desk, said: dict[str, Any]) -> None:
    """A request that says what the chain says is paid like one that says nothing."""
    desk.policy("ALLOWED_TOKENS", tokens=["usd"])
    assert desk.tier(desk.session(), token(token={"mint": "USD", **said})) == "INSTANT"


def test_a_symbol_that_the_chain_does_not_tell_contradicts_nothing(desk: Desk) -> None:
    """Of a token without a symbol on the chain, a request may say what it likes."""
    desk.policy("ALLOWED_TOKENS", tokens=["eur"])
    assert desk.tier(desk.session(), token(token={"address": "eur", "symbol": "EURO"})) == "INSTANT"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (token(token={"address": "usd", "mint": "usd"}), 400, "MALFORMED"),
        (token(token={}), 400, "MALFORMED"),
        (token(token="usd"), 400, "MALFORMED"),
        ({**native(), "type": "TOKEN_TRANSFER"}, 400, "MALFORMED"),
        (token(token={"address": "native"}), 400, "MALFORMED"),
        (token(token={"address": COIN.id}), 400, "MALFORMED"),
        (token(token={"address": "usd", "colour": 1}), 400, "UNKNOWN_FIELD"),
        (token(calldata="0x"), 400, "UNKNOWN_FIELD"),
        (native(token={"address": "usd"}), 400, "UNKNOWN_FIELD"),
        (token(token={"address": "play:there/token:usd"}), 400, "INVALID_ADDRESS"),
        (token(to="nowhere"), 400, "INVALID_ADDRESS"),
        ({**token(), "amount": "0"}, 400, "INVALID_AMOUNT"),
        (token(address="nothing"), 422, "CHAIN_REFUSED"),
        ({"type": "APPROVE", "stray": 1}, 403, "TYPE_NOT_SUPPORTED"),
        ({"type": "BATCH", "stray": 1}, 403, "TYPE_NOT_SUPPORTED"),
        ({"type": "CANCEL"}, 403, "TYPE_NOT_SUPPORTED"),
        ({"type": "GIFT"}, 400, "MALFORMED"),
    ],
)
def test_what_cannot_be_asked_for_is_refused_by_code(desk: Desk, body: dict[str, Any], status: int, code: str) -> None:
    """Each way to ask wrongly has its code; a type that the host cannot judge yet is refused whatever its fields say."""
    desk.policy("ALLOWED_TOKENS", tokens=["usd"])
    found = refusal(desk, body)
    assert (found.status, found.code.removesuffix("_VALUE")) == (status, code)


def test_a_chain_without_tokens_says_so(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the plugin builds no tokens the type is refused, and the wallet does not claim the ability."""
    assert desk.wallet.connect_info(desk.session(), "")["capabilities"][:2] == ["TRANSFER", "TOKEN_TRANSFER"]
    monkeypatch.setattr(PlayAdapter, "kinds", frozenset({Kind.TRANSFER}))
    found = refusal(desk, token(stray=1))
    assert (found.status, found.code) == (403, "TYPE_NOT_SUPPORTED")
    assert desk.wallet.connect_info(desk.session(), "")["capabilities"][0:2] == ["TRANSFER", "simulate"]
    with pytest.raises(Denied):
        desk.wallet.require_sendable(desk.session(), "TOKEN_TRANSFER")


def test_no_token_is_paid_while_no_node_answers(desk: Desk) -> None:
    """With every node away a native transfer is taken on, a token's is refused and nothing is stored."""
    desk.policy("ALLOWED_TOKENS", tokens=["usd"])
    desk.script.away = Unavailable("gone")
    assert (refusal(desk, token()).status, refusal(desk, token()).code) == (502, "CHAIN_UNREACHABLE")
    assert desk.send(desk.session(), native())["status"] == "QUEUED"


def test_a_plugin_that_does_not_describe_the_token_pays_nothing(desk: Desk) -> None:
    """An adapter that leaves its own asset out, or says decimals that none has, counts as a node that is away."""
    desk.policy("ALLOWED_TOKENS", tokens=["usd"])
    desk.script.forgets_asset = True
    assert refusal(desk, token()).code == "CHAIN_UNREACHABLE"
    desk.script.forgets_asset = False
    desk.script.tokens[USD.id] = replace(USD, decimals=256)
    assert refusal(desk, token()).code == "CHAIN_UNREACHABLE"


def test_the_same_key_and_body_is_one_payment_however_the_token_is_named(desk: Desk) -> None:
    """Idempotency compares the normalised body: mint or address, any spelling; what is said of the token is part of it."""
    desk.policy("ALLOWED_TOKENS", tokens=["usd"])
    actor = desk.session()
    first = desk.send(actor, token(), "key")
    assert desk.send(actor, token(token={"mint": "USD"}), "key")["id"] == first["id"]
    assert desk.send(actor, token(token={"address": USD.id}), "key")["id"] == first["id"]
    for other in (token(11), token(address="eur"), token(token={"address": "usd", "decimals": 7}), native()):
        with pytest.raises(Conflict) as caught:
            desk.send(actor, other, "key")
        assert caught.value.code == "IDEMPOTENCY_CONFLICT"


def test_foreign_words_are_cleaned_before_anything_is_stored(desk: Desk) -> None:
    """What a token calls itself, and what a plugin says besides, is short, plain and quoted, whatever the chain holds."""
    desk.script.tokens[USD.id] = replace(USD, symbol="U\u202eSD\n" + "x" * 40, name="\x00" + "n" * 100, native=True)
    desk.script.warnings = ("one\u202etwo\n", *["w"] * 99)
    desk.script.cautions = (Caution(code="O\u200bDD", text="a\u202eb" + "c" * 999, about="asset"),)
    desk.policy("ALLOWED_TOKENS", tokens=["usd"])
    item = desk.send(desk.session(), token(1_500_000))
    assert item["display"] == '1.5 "USD xxxxxxxxxxxx"'
    assert item["warnings"][0] == "onetwo"
    assert len(item["warnings"]) == 32
    (caution,) = item["cautions"]
    assert (caution["code"], caution["about"]) == ("ODD", "asset")
    assert len(caution["text"]) <= 256
    assert caution["text"].startswith("abc")


# --- how it is judged ----------------------------------------------------------------------------------------------------


def test_a_token_needs_a_grant(desk: Desk) -> None:
    """Without a policy for it a token is denied, though a native transfer would wait for a person; the row is kept."""
    actor = desk.session()
    assert (desk.tier(actor, token()), desk.tier(actor, native())) == ("DENY", "APPROVAL")
    with pytest.raises(Denied) as caught:
        desk.send(actor, token())
    assert (caught.value.details["code"], caught.value.details["type"]) == ("NO_GRANT", "DEFAULT")
    assert desk.rows("SELECT status, tier, asset FROM transactions") == [("CANCELLED", "DENY", USD.id)]


def test_a_limit_grants_its_own_asset_alone(desk: Desk) -> None:
    """A limit of the native asset speaks for no token and a token's for no other, and neither measures the other."""
    desk.policy("SPENDING_LIMIT", instant_max="5")
    desk.policy("SPENDING_LIMIT", asset="usd", instant_max="100")
    actor = desk.session()
    assert [desk.tier(actor, body) for body in (native(5), native(6))] == ["INSTANT", "APPROVAL"]
    assert [desk.tier(actor, body) for body in (token(100), token(101))] == ["INSTANT", "APPROVAL"]
    assert desk.tier(actor, token(address="eur")) == "DENY"


def test_further_grants_only_narrow(desk: Desk) -> None:
    """A list lets its tokens through whatever the amount; a limit beside it narrows; a second list must name the token too."""
    desk.policy("ALLOWED_TOKENS", tokens=["usd", EUR.id])
    actor = desk.session()
    assert [desk.tier(actor, token(10**9, address=word)) for word in ("usd", "eur")] == ["INSTANT", "INSTANT"]
    desk.policy("SPENDING_LIMIT", asset="usd", instant_max="5", daily_limit="9")
    assert [desk.tier(actor, token(units)) for units in (5, 6, 10)] == ["INSTANT", "APPROVAL", "DENY"]
    desk.policy("ALLOWED_TOKENS", everybody=True, tokens=[USD.id])
    assert [desk.tier(actor, token(5, address=word)) for word in ("usd", "eur")] == ["INSTANT", "DENY"]
    desk.policy("SPENDING_LIMIT", everybody=True, asset=USD.id, instant_max="4")
    assert desk.tier(actor, token(5)) == "APPROVAL"


def test_a_tokens_window_counts_what_waits(desk: Desk) -> None:
    """Payments that are under way use up the token's limit, and leave the native one alone (invariant 3)."""
    desk.policy("SPENDING_LIMIT", asset="usd", daily_limit="25")
    desk.policy("SPENDING_LIMIT", daily_limit="9")
    actor = desk.session()
    assert [desk.send(actor, token(10))["tier"] for _ in range(2)] == ["INSTANT", "INSTANT"]
    with pytest.raises(Denied) as caught:
        desk.send(actor, token(10))
    assert caught.value.details["remaining"] == "5"
    assert '"USD"' in caught.value.message
    assert desk.tier(actor, native(9)) == "INSTANT"


def test_rent_is_spoken_for_by_the_token_and_counted_by_the_native_limit(desk: Desk) -> None:
    """A new account's rent needs no grant of its own, but a limit of the native asset counts it."""
    desk.policy("ALLOWED_TOKENS", tokens=["usd"])
    desk.script.rent = 4
    actor = desk.session()
    assert desk.tier(actor, token()) == "INSTANT"
    desk.policy("SPENDING_LIMIT", daily_limit="9")
    assert [desk.send(actor, token())["tier"] for _ in range(2)] == ["INSTANT", "INSTANT"]
    assert desk.tier(actor, token()) == "DENY"
    desk.script.rent = 0
    assert desk.tier(actor, token()) == "INSTANT"


def test_cautions_hold_and_deny(desk: Desk) -> None:
    """Power over the asset needs a person; a recipient that cannot spend is denied until a list of addresses names it."""
    desk.policy("ALLOWED_TOKENS", tokens=["usd"])
    actor = desk.session()
    desk.script.cautions = (Caution(code="PERMANENT_DELEGATE", text="its issuer can take it back", about="asset"),)
    held = desk.send(actor, token())
    assert (held["tier"], held["decision"]["code"]) == ("APPROVAL", "PERMANENT_DELEGATE")
    assert held["cautions"][0]["text"] == "its issuer can take it back"
    assert desk.transactions.simulate(actor, token())["cautions"] == held["cautions"]
    desk.script.cautions = (Caution(code="OFF_CURVE", text="no key can sign for it", about="recipient"),)
    assert desk.tier(actor, token()) == "DENY"
    desk.policy("ALLOWED_ADDRESSES", addresses=["wother"], otherwise="approval")
    assert desk.tier(actor, token()) == "DENY"
    desk.policy("ALLOWED_ADDRESSES", addresses=["wyou", "wother"])
    assert [desk.tier(actor, token(to=who)) for who in ("wother", "wthird")] == ["INSTANT", "DENY"]


@pytest.mark.parametrize("word", ["play:there/token:usd", "nonsense!", "native"])
@pytest.mark.parametrize("everybody", [False, True])
def test_a_list_takes_tokens_of_installed_chains_alone(desk: Desk, word: str, everybody: bool) -> None:
    """Another network's token is refused for an agent, the native asset for all; a global list takes full ids alone."""
    if everybody and word == "play:there/token:usd":
        word = "usd"  # which network's?
    with pytest.raises(BadRequest) as caught:
        desk.policy("ALLOWED_TOKENS", everybody=everybody, tokens=[word])
    assert caught.value.code == "INVALID_RULES"


# --- session constraints -------------------------------------------------------------------------------------------------


def test_a_sessions_tokens_are_limited_one_by_one(desk: Desk) -> None:
    """maxAmount and maxTotal of a token hold for it alone, those beside them for the native asset alone."""
    desk.policy("ALLOWED_TOKENS", tokens=["usd", "eur"])
    desk.policy("SPENDING_LIMIT", instant_max="1000")
    actor = desk.session(maxAmount="5", maxTotal="8", tokens=[{"address": "USD", "maxAmount": "20", "maxTotal": "30"}])
    assert [desk.tier(actor, body) for body in (native(5), native(6), token(20), token(21))] == ["INSTANT", "DENY"] * 2
    assert desk.tier(actor, token(address="eur")) == "DENY"
    assert desk.send(actor, token(20))["tier"] == "INSTANT"
    assert [desk.tier(actor, body) for body in (token(10), token(11), native(5))] == ["INSTANT", "DENY", "INSTANT"]
    limits = desk.wallet.connect_info(actor, "")["limits"]
    assert (limits["maxTotal"], limits["remaining"]) == ("8", "8")
    assert limits["tokens"] == [{"assetId": USD.id, "maxAmount": "20", "maxTotal": "30", "remaining": "10"}]


def test_a_sessions_recipients_and_types_hold_for_tokens(desk: Desk) -> None:
    """Who may be paid and what may be sent is narrowed for tokens like for the native asset."""
    desk.policy("ALLOWED_TOKENS", tokens=["usd"])
    assert [desk.tier(desk.session(recipients=["WYOU"]), token(to=who)) for who in ("wyou", "wme")] == [
        "INSTANT",
        "DENY",
    ]
    assert desk.tier(desk.session(types=["TRANSFER"]), token()) == "DENY"
    assert desk.tier(desk.session(types=["TOKEN_TRANSFER"]), token()) == "INSTANT"
    assert desk.tier(desk.session(tokens=[]), token()) == "DENY"
    assert desk.tier(desk.session(tokens=[{"address": USD.id}]), token()) == "INSTANT"


def test_a_sessions_tokens_are_stored_as_their_one_id(desk: Desk) -> None:
    """However the operator names it, the constraint holds the token's id; another network's token is refused."""
    for word in ("usd", "USD", USD.id):
        actor = desk.session(tokens=[{"address": word, "maxTotal": "7"}])
        assert actor.session is not None
        assert f'"address":"{USD.id}"' in actor.session.constraints
    with pytest.raises(Malformed):
        desk.session(tokens=[{"address": "play:there/token:usd"}])


@pytest.mark.parametrize("body", BODIES.values(), ids=BODIES)
def test_a_dry_run_stores_nothing(desk: Desk, body: Any) -> None:
    """What a send would be told leaves no row and no reservation, for the native asset and for tokens."""
    desk.policy("ALLOWED_TOKENS", tokens=["usd"])
    desk.tier(desk.session(), body())
    assert desk.rows("SELECT count(*) FROM transactions") == desk.rows("SELECT count(*) FROM reservations") == [(0,)]
