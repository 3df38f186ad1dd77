"""Counts of what happened: a few look-ups a window, right after every history."""

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.store.samples import new_id
from waiaas.store.database import Store
from waiaas.store.records import Happening

WHATS = ("admitted", "denied", "failed", "paid", "near_limit")
HISTORY = st.lists(
    st.tuples(
        st.sampled_from(WHATS), st.sampled_from([None, "s1", "s2"]), st.sampled_from(["a", "b"]), st.integers(0, 9)
    ),
    max_size=25,
)


@pytest.fixture(scope="module")
def long_lived(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    store = Store.open(tmp_path_factory.mktemp("activity") / "waiaas.db")
    yield store
    store.close()


@settings(max_examples=150, deadline=None)
@given(history=HISTORY, what=st.sampled_from(WHATS), since=st.integers(-1, 100))
def test_counts_agree_with_history(
    long_lived: Store, history: list[tuple[str, str | None, str, int]], what: str, since: int
) -> None:
    """Whatever happened, by agent, by session and of everybody, a window counts exactly what lies in it."""
    agents, at = {name: new_id() for name in "ab"}, 0
    with long_lived.write() as unit:
        start = unit.activity.of_all(what, None)
        base = unit._sql.one("SELECT COALESCE(MAX(at), 0) FROM activity")
        assert base is not None
        seen = []
        for number, (kind, session, name, step) in enumerate(history):
            at += step
            whose = session and agents[name] + session
            happening = Happening(
                agent_id=agents[name],
                session_id=whose,
                tx_id=new_id(),
                what=kind,
                at=base[0] + at,
                likeness=str(number % 3),
            )
            unit.activity.add(happening)
            seen.append(happening)
        after = base[0] + since
        mine = [one for one in seen if one.what == what and one.agent_id == agents["a"]]
        assert unit.activity.of_agent(agents["a"], what, after) == sum(one.at > after for one in mine)
        assert unit.activity.of_agent(agents["a"], what, None) == len(mine)
        session = agents["a"] + "s1"
        assert unit.activity.of_session(session, what, after) == sum(
            one.at > after for one in mine if one.session_id == session
        )
        assert unit.activity.of_all(what, None) - start == sum(one.what == what for one in seen)
        first = unit.activity.first_after(agents["a"], what, after)
        assert first == min((one.at for one in mine if one.at > after), default=None)
        alike = [one for one in seen if one.agent_id == agents["a"] and one.likeness == "1" and one.at > after]
        assert unit.activity.alike(agents["a"], "1", after) == len(alike)
        if alike:
            assert unit.activity.alike(agents["a"], "1", after, except_tx=alike[0].tx_id) == len(alike) - 1
        assert unit.activity.failed_since_paid(agents["a"]) == _streak(seen, agents["a"])


def test_what_happened_to_one_transaction_is_known(store: Store) -> None:
    """A transaction's own part of a window can be told, sharply at the window's end."""
    with store.write() as unit:
        unit.activity.add(Happening(agent_id="one", tx_id="tx", what="admitted", at=100))
        assert unit.activity.has("tx", "admitted", 99)
        assert not unit.activity.has("tx", "admitted", 100)
        assert unit.activity.has("tx", "admitted", None)
        assert not unit.activity.has("tx", "failed", None)


def test_time_never_goes_back(store: Store) -> None:
    """What is dated before the last one is dated like it, so a window never misses it."""
    with store.write() as unit:
        unit.activity.add(Happening(agent_id="one", tx_id="a", what="denied", at=100))
        unit.activity.add(Happening(agent_id="one", tx_id="b", what="denied", at=40))
        assert unit.activity.of_agent("one", "denied", 99) == 2


def _streak(seen: list[Happening], agent_id: str) -> int:
    count = 0
    for one in seen:
        if one.agent_id == agent_id and one.what in ("failed", "paid"):
            count = count + 1 if one.what == "failed" else 0
    return count
