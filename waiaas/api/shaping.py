"""Answers that the engine already words for the wire, checked against the model that documents them."""

import logging
from collections.abc import Mapping
from typing import Any, TypeVar

from pydantic import BaseModel, RootModel, ValidationError

_log = logging.getLogger("waiaas.api")
M = TypeVar("M", bound=BaseModel)


class Unchecked(RootModel[dict[str, Any]]):
    """An answer as the engine worded it."""


def shaped(model: type[M], wire: Mapping[str, Any]) -> M | Unchecked:
    """``wire`` as ``model``. Where the two disagree, the log says so and the engine's words go out as they are.

    A payment that was stored must not turn into a 5xx because of how its answer is dressed: a 5xx means that nothing
    was stored.
    """
    try:
        return model.model_validate(wire)
    except ValidationError as problem:
        fields = [".".join(map(str, item["loc"])) for item in problem.errors(include_input=False, include_url=False)]
        _log.error("an answer does not match %s in %s", model.__name__, ", ".join(fields))
        return Unchecked(dict(wire))
