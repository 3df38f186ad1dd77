"""The OpenAPI document, as far as it describes itself."""

from typing import Any

from pydantic import RootModel


class Document(RootModel[dict[str, Any]]):
    """An OpenAPI 3.1 document."""
