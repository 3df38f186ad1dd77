"""Commitments: what payments that are not final may still take from an account. Each is counted once.

What is signed an adapter reads from the bytes, because it alone knows which of them a node's balances show already; what is not
signed yet is known here alone, as reservations.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from waiaas.engine.variants import in_flight_of
from waiaas.interfaces.chain import Balance, InFlight
from waiaas.store.database import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class Commitments:
    """:param in_flight: all signed bytes that may still land; :param unsigned: base units by asset of payments without bytes"""

    in_flight: tuple[InFlight, ...]
    unsigned: Mapping[str, int]

    def left_of(self, balance: Balance) -> int:
        """Pure. What a further payment could use. :param balance: as the adapter told it, given :attr:`in_flight`"""
        return max(0, balance.spendable - self.unsigned.get(balance.asset.id, 0))


def commitments(unit: Unit, agent_id: str) -> Commitments:
    """An agent's, both parts as of one moment: read it before a node is asked, and what is signed meanwhile counts once too."""
    flying = unit.variants.of_agent_in_flight(agent_id)
    return Commitments(in_flight=in_flight_of(flying), unsigned=unit.reservations.unsigned(agent_id))
