"""``waiaas init``'s part: a password that is worth something, and ``master.json``.

Runs in the CLI process, once, with no plugin loaded.
"""

import time
from pathlib import Path

from waiaas.errors import StartRefused
from waiaas.keystore import envelope, sodium
from waiaas.keystore.argon import ArgonParams
from waiaas.keystore.files import make_private_folder, write_private
from waiaas.keystore.memory import LockedMemory
from waiaas.keystore.password_text import as_sealed
from waiaas.keystore.strength import weakness
from waiaas.keystore.wire import MAX_PASSWORD

__all__ = ["ArgonParams", "check_password_strength", "create_master"]

_DEFAULT_MIN_LENGTH = 12


def check_password_strength(password: bytearray, min_length: int, called: str = "the master password") -> None:
    """Refuse a password that is short or easily guessed.

    :param password: UTF-8, left as it is
    :param min_length: in characters
    :param called: what the refusal calls it
    :raises StartRefused: WEAK_PASSWORD, without any part of the password
    """
    sealed = as_sealed(password)
    why = weakness(sealed, min_length)
    sealed[:] = bytes(len(sealed))
    if why is not None:
        raise StartRefused(
            f"{called} {why}",
            code="WEAK_PASSWORD",
            hint="use several unrelated words, or let a password manager make one",
        )


def create_master(
    folder: Path, password: bytearray, params: ArgonParams, *, min_length: int = _DEFAULT_MIN_LENGTH
) -> None:
    """Write a new ``master.json``: a random data key, wrapped under the password. One Argon2 run, then durable.

    :param folder: the keystore folder; created with mode 0700 when it is not there
    :param password: UTF-8, left as it is; not kept
    :raises StartRefused: WEAK_PASSWORD; DATA_DIR_UNSAFE; START_REFUSED when there is a ``master.json`` already
    """
    check_password_strength(password, min_length)
    make_private_folder(folder)
    memory, sealed = LockedMemory(2 * MAX_PASSWORD), as_sealed(password)
    try:
        data_key, held, run = memory.slot(32), memory.slot(len(sealed)), memory.slot(envelope.RUN_BYTES)
        held.view[:] = sealed
        sodium.random_into(data_key)
        text = envelope.seal_master(data_key, held, params, run, int(time.time()))
    finally:
        sealed[:] = bytes(len(sealed))
        memory.wipe()
    try:
        write_private(folder / envelope.MASTER_NAME, text, replace=False)
    except FileExistsError:
        raise StartRefused(
            f"{folder.name}/{envelope.MASTER_NAME} exists",
            hint="a keystore is created once; choose another data directory",
        ) from None
