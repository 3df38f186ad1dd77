"""The kit over tokens is worth something: each wrong adapter here fails the promise that it breaks."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from waiaas_solana.adapter import SolanaAdapter
from waiaas_solana.decode import read_message
from waiaas_solana.evidence import digest_of
from waiaas_solana.localnet import Localnet, MintKind
from waiaas_solana.message import Opening, TokenTransfer, Transfer, compose
from waiaas_solana.token_programs import derived_account

from waiaas.errors import PluginError
from waiaas.interfaces.chain import (
    Account,
    Asset,
    Balance,
    BuildRequest,
    Decoded,
    Effect,
    Intent,
    Resolved,
    Signed,
    Unsigned,
    What,
)
from waiaas.testing.bench import Bench
from waiaas.testing.http import DirectHttp

from .accounts import LOCAL, TOKEN_2022, token_bench_on
from .accounts import pubkey as key_of
from .test_kit_catches import KIT, THIEF, Believing, Chatty, Saltless


def recomposed(unsigned: Unsigned, **changes: Any) -> Unsigned:
    """Other bytes, with a digest to match."""
    plan = read_message(unsigned.body).plan
    assert plan is not None
    body = compose(replace(plan, **changes))
    return replace(unsigned, body=body, evidence={**unsigned.evidence, "body": digest_of(body)})


def token_of(unsigned: Unsigned) -> TokenTransfer:
    """The token transfer in bytes."""
    plan = read_message(unsigned.body).plan
    assert plan is not None
    assert plan.token is not None
    return plan.token


class TokenEcho(SolanaAdapter):
    """Pays the thief's derived account and decodes what it was asked for."""

    asked: tuple[Effect, ...] = ()

    def resolve(self, intent: Intent, account: Account) -> Resolved:
        resolved = super().resolve(intent, account)
        type(self).asked = resolved.effects
        return resolved

    def build(self, request: BuildRequest) -> Unsigned:
        unsigned = super().build(request)
        token = token_of(unsigned)
        stolen = key_of(THIEF)
        to = derived_account(stolen, token.mint, token.program)
        opening = Opening(owner=stolen, mint=token.mint, program=token.program)
        return recomposed(unsigned, token=replace(token, to=to), opening=opening)

    def decode(self, unsigned: Unsigned, account: Account) -> Decoded:
        return replace(super().decode(unsigned, account), effects=self.asked, complete=True)


class AccountForWallet(SolanaAdapter):
    """Names the token account where the wallet should stand."""

    def decode(self, unsigned: Unsigned, account: Account) -> Decoded:
        decoded = super().decode(unsigned, account)
        to = str(token_of(unsigned).to)
        return replace(decoded, effects=tuple(replace(effect, to=to) for effect in decoded.effects))


class TrustingOwner(SolanaAdapter):
    """Believes the evidence's owner without deriving the account from it."""

    def decode(self, unsigned: Unsigned, account: Account) -> Decoded:
        decoded = super().decode(unsigned, account)
        owner = unsigned.evidence["owner"]
        return replace(decoded, complete=True, effects=tuple(replace(one, to=owner) for one in decoded.effects))


class HiddenTransfer(SolanaAdapter):
    """Slips a native payment in beside the tokens, and shows the tokens alone."""

    def build(self, request: BuildRequest) -> Unsigned:
        return recomposed(super().build(request), transfers=(Transfer(to=key_of(THIEF), lamports=1_000_000),))

    def decode(self, unsigned: Unsigned, account: Account) -> Decoded:
        decoded = super().decode(unsigned, account)
        return replace(decoded, effects=tuple(one for one in decoded.effects if one.to != THIEF))


class Rentless(SolanaAdapter):
    """Opens accounts and does not say what that costs."""

    def resolve(self, intent: Intent, account: Account) -> Resolved:
        resolved = super().resolve(intent, account)
        type(self).locked = tuple(one for one in resolved.effects if one.what is What.LOCKED)
        return replace(resolved, effects=_without_rent(resolved.effects))

    def build(self, request: BuildRequest) -> Unsigned:
        judged = replace(request.resolved, effects=(*request.resolved.effects, *self.locked))
        return super().build(replace(request, resolved=judged))

    def decode(self, unsigned: Unsigned, account: Account) -> Decoded:
        decoded = super().decode(unsigned, account)
        return replace(decoded, effects=_without_rent(decoded.effects))

    locked: tuple[Effect, ...] = ()


class CheapRent(SolanaAdapter):
    """Takes every token account for one of the shortest."""

    def resolve(self, intent: Intent, account: Account) -> Resolved:
        resolved = super().resolve(intent, account)
        return replace(resolved, effects=tuple(_cheaper(one) for one in resolved.effects))

    def build(self, request: BuildRequest) -> Unsigned:
        return super().build(replace(request, resolved=super().resolve(request.resolved.intent, request.account)))

    def decode(self, unsigned: Unsigned, account: Account) -> Decoded:
        decoded = super().decode(unsigned, account)
        return replace(decoded, effects=tuple(_cheaper(one) for one in decoded.effects))


class TokensForNothing(SolanaAdapter):
    """Forgets the tokens that signed payments will take."""

    def balances(self, account: Account, assets: Sequence[str], in_flight: Sequence[Signed]) -> Sequence[Balance]:
        found = super().balances(account, assets, in_flight)
        return [one if one.asset.native else replace(one, spendable=one.total) for one in found]


class OnlyNative(SolanaAdapter):
    """Lists nothing but SOL."""

    def balances(self, account: Account, assets: Sequence[str], in_flight: Sequence[Signed]) -> Sequence[Balance]:
        return super().balances(account, assets or [self.network.native.id], in_flight)


class Nameless(SolanaAdapter):
    """Gives a token the decimals of SOL."""

    def describe_assets(self, assets: Sequence[str]) -> Sequence[Asset]:
        return [replace(one, decimals=9) for one in super().describe_assets(assets)]


def _without_rent(effects: tuple[Effect, ...]) -> tuple[Effect, ...]:
    return tuple(one for one in effects if one.what is not What.LOCKED)


def _cheaper(effect: Effect) -> Effect:
    return replace(effect, units=2_039_280) if effect.what is What.LOCKED else effect


TOKEN_CASES: list[tuple[type[SolanaAdapter], Callable[[Bench], None]]] = [
    (TokenEcho, KIT.test_a_payment_sent_again_and_again_is_one_payment),
    (AccountForWallet, KIT.test_bytes_do_what_was_resolved),
    (TrustingOwner, KIT.test_evidence_proves_no_other_payment),
    (HiddenTransfer, KIT.test_a_payment_sent_again_and_again_is_one_payment),
    (Rentless, KIT.test_a_payment_sent_again_and_again_is_one_payment),
    (CheapRent, KIT.test_a_payment_sent_again_and_again_is_one_payment),
    (TokensForNothing, KIT.test_balances_leave_out_what_is_under_way),
    (OnlyNative, KIT.test_balances_leave_out_what_is_under_way),
    (Nameless, KIT.test_assets_are_described_by_the_chain),
    (Saltless, KIT.test_twins_are_two_payments),
    (Chatty, KIT.test_pure_methods_ask_nobody_and_survive_json),
    (Believing, KIT.test_nonsense_is_not_believed),
]


@pytest.mark.parametrize(
    ("wrong", "promise"),
    TOKEN_CASES,
    ids=[f"{wrong.__name__}-{promise.__name__.removeprefix('test_')}" for wrong, promise in TOKEN_CASES],
)
def test_a_wrong_adapter_of_tokens_fails(
    localnet: Localnet, http: DirectHttp, wrong: type[SolanaAdapter], promise: Callable[[Bench], None]
) -> None:
    """An adapter with one fault about tokens does not pass the test of the promise that it breaks, and the right one does."""
    kind = MintKind(program=TOKEN_2022)
    promise(token_bench_on(localnet, http, kind))
    bench = token_bench_on(localnet, http, kind, wrong(LOCAL, SolanaAdapter.settings_model(), http))
    with pytest.raises((AssertionError, pytest.fail.Exception, PluginError)):
        promise(bench)
