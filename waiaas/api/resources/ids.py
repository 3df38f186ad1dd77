"""Ids by how they begin: what a person typed of one becomes the whole."""

from waiaas.api.call import Call
from waiaas.api.models.ids import IdItem, IdsAsked, IdsFound


def beginning(call: Call, asked: IdsAsked) -> IdsFound:
    """The ids that begin as the path says."""
    return IdsFound(items=[IdItem.of(found) for found in call.services.ids.beginning(call.id, asked.noun)])
