"""Answers as nodes in the wild give them: each payment is judged by its own, and one that is odd holds up no other."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import coincurve
import pytest
from waiaas_evm.localnet import Anvil
from waiaas_evm.transaction import read_signed

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Phase, Signed, Status
from waiaas.testing.bench import Bench
from waiaas.testing.http import DirectHttp, ScriptedHttp

from .accounts import DEEP, ETH, GWEI, account_of, configured_adapter, rival

_RECEIPT, _HASH, _BLOCK = "eth_getTransactionReceipt", "eth_getTransactionByHash", "eth_getBlockByNumber"


@dataclass(frozen=True)
class Wild:
    """A node that answers oddly about one transaction. :param change: from the answer as it should be to the odd one"""

    http: DirectHttp
    tx_hash: str
    method: str
    change: Callable[[dict[str, Any]], dict[str, Any]]

    def json(self, method: str, path: str, body: Any) -> Any:
        """As :class:`ScriptedHttp` wants it."""
        calls = body if isinstance(body, list) else [body]
        answers = [self._one(call) for call in calls]
        return answers if isinstance(body, list) else answers[0]

    def _one(self, call: dict[str, Any]) -> Any:
        answer = self.http.json("POST", "", call)
        is_odd = call["method"] == self.method and self.tx_hash in ("", *call["params"][:1])
        return {"id": call["id"], **self.change(answer)} if is_odd else answer


def without(*names: str, **others: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Results that lack these fields, and have others."""

    def change(answer: dict[str, Any]) -> dict[str, Any]:
        result = answer["result"]
        return {"result": {name: value for name, value in result.items() if name not in names} | others}

    return change


def failing(code: int, message: str) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """An error instead."""
    return lambda answer: {"error": {"code": code, "message": message}}


def being(result: Any) -> Callable[[dict[str, Any]], dict[str, Any]]:
    """Another result instead."""
    return lambda answer: {"result": result}


@pytest.fixture
def paid(deep: Bench, anvil: Anvil) -> list[Signed]:
    """Three payments of three accounts, deep enough."""
    found = []
    for _ in range(3):
        key = coincurve.PrivateKey()
        anvil.call("anvil_setBalance", account_of(key).address, hex(ETH))
        _, signed = rival(deep, key).payment()
        deep.adapter.broadcast(signed)
        found.append(signed)
    deep.chain.advance(4)
    return found


def told(wild: Wild, signed: list[Signed], **table: Any) -> list[Status]:
    """What the adapter makes of such a node."""
    return list(configured_adapter(ScriptedHttp(wild.json), {**DEEP, **table}).statuses(signed))


PENDING = without(blockHash=None, blockNumber=None, transactionIndex=None, status=None)
ODD: dict[str, tuple[str, Callable[[dict[str, Any]], dict[str, Any]], Phase]] = {
    "in no block yet": (_RECEIPT, PENDING, Phase.POOL),
    "indexing": (_RECEIPT, failing(-32000, "transaction indexing is in progress"), Phase.UNKNOWN),
    "an error nobody knows": (_RECEIPT, failing(-39999, "?"), Phase.UNKNOWN),
    "an error of its own": (_RECEIPT, failing(-32602, "invalid argument"), Phase.UNKNOWN),
    "decimal": (_RECEIPT, without(gasUsed="21000"), Phase.UNKNOWN),
    "half a block": (_RECEIPT, without(blockHash=None), Phase.UNKNOWN),
    "a list": (_RECEIPT, being([]), Phase.UNKNOWN),
    "a text": (_RECEIPT, being("no"), Phase.UNKNOWN),
    "without status": (_RECEIPT, without("status"), Phase.UNKNOWN),
    "no gas used": (_RECEIPT, without(gasUsed="0x0"), Phase.UNKNOWN),
    "a price of nothing": (_RECEIPT, without(effectiveGasPrice="0x0"), Phase.UNKNOWN),
    "no price": (_RECEIPT, without("effectiveGasPrice"), Phase.FINAL),
}


@pytest.mark.parametrize("name", ODD)
def test_one_odd_receipt_holds_up_no_other(paid: list[Signed], http: DirectHttp, name: str) -> None:
    """The others are FINAL with what they cost; of the odd one is told what can be told."""
    method, change, phase = ODD[name]
    first, odd, last = told(Wild(http, paid[1].tx_hash, method, change), paid)
    assert [first.phase, odd.phase, last.phase] == [Phase.FINAL, phase, Phase.FINAL]
    assert first.fee_paid is not None
    assert last.fee_paid is not None
    # a fee that the node does not name is left to the host, which takes it for the most that it can be
    assert odd.fee_paid is None


def test_an_odd_answer_about_the_pool_holds_up_no_other(paid: list[Signed], deep: Bench, http: DirectHttp) -> None:
    """Of bytes that are in no block the pool is asked; where it answers nonsense nothing is known of them."""
    _, waiting = deep.payment()
    for change in (failing(-32000, "busy"), being("no"), being({"hash": 7})):
        first, odd = told(Wild(http, waiting.tx_hash, _HASH, change), [paid[0], waiting])
        assert (first.phase, odd.phase) == (Phase.FINAL, Phase.UNKNOWN)


@pytest.mark.parametrize("change", [failing(-32000, "busy"), being(None), being({"hash": "no"}), being([])])
def test_a_block_that_cannot_be_read_makes_nothing_final(
    paid: list[Signed], http: DirectHttp, change: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    """The block of one payment is asked for by its height: the payment is in a block, and not final."""
    wild = Wild(http, _result(http, _RECEIPT, paid[0].tx_hash)["blockNumber"], _BLOCK, change)
    assert {status.phase for status in told(wild, paid)} == {Phase.INCLUDED}


def test_a_price_below_the_tip_or_the_base_fee_is_no_receipt(deep: Bench, http: DirectHttp) -> None:
    """What the bytes offer at least is taken at least; where block makers take no tips the base fee is the least."""
    tipping = {"priority_floor": GWEI}
    _, signed = replace(deep, adapter=configured_adapter(http, {**DEEP, **tipping})).payment()
    deep.adapter.broadcast(signed)
    deep.chain.advance(4)
    tx, _ = read_signed(signed.raw)
    block = _result(http, _RECEIPT, signed.tx_hash)["blockNumber"]
    base = int(_result(http, _BLOCK, block, False)["baseFeePerGas"], 16)
    assert 0 < base < tx.tip == GWEI

    def odd(price: int, **table: Any) -> Phase:
        change = without(effectiveGasPrice=hex(price))
        return told(Wild(http, signed.tx_hash, _RECEIPT, change), [signed], **table)[0].phase

    assert odd(tx.tip - 1, **tipping) is Phase.UNKNOWN
    assert odd(tx.tip, **tipping) is Phase.FINAL
    assert odd(base - 1) is Phase.UNKNOWN
    assert odd(base) is Phase.FINAL


def _result(http: DirectHttp, method: str, *params: Any) -> Any:
    return http.json("POST", "", {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})["result"]


def test_why_one_failed_holds_up_nobodys_end(paid: list[Signed], http: DirectHttp) -> None:
    """A node that answers nothing about old states leaves the failure without its reason."""

    def answer(method: str, path: str, body: Any) -> Any:
        if isinstance(body, list) and any(call["method"] == "eth_call" for call in body):
            raise Unavailable("away")
        return Wild(http, paid[1].tx_hash, _RECEIPT, without(status="0x0")).json(method, path, body)

    statuses = configured_adapter(ScriptedHttp(answer), DEEP).statuses(paid)
    assert [status.phase for status in statuses] == [Phase.FINAL] * 3
    assert [status.ok for status in statuses] == [True, False, True]


def test_a_node_that_does_not_say_what_is_final_tells_of_nobody(paid: list[Signed], http: DirectHttp) -> None:
    """Without the height nothing can be said of any payment."""
    with pytest.raises(Unavailable):
        told(Wild(http, "", "eth_blockNumber", failing(-32000, "busy")), paid)


def test_bytes_from_before_what_a_node_keeps_hold_up_no_other_proof(deep: Bench, http: DirectHttp) -> None:
    """Of one of four dead payments the node has thrown the blocks away: the others are proven, if not all in one look."""
    old, *young = [_outrun(deep) for _ in range(4)]
    kept_since = int(young[0].evidence["height"])

    def forget(answer: dict[str, Any]) -> dict[str, Any]:
        block = answer["result"]
        return {"result": None if block and int(block["number"], 16) <= kept_since else block}

    wild = Wild(http, "", _BLOCK, forget)
    phases = [status.phase for status in told(wild, [old, *young])]
    assert phases.count(Phase.DEAD) == 2
    left = [one for one, phase in zip(young, phases[1:], strict=True) if phase is not Phase.DEAD]
    assert [status.phase for status in told(wild, [old, *left])] == [Phase.UNSEEN, Phase.DEAD]


def _outrun(deep: Bench) -> Signed:
    """Bytes whose nonce a final cancellation has used; of their time only the height is told."""
    _, signed = deep.payment()
    deep.adapter.broadcast(deep.cancellation(signed))
    deep.chain.advance(4)
    return replace(signed, evidence={"height": signed.evidence["height"]})
