"""The demo's eyes on an EVM localnet: plain JSON-RPC, nothing of WAIaaS."""

from dataclasses import dataclass
from typing import Any

import httpx

from waiaas.cli.demo.chains import DemoChain, People
from waiaas.cli.demo.relay import Relay
from waiaas.cli.exits import Failure

# The last 20 bytes of keccak256("demo coffee_shop") and so on: nobody has keys for them.
_PEOPLE = People(
    coffee_shop="0x69c2B3ffc2aABd6ff16031d3dC6117c8A4B5dc2a",
    landlord="0xcE0d4E182D5B26b8F2a4F589DDAc37Aa649F9a3F",
    supplier="0x505bfdADD50540F1Eb66fCaA4399D735ec82f602",
    builder="0xb4343eCb956fBD2bE3924c60750A2c563A44E79f",
    courier="0xaA2b313AB90940C381f106D22DaE8e02Ba216039",
    stranger="0x35eD7DD2bf6cc092002ed1C4C34Bd58F2FF0Bc4b",
)
_KEPT_BACK = frozenset(
    {"eth_sendRawTransaction", "eth_getTransactionReceipt", "eth_getTransactionByHash", "eth_getBlockReceipts"}
)


@dataclass(frozen=True, slots=True)
class _Landed:
    tx_hash: str
    parties: tuple[str, str]
    is_success: bool


class EvmWitness:
    """Implements :class:`~waiaas.cli.demo.chains.Witness`. The daemon asks the node through a relay."""

    def __init__(self, url: str) -> None:
        self._node = url
        self._http = httpx.Client(transport=httpx.HTTPTransport(verify=False), trust_env=False, timeout=10)
        self._relay = Relay(url, _KEPT_BACK)
        self._landed: list[_Landed] = []
        self._next_block = 0

    @property
    def url(self) -> str:
        """The relay's address."""
        return self._relay.url

    def balance(self, address: str) -> int:
        """Wei."""
        return int(self._call("eth_getBalance", address, "latest"), 16)

    def arrivals(self, address: str) -> list[str]:
        """Hashes, newest first."""
        self._read_blocks()
        touched = [one for one in self._landed if one.is_success and address.lower() in one.parties]
        return [one.tx_hash for one in reversed(touched)]

    def accepted(self) -> list[str]:
        """Hashes: what is in blocks, then what waits for one."""
        content = self._call("txpool_content")
        waiting = [one["hash"] for lane in content["pending"].values() for one in lane.values()]
        self._read_blocks()
        return list(dict.fromkeys([*(one.tx_hash for one in self._landed), *waiting]))

    def fall_silent(self, seconds: int) -> None:
        """Bytes are taken at once and the answer kept back, and so is the one to the question what became of them."""
        self._relay.fall_silent(seconds)

    def behave(self) -> None:
        """Everything is answered again."""
        self._relay.speak()

    def close(self) -> None:
        """Close the connections and the relay."""
        self._relay.close()
        self._http.close()

    def _read_blocks(self) -> None:
        newest = int(self._call("eth_blockNumber"), 16)
        while self._next_block <= newest:
            block = self._call("eth_getBlockByNumber", hex(self._next_block), True)
            for transaction in block["transactions"]:
                receipt = self._call("eth_getTransactionReceipt", transaction["hash"])
                parties = (transaction["from"].lower(), str(transaction["to"]).lower())
                self._landed.append(_Landed(transaction["hash"], parties, receipt["status"] == "0x1"))
            self._next_block += 1

    def _call(self, method: str, *params: Any) -> Any:
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        answer = self._http.post(self._node, json=asked).json()
        if "error" in answer:
            raise Failure(f"the chain refuses {method}: {answer['error'].get('message')}")
        return answer["result"]


EVM = DemoChain(
    name="evm",
    network="local",
    title="Anvil, a real Ethereum node",
    block_seconds=0.05,
    people=_PEOPLE,
    config=lambda url: f'\n[rpc.evm]\nlocal = "{url}"\n',
    witness=EvmWitness,
    carries_memos=False,
)
