"""The confirmer: an adapter that cannot tell about payments ends nothing, neither a payment nor the daemon."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any, cast

import pytest

from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.waits import Waits
from waiaas.errors import Malformed, NodeFailure, NodeTrouble, Refused, Stopped, Trouble, Unavailable
from waiaas.interfaces.chain import Amount, Phase, Signed, Status
from waiaas.store.records import Transaction, Variant
from waiaas.testing.clock import FrozenClock
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
    created_at=FrozenClock().now(),
    claims="[]",
)
_MANY = 40

Statuses = Callable[[Sequence[Signed]], Sequence[Status]]


def _malformed(signed: Sequence[Signed]) -> Sequence[Status]:
    raise Malformed("these are not the bytes of a transaction")


def _refused(signed: Sequence[Signed]) -> Sequence[Status]:
    raise Refused("NO", "ask somebody else")


def _unreadable(signed: Sequence[Signed]) -> Sequence[Status]:
    raise Unavailable("the node's answer cannot be read")


def _too_few(signed: Sequence[Signed]) -> Sequence[Status]:
    return []


def _too_many(signed: Sequence[Signed]) -> Sequence[Status]:
    return [Status(phase=Phase.DEAD, proof="a lie")] * (len(signed) + 1)


def bytes_of(rows: Sequence[Transaction]) -> list[Variant]:
    """One variant each, whose hash is the row's id."""
    return [replace(_BYTES, tx_id=row.id, tx_hash=row.id) for row in rows]


def _bench(statuses: Statuses, count: int = 1) -> Bench:
    """SUBMITTED rows, a chain that answers as told, and a database that may be read and never written."""
    rows = [replace(_SUBMITTED, id=f"t{number}") for number in range(count)]

    @contextmanager
    def read() -> Iterator[Any]:
        yield SimpleNamespace(
            transactions=SimpleNamespace(rows_in=lambda *_, **__: rows, given_up=lambda *_, **__: []),
            variants=SimpleNamespace(unfinished=lambda *_, **__: bytes_of(rows), landed=lambda *_, **__: []),
            state=SimpleNamespace(get=lambda _: None),
        )

    chain = SimpleNamespace(
        network=SimpleNamespace(chain_id="test:1", block_milliseconds=400),
        adapter=SimpleNamespace(statuses=statuses, features=frozenset()),
        call=lambda method, *arguments: method(*arguments),
        require_right_chain=lambda: None,
        untold={},
    )
    network = SimpleNamespace(block_milliseconds=400)
    chains = SimpleNamespace(get=lambda *_: chain, network=lambda *_: (None, network))
    return cast(
        Bench, SimpleNamespace(store=SimpleNamespace(read=read), chains=chains, clock=FrozenClock(), waits=Waits())
    )


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


def test_the_log_says_it_once(caplog: pytest.LogCaptureFixture) -> None:
    """A node that is odd for hours writes one line a payment and cause, not one a round."""
    asked: list[int] = []

    def statuses(signed: Sequence[Signed]) -> Sequence[Status]:
        asked.append(len(signed))
        raise Malformed("these are not the bytes of a transaction")

    bench = _bench(statuses)
    for _ in range(5):
        Confirmer(bench, "solana", "localnet", _woken).run_once()
    assert len(asked) == 5
    assert sum("cannot tell about it" in record.getMessage() for record in caplog.records) == 1


@pytest.mark.parametrize("how", [_malformed, _refused, _unreadable, _too_few])
def test_one_of_which_nothing_can_be_told_holds_up_no_other(how: Statuses, monkeypatch: pytest.MonkeyPatch) -> None:
    """The adapter is asked in pieces until only the odd ones are left: all the others are settled in the same round."""
    told: list[str] = []

    def statuses(signed: Sequence[Signed]) -> Sequence[Status]:
        if any(one.tx_hash in ("t7", "t30") for one in signed):
            return how(signed)
        return [Status(phase=Phase.FINAL, ok=True) for _ in signed]

    confirmer = Confirmer(_bench(statuses, _MANY), "solana", "localnet", _woken)
    settle = lambda sightings: told.extend(one.row.id for one in sightings)  # noqa: E731
    monkeypatch.setattr(confirmer, "_confirm", SimpleNamespace(settle=settle))
    confirmer.run_once()
    assert sorted(told) == sorted({f"t{number}" for number in range(_MANY)} - {"t7", "t30"})


@pytest.mark.parametrize(
    "odd",
    [
        "paid",
        None,
        Status(phase=cast(Phase, "final"), ok=True),
        Status(phase=Phase.FINAL, ok=cast(bool, "yes")),
        Status(phase=Phase.FINAL, ok=True, height=-1),
        Status(phase=Phase.FINAL, ok=True, height=cast(int, 1.5)),
        Status(phase=Phase.FINAL, ok=True, fee_paid=cast(Amount, 5)),
        Status(phase=Phase.FINAL, ok=True, fee_paid=Amount(asset="a", units=-5)),
        Status(phase=Phase.FINAL, ok=True, fee_paid=Amount(asset="a", units=cast(int, "5"))),
        Status(phase=Phase.FINAL, ok=False, reason=cast(str, b"no")),
        Status(phase=Phase.DEAD, proof="x" * 5000),
    ],
)
def test_a_status_of_the_wrong_kinds_is_none_and_holds_up_no_other(
    odd: object, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What could not be written down, or would be counted wrongly, is looked at again; its neighbour is settled."""
    told: list[str] = []

    def statuses(signed: Sequence[Signed]) -> Sequence[Status]:
        return [cast(Status, odd), Status(phase=Phase.FINAL, ok=True, fee_paid=Amount(asset="a", units=0))]

    confirmer = Confirmer(_bench(statuses, 2), "solana", "localnet", _woken)
    settle = lambda sightings: told.extend(one.row.id for one in sightings)  # noqa: E731
    monkeypatch.setattr(confirmer, "_confirm", SimpleNamespace(settle=settle))
    confirmer.run_once()
    assert told == ["t1"]


def test_a_node_that_is_away_is_not_asked_in_pieces() -> None:
    """One question a round, however many rows wait."""
    asked: list[int] = []

    def away(signed: Sequence[Signed]) -> Sequence[Status]:
        asked.append(len(signed))
        trouble = NodeTrouble(kind=Trouble.UNREACHABLE, words="it is away")
        raise NodeFailure("no configured node answered", troubles=(trouble,))

    assert 0 < Confirmer(_bench(away, _MANY), "solana", "localnet", _woken).run_once() <= 5
    assert asked == [_MANY]


def test_a_chain_whose_adapter_cannot_be_made_does_not_end_the_daemon() -> None:
    """Its rows wait, and the next round comes."""
    bench = _bench(_too_few)

    def gone(chain: str, network: str) -> None:
        raise Stopped("the plugin failed", code="CHAIN_MISSING")

    cast(Any, bench.chains).get = gone
    assert 0 < Confirmer(bench, "solana", "localnet", _woken).run_once() <= 5
