"""What a mint says of itself, and a token account of its own: read from the account's bytes. Pure.

Everything is read by the layouts of ``spl-token`` and ``spl-token-2022``; a length that runs over the end is no mint.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from solders.pubkey import Pubkey

from waiaas_solana.token_programs import (
    ACCOUNT_LENGTH,
    DEFAULT_STATE,
    MEMO_REQUIRED,
    MINT_CLOSE_AUTHORITY,
    MINT_LENGTH,
    PAUSABLE,
    PERMANENT_DELEGATE,
    TOKEN_2022_PROGRAM,
    TOKEN_PROGRAMS,
    TRANSFER_FEE,
    TRANSFER_HOOK,
    account_length,
)

_MINT, _ACCOUNT = 1, 2
_FROZEN = 2
_STATES = (1, _FROZEN)
_FEE_CONFIG_LENGTH = 108
_ALL = 10_000
"""Basis points of the whole."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TransferFee:
    """What a transfer costs the recipient from an epoch on.

    :param maximum: base units of the token; :param basis_points: 0 to 10000
    """

    epoch: int
    maximum: int
    basis_points: int

    def of(self, units: int) -> int:
        """Base units withheld from ``units``, rounded up (``TransferFee::calculate_fee``)."""
        return min(self.maximum, -(-units * self.basis_points // _ALL))


@dataclass(frozen=True, slots=True, kw_only=True)
class Mint:
    """A token.

    :param program: the token program that it belongs to
    :param extensions: type to value, empty for SPL Token
    """

    address: Pubkey
    program: Pubkey
    decimals: int
    extensions: Mapping[int, bytes]

    @property
    def takes_fees(self) -> bool:
        """Whether the transfer-fee extension is there, at whatever rate."""
        return TRANSFER_FEE in self.extensions

    def fee_of(self, units: int, epoch: int) -> int:
        """What is withheld from a transfer in an epoch: the newer configuration counts from its epoch on."""
        value = self.extensions.get(TRANSFER_FEE)
        if value is None:
            return 0
        older, newer = _transfer_fee(value, 72), _transfer_fee(value, 90)
        return (newer if epoch >= newer.epoch else older).of(units)

    @property
    def account_length(self) -> int:
        """Bytes of a derived account."""
        return account_length(self.program, self.extensions)

    @property
    def is_paused(self) -> bool:
        """Whether nothing can be transferred now."""
        return self.extensions.get(PAUSABLE, bytes(33))[32] != 0

    @property
    def is_default_frozen(self) -> bool:
        """Whether new accounts begin frozen."""
        return self.extensions.get(DEFAULT_STATE, b"\0")[0] == _FROZEN

    @property
    def has_hook(self) -> bool:
        """Whether a program of the issuer's runs at every transfer."""
        return any(self.extensions.get(TRANSFER_HOOK, bytes(64))[32:])


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenAccount:
    """What one account holds of a token.

    :param owner: the wallet; :param units: base units
    :param requires_memo: whether it takes transfers only with a memo right before them
    """

    mint: Pubkey
    owner: Pubkey
    units: int
    is_frozen: bool
    requires_memo: bool


_LENGTHS = {
    TRANSFER_FEE: _FEE_CONFIG_LENGTH,
    MINT_CLOSE_AUTHORITY: 32,
    DEFAULT_STATE: 1,
    PERMANENT_DELEGATE: 32,
    TRANSFER_HOOK: 64,
    PAUSABLE: 33,
}
"""Lengths of the values that are looked into."""


def read_mint(address: Pubkey, program: Pubkey, data: bytes) -> Mint | None:
    """The mint in an account's data; None for what is none, or cannot be read to its end."""
    extensions = _extensions(program, data, MINT_LENGTH, _MINT)
    if extensions is None or data[45] != 1:
        return None
    if any(len(extensions.get(kind, bytes(length))) != length for kind, length in _LENGTHS.items()):
        return None
    return Mint(address=address, program=program, decimals=data[44], extensions=extensions)


def read_token_account(program: Pubkey, data: bytes) -> TokenAccount | None:
    """The token account in an account's data; None for what is none, or cannot be read to its end."""
    extensions = _extensions(program, data, ACCOUNT_LENGTH, _ACCOUNT)
    if extensions is None or data[108] not in _STATES:
        return None
    return TokenAccount(
        mint=Pubkey(data[:32]),
        owner=Pubkey(data[32:64]),
        units=int.from_bytes(data[64:72], "little"),
        is_frozen=data[108] == _FROZEN,
        requires_memo=any(extensions.get(MEMO_REQUIRED, b"")),
    )


def _extensions(program: Pubkey, data: bytes, length: int, kind: int) -> Mapping[int, bytes] | None:
    if program not in TOKEN_PROGRAMS:
        return None
    if len(data) == length:
        return {}
    if program != TOKEN_2022_PROGRAM or len(data) <= ACCOUNT_LENGTH or data[ACCOUNT_LENGTH] != kind:
        return None
    return _entries(data[ACCOUNT_LENGTH + 1 :])


def _entries(data: bytes) -> Mapping[int, bytes] | None:
    found: dict[int, bytes] = {}
    while len(data) >= 2 and (kind := int.from_bytes(data[:2], "little")):
        end = 4 + int.from_bytes(data[2:4], "little")
        if len(data) < end or kind in found:
            return None
        found[kind] = data[4:end]
        data = data[end:]
    return found


def _transfer_fee(value: bytes, at: int) -> TransferFee:
    epoch, maximum = (int.from_bytes(value[at + offset : at + offset + 8], "little") for offset in (0, 8))
    return TransferFee(epoch=epoch, maximum=maximum, basis_points=int.from_bytes(value[at + 16 : at + 18], "little"))
