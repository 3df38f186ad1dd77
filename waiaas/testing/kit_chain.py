"""Promises about the chain: broadcast, statuses, balances, on a running local chain."""

from collections import Counter

from waiaas.interfaces.chain import Feature, Phase, Sent, Signed
from waiaas.interfaces.wire import to_wire
from waiaas.testing.bench import SALT, Bench
from waiaas.testing.naming import as_payments

_CLIMB = (Phase.UNSEEN, Phase.POOL, Phase.INCLUDED, Phase.FINAL)


class LandingKit:
    """Signed bytes on their way to being final, or dead."""

    def test_a_payment_sent_again_and_again_is_one_payment(self, bench: Bench) -> None:
        """Broadcasting the same bytes before and after they landed moves the amount once, and no more than was said."""
        resolved, signed = bench.payment()
        before = _holdings(bench)
        for _ in range(3):
            sent, _reason = bench.adapter.broadcast(signed)
            assert sent in (Sent.ACCEPTED, Sent.KNOWN)
            bench.chain.advance(1)
        bench.chain.advance(bench.blocks_to_final)
        bench.adapter.broadcast(signed)
        status = bench.status(signed)
        assert (status.phase, status.ok) == (Phase.FINAL, True)
        assert status.fee_paid is not None
        assert resolved.intent.to is not None
        assert bench.balance(resolved.intent.to.address) == bench.units
        said = Counter({bench.native: status.fee_paid.units})
        for effect in resolved.effects:
            said[effect.asset or ""] += effect.units or 0
        assert before - _holdings(bench) == said

    def test_statuses_climb(self, bench: Bench) -> None:
        """Unsent bytes are UNSEEN; sent ones rise to FINAL without a step back, and not at once."""
        _, signed = bench.payment()
        assert bench.status(signed).phase is Phase.UNSEEN
        bench.adapter.broadcast(signed)
        phases = []
        for _ in range(bench.blocks_to_final + 2):
            phases.append(bench.status(signed).phase)
            bench.chain.advance(1)
        assert phases == sorted(phases, key=_CLIMB.index)
        assert phases[-1] is Phase.FINAL
        assert phases[0] is not Phase.FINAL, "final before a block was made"

    def test_statuses_come_in_order(self, bench: Bench) -> None:
        """Many are asked at once and answered in the order asked; none is no question."""
        assert list(bench.adapter.statuses([])) == []
        _, sent = bench.payment()
        _, unsent = bench.payment(salt=SALT[::-1], in_flight=(sent,))
        bench.adapter.broadcast(sent)
        bench.chain.advance(1)
        phases = [one.phase for one in bench.adapter.statuses([unsent, sent, unsent])]
        assert phases[0] is phases[2] is Phase.UNSEEN
        assert phases[1] in (Phase.INCLUDED, Phase.FINAL)

    def test_bytes_are_dead_when_they_cannot_land_and_not_before(self, bench: Bench) -> None:
        """DEAD comes with a proof once the bytes expired or others used their claim for good, and they do not land then."""
        _, signed = bench.payment()
        outlive(bench, signed)
        status = bench.status(signed)
        assert status.phase is Phase.DEAD
        assert status.proof
        bench.adapter.broadcast(signed)
        bench.chain.advance(bench.blocks_to_final + 1)
        assert bench.status(signed).phase is Phase.DEAD

    def test_what_landed_is_never_dead(self, bench: Bench) -> None:
        """Long after its bytes expired, a payment is still FINAL."""
        _, signed = bench.payment()
        bench.adapter.broadcast(signed)
        bench.chain.advance((bench.blocks_to_death or 0) + bench.blocks_to_final + 10)
        assert bench.status(signed).phase is Phase.FINAL

    def test_balances_leave_out_what_is_under_way(self, bench: Bench) -> None:
        """Spendable is no more than the total, and less by what signed bytes may still take, of every asset they move."""
        resolved, signed = bench.payment()
        taken = Counter({bench.native: 1})  # a fee, at least
        for effect in resolved.effects:
            taken[effect.asset or ""] += effect.units or 0
        expected = {bench.native, bench.paid} if bench.lists_tokens else {bench.native}
        assert expected <= {one.asset.id for one in bench.adapter.balances(bench.account, [], [])}
        for asset, units in taken.items():
            (balance,) = bench.adapter.balances(bench.account, [asset], [])
            assert balance.asset.id == asset
            assert balance.spendable <= balance.total == _holdings(bench)[asset]
            (later,) = bench.adapter.balances(bench.account, [asset], as_payments([signed]))
            assert later.total == balance.total
            assert later.spendable <= balance.spendable - units

    def test_assets_are_described_by_the_chain(self, bench: Bench) -> None:
        """What the bench pays with has a name for people and sane decimals, and is what the payment says it is."""
        native, paid = bench.adapter.describe_assets([bench.native, bench.paid])
        assert native == bench.adapter.network.native
        assert (paid.id, paid.native) == (bench.paid, bench.asset is None)
        assert 0 < len(paid.symbol) <= 16
        assert len(paid.name) <= 64
        assert paid.decimals in range(256)
        assert paid in bench.resolved().assets

    def test_health_says_where_the_chain_is(self, bench: Bench) -> None:
        """A healthy node is not refused, and what it says can be written as JSON."""
        assert to_wire(bench.adapter.health())


def _holdings(bench: Bench) -> Counter[str]:
    address = bench.account.address
    return Counter({bench.native: bench.chain.balance(address), bench.paid: bench.balance(address)})


def outlive(bench: Bench, signed: Signed) -> None:
    """Until the bytes can never land any more, by the node that the bench asks; they are not dead before."""
    (_used_up if bench.blocks_to_death is None else _expired)(bench, signed)


def _expired(bench: Bench, signed: Signed) -> None:
    """Until the last block in which the bytes could land is final; they are not dead before."""
    for _ in range((bench.blocks_to_death or 0) - 1):
        bench.chain.advance(1)
        assert bench.status(signed).phase is Phase.UNSEEN
    bench.chain.advance(1)


def _used_up(bench: Bench, signed: Signed) -> None:
    """Until what took their place is final; they are not dead before, however long it takes."""
    assert Feature.REPLACE in bench.adapter.features, "bytes that neither expire nor can be replaced never end"
    cancellation = bench.cancellation(signed)
    assert signed.claims & cancellation.claims
    bench.chain.advance(bench.blocks_to_final + 20)
    assert bench.status(signed).phase is Phase.UNSEEN
    assert bench.adapter.broadcast(cancellation)[0] is Sent.ACCEPTED
    for _ in range(bench.blocks_to_final):
        bench.chain.advance(1)
        assert bench.status(signed).phase is not Phase.DEAD
    bench.chain.advance(1)
    assert bench.status(cancellation).phase is Phase.FINAL
    bench.chain.advance(1)  # a proof may want to see that the chain went on
