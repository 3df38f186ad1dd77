"""A stand-in for the Bot API, over real sockets on this machine, that refuses what Telegram refuses.

*Owns* the markup of messages (:mod:`~waiaas_notify_telegram.stand_in.markup`), what a client would make clickable
(:mod:`~waiaas_notify_telegram.stand_in.finding`), and the server (:mod:`~waiaas_notify_telegram.stand_in.server`).
*May import* nothing of the channel that is tried on it.
*Invariant*: it is at least as strict as the documented service: a message that it takes, Telegram takes.
"""

from waiaas_notify_telegram.stand_in.chats import Chat, Message, Refusal
from waiaas_notify_telegram.stand_in.markup import Entity, ParseError, parse
from waiaas_notify_telegram.stand_in.server import BotApiServer

__all__ = ["BotApiServer", "Chat", "Entity", "Message", "ParseError", "Refusal", "parse"]
