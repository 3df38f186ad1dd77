"""What is tried before it is signed is what would be sent: a contract cannot tell the two apart."""

from collections.abc import Callable
from typing import Any

import pytest
from waiaas_evm.localnet import Anvil
from waiaas_evm.transaction import read_unsigned

from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Phase
from waiaas.testing.bench import Bench
from waiaas.testing.http import DirectHttp, ScriptedHttp

from .accounts import adapter_over, held_of, paying_with
from .contracts import deploy, deploy_token, mint

Change = Callable[[dict[str, Any]], dict[str, Any]]


def noting(http: DirectHttp, asked: list[Any], change: Change | None = None) -> ScriptedHttp:
    """A node whose calls are kept. :param change: of the transaction that is tried"""

    def answer(method: str, path: str, body: Any) -> Any:
        for call in body:
            if call["method"] == "eth_call":
                asked.append(call["params"][0])
                call["params"][0] = change(call["params"][0]) if change else call["params"][0]
        return http.json(method, path, body)

    return ScriptedHttp(answer)


@pytest.mark.parametrize("is_token", [False, True])
def test_every_field_of_the_bytes_is_tried(bench: Bench, anvil: Anvil, http: DirectHttp, is_token: bool) -> None:
    """Gas, both prices, nonce, value and data: exactly those of the bytes, in flight or not."""
    if is_token:
        token = deploy_token(anvil)
        mint(anvil, token, bench.account.address, 10**12)
        bench = paying_with(bench, anvil, token)
    _, first = bench.payment()
    bench.adapter.broadcast(first)
    unsigned = bench.built(bench.resolved(), in_flight=(first,))
    tx, asked = read_unsigned(unsigned.body), list[Any]()
    assert tx.nonce == 1
    works, _, why = adapter_over(noting(http, asked)).simulate(unsigned, bench.account)
    assert (works, why) == (True, "")
    (tried,) = asked
    assert {
        name: int(tried[name], 16) for name in ("gas", "maxFeePerGas", "maxPriorityFeePerGas", "nonce", "value")
    } == {
        "gas": tx.gas,
        "maxFeePerGas": tx.max_fee,
        "maxPriorityFeePerGas": tx.tip,
        "nonce": tx.nonce,
        "value": tx.value,
    }
    assert tried["data"] == f"0x{tx.data.hex()}"


def test_a_recipient_that_looks_at_the_price_is_found_out(bench: Bench, anvil: Anvil, http: DirectHttp) -> None:
    """What takes money for free and refuses it once gas costs something: without the price all would seem well."""
    resolved = bench.resolved(bench.intent(to=deploy(anvil, "Pricey")))
    unsigned = bench.built(resolved)
    works, effects, why = adapter_over(http).simulate(unsigned, bench.account)
    assert (works, effects) == (False, ())
    assert "only for free" in why

    def cheap(tried: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in tried.items() if "Fee" not in name}

    assert adapter_over(noting(http, [], cheap)).simulate(unsigned, bench.account)[0]


def test_a_token_that_takes_everything_is_found_out(bench: Bench, anvil: Anvil, http: DirectHttp) -> None:
    """A token that moves the amount when it is tried for free, and all there is when it is paid, is refused."""
    token = deploy_token(anvil, "TwoFaced")
    mint(anvil, token, bench.account.address, 10**12)
    paying = paying_with(bench, anvil, token)
    unsigned = paying.built(paying.resolved())
    works, effects, why = adapter_over(http).simulate(unsigned, bench.account)
    assert (works, effects) == (False, ())
    assert f"would take {10**12} base units" in why
    signed = paying.signed(unsigned)
    paying.adapter.broadcast(signed)
    anvil.advance(1)
    assert paying.status(signed).phase is Phase.FINAL
    assert held_of(anvil, token, bench.account.address) == 0


@pytest.mark.parametrize("name", ["Standard", "Silent", "Falsey", "Taxed"])
def test_honest_tokens_are_not_suspected(bench: Bench, anvil: Anvil, http: DirectHttp, name: str) -> None:
    """The account loses what is paid and no more, whatever becomes of it on the way."""
    token = deploy_token(anvil, name)
    mint(anvil, token, bench.account.address, 10**12)
    paying = paying_with(bench, anvil, token)
    unsigned = paying.built(paying.resolved())
    assert adapter_over(http).simulate(unsigned, bench.account)[::2] == (True, "")


@pytest.mark.parametrize(
    "said",
    [{"error": {"code": -32601, "message": "no"}}, {"result": None}, {"result": [{"calls": []}]}, {"result": [{}]}],
)
def test_a_node_that_plays_no_calls_can_still_try(token_bench: Bench, http: DirectHttp, said: dict[str, Any]) -> None:
    """Where ``eth_simulateV1`` is missing or answers nonsense, the plain trial stands."""

    def answer(method: str, path: str, body: Any) -> Any:
        answers = http.json(method, path, body)
        for call, one in zip(body, answers, strict=True):
            if call["method"] == "eth_simulateV1":
                one.pop("result", None)
                one.update(said)
        return answers

    unsigned = token_bench.built(token_bench.resolved())
    assert adapter_over(ScriptedHttp(answer)).simulate(unsigned, token_bench.account)[0]


def test_a_base_fee_above_the_bytes_is_no_failure(bench: Bench) -> None:
    """The price may fall again: the payment waits, and is not ended as one that would fail."""
    unsigned = bench.built(bench.resolved())
    words = "max fee per gas less than block base fee: address 0x1, maxFeePerGas: 1, baseFee: 2"

    def answer(method: str, path: str, body: Any) -> Any:
        return [{"id": call["id"], "error": {"code": -32000, "message": words}} for call in body]

    with pytest.raises(Unavailable):
        adapter_over(ScriptedHttp(answer)).simulate(unsigned, bench.account)
