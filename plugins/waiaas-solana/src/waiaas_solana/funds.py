"""What signed payments will still take from an account, and which of them its balances show already. Network, and pure."""

from collections.abc import Sequence
from functools import lru_cache

from solders.pubkey import Pubkey

from waiaas.interfaces.chain import Signed
from waiaas_solana.batches import Answer, Batch
from waiaas_solana.decode import Reading
from waiaas_solana.evidence import read_evidence
from waiaas_solana.message import Opening, TokenTransfer, Transfer
from waiaas_solana.sightings import MOST_AT_ONCE, is_settled, sightings_call, sightings_of
from waiaas_solana.token_programs import derived_account
from waiaas_solana.wire import reading_of

_REMEMBERED = 4096


def ask_pending(batch: Batch, in_flight: Sequence[Signed]) -> Answer[Sequence[Signed]]:
    """Those of the payments that no balance shows yet.

    What is more than one call can ask about counts as unsettled: better too little than too much.
    """
    asked, rest = in_flight[:MOST_AT_ONCE], in_flight[MOST_AT_ONCE:]
    if not asked:
        return Answer.known(())
    return batch.ask(sightings_call(asked), lambda answer: (*_unsettled(answer, asked), *rest))


def lamports_taken(in_flight: Sequence[Signed]) -> int:
    """Lamports that signed payments take if all of them land: amounts, fees and rent.

    :raises Malformed: when one of them is not ours
    """
    return sum(_native_taken(one.raw) + _rent_of(one) for one in in_flight)


def units_taken(in_flight: Sequence[Signed], mint: Pubkey) -> int:
    """Base units of a token that signed payments take if all of them land.

    :raises Malformed: when one of them is not ours
    """
    return sum(_tokens_taken(one.raw).get(mint, 0) for one in in_flight)


def _unsettled(answer: object, asked: Sequence[Signed]) -> list[Signed]:
    sightings = sightings_of(answer, len(asked))
    return [one for one, sighting in zip(asked, sightings, strict=True) if not is_settled(sighting)]


def _rent_of(signed: Signed) -> int:
    opens = any(isinstance(step, Opening) for step in reading_of(signed.raw).steps)
    return (read_evidence(signed.evidence).rent or 0) if opens else 0


@lru_cache(maxsize=_REMEMBERED)
def _native_taken(raw: bytes) -> int:
    # the same bytes are asked about at every payment until they settle
    reading = reading_of(raw)
    paid = [step.lamports for step in reading.steps if isinstance(step, Transfer) and step.to != reading.payer]
    return reading.max_fee + sum(paid)


@lru_cache(maxsize=_REMEMBERED)
def _tokens_taken(raw: bytes) -> dict[Pubkey, int]:
    taken: dict[Pubkey, int] = {}
    reading = reading_of(raw)
    for step in reading.steps:
        if isinstance(step, TokenTransfer) and not _is_own(step, reading):
            taken[step.mint] = taken.get(step.mint, 0) + step.units
    return taken


def _is_own(step: TokenTransfer, reading: Reading) -> bool:
    return step.to == derived_account(reading.payer, step.mint, step.program)
