"""The books: what database, audit log and chain must agree on whenever nothing is under way."""

from collections import Counter

from tests.harness.house import House, Wallet
from waiaas.engine.rules.transaction_states import FINISHED, MOVES
from waiaas.interfaces.money import USD
from waiaas.store.audit_chain import verify_file

_LEAVES_ACCOUNT = ("amount", "fee", "rent")


def check_books(house: House, *wallets: Wallet) -> None:
    """Everything that must hold of finished payments: audit, reservations, ledger, chain.

    :raises AssertionError: naming what does not agree, or a row that is not finished
    """
    check_audit(house)
    check_log(house)
    for wallet in wallets:
        check_finished(house, wallet)
        check_payments(house, wallet)
        check_ledger(house, wallet)


def check_log(house: House) -> None:
    """Nothing happened that the code did not expect: no stack trace, and no row that its lane gave up on for a while."""
    odd = [
        line for line in house.log() if "trace" in line or (line["logger"], line["level"]) == ("waiaas.lanes", "error")
    ]
    assert not odd, odd


def check_finished(house: House, wallet: Wallet) -> None:
    """Every row of the wallet rests, and holds no reservation any more (invariant 5)."""
    rows = house.rows("SELECT id, status FROM transactions WHERE agent_id = ?", wallet.agent_id)
    unfinished = [(row["id"], row["status"]) for row in rows if row["status"] not in FINISHED]
    assert not unfinished, f"these are not finished: {unfinished}"
    left = house.rows("SELECT * FROM reservations WHERE agent_id = ?", wallet.agent_id)
    assert not left, f"these reservations were left behind: {left}"


def check_audit(house: House) -> None:
    """The chain of audit rows is whole and tells of every change of state, each one allowed (invariant 20)."""
    report = verify_file(house.paths.database, transitions=MOVES)
    assert report.is_intact, report.problems


def check_payments(house: House, wallet: Wallet) -> None:
    """On chain are the CONFIRMED rows, each once with its own hash, amount and recipient, and nothing else."""
    sent = house.rows("SELECT * FROM transactions WHERE agent_id = ?", wallet.agent_id)
    booked = [(row["tx_hash"], row["to_address"], int(row["amount"])) for row in sent if row["status"] == "CONFIRMED"]
    paid = [(one.tx_hash, one.recipient, one.units) for one in house.chain.payments(sender=wallet.address)]
    assert sorted(paid) == sorted(booked)
    without_hash = [row["id"] for row in sent if row["status"] in ("SUBMITTED", "CONFIRMED") and not row["tx_hash"]]
    assert not without_hash, f"these were signed and have no hash: {without_hash}"


def check_ledger(house: House, wallet: Wallet) -> None:
    """The ledger holds what left the account, fees included, and no more. What that was worth in dollars left no account."""
    booked: Counter[str] = Counter()
    for entry in house.rows("SELECT * FROM spend_ledger WHERE agent_id = ?", wallet.agent_id):
        if entry["kind"] in _LEAVES_ACCOUNT and entry["asset"] != USD:
            booked[entry["asset"]] += int(entry["amount"])
    assert dict(booked) == dict(house.chain.left(wallet.address))
