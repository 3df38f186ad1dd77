"""Recursive length prefix (Ethereum Yellow Paper, appendix B), of the two depths that transactions have. Pure.

``decode_list`` accepts exactly what ``encode_list`` writes: one reading for each list, so that re-encoded bytes are the bytes.
"""

from collections.abc import Sequence

from waiaas.errors import Malformed

Item = bytes | tuple[bytes, ...]

_STRING, _LIST = 0x80, 0xC0
_SHORT = 55


def encode_list(items: Sequence[Item]) -> bytes:
    """A list of strings and of lists of strings."""
    return _with_head(b"".join(_encoded(item) for item in items), _LIST)


def decode_list(data: bytes) -> list[Item]:
    """What :func:`encode_list` wrote.

    :raises Malformed: for anything else: another length, a longer form than needed, bytes behind it, deeper lists
    """
    body, end, is_list = _item(data, 0)
    if not is_list or end != len(data):
        raise Malformed("these bytes are not one RLP list")
    items: list[Item] = []
    for inner, inner_is_list in _items(body):
        items.append(_strings(inner) if inner_is_list else inner)
    return items


def whole(value: int) -> bytes:
    """An integer as RLP has it: big-endian without leading zeros. :param value: 0 or more"""
    return value.to_bytes((value.bit_length() + 7) // 8)


def read_whole(item: Item, bits: int) -> int:
    """An integer of at most so many bits. :raises Malformed: with a leading zero, for a list, or when it is larger"""
    if not isinstance(item, bytes) or item[:1] == b"\0" or len(item) * 8 > bits:
        raise Malformed(f"a field of the transaction is not a whole number of {bits} bits")
    return int.from_bytes(item)


def _encoded(item: Item) -> bytes:
    if isinstance(item, tuple):
        return encode_list(item)
    if len(item) == 1 and item[0] < _STRING:
        return item
    return _with_head(item, _STRING)


def _with_head(body: bytes, short: int) -> bytes:
    if len(body) <= _SHORT:
        return bytes([short + len(body)]) + body
    size = whole(len(body))
    return bytes([short + _SHORT + len(size)]) + size + body


def _strings(body: bytes) -> tuple[bytes, ...]:
    found = _items(body)
    if any(is_list for _, is_list in found):
        raise Malformed("lists in a transaction are not that deep")
    return tuple(inner for inner, _ in found)


def _items(body: bytes) -> list[tuple[bytes, bool]]:
    found, position = [], 0
    while position < len(body):
        inner, position, is_list = _item(body, position)
        found.append((inner, is_list))
    return found


def _item(data: bytes, start: int) -> tuple[bytes, int, bool]:
    """One item: its content, where it ends, and whether it is a list."""
    if start >= len(data):
        raise Malformed("the RLP ends too early")
    head = data[start]
    if head < _STRING:
        return data[start : start + 1], start + 1, False
    is_list = head >= _LIST
    short = _LIST if is_list else _STRING
    begin, length = _long(data, start, head - short - _SHORT) if head > short + _SHORT else (start + 1, head - short)
    content = data[begin : begin + length]
    if len(content) != length or (not is_list and length == 1 and content[0] < _STRING):
        raise Malformed("the RLP is cut short, or longer than it need be")
    return content, begin + length, is_list


def _long(data: bytes, start: int, width: int) -> tuple[int, int]:
    size = data[start + 1 : start + 1 + width]
    length = int.from_bytes(size)
    if len(size) != width or size[0] == 0 or length <= _SHORT:
        raise Malformed("the RLP is cut short, or longer than it need be")
    return start + 1 + width, length
