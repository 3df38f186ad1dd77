"""How many payments a second can be tried: judged as a send would be, and told, with nothing stored.

The floor is the index look-ups of its windows; those of a decision that is checked again are twice as many. The decision
alone, after a history: what asking the chain takes is the node's, and what a request takes is measured elsewhere.
"""

import json
import time
from collections.abc import Callable

from bench.figures import Figure, alternate
from bench.history import History

_LEAST = 500.0


def simulations(history: History, rounds: int, seconds: float) -> Figure:
    """Tries one after the other on one thread. :param seconds: of each round"""

    def simulate() -> None:
        json.dumps(history.judge().to_wire())

    rate, floor = alternate(rounds, lambda: _rate(simulate, seconds), lambda: 2 * _rate(history.look_up, seconds))
    return Figure(
        name=f"simulations a second after {history.size:,} transactions",
        unit="/s",
        ours=rate,
        floor=floor,
        limit=_LEAST,
    )


def _rate(call: Callable[[], None], seconds: float) -> float:
    done, began = 0, time.perf_counter()
    while (took := time.perf_counter() - began) < seconds:
        call()
        done += 1
    return done / took
