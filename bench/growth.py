"""``python -m bench.growth``: how many bytes a payment leaves behind, by table, in the log and in a backup.

Ten agents pay in turn on a real daemon over HTTP, twice: payments that go at once, and payments that people are told of over
one channel. Bytes are whole pages by SQLite's own count (dbstat), indexes counted with their table, taken after a first round
that fills the pages which every database has.
"""

import argparse
import json
import sqlite3
import sys
import tempfile
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path

from waiaas_sdk import Operator

from bench.coins import Coin, Policy
from bench.coins_evm import Wei
from bench.coins_solana import Lamports
from bench.servers import PASSWORD, Daemon
from bench.transfers import pay

AGENTS = 10
_YEAR = 365
_MEGABYTE = 1_000_000
_COINS: Mapping[str, type[Coin]] = {"solana": Lamports, "evm": Wei}


@dataclass(frozen=True, slots=True, kw_only=True)
class Grown:
    """What one payment leaves behind, in bytes.

    :param tables: of the database, by table, indexes included; :param rows: rows a payment, by table
    :param log: of logs/daemon.log; :param backup: of a backup, by which it is longer
    """

    kind: str
    payments: int
    tables: dict[str, float]
    rows: dict[str, float]
    log: float
    backup: float

    @property
    def database(self) -> float:
        """All tables."""
        return sum(self.tables.values())


def measure(folder: Path, coin: Coin, payments: int) -> list[Grown]:
    """Both kinds of payments on one daemon. :param payments: of each kind"""
    daemon = Daemon(folder, coin)
    daemon.start()
    with daemon, Operator.over_socket(daemon.root / "run" / "admin.sock", PASSWORD, timeout=600) as operator:
        silent = daemon.wallets(AGENTS)
        found = [_grown("at once", operator, daemon, coin, silent, payments)]
        operator.channels.create("LOG", {})
        coin.policies = lambda: _told(Coin.policies(coin))  # type: ignore[method-assign]
        told = daemon.wallets(AGENTS)
        return [*found, _grown("told of", operator, daemon, coin, told, payments)]


def _grown(kind: str, operator: Operator, daemon: Daemon, coin: Coin, tokens: list[str], payments: int) -> Grown:
    each = max(1, payments // AGENTS)
    pay(daemon, coin, tokens, AGENTS, max(1, each // 5))
    before = _sizes(operator, daemon)
    pay(daemon, coin, tokens, AGENTS, each)
    after = _sizes(operator, daemon)
    paid = each * AGENTS

    def differences(name: str) -> dict[str, float]:
        return {
            table: (size - before[name].get(table, 0)) / paid
            for table, size in after[name].items()
            if size != before[name].get(table, 0)
        }

    files = differences("files")
    return Grown(
        kind=kind,
        payments=paid,
        tables=differences("bytes"),
        rows=differences("rows"),
        log=files.get("log", 0.0),
        backup=files.get("backup", 0.0),
    )


def _told(policies: list[Policy]) -> list[Policy]:
    """The same limits, but people are told of each payment."""
    return [(kind, {**rules, "instant_max": "1", "notify_max": rules["instant_max"]}) for kind, rules in policies]


def _sizes(operator: Operator, daemon: Daemon) -> dict[str, dict[str, int]]:
    with closing(sqlite3.connect(f"file:{daemon.database}?mode=ro", uri=True, timeout=30)) as connection:
        owners = dict(connection.execute("SELECT name, tbl_name FROM sqlite_master"))
        pages: dict[str, int] = {}
        for name, size in connection.execute("SELECT name, sum(pgsize) FROM dbstat GROUP BY name"):
            table = owners.get(name, name)
            pages[table] = pages.get(table, 0) + size
        tables = [name for name, table in owners.items() if name == table and not name.startswith("sqlite_")]
        rows = {name: connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables}  # noqa: S608
    log = sum(path.stat().st_size for path in (daemon.root / "logs").iterdir())
    return {"bytes": pages, "rows": rows, "files": {"log": log, "backup": operator.admin.backup().bytes}}


def _report(found: list[Grown]) -> str:
    lines = []
    for one in found:
        lines += [
            f"payments {one.kind}, {one.payments} of them",
            "| table | rows a payment | bytes a payment |",
            "| --- | --- | --- |",
        ]
        lines += [
            f"| `{table}` | {one.rows.get(table, 0):.2f} | {size:,.0f} |"
            for table, size in sorted(one.tables.items(), key=lambda item: -item[1])
        ]
        lines.append(f"| all | | {one.database:,.0f} |")
        lines.append(f"log {one.log:,.0f}, a backup grows by {one.backup:,.0f} bytes a payment")
        for daily in (1_000, AGENTS * 1_000):
            year = one.database * daily * _YEAR / _MEGABYTE
            lines.append(f"{daily:,} a day: {one.database * daily / _MEGABYTE:,.1f} MB a day, {year:,.0f} MB a year")
        lines.append("")
    return "\n".join(lines)


def main() -> int:
    """Exit code 0 when it could be measured."""
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description="What a payment leaves behind.")
    parser.add_argument("--chain", choices=sorted(_COINS), default="solana")
    parser.add_argument("--payments", type=int, default=1_000, help="of each kind [1000]")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="waiaas-growth-") as folder, _COINS[options.chain]() as coin:
        found = measure(Path(folder), coin, options.payments)
    print(json.dumps([asdict(one) for one in found]) if options.json else _report(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
