"""What bytes would do, read from the bytes alone (invariant 1). Pure.

Two readings that must agree. Each instruction is read by itself, so that a person sees what strange bytes would do. Then the
plan that was read is composed again: unless that gives the very same bytes, something in them went unread (another order, a
spare account, a writable flag, a lookup table, a trailing byte) and they are not complete.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from solders.message import Message, MessageV0, from_bytes_versioned
from solders.pubkey import Pubkey

from waiaas.errors import Malformed
from waiaas.interfaces.chain import Effect, What
from waiaas_solana.instructions import (
    DATA_LIMIT,
    UNIT_LIMIT,
    UNIT_PRICE,
    Budget,
    Memo,
    Step,
    Strange,
    read_instruction,
)
from waiaas_solana.message import Opening, Plan, TokenTransfer, Transfer, compose
from waiaas_solana.pricing import MOST_UNITS, fee_of

_PACKET = 1232
"""The longest transaction on the wire (IPv6 minimum MTU less headers); a message is shorter still."""

_REMEMBERED = 1024
"""Each payment's bytes are read half a dozen times, and those in flight again for every payment that follows."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a message says.

    :param signers: how many signatures it wants
    :param max_fee: lamports that the network takes if it lands
    :param plan: the record it was composed from; None unless every byte is accounted for
    """

    payer: Pubkey
    signers: int
    steps: tuple[Step, ...]
    max_fee: int
    plan: Plan | None


@lru_cache(maxsize=_REMEMBERED)
def read_message(body: bytes) -> Reading:
    """Read a message. Readings are immutable and follow from the bytes alone, so the last ones are remembered.

    :raises Malformed: when it is not a message of version 0 or before
    """
    message = _parsed(body)
    keys = message.account_keys
    payer, signers = keys[0], message.header.num_required_signatures
    steps = tuple(_steps(message, keys, payer))
    plan = _plan(message, payer, steps)
    return Reading(
        payer=payer,
        signers=signers,
        steps=steps,
        max_fee=_fee(signers, steps),
        plan=plan if plan is not None and compose(plan) == body else None,
    )


def memo_of(reading: Reading) -> str | None:
    """The memo; of several, the lines of all."""
    memos = [step.text for step in reading.steps if isinstance(step, Memo)]
    return "\n".join(memos) if memos else None


def _parsed(body: bytes) -> Message | MessageV0:
    try:
        if len(body) > _PACKET:
            raise ValueError("too long")
        message = from_bytes_versioned(body)
    except ValueError as problem:
        raise Malformed("these bytes are not a Solana message") from problem
    if not isinstance(message, Message | MessageV0):
        raise Malformed("this version of Solana messages is not supported")
    _check_indexes(message)
    return message


def _check_indexes(message: Message | MessageV0) -> None:
    header, count = message.header, len(message.account_keys)
    signers, readonly = header.num_required_signatures, header.num_readonly_signed_accounts
    is_sound = readonly < signers <= count - header.num_readonly_unsigned_accounts
    if not is_sound or any(one.program_id_index >= count for one in message.instructions):
        raise Malformed("the message names accounts that it does not list")


def _steps(message: Message | MessageV0, keys: Sequence[Pubkey], payer: Pubkey) -> list[Step]:
    steps: list[Step] = []
    if isinstance(message, MessageV0) and message.address_table_lookups:
        steps.append(Strange(effect=Effect(what=What.UNKNOWN, method="address lookup table")))
    for instruction in message.instructions:
        # what a lookup table would supply is not in the bytes: the default key stands for it, and the reading is incomplete
        accounts = [keys[index] if index < len(keys) else Pubkey.default() for index in instruction.accounts]
        steps.append(read_instruction(keys[instruction.program_id_index], accounts, bytes(instruction.data), payer))
    return steps


def _plan(message: Message | MessageV0, payer: Pubkey, steps: Sequence[Step]) -> Plan | None:
    if any(isinstance(step, Strange) for step in steps):
        return None
    budget = {step.tag: step.value for step in steps if isinstance(step, Budget)}
    if set(budget) != {UNIT_LIMIT, UNIT_PRICE, DATA_LIMIT}:
        return None
    memos = [step.text for step in steps if isinstance(step, Memo)]
    return Plan(
        payer=payer,
        transfers=tuple(step for step in steps if isinstance(step, Transfer)),
        memo=memos[0] if memos else None,
        blockhash=message.recent_blockhash,
        unit_limit=budget[UNIT_LIMIT],
        unit_price=budget[UNIT_PRICE],
        data_limit=budget[DATA_LIMIT],
        opening=next((step for step in steps if isinstance(step, Opening)), None),
        token=next((step for step in steps if isinstance(step, TokenTransfer)), None),
    )


def _fee(signers: int, steps: Sequence[Step]) -> int:
    budget = {step.tag: step.value for step in steps if isinstance(step, Budget)}
    return fee_of(signers, budget.get(UNIT_LIMIT, MOST_UNITS), budget.get(UNIT_PRICE, 0))
