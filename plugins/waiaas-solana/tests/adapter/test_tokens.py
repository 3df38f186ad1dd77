"""Paying with tokens of both programs on a real virtual machine: what arrives, what is refused, what a person decides."""

from dataclasses import replace
from typing import Any

import pytest
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.transaction import VersionedTransaction
from waiaas_solana.decode import read_message
from waiaas_solana.localnet import EXTENSIONS, Localnet, MintKind, TokenTransfer
from waiaas_solana.message import compose
from waiaas_solana.token_programs import TOKEN_2022_PROGRAM

from waiaas.errors import Refused
from waiaas.interfaces.chain import Resolved, Status, What
from waiaas.testing.bench import Bench
from waiaas.testing.http import DirectHttp

from .accounts import (
    LOCAL,
    PLENTY,
    SOL,
    TOKEN_2022,
    adapter_over,
    mint_of,
    pubkey,
    token_bench_on,
)

BOTH = [MintKind(), MintKind(program=TOKEN_2022)]
RENT = {165: 2_039_280, 170: 2_074_080, 182: 2_157_600}
"""Length of an account to its rent: 3480 lamports a byte and year, two years, 128 bytes for the account itself."""
PROGRAM_ADDRESS = str(Pubkey.find_program_address([b"vault"], Pubkey(bytes([3]) * 32))[0])


def made(localnet: Localnet, http: DirectHttp, *extensions: str, **kind: Any) -> Bench:
    """A bench that pays with a token of Token-2022 with these extensions."""
    return token_bench_on(localnet, http, MintKind(program=TOKEN_2022, extensions=extensions, **kind))


def landed(bench: Bench, resolved: Resolved) -> Status:
    """Built, signed, sent, and a block later."""
    signed = bench.signed(bench.built(resolved))
    bench.adapter.broadcast(signed)
    bench.chain.advance(2)
    return bench.status(signed)


def refusal(call: Any, *arguments: Any) -> str:
    """The code of a refusal."""
    with pytest.raises(Refused) as problem:
        call(*arguments)
    return problem.value.code


def opened(localnet: Localnet, bench: Bench) -> str:
    """A recipient who has an account for the token already."""
    to = bench.new_address()
    localnet.fund(to, SOL)
    localnet.issuer.open(mint_of(bench), to)
    localnet.advance(2)
    return to


def run(localnet: Localnet, http: DirectHttp, key: Keypair, *instructions: Instruction) -> None:
    """A transaction of somebody else's."""
    localnet.fund(str(key.pubkey()), SOL)
    localnet.advance(2)
    answer = http.json("POST", "", {"jsonrpc": "2.0", "id": 1, "method": "getLatestBlockhash", "params": []})
    from solders.hash import Hash

    latest = Hash.from_string(answer["result"]["value"]["blockhash"])
    signed = VersionedTransaction(MessageV0.try_compile(key.pubkey(), list(instructions), [], latest), [key])
    localnet._node.ledger.submit(signed)
    localnet.advance(2)


# --- what a payment does ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", BOTH, ids=["spl-token", "spl-token-2022"])
def test_a_new_recipients_account_is_opened_and_its_rent_said(
    localnet: Localnet, http: DirectHttp, kind: MintKind
) -> None:
    """The effects are the units that leave and the exact rent of the account that is opened, to the wallet itself."""
    bench = token_bench_on(localnet, http, kind)
    resolved = bench.resolved()
    to = resolved.intent.to.address if resolved.intent.to else ""
    rent = RENT[165 if kind.program == "spl-token" else 170]
    assert [(one.what, one.asset, one.units, one.to) for one in resolved.effects] == [
        (What.OUT, bench.asset, bench.units, to),
        (What.LOCKED, bench.native, rent, to),
    ]
    before = localnet.balance(bench.account.address)
    status = landed(bench, resolved)
    assert status.ok
    assert status.fee_paid is not None
    assert before - localnet.balance(bench.account.address) == rent + status.fee_paid.units
    assert localnet.tokens(mint_of(bench), to) == bench.units
    (executed,) = localnet.executed(bench.account.address)
    assert executed.tokens == (TokenTransfer(mint_of(bench), bench.account.address, to, bench.units),)
    assert (executed.transfers, executed.spare_openings) == ((), 0)


def test_an_account_that_exists_costs_no_rent(localnet: Localnet, http: DirectHttp) -> None:
    """A recipient with an account for the token is paid without rent, and without an instruction to open one."""
    bench = token_bench_on(localnet, http)
    resolved = bench.resolved(bench.intent(to=opened(localnet, bench)))
    assert [one.what for one in resolved.effects] == [What.OUT]
    plan = read_message(bench.built(resolved).body).plan
    assert plan is not None
    assert plan.opening is None
    assert landed(bench, resolved).ok


@pytest.mark.parametrize("kind", [*BOTH, MintKind(program=TOKEN_2022, fee=(100, 50))], ids=["spl", "2022", "with fee"])
def test_paying_oneself_moves_nothing(localnet: Localnet, http: DirectHttp, kind: MintKind) -> None:
    """A payment to the account's own wallet has no effect, lands, and leaves the units where they were."""
    bench = token_bench_on(localnet, http, kind)
    resolved = bench.resolved(bench.intent(to=bench.account.address))
    assert resolved.effects == ()
    assert not any("takes a fee" in text for text in (*resolved.warnings, *bench.built(resolved).remarks))
    assert landed(bench, resolved).ok
    assert bench.balance(bench.account.address) == PLENTY


@pytest.mark.parametrize(
    ("points", "maximum", "units", "withheld"),
    [(100, 10**9, 1_000_000, 10_000), (1, 10**9, 1, 1), (1, 10**9, 10_001, 2), (10_000, 7, 999, 7), (0, 5, 999, 0)],
)
def test_a_tokens_own_fee_is_exact(
    localnet: Localnet, http: DirectHttp, points: int, maximum: int, units: int, withheld: int
) -> None:
    """What the mint's configuration withholds, rounded up and at most the maximum, is in the bytes, is told, and is taken."""
    bench = made(localnet, http, fee=(points, maximum))
    resolved = bench.resolved(bench.intent(units=units))
    said = [text for text in resolved.warnings if "takes a fee" in text]
    assert said == (
        []
        if withheld == 0
        else [f"this token takes a fee of {withheld} base units from each transfer: {units - withheld} arrive"]
    )
    unsigned = bench.built(resolved)
    assert list(unsigned.remarks) == said
    plan = read_message(unsigned.body).plan
    assert plan is not None
    assert plan.token is not None
    assert plan.token.fee == withheld
    assert [one.units for one in resolved.effects] == [units, RENT[182]]
    assert landed(bench, resolved).ok
    assert bench.balance(resolved.effects[0].to or "") == units - withheld
    assert bench.balance(bench.account.address) == PLENTY - units


def test_the_fee_of_the_epoch_counts(localnet: Localnet, http: DirectHttp) -> None:
    """A fee that was changed counts from the second epoch after, and from then on for what is resolved and built."""
    bench = made(localnet, http, fee=(100, 10**9))
    localnet.issuer.set_fee(mint_of(bench), 200, 10**9)

    def fee_now() -> int | None:
        fresh = replace(bench, adapter=adapter_over(http))
        resolved = fresh.resolved(fresh.intent(units=1_000_000))
        plan = read_message(fresh.built(resolved).body).plan
        assert landed(fresh, resolved).ok
        assert plan is not None
        assert plan.token is not None
        return plan.token.fee

    assert fee_now() == 10_000
    epoch = localnet.slot() // 432_000
    localnet.advance((epoch + 2) * 432_000 - localnet.slot() - 10)
    assert fee_now() == 10_000
    localnet.advance(20)
    assert fee_now() == 20_000


@pytest.mark.parametrize("field", ["decimals", "fee", "units", "to", "mint"])
def test_the_chain_holds_a_mistaken_field_too(localnet: Localnet, http: DirectHttp, field: str) -> None:
    """Bytes with other decimals or another fee than the chain's do not land, whatever was signed; other accounts neither."""
    bench = made(localnet, http, fee=(100, 10**9))
    unsigned = bench.built(bench.resolved())
    plan = read_message(unsigned.body).plan
    assert plan is not None
    assert plan.token is not None
    wrong: dict[str, Any] = {
        "decimals": 7,
        "fee": 1,
        "units": PLENTY + 1,
        "to": Pubkey(bytes([5]) * 32),
        "mint": Pubkey(bytes([6]) * 32),
    }
    body = compose(replace(plan, token=replace(plan.token, **{field: wrong[field]})))
    assert not bench.adapter.decode(replace(unsigned, body=body), bench.account).complete
    adapter = adapter_over(http)
    assert not adapter.simulate(replace(unsigned, body=body), bench.account)[0]


def test_a_memo_comes_right_before_the_transfer(localnet: Localnet, http: DirectHttp) -> None:
    """A recipient that takes transfers only with a memo is refused one without, and paid with one."""
    bench = made(localnet, http)
    owner = Keypair()
    mint, to = mint_of(bench), str(owner.pubkey())
    account = pubkey(localnet.issuer.open(mint, to))
    wants_room = Instruction(
        TOKEN_2022_PROGRAM,
        b"\x1d\x08\x00",
        [
            AccountMeta(account, False, True),
            AccountMeta(owner.pubkey(), True, True),
            AccountMeta(Pubkey.default(), False, False),
            AccountMeta(owner.pubkey(), True, False),
        ],
    )
    wants_memos = Instruction(
        TOKEN_2022_PROGRAM, b"\x1e\x00", [AccountMeta(account, False, True), AccountMeta(owner.pubkey(), True, False)]
    )
    run(localnet, http, owner, wants_room, wants_memos)
    assert refusal(bench.resolved, bench.intent(to=to)) == "MEMO_REQUIRED"
    assert landed(bench, bench.resolved(bench.intent(to=to, memo="invoice 7"))).ok
    assert localnet.tokens(mint, to) == bench.units


def test_the_longest_memo_lands_with_a_new_account(localnet: Localnet, http: DirectHttp) -> None:
    """The largest message fits into a packet and its compute limit."""
    bench = made(localnet, http, "permanent-delegate", "pausable", fee=(1, 1))
    resolved = bench.resolved(bench.intent(memo="é" * 128))
    assert len(bench.signed(bench.built(resolved)).raw) <= 1232
    assert landed(bench, resolved).ok


def test_every_bump_has_units_enough(localnet: Localnet, http: DirectHttp) -> None:
    """Accounts that are found only after several seeds are opened within the compute limit too."""
    bench = made(localnet, http)
    program, mint = TOKEN_2022_PROGRAM, pubkey(mint_of(bench))
    from waiaas_solana.token_programs import derived_with_bump

    wallets = [Keypair().pubkey() for _ in range(600)]
    late = min(wallets, key=lambda wallet: derived_with_bump(wallet, mint, program)[1])
    assert derived_with_bump(late, mint, program)[1] < 250
    assert landed(bench, bench.resolved(bench.intent(to=str(late)))).ok


# --- what a mint forbids, and what a person decides ---------------------------------------------------------------------

DECIDED = {
    "close-authority": "MINT_CLOSE_AUTHORITY",
    "confidential": "CONFIDENTIAL_TRANSFERS",
    "default-frozen": "DEFAULT_FROZEN",
    "pausable": "PAUSABLE",
    "permanent-delegate": "PERMANENT_DELEGATE",
    "transfer-hook": "TRANSFER_HOOK",
    "unknown": "UNKNOWN_EXTENSION",
}
FORBIDDEN = {"non-transferable": "NON_TRANSFERABLE", "transfer-hook-program": "TRANSFER_HOOK"}
HARMLESS = {"interest"}


def test_every_extension_is_tried_here() -> None:
    """No kind of mint that the localnet makes is left out of these tests."""
    assert set(EXTENSIONS) == {*DECIDED, *FORBIDDEN, *HARMLESS}


@pytest.mark.parametrize("extension", DECIDED)
def test_a_power_over_a_token_is_named(localnet: Localnet, http: DirectHttp, extension: str) -> None:
    """Each power that somebody has over a token, and each extension that is not known, is a caution about the asset."""
    issues = extension != "unknown"  # what the program does not know it does not move
    bench = made(localnet, http, *([extension] if issues else []))
    if issues:
        to = bench.new_address()
        localnet.issuer.issue(mint_of(bench), to, 1)
        localnet.advance(2)
    else:
        mint = localnet.issuer.mint(MintKind(program=TOKEN_2022, extensions=("unknown",)))
        bench, to = replace(bench, asset=f"{LOCAL.chain_id}/token:{mint}"), bench.new_address()
    resolved = bench.resolved(bench.intent(to=to))
    assert [(one.code, one.about) for one in resolved.cautions] == [(DECIDED[extension], "asset")]
    assert issues is False or landed(bench, resolved).ok


@pytest.mark.parametrize("extension", FORBIDDEN)
def test_a_token_that_cannot_be_paid_with_is_refused(localnet: Localnet, http: DirectHttp, extension: str) -> None:
    """What the mint forbids, or a program that would have to run, is refused before a verdict."""
    bench = token_bench_on(localnet, http)
    mint = localnet.issuer.mint(MintKind(program=TOKEN_2022, extensions=(extension,)))
    paying = replace(bench, asset=f"{LOCAL.chain_id}/token:{mint}")
    assert refusal(paying.resolved) == FORBIDDEN[extension]


def test_plain_tokens_and_display_factors_need_nobody(localnet: Localnet, http: DirectHttp) -> None:
    """A plain token has neither caution nor odd warning; one shown with a factor has a warning alone."""
    plain, shown = token_bench_on(localnet, http), made(localnet, http, "interest")
    assert plain.resolved(plain.intent(to=opened(localnet, plain))).warnings == ()
    resolved = shown.resolved(shown.intent(to=opened(localnet, shown)))
    assert resolved.cautions == ()
    assert ["factor" in text for text in resolved.warnings] == [True]


def test_several_powers_are_all_named(localnet: Localnet, http: DirectHttp) -> None:
    """Each extension of a mint counts for itself."""
    bench = made(localnet, http, "permanent-delegate", "pausable", "close-authority", fee=(1, 1))
    codes = [one.code for one in bench.resolved().cautions]
    assert codes == ["MINT_CLOSE_AUTHORITY", "PAUSABLE", "PERMANENT_DELEGATE"]


def test_a_paused_token_is_refused(localnet: Localnet, http: DirectHttp) -> None:
    """While transfers are paused nothing is resolved; a pause after the verdict is seen when the bytes are tried."""
    bench = made(localnet, http, "pausable")
    resolved = bench.resolved()
    localnet.issuer.pause(mint_of(bench))
    localnet.advance(2)
    assert not adapter_over(http).simulate(bench.built(resolved), bench.account)[0]
    assert refusal(replace(bench, adapter=adapter_over(http)).resolved) == "TOKEN_PAUSED"


def test_frozen_accounts_are_refused(localnet: Localnet, http: DirectHttp) -> None:
    """A frozen recipient, a frozen sender, and a recipient whose new account would begin frozen are told apart."""
    bench = token_bench_on(localnet, http)
    to = opened(localnet, bench)
    localnet.issuer.freeze(mint_of(bench), to)
    localnet.advance(2)
    assert refusal(bench.resolved, bench.intent(to=to)) == "RECIPIENT_FROZEN"
    resolved = bench.resolved()
    localnet.issuer.freeze(mint_of(bench), bench.account.address)
    localnet.advance(2)
    assert refusal(bench.resolved) == refusal(bench.built, resolved) == "ACCOUNT_FROZEN"
    assert refusal(made(localnet, http, "default-frozen").resolved) == "RECIPIENT_FROZEN"
