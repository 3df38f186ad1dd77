"""Every key of the configuration is read and changes what the daemon does, not only what was parsed."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from tests.harness.chains import ChainCase, TestChain
from tests.harness.data_directory import copy_of
from tests.harness.fixtures import MakeHouse
from tests.harness.house import House
from tests.registries.refusals import OWN_HOUSE
from tests.registries.settings_at_work import ALONE, ODD, ON_ODD, PATTERN_VARIABLES, variables
from waiaas.clock import SystemClock
from waiaas.config import load
from waiaas.config.keys import KEYS, PATTERNS
from waiaas.daemon.life import Daemon
from waiaas.engine.guarded_clock import GuardedClock
from waiaas.errors import StartRefused
from waiaas.store.database import Store
from waiaas.workers.checkpointer import Checkpointer

pytestmark = pytest.mark.xdist_group("registries-settings")

BY_CODES = {
    "security.max_sessions_per_agent": "LIMIT_REACHED",
    "security.max_pending_tx": "MAX_PENDING_TX",
    "security.max_active_tx": "MAX_ACTIVE_TX",
    "security.rate_limit_tx_rpm": "RATE_LIMITED",
    "security.lockout_attempts": "LOCKED_OUT",
}
"""Keys whose effect is an error code, provoked with another value than the default in ``test_codes``."""
ARGON = {"keystore.argon2_memory": "40960", "keystore.argon2_time": "2", "keystore.argon2_parallelism": "3"}
PRAGMAS = {
    "database.busy_timeout": ("1234", "busy_timeout", 1234),
    "database.cache_size": ("2345", "cache_size", -2345),
    "database.mmap_size": ("8192", "mmap_size", 8192),
}
REMOTE = {
    "daemon.hostname": "192.0.2.1",
    "daemon.allow_remote": "true",
    "daemon.behind_tls_proxy": "true",
    "security.allowed_hosts": '["wallet.example"]',
}
OTHERS = {
    "security.password_min_length",
    "database.wal_checkpoint_interval",
    "daemon.allow_remote",
    "daemon.behind_tls_proxy",
}


def test_every_key_is_tried() -> None:
    """No key was added without its effect being shown here, and none is tried that is gone."""
    tried = {*ON_ODD, *ALONE, *BY_CODES, *ARGON, *PRAGMAS, *OTHERS}
    assert tried == {key.path for key in KEYS} | {pattern.path for pattern in PATTERNS}
    for path, code in BY_CODES.items():
        assert set(OWN_HOUSE[code][1]) == set(variables({path: ""}))


@pytest.fixture(scope="module")
def odd_house(
    case: ChainCase, shared_chain: TestChain, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A started house with many values other than the defaults."""
    root = tmp_path_factory.mktemp("odd") / "house"
    copy_of(template, root)
    house = House(root, case, shared_chain, environ=variables(ODD))
    house.paths = replace(house.paths, database=root / ODD["database.path"], log=root / ODD["daemon.log_file"])
    yield house.start()
    house.close()


@pytest.mark.parametrize("path", ON_ODD)
def test_a_running_daemon_does_as_the_key_says(odd_house: House, path: str) -> None:
    """With another value than the default the daemon behaves otherwise."""
    ON_ODD[path](odd_house)


@pytest.mark.parametrize("path", ALONE)
def test_a_daemon_of_its_own_does_as_the_key_says(make_house: MakeHouse, path: str) -> None:
    """The same for keys that decide over a start, an end, or everybody's requests."""
    check, values = ALONE[path]
    check(make_house(environ={**variables(values), **PATTERN_VARIABLES.get(path, {})}))


@contextmanager
def opened(template: Path, folder: Path, values: Mapping[str, str]) -> Iterator[Store]:
    """The store as the daemon opens it under these values."""
    root = copy_of(template, folder / "copy").root
    daemon = Daemon(root, variables(values), lambda step, tx_id: None, SystemClock())
    try:
        yield daemon._store(load(root, variables(values)))
    finally:
        daemon.stop()


@pytest.mark.parametrize("path", PRAGMAS)
def test_a_connection_has_the_configured_pragma(template: Path, tmp_path: Path, path: str) -> None:
    """The connections of the daemon's store carry the value."""
    value, pragma, expected = PRAGMAS[path]
    with opened(template, tmp_path, {path: value}) as store, store.read() as unit:
        assert unit._sql.one(f"PRAGMA {pragma}") == (expected,)


def test_checkpoints_come_as_often_as_configured(template: Path, tmp_path: Path) -> None:
    """The worker that the daemon assembles waits for the configured time between checkpoints."""
    intervals: list[int] = []

    class Noted(Checkpointer):
        def __init__(self, store: Store, interval: int) -> None:
            intervals.append(interval)
            super().__init__(store, interval)

    from waiaas.daemon import assembly
    from waiaas.engine.admin import Lifecycle
    from waiaas.keystore.client import SignerClient
    from waiaas.registry import load as load_plugins
    from waiaas.registry import parse

    values = {"database.wal_checkpoint_interval": "61"}
    with opened(template, tmp_path, values) as store, pytest.MonkeyPatch.context() as patch:
        patch.setattr(assembly, "Checkpointer", Noted)
        settings = load(tmp_path / "copy", variables(values))
        signer = SignerClient.start(settings.paths.keystore)
        ground = assembly.Ground(
            settings=settings,
            paths=settings.paths,
            store=store,
            signer=signer,
            registry=load_plugins(parse('{"format": 1, "plugins": []}')),
            clock=GuardedClock(SystemClock()),
            lifecycle=Lifecycle(started_at=0, instance_id="x"),
        )
        assembly.assemble(ground, observe=lambda *_: None, stop=lambda: None, on_death=lambda _: None)
        signer.close()
        assert intervals == [61]
        assert Checkpointer(store, 61).run_once() == 61


@pytest.mark.parametrize("missing", ["daemon.allow_remote", "daemon.behind_tls_proxy", "security.allowed_hosts"])
def test_another_address_than_loopback_takes_every_consent(tmp_path: Path, missing: str) -> None:
    """Without one of the keys that allow it an address beyond loopback is refused; with all of them it is taken."""
    assert load(tmp_path, variables(REMOTE)).daemon.hostname == "192.0.2.1"
    with pytest.raises(StartRefused, match=missing.rpartition(".")[2]):
        load(tmp_path, variables({path: value for path, value in REMOTE.items() if path != missing}))


def init(folder: Path, values: Mapping[str, str]) -> "subprocess.CompletedProcess[str]":
    """``waiaas init`` in a folder of its own."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "WAIAAS_MASTER_PASSWORD": "violin-tarpaulin-89",
        **variables(values),
    }
    command = [sys.executable, "-P", "-m", "waiaas.cli", "--data-dir", str(folder / "data"), "init"]
    return subprocess.run(command, env=environ, capture_output=True, text=True, timeout=120, check=False)


def test_the_keystore_is_made_with_the_configured_derivation(tmp_path: Path) -> None:
    """Memory, passes and lanes of Argon2id stand in master.json as they were configured at init."""
    done = init(tmp_path, ARGON)
    assert done.returncode == 0, done.stderr
    master = json.loads((tmp_path / "data/keystore/master.json").read_text())
    assert [str(master[name]) for name in ("memory_kib", "time", "parallelism")] == list(ARGON.values())


def test_a_password_shorter_than_configured_is_refused(tmp_path: Path) -> None:
    """A password that the default takes is refused where more is asked for, and nothing is made."""
    done = init(tmp_path, {"security.password_min_length": "40"})
    assert done.returncode == 1
    assert "40" in done.stderr
    assert not (tmp_path / "data/keystore/master.json").exists()
