"""The operator's client: agents, sessions, policies, transactions of everyone, audit, the daemon itself."""

from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Self

from waiaas_sdk.administration import Admin, Approvals, Audit, Catalogue, Tokens
from waiaas_sdk.channels import Channels
from waiaas_sdk.client import DEFAULT_URL
from waiaas_sdk.credentials import Credentials
from waiaas_sdk.managing import Agents, OperatorTransactions, Sessions
from waiaas_sdk.models import Health, OperatorToken
from waiaas_sdk.parsing import parse
from waiaas_sdk.policies import Policies
from waiaas_sdk.stopping import KillSwitch
from waiaas_sdk.transport import Call, Retry, Transport, path_of


class Operator:
    """What the person who runs the daemon, or their program, manages it with.

    The master password is only ever said to ``run/admin.sock``, a socket in a folder that only this user can enter: use
    :meth:`over_socket`. Over TCP whoever holds the port would hear it, and after a crash that need not be the daemon; there,
    give a token that ``waiaas`` or :meth:`login` got over the socket.

    :param base_url: the daemon's address; plain http only to this machine
    :param token: an operator's token, ``wai_op_...``
    """

    def __init__(
        self,
        base_url: str = DEFAULT_URL,
        *,
        token: str | None = None,
        timeout: float = 30.0,
        retry: Retry | None = None,
    ) -> None:
        self._begin(Transport(base_url, timeout=timeout, retry=retry), Credentials(token=token))

    def _begin(self, transport: Transport, credentials: Credentials) -> None:
        self._transport = transport
        self._credentials = credentials
        credentials.attach(transport)
        self.agents = Agents(credentials)
        self.sessions = Sessions(credentials)
        self.transactions = OperatorTransactions(credentials)
        self.approvals = Approvals(credentials)
        self.policies = Policies(credentials)
        self.channels = Channels(credentials)
        self.audit = Audit(credentials)
        self.admin = Admin(credentials)
        self.catalogue = Catalogue(credentials)
        self.tokens = Tokens(credentials)
        self.kill_switch = KillSwitch(credentials)

    @classmethod
    def over_socket(
        cls,
        path: Path | str,
        password: str | Callable[[], str] | None = None,
        *,
        token: str | None = None,
        remember: bool = True,
        is_brief: bool = False,
        on_dead_token: Callable[[], None] | None = None,
        timeout: float = 30.0,
        retry: Retry | None = None,
    ) -> Self:
        """Talk over the daemon's own Unix socket, the one place for the password.

        :param path: ``<data dir>/run/admin.sock``; refused unless it is a socket of this user
        :param password: or a function that is asked for it, once and not before the daemon wants it
        :param remember: True logs in at the first call and goes on with the token (each password costs the daemon 150 ms);
            False sends the password with every call and leaves no token behind
        :param is_brief: the tokens are for one piece of work of a minute: no row of the audit trail tells of them, as none
            tells of a password that is sent with every call
        :param on_dead_token: called when the token that was given is not valid any more
        """
        operator = cls.__new__(cls)
        transport = Transport("http://localhost", socket=Path(path), timeout=timeout, retry=retry)
        credentials = Credentials(
            password=password, token=token, remember=remember, is_brief=is_brief, on_dead_token=on_dead_token
        )
        operator._begin(transport, credentials)
        return operator

    @classmethod
    def unverified_login(
        cls, base_url: str, password: str, *, timeout: float = 30.0, retry: Retry | None = None
    ) -> Self:
        """Say the master password over TCP, to whoever listens there.

        Only for a port that you know to be the daemon's, for example inside a container without the socket. Everywhere else
        use :meth:`over_socket`.
        """
        operator = cls.__new__(cls)
        operator._begin(Transport(base_url, timeout=timeout, retry=retry), Credentials(password=password))
        return operator

    def health(self) -> Health:
        """Whether the daemon is up and ready. Needs no credential."""
        return parse(Health, self._transport.call(Call(method="GET", path="/health", repeatable=True)))

    def ids_beginning(self, beginning: str, noun: str | None = None) -> list[str]:
        """The newest eight ids of each noun that begin so.

        :param beginning: four characters at least
        :param noun: agent, session, policy, transaction, channel or approval; None takes all
        """
        found = self._credentials.call("GET", path_of("v1", "ids", beginning), query={"noun": noun}, repeatable=True)
        return [str(item["id"]) for item in found.body["items"]]

    def login(self, *, is_brief: bool | None = None) -> OperatorToken:
        """Exchange the password for a token now, and go on with it. :param is_brief: None is as the client was made"""
        return self._credentials.login(is_brief=is_brief)

    def logout(self) -> None:
        """End the token. Without one, nothing."""
        self._credentials.logout()

    def logout_bought(self) -> None:
        """End the token if this client bought it; one that it was given lives on."""
        self._credentials.logout_bought()

    def unlock(self) -> None:
        """Unlock the signer with the password; starts it again if it died."""
        self._credentials.call("POST", "/v1/operator/unlock", body={}, with_password=True)

    def close(self) -> None:
        """Close the connections; a token lives on until it expires or :meth:`logout`. May be called twice."""
        self._transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Operator({str(self._transport.socket or self._transport.base_url)!r})"
