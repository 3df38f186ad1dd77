"""A person's chat beside a house, and what is read in it."""

from waiaas_notify_telegram.stand_in import BotApiServer
from waiaas_notify_telegram.stand_in.chats import Message

from tests.harness.house import House

WAITS = "Payment waits for approval"


def telling(house: House, service: BotApiServer) -> str:
    """Add the chat to a running daemon; the channel's id."""
    return house.operator.channels.create("TELEGRAM", service.config()).id


def held(house: House, **words: str) -> str:
    """A payment that waits for a person."""
    payment = house.case.payment(house.case.new_recipient())
    wallet = house.wallet(policies=house.case.spending(instant_max=1))
    return house.client(wallet).send(**{**payment, **words}).id  # type: ignore[arg-type]


def told_of(service: BotApiServer, tx_id: str, title: str = WAITS) -> list[Message]:
    return [one for one in service.messages if one.text.startswith(title) and tx_id in one.text]


def facts(message: Message) -> dict[str, str]:
    return dict(line.split(": ", 1) for line in message.text.splitlines() if ": " in line)
