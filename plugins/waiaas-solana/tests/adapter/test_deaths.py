"""The proof that bytes can never land: each endpoint gives it for itself, whatever the giver of the blockhash said."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from solders.hash import Hash
from waiaas_solana.deaths import Deaths
from waiaas_solana.localnet import Localnet
from waiaas_solana.message import compose
from waiaas_solana.networks import GENESIS
from waiaas_solana.rpc import rpc_over
from waiaas_solana.statuses import Statuses
from waiaas_solana.views import LIFE, View, blockhash_in
from waiaas_solana.wire import reading_of

from waiaas.errors import NodeFailure, Unavailable
from waiaas.interfaces.chain import Http, Phase, Signed
from waiaas.testing.bench import Bench
from waiaas.testing.clock import FrozenClock
from waiaas.testing.http import DirectHttp, ScriptedHttp

from .accounts import FINALITY_SLOTS, LIFETIME, LOCAL, adapter_over, network

EXPIRED = LIFETIME + FINALITY_SLOTS + 1
Change = Callable[[str, Any], Any]


class Endpoints:
    """What one adapter makes of some endpoints, over several looks."""

    def __init__(self, *https: Http) -> None:
        self._adapter = adapter_over(ScriptedHttp(https[0].json, *https[1:]))

    def phase(self, signed: Signed) -> Phase:
        """One look."""
        (status,) = self._adapter.statuses([signed])
        return status.phase


def altering(http: DirectHttp, change: Change) -> ScriptedHttp:
    """A node whose results are changed on their way. :param change: from method and result to the result"""

    def one(call: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
        return {**answer, "result": change(call["method"], answer["result"])} if "result" in answer else answer

    def answer(method: str, path: str, body: Any) -> Any:
        answers = http.json(method, path, body)
        return (
            [one(*pair) for pair in zip(body, answers, strict=True)] if isinstance(body, list) else one(body, answers)
        )

    return ScriptedHttp(answer)


def said(signed: Signed, **evidence: int) -> Signed:
    """The same bytes, of whose blockhash a node said something else."""
    return replace(signed, evidence={**signed.evidence, **{name: str(value) for name, value in evidence.items()}})


def unknown(bench: Bench) -> Signed:
    """Bytes with a blockhash that no honest node ever knew."""
    unsigned = bench.built(bench.resolved())
    plan = reading_of(bench.signed(unsigned).raw).plan
    assert plan is not None
    return bench.signed(replace(unsigned, body=compose(replace(plan, blockhash=Hash.new_unique()))))


# --- what one endpoint said is not held against another ---------------------------------------------------------------------


@pytest.mark.parametrize("lag", [1, 2, 5, 40])
def test_not_known_yet_is_not_too_old(bench: Bench, localnet: Localnet, lag: int) -> None:
    """A blockhash newer than what a replica has seen, said to have expired long ago: alive, and dead when it is."""
    localnet.advance(lag)
    signed = said(bench.payment()[1], last_valid_height=1)
    lagging = Endpoints(DirectHttp(localnet.replica_url(lag)))
    for _ in range(0, LIFETIME, 5):
        assert lagging.phase(signed) is Phase.UNSEEN
        localnet.advance(5)
    localnet.advance(FINALITY_SLOTS + lag)
    assert lagging.phase(signed) is Phase.DEAD


def test_a_life_that_is_said_to_be_long_holds_no_payment_for_ever(bench: Bench, localnet: Localnet) -> None:
    """Where a node claims that the bytes live for years, every endpoint proves their end by its own blocks all the same."""
    signed = said(bench.payment()[1], last_valid_height=10**12)
    seen = Endpoints(DirectHttp(localnet.url), DirectHttp(localnet.replica_url(2)))
    for _ in range(0, EXPIRED + 20, 10):
        seen.phase(signed)
        localnet.advance(10)
    assert seen.phase(signed) is Phase.DEAD


def test_a_slot_that_is_said_to_be_late_hides_no_payment(bench: Bench, localnet: Localnet) -> None:
    """A node overstates when the bytes were made: one that has pruned the block in which they landed proves nothing."""
    landed = bench.payment()[1]
    bench.adapter.broadcast(landed)
    localnet.advance(200)
    signed = said(landed, slot=localnet.slot())
    localnet.advance(EXPIRED)
    localnet.faults.prune(localnet.slot() - EXPIRED - 100)
    pruned = Endpoints(DirectHttp(localnet.url))
    for _ in range(0, 3 * LIFE, 10):
        assert pruned.phase(signed) is Phase.UNSEEN
        localnet.advance(10)


def test_a_blockhash_that_nobody_knows_ends_in_bounded_time(bench: Bench, localnet: Localnet) -> None:
    """Bytes that never could land: dead once every endpoint has risen by twice what any blockhash lives, and not before."""
    signed = unknown(bench)
    seen = Endpoints(DirectHttp(localnet.url), DirectHttp(localnet.replica_url(40)))
    for _ in range(0, 2 * LIFE, 10):
        assert seen.phase(said(signed, last_valid_height=1)) is Phase.UNSEEN
        localnet.advance(10)
    localnet.advance(40)
    assert seen.phase(said(signed, last_valid_height=1)) is Phase.DEAD


def test_a_node_that_will_not_show_its_blocks_proves_it_by_what_it_knew(bench: Bench, localnet: Localnet) -> None:
    """Without blocks to look at: proven by a node that called the blockhash valid once, and by a new process much later."""
    signed = bench.payment()[1]
    localnet.faults.fail(None, method="getBlock")
    watching, late = Endpoints(DirectHttp(localnet.url)), Endpoints(DirectHttp(localnet.url))
    for _ in range(0, EXPIRED, 10):
        assert watching.phase(signed) is Phase.UNSEEN
        localnet.advance(10)
    assert watching.phase(signed) is Phase.DEAD
    for _ in range(0, 2 * LIFE, 10):
        assert late.phase(signed) is Phase.UNSEEN
        localnet.advance(10)
    assert late.phase(signed) is Phase.DEAD


def test_an_odd_answer_about_one_blockhash_holds_up_no_other(bench: Bench, localnet: Localnet) -> None:
    """Of two payments a node answers with an error whenever it is asked about the blockhash of the first."""
    odd = said(bench.payment()[1], last_valid_height=1)
    localnet.advance(1)
    even = said(bench.payment()[1], last_valid_height=1)
    http = DirectHttp(localnet.url)

    def answer(method: str, path: str, body: Any) -> Any:
        answers = http.json(method, path, body)
        for call, one in zip(body, answers, strict=True):
            if call["method"] == "isBlockhashValid" and call["params"][0] == blockhash_in(odd):
                one.pop("result")
                one["error"] = {"code": -32603, "message": "Internal error"}
        return answers

    adapter = adapter_over(ScriptedHttp(http.json, ScriptedHttp(answer)))
    localnet.advance(EXPIRED)
    assert [one.phase for one in adapter.statuses([odd, even])] == [Phase.UNSEEN, Phase.DEAD]
    localnet.advance(3 * LIFE)
    assert [one.phase for one in adapter.statuses([odd])] == [Phase.UNSEEN]


# --- several nodes behind one address ----------------------------------------------------------------------------------------


def test_nodes_that_change_behind_a_balancer_kill_nothing_and_end_it(bench: Bench, localnet: Localnet) -> None:
    """Heights that go back and forth: alive while the blockhash is, dead once a node's own answer shows its end."""
    localnet.advance(60)
    signed = said(bench.payment()[1], last_valid_height=1)
    balanced = Endpoints(DirectHttp(localnet.replica_url(0, 40, 5)))
    for _ in range(0, LIFETIME, 5):
        assert balanced.phase(signed) is Phase.UNSEEN
        localnet.advance(5)
    localnet.advance(FINALITY_SLOTS + 40)
    assert Phase.DEAD in [balanced.phase(signed) for _ in range(6)]


def test_a_height_that_falls_must_rise_by_that_too(bench: Bench, localnet: Localnet) -> None:
    """A node asked first may be as far behind as a later one turns out to be: the proof waits for so many blocks more."""
    signed = said(unknown(bench), last_valid_height=1)
    fell, behind = 30, [0]

    def falling(method: str, result: Any) -> Any:
        return {**result, "blockHeight": result["blockHeight"] - behind[0]} if method == "getEpochInfo" else result

    seen = Endpoints(altering(DirectHttp(localnet.url), falling))
    assert seen.phase(signed) is Phase.UNSEEN
    behind[0] = fell
    assert seen.phase(signed) is Phase.UNSEEN
    behind[0] = 0
    localnet.advance(2 * LIFE + fell - 1)
    assert seen.phase(signed) is Phase.UNSEEN
    localnet.advance(1)
    assert seen.phase(signed) is Phase.DEAD


def test_an_end_seen_before_the_blockhash_was_valid_is_none(bench: Bench, localnet: Localnet) -> None:
    """A node knew the blockhash; another behind the same address calls it invalid in a final state from before: no end."""
    localnet.faults.fail(None, method="getBlock")
    localnet.advance(LIFETIME)
    signed = said(bench.payment()[1], last_valid_height=1)
    balanced = Endpoints(DirectHttp(localnet.replica_url(0, 0, 100)))
    for _ in range(12):
        assert balanced.phase(signed) is Phase.UNSEEN
        localnet.advance(1)


def test_what_an_endpoint_saw_counts_while_another_is_away(bench: Bench, localnet: Localnet) -> None:
    """A payment that the first endpoint hides is FINAL by the second, although the third does not answer."""
    signed = said(bench.payment()[1], last_valid_height=1)
    bench.adapter.broadcast(signed)
    localnet.advance(FINALITY_SLOTS + 1)
    assert Endpoints(DirectHttp(localnet.lying_url), DirectHttp(localnet.url), _away([])).phase(signed) is Phase.FINAL


def test_an_endpoint_that_hangs_is_left_alone_for_a_while(bench: Bench, localnet: Localnet) -> None:
    """What one does not answer is asked again after twice the time that this took, so that it holds up nobody else."""
    clock, asked = FrozenClock(), list[float]()
    signed = said(bench.payment()[1], last_valid_height=1)

    def hanging(method: str, path: str, body: Any) -> Any:
        asked.append(clock.monotonic())
        clock.advance(5)
        raise Unavailable("nobody is there")

    rpc = rpc_over(ScriptedHttp(DirectHttp(localnet.url).json, ScriptedHttp(hanging)))
    statuses = Statuses(rpc, LOCAL, Deaths(LOCAL, clock.monotonic), clock.monotonic)
    for _ in range(12):
        assert statuses.read([signed])[0].phase is Phase.UNSEEN
        clock.advance(1)
    assert asked == [0, 15]


# --- time ------------------------------------------------------------------------------------------------------------------


def test_no_death_is_sooner_than_any_blockhash_lives(bench: Bench, localnet: Localnet) -> None:
    """On a network of others a minute and a half must pass since an endpoint was first asked, whatever heights it names."""
    devnet, clock, http = network("devnet"), FrozenClock(), DirectHttp(localnet.url)
    signed = bench.payment()[1]
    localnet.faults.genesis(GENESIS["devnet"])
    statuses = Statuses(rpc_over(http), devnet, Deaths(devnet, clock.monotonic), clock.monotonic)
    localnet.advance(EXPIRED)
    for _ in range(9):
        assert statuses.read([signed])[0].phase is Phase.UNSEEN
        clock.jump(10**6)  # the machine's clock is set: no time passes by that
        clock.advance(10)
    assert statuses.read([signed])[0].phase is Phase.DEAD


def test_what_is_remembered_is_bounded() -> None:
    """Five thousand blockhashes are not five thousand memories, and what was forgotten only waits longer."""
    deaths = Deaths(LOCAL)
    for number in range(5_000):
        deaths.begin(str(number))
        deaths.heed(0, _view(str(number)))
    assert len(deaths._cases) == 4_096


# --- building ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("life", [1 - LIFE, -1, 100, 200, 10**12])
def test_a_life_that_cannot_be_is_refused(bench: Bench, http: DirectHttp, life: int) -> None:
    """A blockhash that lives for much more or less than 150 blocks by the node's own height is not built with."""

    def claiming(method: str, result: Any) -> Any:
        if method != "getLatestBlockhash":
            return result
        last = max(0, result["value"]["lastValidBlockHeight"] - LIFE + life)
        return {**result, "value": {**result["value"], "lastValidBlockHeight": last}}

    resolved = bench.resolved()
    with pytest.raises(NodeFailure) as failure:
        adapter_over(altering(http, claiming)).build(bench.request(resolved))
    assert "lives until" in failure.value.troubles[0].words


def test_a_life_counted_from_a_moment_before_is_taken(bench: Bench, http: DirectHttp) -> None:
    """Heights of two moments, as a balancer gives them, are no lie."""

    def later(method: str, result: Any) -> Any:
        return result + 20 if method == "getBlockHeight" else result

    assert adapter_over(altering(http, later)).build(bench.request(bench.resolved()))


# --- one answer after another ------------------------------------------------------------------------------------------------


def shown(deaths: Deaths, signed: Signed, **said: Any) -> bool:
    """Whether a further answer of the only endpoint proves it; the blockhash is invalid in all of them."""
    view = _view(blockhash_in(signed), **said)
    deaths.heed(0, view)
    return deaths.proof({0: view}, signed) is not None


def test_a_block_that_was_shown_once_must_be_buried_in_each_answer(bench: Bench) -> None:
    """The block of the hash at height 1000: proven at 1151, not at 1150, and never by an answer from before that block."""
    deaths, signed = Deaths(LOCAL), bench.payment()[1]
    made = {"made": {blockhash_in(signed): (1300, 1000)}}
    assert not shown(deaths, signed, height=1150, slot=1450, **made)
    assert not shown(deaths, signed, height=900, slot=1200)
    assert shown(deaths, signed, height=1151, slot=1451)


def test_a_block_that_was_shown_once_must_still_be_kept(bench: Bench) -> None:
    """A node that has forgotten the block of the hash may have forgotten the payment too."""
    deaths, signed = Deaths(LOCAL), bench.payment()[1]
    made = {"made": {blockhash_in(signed): (1300, 1000)}}
    assert not shown(deaths, signed, height=1200, slot=1500, first_slot=1301, **made)
    assert shown(deaths, signed, height=1200, slot=1500, first_slot=1300)


def test_every_endpoint_proves_it_by_itself(bench: Bench) -> None:
    """What one has buried for good and the other by one block too few is not dead, whichever of them is asked first."""
    signed = bench.payment()[1]
    hash_ = blockhash_in(signed)
    buried, short = (_view(hash_, height=height, slot=1451, made={hash_: (1300, 1000)}) for height in (1151, 1150))
    for views in ({0: buried, 1: short}, {0: short, 1: buried}):
        deaths = Deaths(LOCAL)
        for number, view in views.items():
            deaths.heed(number, view)
        assert deaths.proof(views, signed) is None
        for number in views:
            deaths.heed(number, buried)
        assert deaths.proof(dict.fromkeys(views, buried), signed) is not None


def test_the_search_must_not_be_older_than_the_end(bench: Bench) -> None:
    """An answer is of several moments, behind a balancer of several nodes: who searched must have come as far as the others."""
    deaths, signed = Deaths(LOCAL), bench.payment()[1]
    hash_ = blockhash_in(signed)
    made = {"made": {hash_: (1300, 1000)}}
    assert not shown(deaths, signed, height=1200, slot=1500, searched_slot=1499, **made)
    assert not shown(deaths, signed, height=1200, slot=1500, searched_slot=1500, expired={hash_: 1501})
    assert shown(deaths, signed, height=1200, slot=1500, searched_slot=1501, expired={hash_: 1501})


def test_what_was_valid_once_must_be_kept_since_before_that(bench: Bench) -> None:
    """A node called the blockhash valid at slot 1300: of bytes that landed before slot 1000 it was not asked, and it may have
    forgotten those since then."""
    signed = bench.payment()[1]
    valid = {"valid": {blockhash_in(signed): 1300}, "expired": {}}
    pruned, kept = Deaths(LOCAL), Deaths(LOCAL)
    for deaths in (pruned, kept):
        assert not shown(deaths, signed, height=1000, slot=1300, **valid)
    assert not shown(pruned, signed, height=1200, slot=1500, first_slot=1001)
    assert shown(kept, signed, height=1200, slot=1500, first_slot=1000)


def test_an_unknown_blockhash_is_waited_for_as_long_as_it_is_said_to_live_and_not_for_ever(bench: Bench) -> None:
    """Where the giver says that it lives on, a node that never knew it may be very far behind: twenty lives, no more."""
    deaths, signed = Deaths(LOCAL), said(bench.payment()[1], last_valid_height=10**9)
    assert not shown(deaths, signed, height=10_000, slot=10_000)
    assert not shown(deaths, signed, height=10_000 + 20 * LIFE - 1, slot=20_000)
    assert shown(deaths, signed, height=10_000 + 20 * LIFE, slot=20_000)
    sooner = Deaths(LOCAL)
    assert not shown(sooner, said(signed, last_valid_height=10_500), height=10_000, slot=10_000)
    assert not shown(sooner, said(signed, last_valid_height=10_500), height=10_500, slot=20_000)
    assert shown(sooner, said(signed, last_valid_height=10_500), height=10_501, slot=20_000)


def _view(blockhash: str, *, height: int = 1, slot: int = 1, first_slot: int = 0, **more: Any) -> View:
    told = {"valid": {}, "expired": {blockhash: slot}, "made": {}, "sightings": [None], "searched_slot": slot, **more}
    return View(height=height, slot=slot, first_slot=first_slot, asked=(blockhash,), **told)


def _away(asked: list[Any]) -> ScriptedHttp:
    def answer(method: str, path: str, body: Any) -> Any:
        asked.append(body)
        raise Unavailable("nobody is there")

    return ScriptedHttp(answer)
