"""What bytes would do to whom, and whether that was proven: the reading of the bytes held against their evidence. Pure.

A token transfer names an account, not a wallet. The evidence says whose it is, and is believed only where the account derived
from that wallet is the very one in the bytes. How much rent an account takes is not in the bytes: the evidence says it, never
less than the rate in force since genesis, and such effects are marked as resting on trust.
"""

from collections.abc import Sequence

from solders.pubkey import Pubkey

from waiaas.interfaces.chain import Effect, What
from waiaas.interfaces.ids import asset_id
from waiaas_solana.decode import Reading
from waiaas_solana.evidence import Evidence, digest_of
from waiaas_solana.instructions import Strange
from waiaas_solana.message import Opening, Plan, TokenTransfer, Transfer
from waiaas_solana.pricing import least_rent
from waiaas_solana.token_programs import account_length, derived_account

RENT = "rent"
"""In ``Decoded.on_trust``."""


def effects_of(reading: Reading, evidence: Evidence, chain_id: str, native: str) -> tuple[Effect, ...]:
    """What leaves the payer, and whatever was not understood. A transfer to oneself is no effect.

    :param native: id of the native asset
    """
    effects = [step.effect for step in reading.steps if isinstance(step, Strange)]
    for step in reading.steps:
        if isinstance(step, Transfer) and step.to != reading.payer:
            effects.append(Effect(what=What.OUT, asset=native, units=step.lamports, to=str(step.to)))
        elif isinstance(step, TokenTransfer) and step.to != derived_account(reading.payer, step.mint, step.program):
            asset = asset_id(chain_id, "token", str(step.mint))
            effects.append(Effect(what=What.OUT, asset=asset, units=step.units, to=_paid(step, evidence)))
    return (*effects, *_rents(reading, evidence, native))


def is_proven(reading: Reading, evidence: Evidence, body: bytes) -> bool:
    """Whether every byte is one that ``build`` wrote, and the evidence says neither more nor less than the bytes need."""
    plan = reading.plan
    if plan is None or evidence.digest != digest_of(body):
        return False
    if plan.token is None:
        return plan.opening is None and evidence.owner is None and evidence.rent is None
    return _owns(evidence, plan.token) and _is_opening_proven(plan, plan.token, evidence)


def _is_opening_proven(plan: Plan, token: TokenTransfer, evidence: Evidence) -> bool:
    if plan.opening is None:
        return evidence.rent is None
    least = least_rent(account_length(token.program, ()))
    return plan.opening.account == token.to and evidence.rent is not None and evidence.rent >= least


def _rents(reading: Reading, evidence: Evidence, native: str) -> Sequence[Effect]:
    openings = [step for step in reading.steps if isinstance(step, Opening)]
    return [
        Effect(
            what=What.LOCKED,
            asset=native,
            units=evidence.rent if len(openings) == 1 else None,
            to=str(step.owner),
        )
        for step in openings
    ]


def _paid(step: TokenTransfer, evidence: Evidence) -> str:
    return evidence.owner if evidence.owner is not None and _owns(evidence, step) else str(step.to)


def _owns(evidence: Evidence, step: TokenTransfer) -> bool:
    if evidence.owner is None:
        return False
    try:
        owner = Pubkey.from_string(evidence.owner)
    except ValueError:
        return False
    return derived_account(owner, step.mint, step.program) == step.to
