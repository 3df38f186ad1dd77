"""What nodes answer is bounded: in bytes, in values, and all answers together."""

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.engine.played_node import OK, MakeNode, Node, Script, saying
from tests.harness.deadline import until
from waiaas.engine import node_connections
from waiaas.engine.node_connections import Endpoint
from waiaas.engine.node_room import NoRoom, Room
from waiaas.engine.nodes import NodeHttp
from waiaas.errors import NodeFailure, Trouble

MIB = 1024 * 1024
QUESTION: dict[str, Any] = {"method": "x"}


@pytest.fixture
def make_node() -> Iterator[MakeNode]:
    nodes: list[Node] = []

    def make(script: Any, context: Any = None) -> Node:
        nodes.append(Node(saying(script) if isinstance(script, bytes) else script, context))
        return nodes[-1]

    yield make
    for node in nodes:
        node.close()


def answer(body: bytes) -> bytes:
    return b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % len(body) + body


def refused(http: NodeHttp, question: Any = QUESTION) -> str:
    with pytest.raises(NodeFailure) as caught:
        http.json("POST", "", question)
    (trouble,) = caught.value.troubles
    assert trouble.kind is Trouble.TOO_LARGE
    return trouble.words


@pytest.mark.parametrize("is_chunked", [False, True])
def test_an_answer_has_two_mebibytes_and_several_have_four(make_node: MakeNode, is_chunked: bool) -> None:
    """Three are too many for one question and not for several at once, which may be histories; five are too many for all."""

    def saying_so(size: int) -> bytes:
        body = b'"' + b"x" * (size - 2) + b'"'
        if not is_chunked:
            return answer(body)
        return b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n" % (len(body), body)

    small, three, five = (NodeHttp([make_node(saying_so(size * MIB - 4096)).url]) for size in (2, 3, 5))
    assert len(small.json("POST", "", QUESTION)) == 2 * MIB - 4098
    assert "larger" in refused(three)
    assert len(three.json("POST", "", [QUESTION, QUESTION])) == 3 * MIB - 4098
    assert "larger" in refused(five, [QUESTION, QUESTION])


def test_values_are_counted_before_they_are_built(make_node: MakeNode) -> None:
    """Half a mebibyte of empty objects is refused unread; as many bytes of ordinary answers are not."""
    read: list[bytes] = []

    def reading(text: bytes) -> Any:
        read.append(text)
        return json.loads(text)

    hostile = b"[" + b"{}," * 60_000 + b"{}]"
    deep = b"[" * 1_000 + b"]" * 1_000
    for body, says in ((hostile, "values"), (deep, "nests")):
        assert says in refused(NodeHttp([make_node(answer(body)).url], reading))
    assert read == []
    usual = json.dumps([{"pubkey": "a" * 44, "amount": "1000", "note": "{[,:" * 50}] * 1_500).encode()
    assert len(NodeHttp([make_node(answer(usual)).url], reading).json("POST", "", QUESTION)) == 1_500


def test_answers_that_are_read_together_are_bounded(make_node: MakeNode, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a node that sends much and hangs, no more is held at once than its room; another node is answered meanwhile, and all
    is given back."""
    monkeypatch.setattr(node_connections, "_AT_ONCE_OF_ONE", 3 * MIB)
    end = threading.Event()

    def script(client: socket.socket, _: int) -> None:
        client.sendall(b"HTTP/1.1 200 OK\r\ncontent-length: %d\r\n\r\n" % (2 * MIB - 1000) + b" " * (MIB + 1000))
        end.wait(20)

    http, other = NodeHttp([make_node(script).url]), NodeHttp([make_node(OK).url])
    room = http._endpoints[0].room

    def ask(_: int) -> str:
        with pytest.raises(NodeFailure) as caught:
            http.json("POST", "", QUESTION)
        return caught.value.troubles[0].kind.name

    with ThreadPoolExecutor(6) as pool:
        asked = [pool.submit(ask, number) for number in range(6)]
        until(lambda: sum(one.done() for one in asked) >= 4, "those without room to be given up")
        assert 2 * MIB < room.held <= 3 * MIB
        assert other.json("POST", "", QUESTION) == {"a": 1}
        end.set()
        kinds = [one.result() for one in asked]
    assert kinds.count("TOO_LARGE") >= 4
    assert room.held == 0


def test_a_room_within_a_room_counts_in_both() -> None:
    """What does not fit into the larger one is not taken of the smaller one either."""
    house = Room(100)
    rooms = [Room(80, within=house), Room(80, within=house)]
    with rooms[0].lease(80) as first, rooms[1].lease(80) as second:
        first.grow(60)
        with pytest.raises(NoRoom):
            second.grow(41)
        assert (rooms[1].held, house.held) == (0, 60)
        second.grow(40)
        with pytest.raises(NoRoom):
            first.grow(21)
        assert house.held == 100
    assert (rooms[0].held, rooms[1].held, house.held) == (0, 0, 0)


def test_a_body_without_end_is_bounded(make_node: MakeNode) -> None:
    """A node that never stops sending is given up at the limit, with and without chunks; its room is given back."""

    def flood(head: bytes, part: bytes) -> Script:
        def script(client: socket.socket, _: int) -> None:
            client.sendall(head)
            while True:
                client.sendall(part)

        return script

    chunks = flood(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", b"1000\r\n" + b" " * 0x1000 + b"\r\n")
    for script in (chunks, flood(b"HTTP/1.1 200 OK\r\n\r\n", b" " * 4096)):
        endpoint = Endpoint(make_node(script).url)
        with pytest.raises(NoRoom, match="larger"), endpoint.room.lease(1_000_000) as lease:
            endpoint.ask("GET", "", None, 20, lease)
        assert 900_000 < lease.held <= 1_000_000
        assert endpoint.room.held == 0
