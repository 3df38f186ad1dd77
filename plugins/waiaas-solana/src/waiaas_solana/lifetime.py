"""How long bytes can land, kept as evidence beside them: the blockhash does not say it. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from waiaas.errors import Malformed

_WHOLE = re.compile(r"0|[1-9][0-9]{0,19}", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lifetime:
    """What the node said with the blockhash.

    :param slot: the slot at which it was asked: the bytes cannot have landed before
    :param last_valid_height: the last block height at which they can land
    """

    slot: int
    last_valid_height: int

    def to_evidence(self) -> Mapping[str, str]:
        """As evidence of Unsigned and Signed."""
        return {"slot": str(self.slot), "last_valid_height": str(self.last_valid_height)}


def read_lifetime(evidence: Mapping[str, str]) -> Lifetime:
    """What :meth:`Lifetime.to_evidence` wrote.

    :raises Malformed: when it is something else
    """
    if set(evidence) != {"slot", "last_valid_height"} or not all(_WHOLE.fullmatch(text) for text in evidence.values()):
        raise Malformed("the evidence does not say how long the blockhash lives")
    return Lifetime(slot=int(evidence["slot"]), last_valid_height=int(evidence["last_valid_height"]))
