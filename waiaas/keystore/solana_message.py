"""Just enough of Solana's message format to tell a transaction from a text. Legacy and version 0; pure.

The signer uses it twice, with opposite strictness: what it signs as ``tx.solana`` must be exactly one such message in which
the key is a signer; what it signs as ``msg.solana`` must not even begin like one.
"""

from collections.abc import Iterator

_VERSION_ZERO = 0x80
_KEY_BYTES = 32
#: No cluster takes a longer transaction; today's limit is 1232.
_LONGEST = 4096


class _Cursor:
    """Reads forward and raises ValueError past the end."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, size: int) -> bytes:
        piece = self.data[self.at : self.at + size]
        if len(piece) != size:
            raise ValueError("too short")
        self.at += size
        return piece

    def byte(self) -> int:
        return self.take(1)[0]

    def count(self) -> int:
        """A compact-u16: seven bits a byte, at most three bytes, shortest form."""
        value = 0
        for place in range(3):
            byte = self.byte()
            value |= (byte & 0x7F) << (7 * place)
            if not byte & 0x80:
                if (place and not byte) or value > 0xFFFF:
                    raise ValueError("not the shortest form")
                return value
        raise ValueError("too long")


def message_signers(data: bytes) -> tuple[bytes, ...] | None:
    """The public keys that must sign, when these bytes are exactly one message; otherwise None."""
    cursor = _Cursor(data)
    try:
        signers = _read_message(cursor)
    except ValueError:
        return None
    return signers if cursor.at == len(data) else None


def may_be_transaction(data: bytes, public_key: bytes) -> bool:
    """Whether a signature of ``public_key`` over these bytes could ever serve a transaction. Errs towards True.

    True for everything that begins like a message, for every byte that marks a version (no UTF-8 text starts with one), and
    for everything that contains the raw key, without which no transaction needs its signature.
    """
    if public_key in data or (data and data[0] & 0xC0 == 0x80):
        return True
    try:
        _read_message(_Cursor(data[:_LONGEST]))
    except ValueError:
        return False
    return True


def _read_message(cursor: _Cursor) -> tuple[bytes, ...]:
    is_versioned = cursor.data[:1] == bytes([_VERSION_ZERO])
    cursor.at = int(is_versioned)
    required, readonly_signed, readonly_unsigned = cursor.take(3)
    keys = tuple(cursor.take(_KEY_BYTES) for _ in range(cursor.count()))
    if not 0 < required <= len(keys) or readonly_signed >= required or readonly_unsigned > len(keys) - required:
        raise ValueError("the header does not fit the keys")
    cursor.take(_KEY_BYTES)
    indexes = list(_read_instructions(cursor))
    loaded = _read_lookups(cursor) if is_versioned else 0
    if any(index >= len(keys) + loaded for index in indexes):
        raise ValueError("an index points nowhere")
    return keys[:required]


def _read_instructions(cursor: _Cursor) -> Iterator[int]:
    for _ in range(cursor.count()):
        yield cursor.byte()
        yield from cursor.take(cursor.count())
        cursor.take(cursor.count())


def _read_lookups(cursor: _Cursor) -> int:
    loaded = 0
    for _ in range(cursor.count()):
        cursor.take(_KEY_BYTES)
        loaded += len(cursor.take(cursor.count()))
        loaded += len(cursor.take(cursor.count()))
    return loaded
