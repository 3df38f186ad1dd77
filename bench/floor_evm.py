"""The floor on an EVM chain: what a transfer cannot do without (the base fee, a nonce, a signature, a send, a receipt).

The nonce is counted in memory: nobody else uses the keys. It speaks through the daemon's own HTTP client, as on Solana.
"""

import threading
from collections import Counter, defaultdict
from typing import Any

import rlp
from coincurve import PrivateKey
from Crypto.Hash import keccak

from waiaas.engine.nodes import NodeHttp

_TIP = 1_000_000_000
_GAS, _TOKEN_GAS = 21_000, 100_000
_TRANSFER = bytes.fromhex("a9059cbb")


class Wallets:
    """Keys in this process's memory, by agent. :param token: the ERC-20 to pay with, empty for the native asset"""

    def __init__(self, secrets: dict[str, bytes], chain_id: int, token: str) -> None:
        self._keys = {agent: PrivateKey(secret) for agent, secret in secrets.items()}
        self._chain_id = chain_id
        self._token = bytes.fromhex(token.removeprefix("0x"))
        self._nonces: Counter[str] = Counter()
        self.lanes: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def address(self, agent: str) -> str:
        """In hex, all lower case."""
        point = self._keys[agent].public_key.format(compressed=False)[1:]
        return "0x" + _keccak(point)[12:].hex()

    def signed(self, agent: str, to: str, units: int, base_fee: str) -> tuple[str, bytes]:
        """Hash and bytes of a type 2 transaction (EIP-1559). The lane is held."""
        nonce = self._nonces[agent]
        self._nonces[agent] += 1
        recipient = bytes.fromhex(to.removeprefix("0x"))
        target, value, data, gas = recipient, units, b"", _GAS
        if self._token:
            data = _TRANSFER + recipient.rjust(32, b"\0") + units.to_bytes(32, "big")
            target, value, gas = self._token, 0, _TOKEN_GAS
        fields = [self._chain_id, nonce, _TIP, 2 * int(base_fee, 16) + _TIP, gas, target, value, data, []]
        digest = _keccak(b"\x02" + rlp.encode(fields))
        signature = self._keys[agent].sign_recoverable(digest, hasher=None)
        r, s = (int.from_bytes(signature[start : start + 32], "big") for start in (0, 32))
        raw = b"\x02" + rlp.encode([*fields, signature[64], r, s])
        return "0x" + _keccak(raw).hex(), raw


class Node:
    """Three calls, each one HTTP request."""

    def __init__(self, url: str) -> None:
        self._http = NodeHttp([url])
        self.requests = 0

    def prepared(self) -> str:
        """The newest block's base fee, hex."""
        found: str = self._call([("eth_getBlockByNumber", ["latest", False])])[0]["baseFeePerGas"]
        return found

    def send(self, raw: bytes) -> None:
        """Hand the bytes over."""
        self._call([("eth_sendRawTransaction", ["0x" + raw.hex()])])

    def finalized(self, hashes: list[str]) -> list[bool]:
        """Whether each is in a block; at most 256, in one request."""
        return [bool(one) for one in self._call([("eth_getTransactionReceipt", [tx_hash]) for tx_hash in hashes])]

    def _call(self, calls: list[tuple[str, list[Any]]]) -> list[Any]:
        body = [
            {"jsonrpc": "2.0", "id": n, "method": method, "params": params} for n, (method, params) in enumerate(calls)
        ]
        self.requests += 1
        answers = self._http.json("POST", "", body)
        if not all("result" in answer for answer in answers):
            raise RuntimeError(f"{calls[0][0]} failed: {answers}")
        return [answer["result"] for answer in sorted(answers, key=lambda answer: answer["id"])]


def _keccak(data: bytes) -> bytes:
    return keccak.new(digest_bits=256, data=data).digest()
