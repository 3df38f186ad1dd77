"""The collector of reference cycles, set for a process that lives long.

By default it looks through every young object after each 700 that are made, and now and then through all that the process
holds: pauses of milliseconds in the middle of a decision, for cycles that a decision does not make.
"""

import gc

_YOUNG, _MIDDLE, _OLD = 20_000, 20, 50


def settle() -> None:
    """Have what start-up made left alone for good, and the rest looked at less often. Once, when all is assembled."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG, _MIDDLE, _OLD)
