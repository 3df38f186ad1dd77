"""The test's controls over HTTP, for tests in another process than the node's.

| request | body | what |
| --- | --- | --- |
| GET state | | slot, calls by method, accepted and executed signatures, faults |
| POST faults | {clear?, rules?: [{kind, method?, times?, seconds?, status?, slots?}], conditions?: {lag_slots?, ...}} | |
| POST advance | {slots} | jump ahead |
| POST clock | {running?, slotSeconds?} | stop, go on, or change the pace |
| POST fund | {address, units} | an airdrop |
| POST mint | {decimals?, program?, extensions?, fee?, metadata?} | a new token, the last of the state's `mints` |
| POST issue | {mint, address, units} | units of a token to an address's associated account |
| POST release | | let land what the lying node kept, as far as it still can |
| POST requests | | reset the counters |
"""

from __future__ import annotations

import json
import struct
from collections.abc import Callable
from dataclasses import asdict, fields
from typing import Any

from solders.pubkey import Pubkey

from .faults import Rule
from .http_server import HttpAnswer, HttpRequest
from .issuer import MintKind
from .node import Node

_USUAL_SLOT_SECONDS = 0.4


class Control:
    """The endpoints under `/control/`."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._pace = node.slots.seconds or _USUAL_SLOT_SECONDS
        self._routes: dict[tuple[str, str], Callable[[dict[str, Any]], None]] = {
            ("GET", "state"): lambda body: None,
            ("POST", "faults"): self._faults,
            ("POST", "advance"): lambda body: _ignore(node.slots.advance(_int(body, "slots"))),
            ("POST", "clock"): self._clock,
            ("POST", "fund"): self._fund,
            ("POST", "mint"): self._mint,
            ("POST", "issue"): self._issue,
            ("POST", "release"): lambda body: _ignore(node.release()),
            ("POST", "requests"): lambda body: node.meter.reset(),
        }

    def __call__(self, request: HttpRequest, name: str) -> HttpAnswer:
        """Do what is asked; every answer is the state after it, or 400 with what is wrong."""
        route = self._routes.get((request.method, name))
        if route is None:
            return _json(404, {"error": f"no control {request.method} {name}"})
        try:
            route(_body(request))
        except (ValueError, TypeError, RecursionError) as error:
            return _json(400, {"error": str(error)})
        return _json(200, self._state())

    def _faults(self, body: dict[str, Any]) -> None:
        _check_keys(body, {"clear", "rules", "conditions"})
        rules = [Rule(**_object(rule, "a rule")) for rule in body.get("rules", [])]
        if body.get("clear"):
            self._node.faults.clear()
        self._node.faults.change(_object(body.get("conditions", {}), "conditions"))
        for rule in rules:
            self._node.faults.add(rule)

    def _clock(self, body: dict[str, Any]) -> None:
        _check_keys(body, {"running", "slotSeconds"})
        seconds = body.get("slotSeconds", self._pace)
        if type(seconds) not in (int, float):
            raise ValueError(f"slotSeconds is a number, not {seconds!r}")
        self._node.slots.pace(seconds if body.get("running", True) else None)
        self._pace = seconds

    def _fund(self, body: dict[str, Any]) -> None:
        _check_keys(body, {"address", "units"})
        self._node.ledger.fund(Pubkey.from_string(str(body.get("address"))), _int(body, "units"))

    def _mint(self, body: dict[str, Any]) -> None:
        _check_keys(body, {field.name for field in fields(MintKind)})
        lists: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in body.items()}
        try:
            self._node.mints.append(self._node.issuer.mint(MintKind(**lists)))
        except (struct.error, AttributeError) as error:
            raise ValueError(f"there is no such mint: {error}") from error

    def _issue(self, body: dict[str, Any]) -> None:
        _check_keys(body, {"mint", "address", "units"})
        self._node.issuer.issue(str(body.get("mint")), str(body.get("address")), _int(body, "units"))

    def _state(self) -> dict[str, Any]:
        node = self._node
        return {
            "slot": node.slots.now(),
            "slotSeconds": node.slots.seconds,
            "requests": node.meter.calls(),
            "httpRequests": node.meter.requests,
            "accepted": list(node.accepted),
            "executed": [asdict(one) for one in node.ledger.executed()],
            "mints": list(node.mints),
            "faults": node.faults.to_json(),
        }


def _body(request: HttpRequest) -> dict[str, Any]:
    body = json.loads(request.body or b"{}")
    return _object(body, "the body")


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise TypeError(f"{name} is a JSON object, not {value!r}")
    return value


def _check_keys(body: dict[str, Any], known: set[str]) -> None:
    if unknown := body.keys() - known:
        raise ValueError(f"unknown: {', '.join(sorted(unknown))}; known: {', '.join(sorted(known))}")


def _int(body: dict[str, Any], key: str) -> int:
    value = body.get(key)
    if type(value) is not int or value < 0:
        raise ValueError(f"{key} is a whole number from 0, not {value!r}")
    return value


def _ignore(value: object) -> None:
    """The state that follows says it."""


def _json(status: int, body: dict[str, Any]) -> HttpAnswer:
    return HttpAnswer(status, json.dumps(body).encode())
