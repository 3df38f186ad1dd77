"""How large a body may be, by the path of its request: known from the header alone, before anybody has shown a credential."""

import re
from collections.abc import Iterable

from waiaas.api.route import AnyRoute


class BodySizes:
    """The sizes of a table of routes. Thread-safe."""

    def __init__(self, routes: Iterable[AnyRoute]) -> None:
        table = tuple(routes)
        self._usual = min((route.most_body for route in table), default=0)
        self._larger = [
            (re.compile(re.escape(route.path).replace(r"\{id\}", "[^/]+")), route.most_body)
            for route in table
            if route.most_body > self._usual
        ]

    def of(self, path: str) -> int:
        """Bytes; what the smallest route takes where there is no route at all."""
        return max((size for pattern, size in self._larger if pattern.fullmatch(path)), default=self._usual)
