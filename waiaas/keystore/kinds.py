"""What the signer is willing to sign: typed preimages of the key's own chain, and nothing that can pass for another type.

*Invariants* 2 and 13. Pure. A kind says what the preimage is; the signer adds the prefix of message kinds and hashes itself.
Refusals are :class:`waiaas.errors.Denied` with code FORBIDDEN.
"""

from collections.abc import Callable, Mapping
from typing import NoReturn

from waiaas.errors import Denied
from waiaas.interfaces.signing import Hash, Scheme
from waiaas.keystore.hashes import HASHES
from waiaas.keystore.records import KeyHeader
from waiaas.keystore.solana_message import may_be_transaction, message_signers

#: Typed envelopes of EIP-2718 in use: access list, fee market, blob, set code.
_EVM_TYPES = frozenset({0x01, 0x02, 0x03, 0x04})
_OWNER_DECISION = b"waiaas owner decision"


def bytes_to_sign(header: KeyHeader, kind: str, preimage: bytes, hash_: Hash) -> bytes:
    """What the scheme gets: a digest of 32 bytes, or for Ed25519 without a hash the message itself.

    :param header: of the key that is to sign
    :param kind: ``tx.<the key's chain>``, ``msg.eip191``, ``msg.eip712`` or ``msg.solana``
    :raises Denied: for another chain's kind, an unknown one, or a preimage that is not what its kind says
    """
    family, _, name = kind.partition(".")
    if family == "msg":
        return _message(header, kind, preimage, hash_)
    if family != "tx" or not name:
        _refuse(kind, "no such kind")
    if name != header.chain:
        _refuse(kind, f"the key belongs to chain {header.chain}")
    _TRANSACTIONS.get(name, _any_transaction)(header, kind, preimage, hash_)
    return HASHES[hash_](preimage)


def _message(header: KeyHeader, kind: str, preimage: bytes, hash_: Hash) -> bytes:
    if kind not in _MESSAGES:
        _refuse(kind, "no such kind")
    chain, compose = _MESSAGES[kind]
    if chain != header.chain:
        _refuse(kind, f"the key belongs to chain {header.chain}")
    if _OWNER_DECISION in preimage.lower():
        _refuse(kind, "it reads as an owner's decision")
    return HASHES[hash_](compose(header, kind, preimage, hash_))


def _any_transaction(header: KeyHeader, kind: str, preimage: bytes, hash_: Hash) -> None:
    if not preimage:
        _refuse(kind, "the preimage is empty")
    if hash_ is Hash.NONE and (header.scheme is not Scheme.ED25519 or len(preimage) == 32):
        _refuse(kind, "a bare hash is not signed: hand over the preimage and name the hash")


def _evm_transaction(header: KeyHeader, kind: str, preimage: bytes, hash_: Hash) -> None:
    _require(header, kind, hash_, Scheme.ECDSA_SECP256K1, Hash.KECCAK256)
    body = preimage[1:] if preimage[:1] and preimage[0] in _EVM_TYPES else preimage
    if not _is_one_rlp_list(body):
        _refuse(kind, "the preimage is neither an RLP list nor a typed envelope of one (EIP-2718)")


def _solana_transaction(header: KeyHeader, kind: str, preimage: bytes, hash_: Hash) -> None:
    _require(header, kind, hash_, Scheme.ED25519, Hash.NONE)
    signers = message_signers(preimage)
    if signers is None or bytes.fromhex(header.public_key) not in signers:
        _refuse(kind, "the preimage is not a Solana message that this key must sign")


def _eip191(header: KeyHeader, kind: str, preimage: bytes, hash_: Hash) -> bytes:
    _require(header, kind, hash_, Scheme.ECDSA_SECP256K1, Hash.KECCAK256)
    return b"\x19Ethereum Signed Message:\n" + str(len(preimage)).encode() + preimage


def _eip712(header: KeyHeader, kind: str, preimage: bytes, hash_: Hash) -> bytes:
    _require(header, kind, hash_, Scheme.ECDSA_SECP256K1, Hash.KECCAK256)
    if len(preimage) != 66 or preimage[:2] != b"\x19\x01":
        _refuse(kind, "the preimage is not 0x1901, a domain separator and a struct hash (EIP-712)")
    return preimage


def _solana_message(header: KeyHeader, kind: str, preimage: bytes, hash_: Hash) -> bytes:
    _require(header, kind, hash_, Scheme.ED25519, Hash.NONE)
    if may_be_transaction(preimage, bytes.fromhex(header.public_key)):
        _refuse(kind, "it could pass for a transaction")
    return preimage


def _require(header: KeyHeader, kind: str, hash_: Hash, scheme: Scheme, expected: Hash) -> None:
    if header.scheme is not scheme or hash_ is not expected:
        _refuse(kind, f"it takes {scheme.value} and hash {expected.value}")


def _is_one_rlp_list(data: bytes) -> bool:
    """Whether the outer item is a list of exactly this length (Ethereum Yellow Paper, appendix B)."""
    if not data or data[0] < 0xC0:
        return False
    if data[0] <= 0xF7:
        return len(data) == 1 + data[0] - 0xC0
    width = data[0] - 0xF7
    size = data[1 : 1 + width]
    if len(size) != width or size[0] == 0 or int.from_bytes(size) <= 55:
        return False
    return len(data) == 1 + width + int.from_bytes(size)


def _refuse(kind: str, why: str) -> NoReturn:
    raise Denied(f"the signer refuses {kind[:40]!a}: {why}", code="FORBIDDEN")


_TRANSACTIONS: Mapping[str, Callable[[KeyHeader, str, bytes, Hash], None]] = {
    "evm": _evm_transaction,
    "solana": _solana_transaction,
}
_MESSAGES: Mapping[str, tuple[str, Callable[[KeyHeader, str, bytes, Hash], bytes]]] = {
    "msg.eip191": ("evm", _eip191),
    "msg.eip712": ("evm", _eip712),
    "msg.solana": ("solana", _solana_message),
}
