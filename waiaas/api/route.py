"""One row of the route table."""

from collections.abc import Callable, Mapping
from dataclasses import KW_ONLY, dataclass, field
from enum import Enum
from typing import Any, Generic, Literal, TypeVar

from pydantic import BaseModel

from waiaas.api.bodies import USUAL_BODY_BYTES
from waiaas.api.call import Call, Given
from waiaas.api.credentials import Credential

Method = Literal["GET", "POST", "PUT", "PATCH", "DELETE"]


class Seat(Enum):
    """Of a request, in the waiting room of its door."""

    NONE = "none"  # it never waits for anybody outside of this machine
    NODE = "node"  # it asks a node, or another service; refused with BUSY where no seat is free
    OUTCOME = "outcome"  # its handler waits for an outcome where a seat is free, and asks a node before where it must


A = TypeVar("A", bound=BaseModel)
BOTH_DOORS = frozenset({"tcp", "socket"})


@dataclass(frozen=True, slots=True)
class Route(Generic[A]):
    """A method on a path, who may call it, and what goes in and out.

    :param takes: the model of the query for GET, of the body for all else
    :param gives: the model of a success; None for 204 and for what is no JSON
    :param also: further successes by status, such as 202
    :param errors: statuses beyond those that every route of its kind can answer with
    :param if_unreadable: asked when the input does not fit ``takes``; may refuse in words that say more than that
    :param counts_as_send: whether it uses the agent's allowance of sends
    :param own_allowance: counted apart from the global limit
    :param most_body: bytes that a body may have
    :param seat: what of the waiting room it takes; a route that can touch a network takes one
    """

    method: Method
    path: str
    credential: Credential
    handler: Callable[[Call, A], Given]
    takes: type[A]
    gives: type[BaseModel] | None
    says: str
    _: KW_ONLY
    status: int = 200
    also: Mapping[int, type[BaseModel]] = field(default_factory=dict)
    errors: tuple[int, ...] = ()
    doors: frozenset[str] = BOTH_DOORS
    if_unreadable: Callable[[Call, Mapping[str, Any]], None] | None = None
    counts_as_send: bool = False
    own_allowance: bool = False
    most_body: int = USUAL_BODY_BYTES
    seat: Seat = Seat.NONE

    def __post_init__(self) -> None:
        if not isinstance(self.credential, Credential):
            raise TypeError(f"{self.method} {self.path} names no credential; a route without one does not start")
        if self.path.count("{") != self.path.count("{id}"):
            raise TypeError(f"{self.path} has a parameter other than {{id}}")
        if (self.gives is None) is not (self.status == 204) and self.path != "/metrics":
            raise TypeError(f"{self.method} {self.path}: a status of 204 and no model belong together")


AnyRoute = Route[Any]
