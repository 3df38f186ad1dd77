"""One life of an installation in which secrets come through every door, and all that was said meanwhile."""

import contextlib
import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from uuid6 import uuid7

from tests.cli.conftest import Done, Program
from tests.harness.chains import ChainCase, TestChain
from tests.harness.data_directory import CHEAP
from tests.harness.deadline import until
from tests.security.canaries import Canary, Search, of_password, of_token
from tests.security.keyhole import raw_keys
from tests.security.processes import core_limit, memory, shown, signer_of
from tests.security.tap import Tap

PASSWORD = "Quagmire77 ossifrage-Zephyrine"
WRONG = "Nightjar55 wrongdoing-Tarantella"
_JUST_BELOW_ROTATION = 1_048_576 - 2_000
_VARIABLES = {
    "WAIAAS_DAEMON_LOG_LEVEL": "debug",
    "WAIAAS_DAEMON_LOG_MAX_SIZE": "1MB",
    "WAIAAS_KEYSTORE_ARGON2_MEMORY": str(CHEAP.memory_kib),
    "WAIAAS_KEYSTORE_ARGON2_TIME": str(CHEAP.time),
    "WAIAAS_SECURITY_LOCKOUT_ATTEMPTS": "100",
}


@dataclass
class Story:
    """:param said: (where, bytes) of everything that came out; :param tokens: every token that was issued"""

    program: Program
    case: ChainCase
    chain: TestChain
    tap: Tap
    said: list[tuple[str, bytes]] = field(default_factory=list)
    tokens: list[str] = field(default_factory=list)
    core_limits: list[str] = field(default_factory=list)
    keys: list[Canary] = field(default_factory=list)
    in_memory: list[str] = field(default_factory=list)
    memory_was_read: bool = False

    # --- what is told

    def run(self) -> "Story":
        """From an empty folder to an orderly stop."""
        self.cli("init", WAIAAS_MASTER_PASSWORD=PASSWORD)
        self._fill_log()
        wrong = self.cli("start", WAIAAS_MASTER_PASSWORD=WRONG)
        assert wrong.code != 0
        with self._daemon() as daemon:
            self._look_at(daemon.pid)
            with self._doors() as (tcp, local):
                agent, token = self._people(tcp, local)
                self._pay(tcp, agent, token)
                self._misuse(tcp, token)
                self._lose_signer(daemon.pid, tcp, token)
                self._renew(tcp, token)
            self._look_at(daemon.pid)
            self._read_memory(daemon.pid)
            self.cli("stop", "--timeout", "30", WAIAAS_MASTER_PASSWORD=PASSWORD)
            assert daemon.wait(60) == 0
        self.said.append(("what the localnet was sent", self.tap.heard()))
        return self

    def search(self) -> Search:
        """For everything secret in this story."""
        secrets = [*of_password(PASSWORD), *of_password(WRONG), *self.keys]
        return Search([*secrets, *(canary for token in self.tokens for canary in of_token(token))])

    # --- its chapters

    def _people(self, tcp: httpx.Client, local: httpx.Client) -> tuple[str, str]:
        made = self.cli("agent", "create", "one", "--json", WAIAAS_MASTER_PASSWORD=PASSWORD)
        agent = made.document["id"]
        by_cli = self.cli("session", "issue", "one", "--json", WAIAAS_MASTER_PASSWORD=PASSWORD, shows_token=True)
        local.post("/v1/operator/login", headers={"X-Master-Password": WRONG}, json={})
        tcp.post("/v1/operator/login", headers={"X-Master-Password": WRONG}, json={})
        operator = self._token(tcp.post("/v1/operator/login", headers={"X-Master-Password": PASSWORD}, json={}))
        tcp.headers["Authorization"] = f"Bearer {operator}"
        tcp.post("/v1/agents", json={"name": "two", "chain": self.case.chain, "network": self.case.network})
        limits = {"instant_max": 3 * self.case.amount, "daily_limit": 20 * self.case.amount}
        for kind, rules in self.case.spending(**limits):
            body = {"agentId": agent, "type": kind, "rules": rules}
            assert tcp.post("/v1/policies", json=body, headers={"X-Master-Password": PASSWORD}).status_code == 201
        issued = tcp.post("/v1/sessions", json={"agentId": agent})
        self.chain.fund(made.document["address"], 100 * self.case.amount)
        self.cli("tx", "list", WAIAAS_MASTER_PASSWORD=WRONG)
        assert by_cli.code == 0
        return agent, self._token(issued)

    def _pay(self, tcp: httpx.Client, agent: str, token: str) -> None:
        to, amount = self.case.new_recipient(), self.case.amount
        bearer = {"Authorization": f"Bearer {token}"}
        for key, units in (("one", amount), ("one", amount), ("one", amount + 1), ("two", 10**12), ("three", 1)):
            body = {"to": to, "amount": str(units), "memo": "for tea", "note": "it was asked for"}
            headers = {**bearer, "Idempotency-Key": key, "Prefer": "wait=5"}
            tcp.post("/v1/transactions/send", json=body, headers=headers)
        self.chain.away()
        tcp.get("/v1/wallet/balance", headers=bearer)
        self.chain.away(False)
        for path in ("/v1/wallet/address", "/v1/wallet/balance", "/v1/connect-info", "/v1/transactions"):
            assert tcp.get(path, headers=bearer).status_code == 200, path
        for path in ("/v1/audit?limit=200", "/v1/sessions", "/v1/agents", f"/v1/agents/{agent}", "/metrics"):
            assert tcp.get(path).status_code == 200, path
        for path in ("/v1/plugins", "/v1/chains", "/v1/admin/status", "/v1/audit/verify", "/openapi.json"):
            assert tcp.get(path).status_code == 200, path
        self.cli("tx", "send", to, str(amount), "--json", WAIAAS_SESSION_TOKEN=token)
        self.cli("tx", "send", to, str(10**12), WAIAAS_SESSION_TOKEN=token)
        self.cli("config", "show", "--all", "--json")

    def _misuse(self, tcp: httpx.Client, token: str) -> None:
        """Secrets where they do not belong."""
        for header in (f"Basic {token}", f"bearer  {token}", f"Bearer {token}x", f"Bearer {PASSWORD}", token):
            tcp.get("/v1/wallet/address", headers={"Authorization": header})
        for name, value in (
            ("X-Master-Password", token),
            ("X-Master-Password", PASSWORD + "\tx"),
            ("Cookie", f"t={token}"),
        ):
            tcp.get("/v1/agents", headers={"Authorization": "", name: value})
        for path in (f"/v1/agents/{token}", f"/{token}", f"/v1/transactions/{token}?token={token}", f"/?p={PASSWORD}"):
            tcp.get(path)
        for body in ({"password": PASSWORD, "token": token}, {"to": token, "amount": PASSWORD}, [token], PASSWORD):
            tcp.post("/v1/transactions/send", json=body, headers={"Authorization": f"Bearer {token}"})
            tcp.post("/v1/operator/login", json=body)
            tcp.post("/v1/sessions", json=body)
            tcp.post("/v1/policies", json={"type": "SPENDING_LIMIT", "rules": {"instant_max": body}})
        for key in (f"{token}\tx", "x" * 129 + token):
            tcp.post("/v1/transactions/send", json={}, headers={"Idempotency-Key": key})
        tcp.get("/health", headers={"Host": f"{token}.example"})
        tcp.post("/v1/operator/login", content=PASSWORD.encode(), headers={"Content-Type": token})

    def _lose_signer(self, pid: int, tcp: httpx.Client, token: str) -> None:
        os.kill(signer_of(pid), 9)
        until(lambda: not tcp.get("/health").json()["ready"], "the signer's death to be noticed")
        body = {"to": self.case.new_recipient(), "amount": str(self.case.amount)}
        locked = tcp.post("/v1/transactions/send", json=body, headers={"Authorization": f"Bearer {token}"})
        assert locked.json()["code"] == "SIGNER_LOCKED"
        assert self.cli("unlock", WAIAAS_MASTER_PASSWORD=WRONG).code != 0
        assert self.cli("unlock", WAIAAS_MASTER_PASSWORD=PASSWORD).code == 0
        paid = tcp.post("/v1/transactions/send", json=body, headers={"Authorization": f"Bearer {token}"})
        assert paid.status_code in (201, 202), paid.text

    def _renew(self, tcp: httpx.Client, token: str) -> None:
        bearer = {"Authorization": f"Bearer {token}"}
        session = tcp.get("/v1/connect-info", headers=bearer).json()["session"]["id"]
        renewed = self._token(tcp.put(f"/v1/sessions/{session}/renew", headers=bearer, json={}))
        assert tcp.get("/v1/wallet/address", headers=bearer).status_code == 401
        assert tcp.get("/v1/wallet/address", headers={"Authorization": f"Bearer {renewed}"}).status_code == 200
        assert tcp.delete(f"/v1/sessions/{session}").status_code == 204
        assert tcp.post("/v1/operator/logout", json={}).status_code == 204

    # --- its means

    def cli(self, *arguments: str, shows_token: bool = False, **variables: str) -> Done:
        """A command, with stack traces wanted; what it prints is heard."""
        done = self.program("--debug", *arguments, **variables)
        out = done.out
        if shows_token:
            self.tokens.append(done.document["token"])
            out = out.replace(self.tokens[-1], "")
        self.said += [(f"stdout of {arguments}", out.encode()), (f"stderr of {arguments}", done.err.encode())]
        return done

    def _fill_log(self) -> None:
        """The next lines turn the log over, so that both of its files are looked into."""
        log = self.program.data_dir / "logs" / "daemon.log"
        line = json.dumps({"message": "x" * 80}) + "\n"
        log.write_text(line * (_JUST_BELOW_ROTATION // len(line)))
        log.chmod(0o600)

    @contextlib.contextmanager
    def _daemon(self) -> Iterator["subprocess.Popen[str]"]:
        errors = self.program.data_dir.with_name("errors")
        variables = self.program.variables(WAIAAS_MASTER_PASSWORD=PASSWORD)
        with (
            errors.open("w") as stream,
            subprocess.Popen(
                self.program.command("--debug", "start"),
                env=variables,
                stdout=subprocess.PIPE,
                stderr=stream,
                text=True,
            ) as process,
        ):
            try:
                assert process.stdout is not None
                ready = process.stdout.readline()
                assert "ready at" in ready, errors.read_text()
                yield process
            finally:
                process.kill()
        self.said += [("stdout of the daemon", ready.encode()), ("stderr of the daemon", errors.read_bytes())]

    @contextlib.contextmanager
    def _doors(self) -> Iterator[tuple[httpx.Client, httpx.Client]]:
        facts = json.loads((self.program.data_dir / "daemon.json").read_text())
        hooks = {"response": [self._hear]}
        local = httpx.HTTPTransport(uds=str(self.program.data_dir / "run" / "admin.sock"))
        with (
            httpx.Client(base_url=facts["url"], event_hooks=hooks, timeout=60) as tcp,
            httpx.Client(base_url="http://localhost", transport=local, event_hooks=hooks, timeout=60) as socket,
        ):
            yield tcp, socket

    def _hear(self, answer: httpx.Response) -> None:
        """Keep headers and body; of an answer that shows a token this once, all but that."""
        body, where = answer.read(), f"{answer.request.method} {answer.request.url.path} ({answer.status_code})"
        document: Any = answer.json() if body[:1] == b"{" else None
        if answer.is_success and document is not None and "token" in document:
            body = body.replace(document["token"].encode(), b"")
        head = b"\n".join(name + b": " + value for name, value in answer.headers.raw)
        self.said.append((f"the answer to {where}", head + b"\n\n" + body))

    def _token(self, answer: httpx.Response) -> str:
        assert answer.is_success, answer.text
        self.tokens.append(answer.json()["token"])
        return self.tokens[-1]

    def _look_at(self, pid: int) -> None:
        for process in (pid, signer_of(pid)):
            self.said += shown(process)
            self.core_limits.append(core_limit(process))

    def _read_memory(self, pid: int) -> None:
        """Keys are looked for in the daemon's memory, and something that has to be there, so that silence means absence."""
        self.keys = raw_keys(self.program.data_dir / "keystore", PASSWORD)
        known = json.loads((self.program.data_dir / "daemon.json").read_text())["instanceId"].encode()
        try:
            for part in memory(pid):
                self.in_memory += [key.name for key in self.keys if key.secret in part]
                self.memory_was_read = self.memory_was_read or known in part
        except PermissionError:
            return


def tell(folder: Path, case: ChainCase, chain: TestChain) -> Story:
    """The whole story in ``folder``."""
    with Tap(chain.url) as tap:
        environ = {**_VARIABLES, **case.environ(tap.url), "WAIAAS_DAEMON_PORT": "0"}
        program = Program(folder / str(uuid7()), environ)
        return Story(program, case, chain, tap).run()
