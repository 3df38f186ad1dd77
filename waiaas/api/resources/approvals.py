"""What waits for a person."""

from waiaas.api.call import Call, Reply
from waiaas.api.models.approvals import ApprovalPage
from waiaas.api.models.wire import PageAsked
from waiaas.api.shaping import shaped


def list_(call: Call, asked: PageAsked) -> Reply:
    """Open approvals, newest first."""
    page = call.services.approvals.list(call.actor, asked.limit, asked.cursor)
    wire = {"items": list(page.items), "cursor": page.cursor, "hasMore": page.has_more}
    return Reply(body=shaped(ApprovalPage, wire))
