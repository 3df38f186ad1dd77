"""Session constraints on their way in and out: amounts become base units, addresses and tokens get their one spelling."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from waiaas.engine.asset_reader import OneChainReader
from waiaas.engine.chains import Chains
from waiaas.engine.rules.constraints import Constraints, read_constraints
from waiaas.engine.symbols import Symbols
from waiaas.engine.written_amounts import CONSTRAINTS, NoAmount, displayed, in_base_units
from waiaas.errors import BadRequest
from waiaas.store.database import Unit
from waiaas.store.records import Agent

_SCHEMA = Constraints.model_json_schema()


def read_document(unit: Unit, chains: Chains, agent: Agent, constraints: Mapping[str, Any]) -> dict[str, Any]:
    """Constraints as an operator wrote them, as they are stored.

    :raises BadRequest: naming the first field that is wrong, and how it is written
    """
    reader = OneChainReader(chains.of(agent))
    try:
        symbols = Symbols.read(unit, chains, (agent.chain, agent.network))
        plain = in_base_units(_SCHEMA, constraints, reader, symbols, CONSTRAINTS)
    except NoAmount as problem:
        field = f"constraints.{problem.path}"
        raise BadRequest(
            f"{field}: {problem.message}", code="INVALID_AMOUNT", hint=problem.hint, details={"field": field}
        ) from None
    return read_constraints(plain, reader).model_dump(mode="json", exclude_none=True)


def display(unit: Unit, chains: Chains, sessions: Sequence[tuple[str, str]]) -> Sequence[Mapping[str, str]]:
    """The amounts of stored constraints in display units, by their paths.

    :param sessions: an agent's id and the stored constraints, each
    """
    agents = {agent_id: unit.agents.get(agent_id) for agent_id in {agent_id for agent_id, _ in sessions}}
    places = {(agent.chain, agent.network) for agent in agents.values() if agent is not None}
    symbols = Symbols.read(unit, chains, places.pop() if len(places) == 1 else None)
    natives = {
        agent_id: chains.native(agent.chain, agent.network) for agent_id, agent in agents.items() if agent is not None
    }
    return [
        displayed(_SCHEMA, json.loads(text), native.id if native else None, symbols, CONSTRAINTS)
        for agent_id, text in sessions
        for native in [natives.get(agent_id)]
    ]
