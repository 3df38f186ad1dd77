"""How far bytes have come: reorgs, failures, and what it takes to be final or dead."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from waiaas_evm.localnet import Anvil

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Phase, Sent, Signed, Status
from waiaas.testing.bench import Bench
from waiaas.testing.http import DirectHttp, ScriptedHttp

from .accounts import DEEP, configured_adapter
from .contracts import call_data, deploy

Spoil = Callable[[str, Any], Any]


def spoiling(http: DirectHttp, spoil: Spoil) -> Callable[[str, str, Any], Any]:
    """A node whose results are changed. :param spoil: from (method, result) to another result"""

    def answer(method: str, path: str, body: Any) -> Any:
        answers = http.json(method, path, body)
        for call, one in zip(body, answers, strict=True):
            if "result" in one:
                one["result"] = spoil(call["method"], one["result"])
        return answers

    return answer


def seen_from(*https: Any, signed: Signed) -> Status:
    """The status on the deep chain as these endpoints give it."""
    first = https[0]
    http = first if len(https) == 1 else ScriptedHttp(first.json, *https[1:])
    (status,) = configured_adapter(http, DEEP).statuses([signed])
    return status


def superseded(deep: Bench) -> Signed:
    """Bytes whose nonce a final cancellation has used."""
    _, signed = deep.payment()
    cancellation = deep.cancellation(signed)
    assert deep.adapter.broadcast(cancellation)[0] is Sent.ACCEPTED
    deep.chain.advance(3)
    return signed


# --- in a block, and final --------------------------------------------------------------------------------------------------


def test_a_block_is_final_at_its_depth_and_not_before(deep: Bench) -> None:
    """One block and the next are INCLUDED; the third is FINAL, with height, block and fee."""
    _, signed = deep.payment()
    deep.adapter.broadcast(signed)
    height = deep.chain.advance(0) + 1
    phases = []
    for _ in range(3):
        deep.chain.advance(1)
        status = deep.status(signed)
        phases.append(status.phase)
        assert status.ok
        assert status.height == height
        assert len(status.block_id or "") == 66
    assert phases == [Phase.INCLUDED, Phase.INCLUDED, Phase.FINAL]


def test_a_vanished_block_clears_the_sighting(deep: Bench, anvil: Anvil) -> None:
    """After a reorg the bytes are no longer in a block; sent again they land in another one, once."""
    resolved, signed = deep.payment()
    deep.adapter.broadcast(signed)
    deep.chain.advance(1)
    before = deep.status(signed)
    assert before.phase is Phase.INCLUDED
    anvil.call("anvil_reorg", 1, [])
    assert deep.status(signed).phase in (Phase.UNSEEN, Phase.POOL)
    assert deep.adapter.broadcast(signed)[0] in (Sent.ACCEPTED, Sent.KNOWN)
    deep.chain.advance(3)
    after = deep.status(signed)
    assert after.phase is Phase.FINAL
    assert after.block_id != before.block_id
    assert anvil.balance(resolved.effects[0].to or "") == deep.units


def test_a_receipt_of_another_branch_is_not_final(deep: Bench, http: DirectHttp) -> None:
    """Deep enough, but the node names another block at that height: not final."""
    _, signed = deep.payment()
    deep.adapter.broadcast(signed)
    deep.chain.advance(3)
    assert seen_from(http, signed=signed).phase is Phase.FINAL

    def forked(method: str, result: Any) -> Any:
        if method == "eth_getBlockByNumber":
            return {**result, "hash": "0x" + "1" * 64}
        return result

    assert seen_from(ScriptedHttp(spoiling(http, forked)), signed=signed).phase is Phase.INCLUDED


def test_a_receipt_must_fit_the_bytes(deep: Bench, http: DirectHttp) -> None:
    """A receipt of another transaction or sender, or that takes what the bytes do not allow, tells nothing."""
    _, signed = deep.payment()
    deep.adapter.broadcast(signed)
    deep.chain.advance(3)
    wrong = {
        "transactionHash": "0x" + "1" * 64,
        "from": "0x" + "1" * 40,
        "gasUsed": hex(21_001),
        "effectiveGasPrice": hex(10**15),
        "status": "0x2",
    }
    nothing = {"gasUsed": "0x0", "effectiveGasPrice": "0x0"}
    for field, value in (*wrong.items(), *nothing.items()):

        def spoil(method: str, result: Any, field: str = field, value: str = value) -> Any:
            return {**result, field: value} if method == "eth_getTransactionReceipt" else result

        assert seen_from(ScriptedHttp(spoiling(http, spoil)), signed=signed).phase is Phase.UNKNOWN, field


def test_the_tag_finalized_decides_where_a_network_has_it(bench: Bench, http: DirectHttp) -> None:
    """With the node's own word for finality, a block is final when the node's final block is no lower."""
    table = {name: value for name, value in DEEP.items() if name != "finality_depth"}
    bench.chain.advance(5)
    table |= {"finality_tag": "finalized", "chain_id": 31339}
    _call(http, "anvil_setChainId", 31339)
    adapter = configured_adapter(http, table)

    tagged = replace(bench, adapter=adapter)
    _, signed = tagged.payment()
    adapter.broadcast(signed)
    bench.chain.advance(1)
    height = tagged.status(signed).height
    for final, phase in ((None, Phase.INCLUDED), (0, Phase.INCLUDED), (height, Phase.FINAL)):

        def tags(method: str, path: str, body: Any, final: int | None = final) -> Any:
            answers = http.json(method, path, body)
            for call, one in zip(body, answers, strict=True):
                if call["method"] == "eth_getBlockByNumber" and call["params"][0] == "finalized":
                    one["result"] = None if final is None else {**(one["result"] or {}), "number": hex(final)}
            return answers

        (status,) = configured_adapter(ScriptedHttp(tags), table).statuses([signed])
        assert status.phase is phase


def _call(http: DirectHttp, method: str, *params: Any) -> Any:
    return http.json("POST", "", {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})["result"]


def test_a_node_that_counts_before_it_has_the_receipt_proves_no_death(bench: Bench, http: DirectHttp) -> None:
    """A node that is just making the block shows the count and no receipt yet: what lands is never called dead."""
    _, signed = bench.payment()
    bench.adapter.broadcast(signed)
    bench.chain.advance(1)

    def without(method: str, result: Any) -> Any:
        return None if method in ("eth_getTransactionReceipt", "eth_getTransactionByHash") else result

    making = type(bench.adapter)(bench.adapter.network, bench.adapter.settings, ScriptedHttp(spoiling(http, without)))
    assert making.statuses([signed])[0].phase is Phase.UNSEEN
    assert bench.status(signed).phase is Phase.FINAL


# --- failed -----------------------------------------------------------------------------------------------------------------


def test_a_failed_payment_is_final_with_reason_and_fee(bench: Bench, anvil: Anvil) -> None:
    """A recipient that stops taking money: the receipt says failed, the reason is decoded, the fee is spent, no more."""
    receiver = deploy(anvil, "Receiver", 0)
    signed = bench.signed(bench.built(bench.resolved(bench.intent(to=receiver))))
    anvil.transact(receiver, call_data("Receiver", "setOdds", 100))
    before = anvil.balance(bench.account.address)
    bench.adapter.broadcast(signed)
    anvil.advance(1)
    status = bench.status(signed)
    assert (status.phase, status.ok) == (Phase.FINAL, False)
    assert status.reason == 'the contract says "bad luck"'
    assert status.fee_paid is not None
    assert before - anvil.balance(bench.account.address) == status.fee_paid.units


def test_running_out_of_gas_is_named(bench: Bench, anvil: Anvil) -> None:
    """Code that grew since the estimate uses up the limit: the reason says so."""
    to = bench.new_address()
    signed = bench.signed(bench.built(bench.resolved(bench.intent(to=to))))
    anvil.call("anvil_setCode", to, "0x5b600056")  # a loop without an end
    bench.adapter.broadcast(signed)
    anvil.advance(1)
    status = bench.status(signed)
    assert (status.ok, status.reason) == (False, "the transaction ran out of gas")


# --- dead, and not dead -----------------------------------------------------------------------------------------------------


def test_a_dead_transaction_comes_with_its_proof(deep: Bench, http: DirectHttp) -> None:
    """The proof names the nonce, the final height and since when receipts were searched."""
    signed = superseded(deep)
    status = seen_from(http, signed=signed)
    assert status.phase is Phase.DEAD
    assert "nonce 0 belongs to another transaction" in (status.proof or "")
    assert f"since height {signed.evidence['height']}" in (status.proof or "")


def test_a_nonce_that_is_used_but_not_for_good_kills_nothing(deep: Bench) -> None:
    """Until the other transaction is final, the bytes may still land after a reorg."""
    _, signed = deep.payment()
    deep.adapter.broadcast(deep.cancellation(signed))
    for _ in range(2):
        deep.chain.advance(1)
        assert deep.status(signed).phase is Phase.UNSEEN
    deep.chain.advance(1)
    assert deep.status(signed).phase is Phase.DEAD


def test_every_endpoint_must_agree(deep: Bench, http: DirectHttp) -> None:
    """With a second endpoint that lags, is away, or serves another chain, nothing is dead."""
    signed = superseded(deep)

    def lagging(method: str, result: Any) -> Any:
        return "0x0" if method == "eth_getTransactionCount" else result

    def elsewhere(method: str, result: Any) -> Any:
        return "0x1" if method == "eth_chainId" else result

    def away(method: str, path: str, body: Any) -> Any:
        raise Unavailable("nobody is there")

    for other in (
        ScriptedHttp(spoiling(http, lagging)),
        ScriptedHttp(spoiling(http, elsewhere)),
        ScriptedHttp(away),
    ):
        assert seen_from(http, other, signed=signed).phase is Phase.UNSEEN
    agreed = seen_from(http, http, signed=signed)
    assert agreed.phase is Phase.DEAD
    assert "2 endpoint(s)" in (agreed.proof or "")


def test_what_another_endpoint_saw_is_not_dead(deep: Bench, http: DirectHttp) -> None:
    """Bytes that landed, of which the first endpoint has lost the receipt, are not dead while another one has it."""
    _, signed = deep.payment()
    deep.adapter.broadcast(signed)
    deep.chain.advance(4)

    def forgetful(method: str, result: Any) -> Any:
        return None if method in ("eth_getTransactionReceipt", "eth_getTransactionByHash") else result

    forgetting = ScriptedHttp(spoiling(http, forgetful))
    assert seen_from(forgetting, http, signed=signed).phase is Phase.UNSEEN


def test_a_pruned_node_proves_nothing(deep: Bench, http: DirectHttp) -> None:
    """A node without the receipts, or the blocks, since the bytes were made cannot say that they did not land."""
    _, signed = deep.payment()
    deep.adapter.broadcast(signed)
    deep.chain.advance(4)

    def receipts(method: str, result: Any) -> Any:
        return None if method in ("eth_getTransactionReceipt", "eth_getTransactionByHash") else result

    def blocks(method: str, result: Any) -> Any:
        return None if method.startswith(("eth_getBlock", "eth_getTransactionR")) else result

    for pruned in (receipts, blocks):
        assert seen_from(ScriptedHttp(spoiling(http, pruned)), signed=signed).phase is not Phase.DEAD


def test_a_height_that_a_node_overstated_hides_no_payment(deep: Bench, http: DirectHttp) -> None:
    """The node that gave the height lied: one that has thrown away the receipts since the bytes were really made proves
    nothing, although it keeps those since the height that is told."""
    made = int(_call(http, "eth_getBlockByNumber", "latest", False)["timestamp"], 16)
    request = replace(deep.request(deep.resolved()), now=made)
    signed = deep.signed(deep.adapter.build(request))
    deep.adapter.broadcast(signed)
    deep.chain.advance(4)
    _call(http, "evm_increaseTime", 3600)
    deep.chain.advance(1)
    landed = deep.payment()[1]
    deep.adapter.broadcast(landed)
    deep.chain.advance(4)
    newest = int(_call(http, "eth_blockNumber"), 16)

    def forgetful(method: str, result: Any) -> Any:
        is_receipt = method in ("eth_getTransactionReceipt", "eth_getTransactionByHash")
        is_old = is_receipt and result is not None and int(result["blockNumber"], 16) < newest - 5
        return None if is_old else result

    pruned = ScriptedHttp(spoiling(http, forgetful))
    overstated = replace(signed, evidence={**signed.evidence, "height": str(newest - 5)})
    assert seen_from(pruned, signed=replace(overstated, evidence={"height": str(newest - 5)})).phase is Phase.DEAD
    assert seen_from(pruned, signed=overstated).phase is Phase.UNSEEN
    assert seen_from(http, signed=overstated).phase is Phase.FINAL


def test_counts_and_receipts_are_of_one_block(deep: Bench, http: DirectHttp) -> None:
    """What is counted is asked at the very height that was called final, so that whoever answers has come as far."""
    signed, asked = superseded(deep), list[Any]()

    def noting(method: str, path: str, body: Any) -> Any:
        asked.extend(call["params"][1] for call in body if call["method"] == "eth_getTransactionCount")
        return http.json(method, path, body)

    assert seen_from(ScriptedHttp(noting), signed=signed).phase is Phase.DEAD
    assert asked[-1] == hex(int(_call(http, "eth_blockNumber"), 16) - 2)


def test_every_request_says_how_far_its_answers_go(bench: Bench, http: DirectHttp) -> None:
    """Sixty that may be dead are asked about in two requests, each with the height of whoever answers it."""
    resolved, signed = bench.resolved(), list[Signed]()
    for _ in range(60):
        signed.append(bench.signed(bench.built(resolved, in_flight=tuple(signed))))
    asked: list[list[str]] = []

    def beyond(method: str, path: str, body: Any) -> Any:
        asked.append([call["method"] for call in body])
        answers = http.json(method, path, body)
        counts = [one for call, one in zip(body, answers, strict=True) if call["method"] == "eth_getTransactionCount"]
        for one in counts:
            one["result"] = hex(1000)
        return answers

    bench.chain.advance(3)
    deaths = type(bench.adapter)(bench.adapter.network, bench.adapter.settings, ScriptedHttp(beyond)).statuses(signed)
    assert {one.phase for one in deaths} == {Phase.DEAD}
    searches = [one for one in asked if one.count("eth_getTransactionCount") > 1]
    assert [len(one) for one in searches] == [2 * 48 + 1, 2 * 12 + 1]
    assert all(one[-1] == "eth_blockNumber" for one in searches)


def test_a_receipt_that_cannot_be_read_keeps_its_own_bytes_alive_alone(deep: Bench, http: DirectHttp) -> None:
    """Of two dead payments the second endpoint answers oddly about one: the other is proven all the same."""
    first, second = superseded(deep), superseded(deep)

    def odd(method: str, path: str, body: Any) -> Any:
        answers = http.json(method, path, body)
        for call, one in zip(body, answers, strict=True):
            if call["method"] == "eth_getTransactionReceipt" and call["params"][0] == first.tx_hash:
                one.pop("result", None)
                one["error"] = {"code": -32000, "message": "transaction indexing is in progress"}
        return answers

    adapter = configured_adapter(ScriptedHttp(http.json, ScriptedHttp(odd)), DEEP)
    assert [one.phase for one in adapter.statuses([first, second])] == [Phase.UNSEEN, Phase.DEAD]


def test_an_answer_older_than_the_final_block_proves_nothing(deep: Bench, http: DirectHttp) -> None:
    """Receipts from a replica that stands before the final block are no proof (a balancer mixes replicas)."""
    signed = superseded(deep)

    def stale(method: str, path: str, body: Any) -> Any:
        answers = http.json(method, path, body)
        if any(call["method"] == "eth_getTransactionReceipt" for call in body) and len(body) > 1:
            for call, one in zip(body, answers, strict=True):
                if call["method"] == "eth_blockNumber" and call is body[-1]:
                    one["result"] = "0x1"
        return answers

    assert seen_from(ScriptedHttp(stale), signed=signed).phase is Phase.UNSEEN
    assert seen_from(http, signed=signed).phase is Phase.DEAD


def test_silence_is_not_death(deep: Bench) -> None:
    """Bytes that nobody ever sent are UNSEEN however long it takes: their nonce is still free."""
    _, signed = deep.payment()
    deep.chain.advance(500)
    assert deep.status(signed).phase is Phase.UNSEEN


def test_a_quiet_chain_is_searched_for_a_receipt(deep: Bench) -> None:
    """Many empty blocks between the bytes and what took their place do not hide the proof."""
    _, signed = deep.payment()
    deep.chain.advance(100)
    deep.adapter.broadcast(deep.cancellation(signed))
    deep.chain.advance(3)
    assert deep.status(signed).phase is Phase.DEAD


def test_many_are_asked_about_in_few_requests(bench: Bench, http: DirectHttp) -> None:
    """Fifty statuses are two requests, in order."""
    signed: list[Signed] = []
    resolved = bench.resolved()
    for _ in range(50):
        signed.append(bench.signed(bench.built(resolved, in_flight=tuple(signed))))
    for one in signed[:25]:
        bench.adapter.broadcast(one)
    bench.chain.advance(1)
    before = http.requests
    phases = [status.phase for status in bench.adapter.statuses(signed)]
    assert http.requests - before == 2
    assert phases == [Phase.FINAL] * 25 + [Phase.UNSEEN] * 25
