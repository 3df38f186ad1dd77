"""What only a holder of the password can know: the raw keys of a keystore, opened with the signer's own code."""

from pathlib import Path

from tests.security.canaries import Canary
from waiaas.keystore import envelope, sodium
from waiaas.keystore.memory import LockedMemory


def raw_keys(keystore: Path, password: str) -> list[Canary]:
    """The data key and every agent's private key, alone and as the pair that Solana's tools write."""
    memory = LockedMemory(8192)
    given = memory.slot(len(password.encode()))
    data_key, run, subkey = memory.slot(32), memory.slot(envelope.RUN_BYTES), memory.slot(32)
    opened = memory.slot(32)
    given.view[:] = password.encode()
    envelope.open_master((keystore / envelope.MASTER_NAME).read_bytes(), given, data_key, run)
    sodium.derive_into(subkey, data_key, envelope.AGENT_KEYS)
    found = [Canary("the data key", bytes(data_key.view)), Canary("the keys' subkey", bytes(subkey.view))]
    for path in sorted(keystore.glob("*-*.json")):
        header = envelope.open_key(path.read_bytes(), path.stem, opened, subkey)
        seed = bytes(opened.view)
        found += [Canary(f"the key of {path.stem}", seed)]
        found += [Canary(f"the key pair of {path.stem}", seed + bytes.fromhex(header.public_key))]
    return found
