"""What the demo needs of a chain besides WAIaaS: its people, and eyes of its own to check what really happened."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Addresses that belong to nobody. The stranger is on no list."""

    coffee_shop: str
    landlord: str
    supplier: str
    builder: str
    courier: str
    stranger: str


class Witness(Protocol):
    """Reads the chain by its own RPC, and can make its node misbehave. Network."""

    @property
    def url(self) -> str:
        """Where the daemon is to ask: the node, or what stands in front of it to make it misbehave."""

    def balance(self, address: str) -> int:
        """Native base units, as the chain has them now."""

    def arrivals(self, address: str) -> list[str]:
        """Ids of the successful transactions that touched an address."""

    def accepted(self) -> list[str]:
        """Ids of everything the node has accepted."""

    def fall_silent(self, seconds: int) -> None:
        """Let the node take payments and keep its answers about them back."""

    def behave(self) -> None:
        """An honest node again."""

    def close(self) -> None:
        """Hang up."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoChain:
    """One chain family, as the demo uses it.

    :param block_seconds: the pace of the local chain
    :param config: what config.toml needs besides its defaults, given the URL at which the daemon is to ask
    """

    name: str
    network: str
    title: str
    block_seconds: float
    people: People
    config: Callable[[str], str]
    witness: Callable[[str], Witness]
    carries_memos: bool = True
