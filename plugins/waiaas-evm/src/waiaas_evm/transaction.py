"""The two forms of transaction that this adapter writes, as a record and as bytes. Pure.

Type 2 (EIP-1559, in an envelope of EIP-2718) and type 0 with the chain id in what is signed (EIP-155). ``unsigned_bytes`` is
the only writer; ``read_unsigned`` accepts no bytes that it would not write for the same record.
"""

from dataclasses import dataclass
from functools import lru_cache

from waiaas.errors import Malformed
from waiaas_evm.addresses import ADDRESS_LENGTH
from waiaas_evm.rlp import Item, decode_list, encode_list, read_whole, whole

CALLDATA_BYTES = 16 * 1024
"""The longest calldata; 64 times what a token's transfer takes."""

_MOST_BYTES = CALLDATA_BYTES + 512
_FEE_MARKET = b"\x02"
_LEGACY_ITEMS, _FEE_MARKET_ITEMS = 9, 9
_SIGNATURE_ITEMS = 3
_EIP155 = 35
_MOST_NONCE = (1 << 64) - 2
"""EIP-2681."""
_REMEMBERED = 2048


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """Everything that the bytes of a transaction say, the signature apart.

    :param to: 20 bytes
    :param gas: the limit
    :param max_fee: wei for one unit of gas at most; the very price where ``is_legacy``
    :param tip: wei for one unit of gas that go to whoever makes the block; equal to ``max_fee`` where ``is_legacy``
    """

    chain: int
    nonce: int
    to: bytes
    value: int
    data: bytes
    gas: int
    max_fee: int
    tip: int
    is_legacy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Signature:
    """:param parity: of the point's y: 0 or 1; :param r, s: scalars of secp256k1"""

    parity: int
    r: int
    s: int


def unsigned_bytes(tx: Transaction) -> bytes:
    """What is hashed and signed."""
    if tx.is_legacy:
        return encode_list([*_legacy_items(tx), whole(tx.chain), b"", b""])
    return _FEE_MARKET + encode_list(_fee_market_items(tx))


def signed_bytes(tx: Transaction, signature: Signature) -> bytes:
    """What a node takes."""
    scalars = (whole(signature.r), whole(signature.s))
    if tx.is_legacy:
        return encode_list([*_legacy_items(tx), whole(tx.chain * 2 + _EIP155 + signature.parity), *scalars])
    return _FEE_MARKET + encode_list([*_fee_market_items(tx), whole(signature.parity), *scalars])


@lru_cache(maxsize=_REMEMBERED)
def read_unsigned(body: bytes) -> Transaction:
    """Read what :func:`unsigned_bytes` wrote. Readings follow from the bytes alone, so the last ones are remembered.

    :raises Malformed: for other types, contract creation, an access list, no chain id, and whatever is not canonical
    """
    items = _items(body)
    if body[:1] == _FEE_MARKET:
        tx = _read_fee_market(items)
    else:
        if len(items) != _LEGACY_ITEMS:
            raise Malformed("a transaction without a type must name its chain in what is signed (EIP-155)")
        tx = _read_legacy(items, read_whole(items[6], 64))
    if unsigned_bytes(tx) != body:
        raise Malformed("the transaction is not written in its one canonical form")
    return tx


@lru_cache(maxsize=_REMEMBERED)
def read_signed(raw: bytes) -> tuple[Transaction, Signature]:
    """Read what :func:`signed_bytes` wrote.

    :raises Malformed: for everything else
    """
    items = _items(raw)
    if raw[:1] == _FEE_MARKET:
        tail, items = items[_FEE_MARKET_ITEMS:], items[:_FEE_MARKET_ITEMS]
        tx, mark = _read_fee_market(items), read_whole(tail[0], 8) if len(tail) == _SIGNATURE_ITEMS else 2
    else:
        if len(items) != _LEGACY_ITEMS:
            raise Malformed("a signed transaction without a type has nine fields")
        tail, v = items[6:], read_whole(items[6], 72)
        tx, mark = _read_legacy(items, (v - _EIP155) // 2), (v - _EIP155) % 2
    if mark > 1:
        raise Malformed("the transaction carries no signature")
    signature = Signature(parity=mark, r=read_whole(tail[1], 256), s=read_whole(tail[2], 256))
    if signed_bytes(tx, signature) != raw:
        raise Malformed("the transaction is not written in its one canonical form")
    return tx, signature


def _items(data: bytes) -> list[Item]:
    if len(data) > _MOST_BYTES:
        raise Malformed(f"the transaction is longer than {_MOST_BYTES} bytes")
    return decode_list(data[1:] if data[:1] == _FEE_MARKET else data)


def _legacy_items(tx: Transaction) -> list[Item]:
    return [whole(tx.nonce), whole(tx.max_fee), whole(tx.gas), tx.to, whole(tx.value), tx.data]


def _fee_market_items(tx: Transaction) -> list[Item]:
    prices = [whole(tx.tip), whole(tx.max_fee), whole(tx.gas)]
    return [whole(tx.chain), whole(tx.nonce), *prices, tx.to, whole(tx.value), tx.data, ()]


def _read_fee_market(items: list[Item]) -> Transaction:
    if len(items) != _FEE_MARKET_ITEMS:
        raise Malformed("a fee market transaction has nine fields")
    return _checked(
        Transaction(
            chain=read_whole(items[0], 64),
            nonce=read_whole(items[1], 64),
            tip=read_whole(items[2], 256),
            max_fee=read_whole(items[3], 256),
            gas=read_whole(items[4], 64),
            to=_address(items[5]),
            value=read_whole(items[6], 256),
            data=_data(items[7]),
        )
    )


def _read_legacy(items: list[Item], chain: int) -> Transaction:
    price = read_whole(items[1], 256)
    return _checked(
        Transaction(
            chain=chain,
            nonce=read_whole(items[0], 64),
            tip=price,
            max_fee=price,
            gas=read_whole(items[2], 64),
            to=_address(items[3]),
            value=read_whole(items[4], 256),
            data=_data(items[5]),
            is_legacy=True,
        )
    )


def _checked(tx: Transaction) -> Transaction:
    if tx.chain < 1 or tx.nonce > _MOST_NONCE or tx.tip > tx.max_fee:
        raise Malformed("no node takes a transaction with this chain id, nonce or tip")
    return tx


def _address(item: Item) -> bytes:
    if not isinstance(item, bytes) or len(item) != ADDRESS_LENGTH:
        raise Malformed("the transaction has no recipient: contracts are not created here")
    return item


def _data(item: Item) -> bytes:
    if not isinstance(item, bytes) or len(item) > CALLDATA_BYTES:
        raise Malformed(f"calldata is at most {CALLDATA_BYTES} bytes")
    return item
