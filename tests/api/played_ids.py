"""Ids by how they begin, played."""

from collections.abc import Sequence
from dataclasses import dataclass

from waiaas.engine.ids import FoundId

from .played import Played
from .records import AGENT_ID


@dataclass
class Ids(Played):
    def beginning(self, beginning: str, noun: str | None = None) -> Sequence[FoundId]:
        self.called("beginning", beginning=beginning, noun=noun)
        return (FoundId(noun="agent", id=AGENT_ID),)
