"""Text fields of requests, cleaned at the door: what could forge a line, hide a word or turn the reading direction is out."""

from collections.abc import Callable
from typing import Annotated

from pydantic import AfterValidator, Field

from waiaas.engine.rules.text import clean


def _not_blank(text: str) -> str:
    if not text:
        raise ValueError("says nothing that can be seen")
    return text


def _at_most(most: int) -> Callable[[str], str]:
    """Bytes, not letters: what is stored for good is counted as it is stored."""

    def check(text: str) -> str:
        if len(text.encode()) > most:
            raise ValueError(f"is longer than {most} bytes in UTF-8")
        return text

    return check


Name = Annotated[str, Field(min_length=1, max_length=64), AfterValidator(clean), AfterValidator(_not_blank)]
Memo = Annotated[str, Field(max_length=512), AfterValidator(clean), AfterValidator(_at_most(512))]
Note = Annotated[str, Field(max_length=1000), AfterValidator(clean), AfterValidator(_at_most(1000))]
