"""Blockhashes that carry their own slot, and the genesis hash.

A blockhash is a keyed digest of its slot followed by the masked slot, so that any hash this chain ever gave
out is recognised without keeping a list. The key is random for each run: a transaction signed for an earlier
run of the localnet is as unknown as after a reset of a real test validator.
"""

from __future__ import annotations

import hashlib
import secrets

from solders.hash import Hash

GENESIS_HASH = str(Hash(hashlib.sha256(b"waiaas solana localnet genesis v1").digest()))
"""The same in every run, and no other cluster's."""

CHAIN_ID = f"solana:{GENESIS_HASH[:32]}"
"""CAIP-2 (namespace solana: the first 32 characters of the genesis hash)."""

LIFETIME = 150
"""Blocks after its own in which a blockhash is accepted."""


class Blockhashes:
    """The blockhash of each slot of one run."""

    def __init__(self) -> None:
        self._key = secrets.token_bytes(32)
        self._mask = int.from_bytes(hashlib.sha256(self._key).digest()[:8], "big")

    def at(self, slot: int) -> Hash:
        """The hash of a slot's block; pure.

        :param slot: 0 to 2^64 - 1.
        """
        masked = (slot ^ self._mask).to_bytes(8, "big")
        return Hash(hashlib.sha256(self._key + masked).digest()[:24] + masked)

    def slot_of(self, blockhash: Hash) -> int | None:
        """The slot whose block has this hash, None for a hash that this chain never made."""
        slot = int.from_bytes(bytes(blockhash)[24:], "big") ^ self._mask
        return slot if self.at(slot) == blockhash else None

    def is_valid(self, blockhash: Hash, slot: int) -> bool:
        """Whether a block of this slot may hold a transaction with this hash.

        :param blockhash: the transaction's recent blockhash.
        :param slot: the block's slot.
        """
        made = self.slot_of(blockhash)
        return made is not None and made <= slot <= made + LIFETIME
