"""Loosening: which changes of a policy may let something pass that was refused before. They take the master password itself.

Who cannot be told to have only tightened has loosened: what is removed or put out of force loosens, whatever it was (a grant
that goes away leaves its narrower fellows alone with a payment), and so do new rules that their own type does not call tighter.
"""

import logging
from collections.abc import Mapping
from typing import Any

from waiaas.engine.actors import Actor
from waiaas.errors import Denied
from waiaas.interfaces.policy import PolicyType
from waiaas.store.records import Policy

_log = logging.getLogger("waiaas.policies")


class Loosening:
    """Tells tightening from loosening. Thread-safe; holds no state."""

    def __init__(self, types: Mapping[str, PolicyType[Any]]) -> None:
        self._types = types

    def is_by_creation(self, policy: Policy) -> bool:
        """Whether a new policy may let something pass; one that is not in force changes nothing yet."""
        return policy.enabled and self._may_let_pass(policy.type)

    def is_by_change(self, before: Policy, rules: str, *, enabled: bool) -> bool:
        """Whether the same policy with other rules, or in another state, may let something pass. Priority lets nothing pass."""
        if before.enabled and not enabled:
            return True
        if enabled and not before.enabled and self._may_let_pass(before.type):
            return True
        return rules != before.rules and not self._is_tighter(before.type, before.rules, rules)

    def _may_let_pass(self, type_: str) -> bool:
        kind = self._types.get(type_)
        return kind is None or kind.grants or kind.may_loosen

    def _is_tighter(self, type_: str, old: str, new: str) -> bool:
        """The one place that asks a type. What cannot be read, or whose type is gone or fails, is not proven tighter."""
        kind = self._types.get(type_)
        if kind is None:
            return False
        try:
            read = kind.rules_model.model_validate_json
            return kind.is_tighter(read(old), read(new)) is True
        except Exception:  # noqa: BLE001 - whatever a type raises proves nothing
            _log.exception("%s could not compare rules, so the change counts as loosening", type_)
            return False


def require_right_to_loosen(actor: Actor, is_loosening: bool) -> None:
    """A token that was stolen may tighten, and nothing else.

    :raises Denied: PASSWORD_REQUIRED for a change that loosens, by anybody who did not send the master password
    """
    if is_loosening and not actor.by_password:
        raise Denied(
            "this change may let pass what was refused before, so it needs the master password itself",
            code="PASSWORD_REQUIRED",
            hint="send X-Master-Password; a token may tighten: narrower rules, new restrictions",
        )
