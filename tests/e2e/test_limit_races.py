"""Two hundred parallel sends against one limit, from two sessions, round after round (invariant 3)."""

from collections.abc import Iterator

import pytest

from tests.harness.books import check_books
from tests.harness.fixtures import two_cases
from tests.harness.house import House
from tests.harness.limit_race import SENDS, LimitRace

case = two_cases  # the claims are the house's: a coin of one chain, a token of the other

ROUNDS = 10


@pytest.fixture
def race(shared_house: House) -> Iterator[LimitRace]:
    found = LimitRace(shared_house, ROUNDS)
    yield found
    found.close()


def test_parallel_sends_use_a_limit_up_to_one_payment_and_never_pass_it(shared_house: House, race: LimitRace) -> None:
    """Of two hundred sends at once, as many are let through as have room, round after round, and exactly those are paid."""
    rounds = [race.run(number) for number in range(ROUNDS)]
    for found in rounds:
        assert len(found.admitted) + len(found.denied) == SENDS, found.others
        assert found.is_kept, found
    equal = rounds[::2]
    assert [len(found.admitted) for found in equal] == [found.room // shared_house.case.amount for found in equal]
    assert race.settle() == sum(sum(found.admitted) for found in rounds)
    check_books(shared_house, race.wallet)
