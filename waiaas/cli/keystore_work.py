"""What the commands share that open the keystore in their own process. No plugin is loaded here, and none may be."""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from waiaas.cli.connections import anybody
from waiaas.cli.exits import Failure
from waiaas.cli.ids import is_part
from waiaas.cli.invocation import Invocation
from waiaas.cli.passwords import find_password, read_secret

if TYPE_CHECKING:
    from waiaas_sdk import Operator

    from waiaas.config import Settings
    from waiaas.keystore.argon import ArgonParams


@dataclass(frozen=True, slots=True)
class KnownAgent:
    """What the database says of an agent."""

    id: str
    name: str
    chain: str
    network: str
    address: str


def settings_of(invocation: Invocation) -> "Settings":
    """The configuration of a data directory that is safe and whole; finishes what a killed command left.

    :raises Failure: there is no keystore
    """
    from waiaas.config import check, load

    root = invocation.data_dir
    if not (root / "keystore" / "master.json").exists():
        raise Failure(f"{root} holds no keystore", hint="make one with: waiaas init")
    settings = load(root, os.environ)
    check(root, readable=frozenset({settings.paths.daemon_pid}))
    _settle(settings)
    return settings


def argon_of(settings: "Settings") -> "ArgonParams":
    """What a guess costs, as ``config.toml`` has it."""
    from waiaas.keystore.argon import ArgonParams

    costs = settings.keystore
    return ArgonParams(memory_kib=costs.argon2_memory, time=costs.argon2_time, parallelism=costs.argon2_parallelism)


def _settle(settings: "Settings") -> None:
    """A change of the data key that was interrupted. While a daemon runs there is none: its start completed it."""
    root = settings.paths.root
    if not any((root / name).exists() for name in ("keystore.next", "keystore.switch")):
        return
    from waiaas.daemon.lock import DirectoryLock
    from waiaas.engine.rekeying import finish

    lock = DirectoryLock(settings.paths.daemon_lock)
    lock.take()
    try:
        finish(settings.paths)
    finally:
        lock.release()


def find_passphrase(
    file: Path | None,
    prompt: str,
    *,
    confirm: bool = False,
    check: Callable[[bytearray], None] | None = None,
) -> bytearray:
    """The passphrase of a key file: from a private file, or asked for. The caller wipes it.

    :param check: refuses one that will not do
    """
    if file is None:
        instead = "name a private file of mode 600 with --passphrase-file"
        return find_password({}, confirm=confirm, prompt=prompt, check=check, instead=instead)
    found = read_secret(file, "--passphrase-file")
    if check is not None:
        check(found)
    return found


@contextmanager
def daemon_as_operator(invocation: Invocation, password: bytearray) -> Iterator["Operator | None"]:
    """The running daemon, for who has typed the password already; None when none runs. Each call proves the password again."""
    from waiaas_sdk import Operator, Unreachable

    from waiaas.cli.passwords import as_text

    try:
        with anybody(invocation) as found:
            found.health()
    except Unreachable as error:
        if error.code != "DAEMON_UNREACHABLE":
            raise
        yield None
        return
    with Operator.over_socket(invocation.admin_socket, as_text(password), remember=False) as made:
        yield made


def tell_daemon(invocation: Invocation, password: bytearray) -> bool:
    """Have a running daemon look at the keystore: it does whenever it is shown the right password.

    :returns: whether it did; what it does not see now it sees at the next unlock
    """
    from waiaas_sdk import WaiaasApiError

    try:
        with daemon_as_operator(invocation, password) as daemon:
            if daemon is None:
                return False
            daemon.admin.status()
            return True
    except WaiaasApiError:
        return False


def find_agent(settings: "Settings", name_or_id: str) -> KnownAgent:
    """An agent by id or name, from the database file, whether a daemon runs or not.

    :raises Failure: there is none
    """
    found = _ask(settings, "id = ?", name_or_id) or _ask(settings, "name = ?", name_or_id)
    if found is None and is_part(name_or_id):
        one_alone = "id >= ? AND id < ? AND (SELECT count(*) FROM agents WHERE id >= ? AND id < ?) = 1"
        found = _ask(settings, one_alone, *(name_or_id, name_or_id + "g") * 2)
    if found is None:
        raise Failure(f"there is no agent {name_or_id}", hint="see: waiaas agent list")
    return found


def find_owner_of_key(settings: "Settings", chain: str, network: str, public_key: str) -> KnownAgent | None:
    """The agent that has this key on this network already."""
    return _ask(settings, "chain = ? AND network = ? AND public_key = ?", chain, network, public_key)


def find_namesake(settings: "Settings", name: str) -> KnownAgent | None:
    """The agent of this name."""
    return _ask(settings, "name = ?", name)


def _ask(settings: "Settings", where: str, *values: str) -> KnownAgent | None:
    from waiaas.cli.database import opened

    if not settings.paths.database.exists():
        return None
    with opened(settings.paths.database, "ro") as connection:
        # the conditions are ours, from the functions above
        sql = f"SELECT id, name, chain, network, address FROM agents WHERE {where}"  # noqa: S608
        row = connection.execute(sql, values).fetchone()
    return None if row is None else KnownAgent(*row)
