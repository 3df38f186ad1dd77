"""What a token is called: from a small table, else from the chain, cleaned; what is left over is named by its mint. Pure.

Anybody may name a token as they like. A symbol that is not plain ASCII, or that belongs to the native asset or to a token of
the table, is not shown for another mint: the mint's own first and last characters are.
"""

import re
import unicodedata
from collections.abc import Mapping

from solders.pubkey import Pubkey

from waiaas_solana.mints import Mint
from waiaas_solana.token_programs import TOKEN_METADATA

METADATA_PROGRAM = Pubkey.from_string("metaqbxxUerdq28cj1RbAWkYQm3ybzjb6a8bt518x1s")
"""Metaplex Token Metadata."""

_WRAPPED = "So11111111111111111111111111111111111111112"
KNOWN: Mapping[str, Mapping[str, tuple[str, str]]] = {
    "mainnet": {
        "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v": ("USDC", "USD Coin"),
        "Es9vMFrzaCERmJfrF4H2FYD4KCoNkY11McCe8BenwNYB": ("USDT", "Tether USD"),
        "2b1kV6DkPAnxd5ixfnxCpjxmKwqjjaYmCZfHsFu24GXo": ("PYUSD", "PayPal USD"),
        "HzwqbKZw8HxMN6bF2yFZNrht3c2iXXzpKcFu7uBEDKtr": ("EURC", "EURC"),
        _WRAPPED: ("wSOL", "Wrapped SOL"),
    },
    "devnet": {
        "4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU": ("USDC", "USD Coin"),
        _WRAPPED: ("wSOL", "Wrapped SOL"),
    },
    "testnet": {_WRAPPED: ("wSOL", "Wrapped SOL")},
}
"""Network to mint to (symbol, name), as their issuers publish them (Circle, Tether, Paxos); wrapped SOL is SPL Token's own."""

_SYMBOL = re.compile(r"[!-~]{1,16}", re.ASCII)
_NAME_LENGTH = 64
_HEAD_OF_METAPLEX = 1 + 32 + 32
_METADATA_V1 = 4
_HIDDEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
_LONGEST = 256


def metadata_account(mint: Pubkey) -> Pubkey:
    """Where Metaplex keeps a mint's metadata."""
    parts = [b"metadata", bytes(METADATA_PROGRAM), bytes(mint)]
    return Pubkey.find_program_address(parts, METADATA_PROGRAM)[0]


def name_of(mint: Mint, network: str, metaplex: bytes | None) -> tuple[str, str]:
    """Symbol and name.

    :param metaplex: data of the metadata account, when it belongs to Metaplex
    """
    address = str(mint.address)
    known = KNOWN.get(network, {})
    if address in known:
        return known[address]
    told = _from_extension(mint) or (_from_metaplex(mint.address, metaplex) if metaplex is not None else None)
    symbol, name = told or ("", "")
    reserved = {"sol", *(taken.casefold() for taken, _ in known.values())}
    is_shown = _SYMBOL.fullmatch(symbol) is not None and symbol.casefold() not in reserved
    return symbol if is_shown else f"{address[:4]}..{address[-4:]}", _clean(name)


def _from_extension(mint: Mint) -> tuple[str, str] | None:
    value = mint.extensions.get(TOKEN_METADATA)
    if value is None or value[32:64] != bytes(mint.address):
        return None
    return _symbol_and_name(value[64:])


def _from_metaplex(mint: Pubkey, data: bytes) -> tuple[str, str] | None:
    if data[:1] != bytes([_METADATA_V1]) or data[33:_HEAD_OF_METAPLEX] != bytes(mint):
        return None
    return _symbol_and_name(data[_HEAD_OF_METAPLEX:])


def _symbol_and_name(data: bytes) -> tuple[str, str] | None:
    # name and symbol in Borsh: a length of four bytes, then UTF-8; Metaplex pads with zeros
    texts = []
    for _ in range(2):
        length = int.from_bytes(data[:4], "little")
        if len(data) < 4 or length > _LONGEST or len(data) < 4 + length:
            return None
        texts.append(data[4 : 4 + length].decode("utf-8", "replace").strip("\0 "))
        data = data[4 + length :]
    return texts[1], texts[0]


def _clean(text: str) -> str:
    shown = "".join(" " if char.isspace() else char for char in text if char.isspace() or not _is_hidden(char))
    return " ".join(shown.split())[:_NAME_LENGTH].rstrip()


def _is_hidden(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN
