"""Judges: how a stored policy is asked, whoever wrote its type. The money path holds these objects and calls no hook.

Types that ship with the house run in this process; a stranger's, and those of the house that evaluate what a person wrote
(``is_isolated``), in a process of their plugin's own (:mod:`waiaas.engine.isolated_judge`).
"""

import json
import logging
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from pydantic import BaseModel, ValidationError

from waiaas.builtin.libraries import missing_types
from waiaas.engine.isolated_judge import IsolatedJudge, RulesRefused
from waiaas.engine.judge_cell import Cell, Unjudged
from waiaas.errors import BadRequest, Malformed
from waiaas.interfaces.chain import Resolved
from waiaas.interfaces.misfits import misfit
from waiaas.interfaces.policy import AssetReader, Facts, Limit, PolicyType, Verdict, Window
from waiaas.registry import PluginStatus, Registry
from waiaas.store.records import Policy

_log = logging.getLogger("waiaas.policies")
_OWN = ("waiaas-builtin", "waiaas")


class Judge(Protocol):
    """One policy type as the house asks it. What it raises at a judgement denies."""

    @property
    def grants(self) -> bool:
        """Whether its verdicts may speak for a transaction."""
        ...

    @property
    def may_let_pass(self) -> bool:
        """Whether a new policy of the type can let pass what was refused before."""
        ...

    def windows(self, policy: Policy, resolved: Resolved) -> Sequence[Window]:
        """The sums that :meth:`judge` needs."""
        ...

    def judge(self, policy: Policy, facts: Facts) -> Verdict | None:
        """The policy's answer; None where it does not apply."""
        ...

    def limits(self, policy: Policy, native: str) -> Sequence[Limit]:
        """What it bounds, for those who ask what is left."""
        ...

    def read(self, rules: str, reader: AssetReader) -> Mapping[str, Any]:
        """Rules as the operator wrote them (JSON), as they are to be stored.

        :raises RulesRefused: naming the field
        """
        ...

    def is_tighter(self, old: str, new: str) -> bool:
        """Whether stored rules ``new`` allow nothing that ``old`` did not."""
        ...


class OwnJudge:
    """A type that is judged in this process. Keeps parsed rules, which never change under one version."""

    def __init__(self, type_: PolicyType[Any]) -> None:
        self._type = type_
        self._parsed: dict[str, tuple[int, str, BaseModel]] = {}

    @property
    def grants(self) -> bool:
        return self._type.grants

    @property
    def may_let_pass(self) -> bool:
        return self._type.grants or self._type.may_loosen

    def windows(self, policy: Policy, resolved: Resolved) -> Sequence[Window]:
        return self._type.windows(self._rules(policy), resolved)

    def judge(self, policy: Policy, facts: Facts) -> Verdict | None:
        verdict = self._type.judge(self._rules(policy), facts)
        if verdict is not None and not isinstance(verdict, Verdict):
            raise TypeError("a judge answers with a verdict or None")
        return verdict

    def limits(self, policy: Policy, native: str) -> Sequence[Limit]:
        return self._type.limits(self._rules(policy), native)

    def read(self, rules: str, reader: AssetReader) -> Mapping[str, Any]:
        try:
            normal: BaseModel = self._type.normalise(self._type.rules_model.model_validate_json(rules), reader)
        except ValidationError as problem:
            first = problem.errors(include_url=False)[0]
            raise RulesRefused(".".join(str(part) for part in first["loc"]) or "rules", misfit(first)) from None
        except Malformed as problem:
            raise RulesRefused("", problem.message, problem.hint) from None
        return normal.model_dump(mode="json", exclude_none=True)

    def is_tighter(self, old: str, new: str) -> bool:
        read = self._type.rules_model.model_validate_json
        return self._type.is_tighter(read(old), read(new)) is True

    def _rules(self, policy: Policy) -> BaseModel:
        known = self._parsed.get(policy.id)
        if known is None or known[:2] != (policy.version, policy.rules):
            known = (policy.version, policy.rules, self._type.rules_model.model_validate_json(policy.rules))
            self._parsed[policy.id] = known
        return known[2]


class Judges:
    """Every installed policy type by its word. Thread-safe; starts processes when they are first needed."""

    def __init__(self, registry: Registry) -> None:
        self._models = {name: type_.rules_model for name, type_ in registry.policy_types.items()}
        self._schemas: dict[str, Mapping[str, Any]] = {}
        self._cells: dict[str, Cell] = {}
        self._isolated: dict[str, Cell] = {}
        self._judges: Mapping[str, Judge] = {
            name: self._made(name, type_, registry) for name, type_ in registry.policy_types.items()
        }

    def get(self, type_: str) -> Judge | None:
        """The judge of a type; None where no plugin brings it, which denies."""
        return self._judges.get(type_)

    def schema(self, type_: str) -> Mapping[str, Any]:
        """The JSON Schema of a type's rules; empty for one that is not installed or whose model has none."""
        if type_ not in self._schemas and type_ in self._models:
            try:
                self._schemas[type_] = self._models[type_].model_json_schema()
            except Exception:  # noqa: BLE001 - a stranger's model
                _log.exception("%s has no schema of its rules", type_)
                self._schemas[type_] = {}
        return self._schemas.get(type_, {})

    def read_rules(self, type_: str, rules: Mapping[str, Any], reader: AssetReader) -> str:
        """Rules as the operator wrote them, as the text that is stored.

        :raises BadRequest: with code INVALID_RULES, naming the field
        """
        judge = self._judges.get(type_)
        if judge is None:
            known = ", ".join(sorted(self._judges))
            hint = missing_types().get(type_) or f"installed: {known}"
            raise BadRequest(f"there is no policy type {type_!r}", code="INVALID_RULES", hint=hint)
        try:
            document = judge.read(json.dumps(dict(rules)), reader)
        except RulesRefused as problem:
            hint = problem.hint or "see `waiaas policy types`, or GET /v1/policy-types"
            raise BadRequest(f"{type_}: {problem}", code="INVALID_RULES", hint=hint) from None
        except Unjudged as problem:
            hint = "see the daemon's log; the plugin's author has to mend it"
            raise BadRequest(f"{type_}: {problem.reason}", code="INVALID_RULES", hint=hint) from None
        return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)

    def why_missing(self, type_: str) -> str:
        """What an agent is told of a policy whose type no plugin brings, and which therefore denies."""
        return missing_types().get(type_) or f"no plugin knows the policy type {type_}"

    def is_tighter(self, type_: str, old: str, new: str) -> bool:
        """Whether stored rules only tighten. What cannot be read, or whose type is gone or fails, is not proven tighter."""
        judge = self._judges.get(type_)
        if judge is None:
            return False
        try:
            return judge.is_tighter(old, new)
        except Exception:  # noqa: BLE001 - whatever a type raises proves nothing
            _log.exception("%s could not compare rules, so the change counts as loosening", type_)
            return False

    def may_let_pass(self, type_: str) -> bool:
        """Whether a new policy of the type can let pass what was refused before; of an unknown one nobody can tell."""
        judge = self._judges.get(type_)
        return judge is None or judge.may_let_pass

    def warm(self, types: Iterable[str]) -> None:
        """Have the processes started that judge for these types; does not wait for them."""
        for type_ in types:
            if type_ in self._isolated:
                self._isolated[type_].warm()

    def close(self) -> None:
        """End all processes. May be called again."""
        for cell in self._cells.values():
            cell.close()

    def _made(self, name: str, type_: PolicyType[Any], registry: Registry) -> Judge:
        plugin = registry.policy_origins.get(name, _OWN[0])
        loaded = {one.name: one.distribution for one in registry.plugins if one.status is PluginStatus.LOADED}
        distribution = loaded.get(plugin, _OWN[1])
        if (plugin, distribution) == _OWN and not type_.is_isolated:
            return OwnJudge(type_)
        if plugin not in self._cells:
            pin = registry.lock.get(plugin)
            expected = "" if pin is None or distribution == _OWN[1] else pin.hash
            self._cells[plugin] = Cell(plugin, distribution, expected)
        self._isolated[name] = self._cells[plugin]
        return IsolatedJudge(name, type_, self._cells[plugin])
