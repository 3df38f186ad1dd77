"""Every network of the family: the built-in ones and those that settings add. Pure."""

from collections.abc import Sequence

from waiaas.interfaces.chain import Network
from waiaas_evm.networks import BUILT_IN, Known, native_asset
from waiaas_evm.settings import EvmSettings, NetworkTable
from waiaas_evm.traits import Finality, Traits


def all_networks(settings: EvmSettings) -> Sequence[Known]:
    """Names and chain ids are unique: the settings were checked."""
    return (*BUILT_IN, *(_known(name, table) for name, table in settings.networks.items()))


def traits_of(network: Network, settings: EvmSettings) -> Traits:
    """What the adapter must know of one of :func:`all_networks`.

    :raises LookupError: for a network of another plugin
    """
    for known in all_networks(settings):
        if known.network.chain_id == network.chain_id:
            return known.traits
    raise LookupError(f"{network.chain_id} is no network of this plugin")


def _known(name: str, table: NetworkTable) -> Known:
    chain_id = f"eip155:{table.chain_id}"
    finality = Finality(tag=table.finality_tag, depth=table.finality_depth or 0)
    network = Network(
        name=name,
        chain_id=chain_id,
        native=native_asset(chain_id, table.symbol, table.coin_type, table.decimals),
        rpc=table.rpc,
        max_in_flight=table.max_in_flight,
        finality=str(finality),
        fee_max=table.fee_max,
        is_test=table.is_test,
        block_milliseconds=table.block_milliseconds,
        explorer=table.explorer,
    )
    traits = Traits(number=table.chain_id, finality=finality, priority_floor=table.priority_floor, rollup=table.rollup)
    return Known(network=network, traits=traits)
