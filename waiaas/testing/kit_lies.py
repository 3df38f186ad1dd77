"""Promises about nodes that are away or talk nonsense (invariant 15)."""

import json
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import pytest

from waiaas.errors import Refused, Unavailable
from waiaas.interfaces.chain import ChainAdapter, Phase, Resolved, Sent, Signed, Simulates, Status, Unsigned
from waiaas.testing.bench import Bench
from waiaas.testing.http import ScriptedHttp
from waiaas.testing.naming import as_payments

JUNK: tuple[Any, ...] = (None, True, -1, 1 << 70, 1.5, "", "x", "\u202e", [], [None], {}, {"value": None}, {"error": 1})

_FIRST = 6
"""Of a list, so many items are spoilt in turn."""

Path = tuple[str | int, ...]


class LiesKit:
    """Nothing a node says can make bytes final, dead or accepted that are not."""

    def test_an_absent_node_proves_nothing(self, bench: Bench) -> None:
        """Without a node every network method says Unavailable."""
        resolved, signed = bench.payment()
        unsigned = bench.built(resolved)
        for call in _network_calls(bench.over(ScriptedHttp(_nobody)), bench, resolved, signed, unsigned):
            with pytest.raises(Unavailable):
                call()

    def test_nonsense_is_not_believed(self, bench: Bench) -> None:
        """A node that answers nonsense makes nothing final, dead or accepted, and causes only errors of the contract."""
        resolved, signed = bench.payment()
        unsigned = bench.built(resolved)
        for junk in JUNK:
            adapter = bench.over(ScriptedHttp(partial(_always, junk)))
            for call in _network_calls(adapter, bench, resolved, signed, unsigned):
                _assert_modest(call)

    def test_spoilt_answers_are_not_believed(self, bench: Bench) -> None:
        """True answers with any one value replaced by nonsense make nothing final or dead, and cause no other error."""
        resolved, signed = bench.payment()
        unsigned = bench.built(resolved)
        answers = _Recorded(bench)
        for number in range(len(_network_calls(bench.adapter, bench, resolved, signed, unsigned))):
            answers.known.clear()
            # an adapter of its own for each call: what one remembers must not hide what another asks
            _network_calls(bench.over(ScriptedHttp(answers.true)), bench, resolved, signed, unsigned)[number]()
            recorded = list(answers.known.values())
            for path in {path for answer in recorded for path in _paths(answer)}:
                for junk in JUNK:
                    spoiling = bench.over(ScriptedHttp(partial(answers.spoilt, path, junk)))
                    call = _network_calls(spoiling, bench, resolved, signed, unsigned)[number]
                    _assert_modest(call, is_accepted_ok=True)


class _Recorded:
    """Answers of the real node, each asked for once."""

    def __init__(self, bench: Bench) -> None:
        self._http = bench.http
        self.known: dict[str, Any] = {}

    def true(self, method: str, path: str, body: Any) -> Any:
        key = json.dumps([method, path, body], sort_keys=True)
        if key not in self.known:
            self.known[key] = self._http.json(method, path, body)
        return self.known[key]

    def spoilt(self, where: Path, junk: Any, method: str, path: str, body: Any) -> Any:
        return _replaced(self.true(method, path, body), where, junk)


def _network_calls(
    adapter: ChainAdapter, bench: Bench, resolved: Resolved, signed: Signed, unsigned: Unsigned
) -> Sequence[Callable[[], Any]]:
    calls: list[Callable[[], Any]] = [
        partial(adapter.resolve, resolved.intent, bench.account),
        partial(adapter.build, bench.request(resolved)),
        partial(adapter.statuses, [signed]),
        partial(adapter.balances, bench.account, [], as_payments([signed])),
        adapter.health,
        partial(adapter.broadcast, signed),
    ]
    if bench.asset is not None:
        calls.append(partial(adapter.describe_assets, [bench.asset]))
    if isinstance(adapter, Simulates):
        calls.insert(2, partial(adapter.simulate, unsigned, bench.account))
    return calls


def _assert_modest(call: Callable[[], Any], *, is_accepted_ok: bool = False) -> None:
    try:
        answer = call()
    except (Unavailable, Refused):
        return
    if isinstance(answer, tuple) and answer and isinstance(answer[0], Sent):
        assert is_accepted_ok or answer[0] is Sent.REFUSED, f"nonsense is taken for {answer[0]}"
    elif isinstance(answer, Sequence) and answer and isinstance(answer[0], Status):
        assert answer[0].phase not in (Phase.FINAL, Phase.DEAD), f"nonsense is taken for {answer[0].phase}"


def _paths(answer: Any, here: Path = ()) -> Iterator[Path]:
    yield here
    if isinstance(answer, dict):
        for name, value in answer.items():
            yield from _paths(value, (*here, name))
    elif isinstance(answer, list):
        for index, value in enumerate(answer[:_FIRST]):
            yield from _paths(value, (*here, index))


def _replaced(answer: Any, where: Path, junk: Any) -> Any:
    if not where:
        return junk
    first, rest = where[0], where[1:]
    if isinstance(answer, dict) and first in answer:
        return {**answer, first: _replaced(answer[first], rest, junk)}
    if isinstance(answer, list) and isinstance(first, int) and first < len(answer):
        return [*answer[:first], _replaced(answer[first], rest, junk), *answer[first + 1 :]]
    return answer


def _nobody(method: str, path: str, body: Any) -> Any:
    raise Unavailable("nobody is there")


def _always(junk: Any, method: str, path: str, body: Any) -> Any:
    return junk
