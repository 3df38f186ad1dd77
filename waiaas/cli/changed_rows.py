"""A policy that somebody else changed looks like any other in a list, and denies everything: what is said beside it."""

import click
from waiaas_sdk import Operator

_TABLES = ("policies", "policy_sets")


def warn_of_changed_policies(daemon: Operator) -> None:
    """On standard error, so that ``--json`` stays JSON. Asks the daemon to look at every row."""
    found = [one for one in daemon.admin.findings() if one.table in _TABLES]
    if found:
        click.echo(
            "Policies were changed outside of the daemon, so what they apply to is denied; what is shown here may be somebody"
            " else's. See: waiaas audit seals",
            err=True,
        )
