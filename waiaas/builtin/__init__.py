"""The plugin ``waiaas-builtin``: what is shipped inside and still arrives like a stranger's, through the same hooks.

*Owns*: the policy types that WAIaaS comes with, one file each, the notification channel LOG, and the price sources ``static``
and ``http``.
*May import*: the public rooms alone: :mod:`waiaas.hookspecs`, :mod:`waiaas.interfaces`, :mod:`waiaas.errors`.
*Invariant*: judges are pure and total; ALLOWED_ADDRESSES never makes a verdict milder, though it can name a recipient that the
house would refuse unnamed.
"""

from typing import Any

from waiaas.builtin.allowed_addresses import AllowedAddresses
from waiaas.builtin.allowed_tokens import AllowedTokens
from waiaas.builtin.auto_stop import AutoStop
from waiaas.builtin.budget import Budget
from waiaas.builtin.duplicate_guard import DuplicateGuard
from waiaas.builtin.expression import Expression
from waiaas.builtin.fee_limit import FeeLimit
from waiaas.builtin.http_prices import HttpPrices
from waiaas.builtin.libraries import missing_types
from waiaas.builtin.log_channel import LogChannel
from waiaas.builtin.rate_limit import RateLimit
from waiaas.builtin.spending_limit import SpendingLimit
from waiaas.builtin.static_prices import StaticPrices
from waiaas.builtin.time_restriction import TimeRestriction
from waiaas.hookspecs import hookimpl
from waiaas.interfaces.policy import PolicyType

waiaas_plugin_api = 1


@hookimpl
def waiaas_policy_types() -> list[type[PolicyType[Any]]]:
    """The policy types of this plugin, without those whose library is not installed."""
    types: list[type[PolicyType[Any]]] = [
        SpendingLimit,
        AllowedTokens,
        AllowedAddresses,
        Budget,
        FeeLimit,
        RateLimit,
        DuplicateGuard,
        TimeRestriction,
        AutoStop,
        Expression,
    ]
    missing = missing_types()
    return [one for one in types if one.type not in missing]


@hookimpl
def waiaas_notification_channels() -> list[type[LogChannel]]:
    """The channels of this plugin."""
    return [LogChannel]


@hookimpl
def waiaas_price_sources() -> list[type[StaticPrices] | type[HttpPrices]]:
    """The price sources of this plugin."""
    return [StaticPrices, HttpPrices]
