"""The states of a transaction and every move between them, as data. Terminal states are rows with nothing."""

from collections.abc import Mapping

NEW = ""

MOVES: Mapping[str, frozenset[str]] = {
    NEW: frozenset({"PENDING", "QUEUED", "CANCELLED"}),
    "PENDING": frozenset({"EXECUTING", "QUEUED", "CANCELLED", "EXPIRED"}),
    "QUEUED": frozenset({"EXECUTING", "QUEUED", "CANCELLED", "EXPIRED"}),
    "EXECUTING": frozenset({"SUBMITTED", "SIGNED", "FAILED", "CANCELLED", "EXPIRED"}),
    "SUBMITTED": frozenset({"CONFIRMED", "FAILED", "CANCELLED"}),
    "FAILED": frozenset({"CONFIRMED"}),
    "CONFIRMED": frozenset(),
    "CANCELLED": frozenset(),
    "EXPIRED": frozenset(),
    "SIGNED": frozenset(),
}

UNSIGNED = ("PENDING", "QUEUED", "EXECUTING")
"""No signed bytes exist: the row may be cancelled or expire."""

UNFINISHED = (*UNSIGNED, "SUBMITTED")
"""Rows that a restart picks up."""

FINISHED = tuple(state for state in MOVES if state and state not in UNFINISHED)


def is_allowed(before: str, after: str) -> bool:
    """Whether a transaction may go from ``before`` to ``after``; ``NEW`` is where it comes from."""
    return after in MOVES.get(before, frozenset())
