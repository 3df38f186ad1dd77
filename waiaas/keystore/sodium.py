"""libsodium by address: XChaCha20-Poly1305, BLAKE2b and randomness on slots of locked memory."""

from typing import Any

from nacl import _sodium

from waiaas.keystore.memory import Secret

KEY_BYTES = 32
NONCE_BYTES = 24
TAG_BYTES = 16
ED25519_SIGNATURE_BYTES = 64

_ffi: Any = _sodium.ffi
_lib: Any = _sodium.lib

_PERSONAL_BYTES = 16

if _lib.sodium_init() < 0:
    raise RuntimeError("libsodium did not initialise")


def pointer(secret: Secret) -> Any:
    """The address of a slot as libsodium wants it."""
    return _ffi.cast("unsigned char *", secret.address)


def random_into(out: Secret) -> None:
    """Fill a slot from the system's random source."""
    _lib.randombytes(pointer(out), out.size)


def seal(key: Secret, nonce: bytes, plaintext: Secret, associated: bytes) -> bytes:
    """Encrypt a slot with XChaCha20-Poly1305 (draft-irtf-cfrg-xchacha-03).

    :param nonce: 24 random bytes, never used again with this key
    :returns: ciphertext and tag, 16 bytes longer than the slot
    """
    out = _ffi.new("unsigned char[]", plaintext.size + TAG_BYTES)
    _lib.crypto_aead_xchacha20poly1305_ietf_encrypt(
        out, _ffi.NULL, pointer(plaintext), plaintext.size, associated, len(associated), _ffi.NULL, nonce, pointer(key)
    )
    return bytes(_ffi.buffer(out))


def open_into(out: Secret, key: Secret, nonce: bytes, ciphertext: bytes, associated: bytes) -> bool:
    """Decrypt into a slot of exactly the plaintext's size.

    :returns: whether key, nonce, ciphertext and associated data belong together; the slot is zero when they do not
    """
    if len(nonce) != NONCE_BYTES or len(ciphertext) != out.size + TAG_BYTES:
        return False
    code = _lib.crypto_aead_xchacha20poly1305_ietf_decrypt(
        pointer(out),
        _ffi.NULL,
        _ffi.NULL,
        ciphertext,
        len(ciphertext),
        associated,
        len(associated),
        nonce,
        pointer(key),
    )
    if code != 0:
        out.wipe()
    return bool(code == 0)


def derive_into(out: Secret, key: Secret, purpose: bytes) -> None:
    """BLAKE2b (RFC 7693) keyed with ``key``, personalised with ``purpose``: one subkey a purpose.

    :param purpose: at most 16 bytes, padded with zeros
    """
    if len(purpose) > _PERSONAL_BYTES:
        raise ValueError("a purpose has at most 16 bytes")
    personal = purpose.ljust(_PERSONAL_BYTES, b"\0")
    _lib.crypto_generichash_blake2b_salt_personal(
        pointer(out), out.size, b"", 0, pointer(key), key.size, bytes(16), personal
    )


def keyed_hash(key: Secret, data: bytes) -> bytes:
    """BLAKE2b-256 of ``data`` keyed with a slot: a message authentication code of 32 bytes."""
    out = _ffi.new("unsigned char[32]")
    _lib.crypto_generichash_blake2b_salt_personal(
        out, 32, data, len(data), pointer(key), key.size, bytes(16), bytes(16)
    )
    return bytes(_ffi.buffer(out))


def blake2b_256(data: bytes) -> bytes:
    """BLAKE2b-256, unkeyed (RFC 7693)."""
    out = _ffi.new("unsigned char[32]")
    zeros = bytes(16)
    _lib.crypto_generichash_blake2b_salt_personal(out, 32, data, len(data), _ffi.NULL, 0, zeros, zeros)
    return bytes(_ffi.buffer(out))


def sha256(data: bytes) -> bytes:
    """SHA-256 (FIPS 180-4)."""
    out = _ffi.new("unsigned char[32]")
    _lib.crypto_hash_sha256(out, data, len(data))
    return bytes(_ffi.buffer(out))


def sha512(data: bytes) -> bytes:
    """SHA-512 (FIPS 180-4)."""
    out = _ffi.new("unsigned char[64]")
    _lib.crypto_hash_sha512(out, data, len(data))
    return bytes(_ffi.buffer(out))


def ed25519_public(secret: Secret, expanded: Secret) -> bytes:
    """The public key of 32 secret bytes (RFC 8032).

    :param expanded: 64 bytes of room for libsodium's working form, left filled
    """
    public = _ffi.new("unsigned char[32]")
    _lib.crypto_sign_seed_keypair(public, pointer(expanded), pointer(secret))
    return bytes(_ffi.buffer(public))


def ed25519_sign(expanded: Secret, message: bytes) -> bytes:
    """Ed25519 (RFC 8032, pure).

    :param expanded: 64 bytes, the secret followed by **its own** public key: two signatures with another's reveal the secret
    """
    signed = _ffi.new("unsigned char[]", ED25519_SIGNATURE_BYTES + len(message))
    _lib.crypto_sign(signed, _ffi.NULL, message, len(message), pointer(expanded))
    return bytes(_ffi.buffer(signed, ED25519_SIGNATURE_BYTES))
