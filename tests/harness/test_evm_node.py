"""The node that lies: each lie is seen through plain JSON-RPC, and is over when healed."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from eth_account import Account

from tests.harness.chains import Payment
from tests.harness.deadline import until
from tests.harness.evm_chain import EvmCase, EvmChain, EvmTokenCase

_KEY = Account.from_key("0x" + "11" * 32)
_TO = "0x00000000000000000000000000000000000A11cE"
_COIN = 10**18
_GWEI = 10**9


@pytest.fixture
def chain() -> Iterator[EvmChain]:
    """A chain with one account that has ten coins."""
    with EvmCase().start() as running:
        assert isinstance(running, EvmChain)
        running.fund(_KEY.address, 10 * _COIN)
        yield running


def _ask(url: str, method: str, *params: Any) -> Any:
    body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
    answer = httpx.post(url, json=body, trust_env=False, timeout=10)
    answer.raise_for_status()
    return answer.json()["result"]


def _signed(nonce: int) -> tuple[str, str]:
    fees = {"maxFeePerGas": 10 * _GWEI, "maxPriorityFeePerGas": _GWEI, "gas": 21_000}
    made = _KEY.sign_transaction({"to": _TO, "value": _COIN, "nonce": nonce, "chainId": 31337, "type": 2, **fees})
    return "0x" + made.raw_transaction.hex(), "0x" + made.hash.hex()


def _send(chain: EvmChain, nonce: int = 0) -> str:
    raw, tx_hash = _signed(nonce)
    assert _ask(chain.url, "eth_sendRawTransaction", raw) == tx_hash
    return tx_hash


def _landed(chain: EvmChain, count: int = 1) -> None:
    until(lambda: len(chain.payments()) == count, "the payment to land")


def test_an_honest_node_shows_what_landed(chain: EvmChain) -> None:
    """A payment is listed once, counted as handed over, and what left is its amount and fee."""
    tx_hash = _send(chain)
    _landed(chain)
    paid = Payment(tx_hash=tx_hash, sender=_KEY.address, recipient=_TO, units=_COIN)
    assert chain.payments(sender=_KEY.address) == chain.payments(recipient=_TO) == [paid]
    assert chain.payments(recipient=_KEY.address) == []
    assert chain.handed_over(tx_hash) == 1
    receipt = _ask(chain.url, "eth_getTransactionReceipt", tx_hash)
    fee = int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)
    assert chain.left(_KEY.address) == {"eip155:31337/slip44:60": _COIN + fee}


def test_what_another_program_spends_does_not_count_as_left(chain: EvmChain) -> None:
    """A nonce used from outside moves the count and nothing else."""
    chain.use_nonce(_KEY.address)
    assert _ask(chain.url, "eth_getTransactionCount", _KEY.address, "latest") == "0x1"
    assert chain.left(_KEY.address) == {}
    assert chain.payments() == []


def test_a_lagging_node_and_a_replica_know_nothing_of_later_blocks(chain: EvmChain) -> None:
    """Height, counts, balances, receipts, transactions and blocks are those of so many blocks ago, until healed."""
    tip = chain.anvil.advance(30)
    tx_hash = _send(chain)
    _landed(chain)
    chain.anvil.advance(3)
    chain.lag(20)
    for url in (chain.url, chain.replica_url(0)):
        assert int(_ask(url, "eth_blockNumber"), 16) < tip
        assert _ask(url, "eth_getTransactionCount", _KEY.address, "pending") == "0x0"
        assert _ask(url, "eth_getTransactionReceipt", tx_hash) is None
        assert _ask(url, "eth_getTransactionByHash", tx_hash) is None
        assert _ask(url, "eth_getBlockByNumber", hex(tip + 1), False) is None
        assert int(_ask(url, "eth_getBlockByNumber", "latest", False)["number"], 16) < tip
        assert int(_ask(url, "eth_getBalance", _TO, "latest"), 16) == 0
    chain.heal()
    assert _ask(chain.replica_url(20), "eth_getTransactionReceipt", tx_hash) is None
    assert _ask(chain.url, "eth_getTransactionReceipt", tx_hash) is not None
    assert _ask(chain.url, "eth_getTransactionCount", _KEY.address, "latest") == "0x1"


def test_a_node_that_stands_still_keeps_what_it_takes_in_its_pool(chain: EvmChain) -> None:
    """Nothing new is in a block; the payment waits, counts as pending, and is in a block when the node goes on."""
    chain.stand_still()
    before = _ask(chain.url, "eth_blockNumber")
    tx_hash = _send(chain)
    _landed(chain)
    assert _ask(chain.url, "eth_blockNumber") == before
    assert _ask(chain.url, "eth_getTransactionReceipt", tx_hash) is None
    assert _ask(chain.url, "eth_getTransactionByHash", tx_hash)["blockNumber"] is None
    assert _ask(chain.url, "eth_getTransactionCount", _KEY.address, "latest") == "0x0"
    assert _ask(chain.url, "eth_getTransactionCount", _KEY.address, "pending") == "0x1"
    chain.stand_still(False)
    assert _ask(chain.url, "eth_getTransactionReceipt", tx_hash)["status"] == "0x1"


def test_outliving_bytes_shows_even_while_the_node_stands_still(chain: EvmChain) -> None:
    """The jump is seen, the nonce is used, and bytes that claim it are refused."""
    raw, _ = _signed(0)
    chain.stand_still()
    chain.outlive_bytes()
    assert _ask(chain.url, "eth_getTransactionCount", _KEY.address, "latest") == "0x1"
    body = {"jsonrpc": "2.0", "id": 1, "method": "eth_sendRawTransaction", "params": [raw]}
    assert "nonce too low" in httpx.post(chain.url, json=body, trust_env=False).json()["error"]["message"]


def test_bytes_are_swallowed_refused_or_taken_without_an_answer(chain: EvmChain) -> None:
    """Each of these strikes once, and only what was taken lands."""
    raw, tx_hash = _signed(0)
    chain.swallow()
    assert _ask(chain.url, "eth_sendRawTransaction", raw) == tx_hash
    chain.refuse_bytes()
    with pytest.raises(httpx.HTTPStatusError):
        _ask(chain.url, "eth_sendRawTransaction", raw)
    assert _ask(chain.url, "eth_getTransactionByHash", tx_hash) is None
    assert chain.handed_over(tx_hash) == 1
    chain.drop_answer()
    with pytest.raises(httpx.TransportError):
        _ask(chain.url, "eth_sendRawTransaction", raw)
    _landed(chain)
    chain.fail_after()
    with pytest.raises(httpx.HTTPStatusError):
        _send(chain, 1)
    _landed(chain, 2)


def test_a_node_is_away_limits_and_masquerades(chain: EvmChain) -> None:
    """Connections are closed, 429 answered, another chain id claimed; healed, none of it is left."""
    chain.away()
    with pytest.raises(httpx.TransportError):
        _ask(chain.url, "eth_chainId")
    chain.away(False)
    chain.rate_limit()
    with pytest.raises(httpx.HTTPStatusError, match="429"):
        _ask(chain.url, "eth_chainId")
    chain.masquerade()
    assert _ask(chain.url, "eth_chainId") == "0x1"
    chain.heal()
    assert _ask(chain.url, "eth_chainId") == hex(31337)


def test_a_pruned_node_shows_no_transaction(chain: EvmChain) -> None:
    """Neither by hash, nor its receipt, nor in its block."""
    tx_hash = _send(chain)
    _landed(chain)
    receipt = _ask(chain.url, "eth_getTransactionReceipt", tx_hash)
    chain.forget_history()
    for method in ("eth_getTransactionReceipt", "eth_getTransactionByHash"):
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": [tx_hash]}
        assert httpx.post(chain.url, json=body, trust_env=False).json()["error"]["code"] == 4444
    assert _ask(chain.url, "eth_getBlockByNumber", receipt["blockNumber"], True)["transactions"] == []
    assert _ask(chain.url, "eth_getTransactionCount", _KEY.address, "latest") == "0x1"


def test_a_denied_payment_is_another_transaction_everywhere(chain: EvmChain) -> None:
    """Its hash is unknown, another one stands in its block and can be looked up, and the nonce is used all the same."""
    tx_hash = _send(chain)
    _landed(chain)
    receipt = _ask(chain.url, "eth_getTransactionReceipt", tx_hash)
    chain.deny_payments()
    assert _ask(chain.url, "eth_getTransactionReceipt", tx_hash) is None
    block = _ask(chain.url, "eth_getBlockByNumber", receipt["blockNumber"], True)
    (other,) = block["transactions"]
    assert (other["nonce"], other["from"]) == ("0x0", _KEY.address.lower())
    assert other["hash"] != tx_hash
    assert _ask(chain.url, "eth_getTransactionReceipt", other["hash"])["transactionHash"] == other["hash"]
    chain.deny_payments(False)
    assert _ask(chain.url, "eth_getTransactionReceipt", tx_hash) == receipt


def test_token_payments_are_read_from_their_logs() -> None:
    """Minted units are funds and no payment; a transfer is one, and leaves the token's account."""
    case = EvmTokenCase()
    with case.start() as chain:
        assert isinstance(chain, EvmChain)
        chain.fund(_KEY.address, 5)
        assert chain.payments() == []
        from tests.harness.contracts import call_data

        asked = {"from": _KEY.address, "to": case.token, "data": call_data("Standard", "transfer", _TO, 2)}
        chain.anvil.call("anvil_impersonateAccount", _KEY.address)
        tx_hash = chain.anvil.call("eth_sendTransaction", asked)
        _landed(chain)
        assert chain.payments() == [Payment(tx_hash=tx_hash, sender=_KEY.address, recipient=_TO, units=2)]
        assert chain.left(_KEY.address)[f"eip155:31337/erc20:{case.token}"] == 2
