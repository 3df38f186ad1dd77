"""Bad payments over real HTTP to the running daemon, of every asset: a 4xx that says what is wrong, and nothing stored."""

from typing import Any

import pytest

from tests.harness.chains import ChainCase
from tests.harness.fixtures import CASES, runnable
from tests.harness.house import RICH
from tests.security.target import TEXTS, WRONG_TYPES, Target, target, whole

__all__ = ["target"]
pytestmark = pytest.mark.xdist_group("security-payments")


@pytest.fixture(scope="session", params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> ChainCase:
    """What a payment may say differs from chain to chain, and so does what is wrong with it."""
    return runnable(request.param)


AMOUNTS: list[Any] = [
    *(value for value in WRONG_TYPES if value is not None), None, "", "0", "-1", "-0", "00", "01", "+1", "1e18", "1E3", "1.0",
    "1.", ".5", "１２", "٣", "1_0", "1,0", " 1", "1 ", "1\n", "\t1", "1\x00", "0x10", "0b1", "NaN", "nan", "Infinity",
    "-Infinity", "9" * 79, "1" + "0" * 78, 2**64, 10**30, "½", "一", "1\u200b", "true", "null",
]  # fmt: skip
STRANGERS = {
    "evm": "0x52908400098527886E0F7030069857D2E4169EE7",
    "solana": "4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM",
}
"""An address of each family; a wallet's own family takes its own."""
ADDRESSES: list[Any] = [
    *WRONG_TYPES, "", " ", "x", *STRANGERS.values(), "0x52908400098527886e0F7030069857D2E4169EE7",
    "bc1qar0srrr7xfkvy5l643lydnw9re59gtzzwf5mdq",
    "rHb9CJAWyB4rj91VRWn96DkukG4bwdtyTh", "1" * 31, "1" * 33, "0" * 44, "O0Il" * 11, "é" * 44, "\x00" * 44, "1" * 44,
    "4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziof ", "4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM\x00", "a" * 257, "../../etc",
]  # fmt: skip
OF_PAYMENTS: list[tuple[str, list[Any]]] = [
    ("amount", AMOUNTS),
    ("to", ADDRESSES),
    ("memo", TEXTS),
    ("note", TEXTS),
    ("network", [*TEXTS, "mainnet", "évm", "a b", "", "x\x00"]),
    ("type", [*TEXTS, "", "transfer", "GIFT", "SIGN", "TRANSFER "]),
    ("surprise", [1]),
    ("Amount", ["1"]),
    ("__proto__", [{}]),
]
OF_TOKENS: list[tuple[str, list[Any]]] = [
    (
        "token",
        [*TEXTS, {}, {"address": 1}, {"address": "x", "mint": "y"}, {"mint": None}, "native", {"address": "native"}],
    ),
    (
        "token.address",
        [*WRONG_TYPES, "", " ", "x", "native", "1" * 257, "é", "solana:nowhere/token:x", "eip155:5/erc20:0x00"],
    ),
    ("token.mint", ["x", None]),
    ("token.decimals", ["6", -1, 256, 1.5, True, [], {}, 2**64]),
    ("token.symbol", [*TEXTS, "s" * 65]),
    ("token.assetId", [*TEXTS, "", "x", "é", "native", "solana:nowhere/token:x"]),
    ("token.asset_id", ["x"]),
    ("token.surprise", [1]),
    ("calldata", ["0x"]),
    ("instructions", [[]]),
]


@pytest.mark.parametrize("route", ["send", "simulate"])
@pytest.mark.parametrize(
    ("form", "field", "values"),
    [
        *(("native", *one) for one in [*OF_PAYMENTS, ("token", [{"address": "x"}, None, {}])]),
        *(("token", *one) for one in [*OF_PAYMENTS, *OF_TOKENS]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_no_field_of_a_payment_takes_what_it_should_not(
    target: Target, route: str, form: str, field: str, values: list[Any]
) -> None:
    """Each wrong value of each field is refused by code and hint, and neither row nor reservation is made."""
    before = target.counts()
    for value in values:
        if value is None and field not in ("to", "amount", "token.address"):
            continue
        if value == STRANGERS.get(target.house.case.chain):
            continue
        body = target.of_form(form, **{field: value})
        fields = whole(target.http.post(f"/v1/transactions/{route}", json=body, headers=target.session))
        if field == "amount":
            assert fields["code"] == "INVALID_AMOUNT", (value, fields)
    assert target.counts() == before


@pytest.mark.parametrize("route", ["send", "simulate"])
@pytest.mark.parametrize(
    ("kind", "stray"),
    [
        ("BATCH", {"surprise": 1}),
        ("BATCH", {"instructions": 5}),
        ("APPROVE", {"to": "x"}),
        ("CONTRACT_CALL", {"calldata": 1}),
    ],
)
def test_a_type_that_nobody_builds_is_refused_as_such(
    target: Target, route: str, kind: str, stray: dict[str, Any]
) -> None:
    """What the wallet's chain cannot build is 403 whatever its fields are, so that a client learns the reason."""
    body = {**target.of_form("native"), "type": kind, **stray}
    found = target.refused("POST", f"/v1/transactions/{route}", target.session, json=body)
    assert (found["status"], found["code"]) == (403, "TYPE_NOT_SUPPORTED")


@pytest.mark.parametrize("route", ["send", "simulate"])
def test_what_a_request_says_of_a_token_is_compared(target: Target, route: str) -> None:
    """Another asset id than the token's own is refused before any node is asked."""
    body = target.of_form("token", **{"token.assetId": target.house.case.new_recipient()})
    found = target.refused("POST", f"/v1/transactions/{route}", target.session, json=body)
    assert (found["status"], found["code"]) == (400, "TOKEN_MISMATCH")


@pytest.mark.parametrize("units", [str(2**64), str(2**64 - 1), str(2**63), str(2**256), "9" * 78])
def test_an_amount_that_no_chain_can_carry_is_refused(target: Target, units: str) -> None:
    """2^64 and beyond are amounts by their form; the chain's own bound refuses them and nothing wraps around."""
    units = str(max(int(units), 2 * RICH * target.house.case.amount))
    answer = target.http.post("/v1/transactions/send", json=target.payment(amount=units), headers=target.session)
    assert answer.status_code in (400, 403, 422), answer.text
    assert answer.json().get("errorCode", answer.json().get("code")), answer.text
    assert not [
        one
        for one in target.house.chain.payments(sender=target.wallet.address)
        if one.units != target.house.case.amount
    ]


def test_what_the_chains_rule_forbids_is_refused(target: Target) -> None:
    """An amount that could not keep the recipient's account alive, and a token that is none, are refused unstored."""
    dust = {"solana": ("1", "890879")}.get(target.house.case.chain, ())
    bodies = [target.of_form("native", amount=units) for units in dust]
    for body in [*bodies, target.of_form("token")]:
        found = target.refused("POST", "/v1/transactions/send", target.session, json=body)
        assert (found["status"], found["code"]) == (422, "CHAIN_REFUSED"), found


@pytest.mark.parametrize("asset", ["", "x", "é", "solana:nowhere/token:x", "1" * 257, "a b"])
def test_no_balance_of_what_is_no_asset(target: Target, asset: str) -> None:
    """A balance is asked of an asset of the wallet's own network, or refused."""
    answer = target.http.get("/v1/wallet/balance", params={"asset": asset}, headers=target.session)
    assert whole(answer)["code"] in ("MALFORMED", "MALFORMED_VALUE", "INVALID_ADDRESS")


def test_nothing_unforeseen_happened_meanwhile(target: Target) -> None:
    """After all of this the log tells of no unexpected exception, and the daemon still pays."""
    unforeseen = [line for line in target.house.log() if line["level"] in ("error", "critical") or "trace" in line]
    assert unforeseen == []
    assert target.http.post("/v1/transactions/send", json=target.payment(), headers=target.session).status_code == 201
