"""Nonces: in order, dense, never twice; after a restart, and when another program used the key."""

from dataclasses import replace
from typing import Any

import coincurve
import pytest
from waiaas_evm.localnet import Anvil
from waiaas_evm.nonces import nonce_of
from waiaas_evm.transaction import read_signed, read_unsigned, unsigned_bytes

from waiaas.errors import NotYet, Refused, Unavailable
from waiaas.interfaces.chain import Intent, Kind, Phase, Sent, Signed, Unsigned
from waiaas.testing.bench import SALT, Bench
from waiaas.testing.http import DirectHttp, ScriptedHttp
from waiaas.testing.naming import as_payments, as_variants

from .accounts import ETH, adapter_over, rival


def paid(bench: Bench, *in_flight: Signed, newest: Signed | None = None) -> Signed:
    """One more payment, signed."""
    request = replace(bench.request(bench.resolved()), in_flight=as_payments(in_flight), newest=newest)
    return bench.signed(bench.adapter.build(request))


def landed(bench: Bench, signed: Signed) -> None:
    """Send it and make a block."""
    assert bench.adapter.broadcast(signed)[0] is Sent.ACCEPTED
    bench.chain.advance(1)


def used_elsewhere(bench: Bench, model: Signed, nonce: int) -> Signed:
    """Another program with the same key pays with a nonce. :param model: a payment of ours to copy"""
    body = unsigned_bytes(replace(read_signed(model.raw)[0], nonce=nonce))
    signed = bench.signed(Unsigned(body=body, evidence=model.evidence))
    landed(bench, signed)
    return signed


def test_nonces_are_dense_whatever_the_node_counts(bench: Bench) -> None:
    """Fifty payments built before any lands have the nonces 0 to 49, and all of them land."""
    signed: list[Signed] = []
    for _ in range(50):
        signed.append(paid(bench, *signed))
    assert [nonce_of(one) for one in signed] == list(range(50))
    assert [sorted(one.claims) for one in signed] == [[f"nonce:{index}"] for index in range(50)]
    for one in reversed(signed):
        bench.adapter.broadcast(one)
    bench.chain.advance(1)
    assert {status.phase for status in bench.adapter.statuses(signed)} == {Phase.FINAL}


def test_right_after_a_restart_nothing_is_used_twice(bench: Bench, http: DirectHttp) -> None:
    """A new process that knows only what was signed goes on above it, though the node has seen none of it."""
    first = paid(bench)
    fresh = replace(bench, adapter=bench.over(http))
    assert nonce_of(paid(fresh, first)) == 1
    assert nonce_of(paid(fresh, first, newest=first)) == 1


def test_what_was_signed_last_is_never_gone_below(bench: Bench) -> None:
    """With nothing in flight and a node that has everything, the newest bytes still decide where to go on."""
    first = paid(bench)
    landed(bench, first)
    assert nonce_of(paid(bench, newest=first)) == 1


def test_a_node_that_lags_is_waited_for(bench: Bench) -> None:
    """Where the node has not seen a nonce that is final, bytes would wait behind a gap: none are made."""
    first = paid(bench)
    with pytest.raises(NotYet) as problem:
        paid(bench, newest=first)
    assert problem.value.code == "ACCOUNT_BUSY"
    landed(bench, first)
    assert nonce_of(paid(bench, newest=first)) == 1


def test_another_programs_use_is_followed_and_remarked_on(bench: Bench) -> None:
    """A higher count that is final is followed, and a person can read in the remarks which nonces were not ours."""
    first = paid(bench)
    landed(bench, first)
    for nonce in (1, 2, 3):
        used_elsewhere(bench, first, nonce)
    unsigned = bench.adapter.build(replace(bench.request(bench.resolved()), newest=first))
    assert read_unsigned(unsigned.body).nonce == 4
    (remark,) = unsigned.remarks
    assert "nonce 1 to 3" in remark
    landed(bench, bench.signed(unsigned))
    assert bench.status(bench.signed(unsigned)).ok


def test_our_own_nonces_need_no_remark(bench: Bench) -> None:
    """Where nobody else used the key there is nothing to say."""
    first = paid(bench)
    landed(bench, first)
    assert bench.adapter.build(replace(bench.request(bench.resolved()), newest=first)).remarks == ()


def test_another_programs_use_that_is_not_final_is_waited_for(deep: Bench) -> None:
    """Until the block that used the nonce is final, nothing is built: it might vanish, and leave a gap."""
    first = paid(deep)
    landed(deep, first)
    used_elsewhere(deep, first, 1)
    for _ in range(2):
        with pytest.raises(NotYet) as problem:
            paid(deep, newest=first)
        assert problem.value.code == "ACCOUNT_BUSY"
        assert "nonce 1" in problem.value.message
        deep.chain.advance(1)
    assert nonce_of(paid(deep, newest=first)) == 2


def test_every_endpoint_must_know_of_another_programs_use(bench: Bench, http: DirectHttp) -> None:
    """One node that counts too much leads nobody to a nonce far ahead, where bytes would wait for ever."""

    def boasting(method: str, path: str, body: Any) -> Any:
        answers = http.json(method, path, body)
        for call, answer in zip(body, answers, strict=True):
            if call["method"] == "eth_getTransactionCount":
                answer["result"] = "0x100000"
        return answers

    adapter = adapter_over(ScriptedHttp(boasting, http))
    resolved = bench.resolved()
    with pytest.raises(NotYet) as problem:
        adapter.build(bench.request(resolved))
    assert problem.value.code == "ACCOUNT_BUSY"


def test_an_endpoint_that_is_away_confirms_nothing(bench: Bench, http: DirectHttp) -> None:
    """A higher count is not followed while one of the endpoints cannot be asked."""
    used_elsewhere(bench, paid(bench), 0)
    resolved = bench.resolved()

    def away(method: str, path: str, body: Any) -> Any:
        raise Unavailable("nobody is there")

    request = bench.request(resolved)
    assert adapter_over(http).build(request).remarks
    with pytest.raises(Unavailable):
        adapter_over(ScriptedHttp(http.json, ScriptedHttp(away))).build(request)


# --- variants -------------------------------------------------------------------------------------------------------------


def faster(bench: Bench, *replaces: Signed) -> Signed:
    """A variant that offers more."""
    flying = as_variants(replaces)
    request = replace(bench.request(bench.resolved()), in_flight=flying, replaces=flying, newest=replaces[-1])
    return bench.signed(bench.adapter.build(request))


def test_a_faster_variant_takes_the_place_of_the_first(bench: Bench, anvil: Anvil) -> None:
    """It has the same nonce and offers an eighth more of both prices; it lands, and the first is dead."""
    first = paid(bench)
    bench.adapter.broadcast(first)
    assert bench.status(first).phase is Phase.POOL
    second = faster(bench, first)
    third = faster(bench, first, second)
    for one, before in ((second, first), (third, second)):
        assert one.claims == before.claims
        old, new = (read_signed(signed.raw)[0] for signed in (before, one))
        assert new.max_fee * 8 >= old.max_fee * 9
        assert new.tip > old.tip
        assert bench.adapter.broadcast(one)[0] is Sent.ACCEPTED
    anvil.advance(2)
    phases = [status.phase for status in bench.adapter.statuses([first, second, third])]
    assert phases == [Phase.DEAD, Phase.DEAD, Phase.FINAL]


def test_a_cancellation_pays_nothing_and_kills_the_payment(bench: Bench, anvil: Anvil) -> None:
    """Zero to oneself with the same nonce: no effects, and once it is final the payment is dead."""
    resolved, first = bench.payment()
    bench.adapter.broadcast(first)
    cancellation = bench.cancellation(first)
    assert cancellation.claims == first.claims
    assert bench.adapter.broadcast(cancellation)[0] is Sent.ACCEPTED
    anvil.advance(2)
    assert bench.status(cancellation).ok
    assert bench.status(first).phase is Phase.DEAD
    assert anvil.balance(resolved.effects[0].to or "") == 0


def test_what_is_in_a_block_is_not_replaced(bench: Bench) -> None:
    """Once the nonce is used, no variant is built."""
    first = paid(bench)
    landed(bench, first)
    for build in (faster, lambda bench, signed: bench.cancellation(signed)):
        with pytest.raises(Refused) as problem:
            build(bench, first)
        assert problem.value.code == "NOTHING_TO_REPLACE"


def test_a_cancellation_needs_something_to_cancel(bench: Bench) -> None:
    """Without what it replaces, or with payments of several nonces, nothing is built."""
    first = paid(bench)
    second = paid(bench, first)
    for replaces in ((), (first, second)):
        with pytest.raises(Refused) as problem:
            bench.cancellation(*replaces)
        assert problem.value.code == "NOTHING_TO_REPLACE"


def test_a_variant_above_the_cap_waits(bench: Bench) -> None:
    """A cap that does not reach the eighth more that pools demand is FEE_ABOVE_CAP; enough is enough."""
    unsigned = bench.built(bench.resolved())
    fee = bench.adapter.decode(unsigned, bench.account).max_fee.units
    first = bench.signed(unsigned)
    request = replace(bench.request(bench.resolved()), in_flight=as_variants([first]), replaces=as_variants([first]))
    with pytest.raises(NotYet) as problem:
        bench.adapter.build(replace(request, max_fee=fee * 9 // 8 - 21_000))
    assert problem.value.code == "FEE_ABOVE_CAP"
    built = bench.adapter.build(replace(request, max_fee=fee * 9 // 8 + 21_000))
    assert bench.adapter.decode(built, bench.account).max_fee.units <= fee * 9 // 8 + 21_000


def test_the_payment_that_is_replaced_is_not_counted_as_spent_besides(bench: Bench, anvil: Anvil) -> None:
    """An account that can pay once can also replace that payment."""
    key = coincurve.PrivateKey()
    poor = rival(bench, key)
    anvil.fund(poor.account.address, 10**18)
    intent = poor.intent(units=9 * 10**17)
    first = poor.signed(poor.built(poor.resolved(intent)))
    request = replace(
        poor.request(poor.resolved(intent)), in_flight=as_variants([first]), replaces=as_variants([first])
    )
    assert poor.adapter.build(request)
    with pytest.raises(Refused) as problem:
        poor.adapter.build(replace(request, replaces=(), salt=SALT[::-1]))
    assert problem.value.code == "INSUFFICIENT_FUNDS"


def test_payments_that_the_account_cannot_afford_are_given_up_one_after_another(bench: Bench, anvil: Anvil) -> None:
    """Money went, and none of them can land: a cancellation counts what lands before it, not what waits behind it."""
    poor = rival(bench, coincurve.PrivateKey())
    anvil.fund(poor.account.address, 10 * ETH)
    resolved = poor.resolved(poor.intent(units=4 * ETH))
    first = poor.signed(poor.built(resolved))
    second = poor.signed(poor.adapter.build(poor.request(resolved, in_flight=(first,))))
    anvil.call("anvil_setBalance", poor.account.address, hex(ETH // 100))
    nothing = replace(resolved, intent=Intent(kind=Kind.CANCEL), effects=())
    request = replace(poor.request(nothing, in_flight=(first, second)), max_fee=ETH // 100)
    with pytest.raises(Refused) as problem:
        poor.adapter.build(replace(request, replaces=as_variants([second])))
    assert problem.value.code == "INSUFFICIENT_FUNDS"
    for one in (first, second):
        cancellation = poor.signed(poor.adapter.build(replace(request, replaces=as_variants([one]))))
        landed(poor, cancellation)
        assert poor.status(cancellation).ok
