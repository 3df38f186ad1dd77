"""What waits for a person, on the wire."""

from typing import Any

from waiaas.api.models.wire import Answered


class ApprovalPage(Answered):
    """Open approvals; each says its transaction, what it would do, who has to decide, and until when."""

    items: list[dict[str, Any]]
    cursor: str | None = None
    has_more: bool = False
