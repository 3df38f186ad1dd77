"""``waiaas login`` and ``logout``: the password once for a session of work."""

from contextlib import suppress

import click

from waiaas.cli.connections import operator_by_password, operator_by_token
from waiaas.cli.invocation import Invocation
from waiaas.cli.operator_token import forget_token, keep_token, read_token
from waiaas.cli.options import json_option
from waiaas.cli.output import at, print_done


@click.command()
@json_option
@click.pass_obj
def login(invocation: Invocation, as_json: bool) -> None:
    """Ask for the password once: commands go on with a token until it ends or waiaas logout.

    The token lives for security.operator_token_ttl, in a private file of the data directory, and dies with the daemon. What
    loosens a policy, recovers from a stop or moves keys still asks for the password itself.
    """
    _end(invocation)
    with operator_by_password(invocation) as daemon:
        bought = daemon.login(is_brief=False)
        keep_token(invocation.data_dir, bought.token, bought.expires_at)
    facts = {"loggedIn": True, "expiresAt": bought.expires_at}
    print_done(facts, f"You are logged in until {at(bought.expires_at)}; end it with: waiaas logout", as_json)


@click.command()
@json_option
@click.pass_obj
def logout(invocation: Invocation, as_json: bool) -> None:
    """End the token of waiaas login. Needs no password; done also where nobody is logged in."""
    was = _end(invocation)
    print_done({"loggedIn": False, "was": was}, "You are logged out." if was else "Nobody was logged in.", as_json)


def _end(invocation: Invocation) -> bool:
    """End the token that lies here, in the daemon and on disk. Returns whether there was one."""
    from waiaas_sdk import WaiaasApiError

    kept = read_token(invocation.data_dir)
    if kept is None:
        return False
    try:
        # a daemon that is gone, or knows the token no more, has nothing to end
        with suppress(WaiaasApiError), operator_by_token(invocation, kept.token) as daemon:
            daemon.logout()
    finally:
        forget_token(invocation.data_dir)
    return True
