"""THE route table: every path of the API, who may call it, and what goes in and out. Nothing else adds a route."""

from waiaas.api.credentials import Credential
from waiaas.api.models.admin import BackupItem, Done, Findings, HealthItem, OperatorToken, StatusItem
from waiaas.api.models.agents import AgentItem, AgentsAsked, CreateAgent, RenameAgent, ResumeAgent, SuspendAgent
from waiaas.api.models.approvals import ApprovalPage
from waiaas.api.models.audit import AuditAsked, AuditItem, AuditReportItem, ExportAsked, ExportItem
from waiaas.api.models.catalogue import Catalogue
from waiaas.api.models.channels import ChannelItem, CreateChannel, ReplaceChannel, TrialItem
from waiaas.api.models.document import Document
from waiaas.api.models.intents import Simulated, Wish
from waiaas.api.models.kill_switch import RecoverAsked, RecoveredItem, StopAsked, StopsItem
from waiaas.api.models.policies import CreatePolicy, PoliciesAsked, PolicyItem, ReplacePolicy
from waiaas.api.models.sessions import IssuedItem, IssueSession, SessionItem, SessionsAsked
from waiaas.api.models.tokens import AddToken, TokenItem, TokenList, TokensAsked
from waiaas.api.models.transactions import Decide, Replace, TransactionItem, TransactionPage, TransactionsAsked
from waiaas.api.models.wallet import AddressItem, AssetsItem, BalanceAsked, BalanceItem, ConnectInfo, WalletAsked
from waiaas.api.models.wire import Nothing, PageAsked, PageOf
from waiaas.api.resources import (
    agents,
    approvals,
    audit,
    catalogue,
    channels,
    daemon,
    kill_switch,
    operator,
    policies,
    sessions,
    tokens,
    transactions,
    wallet,
)
from waiaas.api.route import AnyRoute, Route

_NOBODY = Credential.NOBODY
_SESSION = Credential.SESSION
_OPERATOR = Credential.OPERATOR
_EITHER = Credential.SESSION_OR_OPERATOR

# fmt: off
ROUTES: tuple[AnyRoute, ...] = (
    Route("GET", "/health", _NOBODY, daemon.health, Nothing, HealthItem,
          "Whether the daemon is up and would take a payment", own_allowance=True),
    Route("GET", "/openapi.json", _NOBODY, daemon.describe, Nothing, Document, "This document"),
    Route("GET", "/metrics", _OPERATOR, daemon.metrics, Nothing, None, "Metrics as Prometheus text"),
    Route("POST", "/v1/operator/login", Credential.OPERATOR_PASSWORD, operator.login, Nothing, OperatorToken,
          "Exchange the master password for a short-lived token"),
    Route("POST", "/v1/operator/logout", _OPERATOR, operator.logout, Nothing, None,
          "End the token of this request", status=204),
    Route("POST", "/v1/operator/unlock", Credential.UNLOCK, operator.unlock, Nothing, Done,
          "Unlock the signer with the master password"),
    Route("POST", "/v1/agents", _OPERATOR, agents.create, CreateAgent, AgentItem,
          "Make an agent with a fresh key", status=201, errors=(409, 423)),
    Route("POST", "/v1/agents/{id}/adopt", _OPERATOR, agents.adopt, Nothing, AgentItem,
          "Make an agent of a key that `waiaas agent import` sealed", status=201, errors=(409,)),
    Route("GET", "/v1/agents", _OPERATOR, agents.list_, AgentsAsked, PageOf[AgentItem], "List agents"),
    Route("GET", "/v1/agents/{id}", _OPERATOR, agents.show, Nothing, AgentItem, "Show an agent, by id or name"),
    Route("PATCH", "/v1/agents/{id}", _OPERATOR, agents.rename, RenameAgent, AgentItem,
          "Rename an agent", errors=(409,)),
    Route("DELETE", "/v1/agents/{id}", _OPERATOR, agents.terminate, Nothing, None,
          "Terminate an agent", status=204, errors=(409,)),
    Route("POST", "/v1/agents/{id}/suspend", _OPERATOR, agents.suspend, SuspendAgent, AgentItem,
          "Sign nothing for an agent any more", errors=(409,)),
    Route("POST", "/v1/agents/{id}/resume", _OPERATOR, agents.resume, ResumeAgent, AgentItem,
          "Let a suspended agent go on", errors=(409, 423)),
    Route("POST", "/v1/sessions", _OPERATOR, sessions.issue, IssueSession, IssuedItem,
          "Issue a session; its token is shown this once", status=201, errors=(404, 409, 423)),
    Route("GET", "/v1/sessions", _OPERATOR, sessions.list_, SessionsAsked, PageOf[SessionItem], "List sessions"),
    Route("DELETE", "/v1/sessions/{id}", _OPERATOR, sessions.revoke, Nothing, None,
          "Revoke a session and cancel its unsigned payments", status=204),
    Route("PUT", "/v1/sessions/{id}/renew", _SESSION, sessions.renew, Nothing, IssuedItem,
          "Replace the caller's own token", errors=(409,)),
    Route("GET", "/v1/wallet/address", _SESSION, wallet.address, WalletAsked, AddressItem, "Where the wallet is"),
    Route("GET", "/v1/wallet/balance", _SESSION, wallet.balance, BalanceAsked, BalanceItem,
          "What the wallet holds of one asset, the native one where none is named", errors=(422, 423, 502)),
    Route("GET", "/v1/wallet/assets", _SESSION, wallet.assets, WalletAsked, AssetsItem,
          "What the wallet holds: the native asset, the tokens of its network's list, and what else the chain lists",
          errors=(422, 423, 502)),
    Route("GET", "/v1/connect-info", _SESSION, wallet.connect_info, Nothing, ConnectInfo,
          "What an agent program needs to begin"),
    Route("POST", "/v1/transactions/send", _SESSION, transactions.send, Wish, TransactionItem,
          "Ask for a payment", status=201, also={202: TransactionItem, 422: TransactionItem},
          errors=(409, 422, 423, 502), counts_as_send=True, if_unreadable=transactions.require_sendable),
    Route("POST", "/v1/transactions/simulate", _SESSION, transactions.simulate, Wish, Simulated,
          "What a send would be told; nothing is stored", errors=(422, 423, 502), counts_as_send=True,
          if_unreadable=transactions.require_sendable),
    Route("GET", "/v1/transactions", _EITHER, transactions.list_, TransactionsAsked, TransactionPage,
          "List transactions"),
    Route("GET", "/v1/transactions/pending", _EITHER, transactions.pending, PageAsked, TransactionPage,
          "List transactions that are not final"),
    Route("GET", "/v1/transactions/{id}", _EITHER, transactions.show, Nothing, TransactionItem, "Show a transaction"),
    Route("POST", "/v1/transactions/{id}/cancel", _EITHER, transactions.cancel, Nothing, TransactionItem,
          "Cancel a transaction that is PENDING or QUEUED", errors=(409,)),
    Route("POST", "/v1/transactions/{id}/speed-up", _EITHER, transactions.speed_up, Replace, TransactionItem,
          "Sign a SUBMITTED transaction again with a larger fee", also={202: TransactionItem}, errors=(409, 422, 423),
          counts_as_send=True),
    Route("POST", "/v1/transactions/{id}/cancel-onchain", _EITHER, transactions.cancel_onchain, Replace, TransactionItem,
          "Sign bytes that give a SUBMITTED transaction up", also={202: TransactionItem}, errors=(409, 422, 423),
          counts_as_send=True),
    Route("POST", "/v1/transactions/{id}/approve", _OPERATOR, transactions.approve, Decide, TransactionItem,
          "Let a transaction go on that waits for approval", errors=(409, 423)),
    Route("POST", "/v1/transactions/{id}/reject", _OPERATOR, transactions.reject, Decide, TransactionItem,
          "Refuse a transaction that waits for approval", errors=(409,)),
    Route("GET", "/v1/approvals", _OPERATOR, approvals.list_, PageAsked, ApprovalPage, "What waits for whom"),
    Route("POST", "/v1/policies", _OPERATOR, policies.create, CreatePolicy, PolicyItem,
          "Add a policy", status=201, errors=(404, 409)),
    Route("GET", "/v1/policies", _OPERATOR, policies.list_, PoliciesAsked, PageOf[PolicyItem], "List policies"),
    Route("GET", "/v1/policies/{id}", _OPERATOR, policies.show, Nothing, PolicyItem, "Show a policy"),
    Route("PUT", "/v1/policies/{id}", _OPERATOR, policies.replace, ReplacePolicy, PolicyItem,
          "Change a policy; what is left out stays", errors=(409,)),
    Route("DELETE", "/v1/policies/{id}", _OPERATOR, policies.delete, Nothing, None,
          "Delete a policy", status=204, errors=(409,)),
    Route("POST", "/v1/notification-channels", _OPERATOR, channels.create, CreateChannel, ChannelItem,
          "Add a notification channel", status=201, errors=(409,)),
    Route("GET", "/v1/notification-channels", _OPERATOR, channels.list_, Nothing, PageOf[ChannelItem],
          "List notification channels; secrets are masked"),
    Route("GET", "/v1/notification-channels/{id}", _OPERATOR, channels.show, Nothing, ChannelItem,
          "Show a notification channel"),
    Route("PUT", "/v1/notification-channels/{id}", _OPERATOR, channels.replace, ReplaceChannel, ChannelItem,
          "Change a notification channel; what is left out stays, also within config", errors=(409,)),
    Route("DELETE", "/v1/notification-channels/{id}", _OPERATOR, channels.delete, Nothing, None,
          "Remove a notification channel", status=204, errors=(409,)),
    Route("POST", "/v1/notification-channels/{id}/test", _OPERATOR, channels.test, Nothing, TrialItem,
          "Send a notice through a channel now", errors=(409,)),
    Route("GET", "/v1/tokens", _OPERATOR, tokens.list_, TokensAsked, TokenList,
          "List the tokens that wallets of a network show"),
    Route("POST", "/v1/tokens", _OPERATOR, tokens.add, AddToken, TokenItem,
          "Put a token on its network's list", status=201, errors=(409, 422, 423, 502)),
    Route("DELETE", "/v1/tokens/{id}", _OPERATOR, tokens.remove, Nothing, None,
          "Take a token off its list", status=204),
    Route("GET", "/v1/policy-types", _OPERATOR, catalogue.policy_types, Nothing, Catalogue,
          "Installed policy types with the schemas of their rules"),
    Route("GET", "/v1/chains", _OPERATOR, catalogue.chains, Nothing, Catalogue, "Installed chains and networks"),
    Route("GET", "/v1/plugins", _OPERATOR, catalogue.plugins, Nothing, Catalogue,
          "Installed plugins, also those that did not load"),
    Route("GET", "/v1/audit", _OPERATOR, audit.list_, AuditAsked, PageOf[AuditItem], "List audit rows"),
    Route("GET", "/v1/audit/verify", _OPERATOR, audit.verify, Nothing, AuditReportItem,
          "Check the whole audit chain and its signed checkpoints"),
    Route("GET", "/v1/audit/export", _OPERATOR, audit.export, ExportAsked, ExportItem,
          "Audit rows as they were hashed, oldest first, with signed checkpoints"),
    Route("GET", "/v1/admin/status", _OPERATOR, daemon.status, Nothing, StatusItem, "The daemon's state"),
    Route("GET", "/v1/admin/seals", _OPERATOR, daemon.findings, Nothing, Findings,
          "Rows that decide and were changed outside of the daemon"),
    Route("POST", "/v1/admin/seals/accept", Credential.OPERATOR_PASSWORD, daemon.accept_rows, Nothing, Findings,
          "Take every row as it is now"),
    Route("POST", "/v1/admin/kill-switch", Credential.OPERATOR_OR_SOCKET, kill_switch.activate, StopAsked, StopsItem,
          "Stop everything, an agent or a session; the answer comes after the last signature", errors=(404, 409),
          own_allowance=True),
    Route("GET", "/v1/admin/kill-switch", _OPERATOR, kill_switch.show, Nothing, StopsItem,
          "What is stopped, and what is held", own_allowance=True),
    Route("POST", "/v1/admin/recover", Credential.OPERATOR_PASSWORD, kill_switch.recover, RecoverAsked, RecoveredItem,
          "Lift a stop; held payments that are not released end", errors=(404, 409)),
    Route("POST", "/v1/admin/backup", _OPERATOR, daemon.backup, Nothing, BackupItem,
          "Make an encrypted backup in backups/", status=201, errors=(409,)),
    Route("POST", "/v1/admin/shutdown", _OPERATOR, daemon.shutdown, Nothing, Done, "Finish what is under way and stop"),
)
# fmt: on
