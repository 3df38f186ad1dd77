"""Writers' turns."""

import threading
from functools import partial

from tests.harness.deadline import until
from waiaas.store.turns import Turns


def test_turns_come_in_the_order_in_which_they_were_asked_for() -> None:
    """Ten threads that ask one after another get the turn one after another, in that order."""
    turns, order = Turns(), list[int]()

    def work(number: int) -> None:
        assert turns.take(10)
        order.append(number)
        turns.give()

    assert turns.take(0)
    threads = [threading.Thread(target=work, args=(number,)) for number in range(10)]
    for number, thread in enumerate(threads):
        thread.start()
        until(partial(_is_queued, turns, number + 1), "the thread to wait")
    turns.give()
    for thread in threads:
        thread.join()
    assert order == list(range(10))


def test_a_turn_that_does_not_come_in_time_is_given_up() -> None:
    """Whoever stops waiting holds nothing and holds nobody up."""
    turns = Turns()
    assert turns.take(0)
    assert not turns.take(0.01)
    assert not turns._waiting
    turns.give()
    assert turns.take(0)


def test_turns_exclude_each_other() -> None:
    """However many threads come, with whatever patience, never two have the turn at once."""
    turns, lock, inside, most, given = Turns(), threading.Lock(), [0], [0], [0]

    def work(patience: float) -> None:
        for _ in range(200):
            if turns.take(patience):
                with lock:
                    inside[0] += 1
                    most[0] = max(most[0], inside[0])
                    given[0] += 1
                with lock:
                    inside[0] -= 1
                turns.give()

    threads = [threading.Thread(target=work, args=(patience,)) for patience in (0, 0.0001, 0.001, 5, 5, 5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most[0] == 1
    assert given[0] >= 600
    assert turns.take(0)


def _is_queued(turns: Turns, count: int) -> bool:
    return len(turns._waiting) == count
