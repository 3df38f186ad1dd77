"""WAIaaS client library: wallets for AI agents, every payment judged by policy before a key is touched.

:class:`Client` is for agent programs, :class:`Operator` for the person who runs the daemon. Both are synchronous, typed,
and need nothing but httpx and pydantic. Amounts are ``int`` in base units.

*Owns* the client's side of the HTTP contract. *May import* httpx and pydantic, nothing of the daemon. *Invariant*: one send
pays at most once, whatever is repeated; the password goes to the admin socket only, unless a method named ``unverified_``
is called.
"""

from waiaas_sdk.client import Client
from waiaas_sdk.errors import (
    BadAnswer,
    BadRequest,
    ChainRefused,
    ChainUnreachable,
    Conflict,
    Denied,
    NotFound,
    NotReady,
    RateLimited,
    Stopped,
    Unauthenticated,
    Unreachable,
    WaiaasApiError,
    WaitTimeout,
)
from waiaas_sdk.models import (
    Address,
    Agent,
    Asset,
    Assets,
    AuditReport,
    AuditRow,
    AuditStretch,
    Backup,
    Balance,
    Chain,
    Channel,
    ChannelTest,
    CheckedConstraints,
    ConnectInfo,
    Health,
    IssuedSession,
    NativeAsset,
    OperatorToken,
    Page,
    Plugin,
    Session,
    Simulation,
    Token,
    Transaction,
)
from waiaas_sdk.operator import Operator
from waiaas_sdk.payment import PaymentFields, TokenFields
from waiaas_sdk.policy_models import AgentLimits, Backtest, BacktestRow, CheckedPolicy, Limit, Policy, PolicyType
from waiaas_sdk.stopping import Held, Recovered, StoppedAgent, StoppedSession, Stops
from waiaas_sdk.transport import Retry

__version__ = "0.1.0"

__all__ = [
    "Address",
    "Agent",
    "AgentLimits",
    "Asset",
    "Assets",
    "AuditReport",
    "AuditRow",
    "AuditStretch",
    "Backtest",
    "BacktestRow",
    "Backup",
    "BadAnswer",
    "BadRequest",
    "Balance",
    "Chain",
    "ChainRefused",
    "ChainUnreachable",
    "Channel",
    "ChannelTest",
    "CheckedConstraints",
    "CheckedPolicy",
    "Client",
    "Conflict",
    "ConnectInfo",
    "Denied",
    "Health",
    "Held",
    "IssuedSession",
    "Limit",
    "NativeAsset",
    "NotFound",
    "NotReady",
    "Operator",
    "OperatorToken",
    "Page",
    "PaymentFields",
    "Plugin",
    "Policy",
    "PolicyType",
    "RateLimited",
    "Recovered",
    "Retry",
    "Session",
    "Simulation",
    "Stopped",
    "StoppedAgent",
    "StoppedSession",
    "Stops",
    "Token",
    "TokenFields",
    "Transaction",
    "Unauthenticated",
    "Unreachable",
    "WaiaasApiError",
    "WaitTimeout",
]
