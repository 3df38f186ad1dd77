"""Everything a door may call."""

from dataclasses import dataclass

from waiaas.engine.admin import Admin
from waiaas.engine.adoption import Adoption
from waiaas.engine.agents import Agents
from waiaas.engine.approvals import Approvals
from waiaas.engine.audit import Audit
from waiaas.engine.backtests import Backtests
from waiaas.engine.backups import Backups
from waiaas.engine.catalogue import Catalogue
from waiaas.engine.channels import Channels
from waiaas.engine.ids import Ids
from waiaas.engine.kill_switch import KillSwitch
from waiaas.engine.limits import Limits
from waiaas.engine.metrics import Metrics
from waiaas.engine.operator import Operator
from waiaas.engine.policies import Policies
from waiaas.engine.row_watch import RowWatch
from waiaas.engine.sessions import Sessions
from waiaas.engine.tokens import Tokens
from waiaas.engine.transactions import Transactions
from waiaas.engine.wallet import Wallet


@dataclass(frozen=True, slots=True, kw_only=True)
class Services:
    """One service a noun."""

    agents: Agents
    adoption: Adoption
    sessions: Sessions
    transactions: Transactions
    policies: Policies
    backtests: Backtests
    limits: Limits
    approvals: Approvals
    channels: Channels
    operator: Operator
    audit: Audit
    backups: Backups
    wallet: Wallet
    tokens: Tokens
    admin: Admin
    catalogue: Catalogue
    ids: Ids
    metrics: Metrics
    rows: RowWatch
    kill_switch: KillSwitch
