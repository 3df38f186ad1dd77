"""What a chain adapter may ask to have signed. An adapter states the preimage; the signer hashes and signs it."""

from dataclasses import dataclass
from enum import StrEnum


class Scheme(StrEnum):
    """Signature schemes. Closed: these are what the signer can do."""

    ED25519 = "ed25519"  # RFC 8032
    ECDSA_SECP256K1 = "ecdsa-secp256k1"  # SEC 1, deterministic by RFC 6979, low s
    BIP340_SECP256K1 = "bip340-secp256k1"  # BIP-340


class Hash(StrEnum):
    """Hashes that the signer applies to a preimage. Closed; NONE is for schemes that hash by themselves."""

    NONE = "none"
    SHA256 = "sha256"
    SHA256D = "sha256d"
    KECCAK256 = "keccak256"
    SHA512_HALF = "sha512-half"
    BLAKE2B_256 = "blake2b-256"


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKey:
    """One public key.

    :param scheme: the scheme it verifies
    :param data: 32 bytes for Ed25519 and BIP-340, 33 (compressed, SEC 1) for ECDSA
    """

    scheme: Scheme
    data: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class SigningPayload:
    """One thing to sign.

    :param key: the key that must sign
    :param kind: ``tx.<chain>`` or ``msg.<standard>``; the signer signs only kinds of the key's own chain
    :param preimage: the very bytes, before any prefix and before hashing
    :param hash: applied inside the signer
    :param taproot_root: BIP-341 merkle root to tweak with, for BIP-340 keys alone
    """

    key: PublicKey
    kind: str
    preimage: bytes
    hash: Hash
    taproot_root: bytes | None = None
