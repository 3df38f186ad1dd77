"""Signatures of secp256k1 over transactions: checked before they are attached, and read back from signed bytes. Pure."""

from functools import cache, lru_cache
from typing import Any

import coincurve

from waiaas.errors import Malformed
from waiaas_evm.addresses import address_of_key
from waiaas_evm.keccak import keccak256
from waiaas_evm.transaction import Signature, Transaction, read_signed, signed_bytes, unsigned_bytes

SIGNATURE_LENGTH = 65
_SCALAR = 32
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
"""Half the order of secp256k1: a larger s is refused (EIP-2)."""
_REMEMBERED = 4096


def attach_signature(tx: Transaction, address: str, signature: bytes) -> tuple[bytes, str]:
    """The wire bytes and the transaction's hash.

    A second reader that shares no code with this one, eth-account, must find the same sender and the same hash in them.

    :param signature: r, s and the parity of y (0 or 1): 65 bytes
    :raises Malformed: when it is not the account's over these bytes
    """
    parts = _parts(signature)
    if sender_of_digest(keccak256(unsigned_bytes(tx)), parts) != address:
        raise Malformed("the signature is not this account's over these bytes")
    raw = signed_bytes(tx, parts)
    tx_hash = hash_of(raw)
    if _second_reader().recover_transaction(raw) != address or read_signed(raw) != (tx, parts):
        raise Malformed("another reader of these bytes finds another sender in them")
    return raw, tx_hash


def hash_of(raw: bytes) -> str:
    """The hash by which everybody knows the signed bytes."""
    return "0x" + keccak256(raw).hex()


@lru_cache(maxsize=_REMEMBERED)
def sender_of(raw: bytes) -> str:
    """Whose signature signed bytes carry.

    :raises Malformed: when they are not ours to read, or nobody's
    """
    tx, signature = read_signed(raw)
    return sender_of_digest(keccak256(unsigned_bytes(tx)), signature)


def sender_of_digest(digest: bytes, signature: Signature) -> str:
    """The address that signed a hash.

    :raises Malformed: for a signature of nobody, or one with a large s
    """
    if signature.s > _HALF_ORDER:
        raise Malformed("the signature's s is above half the order of the curve (EIP-2)")
    compact = signature.r.to_bytes(_SCALAR) + signature.s.to_bytes(_SCALAR) + bytes([signature.parity])
    try:
        key = coincurve.PublicKey.from_signature_and_message(compact, digest, hasher=None)
    except Exception as problem:  # coincurve raises a bare one where there is no key
        raise Malformed("nobody made this signature") from problem
    return address_of_key(key.format(compressed=True))


def _parts(signature: bytes) -> Signature:
    if len(signature) != SIGNATURE_LENGTH or signature[-1] > 1:
        raise Malformed("a signature is 65 bytes: r, s, and 0 or 1")
    r, s = signature[:_SCALAR], signature[_SCALAR:-1]
    return Signature(parity=signature[-1], r=int.from_bytes(r), s=int.from_bytes(s))


@cache
def _second_reader() -> Any:
    """eth-account, loaded when first needed: half a second and 30 MB that no other path pays.

    :raises RuntimeError: when it would compute with its slow fallback instead of libsecp256k1
    """
    from eth_account import Account  # noqa: PLC0415 - see above
    from eth_keys.backends import get_backend_class  # noqa: PLC0415
    from eth_keys.backends.coincurve import CoinCurveECCBackend  # noqa: PLC0415

    backend = get_backend_class()
    if not (isinstance(backend, type) and issubclass(backend, CoinCurveECCBackend)):
        raise RuntimeError(
            "eth-keys does not compute with coincurve: install coincurve, and leave the variable ECC_BACKEND_CLASS unset"
        )
    return Account
