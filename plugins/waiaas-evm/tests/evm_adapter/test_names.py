"""Addresses and assets."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiaas_evm.addresses import address_of_key, checksummed, parse_address
from waiaas_evm.names import parse_asset

from waiaas.errors import Malformed

from .accounts import LOCAL, network

VECTORS = [
    # the test cases of EIP-55
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
]


@pytest.mark.parametrize("address", VECTORS)
def test_checksums_are_those_of_eip_55(address: str) -> None:
    """In one case or with its checksum, each address is one text."""
    digits = address[2:]
    assert checksummed(bytes.fromhex(digits)) == address
    for text in (address, "0x" + digits.lower(), "0x" + digits.upper()):
        assert parse_address(text) == address


@given(st.binary(min_size=20, max_size=20), st.integers(0, 39))
def test_one_wrong_capital_is_refused(data: bytes, at: int) -> None:
    """A mixed-case address with one letter in the other case is nobody's, unless it has no capitals left."""
    address = checksummed(data)
    typo = address[: 2 + at] + address[2 + at].swapcase() + address[3 + at :]
    if typo == address or typo[2:] in (typo[2:].lower(), typo[2:].upper()):
        return
    with pytest.raises(Malformed):
        parse_address(typo)


def test_a_keys_address_is_well_known() -> None:
    """The key 1 has the address that every EVM library gives it."""
    generator = bytes.fromhex("0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798")
    assert address_of_key(generator) == "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"


def test_assets_have_one_id() -> None:
    """A contract in any case, with or without its chain, is one id; another chain's is refused."""
    token = VECTORS[4]
    asset = f"eip155:31337/erc20:{token}"
    for text in (token, token.lower(), asset, asset.lower(), f"eip155:31337/erc20:{token.lower()}"):
        assert parse_asset(text, LOCAL) == asset
    for text in (
        f"eip155:1/erc20:{token}",
        f"eip155:31337/erc721:{token}",
        f"eip155:31337/slip44:{token}",
        "eip155:31337/slip44:61",
        network("ethereum").native.id,
        f"eip155:31337/erc20:{token[:-1]}",
        f"{asset} ",
        "eip155:31337/erc20:",
        "USDC",
    ):
        with pytest.raises(Malformed):
            parse_asset(text, LOCAL)
