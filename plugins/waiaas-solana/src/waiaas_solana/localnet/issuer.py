"""Tokens for tests: mints of either program with any extension, and units of them. The faucet is every authority.

Everything that the programs can do is done by their own instructions (``spl-token-2022``, ``instruction.rs`` and those of the
extensions); only what no program here makes (an extension of the future, Metaplex metadata) is written into the accounts.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from solders.account import Account
from solders.instruction import AccountMeta, Instruction
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from solders.system_program import ID as SYSTEM
from solders.system_program import CreateAccountParams, TransferParams, create_account, transfer
from solders.token.associated import get_associated_token_address

from .ledger import Ledger
from .token_layout import TOKEN_2022_PROGRAM, TOKEN_PROGRAM

_DERIVING = Pubkey.from_string("ATokenGPvbdGVxr1b2hvZbsiqW5xWH25efTNsLJA8knL")
_METAPLEX = Pubkey.from_string("metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s")
_PROGRAMS = {"spl-token": Pubkey.from_string(TOKEN_PROGRAM), "spl-token-2022": Pubkey.from_string(TOKEN_2022_PROGRAM)}
_MINT_LENGTH, _EXTENDED_LENGTH = 82, 166
_UNITS = 300_000
_STATE, _FROZEN = 108, 2
_FUTURE_EXTENSION = 999
_METADATA_RENT = 10_000_000
_INITIALIZE_METADATA = hashlib.sha256(b"spl_token_metadata_interface:initialize_account").digest()[:8]

_EXTENSIONS: dict[str, tuple[int, Callable[[bytes], bytes]]] = {
    "close-authority": (32, lambda key: b"\x19\x01" + key),
    "confidential": (65, lambda key: b"\x1b\x00" + key + b"\x00" + bytes(32)),
    "default-frozen": (1, lambda key: bytes([28, 0, _FROZEN])),
    "interest": (52, lambda key: b"\x21\x00" + key + struct.pack("<h", 500)),
    "non-transferable": (0, lambda key: b"\x20"),
    "pausable": (33, lambda key: b"\x2c\x00" + key),
    "permanent-delegate": (32, lambda key: b"\x23" + key),
    "transfer-hook": (64, lambda key: b"\x24\x00" + key + bytes(32)),
    "transfer-hook-program": (64, lambda key: b"\x24\x00" + key + bytes([7]) * 32),
}
"""Name to the length of its value in a mint, and the instruction that sets it up, with the faucet's key as authority."""
_FEE_LENGTH, _POINTER_LENGTH = 108, 64

EXTENSIONS = (*sorted(_EXTENSIONS), "unknown")
"""Names that :class:`MintKind` takes."""


@dataclass(frozen=True, slots=True)
class MintKind:
    """A kind of token.

    :param program: spl-token or spl-token-2022; whatever follows needs the latter.
    :param extensions: of ``EXTENSIONS``.
    :param fee: basis points and the maximum of the transfer-fee extension.
    :param metadata: symbol and name of the token-metadata extension.
    """

    decimals: int = 6
    program: str = "spl-token"
    extensions: tuple[str, ...] = ()
    fee: tuple[int, int] | None = None
    metadata: tuple[str, str] | None = None


class Issuer:
    """Makes tokens on a ledger; thread-safe as that is."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def mint(self, kind: MintKind, key: Keypair | None = None) -> str:
        """A new token; its mint's address.

        :param key: of the mint, for a token that is to be the same on every localnet; None makes one up.
        :raises ValueError: there is no such kind.
        """
        if kind.program not in _PROGRAMS or not set(kind.extensions) <= set(EXTENSIONS):
            raise ValueError(f"a mint is of {', '.join(_PROGRAMS)}, with extensions of {', '.join(EXTENSIONS)}")
        key, program = key or Keypair(), _PROGRAMS[kind.program]
        mint, faucet = key.pubkey(), self._ledger.faucet
        parts = self._set_up(kind, mint)
        length = _EXTENDED_LENGTH + sum(4 + one for one, _ in parts) if parts else _MINT_LENGTH
        create = CreateAccountParams(
            from_pubkey=faucet, to_pubkey=mint, lamports=self._ledger.rent_minimum(length), space=length, owner=program
        )
        metas = [AccountMeta(mint, False, True)]
        initialize = bytes([20, kind.decimals]) + bytes(faucet) + b"\x01" + bytes(faucet)
        instructions = [Instruction(program, data, metas) for data in (*(data for _, data in parts), initialize)]
        self._run([create_account(create), *instructions], key)
        if kind.metadata is not None:
            self._describe(program, mint, *kind.metadata)
        if "unknown" in kind.extensions:
            self._append(mint, struct.pack("<HH", _FUTURE_EXTENSION, 3) + b"???")
        return str(mint)

    def issue(self, mint: str, owner: str, units: int) -> str:
        """Units to an owner's associated account, opened and thawed where that is needed; the account's address.

        :raises ValueError: it would fail.
        """
        program, account = self._program(mint), self.account(mint, owner)
        self._run([self._opening(mint, owner)])
        if self._existing(Pubkey.from_string(account)).data[_STATE] == _FROZEN:
            self._run([self._by_faucet(program, b"\x0b", account, mint)])
        self._run([self._by_faucet(program, b"\x07" + units.to_bytes(8, "little"), mint, account)])
        return account

    def freeze(self, mint: str, owner: str) -> None:
        """Freeze an owner's associated account. :raises ValueError: it would fail."""
        self._run([self._by_faucet(self._program(mint), b"\x0a", self.account(mint, owner), mint)])

    def open(self, mint: str, owner: str) -> str:
        """An owner's associated account, opened where it is missing; its address. :raises ValueError: it would fail."""
        self._run([self._opening(mint, owner)])
        return self.account(mint, owner)

    def pause(self, mint: str) -> None:
        """Pause a token of the pausable extension. :raises ValueError: it would fail."""
        self._run([self._by_faucet(self._program(mint), b"\x2c\x01", mint)])

    def set_fee(self, mint: str, basis_points: int, maximum: int) -> None:
        """Another fee, from the second epoch after this on. :raises ValueError: it would fail."""
        data = b"\x1a\x05" + struct.pack("<HQ", basis_points, maximum)
        self._run([self._by_faucet(self._program(mint), data, mint)])

    def name(self, mint: str, symbol: str, name: str) -> None:
        """Metaplex metadata, which no program here could write."""
        key = Pubkey.from_string(mint)
        address, _ = Pubkey.find_program_address([b"metadata", bytes(_METAPLEX), bytes(key)], _METAPLEX)
        texts = [text.encode().ljust(width, b"\0") for text, width in ((name, 32), (symbol, 10), ("", 200))]
        data = b"\x04" + bytes(self._ledger.faucet) + bytes(key) + b"".join(_borsh(text) for text in texts) + bytes(64)
        self._ledger.put_account(address, Account(_METADATA_RENT, data, _METAPLEX, False))

    def account(self, mint: str, owner: str) -> str:
        """An owner's associated account."""
        key = get_associated_token_address(Pubkey.from_string(owner), Pubkey.from_string(mint), self._program(mint))
        return str(key)

    def _set_up(self, kind: MintKind, mint: Pubkey) -> list[tuple[int, bytes]]:
        faucet = bytes(self._ledger.faucet)
        parts = [(length, write(faucet)) for name, (length, write) in _EXTENSIONS.items() if name in kind.extensions]
        if kind.fee is not None:
            authorities = b"\x01" + faucet + b"\x01" + faucet
            parts.append((_FEE_LENGTH, b"\x1a\x00" + authorities + struct.pack("<HQ", *kind.fee)))
        if kind.metadata is not None:
            parts.append((_POINTER_LENGTH, b"\x27\x00" + faucet + bytes(mint)))
        return parts

    def _describe(self, program: Pubkey, mint: Pubkey, symbol: str, name: str) -> None:
        faucet = self._ledger.faucet
        data = _INITIALIZE_METADATA + b"".join(_borsh(text.encode()) for text in (name, symbol, ""))
        keys = [(mint, True), (faucet, False), (mint, False), (faucet, False)]
        metas = [AccountMeta(key, key == faucet, writable) for key, writable in keys]
        rent = transfer(TransferParams(from_pubkey=faucet, to_pubkey=mint, lamports=_METADATA_RENT))
        self._run([rent, Instruction(program, data, metas)])

    def _append(self, mint: Pubkey, entry: bytes) -> None:
        account = self._existing(mint)
        data = account.data if len(account.data) > _MINT_LENGTH else account.data.ljust(165, b"\0") + b"\x01"
        self._ledger.put_account(mint, Account(account.lamports + _METADATA_RENT, data + entry, account.owner, False))

    def _opening(self, mint: str, owner: str) -> Instruction:
        faucet, account = self._ledger.faucet, Pubkey.from_string(self.account(mint, owner))
        keys = [(faucet, True, True), (account, False, True), (Pubkey.from_string(owner), False, False)]
        keys += [(Pubkey.from_string(mint), False, False), (SYSTEM, False, False), (self._program(mint), False, False)]
        return Instruction(_DERIVING, b"\x01", [AccountMeta(*key) for key in keys])

    def _by_faucet(self, program: Pubkey, data: bytes, *accounts: str) -> Instruction:
        metas = [AccountMeta(Pubkey.from_string(account), False, True) for account in accounts]
        return Instruction(program, data, [*metas, AccountMeta(self._ledger.faucet, True, False)])

    def _program(self, mint: str) -> Pubkey:
        return self._existing(Pubkey.from_string(mint)).owner

    def _existing(self, key: Pubkey) -> Account:
        account = self._ledger.accounts([key])[0]
        if account is None:
            raise ValueError(f"there is no mint {key}")
        return account

    def _run(self, instructions: Sequence[Instruction], *signers: Keypair) -> None:
        self._ledger.run_as_faucet(instructions, signers, _UNITS)


def _borsh(text: bytes) -> bytes:
    return len(text).to_bytes(4, "little") + text
