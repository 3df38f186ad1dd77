"""Plugins that would fail at use are found when they are examined; those that hang or eat memory cost little."""

import os
import time

import pytest

from tests.registry.conftest import POLICY, Maker, pinned
from waiaas.registry import PluginInfo, PluginStatus, describe, load

CHAIN = """
from waiaas.interfaces.chain import ChainAdapter
from waiaas.interfaces.signing import Scheme

class Chain(ChainAdapter):
    chain = "odd"
    settings_model = BaseModel
    forms = {{"plain": Scheme.ED25519}}
    @classmethod
    def networks(cls, settings): return ()
    {line}

Chain.__abstractmethods__ = frozenset()

@hookimpl
def waiaas_chain_adapters():
    return [Chain]
"""
FAULTY = {
    "forms = {}": "Chain.forms names no form of address: no agent could be made",
    "forms = {'plain': 'ed25519'}": "Chain.forms is no mapping of words to schemes of the signer",
    "del forms": "Chain.forms names no form of address: no agent could be made",
    "networks = classmethod(lambda cls, settings: 1 / 0)": "Chain.networks failed: ZeroDivisionError: division by zero",
    "networks = classmethod(lambda cls, settings: [3])": "Chain.networks returned what is no Network",
}


def one(infos: tuple[PluginInfo, ...], name: str) -> PluginInfo:
    return next(info for info in infos if info.name == name)


@pytest.mark.parametrize("line", FAULTY)
def test_a_chain_that_could_not_be_used_is_not_called_loaded(make: Maker, line: str) -> None:
    """In the list and at start alike: it fails with the reason, instead of a 500 at the first agent."""
    make("odd", CHAIN.format(line=line))
    lock = pinned("odd")
    for infos in (describe(lock), load(lock).plugins):
        info = one(infos, "demo-odd")
        assert (info.status, info.error) == (PluginStatus.FAILED, FAULTY[line])


def test_a_chain_that_names_no_network_yet_is_loaded(make: Maker) -> None:
    """Its networks may all come from settings."""
    make("odd", CHAIN.format(line="pass"))
    assert one(load(pinned("odd")).plugins, "demo-odd").status is PluginStatus.LOADED


def test_plugins_that_hang_cost_one_limit_together(good: Maker) -> None:
    """Three in their child processes and five in this one, and the sound one is there."""
    for word in ("a", "b", "c"):
        good(word, "import time\nwhile True: time.sleep(1)")
    gate = good.marks / "open"
    for word in ("d", "e", "f", "g", "h"):
        code = f"import time\nwhile not pathlib.Path({str(gate)!r}).exists(): time.sleep(0.01)\n"
        good(word, code + POLICY.format(type=word.upper()))
    lock = pinned("a", "b", "c", examined=False).put(pinned("d", "e", "f", "g", "h", "good").pins)
    began = time.monotonic()
    registry = load(lock, limit=2.0)
    seconds = time.monotonic() - began
    gate.touch()
    assert [info.status for info in registry.plugins].count(PluginStatus.FAILED) == 8
    assert list(registry.policy_types) == ["GOOD"]
    assert seconds < 2.0 * 4.5, "in series it takes eight limits"


def test_a_plugin_that_wants_all_memory_fails_in_its_child(make: Maker) -> None:
    """Two GiB at import: its child process is refused them, and says so."""
    make("greedy", "kept = bytearray(2 << 30)\n" + POLICY.format(type="GREEDY"))
    info = one(describe(pinned("greedy", examined=False)), "demo-greedy")
    assert (info.status, info.error) == (PluginStatus.FAILED, "import failed: MemoryError")


def test_an_answer_without_end_is_cut(make: Maker) -> None:
    """A plugin that brings endlessly long words takes no memory of whoever asked."""
    types = "\n".join(
        f"class P{n}(Policy):\n    type = 'T{n}_' + 'X' * 50\n" for n in range(3000)
    )  # more than an answer may hold
    code = (
        POLICY.format(type="LONG")
        .replace("@hookimpl", types + "\n@hookimpl")
        .replace("[Policy]", "[Policy, *Policy.__subclasses__()]")
    )
    make("long", code)
    info = one(describe(pinned("long", examined=False)), "demo-long")
    assert info.status is PluginStatus.FAILED


def test_without_a_lock_everything_is_asked_in_children(good: Maker) -> None:
    """The process that lists imports nothing."""
    assert one(describe(None), "demo-good").status is PluginStatus.LOADED
    assert os.getpid() not in good.imported("good")
