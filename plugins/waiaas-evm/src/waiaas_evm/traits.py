"""What the adapter must know of a network beyond what every family's networks have. Facts, no behaviour."""

from dataclasses import dataclass
from typing import Literal

Rollup = Literal["none", "op-stack"]
"""Who charges for a transaction's data apart from its gas: nobody, or the predeploys of the OP stack."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Finality:
    """When a block is taken for final.

    :param tag: the node's own word for it; None where the depth decides
    :param depth: so many blocks above it, where there is no such word; 0 is on inclusion
    """

    tag: Literal["finalized", "safe"] | None
    depth: int = 0

    def __str__(self) -> str:
        if self.tag is not None:
            return f"the node's block {self.tag!r}"
        return f"{self.depth} blocks deep" if self.depth else "on inclusion"


FINALIZED = Finality(tag="finalized")
ON_INCLUSION = Finality(tag=None, depth=0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Traits:
    """One network, as the adapter treats it.

    :param number: the chain id of EIP-155, which every transaction carries
    :param priority_floor: wei for one unit of gas below which its nodes or block makers pass a tip over
    :param keeps_everything: a chain of one's own whose node forgets no receipt
    """

    number: int
    finality: Finality
    priority_floor: int
    rollup: Rollup = "none"
    keeps_everything: bool = False
