"""One session with the database: every noun, sharing one transaction or one reader."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any, TypeVar

from waiaas.store.activity import Activity
from waiaas.store.agents import Agents
from waiaas.store.approvals import Approvals
from waiaas.store.audit import Audit
from waiaas.store.channels import Channels
from waiaas.store.checkpoints import Checkpoints
from waiaas.store.claims import Claims
from waiaas.store.ids import Ids
from waiaas.store.ledger import Ledger
from waiaas.store.outbox import Outbox
from waiaas.store.policies import Policies
from waiaas.store.policy_sets import PolicySets
from waiaas.store.readings import Reading, read_all
from waiaas.store.reservations import Reservations
from waiaas.store.sealer import Sealer
from waiaas.store.seals import Position, Seals
from waiaas.store.sessions import Sessions
from waiaas.store.state import State
from waiaas.store.statements import Statements
from waiaas.store.tokens import Tokens
from waiaas.store.transactions import Transactions
from waiaas.store.variants import Variants

T = TypeVar("T")


class Unit:
    """What ``Store.read()`` and ``Store.write()`` hand out. It ends with its ``with`` block and belongs to its thread.

    A unit that reads sees, statement by statement, what is committed at that moment: two of its reads may differ, but in one
    that ``Store.at_once()`` hands out. A unit that writes is one immediate transaction: nobody else writes between its reads
    and its commit.
    """

    def __init__(self, sql: Statements, entities: Any, seals: Seals) -> None:
        self._sql = sql
        self._entities = entities
        self.sealer = Sealer(sql, seals)
        self._after_commit: list[Callable[[], None]] = []

    def after_commit(self, tell: Callable[[], None]) -> None:
        """Have ``tell`` called once this unit is committed and no lock is held; never when it is rolled back."""
        self._after_commit.append(tell)

    def settle(self) -> Position | None:
        """Called by the store, before the commit. Returns how far the rows' seals have come, where they have."""
        return self.sealer.settle()

    def holds(self, record: Any) -> bool:
        """Whether a row is as the daemon wrote it last, or tighter."""
        return self.sealer.seals.holds(record)

    def committed(self) -> None:
        """Called by the store, after the commit."""
        for tell in self._after_commit:
            tell()

    def value(self, reading: Reading[T]) -> T:
        """What a reading of one of the nouns comes to."""
        return read_all(self._sql, [reading])[0]

    def values(self, readings: Iterable[Reading[T]]) -> list[T]:
        """What several come to, in their order, with one statement for all look-ups of a kind."""
        return read_all(self._sql, readings)

    @property
    def writable(self) -> bool:
        """Whether this unit may change anything; where not, every method that would raises RuntimeError."""
        return self._sql.writable

    @cached_property
    def ids(self) -> Ids:
        return Ids(self._sql)

    @cached_property
    def agents(self) -> Agents:
        return Agents(self._sql, self._entities, self.sealer)

    @cached_property
    def sessions(self) -> Sessions:
        return Sessions(self._sql, self._entities, self.sealer)

    @cached_property
    def transactions(self) -> Transactions:
        return Transactions(self._sql, self._entities)

    @cached_property
    def variants(self) -> Variants:
        return Variants(self._sql)

    @cached_property
    def claims(self) -> Claims:
        return Claims(self._sql)

    @cached_property
    def reservations(self) -> Reservations:
        return Reservations(self._sql)

    @cached_property
    def ledger(self) -> Ledger:
        return Ledger(self._sql)

    @cached_property
    def activity(self) -> Activity:
        return Activity(self._sql)

    @cached_property
    def policies(self) -> Policies:
        return Policies(self._sql, self._entities, self.sealer)

    @cached_property
    def policy_sets(self) -> PolicySets:
        return PolicySets(self._sql, self.sealer)

    @cached_property
    def audit(self) -> Audit:
        return Audit(self._sql, self._entities)

    @cached_property
    def checkpoints(self) -> Checkpoints:
        return Checkpoints(self._sql)

    @cached_property
    def approvals(self) -> Approvals:
        return Approvals(self._sql, self._entities)

    @cached_property
    def channels(self) -> Channels:
        return Channels(self._sql, self.sealer)

    @cached_property
    def outbox(self) -> Outbox:
        return Outbox(self._sql)

    @cached_property
    def tokens(self) -> Tokens:
        return Tokens(self._sql)

    @cached_property
    def state(self) -> State:
        return State(self._sql, self.sealer)
