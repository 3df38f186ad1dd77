"""The Host check: a name that an attacker's DNS may point at this machine is not this machine's name."""

import re
from collections.abc import Iterable
from functools import lru_cache
from ipaddress import ip_address

from waiaas.errors import BadRequest

_HOST = re.compile(r"(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::([0-9]{1,5}))?", re.ASCII)
_REMEMBERED = 64


class Hosts:
    """Knows the names that this daemon answers to.

    :param allowed: names beyond those of loopback, without ports
    """

    def __init__(self, allowed: Iterable[str]) -> None:
        self._allowed = {name.lower().strip("[]") for name in allowed}
        self._seen: set[str] = set()

    def require(self, header: str | None) -> None:
        """:param header: the raw Host header; its port does not matter
        :raises BadRequest: with HOST_NOT_ALLOWED, also without a header
        """
        if header in self._seen:
            return
        if header is None or not self._is_ours(header):
            raise BadRequest(
                "the Host header names another machine",
                code="HOST_NOT_ALLOWED",
                hint="call the daemon as 127.0.0.1 or localhost, or add the name to security.allowed_hosts",
            )
        if len(self._seen) < _REMEMBERED:
            self._seen.add(header)

    def _is_ours(self, header: str) -> bool:
        return _name_of(header) in self._allowed or is_loopback_name(header)


def is_loopback_name(host: str) -> bool:
    """Whether a Host header names this machine by a name that no DNS can give to another one."""
    name = _name_of(host)
    return name == "localhost" or is_loopback(name)


def _name_of(host: str) -> str | None:
    """The name in lower case, without port and brackets; None for what is no host."""
    found = _HOST.fullmatch(host)
    return found[1].lower().strip("[]") if found else None


@lru_cache(maxsize=1024)
def is_loopback(address: str | None) -> bool:
    """Whether an address (no name) is of this machine only, IPv4 in IPv6 included."""
    try:
        parsed = ip_address(address or "")
    except ValueError:
        return False
    mapped = getattr(parsed, "ipv4_mapped", None)
    return bool((mapped or parsed).is_loopback)
