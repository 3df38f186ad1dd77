"""One daemon for all tests of this folder."""

from collections.abc import Iterator
from dataclasses import dataclass

import httpx
import pytest

from tests.harness.fixtures import one_case, shared_chain, shared_house, template
from tests.harness.house import House, Wallet

__all__ = ["one_case", "shared_chain", "shared_house", "template"]


@dataclass
class Doors:
    """A daemon's HTTP, as bare requests. :param alice: an agent, and another one :param bob:"""

    house: House
    http: httpx.Client
    alice: Wallet
    bob: Wallet

    def agent(self, wallet: Wallet) -> dict[str, str]:
        return {"Authorization": f"Bearer {wallet.token}"}

    def operator(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.house.operator.login().token}"}


@pytest.fixture(scope="module")
def doors(shared_house: House) -> Iterator[Doors]:
    with httpx.Client(base_url=shared_house.daemon.url, trust_env=False, timeout=30) as http:
        yield Doors(shared_house, http, shared_house.instant(), shared_house.instant())
