"""What the signer guards by itself, whatever its client does: the vault, in the test's own process."""

import uuid
from collections.abc import Callable
from pathlib import Path

import pytest

from waiaas.errors import NotReady, Stopped
from waiaas.interfaces.signing import Hash, Scheme
from waiaas.keystore.memory import LockedMemory, Secret
from waiaas.keystore.records import KeyHeader
from waiaas.keystore.vault import VAULT_BYTES, Vault

Put = Callable[[bytes, Scheme, str], KeyHeader]


@pytest.fixture
def vault(keystore: Path, data_key: Secret) -> Vault:
    """An open vault of the keystore."""
    made = Vault(keystore, LockedMemory(VAULT_BYTES))
    made.open(data_key, made.generation)
    return made


def sign(vault: Vault, agent_id: str, epoch: int) -> bytes:
    return vault.sign(agent_id, "tx.other", b"x", Hash.SHA256, epoch)


def test_a_lock_outdates_an_unlock(vault: Vault, data_key: Secret) -> None:
    """A data key that was asked for before a lock does not open the vault after it."""
    before = vault.generation
    vault.lock()
    with pytest.raises(NotReady) as caught:
        vault.open(data_key, before)
    assert caught.value.code == "SIGNER_LOCKED"
    with pytest.raises(NotReady):
        vault.subkey("backups")
    vault.open(data_key, vault.generation)
    assert vault.subkey("backups")


def test_the_stop_epoch_only_rises(vault: Vault, put_key: Put) -> None:
    """A smaller epoch that arrives later changes nothing."""
    header = put_key(b"\x07" * 32, Scheme.ED25519, "other")
    vault.raise_stop_epoch(5)
    vault.raise_stop_epoch(3)
    with pytest.raises(Stopped):
        sign(vault, header.agent_id, 4)
    assert sign(vault, header.agent_id, 5)


def test_a_stop_survives_a_lock(vault: Vault, data_key: Secret) -> None:
    """Locking and unlocking forgets no stop."""
    vault.raise_stop_epoch(5)
    vault.lock()
    vault.open(data_key, vault.generation)
    with pytest.raises(Stopped):
        sign(vault, str(uuid.uuid4()), 4)
