"""An engine without workers, over a real database and a chain that says what a test tells it to."""

import sqlite3
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path
from types import SimpleNamespace
from typing import Any, ClassVar, cast

from pydantic import BaseModel

from waiaas.builtin import waiaas_policy_types
from waiaas.config import load
from waiaas.engine.actors import Actor
from waiaas.engine.backtests import Backtests
from waiaas.engine.chains import Chains
from waiaas.engine.failures import CredentialFailures
from waiaas.engine.journal import Journal
from waiaas.engine.judges import Judges
from waiaas.engine.limits import Limits
from waiaas.engine.outcomes import Outcomes
from waiaas.engine.pipeline.evaluate import Evaluator
from waiaas.engine.pipeline.gate import Gate
from waiaas.engine.pipeline.stage import Bench
from waiaas.engine.pipeline.suspensions import Suspensions
from waiaas.engine.pipeline.transitions import Transitions
from waiaas.engine.policies import Policies
from waiaas.engine.sessions import Sessions
from waiaas.engine.tokens import Tokens
from waiaas.engine.transactions import Transactions
from waiaas.engine.wallet import Wallet
from waiaas.errors import Malformed, Refused
from waiaas.interfaces.chain import (
    Account,
    Amount,
    Asset,
    Balance,
    BuildRequest,
    Caution,
    ChainAdapter,
    Decoded,
    Destination,
    Effect,
    Feature,
    Intent,
    Kind,
    Network,
    Resolved,
    Sent,
    Signed,
    Status,
    Unsigned,
    What,
)
from waiaas.interfaces.signing import PublicKey, Scheme, SigningPayload
from waiaas.registry import Registry
from waiaas.registry.lock import Lock
from waiaas.store.database import Store
from waiaas.store.records import Agent
from waiaas.testing.clock import FrozenClock

CHAIN_ID = "play:here"
COIN = Asset(id=f"{CHAIN_ID}/slip44:1", symbol="COIN", decimals=9, native=True)
USD = Asset(id=f"{CHAIN_ID}/token:usd", symbol="USD", decimals=6, native=False, name="A Dollar")
EUR = Asset(id=f"{CHAIN_ID}/token:eur", symbol="", decimals=2, native=False)
NETWORK = Network(
    name="here", chain_id=CHAIN_ID, native=COIN, rpc=("http://127.0.0.1:9",), max_in_flight=None, finality="on inclusion",
    fee_max=10_000, is_test=True, tokens=(EUR.id,),
)  # fmt: skip
ELSEWHERE = Network(
    name="there", chain_id="play:there", native=Asset(id="play:there/slip44:1", symbol="COIN", decimals=9, native=True),
    rpc=("http://127.0.0.1:9",), max_in_flight=None, finality="on inclusion", fee_max=10_000, is_test=True,
)  # fmt: skip


class Nothing(BaseModel):
    """No settings."""


class Script:
    """What the chain says. A test changes it; ``away`` raises what is given from every question."""

    def __init__(self) -> None:
        self.tokens = {asset.id: asset for asset in (COIN, USD, EUR)}
        self.cautions: tuple[Caution, ...] = ()
        self.warnings: tuple[str, ...] = ()
        self.rent = 0
        self.forgets_asset = False
        self.lists: dict[str, int] = {COIN.id: 1_000_000}
        self.holds: dict[str, int] = {}
        self.away: Exception | None = None
        self.asked: list[tuple[str, ...]] = []

    def ask(self) -> None:
        if self.away is not None:
            raise self.away

    def token(self, asset: str) -> Asset:
        if asset not in self.tokens:
            raise Refused("ASSET_UNKNOWN", "there is no such token")
        return self.tokens[asset]


class PlayAdapter(ChainAdapter):
    """Says what its script says. Addresses are words that begin with ``w``, tokens words that begin with none."""

    chain = "play"
    settings_model = Nothing
    call_model = None
    forms: ClassVar[Mapping[str, Scheme]] = {"plain": Scheme.ED25519}
    derivation = None
    kinds: ClassVar[frozenset[Kind]] = frozenset({Kind.TRANSFER, Kind.TOKEN_TRANSFER, Kind.BATCH})
    features = frozenset({Feature.MEMO})
    script = Script()

    @classmethod
    def networks(cls, settings: BaseModel) -> Sequence[Network]:
        return (NETWORK, ELSEWHERE)

    def derive_account(self, key: PublicKey, form: str) -> Account:
        return Account(address="wmine", key=key, form=form)

    def parse_address(self, text: str) -> Destination:
        if not text.lower().startswith("w"):
            raise Malformed("no address of here", code="INVALID_ADDRESS")
        return Destination(address=text.lower())

    def parse_asset(self, text: str) -> str:
        if text in ("native", self.network.native.id):
            return self.network.native.id
        chain_id, _, reference = text.rpartition("/token:")
        if chain_id not in ("", self.network.chain_id) or not reference.isalnum():
            raise Malformed("no asset of here", code="INVALID_ADDRESS")
        return f"{self.network.chain_id}/token:{reference.lower()}"

    def resolve(self, intent: Intent, account: Account) -> Resolved:
        self.script.ask()
        assert intent.amount is not None
        assert intent.to is not None
        token = self.script.token(intent.amount.asset)
        out = Effect(what=What.OUT, asset=token.id, units=intent.amount.units, to=intent.to.address)
        rent = Effect(what=What.LOCKED, asset=COIN.id, units=self.script.rent, to=intent.to.address)
        return Resolved(
            intent=intent,
            effects=(out, rent) if self.script.rent else (out,),
            assets=() if self.script.forgets_asset else (COIN, token),
            likely_fee=Amount(asset=COIN.id, units=5),
            warnings=self.script.warnings,
            cautions=self.script.cautions,
        )

    def resolve_offline(self, intent: Intent, account: Account, fee: int) -> Resolved:
        before, self.script.away = self.script.away, None
        try:
            return self.resolve(intent, account)
        finally:
            self.script.away = before

    def describe_assets(self, assets: Sequence[str]) -> Sequence[Asset]:
        self.script.ask()
        return [self.script.token(asset) for asset in assets]

    def balances(self, account: Account, assets: Sequence[str], in_flight: Sequence[Signed]) -> Sequence[Balance]:
        self.script.ask()
        self.script.asked.append(tuple(assets))
        wanted = {asset: self.script.holds.get(asset, 0) for asset in assets} if assets else self.script.lists
        return [
            Balance(asset=self.script.token(asset), total=units, spendable=units) for asset, units in wanted.items()
        ]

    def health(self) -> Mapping[str, Any]:
        self.script.ask()
        return {}

    def build(self, request: BuildRequest) -> Unsigned:
        raise AssertionError("nothing is built here")

    def decode(self, unsigned: Unsigned, account: Account) -> Decoded:
        raise AssertionError("nothing is decoded here")

    def signing_payloads(self, unsigned: Unsigned, account: Account, done: Sequence[bytes]) -> Sequence[SigningPayload]:
        raise AssertionError("nothing is signed here")

    def attach(self, unsigned: Unsigned, account: Account, done: Sequence[bytes]) -> Signed:
        raise AssertionError("nothing is signed here")

    def broadcast(self, signed: Signed) -> tuple[Sent, str]:
        raise AssertionError("nothing is sent from here")

    def statuses(self, signed: Sequence[Signed]) -> Sequence[Status]:
        raise AssertionError("nothing is on its way here")


class Desk:
    """The services that judge and look, for one agent on ``play/here``."""

    def __init__(self, folder: Path, **environ: str) -> None:
        (folder / "config.toml").write_text("")
        self.script = PlayAdapter.script = Script()
        self.clock = FrozenClock()
        self.database = folder / "waiaas.db"
        self.store = Store.open(self.database)
        settings = load(folder, {"WAIAAS_SECURITY_MAX_SESSIONS_PER_AGENT": "100", **environ})
        types = {kind.type: kind() for kind in waiaas_policy_types()}
        registry = Registry(
            chains={"play": ("waiaas-play", PlayAdapter)}, policy_types=types, policy_origins={}, channels={}, listeners=(),
            plugins=(), lock=Lock(),
        )  # fmt: skip
        self.registry = registry
        journal = Journal(self.clock, notifications_enabled=False)
        chains = Chains(registry, settings, self.clock)
        judges = Judges(registry)
        self.evaluator = Evaluator(self.store, judges, chains, settings, self.clock)
        gate = Gate()
        bench = Bench(
            store=self.store, chains=chains, signer=cast(Any, SimpleNamespace(is_unlocked=True)), evaluator=self.evaluator,
            transitions=Transitions(journal, self.clock), outcomes=Outcomes(), gate=gate, acceptances=cast(Any, None),
            suspensions=Suspensions(journal, self.clock, gate), settings=settings, clock=self.clock, observe=lambda *_: None,
            on_signed=lambda: None, heed_stop=lambda: None, require_no_stop=lambda: None,
            hold_stop=lambda actor, order: None,
            is_open=lambda: True,
        )  # fmt: skip
        self.bench = bench
        self.operator = Actor(kind="operator", by_password=True)
        self.policies = Policies(store=self.store, judges=judges, chains=chains, journal=journal, clock=self.clock)
        self.backtests = Backtests(
            store=self.store,
            evaluator=self.evaluator,
            policies=self.policies,
            clock=self.clock,
            rest=lambda seconds: None,
        )
        failures = CredentialFailures(self.store, journal, self.clock)
        self.sessions = Sessions(bench=bench, journal=journal, failures=failures)
        self.tokens = Tokens(store=self.store, chains=chains, journal=journal, clock=self.clock)
        self.limits = Limits(store=self.store, judges=judges, chains=chains, clock=self.clock)
        self.wallet = Wallet(bench, self.limits)
        self.transactions = Transactions(bench, lambda row: None, lambda row: None)
        with self.store.write() as unit:
            unit.agents.insert(AGENT)

    def close(self) -> None:
        self.store.close()

    def session(self, **constraints: Any) -> Actor:
        """The agent's program."""
        issued = self.sessions.issue(self.operator, agent_id=AGENT.id, constraints=constraints)
        return self.sessions.authenticate(issued.token, None)

    def policy(self, type_: str, *, everybody: bool = False, **rules: Any) -> str:
        """A policy of the agent, or of all."""
        agent = None if everybody else AGENT.id
        return self.policies.create(self.operator, agent_id=agent, type=type_, rules=rules).id

    def tier(self, actor: Actor, body: Mapping[str, Any]) -> str:
        """What a send would be told."""
        return str(self.transactions.simulate(actor, body)["tier"])

    def send(self, actor: Actor, body: Mapping[str, Any], key: str | None = None) -> dict[str, Any]:
        """Admit; nobody carries it out."""
        return self.transactions.send(actor, body, idempotency_key=key, wait=0).view.to_wire()

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """What the database holds, read beside the engine."""
        with closing(sqlite3.connect(self.database)) as connection:
            return connection.execute(sql).fetchall()


AGENT = Agent(
    id="0199aaaa-0000-7000-8000-000000000001", created_at=1, updated_at=1, name="bot", chain="play", network="here",
    form="plain", key_scheme="ed25519", public_key="00" * 32, address="wmine", status="ACTIVE",
)  # fmt: skip


def native(units: int = 10, to: str = "wyou", **more: Any) -> dict[str, Any]:
    """The body of a native transfer."""
    return {"type": "TRANSFER", "to": to, "amount": str(units), **more}


def token(units: int = 10, to: str = "wyou", address: str = "usd", **more: Any) -> dict[str, Any]:
    """The body of a token's transfer."""
    return {"type": "TOKEN_TRANSFER", "to": to, "amount": str(units), "token": {"address": address}, **more}
