"""Handing bytes over: what nodes say of them, in the words of each, and what is true all the same."""

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from waiaas_evm.localnet import Anvil

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Phase, Sent
from waiaas.testing.bench import Bench
from waiaas.testing.http import DirectHttp, ScriptedHttp

from .accounts import adapter_over

Answer = Callable[[str, str, Any], Any]


def saying(error: dict[str, Any], *, is_known: bool = False, tx_hash: str = "") -> ScriptedHttp:
    """A node that refuses every transaction with an error, and has or has not these bytes."""

    def answer(method: str, path: str, body: Any) -> Any:
        if isinstance(body, list):
            found = {"hash": tx_hash, "transactionHash": tx_hash} if is_known else None
            return [{"jsonrpc": "2.0", "id": call["id"], "result": found} for call in body]
        return {"jsonrpc": "2.0", "id": body["id"], "error": error}

    return ScriptedHttp(answer)


ALREADY = [
    ("geth", -32000, "already known"),
    ("erigon", -32000, "ALREADY_EXISTS: already known"),
    ("nethermind", -32010, "AlreadyKnown"),
    ("besu", -32000, "Known transaction"),
    ("reth", -32000, "already known"),
    ("anvil", -32003, "transaction already imported"),
    ("geth, landed", -32000, "nonce too low: next nonce 8, tx nonce 7"),
    ("nethermind, landed", -32010, "OldNonce, Current nonce: 8, nonce of rejected tx: 7"),
    ("besu, landed", -32001, "Nonce too low"),
]


@pytest.mark.parametrize(("node", "code", "message"), ALREADY)
def test_what_a_node_has_is_known(bench: Bench, node: str, code: int, message: str) -> None:
    """However a node words it, and even if it says that the nonce is used: bytes that it has are KNOWN."""
    _, signed = bench.payment()
    error = {"code": code, "message": message}
    has = saying(error, is_known=True, tx_hash=signed.tx_hash)
    assert adapter_over(has).broadcast(signed) == (Sent.KNOWN, "")
    other = saying(error, is_known=True, tx_hash="0x" + "1" * 64)
    assert adapter_over(other).broadcast(signed)[0] is Sent.REFUSED


REFUSALS = [
    (-32000, "nonce too low: next nonce 8, tx nonce 7", "used by another"),
    (-32010, "OldNonce", "used by another"),
    (-32000, "NONCE_TOO_LOW: nonce too low", "used by another"),
    (-32000, "replacement transaction underpriced", "with this nonce"),
    (-32010, "ReplacementNotAllowed", "with this nonce"),
    (-32000, "transaction underpriced: gas tip cap 1, minimum needed 25000000000", "higher fee"),
    (-32010, "FeeTooLow, MaxFeePerGas too low", "higher fee"),
    (-32000, "max fee per gas less than block base fee", "higher fee"),
    (-32009, "Gas price below configured minimum gas price", "higher fee"),
    (-32000, "insufficient funds for gas * price + value: balance 1, tx cost 2", "cannot pay"),
    (-32003, "Insufficient funds for gas * price + value", "cannot pay"),
    (-32004, "Upfront cost exceeds account balance", "cannot pay"),
    (-32000, "intrinsic gas too low: gas 20000, minimum needed 21000", "gas limit"),
    (-32000, "exceeds block gas limit", "gas limit"),
    (-32000, "invalid sender", "signature"),
    (-32000, "transaction type not supported", "type of transaction"),
    (-32000, "rlp: expected input list for types.LegacyTx", "cannot read"),
    (-32000, "in-flight transaction limit reached for delegated accounts", "too many"),
    (-32000, "nonce too high", "nonces before"),
    (-32000, "their very own words", "did not take"),
]


@pytest.mark.parametrize(("code", "message", "sentence"), REFUSALS)
def test_a_refusal_is_an_opinion_in_our_words(bench: Bench, code: int, message: str, sentence: str) -> None:
    """Refusals of every kind of node are told in our words, and never raised."""
    _, signed = bench.payment()
    opinion, reason = adapter_over(saying({"code": code, "message": message})).broadcast(signed)
    assert opinion is Sent.REFUSED
    assert sentence in reason
    assert message not in reason


@pytest.mark.parametrize(
    ("code", "message"),
    [
        (-32005, "daily request count exceeded"),
        (-32603, "internal error"),
        (-32601, "the method does not exist"),
        (-32000, "txpool is full"),
        (-32000, "rate limit exceeded"),
        (-32000, "request timed out"),
        ("x", None),
        (None, "?"),
    ],
)
def test_a_node_in_trouble_is_unavailable(bench: Bench, code: Any, message: Any) -> None:
    """Errors that speak of the node say nothing of the bytes."""
    _, signed = bench.payment()
    with pytest.raises(Unavailable):
        adapter_over(saying({"code": code, "message": message})).broadcast(signed)


def test_another_transactions_hash_is_no_acceptance(bench: Bench) -> None:
    """A node that answers with another hash has not accepted these bytes."""
    _, signed = bench.payment()
    http = ScriptedHttp(lambda method, path, body: {"id": body["id"], "result": "0x" + "1" * 64})
    assert adapter_over(http).broadcast(signed)[0] is Sent.REFUSED


@pytest.mark.parametrize("result", ["", None, 7, "0x12", {}])
def test_an_answer_that_is_no_hash_tells_nothing(bench: Bench, result: Any) -> None:
    """Whether such a node took the bytes is not known: it is no refusal, and where the node has them they are known."""
    _, signed = bench.payment()

    def odd(has: Any) -> ScriptedHttp:
        def answer(method: str, path: str, body: Any) -> Any:
            if isinstance(body, list):
                return [{"id": call["id"], "result": has} for call in body]
            return {"id": body["id"], "result": result}

        return ScriptedHttp(answer)

    with pytest.raises(Unavailable):
        adapter_over(odd(None)).broadcast(signed)
    assert adapter_over(odd({"hash": signed.tx_hash})).broadcast(signed) == (Sent.KNOWN, "")


def test_sending_again_is_known_before_and_after_landing(bench: Bench, anvil: Anvil) -> None:
    """A real node says "already imported", then "nonce too low", of our own bytes: both are KNOWN."""
    _, signed = bench.payment()
    assert bench.adapter.broadcast(signed)[0] is Sent.ACCEPTED
    assert bench.adapter.broadcast(signed)[0] is Sent.KNOWN
    anvil.advance(1)
    assert bench.adapter.broadcast(signed)[0] is Sent.KNOWN
    anvil.advance(300)
    assert bench.adapter.broadcast(signed)[0] is Sent.KNOWN


def test_a_nonce_that_others_used_is_refused(bench: Bench, anvil: Anvil) -> None:
    """A real node's "nonce too low" of bytes that it does not have is its refusal, and the bytes are dead."""
    _, first = bench.payment()
    _, second = bench.payment()
    bench.adapter.broadcast(first)
    anvil.advance(1)
    opinion, reason = bench.adapter.broadcast(second)
    assert opinion is Sent.REFUSED
    assert "another transaction" in reason
    anvil.advance(1)
    assert bench.status(second).phase is Phase.DEAD


def test_a_price_below_the_base_fee_is_a_real_nodes_refusal_or_waits(bench: Bench, anvil: Anvil) -> None:
    """Bytes that a risen base fee has outrun do not land, are not dead, and land when it falls."""
    _, signed = bench.payment()
    anvil.call("anvil_setNextBlockBaseFeePerGas", hex(10**13))
    bench.adapter.broadcast(signed)
    anvil.advance(1)
    assert bench.status(signed).phase in (Phase.UNSEEN, Phase.POOL)
    anvil.call("anvil_setNextBlockBaseFeePerGas", hex(10**9))
    bench.adapter.broadcast(signed)
    anvil.advance(2)
    assert bench.status(signed).phase is Phase.FINAL


def test_money_that_went_elsewhere_is_a_real_nodes_refusal(bench: Bench, anvil: Anvil) -> None:
    """An account emptied after signing: the node's words become ours."""
    _, signed = bench.payment()
    anvil.call("anvil_setBalance", bench.account.address, "0x0")
    assert bench.adapter.broadcast(signed) == (Sent.REFUSED, "the account cannot pay for it")


def test_dropped_bytes_are_unseen_and_can_be_sent_again(bench: Bench, anvil: Anvil) -> None:
    """A pool that loses a transaction delays it and nothing else."""
    _, signed = bench.payment()
    bench.adapter.broadcast(signed)
    assert bench.status(signed).phase is Phase.POOL
    anvil.call("anvil_dropTransaction", signed.tx_hash)
    assert bench.status(signed).phase is Phase.UNSEEN
    bench.adapter.broadcast(signed)
    anvil.advance(1)
    assert bench.status(signed).phase is Phase.FINAL


def test_automine_needs_no_advance(bench: Bench, anvil: Anvil) -> None:
    """Where every transaction makes its own block, what was sent is FINAL on this network as soon as its receipt is there."""
    anvil.call("evm_setAutomine", True)
    _, signed = bench.payment()
    assert bench.adapter.broadcast(signed)[0] is Sent.ACCEPTED
    end = time.monotonic() + 20
    while bench.status(signed).phase is not Phase.FINAL:
        assert time.monotonic() < end
    anvil.call("evm_setAutomine", False)
    _, later = bench.payment(in_flight=(signed,))
    bench.adapter.broadcast(later)
    assert bench.status(later).phase is Phase.POOL


def test_a_lost_answer_is_unavailable_and_sending_again_is_harmless(bench: Bench, http: DirectHttp) -> None:
    """A node that took the bytes and did not say so is asked again, and the amount moves once."""
    resolved, signed = bench.payment()

    def silent(method: str, path: str, body: Any) -> Any:
        http.json(method, path, body)
        raise Unavailable("the answer was lost")

    with pytest.raises(Unavailable):
        adapter_over(ScriptedHttp(silent)).broadcast(signed)
    assert bench.adapter.broadcast(signed)[0] is Sent.KNOWN
    bench.chain.advance(1)
    assert bench.chain.balance(resolved.effects[0].to or "") == bench.units


def test_a_node_without_batches_is_asked_one_by_one(bench: Bench, http: DirectHttp) -> None:
    """A node that answers a batch with one error still serves every step."""

    def simple(method: str, path: str, body: Any) -> Any:
        if isinstance(body, list):
            return {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no batches"}}
        return http.json(method, path, body)

    simpler = replace(bench, adapter=adapter_over(ScriptedHttp(simple)))
    _, signed = simpler.payment()
    assert simpler.adapter.broadcast(signed)[0] is Sent.ACCEPTED
    simpler.chain.advance(1)
    assert simpler.status(signed).phase is Phase.FINAL
