"""The chains that are installed, one guarded adapter a network.

A guard stands between the engine and plugin code: it lets the three errors of the contract through, takes anything else for a
fault of the plugin (logged, answered as Unavailable; three in a row mark the chain degraded), and lets no payment through
before the node has shown that it serves the right chain.
"""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from waiaas.clock import Clock
from waiaas.config import Settings
from waiaas.engine.faults import PluginFault
from waiaas.engine.network_trouble import NetworkTrouble
from waiaas.engine.nodes import NodeHttp
from waiaas.engine.rules.fees import FeeLimits
from waiaas.engine.rules.waiting import setting_of, to_wire
from waiaas.engine.waits import Held
from waiaas.errors import BadRequest, NodeFailure, NodeTrouble, PluginError, Refused, Stopped, Trouble, Unavailable
from waiaas.interfaces.chain import Account, Asset, ChainAdapter, Network, RunsLocally, TellsTime
from waiaas.interfaces.signing import PublicKey, Scheme
from waiaas.registry import Registry
from waiaas.store.records import Agent

_log = logging.getLogger("waiaas.chains")
_HEALTH_SECONDS = 300
_AGREEMENT_SECONDS = 300
_STILL_SECONDS, _STILL_BLOCKS = 10.0, 5
"""A chain whose newest block is the same one for so long makes none by itself; whichever of the two is longer."""
_FAULTS_UNTIL_DEGRADED = 3
_FEES_A_DAY = 20
T = TypeVar("T")


class Chain:
    """One network of one adapter."""

    def __init__(self, adapter: ChainAdapter, network: Network, http: NodeHttp, fees: FeeLimits, clock: Clock) -> None:
        self.trouble = NetworkTrouble(f"{adapter.chain}/{network.name}", setting_of(adapter.chain, network.name))
        self.adapter = adapter
        self.network = network
        self.fees = fees
        self._http = http
        self._clock = clock
        self._healthy_until = 0.0
        self._faults = 0
        self._is_time_known = self._is_told = False
        self._said: tuple[int, float] | None = None
        self._still_seconds = max(_STILL_SECONDS, _STILL_BLOCKS * network.block_milliseconds / 1000)
        self._witnesses: tuple[ChainAdapter, ...] | None = None
        #: Seconds by which the machine's clock is ahead of the chain's, where the two disagree; None where they do not.
        self.ahead: int | None = None
        #: Told of the chain's id and of :attr:`ahead`, when the two are found to disagree and the chain goes on.
        self.on_disagreement: Callable[[str, int], None] = lambda chain_id, seconds: None
        #: What was said last of bytes of which an adapter could not tell, by adapter and hash: the log says it once.
        self.untold: dict[tuple[int, str], str] = {}
        self._lock = threading.Lock()

    @property
    def is_degraded(self) -> bool:
        """Whether the adapter failed in ways that its contract does not know, several times in a row."""
        return self._faults >= _FAULTS_UNTIL_DEGRADED

    def call(self, method: Callable[..., T], *arguments: Any) -> T:
        """Call the adapter.

        :raises Malformed, Refused, Unavailable: what the adapter raises; Unavailable for its faults
        """
        try:
            result = method(*arguments)
        except PluginError as problem:
            self._faults = 0
            if isinstance(problem, Unavailable) and self._is_own(method):
                self.trouble.met(problem, self._clock.now())
            raise
        except Exception:  # noqa: BLE001 - anything else is a fault of the plugin
            self._faults += 1
            _log.exception("the adapter of %s failed in %s", self.network.chain_id, getattr(method, "__name__", method))
            fault = PluginFault(f"the plugin of {self.network.name} failed")
            if self._is_own(method):
                self.trouble.met(fault, self._clock.now())
            raise fault from None
        self._faults = 0
        if self._is_own(method):
            self.trouble.answered(getattr(method, "__name__", ""))
        return result

    def _is_own(self, method: Callable[..., object]) -> bool:
        """Whether it asks all endpoints, as payments do, and not one of them as a witness."""
        return getattr(method, "__self__", None) is self.adapter

    def require_right_chain(self) -> None:
        """Ask the node which chain it serves, unless it said so a little while ago. Network.

        :raises Unavailable: also when the node serves another chain, so that nothing is paid and nothing is lost
        """
        if self._clock.monotonic() < self._healthy_until:
            return
        with self._lock:
            if self._clock.monotonic() < self._healthy_until:
                return
            try:
                self.call(self.adapter.health)
            except Refused as problem:
                _log.error("a node of %s was turned away: %s", self.network.chain_id, problem.message)
                wrong = _wrong_chain(self.network, problem)
                self.trouble.met(wrong, self._clock.now())
                raise wrong from None
            self._compare_time()
            seconds = _HEALTH_SECONDS if self.ahead is None else self._still_seconds
            self._healthy_until = self._clock.monotonic() + seconds

    def _compare_time(self) -> None:
        """Until the two agree once: a block that is old is an old answer, or the clock was set.

        A chain that makes blocks on demand stands still in between, and says nothing about time then: where its newest block is
        the same one after several blocks' time, an old one is no disagreement. Before the chain has said what time it is,
        nothing can be paid there: every payment asks the node for its chain first.
        """
        adapter = self.adapter
        if not isinstance(adapter, TellsTime) or (self._is_time_known and self.ahead is None) or self._is_local():
            return
        try:
            said = self.call(adapter.chain_time)
        except Refused:
            raise Unavailable(f"the node of {self.network.name} does not say what time it is") from None
        self._weigh_time(said, self._clock.now() - said, self._clock.monotonic())

    def _weigh_time(self, said: int, ahead: int, passed: float) -> None:
        before, goes_on = self._said, self._said is not None and self._said[0] != said
        if before is None or goes_on:
            self._said = before = (said, passed)
        agrees = self._is_time_known = abs(ahead) <= _AGREEMENT_SECONDS
        stands_still = ahead > 0 and passed - before[1] >= self._still_seconds
        self.ahead = None if agrees or stands_still else ahead
        if agrees:
            self._is_told = False
        elif self.ahead is not None and (goes_on or ahead < 0) and not self._is_told:
            self._is_told = True
            self.on_disagreement(self.network.chain_id, self.ahead)

    def _is_local(self) -> bool:
        """A chain of this machine's own makes its blocks when it likes, and says nothing about time."""
        return isinstance(self.adapter, RunsLocally) and self.adapter.local_network == self.network.name

    def account(self, agent: Agent) -> Account:
        """The agent's account as the adapter derives it from the public key."""
        key = PublicKey(scheme=Scheme(agent.key_scheme), data=bytes.fromhex(agent.public_key))
        return self.call(self.adapter.derive_account, key, agent.form)

    def witnesses(self) -> Sequence[ChainAdapter]:
        """One adapter an endpoint, each asking that one alone, made once; for facts that no endpoint may contradict."""
        made = self._witnesses
        if made is None:
            kind, table = type(self.adapter), self.adapter.settings
            made = self._witnesses = tuple(kind(self.network, table, http) for http in self._http.each())
        return made

    @property
    def node_requests(self) -> int:
        """HTTP requests to its nodes since it was first used."""
        return self._http.tally.count

    def close(self) -> None:
        """Close the connections to the nodes."""
        self._http.close()


class Chains:
    """All networks of all installed chains; adapters are made when first asked for, and then kept."""

    def __init__(self, registry: Registry, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self._settings = settings
        self._chains: dict[tuple[str, str], Chain] = {}
        self._networks: dict[tuple[str, str], tuple[type[ChainAdapter], Network, Any]] = {}
        self._unserved: dict[str, str] = {}
        for word, (plugin, adapter) in registry.chains.items():
            table = settings.plugin_table(plugin, adapter.settings_model)
            for network in self._networks_of(word, adapter, table):
                self._networks[word, network.name] = (adapter, network, table)
        self._lock = threading.Lock()
        #: Told once of each network whose time is not the machine's: its id, and the seconds that the machine is ahead.
        self.on_disagreement: Callable[[str, int], None] = lambda chain_id, seconds: None

    def names(self) -> Sequence[tuple[str, str]]:
        """Every (chain, network), in order."""
        return sorted(self._networks)

    def _networks_of(self, word: str, adapter: type[ChainAdapter], table: Any) -> Sequence[Network]:
        """The family's networks; none when the plugin fails, so that the daemon starts and everything else goes on."""
        try:
            return tuple(adapter.networks(table))
        except Exception:  # noqa: BLE001 - a fault of the plugin
            _log.exception("the chain %s is left out: it cannot name its networks", word)
            self._unserved[word] = "its plugin cannot name its networks with the settings of this configuration"
            return ()

    def unserved(self) -> Mapping[str, str]:
        """Chains and networks whose plugin is there and cannot serve them, with why."""
        faulty = {
            f"{word}/{name}": "its plugin failed several times in a row"
            for (word, name), chain in list(self._chains.items())
            if chain.is_degraded
        }
        return {**self._unserved, **faulty}

    def troubles(self) -> Mapping[tuple[str, str], Held]:
        """Networks that cannot be asked at present."""
        return {where: held for where, chain in list(self._chains.items()) if (held := chain.trouble.held) is not None}

    def serves(self, chain: str, name: str) -> bool:
        """Whether a plugin serves the network."""
        return (chain, name) in self._networks

    def trouble(self, chain: str, name: str) -> Held | None:
        """Why a network's nodes tell nothing at present; None where they do, or were not asked yet."""
        live = self._chains.get((chain, name))
        return None if live is None else live.trouble.held

    def node_requests(self) -> Mapping[tuple[str, str], int]:
        """HTTP requests to the nodes of each network in use, since the start."""
        return {where: chain.node_requests for where, chain in list(self._chains.items())}

    def network(self, chain: str, name: str) -> tuple[type[ChainAdapter], Network]:
        """A network's facts, without a node.

        :raises BadRequest: naming what there is
        """
        if (chain, name) not in self._networks:
            known = ", ".join(f"{word}/{network}" for word, network in self.names()) or "none"
            raise BadRequest(f"there is no network {chain}/{name}", code="INVALID_NETWORK", hint=f"installed: {known}")
        adapter, network, _ = self._networks[chain, name]
        return adapter, network

    def default_network(self, chain: str) -> str:
        """Where an agent is made when nobody names a network: the family's local one, else its first test network.

        :raises BadRequest: for a family that is not installed, or has real money alone: that has to be named
        """
        own = {name: (kind, network) for (word, name), (kind, network, _) in self._networks.items() if word == chain}
        for name, (kind, _) in own.items():
            if isinstance(kind, type) and issubclass(kind, RunsLocally) and kind.local_network == name:
                return name
        for name, (_, network) in own.items():
            if network.is_test:
                return name
        known = ", ".join(sorted(own) or sorted({word for word, _ in self._networks})) or "none"
        raise BadRequest(
            f"{chain} has no test network, so the network has to be named" if own else f"there is no chain {chain}",
            code="INVALID_NETWORK",
            hint=f"{'its networks' if own else 'installed'}: {known}",
        )

    def is_test(self, chain: str, name: str) -> bool | None:
        """Whether a network's money is worth nothing; None when its plugin is gone."""
        entry = self._networks.get((chain, name))
        return entry[1].is_test if entry else None

    def get(self, chain: str, name: str) -> Chain:
        """The guarded adapter.

        :raises Stopped: with code CHAIN_MISSING when its plugin is gone: its agents stay readable and sign nothing
        """
        known = self._chains.get((chain, name))
        return known if known is not None else self._make(chain, name)

    def of(self, agent: Agent) -> Chain:
        """The agent's chain."""
        return self.get(agent.chain, agent.network)

    def chain_id(self, agent: Agent) -> str:
        """CAIP-2 of the agent's network; empty when its plugin is gone."""
        entry = self._networks.get((agent.chain, agent.network))
        return entry[1].chain_id if entry else ""

    def explorer(self, chain: str, name: str) -> str:
        """The address of a page about a transaction, with ``{tx}``; empty where there is none."""
        entry = self._networks.get((chain, name))
        return entry[1].explorer if entry else ""

    def native(self, chain: str, name: str) -> Asset | None:
        """A network's native asset; None for one whose plugin is gone."""
        entry = self._networks.get((chain, name))
        return entry[1].native if entry else None

    def report(self) -> Sequence[Mapping[str, Any]]:
        """What each network is, for ``/v1/chains``."""
        return [self._described(word, name) for word, name in self.names()]

    def close(self) -> None:
        """Close every connection to a node."""
        for chain in self._chains.values():
            chain.close()

    def _make(self, chain: str, name: str) -> Chain:
        with self._lock:
            if (chain, name) in self._chains:
                return self._chains[chain, name]
            if (chain, name) not in self._networks:
                raise Stopped(
                    f"no plugin serves {chain}/{name}",
                    code="CHAIN_MISSING",
                    hint="see `waiaas plugins list`; the funds are safe",
                )
            adapter, network, table = self._networks[chain, name]
            http = NodeHttp(self._settings.rpc_urls(chain, name) or network.rpc)
            made = Chain(
                _adapter_of(adapter, network, table, http), network, http, self._fees(chain, network), self._clock
            )
            made.on_disagreement = self.on_disagreement
            self._chains[chain, name] = made
            return made

    def _fees(self, chain: str, network: Network) -> FeeLimits:
        maximum, daily = self._settings.fee(chain, network.name)
        cap = network.fee_max if maximum is None else maximum
        return FeeLimits(max=cap, daily=cap * _FEES_A_DAY if daily is None else daily)

    def _described(self, chain: str, name: str) -> Mapping[str, Any]:
        adapter, network, _ = self._networks[chain, name]
        live, held = self._chains.get((chain, name)), self.trouble(chain, name)
        fees = self._fees(chain, network)
        return {
            "chain": chain,
            "network": name,
            "chainId": network.chain_id,
            "native": {"id": network.native.id, "symbol": network.native.symbol, "decimals": network.native.decimals},
            "finality": network.finality,
            "isTest": network.is_test,
            "types": sorted(kind.value for kind in adapter.kinds),
            "fees": {"max": str(fees.max), "dailyLimit": str(fees.daily)},
            "degraded": bool(live and live.is_degraded),
            "trouble": None if held is None else to_wire(held.wait, held.since, setting=setting_of(chain, name)),
        }


def _wrong_chain(network: Network, problem: Refused) -> NodeFailure:
    """The endpoint's trouble, as far as the adapter says which one it is."""
    position = problem.details.get("position")
    trouble = NodeTrouble(
        kind=Trouble.WRONG_CHAIN,
        words="it serves another chain",
        endpoint=str(problem.details.get("endpoint", "")),
        position=position if type(position) is int else 0,
    )
    return NodeFailure(f"the node of {network.name} serves another chain", troubles=(trouble,))


def _adapter_of(kind: type[ChainAdapter], network: Network, table: Any, http: NodeHttp) -> ChainAdapter:
    """The adapter. :raises Stopped: when the plugin cannot make it: its agents stay readable and sign nothing"""
    try:
        return kind(network, table, http)
    except Exception:  # noqa: BLE001 - a fault of the plugin
        _log.exception("the adapter of %s cannot be made", network.chain_id)
        raise Stopped(
            f"the plugin of {network.name} failed",
            code="CHAIN_MISSING",
            hint="see the daemon's log; the funds are safe",
        ) from None
