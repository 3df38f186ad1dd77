"""The cell of one plugin: at most one process at a time that judges for it, kept warm, and made anew when it had to be killed.

The process is started by a thread that lives as long as it: the kernel ends it with the thread (PDEATHSIG). Nothing is started
before the first question. A plugin whose process keeps dying is started again ever more seldom, so that it cannot eat the
machine; meanwhile its questions are refused at once.
"""

import logging
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from waiaas.clock import SystemClock
from waiaas.engine.judge_process import Answers, Ended, JudgeProcess, Overdue, Patience
from waiaas.registry.asking import printable

_log = logging.getLogger("waiaas.policies")
START_SECONDS = 10.0
#: How long a question waits for its turn and for a process; a start takes a fifth of a second on an idle machine.
TURN_SECONDS = 5.0
MOST_WAITING = 64
_STARTS, _WITHIN_SECONDS = 5, 10.0
_PAUSE_SECONDS = 2.0
_LONGEST_PAUSE = 60.0
_END_SECONDS = 3.0
_monotonic = SystemClock().monotonic


class Unjudged(Exception):
    """A question got no answer, which denies. :param code: for programs; :param reason: for people and agents"""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(reason)
        self.code = code
        self.reason = reason


class Cell:
    """Thread-safe.

    :param plugin: and :param distribution: what to load; :param expected: the hash of its files, empty for our own
    :param start: makes a process; tests inject one
    """

    def __init__(
        self, plugin: str, distribution: str, expected: str, start: Callable[..., JudgeProcess] = JudgeProcess
    ) -> None:
        self._plugin = plugin
        self._start: Callable[[], JudgeProcess] = lambda: start(plugin, distribution, expected)
        self._turns: deque[threading.Lock] = deque()
        self._changed = threading.Condition()
        self._keeper: threading.Thread | None = None
        self._process: JudgeProcess | None = None
        self._newborn: JudgeProcess | None = None
        self._fault: str | None = None
        self._is_closing = False

    @property
    def pid(self) -> int | None:
        """The process that judges now; None while there is none."""
        with self._changed:
            return self._process.pid if self._process else None

    def warm(self) -> None:
        """Have a process started, without waiting for it. May be called again."""
        with self._changed:
            if self._keeper is None and not self._is_closing:
                self._keeper = threading.Thread(target=self._keep, name=f"judge-{self._plugin}", daemon=True)
                self._keeper.start()

    def ask(self, question: Mapping[str, Any], patience: Patience, answers: Answers) -> Mapping[str, Any]:
        """One question. Its time runs from the moment it is put.

        :raises Unjudged: when there is no answer, whatever the reason
        """
        self.warm()
        with self._my_turn():
            process = self._ready()
            try:
                return process.ask(question, patience, answers)
            except Overdue:
                why = f"it took more than {patience.computing:g} s of computing or {patience.in_all:g} s in all"
                raise self._struck(process, "POLICY_TIMEOUT", why) from None
            except Ended as problem:
                raise self._struck(process, "POLICY_CRASHED", str(problem)) from None
            except BaseException:
                self._struck(process, "POLICY_CRASHED", "the daemon's own part failed")  # the answer is still under way
                raise

    def close(self) -> None:
        """End the process and start no other. May be called again."""
        with self._changed:
            self._is_closing = True
            for process in (self._process, self._newborn):
                if process is not None:
                    process.kill()
            self._changed.notify_all()
        if self._keeper is not None:
            self._keeper.join(_END_SECONDS)

    @contextmanager
    def _my_turn(self) -> Iterator[None]:
        """First come, first served: a plain lock lets the same threads win again and again, and others wait for ever."""
        mine = self._queued()
        try:
            if not mine.acquire(timeout=TURN_SECONDS):
                raise Unjudged("POLICY_BUSY", f"the plugin {self._plugin} was busy for too long")
            yield
        finally:
            with self._changed:
                was_first = self._turns[0] is mine
                self._turns.remove(mine)
                if was_first and self._turns:
                    self._turns[0].release()

    def _queued(self) -> threading.Lock:
        """A lock that is released when it is its owner's turn."""
        mine = threading.Lock()
        with self._changed:
            if len(self._turns) >= MOST_WAITING:
                raise Unjudged("POLICY_BUSY", f"too many judgements of the plugin {self._plugin} are waiting")
            if self._turns:
                mine.acquire()
            self._turns.append(mine)
        return mine

    def _ready(self) -> JudgeProcess:
        """A process that waits for a question: one that ended meanwhile is nobody's denial."""
        until = _monotonic() + TURN_SECONDS
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._process or self._fault or self._is_closing, until - _monotonic())
                process, why = self._process, self._fault or "it does not start"
            if process is None:
                raise Unjudged("POLICY_CRASHED", f"the process of the plugin {self._plugin} cannot judge: {why}")
            if process.is_waiting:
                return process
            self._struck(process, "POLICY_CRASHED", "it ended or spoke without being asked")

    def _struck(self, process: JudgeProcess, code: str, why: str) -> Unjudged:
        """Kill the process, so that no question meets what is left of this one."""
        with self._changed:
            if self._process is process:
                self._process = None
                process.kill()
        _log.error("the process that judges for the plugin %s was ended: %s", self._plugin, why)
        return Unjudged(code, f"the plugin {self._plugin} did not judge: {why}")

    def _keep(self) -> None:
        starts: deque[float] = deque(maxlen=_STARTS)
        failures = 0
        while not self._is_closing:
            if len(starts) == _STARTS and _monotonic() - starts[0] < _WITHIN_SECONDS:
                self._pause("it had to be ended again and again", _PAUSE_SECONDS)
            starts.append(_monotonic())
            fault = self._live()
            failures = 0 if fault is None else failures + 1
            if fault is not None and not self._is_closing:
                _log.error("no process judges for the plugin %s: %s", self._plugin, fault)
                self._pause(fault, min(2.0 ** (failures - 1), _LONGEST_PAUSE))

    def _pause(self, why: str, seconds: float) -> None:
        with self._changed:
            self._fault = why
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._is_closing, seconds)
            self._fault = None

    def _live(self) -> str | None:
        """From a start to the end of that process. Returns why it never came to judging."""
        try:
            process = self._start()
        except OSError as problem:
            return f"no process could be started ({problem.strerror})"
        with self._changed:
            self._newborn = process
            if self._is_closing:
                process.kill()
        fault = self._welcome(process)
        if fault is not None:
            process.kill()
        process.wait()
        with self._changed:
            self._process = self._newborn = None
        process.close()
        return fault

    def _welcome(self, process: JudgeProcess) -> str | None:
        try:
            words = process.first_words(START_SECONDS)
        except Overdue:
            return f"it was not ready within {START_SECONDS:g} seconds"
        except Ended as problem:
            return str(problem)
        if "ready" not in words:
            return printable(str(words.get("fault")))
        with self._changed:
            if self._is_closing:
                return "the daemon stops"
            self._process = process
            self._changed.notify_all()
        return None
