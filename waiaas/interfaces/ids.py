"""Names of chains, accounts and assets: CAIP-2, CAIP-10, CAIP-19, and the two words ``native`` and ``network:asset``."""

import re
from dataclasses import dataclass

from waiaas.errors import Malformed

_CAIP2 = re.compile(r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}")
_CAIP10 = re.compile(r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}:[-.%a-zA-Z0-9]{1,128}")
_CAIP19 = re.compile(r"[-a-z0-9]{3,8}:[-_a-zA-Z0-9]{1,32}/[-a-z0-9]{3,8}:[-.%a-zA-Z0-9]{1,128}")
_AMOUNT = re.compile(r"[1-9][0-9]{0,77}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChainRef:
    """A chain by its CAIP-2 parts, as in ``solana`` and ``5eykt4UsFv8P8NJdTREpY1vzqKqZKvdp``."""

    namespace: str
    reference: str

    def __str__(self) -> str:
        return f"{self.namespace}:{self.reference}"


def parse_chain_id(text: str) -> ChainRef:
    """Read a CAIP-2 chain id.

    :raises Malformed: when it does not match the standard's grammar
    """
    if not _CAIP2.fullmatch(text):
        raise Malformed(f"{text!r} is not a CAIP-2 chain id", hint="expected <namespace>:<reference>, such as eip155:1")
    namespace, reference = text.split(":", 1)
    return ChainRef(namespace=namespace, reference=reference)


def account_id(chain_id: str, address: str) -> str:
    """The CAIP-10 name of an account.

    :raises Malformed: when the parts do not make one
    """
    text = f"{chain_id}:{address}"
    if not _CAIP10.fullmatch(text):
        raise Malformed(f"{text!r} is not a CAIP-10 account id")
    return text


def asset_id(chain_id: str, namespace: str, reference: str) -> str:
    """The CAIP-19 name of an asset, such as ``solana:<ref>/slip44:501``.

    :raises Malformed: when the parts do not make one
    """
    text = f"{chain_id}/{namespace}:{reference}"
    if not is_asset_id(text):
        raise Malformed(f"{text!r} is not a CAIP-19 asset id")
    return text


def is_asset_id(text: str) -> bool:
    """Whether ``text`` follows the grammar of CAIP-19 asset types."""
    return _CAIP19.fullmatch(text) is not None


def parse_units(text: object) -> int:
    """Read a wire amount: a decimal string of base units, at least 1, at most 78 ASCII digits.

    :raises Malformed: with code INVALID_AMOUNT for everything else, numbers, signs, exponents and other digits included
    """
    if not isinstance(text, str) or not _AMOUNT.fullmatch(text):
        raise Malformed(
            "an amount is a string of decimal digits in base units, at least 1 and without a leading zero",
            code="INVALID_AMOUNT",
            hint='send base units as a string, for example "1000000"',
        )
    return int(text)


def show_units(units: int, decimals: int) -> str:
    """Base units as people write them, in integers only: ``1500000`` with 6 decimals is ``1.5``.

    :param units: 0 or more
    :param decimals: 0 to 255; display only, whoever issued a token chose them
    """
    whole, part = divmod(units, 10**decimals)
    fraction = f"{part:0{decimals}d}".rstrip("0") if decimals else ""
    return f"{whole}.{fraction}" if fraction else str(whole)


def asset_reference(asset: str) -> str:
    """The last part of a CAIP-19 id: a token's address, without its chain. Other texts are returned as they are."""
    return asset.rpartition("/")[2].partition(":")[2] or asset
