"""The registry of events: every name that an audit row can carry, how grave it is, and whether a person is told.

Names are past tense. Nothing is recorded under a name that is not here.
"""

from dataclasses import dataclass
from typing import Literal

Severity = Literal["info", "warning", "critical"]


@dataclass(frozen=True, slots=True, kw_only=True)
class EventType:
    """One name.

    :param title: the heading a person reads
    :param is_notified: whether channels are told
    :param asks: whether a payment waits for what a person says
    :param alike_by: details that equal notices of one agent have in common: within `notifications.dedup_ttl` those become one
        with a count. None where each is told on its own
    """

    name: str
    severity: Severity
    title: str
    is_notified: bool = False
    asks: bool = False
    alike_by: tuple[str, ...] | None = None

    @property
    def precedence(self) -> int:
        """Which notice a channel gets first: 4 critical, 3 and 2 what waits for an answer, 1 a warning, 0 the rest."""
        rank = _RANK[self.severity]
        return 4 if self.severity == "critical" else rank + 2 if self.asks else rank


_RANK: dict[Severity, int] = {"info": 0, "warning": 1, "critical": 2}


def _table(*rows: EventType) -> dict[str, EventType]:
    return {row.name: row for row in rows}


def _event(
    name: str,
    title: str,
    severity: Severity = "info",
    *,
    tell: bool = False,
    asks: bool = False,
    alike_by: tuple[str, ...] | None = None,
) -> EventType:
    return EventType(name=name, severity=severity, title=title, is_notified=tell, asks=asks, alike_by=alike_by)


EVENTS = _table(
    _event("daemon.started", "Daemon started"),
    _event("daemon.stopped", "Daemon stopped"),
    _event("daemon.directory_moved", "The data directory was restored, copied or rolled back", "critical", tell=True),
    _event("daemon.generation_began", "A generation began: nothing handed out before holds", "critical", tell=True),
    _event("daemon.restored", "The data directory was restored from a backup", "critical", tell=True),
    _event("configuration.changed", "Settings are others than at the last start", "warning", tell=True),
    _event("clock.disagrees", "The machine's clock is not a chain's", "critical", tell=True),
    _event("clock.jumped", "The machine's clock was set while the daemon ran", "critical", tell=True),
    _event("backup.created", "Backup made"),
    _event("signer.unlocked", "Signer unlocked"),
    _event("signer.died", "The signer process died", "critical", tell=True),
    _event("signer.checkpoint_key_changed", "Checkpoints are signed with another key", "warning", tell=True),
    _event("plugin.failed", "A plugin was left out", "warning", tell=True),
    _event("operator.logged_in", "Operator logged in"),
    _event("operator.logged_out", "Operator logged out"),
    _event("credential.refused", "Wrong credentials", "warning"),
    _event("credential.locked_out", "Too many wrong passwords", "warning", tell=True, alike_by=()),
    _event("agent.creation_started", "Creation of an agent began"),
    _event("agent.created", "Agent created"),
    _event("agent.renamed", "Agent renamed"),
    _event("agent.suspended", "Agent suspended", "warning", tell=True),
    _event("agent.reconciled", "A person confirmed what an agent has spent", "critical", tell=True),
    _event("agent.resumed", "Agent resumed", "warning", tell=True),
    _event("kill_switch.activated", "The kill switch was activated", "critical", tell=True),
    _event("kill_switch.recovered", "A stop was lifted", "critical", tell=True),
    _event("agent.terminated", "Agent terminated", "warning", tell=True),
    _event("agent.imported", "Agent imported with its key", "warning", tell=True),
    _event("agent.import_refused", "An imported key was not adopted", "warning", tell=True),
    _event("agent.exported", "An agent's key was exported", "critical", tell=True),
    _event("password.changed", "The master password was changed", "warning", tell=True),
    _event("keystore.rekeyed", "The data key was changed", "warning", tell=True),
    _event("session.issued", "Session issued"),
    _event("session.renewed", "Session renewed"),
    _event("session.revoked", "Session revoked"),
    _event("policy.created", "Policy created"),
    _event("policy.changed", "Policy changed"),
    _event("policy.deleted", "Policy deleted", "warning"),
    _event("policy.tampered", "Policies were changed outside of the daemon", "critical", tell=True),
    _event("row.tampered", "A row that decides was changed outside of the daemon", "critical", tell=True),
    _event("rows.sealed", "Rows sealed for the first time"),
    _event("rows.accepted", "Rows taken as they are", "critical", tell=True),
    _event("policy.froze", "A policy stopped agents", "critical", tell=True),
    _event("transaction.admitted", "Payment admitted"),
    _event("transaction.denied", "Payment refused", "warning", tell=True, alike_by=("policyId", "code")),
    _event("transaction.denials_only_counted", "Refused payments are only counted now", "warning", tell=True),
    _event("transaction.delayed", "Payment delayed", tell=True, asks=True),
    _event("transaction.approval_requested", "Payment waits for approval", "warning", tell=True, asks=True),
    _event("transaction.approved", "Payment approved"),
    _event("transaction.rejected", "Payment rejected"),
    _event("transaction.released", "Payment released"),
    _event("transaction.cancelled", "Payment cancelled"),
    _event("transaction.expired", "Payment expired", "warning", tell=True, alike_by=("code",)),
    _event("transaction.signed", "Payment signed and stored"),
    _event("transaction.confirmed", "Payment confirmed"),
    _event("transaction.notified", "Payment made", tell=True),
    _event("transaction.failed", "Payment failed", "warning", tell=True, alike_by=("code",)),
    _event("transaction.mismatch_refused", "Bytes differed from what was judged", "critical", tell=True),
    _event("transaction.landed_late", "A payment given up landed after all", "critical", tell=True),
    _event("transaction.replacement_asked", "Further bytes were asked for"),
    _event("transaction.replacement_refused", "Further bytes were refused"),
    _event("transaction.sped_up", "Payment signed again with a larger fee"),
    _event("transaction.withheld", "A signed payment was not let go when a stop was lifted", "warning"),
    _event("transaction.cancel_signed", "Bytes signed that give a payment up", "warning", tell=True),
    _event("transaction.overdue", "A payment has neither landed nor ended", "warning", tell=True),
    _event("transaction.reorged", "A payment that was final has vanished from the chain", "critical", tell=True),
    _event("account.used_elsewhere", "The account was used by another program", "warning", tell=True, alike_by=()),
    _event("agent.key_damaged", "An agent's key file cannot be read", "critical", tell=True),
    _event("price.held_back", "A price jumped and is not believed yet", "warning", tell=True),
    _event("token.added", "Token added to a network's list"),
    _event("token.removed", "Token removed from a network's list"),
    _event("channel.created", "Notification channel created"),
    _event("channel.changed", "Notification channel changed", "warning", tell=True),
    _event("channel.deleted", "Notification channel removed", "warning", tell=True),
    _event("channel.tested", "Notification channel tested"),
    _event("channel.failed", "A notification channel needs attention", "warning", tell=True),
)
