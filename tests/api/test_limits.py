"""Rate limits: who is counted, over which door, and what the refused are told."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from limits import RateLimitItemPerMinute
from limits.strategies import MovingWindowRateLimiter

from waiaas.api.limits import Rates, WindowStorage, peer_key
from waiaas.errors import TooMany

from .conftest import AS_OPERATOR, AS_SESSION, Build
from .records import OTHER_SESSION_TOKEN

GOOD = {"to": "x", "amount": "1"}


def test_the_global_limit_holds_over_tcp_and_not_over_the_socket(build: Build) -> None:
    """Requests of one peer beyond the limit are 429 with Retry-After before authentication; health and the socket go on."""
    house = build(rate_limit_global_rpm=5)
    statuses = [house.http.get("/v1/agents").status_code for _ in range(7)]
    assert statuses == [401] * 5 + [429] * 2
    refused = house.http.get("/v1/agents", headers={**AS_OPERATOR, "X-Forwarded-For": "192.0.2.9"})
    assert (refused.status_code, refused.json()["code"], refused.json()["retryable"]) == (429, "RATE_LIMITED", True)
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert [house.http.get("/health").status_code for _ in range(6)] == [200] * 5 + [429]
    assert {house.admin.get("/v1/agents", headers=AS_OPERATOR).status_code for _ in range(10)} == {200}


def test_the_kill_switch_has_an_allowance_of_its_own(build: Build) -> None:
    """A peer that used up everything else, health included, can still stop over TCP; over the socket nothing is counted."""
    house = build(rate_limit_global_rpm=5)
    for path in ("/v1/agents", "/health"):
        assert house.http.get(path).status_code != 429
        assert {house.http.get(path).status_code for _ in range(9)} >= {429}
    stop = {"state": "SUSPENDED"}
    assert house.http.post("/v1/admin/kill-switch", json=stop, headers=AS_OPERATOR).status_code == 200
    assert {house.admin.post("/v1/admin/kill-switch", json=stop).status_code for _ in range(20)} == {200}


def test_each_agent_has_its_own_allowance(build: Build) -> None:
    """One agent's requests, on both doors together, do not count against another's, nor against the operator's."""
    house = build(rate_limit_session_rpm=4)
    other = {"Authorization": f"Bearer {OTHER_SESSION_TOKEN}"}
    statuses = [
        client.get("/v1/wallet/address", headers=AS_SESSION).status_code for client in [house.http, house.admin] * 3
    ]
    assert statuses == [200] * 4 + [429] * 2
    assert house.http.get("/v1/wallet/address", headers=other).status_code == 200
    assert house.http.get("/v1/agents", headers=AS_OPERATOR).status_code == 200


def test_sends_and_simulations_have_a_narrower_allowance(build: Build) -> None:
    """Both count in it together, also those that are refused; reads do not."""
    house = build(rate_limit_tx_rpm=3)
    paths = ["send", "simulate", "send", "simulate", "send"]
    bodies = [GOOD, GOOD, {}, GOOD, GOOD]
    statuses = [
        house.http.post(f"/v1/transactions/{path}", json=body, headers=AS_SESSION).status_code
        for path, body in zip(paths, bodies, strict=True)
    ]
    assert statuses == [201, 200, 400, 429, 429]
    assert house.http.get("/v1/transactions", headers=AS_SESSION).status_code == 200
    assert house.engine.calls().count("transactions.send") == 1


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ("127.0.0.1", "127.9.9.9", True),
        ("127.0.0.1", "::1", True),
        ("127.0.0.1", "::ffff:127.0.0.1", True),
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", False),
        ("2001:db8::1", "2001:db8::ffff", True),
        ("2001:db8::1", "2001:db8:0:1::1", False),
        ("", "nonsense", True),
    ],
)
def test_peers_that_can_change_their_address_are_one(one: str, other: str, is_same: bool) -> None:
    """All of loopback is one peer, and so is an IPv6 network of 64 bits."""
    assert (peer_key(one) == peer_key(other)) is is_same


@given(st.lists(st.integers(min_value=0, max_value=40), max_size=60), st.integers(min_value=1, max_value=5))
def test_no_minute_holds_more_than_the_limit(steps: list[int], limit: int) -> None:
    """In whatever rhythm requests come, no sixty seconds admit more than the limit, and one that fits is admitted."""
    now = 0.0
    storage = WindowStorage(clock=lambda: now)
    limiter = MovingWindowRateLimiter(storage)
    admitted: list[float] = []
    for step in steps:
        now += step
        recent = [at for at in admitted if at > now - 60]
        is_hit = limiter.hit(RateLimitItemPerMinute(limit), "peer", "x")
        assert is_hit is (len(recent) < limit)
        if is_hit:
            admitted.append(now)


def test_retry_after_is_when_the_next_one_fits() -> None:
    """Whoever waits as long as told is let in; a second earlier is too early."""
    now = 100.0
    rates = Rates(global_rpm=2, session_rpm=1, tx_rpm=1, clock=lambda: now)
    rates.count_peer("192.0.2.1")
    now = 110.5
    rates.count_peer("192.0.2.1")
    now = 120.2
    with pytest.raises(TooMany) as refused:
        rates.count_peer("192.0.2.1")
    assert refused.value.retry_after == 40
    now += 39
    with pytest.raises(TooMany):
        rates.count_peer("192.0.2.1")
    now += 1
    rates.count_peer("192.0.2.1")


def test_memory_is_bounded() -> None:
    """More peers than places push out the one that was quiet the longest."""
    storage = WindowStorage(max_keys=3, clock=lambda: 0.0)
    for key in ("a", "b", "c", "a", "d"):
        assert storage.acquire_entry(key, 10, 60)
    assert [storage.get(key) for key in "abcd"] == [2, 0, 1, 1]
    assert storage.reset() == 3


def test_peers_that_come_no_more_leave_nothing_behind() -> None:
    """Thousands of peers of which each uses up its allowance once: after a minute nothing of that is held."""
    now = [0.0]
    storage = WindowStorage(clock=lambda: now[0])
    for peer in range(500):
        now[0] += 1
        for _ in range(20):
            assert storage.acquire_entry(f"peer {peer}", 20, 60)
        held = [one for one in range(500) if storage.get(f"peer {one}")]
        assert len(held) <= 60
        assert not storage.acquire_entry(f"peer {peer}", 20, 60), "one that still counts is not forgotten"
    now[0] += 60
    assert storage.acquire_entry("another", 20, 60)
    assert sum(storage.get(f"peer {one}") for one in range(500)) == 0
