"""The catalogue: what is installed here, with JSON Schemas, for people and programs that write policies."""

from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel

from waiaas.engine.actors import Actor, require_operator
from waiaas.engine.chains import Chains
from waiaas.registry import PluginInfo, Registry


class Catalogue:
    """Lists chains, policy types and plugins. Thread-safe; never changes while the daemon runs."""

    def __init__(self, registry: Registry, chains: Chains) -> None:
        self._registry = registry
        self._chains = chains

    def chains(self, actor: Actor) -> Sequence[Mapping[str, Any]]:
        """Every network of every installed chain."""
        require_operator(actor)
        return self._chains.report()

    def policy_types(self, actor: Actor) -> Sequence[Mapping[str, Any]]:
        """Every policy type with its rules' JSON Schema."""
        require_operator(actor)
        return [
            {"type": name, "grants": kind.grants, "rulesSchema": kind.rules_model.model_json_schema()}
            for name, kind in sorted(self._registry.policy_types.items())
        ]

    def plugins(self, actor: Actor) -> Sequence[Mapping[str, Any]]:
        """Every plugin, loaded or not, with the reason; with the JSON Schemas of its channels' configurations."""
        require_operator(actor)
        return [
            {**plugin.to_wire(), "channelSchemas": self._channel_schemas(plugin)} for plugin in self._registry.plugins
        ]

    def _channel_schemas(self, plugin: PluginInfo) -> Mapping[str, Any]:
        names = plugin.registers.channels if plugin.registers else ()
        models = {name: self._registry.channels[name].config_model for name in names}
        return {name: {} if model is BaseModel else model.model_json_schema() for name, model in models.items()}
