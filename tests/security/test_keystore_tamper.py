"""Invariants 2 and 20: a key file that is not the agent's own, whole and private signs nothing, and is named."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.harness.books import check_audit, check_finished, check_ledger, check_payments
from tests.harness.deadline import until
from tests.harness.house import House, Wallet, confirmed

Damage = Callable[[Path, Path], None]


def _rewrite(path: Path, content: bytes) -> None:
    path.write_bytes(content)


def _edited(path: Path, field: str, value: object) -> None:
    path.write_text(json.dumps({**json.loads(path.read_text()), field: value}))


def _flipped(path: Path) -> None:
    sealed = str(json.loads(path.read_text())["ciphertext"])
    _edited(path, "ciphertext", ("A" if sealed[0] != "A" else "B") + sealed[1:])


def _linked(path: Path) -> None:
    real = path.parent.parent / f"moved-{path.name}"
    path.rename(real)
    path.symlink_to(real)


def _passed_off(own: Path, other: Path) -> None:
    agent_id = json.loads(own.read_text())["agent_id"]
    _rewrite(own, other.read_bytes())
    _edited(own, "agent_id", agent_id)


DAMAGES: Mapping[str, Damage] = {
    "another agent's file": lambda own, other: _rewrite(own, other.read_bytes()),
    "another agent's file under this agent's id": _passed_off,
    "a byte of the sealed key": lambda own, other: _flipped(own),
    "another address": lambda own, other: _edited(own, "address", json.loads(other.read_text())["address"]),
    "another chain": lambda own, other: _edited(own, "chain", "evm"),
    "another public key": lambda own, other: _edited(own, "public_key", json.loads(other.read_text())["public_key"]),
    "cut off": lambda own, other: _rewrite(own, own.read_bytes()[:-40]),
    "emptied": lambda own, other: _rewrite(own, b""),
    "missing": lambda own, other: own.unlink(),
    "a link": lambda own, other: _linked(own),
    "readable by others": lambda own, other: own.chmod(0o644),
}


def test_a_key_file_that_was_touched_signs_nothing_and_is_named(house: House) -> None:
    """Whatever is done to a key file, its agent's payment is kept unsigned and names the file, others go on paying, and with
    the file back the payment is made, once."""
    house.start()
    other = house.instant()
    hurt = {name: (house.instant(), house.case.new_recipient()) for name in DAMAGES}
    kept = {name: _file(house, wallet).read_bytes() for name, (wallet, _) in hurt.items()}
    for name, (wallet, _) in hurt.items():
        DAMAGES[name](_file(house, wallet), _file(house, other))
    sent = {
        name: house.client(wallet).send(wait=0, **house.case.payment(recipient)).id
        for name, (wallet, recipient) in hurt.items()
    }
    for name, (wallet, _) in hurt.items():
        _named_on_payment(house, sent[name], _file(house, wallet).name, name)
        assert "agent.key_damaged" in house.events(sent[name]), name
    confirmed(house, house.client(other).send(**house.case.payment(house.case.new_recipient())))
    for name, (_, recipient) in hurt.items():
        assert house.row(sent[name])["status"] == "EXECUTING", name
        assert "transaction.signed" not in house.events(sent[name]), name
        assert house.chain.payments(recipient=recipient) == [], name
    for name, (wallet, _) in hurt.items():
        _put_back(_file(house, wallet), kept[name])
    for name, (_, recipient) in hurt.items():
        confirmed(house, sent[name])
        assert len(house.chain.payments(recipient=recipient)) == 1, name
    check_audit(house)
    for wallet in (other, *(wallet for wallet, _ in hurt.values())):
        check_finished(house, wallet)
        check_payments(house, wallet)
        check_ledger(house, wallet)


def _file(house: House, wallet: Wallet) -> Path:
    return house.paths.keystore / f"{wallet.agent_id}.json"


def _named_on_payment(house: House, tx_id: str, file: str, name: str) -> None:
    def complaint() -> str:
        row = house.row(tx_id)
        return str(row["error"]) if row["error_code"] == "KEYSTORE_DAMAGED" else ""

    found = until(complaint, f"the payment to tell of {name}")
    assert f"keystore/{file}" in found, (name, found)


def _put_back(path: Path, content: bytes) -> None:
    path.unlink(missing_ok=True)
    path.write_bytes(content)
    os.chmod(path, 0o600)
