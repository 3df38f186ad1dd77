"""Nothing in a table is cut, at any width, and no line is wider than the terminal."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len

from waiaas.cli.tables import Column, facts_lines, fold, table_lines

ID = "01a22fb2-32fd-74a2-b88f-54e2520ca631"
ADDRESS = "6tvocoi47xNi7ffVrCp5XKZpV8Z67D7fAQABp7xnxdpe"
COLUMNS = [
    Column("id", is_whole=True),
    Column("status", is_whole=True),
    Column("amount", is_right=True, is_whole=True),
    Column("agent"),
    Column("to", is_whole=True),
    Column("because", when_wide=90),
]
ROW = [ID, "CONFIRMED", "0.012345678 SOL", "bot", ADDRESS, "SPENDING_LIMIT: it is below the first limit of the policy"]


def squeezed(lines: list[str]) -> str:
    """Without spaces and line ends, so that what was folded is found again."""
    return "".join("".join(lines).split())


@pytest.mark.parametrize("width", range(40, 200, 7))
def test_ids_and_addresses_are_whole_at_every_width(width: int) -> None:
    """From 46 columns on they stand on one line; no line is wider than the terminal, and each row has everything."""
    lines = table_lines(COLUMNS, [ROW, ROW], width)
    assert max(map(cell_len, lines)) <= width
    text = "\n".join(lines)
    assert text.count(ID) == 2
    if width >= 49:
        assert text.count(ADDRESS) == 2
    for value in (ADDRESS, "CONFIRMED", "0.012345678SOL", "bot"):
        assert squeezed(lines[2:]).count(value) >= 2, value


def test_what_has_no_room_stands_below_with_its_name() -> None:
    """At 100 columns who is paid stands under the row; at 200 beside it."""
    narrow, wide = table_lines(COLUMNS, [ROW], 100), table_lines(COLUMNS, [ROW], 200)
    assert any(line.startswith(f"  to {ADDRESS}") for line in narrow[3:])
    assert "to" not in narrow[0].split()
    assert len(wide) == 3
    assert wide[0].split() == [column.name for column in COLUMNS]


def test_a_column_that_wants_a_wide_terminal_is_left_out_of_a_narrow_one() -> None:
    """Unless it is to stand below there."""
    assert "because" not in "\n".join(table_lines(COLUMNS, [ROW], 80))
    below = [*COLUMNS[:5], Column("because", when_wide=90, is_below=True)]
    assert "because SPENDING_LIMIT" in "\n".join(table_lines(below, [ROW], 80))


WORDS = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=60)


@given(st.lists(st.tuples(WORDS, WORDS, WORDS), min_size=1, max_size=3), st.integers(40, 120))
def test_no_character_is_lost_and_no_line_too_wide(rows: list[tuple[str, str, str]], width: int) -> None:
    """Whatever the cells hold, wide letters too."""
    columns = [Column("a", is_whole=True), Column("b"), Column("c", is_right=True)]
    given_rows = [[value or "-" for value in row] for row in rows]
    lines = table_lines(columns, given_rows, width)
    assert max(map(cell_len, lines)) <= width
    for row in given_rows:
        for value in row:
            assert all(character in squeezed(lines) for character in "".join(value.split()) if value not in ("", "-"))


@given(WORDS, st.integers(2, 50))
def test_folding_keeps_everything(text: str, width: int) -> None:
    """The lines are the text again, but for spaces where a line ended."""
    lines = fold(text, width)
    assert squeezed(lines) == "".join(text.split())
    assert max(map(cell_len, lines)) <= width


def test_facts_go_on_below_themselves() -> None:
    """The name stands once, before the first line of its value."""
    lines = facts_lines({"id": ID, "because": "a b " * 30}, 60)
    assert lines[0] == ("id       ", ID)
    assert [name.strip() for name, _ in lines[1:3]] == ["because", ""]
    assert all(cell_len(name + value) <= 60 for name, value in lines)
