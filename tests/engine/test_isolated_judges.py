"""Strangers' policy types are judged in a process of their own: whatever they do, the host goes on and what is odd denies."""

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.builtin.cases import Reader, facts, out, resolved
from tests.engine.hostile import CODE
from tests.harness.deadline import until
from tests.registry.conftest import POLICY, Maker, make, pinned
from waiaas.engine.isolated_judge import IsolatedJudge
from waiaas.engine.judge_cell import Cell, Unjudged
from waiaas.engine.judges import Judge, Judges, OwnJudge
from waiaas.errors import BadRequest
from waiaas.interfaces.policy import Tier, Verdict
from waiaas.registry import Lock, Pin, load
from waiaas.store.records import Policy

__all__ = ["make"]
FACTS = facts(out(10))


class Court:
    """The host's judges, with one hostile plugin and one good one."""

    def __init__(self, make: Maker) -> None:
        make("hostile", CODE)
        make("good", POLICY.format(type="GOOD"))
        self.make = make
        own = Pin(name="waiaas-builtin", distribution="waiaas", version="", hash="")
        self.judges = Judges(load(Lock(pins=(own, *pinned("hostile", "good").pins))))
        self.judge = self.of("HOSTILE")

    def of(self, type_: str) -> Judge:
        judge = self.judges.get(type_)
        assert judge is not None
        return judge

    def ask(self, how: str) -> Verdict | None:
        """One judgement under these rules."""
        return self.judge.judge(written(how), FACTS)

    def denied(self, how: str) -> str:
        """The code with which a judgement fails."""
        with pytest.raises(Unjudged) as caught:
            self.ask(how)
        return caught.value.code

    @property
    def pid(self) -> int:
        """The process that judges for the hostile plugin."""
        found = until(lambda: cell_of(self.judge).pid, "a process that judges")
        assert found is not None
        return found


def cell_of(judge: Judge) -> Cell:
    assert isinstance(judge, IsolatedJudge)
    return judge._cell


def written(how: str, type_: str = "HOSTILE") -> Policy:
    rules = f'{{"how":"{how}"}}' if type_ == "HOSTILE" else "{}"
    return Policy(
        id=how, created_at=1, updated_at=1, agent_id=None, type=type_, rules=rules, priority=0, enabled=True, version=1
    )


@pytest.fixture
def court(make: Maker) -> Iterator[Court]:
    """Closed afterwards, with every process gone."""
    court = Court(make)
    yield court
    court.judges.close()


def test_strangers_are_judged_elsewhere_and_the_house_here(court: Court) -> None:
    """The type of a plugin that is not ours runs in another process; the shipped ones, but for marked ones, in this one."""
    assert isinstance(court.judge, IsolatedJudge)
    assert isinstance(court.of("SPENDING_LIMIT"), OwnJudge)
    assert court.ask("fine") == Verdict(tier=Tier.NOTIFY, code="FINE", reason="as it should be")
    assert court.pid != os.getpid()
    assert court.ask("nothing") is None


TIMEOUT, CRASHED, UNREADABLE = "POLICY_TIMEOUT", "POLICY_CRASHED", "POLICY_UNREADABLE"
DEEDS = {
    "raise": UNREADABLE,
    "raise worse": UNREADABLE,
    "exit": UNREADABLE,
    "exit at once": CRASHED,
    "segfault": CRASHED,
    "kill itself": CRASHED,
    "spin": TIMEOUT,
    "regex": TIMEOUT,
    "sleep": TIMEOUT,
    "sleep with the interpreter": TIMEOUT,
    "hoard": UNREADABLE,
    "fork and spin": TIMEOUT,
    "write a file": UNREADABLE,
    "write to the socket": CRASHED,
    "flood the socket": CRASHED,
    "dribble": TIMEOUT,
    "hang in rules": TIMEOUT,
    "unknown": UNREADABLE,
    **dict.fromkeys(
        (
            "a word", "a dictionary", "a float", "a boolean", "less than nothing", "a tier of its own", "no code",
            "no reason", "a strange window", "itself",
        ),
        UNREADABLE,
    ),
}  # fmt: skip


@pytest.mark.parametrize("how", DEEDS)
def test_what_a_type_does_denies_and_nothing_else_suffers(court: Court, how: str) -> None:
    """The judgement fails with the code that says why; the next one of the same plugin, and others', are answered."""
    if how == "fork and spin" and os.geteuid() != 0:
        DEEDS[how] = UNREADABLE  # the kernel refuses a new process to everybody but root
    assert court.denied(how) == DEEDS[how]
    assert court.of("GOOD").judge(written("good", "GOOD"), FACTS) is None
    assert court.ask("fine") is not None


def test_an_answer_that_is_too_long_denies(court: Court) -> None:
    """The host reads no more than a mebibyte, and the process that says more is ended."""
    assert court.denied("an endless reason") == CRASHED
    assert court.ask("fine") is not None


@pytest.mark.parametrize("how", ["spin in windows", "endless windows", "odd window", "twins"])
def test_windows_that_are_none_deny(court: Court, how: str) -> None:
    """Asking for windows is as guarded as the judgement itself."""
    with pytest.raises(Unjudged):
        court.judge.windows(written(how), resolved(FACTS.effects))
    assert court.judge.windows(written("fine"), resolved(FACTS.effects)) == ()


def test_a_reason_is_printable(court: Court) -> None:
    """Controls, bidi characters and line ends of a stranger's reason go."""
    verdict = court.ask("an ugly reason")
    assert verdict is not None
    assert verdict.reason == "a b [31m c"


def test_what_a_type_prints_is_no_answer(court: Court) -> None:
    """Standard output and error go nowhere."""
    verdict = court.ask("print")
    assert verdict is not None
    assert verdict.code == "FINE"


def test_the_process_knows_nothing_of_the_daemon(court: Court, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither the environment nor open files come along."""
    monkeypatch.setenv("WAIAAS_MASTER_PASSWORD", "secret of the daemon")
    read, write = os.pipe()
    os.set_inheritable(read, True)
    try:
        environment, descriptors = court.ask("its environment"), court.ask("its descriptors")
    finally:
        os.close(read)
        os.close(write)
    assert environment is not None
    assert set(environment.reason.split()) <= {"LC_CTYPE", "LD_LIBRARY_PATH"}
    assert descriptors is not None
    assert len(descriptors.reason.split()) == 5, "0, 1, 2, the socket, and the folder that is being listed"


def test_memory_is_bounded(court: Court) -> None:
    """A type that keeps taking memory gets an error instead, and the process is not much larger than it was."""
    court.ask("fine")
    assert court.denied("hoard slowly") in (UNREADABLE, TIMEOUT)


def test_what_it_starts_ends_with_it(court: Court) -> None:
    """A process that a type left behind is gone once its own is."""
    before = hostile_children()
    if os.geteuid() != 0:
        assert court.denied("fork") == UNREADABLE, "the kernel refuses a new process"
        return
    court.ask("fork")
    left_behind = until(lambda: hostile_children() - before, "the child to be there")
    court.denied("exit at once")
    # other tests of this machine may have theirs at the same time, so only this one's are waited for
    until(lambda: not left_behind & hostile_children(), "the child's child to end")


def hostile_children() -> set[str]:
    found = set()
    for process in Path("/proc").iterdir():
        try:
            if process.name.isdecimal() and (process / "comm").read_text() == "hostile-child\n":
                found.add(process.name)
        except OSError:
            continue
    return found


def test_a_process_that_was_killed_between_questions_denies_nobody(court: Court) -> None:
    """The next question is put to its successor."""
    court.ask("fine")
    first = court.pid
    os.kill(first, signal.SIGKILL)
    until(lambda: not Path(f"/proc/{first}").exists(), "the process to be gone")
    assert court.ask("fine") is not None
    assert court.pid != first


def test_what_is_said_between_questions_is_no_answer_to_the_next(court: Court) -> None:
    """A process that speaks without being asked is replaced before anything is put to it."""
    court.ask("speak afterwards")
    process = cell_of(court.judge)._process
    assert process is not None
    until(lambda: not process.is_waiting, "the process to speak")
    assert court.ask("fine") is not None
    assert court.pid != process.pid


def test_a_plugin_that_keeps_dying_is_started_ever_more_seldom(court: Court) -> None:
    """It cannot eat the machine: after five starts in ten seconds its questions are refused at once for a while."""
    for _ in range(40):
        assert court.denied("exit at once") == CRASHED
    started = len(court.make.imported("hostile")) - 1  # one import was this process's own
    assert started <= 6
    until(lambda: cell_of(court.judge).pid, "another start, later")
    assert court.ask("fine") is not None


SLOW = """
import time

def compute(seconds):
    end = time.process_time() + seconds
    while time.process_time() < end: pass

class Rules(BaseModel):
    pass

class Slow(PolicyType[Rules]):
    type = "SLOW"
    rules_model = Rules
    grants = False
    loaded = False
    def prepare(self):
        if {fails}: raise RuntimeError("no library")
        compute(0.2)
        type(self).loaded = True
    def windows(self, rules, resolved): return ()
    def judge(self, rules, facts):
        if not self.loaded: compute(0.2)

@hookimpl
def waiaas_policy_types():
    return [Slow]
"""


@pytest.mark.parametrize("fails", [False, True])
def test_what_is_slow_to_load_is_loaded_before_time_counts(make: Maker, fails: bool) -> None:
    """Preparing is part of the start: it may take longer than a judgement, and where it fails nothing is judged."""
    make("slow", SLOW.format(fails=fails))
    judges = Judges(load(pinned("slow")))
    judge = judges.get("SLOW")
    assert judge is not None
    try:
        if fails:
            with pytest.raises(Unjudged, match="preparing SLOW failed: RuntimeError: no library"):
                judge.judge(written("slow", "SLOW"), FACTS)
        else:
            assert judge.judge(written("slow", "SLOW"), FACTS) is None
    finally:
        judges.close()


def test_innocents_are_not_denied_when_this_machine_is_busy(court: Court) -> None:
    """Sixteen threads at once, all through one process, with this interpreter busy: no judgement fails for that."""
    failed: list[BaseException] = []
    stop = threading.Event()

    def ask() -> None:
        try:
            for _ in range(25):
                assert court.ask("fine") is not None
        except BaseException as problem:  # noqa: BLE001 - told by the test
            failed.append(problem)

    def burn() -> None:
        while not stop.is_set():
            sum(range(1000))

    burners = [threading.Thread(target=burn) for _ in range(2)]
    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in (*burners, *threads):
        thread.start()
    for thread in threads:
        thread.join()
    stop.set()
    for thread in burners:
        thread.join()
    assert failed == []


def test_files_that_changed_since_they_were_trusted_do_not_judge(court: Court) -> None:
    """A new process loads the very files that are pinned, or none: an edit or an uninstalled plugin denies."""
    assert court.ask("fine") is not None
    module = court.make.folder / "waiaas_demo_hostile.py"
    before = module.read_text()
    module.write_text(before.replace("Tier.DENY", "Tier.INSTANT"))
    court.denied("exit at once")
    assert court.denied("fine") == CRASHED
    assert court.of("GOOD").judge(written("good", "GOOD"), FACTS) is None


def test_rules_are_read_and_compared_there_too(court: Court) -> None:
    """A type cannot hang the writing of a policy: rules are read, made canonical and compared in its process."""
    assert (
        court.judges.read_rules("HOSTILE", {"how": "ask", "note": "alice"}, Reader()) == '{"how":"ask","note":"ALICE"}'
    )
    for rules, said in (
        ({"how": "ask", "note": "bob"}, "HOSTILE: no address"),
        ({"how": 1}, "HOSTILE: how: must be a text"),
        ({"how": "hang at writing"}, "did not judge"),
        ({"how": "hang in rules"}, "did not judge"),
    ):
        with pytest.raises(BadRequest, match=said) as caught:
            court.judges.read_rules("HOSTILE", rules, Reader())
        assert caught.value.code == "INVALID_RULES"
    compared = {new: court.judges.is_tighter("HOSTILE", '{"how":"x"}', f'{{"how":"{new}"}}') for new in TIGHTER}
    assert compared == TIGHTER


TIGHTER = {"tighter": True, "x": False, "a word": False, "hang at comparing": False}


def test_processes_end_with_the_house(court: Court) -> None:
    """After the end no process judges, and asking starts none."""
    court.ask("fine")
    pid = court.pid
    court.judges.close()
    assert not Path(f"/proc/{pid}").exists()
    assert court.denied("fine") == CRASHED
