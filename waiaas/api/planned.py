"""Paths that the contract names and nothing serves yet. They say so, to whom they will be for, instead of looking like a typing
mistake (404) or a wrong method (405). A row leaves when its route comes into the table."""

from dataclasses import dataclass

import falcon

from waiaas.api.call import Visit
from waiaas.api.credentials import Credential, Gate
from waiaas.api.limits import Rates
from waiaas.api.route import AnyRoute, Method
from waiaas.errors import Denied

_SESSION, _OPERATOR, _PASSWORD = Credential.SESSION, Credential.OPERATOR, Credential.OPERATOR_PASSWORD


@dataclass(frozen=True, slots=True)
class Planned:
    """A method on a path. :param what: completes "this version of WAIaaS cannot ..."; :param hint: what to do instead"""

    method: Method
    path: str
    credential: Credential
    what: str
    hint: str


PLANNED = (
    Planned("GET", "/v1/wallet/incoming", _SESSION, "list incoming payments",
            "ask GET /v1/wallet/assets what the wallet holds"),
    Planned("POST", "/v1/transactions/sign", _SESSION, "sign a transaction that was made elsewhere",
            "have it made here: POST /v1/transactions/send"),
    Planned("POST", "/v1/transactions/sign-message", _SESSION, "sign messages",
            "only payments are signed: POST /v1/transactions/send"),
    Planned("POST", "/v1/x402/fetch", _SESSION, "pay for HTTP requests",
            "pay what is asked with POST /v1/transactions/send"),
    Planned("POST", "/v1/actions/{plugin}/{action}", _SESSION, "carry out actions of plugins",
            "see `capabilities` in GET /v1/connect-info for what this wallet can do"),
    Planned("POST", "/v1/agents/{id}/withdraw", _PASSWORD, "withdraw to an owner",
            "issue a session, and send the balance with it"),
    Planned("PUT", "/v1/agents/{id}/owner", _PASSWORD, "set an owner", "payments are approved by the operator"),
    Planned("GET", "/v1/agents/{id}/owner/message", _OPERATOR, "set an owner", "payments are approved by the operator"),
    Planned("POST", "/v1/agents/{id}/owner/verify", _OPERATOR, "set an owner", "payments are approved by the operator"),
    Planned("GET", "/v1/transactions/{id}/approval-message", _OPERATOR, "take an owner's signature",
            "the operator approves with POST /v1/transactions/{id}/approve"),
)  # fmt: skip


def unserved(routes: tuple[AnyRoute, ...]) -> tuple[Planned, ...]:
    """Those that no route of the table serves."""
    served = {(route.method, route.path) for route in routes}
    return tuple(one for one in PLANNED if (one.method, one.path) not in served)


def refuse(one: Planned, req: falcon.Request, gate: Gate, rates: Rates) -> None:
    """:raises Unauthenticated, Denied: always; who has no credential for the path learns nothing of it"""
    visit: Visit = req.context.visit
    actor = gate.admit(one.credential, visit.shown)
    if actor.agent is not None:
        rates.count_agent(actor.agent.id)
    raise Denied(f"this version of WAIaaS cannot {one.what}", code="TYPE_NOT_SUPPORTED", hint=one.hint)
