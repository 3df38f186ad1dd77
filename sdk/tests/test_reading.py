"""Reading through the client, waiting, renewing."""

import pytest
from pydantic import ValidationError
from waiaas_sdk import Client, Conflict, Retry, Transaction, Unreachable, WaiaasApiError, WaitTimeout
from waiaas_sdk.waiting import wait_until

from sdk.tests.fake_daemon import TRANSACTION, Asked, FakeDaemon, Reply

SHOW = ("GET", "/v1/transactions/0198-tx")


def _as(status: str) -> Reply:
    return Reply(200, {**TRANSACTION, "status": status})


def test_wallet_reads(client: Client, daemon: FakeDaemon) -> None:
    """Address, balance, health and connect-info come as records with snake_case names."""
    place = {"walletId": "a", "chain": "solana", "network": "localnet", "address": "X"}
    daemon.on("GET", "/v1/wallet/address", Reply(200, place))
    daemon.on(
        "GET", "/v1/wallet/balance", Reply(200, {**place, "balance": "0", "decimals": 9, "symbol": "SOL", "new": 1})
    )
    daemon.on(
        "GET", "/health", Reply(200, {"status": "ok", "version": "1", "uptime": 1, "schemaVersion": 1, "ready": True})
    )
    daemon.on("GET", "/v1/connect-info", Reply(200, {"session": {"id": "s"}, "wallets": [], "prompt": "hi"}))
    assert client.address().wallet_id == "a"
    assert client.balance().balance == 0
    assert client.balance().model_extra == {"new": 1}
    assert client.health().schema_version == 1
    assert client.connect_info().prompt == "hi"
    assert "authorization" not in next(asked for asked in daemon.asked if asked.path == "/health").headers


def test_assets_are_read_as_records(client: Client, daemon: FakeDaemon) -> None:
    """What a wallet holds comes with ints for amounts, and one asset can be asked for by name."""
    place = {"walletId": "a", "chain": "solana", "network": "localnet", "address": "X"}
    held = {"mint": "M", "symbol": "USD", "name": "A Dollar", "balance": str(2**70), "decimals": 6, "isNative": False}
    daemon.on("GET", "/v1/wallet/assets", Reply(200, {**place, "assets": [{**held, "assetId": "c/token:M"}]}))
    (asset,) = client.assets().assets
    assert (asset.mint, asset.balance, asset.is_native, asset.asset_id) == ("M", 2**70, False, "c/token:M")
    daemon.on("GET", "/v1/wallet/balance", Reply(200, {**place, "balance": "7", "decimals": 6, "symbol": "USD"}))
    assert client.balance("c/token:M").balance == 7
    assert daemon.paths()[-1] == "GET /v1/wallet/balance?asset=c%2Ftoken%3AM"


def test_lists_page_on(client: Client, daemon: FakeDaemon) -> None:
    """A list gives its cursor, and filters that are not given are not sent."""
    daemon.on("GET", "/v1/transactions", Reply(200, {"items": [TRANSACTION], "cursor": "c1", "hasMore": True}))
    page = client.transactions(status="CONFIRMED", limit=1)
    assert page.has_more
    client.transactions(cursor=page.cursor)
    assert daemon.paths() == ["GET /v1/transactions?status=CONFIRMED&limit=1", "GET /v1/transactions?cursor=c1"]


def test_an_id_cannot_leave_its_place(client: Client, daemon: FakeDaemon) -> None:
    """An id with a slash stays one part of the path."""
    with pytest.raises(Exception, match="NOT_FOUND"):
        client.transaction("../agents?x=1")
    assert daemon.paths() == ["GET /v1/transactions/..%2Fagents%3Fx%3D1"]


def test_reads_are_repeated_and_orders_are_not(client: Client, daemon: FakeDaemon) -> None:
    """A read survives a lost answer; a cancel whose answer is lost is not sent again by itself."""
    daemon.on(*SHOW, Reply(drop=True), _as("CONFIRMED"))
    assert client.transaction("0198-tx").status == "CONFIRMED"
    daemon.on("POST", "/v1/transactions/0198-tx/cancel", Reply(drop=True), _as("CANCELLED"))
    with pytest.raises(Unreachable):
        client.cancel("0198-tx")


def test_further_bytes_are_asked_for_once(client: Client, daemon: FakeDaemon) -> None:
    """A speed-up names its largest fee as text and how long to wait, and is not repeated when its answer is lost."""
    several = {
        **TRANSACTION,
        "variants": [{"n": 2, "kind": "speed_up", "txHash": "h", "feeCap": "7", "lastStatus": "pool"}],
    }
    daemon.on("POST", "/v1/transactions/0198-tx/speed-up", Reply(200, several))
    (variant,) = client.speed_up("0198-tx", max_fee=5, wait=0).variants
    assert (variant.n, variant.kind, variant.fee_cap) == (2, "speed_up", 7)
    assert daemon.asked[-1].body == {"maxFee": "5"}
    assert daemon.asked[-1].headers["prefer"] == "wait=0"
    daemon.on("POST", "/v1/transactions/0198-tx/cancel-onchain", Reply(drop=True), _as("SUBMITTED"))
    with pytest.raises(Unreachable):
        client.cancel_onchain("0198-tx")


def test_cancel_too_late_is_a_conflict(client: Client, daemon: FakeDaemon) -> None:
    """A 409 is raised as what it is."""
    daemon.on(
        "POST", "/v1/transactions/0198-tx/cancel", Reply(409, {"code": "STATE_CONFLICT", "message": "it is SUBMITTED"})
    )
    with pytest.raises(Conflict):
        client.cancel("0198-tx")


def test_wait_ends_at_a_final_status(client: Client, daemon: FakeDaemon) -> None:
    """Waiting polls until the transaction rests."""
    daemon.on(*SHOW, _as("QUEUED"), _as("EXECUTING"), _as("SUBMITTED"), _as("CONFIRMED"))
    assert client.wait_for("0198-tx", timeout=10).status == "CONFIRMED"
    assert len(daemon.asked) == 4


def test_wait_ends_at_the_status_asked_for(client: Client, daemon: FakeDaemon) -> None:
    """Waiting for SUBMITTED ends there."""
    daemon.on(*SHOW, _as("EXECUTING"), _as("SUBMITTED"), _as("CONFIRMED"))
    assert client.wait_for("0198-tx", until="SUBMITTED", timeout=10).status == "SUBMITTED"


def test_wait_gives_up_with_the_last_state(client: Client, daemon: FakeDaemon) -> None:
    """Time up raises with the row as last seen."""
    daemon.on(*SHOW, _as("QUEUED"))
    with pytest.raises(WaitTimeout) as caught:
        client.wait_for("0198-tx", timeout=0.15)
    assert caught.value.transaction.status == "QUEUED"


def test_wait_outlives_a_restart_of_the_daemon() -> None:
    """A daemon that is away meanwhile is waited for."""
    answers = iter(
        [
            None,
            Transaction.model_validate({**TRANSACTION, "status": "EXECUTING"}),
            None,
            Transaction.model_validate(TRANSACTION),
        ]
    )

    def show() -> Transaction:
        answer = next(answers)
        if answer is None:
            raise Unreachable("away")
        return answer

    assert wait_until(show, "final", 10, sleep=lambda _: None).status == "CONFIRMED"


def test_wait_for_a_daemon_that_never_comes() -> None:
    """Without a single answer the wait ends in what kept it."""

    def show() -> Transaction:
        raise Unreachable("away")

    with pytest.raises(Unreachable):
        wait_until(show, "final", 0.05)


def test_renewing_goes_on_with_the_new_token(client: Client, daemon: FakeDaemon) -> None:
    """After a renewal the client uses the token it was given."""
    daemon.on("GET", "/v1/connect-info", Reply(200, {"session": {"id": "s1"}, "wallets": []}))
    renewed = {"id": "s1", "token": "wai_sess_new", "expiresAt": 2, "renewalCount": 1}
    daemon.on("PUT", "/v1/sessions/s1/renew", Reply(200, renewed))
    assert client.renew().renewal_count == 1
    client.connect_info()
    assert daemon.asked[-1].headers["authorization"] == "Bearer wai_sess_new"


def test_client_over_a_socket_is_the_same(daemon: FakeDaemon, retry: Retry) -> None:
    """Two clients of one daemon do not share a token."""
    daemon.on(
        *SHOW,
        lambda asked: (
            Reply(200, {**TRANSACTION, "memo": asked.headers["authorization"]}) if isinstance(asked, Asked) else Reply()
        ),
    )
    with Client(daemon.url, token="a", retry=retry) as one, Client(daemon.url, token="b", retry=retry) as two:
        assert one.transaction("0198-tx").memo == "Bearer a"
        assert two.transaction("0198-tx").memo == "Bearer b"


@pytest.mark.parametrize("amount", ["1e9", "１２", "+1", "1_0", "01", "", " 1", 1.5, -1, True])
def test_amount_in_an_answer_must_be_digits(amount: object) -> None:
    """What is not a whole number of base units is not read as one."""
    with pytest.raises(ValidationError):
        Transaction.model_validate({**TRANSACTION, "amount": amount})


def test_order_is_not_repeated_after_an_error(client: Client, daemon: FakeDaemon) -> None:
    """A cancel that a 500 came back for is left to the caller; a 503 says that nothing was done, so it is sent again."""
    cancel = ("POST", "/v1/transactions/0198-tx/cancel")
    daemon.on(*cancel, Reply(500), _as("CANCELLED"))
    with pytest.raises(WaiaasApiError):
        client.cancel("0198-tx")
    daemon.on(*cancel, Reply(503), _as("CANCELLED"))
    assert client.cancel("0198-tx").status == "CANCELLED"


def test_wait_for_a_status_that_is_passed_by(client: Client, daemon: FakeDaemon) -> None:
    """A transaction that rests elsewhere ends the wait too."""
    daemon.on(*SHOW, _as("QUEUED"), _as("CANCELLED"))
    assert client.wait_for("0198-tx", until="SUBMITTED", timeout=10).status == "CANCELLED"


def test_machine_settings_do_not_redirect(daemon: FakeDaemon, retry: Retry, monkeypatch: pytest.MonkeyPatch) -> None:
    """No proxy of the environment hears the token."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    daemon.on(*SHOW, _as("CONFIRMED"))
    with Client(daemon.url, token="t", retry=retry) as client:
        assert client.transaction("0198-tx").is_final
