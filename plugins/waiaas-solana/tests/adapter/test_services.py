"""Health, the faucet, balances, and the shapes of a node's answers."""

from typing import Any

import pytest
from waiaas_solana.localnet import Localnet
from waiaas_solana.rpc import Call, as_text, as_whole, rpc_over

from waiaas.errors import Refused, Unavailable
from waiaas.testing.bench import Bench
from waiaas.testing.http import DirectHttp, ScriptedHttp
from waiaas.testing.naming import as_payments

from .accounts import MAINNET_GENESIS, SOL, adapter_over, network, new_address


def test_a_node_of_another_chain_is_refused(bench: Bench, localnet: Localnet, http: DirectHttp) -> None:
    """Health names a wrong chain, also when only one of several endpoints is wrong, and also for a node moved later."""
    assert adapter_over(http).health()["chainId"] == network("localnet").chain_id
    with Localnet(slot_seconds=None) as other:
        other.faults.genesis(MAINNET_GENESIS)
        with pytest.raises(Refused) as problem:
            adapter_over(DirectHttp(localnet.url, other.url)).health()
        assert problem.value.code == "WRONG_CHAIN"
    with pytest.raises(Refused):
        adapter_over(http, on=network("devnet")).health()
    localnet.faults.genesis(MAINNET_GENESIS)
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


def test_the_chain_says_what_time_it_is(localnet: Localnet, http: DirectHttp) -> None:
    """The newest finalized block's time, as the node tells it; a node that is away tells none."""
    rpc = rpc_over(http)
    slot = as_whole(rpc.call("getSlot", {"commitment": "finalized"}))
    assert adapter_over(http).chain_time() == as_whole(rpc.call("getBlockTime", slot)) > 1_600_000_000
    localnet.faults.away()
    with pytest.raises(Unavailable):
        adapter_over(http).chain_time()


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
    (after,) = bench.adapter.balances(bench.account, [], as_payments([signed]))
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
    assert rpc_over(ScriptedHttp(shuffled)).batch(calls) == rpc_over(http).batch(calls)

    def forgetful(method: str, path: str, body: Any) -> Any:
        answer = http.json(method, path, body)
        return answer[:1] if isinstance(body, list) else answer

    assert rpc_over(ScriptedHttp(forgetful)).batch(calls) == rpc_over(http).batch(calls)
    with pytest.raises(Unavailable):
        rpc_over(ScriptedHttp(lambda method, path, body: [])).batch(calls)
