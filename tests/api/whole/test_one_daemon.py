"""What only shows with the real engine behind the doors."""

import json
from typing import Any

import httpx
import pytest
from pydantic import TypeAdapter

from waiaas.api.credentials import Credential
from waiaas.api.route import AnyRoute
from waiaas.api.routes import ROUTES

from .conftest import Doors

SEND = "/v1/transactions/send"
EVM_ADDRESS = "0x52908400098527886E0F7030069857D2E4169EE7"


def pay(doors: Doors, wallet: Any, body: dict[str, Any] | None = None, **headers: str) -> httpx.Response:
    given = body or {"to": doors.house.case.new_recipient(), "amount": str(doors.house.case.amount)}
    return doors.http.post(SEND, json=given, headers={**doors.agent(wallet), **headers})


def stored(doors: Doors) -> int:
    found: int = doors.house.rows("SELECT count(*) AS n FROM transactions")[0]["n"]
    return found


def test_an_agent_sees_its_own_rows_alone(doors: Doors) -> None:
    """Another agent's transaction cannot be shown, cancelled or listed, and looks like one that never was."""
    mine = pay(doors, doors.alice).json()["id"]
    as_bob, as_alice = doors.agent(doors.bob), doors.agent(doors.alice)
    never = "01890000-0000-7000-8000-000000000000"
    for method, path in (("GET", "{}"), ("POST", "{}/cancel")):
        theirs = doors.http.request(method, "/v1/transactions/" + path.format(mine), headers=as_bob)
        nothing = doors.http.request(method, "/v1/transactions/" + path.format(never), headers=as_bob)
        assert theirs.status_code == nothing.status_code == 404
        assert {**theirs.json(), "requestId": ""} == {**nothing.json(), "requestId": ""}
    for path in ("/v1/transactions", f"/v1/transactions?agentId={doors.alice.agent_id}", "/v1/transactions/pending"):
        assert mine not in doors.http.get(path, headers=as_bob).text
    assert doors.http.get(f"/v1/transactions/{mine}", headers=as_alice).json()["walletId"] == doors.alice.agent_id
    assert doors.http.get(f"/v1/transactions/{mine}", headers=doors.operator()).status_code == 200
    assert doors.http.get(f"/v1/wallet/balance?walletId={doors.alice.agent_id}", headers=as_bob).status_code == 404


def test_every_answer_is_as_documented(doors: Doors) -> None:
    """Whatever can be read, with rows of every kind there, has the fields of its model, and the log has no complaint."""
    pay(doors, doors.alice)
    held = doors.house.wallet(policies=doors.house.case.spending(instant_max=1))
    waiting = pay(doors, held, Prefer="wait=5").json()
    assert waiting["approval"] is not None
    tx_id, agent_id = waiting["id"], held.agent_id
    policy_id = doors.house.operator.policies.list(agent_id=agent_id).items[0].id
    channel_id = doors.house.operator.channels.list()[0].id
    ids = {
        "agents": agent_id,
        "transactions": tx_id,
        "policies": policy_id,
        "notification-channels": channel_id,
        "ids": agent_id[:8],
    }
    operator = doors.operator()
    for route in [route for route in ROUTES if route.method == "GET" and route.gives is not None]:
        noun = route.path.split("/")[2] if route.path.startswith("/v1/") else ""
        credential = doors.agent(held) if route.credential is Credential.SESSION else operator
        answer = doors.http.get(route.path.replace("{id}", ids.get(noun, "")), headers=credential)
        assert answer.status_code == 200, (route.path, answer.text)
        _check(route, answer)
    simulated = doors.http.post(
        "/v1/transactions/simulate", json={"to": EVM_ADDRESS.lower(), "amount": "1"}, headers=doors.agent(held)
    )
    assert simulated.status_code == 400
    complaints = [line for line in doors.house.log() if line.get("logger") == "waiaas.api"]
    assert complaints == []


def _check(route: AnyRoute, answer: httpx.Response) -> None:
    assert route.gives is not None
    adapter: TypeAdapter[Any] = TypeAdapter(route.gives)
    adapter.validate_json(answer.content)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"amount": "0"}, 400),
        ({"amount": "-5"}, 400),
        ({"amount": "1e18"}, 400),
        ({"amount": "１２"}, 400),
        ({"amount": "18446744073709551616"}, 422),
        ({"amount": "9" * 78}, 422),
        ({"amount": "1"}, 422),
        ({"to": EVM_ADDRESS}, 400),
        ({"to": "not-an-address"}, 400),
        ({"to": "1" * 44}, 400),
        ({"network": "mainnet"}, 400),
        ({"memo": "m" * 513}, 400),
        ({"type": "CONTRACT_CALL", "amount": None, "programId": "x"}, 403),
        ({"type": "TOKEN_TRANSFER", "token": {"address": "4uQeVj5tqViQh7yWWGStvkEG1Zmhx6uasJtWCJziofM"}}, 422),
        ({"gas": "1"}, 400),
    ],
    ids=lambda value: json.dumps(value)[:50] if isinstance(value, dict) else None,
)
def test_a_bad_payment_is_a_4xx_and_stores_nothing(doors: Doors, change: dict[str, Any], status: int) -> None:
    """What no chain or rule could take is refused with code and hint before a row exists."""
    before = stored(doors)
    body = {"to": doors.house.case.new_recipient(), "amount": str(doors.house.case.amount), **change}
    for path in (SEND, "/v1/transactions/simulate"):
        answer = doors.http.post(path, json=body, headers=doors.agent(doors.alice))
        assert answer.status_code == status, answer.text
        assert answer.json()["hint"]
    assert stored(doors) == before


def test_a_renewed_token_replaces_the_old_one_at_once(doors: Doors) -> None:
    """From the answer on only the new token is good, however warm the old one was."""
    wallet = doors.house.wallet()
    old = doors.agent(wallet)
    assert doors.http.get("/v1/wallet/address", headers=old).status_code == 200
    renewed = doors.http.put(f"/v1/sessions/{wallet.session_id}/renew", headers=old).json()
    assert renewed["id"] == wallet.session_id
    assert doors.http.get("/v1/wallet/address", headers=old).status_code == 401
    new = {"Authorization": f"Bearer {renewed['token']}"}
    assert doors.http.get("/v1/wallet/address", headers=new).status_code == 200


def test_a_revoked_session_is_out_at_once(doors: Doors) -> None:
    """No request after the revocation's answer is let in."""
    wallet = doors.house.wallet()
    assert doors.http.get("/v1/wallet/address", headers=doors.agent(wallet)).status_code == 200
    doors.house.operator.sessions.revoke(wallet.session_id)
    assert doors.http.get("/v1/wallet/address", headers=doors.agent(wallet)).status_code == 401


def test_a_logged_out_operator_is_out_at_once(doors: Doors) -> None:
    """The token dies with the logout."""
    credential = doors.operator()
    assert doors.http.get("/v1/agents", headers=credential).status_code == 200
    assert doors.http.post("/v1/operator/logout", headers=credential).status_code == 204
    assert doors.http.get("/v1/agents", headers=credential).status_code == 401
