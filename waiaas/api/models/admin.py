"""The daemon itself on the wire."""

from typing import Any

from pydantic import RootModel

from waiaas.api.models.wire import Answered, UnixSeconds


class HealthItem(Answered):
    """Whether the daemon is up. :param ready: it would take a payment now; :param uptime: seconds"""

    status: str
    version: str
    uptime: int
    schema_version: int
    ready: bool


class OperatorToken(Answered):
    """:param token: for ``Authorization: Bearer``; kept in memory only, dead after a restart"""

    token: str
    expires_at: UnixSeconds


class Done(Answered):
    """What was asked is under way or done."""

    status: str


class StatusItem(RootModel[dict[str, Any]]):
    """The daemon's state, as it describes it."""
