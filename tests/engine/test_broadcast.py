"""Broadcast: however many endpoints hang, the bytes are not handed out for longer than a stop waits."""

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any, cast

import pytest

from waiaas.engine.nodes import NodeHttp
from waiaas.engine.pipeline import broadcast, suspensions
from waiaas.engine.pipeline.broadcast import Broadcast
from waiaas.engine.pipeline.gate import Gate
from waiaas.engine.pipeline.stage import Bench
from waiaas.errors import Unavailable
from waiaas.interfaces.chain import Sent, Signed
from waiaas.store.records import Transaction, Variant

_ENDPOINTS = 4
_SECONDS = 0.5
_ROW = SimpleNamespace(id="t", agent_id="a", session_id=None, chain="solana", network="localnet")


def test_endpoints_that_hang_hold_a_stop_up_for_a_bounded_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """Several endpoints that take the request and never answer share one time, and it ends before a stop gives up waiting."""
    assert broadcast._SEND_SECONDS < suspensions._DRAIN_SECONDS
    monkeypatch.setattr(broadcast, "_SEND_SECONDS", _SECONDS)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        http = NodeHttp([f"http://127.0.0.1:{silent.getsockname()[1]}"] * _ENDPOINTS)
        began = time.monotonic()
        with pytest.raises(Unavailable):
            Broadcast(_bench(http)).send(cast(Transaction, _ROW))
        assert time.monotonic() - began < _ENDPOINTS
        http.close()


def _bench(http: NodeHttp) -> Bench:
    def send(signed: Signed) -> tuple[Sent, str]:
        http.json("POST", body={})
        return Sent.ACCEPTED, ""

    variant = Variant(
        tx_id="t",
        chain="solana",
        network="localnet",
        n=1,
        kind="original",
        signed_raw="00",
        tx_hash="h",
        fee_cap=1,
        created_at=1,
        claims="[]",
    )

    @contextmanager
    def read() -> Iterator[Any]:
        yield SimpleNamespace(
            agents=SimpleNamespace(get=lambda _: SimpleNamespace(status="ACTIVE")),
            variants=SimpleNamespace(of=lambda _: [variant]),
            state=SimpleNamespace(get=lambda _: None),
            transactions=SimpleNamespace(get=lambda _: SimpleNamespace(broadcast_at=None, metadata="{}")),
        )

    chain = SimpleNamespace(
        adapter=SimpleNamespace(broadcast=send),
        call=lambda method, *arguments: method(*arguments),
        require_right_chain=lambda: None,
    )
    return cast(
        Bench,
        SimpleNamespace(
            gate=Gate(),
            store=SimpleNamespace(read=read),
            chains=SimpleNamespace(get=lambda *_: chain),
            observe=lambda *_: None,
            heed_stop=lambda: None,
        ),
    )
