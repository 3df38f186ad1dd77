"""Checkpoints of the audit log: what the signer signs for one, and how anybody checks it. Pure; runs in every process.

A checkpoint says of an installation: *the audit row with this id had this hash*. Whoever kept one finds every later edit of
that row or of one before it, a tail that was cut below it, and a log that was written again.
"""

import re

from nacl.bindings import crypto_sign_open
from nacl.exceptions import CryptoError

from waiaas.keystore.records import canonical_json

_DOMAIN = b"waiaas/audit-checkpoint/v1\0"
_HASH = re.compile(r"[0-9a-f]{64}")
_SIGNATURE = re.compile(r"[0-9a-f]{128}")
_INSTANCE = re.compile(r"[!-~]{1,64}")
_LATEST = 2**63


def checkpoint_message(instance_id: str, audit_id: int, audit_hash: str) -> bytes:
    """The bytes that are signed: a domain of their own, then canonical JSON of the three values.

    :param audit_hash: 64 lower-case hexadecimal digits
    :raises ValueError: for values that no audit log has
    """
    if _INSTANCE.fullmatch(instance_id) is None or _HASH.fullmatch(audit_hash) is None:
        raise ValueError("an instance id is 1 to 64 printable characters, an audit hash 64 hexadecimal digits")
    if not 1 <= audit_id < _LATEST:
        raise ValueError("audit rows are counted from 1")
    values = {"audit_hash": audit_hash, "audit_id": audit_id, "instance_id": instance_id}
    return _DOMAIN + canonical_json(values)


def is_checkpoint(*, instance_id: str, audit_id: int, audit_hash: str, public_key: str, signature: str) -> bool:
    """Whether the signature was made by this key for these values (Ed25519, RFC 8032). Malformed values are no checkpoint.

    It does not say whose key that is: compare it with one that is known from elsewhere.

    :param public_key: 64 hexadecimal digits; :param signature: 128
    """
    if _HASH.fullmatch(public_key) is None or _SIGNATURE.fullmatch(signature) is None:
        return False
    try:
        message = checkpoint_message(instance_id, audit_id, audit_hash)
        return crypto_sign_open(bytes.fromhex(signature) + message, bytes.fromhex(public_key)) == message
    except (ValueError, CryptoError):
        return False
