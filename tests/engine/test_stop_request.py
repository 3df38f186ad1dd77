"""``stop.request``: whatever lies there is an order to stop, and nothing that is read there loosens (invariants 9, 18)."""

import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from waiaas.engine.rules.kill_switch_states import LOCKED, SUSPENDED
from waiaas.engine.stop_request import Order, StopRequest, with_order

ORDERS = st.builds(
    Order,
    state=st.sampled_from([SUSPENDED, LOCKED]),
    agent_id=st.none() | st.text("abc-01", min_size=1, max_size=36),
    reason=st.text("abc def", max_size=50).map(str.strip),
)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where an order may lie."""
    return tmp_path / "stop.request"


def test_nothing_there_is_no_order(path: Path) -> None:
    """Without the file there is nothing to heed."""
    assert StopRequest(path).read() is None


@given(st.lists(ORDERS, min_size=1, max_size=5, unique=True))
@settings(deadline=None)
def test_orders_are_read_as_they_were_written(tmp_path_factory: pytest.TempPathFactory, orders: list[Order]) -> None:
    """Each order that was added is found, in its place, whatever was added after it."""
    path, text = tmp_path_factory.mktemp("orders") / "stop.request", b""
    for order in orders:
        text = with_order(text, order)
    path.write_bytes(text)
    found = StopRequest(path).read()
    assert found is not None
    assert list(found.orders) == orders


@given(st.binary(max_size=400))
@settings(deadline=None)
def test_what_cannot_be_read_stops_everything(tmp_path_factory: pytest.TempPathFactory, text: bytes) -> None:
    """Whatever bytes lie there, there is at least one order, and each says SUSPENDED or LOCKED."""
    path = tmp_path_factory.mktemp("noise") / "stop.request"
    path.write_bytes(text)
    found = StopRequest(path).read()
    assert found is not None
    assert found.orders
    assert {one.state for one in found.orders} <= {SUSPENDED, LOCKED}


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"{}",
        b"ACTIVE",
        b'{"state": "ACTIVE"}',
        b'{"state": "SUSPENDED", "agentId": 7}',
        b'{"state": "SUSPENDED", "agentId": "a", "sessionId": "b"}',
        b'{"state": "SUSPENDED", "agentId": "a", "until": "noon"}',
        b"[" * 100_000,
        b"x" * 70_000,
    ],
)
def test_a_line_that_is_no_order_is_one_for_everything(path: Path, text: bytes) -> None:
    """Empty, garbage, ACTIVE, unknown fields, too deep or too large: SUSPENDED for everything."""
    path.write_bytes(text)
    found = StopRequest(path).read()
    assert found is not None
    assert [(one.state, one.agent_id, one.session_id) for one in found.orders] == [(SUSPENDED, None, None)]


def test_a_good_order_beside_garbage_holds_too(path: Path) -> None:
    """A line that cannot be read takes nothing from the lines around it."""
    path.write_bytes(with_order(b"garbage\n", Order(state=LOCKED)))
    found = StopRequest(path).read()
    assert found is not None
    assert [one.state for one in found.orders] == [SUSPENDED, LOCKED]


def test_a_link_is_an_order_and_is_not_followed(path: Path) -> None:
    """A symbolic link, dangling or to a file of orders, stops everything; what it points to is neither read nor removed."""
    target = path.with_name("elsewhere")
    target.write_bytes(Order(state=LOCKED).encoded())
    path.symlink_to(target)
    request = StopRequest(path)
    found = request.read()
    assert found is not None
    assert [one.state for one in found.orders] == [SUSPENDED]
    request.clear(found)
    assert (os.path.lexists(path), target.exists()) == (False, True)


@pytest.mark.parametrize("make", [os.mkdir, os.mkfifo], ids=["folder", "fifo"])
def test_what_is_no_file_is_an_order_and_nobody_hangs_on_it(path: Path, make: object) -> None:
    """A folder or a pipe in its place stops everything; the folder stays, and so does the stop."""
    assert callable(make)
    make(path)
    request = StopRequest(path)
    found = request.read()
    assert found is not None
    assert [one.state for one in found.orders] == [SUSPENDED]
    request.clear(found)
    assert path.is_dir() == path.exists()


def test_a_later_order_in_its_place_is_not_taken_away(path: Path) -> None:
    """Replaced after it was read, the file stays for the next look."""
    request = StopRequest(path)
    path.write_bytes(Order().encoded())
    found = request.read()
    assert found is not None
    other = path.with_name("new")
    other.write_bytes(Order(state=LOCKED).encoded())
    other.rename(path)
    request.clear(found)
    later = request.read()
    assert later is not None
    assert [one.state for one in later.orders] == [LOCKED]
