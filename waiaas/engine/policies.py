"""Policies: what the operator wrote, read through its type's model, versioned; every change reaches held rows."""

import json
from collections.abc import Mapping, Sequence
from hashlib import blake2b
from typing import Any

from uuid6 import uuid7

from waiaas.clock import Clock
from waiaas.engine.actors import Actor, require_operator
from waiaas.engine.chains import Chains
from waiaas.engine.journal import Journal
from waiaas.engine.judges import Judges
from waiaas.engine.loosening import Loosening, require_right_to_loosen
from waiaas.engine.pipeline.evaluate import POLICY_EPOCH
from waiaas.engine.policy_documents import PolicyDocuments
from waiaas.errors import BadRequest, Conflict, NotFound, Stopped
from waiaas.store.database import Store, Unit
from waiaas.store.records import Page, Policy

_CHANGEABLE = frozenset({"rules", "priority", "enabled"})


class Policies:
    """The operator's policies. Thread-safe."""

    def __init__(self, *, store: Store, judges: Judges, chains: Chains, journal: Journal, clock: Clock) -> None:
        self._store = store
        self._loosening = Loosening(judges)
        self._documents = PolicyDocuments(store, chains, judges)
        self._journal = journal
        self._clock = clock

    def create(
        self,
        actor: Actor,
        *,
        agent_id: str | None,
        type: str,
        rules: Mapping[str, Any],
        priority: int = 0,
        enabled: bool = True,
    ) -> Policy:
        """Store a policy; it holds from this commit on.

        :param agent_id: None makes it global
        :raises BadRequest: with code INVALID_RULES, naming the field
        :raises Denied: PASSWORD_REQUIRED where it may let something pass and no password came
        """
        require_operator(actor)
        owner = self.owner(agent_id)
        text = self._documents.read(owner, type, rules)
        now = self._clock.now()
        policy = Policy(
            id=str(uuid7()),
            created_at=now,
            updated_at=now,
            agent_id=owner,
            type=type,
            rules=text,
            priority=priority,
            enabled=enabled,
            version=1,
        )
        is_loosening = self._loosening.is_by_creation(policy)
        require_right_to_loosen(actor, is_loosening)
        details = {"after": _document(policy), "tightens": not is_loosening}
        with self._store.write() as unit:
            unit.policies.insert(policy)
            self._changed(unit, "policy.created", actor, policy, details)
        return policy

    def get(self, actor: Actor, policy_id: str) -> Policy:
        """One policy. :raises NotFound: when there is none"""
        require_operator(actor)
        with self._store.read() as unit:
            return _found(unit, policy_id)

    def list(self, actor: Actor, agent_id: str | None, limit: int, cursor: str | None = None) -> Page[Policy]:
        """Policies of one agent, or all of them for None."""
        require_operator(actor)
        owner = self.owner(agent_id)
        with self._store.read() as unit:
            if owner is None:
                return unit.policies.list(limit=limit, cursor=cursor)
            return unit.policies.list(agent_id=owner, limit=limit, cursor=cursor)

    def replace(self, actor: Actor, policy_id: str, changes: Mapping[str, Any]) -> Policy:
        """Change rules, priority or enabled; what is left out stays. The audit row has both versions, and says whether the new
        one only tightens.

        :raises Conflict: when somebody else changed it meanwhile
        :raises Denied: PASSWORD_REQUIRED where it is not proven to tighten and no password came
        """
        require_operator(actor)
        strange = sorted(set(changes) - _CHANGEABLE)
        if strange:
            raise BadRequest(f"a policy's {strange[0]} cannot be changed", hint="delete it and create another")
        before = self.get(actor, policy_id)
        rules = (
            self._documents.read(before.agent_id, before.type, changes["rules"]) if "rules" in changes else before.rules
        )
        enabled = changes.get("enabled", before.enabled)
        is_loosening = self._loosening.is_by_change(before, rules, enabled=enabled)
        require_right_to_loosen(actor, is_loosening)
        with self._store.write() as unit:
            _require_whole(unit, _found(unit, policy_id))
            replaced = unit.policies.replace(
                policy_id,
                expected_version=before.version,
                rules=rules,
                priority=changes.get("priority", before.priority),
                enabled=enabled,
                at=self._clock.now(),
            )
            if not replaced:
                raise Conflict("this policy was changed meanwhile", hint="read it again")
            after = _found(unit, policy_id)
            details = {"before": _document(before), "after": _document(after), "tightens": not is_loosening}
            self._changed(unit, "policy.changed", actor, after, details)
        return after

    def delete(self, actor: Actor, policy_id: str) -> None:
        """Remove a policy. What it granted is no longer granted; what it forbade no longer forbidden.

        :raises Denied: PASSWORD_REQUIRED where no password came
        """
        require_operator(actor)
        with self._store.write() as unit:
            policy = _found(unit, policy_id)
            require_right_to_loosen(actor, True)
            unit.policies.delete(policy_id)
            self._changed(unit, "policy.deleted", actor, policy, {"before": _document(policy), "tightens": False})

    def check(self, actor: Actor, *, agent_id: str | None, type: str, rules: Mapping[str, Any]) -> Policy:
        """What :meth:`create` would store, so that a person can look at it first. Nothing is stored.

        :raises BadRequest: with code INVALID_RULES, naming the field
        """
        require_operator(actor)
        return self.draft(self.owner(agent_id), type, rules)

    def display(self, policies: Sequence[Policy]) -> Sequence[Mapping[str, str]]:
        """The amounts of each policy's rules in display units, by their paths (``daily_limit``); of assets on no list: none."""
        return self._documents.display(policies)

    def draft(self, owner: str | None, type: str, rules: Mapping[str, Any]) -> Policy:
        """A policy as :meth:`create` would store it, and nothing is stored. Its id says what it says, so it is always the same.

        :raises BadRequest: with code INVALID_RULES, naming the field
        """
        text, now = self._documents.read(owner, type, rules), self._clock.now()
        digest = blake2b(f"{owner}|{type}|{text}".encode(), digest_size=16, person=b"waiaas-draft").hexdigest()
        return Policy(id=f"draft-{digest}", created_at=now, updated_at=now, agent_id=owner, type=type, rules=text)

    def owner(self, name_or_id: str | None) -> str | None:
        """The id of the agent that is meant; None where none is. :raises NotFound: there is no such agent"""
        if name_or_id is None:
            return None
        with self._store.read() as unit:
            agent = unit.agents.get(name_or_id) or unit.agents.by_name(name_or_id)
        if agent is None:
            raise NotFound("there is no such agent", hint="see `waiaas agent list`")
        return agent.id

    def _changed(self, unit: Unit, event: str, actor: Actor, policy: Policy, details: dict[str, Any]) -> None:
        unit.state.bump(POLICY_EPOCH)
        self._journal.record(
            unit,
            event,
            actor=actor.label,
            agent_id=policy.agent_id,
            details={"policyId": policy.id, "type": policy.type, **details},
            ip=actor.ip,
        )


def _document(policy: Policy) -> dict[str, Any]:
    return {
        "rules": json.loads(policy.rules),
        "priority": policy.priority,
        "enabled": policy.enabled,
        "version": policy.version,
    }


def _require_whole(unit: Unit, policy: Policy) -> None:
    """What somebody else wrote is not made the operator's own by a change of something beside it."""
    if not unit.holds(policy):
        raise Stopped(
            "this policy was changed outside of the daemon", code="ROW_TAMPERED", hint="delete it and create another"
        )


def _found(unit: Unit, policy_id: str) -> Policy:
    policy = unit.policies.get(policy_id)
    if policy is None:
        raise NotFound("there is no such policy", hint="see `waiaas policy list`")
    return policy
