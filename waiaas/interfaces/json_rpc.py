"""JSON-RPC 2.0 for chain adapters, over the host's HTTP client: several endpoints, several questions in one request.

An endpoint has answered a question when it gave a result of the shape that the method has, or an error that is the request's
own (:mod:`waiaas.interfaces.json_rpc_errors`). Everything else, null for what is never null included, is that endpoint's
trouble: the next one is asked, whatever HTTP made of it. Answers to questions asked together come from one endpoint, and where
none answers all of them each question still has its own answer: one that is odd holds up no other.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, replace
from typing import Any

from waiaas.errors import NodeFailure, NodeTrouble, Trouble, Unavailable
from waiaas.interfaces.chain import Http
from waiaas.interfaces.json_rpc_errors import ErrorRow, judge

Call = tuple[str, Sequence[Any]]
"""A method's name and its parameters."""
Shapes = Mapping[str, Callable[[Any], object]]
"""By method: raises Unavailable for what is no result of it. Of a method without one every result but null is taken."""

_SIZES = (100, 30, 10, 3, 1)
"""Questions in one request: what public endpoints take, from the usual down to what the meanest take."""
_REMEMBERED_SECONDS = 3600.0
_LONGEST_MESSAGE = 1024
_SMALLER = frozenset({Trouble.FAILED, Trouble.TOO_LARGE, Trouble.MALFORMED, Trouble.UNSUPPORTED})
"""Troubles with several questions that may be none with fewer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RpcError:
    """A question without a result.

    :param message: a node's words, to be recognised and never shown
    :param data: what the node adds, untrusted
    :param words: what it means, in ours
    :param troubles: what is wrong with the endpoints that were asked; none where the error is the request's own
    """

    code: int
    message: str
    data: Any
    words: str = ""
    troubles: tuple[NodeTrouble, ...] = ()

    @property
    def is_own(self) -> bool:
        """Whether it speaks of the request, so that no other node would say anything else."""
        return not self.troubles

    def failure(self, method: str) -> Unavailable:
        """What to raise where only a result will do."""
        if self.troubles:
            return NodeFailure(f"the node did not answer {method}: {self.troubles[0].words}", troubles=self.troubles)
        return Unavailable(f"the node refused {method} (error {self.code})")


class JsonRpc:
    """One or more endpoints of a network. Thread-safe. Remembers who answered last, and how many questions each takes.

    :param family: the chain family's word, by which errors are judged
    :param shapes: see :data:`Shapes`
    :param optional: methods that a good node may lack: trouble with them sends nobody to another endpoint
    """

    def __init__(self, http: Http, family: str, shapes: Shapes, optional: AbstractSet[str] = frozenset()) -> None:
        reader = _Reader(family, shapes)
        self._take([_Endpoint(one, reader) for one in http.each()], optional)

    def _take(self, endpoints: "Sequence[_Endpoint]", optional: AbstractSet[str]) -> None:
        self._endpoints, self._optional, self._preferred = tuple(endpoints), optional, 0
        self._each: tuple[JsonRpc, ...] = (self,) if len(endpoints) == 1 else tuple(map(self._over, endpoints))

    def _over(self, endpoint: "_Endpoint") -> "JsonRpc":
        one = object.__new__(type(self))
        one._take([endpoint], self._optional)
        return one

    def each(self) -> "Sequence[JsonRpc]":
        """One for each configured endpoint; the same ones each time."""
        return self._each

    @property
    def place(self) -> Mapping[str, Any]:
        """Of the first endpoint, for the details of an error: its ``endpoint``, masked, and its ``position`` from 1."""
        first = self._endpoints[0]
        return {"endpoint": first.address, "position": first.position}

    def try_call(self, method: str, *params: Any) -> Any:
        """The result, or the :class:`RpcError`. Network.

        :raises NodeFailure: when no endpoint answered in JSON-RPC
        """
        return self._ask([(method, params)], most=1)[0]

    def call(self, method: str, *params: Any) -> Any:
        """The result. Network. :raises Unavailable: when there is none"""
        return required(self.try_call(method, *params), method)

    def try_batch(self, calls: Sequence[Call]) -> list[Any]:
        """The result or :class:`RpcError` of each, in order, in as few requests as the endpoint takes. Network.

        All of them are one endpoint's, the first without trouble; where every one has some, the one with the least.

        :raises NodeFailure: when no endpoint answered in JSON-RPC
        """
        return self._ask(calls, _SIZES[0])

    def batch(self, calls: Sequence[Call]) -> list[Any]:
        """The results, in order. Network. :raises Unavailable: when any of them is missing"""
        answers = self.try_batch(calls)
        return [required(answer, method) for answer, (method, _) in zip(answers, calls, strict=True)]

    def _ask(self, calls: Sequence[Call], most: int) -> list[Any]:
        best: list[Any] | None = None
        failures: list[NodeFailure] = []
        for offset in range(len(self._endpoints) if calls else 0):
            index = (self._preferred + offset) % len(self._endpoints)
            try:
                answers = self._endpoints[index].ask(calls, most)
            except NodeFailure as failure:
                failures.append(failure)
                continue
            if not self._troubled(calls, answers):
                self._preferred = index
                return answers
            best = answers if best is None else self._better(calls, best, answers)
        if best is None and calls:
            raise _joined(failures)
        return [_with_others(answer, failures) for answer in best or ()]

    def _troubled(self, calls: Sequence[Call], answers: Sequence[Any]) -> int:
        return sum(
            isinstance(answer, RpcError) and not answer.is_own and method not in self._optional
            for answer, (method, _) in zip(answers, calls, strict=True)
        )

    def _better(self, calls: Sequence[Call], one: list[Any], other: list[Any]) -> list[Any]:
        first, second = (one, other) if self._troubled(calls, one) <= self._troubled(calls, other) else (other, one)
        return [
            replace(mine, troubles=(*mine.troubles, *its.troubles))
            if isinstance(mine, RpcError) and isinstance(its, RpcError) and not mine.is_own
            else mine
            for mine, its in zip(first, second, strict=True)
        ]


def required(answer: Any, method: str) -> Any:
    """A result. :raises Unavailable: for an :class:`RpcError`"""
    if isinstance(answer, RpcError):
        raise answer.failure(method)
    return answer


class _Reader:
    """Reads answers of one chain family."""

    def __init__(self, family: str, shapes: Shapes) -> None:
        self._family, self._shapes = family, shapes

    def read(self, answer: Any, method: str, place: NodeTrouble) -> Any:
        """A result or an error. :param place: names the endpoint"""
        if not isinstance(answer, Mapping) or ("result" not in answer and answer.get("error") is None):
            return _malformed("its answer is no JSON-RPC", place)
        if answer.get("error") is not None:
            return self.error(answer["error"], place)
        try:
            shape = self._shapes.get(method, _anything)
            shape(answer["result"])
        except Unavailable:
            return _malformed(f"its answer to {method} cannot be read", place)
        return answer["result"]

    def error(self, error: Any, place: NodeTrouble) -> RpcError:
        """What an error object means."""
        fields = error if isinstance(error, Mapping) else {}
        code, message = fields.get("code"), fields.get("message")
        code = code if type(code) is int else 0
        message = message[:_LONGEST_MESSAGE] if isinstance(message, str) else ""
        row: ErrorRow = judge(code, message, self._family)
        troubles = () if row.trouble is None else (_at(place, row.trouble, f"{row.sentence} (error {code})"),)
        return RpcError(code=code, message=message, data=fields.get("data"), words=row.sentence, troubles=troubles)


class _Endpoint:
    """One endpoint, and how many questions it takes at once."""

    def __init__(self, http: Http, reader: _Reader) -> None:
        self._http, self._reader = http, reader
        self.address, self.position = http.address, http.position
        self._place = NodeTrouble(kind=Trouble.FAILED, words="", endpoint=http.address, position=http.position)
        self._most, self._until = _SIZES[0], 0.0

    def ask(self, calls: Sequence[Call], most: int) -> list[Any]:
        """Each question's result or error. :param most: questions in one request; one is asked outside of a batch

        :raises NodeFailure: when it answers nothing in JSON-RPC
        """
        learned = most = min(most, self._most if time.monotonic() < self._until else _SIZES[0])
        found: list[Any] = []
        while len(found) < len(calls):
            some = calls[len(found) : len(found) + most]
            answers = [self._one(some[0])] if most == 1 else self._several(some)
            if answers is None:
                most = next((size for size in _SIZES if size < len(some)), 1)
            else:
                found += answers
        if most < learned and any(not isinstance(one, RpcError) or one.is_own for one in found):
            self._most, self._until = most, time.monotonic() + _REMEMBERED_SECONDS
        return found

    def _one(self, call: Call) -> Any:
        try:
            answer = self._json(_request(0, call))
        except NodeFailure as failure:
            said = self._said(failure)
            if said is not None:
                return said
            if failure.troubles[0].kind is Trouble.TOO_LARGE:
                return RpcError(code=0, message="", data=None, troubles=failure.troubles)
            raise
        if not isinstance(answer, Mapping):
            raise _failure(self._malformed())
        return self._reader.read(answer, call[0], self._place)

    def _several(self, calls: Sequence[Call]) -> list[Any] | None:
        """None where fewer should be asked at once."""
        try:
            answer = self._json([_request(index, call) for index, call in enumerate(calls)])
        except NodeFailure as failure:
            said = self._said(failure)
            if _asks_for_fewer(failure.troubles[0].kind if said is None else said):
                return None
            raise failure if said is None else _failure(said.troubles[0]) from failure
        items = answer if isinstance(answer, list) else [answer]
        by_id = {item.get("id"): item for item in items if isinstance(item, Mapping) and type(item.get("id")) is int}
        if len(items) < len(calls) or by_id.keys() < set(range(len(calls))):
            self._require_smaller(items)
            return None
        read = [self._reader.read(by_id.get(index), call[0], self._place) for index, call in enumerate(calls)]
        return None if any(_is_too_large(one) for one in read) else read

    def _require_smaller(self, items: Sequence[Any]) -> None:
        """:raises NodeFailure: where an answer to all questions together names a trouble that fewer would not mend"""
        said = self._reader.read(items[0], "", self._place) if len(items) == 1 else None
        if isinstance(said, RpcError) and not _asks_for_fewer(said):
            raise _failure(said.troubles[0])

    def _said(self, failure: NodeFailure) -> RpcError | None:
        """The error object that came with a status that is no 2xx; None where the status alone speaks."""
        answer = failure.answer[0] if isinstance(failure.answer, list) and failure.answer else failure.answer
        if not isinstance(answer, Mapping) or not isinstance(answer.get("error"), Mapping):
            return None
        said, kind = self._reader.error(answer["error"], self._place), failure.troubles[0].kind
        is_heard = kind not in (Trouble.LIMITED, Trouble.TURNED_AWAY) or _is_too_large(said)
        return said if is_heard else None

    def _json(self, body: Any) -> Any:
        try:
            return self._http.json("POST", "", body)
        except NodeFailure:
            raise
        except Unavailable as away:
            trouble = _at(self._place, Trouble.UNREACHABLE, "it could not be asked")
            raise NodeFailure(away.message, troubles=(trouble,), retry_after=away.retry_after) from away

    def _malformed(self) -> NodeTrouble:
        return _at(self._place, Trouble.MALFORMED, "its answer is no JSON-RPC")


def _anything(result: Any) -> None:
    if result is None:
        raise Unavailable("the node's answer is empty")


def _request(id_: int, call: Call) -> dict[str, Any]:
    method, params = call
    return {"jsonrpc": "2.0", "id": id_, "method": method, "params": list(params)}


def _at(place: NodeTrouble, kind: Trouble, words: str) -> NodeTrouble:
    return replace(place, kind=kind, words=words)


def _malformed(words: str, place: NodeTrouble) -> RpcError:
    return RpcError(code=0, message="", data=None, troubles=(_at(place, Trouble.MALFORMED, words),))


def _is_too_large(answer: Any) -> bool:
    return isinstance(answer, RpcError) and any(trouble.kind is Trouble.TOO_LARGE for trouble in answer.troubles)


def _asks_for_fewer(said: RpcError | Trouble) -> bool:
    """Whether fewer questions may be answered where several were not. An own error of all together is about their number."""
    if isinstance(said, Trouble):
        return said in _SMALLER
    return said.is_own or said.troubles[0].kind in _SMALLER


def _with_others(answer: Any, failures: Sequence[NodeFailure]) -> Any:
    if not isinstance(answer, RpcError) or answer.is_own or not failures:
        return answer
    others = [trouble for failure in failures for trouble in failure.troubles]
    return replace(answer, troubles=(*answer.troubles, *others))


def _failure(trouble: NodeTrouble) -> NodeFailure:
    return NodeFailure(f"the node did not answer: {trouble.words}", troubles=(trouble,))


def _joined(failures: Sequence[NodeFailure]) -> NodeFailure:
    if len(failures) == 1:
        return failures[0]
    return NodeFailure(
        "no configured node answered" if failures else "no endpoint is configured",
        troubles=[trouble for failure in failures for trouble in failure.troubles],
        retry_after=next((failure.retry_after for failure in failures if failure.retry_after is not None), None),
    )
