"""Endpoint report: every configured endpoint of a network asked on its own: the right chain, its height, how fast. Network."""

import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from waiaas.engine.chains import Chain, Chains
from waiaas.engine.nodes import within
from waiaas.errors import NodeFailure, PluginError, Refused, Stopped
from waiaas.interfaces.chain import ChainAdapter

_SECONDS = 5.0
_AT_ONCE = 16
Network = tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class EndpointRow:
    """What one endpoint said.

    :param position: which of the network's configured endpoints, from 1; :param endpoint: masked
    :param height: of its newest block, where it tells
    :param milliseconds: how long it took to tell which chain it is and where
    :param trouble: what is wrong with it, in our words; empty where nothing is
    """

    chain: str
    network: str
    position: int
    endpoint: str
    height: int | None = None
    milliseconds: int = 0
    trouble: str = ""


def report(chains: Chains, networks: Sequence[Network]) -> list[EndpointRow]:
    """A row for each endpoint, in the order of networks and of configuration. Five seconds each, some at once."""
    asked: list[tuple[Network, int, Chain, ChainAdapter]] = []
    rows: list[EndpointRow] = []
    for where in networks:
        try:
            chain = chains.get(*where)
        except Stopped as problem:
            rows.append(EndpointRow(chain=where[0], network=where[1], position=0, endpoint="", trouble=problem.message))
            continue
        asked += [(where, at, chain, one) for at, one in enumerate(chain.witnesses(), start=1)]
    with ThreadPoolExecutor(max_workers=_AT_ONCE) as pool:
        rows += pool.map(lambda one: _row(*one), asked)
    return rows


def _row(where: Network, position: int, chain: Chain, adapter: ChainAdapter) -> EndpointRow:
    began, height, trouble = time.monotonic(), None, ""
    try:
        with within(_SECONDS):
            found = chain.call(adapter.health).get("height")
            height = found if type(found) is int else None
    except PluginError as problem:
        trouble = _in_words(problem)
    return EndpointRow(
        chain=where[0],
        network=where[1],
        position=position,
        endpoint=adapter.http.address,
        height=height,
        milliseconds=round((time.monotonic() - began) * 1000),
        trouble=trouble,
    )


def _in_words(problem: PluginError) -> str:
    """No word of the node's own: what is not typed is told by its kind."""
    if isinstance(problem, NodeFailure) and problem.troubles:
        return "; ".join(dict.fromkeys(trouble.words for trouble in problem.troubles))
    if isinstance(problem, Refused):
        return "it serves another chain" if problem.code == "WRONG_CHAIN" else "it refused to say which chain it is"
    return "it did not say which chain it is, or not in a way that can be read"
