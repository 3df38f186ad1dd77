"""The states of the kill switch and every move between them, as data. A stop only tightens; a person alone recovers."""

from collections.abc import Mapping
from typing import Literal

State = Literal["ACTIVE", "SUSPENDED", "LOCKED"]

ACTIVE: State = "ACTIVE"
SUSPENDED: State = "SUSPENDED"
"""Nothing is released, admitted or signed, and bytes that no node has taken stay here. Reads work, held payments wait."""
LOCKED: State = "LOCKED"
"""The same, sessions are dead, and nobody recovers before the cooldown is over."""

MOVES: Mapping[State, Mapping[State, str]] = {
    ACTIVE: {SUSPENDED: "activate", LOCKED: "activate"},
    SUSPENDED: {LOCKED: "activate", ACTIVE: "recover"},
    LOCKED: {ACTIVE: "recover, after the cooldown"},
}
"""Before → after → by what."""

STATES: tuple[State, ...] = tuple(MOVES)


def is_allowed(before: State, after: State) -> bool:
    """Whether the switch may go from ``before`` to ``after``."""
    return after in MOVES[before]


def tightens(before: State, after: State) -> bool:
    """Whether a stop takes the switch further; one that asks for less, or for what is so already, changes nothing."""
    return is_allowed(before, after) and after != ACTIVE
