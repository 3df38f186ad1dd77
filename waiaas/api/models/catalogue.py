"""What is installed, on the wire."""

from typing import Any

from waiaas.api.models.wire import Answered


class Catalogue(Answered):
    """Everything of one kind that is installed; never more than one page."""

    items: list[dict[str, Any]]
    cursor: str | None = None
    has_more: bool = False
