"""Whether this data directory is the one it was: its pinned head, and the seals of its rows, looked at together."""

from dataclasses import dataclass

from waiaas.engine.guarded_clock import TimeKeeping
from waiaas.engine.head import GENERATION, HeadKeeper
from waiaas.engine.head import PURPOSE as HEAD
from waiaas.engine.row_watch import PURPOSE as ROWS
from waiaas.engine.row_watch import RowWatch
from waiaas.engine.settings_watch import SettingsWatch
from waiaas.keystore.client import SignerClient
from waiaas.store.database import Unit


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnDirectory:
    """
    :param head: what the directory said of itself outside of the database
    :param rows: what the database says
    :param time: when it was seen last
    :param settings: what its configuration was then
    """

    head: HeadKeeper
    rows: RowWatch
    time: TimeKeeping
    settings: SettingsWatch

    def look(self, signer: SignerClient) -> str | None:
        """What is wrong with it, or None. From here on rows are sealed and checked. May be called again.

        :raises NotReady: while the signer is locked
        """
        wrong = self.head.open(signer.subkey(HEAD))
        behind = self.rows.open(signer.subkey(ROWS), pinned=self.head.rows, is_sound=wrong is None)
        self.time.resume()
        return wrong or behind

    def next_generation(self, unit: Unit) -> int:
        """Count up from whatever is furthest: what an older database says, or its head."""
        number = max(generation_of(unit), self.head.generation) + 1
        unit.state.set(GENERATION, str(number))
        return number


def generation_of(unit: Unit) -> int:
    """How often this directory was found not to be the one it was."""
    text = unit.state.peek(GENERATION) or "0"
    return int(text) if text.isdecimal() else 0
