"""Policies that ask for the same window share it: it is read once, and the tightest of them bounds the verdict."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.desk import Desk, native
from waiaas.engine.pipeline.admit import Admission, subject
from waiaas.engine.pipeline.bounds import Bound
from waiaas.engine.pipeline.evaluate import Judgement
from waiaas.interfaces.policy import Tier


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A desk whose agent has two limits over the same day, and one over a week."""
    made = Desk(tmp_path)
    made.policy("SPENDING_LIMIT", instant_max="50", daily_limit="70")
    made.policy("SPENDING_LIMIT", instant_max="50", daily_limit="40", weekly_limit="90")
    yield made
    made.close()


def test_a_shared_window_is_held_to_the_tightest_bound(desk: Desk) -> None:
    """Of two limits over one day the smaller one bounds the verdict, by one bound; the week keeps its own."""
    judgement = _judged(desk, 10)
    assert sorted((bound.window.seconds, bound.at_most) for bound in _spent(judgement)) == [(86400, 30), (604800, 80)]


def test_what_the_tightest_bound_excludes_no_longer_holds(desk: Desk) -> None:
    """A judgement holds while the day has room for it under both limits, and not once the smaller one is used up."""
    judgement, program = _judged(desk, 10), desk.session()
    request = Admission(desk.bench).request(program, native(10), None)
    about = subject(request, Admission(desk.bench).resolve(request))
    desk.send(program, native(30))
    with desk.store.read() as unit:
        assert desk.evaluator.still_holds(unit, about, judgement)
    desk.send(program, native(1))
    with desk.store.read() as unit:
        assert not desk.evaluator.still_holds(unit, about, judgement)


def test_a_session_is_held_to_the_tighter_of_two_totals(desk: Desk) -> None:
    """Where constraints name one asset twice, what another send used up of the smaller total voids the judgement."""
    program = desk.session(maxTotal="20", tokens=[{"address": "native", "maxTotal": "1000"}])
    admission = Admission(desk.bench)
    request = admission.request(program, native(20), None)
    about = subject(request, admission.resolve(request))
    judgement = desk.evaluator.judge(about)
    with desk.store.read() as unit:
        assert desk.evaluator.still_holds(unit, about, judgement)
    desk.send(program, native(1))
    with desk.store.read() as unit:
        assert not desk.evaluator.still_holds(unit, about, judgement)


@pytest.mark.parametrize("stored", ["", "null", "[1]", "{", '{"maxTotal": 5}', '{"unheardOf": "1"}'])
def test_constraints_that_cannot_be_read_deny(desk: Desk, stored: str) -> None:
    """Whatever stands in a session's row instead of constraints, nothing of the session passes."""
    admission = Admission(desk.bench)
    request = admission.request(desk.session(), native(1), None)
    about = subject(request, admission.resolve(request))
    assert about.session is not None
    judgement = desk.evaluator.judge(replace(about, session=replace(about.session, constraints=stored)))
    assert (judgement.decision.tier, judgement.decision.named.verdict.code) == (Tier.DENY, "CONSTRAINT_UNREADABLE")


def _judged(desk: Desk, units: int) -> Judgement:
    admission = Admission(desk.bench)
    request = admission.request(desk.session(), native(units), None)
    return desk.evaluator.judge(subject(request, admission.resolve(request)))


def _spent(judgement: Judgement) -> list[Bound]:
    return [bound for bound in judgement.bounds.bounds.values() if bound.window.where.get("kinds") is None]
