"""Promises about bytes: what was judged is what is built, decoded, signed and attached."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import Any

import pytest

from waiaas.errors import Malformed, NotYet
from waiaas.interfaces.chain import Account, ChainAdapter, Decoded, Feature, Kind, Resolved, Signed, Unsigned, What
from waiaas.interfaces.wire import from_wire, to_wire
from waiaas.testing.bench import SALT, Bench

TWINS = 200
"""So many equal payments must give as many ids."""


class BytesKit:
    """From an intent to signed bytes."""

    def test_pure_methods_ask_nobody_and_survive_json(self, bench: Bench) -> None:
        """Without a node, and with every value written to JSON and read again, pure methods give the same answers."""
        resolved = bench.resolved()
        unsigned = bench.built(resolved)
        done = bench.signatures(unsigned)
        first = _pure_answers(bench.adapter, bench.account, resolved, unsigned, done)
        account, again = _through_json(Account, bench.account), _through_json(Resolved, resolved)
        bytes_again = _through_json(Unsigned, unsigned)
        assert _pure_answers(bench.offline(), account, again, bytes_again, done) == first
        assert _through_json(Decoded, bench.adapter.decode(unsigned, account)) == first[0]
        assert _through_json(Signed, bench.signed(unsigned)) == first[1]

    def test_derived_accounts_repeat(self, bench: Bench) -> None:
        """One key and one form are one account."""
        derived = bench.offline().derive_account(bench.account.key, bench.account.form)
        assert derived == bench.account
        assert bench.adapter.forms[derived.form] is derived.key.scheme

    # --- from an intent to bytes --------------------------------------------------------------------------------------

    def test_bytes_do_what_was_resolved(self, bench: Bench) -> None:
        """What is decoded from built bytes is what was judged: effects, payer, chain, memo, and a fee under the cap."""
        resolved = bench.resolved(bench.intent(units=bench.units + 1))
        cap = resolved.likely_fee.units
        decoded = bench.offline().decode(bench.built(resolved, max_fee=cap), bench.account)
        assert decoded.complete
        assert decoded.effects == resolved.effects
        outs = [(one.asset, one.units, one.to) for one in decoded.effects if one.what is What.OUT]
        assert outs == [(bench.paid, bench.units + 1, resolved.intent.to.address if resolved.intent.to else None)]
        locked = [(one.what, one.asset) for one in decoded.effects if one.what is not What.OUT]
        assert locked in ([], [(What.LOCKED, bench.native)]), "a payment does more than pay"
        assert (decoded.chain_id, decoded.account) == (bench.adapter.network.chain_id, bench.account.address)
        assert decoded.max_fee.asset == bench.native
        assert 0 < decoded.max_fee.units <= cap

    def test_an_offline_resolution_promises_the_same_effects(self, bench: Bench) -> None:
        """A native transfer resolved without a node has the effects it has with one; nothing else is resolved so."""
        intent = bench.intent()
        if bench.asset is not None:
            with pytest.raises(Malformed):
                bench.offline().resolve_offline(intent, bench.account, 12_345)
            return
        offline = bench.offline().resolve_offline(intent, bench.account, 12_345)
        assert offline.effects == bench.resolved(intent).effects
        assert offline.likely_fee.units == 12_345

    def test_no_part_of_a_payment_can_be_exchanged(self, bench: Bench) -> None:
        """Bytes for another recipient, amount, or memo decode to something else: none passes for what was judged."""
        intent = bench.intent()
        decoded = bench.offline().decode(bench.built(bench.resolved(intent)), bench.account)
        to = intent.to.address if intent.to else None
        others = [bench.intent(units=bench.units), bench.intent(to=to, units=bench.units + 1)]
        if Feature.MEMO in bench.adapter.features:
            others.append(bench.intent(to=to, memo="another"))
        for other in others:
            found = bench.offline().decode(bench.built(bench.resolved(other)), bench.account)
            assert (found.effects, found.memo) != (decoded.effects, decoded.memo)

    def test_evidence_proves_no_other_payment(self, bench: Bench) -> None:
        """Evidence of one payment beside the bytes of another is refused, or changes nothing of what is read."""
        first, second = (bench.built(bench.resolved(bench.intent())) for _ in range(2))  # to two new addresses
        judged = bench.offline().decode(first, bench.account)
        try:
            mixed = bench.offline().decode(replace(second, evidence=first.evidence), bench.account)
        except Malformed:
            return
        assert not mixed.complete or mixed.effects != judged.effects

    def test_a_payment_to_oneself_is_no_effect(self, bench: Bench) -> None:
        """What comes back to the payer has not left."""
        resolved = bench.resolved(bench.intent(to=bench.account.address))
        decoded = bench.adapter.decode(bench.built(resolved), bench.account)
        assert resolved.effects == decoded.effects == ()

    def test_a_cap_below_every_fee_is_refused(self, bench: Bench) -> None:
        """Bytes that cannot be cheap enough are not built, and the payment is told to wait."""
        with pytest.raises(NotYet):
            bench.built(bench.resolved(), max_fee=0)

    def test_twins_are_two_payments(self, bench: Bench) -> None:
        """Equal intents with different salts, built one after the other, give different ids and share no claim."""
        resolved = bench.resolved()
        signed: list[Signed] = []
        for index in range(TWINS):
            salt = hashlib.sha256(bytes([index])).digest()[:16]
            signed.append(bench.signed(bench.built(resolved, salt=salt, in_flight=tuple(signed))))
        assert len({one.tx_hash for one in signed}) == TWINS
        claims = [claim for one in signed for claim in one.claims]
        assert len(set(claims)) == len(claims)

    # --- the very bytes -------------------------------------------------------------------------------------------------

    def test_no_flipped_byte_passes(self, bench: Bench) -> None:
        """Each byte of the body changes what is signed, and no signature fits a body that it was not made for."""
        unsigned = bench.built(bench.resolved())
        done = bench.signatures(unsigned)
        payloads = bench.adapter.signing_payloads(unsigned, bench.account, ())
        for mutated in _flipped(unsigned):
            if _is_refused(partial(bench.adapter.signing_payloads, mutated, bench.account, ())):
                continue
            assert bench.adapter.signing_payloads(mutated, bench.account, ()) != payloads, (
                "a flipped byte signs the same"
            )
            assert _is_refused(partial(bench.adapter.attach, mutated, bench.account, done))

    def test_no_other_payer_is_signed_for(self, bench: Bench) -> None:
        """Bytes of one account are not complete for another: the payer is read from the bytes."""
        unsigned = bench.built(bench.resolved())
        stranger = replace(bench.account, address=bench.new_address())
        try:
            decoded = bench.adapter.decode(unsigned, stranger)
        except Malformed:
            return
        assert not decoded.complete or decoded.account != stranger.address

    def test_payloads_are_typed_and_end(self, bench: Bench) -> None:
        """Payloads are for the account's key and for transactions, and no more are asked for than are needed."""
        unsigned = bench.built(bench.resolved())
        payloads = bench.adapter.signing_payloads(unsigned, bench.account, ())
        assert payloads
        assert all(one.key == bench.account.key and one.kind.startswith("tx.") for one in payloads)
        assert not bench.adapter.signing_payloads(unsigned, bench.account, bench.signatures(unsigned))

    def test_only_the_accounts_own_signature_is_attached(self, bench: Bench) -> None:
        """A stranger's signature, a spoilt one, a short one, none, and one for other bytes are refused."""
        resolved = bench.resolved()
        unsigned = bench.built(resolved)
        done = bench.signatures(unsigned)
        twin = bench.built(resolved, salt=SALT[::-1], in_flight=(bench.signed(unsigned),))
        spoilt = bytes([done[0][0] ^ 1]) + done[0][1:]
        wrong: tuple[list[bytes], ...] = (
            bench.signatures(unsigned, bench.stranger_signs),
            bench.signatures(twin),
            [spoilt, *done[1:]],
            [done[0][:-1], *done[1:]],
            [],
            [*done, done[0]],
        )
        for signatures in wrong:
            with pytest.raises(Malformed):
                bench.adapter.attach(unsigned, bench.account, signatures)

    def test_attaching_again_gives_the_same(self, bench: Bench) -> None:
        """After a crash the same bytes and the same id come out."""
        unsigned = bench.built(bench.resolved())
        done = bench.signatures(unsigned)
        first = bench.adapter.attach(unsigned, bench.account, done)
        assert bench.offline().attach(unsigned, bench.account, done) == first
        assert first.evidence.items() >= unsigned.evidence.items()


def _pure_answers(
    adapter: ChainAdapter, account: Account, resolved: Resolved, unsigned: Unsigned, done: list[bytes]
) -> tuple[Decoded, Signed, Any, Any]:
    return (
        adapter.decode(unsigned, account),
        adapter.attach(unsigned, account, done),
        adapter.signing_payloads(unsigned, account, ()),
        adapter.resolve_offline(resolved.intent, account, 1) if resolved.intent.kind is Kind.TRANSFER else None,
    )


def _through_json(kind: type, value: Any) -> Any:
    return from_wire(kind, to_wire(value))


def _flipped(unsigned: Unsigned) -> Iterator[Unsigned]:
    for index in range(len(unsigned.body)):
        for mask in (0x01, 0x80, 0xFF):
            body = bytearray(unsigned.body)
            body[index] ^= mask
            yield replace(unsigned, body=bytes(body))
    yield replace(unsigned, body=unsigned.body + b"\0")
    yield replace(unsigned, body=unsigned.body[:-1])


def _is_refused(call: Callable[[], Any]) -> bool:
    try:
        call()
    except Malformed:
        return True
    return False
