"""The kit is worth something: each wrong adapter here fails the promise that it breaks."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest
from pydantic import BaseModel
from waiaas_solana.adapter import SolanaAdapter
from waiaas_solana.decode import read_message
from waiaas_solana.evidence import read_evidence
from waiaas_solana.localnet import Localnet
from waiaas_solana.message import Transfer, compose
from waiaas_solana.rpc import rpc_over
from waiaas_solana.views import read_view

from waiaas.errors import Malformed, NotYet, PluginError, Unavailable
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
from .accounts import pubkey as key_of

THIEF = "9Hnb3bRj1Y4Xg7qqxqTqvkGfTnJvYwqS4bXv5QxkUu2a"


class SloppyAddresses(SolanaAdapter):
    """Takes an address with spaces around it for the address."""

    def parse_address(self, text: str) -> Destination:
        return super().parse_address(text.strip())


class SecondSpelling(SolanaAdapter):
    """Gives an address back as it came, in upper case too."""

    def parse_address(self, text: str) -> Destination:
        return Destination(address=text.swapcase() if text else super().parse_address(text).address)


class EveryAsset(SolanaAdapter):
    """Takes any asset for the native one."""

    def parse_asset(self, text: str) -> str:
        return self.network.native.id


class Echo(SolanaAdapter):
    """Decodes what it was asked for, whatever the bytes say."""

    asked: tuple[Effect, ...] = ()

    def resolve(self, intent: Intent, account: Account) -> Resolved:
        type(self).asked = super().resolve(intent, account).effects
        return super().resolve(intent, account)

    def build(self, request: BuildRequest) -> Unsigned:
        unsigned = super().build(request)
        plan = read_message(unsigned.body).plan
        assert plan is not None
        poisoned = replace(plan, transfers=(*plan.transfers, Transfer(to=key_of(THIEF), lamports=1_000_000)))
        return replace(unsigned, body=compose(poisoned))

    def decode(self, unsigned: Unsigned, account: Account) -> Decoded:
        return replace(super().decode(unsigned, account), effects=self.asked)


class Rounding(SolanaAdapter):
    """Counts in floats of SOL."""

    def build(self, request: BuildRequest) -> Unsigned:
        amount = request.resolved.intent.amount
        assert amount is not None
        rounded = replace(amount, units=int(amount.units / 1e9 * 1e3) * 10**6)
        intent = replace(request.resolved.intent, amount=rounded)
        return super().build(replace(request, resolved=replace(request.resolved, intent=intent)))


class Spendthrift(SolanaAdapter):
    """Offers what the settings allow, whatever the cap."""

    def build(self, request: BuildRequest) -> Unsigned:
        return super().build(replace(request, max_fee=self.network.fee_max))


class Saltless(SolanaAdapter):
    """Gives equal payments equal bytes."""

    def build(self, request: BuildRequest) -> Unsigned:
        return super().build(replace(request, salt=bytes(16)))


class Trusting(SolanaAdapter):
    """Attaches whatever signature it is given."""

    def attach(self, unsigned: Unsigned, account: Account, done: Sequence[bytes]) -> Signed:
        try:
            return super().attach(unsigned, account, done)
        except Malformed:
            return Signed(raw=b"\x01" + b"".join(done) + unsigned.body, tx_hash="x", evidence=unsigned.evidence)


class Clipping(SolanaAdapter):
    """Signs less than the whole body."""

    def signing_payloads(self, unsigned: Unsigned, account: Account, done: Sequence[bytes]) -> Sequence[Any]:
        payloads = super().signing_payloads(unsigned, account, done)
        return [replace(payload, preimage=payload.preimage[:64]) for payload in payloads]


class Eager(SolanaAdapter):
    """Takes a block for finality."""

    def statuses(self, signed: Sequence[Signed]) -> Sequence[Status]:
        return [
            replace(status, phase=Phase.FINAL) if status.phase is Phase.INCLUDED else status
            for status in super().statuses(signed)
        ]


class Impatient(SolanaAdapter):
    """Takes silence for death."""

    def statuses(self, signed: Sequence[Signed]) -> Sequence[Status]:
        return [
            replace(status, phase=Phase.DEAD, proof="?") if status.phase is Phase.UNSEEN else status
            for status in super().statuses(signed)
        ]


class Undying(SolanaAdapter):
    """Never gives bytes up."""

    def statuses(self, signed: Sequence[Signed]) -> Sequence[Status]:
        return [
            replace(status, phase=Phase.UNSEEN) if status.phase is Phase.DEAD else status
            for status in super().statuses(signed)
        ]


class Forgetful(SolanaAdapter):
    """Says nothing of what landed once its blockhash is old."""

    def statuses(self, signed: Sequence[Signed]) -> Sequence[Status]:
        answers = super().statuses(signed)
        return [replace(status, phase=Phase.DEAD) if status.phase is Phase.FINAL else status for status in answers]


class Free(SolanaAdapter):
    """Forgets the fee that was paid."""

    def statuses(self, signed: Sequence[Signed]) -> Sequence[Status]:
        answers = super().statuses(signed)
        return [replace(one, fee_paid=replace(one.fee_paid, units=5_000)) if one.fee_paid else one for one in answers]


class Hearsay(SolanaAdapter):
    """Believes what is said of a blockhash's life: to every endpoint that has outlived that, "not valid" is "not any more"."""

    def statuses(self, signed: Sequence[Signed]) -> Sequence[Status]:
        return [
            replace(status, phase=Phase.DEAD, proof="?")
            if status.phase is Phase.UNSEEN and self._is_over(one)
            else status
            for one, status in zip(signed, super().statuses(signed), strict=True)
        ]

    def _is_over(self, signed: Signed) -> bool:
        last = read_evidence(signed.evidence).lifetime.last_valid_height
        try:
            views = [read_view(rpc, self.network, [signed], lambda _: ()) for rpc in rpc_over(self.http).each()]
        except Unavailable:
            return False
        return all(view.height > last and view.expired and view.sightings == [None] for view in views)


class FirstWord(SolanaAdapter):
    """Asks the first endpoint, and nobody else."""

    def __init__(self, network: Network, settings: BaseModel, http: Http) -> None:
        super().__init__(network, settings, ScriptedHttp(http.json))


class Touchy(SolanaAdapter):
    """Takes a node's silence for a refusal of the bytes."""

    def broadcast(self, signed: Signed) -> tuple[Sent, str]:
        try:
            return super().broadcast(signed)
        except Exception:  # noqa: BLE001 - the fault that is on trial
            return Sent.REFUSED, "?"


class Believing(SolanaAdapter):
    """Takes any answer for an acceptance."""

    def broadcast(self, signed: Signed) -> tuple[Sent, str]:
        self.http.json("POST", "", {})
        return Sent.ACCEPTED, ""


class Careless(SolanaAdapter):
    """Reads an answer without looking."""

    def health(self) -> Mapping[str, Any]:
        question = {"jsonrpc": "2.0", "id": 1, "method": "getSlot", "params": []}
        return {"slot": self.http.json("POST", "", question)["result"] + 1}


class Generous(SolanaAdapter):
    """Calls everything spendable."""

    def balances(self, account: Account, assets: Sequence[str], in_flight: Sequence[Signed]) -> Sequence[Balance]:
        return [replace(one, spendable=one.total) for one in super().balances(account, assets, in_flight)]


class Chatty(SolanaAdapter):
    """Asks a node from a pure method."""

    def decode(self, unsigned: Unsigned, account: Account) -> Decoded:
        self.http.json("GET")
        return super().decode(unsigned, account)


class Stingy(SolanaAdapter):
    """Finds every payment too dear."""

    def build(self, request: BuildRequest) -> Unsigned:
        if request.max_fee < self.network.fee_max:
            raise NotYet("too dear", code="FEE_ABOVE_CAP")
        return super().build(request)


KIT = ChainKit()

CASES: list[tuple[type[SolanaAdapter], Callable[[Bench], None]]] = [
    (SloppyAddresses, KIT.test_foreign_addresses_are_refused),
    (SecondSpelling, KIT.test_an_address_has_one_text),
    (EveryAsset, KIT.test_assets_of_other_networks_are_refused),
    (Echo, KIT.test_a_payment_sent_again_and_again_is_one_payment),
    (Rounding, KIT.test_bytes_do_what_was_resolved),
    (Spendthrift, KIT.test_a_cap_below_every_fee_is_refused),
    (Stingy, KIT.test_bytes_do_what_was_resolved),
    (Saltless, KIT.test_twins_are_two_payments),
    (Trusting, KIT.test_only_the_accounts_own_signature_is_attached),
    (Trusting, KIT.test_no_flipped_byte_passes),
    (Clipping, KIT.test_no_flipped_byte_passes),
    (Chatty, KIT.test_pure_methods_ask_nobody_and_survive_json),
    (Eager, KIT.test_statuses_climb),
    (Impatient, KIT.test_bytes_are_dead_when_they_cannot_land_and_not_before),
    (Undying, KIT.test_bytes_are_dead_when_they_cannot_land_and_not_before),
    (FirstWord, KIT.test_no_endpoint_is_left_out_of_a_proof_of_death),
    (Hearsay, KIT.test_a_lie_about_their_life_kills_no_bytes),
    (Hearsay, KIT.test_bytes_that_a_liar_keeps_for_good_are_dead_in_the_end),
    (Impatient, KIT.test_a_lie_about_their_life_kills_no_bytes),
    (Undying, KIT.test_bytes_that_a_liar_keeps_for_good_are_dead_in_the_end),
    (Forgetful, KIT.test_what_landed_is_never_dead),
    (Free, KIT.test_a_payment_sent_again_and_again_is_one_payment),
    (Generous, KIT.test_balances_leave_out_what_is_under_way),
    (Touchy, KIT.test_an_absent_node_proves_nothing),
    (Believing, KIT.test_nonsense_is_not_believed),
    (Careless, KIT.test_spoilt_answers_are_not_believed),
]


@pytest.mark.parametrize(
    ("wrong", "promise"),
    CASES,
    ids=[f"{wrong.__name__}-{promise.__name__.removeprefix('test_')}" for wrong, promise in CASES],
)
def test_a_wrong_adapter_fails(
    localnet: Localnet, http: DirectHttp, wrong: type[SolanaAdapter], promise: Callable[[Bench], None]
) -> None:
    """An adapter with one fault does not pass the test of the promise that it breaks."""
    bench = bench_on(localnet, http, wrong(LOCAL, SolanaAdapter.settings_model(), http))
    with pytest.raises((AssertionError, pytest.fail.Exception, PluginError, TypeError, KeyError)):
        promise(bench)


@pytest.mark.parametrize(
    "promise",
    [
        KIT.test_bytes_are_dead_when_they_cannot_land_and_not_before,
        KIT.test_what_landed_is_never_dead,
        KIT.test_statuses_climb,
        KIT.test_nonsense_is_not_believed,
        KIT.test_an_absent_node_proves_nothing,
    ],
)
def test_hearsay_keeps_every_other_promise_about_death(
    localnet: Localnet, http: DirectHttp, promise: Callable[[Bench], None]
) -> None:
    """Nothing but endpoints that disagree finds an adapter out that believes what it is told of its bytes' life."""
    promise(bench_on(localnet, http, Hearsay(LOCAL, SolanaAdapter.settings_model(), http)))
