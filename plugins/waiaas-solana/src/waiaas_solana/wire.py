"""Signed bytes: a version 0 transaction with one signature. Pure."""

from solders.message import MessageV0, from_bytes_versioned
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.transaction import VersionedTransaction

from waiaas.errors import Malformed
from waiaas_solana.decode import Reading, read_message

SIGNATURE_LENGTH = 64
_HEAD = 1 + SIGNATURE_LENGTH
"""The count of signatures, one byte here, and the only signature."""


def attach_signature(body: bytes, signer: Pubkey, signature: bytes) -> tuple[bytes, str]:
    """The wire bytes and the transaction's id, which is its signature in base58.

    :raises Malformed: when the signature is not the signer's over these bytes
    """
    if len(signature) != SIGNATURE_LENGTH or not Signature(signature).verify(signer, body):
        raise Malformed("the signature is not this account's over these bytes")
    message = from_bytes_versioned(body)
    if not isinstance(message, MessageV0):
        raise Malformed("these bytes are not a version 0 message")
    transaction = VersionedTransaction.populate(message, [Signature(signature)])
    return bytes(transaction), str(Signature(signature))


def reading_of(raw: bytes) -> Reading:
    """What signed bytes say.

    :raises Malformed: when they are not a transaction of one signature
    """
    if len(raw) <= _HEAD or raw[0] != 1:
        raise Malformed("these are not the bytes of a transaction with one signature")
    return read_message(raw[_HEAD:])
