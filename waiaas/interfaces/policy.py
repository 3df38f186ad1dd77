"""Policy types: pure judges of effects.

A policy type holds no state and does no I/O. It *grants* (speaks for an amount, a token, a contract, a spender, a message)
or *restricts* (only makes a verdict stricter). Returning no verdict means that the policy does not apply; raising denies.
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated, ClassVar, Generic, Literal, TypeVar

from pydantic import BaseModel, Field

from waiaas.interfaces.chain import Amount, Effect, Kind, Resolved

BASE_UNITS_FORMAT = "base-units"
"""The format in a JSON Schema by which the house knows an amount."""
BaseUnits = Annotated[str, Field(pattern=r"^[1-9][0-9]{0,77}$", json_schema_extra={"format": BASE_UNITS_FORMAT})]
"""An amount in a rules document. People may write display units with the symbol there (``0.01SOL``): the house makes base units
of them before the type reads the rules. It counts in the asset that ``asset`` (or ``token``) beside it names, otherwise in the
agent's native one."""
BaseUnitsOrZero = Annotated[
    str, Field(pattern=r"^(0|[1-9][0-9]{0,77})$", json_schema_extra={"format": BASE_UNITS_FORMAT})
]
"""The same, where zero means something."""


class Tier(StrEnum):
    """How a transaction goes on, from the mildest to the strictest."""

    INSTANT = "INSTANT"
    NOTIFY = "NOTIFY"
    DELAY = "DELAY"
    APPROVAL = "APPROVAL"
    DENY = "DENY"

    @property
    def rank(self) -> int:
        """0 for INSTANT up to 4 for DENY."""
        # Not ``value``, a descriptor written in Python: ranks are compared for each of many verdicts.
        return _RANKS[self._value_]


_RANKS = {"INSTANT": 0, "NOTIFY": 1, "DELAY": 2, "APPROVAL": 3, "DENY": 4}


def strictest(tiers: Sequence[Tier]) -> Tier:
    """The strictest of one or more tiers; order never matters."""
    return max(tiers, key=lambda tier: tier.rank)


RECIPIENTS_NAMED = "RECIPIENTS_NAMED"
"""The mark of a verdict whose policy names every recipient of the transaction: an operator has looked at each of them. The
house then lets pass what it otherwise denies, a recipient that may be unable to spend what arrives."""

NEAR_LIMIT = "NEAR_LIMIT"
"""The mark of a verdict whose amount is over nine tenths of the largest that its tier, or its limit, allows. Admitted
transactions that carry it are counted as ``near_limit``."""

Measure = Literal["spent", "count", "failed", "denied", "near_limit"]
Scope = Literal["session", "agent", "all"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Window:
    """A sum or count over the recent past that ``judge`` wants to know.

    :param name: how ``Facts.windows`` and ``Verdict.valid_while`` call it, unique within the policy
    :param measure: ``spent`` sums base units (spent, reserved and unproven); the others count transactions: those that were
        admitted (``count``, ``near_limit``), that ``failed``, that were ``denied``. The one that is judged is in none of them.
        One that was admitted already and is judged again has kept its place: ``count`` is what it was then
    :param seconds: length of the rolling window; None is all of history
    :param scope: whose transactions
    :param where: narrows further. For ``spent``: ``asset`` (an asset id, needed; :data:`waiaas.interfaces.money.USD` sums
        millionths of a dollar, as they were worth when they were judged) and ``kinds`` (comma-separated ledger kinds, by
        default ``amount,rent,allowance``). With the scope ``all``: ``agents`` (comma-separated ids; left out: every agent).
        For ``count`` of an agent: ``like`` = ``effects`` counts only transactions with the very effects of this one (locked
        value apart) that were, or may still be, paid. For ``failed`` of an agent: ``since`` = ``paid`` counts those after the
        last one that was paid. For all but ``spent`` of an agent or session: ``since`` = ``resumed`` counts only what happened
        after a person last let the suspended agent go on (``paid,resumed`` is both); ``below`` = a number has ``oldest`` say
        when the value falls below it
    """

    name: str
    measure: Measure
    seconds: int | None
    scope: Scope
    where: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """A bound that a policy sets on a window, for those who ask what is left. It decides nothing.

    :param window: as ``judge`` asks for it
    :param most: its largest value that is still allowed; None where a price has to say it
    :param usd: then: the bound in millionths of a dollar, for a window in base units of its asset
    """

    window: Window
    most: int | None = None
    usd: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """One policy's answer.

    :param code: upper snake case, stable, for programs
    :param reason: one sentence for people, with the figures that decided
    :param remaining: base units of the asset that could still go, where the policy measures one; of a policy that counts, how
        many transactions
    :param resets_at: Unix seconds at which more becomes possible; with DENY: at which the same transaction can pass this
        policy, None where waiting does not help
    :param delay_seconds: how long a DELAY lasts in all, counted from when the transaction was first held
        (``Facts.held_seconds`` ago); None leaves it to the configuration
    :param grants: whether this verdict speaks for the transaction (of a granting type, and everything in it is covered)
    :param marks: words that later policies of the same transaction may see
    :param freeze: the agent is to be suspended; counts with DENY alone
    :param freeze_agents: who is to be suspended, where it is not the judged agent alone: ids, or ``*`` for every agent
    :param valid_while: window name to the largest value at which this verdict still holds; a window left out holds only at
        the very value it was judged with
    """

    tier: Tier
    code: str
    reason: str
    remaining: int | None = None
    resets_at: int | None = None
    delay_seconds: int | None = None
    grants: bool = False
    marks: frozenset[str] = frozenset()
    freeze: bool = False
    freeze_agents: tuple[str, ...] = ()
    valid_while: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything a judge may know.

    :param now: Unix seconds
    :param agent: the agent's id; :param session: the session's id, None for the operator
    :param chain: the agent's chain; :param network: its network; :param native: its native asset's id
    :param effects: what the transaction does; verdicts rest on these alone
    :param fee: the most that the network may take, native base units
    :param windows: values of the windows that the policy asked for
    :param oldest: for each window, when its oldest entry falls out (Unix seconds), where there is one; not for counts of all
    :param prices: asset id to (USD per whole unit as a decimal string, Unix seconds of that price); an asset without a fresh
        price is not in it, and what depends on it has to be APPROVAL. See :mod:`waiaas.interfaces.money`
    :param owner_state: ``NONE``, ``GRACE`` or ``LOCKED``
    :param held_seconds: how long the transaction was held before this judgement
    """

    now: int
    agent: str
    session: str | None
    chain: str
    network: str
    native: str
    kind: Kind
    effects: tuple[Effect, ...]
    fee: Amount
    resolved: Resolved
    windows: Mapping[str, int]
    oldest: Mapping[str, int] = field(default_factory=dict)
    prices: Mapping[str, tuple[str, int]] = field(default_factory=dict)
    owner_state: str = "NONE"
    held_seconds: int = 0


class AssetReader(ABC):
    """How a policy type turns the operator's words into canonical ids while it reads rules."""

    @abstractmethod
    def asset(self, text: str | None) -> str:
        """``native``, a token's address or CAIP-19 to the asset's one id. None is the agent's own native asset.

        :raises Malformed: also for None in a global policy
        """

    @abstractmethod
    def address(self, text: str) -> str:
        """An address's one text on the agent's chain (in a global policy, on any installed chain that reads it).

        :raises Malformed: when no chain reads it
        """


R = TypeVar("R", bound=BaseModel)
Model = type[BaseModel]


class PolicyType(ABC, Generic[R]):
    """A kind of rule that operators can write."""

    type: ClassVar[str]
    """Upper snake case, unique among all installed plugins."""
    rules_model: ClassVar[Model]
    """Reads the rules document; unknown keys are refused."""
    grants: ClassVar[bool]
    """Whether a verdict of this type can speak for a transaction."""
    may_loosen: ClassVar[bool] = False
    """Whether a new policy of this type can let pass what was refused before, though it grants nothing. A granting type can."""
    is_isolated: ClassVar[bool] = False
    """Whether it is judged in a child process although it ships with the house. A stranger's type always is."""

    def prepare(self) -> None:
        """Called once in a process that is going to judge, before anything is asked and before its time counts: what is slow
        to load is loaded here. Does nothing else; may be called again."""

    def normalise(self, rules: R, reader: AssetReader) -> R:
        """Pure. Called once when a policy is stored: words of the operator become canonical ids."""
        return rules

    @abstractmethod
    def windows(self, rules: R, resolved: Resolved) -> Sequence[Window]:
        """Pure. The windows that ``judge`` needs for this transaction."""

    @abstractmethod
    def judge(self, rules: R, facts: Facts) -> Verdict | None:
        """Pure, total, monotone in every amount. None means that the policy does not apply; raising denies."""

    def limits(self, rules: R, native: str) -> Sequence[Limit]:
        """Pure. What can be told of what is left, before there is any transaction. None where the type bounds no window.

        Shown and never judged by. Only types that ship with the house are asked so far.

        :param native: the id of the agent's native asset
        """
        return ()

    def is_tighter(self, old: R, new: R) -> bool:
        """Pure. Whether ``new`` allows nothing that ``old`` did not. The default is no, so that an owner is asked."""
        return False
