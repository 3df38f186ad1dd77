"""ERC-20 tokens, as the standard says and as strangers write them."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from waiaas_evm.adapter import EvmAdapter
from waiaas_evm.erc20 import DECIMALS, NAME, SYMBOL
from waiaas_evm.localnet import Anvil
from waiaas_evm.rpc import rpc_over
from waiaas_evm.tokens import Tokens

from waiaas.errors import Refused, Unavailable
from waiaas.interfaces.chain import Effect, Phase, What
from waiaas.testing.bench import Bench
from waiaas.testing.clock import FrozenClock
from waiaas.testing.http import DirectHttp, ScriptedHttp
from waiaas.testing.naming import as_payments

from .accounts import ETH, adapter_over, bench_on, held_of, paying_with, token_bench_on
from .contracts import call_data, deploy, deploy_token, mint


def token_of(bench: Bench) -> str:
    """The contract that the bench pays with."""
    return (bench.asset or "").rpartition(":")[2]


def simulated(bench: Bench, unsigned: Any) -> tuple[bool, tuple[Effect, ...], str]:
    """Whether the node thinks that it would succeed."""
    assert isinstance(bench.adapter, EvmAdapter)
    return bench.adapter.simulate(unsigned, bench.account)


def landed(bench: Bench) -> tuple[str, Any]:
    """Pay, and make a block; the recipient and the status."""
    resolved, signed = bench.payment()
    bench.adapter.broadcast(signed)
    bench.chain.advance(1)
    return resolved.effects[0].to or "", bench.status(signed)


@pytest.mark.parametrize("name", ["Standard", "Silent", "Falsey", "Ancient"])
def test_tokens_of_every_kind_are_paid(anvil: Anvil, http: DirectHttp, name: str) -> None:
    """True, nothing at all, and a bytes32 name: the payment arrives to the unit, and its effects said so."""
    bench = bench_on(anvil, http)
    token = deploy(anvil, name) if name == "Ancient" else deploy_token(anvil, name)
    mint(anvil, token, bench.account.address, 10**12)
    bench = paying_with(bench, anvil, token)
    resolved = bench.resolved()
    assert resolved.cautions == ()
    assert [(one.what, one.asset, one.units) for one in resolved.effects] == [(What.OUT, bench.asset, bench.units)]
    assert simulated(bench, bench.built(resolved)) == (True, resolved.effects, "")
    to, status = landed(bench)
    assert (status.phase, status.ok, held_of(anvil, token, to)) == (Phase.FINAL, True, bench.units)


def test_a_tokens_words_are_read_from_the_chain(token_bench: Bench, anvil: Anvil) -> None:
    """Symbol, name and decimals, from strings and from bytes32; the asset's id carries the checksummed contract."""
    bench = token_bench
    (asset,) = bench.adapter.describe_assets([token_of(bench).lower()])
    assert (asset.symbol, asset.name, asset.decimals, asset.native) == ("EXD", "Example Dollar", 6, False)
    assert asset.id == f"eip155:31337/erc20:{token_of(bench)}"
    (ancient,) = bench.adapter.describe_assets([deploy(anvil, "Ancient")])
    assert (ancient.symbol, ancient.name, ancient.decimals) == ("ANC", "Ancient Coin", 18)
    assert bench.resolved().assets == (asset, bench.adapter.network.native)


def test_a_token_is_asked_for_its_words_once(token_bench: Bench, http: DirectHttp) -> None:
    """What was read is remembered in the process, and costs no request again."""
    fresh = token_bench.over(http)
    first = fresh.describe_assets([token_of(token_bench)])
    before = http.requests
    assert fresh.describe_assets([token_of(token_bench)]) == first
    assert http.requests == before


@pytest.mark.parametrize("hostile", ["EXD\u202egp.exe", "EX\u200bD", "E\nX\tD", "\u2066EXD", "E\x00XD", "X" * 5_000])
def test_foreign_words_are_cleaned(anvil: Anvil, bench: Bench, hostile: str) -> None:
    """Control, bidi and zero-width characters do not pass, and neither does an endless symbol."""
    token = deploy(anvil, "Standard", hostile, hostile, 6)
    (asset,) = bench.adapter.describe_assets([token])
    assert len(asset.symbol) <= 16
    assert len(asset.name) <= 64
    assert asset.symbol.isprintable()
    assert asset.symbol.isascii()


def test_what_is_no_token_is_refused(anvil: Anvil, bench: Bench) -> None:
    """A contract of another kind, and an address without code, are ASSET_UNKNOWN wherever they are named."""
    for stranger in (deploy(anvil, "Closed"), bench.new_address()):
        paying = paying_with(bench, anvil, stranger)
        for call in (
            lambda stranger=stranger: bench.adapter.describe_assets([stranger]),
            paying.resolved,
            lambda paying=paying: bench.adapter.balances(bench.account, [paying.asset or ""], []),
        ):
            with pytest.raises(Refused) as problem:
                call()
            assert problem.value.code == "ASSET_UNKNOWN"


def test_a_token_without_decimals_needs_a_person(anvil: Anvil, bench: Bench) -> None:
    """A token that tells nothing of itself can be paid, with a caution about the asset."""
    token = deploy(anvil, "Nameless")
    mint(anvil, token, bench.account.address, 10**12)
    paying = paying_with(bench, anvil, token)
    resolved = paying.resolved()
    assert [(one.code, one.about) for one in resolved.cautions] == [("DECIMALS_UNKNOWN", "asset")]
    assert (resolved.assets[0].symbol, resolved.assets[0].decimals) == ("", 0)
    assert landed(paying)[1].ok


def test_a_token_that_says_false_is_refused(anvil: Anvil, http: DirectHttp) -> None:
    """False without a revert is a no: when it is resolved, when it is built, and when it is tried."""
    bench = token_bench_on(anvil, http, "Falsey")
    resolved = bench.resolved()
    unsigned = bench.built(resolved)
    anvil.transact(token_of(bench), call_data("Falsey", "freeze", True))
    for call in (bench.resolved, lambda: bench.built(resolved)):
        with pytest.raises(Refused) as problem:
            call()
        assert problem.value.code == "TOKEN_REFUSED"
    succeeds, effects, why = simulated(bench, unsigned)
    assert (succeeds, effects) == (False, ())
    assert "would not pay" in why


REASONS = [
    (1, 'the contract says "transfers are closed"'),
    (2, "its own error 0x"),
    (3, "an assertion failed"),
    (4, "without a reason"),
    (5, "the contract"),
]


@pytest.mark.parametrize(("mode", "reason"), REASONS)
def test_a_revert_is_told_with_its_reason(anvil: Anvil, http: DirectHttp, mode: int, reason: str) -> None:
    """A reason, a custom error, a panic, silence and 20,000 bytes of nothing, before signing and after landing."""
    bench = token_bench_on(anvil, http, "Reverting")
    resolved, signed = bench.payment()
    anvil.transact(token_of(bench), call_data("Reverting", "setMode", mode))
    with pytest.raises(Refused) as problem:
        bench.built(resolved)
    assert problem.value.code == "TOKEN_REFUSED"
    assert reason in problem.value.message
    bench.adapter.broadcast(signed)
    anvil.advance(1)
    status = bench.status(signed)
    assert (status.phase, status.ok) == (Phase.FINAL, False)
    assert reason in (status.reason or "") or mode == 5
    assert len(status.reason or "") < 256
    assert status.fee_paid is not None
    assert status.fee_paid.units > 0
    assert held_of(anvil, token_of(bench), resolved.effects[0].to or "") == 0


def test_a_token_that_keeps_a_part_is_named(anvil: Anvil, http: DirectHttp) -> None:
    """What leaves is the effect; what would arrive is told where the node can say it."""
    bench = token_bench_on(anvil, http, "Taxed")
    resolved = bench.resolved()
    assert resolved.effects[0].units == bench.units
    assert any(
        f"of {bench.units} base units sent, {bench.units * 99 // 100} would arrive" in one for one in resolved.warnings
    )
    to, status = landed(bench)
    assert status.ok
    assert held_of(anvil, token_of(bench), to) == bench.units * 99 // 100


def test_a_token_that_keeps_nothing_gives_no_warning(token_bench: Bench) -> None:
    """A payment to a new address, of money that is there, has nothing to be said of it."""
    assert token_bench.resolved().warnings == ()


def test_a_node_that_cannot_play_calls_gives_no_warning(token_bench: Bench, http: DirectHttp) -> None:
    """Where ``eth_simulateV1`` is missing or answers nonsense, the payment is resolved all the same."""
    junks: tuple[dict[str, Any], ...] = (
        {"error": {"code": -32601, "message": "no"}},
        {"result": None},
        {"result": [{"calls": [{}, {}, {}]}]},
    )
    for junk in junks:

        def answering(method: str, path: str, body: Any, junk: dict[str, Any] = junk) -> Any:
            answers = http.json(method, path, body)
            return [
                {"id": answer["id"], **junk} if call["method"] == "eth_simulateV1" else answer
                for call, answer in zip(body, answers, strict=True)
            ]

        resolved = adapter_over(ScriptedHttp(answering)).resolve(token_bench.intent(), token_bench.account)
        assert resolved.warnings == ()


def test_too_few_tokens_warn_and_are_refused_when_it_is_time_to_pay(token_bench: Bench) -> None:
    """More than the account holds is resolved with a warning and not built; what is under way counts as gone."""
    bench = token_bench
    resolved = bench.resolved(bench.intent(units=10**12 + 1))
    assert any("base units of the token" in one for one in resolved.warnings)
    with pytest.raises(Refused) as problem:
        bench.built(resolved)
    assert problem.value.code == "INSUFFICIENT_FUNDS"
    most = bench.resolved(bench.intent(units=6 * 10**11))
    first = bench.signed(bench.built(most))
    with pytest.raises(Refused) as again:
        bench.built(most, in_flight=(first,))
    assert again.value.code == "INSUFFICIENT_FUNDS"
    assert again.value.details["spendable"] == str(4 * 10**11)


def test_tokens_without_money_for_the_fee_are_not_built(token_bench: Bench, anvil: Anvil) -> None:
    """Tokens alone pay no fee: a warning, then a refusal."""
    anvil.call("anvil_setBalance", token_bench.account.address, hex(10**12))
    resolved = token_bench.resolved()
    assert any("wei" in one for one in resolved.warnings)
    with pytest.raises(Refused) as problem:
        token_bench.built(resolved)
    assert problem.value.code == "INSUFFICIENT_FUNDS"


def test_recipients_that_lose_what_arrives_are_named(token_bench: Bench) -> None:
    """The token's own contract, the zero address, a precompile and the burn address are cautions about the recipient."""
    bench = token_bench
    codes = {
        token_of(bench): "TOKEN_CONTRACT",
        "0x0000000000000000000000000000000000000002": "BURN_ADDRESS",
        "0x000000000000000000000000000000000000dEaD": "BURN_ADDRESS",
    }
    for to, code in codes.items():
        (caution,) = bench.resolved(bench.intent(to=to)).cautions
        assert (caution.code, caution.about) == (code, "recipient")
    native = replace(bench, asset=None, units=ETH)
    assert native.adapter.resolve_offline(native.intent(to="0x" + "0" * 40), native.account, 1).cautions
    assert native.resolved(native.intent()).cautions == ()


# --- who is asked -----------------------------------------------------------------------------------------------------------


def lying(http: DirectHttp, word: bytes, said: str, asked: list[str] | None = None) -> ScriptedHttp:
    """A node that answers one of a token's words with this. :param asked: gets the data of every call"""

    def answer(method: str, path: str, body: Any) -> Any:
        answers = http.json(method, path, body)
        for call, one in zip(body, answers, strict=True):
            data = call["params"][0].get("data", "") if call["method"] == "eth_call" else ""
            if asked is not None and data:
                asked.append(data)
            if data.startswith(f"0x{word.hex()}"):
                one.pop("error", None)
                one["result"] = said
        return answers

    return ScriptedHttp(answer)


@pytest.mark.parametrize(
    ("word", "said"),
    [
        (DECIMALS, "0x" + (18).to_bytes(32).hex()),
        (SYMBOL, "0x" + b"USDC".ljust(32, b"\0").hex()),
        (NAME, "0x" + b"USD Coin".ljust(32, b"\0").hex()),
    ],
)
def test_endpoints_agree_on_what_a_token_says(token_bench: Bench, http: DirectHttp, word: bytes, said: str) -> None:
    """Where two endpoints tell other decimals, or another name, neither is believed; one that is away is passed over."""
    honest, liar, asset = ScriptedHttp(http.json), lying(http, word, said), token_bench.asset or ""
    for pair in (ScriptedHttp(http.json, liar), ScriptedHttp(liar._answer, honest)):
        adapter = adapter_over(pair)
        with pytest.raises(Unavailable):
            adapter.describe_assets([asset])
        with pytest.raises(Unavailable):
            adapter.resolve(token_bench.intent(), token_bench.account)
        with pytest.raises(Unavailable):
            adapter.balances(token_bench.account, [asset], ())

    def nobody(method: str, path: str, body: Any) -> Any:
        raise Unavailable("nobody is there")

    (found,) = adapter_over(ScriptedHttp(nobody, honest)).describe_assets([asset])
    assert (found.symbol, found.decimals) == ("EXD", 6)


def test_what_no_endpoint_calls_a_token_is_none(bench: Bench, anvil: Anvil, http: DirectHttp) -> None:
    """All of them say so: it is refused, and not asked about for ever."""
    asset = bench.adapter.parse_asset(deploy(anvil, "Closed"))
    with pytest.raises(Refused, match="no ERC-20 token"):
        adapter_over(ScriptedHttp(http.json, ScriptedHttp(http.json))).describe_assets([asset])


def test_a_tokens_words_do_not_stay_for_ever(token_bench: Bench, http: DirectHttp) -> None:
    """For half a minute nobody is asked again; then what the token says now is what is shown."""
    clock, said, asked = FrozenClock(), ["EXD"], list[str]()
    tokens = Tokens(token_bench.adapter.network.chain_id, clock.monotonic)
    contract = token_of(token_bench)

    def shown() -> str:
        node = lying(http, SYMBOL, "0x" + said[0].encode().ljust(32, b"\0").hex(), asked)
        return tokens.describe(rpc_over(node), [contract])[0].asset.symbol

    assert shown() == "EXD"
    said[0], count = "NEW", len(asked)
    clock.advance(29)
    assert (shown(), len(asked)) == ("EXD", count)
    clock.advance(2)
    assert shown() == "NEW"


def test_balances_of_tokens(token_bench: Bench, anvil: Anvil) -> None:
    """Each asked asset in order; what is under way is not spendable, in either asset; none asked is native alone."""
    bench = token_bench
    _, signed = bench.payment()
    other = deploy_token(anvil, "Silent")
    asked = [bench.asset or "", "native", other]
    token, native, silent = bench.adapter.balances(bench.account, asked, as_payments([signed]))
    assert (token.asset.symbol, token.total, token.spendable) == ("EXD", 10**12, 10**12 - bench.units)
    assert native.asset.native
    assert 0 < native.total - native.spendable < bench.adapter.network.fee_max
    assert (silent.total, silent.spendable) == (0, 0)
    bench.adapter.broadcast(signed)
    anvil.advance(1)
    token, native, _ = bench.adapter.balances(bench.account, asked, as_payments([signed]))
    assert token.total == token.spendable == 10**12 - bench.units
    assert [one.asset.native for one in bench.adapter.balances(bench.account, [], [])] == [True]


def test_a_token_payment_takes_one_request_a_step(token_bench: Bench, http: DirectHttp) -> None:
    """Resolve, build, simulate and broadcast are one HTTP request each; the status two."""
    bench, counts = token_bench, [http.requests]
    resolved = bench.resolved()
    counts.append(http.requests)
    unsigned = bench.built(resolved)
    counts.append(http.requests)
    simulated(bench, unsigned)
    counts.append(http.requests)
    signed = bench.signed(unsigned)
    bench.adapter.broadcast(signed)
    counts.append(http.requests)
    bench.chain.advance(1)
    bench.status(signed)
    counts.append(http.requests)
    assert [after - before for before, after in pairwise(counts)] == [1, 1, 1, 1, 2]
