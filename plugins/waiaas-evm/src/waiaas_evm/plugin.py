"""The entry point. Light to import: the adapter loads when the host asks for it."""

from collections.abc import Sequence

from waiaas.hookspecs import hookimpl
from waiaas.interfaces.chain import ChainAdapter

waiaas_plugin_api = 1


@hookimpl
def waiaas_chain_adapters() -> Sequence[type[ChainAdapter]]:
    """Ethereum and its relatives, one family."""
    from waiaas_evm.adapter import EvmAdapter  # noqa: PLC0415 - see above

    return [EvmAdapter]
