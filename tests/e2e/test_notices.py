"""A payment that is held reaches a person's chat, on every chain, in words by which they can decide."""

import json
from collections.abc import Iterator

import pytest
from waiaas_notify_telegram.stand_in import BotApiServer

from tests.e2e.chats import facts, held, telling, told_of
from tests.harness.deadline import until
from tests.harness.fixtures import two_cases
from tests.harness.house import House, confirmed
from waiaas.engine.moments import shown_moment
from waiaas.engine.rules.foreign import amount_text
from waiaas.interfaces.chain import Asset
from waiaas.interfaces.ids import show_units
from waiaas.interfaces.wire import from_wire

case = two_cases  # the claims are the house's: a coin of one chain, a token of the other

pytestmark = pytest.mark.xdist_group("notices")


@pytest.fixture
def service() -> Iterator[BotApiServer]:
    """A Bot API on this machine, at Telegram's pace."""
    with BotApiServer() as running:
        yield running


def test_a_held_payment_reaches_a_person_who_can_act(house: House, service: BotApiServer) -> None:
    """The chat hears what the payment does, how much in both units, to whom, the fee at most, until when, and how to decide."""
    house.start()
    telling(house, service)
    tx_id = held(house, note="urgent, see evil.example <b>now</b>")
    until(lambda: told_of(service, tx_id), "the chat to be told")
    (message,) = told_of(service, tx_id)
    found = facts(message)
    row, approval = house.row(tx_id), house.operator.approvals.list().items[0]
    intent = json.loads(row["intent"])
    assets = {one["id"]: from_wire(Asset, one) for one in intent["resolved"]["assets"]}
    asset = assets[row["asset"]]
    shown = f"{amount_text(int(row['amount']), asset)} ({row['amount']} base units)"
    of = "" if asset.native else f" of {asset.id}"
    does = [line.removeprefix("Does: ") for line in message.text.splitlines() if line.startswith("Does: ")]
    assert found["Amount"] == shown
    assert does[0] == f"sends {shown}{of} to {row['to_address']}"
    assert len(does) == len(intent["resolved"]["effects"])
    assert found["Recipient"] == row["to_address"]
    chains = house.operator.catalogue.chains()
    (native,) = [one.native for one in chains if (one.chain, one.network) == (row["chain"], row["network"])]
    fee = f"{show_units(int(intent['feeCap']), native.decimals)} {native.symbol}"
    assert found["Maximal fee"] == f"{fee} ({intent['feeCap']} base units)"
    assert found["Transaction"] == tx_id
    assert found["Decide before"] == shown_moment(approval["expiresAt"])
    assert found["Digest"] == approval["digest"]
    assert found["Note"] == "urgent, see evil.example <b>now</b>"
    assert {entity.type for entity in message.entities} == {"bold", "code"}
    command = found["To approve, run"].split()
    assert command == ["waiaas", "tx", "approve", tx_id]
    assert found["To refuse, run"] == f"waiaas tx reject {tx_id}"
    house.operator.transactions.approve(command[-1])
    confirmed(house, tx_id)
