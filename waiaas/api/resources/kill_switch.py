"""The kill switch: stopping, looking, recovering."""

from waiaas.api.call import Call
from waiaas.api.models.kill_switch import RecoverAsked, RecoveredItem, StopAsked, StopsItem
from waiaas.api.models.wire import Nothing
from waiaas.engine.stop_request import Order


def activate(call: Call, asked: StopAsked) -> StopsItem:
    """Stop; the answer comes when the last signature was made."""
    order = Order(state=asked.state, agent_id=asked.agent_id, session_id=asked.session_id, reason=asked.reason or "")
    stops = call.services.kill_switch.activate(call.actor, order)
    return StopsItem.of(stops if call.actor.kind == "operator" else stops.bare)


def show(call: Call, asked: Nothing) -> StopsItem:
    """What is stopped and what is held."""
    return StopsItem.of(call.services.kill_switch.view(call.actor))


def recover(call: Call, asked: RecoverAsked) -> RecoveredItem:
    """Lift a stop; what is not released ends."""
    done = call.services.kill_switch.recover(
        call.actor, agent_id=asked.agent_id, session_id=asked.session_id, release=asked.release
    )
    return RecoveredItem.of(done)
