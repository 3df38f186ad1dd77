"""A node that can lie: HTTP in front of an honest Anvil, which makes its blocks at a steady pace."""

import http.client
import json
import threading
from collections import Counter
from typing import Any

from eth_utils.crypto import keccak
from waiaas_evm.localnet import Anvil
from waiaas_solana.localnet import Faults
from waiaas_solana.localnet.faults import DROP_ANSWER, FAIL, FAIL_AFTER, LATE_ANSWER, RATE_LIMIT, SWALLOW
from waiaas_solana.localnet.http_server import HttpAnswer, HttpRequest, HttpServer

from tests.harness.evm_view import Call, Impostors, asked_at, forgotten, is_future, seen_at

SEND = "eth_sendRawTransaction"
_LAG = "/lag/"
_SECONDS = 30.0
_TEXT = "text/plain; charset=utf-8"


class LyingNode:
    """Answers JSON-RPC as the node behind it does, but for what a test has told it to.

    :param anvil: makes no blocks by itself
    :param block_seconds: the pace of blocks
    """

    def __init__(self, anvil: Anvil, block_seconds: float) -> None:
        self._anvil = anvil
        self.faults = Faults()
        self.handed_over: Counter[str] = Counter()
        self.requests = 0
        self.is_masked = False
        self.is_forgetful = False
        self._impostors: Impostors | None = None
        self._still_at: int | None = None
        self._closing = threading.Event()
        self._own = threading.local()
        self._connections: list[http.client.HTTPConnection] = []
        self._lock = threading.Lock()
        self._server = HttpServer(0, self._serve)
        self._miner = threading.Thread(target=self._mine, args=(block_seconds,), daemon=True)
        self._miner.start()
        self.url = f"http://127.0.0.1:{self._server.port}"

    # --- what a test tells it

    def stand_still(self, at: int | None) -> None:
        """Show no block after this one, and what is in later ones as waiting in the pool; None shows everything."""
        self._still_at = at

    @property
    def is_still(self) -> bool:
        """Whether it shows no new blocks."""
        return self._still_at is not None

    def deny_payments(self, is_denying: bool) -> None:
        """Show other transactions in place of those that it was handed so far and will be."""
        self._impostors = None
        if is_denying:
            impostors = Impostors()
            for tx_hash in self.handed_over:
                impostors.add(tx_hash)
            self._impostors = impostors

    def heal(self) -> None:
        """Honest again; a node that stands still goes on standing."""
        self.faults.clear()
        self.is_masked = self.is_forgetful = False
        self._impostors = None

    def close(self) -> None:
        """Stop serving and making blocks."""
        self._closing.set()
        self._miner.join()
        self._server.close()
        for connection in self._connections:
            connection.close()

    # --- what it answers

    def _serve(self, request: HttpRequest) -> HttpAnswer:
        with self._lock:
            self.requests += 1
        lag = self.faults.conditions.lag_slots
        if request.path.startswith(_LAG):
            lag += int(request.path.removeprefix(_LAG))
        if self.faults.conditions.away:
            return HttpAnswer(hangs_up=True)
        asked = json.loads(request.body)
        calls: list[Call] = asked if isinstance(asked, list) else [asked]
        methods = [str(call.get("method")) for call in calls]
        refused = self._refused(methods)
        if refused is not None:
            return refused
        answers = [self._answer(call, lag) for call in calls]
        return self._withheld(methods) or HttpAnswer(
            body=json.dumps(answers if isinstance(asked, list) else answers[0]).encode()
        )

    def _refused(self, methods: list[str]) -> HttpAnswer | None:
        if limited := self.faults.take(RATE_LIMIT, methods):
            return HttpAnswer(429, b"Too many requests", {"retry-after": f"{limited.seconds:g}"}, _TEXT)
        if failed := self.faults.take(FAIL, methods):
            return HttpAnswer(failed.status, b"Service unavailable", content_type=_TEXT)
        return None

    def _withheld(self, methods: list[str]) -> HttpAnswer | None:
        if late := self.faults.take(LATE_ANSWER, methods):
            self._closing.wait(late.seconds)
        if self.faults.take(DROP_ANSWER, methods):
            return HttpAnswer(hangs_up=True)
        if failed := self.faults.take(FAIL_AFTER, methods):
            return HttpAnswer(failed.status, b"Service unavailable", content_type=_TEXT)
        return None

    def _answer(self, call: Call, lag: int) -> dict[str, Any]:
        method = call.get("method")
        if method == SEND:
            tx_hash = _hash_of(call)
            with self._lock:
                self.handed_over[tx_hash] += 1
            if self._impostors is not None:
                self._impostors.add(tx_hash)
            if self.faults.take(SWALLOW, [SEND]):
                return _result(call, tx_hash)
            return self._forward(call)
        if self.is_masked and method in ("eth_chainId", "net_version"):
            return _result(call, "0x1" if method == "eth_chainId" else "1")
        answer = self._seen(call, lag)
        return forgotten(call, answer) if self.is_forgetful else answer

    def _seen(self, call: Call, lag: int) -> dict[str, Any]:
        still_at = self._still_at
        if still_at is None and not lag:
            return self._imposed(call)
        tip = max(0, (self._anvil.advance(0) if still_at is None else still_at) - lag)
        if is_future(call, tip):
            return _result(call, None)
        answer = self._imposed(asked_at(call, tip, pool_is_seen=not lag))
        if "result" in answer:
            answer = {**answer, "result": seen_at(call, answer["result"], tip, pool_is_seen=not lag)}
        return answer

    def _imposed(self, call: Call) -> dict[str, Any]:
        impostors = self._impostors
        if impostors is None:
            return self._forward(call)
        answer = self._forward(json.loads(impostors.truth(json.dumps(call))))
        lie: dict[str, Any] = json.loads(impostors.lie(json.dumps(answer)))
        return lie

    def _forward(self, call: Call) -> dict[str, Any]:
        connection = self._connection()
        connection.request("POST", "/", json.dumps(call).encode(), {"content-type": "application/json"})
        answer: dict[str, Any] = json.loads(connection.getresponse().read())
        return answer

    def _connection(self) -> http.client.HTTPConnection:
        """This thread's own."""
        connection: http.client.HTTPConnection | None = getattr(self._own, "connection", None)
        if connection is None:
            connection = http.client.HTTPConnection("127.0.0.1", self._anvil.port, timeout=_SECONDS)
            self._own.connection = connection
            self._connections.append(connection)
        return connection

    def _mine(self, block_seconds: float) -> None:
        while not self._closing.wait(block_seconds):
            self._anvil.advance(1)


def _result(call: Call, value: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": call.get("id"), "result": value}


def _hash_of(call: Call) -> str:
    return "0x" + keccak(hexstr=str(call["params"][0])).hex()
