"""What assets are and what an account holds, as every endpoint together tells it; and what is asked how often."""

from dataclasses import replace
from typing import Any

import pytest
from solders.keypair import Keypair
from waiaas_solana.batches import Answer, Batch, Remembered
from waiaas_solana.localnet import Localnet, MintKind
from waiaas_solana.rpc import rpc_over

from waiaas.errors import Refused, Unavailable
from waiaas.interfaces.chain import Asset
from waiaas.testing.bench import Bench
from waiaas.testing.http import DirectHttp, ScriptedHttp

from .accounts import LOCAL, PLENTY, SOL, TOKEN_2022, adapter_over, mint_of, token_bench_on


def token_id(mint: str) -> str:
    """A mint's asset id on the localnet."""
    return f"{LOCAL.chain_id}/token:{mint}"


# --- what it is called ------------------------------------------------------------------------------------------------------


def test_assets_are_described_from_the_chain(localnet: Localnet, http: DirectHttp) -> None:
    """Decimals come from the mint; names from Token-2022's metadata, from Metaplex, or are made from the mint."""
    told = localnet.issuer.mint(MintKind(decimals=0, program=TOKEN_2022, metadata=("TOLD", "Told by itself")))
    listed, bare = localnet.issuer.mint(MintKind(decimals=9)), localnet.issuer.mint(MintKind(decimals=255))
    localnet.issuer.name(listed, "LIST", "Told by Metaplex")
    localnet.advance(2)
    found = adapter_over(http).describe_assets([token_id(told), LOCAL.native.id, token_id(listed), token_id(bare)])
    assert found == [
        Asset(id=token_id(told), symbol="TOLD", decimals=0, native=False, name="Told by itself"),
        LOCAL.native,
        Asset(id=token_id(listed), symbol="LIST", decimals=9, native=False, name="Told by Metaplex"),
        Asset(id=token_id(bare), symbol=f"{bare[:4]}..{bare[-4:]}", decimals=255, native=False),
    ]


def test_what_is_no_token_is_unknown(localnet: Localnet, http: DirectHttp) -> None:
    """An address without account, a wallet and a token account are ASSET_UNKNOWN, for description and balance alike."""
    bench = token_bench_on(localnet, http)
    for address in (
        bench.new_address(),
        bench.account.address,
        localnet.issuer.account(mint_of(bench), bench.account.address),
    ):
        for call in (
            lambda asset: bench.adapter.describe_assets([asset]),
            lambda asset: bench.adapter.balances(bench.account, [asset], ()),
        ):
            with pytest.raises(Refused) as problem:
                call(token_id(address))
            assert problem.value.code == "ASSET_UNKNOWN"


def test_many_assets_are_described_in_few_requests(localnet: Localnet, http: DirectHttp) -> None:
    """Fifty tokens take one request to an endpoint, and none when they are asked about again."""
    mints = [token_id(localnet.issuer.mint(MintKind())) for _ in range(60)]
    localnet.advance(2)
    adapter, before = adapter_over(http), http.requests
    first = adapter.describe_assets(mints)
    assert [one.id for one in first] == mints
    assert http.requests - before == 2
    assert adapter.describe_assets(mints) == first
    assert http.requests - before == 2


# --- who is asked -----------------------------------------------------------------------------------------------------------


def tampering(http: DirectHttp, change: Any) -> ScriptedHttp:
    """A node that lies about mints."""

    def answer(method: str, path: str, body: Any) -> Any:
        found = http.json(method, path, body)
        for call, one in zip(body, found, strict=True):
            if call["method"] == "getMultipleAccounts" and "result" in one:
                one["result"]["value"] = [change(account) for account in one["result"]["value"]]
        return found

    return ScriptedHttp(answer)


def plain(account: Any) -> Any:
    """A mint without its extensions."""
    import base64

    if account is None:
        return None
    data = base64.b64decode(account["data"][0])
    return account if len(data) < 200 else {**account, "data": [base64.b64encode(data[:82]).decode(), "base64"]}


def with_decimals(account: Any) -> Any:
    """A mint with other decimals."""
    import base64

    if account is None:
        return None
    data = base64.b64decode(account["data"][0])
    return {**account, "data": [base64.b64encode(data[:44] + b"\x03" + data[45:]).decode(), "base64"]}


def test_what_one_endpoint_hides_another_tells(localnet: Localnet, http: DirectHttp) -> None:
    """A node that hides an issuer's power spares no caution while another endpoint is asked too, in either order."""
    bench = token_bench_on(localnet, http, MintKind(program=TOKEN_2022, extensions=("permanent-delegate",)))
    honest, lying = ScriptedHttp(http.json), tampering(http, plain)
    first, second = ScriptedHttp(lying._answer, honest), ScriptedHttp(honest._answer, lying)
    for endpoints in (first, second):
        resolved = replace(bench, adapter=adapter_over(endpoints)).resolved()
        assert [one.code for one in resolved.cautions] == ["PERMANENT_DELEGATE"]
    assert replace(bench, adapter=adapter_over(lying)).resolved().cautions == ()


def test_endpoints_agree_on_what_a_token_is(localnet: Localnet, http: DirectHttp) -> None:
    """Two endpoints with other decimals are both disbelieved; one that is away is passed over."""
    bench = token_bench_on(localnet, http)
    lying = tampering(http, with_decimals)
    with pytest.raises(Unavailable):
        adapter_over(ScriptedHttp(http.json, lying)).describe_assets([bench.paid])

    def nobody(method: str, path: str, body: Any) -> Any:
        raise Unavailable("nobody is there")

    (asset,) = adapter_over(ScriptedHttp(nobody, ScriptedHttp(http.json))).describe_assets([bench.paid])
    assert asset.decimals == 6
    with pytest.raises(Unavailable):
        adapter_over(ScriptedHttp(nobody, ScriptedHttp(nobody))).describe_assets([bench.paid])


@pytest.mark.parametrize("method", ["getMultipleAccounts", "getTokenAccountsByOwner"])
def test_one_odd_token_is_left_out_of_a_list_and_told_when_asked_for(
    localnet: Localnet, http: DirectHttp, method: str
) -> None:
    """A mint or a token account that cannot be read takes nothing else from the list; asked for by name it is no zero."""
    bench = token_bench_on(localnet, http)

    def odd(account: Any) -> Any:
        return account and {**account, ("lamports" if "lamports" in account else "account"): "their words"}

    def answer(verb: str, path: str, body: Any) -> Any:
        found = http.json(verb, path, body)
        for call, one in zip(body, found, strict=True):
            if call["method"] == method:
                one["result"]["value"] = [odd(account) for account in one["result"]["value"]]
        return found

    adapter = adapter_over(ScriptedHttp(answer))
    native = bench.adapter.network.native.id
    assert [one.asset.id for one in adapter.balances(bench.account, (), ())] == [native]
    with pytest.raises(Unavailable):
        adapter.balances(bench.account, (bench.paid,), ())


def test_a_token_that_is_not_agreed_on_is_left_out_of_a_list(localnet: Localnet, http: DirectHttp) -> None:
    """What two endpoints tell differently is not listed, and keeps nothing else from the list."""
    bench = token_bench_on(localnet, http)
    adapter = adapter_over(ScriptedHttp(http.json, tampering(http, with_decimals)))
    assert [one.asset.native for one in adapter.balances(bench.account, (), ())] == [True]


# --- what it holds ----------------------------------------------------------------------------------------------------------


def test_everything_held_is_listed(localnet: Localnet, http: DirectHttp) -> None:
    """Without a question for certain assets, SOL and the tokens of both programs are listed, frozen ones as not spendable."""
    bench = token_bench_on(localnet, http)
    address = bench.account.address
    second = localnet.issuer.mint(MintKind(program=TOKEN_2022, fee=(1, 1)))
    frozen = localnet.issuer.mint(MintKind())
    for mint in (second, frozen):
        localnet.issuer.issue(mint, address, 7)
    localnet.issuer.freeze(frozen, address)
    localnet.issuer.mint(MintKind())
    localnet.advance(2)
    found = {one.asset.id: (one.total, one.spendable) for one in bench.adapter.balances(bench.account, [], ())}
    assert found.pop(LOCAL.native.id)[0] == localnet.balance(address)
    assert found == {bench.paid: (PLENTY, PLENTY), token_id(second): (7, 7), token_id(frozen): (7, 0)}


def test_assets_are_answered_in_the_order_asked(localnet: Localnet, http: DirectHttp) -> None:
    """What is asked comes in its order, repeated where it was repeated, and zero where nothing is held."""
    bench = token_bench_on(localnet, http)
    empty = token_id(localnet.issuer.mint(MintKind()))
    localnet.advance(2)
    asked = [empty, LOCAL.native.id, bench.paid, empty]
    found = bench.adapter.balances(bench.account, asked, ())
    assert [one.asset.id for one in found] == asked
    assert [found[0].total, found[2].total, found[3].spendable] == [0, PLENTY, 0]


def test_native_balances_ask_nothing_of_tokens(localnet: Localnet, http: DirectHttp) -> None:
    """Where only SOL is asked for, one request of two calls is made."""
    bench = token_bench_on(localnet, http)
    localnet.reset_requests()
    replace(bench, adapter=adapter_over(http)).adapter.balances(bench.account, [bench.native], ())
    assert localnet.requests() == {"getBalance": 1, "getMinimumBalanceForRentExemption": 1}


# --- how often it is asked ----------------------------------------------------------------------------------------------------


def calls_of(localnet: Localnet, bench: Bench, *, after: Any) -> dict[str, int]:
    """Calls of one thing done."""
    localnet.reset_requests()
    after()
    return localnet.requests()


def test_what_does_not_change_is_asked_once(localnet: Localnet, http: DirectHttp, bench: Bench) -> None:
    """Of two native payments the second asks neither rent nor, while building, prices; genesis and blockhash every time."""
    bench.built(bench.resolved())
    intent = bench.intent()
    assert calls_of(localnet, bench, after=lambda: bench.resolved(intent)) == {
        "getMultipleAccounts": 1,
        "getRecentPrioritizationFees": 1,
    }
    resolved = bench.resolved(intent)
    once = {"getGenesisHash": 1, "getBlockHeight": 1, "getLatestBlockhash": 1, "getBalance": 1}
    assert calls_of(localnet, bench, after=lambda: bench.built(resolved)) == once
    tokens = token_bench_on(localnet, http, MintKind(program=TOKEN_2022, fee=(1, 1)), adapter_over(http))
    tokens.built(tokens.resolved())
    resolved = tokens.resolved()
    assert calls_of(localnet, tokens, after=lambda: tokens.built(resolved)) == {
        "getGenesisHash": 1,
        "getBlockHeight": 1,
        "getLatestBlockhash": 1,
        "getMultipleAccounts": 1,
        "getEpochInfo": 1,
    }


def test_a_second_token_payment_takes_one_request_a_step(localnet: Localnet, http: DirectHttp) -> None:
    """With the token known, resolving and building are one request each; a token that is met first takes one more."""
    bench = token_bench_on(localnet, http)
    before = http.requests
    resolved = bench.resolved()
    assert http.requests - before == 2
    bench.built(resolved)
    bench.resolved()
    assert http.requests - before == 4


def test_remembered_values_grow_old() -> None:
    """A value is given back for as long as was said and no longer, and the store of them does not grow without end."""
    now = [100.0]
    kept: Remembered[int] = Remembered(10, most=3, clock=lambda: now[0])
    kept.keep("a", 1)
    now[0] = 109.9
    assert kept.get("a") == 1
    now[0] = 110.0
    assert kept.get("a") is None
    for index in range(100):
        kept.keep(index, index)
        assert kept.get(index) == index
    assert len(kept._kept) <= 3


def test_nothing_unread_is_remembered() -> None:
    """An answer that could not be read leaves nothing behind, and a batch without questions asks nobody."""
    kept: Remembered[int] = Remembered(10)
    batch = Batch(rpc_over(ScriptedHttp(lambda *_: [{"jsonrpc": "2.0", "id": 0, "result": "x"}])))

    def unreadable(result: Any) -> int:
        raise Unavailable("?")

    answer: Answer[int] = kept.asked(batch, "key", ("getSlot", []), unreadable)
    with pytest.raises(Unavailable):
        batch.send()
    with pytest.raises(Unavailable):
        _ = answer.value
    assert kept.get("key") is None
    Batch(rpc_over(ScriptedHttp(lambda *_: 1 / 0))).send()


def test_a_poor_stranger_holds_nothing(localnet: Localnet, http: DirectHttp, bench: Bench) -> None:
    """An account that nobody funded is listed with zero of the native asset, and nothing else."""
    from .accounts import account_of

    (balance,) = bench.adapter.balances(account_of(Keypair()), [], ())
    assert (balance.total, balance.spendable) == (0, 0)
    assert localnet.balance(bench.account.address) == 100 * SOL
