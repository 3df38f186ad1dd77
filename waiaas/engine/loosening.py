"""Loosening: which changes of a policy may let something pass that was refused before. They take the master password itself.

Who cannot be told to have only tightened has loosened: what is removed or put out of force loosens, whatever it was (a grant
that goes away leaves its narrower fellows alone with a payment), and so do new rules that their own type does not call tighter.
"""

from waiaas.engine.actors import Actor
from waiaas.engine.judges import Judges
from waiaas.errors import Denied
from waiaas.store.records import Policy


class Loosening:
    """Tells tightening from loosening. Thread-safe; holds no state."""

    def __init__(self, judges: Judges) -> None:
        self._judges = judges

    def is_by_creation(self, policy: Policy) -> bool:
        """Whether a new policy may let something pass; one that is not in force changes nothing yet."""
        return policy.enabled and self._judges.may_let_pass(policy.type)

    def is_by_change(self, before: Policy, rules: str, *, enabled: bool) -> bool:
        """Whether the same policy with other rules, or in another state, may let something pass. Priority lets nothing pass."""
        if before.enabled and not enabled:
            return True
        if enabled and not before.enabled and self._judges.may_let_pass(before.type):
            return True
        return rules != before.rules and not self._judges.is_tighter(before.type, before.rules, rules)


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
