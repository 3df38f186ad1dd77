"""What a model refuses is said in words, whatever library noticed it."""

import re
from typing import Annotated, Any, Literal, get_args

import pytest
from pydantic import AfterValidator, AnyUrl, BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import PydanticCustomError, core_schema

from waiaas.interfaces.misfits import _WORDS, misfit

RAW = re.compile(
    r"Input should|Value error|Extra inputs|Field required|should (be|have)|\{|pydantic|type=", re.IGNORECASE
)


def _refuse(value: int) -> int:
    raise ValueError("seven is taken")


def _refuse_too(value: int) -> int:
    raise PydanticCustomError("taken", "eight is taken")


class _Every(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    text: Annotated[str, Field(min_length=2, max_length=3, pattern="^[a-c]+$")] = "ab"
    whole: Annotated[int, Field(ge=1, le=9)] = 1
    other: Annotated[int, Field(gt=1, lt=9, multiple_of=2)] = 2
    switch: bool = True
    ratio: float = 1.0
    several: Annotated[list[int], Field(min_length=1, max_length=2)] = [1]
    inner: dict[str, int] = {}
    word: Literal["a", "b"] = "a"
    url: AnyUrl | None = None
    seven: Annotated[int, AfterValidator(_refuse)] = 7
    eight: Annotated[int, AfterValidator(_refuse_too)] = 8


def said(**given: Any) -> str:
    with pytest.raises(ValidationError) as refused:
        _Every.model_validate(given)
    return misfit(refused.value.errors()[0])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"text": 5}, "must be a text"),
        ({"text": "a"}, "must have 2 characters at least"),
        ({"text": "abca"}, "must have 3 characters at most"),
        ({"text": "zz"}, "must have the form ^[a-c]+$"),
        ({"whole": "1"}, "must be a whole number"),
        ({"whole": 0}, "must be 1 or more"),
        ({"whole": 10}, "must be 9 or less"),
        ({"other": 0}, "must be more than 1"),
        ({"other": 10}, "must be less than 9"),
        ({"other": 3}, "must be a multiple of 2"),
        ({"switch": "yes"}, "must be true or false"),
        ({"ratio": "1"}, "must be a number"),
        ({"several": []}, "must have 1 entries at least"),
        ({"several": [1, 2, 3]}, "must have 2 entries at most"),
        ({"inner": []}, "must be an object"),
        ({"word": "c"}, "must be 'a' or 'b'"),
        ({"url": "::"}, "must be a URL"),
        ({"unknown": 1}, "is unknown"),
        ({"seven": 7}, "seven is taken"),
        ({"eight": 8}, "eight is taken"),
    ],
    ids=str,
)
def test_each_kind_of_misfit_is_said_in_our_words(given: dict[str, Any], words: str) -> None:
    """The field must be something, with its bounds; what a validator of ours said stays as it said it."""
    assert said(**given) == words


def test_no_kind_is_said_in_the_librarys_words() -> None:
    """Every type of error that pydantic has becomes a sentence of ours, bounds known or not; ours are all types of its."""
    kinds = get_args(core_schema.ErrorType)
    assert set(_WORDS) <= set(kinds)
    for kind in kinds:
        words = misfit({"type": kind, "msg": "Input should be something else", "ctx": {}})
        if kind not in ("value_error", "assertion_error"):
            assert not RAW.search(words), (kind, words)
