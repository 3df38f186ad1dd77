"""Every event of the registry is produced by a running daemon."""

from pathlib import Path

import pytest

from tests.harness.chains import TestChain
from tests.harness.fixtures import MakeHouse
from tests.registries.conftest import Plugged
from tests.registries.scenes import SCENES, Scene, Tools
from waiaas.engine.events import EVENTS
from waiaas.engine.rules.transaction_states import MOVES
from waiaas.store.audit_chain import verify_file


def test_there_is_a_scene_for_every_event() -> None:
    """No event was added without being provoked here, and none is awaited that is gone."""
    assert set().union(*SCENES.values()) == set(EVENTS)


@pytest.mark.parametrize("scene", SCENES, ids=lambda scene: scene.__name__)
def test_every_event_is_recorded_when_it_happens(
    scene: Scene, make_house: MakeHouse, plugged: Plugged, chain: TestChain, tmp_path: Path
) -> None:
    """What happens in the scene stands in its audit log, with the registry's severity, in a chain that is whole."""
    house = scene(Tools(make_house=make_house, plugged=plugged, chain=chain, folder=tmp_path))
    try:
        rows = house.rows("SELECT DISTINCT event_type, severity FROM audit_log")
        found = {row["event_type"]: row["severity"] for row in rows}
        assert SCENES[scene] <= set(found), f"missing: {SCENES[scene] - set(found)}"
        assert all(EVENTS[name].severity == severity for name, severity in found.items())
        assert verify_file(house.paths.database, transitions=MOVES).is_intact
    finally:
        house.close()
