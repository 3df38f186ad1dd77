"""Judges: how a stored policy is asked, whoever wrote its type. The money path holds these objects and calls no hook."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from pydantic import BaseModel

from waiaas.interfaces.chain import Resolved
from waiaas.interfaces.policy import Facts, PolicyType, Verdict, Window
from waiaas.registry import Registry
from waiaas.store.records import Policy


class Judge(Protocol):
    """One policy type as the evaluator asks it. Whatever it raises denies."""

    @property
    def grants(self) -> bool:
        """Whether its verdicts may speak for a transaction."""
        ...

    def windows(self, policy: Policy, resolved: Resolved) -> Sequence[Window]:
        """The sums that :meth:`judge` needs."""
        ...

    def judge(self, policy: Policy, facts: Facts) -> Verdict | None:
        """The policy's answer; None where it does not apply."""
        ...


class OwnJudge:
    """A type that is judged in this process. Keeps parsed rules, which never change under one version."""

    def __init__(self, type_: PolicyType[Any]) -> None:
        self._type = type_
        self._parsed: dict[str, tuple[int, str, BaseModel]] = {}

    @property
    def grants(self) -> bool:
        return self._type.grants

    def windows(self, policy: Policy, resolved: Resolved) -> Sequence[Window]:
        return self._type.windows(self._rules(policy), resolved)

    def judge(self, policy: Policy, facts: Facts) -> Verdict | None:
        verdict = self._type.judge(self._rules(policy), facts)
        if verdict is not None and not isinstance(verdict, Verdict):
            raise TypeError("a judge answers with a verdict or None")
        return verdict

    def _rules(self, policy: Policy) -> BaseModel:
        known = self._parsed.get(policy.id)
        if known is None or known[:2] != (policy.version, policy.rules):
            known = (policy.version, policy.rules, self._type.rules_model.model_validate_json(policy.rules))
            self._parsed[policy.id] = known
        return known[2]


class Judges:
    """Every installed policy type by its word."""

    def __init__(self, registry: Registry) -> None:
        self._judges: Mapping[str, Judge] = {name: OwnJudge(type_) for name, type_ in registry.policy_types.items()}

    def get(self, type_: str) -> Judge | None:
        """The judge of a type; None where no plugin brings it, which denies."""
        return self._judges.get(type_)
