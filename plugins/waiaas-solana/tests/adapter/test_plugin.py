"""The plugin as the host meets it."""

import subprocess
import sys

import pluggy
from waiaas_solana import plugin
from waiaas_solana.adapter import SolanaAdapter

from waiaas import hookspecs
from waiaas.interfaces.chain import ChainAdapter, Feature, Kind, RunsLocally, Simulates


def test_the_hook_hands_over_one_class() -> None:
    """Called through pluggy, the plugin registers the Solana family, for the API version that is current."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    assert manager.hook.waiaas_chain_adapters() == [[SolanaAdapter]]
    assert plugin.waiaas_plugin_api == hookspecs.PLUGIN_API_VERSION


def test_the_class_says_what_it_can() -> None:
    """Kinds, features and abilities are stated on the class."""
    assert issubclass(SolanaAdapter, ChainAdapter)
    assert issubclass(SolanaAdapter, Simulates)
    assert issubclass(SolanaAdapter, RunsLocally)
    assert SolanaAdapter.kinds == {Kind.TRANSFER, Kind.TOKEN_TRANSFER}
    assert SolanaAdapter.features == {Feature.MEMO}


def test_importing_the_plugin_loads_no_solders() -> None:
    """The entry point is light: solders comes with the adapter, when the hook is called."""
    code = "import sys, waiaas_solana.plugin; sys.exit('solders' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_pure_methods_do_not_depend_on_the_hash_seed() -> None:
    """Bytes composed in processes with different hash seeds are the same."""
    code = (
        "from waiaas_solana.message import *; from solders.pubkey import Pubkey; from solders.hash import Hash;"
        "k = Pubkey(bytes(32));"
        "p = Plan(payer=Pubkey(bytes([1]) * 32), transfers=(Transfer(to=k, lamports=1),), memo='m', blockhash=Hash(bytes(32)),"
        "unit_limit=1, unit_price=2, data_limit=3); print(compose(p).hex(), salted_limits(bytes(16), 2000))"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True, text=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
