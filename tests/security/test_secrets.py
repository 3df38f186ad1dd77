"""Invariants 16 and 17: secrets that came through every door are in no file, log, environment, argument, answer or node."""

import base64
from pathlib import Path

import pytest

from tests.harness.chains import ChainCase, TestChain
from tests.harness.data_directory import PASSWORD as HARNESS_PASSWORD
from tests.harness.leaks import leaks_below
from tests.security.canaries import Canary, Search
from tests.security.story import PASSWORD, Story, tell

pytestmark = pytest.mark.xdist_group("security-secrets")


@pytest.fixture(scope="module")
def story(case: ChainCase, shared_chain: TestChain, tmp_path_factory: pytest.TempPathFactory) -> Story:
    """Told once; every test looks at another part of what was left."""
    return tell(tmp_path_factory.mktemp("story"), case, shared_chain)


def test_no_file_holds_a_secret(story: Story) -> None:
    """Keystore aside, no file of the data directory holds password, token or key in any spelling, turned-over logs included."""
    root = story.program.data_dir
    assert (root / "logs" / "daemon.log.1").exists(), "the log was to be turned over"
    assert (root / "logs" / "daemon.log").stat().st_size
    assert story.search().in_folder(root, but=[root / "keystore"]) == []


def test_the_keystore_holds_nothing_in_clear(story: Story) -> None:
    """The keystore's own files hold no password, token or key either: what is in them is sealed."""
    assert story.search().in_folder(story.program.data_dir / "keystore") == []


def test_nothing_that_was_said_holds_a_secret(story: Story) -> None:
    """No answer, standard stream, environment, argument or byte sent to a node holds one; a token is shown once alone."""
    search = story.search()
    assert len(story.tokens) == 4
    assert [found for where, content in story.said for found in search.in_bytes(where, content)] == []


def test_everybody_was_heard(story: Story) -> None:
    """The search saw what it was to see: refusals and successes of all kinds, both processes, the node and the commands."""
    places = " ".join(where for where, _ in story.said)
    for wanted in ("(201)", "(400)", "(401)", "(403)", "(409)", "(502)", "(503)", "environ", "cmdline", "stderr of"):
        assert wanted in places, wanted
    content = b"".join(content for _, content in story.said)
    for known in (
        b"the master password is wrong",
        b"SIGNER_LOCKED",
        b"POLICY_DENIED",
        b"sendTransaction",
        b"WAIAAS_DAEMON_LOG_LEVEL",
    ):
        assert known in content, known


def test_neither_process_may_leave_a_core(story: Story) -> None:
    """Daemon and signer run with a core limit of zero, also the signer that unlock started."""
    assert story.core_limits == ["0", "0", "0", "0"]


def test_the_daemon_never_held_a_key(story: Story) -> None:
    """In the daemon's memory, read after payments and an unlock, is no agent's key and no data key."""
    if not story.memory_was_read:
        pytest.skip("LOUD SKIP: reading a process's memory needs root; invariant 17 was not checked here")
    assert story.in_memory == []


@pytest.mark.parametrize("padding", range(3))
def test_a_leak_would_be_found(padding: int) -> None:
    """The search finds a planted secret in the spellings that programs write without thinking."""
    search = Search([Canary("planted", PASSWORD.encode()), Canary("a key", bytes(range(100, 132)))])
    encoded = base64.b64encode(b"a" * padding + PASSWORD.encode() + b"tail")
    for leak in (
        encoded,
        PASSWORD.encode().hex().encode(),
        PASSWORD.encode("utf-16-le"),
        b"Quagmire77%20ossifrage-Zephyrine",
    ):
        assert search.in_bytes("here", b"before " + leak + b" after"), leak
    assert search.in_bytes("here", b"[" + ", ".join(map(str, range(100, 132))).encode() + b"]")
    assert search.in_bytes("here", b"nothing of the kind") == []


@pytest.mark.parametrize("secret", ["wai_sess_" + "k" * 43, "wai_op_" + "k" * 43, HARNESS_PASSWORD])
@pytest.mark.parametrize("name", ["logs/daemon.log.3", "house.beside/daemon.out"])
def test_the_scan_after_the_suite_finds_a_leak(tmp_path: Path, secret: str, name: str) -> None:
    """A token or the suite's password in any daemon's log is found by the scan that ends every run of the suite."""
    written = tmp_path / "test" / name
    written.parent.mkdir(parents=True)
    written.write_text("nothing\n")
    assert leaks_below(tmp_path) == []
    written.write_text(f'{{"message": "refused {secret} to nobody"}}\n')
    (found,) = {line.split(":")[0] for line in leaks_below(tmp_path)}
    assert found == str(written)
    written.unlink()
