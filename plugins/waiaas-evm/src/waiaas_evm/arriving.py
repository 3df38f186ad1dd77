"""What arrives of a token: some keep a part of what is sent.

Asked of ``eth_simulateV1``, which plays several calls one after the other. Not every node has it, and what it says is for
people alone: an answer that is missing or strange gives no warning.
"""

from typing import Any

from waiaas.errors import Unavailable
from waiaas_evm.addresses import address_bytes
from waiaas_evm.erc20 import balance_data, read_number
from waiaas_evm.errand import Errand
from waiaas_evm.questions import LATEST, as_asked
from waiaas_evm.rpc import Call, as_data, as_list, as_object


def arrival_call(errand: Errand, sender: str) -> Call:
    """Ask for the recipient's balance before and after. :param errand: of a token"""
    balance = {"to": errand.to, "data": f"0x{balance_data(address_bytes(errand.recipient)).hex()}"}
    return "eth_simulateV1", [{"blockStateCalls": [{"calls": [balance, as_asked(errand, sender), balance]}]}, LATEST]


def arrival_warning(answer: Any, errand: Errand) -> list[str]:
    """A sentence where less arrives than is sent. Pure."""
    arrived = _arrived(answer)
    if arrived is None or arrived >= errand.units:
        return []
    return [f"the token keeps a part: of {errand.units} base units sent, {arrived} would arrive"]


def _arrived(answer: Any) -> int | None:
    try:
        calls = as_list(as_object(as_list(answer)[0]).get("calls"))
        before, paid, after = (as_object(call) for call in calls)
        if paid.get("status") != "0x1":
            return None
        counts = [read_number(as_data(call.get("returnData"))) for call in (before, after)]
    except (Unavailable, ValueError, IndexError):
        return None
    first, last = counts
    return None if first is None or last is None else max(0, last - first)
