"""A rollup's fee for data: asked of its oracle, bounded in the evidence, and part of every fee."""

from collections.abc import Callable
from typing import Any

import coincurve
import pytest
from waiaas_evm.rollup import EXACT, ORACLE, UPPER_BOUND
from waiaas_evm.transaction import read_unsigned

from waiaas.errors import NotYet, Refused, Unavailable
from waiaas.interfaces.chain import Account, Amount, BuildRequest, Destination, Intent, Kind
from waiaas.testing.http import ScriptedHttp

from .accounts import ETH, Signer, account_of, adapter_over, network

BASE = network("base")
KEY = coincurve.PrivateKey(bytes([7]) * 32)
ACCOUNT: Account = account_of(KEY)
TO = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"
REVERTED = {"error": {"code": 3, "message": "execution reverted", "data": "0x"}}

SAID: dict[str, Any] = {
    "eth_chainId": "0x2105",
    "eth_getTransactionCount": "0x0",
    "eth_getBalance": hex(ETH),
    "eth_getCode": "0x",
    "eth_call": "0x",
    "eth_estimateGas": hex(21_000),
    "eth_gasPrice": "0x1",
    "eth_getBlockByNumber": {"number": "0x64", "baseFeePerGas": hex(10**6)},
    "eth_feeHistory": {"baseFeePerGas": [hex(10**6)] * 2, "gasUsedRatio": [0.5], "reward": [[hex(10**6)]]},
}

Oracle = Callable[[bytes], Any]


def node(oracle: Oracle, **changes: Any) -> ScriptedHttp:
    """A node of Base. :param oracle: from calldata to its answer; :param changes: other answers, by method"""

    def one(call: dict[str, Any]) -> dict[str, Any]:
        if call["method"] == "eth_call" and call["params"][0]["to"] == ORACLE:
            answer = oracle(bytes.fromhex(call["params"][0]["data"][2:]))
            return answer if isinstance(answer, dict) else {"result": f"0x{answer:064x}"}
        return {"result": {**SAID, **changes}[call["method"]]}

    return ScriptedHttp(lambda _method, _path, body: [{"id": call["id"], **one(call)} for call in body])


def both(data: bytes) -> Any:
    """An oracle since Fjord."""
    return 5_000_000 if data.startswith(UPPER_BOUND) else 4_000_000


def old(data: bytes) -> Any:
    """An oracle from before."""
    return REVERTED if data.startswith(UPPER_BOUND) else 4_000_000


def request(adapter: Any, max_fee: int = 10**15) -> BuildRequest:
    """A payment of a thousandth of a coin."""
    amount = Amount(asset=BASE.native.id, units=ETH // 1_000)
    intent = Intent(kind=Kind.TRANSFER, to=Destination(address=TO), amount=amount)
    resolved = adapter.resolve(intent, ACCOUNT)
    return BuildRequest(resolved=resolved, account=ACCOUNT, in_flight=(), salt=bytes(16), now=0, max_fee=max_fee)


@pytest.mark.parametrize(("oracle", "fee"), [(both, 5_000_000), (old, 4_000_000)])
def test_the_fee_for_data_is_bounded_with_a_margin(oracle: Oracle, fee: int) -> None:
    """The upper bound where the oracle has one, else its exact fee for bytes that do not compress; twice that by default."""
    adapter = adapter_over(node(oracle), on=BASE)
    asked = request(adapter)
    unsigned = adapter.build(asked)
    assert unsigned.evidence == {"height": "100", "made": "0", "data_fee": str(2 * fee)}
    tx = read_unsigned(unsigned.body)
    assert adapter.decode(unsigned, ACCOUNT).max_fee.units == tx.gas * tx.max_fee + 2 * fee
    assert asked.resolved.likely_fee.units == 21_000 * (10**6 + 10**6) + 2 * fee
    lean = adapter_over(node(oracle), on=BASE, data_fee_margin=0)
    assert lean.build(request(lean)).evidence["data_fee"] == str(fee)


def test_the_question_is_about_bytes_that_long() -> None:
    """The oracle is asked for at least as many bytes as are signed, and for noise of that length."""
    asked: list[bytes] = []

    def noting(data: bytes) -> Any:
        asked.append(data)
        return 1

    adapter = adapter_over(node(noting), on=BASE)
    unsigned = adapter.build(request(adapter))
    bound = next(data for data in asked if data.startswith(UPPER_BOUND))
    exact = next(data for data in asked if data.startswith(EXACT))
    length = int.from_bytes(bound[4:])
    assert len(unsigned.body) <= length <= len(unsigned.body) + 64
    assert int.from_bytes(exact[36:68]) == length
    assert len(set(exact[68 : 68 + length])) > length // 3


def test_the_cap_holds_the_fee_for_data_too() -> None:
    """Gas and data together stay under the cap, or the payment waits."""
    adapter = adapter_over(node(both), on=BASE)
    likely = request(adapter).resolved.likely_fee.units
    unsigned = adapter.build(request(adapter, max_fee=likely))
    assert adapter.decode(unsigned, ACCOUNT).max_fee.units <= likely
    with pytest.raises(NotYet) as problem:
        adapter.build(request(adapter, max_fee=9_999_999))
    assert problem.value.code == "FEE_ABOVE_CAP"


def test_the_balance_must_cover_the_fee_for_data_too() -> None:
    """An account that could pay the gas alone cannot pay."""
    barely = ETH // 1_000 + 21_000 * 2 * 10**6 + 9_999_999
    adapter = adapter_over(node(both, eth_getBalance=hex(barely)), on=BASE)
    with pytest.raises(Refused) as problem:
        adapter.build(request(adapter))
    assert problem.value.code == "INSUFFICIENT_FUNDS"
    richer = adapter_over(node(both, eth_getBalance=hex(barely + 1)), on=BASE)
    assert richer.build(request(richer))


def test_an_oracle_that_does_not_answer_builds_nothing() -> None:
    """Without any bound on the fee nothing is resolved or built."""
    for oracle in (lambda _data: REVERTED, lambda _data: {"error": {"code": -32005, "message": "slow down"}}):
        with pytest.raises(Unavailable):
            request(adapter_over(node(oracle), on=BASE))


def test_a_paid_fee_for_data_is_booked() -> None:
    """The receipt's ``l1Fee`` is part of what was paid."""
    adapter = adapter_over(node(both), on=BASE)
    unsigned = adapter.build(request(adapter))
    (payload,) = adapter.signing_payloads(unsigned, ACCOUNT, ())
    signed = adapter.attach(unsigned, ACCOUNT, (Signer(KEY)(payload),))
    receipt = {
        "transactionHash": signed.tx_hash,
        "from": ACCOUNT.address.lower(),
        "blockNumber": "0x63",
        "blockHash": "0x" + "2" * 64,
        "gasUsed": hex(21_000),
        "effectiveGasPrice": hex(1_500_000),
        "status": "0x1",
        "l1Fee": hex(4_444),
    }
    block = {"number": "0x64", "hash": "0x" + "2" * 64}
    answers = {"eth_getTransactionReceipt": receipt, "eth_getBlockByNumber": block, "eth_blockNumber": "0x70"}
    (status,) = adapter_over(node(both, **answers), on=BASE).statuses([signed])
    assert status.fee_paid is not None
    assert status.fee_paid.units == 21_000 * 1_500_000 + 4_444
