"""Former ids: what was written down while an adapter knew a network by another chain id, and what a person should do about it.

Addresses and keys do not depend on the id, and the signer compares a key file's chain, not its network's id: agents go on as
they are. A rule that names an asset by the former id matches nothing any more, which denies; it has to be written again.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

from waiaas.interfaces.chain import Network
from waiaas.store.database import Unit
from waiaas.store.records import Page

T = TypeVar("T")
_PAGE = 200


def notes_on_former_ids(unit: Unit, keystore: Path, networks: Sequence[tuple[str, Network]]) -> list[str]:
    """One sentence for each key file, policy, session and listed token that was made under a former id.

    :param networks: with their chains
    """
    found: list[str] = []
    for chain, network in networks:
        for former in network.former_ids:
            now = f"{former} was a misspelt id of {chain}/{network.name}, which is {network.chain_id}"
            about = (*_agents(unit, keystore, chain, network, former), *_rules(unit, former))
            found += [f"{now}; {one}" for one in (*about, *_tokens(unit, chain, network, former))]
    return found


def _agents(unit: Unit, keystore: Path, chain: str, network: Network, former: str) -> Iterator[str]:
    for agent in _every(lambda cursor: unit.agents.list(limit=_PAGE, cursor=cursor)):
        where = (agent.chain, agent.network) == (chain, network.name)
        if where and _written_in(keystore / f"{agent.id}.json") == former:
            yield f"the agent {agent.name} keeps its address and its key, and pays on the true network"


def _rules(unit: Unit, former: str) -> Iterator[str]:
    for policy in _every(lambda cursor: unit.policies.list(limit=_PAGE, cursor=cursor)):
        if _names(json.loads(policy.rules), former):
            yield f"policy {policy.id} names it and matches nothing: write its rules again with `waiaas policy update`"
    for session in _every(lambda cursor: unit.sessions.list(limit=_PAGE, cursor=cursor)):
        if session.revoked_at is None and _names(json.loads(session.constraints), former):
            mend = f"`waiaas session revoke {session.id}`, then `waiaas session issue`"
            yield f"session {session.id} is limited to what it names, and may send nothing of that: {mend}"


def _tokens(unit: Unit, chain: str, network: Network, former: str) -> Iterator[str]:
    for token in unit.tokens.list(chain, network.name):
        if _names(token.asset, former):
            yield f"token {token.id} is listed by it: `waiaas token remove {token.id}`, then `waiaas token add`"


def _every(page_at: Callable[[str | None], Page[T]]) -> Iterator[T]:
    cursor: str | None = None
    while True:
        page = page_at(cursor)
        yield from page.items
        if not page.has_more:
            return
        cursor = page.cursor


def _written_in(file: Path) -> str | None:
    """The chain id in a key file's clear fields; None where it cannot be read: whoever opens it says why."""
    try:
        found = json.loads(file.read_bytes())
    except (OSError, ValueError):
        return None
    return found.get("chain_id") if isinstance(found, dict) else None


def _names(value: Any, former: str) -> bool:
    """Whether a JSON value holds a text that names something by this id."""
    if isinstance(value, dict):
        return any(_names(part, former) for pair in value.items() for part in pair)
    if isinstance(value, list):
        return any(_names(part, former) for part in value)
    return isinstance(value, str) and (value == former or f"{former}/" in value)
