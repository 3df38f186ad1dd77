"""What a handler gets and what it gives back."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pydantic import BaseModel

from waiaas.api.credentials import Gate, Shown
from waiaas.api.limits import Rates
from waiaas.api.waiting import WaitingRoom

if TYPE_CHECKING:
    from waiaas.engine.actors import Actor
    from waiaas.engine.services import Services


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """What all routes of one application share.

    :param waiting: one room a door, since each door has its own threads
    :param is_behind_tls: whether a proxy in front speaks TLS
    :param document: makes the OpenAPI document; cheap from the second call on
    """

    services: "Services"
    gate: Gate
    rates: Rates
    waiting: Mapping[str, WaitingRoom]
    document: Callable[[], bytes]
    is_behind_tls: bool = False


@dataclass(slots=True, kw_only=True)
class Visit:
    """One request from the front door to its answer.

    :param length: bytes of the body; None until it was looked at
    :param tcp_url: where TCP is served, as the server says; None where the request came over TCP
    :param statuses: of the errors that the route's description names; empty until there is a route
    """

    id: str
    shown: Shown
    length: int | None = None
    tcp_url: str | None = None
    statuses: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One admitted request.

    :param id: the ``{id}`` of the path; empty without
    """

    site: Site
    actor: "Actor"
    visit: Visit
    header: Callable[[str], str | None]
    id: str = ""

    @property
    def services(self) -> "Services":
        """The engine."""
        return self.site.services

    @property
    def waiting(self) -> WaitingRoom:
        """The waiting room of the door through which the call came."""
        return self.site.waiting[self.visit.shown.door]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """An answer that needs more than a model. :param status: the route's own when None; :param body: bytes go out as is"""

    body: BaseModel | bytes | None
    status: int | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str = "application/json"


Given = Reply | BaseModel | None
