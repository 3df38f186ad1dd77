"""Lamports on Solana's localnet, with quick slots."""

import subprocess
import sys
from collections.abc import Mapping
from itertools import cycle

from solders.keypair import Keypair

from bench.coins import Coin, control
from bench.floor_solana import TOKEN_DECIMALS

_SLOT_SECONDS, _FINALITY_SLOTS = 0.05, 4


class Lamports(Coin):
    """Each payment goes to somebody new."""

    label = ""
    chain, network = "solana", "localnet"
    amount, limit, plenty = 5_000_000, 100_000_000, 1_000_000_000_000

    def __init__(self) -> None:
        pace = ["--slot-seconds", str(_SLOT_SECONDS), "--finality-slots", str(_FINALITY_SLOTS)]
        self._process = subprocess.Popen(
            [sys.executable, "-m", "waiaas_solana.localnet", "--port", "0", *pace], stdout=subprocess.PIPE, text=True
        )
        assert self._process.stdout is not None
        self.url = self._process.stdout.readline().strip()

    def fund(self, address: str) -> None:
        """Through the faucet."""
        control(self.url, "fund", {"address": address, "units": self.plenty})

    def recipient(self) -> str:
        """A new account."""
        return str(Keypair().pubkey())

    def calls(self) -> Mapping[str, int]:
        """Asking counts for nothing."""
        found: Mapping[str, int] = control(self.url, "state", None)["requests"]
        control(self.url, "requests", {})
        return found

    def close(self) -> None:
        """May be called again."""
        self._process.terminate()
        self._process.wait()


class SplToken(Lamports):
    """Units of a token of SPL Token, to accounts that exist: rent is no part of it."""

    label = "SPL token "
    amount, limit, plenty = 5, 1_000, 10**15
    _RECIPIENTS = 8

    def __init__(self) -> None:
        super().__init__()
        self.token = control(self.url, "mint", {"decimals": TOKEN_DECIMALS})["mints"][-1]
        addresses = [str(Keypair().pubkey()) for _ in range(self._RECIPIENTS)]
        for address in addresses:
            self._issue(address, 1)
        self._recipients = cycle(addresses)

    def fund(self, address: str) -> None:
        """Units, and lamports for fees."""
        control(self.url, "fund", {"address": address, "units": Lamports.plenty})
        self._issue(address, self.plenty)

    def recipient(self) -> str:
        """Holders in turn."""
        return next(self._recipients)

    def _issue(self, address: str, units: int) -> None:
        control(self.url, "issue", {"mint": self.token, "address": address, "units": units})
