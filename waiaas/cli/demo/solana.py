"""The demo's eyes on a Solana localnet: plain JSON-RPC, nothing of WAIaaS."""

from typing import Any

import httpx

from waiaas.cli.demo.chains import DemoChain, People
from waiaas.cli.exits import Failure

_PEOPLE = People(
    coffee_shop="6tvocoi47xNi7ffVrCp5XKZpV8Z67D7fAQABp7xnxdpe",
    landlord="51vjGvu5U1UacRKmrA6ZLkhKhA1KNx73kQkJVET7RvH8",
    supplier="EebfxoHZTtR5yhETqhcXHzCMV47KzEPPk1px8nCDz3Xe",
    builder="5MLPWFR3hTGHJihMvsZPfc3DHMENpT3XzTthzQZUGHm5",
    courier="6ix4CXuQFpaa18TsrncVKy125XnDr7RPpBp43kjxwuWZ",
    stranger="3h7FKNedXcnk8knLNf6iCst1yifnXe1FnRb1m4tvvbws",
)
_SEEN = {"commitment": "confirmed"}


class SolanaWitness:
    """Implements :class:`~waiaas.cli.demo.chains.Witness`."""

    def __init__(self, url: str) -> None:
        self._url = url.rstrip("/")
        self._http = httpx.Client(transport=httpx.HTTPTransport(verify=False), trust_env=False, timeout=10)

    @property
    def url(self) -> str:
        """The node itself: it has faults of its own."""
        return self._url

    def balance(self, address: str) -> int:
        """Lamports."""
        return int(self._call("getBalance", [address, _SEEN])["value"])

    def arrivals(self, address: str) -> list[str]:
        """Signatures, newest first."""
        found = self._call("getSignaturesForAddress", [address, _SEEN])
        return [str(entry["signature"]) for entry in found if entry["err"] is None]

    def accepted(self) -> list[str]:
        """Signatures, in the order of acceptance."""
        return [str(signature) for signature in self._control("state")["accepted"]]

    def fall_silent(self, seconds: int) -> None:
        """``sendTransaction`` is executed at once and answered late, and so is the question what became of it."""
        methods = ("sendTransaction", "getSignatureStatuses")
        rules = [{"kind": "late_answer", "method": method, "seconds": seconds} for method in methods]
        self._control("faults", {"rules": rules})

    def behave(self) -> None:
        """No faults."""
        self._control("faults", {"clear": True})

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def _call(self, method: str, params: list[Any]) -> Any:
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = self._http.post(self._url, json=asked).json()
        if "error" in answer:
            raise Failure(f"the chain refuses {method}: {answer['error'].get('message')}")
        return answer["result"]

    def _control(self, name: str, body: dict[str, Any] | None = None) -> dict[str, Any]:
        url = f"{self._url}/control/{name}"
        response = self._http.get(url) if body is None else self._http.post(url, json=body)
        if response.status_code != 200:
            raise Failure(f"the localnet refuses /control/{name}: {response.text[:200]}")
        state: dict[str, Any] = response.json()
        return state


SOLANA = DemoChain(
    name="solana",
    network="localnet",
    title="a real Solana virtual machine",
    block_seconds=0.05,
    people=_PEOPLE,
    config=lambda url: f'\n[rpc.solana]\nlocalnet = "{url}"\n',
    witness=SolanaWitness,
)
