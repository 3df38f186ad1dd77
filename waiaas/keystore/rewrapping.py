"""Another master password for the same keystore: ``master.json`` is written anew, and nothing else."""

import time
from collections.abc import Callable
from pathlib import Path

from waiaas.keystore import envelope
from waiaas.keystore.argon import ArgonParams
from waiaas.keystore.desk import Desk
from waiaas.keystore.files import write_private
from waiaas.keystore.master import check_password_strength
from waiaas.keystore.opened import locked, read_master


def change_password(
    folder: Path,
    desk: Desk,
    old: bytearray,
    new: bytearray,
    params: ArgonParams,
    *,
    min_length: int,
    observe: Callable[[str], None] = lambda step: None,
) -> None:
    """Wrap the data key under a new password. Two Argon2 runs; a crash leaves the old file or the new one.

    A daemon may run: it reads the file each time it is shown a password.

    :param old: and ``new`` are left as they are
    :param params: what a guess of the new password costs
    :param observe: told ``opened``, ``sealed`` and ``replaced``
    :raises StartRefused: WEAK_PASSWORD, WRONG_PASSWORD, KEYSTORE_DAMAGED
    """
    check_password_strength(new, min_length)
    with locked(folder):
        desk.open_master(read_master(folder), old)
        observe("opened")
        text = envelope.seal_master(desk.data_key, desk.new_word(new), params, desk.run, int(time.time()))
        desk.data_key.wipe()
        observe("sealed")
        write_private(folder / envelope.MASTER_NAME, text)
        observe("replaced")
