"""A new data key for everything that hangs on it: prepared beside, switched with one rename, finished by whoever comes next.

``keystore.next`` is work in progress and is thrown away by the next one who looks. Renamed to ``keystore.switch`` it is
decided: what it holds is moved to its places, which needs no secret and may be repeated (:doc:`docs/keystore.md`).
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from waiaas.config import DataDir, sync_folder
from waiaas.engine.channel_configs import PURPOSE as CHANNELS
from waiaas.engine.channel_configs import reseal
from waiaas.engine.head import PURPOSE as HEAD
from waiaas.engine.head import Head
from waiaas.engine.row_watch import PURPOSE as ROWS
from waiaas.errors import StartRefused
from waiaas.keystore.argon import ArgonParams
from waiaas.keystore.desk import Desk
from waiaas.keystore.envelope import MASTER_NAME
from waiaas.keystore.files import make_private_folder, write_private
from waiaas.keystore.master import check_password_strength
from waiaas.keystore.opened import opened
from waiaas.keystore.rekeying import Rekeying
from waiaas.store.channel_configs import read_configs, replace_configs
from waiaas.store.resealing import resealed, write_seals

NEXT, SWITCH = "keystore.next", "keystore.switch"
_CONFIGS, _SEALS, _HEAD = "channels.json", "seals.json", "head"
Observe = Callable[[str], None]


def _unobserved(step: str) -> None:
    """Nobody watches."""


def rekey(
    paths: DataDir,
    desk: Desk,
    old: bytearray,
    new: bytearray,
    params: ArgonParams,
    *,
    min_length: int,
    observe: Observe = _unobserved,
) -> int:
    """Draw a new data key and seal everything under it. Two Argon2 runs. The caller holds the directory's lock.

    :param observe: told of each durable step
    :returns: how many files were sealed anew
    :raises StartRefused: WEAK_PASSWORD, WRONG_PASSWORD, KEYSTORE_DAMAGED; nothing is changed then
    """
    check_password_strength(new, min_length)
    finish(paths)
    staging = paths.root / NEXT
    with opened(paths.keystore, desk, old):
        try:
            make_private_folder(staging)
            work = Rekeying(paths.keystore, staging, desk)
            count = work.write_keys()
            observe("keys")
            _stage_configs(paths, staging, work)
            observe("configs")
            _stage_head(paths, staging, work)
            observe("head")
            work.write_master(new, params)
            observe("master")
        except BaseException:
            shutil.rmtree(staging, ignore_errors=True)
            raise
        os.rename(staging, paths.root / SWITCH)
        sync_folder(paths.root)
        observe("switched")
        finish(paths, observe)
    return count


def finish(paths: DataDir, observe: Observe = _unobserved) -> bool:
    """Complete a change that was decided, forget one that was not. May be called again. The caller holds the lock.

    :returns: whether there was one to complete
    """
    if (paths.root / NEXT).exists():
        shutil.rmtree(paths.root / NEXT)
    switch = paths.root / SWITCH
    if not switch.exists():
        return False
    _switch_configs(paths, switch)
    observe("configs switched")
    _switch_head(paths, switch)
    observe("head switched")
    for name in sorted(os.listdir(switch), key=lambda name: (name == MASTER_NAME, name)):
        os.rename(switch / name, paths.keystore / name)
        sync_folder(paths.keystore)
        observe(f"moved {name}")
    switch.rmdir()
    sync_folder(paths.root)
    return True


def _stage_configs(paths: DataDir, staging: Path, work: Rekeying) -> None:
    before, after = work.subkeys(CHANNELS)
    configs = {channel: reseal(text, before, after) for channel, text in read_configs(paths.database).items()}
    write_private(staging / _CONFIGS, json.dumps(configs).encode())
    before, after = work.subkeys(ROWS)
    write_private(staging / _SEALS, json.dumps(resealed(paths.database, before, after, configs)).encode())


def _stage_head(paths: DataDir, staging: Path, work: Rekeying) -> None:
    if not paths.head.exists():
        return
    before, after = work.subkeys(HEAD)
    head = Head.opened(paths.head.read_bytes(), before)
    if head is None:
        raise StartRefused(
            "data/head is damaged or another's",
            hint="start the daemon once, so that it deals with this directory; then stop it and run this again",
        )
    write_private(staging / _HEAD, head.sealed(after))


def _switch_configs(paths: DataDir, switch: Path) -> None:
    path = switch / _CONFIGS
    if path.exists():
        replace_configs(paths.database, json.loads(path.read_bytes()))
        path.unlink()
    path = switch / _SEALS
    if path.exists():
        write_seals(paths.database, json.loads(path.read_bytes()))
        path.unlink()


def _switch_head(paths: DataDir, switch: Path) -> None:
    path = switch / _HEAD
    if path.exists():
        write_private(paths.head, path.read_bytes())
        path.unlink()
