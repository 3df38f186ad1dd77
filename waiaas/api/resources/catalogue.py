"""What is installed."""

from waiaas.api.call import Call
from waiaas.api.models.catalogue import Catalogue
from waiaas.api.models.wire import Nothing


def chains(call: Call, asked: Nothing) -> Catalogue:
    """Networks of the installed chains."""
    return Catalogue(items=[dict(item) for item in call.services.catalogue.chains(call.actor)])


def policy_types(call: Call, asked: Nothing) -> Catalogue:
    """Policy types with the JSON Schemas of their rules."""
    return Catalogue(items=[dict(item) for item in call.services.catalogue.policy_types(call.actor)])


def plugins(call: Call, asked: Nothing) -> Catalogue:
    """Plugins, also those that did not load, with the reason."""
    return Catalogue(items=[dict(item) for item in call.services.catalogue.plugins(call.actor)])
