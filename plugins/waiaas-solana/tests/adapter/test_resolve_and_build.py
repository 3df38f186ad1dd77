"""What the chain's rules forbid, what a person is told, and what is offered for a payment."""

from dataclasses import replace

import pytest
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from waiaas_solana.decode import read_message
from waiaas_solana.localnet import Localnet
from waiaas_solana.message import MEMO_BYTES
from waiaas_solana.payment import recipient_cautions
from waiaas_solana.questions import Holder
from waiaas_solana.token_programs import TOKEN_PROGRAM, derived_account

from waiaas.errors import Malformed, NotYet, Refused, Unavailable
from waiaas.interfaces.chain import Amount, Intent, Kind
from waiaas.testing.bench import Bench
from waiaas.testing.http import DirectHttp

from .accounts import SOL, adapter_over, mint_of, pubkey, rival, token_bench_on

RENT = 890_880
"""Lamports that an account without data must hold (3480 a byte-year, two years, 128 bytes of overhead)."""

PROGRAM_ADDRESS = str(Pubkey.find_program_address([b"vault"], Pubkey(bytes([3]) * 32))[0])
SYSVAR_CLOCK = "SysvarC1ock11111111111111111111111111111111"
MEMO_PROGRAM = "MemoSq4gqABAXKb96qnH8TysNcWxMyWCqXgDLGmfcHr"


def test_a_new_account_needs_its_rent(bench: Bench) -> None:
    """A lamport below the rent-exempt minimum to a new account is refused with the figure, the minimum is not."""
    with pytest.raises(Refused) as problem:
        bench.resolved(bench.intent(units=RENT - 1))
    assert problem.value.code == "BELOW_RENT"
    assert problem.value.details["minimum"] == str(RENT)
    assert bench.resolved(bench.intent(units=RENT)).effects


def test_an_account_that_exists_may_be_sent_little(bench: Bench, localnet: Localnet) -> None:
    """One lamport is enough for an account that holds its rent already."""
    to = bench.new_address()
    localnet.fund(to, SOL)
    localnet.advance(2)
    resolved = bench.resolved(bench.intent(to=to, units=1))
    assert not resolved.warnings


@pytest.mark.parametrize("to", [MEMO_PROGRAM, SYSVAR_CLOCK, "11111111111111111111111111111111"])
def test_programs_and_system_accounts_are_not_paid(bench: Bench, to: str) -> None:
    """What could only be lost is refused."""
    with pytest.raises(Refused) as problem:
        bench.resolved(bench.intent(to=to))
    assert problem.value.code == "RECIPIENT_RESERVED"


def test_a_person_is_told_of_odd_recipients(bench: Bench) -> None:
    """A recipient without an account, and one without a key, are named as such; neither is refused."""
    unused = bench.resolved()
    assert ["no account" in warning for warning in unused.warnings] == [True]
    assert unused.cautions == ()
    (caution,) = bench.resolved(bench.intent(to=PROGRAM_ADDRESS)).cautions
    assert "no key" in caution.text


def test_native_money_for_what_is_no_wallet_waits_for_a_person(localnet: Localnet, http: DirectHttp) -> None:
    """An address without a key, a token account and a mint are cautions for a person; the first also while no node answers."""
    paying = token_bench_on(localnet, http)
    native, account = replace(paying, asset=None, units=SOL), paying.account
    source = str(derived_account(Pubkey.from_string(account.address), pubkey(mint_of(paying)), TOKEN_PROGRAM))
    expected = {PROGRAM_ADDRESS: "OFF_CURVE", source: "TOKEN_ACCOUNT", mint_of(paying): "TOKEN_ACCOUNT"}
    for recipient, code in expected.items():
        (caution,) = native.resolved(native.intent(to=recipient)).cautions
        assert (caution.code, caution.about) == (code, "use")
    (offline,) = native.adapter.resolve_offline(native.intent(to=PROGRAM_ADDRESS), account, 5_000).cautions
    assert offline.code == "OFF_CURVE"
    assert native.resolved(native.intent(to=account.address)).cautions == ()


def test_an_account_of_a_program_is_no_plain_wallet() -> None:
    """Whose key is known, but which only its program moves."""
    key, program = Keypair().pubkey(), str(Pubkey(bytes([9]) * 32))
    plain = Holder(lamports=SOL, owner="11111111111111111111111111111111", is_executable=False)
    assert recipient_cautions(key, None) == recipient_cautions(key, plain) == ()
    (caution,) = recipient_cautions(key, replace(plain, owner=program))
    assert (caution.code, caution.about) == ("PROGRAM_ACCOUNT", "use")


def test_too_little_money_warns_and_is_refused_when_it_is_time_to_pay(bench: Bench) -> None:
    """A payment above the balance is resolved, with a warning, and not built; the refusal carries the figures."""
    resolved = bench.resolved(bench.intent(units=1_000 * SOL))
    assert any("1000000000000 and a fee" in warning for warning in resolved.warnings)
    with pytest.raises(Refused) as problem:
        bench.built(resolved)
    assert problem.value.code == "INSUFFICIENT_FUNDS"
    assert problem.value.details["spendable"] == str(100 * SOL)


def test_an_unused_account_cannot_pay(bench: Bench) -> None:
    """An account that was never funded is resolved with a warning and not built for."""
    poor = rival(bench, Keypair())
    resolved = poor.resolved()
    assert resolved.warnings
    with pytest.raises(Refused) as problem:
        poor.built(resolved)
    assert problem.value.code == "INSUFFICIENT_FUNDS"


def test_payments_in_flight_are_not_spent_twice(bench: Bench, http: DirectHttp) -> None:
    """With most of the balance signed away the next payment is refused; what has landed is not counted again."""
    first = bench.signed(bench.built(bench.resolved(bench.intent(units=60 * SOL))))
    resolved = bench.resolved(bench.intent(units=60 * SOL))
    assert not any("to spend" in warning for warning in resolved.warnings)
    with pytest.raises(Refused) as problem:
        bench.adapter.build(bench.request(resolved, in_flight=(first,)))
    assert problem.value.code == "INSUFFICIENT_FUNDS"
    small = bench.resolved(bench.intent(units=30 * SOL))
    assert bench.adapter.build(bench.request(small, in_flight=(first,)))
    bench.adapter.broadcast(first)
    bench.chain.advance(2)
    # landed: the balance shows it already, and it is not counted again
    before = http.requests
    assert bench.adapter.build(bench.request(small, in_flight=(first,)))
    assert http.requests - before == 2
    little = bench.resolved(bench.intent(units=SOL))
    assert bench.adapter.build(bench.request(little, in_flight=(bench.payment()[1],)))


def test_in_flight_payments_cost_no_request_where_there_is_plenty(bench: Bench, http: DirectHttp) -> None:
    """An account that covers everything under way is not asked about it."""
    _, first = bench.payment()
    resolved, before = bench.resolved(), http.requests
    assert bench.adapter.build(bench.request(resolved, in_flight=(first,)))
    assert http.requests - before == 1


def test_dust_is_not_left_behind(bench: Bench) -> None:
    """A payment that would leave the sender below its rent is refused; the largest that leaves the rent lands."""
    resolved = bench.resolved(bench.intent(units=100 * SOL - 10_000))
    with pytest.raises(Refused) as problem:
        bench.built(resolved)
    assert problem.value.code == "SENDER_BELOW_RENT"
    fee = bench.adapter.decode(bench.built(bench.resolved()), bench.account).max_fee.units
    signed = bench.signed(bench.built(bench.resolved(bench.intent(units=100 * SOL - fee - RENT))))
    bench.adapter.broadcast(signed)
    bench.chain.advance(1)
    assert bench.status(signed).ok
    assert bench.chain.balance(bench.account.address) == RENT


def test_everything_may_be_sent(bench: Bench) -> None:
    """An account may be emptied to the last lamport: nothing is left to need rent."""
    fee = bench.adapter.decode(bench.built(bench.resolved()), bench.account).max_fee.units
    signed = bench.signed(bench.built(bench.resolved(bench.intent(units=100 * SOL - fee))))
    bench.adapter.broadcast(signed)
    bench.chain.advance(1)
    assert bench.status(signed).ok
    assert bench.chain.balance(bench.account.address) == 0


@pytest.mark.parametrize("memo", ["", "x" * (MEMO_BYTES + 1), "é" * (MEMO_BYTES // 2 + 1), "\ud800"])
def test_memos_have_a_length(bench: Bench, memo: str) -> None:
    """An empty memo, one over 256 bytes of UTF-8, and one that is no text are refused."""
    with pytest.raises(Refused):
        bench.resolved(bench.intent(memo=memo))
    with pytest.raises(Malformed):
        bench.adapter.resolve_offline(bench.intent(memo=memo), bench.account, 5_000)


@pytest.mark.parametrize("memo", ["a", "x" * MEMO_BYTES, "é" * (MEMO_BYTES // 2), "🙂" * (MEMO_BYTES // 4), '"\\\n'])
def test_memos_land(bench: Bench, memo: str) -> None:
    """The longest memos, in any script, fit into the packet and the compute limit."""
    signed = bench.signed(bench.built(bench.resolved(bench.intent(memo=memo))))
    assert len(signed.raw) <= 1232
    bench.adapter.broadcast(signed)
    bench.chain.advance(1)
    assert bench.status(signed).ok


def test_other_intents_are_refused(bench: Bench) -> None:
    """Other kinds, other assets, no recipient, no amount, zero, and more than 64 bits are not built."""
    good = bench.intent()
    assert good.to is not None
    native = bench.native
    wrong: tuple[Intent, ...] = (
        replace(good, kind=Kind.TOKEN_TRANSFER),
        replace(good, amount=Amount(asset=f"{bench.adapter.network.chain_id}/token:{good.to.address}", units=1)),
        replace(good, to=None),
        replace(good, amount=None),
        replace(good, amount=Amount(asset=native, units=0)),
        replace(good, amount=Amount(asset=native, units=2**64)),
        replace(good, call="{}"),
        replace(good, parts=(good,)),
        replace(good, to=replace(good.to, tag="7")),
    )
    for intent in wrong:
        with pytest.raises(Refused):
            bench.resolved(intent)
        with pytest.raises(Malformed):
            bench.adapter.resolve_offline(intent, bench.account, 5_000)


def test_the_price_follows_the_chain_between_floor_and_cap(bench: Bench, localnet: Localnet, http: DirectHttp) -> None:
    """What recent blocks took is offered, from the floor up to the cap of the settings."""
    adapter = adapter_over(http, price_floor=1_000, price_cap=50_000)
    for recent, offered in ((0, 1_000), (20_000, 20_000), (90_000, 50_000)):
        localnet.faults.prioritization_fee(recent)
        body = replace(bench, adapter=adapter).built(bench.resolved()).body
        plan = read_message(body).plan
        assert plan is not None
        assert plan.unit_price == offered


def test_the_likely_fee_is_no_less_than_the_real_one(bench: Bench, localnet: Localnet) -> None:
    """Whatever the salt and the memo, the built fee is at most the one that was said, and close to it."""
    localnet.faults.prioritization_fee(300_000)
    resolved = bench.resolved(bench.intent(memo="hello"))
    for index in range(20):
        decoded = bench.adapter.decode(bench.built(resolved, salt=bytes([index]) * 16), bench.account)
        assert 0.9 * resolved.likely_fee.units <= decoded.max_fee.units <= resolved.likely_fee.units


def test_a_low_cap_lowers_the_price(bench: Bench, localnet: Localnet) -> None:
    """Where the going price does not fit under the cap, less is offered; below the base fee nothing is built."""
    localnet.faults.prioritization_fee(1_000_000)
    resolved = bench.resolved()
    assert bench.adapter.decode(bench.built(resolved, max_fee=5_100), bench.account).max_fee.units <= 5_100
    assert bench.adapter.decode(bench.built(resolved, max_fee=5_000), bench.account).max_fee.units == 5_000
    with pytest.raises(NotYet) as problem:
        bench.built(resolved, max_fee=4_999)
    assert problem.value.code == "FEE_ABOVE_CAP"


@pytest.mark.parametrize("price", [0, 1, 333_333, 1_000_000])
def test_the_decoded_fee_is_what_the_chain_takes(
    bench: Bench, localnet: Localnet, http: DirectHttp, price: int
) -> None:
    """The fee computed from the bytes equals the ``fee`` of the landed transaction, to the lamport."""
    localnet.faults.prioritization_fee(price)
    adapter = adapter_over(http, price_floor=0)
    signed = replace(bench, adapter=adapter).signed(replace(bench, adapter=adapter).built(bench.resolved()))
    bench.adapter.broadcast(signed)
    localnet.advance(2)
    question = [signed.tx_hash, {"commitment": "confirmed", "maxSupportedTransactionVersion": 0}]
    answer = http.json("POST", "", {"jsonrpc": "2.0", "id": 1, "method": "getTransaction", "params": question})
    fee = bench.status(signed).fee_paid
    assert fee is not None
    assert fee.units == answer["result"]["meta"]["fee"]


def test_bytes_are_not_built_on_another_chains_blockhash(bench: Bench, localnet: Localnet) -> None:
    """A node with another genesis hash is turned away before its blockhash is used."""
    resolved = bench.resolved()
    localnet.faults.genesis("5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d")
    with pytest.raises(Unavailable):
        bench.built(resolved)


def test_the_blockhash_is_a_confirmed_one(bench: Bench, localnet: Localnet) -> None:
    """The bytes carry the blockhash of the last confirmed block and its last valid height."""
    unsigned = bench.built(bench.resolved())
    slot = localnet.slot() - 1
    assert unsigned.evidence["slot"] == str(slot)
    assert bench.adapter.decode(unsigned, bench.account).valid_until == unsigned.evidence["last_valid_height"]


def test_nothing_replaces_a_transaction(bench: Bench) -> None:
    """A second variant of a row is refused: nothing on Solana would stop both from landing."""
    resolved, signed = bench.payment()
    request = bench.request(resolved, replaces=(signed,))
    with pytest.raises(Refused) as problem:
        bench.adapter.build(request)
    assert problem.value.code == "REPLACE_NOT_SUPPORTED"
