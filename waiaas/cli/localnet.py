"""``waiaas localnet``: a chain on this machine, for trying things out; needs no daemon and no data directory."""

import json
import os
import signal
import sys
import threading

import click

from waiaas.cli.exits import USAGE, Failure
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option

_PACE_SECONDS = 0.4


@click.command()
@click.argument("chain")
@click.option("--port", type=click.IntRange(0, 65535), help="Port on 127.0.0.1; 0 picks one [the chain's usual one].")
@click.option("--block-seconds", type=float, default=_PACE_SECONDS, show_default=True, help="Seconds between blocks.")
@json_option
@click.pass_obj
def localnet(invocation: Invocation, chain: str, port: int | None, block_seconds: float, as_json: bool) -> None:
    """Serve a local CHAIN (solana, evm) until stopped; its URL is printed."""
    from waiaas.cli.launching import exec_without_secret
    from waiaas.cli.localchains import local_family

    exec_without_secret(sys.argv[1:], os.environ)
    if not 0.001 <= block_seconds <= 60:
        raise Failure("--block-seconds is from 0.001 to 60", exit_code=USAGE)
    family, usual_port = local_family(invocation, chain)
    stopped = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, lambda *_: stopped.set())
    with family.localnet(usual_port if port is None else port, block_seconds) as local:
        print(json.dumps({"chain": chain, "url": local.url}) if as_json else local.url, flush=True)
        stopped.wait()


@click.command(hidden=True)
@click.argument("chain")
@click.argument("network")
@click.argument("address")
@click.argument("units", type=click.IntRange(1))
@click.pass_obj
def faucet(invocation: Invocation, chain: str, network: str, address: str, units: int) -> None:
    """Ask a localnet's faucet; ``waiaas agent fund`` runs this in a process of its own."""
    from waiaas.cli.localchains import give

    print(give(invocation, chain, network, address, units))
