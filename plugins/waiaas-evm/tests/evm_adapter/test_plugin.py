"""The plugin as the host meets it."""

import subprocess
import sys

import pluggy
from waiaas_evm import plugin
from waiaas_evm.adapter import EvmAdapter

from waiaas import hookspecs
from waiaas.interfaces.chain import ChainAdapter, Feature, Kind, RunsLocally, Simulates


def test_the_hook_hands_over_one_class() -> None:
    """Called through pluggy, the plugin registers the EVM family, for the API version that is current."""
    manager = pluggy.PluginManager(hookspecs.PROJECT)
    manager.add_hookspecs(hookspecs)
    manager.register(plugin)
    manager.check_pending()
    assert manager.hook.waiaas_chain_adapters() == [[EvmAdapter]]
    assert plugin.waiaas_plugin_api == hookspecs.PLUGIN_API_VERSION


def test_the_class_says_what_it_can() -> None:
    """Kinds, features and abilities are stated on the class."""
    assert issubclass(EvmAdapter, ChainAdapter)
    assert issubclass(EvmAdapter, Simulates)
    assert issubclass(EvmAdapter, RunsLocally)
    assert EvmAdapter.kinds == {Kind.TRANSFER, Kind.TOKEN_TRANSFER}
    assert EvmAdapter.features == {Feature.REPLACE}
    assert EvmAdapter.local_network in {one.name for one in EvmAdapter.networks(EvmAdapter.settings_model())}


def test_importing_the_plugin_loads_little() -> None:
    """The entry point loads no cryptography, and the adapter no eth-account: that comes with the first signature."""
    for module, heavy in (("plugin", "coincurve"), ("adapter", "eth_account"), ("adapter", "eth_utils")):
        code = f"import sys, waiaas_evm.{module}; sys.exit({heavy!r} in sys.modules)"
        assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0, (module, heavy)


def test_pure_methods_do_not_depend_on_the_hash_seed() -> None:
    """Bytes written in processes with different hash seeds are the same."""
    code = (
        "from waiaas_evm.transaction import *;"
        "t = Transaction(chain=1, nonce=2, to=bytes(20), value=3, data=b'4', gas=5, max_fee=6, tip=6);"
        "print(unsigned_bytes(t).hex())"
    )
    outputs = {
        subprocess.run(
            [sys.executable, "-c", code], env={"PYTHONHASHSEED": seed}, capture_output=True, check=True, text=True
        ).stdout
        for seed in ("1", "2")
    }
    assert len(outputs) == 1
