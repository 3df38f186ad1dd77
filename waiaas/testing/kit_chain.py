"""Promises about the chain: broadcast, statuses, balances, on a running local chain."""

import pytest

from waiaas.interfaces.chain import Phase, Sent
from waiaas.interfaces.wire import to_wire
from waiaas.testing.bench import SALT, Bench

_CLIMB = (Phase.UNSEEN, Phase.POOL, Phase.INCLUDED, Phase.FINAL)


class LandingKit:
    """Signed bytes on their way to being final, or dead."""

    def test_a_payment_sent_again_and_again_is_one_payment(self, bench: Bench) -> None:
        """Broadcasting the same bytes before and after they landed moves the amount once, and the fee that was said."""
        resolved, signed = bench.payment()
        before = bench.chain.balance(bench.account.address)
        for _ in range(3):
            sent, _reason = bench.adapter.broadcast(signed)
            assert sent in (Sent.ACCEPTED, Sent.KNOWN)
            bench.chain.advance(1)
        bench.chain.advance(bench.blocks_to_final)
        bench.adapter.broadcast(signed)
        status = bench.status(signed)
        assert (status.phase, status.ok) == (Phase.FINAL, True)
        assert status.fee_paid is not None
        to = resolved.effects[0].to or ""
        assert bench.chain.balance(to) == bench.units
        assert before - bench.chain.balance(bench.account.address) == bench.units + status.fee_paid.units

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
        assert bench.blocks_to_final == 0 or phases[0] is not Phase.FINAL

    def test_statuses_come_in_order(self, bench: Bench) -> None:
        """Many are asked at once and answered in the order asked; none is no question."""
        assert list(bench.adapter.statuses([])) == []
        _, sent = bench.payment()
        _, unsent = bench.payment(salt=SALT[::-1])
        bench.adapter.broadcast(sent)
        bench.chain.advance(1)
        phases = [one.phase for one in bench.adapter.statuses([unsent, sent, unsent])]
        assert phases[0] is phases[2] is Phase.UNSEEN
        assert phases[1] in (Phase.INCLUDED, Phase.FINAL)

    def test_bytes_are_dead_when_they_cannot_land_and_not_before(self, bench: Bench) -> None:
        """DEAD comes with a proof, after the last block in which the bytes could land, and they do not land then."""
        if bench.blocks_to_death is None:
            pytest.skip("bytes of this chain do not expire")
        _, signed = bench.payment()
        for _ in range(bench.blocks_to_death - 1):
            bench.chain.advance(1)
            assert bench.status(signed).phase is Phase.UNSEEN
        bench.chain.advance(1)
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
        """Spendable is no more than the total, and less by what signed bytes may still take."""
        _, signed = bench.payment()
        (balance,) = bench.adapter.balances(bench.account, [], [])
        assert balance.total == bench.chain.balance(bench.account.address)
        assert balance.spendable <= balance.total
        (later,) = bench.adapter.balances(bench.account, [bench.native], [signed])
        assert later.total == balance.total
        assert later.spendable < balance.spendable - bench.units

    def test_health_says_where_the_chain_is(self, bench: Bench) -> None:
        """A healthy node is not refused, and what it says can be written as JSON."""
        assert to_wire(bench.adapter.health())
