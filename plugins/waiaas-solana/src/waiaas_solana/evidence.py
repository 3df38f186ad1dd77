"""What is kept beside the bytes, because they do not say it: how long they live, whose the paid account is, its rent. Pure."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass

from waiaas.errors import Malformed

_WHOLE = re.compile(r"0|[1-9][0-9]{0,19}", re.ASCII)
_DIGEST = re.compile(r"[0-9a-f]{64}", re.ASCII)
_ADDRESS = re.compile(r"[1-9A-HJ-NP-Za-km-z]{32,44}", re.ASCII)
_LIFETIME = frozenset({"slot", "last_valid_height"})
_SHAPES = {"slot": _WHOLE, "last_valid_height": _WHOLE, "body": _DIGEST, "owner": _ADDRESS, "rent": _WHOLE}


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """What the node said with the blockhash.

    :param slot: the slot at which it was asked: the bytes cannot have landed before
    :param last_valid_height: the last block height at which they can land
    """

    slot: int
    last_valid_height: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """What ``build`` leaves for ``decode``.

    :param digest: SHA-256 of the body in hex; None in what was stored before there was one
    :param owner: the wallet that a token transfer pays: the bytes name only the account derived from it
    :param rent: lamports that go into that account when the bytes open it
    """

    lifetime: Lifetime
    digest: str | None = None
    owner: str | None = None
    rent: int | None = None

    def to_wire(self) -> Mapping[str, str]:
        """As evidence of Unsigned and Signed."""
        texts = {
            "slot": str(self.lifetime.slot),
            "last_valid_height": str(self.lifetime.last_valid_height),
            "body": self.digest,
            "owner": self.owner,
            "rent": None if self.rent is None else str(self.rent),
        }
        return {name: text for name, text in texts.items() if text is not None}


def digest_of(body: bytes) -> str:
    """By which a body that changed after it was built is known."""
    return hashlib.sha256(body).hexdigest()


def read_evidence(evidence: Mapping[str, str]) -> Evidence:
    """What :meth:`Evidence.to_wire` wrote.

    :raises Malformed: when it is something else
    """
    is_ours = evidence.keys() >= _LIFETIME and evidence.keys() <= _SHAPES.keys()
    if not is_ours or not all(_SHAPES[name].fullmatch(text) for name, text in evidence.items()):
        raise Malformed("the evidence does not say how long the blockhash lives")
    return Evidence(
        lifetime=Lifetime(slot=int(evidence["slot"]), last_valid_height=int(evidence["last_valid_height"])),
        digest=evidence.get("body"),
        owner=evidence.get("owner"),
        rent=int(evidence["rent"]) if "rent" in evidence else None,
    )
