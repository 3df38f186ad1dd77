"""Keccak-256 as Ethereum uses it (the padding before FIPS 202). Pure."""

from Crypto.Hash import keccak


def keccak256(data: bytes) -> bytes:
    """32 bytes."""
    return keccak.new(digest_bits=256, data=data).digest()


def selector(signature: str) -> bytes:
    """The first four bytes of a function's or an error's hash, from ``transfer(address,uint256)``."""
    return keccak256(signature.encode("ascii"))[:4]
