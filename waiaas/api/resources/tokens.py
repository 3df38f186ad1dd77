"""Tokens that wallets show, for the operator."""

from waiaas.api.call import Call
from waiaas.api.models.tokens import AddToken, TokenItem, TokenList, TokensAsked
from waiaas.api.models.wire import Nothing


def list_(call: Call, asked: TokensAsked) -> TokenList:
    """The lists of all networks, or of some."""
    found = call.services.tokens.list(call.actor, chain=asked.chain, network=asked.network)
    return TokenList(items=[TokenItem.of(view) for view in found])


def add(call: Call, asked: AddToken) -> TokenItem:
    """Put a token on its network's list, after a node has told what it is. Network."""
    made = call.services.tokens.add(call.actor, chain=asked.chain, network=asked.network, token=asked.token)
    return TokenItem.of(made)


def remove(call: Call, asked: Nothing) -> None:
    """Take a token off its list."""
    call.services.tokens.remove(call.actor, call.id)
