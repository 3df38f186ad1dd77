"""Whom tokens can be paid to, what with, and what is no token transfer: on a real virtual machine."""

from dataclasses import replace
from typing import Any

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from waiaas_solana.localnet import Localnet
from waiaas_solana.token_programs import TOKEN_PROGRAM

from waiaas.errors import Malformed, Refused
from waiaas.interfaces.chain import Amount, What
from waiaas.testing.http import DirectHttp, ScriptedHttp

from .accounts import LOCAL, PLENTY, adapter_over, mint_of, pubkey, rival, token_bench_on
from .test_tokens import RENT, landed, opened, refusal, run

PROGRAM_ADDRESS = str(Pubkey.find_program_address([b"vault"], Pubkey(bytes([3]) * 32))[0])


# --- recipients ---------------------------------------------------------------------------------------------------------


def test_a_recipient_is_a_wallet(localnet: Localnet, http: DirectHttp) -> None:
    """A token account, derived or not, a mint and a program are refused as recipients; the hint names the wallet."""
    bench = token_bench_on(localnet, http)
    wallet = opened(localnet, bench)
    with pytest.raises(Refused) as problem:
        bench.resolved(bench.intent(to=localnet.issuer.account(mint_of(bench), wallet)))
    assert problem.value.code == "RECIPIENT_IS_TOKEN_ACCOUNT"
    assert wallet in problem.value.hint
    assert refusal(bench.resolved, bench.intent(to=mint_of(bench))) == "RECIPIENT_IS_TOKEN_ACCOUNT"
    assert refusal(bench.resolved, bench.intent(to=str(TOKEN_PROGRAM))) == "RECIPIENT_RESERVED"


def test_a_recipient_without_a_key_is_a_matter_of_policy(localnet: Localnet, http: DirectHttp) -> None:
    """An address that no key can sign for is a caution about the recipient; paid all the same where a policy names it."""
    bench = token_bench_on(localnet, http)
    resolved = bench.resolved(bench.intent(to=PROGRAM_ADDRESS))
    assert [(one.code, one.about) for one in resolved.cautions] == [("OFF_CURVE", "recipient")]
    assert landed(bench, resolved).ok
    assert localnet.tokens(mint_of(bench), PROGRAM_ADDRESS) == bench.units


def test_an_account_that_changed_hands_is_not_paid(localnet: Localnet, http: DirectHttp) -> None:
    """A derived account that its wallet has given away is refused, at the verdict and when the bytes are made."""
    bench = token_bench_on(localnet, http)
    owner, thief = Keypair(), Keypair().pubkey()
    to = str(owner.pubkey())
    account = pubkey(localnet.issuer.open(mint_of(bench), to))
    resolved = bench.resolved(bench.intent(to=to))
    give = Instruction(
        TOKEN_PROGRAM,
        b"\x06\x02\x01" + bytes(thief),
        [AccountMeta(account, False, True), AccountMeta(owner.pubkey(), True, False)],
    )
    run(localnet, http, owner, give)
    code = "RECIPIENT_ACCOUNT_TAKEN"
    assert refusal(bench.resolved, bench.intent(to=to)) == refusal(bench.built, resolved) == code


def test_an_account_opened_meanwhile_does_not_matter(localnet: Localnet, http: DirectHttp) -> None:
    """Where the account was opened between verdict and bytes, the bytes do what was judged and cost less."""
    bench = token_bench_on(localnet, http)
    resolved = bench.resolved()
    to = resolved.effects[0].to or ""
    localnet.issuer.open(mint_of(bench), to)
    localnet.advance(2)
    unsigned = bench.built(resolved)
    assert bench.adapter.decode(unsigned, bench.account).effects == resolved.effects
    before = localnet.balance(bench.account.address)
    assert landed(bench, resolved).ok
    assert before - localnet.balance(bench.account.address) < RENT[165]
    assert [one.spare_openings for one in localnet.executed(bench.account.address)] == [1]


def test_an_account_closed_meanwhile_is_not_opened_unjudged(localnet: Localnet, http: DirectHttp) -> None:
    """Where the account vanished between verdict and bytes, its rent was not judged: nothing is built."""
    bench = token_bench_on(localnet, http)
    owner = Keypair()
    account = pubkey(localnet.issuer.open(mint_of(bench), str(owner.pubkey())))
    resolved = bench.resolved(bench.intent(to=str(owner.pubkey())))
    metas = [AccountMeta(account, False, True), AccountMeta(owner.pubkey(), False, True)]
    run(localnet, http, owner, Instruction(TOKEN_PROGRAM, b"\x09", [*metas, AccountMeta(owner.pubkey(), True, False)]))
    assert refusal(bench.built, resolved) == "RECIPIENT_ACCOUNT_GONE"


def test_more_rent_than_was_judged_is_not_paid(localnet: Localnet, http: DirectHttp) -> None:
    """A verdict over less rent than opening takes now is not enough."""
    bench = token_bench_on(localnet, http)
    resolved = bench.resolved()
    out, locked = resolved.effects
    cheaper = replace(resolved, effects=(out, replace(locked, units=(locked.units or 0) - 1)))
    assert refusal(bench.built, cheaper) == "RENT_CHANGED"


def test_a_node_cannot_talk_rent_down(localnet: Localnet, http: DirectHttp) -> None:
    """Rent below the rate since genesis is not believed: it is judged at that rate."""
    bench = token_bench_on(localnet, http)

    def cheap(method: str, path: str, body: Any) -> Any:
        answers = http.json(method, path, body)
        for call, answer in zip(body, answers, strict=True):
            if call["method"] == "getMinimumBalanceForRentExemption":
                answer["result"] = 1
        return answers

    resolved = replace(bench, adapter=adapter_over(ScriptedHttp(cheap))).resolved()
    assert [one.units for one in resolved.effects if one.what is What.LOCKED] == [RENT[165]]


# --- money ----------------------------------------------------------------------------------------------------------------


def test_too_few_tokens_warn_and_are_refused_when_it_is_time_to_pay(localnet: Localnet, http: DirectHttp) -> None:
    """More than the derived account holds is a warning first and a refusal with figures then; so is too little SOL."""
    bench = token_bench_on(localnet, http)
    resolved = bench.resolved(bench.intent(units=PLENTY + 1))
    assert any("base units" in text for text in resolved.warnings)
    with pytest.raises(Refused) as problem:
        bench.built(resolved)
    assert (problem.value.code, problem.value.details["missing"]) == ("INSUFFICIENT_FUNDS", "1")
    key = Keypair()
    poor = rival(bench, key)
    localnet.issuer.issue(mint_of(bench), poor.account.address, 10 * bench.units)
    localnet.fund(poor.account.address, RENT[165])
    localnet.advance(2)
    assert refusal(poor.built, poor.resolved()) == "INSUFFICIENT_FUNDS"
    assert poor.built(poor.resolved(poor.intent(to=opened(localnet, bench))))


def test_only_the_derived_account_pays(localnet: Localnet, http: DirectHttp) -> None:
    """Tokens in another account of the wallet are counted as held, and cannot be spent."""
    bench = token_bench_on(localnet, http)
    other = Keypair()
    spare = other.pubkey()
    localnet.issuer.issue(mint_of(bench), str(spare), 500)
    give = Instruction(
        TOKEN_PROGRAM,
        b"\x06\x02\x01" + bytes(pubkey(bench.account.address)),
        [
            AccountMeta(pubkey(localnet.issuer.account(mint_of(bench), str(spare))), False, True),
            AccountMeta(spare, True, False),
        ],
    )
    run(localnet, http, other, give)
    (balance,) = bench.adapter.balances(bench.account, [bench.asset or ""], [])
    assert (balance.total, balance.spendable) == (PLENTY + 500, PLENTY)
    assert refusal(bench.built, bench.resolved(bench.intent(units=PLENTY + 1))) == "INSUFFICIENT_FUNDS"


def test_tokens_in_flight_are_not_spent_twice(localnet: Localnet, http: DirectHttp) -> None:
    """With most of the tokens signed away the next payment is refused; what has landed is not counted again."""
    bench = token_bench_on(localnet, http)
    big = bench.resolved(bench.intent(units=PLENTY * 6 // 10))
    first = bench.signed(bench.built(big))
    assert refusal(bench.adapter.build, bench.request(big, in_flight=(first,))) == "INSUFFICIENT_FUNDS"
    small = bench.resolved(bench.intent(units=PLENTY * 3 // 10))
    assert bench.adapter.build(bench.request(small, in_flight=(first,)))
    bench.adapter.broadcast(first)
    bench.chain.advance(2)
    assert bench.adapter.build(bench.request(small, in_flight=(first,)))


def test_rent_in_flight_is_not_spent_twice(localnet: Localnet, http: DirectHttp) -> None:
    """The rent that signed payments will take is kept back from the next one, native or not."""
    bench = token_bench_on(localnet, http)
    key = Keypair()
    poor = rival(bench, key)
    localnet.issuer.issue(mint_of(bench), poor.account.address, PLENTY)
    localnet.fund(poor.account.address, 2 * RENT[165])
    localnet.advance(2)
    first = poor.signed(poor.built(poor.resolved()))
    resolved = poor.resolved()
    assert refusal(poor.adapter.build, poor.request(resolved, in_flight=(first,))) == "INSUFFICIENT_FUNDS"
    native = replace(poor, asset=None, held=None)
    assert refusal(native.adapter.build, native.request(native.resolved(), in_flight=(first,))) == "SENDER_BELOW_RENT"


def test_a_failed_transfer_says_why(localnet: Localnet, http: DirectHttp) -> None:
    """Two payments that the tokens cover once: the second lands, fails with a reason, and only its fee is gone."""
    bench = token_bench_on(localnet, http)
    resolved = bench.resolved(bench.intent(units=PLENTY * 6 // 10))
    first, second = (bench.signed(bench.built(resolved, salt=bytes([index]) * 16)) for index in (1, 2))
    for signed in (first, second):
        bench.adapter.broadcast(signed)
    bench.chain.advance(40)
    paid, failed = bench.adapter.statuses([first, second])
    assert paid.ok
    assert (failed.ok, failed.reason) == (False, "the account holds less than the amount")


# --- what is no token transfer --------------------------------------------------------------------------------------------


def test_other_intents_are_refused(localnet: Localnet, http: DirectHttp) -> None:
    """The native asset, another network's token, an unknown mint, no amount, zero, and more than 64 bits are not built."""
    bench = token_bench_on(localnet, http)
    good = bench.intent()
    wrong = (
        replace(good, amount=Amount(asset=bench.native, units=1)),
        replace(good, amount=Amount(asset=f"solana:5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp/token:{mint_of(bench)}", units=1)),
        replace(good, amount=Amount(asset=f"{LOCAL.chain_id}/token:{bench.new_address()}", units=1)),
        replace(good, amount=Amount(asset=f"{LOCAL.chain_id}/token:{bench.account.address}", units=1)),
        replace(good, amount=None),
        replace(good, to=None),
        replace(good, amount=Amount(asset=bench.asset or "", units=0)),
        replace(good, amount=Amount(asset=bench.asset or "", units=2**64)),
        replace(good, memo=""),
        replace(good, parts=(good,)),
    )
    for intent in wrong:
        with pytest.raises(Refused):
            bench.resolved(intent)
    with pytest.raises(Malformed):
        bench.adapter.resolve_offline(good, bench.account, 5_000)


def test_evidence_of_another_wallet_proves_nothing(localnet: Localnet, http: DirectHttp) -> None:
    """Another owner, rent or body in the evidence, one too many or one too few, leaves the bytes incomplete."""
    bench = token_bench_on(localnet, http)
    unsigned = bench.built(bench.resolved())
    judged = bench.adapter.decode(unsigned, bench.account)
    assert judged.complete
    assert judged.on_trust == {"rent"}
    evidence = dict(unsigned.evidence)
    spoilt = [{**evidence, "owner": bench.new_address()}, {**evidence, "rent": "1"}, {**evidence, "body": "0" * 64}]
    spoilt += [{name: text for name, text in evidence.items() if name != left} for left in ("owner", "rent", "body")]
    for one in spoilt:
        assert not bench.adapter.decode(replace(unsigned, evidence=one), bench.account).complete
    dearer = bench.adapter.decode(replace(unsigned, evidence={**evidence, "rent": "9999999"}), bench.account)
    assert dearer.effects != judged.effects
    native = replace(bench, asset=None).built(replace(bench, asset=None).resolved())
    for name, text in (("owner", bench.new_address()), ("rent", "2039280")):
        found = bench.adapter.decode(replace(native, evidence={**native.evidence, name: text}), bench.account)
        assert not found.complete
