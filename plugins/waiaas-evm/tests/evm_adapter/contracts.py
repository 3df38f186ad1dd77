"""The test contracts of the repository, deployed on a node."""

import json
from functools import cache
from pathlib import Path
from typing import Any

from eth_abi.abi import encode
from eth_utils.address import to_checksum_address
from eth_utils.crypto import keccak
from waiaas_evm.localnet import Anvil

_FILE = Path(__file__).parents[4] / "tests" / "contracts" / "contracts.json"
_TOKEN = ("Example Dollar", "EXD", 6)


@cache
def _contracts() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_FILE.read_text())["contracts"]
    return found


def deploy(anvil: Anvil, name: str, *arguments: Any) -> str:
    """Deploy a contract of tests/contracts; its address. :param arguments: of its constructor"""
    contract = _contracts()[name]
    types = next((_types(entry) for entry in contract["abi"] if entry["type"] == "constructor"), [])
    return str(to_checksum_address(anvil.deploy(contract["bytecode"] + encode(types, arguments).hex())))


def deploy_token(anvil: Anvil, name: str = "Standard") -> str:
    """Deploy a token called EXD with 6 decimals."""
    return deploy(anvil, name, *_TOKEN)


def call_data(name: str, method: str, *arguments: Any) -> str:
    """The input of a call. Pure. :param name: the contract; :param method: without overloads"""
    (entry,) = (entry for entry in _contracts()[name]["abi"] if entry.get("name") == method)
    types = _types(entry)
    selector = keccak(text=f"{method}({','.join(types)})")[:4]
    return "0x" + (selector + encode(types, arguments)).hex()


def mint(anvil: Anvil, token: str, to: str, units: int) -> None:
    """Make so much of any of the tokens."""
    anvil.transact(token, call_data("Standard", "mint", to, units))


def _types(entry: dict[str, Any]) -> list[str]:
    return [one["type"] for one in entry["inputs"]]
