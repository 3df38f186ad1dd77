"""The entry point. Light to import: the adapter, and solders with it, loads when the host asks for it."""

from collections.abc import Sequence

from waiaas.hookspecs import hookimpl
from waiaas.interfaces.chain import ChainAdapter

waiaas_plugin_api = 1


@hookimpl
def waiaas_chain_adapters() -> Sequence[type[ChainAdapter]]:
    """Solana, one family."""
    from waiaas_solana.adapter import SolanaAdapter  # noqa: PLC0415 - see above

    return [SolanaAdapter]
