"""The adapter keeps every promise of the kit, on a real EVM node."""

from waiaas.testing.chain_kit import ChainKit


class TestEvmAdapter(ChainKit):
    """The fixture ``bench`` comes from conftest."""
