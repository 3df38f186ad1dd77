"""What a person typed of an id becomes the whole, where it is the only one that begins so."""

import re
from typing import Literal

from waiaas_sdk import BadRequest, NotFound, Operator

from waiaas.cli.exits import USAGE, Failure

Noun = Literal["agent", "session", "policy", "transaction", "channel", "approval"]
_PART = re.compile(r"[0-9a-f][0-9a-f-]{3,34}", re.ASCII)
_WHOLE = 36


def whole(daemon: Operator, noun: Noun, text: str) -> str:
    """The id that begins so; the text itself where none does, for the daemon to say so. Whole ids and names cost no call.

    :raises Failure: several begin so: nothing is guessed, whatever was to be done with it
    """
    if not is_part(text):
        return text
    found = daemon.ids_beginning(text, noun)
    if len(found) > 1:
        raise Failure(
            f"several {_plural(noun)} begin with {text}: {', '.join(found)}",
            hint="write more of the one that is meant",
            exit_code=USAGE,
            code="AMBIGUOUS_ID",
            details={"candidates": found},
        )
    return found[0] if found else text


def whole_agent(daemon: Operator, text: str) -> str:
    """The same for an agent, whose name goes before: a name may look like the beginning of an id."""
    if not is_part(text):
        return text
    try:
        return daemon.agents.show(text).id
    except (NotFound, BadRequest):
        return whole(daemon, "agent", text)


def is_part(text: str) -> bool:
    """Whether this can be the beginning of an id, and not all of one."""
    return len(text) < _WHOLE and _PART.fullmatch(text) is not None


def _plural(noun: Noun) -> str:
    return "policies" if noun == "policy" else f"{noun}s"
