"""Readings: many values at once, each the one it would be alone, in as few statements as there are kinds of look-ups."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from waiaas.errors import WaiaasError
from waiaas.store.database import Store
from waiaas.store.readings import Look, Reading, read_all
from waiaas.store.statements import Row, Statements

_SUM = "SELECT ?1 + ?2"
_OTHER = "SELECT ?1 || '.'"
_OF_MANY = "SELECT COUNT(*) FROM json_each(?1)"


def added(start: int, *steps: int) -> Reading[int]:
    """One round for each step."""
    total = start
    for step in steps:
        total = (yield [(_SUM, (total, step))])[0]
    return total


def test_each_value_is_its_own_however_many_rounds_it_takes(store: Store) -> None:
    """Readings of none, one and three rounds, read together, come to what each comes to alone."""
    with store.read() as unit:
        assert unit.values([added(1), added(1, 2), added(1, 2, 3, 4), added(1, 2)]) == [1, 3, 10, 3]
        assert unit.value(added(1, 2, 3)) == 6
        assert unit.values([]) == []


def test_look_ups_of_one_text_are_one_statement(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """A hundred readings of two kinds of look-ups take two statements a round, and equal look-ups are one."""
    asked: list[Sequence[object]] = []

    def told(self: Statements, sql: str, parameters: Sequence[object] = ()) -> list[Row]:
        asked.append(parameters)
        return alone(self, sql, parameters)

    def both(number: int) -> Reading[tuple[int, str]]:
        total, text = yield [(_SUM, (number, 1)), (_OTHER, (7,))]
        return total, text

    alone = Statements.all
    monkeypatch.setattr(Statements, "all", told)
    with store.read() as unit:
        assert unit.values(both(number) for number in range(100)) == [(number + 1, "7.") for number in range(100)]
    assert [len(str(one).split("],")) for one in asked] == [100, 1]


@pytest.mark.parametrize(
    ("look", "found"),
    [
        (("SELECT ?1", ('it\'s "quoted" \u2028 \N{GRINNING FACE}',)), 'it\'s "quoted" \u2028 \N{GRINNING FACE}'),
        (("SELECT ?1", (None,)), None),
        (("SELECT ?2", (None, 2**62)), 2**62),
        (("SELECT ?1 WHERE 0", (1,)), None),
        ((_OF_MANY, (("a", "b", "c"),)), 3),
        ((_OF_MANY, ((),)), 0),
    ],
)
def test_parameters_arrive_as_they_are(store: Store, look: Look, found: object) -> None:
    """Texts, whole numbers, nothing and lists of texts; what finds nothing is None."""

    def reading() -> Reading[object]:
        return (yield [look])[0]

    with store.read() as unit:
        assert unit.value(reading()) == found


def test_what_a_reading_raises_comes_out(store: Store) -> None:
    """A fault in a reading, and one in its statement, are the caller's to see."""

    def broken() -> Reading[int]:
        yield [(_SUM, (1, 1))]
        raise ValueError("nobody knows")

    def misspelled() -> Reading[int]:
        yield [("SELECT nothing FROM nowhere", ())]
        return 0

    with store.read() as unit:
        with pytest.raises(ValueError, match="nobody knows"):
            unit.values([added(1, 2), broken()])
        with pytest.raises(WaiaasError):
            read_all(unit._sql, [misspelled()])
