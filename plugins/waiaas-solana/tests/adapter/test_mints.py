"""Mints and token accounts read from their bytes: the layouts, the token's own fee, and the names people see."""

import struct
from fractions import Fraction
from math import ceil

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.pubkey import Pubkey
from solders.token.associated import get_associated_token_address
from waiaas_solana.mints import Mint, TransferFee, read_mint, read_token_account
from waiaas_solana.token_names import KNOWN, METADATA_PROGRAM, metadata_account, name_of
from waiaas_solana.token_programs import (
    TOKEN_2022_PROGRAM,
    TOKEN_METADATA,
    TOKEN_PROGRAM,
    TRANSFER_FEE,
    account_length,
    derived_account,
)

from .accounts import network

MINT = Pubkey(bytes([1]) * 32)
USDC = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"
PLAIN = bytes(44) + bytes([6, 1]) + bytes(36)
EXTENDED = PLAIN.ljust(165, b"\0") + b"\x01"
keys = st.binary(min_size=32, max_size=32).map(Pubkey)


def entry(kind: int, value: bytes) -> bytes:
    """One extension as it stands in an account."""
    return struct.pack("<HH", kind, len(value)) + value


def borsh(*texts: str) -> bytes:
    """Strings as Borsh writes them."""
    return b"".join(len(text.encode()).to_bytes(4, "little") + text.encode() for text in texts)


def named(symbol: str, name: str = "Some token", *, mint: Pubkey = MINT, on: str = "mainnet") -> tuple[str, str]:
    """What a token that calls itself so is called here."""
    value = bytes(32) + bytes(mint) + borsh(name, symbol, "")
    return name_of(
        Mint(address=mint, program=TOKEN_2022_PROGRAM, decimals=6, extensions={TOKEN_METADATA: value}), on, None
    )


# --- layouts --------------------------------------------------------------------------------------------------------------


@given(keys, keys, st.sampled_from([TOKEN_PROGRAM, TOKEN_2022_PROGRAM]))
def test_derived_accounts_are_the_associated_ones(owner: Pubkey, mint: Pubkey, program: Pubkey) -> None:
    """The account that is derived here is the one that solders derives."""
    assert derived_account(owner, mint, program) == get_associated_token_address(owner, mint, program)


def test_mints_are_read_with_their_extensions() -> None:
    """A plain mint has none; an extended one has those that follow its type byte, up to the first empty one."""
    for program in (TOKEN_PROGRAM, TOKEN_2022_PROGRAM):
        plain = read_mint(MINT, program, PLAIN)
        assert plain is not None
        assert (plain.decimals, plain.extensions) == (6, {})
    data = EXTENDED + entry(12, bytes([9]) * 32) + entry(999, b"?") + bytes(40)
    mint = read_mint(MINT, TOKEN_2022_PROGRAM, data)
    assert mint is not None
    assert mint.extensions == {12: bytes([9]) * 32, 999: b"?"}


@pytest.mark.parametrize(
    ("program", "data"),
    [
        (MINT, PLAIN),
        (TOKEN_PROGRAM, PLAIN[:-1]),
        (TOKEN_PROGRAM, PLAIN + b"\0"),
        (TOKEN_PROGRAM, EXTENDED),
        (TOKEN_PROGRAM, bytes(82)),
        (TOKEN_2022_PROGRAM, EXTENDED[:-1] + b"\x02"),
        (TOKEN_2022_PROGRAM, EXTENDED[:-1]),
        (TOKEN_2022_PROGRAM, EXTENDED + b"\x0c\x00\x20\x00" + bytes(31)),
        (TOKEN_2022_PROGRAM, EXTENDED + b"\x0c\x00\x20"),
        (TOKEN_2022_PROGRAM, EXTENDED + entry(12, bytes(31))),
        (TOKEN_2022_PROGRAM, EXTENDED + entry(1, bytes(107))),
        (TOKEN_2022_PROGRAM, EXTENDED + entry(12, bytes(32)) * 2),
        (TOKEN_2022_PROGRAM, b""),
    ],
)
def test_what_is_no_mint_is_none(program: Pubkey, data: bytes) -> None:
    """Another program's account, another length, another type, a length that runs over the end: no token."""
    assert read_mint(MINT, program, data) is None


@given(st.binary(max_size=400), st.sampled_from([TOKEN_PROGRAM, TOKEN_2022_PROGRAM]))
def test_random_data_is_no_token(data: bytes, program: Pubkey) -> None:
    """Whatever a node gives for a mint or an account is read or refused, without any other error."""
    for text in (data, EXTENDED + data, bytes(108) + b"\x01" + bytes(56) + b"\x02" + data):
        mint = read_mint(MINT, program, text)
        if mint is not None:
            name_of(mint, "mainnet", data)
        read_token_account(program, text)


def test_accounts_are_as_long_as_their_mints_extensions_make_them() -> None:
    """SPL Token's have 165 bytes; the other program adds a type byte, immutability, and what the mint's extensions need."""
    assert account_length(TOKEN_PROGRAM, [1, 26]) == 165
    assert account_length(TOKEN_2022_PROGRAM, []) == 170
    assert account_length(TOKEN_2022_PROGRAM, [12, 18, 19, 999]) == 170
    assert account_length(TOKEN_2022_PROGRAM, [1, 1, 14, 26]) == 170 + 12 + 5 + 4


# --- the token's own fee --------------------------------------------------------------------------------------------------


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1), st.integers(0, 10_000))
def test_the_fee_is_rounded_up_and_at_most_the_maximum(units: int, maximum: int, points: int) -> None:
    """Basis points of the amount, rounded up, never above the maximum or the amount."""
    fee = TransferFee(epoch=0, maximum=maximum, basis_points=points).of(units)
    assert fee == min(maximum, ceil(Fraction(units * points, 10_000)))
    assert fee <= units


@pytest.mark.parametrize(("epoch", "fee"), [(0, 1), (9, 1), (10, 2), (11, 2)])
def test_the_newer_fee_counts_from_its_epoch(epoch: int, fee: int) -> None:
    """Before the newer configuration's epoch the older one holds."""
    value = bytes(72) + struct.pack("<QQHQQH", 3, 1, 10_000, 10, 2, 10_000)
    mint = Mint(address=MINT, program=TOKEN_2022_PROGRAM, decimals=0, extensions={TRANSFER_FEE: value})
    assert mint.fee_of(100, epoch) == fee


# --- names ----------------------------------------------------------------------------------------------------------------


def test_known_tokens_are_called_what_the_table_says() -> None:
    """Whatever a known mint calls itself, the table's name stands; each network of the table lists its tokens."""
    usdc = Pubkey.from_string(USDC)
    assert named("FAKE", mint=usdc) == ("USDC", "USD Coin")
    assert f"{network('mainnet').chain_id}/token:{USDC}" in network("mainnet").tokens
    assert network("localnet").tokens == ()
    assert all(Pubkey.from_string(mint) for mints in KNOWN.values() for mint in mints)


@pytest.mark.parametrize(
    "symbol", ["USDC", "usdc", "Usdt", "SOL", "wSOL", "USD\u0421", "US DC", "", "X" * 17, "A\u202eB", "\0"]
)
def test_a_symbol_that_could_deceive_is_not_shown(symbol: str) -> None:
    """A known token's symbol in any case, other scripts, spaces, nothing and too much give way to the mint's characters."""
    text = str(MINT)
    assert named(symbol)[0] == f"{text[:4]}..{text[-4:]}"


def test_ordinary_names_are_shown_clean() -> None:
    """A plain symbol is shown; a name loses what is invisible, and everything after 64 characters."""
    assert named("BONK", "  Bonk\n \u202e\u200b\x07 Inu  ") == ("BONK", "Bonk Inu")
    assert len(named("BONK", "x" * 200)[1]) == 64
    assert named("USDC", on="localnet")[0] == "USDC"


def test_metadata_of_another_mint_is_not_believed() -> None:
    """Metadata that says it is another mint's, is cut off, or is of another version, names nothing."""
    other = Mint(
        address=MINT,
        program=TOKEN_2022_PROGRAM,
        decimals=6,
        extensions={TOKEN_METADATA: bytes(64) + borsh("Name", "SYM", "")},
    )
    assert name_of(other, "mainnet", None)[1] == ""
    plain = Mint(address=MINT, program=TOKEN_PROGRAM, decimals=6, extensions={})
    good = b"\x04" + bytes(32) + bytes(MINT) + borsh("Name\0\0", "SYM\0", "")
    assert name_of(plain, "mainnet", good) == ("SYM", "Name")
    for bad in (b"", b"\x05" + good[1:], good[:33] + bytes(32) + good[65:], good[:70], good[:65] + b"\xff" * 8):
        assert name_of(plain, "mainnet", bad)[1] == ""


def test_the_metadata_account_is_metaplexs() -> None:
    """The address is derived from Metaplex's program and the mint: USDC's is public knowledge."""
    assert str(metadata_account(Pubkey.from_string(USDC))) == "5x38Kp4hvdomTCnCrAny4UtMUt5rQBdB6px2K1Ui45Wq"
    assert str(METADATA_PROGRAM) == "metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s"
