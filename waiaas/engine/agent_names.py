"""What an agent may be called: a name that a person tells from every other, on any screen and in any command."""

import unicodedata
from functools import lru_cache

from waiaas.engine.rules.text import clean
from waiaas.errors import BadRequest, Conflict
from waiaas.store.database import Unit

LONGEST_NAME = 64
_ALIKE = str.maketrans({"I": "l", "1": "l", "|": "l", "0": "o", "O": "o"})
_FULL_TABLE = 128


def read_name(text: str) -> str:
    """Pure. The name as it is stored: without what cannot be seen, in NFC. Idempotent.

    :raises BadRequest: an empty or long one; one that a command would take for an option or for all agents
    """
    name = unicodedata.normalize("NFC", clean(text))
    if not 0 < len(name) <= LONGEST_NAME:
        raise BadRequest(f"an agent's name has 1 to {LONGEST_NAME} visible characters, and this has {len(name)}")
    if name.startswith("-"):
        raise BadRequest(
            f"the name {name!r} begins with a dash, as options of a command do", hint="begin with a letter"
        )
    if "*" in name:
        raise BadRequest(f"the name {name!r} has a *, which means all agents in rules", hint="leave the * out")
    return name


def require_unlike_others(unit: Unit, name: str, agent_id: str | None = None) -> None:
    """Refuse a name that another agent has, or that looks like one's: the wrong agent would be funded or stopped.

    :param agent_id: whose name it is to be, which it may already be; None for an agent that is not stored yet
    :raises Conflict: NAME_TAKEN
    """
    same = unit.agents.by_name(name) or unit.agents.get(name)
    if same is not None and same.id != agent_id:
        raise Conflict(f"there is an agent named {name!r} already", code="NAME_TAKEN", hint="choose another name")
    looks = skeleton(name)
    for other_id, other in unit.agents.names():
        if other_id != agent_id and skeleton(other) == looks:
            raise Conflict(
                f"{name!r} looks like {other!r}, the name of another agent",
                code="NAME_TAKEN",
                hint="choose a name that nobody takes for the other",
            )


@lru_cache(maxsize=65536)
def skeleton(name: str) -> str:
    """Pure. Equal for names that look alike (Unicode UTS 39, 4), in any case of their letters."""
    if name.isascii():
        return name.translate(_ALIKE).casefold()
    letters = unicodedata.normalize("NFKD", name)
    plain = "".join(map(_plain, (letter for letter in letters if not unicodedata.combining(letter))))
    return plain.translate(_ALIKE).casefold()


def _plain(letter: str) -> str:
    """The ASCII letter that this one looks like, where there is one; else the first of those that look alike."""
    if ord(letter) < _FULL_TABLE:
        return letter
    from confusable_homoglyphs.confusables import confusables_data  # noqa: PLC0415 - 18 MB that few names need

    twins: list[str] = [twin["c"] for twin in confusables_data.get(letter, ()) if len(twin["c"]) == 1]
    return min((twin for twin in twins if twin.isascii()), default=min([letter, *twins]))
