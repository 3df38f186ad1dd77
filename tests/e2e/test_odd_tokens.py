"""Tokens that are not what a token should be, on real chains: held, refused, booked by what really left (invariants 4, 5)."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from solders.pubkey import Pubkey
from waiaas_sdk import ChainRefused, Client, Denied
from waiaas_solana.localnet import MintKind

from tests.harness.contracts import call_data, deploy, deploy_token, mint
from tests.harness.data_directory import copy_of
from tests.harness.evm_chain import EvmChain, EvmTokenCase
from tests.harness.fixtures import runnable
from tests.harness.house import House, Wallet, confirmed
from tests.harness.solana_chain import SolanaChain, SolanaTokenCase

HELD, PAID = 5_000_000, 1_000_000
_SOME_SOL = 10_000_000
_OFF_CURVE = str(Pubkey.find_program_address([b"nobody's"], Pubkey.default())[0])
_BURN = "0x000000000000000000000000000000000000dEaD"


@contextmanager
def _opened(case: Any, template: Path, folder: Path) -> Iterator[House]:
    with runnable(case).start() as chain:
        copy_of(template, folder / "house")
        house = House(folder / "house", case, chain)
        yield house.start()
        house.close()


@pytest.fixture(scope="module")
def solana(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house on Solana."""
    with _opened(SolanaTokenCase(), template, tmp_path_factory.mktemp("odd-solana")) as house:
        yield house


@pytest.fixture(scope="module")
def evm(template: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A house on an EVM chain."""
    with _opened(EvmTokenCase(), template, tmp_path_factory.mktemp("odd-evm")) as house:
        yield house


def minted(house: House, wallet: Wallet, kind: MintKind) -> str:
    """A new token of Solana, of which the wallet holds some."""
    assert isinstance(house.chain, SolanaChain)
    made = house.chain._net.issuer.mint(kind)
    house.chain._net.issuer.issue(made, wallet.address, HELD)
    return allowed(house, wallet, made)


def deployed(house: House, wallet: Wallet, name: str) -> str:
    """A new contract, of whose token the wallet holds some."""
    assert isinstance(house.chain, EvmChain)
    made = deploy(house.chain.anvil, name) if name == "Ancient" else deploy_token(house.chain.anvil, name)
    mint(house.chain.anvil, made, wallet.address, HELD)
    return allowed(house, wallet, made)


def allowed(house: House, wallet: Wallet, token: str) -> str:
    """The token, once a policy of the wallet lets it leave."""
    house.operator.policies.create("ALLOWED_TOKENS", {"tokens": [token]}, agent_id=wallet.agent_id)
    return token


def client_of(house: House) -> tuple[Wallet, Client]:
    """A new wallet with what fees take, and its program."""
    wallet = house.wallet()
    return wallet, house.client(wallet)


def booked(house: House, tx_id: str) -> dict[str, int]:
    """What the ledger says left, by kind."""
    rows = house.rows("SELECT kind, amount FROM spend_ledger WHERE tx_id = ?", tx_id)
    return {row["kind"]: int(row["amount"]) for row in rows}


def test_a_fee_of_token_2022_is_part_of_what_left(solana: House) -> None:
    """The recipient gets less than was paid; the account loses what was judged and booked, to the unit."""
    wallet, client = client_of(solana)
    token, to = (
        minted(solana, wallet, MintKind(program="spl-token-2022", fee=(100, 50_000))),
        solana.case.new_recipient(),
    )
    sent = client.send(to=to, amount=PAID, token=token)
    confirmed(solana, sent)
    assert isinstance(solana.chain, SolanaChain)
    net = solana.chain._net
    assert HELD - net.tokens(token, wallet.address) == booked(solana, sent.id)["amount"] == PAID
    assert net.tokens(token, to) <= PAID


def test_a_tax_of_an_erc20_is_part_of_what_left(evm: House) -> None:
    """A token that keeps some of each transfer: the account loses what was judged and booked, to the unit."""
    wallet, client = client_of(evm)
    token, to = deployed(evm, wallet, "Taxed"), evm.case.new_recipient()
    sent = client.send(to=to, amount=PAID, token=token)
    if sent.tier == "APPROVAL":
        evm.operator.transactions.approve(sent.id)
    confirmed(evm, sent)
    assert isinstance(evm.chain, EvmChain)
    held = {who: _balance(evm.chain, token, who) for who in (wallet.address, to)}
    assert HELD - held[wallet.address] == booked(evm, sent.id)["amount"] == PAID
    assert held[to] < PAID


@pytest.mark.parametrize("name", ["Silent", "Ancient"])
def test_a_token_of_another_age_is_paid(evm: House, name: str) -> None:
    """Tokens that return nothing from a transfer, or tell their name in another form, are paid all the same."""
    wallet, client = client_of(evm)
    token, to = deployed(evm, wallet, name), evm.case.new_recipient()
    sent = client.send(to=to, amount=PAID, token=token)
    if sent.tier == "APPROVAL":
        evm.operator.transactions.approve(sent.id)
    confirmed(evm, sent)
    assert isinstance(evm.chain, EvmChain)
    assert _balance(evm.chain, token, to) == PAID


def test_a_token_that_says_no_is_not_paid(evm: House) -> None:
    """A token that answers false moves nothing: refused before anything is stored, and no fee is spent."""
    wallet, client = client_of(evm)
    assert isinstance(evm.chain, EvmChain)
    token = deploy_token(evm.chain.anvil, "Falsey")
    allowed(evm, wallet, token)
    with pytest.raises(ChainRefused):
        client.send(to=evm.case.new_recipient(), amount=PAID, token=token)
    assert evm.rows("SELECT id FROM transactions WHERE agent_id = ? AND status <> 'FAILED'", wallet.agent_id) == []
    assert dict(evm.chain.left(wallet.address)) == {}


@pytest.mark.parametrize("extension", ["permanent-delegate", "pausable", "transfer-hook", "confidential"])
def test_power_over_a_token_needs_a_person(solana: House, extension: str) -> None:
    """An extension that gives somebody power is named and held for approval, then paid."""
    wallet, client = client_of(solana)
    token = minted(solana, wallet, MintKind(program="spl-token-2022", extensions=(extension,)))
    held = client.send(to=solana.case.new_recipient(), amount=PAID, token=token)
    assert (held.tier, held.status) == ("APPROVAL", "QUEUED")
    (caution,) = held.cautions
    assert caution["about"] == "asset"
    assert held.decision is not None
    assert held.decision["code"] == caution["code"]
    solana.operator.transactions.approve(held.id)
    confirmed(solana, held)


def test_nobody_is_paid_who_may_not_be_able_to_spend(solana: House, evm: House) -> None:
    """A recipient that no key can sign for is denied, and paid once a list of addresses names it."""
    for house, recipient in ((solana, _OFF_CURVE), (evm, _BURN)):
        wallet, client = client_of(house)
        token = minted(house, wallet, MintKind()) if house is solana else deployed(house, wallet, "Standard")
        with pytest.raises(Denied) as caught:
            client.send(to=recipient, amount=PAID, token=token)
        assert caught.value.details["type"] == "CAUTION"
        house.operator.policies.create("ALLOWED_ADDRESSES", {"addresses": [recipient]}, agent_id=wallet.agent_id)
        confirmed(house, client.send(to=recipient, amount=PAID, token=token))


def test_native_money_for_what_is_no_wallet_waits_for_a_person(solana: House) -> None:
    """SOL for an address that no key can sign for is held, and paid at once when a list of addresses names it."""
    wallet, client = client_of(solana)
    limit = {"instant_max": str(10 * _SOME_SOL)}
    solana.operator.policies.create("SPENDING_LIMIT", limit, agent_id=wallet.agent_id)
    held = client.send(to=_OFF_CURVE, amount=_SOME_SOL)
    assert (held.tier, held.status) == ("APPROVAL", "QUEUED")
    assert [caution["code"] for caution in held.cautions] == ["OFF_CURVE"]
    solana.operator.policies.create("ALLOWED_ADDRESSES", {"addresses": [_OFF_CURVE]}, agent_id=wallet.agent_id)
    confirmed(solana, client.send(to=_OFF_CURVE, amount=_SOME_SOL))


def _balance(chain: EvmChain, token: str, address: str) -> int:
    asked = {"to": token, "data": call_data("Standard", "balanceOf", address)}
    return int(chain.anvil.call("eth_call", asked, "latest"), 16)
