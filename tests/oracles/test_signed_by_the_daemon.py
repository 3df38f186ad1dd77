"""What the daemon has signed, read by libraries that no one here wrote: sender, hash and every field."""

import asyncio
import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from eth_abi.abi import decode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from solana.rpc.async_api import AsyncClient
from solana.rpc.commitment import Confirmed
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.token.associated import get_associated_token_address
from solders.transaction import VersionedTransaction
from web3 import Web3

from tests.harness.chains import ChainCase, TestChain
from tests.harness.data_directory import copy_of
from tests.harness.evm_chain import EvmCase, EvmTokenCase
from tests.harness.fixtures import runnable
from tests.harness.house import House, Wallet, confirmed
from tests.harness.oracles import Readers
from tests.harness.solana_chain import SolanaCase, SolanaTokenCase
from tests.oracles.evm_reading import Reading, eth_account, from_javascript, ours

_UNITS = 1_234_567
_MEMO = "for tea"
_TOKEN_2022 = "TokenzQdBNbLqP5VEhdkAS6EPFLC1PHnBqCXEpPxuEb"
_BEFORE_LONDON = ("--hardfork", "berlin")


class LegacyCase(EvmCase):
    """A chain without a base fee."""

    name = "evm-native-legacy"
    options = _BEFORE_LONDON


class LegacyTokenCase(EvmTokenCase):
    """A token there."""

    name = "evm-token-legacy"
    options = _BEFORE_LONDON


@dataclass(frozen=True, kw_only=True)
class Sent:
    """A payment that was made. :param raw: the bytes as the daemon has stored them; :param evidence: beside them"""

    chain: TestChain
    wallet: Wallet
    recipient: str
    tx_hash: str
    raw: bytes
    evidence: dict[str, str]


@contextmanager
def _sent(case: ChainCase, template: Path, folder: Path, **more: Any) -> Iterator[Sent]:
    runnable(case)
    root = folder / "house"
    copy_of(template, root)
    with case.start() as chain:
        house = House(root, case, chain)
        try:
            house.start()
            wallet, recipient = house.instant(), case.new_recipient()
            row = confirmed(house, house.client(wallet).send(**case.payment(recipient, _UNITS), **more))
            (variant,) = house.rows("SELECT * FROM transaction_variants WHERE tx_id = ?", row["id"])
            yield Sent(
                chain=chain,
                wallet=wallet,
                recipient=recipient,
                tx_hash=row["tx_hash"],
                raw=bytes.fromhex(variant["signed_raw"]),
                evidence=json.loads(variant["evidence"]),
            )
        finally:
            house.close()


# --- EVM ------------------------------------------------------------------------------------------------------------------


def _is_native(reading: Reading, sent: Sent) -> None:
    assert (reading.to, reading.value, reading.data) == (sent.recipient, _UNITS, "0x")


def _is_token(reading: Reading, sent: Sent) -> None:
    assert (reading.to, reading.value) == (EvmTokenCase.token, 0)
    data = bytes.fromhex(reading.data[2:])
    assert data[:4] == keccak(text="transfer(address,uint256)")[:4]
    recipient, units = decode(["address", "uint256"], data[4:])
    assert (to_checksum_address(recipient), units) == (sent.recipient, _UNITS)


@pytest.mark.parametrize(
    ("case", "type_", "check"),
    [
        (EvmCase(), 2, _is_native),
        (EvmTokenCase(), 2, _is_token),
        (LegacyCase(), 0, _is_native),
        (LegacyTokenCase(), 0, _is_token),
    ],
    ids=lambda value: getattr(value, "name", ""),
)
def test_an_evm_payment_is_the_same_to_everybody(
    case: EvmCase,
    type_: int,
    check: Callable[[Reading, Sent], None],
    template: Path,
    tmp_path: Path,
    readers: Readers,
) -> None:
    """viem, ethers, eth-account and web3.py on the chain find sender, hash and every field as the daemon stored them."""
    with _sent(case, template, tmp_path) as sent:
        by_node = _from_web3(sent.chain.url, sent.tx_hash)
    mine = ours(sent.raw)
    assert mine is not None
    assert (mine.sender, mine.hash) == (sent.wallet.address, sent.tx_hash)
    assert (mine.type, mine.chain, mine.nonce, mine.accesses) == (type_, 31337, 0, 0)
    assert 21_000 <= mine.gas <= 200_000
    assert 0 < mine.gas * mine.max_fee <= case.fee * 2
    check(mine, sent)
    theirs = readers.evm(sent.raw)
    assert from_javascript(theirs["viem"]) == mine
    assert from_javascript(theirs["ethers"]) == mine
    assert eth_account(sent.raw) == mine
    assert by_node == mine


def _from_web3(url: str, tx_hash: str) -> Reading:
    """As web3.py reads it back from the node."""
    provider = Web3.HTTPProvider(url, request_kwargs={"proxies": {"http": "", "https": ""}})
    tx: Any = Web3(provider).eth.get_transaction(tx_hash)  # type: ignore[arg-type]
    is_legacy = int(tx["type"]) == 0
    return Reading(
        type=int(tx["type"]),
        chain=tx["chainId"],
        nonce=tx["nonce"],
        to=tx["to"],
        value=tx["value"],
        data="0x" + bytes(tx["input"]).hex(),
        gas=tx["gas"],
        max_fee=tx["gasPrice"] if is_legacy else tx["maxFeePerGas"],
        tip=tx["gasPrice"] if is_legacy else tx["maxPriorityFeePerGas"],
        accesses=len(tx.get("accessList") or ()),
        r=int.from_bytes(tx["r"]),
        s=int.from_bytes(tx["s"]),
        parity=(tx["v"] - 35) % 2 if is_legacy else tx["yParity"],
        sender=tx["from"],
        hash="0x" + bytes(tx["hash"]).hex(),
    )


# --- Solana ---------------------------------------------------------------------------------------------------------------


def test_a_solana_payment_is_the_same_to_everybody(template: Path, tmp_path: Path, readers: Readers) -> None:
    """@solana/kit and solana-py find signer, signature, blockhash and every instruction of a transfer with a memo."""
    with _sent(SolanaCase(), template, tmp_path, memo=_MEMO) as sent:
        _is_known_to_solana_py(sent)
    read = readers.kit(base64.b64encode(sent.raw).decode())
    *prices, transfer, memo = _envelope(read, sent)
    _is_affordable(prices, SolanaCase.fee)
    payer, units = sent.wallet.address, str(_UNITS)
    assert transfer == {"what": "transfer", "from": payer, "to": sent.recipient, "units": units}
    assert memo == {"what": "memo", "text": _MEMO}


def test_a_solana_token_payment_is_the_same_to_everybody(template: Path, tmp_path: Path, readers: Readers) -> None:
    """@solana/kit and solana-py find mint, owner, derived accounts, raw amount and decimals of a token transfer."""
    case = SolanaTokenCase()
    with _sent(case, template, tmp_path) as sent:
        _is_known_to_solana_py(sent)
    read = readers.kit(base64.b64encode(sent.raw).decode())
    *prices, create, tokens = _envelope(read, sent)
    _is_affordable(prices, case.fee)
    payer, mint = sent.wallet.address, str(case.mint)
    program = {"mint": mint, "program": _TOKEN_2022}
    account = _derived(sent.recipient, mint)
    assert create == {"what": "create", "payer": payer, "account": account, "owner": sent.recipient, **program}
    amount = {"units": str(_UNITS), "decimals": 6}
    assert tokens == {
        "what": "tokens",
        "from": _derived(payer, mint),
        "to": account,
        "owner": payer,
        **program,
        **amount,
    }


def _envelope(read: dict[str, Any], sent: Sent) -> list[dict[str, Any]]:
    assert "error" not in read, read
    payer = sent.wallet.address
    assert (read["version"], read["payer"], read["signers"], read["signer"]) == (0, payer, 1, payer)
    assert (read["signature"], read["verifies"]) == (sent.tx_hash, True)
    message = VersionedTransaction.from_bytes(sent.raw).message
    assert isinstance(message, MessageV0)
    assert read["blockhash"] == str(message.recent_blockhash)
    instructions: list[dict[str, Any]] = read["instructions"]
    return instructions


def _is_affordable(prices: list[dict[str, Any]], fee: int) -> None:
    """The three instructions to the compute budget, in order, and what they let the chain take."""
    limit, price, data = ((one["what"], int(one["units"])) for one in prices)
    assert [limit[0], price[0], data[0]] == ["unit limit", "unit price", "data limit"]
    assert 0 < limit[1] <= 1_400_000
    assert limit[1] * price[1] <= fee * 1_000_000
    assert 32 << 20 <= data[1] < 64 << 20


def _is_known_to_solana_py(sent: Sent) -> None:
    """solana-py finds the very bytes on the chain, by their signature, executed."""

    async def ask() -> None:
        async with AsyncClient(sent.chain.url, commitment=Confirmed) as client:
            signature = Signature.from_string(sent.tx_hash)
            found = (await client.get_transaction(signature, "base64", Confirmed, 0)).value
        assert found is not None
        assert found.transaction.meta is not None
        assert found.transaction.meta.err is None
        assert bytes(found.transaction.transaction) == sent.raw

    asyncio.run(ask())


def _derived(owner: str, mint: str) -> str:
    program = Pubkey.from_string(_TOKEN_2022)
    return str(get_associated_token_address(Pubkey.from_string(owner), Pubkey.from_string(mint), program))
