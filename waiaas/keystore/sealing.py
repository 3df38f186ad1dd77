"""Encryption for the daemon's own secrets, such as channel configurations, under a subkey that the signer derived."""

import os

from nacl.bindings import (
    crypto_aead_xchacha20poly1305_ietf_decrypt,
    crypto_aead_xchacha20poly1305_ietf_encrypt,
)
from nacl.exceptions import CryptoError

from waiaas.errors import StartRefused

_NONCE_BYTES = 24


def seal(subkey: bytes, plaintext: bytes, associated_data: bytes) -> bytes:
    """Encrypt and authenticate with XChaCha20-Poly1305.

    :param subkey: 32 bytes from :meth:`SignerClient.subkey`
    :param associated_data: what the result belongs to, such as table and row id; needed again to open
    :returns: nonce (24 bytes), ciphertext, tag (16)
    """
    nonce = os.urandom(_NONCE_BYTES)
    return nonce + crypto_aead_xchacha20poly1305_ietf_encrypt(plaintext, associated_data, nonce, subkey)


def unseal(subkey: bytes, sealed: bytes, associated_data: bytes) -> bytes:
    """Open what :func:`seal` made.

    :raises StartRefused: KEYSTORE_DAMAGED when it was edited, moved to another place, or sealed under another key
    """
    nonce, ciphertext = sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:]
    try:
        return crypto_aead_xchacha20poly1305_ietf_decrypt(ciphertext, associated_data, nonce, subkey)
    except (CryptoError, ValueError):
        raise StartRefused(
            "a sealed value does not open: it was edited, moved, or sealed by another keystore", code="KEYSTORE_DAMAGED"
        ) from None
