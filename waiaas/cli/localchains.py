"""Chains that run on this machine: which installed family brings one, and its faucet."""

import os
import subprocess
from urllib.parse import urlsplit

from waiaas.cli.exits import USAGE, Failure, one_line
from waiaas.cli.invocation import Invocation
from waiaas.cli.trust import load_plugins
from waiaas.config import Settings, load
from waiaas.errors import PluginError
from waiaas.interfaces.chain import ChainAdapter, RunsLocally
from waiaas.registry import Registry

_FAUCET_SECONDS = 60


def local_family(invocation: Invocation, chain: str) -> tuple[type[RunsLocally], int]:
    """The family's class and the port of its usual local URL. Imports plugins.

    :raises Failure: no such chain is installed, or it cannot run here
    """
    settings = load(invocation.data_dir, os.environ)
    registry = load_plugins(settings)
    if chain not in registry.chains:
        raise _unknown(chain, registry)
    plugin, adapter = registry.chains[chain]
    if not issubclass(adapter, RunsLocally):
        raise Failure(f"the chain {chain} has no localnet", hint=f"these have: {_local_names(registry)}")
    return adapter, _usual_port(adapter, settings, plugin)


def _unknown(chain: str, registry: Registry) -> Failure:
    because = "".join(f"; {info.name}: {info.error}" for info in registry.plugins if info.error)
    return Failure(
        f"no installed plugin brings the chain {chain}{because}",
        hint=f"installed with a localnet: {_local_names(registry)}",
        exit_code=USAGE,
    )


def _local_names(registry: Registry) -> str:
    names = [name for name, (_, adapter) in registry.chains.items() if issubclass(adapter, RunsLocally)]
    return ", ".join(sorted(names)) or "none"


def _usual_port(adapter: type[ChainAdapter], settings: Settings, plugin: str) -> int:
    local = getattr(adapter, "local_network", "")
    for network in adapter.networks(settings.plugin_table(plugin, adapter.settings_model)):
        if network.name == local and network.rpc:
            return urlsplit(network.rpc[0]).port or 0
    return 0


def give(invocation: Invocation, chain: str, network: str, address: str, units: int) -> str:
    """Ask the faucet of a local network. Imports plugins. Returns the transaction's id.

    :raises Failure: the network is not local, or does not answer
    """
    from waiaas.clock import SystemClock
    from waiaas.engine.chains import Chains

    settings = load(invocation.data_dir, os.environ)
    chains = Chains(load_plugins(settings), settings, SystemClock())
    try:
        adapter = chains.get(chain, network).adapter
        if not isinstance(adapter, RunsLocally) or adapter.local_network != network:
            raise Failure(f"{chain}/{network} has no faucet", hint="only a localnet can be asked for funds")
        return adapter.fund(address, units)
    except PluginError as error:
        hint = f"is it running? start it with: waiaas localnet {chain}"
        raise Failure(f"the faucet of {chain}/{network} refused: {error.message}", hint=hint) from None
    finally:
        chains.close()


def faucet(invocation: Invocation, chain: str, network: str, address: str, units: int) -> str:
    """As :func:`give`, in a process of its own: plugins are never imported where a password has been."""
    from waiaas.cli.launching import program
    from waiaas.cli.passwords import VARIABLE

    environ = {name: value for name, value in os.environ.items() if name != VARIABLE}
    options = ["--data-dir", str(invocation.data_dir), "faucet", chain, network, address, str(units)]
    done = subprocess.run(
        [*program(), *options], env=environ, capture_output=True, text=True, timeout=_FAUCET_SECONDS, check=False
    )
    if done.returncode != 0:
        said = done.stderr.strip().splitlines() or ["it said nothing"]
        raise Failure(one_line(said[-1]).removeprefix("waiaas: "))
    return done.stdout.strip()
