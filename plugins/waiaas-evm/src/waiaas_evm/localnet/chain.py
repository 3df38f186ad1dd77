"""A running Anvil, as ``waiaas localnet``, the demo and tests use it."""

from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from waiaas.errors import StartRefused
from waiaas_evm.localnet.binary import find_anvil
from waiaas_evm.localnet.faucet import give, transact
from waiaas_evm.localnet.process import AnvilProcess
from waiaas_evm.localnet.rpc import NodeRpc

CHAIN_ID = 31337
_STATES = 1000
"""Of so many blocks the state can be asked for, in memory; Anvil would write older ones to a folder, a file a block."""


class Anvil:
    """An EVM chain of its own behind JSON-RPC on 127.0.0.1, serving from construction to :meth:`close`.

    State lives in memory and ends with it. Every method may be called from several threads.

    :param port: 0 picks a free one
    :param block_seconds: between blocks; None makes none until :meth:`advance`
    :param options: further options of the program, for tests
    :param chain_id: of EIP-155, for tests of networks that are not built in
    :raises StartRefused: the program is missing, or cannot serve there
    """

    def __init__(
        self,
        port: int = 0,
        block_seconds: float | None = None,
        options: tuple[str, ...] = (),
        chain_id: int = CHAIN_ID,
    ) -> None:
        pace = ("--no-mining",) if block_seconds is None else ("--block-time", f"{block_seconds:g}")
        own = ("--host", "127.0.0.1", "--chain-id", str(chain_id), "--accounts", "1", *pace)
        program = find_anvil()
        self._folder = TemporaryDirectory(prefix="waiaas-anvil-")  # else it makes one in the home folder, and leaves it
        kept = ("--prune-history", str(_STATES), "--cache-path", self._folder.name)
        try:
            self._process = AnvilProcess(program, port, (*own, *kept, *options))
        except StartRefused:
            self._folder.cleanup()
            raise
        self.port = self._process.port
        self._rpc = NodeRpc(self.url)
        self.call("anvil_setLoggingEnabled", False)

    @property
    def url(self) -> str:
        """The node's address."""
        return f"http://127.0.0.1:{self.port}"

    @property
    def pid(self) -> int:
        """The node's process id."""
        return self._process.pid

    def call(self, method: str, *params: Any) -> Any:
        """The result of one JSON-RPC call. Network.

        :raises Refused: the node answered with an error; :raises Unavailable: it is gone
        """
        return self._rpc.call(method, *params)

    def fund(self, address: str, units: int) -> str:
        """Give ``units`` wei; the hash of a payment that has landed. Twice pays twice."""
        return give(self.call, address, units)

    def transact(self, to: str, data: str = "0x", value: int = 0, sender: str = "") -> Any:
        """Send from the faucet's account, or one that the node impersonates; the receipt, whatever its status."""
        return transact(self.call, {"from": sender, "to": to, "data": data, "value": hex(value)})

    def deploy(self, code: str) -> str:
        """Deploy a contract; its address. :param code: with the constructor's arguments, in hex"""
        return str(transact(self.call, {"data": code})["contractAddress"])

    def advance(self, blocks: int) -> int:
        """Make so many blocks now; the newest one's number."""
        if blocks > 0:
            self.call("anvil_mine", hex(blocks))
        return int(self.call("eth_blockNumber"), 16)

    def balance(self, address: str) -> int:
        """Wei, as of the newest block."""
        return int(self.call("eth_getBalance", address, "latest"), 16)

    def close(self) -> None:
        """Stop; may be called twice."""
        self._rpc.close()
        self._process.close()
        self._folder.cleanup()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()
