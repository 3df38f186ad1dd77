"""Abilities of chain adapters beyond the common. To have the class is to have the method: nothing raises for what it lacks."""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import ClassVar, Protocol

from waiaas.interfaces.chain_records import Account, Deposit, Effect, Kind, Unsigned
from waiaas.interfaces.signing import PublicKey


class Simulates(ABC):
    """The chain can be asked what bytes would do."""

    @abstractmethod
    def simulate(self, unsigned: Unsigned, account: Account) -> tuple[bool, tuple[Effect, ...], str]:
        """Network. Whether it would succeed, what it would do as far as the node says, and why not."""


class LocalChain(Protocol):
    """A running chain of one's own."""

    @property
    def url(self) -> str:
        """Where its node listens, on loopback."""

    def fund(self, address: str, units: int) -> str:
        """Give ``units`` to ``address``; returns the transaction's id."""

    def advance(self, blocks: int) -> int:
        """Make so many blocks now; returns the number of the newest."""

    def balance(self, address: str) -> int:
        """Native base units."""


class RunsLocally(ABC):
    """The family can run a chain on this machine: for ``waiaas localnet``, the demo, and the conformance kit."""

    local_network: ClassVar[str]
    """The network's name, ``localnet``."""

    @classmethod
    @abstractmethod
    def localnet(cls, port: int, block_seconds: float | None) -> AbstractContextManager[LocalChain]:
        """Serve on loopback. :param port: 0 picks one; :param block_seconds: None leaves blocks to ``advance``"""

    @abstractmethod
    def fund(self, address: str, units: int) -> str:
        """Network. Ask the local chain's faucet; returns the transaction's id."""


class TellsTime(ABC):
    """The chain dates its blocks. The host compares the machine's clock with it, where the chain is not one of this machine."""

    @abstractmethod
    def chain_time(self) -> int:
        """Network. When the newest block was made, Unix seconds, as the chain says."""


class SeesDeposits(ABC):
    """Incoming value can be listed."""

    @abstractmethod
    def deposits(self, account: Account, cursor: str | None) -> tuple[Sequence[Deposit], str | None]:
        """Network. FINAL ones only, after ``cursor``, oldest first; each exactly once."""


class ReadsForeign(ABC):
    """Transactions and messages made elsewhere can be read, and then go through decode to attach as our own."""

    @abstractmethod
    def read(self, kind: Kind, data: bytes, account: Account) -> Unsigned:
        """Network. :raises Malformed: when it is not what ``kind`` says"""


class VerifiesOwners(ABC):
    """Owners of this family can sign decisions."""

    @abstractmethod
    def owner_forms(self, text: str, fields: Mapping[str, str]) -> Mapping[str, bytes]:
        """Pure. The forms in which wallets of the family sign ``text``, by name."""

    @abstractmethod
    def verify_owner(self, owner: str, form: str, signable: bytes, proof: bytes) -> bool:
        """Pure. Whether ``proof`` is ``owner``'s signature over ``signable``."""


class BindsAccounts(ABC):
    """Accounts have names that are bound to keys."""

    @abstractmethod
    def bind(self, key: PublicKey, address: str) -> Account:
        """Network. :raises Refused: when the name is not the key's"""
