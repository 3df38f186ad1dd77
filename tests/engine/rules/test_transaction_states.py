"""The state table admits the documented moves and nothing else."""

from hypothesis import given
from hypothesis import strategies as st

from waiaas.engine.rules.transaction_states import FINISHED, MOVES, NEW, UNFINISHED, UNSIGNED, is_allowed

DOCUMENTED = {
    (NEW, "PENDING"), (NEW, "QUEUED"), (NEW, "CANCELLED"),
    ("PENDING", "EXECUTING"), ("PENDING", "QUEUED"), ("PENDING", "CANCELLED"), ("PENDING", "EXPIRED"),
    ("QUEUED", "EXECUTING"), ("QUEUED", "QUEUED"), ("QUEUED", "CANCELLED"), ("QUEUED", "EXPIRED"),
    ("EXECUTING", "SUBMITTED"), ("EXECUTING", "SIGNED"), ("EXECUTING", "FAILED"), ("EXECUTING", "CANCELLED"),
    ("EXECUTING", "EXPIRED"),
    ("SUBMITTED", "CONFIRMED"), ("SUBMITTED", "FAILED"), ("SUBMITTED", "CANCELLED"),
    ("FAILED", "CONFIRMED"),
}  # fmt: skip


def test_the_table_holds_exactly_the_documented_moves() -> None:
    """Every pair of states is allowed if and only if the documentation lists it."""
    states = list(MOVES)
    found = {(before, after) for before in states for after in states if is_allowed(before, after)}
    assert found == DOCUMENTED


@given(st.text(), st.text())
def test_words_that_are_no_states_go_nowhere(before: str, after: str) -> None:
    """A state that nobody knows has no moves, in either direction."""
    if before not in MOVES or after not in MOVES:
        assert not is_allowed(before, after)


def test_every_state_is_finished_or_not() -> None:
    """Finished, unsigned and signed states make up the whole table, and terminal ones lead nowhere."""
    assert {*FINISHED, *UNFINISHED} == set(MOVES) - {NEW}
    assert set(UNSIGNED) < set(UNFINISHED)
    assert {state for state in FINISHED if MOVES[state]} == {"FAILED"}


@given(st.lists(st.sampled_from([state for state in MOVES if state]), max_size=12))
def test_nothing_signed_becomes_unsigned(path: list[str]) -> None:
    """However a row walks, after SUBMITTED it is never released, held or executed again."""
    state, signed = NEW, False
    for step in path:
        if not is_allowed(state, step):
            continue
        assert not (signed and step in UNSIGNED)
        state, signed = step, signed or step == "SUBMITTED"
