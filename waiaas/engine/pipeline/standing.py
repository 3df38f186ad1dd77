"""Standing: what a further variant of a row rests on, and whether it may be made. Judged for whoever asked.

A **speed-up** is the same payment with a larger fee, so every policy, constraint and fee limit judges it again with that fee. A
denial refuses it. What needs no more than the row has gone through already may go; where more is asked for, a session is
refused, and the operator's asking is the approval. A **cancel** moves nothing, so policies judge its fee alone; it may be made
for a revoked session's row too, because it is made for the person whose account it is.
"""

from dataclasses import dataclass

from waiaas.engine.facts import Subject
from waiaas.engine.pipeline.evaluate import Judgement
from waiaas.engine.pipeline.orders import Order, is_withheld
from waiaas.engine.rules.denials import denial_details
from waiaas.engine.stops import stop_over
from waiaas.engine.stored_intent import StoredIntent, stored_intent
from waiaas.engine.variants import CANCEL
from waiaas.errors import Denied, Stopped
from waiaas.interfaces.chain import Intent, Kind, Resolved
from waiaas.interfaces.policy import Tier
from waiaas.store.database import Unit
from waiaas.store.records import Agent, Session, Transaction, Variant

_HEADROOM = 2
"""The fee of a further variant may be so many times that of the dearest one before it, unless somebody says otherwise."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """A row with signed bytes, and whose it is. :param variants: at least one, in the order they were signed"""

    row: Transaction
    agent: Agent
    session: Session | None
    variants: tuple[Variant, ...]

    @property
    def is_revoked(self) -> bool:
        """Whether the payment is not to be made any more: its session is revoked, or it was withheld when a stop was lifted."""
        return is_withheld(self.row) or (self.session is not None and self.session.revoked_at is not None)

    @property
    def is_given_up(self) -> bool:
        """Whether there are bytes already that give the payment up."""
        return any(one.kind == CANCEL for one in self.variants)

    @property
    def dearest(self) -> int:
        """The largest fee that any of its bytes allow, native base units."""
        return max(one.fee_cap for one in self.variants)


def standing_of(unit: Unit, row: Transaction) -> Standing | None:
    """The row as it is now; None where it has no bytes or no agent."""
    fresh, agent = unit.transactions.get(row.id), unit.agents.get(row.agent_id)
    session = unit.sessions.get(row.session_id) if row.session_id else None
    variants = unit.variants.of(row.id)
    if fresh is None or agent is None or not variants:
        return None
    return Standing(row=fresh, agent=agent, session=session, variants=tuple(variants))


def order_stop(unit: Unit, standing: Standing, order: Order) -> Stopped | None:
    """Why nothing may be signed for the order now. A stopped session's payment may be given up by others than that session."""
    asker = unit.sessions.get(order.session_id) if order.session_id else None
    own = None if order.kind == "cancel" else standing.session
    return stop_over(unit, standing.agent, asker) or stop_over(unit, standing.agent, own)


def usual_cap(standing: Standing, intent: StoredIntent, most: int) -> int:
    """Pure. What the fee may be where nobody said. :param most: the configured ``fees.<chain>.<network>.max``"""
    return min(most, max(intent.fee_cap, _HEADROOM * standing.dearest))


def subject_of(standing: Standing, order: Order) -> Subject:
    """What judges are asked about: the payment with its new fee, or a fee alone."""
    resolved, is_cancel = stored_intent(standing.row).resolved, order.kind == "cancel"
    return Subject(
        agent=standing.agent,
        session=None if is_cancel else standing.session,
        resolved=giving_up(resolved) if is_cancel else resolved,
        fee_cap=order.cap,
        except_tx=standing.row.id,
        held_seconds=max(0, order.at - standing.row.created_at),
    )


def giving_up(resolved: Resolved) -> Resolved:
    """Pure. What bytes do that use a payment's claim and nothing else."""
    native = tuple(asset for asset in resolved.assets if asset.id == resolved.likely_fee.asset)
    return Resolved(intent=Intent(kind=Kind.CANCEL), effects=(), assets=native, likely_fee=resolved.likely_fee)


def refusal(standing: Standing, order: Order, judgement: Judgement) -> Denied | None:
    """Pure. Why the order may not be carried out, or None."""
    named = judgement.decision.named
    tier = judgement.decision.tier
    if tier is Tier.DENY:
        return Denied(
            named.verdict.reason,
            hint="a lower maxFee may pass; otherwise the operator changes the limit",
            details=denial_details(judgement.decision, standing.row.id),
        )
    if order.kind == "cancel":
        return None
    if standing.is_revoked or standing.is_given_up:
        return Denied("this payment is not to be made any more", hint="`waiaas tx cancel-onchain` gives it up")
    if order.asked_by == "operator" or tier.rank <= _passed(standing.row).rank:
        return None
    return Denied(
        f"with this fee the payment would be {tier.value}: {named.verdict.reason}",
        hint=f"the operator can ask for it: `waiaas tx speed-up {standing.row.id}`",
        details={"transactionId": standing.row.id, "policyId": named.policy_id, "type": named.type, "tier": tier.value},
    )


def _passed(row: Transaction) -> Tier:
    """The strictest tier that a session's wish may have without asking anybody again. A person agreed to the old fee alone."""
    return min((Tier(row.tier), Tier.DELAY), key=lambda tier: tier.rank)
