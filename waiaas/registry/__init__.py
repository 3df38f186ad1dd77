"""Plugins: which are installed, which are trusted, and what they bring.

*Owns*: the entry-point group ``waiaas``, ``plugins.lock`` as text, the loading of plugins, and the frozen registry of chains,
policy types, channels, price sources and listeners.
*May import*: :mod:`waiaas.hookspecs`, :mod:`waiaas.interfaces`, :mod:`waiaas.errors`, :mod:`waiaas.clock`; pluggy lives here.
*Invariant*: nothing of a plugin is imported that the lock does not trust by the hash of its files; no plugin's fault keeps
another or the daemon from loading; after loading, nothing here calls a hook again.

Reading and writing ``plugins.lock`` itself is the caller's business: ``parse(text)`` and ``lock.render()`` make the record.
"""

from waiaas.registry.asking import Fault
from waiaas.registry.installed import Installed, digest, installed
from waiaas.registry.listing import describe, to_wire
from waiaas.registry.loading import load
from waiaas.registry.lock import Lock, Pin, parse
from waiaas.registry.records import Listener, PluginInfo, PluginStatus, Registers, Registry
from waiaas.registry.trusting import pin_all, trust

__all__ = [
    "Fault",
    "Installed",
    "Listener",
    "Lock",
    "Pin",
    "PluginInfo",
    "PluginStatus",
    "Registers",
    "Registry",
    "describe",
    "digest",
    "installed",
    "load",
    "parse",
    "pin_all",
    "to_wire",
    "trust",
]
