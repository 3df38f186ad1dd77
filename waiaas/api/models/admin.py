"""The daemon itself on the wire."""

from typing import TYPE_CHECKING, Any

from pydantic import RootModel

from waiaas.api.models.wire import Answered, Asked, Count, UnixSeconds

if TYPE_CHECKING:
    from waiaas.engine.backup_writing import Made
    from waiaas.store.examination import Finding


class HealthItem(Answered):
    """Whether the daemon is up.

    :param ready: it would take a payment now
    :param uptime: seconds
    :param degraded: whether something does not work all the same; the operator's status names it
    :param plugins_not_loaded: how many that should have been are not
    :param chains_not_served: how many a plugin that is there cannot serve
    :param networks_in_trouble: how many have no node that could be asked last time
    """

    status: str
    version: str
    uptime: Count
    schema_version: Count
    ready: bool
    degraded: bool = False
    plugins_not_loaded: Count = 0
    chains_not_served: Count = 0
    networks_in_trouble: Count = 0


class Login(Asked):
    """:param brief: a token for one piece of work: it lives a minute at most, and no row of the audit trail tells of it, as
    none tells of a password that comes with a request
    """

    brief: bool = False


class OperatorToken(Answered):
    """:param token: for ``Authorization: Bearer``; kept in memory only, dead after a restart"""

    token: str
    expires_at: UnixSeconds


class Done(Answered):
    """What was asked is under way or done."""

    status: str


class StatusItem(RootModel[dict[str, Any]]):
    """The daemon's state, as it describes it."""


class FindingItem(Answered):
    """A row that was changed outside of the daemon. :param how: edited, inserted, deleted or put_back"""

    table: str
    key: str
    how: str
    agent_id: str | None = None

    @classmethod
    def of(cls, finding: "Finding") -> "FindingItem":
        """From the store's record."""
        return cls(table=finding.table, key=finding.key, how=finding.how, agent_id=finding.agent_id)


class Findings(Answered):
    """Every such row."""

    items: list[FindingItem]


class BackupItem(Answered):
    """A backup that is on disk. :param file: its name in ``backups/``; :param bytes: its length"""

    file: str
    bytes: Count
    created_at: UnixSeconds
    instance_id: str
    schema_version: Count

    @classmethod
    def of(cls, made: "Made") -> "BackupItem":
        """From the engine's record."""
        header = made.header
        return cls(
            file=made.path.name,
            bytes=made.size,
            created_at=header.created_at,
            instance_id=header.instance_id,
            schema_version=header.schema_version,
        )
