"""Tokens on real chains, end to end: granted, limited, held, told of, and booked (invariants 1, 3, 4, 5)."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any, cast

import pytest
from waiaas_sdk import BadRequest, ChainRefused, Denied, PaymentFields, TokenFields, Transaction

from tests.harness.books import check_books
from tests.harness.chains import ChainCase
from tests.harness.fixtures import CASES, runnable
from tests.harness.house import House, confirmed

TOKENS = [one for one in CASES if one.name.endswith("-token")]
DECIMALS = 6


@pytest.fixture(scope="session", params=TOKENS, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> ChainCase:
    """The cases that pay with a token; all others have nothing to show here."""
    return runnable(request.param)


def mint_of(case: ChainCase) -> str:
    """The address of the token that the case pays with."""
    token = case.payment(case.new_recipient())["token"]
    assert isinstance(token, str)
    return token


def said(case: ChainCase, **more: Any) -> PaymentFields:
    """A usual payment that says more of its token than its address."""
    fields = case.payment(case.new_recipient())
    fields["token"] = cast(TokenFields, {"address": mint_of(case), **more})
    return fields


def listing(case: ChainCase, *more: str) -> tuple[str, Mapping[str, Any]]:
    """ALLOWED_TOKENS with the case's token."""
    return "ALLOWED_TOKENS", {"tokens": [mint_of(case), *more]}


def test_a_token_goes_where_both_its_policies_let_it(shared_house: House) -> None:
    """Granted by its list and its limit, a payment is made once and booked to the unit, fee and rent in native units."""
    case = shared_house.case
    wallet = shared_house.wallet(policies=[listing(case), *case.spending(instant_max=case.amount)])
    client, recipient = shared_house.client(wallet), case.new_recipient()
    sent = client.send(**case.payment(recipient))
    row = confirmed(shared_house, sent)
    assert (row["type"], row["amount"], row["to_address"]) == ("TOKEN_TRANSFER", str(case.amount), recipient)
    assert row["asset"].endswith(f":{mint_of(case)}")
    (paid,) = shared_house.chain.payments(recipient=recipient)
    assert (paid.units, paid.tx_hash) == (case.amount, row["tx_hash"])
    booked = shared_house.rows("SELECT asset, kind, amount FROM spend_ledger WHERE tx_id = ?", sent.id)
    token = [(one["kind"], one["amount"]) for one in booked if one["asset"] == row["asset"]]
    assert token == [("amount", str(case.amount))]
    assert {one["kind"] for one in booked if one["asset"] != row["asset"]} in ({"fee"}, {"fee", "rent"})
    held = client.send(**case.payment(recipient, 2 * case.amount))
    assert held.tier == "APPROVAL"
    assert str(held.display).startswith(f"{2 * case.amount // 10**DECIMALS} ")
    shared_house.operator.transactions.approve(held.id)
    confirmed(shared_house, held)
    check_books(shared_house, wallet)


def test_a_token_that_nobody_granted_stays(shared_house: House) -> None:
    """Without a grant, or with one for the native asset alone, it is denied; on another's list it is denied by that list."""
    case = shared_house.case
    native = shared_house.wallet(policies=[("SPENDING_LIMIT", {"instant_max": "1" + "0" * 30})])
    other = shared_house.wallet(
        policies=[("ALLOWED_TOKENS", {"tokens": [shared_house.chain.new_token()]}), *_any(case)]
    )
    for wallet, code in ((native, "NO_GRANT"), (other, "TOKEN_NOT_ALLOWED")):
        with pytest.raises(Denied) as caught:
            shared_house.client(wallet).send(**case.payment(case.new_recipient()))
        assert caught.value.details["code"] == code
        assert shared_house.chain.payments(sender=wallet.address) == []
        check_books(shared_house, wallet)


def test_parallel_payments_share_the_tokens_limit(shared_house: House) -> None:
    """Of twenty at once against a daily limit with room for three, three are paid (invariant 3)."""
    case, room = shared_house.case, 3
    wallet = shared_house.wallet(policies=[listing(case), *case.spending(daily_limit=room * case.amount)])
    client, recipient = shared_house.client(wallet), case.new_recipient()

    def pay(_: int) -> Transaction | None:
        try:
            return client.send(**case.payment(recipient))
        except Denied:
            return None

    with ThreadPoolExecutor(10) as pool:
        admitted = [one for one in pool.map(pay, range(20)) if one is not None]
    assert len(admitted) == room
    for one in admitted:
        confirmed(shared_house, one)
    assert sum(one.units for one in shared_house.chain.payments(recipient=recipient)) == room * case.amount
    check_books(shared_house, wallet)


@pytest.mark.parametrize("lie", [{"decimals": DECIMALS + 1}, {"symbol": "NOTIT"}, {"asset_id": "eip155:1/erc20:0x00"}])
def test_what_a_request_says_wrongly_of_its_token_is_refused(shared_house: House, lie: dict[str, Any]) -> None:
    """Other decimals, another symbol or another id than the chain's are TOKEN_MISMATCH, and leave nothing behind."""
    case, wallet = shared_house.case, shared_house.instant()
    client = shared_house.client(wallet)
    for ask in (client.send, client.simulate):
        with pytest.raises(BadRequest) as caught:
            ask(**said(case, **lie))
        assert caught.value.code == "TOKEN_MISMATCH"
    assert shared_house.rows("SELECT id FROM transactions WHERE agent_id = ?", wallet.agent_id) == []
    confirmed(shared_house, client.send(**said(case, decimals=DECIMALS)))
    check_books(shared_house, wallet)


def test_a_wallet_tells_of_its_tokens(shared_house: House) -> None:
    """Once its token is on the list it is among the assets, with what is left; what is no token is refused."""
    case, house = shared_house.case, shared_house
    wallet, other = house.instant(), house.chain.new_token()
    client, mint = house.client(wallet), mint_of(case)
    house.operator.tokens.add(case.chain, case.network, other)
    if mint not in {one.address for one in house.operator.tokens.list(chain=case.chain, network=case.network)}:
        house.operator.tokens.add(case.chain, case.network, mint)
    before = client.balance(mint)
    confirmed(house, client.send(**case.payment(case.new_recipient())))
    found = {one.mint: one for one in client.assets().assets}
    assert found["native"].is_native
    assert (found[mint].balance, found[mint].decimals) == (before.balance - case.amount, DECIMALS)
    assert (found[other].balance, found[other].is_native) == (0, False)
    assert found[mint].asset_id == before.asset_id
    with pytest.raises(ChainRefused):
        client.balance(case.new_recipient())


def test_a_sessions_tokens_bind_it(shared_house: House) -> None:
    """A session that may move so much of the token moves that and no more, and one that may move none moves none."""
    case, wallet = shared_house.case, shared_house.instant()
    issue = shared_house.operator.sessions.issue
    limited = issue(wallet.agent_id, constraints={"tokens": [{"address": mint_of(case), "maxTotal": str(case.amount)}]})
    barred = issue(wallet.agent_id, constraints={"tokens": []})
    confirmed(shared_house, _pay(shared_house, limited.token))
    for token in (limited.token, barred.token):
        with pytest.raises(Denied) as caught:
            _pay(shared_house, token)
        assert caught.value.code == "CONSTRAINT_DENIED"
    check_books(shared_house, wallet)


def _pay(house: House, token: str) -> Transaction:
    return house.client(token).send(**house.case.payment(house.case.new_recipient()))


def _any(case: ChainCase) -> list[tuple[str, Mapping[str, Any]]]:
    return case.spending(instant_max=1000 * case.amount)
