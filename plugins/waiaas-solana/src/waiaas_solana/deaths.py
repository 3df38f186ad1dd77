"""The proof that bytes can never land, from what each endpoint has shown of their blockhash by itself. Network.

``isBlockhashValid: false`` means too old *or not known yet*, and whoever gave the blockhash may have said anything about how
long it lives. So each endpoint must prove the death for itself, with no fact that another one gave:

- it has finalized the very block that the blockhash is of (looked up by its slot), and 150 blocks on top of it; or
- it has called the blockhash valid since the bytes were signed, and calls it invalid in a final state that is not older; or
- it never knew it, and its own finalized height has risen by twice the life of any blockhash since it was first asked. Twice,
  because a replica may have been behind: it would have come to know the blockhash on the way.

Besides, in the same answer: the whole history searched without a trace of the bytes, not before that final state, and kept
since before they could land. And so much time must have passed since it was first asked as any blockhash lives, on a clock that
nobody sets. What was observed is kept in memory alone: after a restart the last two ways begin anew, and so does the time.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from waiaas.interfaces.chain import Network, Signed
from waiaas_solana.evidence import Lifetime, read_evidence
from waiaas_solana.networks import LOCALNET
from waiaas_solana.views import LIFE, MOST_HASHES, View, blockhash_in

_OUTLIVED, _STUBBORN = 2 * LIFE, 20 * LIFE
"""Blocks by which an endpoint that never knew a blockhash must have risen; the second where it is said to live longer."""
_REACH = 2 * LIFE
"""Slots before one at which a blockhash was valid in which the bytes may have landed: every other may be without a block. And
those of a minute."""
_SLOWEST = 1.5
"""So many times longer than usual may a block take."""
_PROMPT_SECONDS = 60.0
"""An endpoint that is first asked so soon after the bytes were made answers from before they could land, but for its reach."""
_MOST_CASES = 4096
_PAUSE_SECONDS, _PAUSE_BLOCKS = 4.0, 8
"""A blockhash of bytes that are seen nowhere is asked about at that pace while it may be valid."""


@dataclass(slots=True, kw_only=True)
class _Observed:
    """What one endpoint has shown of one blockhash.

    :param since: when it was first asked; :param first_height: its finalized height then, and ``first_slot`` its newest slot
    :param highest: the most that its finalized height was; :param fell: the most by which it was below that later: behind its
        address stand several nodes, and the one that was asked first may have been so far behind
    :param valid_slot: the first slot at which it called the blockhash valid
    :param made: slot and height of the block of that hash, once that was final there
    """

    since: float
    first_height: int
    first_slot: int
    highest: int
    fell: int = 0
    valid_slot: int | None = None
    made: tuple[int, int] | None = None

    def heed(self, view: View, blockhash: str) -> None:
        """One more answer."""
        self.fell = max(self.fell, self.highest - view.height)
        self.highest = max(self.highest, view.height)
        said, made = view.valid.get(blockhash), view.made.get(blockhash)
        if said is not None:
            self.valid_slot = said if self.valid_slot is None else min(said, self.valid_slot)
        self.made = made or self.made

    def has_outlived(self, view: View, lifetime: Lifetime) -> bool:
        """Whether an endpoint that never knew the blockhash never will.

        That somebody says it lives longer holds the proof up for a while, and not for ever: it may be a lie.
        """
        risen = view.height - self.first_height - self.fell
        return risen >= _OUTLIVED and (view.height > lifetime.last_valid_height or risen >= _STUBBORN)


@dataclass(slots=True, kw_only=True)
class _Case:
    """One blockhash of bytes that are seen nowhere.

    :param asked_at: when everybody was asked last, or it was first met
    :param asked_height: finalized height then, as one endpoint said it; None before
    :param made_at: when bytes were made with it, in this process
    """

    asked_at: float = 0.0
    asked_height: int | None = None
    made_at: float | None = None
    endpoints: dict[int, _Observed] = field(default_factory=dict)

    def is_late(self, now: float, height: int) -> bool:
        """Whether everybody should be asked again although nothing seems to have expired."""
        has_moved = self.asked_height is not None and abs(height - self.asked_height) >= _PAUSE_BLOCKS
        return has_moved or now - self.asked_at >= _PAUSE_SECONDS

    def least_slot(self, seen: _Observed, lifetime: Lifetime) -> int:
        """A slot of that endpoint's own before which the bytes have not landed; what is said of the blockhash counts only where
        nobody was watching then."""
        own = seen.first_slot - _REACH
        is_prompt = self.made_at is not None and seen.since - self.made_at <= _PROMPT_SECONDS
        return own if is_prompt else min(own, lifetime.slot)


class Deaths:
    """Of one network. Thread-safe.

    :param clock: seconds that only pass
    """

    def __init__(self, network: Network, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._cases: OrderedDict[str, _Case] = OrderedDict()
        self._lock = threading.Lock()
        is_local = network.name == LOCALNET  # a chain of this machine's own makes its blocks when it likes
        self._least_seconds = 0.0 if is_local else LIFE * network.block_milliseconds / 1000 * _SLOWEST

    def begin(self, blockhash: str) -> None:
        """Bytes are made with this blockhash now."""
        now = self._clock()
        with self._lock:
            case = self._case(blockhash)
            case.made_at = case.made_at or now

    def due(self, unseen: Sequence[Signed], height: int) -> list[int]:
        """Which of the bytes that one endpoint does not know every endpoint should be asked about now, longest unasked first.

        Those that seem to have expired, at once; the others from time to time, so that every endpoint can come to know the
        blockhash while it is valid.

        :param height: a finalized height as some endpoint says it: it only decides when to ask
        """
        now, chosen = self._clock(), dict[str, list[int]]()
        with self._lock:
            waiting = [(self._met(blockhash_in(one), now, height), index) for index, one in enumerate(unseen)]
            for case, index in sorted(waiting, key=lambda pair: pair[0].asked_at):
                one = unseen[index]
                is_expired = height > read_evidence(one.evidence).lifetime.last_valid_height
                blockhash = blockhash_in(one)
                is_asked = blockhash in chosen
                if is_asked or ((is_expired or case.is_late(now, height)) and len(chosen) < MOST_HASHES):
                    chosen.setdefault(blockhash, []).append(index)
            for blockhash in chosen:
                self._cases[blockhash].asked_at, self._cases[blockhash].asked_height = now, height
        return [index for indexes in chosen.values() for index in indexes]

    def unmade(self, endpoint: int, blockhashes: Sequence[str]) -> list[str]:
        """Those whose block this endpoint has not shown yet."""
        with self._lock:
            seen = {one: case.endpoints.get(endpoint) for one in blockhashes if (case := self._cases.get(one))}
        return [one for one in blockhashes if (known := seen.get(one)) is None or known.made is None]

    def heed(self, endpoint: int, view: View) -> None:
        """What an endpoint said, of all the blockhashes that it was asked about."""
        now = self._clock()
        with self._lock:
            for blockhash in view.asked:
                observed = self._case(blockhash).endpoints.setdefault(
                    endpoint,
                    _Observed(since=now, first_height=view.height, first_slot=view.searched_slot, highest=view.height),
                )
                observed.heed(view, blockhash)

    def proof(self, views: Mapping[int, View], signed: Signed) -> str | None:
        """Why the bytes can never land, when every endpoint proves it.

        :param views: what each configured endpoint says now, heeded before
        """
        blockhash, lifetime = blockhash_in(signed), read_evidence(signed.evidence).lifetime
        now = self._clock()
        with self._lock:
            case = self._cases.get(blockhash)
            if case is None or not views or views.keys() > case.endpoints.keys():
                return None
            if not all(self._is_dead(case, index, view, blockhash, lifetime, now) for index, view in views.items()):
                return None
            ends = [one.made[1] + LIFE for one in case.endpoints.values() if one.made is not None]
        return _words(min(view.height for view in views.values()), min(ends, default=None), len(views), lifetime)

    def _is_dead(self, case: _Case, index: int, view: View, blockhash: str, lifetime: Lifetime, now: float) -> bool:
        seen, expired_slot = case.endpoints[index], view.expired.get(blockhash)
        if expired_slot is None or view.searched_slot < max(view.slot, expired_slot):
            return False
        if now - seen.since < self._least_seconds:
            return False
        if seen.made is not None:
            slot, height = seen.made
            return view.height > height + LIFE and view.first_slot <= slot
        if seen.valid_slot is not None:
            return expired_slot >= seen.valid_slot and view.first_slot <= seen.valid_slot - _REACH
        return seen.has_outlived(view, lifetime) and view.first_slot <= case.least_slot(seen, lifetime)

    def _met(self, blockhash: str, now: float, height: int) -> _Case:
        case = self._case(blockhash)
        if case.asked_height is None:
            case.asked_at, case.asked_height = now, height
        return case

    def _case(self, blockhash: str) -> _Case:
        case = self._cases.setdefault(blockhash, _Case())
        self._cases.move_to_end(blockhash)
        while len(self._cases) > _MOST_CASES:  # what is forgotten is proved later
            self._cases.popitem(last=False)
        return case


def _words(height: int, own_end: int | None, count: int, lifetime: Lifetime) -> str:
    end = lifetime.last_valid_height if own_end is None else own_end
    above = f" is above the last valid height {end}" if height > end else ""
    return (
        f"finalized height {height}{above}, and {count} endpoint(s), each of which has outlived its blockhash, have no record "
        f"of it since slot {lifetime.slot}"
    )
