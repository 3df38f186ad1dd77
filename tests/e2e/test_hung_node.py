"""A node that hangs costs seats in the waiting room and nothing else: every route that can touch a network takes one."""

import json
import socket
import statistics
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from tests.harness.chains import TestChain
from tests.harness.data_directory import PASSWORD, copy_of
from tests.harness.deadline import until
from tests.harness.house import House
from tests.harness.solana_chain import SolanaCase
from waiaas.api.credentials import Credential
from waiaas.api.route import AnyRoute, Seat
from waiaas.api.routes import ROUTES

_THREADS = 16
_TO = "5wszgQNPLrKMquchw6gru8ybfkg1TVyGbVGMRrGYe6zg"
_NOBODY = "01900000-0000-7000-8000-000000000000"
_RULES = {"max_transactions": 50, "window_seconds": 60}
_ENDS = {"POST /v1/admin/shutdown", "POST /v1/operator/logout"}
"""What would end the walk."""


class HungNode:
    """A socket that takes connections and answers nothing. :ivar hangs: else it closes each at once"""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0), backlog=512)
        self.url = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self.hangs = False
        self._from: list[int] = []
        self._kept: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def count(self) -> int:
        """Connections so far, all of those that were made before the call; they are taken in their order."""
        with socket.create_connection(self._socket.getsockname()) as marker:
            mine = marker.getsockname()[1]
            until(lambda: mine in self._from, "the node to have taken every connection")
            self._from.remove(mine)
            return len(self._from)

    def let_go(self) -> None:
        """Close whatever hangs, and hang no longer."""
        self.hangs = False
        while self._kept:
            self._kept.pop().close()

    def _accept(self) -> None:
        while True:
            sock, (_, port) = self._socket.accept()
            if self.hangs:
                self._kept.append(sock)
            else:
                sock.close()
            self._from.append(port)


@pytest.fixture(scope="module")
def node() -> HungNode:
    return HungNode()


@pytest.fixture(scope="module")
def house(template: Path, tmp_path_factory: pytest.TempPathFactory, node: HungNode) -> Iterator[House]:
    root = tmp_path_factory.mktemp("hung") / "house"
    copy_of(template, root)
    environ = {"WAIAAS_DAEMON_THREADS": str(_THREADS)}
    house = House(root, SolanaCase(), cast(TestChain, None), urls=(node.url,), environ=environ)
    yield house.start()
    house.close()


@pytest.fixture(scope="module")
def known(house: House, node: HungNode) -> dict[str, str]:
    """What the walk needs: ids, and who asks."""
    agent = house.operator.agents.create("walked", "solana", "localnet")
    session = house.operator.sessions.issue(agent.id)
    answer = httpx.post(
        house.daemon.url + "/v1/notification-channels",
        headers={"X-Master-Password": PASSWORD},
        json={
            "type": "TELEGRAM",
            "enabled": False,
            "config": {"bot_token": "1:" + "a" * 35, "chat_id": "1", "base_url": node.url},
        },
    )
    assert answer.status_code == 201, answer.text
    operator = house.operator.login().token
    return {"agent": agent.id, "token": session.token, "operator": operator, "channel": answer.json()["id"]}


def bodies(known: dict[str, str]) -> dict[str, Any]:
    payment = {"to": _TO, "amount": "1000000"}
    return {
        "POST /v1/agents": {"name": "another", "chain": "solana", "network": "localnet"},
        "PATCH /v1/agents/{id}": {"name": "walked-on"},
        "POST /v1/sessions/check": {"agentId": known["agent"], "constraints": {}},
        "POST /v1/sessions": {"agentId": known["agent"]},
        "POST /v1/transactions/send": payment,
        "POST /v1/transactions/simulate": payment,
        "POST /v1/policies": {"agentId": known["agent"], "type": "RATE_LIMIT", "rules": _RULES},
        "POST /v1/policies/check": {"agentId": known["agent"], "type": "RATE_LIMIT", "rules": _RULES},
        "POST /v1/policies/backtest": {"policies": [{"type": "RATE_LIMIT", "rules": _RULES}]},
        "POST /v1/notification-channels": {"type": "NOBODY", "config": {}},
        "POST /v1/admin/kill-switch": {"state": "SUSPENDED", "sessionId": _NOBODY},
        "POST /v1/admin/recover": {"agentId": _NOBODY, "release": []},
        "POST /v1/tokens": {"chain": "solana", "network": "localnet", "token": _TO},
    }


def ask(house: House, route: AnyRoute, known: dict[str, str]) -> httpx.Response:
    """The route, as somebody whom it lets in would."""
    noun = route.path.split("/")[2] if route.path.startswith("/v1/") else ""
    is_gone = route.method == "DELETE" or route.path.endswith(("suspend", "renew"))
    ids = {} if is_gone else {"agents": known["agent"], "notification-channels": known["channel"]}
    by_session = route.credential in (Credential.SESSION, Credential.SESSION_OR_OPERATOR)
    token = known["token"] if by_session else known["operator"]
    by_password = route.credential in (Credential.OPERATOR_PASSWORD, Credential.UNLOCK)
    who = {"X-Master-Password": PASSWORD} if by_password else {"Authorization": f"Bearer {token}"}
    return httpx.request(
        route.method,
        house.daemon.url + route.path.replace("{id}", ids.get(noun, _NOBODY)),
        headers={**who, "Prefer": "respond-async", "Content-Type": "application/json"},
        content=None if route.method == "GET" else json.dumps(bodies(known).get(f"{route.method} {route.path}", {})),
        timeout=60,
    )


def test_every_route_that_reaches_a_node_says_so(house: House, node: HungNode, known: dict[str, str]) -> None:
    """Walked one by one, exactly the routes that take a seat before they ask open connections to others. Those that wait for an
    outcome of a worker's leave the asking to the worker, but for a send."""
    wanted = {route.path for route in ROUTES if route.seat is Seat.NODE} | {"/v1/transactions/send"}
    reached = set()
    for route in ROUTES:
        if f"{route.method} {route.path}" in _ENDS:
            continue
        before = node.count()
        answer = ask(house, route, known)
        assert answer.status_code not in (400, 401, 405, 415, 500) or route.path == "/v1/notification-channels", (
            answer.text
        )
        if node.count() > before:
            reached.add(route.path)
    assert reached == wanted


@pytest.mark.parametrize(
    "path", ["/v1/transactions/send", "/v1/transactions/simulate", "/v1/wallet/balance", "/v1/tokens"]
)
def test_a_node_that_hangs_holds_up_nobody_else(house: House, node: HungNode, known: dict[str, str], path: str) -> None:
    """Sixty requests at once to a node that hangs: health and reads are answered in moments all the while, as many are refused
    with BUSY as there are no seats for, and nothing of those was stored."""
    (route,) = (one for one in ROUTES if one.path == path and (one.seat is not Seat.NONE))
    node.hangs = True
    reads: list[float] = []
    try:
        with ThreadPoolExecutor(60) as pool, httpx.Client(base_url=house.daemon.url, timeout=60) as client:
            asked = [pool.submit(ask, house, route, known) for _ in range(60)]
            bearer = {"Authorization": f"Bearer {known['token']}"}
            while not all(one.done() for one in asked):
                for what in ("/health", "/v1/transactions", "/v1/wallet/address"):
                    began = time.monotonic()
                    assert client.get(what, headers=bearer).status_code == 200
                    reads.append(time.monotonic() - began)
            answers = [one.result() for one in asked]
    finally:
        node.let_go()
    codes = Counter(answer.json().get("code", "") for answer in answers)
    assert codes["BUSY"] >= 60 - 2 * _THREADS, codes
    assert statistics.median(reads) < 0.5, sorted(reads)[-5:]
    assert max(reads) < 2.5, sorted(reads)[-5:]
