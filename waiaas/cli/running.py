"""``waiaas status``, ``stop`` and ``unlock``: a daemon that runs."""

import os
import signal
from collections.abc import Mapping, Sequence
from typing import Any

import click
from waiaas_sdk import Health, NotReady, Unreachable

from waiaas.cli.amounts import Unit
from waiaas.cli.connections import anybody, operator, operator_by_password
from waiaas.cli.exits import NOT_RUNNING, OK, Failure
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option
from waiaas.cli.output import Column, at, explain, print_done, print_facts, print_json, print_table, say
from waiaas.cli.processes import DaemonProcess, announced, find_daemon, not_working

_SLACK_SECONDS = 15


@click.command()
@click.option("--details", is_flag=True, help="Also what only the operator may know; asks for the password.")
@json_option
@click.pass_obj
def status(invocation: Invocation, details: bool, as_json: bool) -> int:
    """Whether the daemon runs and is ready. Exit code 3 when it does not run."""
    health = read_health(invocation)
    if health is None:
        facts: dict[str, Any] = {"running": False, "dataDir": str(invocation.data_dir)}
    else:
        facts = {"running": True, "dataDir": str(invocation.data_dir), **announced(invocation.data_dir)}
        facts |= health.model_dump(by_alias=True)
        if details:
            with operator(invocation) as daemon:
                facts["details"] = daemon.admin.status()
    if as_json:
        print_json(facts)
    elif health is not None:
        _print_status(facts, health)
    if health is None:
        raise Failure(f"no daemon runs in {invocation.data_dir}", hint=_way_to_start(invocation), exit_code=NOT_RUNNING)
    return OK


def _print_status(facts: Mapping[str, Any], health: Health) -> None:
    told: Mapping[str, Any] = facts.get("details", {})
    shown = {name: value for name, value in facts.items() if name not in ("details", "notLoaded")}
    print_facts({**shown, "uptime": f"{health.uptime} s", **_spread(told)})
    _print_networks(told.get("chains", []))
    _print_prices(told.get("prices", {}).get("sources", []))
    for line in (*not_working(told.get("notLoaded", facts.get("notLoaded"))), *_troubles(told.get("chains", []))):
        explain(line)
    if health.status == "locked":
        say("Nothing is signed until: waiaas unlock")
    if health.status == "stopped":
        say("The kill switch holds everything up until: waiaas kill-switch recover")


def _troubles(chains: Sequence[Mapping[str, Any]]) -> list[str]:
    """A line for each network whose nodes cannot be asked: which endpoint, what is wrong, since when, what to set."""
    found = [(one, one["trouble"]) for one in chains if one.get("trouble")]
    return [
        f"{one['chain']}/{one['network']} cannot be asked since {at(what['since'])}: {what['reason']}. Next: {what['hint']}"
        for one, what in found
    ]


def _way_to_start(invocation: Invocation) -> str:
    is_made = (invocation.data_dir / "keystore" / "master.json").exists()
    return "start it with: waiaas start" if is_made else "make its directory with: waiaas init"


def _spread(details: Mapping[str, Any]) -> dict[str, Any]:
    """What only the operator may know, a line each; what stands above already and the networks are left out."""
    if not details:
        return {}
    counts, head = details["counts"], details["auditHead"] or {}
    return {
        "signer": details["signer"],
        "killSwitch": details["killSwitch"]["state"],
        "agents": counts["agents"],
        "paymentsUnderWay": counts["active"],
        "reservations": counts["reservations"],
        "auditRows": head.get("id"),
        "auditHead": head.get("hash"),
    }


def _print_networks(chains: Sequence[Mapping[str, Any]]) -> None:
    if not chains:
        return
    columns = [
        Column("network", is_whole=True),
        Column("money"),
        Column("state"),
        Column("fee at most", is_right=True),
        Column("final", when_wide=100),
    ]
    rows = [
        (
            f"{one['chain']}/{one['network']}",
            "test" if one["isTest"] else "real",
            "degraded" if one["degraded"] else "in trouble" if one.get("trouble") else "ok",
            Unit(one["native"]["symbol"], one["native"]["decimals"]).display(int(one["fees"]["max"])),
            one["finality"],
        )
        for one in chains
    ]
    say("")
    print_table(columns, rows, empty="")


def _print_prices(sources: Sequence[Mapping[str, Any]]) -> None:
    """A line a price; a source without any has one that says why."""
    if not sources:
        return
    rows = []
    for source in sources:
        for one in source["prices"]:
            rows.append((source["name"], one["assetId"], one["usd"], f"{one['ageSeconds']} s", _price_state(one)))
        if source["error"] or not source["prices"]:
            rows.append((source["name"], "-", "-", "-", source["error"] or source["state"]))
    columns = [
        Column("price source"),
        Column("asset", is_whole=True),
        Column("USD", is_right=True),
        Column("age", is_right=True),
        Column("state"),
    ]
    say("")
    print_table(columns, rows, empty="")


def _price_state(price: Mapping[str, Any]) -> str:
    if price["decimals"] is None:
        return "not used: prices.decimals does not name it"
    if price["isHeldBack"]:
        return "a later one leapt and is held back"
    return "fresh" if price["isFresh"] else "too old"


def read_health(invocation: Invocation) -> Health | None:
    """What the daemon says of itself; None when it does not run."""
    try:
        with anybody(invocation) as daemon:
            return daemon.health()
    except Unreachable as error:
        if error.code == "DAEMON_UNREACHABLE":
            return None
        raise
    except NotReady as error:
        return Health(status=error.code, version="", uptime=0, schema_version=0, ready=False)


@click.command()
@click.option("--timeout", type=click.IntRange(1), help="Seconds to wait for its end [daemon.shutdown_timeout + 15].")
@json_option
@click.pass_obj
def stop(invocation: Invocation, timeout: int | None, as_json: bool) -> None:
    """Let the daemon finish what is under way and stop. Needs no password: it is a signal to your own process."""
    found = find_daemon(invocation.data_dir)
    if found is None:
        raise Failure(f"no daemon runs in {invocation.data_dir}", hint="nothing to do", exit_code=NOT_RUNNING)
    seconds = timeout if timeout is not None else _patience(invocation)
    with found:
        _end(found, seconds)
    print_done({"pid": found.pid, "stopped": True}, f"The daemon (process {found.pid}) has stopped.", as_json)


def _patience(invocation: Invocation) -> int:
    from waiaas.config import load
    from waiaas.errors import StartRefused

    try:
        return load(invocation.data_dir, os.environ).daemon.shutdown_timeout + _SLACK_SECONDS
    except StartRefused:  # a configuration that broke since must not keep anybody from stopping
        return 30 + _SLACK_SECONDS


def _end(found: DaemonProcess, seconds: int) -> None:
    found.signal(signal.SIGTERM)
    if not found.wait(seconds):
        raise Failure(
            f"the daemon (process {found.pid}) still works after {seconds} s", hint="look into its log, or wait longer"
        )


@click.command()
@json_option
@click.pass_obj
def unlock(invocation: Invocation, as_json: bool) -> None:
    """Unlock the signer, also one that died and has to be started again."""
    with operator_by_password(invocation, is_proved=False) as daemon:
        daemon.unlock()
    print_done({"unlocked": True}, "The signer is unlocked.", as_json)
