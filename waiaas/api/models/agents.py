"""Agents on the wire."""

from typing import TYPE_CHECKING, Annotated

from pydantic import AfterValidator, Field

from waiaas.api.models.wire import Answered, Asked, PageAsked, UnixSeconds, Word
from waiaas.api.text import Name
from waiaas.engine.rules.text import clean

if TYPE_CHECKING:
    from waiaas.engine.views import AgentView


class CreateAgent(Asked):
    """:param chain: such as ``solana``; :param network: such as ``devnet``; left out, the chain's own for trying things out"""

    name: Name
    chain: Word
    network: Word | None = None


class RenameAgent(Asked):
    """The new name."""

    name: Name


class SuspendAgent(Asked):
    """Why, for whoever reads the audit trail."""

    reason: Annotated[str, Field(max_length=200), AfterValidator(clean)] | None = None


class ResumeAgent(Asked):
    """:param confirm_spent: after a restore: the daemon knows everything that this agent has spent"""

    confirm_spent: bool = False


class AgentsAsked(PageAsked):
    """Which agents to list."""

    status: Word | None = None


class AgentItem(Answered):
    """One agent's wallet.

    :param chain_id: CAIP-2; :param owner_state: NONE, GRACE or LOCKED
    :param is_test: whether the network's money is worth nothing; null where no plugin serves it
    """

    id: str
    name: str
    chain: str
    network: str
    chain_id: str
    public_key: str
    address: str
    status: str
    owner_state: str
    is_test: bool | None = None
    created_at: UnixSeconds
    updated_at: UnixSeconds
    suspended_at: UnixSeconds | None = None
    suspension_reason: str | None = None

    @classmethod
    def of(cls, view: "AgentView") -> "AgentItem":
        """From the engine's view."""
        agent = view.agent
        return cls(
            id=agent.id,
            name=agent.name,
            chain=agent.chain,
            network=agent.network,
            chain_id=view.chain_id,
            public_key=agent.public_key,
            address=agent.address,
            status=agent.status,
            owner_state=view.owner_state,
            is_test=view.is_test,
            created_at=agent.created_at,
            updated_at=agent.updated_at,
            suspended_at=agent.suspended_at,
            suspension_reason=agent.suspension_reason,
        )
