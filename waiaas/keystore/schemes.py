"""The three signature schemes on locked memory. All are deterministic: the same key and message give the same bytes."""

import os
from typing import Any

from coincurve import _libsecp256k1

from waiaas.interfaces.signing import Scheme
from waiaas.keystore import sodium
from waiaas.keystore.memory import Secret

SECRET_BYTES = 32
#: Room that a scheme needs beside the secret: libsodium's expanded key (64) or libsecp256k1's key pair (96).
WORK_BYTES = 96

_ffi: Any = _libsecp256k1.ffi
_lib: Any = _libsecp256k1.lib
_context: Any = _ffi.gc(_lib.secp256k1_context_create(_lib.SECP256K1_CONTEXT_NONE), _lib.secp256k1_context_destroy)
# Blinds the arithmetic against side channels; the signatures stay the same.
_lib.secp256k1_context_randomize(_context, os.urandom(32))


def generate_into(secret: Secret, work: Secret, scheme: Scheme) -> bytes:
    """Draw a new key.

    :param secret: 32 bytes, filled
    :param work: room, wiped
    :returns: the public key: 32 bytes, for ECDSA 33 (compressed, SEC 1)
    """
    sodium.random_into(secret)
    while not is_key(secret, scheme):
        sodium.random_into(secret)
    return public_key(secret, work, scheme)


def is_key(secret: Secret, scheme: Scheme) -> bool:
    """Whether 32 bytes are a key: on secp256k1 a number from 1 to the order less 1; for Ed25519 anything but zero."""
    if scheme is Scheme.ED25519:
        return any(secret.view)
    return bool(_lib.secp256k1_ec_seckey_verify(_context, _at(secret)))


def public_key(secret: Secret, work: Secret, scheme: Scheme) -> bytes:
    """The public key of 32 secret bytes. ``work`` is wiped."""
    try:
        return _PUBLIC[scheme](secret, work)
    finally:
        work.wipe()


def sign(secret: Secret, work: Secret, scheme: Scheme, public: bytes, message: bytes) -> bytes:
    """Sign.

    :param public: the key's own public key
    :param message: for Ed25519 the message itself, otherwise a digest of 32 bytes
    :returns: 64 bytes (RFC 8032, BIP-340); for ECDSA 65: r, low s, recovery id (RFC 6979, BIP-62)
    """
    try:
        return _SIGN[scheme](secret, work, public, message)
    finally:
        work.wipe()


def sign_bip340(secret: Secret, work: Secret, message: bytes, auxiliary: bytes = bytes(32)) -> bytes:
    """BIP-340 over 32 bytes.

    :param auxiliary: the standard's auxiliary randomness; the signer leaves it at zero, which the standard permits
    """
    _require_digest(message)
    pair = _keypair(secret, work)
    out = _ffi.new("unsigned char[64]")
    if not _lib.secp256k1_schnorrsig_sign32(_context, out, message, pair, auxiliary):
        raise ValueError("libsecp256k1 refused to sign")
    return bytes(_ffi.buffer(out))


def uncompressed(public: bytes) -> bytes:
    """An ECDSA public key of 33 bytes as its 64 coordinates (SEC 1, without the leading 4). :raises ValueError: no point"""
    point, out, size = _ffi.new("secp256k1_pubkey *"), _ffi.new("unsigned char[65]"), _ffi.new("size_t *", 65)
    if not _lib.secp256k1_ec_pubkey_parse(_context, point, public, len(public)):
        raise ValueError("not a point of secp256k1")
    _lib.secp256k1_ec_pubkey_serialize(_context, out, size, point, _lib.SECP256K1_EC_UNCOMPRESSED)
    return bytes(_ffi.buffer(out))[1:]


def _at(secret: Secret) -> Any:
    return _ffi.cast("unsigned char *", secret.address)


def _keypair(secret: Secret, work: Secret) -> Any:
    pair = _ffi.cast("secp256k1_keypair *", work.address)
    if not _lib.secp256k1_keypair_create(_context, pair, _at(secret)):
        raise ValueError("not a secp256k1 key")
    return pair


def _require_digest(message: bytes) -> None:
    if len(message) != 32:
        raise ValueError("this scheme signs a digest of 32 bytes")


def _public_ed25519(secret: Secret, work: Secret) -> bytes:
    return sodium.ed25519_public(secret, work.part(0, 64))


def _public_ecdsa(secret: Secret, work: Secret) -> bytes:
    point = _ffi.new("secp256k1_pubkey *")
    if not _lib.secp256k1_ec_pubkey_create(_context, point, _at(secret)):
        raise ValueError("not a secp256k1 key")
    out, size = _ffi.new("unsigned char[33]"), _ffi.new("size_t *", 33)
    _lib.secp256k1_ec_pubkey_serialize(_context, out, size, point, _lib.SECP256K1_EC_COMPRESSED)
    return bytes(_ffi.buffer(out))


def _public_bip340(secret: Secret, work: Secret) -> bytes:
    point = _ffi.new("secp256k1_xonly_pubkey *")
    _lib.secp256k1_keypair_xonly_pub(_context, point, _ffi.NULL, _keypair(secret, work))
    out = _ffi.new("unsigned char[32]")
    _lib.secp256k1_xonly_pubkey_serialize(_context, out, point)
    return bytes(_ffi.buffer(out))


def _sign_ed25519(secret: Secret, work: Secret, public: bytes, message: bytes) -> bytes:
    expanded = work.part(0, 64)
    expanded.part(0, 32).copy_from(secret)
    expanded.view[32:64] = public
    return sodium.ed25519_sign(expanded, message)


def _sign_ecdsa(secret: Secret, work: Secret, public: bytes, message: bytes) -> bytes:
    _require_digest(message)
    signature = _ffi.new("secp256k1_ecdsa_recoverable_signature *")
    if not _lib.secp256k1_ecdsa_sign_recoverable(_context, signature, message, _at(secret), _ffi.NULL, _ffi.NULL):
        raise ValueError("libsecp256k1 refused to sign")
    out, recovery = _ffi.new("unsigned char[64]"), _ffi.new("int *")
    _lib.secp256k1_ecdsa_recoverable_signature_serialize_compact(_context, out, recovery, signature)
    return bytes(_ffi.buffer(out)) + bytes([recovery[0]])


def _sign_bip340(secret: Secret, work: Secret, public: bytes, message: bytes) -> bytes:
    return sign_bip340(secret, work, message)


_PUBLIC = {
    Scheme.ED25519: _public_ed25519,
    Scheme.ECDSA_SECP256K1: _public_ecdsa,
    Scheme.BIP340_SECP256K1: _public_bip340,
}
_SIGN = {Scheme.ED25519: _sign_ed25519, Scheme.ECDSA_SECP256K1: _sign_ecdsa, Scheme.BIP340_SECP256K1: _sign_bip340}
