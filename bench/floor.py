"""The floor: a bare Falcon and Waitress application that does only what each request cannot do without.

``python -m bench.floor``, its orders as JSON on standard input (``database``, ``node``, ``wallets``, ``threads``, ``argon2``,
``coin``); prints ``{"port", "wallets": [[token, address], ...]}`` once it answers. No middleware, no validation, no policies,
no limits, no audit chain, no locked memory, one process.

A read is one indexed look-up. A denied send is one durable commit. A transfer is four durable commits (admitted, released,
signed, accepted: the table of states has each, and each must survive a crash) and a share of a fifth (final, one for all that
one answer of the node settles), one signature, and three node requests (blockhash or base fee, send, a share of a status).
One wallet makes one payment at a time between the first and acceptance, as the daemon has to.
"""

import json
import logging
import os
import socket
import sys
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import falcon
from argon2.low_level import Type, hash_secret_raw
from waitress.server import create_server

from bench import floor_evm, floor_solana
from bench.floor_book import Book

Wallets = floor_solana.Wallets | floor_evm.Wallets
Node = floor_solana.Node | floor_evm.Node
_POLL_SECONDS = 0.05


class Address:
    """``GET /v1/wallet/address``."""

    def __init__(self, book: Book, where: dict[str, str]) -> None:
        self._book = book
        self._where = where

    def on_get(self, request: falcon.Request, response: falcon.Response) -> None:
        """One indexed read."""
        agent, address = _known(self._book, request)
        response.media = {"walletId": agent, **self._where, "address": address}


class NodeRequests:
    """``GET /node-requests``."""

    def __init__(self, node: Node) -> None:
        self._node = node

    def on_get(self, _: falcon.Request, response: falcon.Response) -> None:
        """How many so far, as text."""
        response.text = str(self._node.requests)


class Send:
    """``POST /v1/transactions/send``: denied above a limit, else carried out on the request's thread."""

    def __init__(self, book: Book, wallets: Wallets, node: Node, deny_above: int) -> None:
        self._book = book
        self._wallets = wallets
        self._node = node
        self._deny_above = deny_above

    def on_post(self, request: falcon.Request, response: falcon.Response) -> None:
        """One commit for a refusal, four for a payment."""
        agent, _ = _known(self._book, request)
        body = request.get_media()
        tx_id, amount, to = str(uuid.uuid4()), int(body["amount"]), str(body["to"])
        if amount > self._deny_above:
            self._book.insert(tx_id, agent, "CANCELLED", str(amount), to)
            response.status = falcon.HTTP_403
            response.media = {"code": "POLICY_DENIED", "details": {"transactionId": tx_id}}
            return
        self._pay(tx_id, agent, amount, to)
        response.status = falcon.HTTP_201
        response.media = {"id": tx_id, "status": "SUBMITTED"}

    def _pay(self, tx_id: str, agent: str, amount: int, to: str) -> None:
        self._book.insert(tx_id, agent, "PENDING", str(amount), to)
        self._book.move(tx_id, "EXECUTING")
        with self._wallets.lanes[agent]:
            tx_hash, raw = self._wallets.signed(agent, to, amount, self._node.prepared())
            self._book.keep_signed(tx_id, tx_hash, raw)
            self._node.send(raw)
            self._book.move(tx_id, "ACCEPTED")


def _known(book: Book, request: falcon.Request) -> tuple[str, str]:
    found = book.session((request.auth or "").removeprefix("Bearer "))
    if found is None:
        raise falcon.HTTPUnauthorized
    return found


def _settle_for_ever(book: Book, node: Node) -> None:
    while True:
        rows = book.unsettled()
        is_final = node.finalized([tx_hash for _, tx_hash, _ in rows]) if rows else []
        ended = [(row[0], row[2]) for row, final in zip(rows, is_final, strict=True) if final]
        if ended:
            book.settle(ended)
        time.sleep(_POLL_SECONDS)


def _chain(coin: dict[str, Any], url: str, secrets: dict[str, bytes]) -> tuple[Wallets, Node]:
    if coin["chain"] == "evm":
        return floor_evm.Wallets(secrets, coin["chainId"], coin["token"]), floor_evm.Node(url)
    return floor_solana.Wallets(secrets, coin["token"]), floor_solana.Node(url)


def _serve(orders: dict[str, Any]) -> None:
    if orders["argon2"]:
        hash_secret_raw(b"password", b"0123456789abcdef", 3, 65536, 4, 32, Type.ID)
    logging.getLogger("waitress").setLevel(logging.ERROR)
    book = Book(Path(orders["database"]))
    coin = orders["coin"]
    agents = [f"agent-{n}" for n in range(orders["wallets"])]
    wallets, node = _chain(coin, orders["node"], {agent: os.urandom(32) for agent in agents})
    app = falcon.App()
    app.add_route("/v1/wallet/address", Address(book, {"chain": coin["chain"], "network": coin["network"]}))
    app.add_route("/v1/transactions/send", Send(book, wallets, node, coin["limit"]))
    app.add_route("/node-requests", NodeRequests(node))
    door = socket.create_server(("127.0.0.1", 0))
    server = create_server(app, sockets=[door], threads=orders["threads"])
    threading.Thread(target=_settle_for_ever, args=(book, node), daemon=True).start()
    made = [[book.add_session(agent, wallets.address(agent)), wallets.address(agent)] for agent in agents]
    print(json.dumps({"port": door.getsockname()[1], "wallets": made}), flush=True)
    server.run()


if __name__ == "__main__":
    _serve(json.loads(sys.stdin.readline()))
