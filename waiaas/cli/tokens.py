"""``waiaas token``: the lists of tokens that wallets show."""

import click
from waiaas_sdk import Token

from waiaas.cli.connections import operator
from waiaas.cli.invocation import Invocation
from waiaas.cli.options import json_option, network_option
from waiaas.cli.output import Column, print_done, print_facts, print_items, print_json, print_table


@click.group()
def token() -> None:
    """Tokens that wallets of a network show. What may be paid is for policies to say."""


@token.command("list")
@click.option("--chain", help="Only of this chain.")
@click.option("--network", help="Only of this network.")
@json_option
@click.pass_obj
def list_(invocation: Invocation, chain: str | None, network: str | None, as_json: bool) -> None:
    """List them; those without an id are known to the chain's plugin by itself."""
    with operator(invocation) as daemon:
        found = daemon.tokens.list(chain=chain, network=network)
    if as_json:
        return print_items(found)
    columns = [
        Column("id", is_whole=True),
        Column("network", is_whole=True),
        Column("symbol"),
        Column("decimals", when_wide=100, is_whole=True),
        Column("address", is_whole=True),
    ]
    own_first = sorted(found, key=lambda one: one.id is None)
    rows = [(one.id, f"{one.chain}/{one.network}", _symbol(one), one.decimals, one.address) for one in own_first]
    print_table(columns, rows, empty="No tokens. Wallets show what the chain itself lists.")
    return None


@token.command()
@click.argument("address")
@click.option("--chain", default="solana", show_default=True, help="Chain family, see: waiaas plugins list.")
@network_option
@json_option
@click.pass_obj
def add(invocation: Invocation, address: str, chain: str, network: str | None, as_json: bool) -> None:
    """Add the token at ADDRESS (or its CAIP-19 id); what it is called is read from the chain."""
    with operator(invocation) as daemon:
        made = daemon.tokens.add(chain, network, address)
    if as_json:
        return print_json(made)
    facts = {
        "id": made.id,
        "network": f"{made.chain}/{made.network}",
        "asset id": made.asset_id,
        "decimals": made.decimals,
    }
    print_facts({**facts, "calls itself": f"{_symbol(made)}, {made.name}" if made.name else _symbol(made)})
    return None


@token.command()
@click.argument("token_id", metavar="TOKEN")
@json_option
@click.pass_obj
def remove(invocation: Invocation, token_id: str, as_json: bool) -> None:
    """Take TOKEN, an id of the list, off it. Wallets keep what they hold."""
    with operator(invocation) as daemon:
        daemon.tokens.remove(token_id)
    print_done({"id": token_id, "removed": True}, f"{token_id} is removed.", as_json)


def _symbol(found: Token) -> str | None:
    """The token's own word, in quotes."""
    return None if found.symbol is None else f'"{found.symbol}"'
