"""One reading of an EVM transaction, as each of the readers has it."""

from dataclasses import asdict, dataclass
from typing import Any

import rlp
from eth_account import Account
from eth_account.typed_transactions.typed_transaction import TypedTransaction
from eth_utils.address import to_checksum_address
from hexbytes import HexBytes
from rlp.sedes import big_endian_int, binary
from waiaas_evm.addresses import checksummed
from waiaas_evm.signatures import hash_of, sender_of
from waiaas_evm.transaction import read_signed

from waiaas.errors import Malformed

_LEGACY = rlp.sedes.List(
    [big_endian_int] * 3
    + [rlp.sedes.Binary.fixed_length(20, allow_empty=True), big_endian_int, binary]
    # v, r, s
    + [big_endian_int] * 3
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """Every field of a signed transaction, with who signed it and the hash it is known by."""

    type: int
    chain: int
    nonce: int
    to: str | None
    value: int
    data: str
    gas: int
    max_fee: int
    tip: int
    accesses: int
    r: int
    s: int
    parity: int
    sender: str
    hash: str


def ours(raw: bytes) -> Reading | None:
    """The adapter's; None for what it refuses."""
    try:
        tx, signature = read_signed(raw)
        sender = sender_of(raw)
    except Malformed:
        return None
    fields: dict[str, Any] = {name: value for name, value in asdict(tx).items() if name != "is_legacy"}
    fields |= {"type": 0 if tx.is_legacy else 2, "to": checksummed(tx.to), "data": "0x" + tx.data.hex()}
    return Reading(**fields, **asdict(signature), accesses=0, sender=sender, hash=hash_of(raw))


def from_javascript(fields: dict[str, Any]) -> Reading | None:
    """viem's or ethers'; None for what it refuses. Addresses are compared as accounts: the two spell them differently."""
    if "error" in fields or fields["sender"] is None:
        return None
    numbers = ("type", "chain", "nonce", "value", "gas", "tip", "r", "s", "parity")
    return Reading(
        **{name: int(fields[name]) for name in numbers},
        max_fee=int(fields["maxFee"]),
        accesses=fields["accessList"],
        to=None if fields["to"] is None else str(to_checksum_address(fields["to"])),
        sender=str(to_checksum_address(fields["sender"])),
        data=fields["data"],
        hash=fields["hash"],
    )


def eth_account(raw: bytes) -> Reading | None:
    """eth-account's and rlp's, the libraries under web3.py; None for what they refuse."""
    try:
        sender = str(Account.recover_transaction(HexBytes(raw)))
        fields = _typed(raw) if raw[:1] < b"\x80" else _legacy(raw)
    except Exception:  # noqa: BLE001 - whatever another library raises is its refusal
        return None
    return Reading(**fields, sender=sender, hash=hash_of(raw))


def _typed(raw: bytes) -> dict[str, Any]:
    tx = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
    return {
        "type": int(tx["type"], 16) if isinstance(tx["type"], str) else tx["type"],
        "chain": tx["chainId"],
        "nonce": tx["nonce"],
        "to": _address(tx["to"]),
        "value": tx["value"],
        "data": "0x" + bytes(tx["data"]).hex(),
        "gas": tx["gas"],
        "max_fee": tx["maxFeePerGas"],
        "tip": tx["maxPriorityFeePerGas"],
        "accesses": len(tx["accessList"]),
        "r": tx["r"],
        "s": tx["s"],
        "parity": tx["v"],
    }


def _legacy(raw: bytes) -> dict[str, Any]:
    nonce, price, gas, to, value, data, v, r, s = rlp.decode(raw, _LEGACY)
    return {
        "type": 0,
        "chain": (v - 35) // 2,
        "nonce": nonce,
        "to": _address(to),
        "value": value,
        "data": "0x" + data.hex(),
        "gas": gas,
        "max_fee": price,
        "tip": price,
        "accesses": 0,
        "r": r,
        "s": s,
        "parity": (v - 35) % 2,
    }


def _address(data: bytes) -> str | None:
    return str(to_checksum_address(data)) if data else None
