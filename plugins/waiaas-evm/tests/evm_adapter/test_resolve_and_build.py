"""What a person is told, what is refused, and what is offered for a payment."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import coincurve
import pytest
from waiaas_evm.adapter import EvmAdapter
from waiaas_evm.localnet import Anvil
from waiaas_evm.transaction import Transaction, read_unsigned

from waiaas.errors import Malformed, NotYet, Refused, Unavailable
from waiaas.interfaces.chain import Amount, Destination, Intent, Kind, Phase, Unsigned
from waiaas.testing.bench import Bench
from waiaas.testing.http import DirectHttp, ScriptedHttp, no_network

from .accounts import ETH, GWEI, account_of, adapter_over, bench_on, network, rival
from .contracts import call_data, deploy, deploy_token


def tx_of(unsigned: Unsigned) -> Transaction:
    """The transaction of built bytes."""
    return read_unsigned(unsigned.body)


def test_a_payment_takes_one_request_a_step(bench: Bench, http: DirectHttp) -> None:
    """Resolve, build, simulate and broadcast are one HTTP request each; the status one, and two once it may be final."""
    adapter, counts = bench.adapter, [http.requests]
    assert isinstance(adapter, EvmAdapter)
    resolved = bench.resolved()
    counts.append(http.requests)
    unsigned = bench.built(resolved)
    counts.append(http.requests)
    assert adapter.simulate(unsigned, bench.account)[0]
    counts.append(http.requests)
    signed = bench.signed(unsigned)
    adapter.broadcast(signed)
    counts.append(http.requests)
    bench.chain.advance(1)
    adapter.statuses([signed])
    counts.append(http.requests)
    assert [after - before for before, after in pairwise(counts)] == [1, 1, 1, 1, 2]


def test_plain_money_takes_21000(bench: Bench) -> None:
    """To an account without code the limit is what the protocol takes, to the unit; type 2 where there is a base fee."""
    tx = tx_of(bench.built(bench.resolved()))
    assert (tx.gas, tx.data, tx.value, tx.is_legacy) == (21_000, b"", bench.units, False)


def test_a_contract_that_takes_money_is_paid_with_a_warning(bench: Bench, anvil: Anvil) -> None:
    """Its gas is estimated, with a margin, and a person is told that it is a contract."""
    receiver = deploy(anvil, "Receiver", 0)
    resolved = bench.resolved(bench.intent(to=receiver))
    assert any("contract" in one for one in resolved.warnings)
    unsigned = bench.built(resolved)
    assert tx_of(unsigned).gas > 40_000
    signed = bench.signed(unsigned)
    bench.adapter.broadcast(signed)
    anvil.advance(1)
    assert bench.status(signed).ok


def test_a_wallet_that_delegates_to_code_is_still_a_wallet(bench: Bench, anvil: Anvil) -> None:
    """The mark of EIP-7702 is no contract to be warned of."""
    to = bench.new_address()
    anvil.call("anvil_setCode", to, "0xef0100" + "11" * 20)
    assert not any("contract" in one for one in bench.resolved(bench.intent(to=to)).warnings)


def test_a_recipient_that_takes_no_money_is_refused(bench: Bench, anvil: Anvil) -> None:
    """Code that reverts on money: refused when it is resolved, with the contract's reason quoted."""
    with pytest.raises(Refused) as problem:
        bench.resolved(bench.intent(to=deploy(anvil, "Closed")))
    assert problem.value.code == "RECIPIENT_REFUSED"
    receiver = deploy(anvil, "Receiver", 0)
    resolved = bench.resolved(bench.intent(to=receiver))
    anvil.transact(receiver, call_data("Receiver", "setOdds", 100))
    with pytest.raises(Refused) as late:
        bench.built(resolved)
    assert late.value.code == "RECIPIENT_REFUSED"
    assert '"bad luck"' in late.value.message


def test_a_simulation_says_why_not(bench: Bench, anvil: Anvil) -> None:
    """Bytes that would fail are told apart from those that would succeed, with the reason."""
    adapter = bench.adapter
    assert isinstance(adapter, EvmAdapter)
    receiver = deploy(anvil, "Receiver", 0)
    resolved = bench.resolved(bench.intent(to=receiver))
    unsigned = bench.built(resolved)
    assert adapter.simulate(unsigned, bench.account) == (True, resolved.effects, "")
    anvil.transact(receiver, call_data("Receiver", "setOdds", 100))
    assert adapter.simulate(unsigned, bench.account) == (False, (), 'the contract says "bad luck"')
    anvil.call("anvil_setBalance", bench.account.address, "0x1")
    works, _, why = adapter.simulate(unsigned, bench.account)
    assert (works, why) == (False, "the account holds less than the amount and the fee")


def test_too_little_money_warns_and_is_refused_when_it_is_time_to_pay(bench: Bench) -> None:
    """A payment above the balance is resolved, with a warning, and not built; the refusal carries the figures."""
    resolved = bench.resolved(bench.intent(units=1_000 * ETH))
    assert any(str(1_000 * ETH) in one for one in resolved.warnings)
    assert resolved.likely_fee.units > 0
    with pytest.raises(Refused) as problem:
        bench.built(resolved)
    assert problem.value.code == "INSUFFICIENT_FUNDS"
    assert problem.value.details["spendable"] == str(100 * ETH)


def test_an_unused_account_cannot_pay(bench: Bench) -> None:
    """An account that was never funded is resolved with a warning and not built for."""
    poor = rival(bench, coincurve.PrivateKey())
    resolved = poor.resolved()
    assert resolved.warnings
    with pytest.raises(Refused) as problem:
        poor.built(resolved)
    assert problem.value.code == "INSUFFICIENT_FUNDS"


def test_payments_in_flight_are_not_spent_twice(bench: Bench) -> None:
    """With most of the balance signed away the next payment is refused; what has landed is not counted again."""
    first = bench.signed(bench.built(bench.resolved(bench.intent(units=60 * ETH))))
    resolved = bench.resolved(bench.intent(units=60 * ETH))
    with pytest.raises(Refused) as problem:
        bench.built(resolved, in_flight=(first,))
    assert problem.value.code == "INSUFFICIENT_FUNDS"
    small = bench.resolved(bench.intent(units=30 * ETH))
    assert bench.built(small, in_flight=(first,))
    bench.adapter.broadcast(first)
    bench.chain.advance(1)
    assert bench.built(small, in_flight=(first,))


def test_nearly_everything_may_be_sent(bench: Bench) -> None:
    """Where the balance does not reach for the usual headroom, less is offered, as long as a block would take it."""
    likely = bench.resolved().likely_fee.units
    intent = bench.intent(units=100 * ETH - likely)
    signed = bench.signed(bench.built(bench.resolved(intent)))
    bench.adapter.broadcast(signed)
    bench.chain.advance(1)
    assert bench.status(signed).ok
    with pytest.raises(Refused):
        bench.built(bench.resolved(bench.intent(units=100 * ETH)))


def test_other_intents_are_refused(bench: Bench) -> None:
    """Other kinds, other assets, no recipient, no amount, zero, more than 256 bits, memos and tags are not built."""
    good = bench.intent()
    assert good.to is not None
    token = f"{bench.adapter.network.chain_id}/erc20:{good.to.address}"
    wrong: tuple[Intent, ...] = (
        replace(good, kind=Kind.CONTRACT_CALL),
        replace(good, kind=Kind.TOKEN_TRANSFER),
        replace(good, kind=Kind.CANCEL),
        replace(good, amount=Amount(asset=token, units=1)),
        replace(good, amount=Amount(asset="eip155:1/slip44:60", units=1)),
        replace(good, to=None),
        replace(good, amount=None),
        replace(good, amount=Amount(asset=bench.native, units=0)),
        replace(good, amount=Amount(asset=bench.native, units=2**256)),
        replace(good, memo="for the rent"),
        replace(good, call="{}"),
        replace(good, parts=(good,)),
        replace(good, to=replace(good.to, tag="7")),
    )
    for intent in wrong:
        with pytest.raises(Refused):
            bench.resolved(intent)
        with pytest.raises(Malformed):
            bench.adapter.resolve_offline(intent, bench.account, 5_000)


def test_a_token_cannot_be_resolved_offline(token_bench: Bench) -> None:
    """Without a node nothing can be said of a token's payment."""
    with pytest.raises(Malformed):
        token_bench.adapter.resolve_offline(token_bench.intent(), token_bench.account, 1)


# --- prices -----------------------------------------------------------------------------------------------------------------


def test_the_offer_leaves_room_for_a_rising_base_fee(bench: Bench, http: DirectHttp) -> None:
    """Twice the next base fee and the tip at the defaults; the headroom is a setting."""
    resolved = bench.resolved()
    tx = tx_of(bench.built(resolved))
    base = resolved.likely_fee.units // 21_000 - tx.tip
    assert tx.max_fee == 2 * base + tx.tip
    lean = adapter_over(http, base_fee_headroom=0)
    assert tx_of(replace(bench, adapter=lean).built(resolved)).max_fee == base + tx.tip


def tipping(http: DirectHttp, *tips: int) -> ScriptedHttp:
    """A node whose recent blocks took these tips; one without is an empty block."""

    def answer(method: str, path: str, body: Any) -> Any:
        answers = http.json(method, path, body)
        for call, one in zip(body, answers, strict=True):
            if call["method"] == "eth_feeHistory":
                one["result"]["reward"] = [[hex(tip)] for tip in tips]
                one["result"]["gasUsedRatio"] = [0.5 if tip else 0.0 for tip in tips]
        return answers

    return ScriptedHttp(answer)


def test_the_tip_is_the_median_of_blocks_that_were_not_empty(bench: Bench, http: DirectHttp) -> None:
    """Empty blocks took nothing from nobody and do not pull the tip down."""
    resolved = bench.resolved()
    adapter = adapter_over(tipping(http, 0, 3 * GWEI, 0, GWEI, 2 * GWEI, 0))
    assert tx_of(replace(bench, adapter=adapter).built(resolved)).tip == 2 * GWEI


def test_native_money_for_a_token_waits_for_a_person(bench: Bench, anvil: Anvil) -> None:
    """A contract that counts balances is a token's, whatever it takes; one that does not is told of as before."""
    token = deploy_token(anvil, "Wrapped")
    (caution,) = bench.resolved(bench.intent(to=token)).cautions
    assert (caution.code, caution.about) == ("TOKEN_CONTRACT", "use")
    receiver = bench.resolved(bench.intent(to=deploy(anvil, "Receiver", 0)))
    assert receiver.cautions == ()
    assert any("contract" in warning for warning in receiver.warnings)


def test_well_known_tokens_are_known_without_a_node() -> None:
    """Native money for a token of the network's own list waits for a person also while every node is away."""
    base = network("base")
    adapter = adapter_over(ScriptedHttp(no_network), on=base)
    usdc = base.tokens[0].rpartition(":")[2]
    amount = Amount(asset=base.native.id, units=1)
    intent = Intent(kind=Kind.TRANSFER, to=Destination(address=usdc), amount=amount)
    (caution,) = adapter.resolve_offline(intent, account_of(coincurve.PrivateKey()), 1).cautions
    assert (caution.code, caution.about) == ("TOKEN_CONTRACT", "use")


@pytest.mark.parametrize(
    "history",
    [
        None,
        [],
        {},
        {"oldestBlock": "0x1", "baseFeePerGas": None, "gasUsedRatio": None, "reward": None},
        {"oldestBlock": "0x1", "baseFeePerGas": [], "gasUsedRatio": [], "reward": []},
        {"oldestBlock": "0x1", "baseFeePerGas": [None, None], "gasUsedRatio": [None], "reward": [None]},
        {"oldestBlock": "0x1", "baseFeePerGas": "0x1", "gasUsedRatio": 1, "reward": [[None]]},
    ],
)
def test_a_history_of_nulls_is_as_none(bench: Bench, http: DirectHttp, history: Any) -> None:
    """Where the method answers nothing that can be used, payments go on as where it is not known."""

    def answer(method: str, path: str, body: Any, said: dict[str, Any]) -> Any:
        answers = http.json(method, path, body)
        for call, one in zip(body, answers, strict=True):
            if call["method"] == "eth_feeHistory":
                del one["result"]
                one.update(said)
        return answers

    def priced(said: dict[str, Any]) -> tuple[int, int]:
        adapter = adapter_over(ScriptedHttp(lambda method, path, body: answer(method, path, body, said)))
        tx = tx_of(replace(bench, adapter=adapter).built(adapter.resolve(bench.intent(), bench.account)))
        return tx.max_fee, tx.tip

    unknown = {"error": {"code": -32601, "message": "no such method"}}
    assert priced({"result": history}) == priced(unknown)


def test_settings_reach_the_question(bench: Bench) -> None:
    """The percentile and the number of blocks are what the node is asked for."""
    asked: list[Any] = []

    def note(method: str, path: str, body: Any) -> Any:
        asked.extend(call["params"] for call in body if call["method"] == "eth_feeHistory")
        return bench.http.json(method, path, body)

    adapter = adapter_over(ScriptedHttp(note), tip_percentile=90, tip_blocks=3)
    adapter.resolve(bench.intent(), bench.account)
    assert asked == [["0x3", "latest", [90]]]


def test_the_margin_of_gas_is_a_setting(bench: Bench, anvil: Anvil, http: DirectHttp) -> None:
    """An estimate other than plain money's is lifted by so many percent."""
    resolved = bench.resolved(bench.intent(to=deploy(anvil, "Receiver", 0)))
    exact = tx_of(replace(bench, adapter=adapter_over(http, gas_margin=0)).built(resolved)).gas
    assert tx_of(replace(bench, adapter=adapter_over(http, gas_margin=40)).built(resolved)).gas == exact * 140 // 100


def test_a_base_fee_above_the_cap_waits(bench: Bench, anvil: Anvil) -> None:
    """While a block would take more than the cap nothing is built; when the base fee falls, the payment is made."""
    resolved = bench.resolved()
    cap = 4 * resolved.likely_fee.units
    anvil.call("anvil_setNextBlockBaseFeePerGas", hex(100 * GWEI))
    with pytest.raises(NotYet) as problem:
        bench.built(resolved, max_fee=cap)
    assert problem.value.code == "FEE_ABOVE_CAP"
    anvil.call("anvil_setNextBlockBaseFeePerGas", hex(GWEI))
    unsigned = bench.built(resolved, max_fee=cap)
    assert bench.adapter.decode(unsigned, bench.account).max_fee.units <= cap


def test_a_low_cap_lowers_the_offer(bench: Bench) -> None:
    """Between what a block takes and what is usually offered, the cap decides, to less than a unit of gas."""
    resolved = bench.resolved()
    usual = bench.adapter.decode(bench.built(resolved), bench.account).max_fee.units
    for cap in (resolved.likely_fee.units, (resolved.likely_fee.units + usual) // 2):
        fee = bench.adapter.decode(bench.built(resolved, max_fee=cap), bench.account).max_fee.units
        assert cap - 21_000 < fee <= cap


def test_a_node_of_another_chain_builds_nothing(bench: Bench, anvil: Anvil) -> None:
    """The chain id is asked in the same request as the nonce, and health refuses the node."""
    resolved = bench.resolved()
    anvil.call("anvil_setChainId", 1)
    with pytest.raises(Unavailable):
        bench.built(resolved)
    with pytest.raises(Refused) as problem:
        bench.adapter.health()
    assert problem.value.code == "WRONG_CHAIN"


def test_the_chain_says_what_time_it_is(bench: Bench, anvil: Anvil, http: DirectHttp) -> None:
    """The newest block's timestamp."""
    anvil.call("evm_setNextBlockTimestamp", 4_000_000_000)
    bench.chain.advance(1)
    assert adapter_over(http).chain_time() == 4_000_000_000


def test_health_tells_lag_and_absence(bench: Bench, http: DirectHttp) -> None:
    """Each endpoint is asked: heights, how far the slowest is behind, and how many are away."""
    bench.chain.advance(7)

    def behind(method: str, path: str, body: Any) -> Any:
        answers = http.json(method, path, body)
        for call, one in zip(body, answers, strict=True):
            if call["method"] == "eth_blockNumber":
                one["result"] = hex(int(one["result"], 16) - 3)
        return answers

    def away(method: str, path: str, body: Any) -> Any:
        raise Unavailable("nobody is there")

    health = adapter_over(ScriptedHttp(http.json, ScriptedHttp(behind), ScriptedHttp(away))).health()
    assert (health["lag"], health["endpoints"], health["unreachable"]) == (3, 3, 1)
    assert health["height"] == health["final"] == bench.chain.advance(0)


# --- a chain without a base fee ---------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("needs_anvil")
def test_a_chain_without_a_base_fee_gets_legacy_transactions() -> None:
    """Type 0 with the chain id in what is signed (EIP-155), replaced and final like all others."""
    with Anvil(options=("--hardfork", "berlin")) as anvil:
        http = DirectHttp(anvil.url)
        bench = bench_on(anvil, http)
        resolved = bench.resolved()
        unsigned = bench.built(resolved)
        tx = tx_of(unsigned)
        assert tx.is_legacy
        assert tx.max_fee == tx.tip > 0
        first = bench.signed(unsigned)
        bench.adapter.broadcast(first)
        second = bench.cancellation(first)
        bench.adapter.broadcast(second)
        anvil.advance(2)
        assert [one.phase for one in bench.adapter.statuses([first, second])] == [Phase.DEAD, Phase.FINAL]
        http.close()
