"""The confirmer: an adapter that cannot tell about payments ends nothing, neither a payment nor the daemon."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from waiaas.clock import SystemClock
from waiaas.engine.pipeline.stage import Bench
from waiaas.errors import Malformed, Refused, Stopped
from waiaas.interfaces.chain import Phase, Signed, Status
from waiaas.store.records import Transaction, Variant
from waiaas.workers.confirmer import Confirmer

_SUBMITTED = Transaction(
    id="t",
    created_at=1,
    agent_id="a",
    chain="solana",
    network="localnet",
    type="TRANSFER",
    status="SUBMITTED",
    tier="INSTANT",
    intent="{}",
    updated_at=1,
)
_BYTES = Variant(
    tx_id="t",
    chain="solana",
    network="localnet",
    n=1,
    kind="original",
    signed_raw="00",
    tx_hash="h",
    fee_cap=1,
    created_at=1,
    claims="[]",
)

Statuses = Callable[[Sequence[Signed]], Sequence[Status]]


def _malformed(signed: Sequence[Signed]) -> Sequence[Status]:
    raise Malformed("these are not the bytes of a transaction")


def _refused(signed: Sequence[Signed]) -> Sequence[Status]:
    raise Refused("NO", "ask somebody else")


def _too_few(signed: Sequence[Signed]) -> Sequence[Status]:
    return []


def _too_many(signed: Sequence[Signed]) -> Sequence[Status]:
    return [Status(phase=Phase.DEAD, proof="a lie")] * (len(signed) + 1)


def _bench(statuses: Statuses) -> Bench:
    """One SUBMITTED row, a chain that answers as told, and a database that may be read and never written."""

    @contextmanager
    def read() -> Iterator[Any]:
        yield SimpleNamespace(
            transactions=SimpleNamespace(rows_in=lambda *_, **__: [_SUBMITTED]),
            variants=SimpleNamespace(unfinished=lambda *_, **__: [_BYTES]),
        )

    chain = SimpleNamespace(
        adapter=SimpleNamespace(statuses=statuses),
        call=lambda method, *arguments: method(*arguments),
        require_right_chain=lambda: None,
    )
    network = SimpleNamespace(block_milliseconds=400)
    chains = SimpleNamespace(get=lambda *_: chain, network=lambda *_: (None, network))
    return cast(Bench, SimpleNamespace(store=SimpleNamespace(read=read), chains=chains, clock=SystemClock()))


def _woken(row: Transaction) -> None:
    raise AssertionError("nothing is to be done about it")


def _nothing(signed: Sequence[Signed]) -> Sequence[Status]:
    return cast(Sequence[Status], None)


def _nonsense(signed: Sequence[Signed]) -> Sequence[Status]:
    return cast(Sequence[Status], ["paid"] * len(signed))


@pytest.mark.parametrize("statuses", [_malformed, _refused, _too_few, _too_many, _nothing, _nonsense])
def test_an_adapter_that_cannot_tell_is_asked_again(statuses: Statuses) -> None:
    """Whatever it raises, or an answer about another number of payments: nothing is settled, and the next round comes."""
    assert 0 < Confirmer(_bench(statuses), "solana", "localnet", _woken).run_once() <= 5


def test_a_chain_whose_adapter_cannot_be_made_does_not_end_the_daemon() -> None:
    """Its rows wait, and the next round comes."""
    bench = _bench(_too_few)

    def gone(chain: str, network: str) -> None:
        raise Stopped("the plugin failed", code="CHAIN_MISSING")

    cast(Any, bench.chains).get = gone
    assert 0 < Confirmer(bench, "solana", "localnet", _woken).run_once() <= 5
