"""Telegram for WAIaaS: a notification channel over the Bot API.

*Owns*: everything that knows Telegram.
*May import*: ``waiaas.hookspecs``, ``waiaas.interfaces``, ``waiaas.errors``, ``waiaas.testing``; no other room of ``waiaas``.
*Invariant*: the bot's token leaves this package in the address of a request to the Bot API and nowhere else.
"""

__version__ = "0.1.0"
