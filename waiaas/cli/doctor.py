"""``waiaas doctor``: look at everything that can be looked at without a password, and say how to mend it."""

import os
import shutil
import socket
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

from waiaas.cli.exits import FAILED, OK, explain
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option
from waiaas.cli.output import print_json, say
from waiaas.config import Settings, check, load

_LEAST_FREE_BYTES = 1 << 30
_LEAST_LOCKED_BYTES = 1 << 20
_RECENT_SECONDS = 7 * 86_400
_ALARMS = (
    "SELECT event_type, COUNT(*) FROM audit_log WHERE severity = 'critical' AND timestamp > ?"
    " GROUP BY event_type ORDER BY event_type"
)


@dataclass(frozen=True, slots=True)
class Finding:
    """One check. :param grade: ok, warning or problem"""

    check: str
    grade: str
    text: str


Check = tuple[str, Callable[[Invocation], Iterator[tuple[str, str]]]]


@click.command()
@click.option("--network", is_flag=True, help="Also ask every configured endpoint of every network in use.")
@json_option
@click.pass_obj
def doctor(invocation: Invocation, network: bool, as_json: bool) -> int:
    """Check Python, data directory, configuration, plugins, database, audit trail and daemon.

    Exit code 1 when something has to be mended.
    """
    findings = list(_examine(invocation, [("network", _network)] if network else []))
    is_well = all(finding.grade != "problem" for finding in findings)
    if as_json:
        items = [{"check": f.check, "grade": f.grade, "text": f.text} for f in findings]
        print_json({"ok": is_well, "findings": items})
    else:
        for finding in findings:
            say(f"{finding.grade:8} {finding.check:13} {finding.text}")
    return OK if is_well else FAILED


def _examine(invocation: Invocation, more: Sequence[Check]) -> Iterator[Finding]:
    checks: list[Check] = [
        ("python", _python),
        ("machine", _machine),
        ("directory", _directory),
        ("configuration", _configuration),
        ("plugins", _plugins),
        ("plugins", _libraries),
        ("prices", _prices),
        ("database", _database),
        ("audit", _audit),
        ("daemon", _daemon),
        *more,
    ]
    for name, run in checks:
        try:
            for grade, text in run(invocation):
                yield Finding(name, grade, text)
        except Exception as error:  # noqa: BLE001 - a check that cannot be made is a finding; the others are made
            yield Finding(name, "problem", explain(error)[1])


def _python(invocation: Invocation) -> Iterator[tuple[str, str]]:
    version = ".".join(map(str, sys.version_info[:3]))
    fits = (3, 11) <= sys.version_info[:2] <= (3, 13)
    yield ("ok", f"Python {version}") if fits else ("problem", f"Python {version}: 3.11 to 3.13 is needed")


def _machine(invocation: Invocation) -> Iterator[tuple[str, str]]:
    import resource

    locked, _ = resource.getrlimit(resource.RLIMIT_MEMLOCK)
    if locked != resource.RLIM_INFINITY and locked < _LEAST_LOCKED_BYTES:
        yield "warning", f"only {locked >> 10} KiB of memory may be locked; raise it: ulimit -l 8192"
    place = invocation.data_dir
    while not place.exists():
        place = place.parent
    free = shutil.disk_usage(place).free
    grade = "ok" if free >= _LEAST_FREE_BYTES else "warning"
    yield grade, f"{free >> 20} MiB free on the disk of {place}"


def _directory(invocation: Invocation) -> Iterator[tuple[str, str]]:
    if not invocation.data_dir.exists():
        yield "warning", f"there is no {invocation.data_dir} yet; make it with: waiaas init"
        return
    check(invocation.data_dir)
    if not (invocation.data_dir / "keystore" / "master.json").exists():
        yield "problem", "there is no keystore; make it with: waiaas init"
    yield "ok", f"{invocation.data_dir} is private"


def _configuration(invocation: Invocation) -> Iterator[tuple[str, str]]:
    settings = load(invocation.data_dir, os.environ)
    yield "ok", "every key is valid"
    if invocation.data_dir.exists():
        for warning in settings.warnings:
            yield "warning", warning
    yield from _port(invocation, settings)


def _port(invocation: Invocation, settings: Settings) -> Iterator[tuple[str, str]]:
    from waiaas.cli.processes import find_daemon

    if settings.daemon.port == 0:
        return
    found = find_daemon(invocation.data_dir)
    if found is not None:
        found.close()
        return
    with socket.socket(socket.AF_INET6 if ":" in settings.daemon.hostname else socket.AF_INET) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.daemon.hostname, settings.daemon.port))
        except OSError:
            port = settings.daemon.port
            yield "problem", f"port {port} is taken by another program; set WAIAAS_DAEMON_PORT or [daemon].port"


def _plugins(invocation: Invocation) -> Iterator[tuple[str, str]]:
    from waiaas.cli.trust import read_lock
    from waiaas.registry import PluginStatus, describe

    settings = load(invocation.data_dir, os.environ)
    for info in describe(read_lock(settings.paths.plugins_lock), settings.plugins.allow, settings.plugins.disable):
        if info.status is PluginStatus.LOADED:
            yield "ok", f"{info.name} {info.version}"
        else:
            grade = "problem" if info.status is PluginStatus.FAILED else "warning"
            yield grade, f"{info.name} is {info.status.value}" + (f": {info.error}" if info.error else "")


def _libraries(invocation: Invocation) -> Iterator[tuple[str, str]]:
    from waiaas.builtin.libraries import missing_types

    for why in missing_types().values():
        yield "warning", f"{why}; until then policies of that type deny"


def _prices(invocation: Invocation) -> Iterator[tuple[str, str]]:
    """What is asked; what it answers, and how old that is, the daemon tells its operator."""
    from waiaas.cli.trust import read_lock
    from waiaas.registry import describe

    settings = load(invocation.data_dir, os.environ)
    if not settings.prices.sources:
        yield "ok", "no source is asked; limits in dollars need a person for every payment"
        return
    infos = describe(read_lock(settings.paths.plugins_lock), settings.plugins.allow, settings.plugins.disable)
    brought = {name for info in infos if info.registers for name in info.registers.price_sources}
    for name in settings.prices.sources:
        if name in brought:
            yield "ok", f"{name} is asked; its prices and their ages: waiaas status --details"
        else:
            yield "problem", f"prices.sources names {name}, which no plugin that loads brings; see: waiaas plugins list"


def _database(invocation: Invocation) -> Iterator[tuple[str, str]]:
    from waiaas.cli.database import find_problems

    path = load(invocation.data_dir, os.environ).paths.database
    if not path.exists():
        yield "ok", "there is none yet"
        return
    problems = find_problems(path)
    for problem in problems:
        yield "problem", problem
    if not problems:
        yield "ok", "its structure and references are sound"
    if not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK)):
        mend = f"look who owns it, and whether its file system is read-only: ls -la {path.parent}"
        yield "problem", f"{path} cannot be written by this user, and the daemon has to; {mend}"


def _audit(invocation: Invocation) -> Iterator[tuple[str, str]]:
    from waiaas.cli.audit_files import as_document, in_brief, verify_database

    path = load(invocation.data_dir, os.environ).paths.database
    if not path.exists():
        yield "ok", "there is none yet"
        return
    report = verify_database(path)
    yield "ok" if report.is_intact else "problem", in_brief(as_document(report, path))
    yield from _alarms(path)


def _alarms(path: Path) -> Iterator[tuple[str, str]]:
    """What a person should have looked at: rows that were changed outside of the daemon are among it."""
    from waiaas.cli.database import opened

    since = int(time.time()) - _RECENT_SECONDS
    with opened(path, "ro") as connection:
        rows = connection.execute(_ALARMS, (since,)).fetchall()
    if rows:
        told = ", ".join(f"{event} ({count})" for event, count in rows)
        yield "warning", f"critical in the last 7 days: {told}; see: waiaas audit list --severity critical"


def _daemon(invocation: Invocation) -> Iterator[tuple[str, str]]:
    from waiaas.cli.running import read_health

    health: Any = read_health(invocation)
    if health is None:
        yield "ok", "not running; start it with: waiaas start"
    elif health.ready:
        yield "ok", f"running and ready, version {health.version}"
        yield from _degraded(invocation, health)
    else:
        mend = "waiaas unlock" if health.status == "locked" else "wait, then waiaas status"
        yield "problem", f"running but {health.status}: {mend}"


def _network(invocation: Invocation) -> Iterator[tuple[str, str]]:
    from waiaas.cli.endpoints import findings

    yield from findings(invocation.data_dir)


def _degraded(invocation: Invocation, health: Any) -> Iterator[tuple[str, str]]:
    """What does not work although the daemon is ready."""
    from waiaas.cli.processes import announced, not_working

    for line in not_working(announced(invocation.data_dir).get("notLoaded")):
        yield "warning", line
    if health.networks_in_trouble:
        yield (
            "warning",
            f"{health.networks_in_trouble} network(s) cannot be asked: `waiaas status --details` says which, why and since"
            " when; `waiaas doctor --network` asks every endpoint",
        )
