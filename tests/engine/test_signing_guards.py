"""What stands between a payment that was let through and its signature: each guard alone keeps the signer from being asked."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from tests.engine.nonce_node import Node, NonceAdapter
from tests.engine.nonces import AGENT, Engine, opened, stuck
from waiaas.engine.actors import Actor
from waiaas.engine.stop_request import Order
from waiaas.interfaces.chain import Account, Effect, Phase, Simulates, Status, Unsigned
from waiaas.interfaces.signing import Hash, PublicKey, Scheme, SigningPayload

NOBODY = Actor(kind="nobody", ip="socket")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """An engine whose agent pays up to a hundred at once."""
    with opened(tmp_path, Node()) as made:
        made.policy("SPENDING_LIMIT", instant_max="100")
        yield made


@pytest.fixture
def program(engine: Engine) -> Actor:
    """The agent's program."""
    return engine.session()


def _revoke(engine: Engine, program: Actor, folder: Path) -> None:
    assert program.session is not None
    engine.sessions.revoke(engine.operator, program.session.id)


def _tighten(engine: Engine, program: Actor, folder: Path) -> None:
    engine.policy("ALLOWED_ADDRESSES", addresses=["wsomebody-else"])


def _stop(**order: str) -> Callable[[Engine, Actor, Path], None]:
    def stop(engine: Engine, program: Actor, folder: Path) -> None:
        engine.kill_switch._carry_out(Order(**order), NOBODY, "socket")  # type: ignore[arg-type]

    return stop


def _stop_session(engine: Engine, program: Actor, folder: Path) -> None:
    assert program.session is not None
    _stop(session_id=program.session.id)(engine, program, folder)


def _file(engine: Engine, program: Actor, folder: Path) -> None:
    (folder / "stop.request").write_text("")


ENDS: dict[str, Callable[[Engine, Actor, Path], None]] = {
    "the session is revoked": _revoke,
    "the session is stopped": _stop_session,
    "the agent is stopped": _stop(agent_id=AGENT.id),
    "everything is stopped": _stop(),
    "everything is locked": _stop(state="LOCKED"),
    "the file appears": _file,
    "a policy is tightened": _tighten,
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("step", ["before-build", "after-build"])
def test_no_signature_is_made_after_what_ends_it(
    engine: Engine, program: Actor, tmp_path: Path, step: str, end: str
) -> None:
    """Committed at any moment before the signer is asked, it leaves the signer unasked (invariant 9)."""
    engine.on_step = _once(step, lambda: ENDS[end](engine, program, tmp_path))
    engine.send(program)
    assert step in engine.seen
    assert engine.pen.signed == []


@pytest.mark.parametrize("end", [one for one in ENDS if one != "a policy is tightened"])
def test_no_further_signature_is_made_after_what_ends_it(
    engine: Engine, program: Actor, tmp_path: Path, end: str
) -> None:
    """The same for further bytes of a payment that is on its way."""
    tx_id = stuck(engine, program)
    engine.on_step = _once("before-rebuild", lambda: ENDS[end](engine, program, tmp_path))
    engine.replace(program, tx_id)
    assert "before-rebuild" in engine.seen
    assert len(engine.pen.signed) == 1


@pytest.mark.parametrize("further", [False, True])
def test_a_stop_between_the_last_look_and_the_signer_reaches_the_signer(
    engine: Engine, program: Actor, further: bool
) -> None:
    """Whoever is past every check of the daemon's meets the stop epoch, which the signer was told with the commit."""
    tx_id = stuck(engine, program) if further else ""
    step = "before-resign" if further else "before-sign"
    engine.on_step = _once(step, lambda: _stop()(engine, program, Path()))
    if further:
        engine.replace(program, tx_id)
    else:
        engine.send(program)
    assert step in engine.seen
    assert len(engine.pen.signed) == (1 if further else 0)


def test_the_signer_of_the_next_life_is_told_of_the_stop(engine: Engine, tmp_path: Path) -> None:
    """A new process knows no epoch: it is told at the start, before anything can be signed."""
    engine.kill_switch.activate(NOBODY, Order())
    engine.kill_switch.recover(engine.operator)
    engine.kill_switch.activate(NOBODY, Order())
    with opened(tmp_path, engine.node) as again:
        assert again.pen is not engine.pen
        assert (engine.pen.epoch, again.pen.epoch) == (2, 2)


class Simulating(NonceAdapter, Simulates):
    """A chain that can be asked what bytes would do."""

    words: ClassVar[str] = "it would revert: not enough"
    asked: ClassVar[list[bytes]] = []

    def simulate(self, unsigned: Unsigned, account: Account) -> tuple[bool, tuple[Effect, ...], str]:
        self.node.ask()
        self.asked.append(unsigned.body)
        return not self.words, (), self.words if self.words != "-" else ""


class SimulatingEngine(Engine):
    """An engine on that chain."""

    adapter = Simulating


@pytest.mark.parametrize(
    ("words", "said"),
    [("it would revert: not enough", "it would revert: not enough"), ("-", "the chain would refuse it")],
)
def test_a_payment_that_fails_in_simulation_ends_unsigned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: str, said: str
) -> None:
    """What the chain would refuse is asked of no signer: the row has failed with the chain's words, and holds nothing."""
    monkeypatch.setattr(Simulating, "words", words)
    monkeypatch.setattr(Simulating, "asked", [])
    engine = SimulatingEngine(tmp_path, Node())
    engine.policy("SPENDING_LIMIT", instant_max="100")
    tx_id = engine.send(engine.session())
    row = engine.row(tx_id)
    assert (row.status, row.error_code, row.error) == ("FAILED", "SIMULATION_FAILED", said)
    assert engine.pen.signed == []
    assert engine.reserved(tx_id) == {}
    assert len(Simulating.asked) == 1
    monkeypatch.setattr(Simulating, "words", "")
    assert engine.row(engine.send(engine.session())).status == "SUBMITTED"
    engine.close()


class Wanting(NonceAdapter):
    """Asks for what it must not have."""

    wants: ClassVar[str] = ""

    def signing_payloads(self, unsigned: Unsigned, account: Account, done: Sequence[bytes]) -> Sequence[SigningPayload]:
        other = PublicKey(scheme=Scheme.ED25519, data=b"\x07" * 32)
        wanted = {"another key": [other], "its own and another key": [account.key, other], "ever more": [account.key]}
        return [
            SigningPayload(key=key, kind="tx.nonce", preimage=unsigned.body, hash=Hash.SHA256)
            for key in wanted[self.wants]
        ]


class WantingEngine(Engine):
    """An engine on that chain."""

    adapter = Wanting


@pytest.mark.parametrize(("wants", "most"), [("another key", 0), ("its own and another key", 1), ("ever more", 16)])
def test_an_adapter_gets_the_agents_own_signature_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, wants: str, most: int
) -> None:
    """An adapter that asks for another key's signature, or without end, makes its row fail; nothing is sent."""
    monkeypatch.setattr(Wanting, "wants", wants)
    engine = WantingEngine(tmp_path, Node())
    engine.policy("SPENDING_LIMIT", instant_max="100")
    tx_id = engine.send(engine.session())
    assert engine.row(tx_id).status == "FAILED"
    assert len(engine.pen.signed) <= most
    assert engine.node.handed == []
    assert engine.reserved(tx_id) == {}
    engine.close()


class Silent(NonceAdapter):
    """Tells that bytes landed, and not what they cost."""

    def _status(self, signed: Any) -> Status:
        found = super()._status(signed)
        if found.phase not in (Phase.INCLUDED, Phase.FINAL):
            return found
        return Status(phase=found.phase, ok=found.ok, fee_paid=None, reason=found.reason, chain_tx_id=found.chain_tx_id)


class SilentEngine(Engine):
    """An engine on that chain."""

    adapter = Silent


@pytest.mark.parametrize("is_reverted", [False, True])
def test_a_fee_that_nobody_names_is_booked_as_the_most_it_could_be(tmp_path: Path, is_reverted: bool) -> None:
    """Where the adapter names no fee, what the bytes allowed counts as spent: no limit is passed by a silence."""
    engine = SilentEngine(tmp_path, Node())
    engine.policy("SPENDING_LIMIT", instant_max="100")
    engine.node.base_fee = 37
    tx_id = engine.send(engine.session())
    (variant,) = engine.variants(tx_id)
    if is_reverted:
        engine.node.reverts[variant.tx_hash] = "reverted"
    engine.settle()
    assert engine.row(tx_id).status == ("FAILED" if is_reverted else "CONFIRMED")
    assert variant.fee_cap == 37
    assert engine.booked(tx_id)["fee"] == 37
    engine.close()


def _once(step: str, act: Callable[[], object]) -> Callable[[str, str], None]:
    """Act at the first arrival at a step."""
    done: list[str] = []

    def watch(at: str, tx_id: str) -> None:
        if at == step and not done:
            done.append(at)
            act()

    return watch
