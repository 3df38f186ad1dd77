"""A policy type that is judged in its plugin's own process: questions go there as JSON, answers are read strictly."""

import logging
from collections.abc import Mapping, Sequence
from typing import Any

from waiaas.engine.judge_answers import Nonsense, read_verdict, read_windows
from waiaas.engine.judge_cell import Cell, Unjudged
from waiaas.engine.judge_process import Answers, Patience
from waiaas.errors import Malformed
from waiaas.interfaces.chain import Resolved
from waiaas.interfaces.policy import AssetReader, Facts, Limit, PolicyType, Verdict, Window
from waiaas.interfaces.wire import to_wire
from waiaas.registry.asking import printable
from waiaas.store.records import Policy

_log = logging.getLogger("waiaas.policies")
JUDGING = Patience(computing=0.05, in_all=1.0)
"""For one question of a judgement."""
WRITING = Patience(computing=1.0, in_all=5.0)
"""For reading or comparing rules, while a person waits."""


class RulesRefused(Exception):
    """Rules that their type does not take.

    :param where: the field; empty where the message says it
    """

    def __init__(self, where: str, message: str, hint: str = "") -> None:
        super().__init__(f"{where}: {message}" if where else message)
        self.hint = hint


class IsolatedJudge:
    """Nothing of the type's own code runs in this process but its two words about itself. Thread-safe."""

    def __init__(self, name: str, type_: PolicyType[Any], cell: Cell) -> None:
        self._name = name
        self._grants = type_.grants
        self._may_loosen = type_.may_loosen
        self._cell = cell

    @property
    def grants(self) -> bool:
        return self._grants

    @property
    def may_let_pass(self) -> bool:
        return self._grants or self._may_loosen

    def windows(self, policy: Policy, resolved: Resolved) -> Sequence[Window]:
        told = self._told({"verb": "windows", "rules": policy.rules, "resolved": to_wire(resolved)}, JUDGING)
        try:
            return read_windows(told)
        except Nonsense as problem:
            raise self._unreadable(f"asked for {problem}") from None

    def judge(self, policy: Policy, facts: Facts) -> Verdict | None:
        told = self._told({"verb": "judge", "rules": policy.rules, "facts": to_wire(facts)}, JUDGING)
        try:
            return read_verdict(told, facts.windows)
        except Nonsense as problem:
            raise self._unreadable(f"answered with {problem}") from None

    def limits(self, policy: Policy, native: str) -> Sequence[Limit]:
        """Nothing: what is only shown is not worth a question to a stranger."""
        return ()

    def read(self, rules: str, reader: AssetReader) -> Mapping[str, Any]:
        told = self._told({"verb": "read", "rules": rules}, WRITING, _answering(reader))
        if not isinstance(told, dict):
            raise self._unreadable("read rules into no document")
        return told

    def is_tighter(self, old: str, new: str) -> bool:
        return self._told({"verb": "tighter", "old": old, "new": new}, WRITING) is True

    def _told(self, question: Mapping[str, Any], patience: Patience, answers: Answers | None = None) -> Any:
        answer = self._cell.ask({"type": self._name, **question}, patience, answers or _nothing)
        if "raised" in answer:
            raise self._unreadable(f"raised {printable(str(answer['raised']))}")
        if "refused" in answer:
            where, message, hint = _three_texts(answer["refused"])
            raise RulesRefused(where, message, hint)
        return answer.get("value")

    def _unreadable(self, what: str) -> Unjudged:
        _log.error("the policy type %s %s", self._name, what)
        return Unjudged("POLICY_UNREADABLE", "this policy could not be read or judged, so it denies")


def _nothing(question: Mapping[str, Any]) -> Mapping[str, Any]:
    return {"malformed": "there is nothing to ask here", "hint": ""}


def _answering(reader: AssetReader) -> Answers:
    """The one thing that a process may ask back: how an address or an asset is written."""

    def answer(question: Mapping[str, Any]) -> Mapping[str, Any]:
        what, text = question.get("ask"), question.get("text")
        try:
            if what == "asset" and (text is None or isinstance(text, str)):
                return {"text": reader.asset(text)}
            if what == "address" and isinstance(text, str):
                return {"text": reader.address(text)}
        except Malformed as problem:
            return {"malformed": problem.message, "hint": problem.hint}
        return {"malformed": "an address or an asset is a text", "hint": ""}

    return answer


def _three_texts(told: Any) -> tuple[str, str, str]:
    if isinstance(told, list) and len(told) == 3:
        where, message, hint = (printable(str(one)) for one in told)
        return where, message, hint
    return "", "the rules were refused", ""
