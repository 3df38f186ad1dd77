"""Configuration and the data directory.

*Owns*: the registry of keys, ``config.toml``, environment overrides, the paths of the data directory and their permissions.
*May import*: :mod:`waiaas.errors` and pydantic; tomlkit lives here alone, in
:mod:`waiaas.config.template` and :mod:`waiaas.config.editing`.
*Invariant*: a configuration is wholly valid or refused with every finding named; values never change after ``load``; no
secret is in a message, a repr or an explanation.
"""

from waiaas.config.data_dir import DataDir, check, create, locate, sync_folder, write_private
from waiaas.config.settings import Settings, load

__all__ = ["DataDir", "Settings", "check", "create", "load", "locate", "sync_folder", "write_private"]
