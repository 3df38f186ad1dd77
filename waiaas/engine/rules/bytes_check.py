"""The last check before the signer is asked: the bytes do what was judged, and nothing else (invariant 1)."""

from collections import Counter

from waiaas.interfaces.chain import Account, Decoded, Effect, Resolved, What


def mismatch(decoded: Decoded, resolved: Resolved, account: Account, chain_id: str, fee_cap: int) -> str | None:
    """Say how the decoded bytes differ from what was judged; None when they are within it.

    Effects must be the judged ones, each exactly once: a payment more, less or to somebody else is a mismatch, and so is
    a fee above the cap, another payer, another chain, or anything that was left unread.
    """
    if not decoded.complete:
        return "the bytes hold something that cannot be read"
    if decoded.chain_id != chain_id:
        return f"the bytes are for chain {decoded.chain_id}, not {chain_id}"
    if decoded.account != account.address:
        return f"the bytes are paid by {decoded.account}, not by {account.address}"
    if decoded.max_fee.asset != resolved.likely_fee.asset or decoded.max_fee.units > fee_cap:
        return f"the bytes allow a fee of {decoded.max_fee.units}, above the cap of {fee_cap}"
    if (decoded.memo or "") != (resolved.intent.memo or ""):
        return "the bytes carry another memo"
    return _effects_mismatch(decoded.effects, resolved.effects)


def _effects_mismatch(found: tuple[Effect, ...], judged: tuple[Effect, ...]) -> str | None:
    strange = [effect for effect in found if effect.what in (What.UNKNOWN, What.AUTHORITY)]
    if strange and not all(effect in judged for effect in strange):
        return (
            f"the bytes hold an effect that was not judged: {strange[0].what.value} {strange[0].method or ''}".rstrip()
        )
    more, less = Counter(found) - Counter(judged), Counter(judged) - Counter(found)
    if more:
        effect = next(iter(more))
        return f"the bytes do more than was judged: {effect.what.value} {effect.units} of {effect.asset} to {effect.to}"
    if less:
        effect = next(iter(less))
        return f"the bytes do less than was judged: {effect.what.value} {effect.units} of {effect.asset} to {effect.to}"
    return None
