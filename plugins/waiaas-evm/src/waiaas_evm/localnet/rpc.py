"""JSON-RPC to a node of our own, on loopback."""

from typing import Any

import httpx

from waiaas.errors import Refused, Unavailable

_SECONDS = 30.0


class NodeRpc:
    """One connection pool; may be used from several threads. :param url: the node's address"""

    def __init__(self, url: str) -> None:
        # verify=False: loopback alone; loading certificates would cost 50 ms a client
        transport = httpx.HTTPTransport(verify=False)
        self._http = httpx.Client(base_url=url, transport=transport, trust_env=False, timeout=_SECONDS)

    def call(self, method: str, *params: Any) -> Any:
        """The result of one call. Network.

        :raises Unavailable: the node is gone; :raises Refused: it answered with an error
        """
        asked = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        try:
            answer = self._http.post("", json=asked).json()
        except (httpx.HTTPError, RuntimeError, ValueError) as error:
            raise Unavailable(f"the local node cannot be asked ({type(error).__name__})") from error
        return result_of(method, answer)

    def close(self) -> None:
        """Hang up; may be called twice."""
        self._http.close()


def result_of(method: str, answer: Any) -> Any:
    """Pure. The result in an answer.

    :raises Refused: NODE_REFUSED, with the code of the node's error
    """
    if not isinstance(answer, dict) or "result" not in answer:
        error = answer.get("error") if isinstance(answer, dict) else None
        code = error.get("code") if isinstance(error, dict) else None
        raise Refused("NODE_REFUSED", f"the local node refuses {method} with code {code}", details={"error": error})
    return answer["result"]
