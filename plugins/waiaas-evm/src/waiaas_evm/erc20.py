"""Calls of ERC-20 contracts and the reading of their answers (EIP-20, Solidity's ABI). Pure.

Answers come from strangers' contracts: what does not have the expected shape is None, never an exception.
"""

from dataclasses import dataclass

from waiaas_evm.addresses import ADDRESS_LENGTH

WORD = 32
TRANSFER = bytes.fromhex("a9059cbb")
BALANCE_OF = bytes.fromhex("70a08231")
SYMBOL = bytes.fromhex("95d89b41")
NAME = bytes.fromhex("06fdde03")
DECIMALS = bytes.fromhex("313ce567")

_MOST_DECIMALS = 255


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenTransfer:
    """``transfer(address to, uint256 units)``. :param to: 20 bytes"""

    to: bytes
    units: int


def transfer_data(transfer: TokenTransfer) -> bytes:
    """The calldata, 68 bytes."""
    return TRANSFER + transfer.to.rjust(WORD, b"\0") + transfer.units.to_bytes(WORD)


def read_transfer(data: bytes) -> TokenTransfer | None:
    """What :func:`transfer_data` wrote; None for everything else, also where the address's upper bytes are not empty."""
    to = data[len(TRANSFER) + WORD - ADDRESS_LENGTH : len(TRANSFER) + WORD]
    transfer = TokenTransfer(to=to, units=int.from_bytes(data[-WORD:]))
    return transfer if transfer_data(transfer) == data else None


def balance_data(holder: bytes) -> bytes:
    """``balanceOf(address)``. :param holder: 20 bytes"""
    return BALANCE_OF + holder.rjust(WORD, b"\0")


def read_number(answer: bytes) -> int | None:
    """A ``uint256``."""
    return int.from_bytes(answer) if len(answer) == WORD else None


def read_decimals(answer: bytes) -> int | None:
    """A ``uint8``, in a word of its own."""
    number = read_number(answer)
    return number if number is not None and number <= _MOST_DECIMALS else None


def read_string(answer: bytes) -> str | None:
    """A ``string``, or a ``bytes32`` padded with zeros as some early tokens have it; not cleaned."""
    if len(answer) == WORD:
        return _text(answer.rstrip(b"\0"))
    if len(answer) < 2 * WORD or int.from_bytes(answer[:WORD]) != WORD:
        return None
    length = int.from_bytes(answer[WORD : 2 * WORD])
    content = answer[2 * WORD : 2 * WORD + length] if length <= len(answer) else b""
    return _text(content) if len(content) == length else None


def is_refusal(answer: bytes) -> bool:
    """Whether a ``transfer`` that did not revert says all the same that nothing was paid.

    Tokens that answer nothing are taken at their word; a word that is not 1 is a no, as Solidity's callers have it.
    """
    return bool(answer) and (len(answer) < WORD or int.from_bytes(answer[:WORD]) != 1)


def _text(content: bytes) -> str | None:
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return None
