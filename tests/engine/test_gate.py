"""The gate: a stop waits for those who were let through before it, and for nobody else."""

import threading
from concurrent.futures import ThreadPoolExecutor

from waiaas.engine.pipeline.gate import Gate


def test_a_drain_waits_for_who_is_inside() -> None:
    """Draining returns only when the last passer of that agent is through."""
    gate, inside, leave, drained = Gate(), threading.Event(), threading.Event(), threading.Event()

    def sender() -> None:
        with gate.passing("alice"):
            inside.set()
            leave.wait(10)

    def stopper() -> None:
        assert gate.drain("alice", 10)
        drained.set()

    threads = [threading.Thread(target=sender), threading.Thread(target=stopper)]
    threads[0].start()
    assert inside.wait(10)
    threads[1].start()
    assert not drained.wait(0.05)
    leave.set()
    assert drained.wait(10)
    for thread in threads:
        thread.join(10)


def test_a_drain_waits_for_no_other_agent_and_not_for_ever() -> None:
    """Another agent's passer is no reason to wait, and one who never leaves is given up on."""
    gate = Gate()
    with gate.passing("bob"):
        assert gate.drain("alice", 0)
        assert not gate.drain("bob", 0.01)
    assert gate.drain("bob", 0)


def test_a_drain_of_everybody_waits_for_each_and_for_nobody_who_comes_later() -> None:
    """A stop of everything waits for whoever passes at that moment; those who enter meanwhile do not keep it waiting."""
    gate = Gate()
    with gate.passing("alice"), gate.passing("bob"):
        assert not gate.drain(None, 0.01)
    assert gate.drain(None, 0)
    inside, leave = threading.Event(), threading.Event()

    def pass_late() -> None:
        inside.wait(10)
        with gate.passing("carol"):
            leave.wait(10)

    late = threading.Thread(target=pass_late)
    late.start()
    with ThreadPoolExecutor(1) as pool:
        with gate.passing("alice"):
            draining = pool.submit(gate.drain, None, 10)
            while not gate._changed._waiters:  # type: ignore[attr-defined]
                continue
            inside.set()
            while len(gate._inside) < 2:
                continue
        assert draining.result(10)
    leave.set()
    late.join()
