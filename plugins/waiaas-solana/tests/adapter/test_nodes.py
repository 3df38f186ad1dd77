"""Nodes that lag, prune, fork, lie, swallow, refuse or are away; and how few requests a payment takes."""

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from solders.keypair import Keypair
from waiaas_solana.localnet import Localnet
from waiaas_solana.rpc import Call, Rpc, as_text, as_whole

from waiaas.errors import Refused, Unavailable
from waiaas.interfaces.chain import Http, Phase, Sent, Signed, Status
from waiaas.testing.bench import Bench
from waiaas.testing.http import DirectHttp, ScriptedHttp

from .accounts import FINALITY_SLOTS, LIFETIME, SOL, adapter_over, network, new_address, rival

ALREADY = {"code": -32002, "message": "their words", "data": {"err": "AlreadyProcessed"}}
EXPIRED = LIFETIME + FINALITY_SLOTS + 1
MAINNET = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"


def expired(bench: Bench) -> Signed:
    """Bytes that were never sent, and whose blockhash is finally too old."""
    _, signed = bench.payment()
    bench.chain.advance(EXPIRED)
    return signed


def seen_from(http: Http, signed: Signed) -> Status:
    """The status as these endpoints give it."""
    (status,) = adapter_over(http).statuses([signed])
    return status


# --- dead, and not dead ---------------------------------------------------------------------------------------------------


def test_a_dead_transaction_comes_with_its_heights(bench: Bench, http: DirectHttp) -> None:
    """The proof names the finalized height and the last valid one."""
    signed = expired(bench)
    status = seen_from(http, signed)
    assert status.phase is Phase.DEAD
    assert status.proof is not None
    assert f"the last valid height {signed.evidence['last_valid_height']}" in status.proof


def test_a_lagging_node_proves_nothing(bench: Bench, localnet: Localnet, http: DirectHttp) -> None:
    """What a replica has not finalized yet is not dead, though the blockhash has expired at the tip."""
    signed = expired(bench)
    localnet.faults.lag(40)
    assert seen_from(http, signed).phase is Phase.UNSEEN
    localnet.faults.lag(0)
    assert seen_from(http, signed).phase is Phase.DEAD


def test_a_pruned_node_proves_nothing(bench: Bench, localnet: Localnet, http: DirectHttp) -> None:
    """A node that has thrown away the blocks in which the bytes could have landed cannot say that they did not."""
    _, signed = bench.payment()
    bench.adapter.broadcast(signed)
    localnet.advance(EXPIRED)
    localnet.faults.prune(localnet.slot() - 5)
    assert seen_from(http, signed).phase is Phase.UNSEEN
    localnet.faults.prune(0)
    assert seen_from(http, signed).phase is Phase.FINAL


def test_every_endpoint_must_agree(bench: Bench, localnet: Localnet) -> None:
    """With one of two endpoints behind or away, nothing is dead."""
    signed = expired(bench)
    lagging = DirectHttp(localnet.url, localnet.replica_url(60))
    assert seen_from(lagging, signed).phase is Phase.UNSEEN
    with Localnet(slot_seconds=None) as other:
        away = DirectHttp(localnet.url, other.url)
        other.faults.away()
        assert seen_from(away, signed).phase is Phase.UNSEEN
    agreeing = DirectHttp(localnet.url, localnet.url)
    status = seen_from(agreeing, signed)
    assert status.phase is Phase.DEAD
    assert "2 endpoint(s)" in (status.proof or "")


def test_at_the_last_valid_height_nothing_is_dead(bench: Bench, localnet: Localnet) -> None:
    """An endpoint whose finalized block is the very last in which the bytes could land does not confirm their death."""
    _, signed = bench.payment()
    localnet.advance(bench.blocks_to_death or 0)
    ahead, at_the_last = DirectHttp(localnet.url), DirectHttp(localnet.url, localnet.replica_url(1))
    assert seen_from(ahead, signed).phase is Phase.DEAD
    assert seen_from(at_the_last, signed).phase is Phase.UNSEEN


def test_what_one_endpoint_saw_is_not_dead(bench: Bench, localnet: Localnet) -> None:
    """A payment that the first endpoint has lost and the second remembers is FINAL."""
    _, signed = bench.payment()
    bench.adapter.broadcast(signed)
    localnet.advance(EXPIRED)
    forgetful = ScriptedHttp(forgetting(DirectHttp(localnet.url)), DirectHttp(localnet.url))
    assert seen_from(forgetful, signed).phase is Phase.FINAL


def test_another_chains_node_proves_nothing(bench: Bench, localnet: Localnet, http: DirectHttp) -> None:
    """A node with another genesis hash never makes bytes dead, whatever heights it has."""
    signed = expired(bench)
    localnet.faults.genesis(MAINNET)
    assert seen_from(http, signed).phase is Phase.UNSEEN


def test_an_answer_older_than_the_height_proves_nothing(bench: Bench, http: DirectHttp) -> None:
    """Statuses from a replica that stands before the finalized block are no proof (a balancer mixes replicas)."""
    signed = expired(bench)

    def stale(method: str, path: str, body: Any) -> Any:
        answers = http.json(method, path, body)
        for call, answer in zip(body, answers, strict=True):
            if call["method"] == "getSignatureStatuses":
                answer["result"]["context"]["slot"] -= FINALITY_SLOTS + 1
        return answers

    assert seen_from(ScriptedHttp(stale), signed).phase is Phase.UNSEEN


def test_history_is_searched(bench: Bench, localnet: Localnet, http: DirectHttp) -> None:
    """A payment of long ago is found, since statuses are always asked with the whole history."""
    _, signed = bench.payment()
    bench.adapter.broadcast(signed)
    localnet.advance(5_000)
    assert seen_from(http, signed).phase is Phase.FINAL


# --- seen ---------------------------------------------------------------------------------------------------------------


def test_a_failed_payment_is_final_with_reason_and_fee(bench: Bench, localnet: Localnet) -> None:
    """Two payments that the balance covers once: the second lands, fails, says why, and its fee is spent."""
    key = Keypair()
    poor = rival(bench, key)
    localnet.fund(str(key.pubkey()), SOL)
    localnet.advance(2)
    resolved = poor.resolved(poor.intent(units=SOL // 2 + 1_000_000))
    first, second = (poor.signed(poor.built(resolved, salt=bytes([index]) * 16)) for index in (1, 2))
    for signed in (first, second):
        assert poor.adapter.broadcast(signed)[0] is Sent.ACCEPTED
    localnet.advance(FINALITY_SLOTS + 1)
    paid, failed = poor.adapter.statuses([first, second])
    assert (paid.phase, paid.ok, paid.reason) == (Phase.FINAL, True, None)
    assert (failed.phase, failed.ok) == (Phase.FINAL, False)
    assert failed.reason == "the account holds less than the amount"
    assert paid.fee_paid is not None
    assert failed.fee_paid is not None
    spent = SOL - localnet.balance(str(key.pubkey()))
    assert spent == SOL // 2 + 1_000_000 + paid.fee_paid.units + failed.fee_paid.units


def test_three_hundred_are_asked_about_in_two_requests(bench: Bench, http: DirectHttp) -> None:
    """Statuses are batched by 256, and come back in order."""
    resolved = bench.resolved()
    salts = [index.to_bytes(16, "big") for index in range(300)]
    many = [bench.signed(bench.built(resolved, salt=salt)) for salt in salts]
    bench.adapter.broadcast(many[299])
    bench.chain.advance(1)
    before = http.requests
    phases = [status.phase for status in bench.adapter.statuses(many)]
    assert http.requests - before == 2
    assert phases == [Phase.UNSEEN] * 299 + [Phase.INCLUDED]


def test_a_payment_takes_one_request_a_step(bench: Bench, http: DirectHttp) -> None:
    """Resolve, build, simulate, broadcast and status are one HTTP request each."""
    from waiaas_solana.adapter import SolanaAdapter

    adapter = bench.adapter
    assert isinstance(adapter, SolanaAdapter)
    counts = [http.requests]
    resolved = bench.resolved()
    counts.append(http.requests)
    unsigned = bench.built(resolved)
    counts.append(http.requests)
    assert adapter.simulate(unsigned, bench.account)[0]
    counts.append(http.requests)
    signed = bench.signed(unsigned)
    adapter.broadcast(signed)
    counts.append(http.requests)
    adapter.statuses([signed])
    counts.append(http.requests)
    assert [after - before for before, after in pairwise(counts)] == [1] * 5


# --- sending --------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", ["drop_answer", "fail_after", "fail", "rate_limit"])
def test_a_lost_answer_is_unavailable_and_sending_again_is_harmless(
    bench: Bench, localnet: Localnet, fault: str
) -> None:
    """However an answer is lost, the same bytes are sent again and move the amount once."""
    resolved, signed = bench.payment()
    getattr(localnet.faults, fault)(method="sendTransaction")
    with pytest.raises(Unavailable):
        bench.adapter.broadcast(signed)
    assert bench.adapter.broadcast(signed)[0] in (Sent.ACCEPTED, Sent.KNOWN)
    localnet.advance(1)
    assert localnet.balance(resolved.effects[0].to or "") == bench.units


def test_swallowed_bytes_stay_unseen_and_can_be_sent_again(bench: Bench, localnet: Localnet) -> None:
    """A node that accepts and forgets delays the payment and nothing else."""
    _, signed = bench.payment()
    localnet.faults.swallow()
    assert bench.adapter.broadcast(signed)[0] is Sent.ACCEPTED
    localnet.advance(1)
    assert bench.status(signed).phase is Phase.UNSEEN
    bench.adapter.broadcast(signed)
    localnet.advance(1)
    assert bench.status(signed).phase is Phase.INCLUDED


def answering(**answer: Any) -> ScriptedHttp:
    """A node that always answers this."""
    return ScriptedHttp(lambda _method, _path, _body: {"jsonrpc": "2.0", "id": 0, **answer})


@pytest.mark.parametrize(
    ("error", "sent"),
    [
        (ALREADY, Sent.KNOWN),
        ({"code": -32002, "data": {"err": {"InsufficientFundsForRent": {"account_index": 0}}}}, Sent.REFUSED),
        ({"code": -32002, "data": {"err": "BlockhashNotFound"}}, Sent.REFUSED),
        ({"code": -32002}, Sent.REFUSED),
        ({"code": -32003, "message": "their words"}, Sent.REFUSED),
        ({"code": -32602, "message": "their words"}, Sent.REFUSED),
    ],
)
def test_an_opinion_is_not_raised(bench: Bench, error: dict[str, Any], sent: Sent) -> None:
    """What a node says of the bytes is an opinion, in the adapter's own words."""
    _, signed = bench.payment()
    opinion, reason = adapter_over(answering(error=error)).broadcast(signed)
    assert opinion is sent
    assert reason
    assert "their words" not in reason


@pytest.mark.parametrize("code", [-32005, -32603, -32601, -32429, "x", None])
def test_a_node_in_trouble_is_unavailable(bench: Bench, code: Any) -> None:
    """Errors that speak of the node say nothing of the bytes."""
    _, signed = bench.payment()
    with pytest.raises(Unavailable):
        adapter_over(answering(error={"code": code, "message": "node is behind"})).broadcast(signed)


def test_another_transactions_id_is_no_acceptance(bench: Bench) -> None:
    """A node that answers with another id has not accepted these bytes."""
    _, signed = bench.payment()
    assert adapter_over(answering(result="1" * 88)).broadcast(signed)[0] is Sent.REFUSED


# --- simulating -----------------------------------------------------------------------------------------------------------


def test_simulation_says_why_not(bench: Bench, localnet: Localnet, http: DirectHttp) -> None:
    """Bytes that would fail are told apart from those that would succeed, with the reason."""
    key = Keypair()
    poor = rival(bench, key)
    localnet.fund(str(key.pubkey()), SOL)
    localnet.advance(2)
    unsigned = poor.built(poor.resolved(poor.intent(units=SOL // 2 + 1_000_000)))
    adapter = adapter_over(http)
    works, effects, why = adapter.simulate(unsigned, poor.account)
    assert (works, why) == (True, "")
    assert [effect.units for effect in effects] == [SOL // 2 + 1_000_000]
    poor.adapter.broadcast(poor.signed(poor.built(poor.resolved(poor.intent(units=SOL // 2)))))
    localnet.advance(2)
    assert adapter.simulate(unsigned, poor.account) == (False, (), "the account holds less than the amount")


def test_an_unknown_blockhash_is_the_nodes_trouble(bench: Bench, localnet: Localnet, http: DirectHttp) -> None:
    """A replica that does not know the blockhash yet says nothing of the transaction."""
    unsigned = bench.built(bench.resolved())
    localnet.faults.lag(20)
    with pytest.raises(Unavailable):
        adapter_over(http).simulate(unsigned, bench.account)


# --- health, faucet, calls ------------------------------------------------------------------------------------------------


def test_a_node_of_another_chain_is_refused(bench: Bench, localnet: Localnet, http: DirectHttp) -> None:
    """Health names a wrong chain, also when only one of several endpoints is wrong, and also for a node moved later."""
    assert adapter_over(http).health()["chainId"] == network("localnet").chain_id
    with Localnet(slot_seconds=None) as other:
        other.faults.genesis(MAINNET)
        with pytest.raises(Refused) as problem:
            adapter_over(DirectHttp(localnet.url, other.url)).health()
        assert problem.value.code == "WRONG_CHAIN"
    with pytest.raises(Refused):
        adapter_over(http, on=network("devnet")).health()
    localnet.faults.genesis(MAINNET)
    with pytest.raises(Refused):
        adapter_over(http).health()


def test_health_counts_who_is_away_and_how_far_behind(localnet: Localnet) -> None:
    """One endpoint away and one behind are told, not raised; all away is Unavailable."""
    with Localnet(slot_seconds=None) as other:
        other.faults.away()
        report = adapter_over(DirectHttp(localnet.url, localnet.replica_url(50), other.url)).health()
        assert (report["endpoints"], report["unreachable"], report["lag"]) == (3, 1, 50)
        with pytest.raises(Unavailable):
            adapter_over(DirectHttp(other.url)).health()


def test_the_faucet_waits_until_the_money_is_there() -> None:
    """Funding on a localnet in motion returns when the airdrop is confirmed."""
    with Localnet(slot_seconds=0.02) as moving:
        http = DirectHttp(moving.url)
        to = new_address()
        assert adapter_over(http).fund(to, 3 * SOL)
        question = {"jsonrpc": "2.0", "id": 1, "method": "getBalance", "params": [to, {"commitment": "confirmed"}]}
        assert http.json("POST", "", question)["result"]["value"] == 3 * SOL
        http.close()


def test_an_airdrop_that_is_only_processed_is_waited_for() -> None:
    """A block that may still be dropped is not enough."""
    sightings = iter([None, "processed", "confirmed"])

    def faucet(method: str, path: str, body: Any) -> Any:
        if body["method"] == "requestAirdrop":
            return {"jsonrpc": "2.0", "id": 0, "result": "the id"}
        seen = next(sightings)
        value = None if seen is None else {"confirmationStatus": seen}
        return {"jsonrpc": "2.0", "id": 0, "result": {"context": {"slot": 1}, "value": [value]}}

    assert adapter_over(ScriptedHttp(faucet)).fund(new_address(), SOL) == "the id"
    assert list(sightings) == []


@pytest.mark.parametrize("value", [True, 1.0, -1, 2**64, "1", None, [], {}])
def test_only_whole_numbers_are_heights_and_amounts(value: Any) -> None:
    """Booleans, floats, texts, negatives and what exceeds 64 bits are no number of lamports or slots."""
    assert as_whole(2**64 - 1) == 2**64 - 1
    with pytest.raises(Unavailable):
        as_whole(value)


def test_endless_texts_are_not_kept() -> None:
    """A text that no hash or address could be is not read."""
    assert as_text("x" * 4096)
    for value in ("x" * 4097, 1, None):
        with pytest.raises(Unavailable):
            as_text(value)


def test_no_other_network_gives_money_away(http: DirectHttp) -> None:
    """The faucet is asked on the localnet alone."""
    with pytest.raises(Refused) as problem:
        adapter_over(http, on=network("devnet")).fund(new_address(), SOL)
    assert problem.value.code == "NOT_LOCAL"


def test_balances_leave_out_unsettled_payments_only(bench: Bench, localnet: Localnet) -> None:
    """A signed payment counts against spendable until it is confirmed, and then no longer."""
    _, signed = bench.payment()
    (rested,) = bench.adapter.balances(bench.account, [], [])
    assert rested.total - rested.spendable == 890_880
    bench.adapter.broadcast(signed)
    localnet.advance(2)
    (after,) = bench.adapter.balances(bench.account, [], [signed])
    fee = bench.status(signed).fee_paid
    assert fee is not None
    assert after.total == rested.total - bench.units - fee.units
    assert after.total - after.spendable == 890_880
    with pytest.raises(Refused):
        bench.adapter.balances(bench.account, [f"{bench.adapter.network.chain_id}/token:{new_address()}"], [])


def test_a_node_without_batches_is_asked_one_by_one(bench: Bench, http: DirectHttp) -> None:
    """A provider that refuses batches still serves payments."""

    def single(method: str, path: str, body: Any) -> Any:
        if isinstance(body, list):
            return {"jsonrpc": "2.0", "id": None, "error": {"code": -32600, "message": "no batches"}}
        return http.json(method, path, body)

    resolved = adapter_over(ScriptedHttp(single)).resolve(bench.intent(), bench.account)
    assert resolved.effects


def test_answers_of_a_batch_are_told_apart_by_id(http: DirectHttp) -> None:
    """A node may answer the calls of a batch in any order; one that is missing is not made up."""

    def shuffled(method: str, path: str, body: Any) -> Any:
        return list(reversed(http.json(method, path, body)))

    calls: list[Call] = [("getGenesisHash", []), ("getVersion", [])]
    assert Rpc(ScriptedHttp(shuffled)).batch(calls) == Rpc(http).batch(calls)
    with pytest.raises(Unavailable):
        Rpc(ScriptedHttp(lambda method, path, body: http.json(method, path, body)[:1])).batch(calls)


def forgetting(http: DirectHttp) -> Callable[[str, str, Any], Any]:
    """A node that has lost every signature."""

    def answer(method: str, path: str, body: Any) -> Any:
        answers = http.json(method, path, body)
        for call, one in zip(body, answers, strict=True):
            if call["method"] == "getSignatureStatuses":
                one["result"]["value"] = [None for _ in one["result"]["value"]]
        return answers

    return answer
