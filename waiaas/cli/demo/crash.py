"""The crash: the daemon is killed while a payment is in flight and the node's answer is lost."""

import threading
import time

from waiaas_sdk import Transaction, WaiaasApiError

from waiaas.cli.demo.narrator import Narrator, Step
from waiaas.cli.demo.scene import Scene
from waiaas.cli.exits import Failure

KEY = "demo-parcel-42"
_ACCEPTED_SECONDS = 20
_ANSWER_SECONDS = 60


def crash(scene: Scene, narrator: Narrator) -> None:
    """SIGKILL with a payment on its way, restart, the same request again: one payment."""
    courier = scene.stage.chain.people.courier
    with narrator.step("The daemon is killed with a payment in flight") as step:
        units = scene.coins("0.008")
        before = scene.balance(scene.address), scene.balance(courier)
        scene.ask(step, units, "courier", courier)
        step.tell("key", f"Idempotency-Key: {KEY}")
        signature = _kill_in_flight(scene, step, courier, units)
        _restart(scene, step)
        row = _repeat(scene, step, courier, units)
        step.expect("it is the payment that was in flight", row.tx_hash == signature, f"{row.tx_hash}, not {signature}")
        step.expect("it was paid", row.status == "CONFIRMED", row.error or row.status)
        arrived = scene.stage.witness.arrivals(courier)
        step.expect("the chain shows exactly one payment", arrived == [signature], f"it shows {len(arrived)}")
        scene.settled(step, row, "courier", before)


def _kill_in_flight(scene: Scene, step: Step, courier: str, units: int) -> str:
    """Returns the id of the transaction that the node accepted and nobody was told of."""
    witness = scene.stage.witness
    known = set(witness.accepted())
    witness.fall_silent(_ANSWER_SECONDS)
    request = _Request(scene, courier, units)
    signature = _wait_for_acceptance(scene, known)
    killed = scene.stage.kill_daemon()
    step.tell("in flight", f"the node has it ({signature[:8]}…) and keeps its answers back")
    step.tell("SIGKILL", f"process {killed} is gone")
    error = request.outcome()
    step.expect("the agent is left without an answer", error is not None, "it got one")
    if error is not None:
        step.tell("agent sees", f"{error.code}: {error.hint}")
    witness.behave()
    return signature


class _Request:
    """The agent's request on a thread of its own."""

    def __init__(self, scene: Scene, to: str, amount: int) -> None:
        self._error: WaiaasApiError | None = None
        self._thread = threading.Thread(target=self._run, args=(scene, to, amount), daemon=True)
        self._thread.start()

    def _run(self, scene: Scene, to: str, amount: int) -> None:
        try:
            scene.wallet.send(to=to, amount=amount, idempotency_key=KEY, wait=30)
        except WaiaasApiError as error:
            self._error = error

    def outcome(self) -> WaiaasApiError | None:
        """How it failed; None when it was answered."""
        self._thread.join(_ACCEPTED_SECONDS)
        return self._error


def _wait_for_acceptance(scene: Scene, known: set[str]) -> str:
    end = time.monotonic() + _ACCEPTED_SECONDS
    while time.monotonic() < end:
        new = [signature for signature in scene.stage.witness.accepted() if signature not in known]
        if new:
            return new[0]
        time.sleep(0.01)
    raise Failure("the payment never reached the chain", hint="run the demo again, and please report it")


def _restart(scene: Scene, step: Step) -> None:
    step.command("start --detach")
    began = time.monotonic()
    started = scene.stage.start_daemon()
    seconds = time.monotonic() - began
    step.tell("back", f"process {started['pid']}, ready after {seconds:.1f} s, unfinished payments taken up again")


def _repeat(scene: Scene, step: Step, courier: str, units: int) -> Transaction:
    step.tell("agent asks", "the very same again, under the same key")
    answer = scene.wallet.send(to=courier, amount=units, idempotency_key=KEY)
    step.expect("it is told of the first one, not paid again", answer.replayed, "it counted as a new payment")
    row = scene.final(answer)
    scene.answered(step, row)
    return row
