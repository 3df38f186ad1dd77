"""``plugins.lock``: which plugins may be imported, by the hash of their files. Pure: text in, record out.

The file is JSON: ``{"format": 1, "plugins": [{"name", "distribution", "version", "hash", "enabled", "examined"}]}``. Order
counts: where two plugins bring the same thing, the one trusted first keeps it.
"""

import json
from collections.abc import Iterable
from dataclasses import asdict, dataclass, replace

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from waiaas.errors import NotFound, StartRefused
from waiaas.interfaces.misfits import misfit

FORMAT = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Pin:
    """One trusted plugin.

    :param hash: ``sha256:<hex>`` over its files as they were when it was trusted
    :param examined: whether these very files once answered within the time limit in a process of their own, so that the
        daemon need not try that again at each start
    """

    name: str
    distribution: str
    version: str
    hash: str
    enabled: bool = True
    examined: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """The whole file. Names are unique."""

    pins: tuple[Pin, ...] = ()

    def get(self, name: str) -> Pin | None:
        """The pin of a plugin by its name."""
        return next((pin for pin in self.pins if pin.name == name), None)

    def put(self, pins: Iterable[Pin]) -> "Lock":
        """With these pins; a known name keeps its place, new ones come last in the order given."""
        new = {pin.name: pin for pin in pins}
        kept = [new.pop(pin.name, pin) for pin in self.pins]
        return Lock(pins=(*kept, *new.values()))

    def switch(self, name: str, *, enabled: bool) -> "Lock":
        """With one plugin enabled or disabled. :raises NotFound: when it is not trusted"""
        pin = self.get(name)
        if pin is None:
            raise NotFound(f"plugins.lock trusts no plugin {name}", hint=f"run: waiaas plugins trust {name}")
        return self.put([replace(pin, enabled=enabled)])

    def drop(self, name: str) -> "Lock":
        """Without one plugin; it need not be there."""
        return Lock(pins=tuple(pin for pin in self.pins if pin.name != name))

    def render(self) -> str:
        """The file's text; the same for the same pins."""
        document = {"format": FORMAT, "plugins": [asdict(pin) for pin in self.pins]}
        return json.dumps(document, indent=2) + "\n"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    name: str = Field(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}$")
    distribution: str = Field(min_length=1, max_length=200)
    version: str = Field(min_length=1, max_length=100)
    hash: str = Field(pattern=r"^sha256:[0-9a-f]{64}$")
    enabled: bool
    examined: bool


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)
    format: int
    plugins: list[_Entry]


def parse(text: str) -> Lock:
    """Read the file's text.

    :raises StartRefused: when it is not wholly understood: a guess here would be a guess about whom to trust
    """
    try:
        file = _File.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the file"
        raise _refused(f"{where}: {misfit(first)}") from None
    names = [entry.name for entry in file.plugins]
    if file.format != FORMAT or len(set(names)) != len(names):
        raise _refused("a format other than 1" if file.format != FORMAT else "a name twice")
    return Lock(pins=tuple(Pin(**entry.model_dump()) for entry in file.plugins))


def _refused(what: str) -> StartRefused:
    return StartRefused(
        f"plugins.lock cannot be read: {what}",
        hint="restore the file from a backup, or delete it and run `waiaas plugins trust` for each plugin you want",
    )
