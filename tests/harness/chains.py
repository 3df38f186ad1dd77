"""What a chain must offer so that the suites of the whole house run over it: its case, and a node that can lie."""

from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from waiaas_sdk import PaymentFields


@dataclass(frozen=True, slots=True, kw_only=True)
class Payment:
    """One payment that the chain has executed. :param units: base units of the case's asset"""

    tx_hash: str
    sender: str
    recipient: str
    units: int


class TestChain(ABC):
    """A running chain, and the ways in which its node can lie."""

    __test__ = False
    url: str

    @abstractmethod
    def fund(self, address: str, units: int) -> None:
        """Give ``units`` of what the case pays with, and enough for fees."""

    @abstractmethod
    def new_token(self) -> str:
        """Issue a token that nobody has met; its address. It has 6 decimals."""

    @abstractmethod
    def left(self, address: str) -> Mapping[str, int]:
        """Units that have left the account since it was funded, fees included, by asset id."""

    @abstractmethod
    def payments(self, *, sender: str | None = None, recipient: str | None = None) -> list[Payment]:
        """What was executed, in order."""

    @abstractmethod
    def handed_over(self, tx_hash: str) -> int:
        """How often the node was given these bytes and took them."""

    @abstractmethod
    def calls(self) -> int:
        """Requests of any kind so far."""

    @abstractmethod
    def replica_url(self, blocks: int) -> str:
        """A second node, always so many blocks behind."""

    @abstractmethod
    def drop_answer(self, times: int | None = 1) -> None:
        """Take the bytes, then close the connection without an answer."""

    @abstractmethod
    def fail_after(self, times: int | None = 1) -> None:
        """Take the bytes, then answer 503."""

    @abstractmethod
    def answer_late(self, seconds: float, times: int | None = 1) -> None:
        """Take the bytes at once, answer late."""

    @abstractmethod
    def swallow(self, times: int | None = 1) -> None:
        """Say that the bytes were taken, and drop them."""

    @abstractmethod
    def refuse_bytes(self, times: int | None = 1) -> None:
        """Answer 503 to whoever hands bytes over, and drop them."""

    @abstractmethod
    def rate_limit(self, times: int | None = 1) -> None:
        """Answer 429 to anything."""

    @abstractmethod
    def away(self, is_away: bool = True) -> None:
        """Close every connection without an answer, or come back."""

    @abstractmethod
    def withhold_building(self, is_withholding: bool = True) -> None:
        """Answer 503 to the questions that bytes are made from, and everything else; or answer them again, healed."""

    @abstractmethod
    def lag(self, blocks: int) -> None:
        """Answer as the node stood so many blocks ago; 0 catches up."""

    @abstractmethod
    def masquerade(self) -> None:
        """Claim to be a node of another chain."""

    @abstractmethod
    def forget_history(self) -> None:
        """Show no transaction any more, past or to come, as a pruned node does."""

    @abstractmethod
    def deny_payments(self, is_denying: bool = True) -> None:
        """Lie that nothing ever landed, with everything else true; or stop lying."""

    @abstractmethod
    def heal(self) -> None:
        """An honest node again."""

    @abstractmethod
    def outlive_bytes(self) -> None:
        """Move on until bytes signed before now can never land, and finality knows it."""

    @abstractmethod
    def stand_still(self, is_still: bool = True) -> None:
        """No further blocks, or go on."""


class ChainCase(ABC):
    """One asset on one chain.

    :param amount: what tests pay by default
    :param fee: more than the fee of one payment
    :param resolves_offline: whether a payment is admitted while every node is away
    :param replaces: whether signed bytes stay good until others take their place, and what nobody may send any more is
        cancelled on chain; else they expire
    """

    name: str
    chain: str
    network: str
    amount: int
    fee: int
    resolves_offline: bool = True
    replaces: bool = False

    @property
    def never_landed(self) -> str:
        """The error code of a payment whose bytes are proved dead: they expired, or others used what they claimed."""
        return "CLAIM_USED_ELSEWHERE" if self.replaces else "EXPIRED_ON_CHAIN"

    def missing(self) -> str:
        """What this machine lacks to run the chain; empty where it lacks nothing."""
        return ""

    @abstractmethod
    def start(self) -> AbstractContextManager[TestChain]:
        """The chain, running in this process."""

    @abstractmethod
    def environ(self, *urls: str) -> Mapping[str, str]:
        """The configuration that makes the daemon ask these nodes."""

    @abstractmethod
    def new_recipient(self) -> str:
        """An address that nobody has paid yet, and that may receive ``amount``."""

    @abstractmethod
    def payment(self, to: str, amount: int | None = None) -> PaymentFields:
        """The fields of a send; ``amount`` by default."""

    @abstractmethod
    def spending(self, **rules: Any) -> list[tuple[str, Mapping[str, Any]]]:
        """Policies, as (type, rules), that grant this asset under SPENDING_LIMIT rules; amounts are given as ``int``."""

    def asking(self) -> list[tuple[str, Mapping[str, Any]]]:
        """Policies under which every payment needs a person's approval; none where that is so without any."""
        return [] if self.resolves_offline else self.spending(instant_max=1)
