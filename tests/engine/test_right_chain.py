"""A node is asked which chain it serves before it is asked anything that a payment rests on, at every stage anew."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.engine.nonce_node import COIN, Node, NonceAdapter
from tests.engine.nonces import AGENT, Crash, Engine, stuck
from waiaas.engine.chains import _HEALTH_SECONDS
from waiaas.engine.rules.waiting import WaitCode
from waiaas.errors import Refused
from waiaas.interfaces.chain import (
    Account,
    Amount,
    BuildRequest,
    Effect,
    Intent,
    Resolved,
    Sent,
    Signed,
    Status,
    TellsTime,
    Unsigned,
    What,
)
from waiaas.testing.clock import FrozenClock


class Masked(NonceAdapter):
    """Behind one address now this chain answers, now another. Notes what the other one was asked."""

    is_other: ClassVar[bool] = False
    asked: ClassVar[list[str]] = []

    def _note(self, what: str) -> None:
        if Masked.is_other:
            self.asked.append(what)

    def health(self) -> Mapping[str, Any]:
        if Masked.is_other:
            raise Refused("WRONG_CHAIN", "this node serves nonce:2")
        return super().health()

    def resolve(self, intent: Intent, account: Account) -> Resolved:
        self._note("resolve")
        return super().resolve(intent, account)

    def resolve_offline(self, intent: Intent, account: Account, fee: int) -> Resolved:
        assert intent.amount is not None
        assert intent.to is not None
        out = Effect(what=What.OUT, asset=COIN.id, units=intent.amount.units, to=intent.to.address)
        return Resolved(intent=intent, effects=(out,), assets=(COIN,), likely_fee=Amount(asset=COIN.id, units=fee))

    def build(self, request: BuildRequest) -> Unsigned:
        self._note("build")
        return super().build(request)

    def broadcast(self, signed: Signed) -> tuple[Sent, str]:
        self._note("broadcast")
        return super().broadcast(signed)

    def statuses(self, signed: Sequence[Signed]) -> Sequence[Status]:
        self._note("statuses")
        return super().statuses(signed)


class MaskedEngine(Engine):
    """An engine on that chain."""

    adapter = Masked


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Engine]:
    """An engine whose agent pays up to a hundred at once."""
    monkeypatch.setattr(Masked, "is_other", False)
    monkeypatch.setattr(Masked, "asked", [])
    made = MaskedEngine(tmp_path, Node())
    made.policy("SPENDING_LIMIT", instant_max="100", notify_max="200", delay_max="300", delay_seconds=60)
    yield made
    made.close()


def masked(engine: Engine) -> None:
    """From now on the other chain answers, and what was known of the first is too old to be relied on."""
    engine.clock.advance(int(_HEALTH_SECONDS) + 1)
    Masked.is_other = True


def masked_at(engine: Engine, step: str) -> None:
    engine.on_step = lambda at, tx_id: masked(engine) if at == step and not Masked.is_other else None


def _admit(engine: Engine) -> None:
    program = engine.session()
    masked(engine)
    engine.send(program)  # as without a node: what it would have to say is asked for later


def _build(engine: Engine) -> None:
    masked_at(engine, "after-admit")
    engine.send(engine.session())


def _last_moment(engine: Engine) -> None:
    """Between what is read for the signature and the bytes."""
    chain = engine.chains.of(AGENT)
    real = chain.account

    def account(agent: Any) -> Account:
        if engine.seen[-1:] == ["after-release"]:
            masked(engine)  # the last that is read
        return real(agent)

    chain.account = account  # type: ignore[method-assign]
    engine.send(engine.session())


def _broadcast(engine: Engine) -> None:
    masked_at(engine, "after-store")
    engine.send(engine.session())


def _release(engine: Engine) -> None:
    """Admitted without a node, its facts are asked for now."""
    engine.node.away = True
    engine.send(engine.session())
    engine.node.away = False
    masked(engine)
    engine.wake_all()
    engine.work()


def _replace(engine: Engine) -> None:
    program = engine.session()
    tx_id = stuck(engine, program)
    masked(engine)
    engine.replace(program, tx_id)


def _confirm(engine: Engine) -> None:
    engine.send(engine.session())
    engine.node.settle()
    masked(engine)
    engine.look()


STAGES: dict[str, Callable[[Engine], None]] = {
    "admission": _admit,
    "the bytes": _build,
    "the bytes, a moment later": _last_moment,
    "the handing over": _broadcast,
    "the release of what no node was there for": _release,
    "further bytes": _replace,
    "the look at what became of it": _confirm,
}


@pytest.mark.parametrize("stage", STAGES)
def test_another_chain_is_asked_nothing(engine: Engine, stage: str) -> None:
    """Turned away by its identity, it is asked neither for facts nor for bytes, is given none, and its word ends nothing."""
    STAGES[stage](engine)
    assert Masked.is_other
    assert Masked.asked == []


class Dated(NonceAdapter, TellsTime):
    """A chain that dates its blocks."""

    said: ClassVar[int] = 0

    def chain_time(self) -> int:
        self.node.ask()
        return self.said


class DatedEngine(Engine):
    """An engine on that chain."""

    adapter = Dated


def test_a_payment_that_was_let_through_meets_a_clock_that_was_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Let through in one life, it is judged again in the next where the chain's time is another, before bytes are built."""
    monkeypatch.setattr(Dated, "said", FrozenClock().now())
    engine = DatedEngine(tmp_path, Node(), crash_at="after-release")
    engine.policy("SPENDING_LIMIT", instant_max="100")
    with pytest.raises(Crash):
        engine.send(engine.session())
    engine.close()
    monkeypatch.setattr(Dated, "said", FrozenClock().now() - 600)
    again = DatedEngine(tmp_path, engine.node)
    again.wake_all()
    (tx_id,) = again.lane
    assert again.row(tx_id).status == "EXECUTING"
    again.work()
    assert (again.row(tx_id).status, again.row(tx_id).error_code) == ("CANCELLED", "CLOCK_DISAGREES")
    assert "before-build" not in again.seen
    assert again.pen.signed == []
    again.close()


def test_a_network_whose_node_serves_another_chain_says_so_until_it_does_not(engine: Engine) -> None:
    """For the operator's status and for signed payments; once the right node answers, nothing is told any more."""
    stuck(engine, engine.session())
    masked(engine)
    engine.look()
    held = engine.chains.trouble(AGENT.chain, AGENT.network)
    assert held is not None
    assert held.wait.code is WaitCode.WRONG_CHAIN
    Masked.is_other = False
    engine.look()
    assert engine.chains.trouble(AGENT.chain, AGENT.network) is None
