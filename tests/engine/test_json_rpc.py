"""JSON-RPC over several endpoints and real HTTP: who is asked next, and how many questions at once."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest

from tests.engine.rpc_node import Reply, RpcNode, Serve, answering, error, rpc_node
from waiaas.engine.nodes import NodeHttp
from waiaas.errors import NodeFailure, Trouble, Unavailable
from waiaas.interfaces.json_rpc import Call, JsonRpc, RpcError

Found = tuple[JsonRpc, list[RpcNode]]
FAMILIES = ["evm", "solana"]


def a_whole(value: Any) -> None:
    """The shape of ``height``."""
    if type(value) is not int:
        raise Unavailable("unreadable")


SHAPES = {"height": a_whole, "perhaps": lambda value: None, "extra": a_whole}


class Stage:
    """Makes clients over nodes that answer as they are told."""

    def __init__(self, stack: ExitStack) -> None:
        self._stack = stack

    def over(self, *serves: Serve, family: str = "evm") -> Found:
        """A client over one node each."""
        nodes = [self._stack.enter_context(rpc_node(serve)) for serve in serves]
        http = NodeHttp([node.url for node in nodes])
        self._stack.callback(http.close)
        return JsonRpc(http, family, SHAPES, optional=frozenset({"extra"})), nodes


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Everything ends with the test."""
    with ExitStack() as stack:
        yield Stage(stack)


def healthy(call: Any) -> Any:
    """A node that has every answer."""
    return 7


def saying(status: int, answer: Any) -> Serve:
    """Always this."""
    return lambda body: (status, answer)


REFUSED = {"jsonrpc": "2.0", "id": 0, "error": {"code": -32000, "message": "not for you"}}
TROUBLES: dict[str, tuple[Serve, Trouble]] = {
    "-32005": (answering(lambda call: error(-32005, "their words")), Trouble.LIMITED),
    "-32029": (answering(lambda call: error(-32029, "their words")), Trouble.LIMITED),
    "a limit in words": (answering(lambda call: error(-32000, "Too Many Requests")), Trouble.LIMITED),
    "403 with JSON": (saying(403, REFUSED), Trouble.TURNED_AWAY),
    "403 with JSON-RPC's own": (saying(403, {**REFUSED, "error": {"code": 3, "message": "x"}}), Trouble.TURNED_AWAY),
    "401 with text": (saying(401, "no"), Trouble.TURNED_AWAY),
    "429 with JSON": (saying(429, REFUSED), Trouble.LIMITED),
    "500 with JSON": (saying(500, REFUSED), Trouble.FAILED),
    "503 with text": (saying(503, "away"), Trouble.UNHEALTHY),
    "200 with text": (saying(200, "<html>"), Trouble.MALFORMED),
    "200 with an object": (saying(200, {"a": 1}), Trouble.MALFORMED),
    "null": (answering(lambda call: None), Trouble.MALFORMED),
    "another shape": (answering(lambda call: "7"), Trouble.MALFORMED),
    "no such method": (answering(lambda call: error(-32601)), Trouble.UNSUPPORTED),
    "pruned": (answering(lambda call: error(-32000, "missing trie node ab")), Trouble.PRUNED),
    "behind": (answering(lambda call: error(-32000, "header not found")), Trouble.UNHEALTHY),
    "a key is missing": (answering(lambda call: error(-32000, "invalid API key")), Trouble.TURNED_AWAY),
    "an error nobody knows": (answering(lambda call: error("x", "?")), Trouble.FAILED),
    "an error that is none": (answering(lambda call: {"error": "no"}), Trouble.FAILED),
}


@pytest.mark.parametrize("is_batch", [False, True])
@pytest.mark.parametrize("name", TROUBLES)
def test_the_healthy_second_is_asked(stage: Stage, name: str, is_batch: bool) -> None:
    """Whatever HTTP made of it: a node in trouble is passed over, then left alone; alone it is the trouble that is told."""
    serve, kind = TROUBLES[name]
    rpc, (first, second) = stage.over(serve, answering(healthy))
    for _ in range(2):
        assert (rpc.batch([("height", [])] * 2) if is_batch else rpc.call("height")) in (7, [7, 7])
    assert len(second.asked) == 2
    asked = len(first.asked)
    alone = rpc.each()[0]
    with pytest.raises(NodeFailure) as problem:
        alone.batch([("height", [])] * 2) if is_batch else alone.call("height")
    (trouble,) = problem.value.troubles
    assert (trouble.kind, trouble.position, trouble.endpoint) == (kind, 1, first.url)
    assert "their words" not in problem.value.message + trouble.words
    assert asked > 0


OWN = [
    ("evm", 3, "execution reverted: rate limit exceeded"),
    ("evm", -32000, "execution reverted: too many requests"),
    ("evm", -32000, "nonce too low"),
    ("evm", -32000, "already known"),
    ("evm", -32000, "replacement transaction underpriced"),
    ("evm", -32003, "Insufficient funds for gas * price + value"),
    ("solana", -32002, "Transaction simulation failed: Blockhash not found"),
    ("solana", -32003, "Transaction signature verification failure"),
    ("solana", -32602, "Invalid params"),
]


@pytest.mark.parametrize("status", [200, 400, 500])
@pytest.mark.parametrize(("family", "code", "message"), OWN)
def test_what_speaks_of_the_request_is_asked_of_nobody_else(
    stage: Stage, family: str, code: int, message: str, status: int
) -> None:
    """Whatever status it comes with: no other node would say anything else."""

    def serve(body: Any) -> Reply:
        return status, {"jsonrpc": "2.0", "id": body["id"], **error(code, message, {"a": 1})}

    rpc, (_, second) = stage.over(serve, answering(healthy), family=family)
    said = rpc.try_call("height")
    assert isinstance(said, RpcError)
    assert (said.is_own, said.code, said.data) == (True, code, {"a": 1})
    assert second.asked == []
    with pytest.raises(Unavailable) as problem:
        rpc.call("height")
    assert message not in problem.value.message


@pytest.mark.parametrize(("family", "is_own"), [("evm", False), ("solana", True)])
def test_one_number_means_two_things(stage: Stage, family: str, is_own: bool) -> None:
    """-32002 is a preflight on Solana and a missing resource on EVM; -32005 is an unhealthy node there, a limit here."""
    rpc, _ = stage.over(answering(lambda call: error(-32002, "x")), family=family)
    assert rpc.try_call("height").is_own is is_own
    other, _ = stage.over(answering(lambda call: error(-32005, "x")), family=family)
    kind = Trouble.LIMITED if family == "evm" else Trouble.UNHEALTHY
    assert other.try_call("height").troubles[0].kind is kind


def test_null_is_no_answer_of_a_method_without_a_shape(stage: Stage) -> None:
    """Whatever else is taken as it comes."""
    rpc, _ = stage.over(answering(lambda call: None), answering(lambda call: ["x"]))
    assert rpc.call("any") == ["x"]


def test_null_is_an_answer_where_there_may_be_none(stage: Stage) -> None:
    """Nobody else is asked about what the method may not have."""
    rpc, (_, second) = stage.over(answering(lambda call: None), answering(healthy))
    assert rpc.call("perhaps") is None
    assert second.asked == []


def test_trouble_with_what_is_optional_keeps_the_node(stage: Stage) -> None:
    """The other answers stand, and the missing one is told as such."""
    lacking = answering(lambda call: error(-32601) if call["method"] == "extra" else 7)
    rpc, (_, second) = stage.over(lacking, answering(healthy))
    height, extra = rpc.try_batch([("height", []), ("extra", [])])
    assert height == 7
    assert extra.troubles[0].kind is Trouble.UNSUPPORTED
    assert second.asked == []


def test_one_odd_answer_holds_up_no_other(stage: Stage) -> None:
    """Where every endpoint is odd about something, the one with the least trouble answers the rest."""

    def but(*odd: int) -> Serve:
        return answering(lambda call: error(-32000, "indexing") if call["params"][0] in odd else call["params"][0])

    rpc, _ = stage.over(but(1, 2), but(2), answering(lambda call: error(-32005)))
    answers = rpc.try_batch([("height", [number]) for number in range(4)])
    assert [answer for answer in answers if not isinstance(answer, RpcError)] == [0, 1, 3]
    assert [trouble.position for trouble in answers[2].troubles] == [2, 1, 3]


def test_answers_asked_together_are_one_nodes(stage: Stage) -> None:
    """A height of one and a receipt of another would be a chain that never was."""
    first = answering(lambda call: error(-32005) if call["params"][0] else "first")
    rpc, _ = stage.over(first, answering(lambda call: "second"))
    assert rpc.batch([("any", [0]), ("any", [1])]) == ["second", "second"]


def test_nobody_answers_and_everybody_is_told_of(stage: Stage) -> None:
    """One trouble an endpoint, and the patience that was asked for."""
    rpc, nodes = stage.over(saying(503, "x"), saying(401, "x"), saying(429, "x"))
    with pytest.raises(NodeFailure) as problem:
        rpc.call("height")
    kinds = [Trouble.UNHEALTHY, Trouble.TURNED_AWAY, Trouble.LIMITED]
    assert [trouble.kind for trouble in problem.value.troubles] == kinds
    assert [trouble.endpoint for trouble in problem.value.troubles] == [node.url for node in nodes]


def test_without_endpoints_nothing_is_answered() -> None:
    """And no question needs none."""
    rpc = JsonRpc(NodeHttp(()), "evm", SHAPES)
    with pytest.raises(NodeFailure):
        rpc.call("height")
    assert rpc.batch([]) == []


# --- several at once ----------------------------------------------------------------------------------------------------------

CALLS: list[Call] = [("any", [number]) for number in range(8)]


def limited(most: int, refusal: Reply) -> Serve:
    """A node that refuses more than so many at once in this way."""
    whole = answering(lambda call: call["params"][0])
    return lambda body: refusal if isinstance(body, list) and len(body) > most else whole(body)


LIMITS: dict[str, Reply] = {
    "a list with one error": (200, [{"jsonrpc": "2.0", "id": None, **error(31, "Batch of more than 3 requests")}]),
    "a list with one error of the first": (200, [{"jsonrpc": "2.0", "id": 0, **error(-32600, "batch too large")}]),
    "one object": (200, {"jsonrpc": "2.0", "id": None, **error(-32000, "batch limit 3 exceeded: 8 requests given")}),
    "500 with an error object": (500, {"jsonrpc": "2.0", "id": None, **error(-32603, "internal")}),
    "500 with words": (500, {"jsonrpc": "2.0", "id": None, **error(-32000, "batch size too large")}),
    "400 with text": (400, "no"),
    "400 with a list": (400, [{"jsonrpc": "2.0", "id": None, **error(-32000, "exceeds max batch size")}]),
    "403 about batches": (403, {"jsonrpc": "2.0", "id": None, **error(-32000, "batch requests are not allowed")}),
    "413": (413, "too much"),
    "nothing": (200, []),
}


@pytest.mark.parametrize("most", [3, 1, 0])
@pytest.mark.parametrize("name", LIMITS)
def test_a_node_that_takes_few_is_asked_few(stage: Stage, name: str, most: int) -> None:
    """Smaller batches, then one by one; the next questions begin with what it took, and nobody else is asked."""
    rpc, (node, second) = stage.over(limited(most, LIMITS[name]), answering(healthy))
    assert rpc.batch(CALLS) == list(range(8))
    tried = [8, 3, 3, 2] if most == 3 else [8, 3, *[0] * 8]
    assert node.sizes == tried
    node.asked.clear()
    assert rpc.batch(CALLS[:5]) == list(range(5))
    assert node.sizes == ([3, 2] if most == 3 else [0] * 5)
    assert second.asked == []


def test_answers_that_are_too_large_together_are_asked_for_apart(stage: Stage) -> None:
    """A node that fills the rest of a batch with errors once its answer is large enough."""

    def serve(body: Any) -> Reply:
        if not isinstance(body, list):
            return answering(lambda call: call["params"][0])(body)
        late = error(-32003, "response too large")
        return 200, [
            {"id": call["id"], **({"result": call["params"][0]} if n < 2 else late)} for n, call in enumerate(body)
        ]

    rpc, (node, second) = stage.over(serve, answering(healthy))
    assert rpc.batch(CALLS[:5]) == list(range(5))
    assert node.sizes == [5, 3, *[0] * 5]
    assert second.asked == []


def test_one_answer_that_is_too_large_is_its_own(stage: Stage) -> None:
    """What one question's answer weighs holds up no other question."""
    huge = "x" * (17 * 1024 * 1024)
    rpc, _ = stage.over(answering(lambda call: huge if call["params"][0] == 1 else call["params"][0]))
    answers = rpc.try_batch(CALLS[:4])
    assert [answer for answer in answers if not isinstance(answer, RpcError)] == [0, 2, 3]
    assert answers[1].troubles[0].kind is Trouble.TOO_LARGE


def test_each_endpoint_has_its_own_limit(stage: Stage) -> None:
    """What one takes says nothing of another, and clients of single endpoints know what was learned."""
    rpc, (few, many) = stage.over(limited(3, (400, "no")), answering(lambda call: call["params"][0]))
    rpc.batch(CALLS)
    few.asked.clear()
    for one in rpc.each():
        assert one.batch(CALLS) == list(range(8))
    assert (few.sizes, many.sizes) == ([3, 3, 2], [8])


def test_a_hundred_at_most(stage: Stage) -> None:
    """More go in several requests."""
    rpc, (node,) = stage.over(answering(lambda call: call["params"][0]))
    assert rpc.batch([("any", [number]) for number in range(250)]) == list(range(250))
    assert node.sizes == [100, 100, 50]


@pytest.mark.parametrize("reply", [(429, "slow"), (200, [{"id": None, **error(-32005)}]), (503, "x"), (401, "x")])
def test_a_node_in_trouble_is_not_asked_in_pieces(stage: Stage, reply: Reply) -> None:
    """Fewer questions would not help: the next endpoint is asked at once."""
    rpc, (node, _) = stage.over(saying(*reply), answering(healthy))
    assert rpc.batch(CALLS) == [7] * 8
    assert node.sizes == [8]


@pytest.mark.parametrize("oops", ["oops", REFUSED])
def test_a_node_that_failed_once_is_asked_many_again(stage: Stage, oops: Any) -> None:
    """What no size of batch mended is not remembered as one."""
    is_well: list[bool] = []

    def serve(body: Any) -> Reply:
        return answering(healthy)(body) if is_well else (500, oops)

    rpc, (node,) = stage.over(serve)
    with pytest.raises(NodeFailure):
        rpc.batch(CALLS)
    is_well.append(True)
    node.asked.clear()
    assert rpc.batch(CALLS) == [7] * 8
    assert node.sizes == [8]


def test_what_was_learned_is_forgotten_after_an_hour(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    """A node that was in trouble for a moment takes whole batches again."""
    limit = [3]

    def takes(body: Any) -> Reply:
        return limited(limit[0], (400, "no"))(body)

    rpc, (node,) = stage.over(takes)
    rpc.batch(CALLS)
    limit[0] = 100
    node.asked.clear()
    rpc.batch(CALLS)
    now = time.monotonic()
    monkeypatch.setattr("waiaas.interfaces.json_rpc.time.monotonic", lambda: now + 3601)
    rpc.batch(CALLS)
    assert node.sizes == [3, 3, 2, 8]
