"""What is paid with: an asset on a local chain, as the measurements need it."""

import json
import urllib.request
from abc import ABC, abstractmethod
from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self

Policy = tuple[str, Mapping[str, Any]]


class Coin(ABC):
    """One asset on one running local chain; the chain ends with its block.

    :param label: how figures call it; empty for the first one
    :param amount: base units of one payment
    :param limit: payments up to it go at once, on both sides
    :param plenty: more than a run takes
    :param least_rate: how many payments a second one wallet should make at least; None where nothing is aimed at
    :param url: the node's address
    :param token: the token's address, empty for the native asset
    """

    label: str
    chain: str
    network: str
    amount: int
    limit: int
    plenty: int
    least_rate: float | None = None
    url: str
    token: str = ""

    @classmethod
    def missing(cls) -> str:
        """Why its chain cannot run here; empty where it can."""
        return ""

    @abstractmethod
    def fund(self, address: str) -> None:
        """Far more than any run takes, of the asset and for fees."""

    @abstractmethod
    def recipient(self) -> str:
        """Somebody to pay."""

    @abstractmethod
    def calls(self) -> Mapping[str, int]:
        """Calls to the node by method since the last asking; empty where the node does not count."""

    @abstractmethod
    def close(self) -> None:
        """End the chain."""

    def environ(self) -> Mapping[str, str]:
        """What the daemon needs to use it."""
        where = f"{self.chain}_{self.network}".upper()
        return {f"WAIAAS_RPC_{where}": self.url, f"WAIAAS_FEES_{where}_DAILY_LIMIT": str(10**24)}

    def body(self, to: str, amount: int | None = None) -> dict[str, Any]:
        """A send."""
        body: dict[str, Any] = {"to": to, "amount": str(amount or self.amount)}
        return body | ({"type": "TOKEN_TRANSFER", "token": {"address": self.token}} if self.token else {})

    def policies(self) -> list[Policy]:
        """What lets payments up to the limit go at once and denies the rest."""
        rules = {"instant_max": str(self.limit), "daily_limit": str(self.plenty), "weekly_limit": str(self.plenty)}
        return [("SPENDING_LIMIT", rules | ({"asset": self.token} if self.token else {}))]

    def constraints(self) -> Mapping[str, Any]:
        """The session's: whatever is above the limit is denied."""
        if self.token:
            return {"tokens": [{"address": self.token, "maxAmount": str(self.limit)}]}
        return {"maxAmount": str(self.limit)}

    def floor(self) -> Mapping[str, Any]:
        """What the floor has to know."""
        return {"chain": self.chain, "network": self.network, "token": self.token, "limit": self.limit}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def control(url: str, name: str, body: Mapping[str, Any] | None) -> Any:
    """Ask a localnet of ours through its side door; None reads."""
    content = None if body is None else json.dumps(body).encode()
    request = urllib.request.Request(f"{url}/control/{name}", content, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)
