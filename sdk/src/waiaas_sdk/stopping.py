"""The kill switch: stop everything, one agent or one session, see what is held, recover."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from pydantic import Field

from waiaas_sdk.credentials import Credentials
from waiaas_sdk.models import BaseUnits, Record
from waiaas_sdk.parsing import parse

PATH = "/v1/admin/kill-switch"


class StoppedAgent(Record):
    """An agent that is held up. ``recoverable_at`` is the end of its cooldown, if it has one."""

    id: str
    name: str
    state: str
    since: int
    reason: str = ""
    recoverable_at: int | None = None


class StoppedSession(Record):
    """A session that is held up and not revoked."""

    id: str
    agent_id: str
    since: int


class Held(Record):
    """A payment that waits, for a stop, a time or a person. ``is_signed``: its bytes exist, and no node has taken them."""

    id: str
    agent_id: str
    session_id: str | None = None
    type: str
    status: str
    tier: str
    chain: str
    network: str
    asset: str | None = None
    amount: BaseUnits | None = None
    to_address: str | None = None
    created_at: int | None = None
    is_signed: bool = False


class Stops(Record):
    """Every stop there is. ``state`` is that of everything; without a credential nothing else is told."""

    state: str
    since: int | None = None
    by: str = ""
    reason: str = ""
    recoverable_at: int | None = None
    stop_epoch: int = 0
    agents: list[StoppedAgent] = Field(default_factory=list)
    sessions: list[StoppedSession] = Field(default_factory=list)
    held: list[Held] = Field(default_factory=list)
    held_count: int = 0


class Recovered(Record):
    """What became of what was held: ids that go on, and ids that ended."""

    released: list[str]
    cancelled: list[str]


class KillSwitch:
    """Stops and recovers."""

    def __init__(self, credentials: Credentials) -> None:
        self._credentials = credentials

    def activate(
        self,
        state: Literal["SUSPENDED", "LOCKED"] = "SUSPENDED",
        *,
        agent_id: str | None = None,
        session_id: str | None = None,
        reason: str | None = None,
    ) -> Stops:
        """Stop; when this returns the last signature was made. Over the admin socket it needs no credential.

        :param agent_id: or its name; with neither it nor ``session_id`` everything is stopped
        :raises NotFound: for an agent or a session that is not there
        """
        body = _given({"state": state, "agentId": agent_id, "sessionId": session_id, "reason": reason})
        return parse(Stops, self._credentials.call("POST", PATH, body=body, repeatable=True))

    def status(self) -> Stops:
        """What is stopped, since when, when it can be lifted, and what is held."""
        return self._credentials.get(Stops, PATH)

    def recover(
        self, *, release: Sequence[str], agent_id: str | None = None, session_id: str | None = None
    ) -> Recovered:
        """Lift a stop; takes the master password itself. Held payments within it that are not released end.

        :param release: ids of those that go on the way they were going
        :raises Conflict: when nothing is stopped there, or the cooldown is not over: ``details["resetsAt"]``
        """
        body = _given({"agentId": agent_id, "sessionId": session_id, "release": list(release)})
        return parse(Recovered, self._credentials.call("POST", "/v1/admin/recover", body=body, with_password=True))


def _given(fields: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in fields.items() if value is not None}
