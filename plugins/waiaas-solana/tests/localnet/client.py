"""The tests' own client: raw JSON-RPC over one kept connection, and signed transactions."""

from __future__ import annotations

import base64
import http.client
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pytest
from solders.compute_budget import set_compute_unit_limit
from solders.hash import Hash
from solders.instruction import Instruction
from solders.keypair import Keypair
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer
from solders.transaction import VersionedTransaction

CLIENTS = Path(__file__).parents[4] / "tests" / "clients"
DEADLINE_SECONDS = 20
SOL = 10**9


def node_for(package: str) -> str:
    """The node that runs a JavaScript package. Skips, loudly, without npm; fails where the package was only not installed."""
    node = shutil.which("node")
    if node is not None and (CLIENTS / "node_modules" / package).is_dir():
        return node
    if shutil.which("npm") is None:
        pytest.skip(f"NOT TESTED against {package}: needs node, and `make clients` (npm)")
    pytest.fail(f"{package} is not installed; run `make clients`")


class RpcFaultError(Exception):
    """The node's error answer."""

    def __init__(self, error: dict[str, Any]) -> None:
        super().__init__(error["message"])
        self.code: int = error["code"]
        self.message: str = error["message"]
        self.data: Any = error.get("data")


class Client:
    """JSON-RPC over one connection."""

    def __init__(self, url: str) -> None:
        host, _, path = url.removeprefix("http://").partition("/")
        self._path = "/" + path
        self._connection = http.client.HTTPConnection(host, timeout=DEADLINE_SECONDS)

    def request(
        self, method: str, path: str, body: bytes | None, content_type: str = "application/json"
    ) -> tuple[int, dict[str, str], bytes]:
        """One HTTP exchange: status, headers in lower case, body."""
        self._connection.request(method, path, body, {"Content-Type": content_type})
        response = self._connection.getresponse()
        headers = {name.lower(): value for name, value in response.getheaders()}
        return response.status, headers, response.read()

    def post(self, value: Any) -> Any:
        """Any JSON to the RPC; the JSON that came back."""
        status, _, body = self.request("POST", self._path, json.dumps(value).encode())
        assert status == 200, (status, body)
        return json.loads(body)

    def call(self, method: str, *params: Any) -> Any:
        """One call; its result.

        :raises RpcFaultError: the node's error.
        """
        reply = self.post({"jsonrpc": "2.0", "id": 1, "method": method, "params": list(params)})
        if "error" in reply:
            raise RpcFaultError(reply["error"])
        return reply["result"]

    def control(self, name: str, body: dict[str, Any] | None = None) -> Any:
        """One request to the controls: GET without a body, else POST; the state."""
        data = None if body is None else json.dumps(body).encode()
        status, _, answer = self.request("GET" if body is None else "POST", f"/control/{name}", data)
        assert status == 200, (status, answer)
        return json.loads(answer)

    def send(self, transaction: VersionedTransaction, **options: Any) -> str:
        """SendTransaction in base64; the signature."""
        options = {"encoding": "base64", "preflightCommitment": "processed"} | options
        signature: str = self.call("sendTransaction", encoded(transaction), options)
        return signature

    def simulate(self, transaction: VersionedTransaction, **options: Any) -> Any:
        """SimulateTransaction in base64; the value."""
        options = {"encoding": "base64", "commitment": "processed"} | options
        return self.call("simulateTransaction", encoded(transaction), options)["value"]

    def status(self, signature: str, search: bool = False) -> Any:
        """One signature's status, None for unseen."""
        answer = self.call("getSignatureStatuses", [signature], {"searchTransactionHistory": search})
        return answer["value"][0]

    def blockhash(self, commitment: str = "processed") -> Hash:
        """The newest blockhash of a commitment."""
        answer = self.call("getLatestBlockhash", {"commitment": commitment})
        return Hash.from_string(answer["value"]["blockhash"])

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def encoded(transaction: VersionedTransaction) -> str:
    """A transaction in base64."""
    return base64.b64encode(bytes(transaction)).decode()


def signed(payer: Keypair, blockhash: Hash, *instructions: Instruction) -> VersionedTransaction:
    """A signed transaction of version 0."""
    return VersionedTransaction(MessageV0.try_compile(payer.pubkey(), instructions, [], blockhash), [payer])


def payment(
    payer: Keypair, to: Pubkey, lamports: int, blockhash: Hash, unit_limit: int | None = None
) -> VersionedTransaction:
    """A signed transfer; the unit limit tells equal ones apart."""
    pay = transfer(TransferParams(from_pubkey=payer.pubkey(), to_pubkey=to, lamports=lamports))
    return signed(payer, blockhash, *([] if unit_limit is None else [set_compute_unit_limit(unit_limit)]), pay)


def until(claim: Callable[[], bool]) -> None:
    """Wait for a claim to become true; fail after the deadline."""
    deadline = time.monotonic() + DEADLINE_SECONDS
    while not claim():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.005)
