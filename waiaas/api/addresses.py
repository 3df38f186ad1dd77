"""Where the daemon is, as its caller reached it."""

from waiaas.api.call import Call
from waiaas.api.hosts import is_loopback_name


def base_url(call: Call) -> str:
    """The daemon's address as the caller wrote it; the front door checked the name. Over the socket, where nobody writes
    one, it is the one that TCP is served at."""
    if call.visit.tcp_url is not None:
        return call.visit.tcp_url
    host = call.header("Host") or "localhost"
    scheme = "https" if call.site.is_behind_tls and not is_loopback_name(host) else "http"
    return f"{scheme}://{host}"
