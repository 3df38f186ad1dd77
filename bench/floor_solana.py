"""The floor on Solana: what a transfer cannot do without (a blockhash, a signature, a send, a status), and no check.

It speaks through the daemon's own HTTP client, so that both pay the same for a request.
"""

import base64
import threading
from collections import defaultdict
from typing import Any

from nacl.bindings import crypto_sign, crypto_sign_seed_keypair
from solders.hash import Hash
from solders.instruction import AccountMeta, Instruction
from solders.message import MessageV0
from solders.pubkey import Pubkey
from solders.signature import Signature
from solders.system_program import TransferParams, transfer
from solders.token import ID as TOKEN_PROGRAM
from solders.token.associated import get_associated_token_address

from waiaas.engine.nodes import NodeHttp

TOKEN_DECIMALS = 6
_TRANSFER_CHECKED = 12


class Wallets:
    """Keys in this process's memory, by agent. :param token: the mint to pay with, empty for the native asset"""

    def __init__(self, seeds: dict[str, bytes], token: str) -> None:
        self._keys = {agent: crypto_sign_seed_keypair(seed) for agent, seed in seeds.items()}
        self._mint = Pubkey.from_string(token) if token else None
        self.lanes: defaultdict[str, threading.Lock] = defaultdict(threading.Lock)

    def address(self, agent: str) -> str:
        """In base58."""
        return str(Pubkey(self._keys[agent][0]))

    def signed(self, agent: str, to: str, units: int, blockhash: str) -> tuple[str, bytes]:
        """Hash and bytes of a version 0 transfer."""
        public, secret = self._keys[agent]
        payer = Pubkey(public)
        move = self._move(payer, Pubkey.from_string(to), units)
        body = b"\x80" + bytes(MessageV0.try_compile(payer, [move], [], Hash.from_string(blockhash)))
        signature = crypto_sign(body, secret)[:64]
        return str(Signature.from_bytes(signature)), b"\x01" + signature + body

    def _move(self, payer: Pubkey, to: Pubkey, units: int) -> Instruction:
        if self._mint is None:
            return transfer(TransferParams(from_pubkey=payer, to_pubkey=to, lamports=units))
        data = bytes([_TRANSFER_CHECKED]) + units.to_bytes(8, "little") + bytes([TOKEN_DECIMALS])
        source, target = (get_associated_token_address(owner, self._mint) for owner in (payer, to))
        accounts = [
            AccountMeta(source, is_signer=False, is_writable=True),
            AccountMeta(self._mint, is_signer=False, is_writable=False),
            AccountMeta(target, is_signer=False, is_writable=True),
            AccountMeta(payer, is_signer=True, is_writable=False),
        ]
        return Instruction(TOKEN_PROGRAM, data, accounts)


class Node:
    """Three calls, each one HTTP request."""

    def __init__(self, url: str) -> None:
        self._http = NodeHttp([url])
        self.requests = 0

    def prepared(self) -> str:
        """A recent blockhash."""
        found: str = self._call("getLatestBlockhash", [{"commitment": "confirmed"}])["value"]["blockhash"]
        return found

    def send(self, raw: bytes) -> None:
        """Hand the bytes over."""
        self._call("sendTransaction", [base64.b64encode(raw).decode(), {"encoding": "base64", "skipPreflight": True}])

    def finalized(self, hashes: list[str]) -> list[bool]:
        """Whether each is final; at most 256."""
        answer = self._call("getSignatureStatuses", [hashes])
        return [bool(one) and one["confirmationStatus"] == "finalized" for one in answer["value"]]

    def _call(self, method: str, params: list[Any]) -> Any:
        self.requests += 1
        answer = self._http.json("POST", "", {"jsonrpc": "2.0", "id": 0, "method": method, "params": params})
        if "result" not in answer:
            raise RuntimeError(f"{method} failed: {answer}")
        return answer["result"]
