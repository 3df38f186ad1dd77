"""The calls that several parts ask, each with the reading of its answer."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any

from waiaas.errors import Unavailable
from waiaas_evm.addresses import address_bytes
from waiaas_evm.erc20 import balance_data, read_number
from waiaas_evm.errand import Errand
from waiaas_evm.fees import Market
from waiaas_evm.rpc import Call, Rpc, as_data, as_list, as_object, as_quantity, required
from waiaas_evm.settings import EvmSettings
from waiaas_evm.traits import Finality

LATEST = "latest"
NEWEST_BLOCK: Call = ("eth_getBlockByNumber", [LATEST, False])
NEXT_BLOCK: Call = ("eth_getBlockByNumber", ["pending", False])
HEIGHT: Call = ("eth_blockNumber", [])
CHAIN: Call = ("eth_chainId", [])


def ask(rpc: Rpc, calls: Mapping[str, Call]) -> dict[str, Any]:
    """Results and errors by name, in one request for a hundred calls. Network."""
    return dict(zip(calls, rpc.try_batch(list(calls.values())), strict=True))


# --- accounts -----------------------------------------------------------------------------------------------------------


def balance_call(address: str) -> Call:
    """Ask for native money."""
    return "eth_getBalance", [address, LATEST]


def count_call(address: str, block: str = LATEST) -> Call:
    """Ask how many transactions an account has in the chain up to a block: its next nonce there."""
    return "eth_getTransactionCount", [address, block]


def code_call(address: str) -> Call:
    """Ask for an account's code."""
    return "eth_getCode", [address, LATEST]


def view_call(contract: str, data: bytes, sender: str | None = None, block: str = LATEST) -> Call:
    """Ask what a contract would answer."""
    asked = {"to": contract, "data": f"0x{data.hex()}"}
    return "eth_call", [asked if sender is None else {"from": sender, **asked}, block]


def token_balance_call(token: str, holder: str) -> Call:
    """Ask what an account holds of a token."""
    return view_call(token, balance_data(address_bytes(holder)))


def read_token_balance(answer: Any) -> int:
    """:raises Unavailable: when the token's contract does not say"""
    units = read_number(as_data(required(answer, "eth_call")))
    if units is None:
        raise Unavailable("the token does not say what the account holds")
    return units


# --- errands ------------------------------------------------------------------------------------------------------------


def as_asked(errand: Errand, sender: str) -> dict[str, str]:
    """An errand as JSON-RPC describes a transaction."""
    return {"from": sender, "to": errand.to, "value": hex(errand.value), "data": f"0x{errand.data.hex()}"}


def estimate_call(errand: Errand, sender: str) -> Call:
    """Ask how much gas it takes after the newest block, where it is tried out too: after what is pending, a recipient who is
    being paid already costs less, and the bytes would not do before that."""
    return "eth_estimateGas", [as_asked(errand, sender), LATEST]


# --- prices -------------------------------------------------------------------------------------------------------------


def market_calls(settings: EvmSettings) -> dict[str, Call]:
    """Ask for the newest block, what recent blocks took, and the price where there is no base fee."""
    history = [hex(settings.tip_blocks), LATEST, [settings.tip_percentile]]
    return {"block": NEWEST_BLOCK, "history": ("eth_feeHistory", history), "gas_price": ("eth_gasPrice", [])}


def read_market(answers: Mapping[str, Any]) -> Market:
    """What :func:`market_calls` asked for.

    :raises Unavailable: when the newest block cannot be read; a history that is missing, null or holds nulls leaves the base
        fee of that block to go by
    """
    block = as_object(required(answers["block"], "eth_getBlockByNumber"))
    height = as_quantity(block.get("number"))
    if block.get("baseFeePerGas") is None:
        price = as_quantity(required(answers["gas_price"], "eth_gasPrice"))
        return Market(height=height, base=None, tips=(), gas_price=price)
    now = as_quantity(block["baseFeePerGas"])
    history = answers["history"]
    # the next base fee is at most an eighth above this one (EIP-1559)
    base = _next_base(history)
    return Market(height=height, base=now + now // 8 + 1 if base is None else base, tips=_tips(history), gas_price=0)


def _next_base(history: Any) -> int | None:
    """None where the node keeps no history, or gives none that can be read: nodes answer null, or arrays of null, too."""
    with suppress(Unavailable):
        bases = as_list(as_object(history).get("baseFeePerGas"))
        return as_quantity(bases[-1]) if bases else None
    return None


def _tips(history: Any) -> tuple[int, ...]:
    """One for each recent block that was not empty: an empty one took nothing from nobody. None where there is no history."""
    with suppress(Unavailable):
        fields = as_object(history)
        rows, used = as_list(fields.get("reward")), as_list(fields.get("gasUsedRatio"))
        return tuple(
            as_quantity(as_list(row)[0]) for row, ratio in zip(rows, used, strict=False) if ratio != 0 and as_list(row)
        )
    return ()


# --- finality -----------------------------------------------------------------------------------------------------------


def final_call(finality: Finality) -> Call:
    """Ask for the newest final block, or for the newest of all where final is a depth."""
    return ("eth_getBlockByNumber", [finality.tag, False]) if finality.tag is not None else HEIGHT


def read_final_height(answer: Any, finality: Finality) -> int:
    """The number of the newest final block; -1 while there is none.

    :raises Unavailable: when the answer cannot be read, or the node does not know the word
    """
    found = required(answer, final_call(finality)[0])
    if finality.tag is None:
        return max(-1, as_quantity(found) - finality.depth)
    return -1 if found is None else as_quantity(as_object(found).get("number"))


def same_chain(answer: Any, number: int) -> None:
    """:raises Unavailable: when a node says that it serves another chain"""
    if as_quantity(required(answer, "eth_chainId")) != number:
        raise Unavailable("the node serves another chain")


def quantities(answers: Sequence[Any], method: str) -> list[int]:
    """Each as a number. :raises Unavailable: when one is none"""
    return [as_quantity(required(answer, method)) for answer in answers]
