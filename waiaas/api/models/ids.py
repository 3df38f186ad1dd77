"""Ids by how they begin, on the wire."""

from typing import TYPE_CHECKING, Literal

from waiaas.api.models.wire import Answered, Asked

if TYPE_CHECKING:
    from waiaas.engine.ids import FoundId

Noun = Literal["agent", "session", "policy", "transaction", "channel", "approval"]


class IdsAsked(Asked):
    """:param noun: look among these alone"""

    noun: Noun | None = None


class IdItem(Answered):
    """:param noun: what it is an id of"""

    noun: Noun
    id: str

    @classmethod
    def of(cls, found: "FoundId") -> "IdItem":
        """From the engine's record."""
        return cls(noun=found.noun, id=found.id)


class IdsFound(Answered):
    """The newest eight of each noun."""

    items: list[IdItem]
