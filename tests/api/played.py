"""What every played service is, and those that keep lists for the operator."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from waiaas.engine.actors import Actor
from waiaas.engine.channels import ChannelView, Trial
from waiaas.engine.tokens import TokenView
from waiaas.store.records import Page, Policy

from .records import MINT, channel_view, listed_token, policy


@dataclass
class Played:
    """One service. :param log: (method, arguments) of every call; :param before: runs at each call and may raise or wait"""

    log: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    before: Callable[[str, dict[str, Any]], None] = lambda name, arguments: None

    def called(self, verb: str, /, **arguments: Any) -> None:
        self.log.append((verb, arguments))
        self.before(verb, arguments)


@dataclass
class Policies(Played):
    def create(
        self,
        actor: Actor,
        *,
        agent_id: str | None,
        type: str,
        rules: Mapping[str, Any],
        priority: int = 0,
        enabled: bool = True,
    ) -> Policy:
        self.called(
            "create", actor=actor, agent_id=agent_id, type=type, rules=rules, priority=priority, enabled=enabled
        )
        return policy()

    def check(self, actor: Actor, *, agent_id: str | None, type: str, rules: Mapping[str, Any]) -> Policy:
        self.called("check", actor=actor, agent_id=agent_id, type=type, rules=rules)
        return policy()

    def display(self, policies: Sequence[Policy]) -> Sequence[Mapping[str, str]]:
        return [{"instant_max": "0.005 SOL"} for _ in policies]

    def get(self, actor: Actor, policy_id: str) -> Policy:
        self.called("get", actor=actor, policy_id=policy_id)
        return policy()

    def list(self, actor: Actor, agent_id: str | None, limit: int, cursor: str | None = None) -> Page[Policy]:
        self.called("list", actor=actor, agent_id=agent_id, limit=limit, cursor=cursor)
        return Page(items=(policy(),))

    def replace(self, actor: Actor, policy_id: str, changes: Mapping[str, Any]) -> Policy:
        self.called("replace", actor=actor, policy_id=policy_id, changes=changes)
        return policy()

    def delete(self, actor: Actor, policy_id: str) -> None:
        self.called("delete", actor=actor, policy_id=policy_id)


@dataclass
class Backtests(Played):
    def run(
        self,
        actor: Actor,
        *,
        agent_id: str | None,
        policies: Sequence[Mapping[str, Any]],
        since: int | None = None,
    ) -> dict[str, Any]:
        self.called("run", actor=actor, agent_id=agent_id, policies=policies, since=since)
        return {"rows": [], "totals": {"before": {}, "after": {}}, "changed": 0, "since": since, "truncated": False}


@dataclass
class Limits(Played):
    def list(
        self, actor: Actor, agent_id: str | None, limit: int, cursor: str | None = None
    ) -> Page[Mapping[str, Any]]:
        self.called("list", actor=actor, agent_id=agent_id, limit=limit, cursor=cursor)
        return Page(items=())


@dataclass
class Channels(Played):
    def create(
        self, actor: Actor, *, type: str, config: Mapping[str, Any], priority: int = 0, enabled: bool = True
    ) -> ChannelView:
        self.called("create", actor=actor, type=type, config=config, priority=priority, enabled=enabled)
        return channel_view()

    def list(self, actor: Actor) -> Sequence[ChannelView]:
        self.called("list", actor=actor)
        return [channel_view()]

    def get(self, actor: Actor, channel_id: str) -> ChannelView:
        self.called("get", actor=actor, channel_id=channel_id)
        return channel_view()

    def replace(self, actor: Actor, channel_id: str, changes: Mapping[str, Any]) -> ChannelView:
        self.called("replace", actor=actor, channel_id=channel_id, changes=changes)
        return channel_view()

    def delete(self, actor: Actor, channel_id: str) -> None:
        self.called("delete", actor=actor, channel_id=channel_id)

    def test(self, actor: Actor, channel_id: str) -> Trial:
        self.called("test", actor=actor, channel_id=channel_id)
        return Trial(delivered=True, reference="1", health="ready")


@dataclass
class Tokens(Played):
    def list(self, actor: Actor, chain: str | None = None, network: str | None = None) -> Sequence[TokenView]:
        self.called("list", actor=actor, chain=chain, network=network)
        return [TokenView(chain="solana", network="localnet", asset=MINT.id), listed_token()]

    def add(self, actor: Actor, *, chain: str, network: str, token: str) -> TokenView:
        self.called("add", actor=actor, chain=chain, network=network, token=token)
        return listed_token()

    def remove(self, actor: Actor, token_id: str) -> None:
        self.called("remove", actor=actor, token_id=token_id)
