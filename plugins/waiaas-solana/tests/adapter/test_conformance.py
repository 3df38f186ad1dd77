"""The adapter keeps every promise of the kit, on a real Solana virtual machine."""

from waiaas.testing.chain_kit import ChainKit


class TestSolanaAdapter(ChainKit):
    """The fixture ``bench`` comes from conftest."""
