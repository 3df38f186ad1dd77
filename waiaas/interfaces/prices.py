"""Price sources: what a whole unit of an asset costs in US dollars, as somebody outside says.

A source is asked in the background, never while a payment is judged: a slow one delays nothing, and what it has not answered,
or answered too long ago, is a missing price. Where a price decides and there is none, a person does (APPROVAL).
"""

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import ClassVar

from pydantic import BaseModel

from waiaas.interfaces.chain import Http

Model = type[BaseModel]
Price = tuple[str, int]
"""US dollars a whole unit, as a plain decimal string such as ``"142.5"``, and the Unix second of which it is the price."""


class PriceSource(ABC):
    """One source, one instance a daemon; made at start where ``prices.sources`` names it.

    The house asks it every ``prices.refresh_seconds`` on a thread of its own, with ten seconds of its client's time. It takes
    what is a CAIP-19 id of an installed chain with a plain decimal string, neither zero nor absurd, and a time neither ahead
    nor older than ``prices.max_age_seconds``; everything else is no price. What differs more than tenfold from the same
    source's price of the last hour is held back, and a person hears of it. An answer takes the place of the same assets'
    earlier ones; what it leaves out grows old. What a source says or raises is cleaned, shortened, and masked of the settings'
    secrets before anybody reads it.
    """

    name: ClassVar[str]
    """Lower case letters, digits and ``-``, unique among all plugins; its settings are the table ``[prices.<name>]``."""
    settings_model: ClassVar[Model]
    """Reads that table; secrets are ``SecretStr``."""

    def __init__(self, settings: BaseModel, http: Http) -> None:
        """:param http: the house's client over :meth:`urls`; numbers with a fraction or exponent come as the texts they were"""
        self.settings = settings
        self.http = http

    @classmethod
    def urls(cls, settings: BaseModel) -> Sequence[str]:
        """Pure. Where ``http`` asks, each tried in turn; https, or http on loopback. None for a source without a network."""
        return ()

    @abstractmethod
    def prices(self, assets: Sequence[str], now: int) -> Mapping[str, Price]:
        """Network. Prices by CAIP-19 id, as far as the source knows them. May be called again, from one thread at a time.

        :param assets: what the house knows of: native assets of the networks, and tokens on their lists; others may be answered
            besides
        :param now: Unix seconds by the house's clock: the time of a price that is said without one
        :raises Unavailable: when nothing could be learnt; ``retry_after`` where the service said how long
        """

    def close(self) -> None:  # noqa: B027 - most sources hold nothing
        """Let go of connections of its own. The last call."""
