"""The keystore's folder as the daemon sees it: clear fields of files, never a key."""

from dataclasses import dataclass
from pathlib import Path

from waiaas.engine.adoption import Adoption
from waiaas.engine.keystore_watch import KeystoreWatch


@dataclass(frozen=True, slots=True, kw_only=True)
class KeystoreFolder:
    """:param adoption: takes over what commands imported; :param watch: brings on record what else they did"""

    path: Path
    adoption: Adoption
    watch: KeystoreWatch

    def has_key(self, agent_id: str) -> bool:
        """Whether the agent's key file is there."""
        return (self.path / f"{agent_id}.json").exists()
