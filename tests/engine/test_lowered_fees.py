"""A fee limit that was lowered while payments waited holds for their signatures too (invariant 8)."""

from pathlib import Path

from tests.engine.nonce_node import Node
from tests.engine.nonces import opened


def test_a_lowered_maximum_holds_for_what_was_taken_on_before(tmp_path: Path) -> None:
    """Released under a higher maximum, still unsigned at the restart: nothing above the new one is signed."""
    node = Node()
    with opened(tmp_path, node) as engine:
        engine.policy("SPENDING_LIMIT", instant_max="100")
        engine.on_step = lambda step, _: setattr(node, "away", step == "after-release" or node.away)
        tx_id = engine.send(engine.session())
        assert engine.row(tx_id).status == "EXECUTING"
    node.away = False
    with opened(tmp_path, node, WAIAAS_FEES_NONCE_ONE_MAX="8") as engine:
        engine.wake_all()
        engine.work()
        assert (engine.row(tx_id).status, engine.row(tx_id).error_code) == ("EXECUTING", "FEE_ABOVE_CAP")
        assert engine.pen.signed == []
        node.base_fee = 8
        engine.work()
        assert engine.row(tx_id).status == "SUBMITTED"
        assert engine.variants(tx_id)[0].fee_cap == 8
