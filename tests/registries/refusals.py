"""How each code of an HTTP error is provoked on a running daemon: a function that is given a house and returns the answer."""

import resource
import threading
from collections.abc import Callable, Mapping
from typing import Any

import httpx
from waiaas_sdk import Operator
from waiaas_sdk.payment import payment_body

from tests.harness.deadline import until
from tests.harness.house import House, Wallet
from tests.harness.rows import edit_rows
from tests.harness.watch import hold_at

Answer = httpx.Response


def ask(house: House, method: str, path: str, token: str | None = None, **rest: Any) -> Answer:
    """Plain HTTP over TCP."""
    headers = {**({"Authorization": f"Bearer {token}"} if token else {}), **rest.pop("headers", {})}
    return httpx.request(method, house.daemon.url + path, headers=headers, timeout=60, **rest)


def send(house: House, wallet: Wallet, *, key: str | None = None, **changes: Any) -> Answer:
    """A usual payment, with changes; what is None is left out."""
    body = {**payment_body(house.case.payment(house.case.new_recipient())), **changes}
    body = {name: value for name, value in body.items() if value is not None}
    headers = {"Prefer": "respond-async", **({"Idempotency-Key": key} if key else {})}
    return ask(house, "POST", "/v1/transactions/send", wallet.token, json=body, headers=headers)


def as_operator(house: House, method: str, path: str, **rest: Any) -> Answer:
    """With an operator's token."""
    return ask(house, method, path, house.operator.login().token, **rest)


def on_shared(house: House) -> dict[str, Callable[[], Answer]]:
    """What one house can be asked for without harm to the next question."""
    case = house.case

    def denied_by_constraint() -> Answer:
        wallet = house.instant()
        issued = house.operator.sessions.issue(wallet.agent_id, constraints={"recipients": [case.new_recipient()]})
        body = payment_body(case.payment(case.new_recipient()))
        return ask(house, "POST", "/v1/transactions/send", issued.token, json=body)

    def name_taken() -> Answer:
        agent = house.operator.agents.create(f"twin-{threading.get_ident()}", case.chain, case.network)
        body = {"name": agent.name, "chain": case.chain, "network": case.network}
        return as_operator(house, "POST", "/v1/agents", json=body)

    def used_key() -> Answer:
        wallet = house.instant()
        assert send(house, wallet, key="one").is_success
        return send(house, wallet, key="one", amount=str(case.amount + 1))

    def suspended() -> Answer:
        wallet = house.instant()
        house.operator.agents.suspend(wallet.agent_id)
        return send(house, wallet)

    def tampered() -> Answer:
        wallet = house.instant()
        edit_rows(house, "UPDATE agents SET address = 'mine' WHERE id = ?", wallet.agent_id)
        return send(house, wallet)

    def decided_twice() -> Answer:
        held = send(house, _held(house)).json()["id"]
        house.operator.transactions.reject(held)
        return as_operator(house, "POST", f"/v1/transactions/{held}/approve", json={})

    wrong_agent = {"name": "x", "chain": case.chain, "network": "nowhere"}
    rules = {"agentId": None, "type": "SPENDING_LIMIT", "rules": {"nothing": 1}}
    channel = {"type": "PIGEON", "config": {}}
    login = "/v1/operator/login"
    return {
        "MALFORMED": lambda: send(house, house.instant(), amount=None),
        "UNKNOWN_FIELD": lambda: send(house, house.instant(), colour="red"),
        "INVALID_ADDRESS": lambda: send(house, house.instant(), to="nowhere"),
        "INVALID_AMOUNT": lambda: send(house, house.instant(), amount="1e3"),
        "INVALID_NETWORK": lambda: as_operator(house, "POST", "/v1/agents", json=wrong_agent),
        "TOKEN_MISMATCH": lambda: send(house, house.instant(), **_token(house, assetId=case.new_recipient())),
        "INVALID_RULES": lambda: as_operator(house, "POST", "/v1/policies", json=rules),
        "INVALID_CHANNEL": lambda: as_operator(house, "POST", "/v1/notification-channels", json=channel),
        "INVALID_IDEMPOTENCY_KEY": lambda: send(house, house.instant(), key="k" * 129),
        "HOST_NOT_ALLOWED": lambda: ask(house, "GET", "/health", headers={"Host": "evil.example"}),
        "UNAUTHENTICATED": lambda: ask(house, "GET", "/v1/wallet/address", "wai_sess_" + "x" * 43),
        "POLICY_DENIED": lambda: send(house, house.instant(daily_limit=1)),
        "CONSTRAINT_DENIED": denied_by_constraint,
        "TYPE_NOT_SUPPORTED": lambda: send(house, house.instant(), type="APPROVE", **_approval(house)),
        "FORBIDDEN": lambda: ask(house, "GET", "/v1/agents", house.instant().token),
        "PASSWORD_REQUIRED": lambda: as_operator(house, "POST", login, json={}),
        "NOT_FOUND": lambda: as_operator(house, "GET", "/v1/agents/nobody"),
        "METHOD_NOT_ALLOWED": lambda: as_operator(house, "PATCH", "/v1/audit"),
        "STATE_CONFLICT": decided_twice,
        "IDEMPOTENCY_CONFLICT": used_key,
        "NAME_TAKEN": name_taken,
        "BODY_TOO_LARGE": lambda: ask(house, "POST", login, content=b" " * 1_048_577, headers=_json()),
        "UNSUPPORTED_MEDIA_TYPE": lambda: ask(
            house, "POST", login, content=b"a=1", headers={"Content-Type": "text/plain"}
        ),
        "CHAIN_REFUSED": lambda: send(house, house.instant(), **_token(house)),
        "ROW_TAMPERED": tampered,
        "AGENT_SUSPENDED": suspended,
    }


def _held(house: House) -> Wallet:
    """A wallet whose payments all wait for a person."""
    return house.wallet(policies=house.case.spending(instant_max=0))


def _token(house: House, **said: str) -> dict[str, Any]:
    """A token that its chain does not know."""
    return {"type": "TOKEN_TRANSFER", "token": {"address": house.case.new_recipient(), **said}}


def _approval(house: House) -> dict[str, Any]:
    return {"spender": house.case.new_recipient(), "token": {"address": house.case.new_recipient()}, "to": None}


def _json() -> dict[str, str]:
    return {"Content-Type": "application/json"}


# --- what needs a house of its own -------------------------------------------------------------------------------------


def limit_reached(house: House) -> Answer:
    """A second session where one is allowed."""
    wallet = house.start().wallet()
    return as_operator(house, "POST", "/v1/sessions", json={"agentId": wallet.agent_id})


def rate_limited(house: House) -> Answer:
    """A second send in a minute in which one is allowed."""
    wallet = house.start().instant()
    assert send(house, wallet).is_success
    return send(house, wallet)


def locked_out(house: House) -> Answer:
    """The guess after the last that was allowed."""
    house.start()
    assert _guess(house).status_code == 401
    return _guess(house)


def _guess(house: House) -> Answer:
    return ask(house, "POST", "/v1/operator/login", headers={"X-Master-Password": "guess"}, json={})


def too_many_held(house: House) -> Answer:
    """A second payment that has to wait, where one may."""
    wallet = _held(house.start())
    assert send(house, wallet).is_success
    return send(house, wallet)


def too_many_active(house: House) -> Answer:
    """A second payment under way, where one may be, while the first is about to be built."""
    wallet = house.start(hold_at("before-build")).instant()
    assert send(house, wallet).is_success
    house.held("before-build")
    answer = send(house, wallet)
    house.let_go("before-build")
    return answer


def chain_away(house: House) -> Answer:
    """A balance, while no node answers."""
    wallet = house.start().wallet()
    house.chain.away()
    return ask(house, "GET", "/v1/wallet/balance", wallet.token)


def chain_missing(house: House) -> Answer:
    """A payment of an agent whose chain's plugin does not load any more."""
    wallet = house.start().instant()
    house.stop()
    house.environ["WAIAAS_PLUGINS_DISABLE"] = f'["waiaas-{house.case.chain}"]'
    house.start()
    return send(house, wallet)


def signer_dead(house: House) -> Answer:
    """A payment after the signer's death."""
    wallet = house.start().instant()
    house.daemon.kill_signer()
    until(lambda: not house.operator.health().ready, "the signer's death to be noticed")
    return send(house, wallet)


def disk_full(house: House) -> Answer:
    """A payment when no file may grow any more; with room again the same is taken."""
    wallet = house.start().instant()
    before = resource.prlimit(house.daemon.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
    recipient = house.case.new_recipient()
    answer = send(house, wallet, key="again", to=recipient)
    resource.prlimit(house.daemon.pid, resource.RLIMIT_FSIZE, before)
    assert send(house, wallet, key="again", to=recipient).is_success
    return answer


def stopped(house: House) -> Answer:
    """KILL_SWITCH: everything is stopped, by somebody on the socket, when a payment is asked for."""
    wallet = house.start().instant()
    with Operator.over_socket(house.paths.admin_socket) as nobody:
        nobody.kill_switch.activate()
    body = payment_body(house.case.payment(house.case.new_recipient()))
    return ask(house, "POST", "/v1/transactions/send", wallet.token, json=body)


def stopping(house: House) -> Answer:
    """A request over a connection that was open when the order to stop came, while a send keeps the daemon."""
    wallet = house.start(hold_at("before-admit")).instant()
    with httpx.Client(base_url=house.daemon.url, timeout=60) as patient:
        sender = threading.Thread(target=send, args=(house, wallet))
        sender.start()
        house.held("before-admit")
        assert patient.get("/health").is_success
        house.daemon.terminate()
        answer = until(lambda: _refused(patient), "the daemon to refuse")
        house.let_go("before-admit")
        sender.join()
    assert answer is not None
    return answer


def _refused(client: httpx.Client) -> Answer | None:
    answer = client.get("/health")
    return None if answer.is_success else answer


OWN_HOUSE: Mapping[str, tuple[Callable[[House], Answer], Mapping[str, str]]] = {
    "LIMIT_REACHED": (limit_reached, {"WAIAAS_SECURITY_MAX_SESSIONS_PER_AGENT": "1"}),
    "RATE_LIMITED": (rate_limited, {"WAIAAS_SECURITY_RATE_LIMIT_TX_RPM": "1"}),
    "LOCKED_OUT": (locked_out, {"WAIAAS_SECURITY_LOCKOUT_ATTEMPTS": "1"}),
    "MAX_PENDING_TX": (too_many_held, {"WAIAAS_SECURITY_MAX_PENDING_TX": "1"}),
    "MAX_ACTIVE_TX": (too_many_active, {"WAIAAS_SECURITY_MAX_ACTIVE_TX": "1"}),
    "CHAIN_UNREACHABLE": (chain_away, {}),
    "CHAIN_MISSING": (chain_missing, {}),
    "SIGNER_LOCKED": (signer_dead, {}),
    "STORE_FULL": (disk_full, {}),
    "STOPPING": (stopping, {}),
    "KILL_SWITCH": (stopped, {}),
}
"""Code → how it is provoked on a house that has not been started, and the configuration it needs."""
