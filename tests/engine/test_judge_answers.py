"""What a process that judges is told, and what it may answer: everything of the interface survives, nothing else does."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.builtin.cases import NATIVE, facts, out
from waiaas.engine.judge_answers import Nonsense, read_verdict, read_windows
from waiaas.interfaces.policy import Facts, Tier, Verdict, Window
from waiaas.interfaces.wire import from_wire, to_wire

WINDOWS = ("day", "week")
names = st.text(alphabet="abcXYZ019:/-_", min_size=1, max_size=20)
verdicts = st.builds(
    Verdict,
    tier=st.sampled_from(list(Tier)),
    code=st.from_regex(r"[A-Z][A-Z0-9_]{0,20}", fullmatch=True),
    reason=st.text(alphabet="abc ÄΩ.,", max_size=40).map(lambda text: " ".join(text.split())),
    remaining=st.none() | st.integers(0, 10**78),
    resets_at=st.none() | st.integers(0, 2**40),
    delay_seconds=st.none() | st.integers(0, 10**6),
    grants=st.booleans(),
    marks=st.frozensets(names, max_size=3),
    freeze=st.booleans(),
    freeze_agents=st.lists(names, max_size=3).map(tuple),
    valid_while=st.dictionaries(st.sampled_from(WINDOWS), st.integers(-1, 10**78)),
)
windows = st.builds(
    Window,
    name=names,
    measure=st.sampled_from(["spent", "count", "failed", "denied", "near_limit"]),
    seconds=st.none() | st.integers(1, 10**9),
    scope=st.sampled_from(["session", "agent", "all"]),
    where=st.dictionaries(names, names, max_size=3),
)


def changes(*given: dict[str, Any]) -> tuple[dict[str, Any], ...]:
    """Each makes a good answer odd."""
    return given


def through(value: Any) -> Any:
    """As it arrives."""
    return json.loads(json.dumps(to_wire(value)))


@settings(deadline=None)
@given(verdicts)
def test_every_verdict_of_the_interface_survives(verdict: Verdict) -> None:
    """Nothing that a type of the house could say is lost on the way."""
    assert read_verdict(through(verdict), WINDOWS) == verdict
    assert read_verdict(through(None), WINDOWS) is None


@settings(deadline=None)
@given(st.lists(windows, max_size=4, unique_by=lambda window: window.name))
def test_every_window_of_the_interface_survives(asked: list[Window]) -> None:
    """Measures, scopes and conditions come back as they were."""
    assert read_windows(through(asked)) == tuple(asked)


@settings(deadline=None)
@given(st.dictionaries(names, st.tuples(st.sampled_from(["1", "0.5"]), st.integers(0, 2**40))), st.integers(0, 10**78))
def test_facts_survive(prices: dict[str, tuple[str, int]], units: int) -> None:
    """A judge elsewhere sees what a judge here would see, prices with their times included."""
    told = replace(facts(out(units), windows={"day": units}), prices=prices, session=None)
    assert from_wire(Facts, through(told)) == told


GOOD: dict[str, Any] = through(Verdict(tier=Tier.DENY, code="NO", reason="no"))


@pytest.mark.parametrize(
    "odd",
    [
        [], "DENY", 5, True, {}, {"tier": "DENY"},
        *({**GOOD, **change} for change in changes(
            {"tier": "ALLOW"}, {"tier": None}, {"tier": ["DENY"]}, {"code": "no"}, {"code": ""}, {"code": "A" * 65},
            {"code": 1},
            {"reason": None}, {"remaining": 5}, {"remaining": "-1"}, {"remaining": "1e3"}, {"remaining": "9" * 5000},
            {"resets_at": str(2**60)}, {"delay_seconds": "-1"}, {"delay_seconds": str(10**12)}, {"grants": "true"},
            {"grants": 1},
            {"marks": "ABC"}, {"marks": ["a b"]}, {"marks": [str(n) for n in range(20)]}, {"freeze": None}, {"freeze": "no"},
            {"freeze_agents": "*"}, {"freeze_agents": [""]}, {"freeze_agents": [str(n) for n in range(2000)]},
            {"valid_while": {"other": "1"}}, {"valid_while": {"day": 1}}, {"valid_while": {"day": None}}, {"valid_while": []},
        )),
    ],
)  # fmt: skip
def test_an_odd_verdict_is_none(odd: Any) -> None:
    """Another shape, type, range or name is no verdict, which denies."""
    with pytest.raises(Nonsense):
        read_verdict(odd, WINDOWS)


WINDOW: dict[str, Any] = through(Window(name="day", measure="spent", seconds=5, scope="agent", where={"asset": NATIVE}))


@pytest.mark.parametrize(
    "odd",
    [
        None, {}, "day", [None], [[]], [WINDOW, WINDOW], [{**WINDOW, "name": str(n)} for n in range(17)],
        *([{**WINDOW, **change}] for change in changes(
            {"name": ""}, {"name": "a b"}, {"name": "é"}, {"name": None}, {"measure": "balance"}, {"measure": ["spent"]},
            {"scope": "everybody"}, {"seconds": "0"}, {"seconds": "-5"}, {"seconds": 5}, {"seconds": str(10**12)},
            {"where": []}, {"where": {"asset": 5}}, {"where": {"asset": "x" * 70000}},
            {"where": {str(n): "" for n in range(9)}},
        )),
    ],
)  # fmt: skip
def test_odd_windows_are_none(odd: Any) -> None:
    """What cannot be measured is not looked for."""
    with pytest.raises(Nonsense):
        read_windows(odd)
