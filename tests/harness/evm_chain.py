"""Anvil as two cases: native transfers, and transfers of an ERC-20 token."""

import secrets
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from eth_utils.address import to_checksum_address
from waiaas_evm.localnet import Anvil, find_anvil
from waiaas_sdk import PaymentFields
from waiaas_solana.localnet import Rule
from waiaas_solana.localnet.faults import SWALLOW

from tests.harness.chains import ChainCase, Payment, TestChain
from tests.harness.contracts import call_data, deploy_token, mint
from tests.harness.evm_node import SEND, LyingNode
from tests.harness.evm_payments import EvmPayments
from waiaas.errors import StartRefused
from waiaas.interfaces.ids import asset_id

_CHAIN_ID = "eip155:31337"
_NATIVE = asset_id(_CHAIN_ID, "slip44", "60")
_BLOCK_SECONDS = 0.2
_LONG_BLOCKS = 150
"""More than anything waits for, less than a replica lags that tests have lag by 200."""
_FOR_FEES = 10**19
_TOKEN = "0x5FbDB2315678afecb367f032d93F642f64180aa3"
"""Where the first contract of the node's first account comes to lie, on every fresh chain."""


class EvmChain(TestChain):
    """What is in a block is final; bytes never expire, but the account's next nonce can be used up by somebody else.

    :param token: the address of the token that the case pays with; None for native coins
    """

    def __init__(self, anvil: Anvil, node: LyingNode, token: str | None) -> None:
        self.anvil = anvil
        self.url = node.url
        self._node = node
        self._token = token
        self._payments = EvmPayments(anvil, token)
        self._native: Counter[str] = Counter()
        self._tokens: Counter[str] = Counter()

    def fund(self, address: str, units: int) -> None:
        """Wei; or token units, and wei for fees."""
        if self._token is not None:
            mint(self.anvil, self._token, address, units)
            self._tokens[address] += units
            units = _FOR_FEES
        self.anvil.call("anvil_setBalance", address, hex(self.anvil.balance(address) + units))
        self._native[address] += units

    def new_token(self) -> str:
        """An ERC-20 contract."""
        return deploy_token(self.anvil)

    def left(self, address: str) -> Mapping[str, int]:
        """An account's only way to lose any is a payment of its own; what others spent with its key is left out."""
        gone = {_NATIVE: self._native[address] - self.anvil.balance(address)}
        if self._token is not None:
            gone[asset_id(_CHAIN_ID, "erc20", self._token)] = self._tokens[address] - self._held(address)
        return {asset: units for asset, units in gone.items() if units}

    def payments(self, *, sender: str | None = None, recipient: str | None = None) -> list[Payment]:
        """Those that succeeded."""
        return [
            one for one in self._payments.all() if sender in (None, one.sender) and recipient in (None, one.recipient)
        ]

    def handed_over(self, tx_hash: str) -> int:
        """Counts eth_sendRawTransaction, swallowed ones included."""
        return self._node.handed_over[tx_hash]

    def calls(self) -> int:
        """HTTP requests."""
        return self._node.requests

    def replica_url(self, blocks: int) -> str:
        """A path of the same server."""
        return f"{self.url}/lag/{blocks}"

    def drop_answer(self, times: int | None = 1) -> None:
        """See the base class."""
        self._node.faults.drop_answer(times, SEND)

    def fail_after(self, times: int | None = 1) -> None:
        """See the base class."""
        self._node.faults.fail_after(times, method=SEND)

    def answer_late(self, seconds: float, times: int | None = 1) -> None:
        """See the base class."""
        self._node.faults.late_answer(seconds, times, SEND)

    def swallow(self, times: int | None = 1) -> None:
        """See the base class."""
        self._node.faults.add(Rule(kind=SWALLOW, method=SEND, times=times))

    def refuse_bytes(self, times: int | None = 1) -> None:
        """See the base class."""
        self._node.faults.fail(times, method=SEND)

    def rate_limit(self, times: int | None = 1) -> None:
        """Retry-After is one second."""
        self._node.faults.rate_limit(times)

    def away(self, is_away: bool = True) -> None:
        """See the base class."""
        self._node.faults.away(is_away)

    def withhold_building(self, is_withholding: bool = True) -> None:
        """Nobody learns an account's count."""
        self._node.faults.clear()
        if is_withholding:
            self._node.faults.fail(None, method="eth_getTransactionCount")

    def lag(self, blocks: int) -> None:
        """See the base class."""
        self._node.faults.lag(blocks)

    def masquerade(self) -> None:
        """Chain 1."""
        self._node.is_masked = True

    def forget_history(self) -> None:
        """Headers and balances, no transactions and no receipts."""
        self._node.is_forgetful = True

    def deny_payments(self, is_denying: bool = True) -> None:
        """Other transactions seem to have used the nonces."""
        self._node.deny_payments(is_denying)

    def heal(self) -> None:
        """See the base class."""
        self._node.heal()

    def outlive_bytes(self) -> None:
        """Another program uses the next nonce of every account, and a long time passes."""
        for address in list(self._native):
            self.use_nonce(address)
        tip = self.anvil.advance(_LONG_BLOCKS)
        if self._node.is_still:
            self._node.stand_still(tip)

    def use_nonce(self, address: str) -> str:
        """Another program that has the key pays nothing to nobody; the hash. It is in a block."""
        self.anvil.advance(1)  # what waits in the pool goes first
        self.anvil.call("anvil_impersonateAccount", address)
        receipt = self.anvil.transact(address, sender=address)
        self._native[address] -= int(receipt["gasUsed"], 16) * int(receipt["effectiveGasPrice"], 16)
        return str(receipt["transactionHash"])

    def stand_still(self, is_still: bool = True) -> None:
        """The node shows no further block; what it takes meanwhile waits in its pool, as far as it shows."""
        self._node.stand_still(self.anvil.advance(0) if is_still else None)

    def _held(self, address: str) -> int:
        asked = {"to": self._token, "data": call_data("Standard", "balanceOf", address)}
        return int(self.anvil.call("eth_call", asked, "latest"), 16)


class EvmCase(ChainCase):
    """Native transfers.

    :param options: further options of the node
    """

    name = "evm-native"
    chain = "evm"
    network = "local"
    amount = 10**16
    fee = 10**16
    token: str | None = None
    replaces = True
    options: tuple[str, ...] = ()

    def missing(self) -> str:
        """The node."""
        try:
            find_anvil()
        except StartRefused as error:
            return f"{error.message} ({error.hint})"
        return ""

    @contextmanager
    def start(self) -> Iterator[TestChain]:
        """A chain of its own, gone afterwards."""
        with Anvil(options=self.options) as anvil:
            if self.token is not None:
                assert deploy_token(anvil) == self.token
            node = LyingNode(anvil, _BLOCK_SECONDS)
            try:
                yield EvmChain(anvil, node, self.token)
            finally:
                node.close()

    def environ(self, *urls: str) -> Mapping[str, str]:
        """One URL as text, several as a JSON list."""
        value = urls[0] if len(urls) == 1 else "[" + ",".join(f'"{url}"' for url in urls) + "]"
        return {"WAIAAS_RPC_EVM_LOCAL": value, "WAIAAS_FEES_EVM_LOCAL_DAILY_LIMIT": str(10**24)}

    def new_recipient(self) -> str:
        """Any 20 bytes are an address."""
        return str(to_checksum_address(secrets.token_bytes(20)))

    def payment(self, to: str, amount: int | None = None) -> PaymentFields:
        """TRANSFER."""
        return {"to": to, "amount": self.amount if amount is None else amount}

    def spending(self, **rules: Any) -> list[tuple[str, Mapping[str, Any]]]:
        """SPENDING_LIMIT grants native transfers by itself."""
        written = {name: str(value) if name.endswith(("_max", "_limit")) else value for name, value in rules.items()}
        return [("SPENDING_LIMIT", written)]


class EvmTokenCase(EvmCase):
    """Transfers of a token with 6 decimals."""

    name = "evm-token"
    amount = 2_000_000
    token = _TOKEN
    resolves_offline = False

    def payment(self, to: str, amount: int | None = None) -> PaymentFields:
        """TOKEN_TRANSFER."""
        units = self.amount if amount is None else amount
        return {"type": "TOKEN_TRANSFER", "to": to, "amount": units, "token": _TOKEN}

    def spending(self, **rules: Any) -> list[tuple[str, Mapping[str, Any]]]:
        """SPENDING_LIMIT of the token grants its transfers by itself."""
        ((kind, written),) = super().spending(**rules)
        return [(kind, {"asset": _TOKEN, **written})]
