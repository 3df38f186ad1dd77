"""The HTTP door: JSON-RPC at `/`, the test's controls under `/control/`, and further nodes of the same chain.

`/lag/40` is a replica that is always 40 slots behind; `/lag/0,40` a balancer, each request answered by the next of its
replicas; `/lying` a node that lies for gain (`lying.py`).
"""

from __future__ import annotations

import itertools
import threading
from collections.abc import Mapping

from .control import Control
from .dispatch import answer, read_request
from .faults import DROP_ANSWER, FAIL, FAIL_AFTER, LATE_ANSWER, LATENCY, RATE_LIMIT, Rule
from .http_server import HttpAnswer, HttpRequest
from .lying import LYING
from .methods import METHODS, Method
from .node import Node

_LAG = "/lag/"
_LYING = "/lying"
_CONTROL = "/control/"
_TEXT = "text/plain; charset=utf-8"
_NOT_JSON = HttpAnswer(415, b"Supplied content type is not allowed", content_type=_TEXT)


class Gateway:
    """Answers HTTP requests and plays the faults that are about answers.

    :param closing: set when the server closes, so that no injected wait outlives it.
    """

    def __init__(self, node: Node, closing: threading.Event) -> None:
        self._node = node
        self._closing = closing
        self._control = Control(node)
        self._turns = itertools.count()

    def __call__(self, request: HttpRequest) -> HttpAnswer:
        """Answer one request; called from several threads."""
        path = request.path.partition("?")[0]
        if path.startswith(_CONTROL):
            return self._controlled(request, path.removeprefix(_CONTROL))
        if self._node.faults.conditions.away:
            return HttpAnswer(hangs_up=True)
        if request.method == "GET" and path == "/health":
            return HttpAnswer(body=b"ok", content_type=_TEXT)
        lags = (0,) if path == _LYING else _lags_of(path)
        if lags is None:
            return HttpAnswer(404)
        if request.method != "POST":
            return HttpAnswer(405, b"Used HTTP Method is not allowed. POST or OPTIONS is required", content_type=_TEXT)
        if not _is_json(request):
            return _NOT_JSON
        lag_slots = lags[next(self._turns) % len(lags)]
        return self._rpc(request.body, lag_slots, LYING if path == _LYING else METHODS)

    def _controlled(self, request: HttpRequest, name: str) -> HttpAnswer:
        if request.method == "POST" and not _is_json(request):
            return _NOT_JSON
        return self._control(request, name)

    def _rpc(self, body: bytes, lag_slots: int, does: Mapping[str, Method]) -> HttpAnswer:
        request = read_request(body)
        methods = request.methods
        self._node.meter.count(methods)
        refused = self._before(methods)
        if refused is not None:
            return refused
        replies = answer(self._node, request, lag_slots, does)
        return self._after(methods) or HttpAnswer(body=replies)

    def _before(self, methods: list[str]) -> HttpAnswer | None:
        take = self._node.faults.take
        self._wait(take(LATENCY, methods))
        limited = take(RATE_LIMIT, methods)
        if limited is not None:
            return HttpAnswer(429, b"Too many requests", {"retry-after": f"{limited.seconds:g}"}, _TEXT)
        return _failed(take(FAIL, methods))

    def _after(self, methods: list[str]) -> HttpAnswer | None:
        take = self._node.faults.take
        self._wait(take(LATE_ANSWER, methods))
        if take(DROP_ANSWER, methods) is not None:
            return HttpAnswer(hangs_up=True)
        return _failed(take(FAIL_AFTER, methods))

    def _wait(self, rule: Rule | None) -> None:
        if rule is not None:
            self._closing.wait(rule.seconds)


def _is_json(request: HttpRequest) -> bool:
    """Whether the body says that it is JSON (what a web page can't say without being allowed to)."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def _failed(rule: Rule | None) -> HttpAnswer | None:
    return None if rule is None else HttpAnswer(rule.status, b"Service unavailable", content_type=_TEXT)


def _lags_of(path: str) -> tuple[int, ...] | None:
    """The lags of the replicas at a path; None for a path that is nobody's."""
    if path in ("", "/"):
        return (0,)
    texts = path.removeprefix(_LAG).split(",")
    are_numbers = all(text.isascii() and text.isdigit() and len(text) < 10 for text in texts)
    return tuple(map(int, texts)) if path.startswith(_LAG) and are_numbers else None
