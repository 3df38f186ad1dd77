"""``waiaas agent import``: a key from a file becomes an agent. In this process, after the password, with no plugin loaded.

The key is sealed into the keystore here; the daemon, which has the chain's adapter, derives its address and makes the agent.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING

import click

from waiaas.cli.exits import Failure
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option
from waiaas.cli.output import print_json, say
from waiaas.cli.passwords import find_password

if TYPE_CHECKING:
    from waiaas_sdk import Agent

    from waiaas.config import Settings
    from waiaas.keystore.desk import HeldKey


@click.command("import")
@click.argument("name")
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False, exists=True))
@click.option("--network", required=True, help="Network the agent works on, such as mainnet.")
@click.option("--chain", help="Chain family [as the file says: solana for id.json, evm for Ethereum keystores].")
@click.option(
    "--passphrase-file", type=click.Path(path_type=Path, dir_okay=False), help="Private file with FILE's passphrase."
)
@json_option
@click.pass_obj
def import_(
    invocation: Invocation,
    *,
    name: str,
    file: Path,
    network: str,
    chain: str | None,
    passphrase_file: Path | None,
    as_json: bool,
) -> None:
    """Make an agent NAME of the key in FILE: our own key file, a Solana id.json, or an Ethereum keystore of version 3.

    A running daemon adopts it at once, otherwise the next start does.
    """
    password, passphrase = bytearray(), bytearray()
    try:
        text, passphrase = _read(file, passphrase_file)
        settings, password = _ready(invocation)
        agent_id = _seal(settings, password, (text, passphrase), (name, chain, network))
        adopted = _adopt(invocation, password, agent_id)
    finally:
        for secret in (password, passphrase):
            secret[:] = bytes(len(secret))
    _tell(name, agent_id, adopted, file, as_json=as_json)


def _read(file: Path, passphrase_file: Path | None) -> tuple[bytes, bytearray]:
    from waiaas.cli.keystore_work import find_passphrase
    from waiaas.keystore.key_files import LONGEST_FILE, recognise

    with file.open("rb") as stream:
        text = stream.read(LONGEST_FILE + 1)
    if len(text) > LONGEST_FILE:
        raise Failure(f"{file} is too long to be a key file", hint=f"one has at most {LONGEST_FILE} bytes")
    if not recognise(text).is_encrypted:
        return text, bytearray()
    return text, find_passphrase(passphrase_file, f"Passphrase of {file.name}: ")


def _ready(invocation: Invocation) -> "tuple[Settings, bytearray]":
    from waiaas.cli.keystore_work import settings_of

    return settings_of(invocation), find_password(os.environ)


def _seal(
    settings: "Settings", password: bytearray, source: tuple[bytes, bytearray], wish: tuple[str, str | None, str]
) -> str:
    from waiaas.keystore.desk import Desk
    from waiaas.keystore.key_files import read_key_file
    from waiaas.keystore.opened import opened

    text, passphrase = source
    with Desk() as desk:
        key = read_key_file(desk, text, passphrase or None)
        name, chain, network = _placed(settings, key, *wish)
        with opened(settings.paths.keystore, desk, password) as keystore:
            return keystore.seal(key, name=name, chain=chain, network=network)


def _placed(settings: "Settings", key: "HeldKey", name: str, chain: str | None, network: str) -> tuple[str, str, str]:
    """Where the key belongs; what is taken is refused here already, for who imports while no daemon runs."""
    from waiaas.cli.keystore_work import find_namesake, find_owner_of_key

    family = chain or key.chain
    if family is None:
        raise click.UsageError("the file does not say which chain its key is for; add --chain")
    owner = find_owner_of_key(settings, family, network, key.public_key.hex())
    if owner is not None:
        raise Failure(f"the agent {owner.name} has this key already", hint=f"see: waiaas agent show {owner.name}")
    if find_namesake(settings, name) is not None:
        raise Failure(f"there is an agent named {name!r} already", hint="choose another name")
    return name, family, network


def _adopt(invocation: Invocation, password: bytearray, agent_id: str) -> "Agent | None":
    """Have the running daemon adopt it. What it will never adopt is taken back; None when it adopts it later."""
    from waiaas_sdk import WaiaasApiError

    from waiaas.cli.keystore_work import daemon_as_operator
    from waiaas.keystore.imports import file_name

    try:
        with daemon_as_operator(invocation, password) as daemon:
            return None if daemon is None else daemon.agents.adopt(agent_id)
    except WaiaasApiError as problem:
        if problem.status in (400, 409, 422):
            (invocation.data_dir / "keystore" / file_name(agent_id)).unlink(missing_ok=True)
            raise
        if problem.code in ("SIGNER_LOCKED", "DAEMON_UNREACHABLE"):
            return None
        raise


def _tell(name: str, agent_id: str, adopted: "Agent | None", file: Path, *, as_json: bool) -> None:
    if as_json:
        return print_json({"id": agent_id, "name": name, "adopted": adopted is not None, "agent": adopted})
    if adopted is None:
        say(f"The key is sealed as {agent_id}; the daemon makes the agent {name} when it is next unlocked.")
    else:
        say(f"{name} is {adopted.address} on {adopted.chain}/{adopted.network}.")
        say(f"Next: waiaas policy create SPENDING_LIMIT --agent {name} ... and waiaas session issue {name}")
    say(f"{file} is as it was: delete it if nothing else needs it.")
    return None
