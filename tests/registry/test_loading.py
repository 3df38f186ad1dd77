import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.registry.conftest import POLICY, Maker, pinned, workshop
from waiaas import builtin
from waiaas.interfaces.events import Event
from waiaas.registry import Lock, PluginInfo, PluginStatus, Registers, describe, load, parse, to_wire, trust

EVENT = Event(id=1, name="agent.created", at=1, severity="info", actor="system")
BROKEN = {
    "raises at import": ("raise RuntimeError('no \\x1b[31mluck\\u202e')", "import failed: RuntimeError: no [31mluck"),
    "exits at import": ("raise SystemExit(3)", "import failed: SystemExit: 3"),
    "is no Python": ("def (", "import failed: SyntaxError"),
    "raises in a hook": ("@hookimpl\ndef waiaas_policy_types():\n    return 1 / 0", "waiaas_policy_types failed: Zero"),
    "returns no list": ("@hookimpl\ndef waiaas_policy_types():\n    pass", "waiaas_policy_types returned NoneType"),
    "returns no class": ("@hookimpl\ndef waiaas_policy_types():\n    return [3]", "int is no class of PolicyType"),
    "returns another class": (
        "@hookimpl\ndef waiaas_chain_adapters():\n    return [BaseModel]",
        "BaseModel is no class of ChainAdapter",
    ),
    "returns an abstract class": (
        "class Half(PolicyType):\n    type = 'HALF'\n\n@hookimpl\ndef waiaas_policy_types():\n    return [Half]",
        "Half lacks judge, windows",
    ),
    "says one type twice": (POLICY.format(type="T").replace("[Policy]", "[Policy, Policy]"), "returned T twice"),
    "has rules without a schema": (
        "from collections.abc import Callable\n"
        + POLICY.format(type="ODD").replace("    pass", "    call: Callable[[], None]", 1),
        "Policy.rules_model has no JSON Schema",
    ),
    "has a bad word for its type": (POLICY.format(type="spending limit"), "Policy.type does not match"),
    "states no API version": (
        "del waiaas_plugin_api\n" + POLICY.format(type="T"),
        "it does not state waiaas_plugin_api",
    ),
    "states another API version": (
        "waiaas_plugin_api = 2\n" + POLICY.format(type="T"),
        "it states plugin API 2, this is 1",
    ),
    "states the version as a boolean": (
        "waiaas_plugin_api = True\n" + POLICY.format(type="T"),
        "it does not state waiaas_plugin_api",
    ),
    "misspells a hook": ("@hookimpl\ndef waiaas_policy_typs():\n    return []", "checking hooks failed"),
    "asks for what a hook does not give": ("@hookimpl\ndef waiaas_event(evnt):\n    pass", "registering hooks failed"),
    "forgets to mark its hooks": ("def waiaas_policy_types():\n    return []", "it implements no hook"),
    "wraps a hook": (
        "@hookimpl(wrapper=True)\ndef waiaas_policy_types():\n    return (yield)",
        "it wraps the hook waiaas_policy_types",
    ),
    "wraps a hook the old way": (
        "@hookimpl(hookwrapper=True)\ndef waiaas_event():\n    yield",
        "it wraps the hook waiaas_event",
    ),
}


def by_name(infos: tuple[PluginInfo, ...]) -> dict[str, PluginInfo]:
    return {info.name: info for info in infos}


def test_a_trusted_plugin_is_loaded_with_what_it_brings(good: Maker) -> None:
    """Its policy types are instances, its channels classes, and the list says where each came from."""
    registry = load(pinned("good"))
    assert by_name(registry.plugins)["demo-good"] == PluginInfo(
        name="demo-good",
        version="1.0",
        distribution="waiaas-demo-good",
        status=PluginStatus.LOADED,
        api_version=1,
        registers=Registers(policy_types=("GOOD",), channels=("PIGEON",)),
    )
    assert type(registry.policy_types["GOOD"]).__name__ == "Policy"
    assert registry.policy_origins["GOOD"] == "demo-good"
    assert registry.channels["PIGEON"].__name__ == "Channel"


def test_the_registry_cannot_be_changed(good: Maker) -> None:
    """Nobody adds or replaces an entry after loading."""
    registry = load(pinned("good"))
    for entries in (registry.chains, registry.policy_types, registry.channels, registry.policy_origins):
        with pytest.raises(TypeError):
            entries["X"] = None  # type: ignore[index]


def test_an_untrusted_plugin_is_never_imported(good: Maker) -> None:
    """A plugin that the lock does not name is listed as untrusted, and its code runs nowhere."""
    for infos in (load(Lock()).plugins, describe(Lock())):
        info = by_name(infos)["demo-good"]
        assert (info.status, info.registers) == (PluginStatus.UNTRUSTED, None)
        assert "waiaas plugins trust demo-good" in str(info.error)
    assert good.imported("good") == []


@pytest.mark.parametrize("editable", [False, True])
def test_a_plugin_changed_since_it_was_trusted_is_not_imported(make: Maker, editable: bool) -> None:
    """Other bytes in its files, also where it is installed for editing, take the trust away until it is given again."""
    module = make("good", POLICY.format(type="GOOD"), editable=editable)
    lock = pinned("good")
    before = make.imported("good")
    module.write_text(module.read_text() + "\n# other\n")
    for infos in (load(lock).plugins, describe(lock)):
        info = by_name(infos)["demo-good"]
        assert info.status is PluginStatus.UNTRUSTED
        assert "not those that were trusted" in str(info.error)
    assert make.imported("good") == before
    assert by_name(load(pinned("good")).plugins)["demo-good"].status is PluginStatus.LOADED


def test_another_version_than_the_trusted_one_is_not_imported(good: Maker) -> None:
    """The version of the lock is compared too."""
    text = pinned("good").render().replace('"1.0"', '"0.9"')
    info = by_name(load(parse(text)).plugins)["demo-good"]
    assert info.status is PluginStatus.UNTRUSTED
    assert "version 1.0 is installed, 0.9 was trusted" in str(info.error)


def test_a_name_taken_over_by_another_distribution_is_untrusted(good: Maker) -> None:
    """Trust is in a distribution, so a second one does not inherit it by using the name."""
    lock = pinned("good")
    good("other", POLICY.format(type="OTHER"), name="demo-good")
    infos = {info.distribution: info for info in load(lock).plugins}
    assert infos["waiaas-demo-good"].status is PluginStatus.LOADED
    assert infos["waiaas-demo-other"].status is PluginStatus.UNTRUSTED
    assert "trusts the distribution waiaas-demo-good under this name" in str(infos["waiaas-demo-other"].error)
    assert good.imported("other") == []


def test_a_disabled_plugin_is_not_imported(good: Maker) -> None:
    """plugins.disable, a plugins.allow that leaves it out, and the lock's own switch each keep it out."""
    lock = pinned("good")
    before = good.imported("good")
    off = lock.switch("demo-good", enabled=False)
    for infos in (
        load(lock, disable=["demo-good"]).plugins,
        load(lock, allow=["waiaas-builtin"]).plugins,
        load(off).plugins,
        describe(off),
        describe(None, disable=["demo-good"]),
    ):
        assert by_name(infos)["demo-good"].status is PluginStatus.DISABLED
    assert good.imported("good") == before
    assert by_name(load(off.switch("demo-good", enabled=True)).plugins)["demo-good"].status is PluginStatus.LOADED
    assert by_name(load(lock, allow=["demo-good"]).plugins)["demo-good"].status is PluginStatus.LOADED


def test_a_pinned_plugin_that_is_gone_is_missing(good: Maker) -> None:
    """What the lock names and nothing provides is listed with its distribution and version."""
    text = pinned("good").render().replace("good", "gone")
    for infos in (load(parse(text)).plugins, describe(parse(text))):
        info = by_name(infos)["demo-gone"]
        assert (info.status, info.version, info.distribution) == (PluginStatus.MISSING, "1.0", "waiaas-demo-gone")


Views = dict[str, dict[str, PluginInfo]]


@pytest.fixture(scope="module")
def views(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Views]:
    """What became of a healthy plugin among all the broken ones: in the list, at a first load, and in the daemon itself."""
    words = [f"bad{number}" for number in range(len(BROKEN))]
    with workshop(tmp_path_factory.mktemp("broken")) as make:
        for word, (code, _) in zip(words, BROKEN.values(), strict=True):
            make(word, code)
        make("good", POLICY.format(type="GOOD"))
        unexamined = pinned(*words, "good", examined=False)
        daemon = load(pinned(*words, "good"))
        assert list(daemon.policy_types) == ["GOOD"]
        yield {
            "list": by_name(describe(unexamined)),
            "first load": by_name(load(unexamined).plugins),
            "daemon": by_name(daemon.plugins),
        }


@pytest.mark.parametrize("view", ["list", "first load", "daemon"])
@pytest.mark.parametrize("fault", BROKEN)
def test_a_broken_plugin_is_listed_and_left_out(views: Views, fault: str, view: str) -> None:
    """Whatever a plugin does wrong, it is listed with a printable reason, and a healthy one loads beside it."""
    bad = views[view][f"demo-bad{list(BROKEN).index(fault)}"]
    assert (bad.status, bad.registers) == (PluginStatus.FAILED, None)
    assert BROKEN[fault][1] in str(bad.error)
    assert str(bad.error).isprintable()
    assert views[view]["demo-good"].status is PluginStatus.LOADED


def test_a_wrong_api_version_is_shown(views: Views) -> None:
    """The list says what the plugin states, so that its owner sees which side is old."""
    word = f"demo-bad{list(BROKEN).index('states another API version')}"
    assert {view: infos[word].api_version for view, infos in views.items()} == dict.fromkeys(views, 2)


@pytest.mark.parametrize(
    "code",
    [
        "import time\nwhile True: time.sleep(1)",
        "@hookimpl\ndef waiaas_policy_types():\n    while True: os.sched_yield()",
    ],
    ids=["import", "hook"],
)
def test_a_plugin_that_hangs_is_listed_and_left_out(good: Maker, code: str) -> None:
    """A hang at import or in a hook costs its time limit and nothing else: in the list, at trust and at load."""
    good("hangs", code)
    lock = trust(Lock(), ["demo-hangs"], limit=1.0)
    assert lock == pinned("hangs", examined=False)
    loaded = load(pinned("good").put(lock.pins), limit=1.0)
    for infos in (describe(lock, limit=1.0), loaded.plugins):
        info = by_name(infos)["demo-hangs"]
        assert (info.status, info.error) == (PluginStatus.FAILED, "it did not answer within 1 seconds")
    assert list(loaded.policy_types) == ["GOOD"]
    assert os.getpid() not in good.imported("hangs")


def test_a_plugin_that_hangs_only_in_the_daemon_does_not_keep_it_from_starting(good: Maker) -> None:
    """A plugin that answered in its child and hangs here is given up after the limit."""
    gate = good.marks / "open"
    wait = f"import time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)\n"
    good("later", wait + POLICY.format(type="LATER"))
    registry = load(pinned("good", "later"), limit=1.0)
    gate.touch()
    assert by_name(registry.plugins)["demo-later"].error == "it did not answer within 1 seconds"
    assert list(registry.policy_types) == ["GOOD"]


@pytest.mark.parametrize(
    ("code", "how"), [("os._exit(7)", "exit code 7"), ("os.kill(os.getpid(), 11)", "signal 11")], ids=["exit", "crash"]
)
def test_a_plugin_that_ends_its_process_ends_only_a_child(good: Maker, code: str, how: str) -> None:
    """An exit or a crash at import happens in the child that examines it, never in the daemon."""
    good("ends", code)
    lock = pinned("ends", examined=False)
    for infos in (describe(lock), load(lock).plugins):
        info = by_name(infos)["demo-ends"]
        assert info.status is PluginStatus.FAILED
        assert how in str(info.error)
    assert os.getpid() not in good.imported("ends")


def test_a_childs_own_children_end_with_it(make: Maker) -> None:
    """A process that a plugin starts while it is examined does not survive the examination."""
    pid_file = make.marks / "grandchild"
    start = f"pathlib.Path({str(pid_file)!r}).write_text(str(subprocess.Popen(['sleep', '600']).pid))\n"
    make("forks", "import subprocess\n" + start + POLICY.format(type="F"))
    describe(pinned("forks", examined=False))
    assert eventually(lambda: not is_running(int(pid_file.read_text())))


def test_a_child_ends_with_the_process_that_asked(make: Maker) -> None:
    """When the process that examines a hanging plugin is killed, its child does not stay behind."""
    make("hangs", "import time\nwhile True: time.sleep(1)")
    asking = "from waiaas.registry import describe; describe(None)"
    environ = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    parent = subprocess.Popen([sys.executable, "-c", asking], env=environ)
    try:
        assert eventually(lambda: len(make.imported("hangs")) == 1)
    finally:
        parent.kill()
        parent.wait()
    assert eventually(lambda: not is_running(make.imported("hangs")[0]))


def is_running(pid: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return stat.rpartition(")")[2].split()[0] != "Z"


def eventually(claim: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 10
    while not claim():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def test_what_a_plugin_prints_is_not_taken_for_an_answer(make: Maker) -> None:
    """Noise on standard output and error does not disturb what is learnt."""
    make(
        "noisy", "import sys\nsys.stdout.write('{}\\n')\nsys.stderr.write('x' * 100000)\n" + POLICY.format(type="NOISY")
    )
    info = by_name(describe(pinned("noisy")))["demo-noisy"]
    assert info.registers == Registers(policy_types=("NOISY",))


def test_a_child_sees_no_variable_of_ours(make: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    """A plugin that is only examined cannot read the master password from its environment."""
    monkeypatch.setenv("WAIAAS_MASTER_PASSWORD", "canary-5512")
    seen = make.marks / "seen"
    make("spy", f"pathlib.Path({str(seen)!r}).write_text(repr(dict(os.environ)))\n" + POLICY.format(type="SPY"))
    describe(pinned("spy"))
    assert "PATH" in seen.read_text()
    assert "canary-5512" not in seen.read_text()


def test_of_two_plugins_that_clash_the_one_trusted_first_stays(good: Maker) -> None:
    """The later one is left out whole, with the name of the thing and of who has it; order of names does not matter."""
    good("also", POLICY.format(type="GOOD"))
    for names in (["demo-good", "demo-also"], ["demo-also", "demo-good"]):
        lock = pinned(*(name.removeprefix("demo-") for name in names))
        registry = load(lock)
        for infos in (registry.plugins, describe(lock)):
            assert by_name(infos)[names[0]].status is PluginStatus.LOADED
            clashing = by_name(infos)[names[1]]
            assert clashing.status is PluginStatus.FAILED
            assert clashing.error == f"it clashes: the policy type GOOD is already brought by {names[0]}"
        assert registry.policy_origins == {"GOOD": names[0]}
        assert bool(registry.channels) is (names[0] == "demo-good")


def test_a_plugin_is_examined_once_for_the_same_files(good: Maker) -> None:
    """The child process of trust is the last one: loading imports the plugin here alone."""
    lock = trust(Lock(), ["demo-good"])
    assert len(good.imported("good")) == 1
    registry = load(lock)
    assert good.imported("good")[1:] == [os.getpid()]
    assert registry.lock == lock


def test_what_passes_its_examination_at_load_is_remembered(good: Maker) -> None:
    """A pin that was never examined is examined at load, and the registry's lock says so."""
    registry = load(pinned("good", examined=False))
    assert registry.lock == pinned("good")
    assert len(good.imported("good")) == 2


def test_listeners_are_told_what_they_ask_for(make: Maker) -> None:
    """An implementation of waiaas_event gets the event, or nothing where it leaves the argument out."""
    told = "pathlib.Path(%r).write_text(%s)"
    with_event = told % (str(make.marks / "with"), "event.name")
    without = told % (str(make.marks / "without"), "'called'")
    make("with", f"@hookimpl\ndef waiaas_event(event):\n    {with_event}")
    make("without", f"@hookimpl\ndef waiaas_event():\n    {without}")
    registry = load(pinned("with", "without"))
    for listener in registry.listeners:
        listener(EVENT)
    assert [listener.plugin for listener in registry.listeners] == ["demo-with", "demo-without"]
    assert (make.marks / "with").read_text() == "agent.created"
    assert (make.marks / "without").read_text() == "called"


def test_an_object_can_be_a_plugin(make: Maker) -> None:
    """The entry point may name an object; its module may state the API version for it."""
    code = POLICY.format(type="OBJ").replace("@hookimpl\ndef waiaas_policy_types():\n    return [Policy]", "")
    code += (
        "class Plugin:\n    @hookimpl\n    def waiaas_policy_types(self):\n        return [Policy]\n\nplugin = Plugin()"
    )
    make("object", code, point=":plugin")
    registry = load(pinned("object", examined=False))
    assert "OBJ" in registry.policy_types


def test_the_list_has_the_agreed_shape(good: Maker) -> None:
    """Without a data directory everything installed counts as trusted, and each entry has exactly these keys."""
    document = to_wire(describe(None))
    entry = next(plugin for plugin in document["plugins"] if plugin["name"] == "demo-good")
    assert entry == {
        "name": "demo-good",
        "version": "1.0",
        "distribution": "waiaas-demo-good",
        "apiVersion": 1,
        "status": "loaded",
        "error": None,
        "registers": {"chains": [], "policyTypes": ["GOOD"], "channels": ["PIGEON"], "priceSources": []},
    }
    assert os.getpid() not in good.imported("good")


def test_the_shipped_plugin_arrives_by_the_same_path() -> None:
    """waiaas-builtin is an installed entry point, absent unless trusted, and brings its types and its channel."""
    assert by_name(load(Lock()).plugins)["waiaas-builtin"].status is PluginStatus.UNTRUSTED
    registry = load(trust(Lock(), ["waiaas-builtin"]))
    assert set(registry.policy_types) == {kind.type for kind in builtin.waiaas_policy_types()}
    assert set(registry.channels) == {"LOG"}
