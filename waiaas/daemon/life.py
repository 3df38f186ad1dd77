"""One life of the daemon, from the lock to the last answer."""

import json
import logging
import os
import signal
import threading
from collections.abc import Callable, Mapping
from dataclasses import asdict
from functools import partial
from pathlib import Path

from uuid6 import uuid7

from waiaas import __version__
from waiaas.api.app import create_app
from waiaas.api.body_sizes import BodySizes
from waiaas.api.routes import ROUTES, URGENT
from waiaas.builtin.libraries import missing_types
from waiaas.clock import Clock, SystemClock
from waiaas.config import DataDir, Settings, check, load, write_private
from waiaas.config.password_file import VARIABLE as PASSWORD_FILE
from waiaas.config.password_file import read_password_file
from waiaas.daemon.allocator import Tidying, settle_allocator
from waiaas.daemon.assembly import Ground, House, assemble
from waiaas.daemon.garbage import settle as settle_garbage
from waiaas.daemon.lock import DirectoryLock
from waiaas.daemon.logs import set_up
from waiaas.daemon.server import Server
from waiaas.engine.admin import Lifecycle
from waiaas.engine.former_ids import notes_on_former_ids
from waiaas.engine.guarded_clock import GuardedClock
from waiaas.engine.left_out import left_out
from waiaas.engine.pipeline.stage import Observer
from waiaas.engine.rekeying import finish as finish_rekeying
from waiaas.errors import StartRefused, WaiaasError
from waiaas.keystore.client import SignerClient
from waiaas.keystore.memory import harden_process
from waiaas.registry import Lock, PluginStatus, Registry, installed, parse
from waiaas.registry import load as load_plugins
from waiaas.store.database import Store

_log = logging.getLogger("waiaas.daemon")
_WORKER_SECONDS = 5.0
_LOOK_SECONDS = 1.0
EXIT_OK, EXIT_FAILED = 0, 1


def _unobserved(step: str, tx_id: str) -> None:
    """Nobody watches the steps."""


def run(
    data_dir: Path,
    *,
    password: bytearray | None,
    environ: Mapping[str, str] | None = None,
    observe: Observer = _unobserved,
    clock: Clock | None = None,
    on_ready: Callable[[str], None] = lambda url: None,
) -> int:
    """Run a daemon in the foreground until it is told to stop. Call from the main thread.

    :param password: unlocks the signer; wiped; None starts locked
    :param environ: overrides of the configuration, without any secret; the process's own when left out
    :param observe: told of each durable step; tests inject one
    :param on_ready: called with the address once requests are answered
    :returns: 0 after an orderly stop, 1 when a part died
    :raises StartRefused: when it cannot begin, naming what to mend
    """
    daemon = Daemon(data_dir, os.environ if environ is None else environ, observe, clock or SystemClock())
    try:
        daemon.start(password)
        settle_garbage()
        on_ready(daemon.url)
        return daemon.wait()
    finally:
        if password is not None:
            password[:] = bytes(len(password))
        daemon.stop()


class Daemon:
    """Everything that one process holds, in the order in which it was taken."""

    def __init__(self, data_dir: Path, environ: Mapping[str, str], observe: Observer, clock: Clock) -> None:
        self._root = data_dir
        self._environ = environ
        self._observe = observe
        self._clock = GuardedClock(clock)
        self._stopping = threading.Event()
        self._died: str | None = None
        self._signal = ""
        self._undo: list[Callable[[], object]] = []
        self._grace = 30.0
        self.url = ""

    def start(self, password: bytearray | None) -> None:
        """Take the directory, build the house, open the doors."""
        harden_process()
        settle_allocator()
        settings = load(self._root, self._environ)
        check(self._root, readable=frozenset({settings.paths.daemon_pid, settings.paths.stop_request}))
        paths, self._grace = settings.paths, float(settings.daemon.shutdown_timeout)
        self._take(paths)
        paths.operator_token.unlink(missing_ok=True)  # tokens died with the daemon before this one
        daemon = settings.daemon
        handler = set_up(paths.log, daemon.log_level, daemon.log_max_size, daemon.log_max_files)
        self._undo.append(handler.close)
        self._catch_signals()
        if finish_rekeying(paths):
            _log.warning("a change of the data key had been interrupted and was completed")
        signer = self._signer(paths)
        unlocking = _Unlocking(signer, password)
        registry = load_plugins(_trusted(paths), settings.plugins.allow, settings.plugins.disable)
        self._remember_examined(registry, paths)
        store = self._store(settings)
        house = self._assemble(settings, paths, store, signer, registry)
        with store.read() as unit:
            house.judges.warm(unit.policies.types_in_force())
        self._report(settings, paths, registry, house)
        house.services.kill_switch.begin()
        house.recovery.heed_restore()
        unlocking.join()
        if password is not None:
            house.recovery.after_unlock()
        self._open_doors(settings, paths, house)

    def wait(self) -> int:
        """Until a signal, an order over HTTP, or the death of a part."""
        # The kernel may hand a signal to any thread, and Python's handler runs only when this one wakes.
        tidying = Tidying()
        while not self._stopping.wait(_LOOK_SECONDS):
            tidying.look()
        if self._died is not None:
            _log.critical("the daemon ends because %s died; nothing that was admitted is lost", self._died)
            return EXIT_FAILED
        _log.info("told to stop%s; what is under way is finished", f" by {self._signal}" if self._signal else "")
        return EXIT_OK

    def stop(self) -> None:
        """Everything back, in reverse. May be called again."""
        self._stopping.set()
        while self._undo:
            undo = self._undo.pop()
            try:
                undo()
            except Exception:  # noqa: BLE001 - every later part still has to be stopped
                _log.exception("stopping was not clean")

    def _take(self, paths: DataDir) -> None:
        lock = DirectoryLock(paths.daemon_lock)
        lock.take()
        self._undo.append(lock.release)
        write_private(paths.daemon_pid, f"{os.getpid()}\n".encode(), mode=0o644)
        self._undo.append(lambda: paths.daemon_pid.unlink(missing_ok=True))

    def _catch_signals(self) -> None:
        """SIGHUP, which a terminal sends as it closes, ends the daemon in order too; what nohup ignores stays ignored."""
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            if number == signal.SIGHUP and signal.getsignal(number) is signal.SIG_IGN:
                continue
            before = signal.signal(number, self._told_to_stop)
            self._undo.append(partial(signal.signal, number, before))

    def _told_to_stop(self, number: int, frame: object) -> None:
        self._signal = signal.Signals(number).name
        self._stopping.set()

    def _signer(self, paths: DataDir) -> SignerClient:
        signer = SignerClient.start(paths.keystore)
        self._undo.append(signer.close)
        return signer

    def _remember_examined(self, registry: Registry, paths: DataDir) -> None:
        text = registry.lock.render().encode()
        if text != paths.plugins_lock.read_bytes():
            write_private(paths.plugins_lock, text)

    def _store(self, settings: Settings) -> Store:
        database = settings.database
        store = Store.open(
            settings.paths.database,
            busy_timeout=database.busy_timeout,
            cache_size=database.cache_size,
            mmap_size=database.mmap_size,
            backups=settings.paths.backups,
        )
        self._undo.append(store.close)
        return store

    def _assemble(
        self, settings: Settings, paths: DataDir, store: Store, signer: SignerClient, registry: Registry
    ) -> House:
        lifecycle = Lifecycle(started_at=self._clock.now(), instance_id=_instance_id(store))
        lifecycle.left_out = left_out(registry.plugins)
        ground = Ground(
            settings=settings,
            paths=paths,
            store=store,
            signer=signer,
            registry=registry,
            clock=self._clock,
            lifecycle=lifecycle,
        )
        house = assemble(ground, observe=self._observe, stop=self._stopping.set, on_death=self._on_death)
        self._undo += [house.chains.close, house.prices.close, house.judges.close]
        signer.on_death(lambda: self._signer_died(house, store))
        return house

    def _report(self, settings: Settings, paths: DataDir, registry: Registry, house: House) -> None:
        names = [plugin.name for plugin in registry.plugins]
        found = settings.check_names(house.chains.names(), names, registry.settings_models)
        for warning in (*settings.warnings, *found):
            _log.warning("%s", warning)
        for plugin in registry.plugins:
            if plugin.status in (PluginStatus.UNTRUSTED, PluginStatus.MISSING):
                _log.warning("the plugin %s is %s: %s", plugin.name, plugin.status.value, plugin.error)
        for why in missing_types().values():
            _log.warning("%s", why)
        failed = [plugin for plugin in registry.plugins if plugin.status is PluginStatus.FAILED]
        with house.store.read() as unit:
            networks = [(chain, house.chains.network(chain, name)[1]) for chain, name in house.chains.names()]
            for note in notes_on_former_ids(unit, paths.keystore, networks):
                _log.warning("%s", note)
        with house.store.write() as unit:
            house.journal.record(unit, "daemon.started", actor="system", details={"version": __version__})
            for plugin in failed:
                _log.error("the plugin %s was left out: %s", plugin.name, plugin.error)
                details = {"plugin": plugin.name, "error": plugin.error}
                house.journal.record(unit, "plugin.failed", actor="system", details=details)

    def _open_doors(self, settings: Settings, paths: DataDir, house: House) -> None:
        for worker in house.workers:
            worker.start()
        self._undo.append(lambda: self._stop_workers(house))
        app = create_app(house.services, settings, "tcp")
        daemon = settings.daemon
        server = Server(
            app,
            host=daemon.hostname,
            port=daemon.port,
            threads=daemon.threads,
            socket_path=paths.admin_socket,
            most_body=BodySizes(ROUTES).of,
            is_urgent=URGENT.__contains__,
            on_death=self._on_death,
        )
        server.start()
        self._undo.append(lambda: self._drain(server, house))
        self.url = f"http://{_shown_host(daemon.hostname)}:{server.port}"
        self._announce(paths, house)
        house.lifecycle.state = "ready"
        _log.info("ready at %s", self.url)

    def _announce(self, paths: DataDir, house: House) -> None:
        document = {
            "pid": os.getpid(),
            "url": self.url,
            "instanceId": house.lifecycle.instance_id,
            "version": __version__,
            "notLoaded": [asdict(one) for one in house.services.admin.not_working()],
        }
        write_private(paths.daemon_json, json.dumps(document).encode())
        self._undo.append(lambda: paths.daemon_json.unlink(missing_ok=True))

    def _drain(self, server: Server, house: House) -> None:
        house.lifecycle.state = "stopping"
        house.outcomes.close()
        if not server.drain(self._grace):
            _log.warning("some requests were still under way when the time to stop was over")

    def _stop_workers(self, house: House) -> None:
        house.lanes.stop(self._grace)
        house.acceptances.flush()
        for worker in house.workers:
            worker.stop(_WORKER_SECONDS)
        house.notifications.close(_WORKER_SECONDS)
        with house.store.write() as unit:
            house.journal.record(unit, "daemon.stopped", actor="system")
        self._sign_the_end(house)
        house.head.keep()

    @staticmethod
    def _sign_the_end(house: House) -> None:
        """The last checkpoint covers everything. A locked or dead signer leaves that to the next start."""
        if not house.lifecycle.is_open:
            return
        try:
            house.checkpoints.sign()
        except WaiaasError as problem:
            _log.warning("the end of the audit log was not signed: %s", problem.message)

    def _signer_died(self, house: House, store: Store) -> None:
        if self._stopping.is_set():
            return
        _log.critical("the signer died; nothing is signed until `waiaas unlock`")
        try:
            with store.write() as unit:
                house.journal.record(unit, "signer.died", actor="system")
        except WaiaasError as problem:  # a full disk must not keep the password file from being read
            _log.error("the signer's death could not be recorded: %s", problem.message)
        try:
            if path := self._environ.get(PASSWORD_FILE):
                house.services.operator.unlock(read_password_file(Path(path)), door="socket")
        except WaiaasError as problem:
            _log.error("the signer could not be unlocked by the password file: %s", problem.message)

    def _on_death(self, part: str) -> None:
        self._died = part
        self._stopping.set()


class _Unlocking:
    """The key derivation on a thread of its own, while plugins load and the database opens.

    Nothing signs meanwhile: the house is not open before :meth:`join`, and the recovery after it.
    """

    def __init__(self, signer: SignerClient, password: bytearray | None) -> None:
        self._problem: BaseException | None = None
        self._thread = threading.Thread(target=self._run, args=(signer, password), name="waiaas-unlock", daemon=True)
        self._thread.start()

    def join(self) -> None:
        """Wait for it. :raises StartRefused: when the password is wrong or the keystore is damaged"""
        self._thread.join()
        if self._problem is not None:
            raise self._problem

    def _run(self, signer: SignerClient, password: bytearray | None) -> None:
        if password is None:
            return
        try:
            signer.unlock(password)
        except BaseException as problem:  # noqa: BLE001 - carried to the thread that joins
            self._problem = problem
        finally:
            password[:] = bytes(len(password))


def _trusted(paths: DataDir) -> Lock:
    """What ``plugins.lock`` trusts. :raises StartRefused: when it is gone or cannot be understood"""
    try:
        return parse(paths.plugins_lock.read_text("utf-8-sig"))
    except FileNotFoundError:
        names = " ".join(sorted(plugin.name for plugin in installed()))
        raise StartRefused(
            f"{paths.plugins_lock} is gone, so no plugin is trusted",
            hint=f"trust those that you know: waiaas plugins trust {names}",
        ) from None


def _instance_id(store: Store) -> str:
    """This installation's name, made at the first start; decisions of owners are bound to it."""
    with store.write() as unit:
        known = unit.state.get("instance_id")
        if known is None:
            known = str(uuid7())
            unit.state.set("instance_id", known)
        return known


def _shown_host(hostname: str) -> str:
    return f"[{hostname}]" if ":" in hostname else hostname
