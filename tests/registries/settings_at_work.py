"""How a running daemon shows that it reads a key: a check for each, given a house with another value than the default."""

import json
import socket
import stat
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
from waiaas_sdk import Transaction, Unreachable

from tests.harness.deadline import until
from tests.harness.house import House, Wallet
from tests.harness.price_service import PriceService, price_service
from tests.harness.prices import configure, native_of, prices_of, source_of
from tests.harness.watch import hold_at
from tests.registries.denials_at_work import stores_denials, tells_each_denial
from tests.registries.refusals import ask
from tests.registries.times_at_work import cools_down, expires

Check = Callable[[House], None]
ORIGIN = "https://board.example"
HOST = "wallet.example"


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.2", 0))
        return int(probe.getsockname()[1])


ODD: Mapping[str, str] = {
    "daemon.hostname": "127.0.0.2",
    "daemon.port": str(free_port()),
    "daemon.threads": "2",
    "daemon.log_level": "error",
    "daemon.log_file": "logs/odd.log",
    "daemon.pid_file": "run/odd.pid",
    "database.path": "data/odd.db",
    "security.session_ttl": "1234",
    "security.session_absolute_lifetime": "5678",
    "security.session_max_renewals": "0",
    "security.operator_token_ttl": "222",
    "security.delay_seconds": "333",
    "security.approval_timeout": "444",
    "security.lockout_seconds": "77",
    "security.cors_origins": f'["{ORIGIN}"]',
    "security.allowed_hosts": f'["{HOST}"]',
    "notifications.enabled": "false",
}
"""Values with which one house runs."""


def variables(values: Mapping[str, str]) -> dict[str, str]:
    """The keys' variables."""
    return {"WAIAAS_" + path.upper().replace(".", "_"): value for path, value in values.items()}


def _held(house: House, **rules: int) -> tuple[Wallet, Transaction]:
    wallet = house.wallet(policies=house.case.spending(**rules) if rules else ())
    return wallet, house.client(wallet).send(**house.case.payment(house.case.new_recipient()))


def _hostname(house: House) -> None:
    assert httpx.URL(house.daemon.url).host == ODD["daemon.hostname"]


def _port(house: House) -> None:
    assert str(httpx.URL(house.daemon.url).port) == ODD["daemon.port"]


def _threads(house: House) -> None:
    """At the default of 16 the two doors alone have 32."""
    assert len(list(Path(f"/proc/{house.daemon.pid}/task").iterdir())) < 32 + 8


def _log_level(house: House) -> None:
    levels = {json.loads(line)["level"] for line in (house.root / ODD["daemon.log_file"]).read_text().splitlines()}
    assert levels <= {"error", "critical"}


def _log_file(house: House) -> None:
    assert (house.root / ODD["daemon.log_file"]).exists()
    assert not (house.root / "logs/daemon.log").exists()


def _pid_file(house: House) -> None:
    file = house.root / ODD["daemon.pid_file"]
    assert file.read_text().strip() == str(house.daemon.pid)
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def _database_path(house: House) -> None:
    assert house.rows("SELECT count(*) AS n FROM audit_log")[0]["n"] > 0
    assert house.paths.database.name == "odd.db"
    assert not (house.root / "data/waiaas.db").exists()


def _session_ttl(house: House) -> None:
    session = _session(house)
    assert session["expires_at"] - session["created_at"] == 1234


def _session_absolute_lifetime(house: House) -> None:
    session = _session(house)
    assert session["absolute_expires_at"] - session["created_at"] == 5678


def _session(house: House) -> dict[str, int]:
    wallet = house.wallet()
    (row,) = house.rows("SELECT * FROM sessions WHERE id = ?", wallet.session_id)
    return row


def _session_max_renewals(house: House) -> None:
    wallet = house.wallet()
    answer = ask(house, "PUT", f"/v1/sessions/{wallet.session_id}/renew", wallet.token, json={})
    assert answer.json()["code"] == "LIMIT_REACHED"


def _operator_token_ttl(house: House) -> None:
    token = house.operator.login()
    logged = house.rows(
        "SELECT timestamp FROM audit_log WHERE event_type = 'operator.logged_in' ORDER BY id DESC LIMIT 1"
    )
    assert token.expires_at - logged[0]["timestamp"] in (222, 221)


def _delay_seconds(house: House) -> None:
    _, delayed = _held(house, delay_max=house.case.amount)
    row = house.row(delayed.id)
    assert row["due_at"] - row["created_at"] == 333


def _approval_timeout(house: House) -> None:
    _, waiting = _held(house)
    (row,) = house.rows("SELECT * FROM pending_approvals WHERE subject_id = ?", waiting.id)
    assert row["expires_at"] - row["created_at"] == 444


def _lockout_seconds(house: House) -> None:
    """Comes last of the house: after the fifth guess TCP takes no password any more."""
    guess = {"X-Master-Password": "guess"}
    answers = [ask(house, "POST", "/v1/operator/login", headers=guess, json={}) for _ in range(6)]
    assert answers[-1].status_code == 429
    assert 1 <= int(answers[-1].headers["Retry-After"]) <= 77


def _cors_origins(house: House) -> None:
    allowed = ask(house, "GET", "/health", headers={"Origin": ORIGIN}).headers
    assert allowed["Access-Control-Allow-Origin"] == ORIGIN
    assert (
        "Access-Control-Allow-Origin"
        not in ask(house, "GET", "/health", headers={"Origin": "https://x.example"}).headers
    )


def _allowed_hosts(house: House) -> None:
    assert ask(house, "GET", "/health", headers={"Host": HOST}).is_success
    assert ask(house, "GET", "/health", headers={"Host": "other.example"}).status_code == 400


def _notifications_enabled(house: House) -> None:
    house.operator.agents.suspend(house.wallet().agent_id)
    assert house.rows("SELECT * FROM notification_outbox") == []


ON_ODD: Mapping[str, Check] = {
    "daemon.hostname": _hostname,
    "daemon.port": _port,
    "daemon.threads": _threads,
    "daemon.log_level": _log_level,
    "daemon.log_file": _log_file,
    "daemon.pid_file": _pid_file,
    "database.path": _database_path,
    "security.session_ttl": _session_ttl,
    "security.session_absolute_lifetime": _session_absolute_lifetime,
    "security.session_max_renewals": _session_max_renewals,
    "security.operator_token_ttl": _operator_token_ttl,
    "security.delay_seconds": _delay_seconds,
    "security.approval_timeout": _approval_timeout,
    "security.cors_origins": _cors_origins,
    "security.allowed_hosts": _allowed_hosts,
    "notifications.enabled": _notifications_enabled,
    "security.lockout_seconds": _lockout_seconds,
}


# --- what needs a house of its own, not yet started --------------------------------------------------------------------


def _filled_log(house: House) -> None:
    """Logs as long as the smallest size at which they are rotated, from two earlier rotations."""
    for name in ("daemon.log", "daemon.log.1"):
        file = house.root / "logs" / name
        file.write_bytes(b"{}\n" * 349_600)
        file.chmod(0o600)


def _log_max_size(house: House) -> None:
    _filled_log(house)
    house.start()
    assert (house.root / "logs/daemon.log").stat().st_size < 1_000_000
    assert (house.root / "logs/daemon.log.2").exists()


def _log_max_files(house: House) -> None:
    _filled_log(house)
    house.start()
    assert (house.root / "logs/daemon.log").stat().st_size < 1_000_000
    assert not (house.root / "logs/daemon.log.2").exists()


def _session_rpm(house: House) -> None:
    wallet = house.start().wallet()
    statuses = [ask(house, "GET", "/v1/wallet/address", wallet.token).status_code for _ in range(3)]
    assert statuses == [200, 200, 429]


def _global_rpm(house: House) -> None:
    house.start()
    statuses = [ask(house, "GET", "/v1/agents").status_code for _ in range(3)]
    assert statuses == [401, 401, 429]
    assert ask(house, "GET", "/health").is_success, "health is counted apart"


def _min_channels(house: House) -> None:
    with pytest.raises(AssertionError, match=r"notifications.min_channels is 2 and 1 channels are enabled"):
        house.start()


def _log_retention_days(house: House) -> None:
    house.start()
    house.operator.agents.suspend(house.wallet().agent_id)
    until(
        lambda: house.rows("SELECT 1 FROM notification_outbox WHERE delivered_at IS NOT NULL"), "the notice to go out"
    )
    house.stop()
    house.clock.shift(2 * 86_400)
    house.start()
    until(lambda: house.rows("SELECT 1 FROM notification_outbox") == [], "the old notice to be forgotten")


def _plugins_allow(house: House) -> None:
    assert _status(house.start(), "waiaas-builtin") == "loaded"
    assert _status(house, "waiaas-solana") == "disabled"


def _plugins_disable(house: House) -> None:
    assert _status(house.start(), "waiaas-solana") == "disabled"


def _status(house: House, name: str) -> str:
    return next(plugin.status for plugin in house.operator.catalogue.plugins() if plugin.name == name)


def _plugin_key(house: House) -> None:
    """A price of a million micro-lamports for a compute unit instead of the default of five thousand."""
    assert _fee(house.start())["likely"] > 5_100


def _fee_max(house: House) -> None:
    assert _fee(house.start())["max"] == 5_001


def _fee(house: House) -> dict[str, int]:
    found = house.client(house.instant()).simulate(**house.case.payment(house.case.new_recipient())).fee
    assert isinstance(found, dict)
    return {name: int(value) for name, value in found.items() if name != "asset"}


def _fee_daily_limit(house: House) -> None:
    simulated = house.start().client(house.instant()).simulate(**house.case.payment(house.case.new_recipient()))
    assert simulated.tier == "DENY"
    assert "FEE_DAILY_LIMIT" in {verdict["code"] for verdict in simulated.verdicts}


def _rpc(house: House) -> None:
    """A node that is not there: the house's own chain is not asked."""
    answer = ask(house, "GET", "/v1/wallet/balance", house.start().wallet().token)
    assert answer.json()["code"] == "CHAIN_UNREACHABLE"


def _shutdown_timeout(house: House) -> None:
    """A request that does not come to its end is waited for this long and no longer; the default is 30 seconds."""
    wallet = house.start(hold_at("before-admit")).instant()
    sender = threading.Thread(target=_send_in_vain, args=(house, wallet))
    sender.start()
    house.held("before-admit")
    began = time.monotonic()
    house.daemon.terminate()
    house.daemon.wait(25)
    assert time.monotonic() - began >= 5
    sender.join()
    assert "still under way" in house.paths.log.read_text()


def _send_in_vain(house: House, wallet: Wallet) -> None:
    with pytest.raises(Unreachable):
        house.client(wallet).send(**house.case.payment(house.case.new_recipient()))


def _price_sources(house: House) -> None:
    """The default asks none."""
    native = native_of(house)
    configure(house, f'[prices.static]\n"{native}" = "140"\n')
    house.start()
    until(lambda: prices_of(house, "static"), "the source to be asked")


def _refresh_seconds(house: House) -> None:
    """At the default the second question would come after a minute."""
    with _sold(house) as service:
        house.start()
        until(lambda: len(service.asked) > 1, "the source to be asked again", seconds=30)


def _max_age_seconds(house: House) -> None:
    """A price of a minute ago would be one at the default."""
    with _sold(house) as service:
        house.environ["WAIAAS_PRICES_HTTP_TIME_PATH"] = "{key}.more.at"
        service.says("coin", "1", at=int(time.time()) - 60)
        house.start()
        until(lambda: source_of(house, "http")["state"] != "waiting", "the source to be asked")
        assert source_of(house, "http")["state"] == "failing"
        assert prices_of(house, "http") == {}


@contextmanager
def _sold(house: House) -> Iterator[PriceService]:
    """A service that sells the native asset's price, configured."""
    with price_service() as service:
        service.says("coin", "142.5")
        house.environ |= {
            "WAIAAS_PRICES_SOURCES": '["http"]',
            "WAIAAS_PRICES_HTTP_URL": service.url,
            "WAIAAS_PRICES_HTTP_PATH": "{key}.usd",
            "WAIAAS_PRICES_HTTP_ASSETS": json.dumps({native_of(house): "coin"}),
        }
        yield service


def _source_key(house: House) -> None:
    """Where the price stands in the answer; by default it is the asset's own word."""
    with _sold(house):
        house.start()
        until(lambda: prices_of(house, "http"), "the source to be asked")


def _decimals(house: House) -> None:
    """A token is shown with the decimals that were written for it."""
    token = native_of(house).partition("/")[0] + "/token:4zMMC9srt5Ri5X14GAgXhaHii3GnPAEERYPJgZJDncDU"
    configure(
        house, f'[prices]\nsources = ["static"]\n[prices.static]\n"{token}" = "1"\n[prices.decimals]\n"{token}" = 7\n'
    )
    house.start()
    until(lambda: prices_of(house, "static"), "the source to be asked")
    assert [one["decimals"] for one in source_of(house, "static")["prices"]] == [7]


ALONE: Mapping[str, tuple[Check, Mapping[str, str]]] = {
    "prices.sources": (_price_sources, {"prices.sources": '["static"]'}),
    "prices.refresh_seconds": (_refresh_seconds, {"prices.refresh_seconds": "5"}),
    "prices.max_age_seconds": (_max_age_seconds, {"prices.max_age_seconds": "30"}),
    "prices.decimals.<asset>": (_decimals, {}),
    "prices.<source>.<key>": (_source_key, {}),
    "daemon.log_max_size": (_log_max_size, {"daemon.log_max_size": "1MB"}),
    "daemon.log_max_files": (_log_max_files, {"daemon.log_max_size": "1MB", "daemon.log_max_files": "1"}),
    "daemon.shutdown_timeout": (_shutdown_timeout, {"daemon.shutdown_timeout": "5"}),
    "security.rate_limit_session_rpm": (_session_rpm, {"security.rate_limit_session_rpm": "2"}),
    "security.rate_limit_global_rpm": (_global_rpm, {"security.rate_limit_global_rpm": "2"}),
    "security.max_stored_denials": (stores_denials, {"security.max_stored_denials": "11"}),
    "security.execution_timeout": (expires, {"security.execution_timeout": "10"}),
    "security.kill_switch_recovery_cooldown": (cools_down, {"security.kill_switch_recovery_cooldown": "60"}),
    "notifications.dedup_ttl": (tells_each_denial, {"notifications.dedup_ttl": "0"}),
    "notifications.min_channels": (_min_channels, {"notifications.min_channels": "2"}),
    "notifications.log_retention_days": (_log_retention_days, {"notifications.log_retention_days": "1"}),
    "plugins.allow": (_plugins_allow, {"plugins.allow": '["waiaas-builtin"]'}),
    "plugins.disable": (_plugins_disable, {"plugins.disable": '["waiaas-solana"]'}),
    "plugins.<name>.<key>": (_plugin_key, {}),
    "rpc.<chain>.<network>": (_rpc, {}),
    "fees.<chain>.<network>.max": (_fee_max, {}),
    "fees.<chain>.<network>.daily_limit": (_fee_daily_limit, {}),
}
"""Key → its check and the values of the house, which is given before it was started."""

PATTERN_VARIABLES: Mapping[str, Mapping[str, str]] = {
    "plugins.<name>.<key>": {"WAIAAS_PLUGINS_WAIAAS_SOLANA_PRICE_FLOOR": "1000000"},
    "rpc.<chain>.<network>": {"WAIAAS_RPC_SOLANA_LOCALNET": "http://127.0.0.1:9"},
    "fees.<chain>.<network>.max": {"WAIAAS_FEES_SOLANA_LOCALNET_MAX": "5001"},
    "fees.<chain>.<network>.daily_limit": {"WAIAAS_FEES_SOLANA_LOCALNET_DAILY_LIMIT": "1"},
}
