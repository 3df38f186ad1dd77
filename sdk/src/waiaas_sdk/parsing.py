"""Answers into records."""

from typing import TypeVar

from pydantic import BaseModel, ValidationError

from waiaas_sdk.errors import BadAnswer
from waiaas_sdk.transport import Answer

R = TypeVar("R", bound=BaseModel)


def parse(kind: type[R], answer: Answer) -> R:
    """Read an answer as a record.

    :raises BadAnswer: when it is not one; the answer itself is not repeated in the message, it may hold a token
    """
    try:
        return kind.model_validate(answer.body)
    except ValidationError as error:
        fields = ", ".join(sorted({".".join(map(str, problem["loc"])) or "the whole" for problem in error.errors()}))
        raise BadAnswer(
            f"the daemon's answer is not a {kind.__name__}: {fields}",
            status=answer.status,
            code="BAD_ANSWER",
            hint="daemon and SDK may be of different versions",
        ) from None
