"""Nodes that lag, prune, fork, lie, swallow, refuse or are away; and how few requests a payment takes."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from solders.keypair import Keypair
from waiaas_solana.localnet import Localnet

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Http, Phase, Sent, Signed, Status
from waiaas.testing.bench import Bench
from waiaas.testing.http import DirectHttp, ScriptedHttp

from .accounts import FINALITY_SLOTS, LIFETIME, MAINNET_GENESIS, SOL, adapter_over, rival

ALREADY = {"code": -32002, "message": "their words", "data": {"err": "AlreadyProcessed"}}
EXPIRED = LIFETIME + FINALITY_SLOTS + 1


def expired(bench: Bench) -> Signed:
    """Bytes that were never sent, and whose blockhash is finally too old."""
    _, signed = bench.payment()
    bench.chain.advance(EXPIRED)
    return signed


def seen_from(http: Http, signed: Signed) -> Status:
    """The status as these endpoints give it."""
    (status,) = adapter_over(http).statuses([signed])
    return status


# --- one odd answer ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "odd",
    [
        "finalized",
        [],
        {"slot": 1, "confirmationStatus": "finalized"},
        {"slot": "1", "err": None, "confirmationStatus": "finalized"},
        {"slot": -1, "err": None, "confirmationStatus": "finalized"},
    ],
)
def test_one_odd_sighting_holds_up_no_other(bench: Bench, http: DirectHttp, odd: Any) -> None:
    """The payments beside it are told as they are; of the odd one nothing is known."""
    signed = [bench.payment()[1] for _ in range(3)]
    for one in signed:
        bench.adapter.broadcast(one)
    bench.chain.advance(FINALITY_SLOTS + 1)

    def answer(method: str, path: str, body: Any) -> Any:
        answers = http.json(method, path, body)
        for call, one in zip(body, answers, strict=True):
            if call["method"] == "getSignatureStatuses":
                one["result"]["value"][1] = odd
        return answers

    statuses = adapter_over(ScriptedHttp(answer)).statuses(signed)
    assert [status.phase for status in statuses] == [Phase.FINAL, Phase.UNKNOWN, Phase.FINAL]


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


def test_a_lifetime_that_a_node_lied_about_kills_nothing(bench: Bench, localnet: Localnet) -> None:
    """The node that gave the blockhash understated how long it lives: while others still take the bytes they are not dead."""
    _, honest = bench.payment()
    signed = replace(honest, evidence={**honest.evidence, "last_valid_height": "1"})
    both = DirectHttp(localnet.url, localnet.url)
    # new; the final block knows it; too old for the newest block; and the last moment before it is so for the final one
    for slots in (1, FINALITY_SLOTS, LIFETIME - FINALITY_SLOTS - 1, FINALITY_SLOTS - 1):
        localnet.advance(slots)
        assert seen_from(both, signed).phase is Phase.UNSEEN
    localnet.advance(1)
    assert seen_from(both, signed).phase is Phase.DEAD


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
    localnet.faults.genesis(MAINNET_GENESIS)
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


def forgetting(http: DirectHttp) -> Callable[[str, str, Any], Any]:
    """A node that has lost every signature."""

    def answer(method: str, path: str, body: Any) -> Any:
        answers = http.json(method, path, body)
        for call, one in zip(body, answers, strict=True):
            if call["method"] == "getSignatureStatuses":
                one["result"]["value"] = [None for _ in one["result"]["value"]]
        return answers

    return answer
