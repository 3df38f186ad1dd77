"""Configuration and the data directory.

*Owns*: the registry of keys, ``config.toml``, environment overrides, the paths of the data directory and their permissions.
*May import*: :mod:`waiaas.errors`, :mod:`waiaas.interfaces.misfits` and pydantic; tomlkit lives here alone, in
:mod:`waiaas.config.template` and :mod:`waiaas.config.editing`.
*Invariant*: a configuration is wholly valid or refused with every finding named; values never change after ``load``; no
secret is in a message, a repr or an explanation.

What is named here is imported when it is first asked for: a command that only looks where the data directory is must not wait
for everything that reads a configuration.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from waiaas.config.data_dir import DataDir, check, create, locate, sync_folder, write_private
    from waiaas.config.settings import Settings, load

_IN_SETTINGS = frozenset({"Settings", "load"})

__all__ = ["DataDir", "Settings", "check", "create", "load", "locate", "sync_folder", "write_private"]


def __getattr__(name: str) -> Any:
    """PEP 562. Kept once it is found, so that this is asked once a name."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    module = import_module(f"{__name__}.{'settings' if name in _IN_SETTINGS else 'data_dir'}")
    found = globals()[name] = getattr(module, name)
    return found
