"""Price sources at work, whatever they say or do: what judgements are given of it, and what a person is told."""

import json
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from pydantic import BaseModel, SecretStr

from tests.engine.desk import COIN, EUR, USD, Desk
from waiaas.engine.journal import Journal
from waiaas.engine.nodes import NodeHttp
from waiaas.engine.price_sources import AssetIds, LiveSource, PriceSources
from waiaas.engine.prices import MOST_PRICES, PriceBoard
from waiaas.errors import Unavailable
from waiaas.interfaces.prices import Price, PriceSource
from waiaas.workers.pricer import Pricer

AGE = 300
Says = Callable[[Sequence[str], int], Any]


class Secretive(BaseModel):
    """Settings with a secret."""

    key: SecretStr = SecretStr("canary-77")


class Scripted(PriceSource):
    """Does what a test tells it to."""

    name = "scripted"
    settings_model = Secretive

    def __init__(self, says: Says) -> None:
        super().__init__(Secretive(), NodeHttp(()))
        self.says = says

    def prices(self, assets: Sequence[str], now: int) -> Mapping[str, Price]:
        found: Mapping[str, Price] = self.says(assets, now)
        return found


class Exchange:
    """A desk with a board and sources, by name."""

    def __init__(self, desk: Desk, *names: str, decimals: Mapping[str, int] | None = None) -> None:
        self.desk, self.clock = desk, desk.clock
        ids = AssetIds(desk.bench.chains)
        known = {COIN.id: COIN.decimals, USD.id: USD.decimals} if decimals is None else decimals
        self.board = PriceBoard(desk.clock, names, AGE, known)
        self.scripts = {name: Scripted(lambda assets, now: {}) for name in names}
        self.live = {
            name: LiveSource(name=name, source=source, secret_words=("canary-77",))
            for name, source in self.scripts.items()
        }
        self.sources = PriceSources(
            store=desk.store, journal=Journal(desk.clock, notifications_enabled=False), clock=desk.clock, board=self.board,
            ids=ids, live=list(self.live.values()), refresh_seconds=60,
        )  # fmt: skip

    def say(self, answer: Any, name: str = "one") -> float:
        """The source says so, and is asked; seconds until it would be again."""
        self.scripts[name].says = answer if callable(answer) else lambda assets, now: answer
        return Pricer(self.sources, self.live[name]).run_once()

    def prices(self) -> dict[str, str]:
        """What a judgement is given."""
        return {asset: usd for asset, (usd, _) in self.board.fresh((COIN, USD, EUR)).items()}

    def told(self) -> list[dict[str, Any]]:
        """Audited jumps."""
        rows = self.desk.rows("SELECT details FROM audit_log WHERE event_type = 'price.held_back' ORDER BY id")
        return [json.loads(row[0]) for row in rows]

    def state(self, name: str = "one") -> dict[str, Any]:
        """What the operator sees of a source."""
        return next(one for one in self.sources.report()["sources"] if one["name"] == name)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An engine of its own."""
    made = Desk(tmp_path)
    yield made
    made.close()


@pytest.fixture
def exchange(desk: Desk) -> Exchange:
    """With one source."""
    return Exchange(desk, "one")


def of_now(exchange: Exchange, usd: str = "2") -> dict[str, Price]:
    """An answer about the coin."""
    return {COIN.id: (usd, exchange.clock.now())}


def test_a_judgement_is_given_what_is_fresh(exchange: Exchange) -> None:
    """From the answer on, until it is too old; a further answer makes it young again, and an empty one leaves it."""
    assert exchange.prices() == {}
    exchange.say(of_now(exchange))
    assert exchange.prices() == {COIN.id: "2"}
    exchange.clock.advance(AGE)
    exchange.say({})
    assert exchange.prices() == {COIN.id: "2"}
    exchange.clock.advance(1)
    assert exchange.prices() == {}
    exchange.say(of_now(exchange, "3"))
    assert exchange.prices() == {COIN.id: "3"}


def test_setting_the_clock_back_makes_no_price_young_again(exchange: Exchange) -> None:
    """The time that really passed counts too; and set forward, a price is as old as it then looks."""
    exchange.say(of_now(exchange))
    exchange.clock.advance(AGE - 10)
    exchange.clock.jump(-50)
    assert exchange.prices() == {COIN.id: "2"}
    exchange.clock.advance(11)
    assert exchange.prices() == {}
    exchange.say(of_now(exchange))
    exchange.clock.jump(AGE + 1)
    assert exchange.prices() == {}
    exchange.clock.jump(-AGE - 62)
    assert exchange.prices() == {}, "it is from the future now"


def test_the_first_source_with_a_fresh_price_counts(desk: Desk) -> None:
    """In the order of the configuration, whoever answered last; the next takes over when the first's is too old."""
    exchange = Exchange(desk, "one", "two")
    exchange.say(of_now(exchange, "2"), "one")
    exchange.clock.advance(200)
    exchange.say(of_now(exchange, "5"), "two")
    assert exchange.prices() == {COIN.id: "2"}
    exchange.clock.advance(101)
    assert exchange.prices() == {COIN.id: "5"}


@pytest.mark.parametrize(
    "answer",
    [
        None, [], "2", 7, {COIN.id: "2"}, {COIN.id: ("0", 1)}, {COIN.id: (2.0, 1_700_000_000)}, {COIN.id: ("2", 1)},
        {7: ("2", 7)},
        {COIN.id: ("2", 1_900_000_000)}, {"native": ("2", 1_700_000_000)}, {"other:chain/slip44:1": ("2", 1_700_000_000)},
        {None: None},
    ],
)  # fmt: skip
def test_an_answer_that_is_none_changes_nothing(exchange: Exchange, answer: Any) -> None:
    """Prices that were there stay and grow old, and the source is shown as failing."""
    exchange.say(of_now(exchange))
    exchange.say(answer)
    assert exchange.prices() == {COIN.id: "2"}
    assert exchange.state()["state"] == "failing"


def test_one_bad_price_costs_no_other(exchange: Exchange) -> None:
    """Of an answer everything that is a price is taken."""
    now = exchange.clock.now()
    exchange.say({COIN.id: ("2", now), USD.id: ("-1", now), "x\n": ("1", now)})
    assert exchange.prices() == {COIN.id: "2"}
    assert exchange.state()["state"] == "ok"


def test_an_asset_is_known_by_whatever_spelling_its_chain_reads(exchange: Exchange) -> None:
    """A source's own spelling of a token becomes the one id that judgements know."""
    exchange.say({USD.id.replace(":usd", ":USD"): ("1", exchange.clock.now())})
    assert exchange.prices() == {USD.id: "1"}


@pytest.mark.parametrize("decimals", [{}, {USD.id: 18}], ids=["unsaid", "others"])
def test_a_token_has_a_price_only_with_the_decimals_that_the_operator_wrote(
    desk: Desk, decimals: Mapping[str, int]
) -> None:
    """A node that tells of other decimals would make little of much: such a token has no price (invariant 15)."""
    exchange = Exchange(desk, "one", decimals=decimals)
    exchange.say({USD.id: ("1", exchange.clock.now())})
    assert exchange.prices() == {}
    right = Exchange(desk, "one")
    right.say({USD.id: ("1", right.clock.now())})
    assert right.prices() == {USD.id: "1"}
    assert right.board.fresh([replace(USD, decimals=18)]) == {}


def test_a_source_that_raises_is_asked_again_later(exchange: Exchange) -> None:
    """At its own wish, within an hour; what it says is cleaned, and its settings' secrets are in none of it."""

    def away(assets: Sequence[str], now: int) -> Any:
        raise Unavailable("no\nanswer with canary-77\u202e", retry_after=200)

    assert exchange.say(away) == 200
    assert exchange.state()["error"] == "no answer with ***"

    def broken(assets: Sequence[str], now: int) -> Any:
        raise ZeroDivisionError("canary-77")

    assert exchange.say(broken) == 60
    assert "canary-77" not in json.dumps(exchange.sources.report())
    assert exchange.state()["error"] == "a fault of its plugin (ZeroDivisionError)"


@pytest.mark.parametrize("patience", [10**9, "soon", -5, None])
def test_no_wish_keeps_a_source_from_being_asked(exchange: Exchange, patience: Any) -> None:
    """An hour at most, and never less than configured."""

    def away(assets: Sequence[str], now: int) -> Any:
        raise Unavailable("later", retry_after=patience)

    assert 60 <= exchange.say(away) <= 3600


def test_a_source_that_hangs_delays_no_judgement(exchange: Exchange) -> None:
    """While it is being asked, what it said before is there."""
    exchange.say(of_now(exchange))
    asked, go_on = threading.Event(), threading.Event()

    def hang(assets: Sequence[str], now: int) -> Any:
        asked.set()
        go_on.wait(30)
        return {}

    asking = threading.Thread(target=exchange.say, args=(hang,))
    asking.start()
    assert asked.wait(30)
    assert exchange.prices() == {COIN.id: "2"}
    go_on.set()
    asking.join()


def test_a_price_that_jumps_is_held_back_for_an_hour_and_told_once(exchange: Exchange) -> None:
    """No price leaps more than tenfold either way: the old one grows old, a person hears, and after an hour it is so."""
    exchange.say(of_now(exchange, "200"))
    for _ in range(3):
        exchange.clock.advance(60)
        exchange.say(of_now(exchange, "19.9"))
        assert exchange.prices() == {COIN.id: "200"}
    assert [(one["asset"], one["before"], one["usd"]) for one in exchange.told()] == [(COIN.id, "200", "19.9")]
    assert exchange.state()["prices"][0]["isHeldBack"]
    exchange.clock.advance(AGE)
    exchange.say(of_now(exchange, "2001"))
    assert exchange.prices() == {}
    exchange.clock.advance(3600)
    exchange.say(of_now(exchange, "19.9"))
    assert exchange.prices() == {COIN.id: "19.9"}
    assert len(exchange.told()) == 1


def test_small_steps_lead_no_faster_than_a_jump(exchange: Exchange) -> None:
    """Nine tenths less each minute: within the hour no more than tenfold in all is believed."""
    usd = 1000
    exchange.say(of_now(exchange, str(usd)))
    while usd > 100:
        usd = usd // 2
        exchange.clock.advance(60)
        exchange.say(of_now(exchange, str(usd)))
    assert exchange.prices() == {COIN.id: "125"}
    assert len(exchange.told()) == 1


def test_sources_are_asked_for_what_the_house_knows(exchange: Exchange) -> None:
    """Native assets of every network, tokens that plugins list, and those that people added."""
    exchange.desk.tokens.add(exchange.desk.operator, chain="play", network="here", token="usd")
    asked: list[Sequence[str]] = []

    def note(assets: Sequence[str], now: int) -> Any:
        asked.append(assets)
        return {}

    exchange.say(note)
    assert set(asked[0]) == {COIN.id, "play:there/slip44:1", EUR.id, USD.id}


def test_what_a_source_says_is_bounded(exchange: Exchange) -> None:
    """A flood of assets fills no memory."""
    now = exchange.clock.now()
    for start in range(0, 3 * MOST_PRICES, MOST_PRICES):
        exchange.say({f"play:here/token:t{n}": ("1", now) for n in range(start, start + MOST_PRICES + 5)})
    state = exchange.state()
    assert state["count"] <= MOST_PRICES
    assert len(state["prices"]) <= 200


def test_the_operator_sees_every_source_with_its_prices_and_their_ages(exchange: Exchange) -> None:
    """Also before the first answer, and prices that are too old."""
    assert exchange.state()["state"] == "waiting"
    at = exchange.clock.now()
    exchange.say(of_now(exchange))
    exchange.clock.advance(AGE + 5)
    assert exchange.state() == {
        "name": "one",
        "state": "ok",
        "answeredAt": at,
        "error": None,
        "count": 1,
        "prices": [
            {
                "assetId": COIN.id,
                "usd": "2",
                "at": at,
                "ageSeconds": AGE + 5,
                "isFresh": False,
                "decimals": 9,
                "isHeldBack": False,
            }
        ],
    }
    assert exchange.sources.ages() == {("one", COIN.id): AGE + 5}
