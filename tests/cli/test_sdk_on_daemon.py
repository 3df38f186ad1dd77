"""The client library against a real daemon: its records are what the daemon really answers."""

import threading
from collections.abc import Iterator

import pytest
from waiaas_sdk import (
    BadRequest,
    Client,
    Conflict,
    Denied,
    NotFound,
    Operator,
    Transaction,
    Unauthenticated,
)

from tests.cli.conftest import FRIEND, PASSWORD, Running

pytestmark = pytest.mark.xdist_group("running-daemon")


@pytest.fixture
def operator(running: Running) -> Iterator[Operator]:
    """The operator over the admin socket."""
    with Operator.over_socket(running.program.data_dir / "run" / "admin.sock", PASSWORD) as made:
        yield made
        made.logout()


@pytest.fixture
def wallet(running: Running) -> Iterator[Client]:
    """The agent over TCP, as its program would."""
    url = running.json("status")["url"]
    with Client(url, token=running.token) as made:
        yield made


def test_wallet_reads(wallet: Client, running: Running) -> None:
    """Health, address, balance and connect-info are read as records."""
    assert wallet.health().ready
    place = wallet.address()
    assert (place.wallet_id, place.address) == (running.agent["id"], running.agent["address"])
    balance = wallet.balance()
    assert balance.balance > 0
    assert (balance.decimals, balance.symbol) == (9, "SOL")
    info = wallet.connect_info()
    assert info.wallets[0]["address"] == place.address
    assert info.policies[place.wallet_id]
    assert info.prompt


def test_payment_to_its_end(wallet: Client) -> None:
    """A send is accepted, waited for, listed and shown with equal fields."""
    sent = wallet.send(to=FRIEND, amount=1_000_000, memo="one", note="two")
    assert not sent.replayed
    done = wallet.wait_for(sent.id, timeout=30)
    assert done.status == "CONFIRMED"
    assert done.is_final
    assert done.tx_hash
    assert done.amount == 1_000_000
    assert done.decision is not None
    assert done.id in {row.id for row in wallet.transactions(status="CONFIRMED").items}
    assert done.id not in {row.id for row in wallet.pending().items}


def test_one_key_of_many_threads_is_one_payment(wallet: Client) -> None:
    """Eight threads that send under one key get one transaction."""
    found: list[Transaction] = []
    threads = [
        threading.Thread(target=lambda: found.append(wallet.send(to=FRIEND, amount=1_000_001, idempotency_key="many")))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len(found) == 8
    assert len({row.id for row in found}) == 1
    assert sum(not row.replayed for row in found) == 1


def test_same_key_with_another_body(wallet: Client) -> None:
    """A key belongs to one payment."""
    wallet.send(to=FRIEND, amount=1_000_002, idempotency_key="taken")
    with pytest.raises(Conflict) as caught:
        wallet.send(to=FRIEND, amount=1_000_003, idempotency_key="taken")
    assert caught.value.code == "IDEMPOTENCY_CONFLICT"


def test_denial_says_why(wallet: Client) -> None:
    """A refused payment carries policy, reason and what remains; its row is on record."""
    with pytest.raises(Denied) as caught:
        wallet.send(to=FRIEND, amount=5_000_000_000)
    details = caught.value.details
    assert caught.value.code == "POLICY_DENIED"
    assert caught.value.request_id
    assert details["type"] == "SPENDING_LIMIT"
    assert int(details["remaining"]) < 900_000_001
    assert wallet.transaction(details["transactionId"]).tier == "DENY"


def test_simulation_agrees(wallet: Client) -> None:
    """Simulate tells the tier that a send would get."""
    tiers = [
        wallet.simulate(to=FRIEND, amount=amount).tier for amount in (10_000_000, 20_000_000, 30_000_000, 40_000_000)
    ]
    assert tiers == ["INSTANT", "NOTIFY", "DELAY", "APPROVAL"]


def test_address_of_another_chain(wallet: Client) -> None:
    """What is no address here is a bad request."""
    with pytest.raises(BadRequest) as caught:
        wallet.send(to="0x0000000000000000000000000000000000000001", amount=1)
    assert caught.value.code == "INVALID_ADDRESS"


def test_other_agents_rows_are_not_there(operator: Operator, wallet: Client, running: Running) -> None:
    """A session sees its own agent's transactions only."""
    operator.agents.create("neighbour", "solana", "localnet")
    issued = operator.sessions.issue("neighbour", ttl=600)
    mine = wallet.send(to=FRIEND, amount=1_000_004)
    with Client(running.json("status")["url"], token=issued.token) as other:
        assert other.transactions().items == []
        with pytest.raises(NotFound):
            other.transaction(mine.id)


def test_revoked_session_is_dead(operator: Operator, running: Running) -> None:
    """A revoked token opens nothing."""
    issued = operator.sessions.issue("bot", ttl=600)
    with Client(running.json("status")["url"], token=issued.token) as wallet:
        assert wallet.address().address == running.agent["address"]
        operator.sessions.revoke(issued.id)
        with pytest.raises(Unauthenticated):
            wallet.address()


def test_renewal_goes_on(operator: Operator, running: Running) -> None:
    """After a renewal the client works with its new token, and the old one is dead."""
    issued = operator.sessions.issue("bot", ttl=600)
    url = running.json("status")["url"]
    with Client(url, token=issued.token) as wallet, Client(url, token=issued.token) as stale:
        assert wallet.renew().renewal_count == 1
        assert wallet.address()
        with pytest.raises(Unauthenticated):
            stale.address()


def test_operator_reads(operator: Operator, running: Running) -> None:
    """Every list of the operator is read as records."""
    assert any(agent.name == "bot" for agent in operator.agents.list().items)
    assert operator.agents.show("bot").chain_id
    assert operator.sessions.list(agent_id=running.agent["id"]).items[0].agent_id == running.agent["id"]
    assert operator.policies.list().items[0].version
    assert {chain.network for chain in operator.catalogue.chains()} >= {"mainnet", "devnet", "localnet"}
    kinds = {kind.type: kind for kind in operator.catalogue.policy_types()}
    assert kinds["SPENDING_LIMIT"].grants
    assert "instant_max" in kinds["SPENDING_LIMIT"].rules_schema["properties"]
    assert {plugin.status for plugin in operator.catalogue.plugins()} == {"loaded"}
    assert operator.audit.list(severity="info", limit=5).items[0].hash
    assert operator.audit.verify().is_intact
    assert operator.admin.status()["ready"] is True
    assert operator.health().ready


def test_held_payments_are_decided(operator: Operator, wallet: Client) -> None:
    """Approvals list what waits; approving lets it go, rejecting and cancelling end it."""
    one, other, third = (wallet.send(to=FRIEND, amount=40_000_000 + n, respond_async=True) for n in range(3))
    waiting = {item["subjectId"] for item in operator.approvals.list(limit=100).items}
    assert {one.id, other.id, third.id} <= waiting
    operator.transactions.approve(one.id)
    assert operator.transactions.reject(other.id).status == "CANCELLED"
    assert wallet.cancel(third.id).status == "CANCELLED"
    assert operator.transactions.wait_for(one.id, timeout=30).status == "CONFIRMED"
    with pytest.raises(Conflict):
        operator.transactions.approve(other.id)


def test_token_over_tcp_is_the_operators(operator: Operator, running: Running) -> None:
    """A token bought over the socket works over TCP until it is ended."""
    token = operator.login().token
    with Operator(running.json("status")["url"], token=token) as remote:
        assert remote.agents.list().items
        operator.logout()
        with pytest.raises(Unauthenticated):
            remote.agents.list()


def test_password_of_other_letters(operator: Operator, running: Running) -> None:
    """A wrong password with letters beyond ASCII is refused as a password, not as a broken request."""
    path = running.program.data_dir / "run" / "admin.sock"
    with Operator.over_socket(path, "pässwörd-🔑-пароль") as stranger, pytest.raises(Unauthenticated):
        stranger.agents.list()
