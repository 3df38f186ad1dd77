"""The child process that asks one plugin: ``python -P -m waiaas.registry.probe <fd> <name> <distribution>``.

Writes one line of JSON to the given descriptor: apiVersion, error, registers. Standard output belongs to nobody, since a
plugin may print. Ends when its standard input does, so that it never outlives who asked. Its memory is bounded.
"""

import json
import os
import resource
import sys
import threading
from dataclasses import asdict

from waiaas.hookspecs import PLUGIN_API_VERSION
from waiaas.registry.asking import Answer, Fault, ask
from waiaas.registry.installed import installed

SPARE_MEMORY = 1 << 30
"""Address space, of which libraries map much more than they use."""


def main(arguments: list[str]) -> None:
    """Ask, answer, end without running anybody's exit handlers."""
    descriptor, name, distribution = int(arguments[0]), arguments[1], arguments[2]
    os.set_inheritable(descriptor, False)
    _limit_memory()
    threading.Thread(target=_end_with_parent, daemon=True).start()
    os.write(descriptor, json.dumps(_answer(name, distribution)).encode() + b"\n")
    os._exit(0)


def _answer(name: str, distribution: str) -> dict[str, object]:
    try:
        found = _asked(name, distribution)
    except Fault as fault:
        return {"apiVersion": fault.api_version, "error": fault.message, "registers": None}
    return {"apiVersion": found.api_version, "error": None, "registers": asdict(found.registers)}


def _asked(name: str, distribution: str) -> Answer:
    for plugin in installed():
        if (plugin.name, plugin.distribution) == (name, distribution):
            return ask(plugin, PLUGIN_API_VERSION)
    raise Fault("it is no longer installed")


def _limit_memory() -> None:
    """No core, and so much address space besides what is mapped by now: a plugin that wants more fails in here."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform != "linux":
        return
    with open("/proc/self/statm", encoding="ascii") as file:
        most = int(file.read().split()[0]) * resource.getpagesize() + SPARE_MEMORY
    _, hard = resource.getrlimit(resource.RLIMIT_AS)
    least = most if hard == resource.RLIM_INFINITY else min(most, hard)
    resource.setrlimit(resource.RLIMIT_AS, (least, least))


def _end_with_parent() -> None:
    while os.read(0, 1):
        pass
    os._exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
