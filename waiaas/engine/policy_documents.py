"""Rules documents on their way in and out: the one place where what a person wrote becomes what is stored.

First amounts become base units, then the type's own model reads the rules and brings words into their one spelling.
"""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from waiaas.engine.asset_reader import AnyChainReader, OneChainReader
from waiaas.engine.chains import Chains
from waiaas.engine.judges import Judges
from waiaas.engine.symbols import Symbols
from waiaas.engine.written_amounts import NoAmount, displayed, in_base_units
from waiaas.errors import BadRequest, Malformed, NotFound
from waiaas.interfaces.policy import AssetReader
from waiaas.interfaces.spelling import require_one_spelling
from waiaas.store.database import Store
from waiaas.store.records import Policy


class PolicyDocuments:
    """Reads rules for the agent that they are for. Thread-safe."""

    def __init__(self, store: Store, chains: Chains, judges: Judges) -> None:
        self._store = store
        self._chains = chains
        self._judges = judges

    def read(self, agent_id: str | None, type_: str, rules: Mapping[str, Any]) -> str:
        """Rules as an operator wrote them, as the text that is stored.

        :param agent_id: None for a global policy
        :raises BadRequest: with code INVALID_RULES, naming the field
        """
        reader = self._reader(agent_id)
        text = self._judges.read_rules(type_, self._in_base_units(type_, rules, reader), reader)
        try:
            require_one_spelling(json.loads(text), reader)  # whatever the type itself has looked at
        except Malformed as problem:
            raise BadRequest(f"{type_}: {problem.message}", code="INVALID_RULES", hint=problem.hint) from None
        return text

    def display(self, policies: Sequence[Policy], where: tuple[str, str] | None = None) -> Sequence[Mapping[str, str]]:
        """The amounts of stored rules in display units, by their paths; of each policy one mapping.

        :param where: a chain and its network, where only tokens of that one matter
        """
        with self._store.read() as unit:
            symbols = Symbols.read(unit, self._chains, where)
            owners = {one: unit.agents.get(one) for one in {policy.agent_id for policy in policies} if one is not None}
        natives = {
            one: self._chains.native(agent.chain, agent.network) for one, agent in owners.items() if agent is not None
        }
        return [self._displayed(policy, symbols, natives.get(policy.agent_id or "")) for policy in policies]

    def _displayed(self, policy: Policy, symbols: Symbols, native: Any) -> Mapping[str, str]:
        rules = json.loads(policy.rules)
        return displayed(self._judges.schema(policy.type), rules, None if native is None else native.id, symbols)

    def _in_base_units(self, type_: str, rules: Mapping[str, Any], reader: AssetReader) -> Mapping[str, Any]:
        with self._store.read() as unit:
            symbols = Symbols.read(unit, self._chains)
        try:
            return in_base_units(self._judges.schema(type_), rules, reader, symbols)
        except NoAmount as problem:
            raise BadRequest(
                f"{type_}: {problem.path}: {problem.message}",
                code="INVALID_RULES",
                hint=problem.hint,
                details={"field": problem.path},
            ) from None

    def _reader(self, agent_id: str | None) -> AssetReader:
        if agent_id is None:
            return AnyChainReader(self._chains)
        with self._store.read() as unit:
            agent = unit.agents.get(agent_id)
        if agent is None:
            raise NotFound("there is no such agent", hint="see `waiaas agent list`")
        return OneChainReader(self._chains.of(agent))
