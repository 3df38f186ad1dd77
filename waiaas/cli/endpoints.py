"""``waiaas doctor --network``: ask every configured endpoint of every network in use. Plugins are imported in a child process.

The child is this module, run with the data directory as its argument; it writes one JSON document.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

_SECONDS = 90
_IN_USE = "SELECT DISTINCT chain, network FROM agents WHERE status <> 'TERMINATED'"


def ask_endpoints(data_dir: Path) -> list[Mapping[str, Any]]:
    """A row for each endpoint: {chain, network, position, endpoint, height, milliseconds, trouble}.

    :raises Failure: when the child says nothing in time
    """
    from waiaas.cli.connections import TOKEN_VARIABLE
    from waiaas.cli.exits import Failure
    from waiaas.cli.passwords import VARIABLE

    environ = {name: value for name, value in os.environ.items() if name not in (VARIABLE, TOKEN_VARIABLE)}
    command = [sys.executable, "-P", "-m", "waiaas.cli.endpoints", str(data_dir)]
    try:
        ended = subprocess.run(command, env=environ, capture_output=True, timeout=_SECONDS, check=True)
        found: list[Mapping[str, Any]] = json.loads(ended.stdout)
    except (subprocess.SubprocessError, ValueError):
        raise Failure("the endpoints could not be asked", hint="see: waiaas plugins list") from None
    return found


def findings(data_dir: Path) -> Iterator[tuple[str, str]]:
    """A line for each endpoint, for ``waiaas doctor``."""
    rows = ask_endpoints(data_dir)
    for row in rows:
        where = f"{row['chain']}/{row['network']}"
        if not row["trouble"]:
            height = "" if row["height"] is None else f", height {row['height']}"
            yield "ok", f"{where} {_named(row)}: the right chain{height}, {row['milliseconds']} ms"
        else:
            key = f"rpc.{where.replace('/', '.')}"
            yield (
                "problem",
                f"{where} {_named(row)}: {row['trouble']} ({row['milliseconds']} ms); to set another: {key}",
            )
    if not rows:
        yield "ok", "no network is in use: there is no agent, and rpc names no node"


def _named(row: Mapping[str, Any]) -> str:
    return f"endpoint {row['position']}, {row['endpoint']}" if row["position"] else "no endpoint"


def _main(data_dir: Path) -> None:
    from waiaas.cli.trust import load_plugins
    from waiaas.clock import SystemClock
    from waiaas.config import load
    from waiaas.engine.chains import Chains
    from waiaas.engine.endpoint_report import report

    settings = load(data_dir, os.environ)
    chains = Chains(load_plugins(settings), settings, SystemClock())
    named = {where for where in chains.names() if settings.rpc_urls(*where) is not None}
    rows = report(chains, sorted(named | _of_agents(settings.paths.database)))
    sys.stdout.write(json.dumps([asdict(row) for row in rows]) + "\n")
    sys.stdout.flush()
    os._exit(0)  # a question that hangs holds nobody up


def _of_agents(database: Path) -> set[tuple[str, str]]:
    from waiaas.cli.database import opened

    if not database.exists():
        return set()
    with opened(database, "ro") as connection:
        return {(chain, network) for chain, network in connection.execute(_IN_USE)}


if __name__ == "__main__":
    _main(Path(sys.argv[1]))
