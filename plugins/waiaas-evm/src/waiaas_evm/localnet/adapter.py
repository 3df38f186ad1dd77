"""What the adapter gains: a chain on this machine and its faucet."""

from contextlib import AbstractContextManager
from typing import Any, ClassVar

from waiaas.errors import Refused
from waiaas.interfaces.chain import Http, LocalChain, Network, RunsLocally
from waiaas_evm.localnet.chain import Anvil
from waiaas_evm.localnet.faucet import give
from waiaas_evm.localnet.rpc import result_of


class LocalAnvil(RunsLocally):
    """Mixed into the chain adapter, whose network and client it uses."""

    local_network: ClassVar[str] = "local"
    network: Network
    http: Http

    @classmethod
    def localnet(cls, port: int, block_seconds: float | None) -> AbstractContextManager[LocalChain]:
        """Anvil on loopback, chain 31337.

        :raises StartRefused: the program ``anvil`` is missing, or cannot serve there
        """
        return Anvil(port, block_seconds)

    def fund(self, address: str, units: int) -> str:
        """Network. Asks the local node's faucet and waits until the payment is in a block.

        :raises Refused: NOT_LOCAL on every other network
        """
        if self.network.name != self.local_network:
            hint = f"only {self.local_network} gives coins away"
            raise Refused("NOT_LOCAL", f"there is no faucet on {self.network.name}", hint=hint)
        return give(self._ask_local_node, address, units)

    def _ask_local_node(self, method: str, *params: Any) -> Any:
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)}
        return result_of(method, self.http.json("POST", body=body))
