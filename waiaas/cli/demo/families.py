"""The chain families that the demo knows; each is imported when it is chosen."""

from collections.abc import Callable, Mapping

from waiaas.cli.demo.chains import DemoChain


def _solana() -> DemoChain:
    from waiaas.cli.demo.solana import SOLANA

    return SOLANA


def _evm() -> DemoChain:
    from waiaas.cli.demo.evm import EVM

    return EVM


CHAINS: Mapping[str, Callable[[], DemoChain]] = {"evm": _evm, "solana": _solana}


def chain_of(name: str) -> DemoChain:
    """The chain family called ``name``, one of CHAINS."""
    return CHAINS[name]()
