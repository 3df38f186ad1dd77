"""The kit is worth something on a chain of nonces too: each wrong adapter here fails the promise that it breaks."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel
from waiaas_evm.adapter import EvmAdapter
from waiaas_evm.localnet import Anvil
from waiaas_evm.rollup import ORACLE
from waiaas_evm.transaction import read_unsigned, unsigned_bytes

from waiaas.errors import Malformed, PluginError
from waiaas.interfaces.chain import (
    Account,
    Balance,
    BuildRequest,
    Decoded,
    Destination,
    Effect,
    Http,
    Intent,
    Network,
    Phase,
    Resolved,
    Sent,
    Signed,
    Status,
    Unsigned,
)
from waiaas.testing.bench import Bench
from waiaas.testing.chain_kit import ChainKit
from waiaas.testing.http import DirectHttp, ScriptedHttp

from .accounts import LOCAL, bench_on

THIEF = ORACLE


class EveryCase(EvmAdapter):
    """Gives an address back in the case it came in."""

    def parse_address(self, text: str) -> Destination:
        return Destination(address=super().parse_address(text).address.lower())


class SloppyChecksum(EvmAdapter):
    """Takes mistyped capitals for a matter of taste."""

    def parse_address(self, text: str) -> Destination:
        return super().parse_address(text.lower() if isinstance(text, str) else text)


class EveryAsset(EvmAdapter):
    """Takes any asset for the native one."""

    def parse_asset(self, text: str) -> str:
        return self.network.native.id


class Echo(EvmAdapter):
    """Decodes what it was asked for, whatever the bytes say."""

    asked: tuple[Effect, ...] = ()

    def resolve(self, intent: Intent, account: Account) -> Resolved:
        resolved = super().resolve(intent, account)
        type(self).asked = resolved.effects
        return resolved

    def build(self, request: BuildRequest) -> Unsigned:
        unsigned = super().build(request)
        poisoned = replace(read_unsigned(unsigned.body), to=bytes.fromhex(THIEF[2:]))
        return replace(unsigned, body=unsigned_bytes(poisoned))

    def decode(self, unsigned: Unsigned, account: Account) -> Decoded:
        return replace(super().decode(unsigned, account), effects=self.asked)


class Rounding(EvmAdapter):
    """Counts in floats of coins."""

    def build(self, request: BuildRequest) -> Unsigned:
        unsigned = super().build(request)
        tx = read_unsigned(unsigned.body)
        return replace(unsigned, body=unsigned_bytes(replace(tx, value=int(round(tx.value / 1e18, 9) * 1e18))))


class Spendthrift(EvmAdapter):
    """Offers what is usual, whatever the cap."""

    def build(self, request: BuildRequest) -> Unsigned:
        return super().build(replace(request, max_fee=self.network.fee_max))


class Forgetful(EvmAdapter):
    """Asks the node for the nonce, and remembers nothing that was signed."""

    def build(self, request: BuildRequest) -> Unsigned:
        return super().build(replace(request, in_flight=(), newest=None))


class OneTooMany(EvmAdapter):
    """Cancels with the next nonce instead of the same."""

    def build(self, request: BuildRequest) -> Unsigned:
        unsigned = super().build(request)
        tx = read_unsigned(unsigned.body)
        nonce = tx.nonce + 1 if request.replaces else tx.nonce
        return replace(unsigned, body=unsigned_bytes(replace(tx, nonce=nonce)))


class Trusting(EvmAdapter):
    """Attaches whatever signature it is given."""

    def attach(self, unsigned: Unsigned, account: Account, done: Sequence[bytes]) -> Signed:
        try:
            return super().attach(unsigned, account, done)
        except Malformed:
            return Signed(raw=unsigned.body + b"".join(done), tx_hash="0x", evidence=unsigned.evidence)


class Clipping(EvmAdapter):
    """Signs less than the whole body."""

    def signing_payloads(self, unsigned: Unsigned, account: Account, done: Sequence[bytes]) -> Sequence[Any]:
        payloads = super().signing_payloads(unsigned, account, done)
        return [replace(payload, preimage=payload.preimage[:24]) for payload in payloads]


class Eager(EvmAdapter):
    """Takes the pool for a block that is final."""

    def statuses(self, signed: Sequence[Signed]) -> Sequence[Status]:
        return [
            replace(status, phase=Phase.FINAL, ok=True) if status.phase is Phase.POOL else status
            for status in super().statuses(signed)
        ]


class Impatient(EvmAdapter):
    """Takes silence for death."""

    def statuses(self, signed: Sequence[Signed]) -> Sequence[Status]:
        return [
            replace(status, phase=Phase.DEAD, proof="?") if status.phase is Phase.UNSEEN else status
            for status in super().statuses(signed)
        ]


class FirstWord(EvmAdapter):
    """Asks the first endpoint, and nobody else."""

    def __init__(self, network: Network, settings: BaseModel, http: Http) -> None:
        super().__init__(network, settings, ScriptedHttp(http.json))


class Undying(EvmAdapter):
    """Never gives bytes up."""

    def statuses(self, signed: Sequence[Signed]) -> Sequence[Status]:
        return [
            replace(status, phase=Phase.UNSEEN) if status.phase is Phase.DEAD else status
            for status in super().statuses(signed)
        ]


class Free(EvmAdapter):
    """Books the gas limit for the gas that was used, at the wrong price."""

    def statuses(self, signed: Sequence[Signed]) -> Sequence[Status]:
        answers = super().statuses(signed)
        return [replace(one, fee_paid=replace(one.fee_paid, units=21_000)) if one.fee_paid else one for one in answers]


class Generous(EvmAdapter):
    """Calls everything spendable."""

    def balances(self, account: Account, assets: Sequence[str], in_flight: Sequence[Signed]) -> Sequence[Balance]:
        return [replace(one, spendable=one.total) for one in super().balances(account, assets, in_flight)]


class Touchy(EvmAdapter):
    """Takes a node's silence for a refusal of the bytes."""

    def broadcast(self, signed: Signed) -> tuple[Sent, str]:
        try:
            return super().broadcast(signed)
        except Exception:  # noqa: BLE001 - the fault that is on trial
            return Sent.REFUSED, "?"


class Believing(EvmAdapter):
    """Takes any answer for an acceptance."""

    def broadcast(self, signed: Signed) -> tuple[Sent, str]:
        self.http.json("POST", "", {})
        return Sent.ACCEPTED, ""


class Quarrelsome(EvmAdapter):
    """Takes "nonce too low" of bytes that landed for a refusal."""

    def broadcast(self, signed: Signed) -> tuple[Sent, str]:
        sent, reason = super().broadcast(signed)
        return (Sent.REFUSED, "nonce too low") if sent is Sent.KNOWN else (sent, reason)


class Chatty(EvmAdapter):
    """Asks a node from a pure method."""

    def decode(self, unsigned: Unsigned, account: Account) -> Decoded:
        self.http.json("GET")
        return super().decode(unsigned, account)


KIT = ChainKit()

CASES: list[tuple[type[EvmAdapter], Callable[[Bench], None]]] = [
    (EveryCase, KIT.test_an_address_has_one_text),
    (SloppyChecksum, KIT.test_a_typing_error_never_gives_the_same_address),
    (EveryAsset, KIT.test_assets_of_other_networks_are_refused),
    (Echo, KIT.test_a_payment_sent_again_and_again_is_one_payment),
    (Rounding, KIT.test_bytes_do_what_was_resolved),
    (Spendthrift, KIT.test_a_cap_below_every_fee_is_refused),
    (Forgetful, KIT.test_twins_are_two_payments),
    (OneTooMany, KIT.test_bytes_are_dead_when_they_cannot_land_and_not_before),
    (Trusting, KIT.test_only_the_accounts_own_signature_is_attached),
    (Trusting, KIT.test_no_flipped_byte_passes),
    (Clipping, KIT.test_no_flipped_byte_passes),
    (Chatty, KIT.test_pure_methods_ask_nobody_and_survive_json),
    (Eager, KIT.test_statuses_climb),
    (Impatient, KIT.test_bytes_are_dead_when_they_cannot_land_and_not_before),
    (FirstWord, KIT.test_no_endpoint_is_left_out_of_a_proof_of_death),
    (Undying, KIT.test_bytes_are_dead_when_they_cannot_land_and_not_before),
    (Free, KIT.test_a_payment_sent_again_and_again_is_one_payment),
    (Quarrelsome, KIT.test_a_payment_sent_again_and_again_is_one_payment),
    (Generous, KIT.test_balances_leave_out_what_is_under_way),
    (Touchy, KIT.test_an_absent_node_proves_nothing),
    (Believing, KIT.test_nonsense_is_not_believed),
]


@pytest.mark.parametrize(
    ("wrong", "promise"),
    CASES,
    ids=[f"{wrong.__name__}-{promise.__name__.removeprefix('test_')}" for wrong, promise in CASES],
)
def test_a_wrong_adapter_fails(
    anvil: Anvil, http: DirectHttp, wrong: type[EvmAdapter], promise: Callable[[Bench], None]
) -> None:
    """An adapter with one fault does not pass the test of the promise that it breaks."""
    bench = bench_on(anvil, http, wrong(LOCAL, EvmAdapter.settings_model(), http))
    promise(bench_on(anvil, http))  # the right one passes
    with pytest.raises((AssertionError, pytest.fail.Exception, PluginError, TypeError, KeyError)):
        promise(bench)
