"""The last check before the signer is asked: the bytes do what was judged, and nothing else (invariant 1).

Of what ``decode`` reads from the bytes, every field is compared with what was judged: the chain, the payer, the fee's asset
and its bound, the memo, and the effects, each exactly as often and in every field of its own. Two fields are not judged,
because they decide when and in whose stead the bytes can land, not what they do: ``claims``, on which the host holds two
variants of a row together, and ``valid_until``. What is stored with the signed bytes as their claims must be what was
decoded, though: a claim that is missing there would let a second payment take it.

``on_trust`` names effects that rest on what a node said and that the bytes do not prove. One word may stand there:
``rent``, the units of LOCKED effects of the native asset. How much an account takes is the chain's own rule and not in the
bytes, so a node that lies can understate what the chain will lock, as far as the chain's rule goes, and nothing else: that
amount is judged and reserved as the node said it. Whatever else stands there refuses the bytes, because a node's lie would
choose a recipient or an amount (invariant 15). That a token's own contract does as it is told is no effect and is not
named; cautions tell of it.
"""

from collections import Counter

from waiaas.interfaces.chain import Account, Decoded, Effect, Resolved, What

RENT = "rent"
"""The one word that may stand in ``on_trust``."""

OTHER_CLAIMS = "the signed bytes claim something else than was decoded"
"""Why bytes whose ``Signed.claims`` are not their ``Decoded.claims`` are dropped."""

_NEVER = frozenset({What.UNKNOWN, What.AUTHORITY})
"""No policy can speak for these yet, so no judgement can have allowed them."""


def mismatch(decoded: Decoded, resolved: Resolved, account: Account, chain_id: str, fee_cap: int) -> str | None:
    """Say how the decoded bytes differ from what was judged; None when they are within it.

    Effects must be the judged ones, each exactly once: a payment more, less or to somebody else is a mismatch, and so is
    a fee above the cap, another payer, another chain, or anything that was left unread or taken on trust.
    """
    if decoded.complete is not True:
        return "the bytes hold something that cannot be read"
    if decoded.chain_id != chain_id:
        return f"the bytes are for chain {decoded.chain_id}, not {chain_id}"
    if decoded.account != account.address:
        return f"the bytes are paid by {decoded.account}, not by {account.address}"
    if decoded.max_fee.asset != resolved.likely_fee.asset or not 0 <= decoded.max_fee.units <= fee_cap:
        bound = f"0 to {fee_cap} of {resolved.likely_fee.asset}"
        return f"the bytes allow a fee of {decoded.max_fee.units} of {decoded.max_fee.asset}, not one of {bound}"
    if (decoded.memo or "") != (resolved.intent.memo or ""):
        return "the bytes carry another memo"
    unproven = decoded.on_trust - {RENT}
    if unproven or (decoded.on_trust and not _rent_alone(decoded, resolved)):
        return (
            f"the bytes prove nothing of {', '.join(sorted(unproven or decoded.on_trust))}: it is only what a node said"
        )
    return _effects_mismatch(decoded.effects, resolved.effects)


def _rent_alone(decoded: Decoded, resolved: Resolved) -> bool:
    """Whether what is locked is native, so that trust in it can cost no more than the chain's own rule takes."""
    locked = [effect for effect in decoded.effects if effect.what is What.LOCKED]
    return all(effect.asset == resolved.likely_fee.asset for effect in locked)


def _effects_mismatch(found: tuple[Effect, ...], judged: tuple[Effect, ...]) -> str | None:
    strange = next((effect for effect in (*found, *judged) if effect.what in _NEVER), None)
    if strange is not None:
        return f"the bytes hold what nobody can judge: {strange.what.value} {strange.method or ''}".rstrip()
    more, less = Counter(found) - Counter(judged), Counter(judged) - Counter(found)
    if more:
        return f"the bytes do more than was judged: {_described(next(iter(more)))}"
    if less:
        return f"the bytes do less than was judged: {_described(next(iter(less)))}"
    return None


def _described(effect: Effect) -> str:
    return f"{effect.what.value} {effect.units} of {effect.asset} to {effect.to}"
