"""The table of the kill switch admits the documented moves and nothing else."""

from itertools import product

from waiaas.engine.rules.kill_switch_states import ACTIVE, LOCKED, MOVES, STATES, SUSPENDED, is_allowed, tightens

DOCUMENTED = {(ACTIVE, SUSPENDED), (ACTIVE, LOCKED), (SUSPENDED, LOCKED), (SUSPENDED, ACTIVE), (LOCKED, ACTIVE)}


def test_the_table_holds_exactly_the_documented_moves() -> None:
    """Every pair of states is allowed if and only if the documentation lists it."""
    assert {pair for pair in product(STATES, STATES) if is_allowed(*pair)} == DOCUMENTED


def test_a_stop_never_loosens() -> None:
    """Whatever the state, a stop leads to a stricter one or nowhere, and every way back is a recovery."""
    strictness = {ACTIVE: 0, SUSPENDED: 1, LOCKED: 2}
    for before, after in product(STATES, STATES):
        assert tightens(before, after) is (strictness[after] > strictness[before])
        if is_allowed(before, after) and strictness[after] < strictness[before]:
            assert MOVES[before][after].startswith("recover")
