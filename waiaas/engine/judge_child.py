"""The process that judges for one plugin: ``main(descriptor, parent, plugin, distribution, hash)``.

It loads the plugin's policy types, says that it is ready, gives up what a pure function does not need, and then answers one
question after another over its socket. It holds no secret: no environment, no descriptor of the daemon's, no key, no database.
What a type prints goes nowhere; what it raises is an answer. What it does besides is the parent's business, which kills.
"""

import contextlib
import ctypes
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from pydantic import BaseModel, ValidationError

from waiaas.engine.judge_frames import Frames, encode
from waiaas.errors import Malformed
from waiaas.hookspecs import PLUGIN_API_VERSION
from waiaas.interfaces.chain import Resolved
from waiaas.interfaces.misfits import misfit
from waiaas.interfaces.policy import AssetReader, Facts, PolicyType, Verdict
from waiaas.interfaces.wire import from_wire, to_wire
from waiaas.registry.asking import Fault, ask_policy_types, printable, told_by
from waiaas.registry.installed import digest, installed

_PR_SET_PDEATHSIG = 1
_SPARE_MEMORY = 256 * 1024 * 1024
_SPARE_DESCRIPTORS = 8
_KEPT_RULES = 256
Types = Mapping[str, PolicyType[Any]]


def main(arguments: list[str]) -> None:
    """Load, then answer until the other end is closed."""
    descriptor, parent, name, distribution, expected = arguments
    _die_with(int(parent))
    channel = socket.socket(
        fileno=os.dup(int(descriptor))
    )  # to the lowest number, and not for a program that it starts
    os.close(int(descriptor))
    try:
        types = _loaded(name, distribution, expected)
    except Fault as fault:
        channel.sendall(encode({"fault": fault.message}))
        os._exit(1)
    _give_up()
    channel.sendall(encode({"ready": sorted(types)}))
    with contextlib.suppress(OSError, ValueError):  # the daemon is gone, or what was said fits no frame
        _Desk(channel, types).serve()
    os._exit(0)


def _die_with(parent: int) -> None:
    """Have the kernel end this process with the thread that started it, also while a type hangs."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:
        os._exit(0)


def _loaded(name: str, distribution: str, expected: str) -> Types:
    """The plugin's types, from the very files that are trusted. :param expected: their hash; empty for what ships inside"""
    for plugin in installed():
        if (plugin.name, plugin.distribution) == (name, distribution):
            if expected and digest(plugin) != expected:
                raise Fault("its files are not those that were trusted")
            return _prepared(ask_policy_types(plugin, PLUGIN_API_VERSION))
    raise Fault("it is no longer installed")


def _prepared(types: Types) -> Types:
    for kind in types.values():
        try:
            kind.prepare()
        except (Exception, SystemExit) as problem:
            raise Fault(f"preparing {kind.type} failed: {told_by(problem)}") from problem
    return types


def _give_up() -> None:
    """No new process, no file, little more memory. What is loaded by now stays."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_FSIZE, 0)
    _limit(resource.RLIMIT_NOFILE, _highest_descriptor() + 1 + _SPARE_DESCRIPTORS)
    if sys.platform == "linux":
        _limit(resource.RLIMIT_NPROC, 0)  # the kernel does not hold root to it; the parent kills the group as well
        _limit(resource.RLIMIT_AS, _address_space() + _SPARE_MEMORY)


def _limit(what: int, most: int) -> None:
    _, hard = resource.getrlimit(what)
    least = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(what, (least, least))


def _highest_descriptor() -> int:
    return max(int(name) for name in os.listdir("/dev/fd"))


def _address_space() -> int:
    with open("/proc/self/statm", encoding="ascii") as file:
        return int(file.read().split()[0]) * resource.getpagesize()


class _Desk:
    """One question after another, and the questions back that reading rules needs."""

    def __init__(self, channel: socket.socket, types: Types) -> None:
        self._channel = channel
        self._frames = Frames()
        self._types = types
        self._rules = lru_cache(_KEPT_RULES)(self._read_stored)

    def serve(self) -> None:
        """Until the daemon's end is closed."""
        while (request := self._receive()) is not None:
            self._channel.sendall(encode({"n": request["n"], **self._answer(request)}))

    def _receive(self) -> dict[str, Any] | None:
        while (frame := self._frames.next()) is None:
            chunk = self._channel.recv(65536)
            if not chunk:
                return None
            self._frames.feed(chunk)
        return frame

    def _answer(self, request: Mapping[str, Any]) -> dict[str, Any]:
        verbs: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
            "windows": self._windows,
            "judge": self._judge,
            "read": self._read,
            "tighter": self._tighter,
        }
        try:
            return {"value": verbs[request["verb"]](request)}
        except ValidationError as problem:
            first = problem.errors(include_url=False, include_input=False)[0]
            return {"refused": [".".join(str(part) for part in first["loc"]), printable(misfit(first)), ""]}
        except Malformed as problem:
            return {"refused": ["", printable(problem.message), printable(problem.hint)]}
        except BaseException as problem:  # noqa: BLE001 - whatever a type raises is its answer
            return {"raised": printable(told_by(problem))}

    def _read_stored(self, type_: str, text: str) -> BaseModel:
        return self._types[type_].rules_model.model_validate_json(text)

    def _windows(self, request: Mapping[str, Any]) -> Any:
        rules = self._rules(request["type"], request["rules"])
        windows = self._types[request["type"]].windows(rules, from_wire(Resolved, request["resolved"]))
        return to_wire(tuple(windows))

    def _judge(self, request: Mapping[str, Any]) -> Any:
        rules = self._rules(request["type"], request["rules"])
        verdict = self._types[request["type"]].judge(rules, from_wire(Facts, request["facts"]))
        if verdict is not None and not isinstance(verdict, Verdict):
            raise TypeError("a judge answers with a verdict or None")
        return to_wire(verdict)

    def _read(self, request: Mapping[str, Any]) -> Any:
        kind = self._types[request["type"]]
        given = kind.rules_model.model_validate_json(request["rules"])
        normal: BaseModel = kind.normalise(given, _AskingReader(self._ask))
        return normal.model_dump(mode="json", exclude_none=True)

    def _tighter(self, request: Mapping[str, Any]) -> Any:
        old, new = (self._read_stored(request["type"], request[which]) for which in ("old", "new"))
        return self._types[request["type"]].is_tighter(old, new)

    def _ask(self, what: str, text: str | None) -> str:
        self._channel.sendall(encode({"ask": what, "text": text}))
        answer = self._receive()
        if answer is None:
            os._exit(0)
        if "malformed" in answer:
            raise Malformed(answer["malformed"], hint=answer["hint"])
        return str(answer["text"])


class _AskingReader(AssetReader):
    """The daemon's reader, asked over the socket: chain adapters are not loaded here."""

    def __init__(self, ask: Callable[[str, str | None], str]) -> None:
        self._ask = ask

    def asset(self, text: str | None) -> str:
        return self._ask("asset", text)

    def address(self, text: str) -> str:
        return self._ask("address", text)
