"""Network trouble: why a network cannot be asked at present, and since when; told to the log when it begins and ends."""

import logging
import threading

from waiaas.engine.rules.waiting import told, wait_of
from waiaas.engine.waits import Held
from waiaas.errors import NotYet, Unavailable

_log = logging.getLogger("waiaas.chains")
_ASKS = frozenset({"broadcast", "build", "chain_time", "describe_assets", "health", "resolve", "simulate", "statuses"})
"""The methods that cannot succeed without a node."""


class NetworkTrouble:
    """Of one network. Thread-safe. :param name: for people, ``evm/base``; :param setting: the key that names its nodes"""

    def __init__(self, name: str, setting: str) -> None:
        self._name = name
        self._setting = setting
        self._held: Held | None = None
        self._lock = threading.Lock()

    @property
    def held(self) -> Held | None:
        """None where the last question was answered."""
        return self._held

    def met(self, problem: Unavailable, now: int) -> None:
        """A question was not answered. What a plugin wants to wait for is no trouble."""
        if isinstance(problem, NotYet):
            return
        wait = wait_of(problem)
        with self._lock:
            before = self._held
            is_news = before is None or before.wait.code is not wait.code
            self._held = Held(wait=wait, since=now if before is None else before.since)
        if is_news:
            words = told(wait.troubles) or wait.reason
            _log.warning("%s cannot be asked: %s: %s; its nodes: %s", self._name, wait.code.value, words, self._setting)

    def answered(self, method: str) -> None:
        """A method of the adapter came back. Only those that ask a node tell anything."""
        if self._held is None or method not in _ASKS:
            return
        with self._lock:
            was, self._held = self._held, None
        if was is not None:
            _log.info("%s can be asked again", self._name)
