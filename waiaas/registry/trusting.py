"""Deciding to trust: pinning plugins by what their files hold now, after trying them in a child process."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from waiaas.errors import NotFound
from waiaas.registry.child import AT_ONCE, LIMIT_SECONDS, examine
from waiaas.registry.installed import Installed, digest, installed
from waiaas.registry.lock import Lock, Pin


def trust(lock: Lock, names: Sequence[str], *, limit: float = LIMIT_SECONDS) -> Lock:
    """Pin the named plugins as they are installed now. Runs their code, each in a child process of its own.

    A plugin that fails there is pinned all the same: the decision is the operator's, and the daemon lists its error.

    :returns: the new lock, to be written by the caller
    :raises NotFound: when a name is not installed, or two distributions bring it
    """
    return lock.put(_pinned([_named(name) for name in dict.fromkeys(names)], limit))


def pin_all(lock: Lock | None = None, *, limit: float = LIMIT_SECONDS) -> Lock:
    """Pin everything that is installed now, as ``waiaas init`` does; of a name that two distributions bring, neither."""
    plugins = installed()
    names = [plugin.name for plugin in plugins]
    chosen = [plugin for plugin in plugins if names.count(plugin.name) == 1]
    chosen.sort(key=lambda plugin: (not plugin.is_own, plugin.name))
    return (lock or Lock()).put(_pinned(chosen, limit))


def _named(name: str) -> Installed:
    found = [plugin for plugin in installed() if plugin.name == name]
    if len(found) > 1:
        both = " and ".join(plugin.distribution for plugin in found)
        raise NotFound(f"more than one distribution brings a plugin {name}: {both}", hint="uninstall all but one")
    if not found:
        raise NotFound(f"no plugin {name} is installed", hint="`waiaas plugins list` shows what is")
    return found[0]


def _pinned(plugins: Sequence[Installed], limit: float) -> list[Pin]:
    """The hash is taken before the code runs: a plugin that changes its own files does not match it."""
    hashes = [digest(plugin) for plugin in plugins]
    with ThreadPoolExecutor(max_workers=AT_ONCE) as pool:
        answers = list(pool.map(lambda plugin: examine(plugin, limit=limit), plugins))
    return [
        Pin(
            name=plugin.name,
            distribution=plugin.distribution,
            version=plugin.version,
            hash=taken,
            examined=answer.error is None,
        )
        for plugin, taken, answer in zip(plugins, hashes, answers, strict=True)
    ]
