"""From a resolved payment to bytes. Network, one request; more, to every endpoint, when another program used the key."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from waiaas.errors import NotYet, Refused
from waiaas.interfaces.chain import BuildRequest, Kind, Network, Signed, Unsigned
from waiaas_evm.addresses import address_bytes
from waiaas_evm.errand import Errand
from waiaas_evm.evidence import Evidence
from waiaas_evm.fees import Price, least_price, lowest_raised, price_within, raised, wanted_price
from waiaas_evm.final_count import least_final_count
from waiaas_evm.funds import most_taken, require_money, require_token, under_way
from waiaas_evm.nonces import followed, nonce_of, own_next, require_dense
from waiaas_evm.payment import payable
from waiaas_evm.questions import (
    CHAIN,
    ask,
    balance_call,
    count_call,
    read_token_balance,
    same_chain,
    token_balance_call,
)
from waiaas_evm.quoting import Quote, quote_calls, read_quote
from waiaas_evm.rpc import Call, Rpc, as_quantity, required
from waiaas_evm.settings import EvmSettings
from waiaas_evm.traits import Traits
from waiaas_evm.transaction import Transaction, read_signed, unsigned_bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class _Found:
    """What the node said. :param counted: the account's count; :param money, holds: what nothing under way will take"""

    counted: int
    money: int
    holds: int
    quote: Quote


class Builder:
    """What building takes, for one network."""

    def __init__(self, rpc: Rpc, network: Network, traits: Traits, settings: EvmSettings) -> None:
        self._rpc = rpc
        self._network = network
        self._traits = traits
        self._settings = settings

    def build(self, request: BuildRequest) -> Unsigned:
        """The bytes, and what decoding them needs.

        :raises Refused: INSUFFICIENT_FUNDS, TOKEN_REFUSED, RECIPIENT_REFUSED, NOTHING_TO_REPLACE
        :raises NotYet: FEE_ABOVE_CAP, ACCOUNT_BUSY
        :raises Unavailable: also when the node serves another chain
        """
        errand = payable(request.resolved.intent, request.account, self._network)
        replaced = self._replaced(request)
        found = self._ask(request, errand, replaced)
        nonce, remarks = self._nonce(request, replaced, found.counted)
        price = self._price(request, errand, replaced, found)
        tx = Transaction(
            chain=self._traits.number,
            nonce=nonce,
            to=address_bytes(errand.to),
            value=errand.value,
            data=errand.data,
            gas=found.quote.gas,
            max_fee=price.max_fee,
            tip=price.tip,
            is_legacy=price.is_legacy,
        )
        evidence = Evidence(height=found.quote.market.height, made=request.now, data_fee=found.quote.data_fee)
        return Unsigned(body=unsigned_bytes(tx), evidence=evidence.to_strings(), remarks=remarks)

    # --- what the node says -------------------------------------------------------------------------------------------

    def _ask(self, request: BuildRequest, errand: Errand, replaced: tuple[Transaction, ...]) -> _Found:
        sender = request.account.address
        calls: dict[str, Call] = {
            "chain": CHAIN,
            "count": count_call(sender),
            "money": balance_call(sender),
            **quote_calls(errand, sender, self._traits, self._settings),
        }
        if errand.token is not None:
            calls["holds"] = token_balance_call(errand.token, sender)
        answers = ask(self._rpc, calls)
        same_chain(answers["chain"], self._traits.number)
        return self._read(request, errand, replaced, answers)

    def _read(
        self, request: BuildRequest, errand: Errand, replaced: tuple[Transaction, ...], answers: Mapping[str, Any]
    ) -> _Found:
        counted = as_quantity(required(answers["count"], "eth_getTransactionCount"))
        others = self._others(request, replaced, counted)
        money = as_quantity(required(answers["money"], "eth_getBalance")) - most_taken(others)
        holds = money
        if errand.token is not None:
            holds = read_token_balance(answers["holds"]) - most_taken(others, errand.token)
            require_token(holds, errand)
        else:
            require_money(money, errand, 0)
        quote = read_quote(answers, errand, self._traits, self._settings, is_funded=True)
        return _Found(counted=counted, money=money, holds=holds, quote=quote)

    def _others(self, request: BuildRequest, replaced: tuple[Transaction, ...], counted: int) -> list[Signed]:
        """What is under way besides what is replaced. A cancellation leaves out what comes after it: where the account cannot
        afford the whole row of them, the first can be given up all the same, and then the next."""
        pending, mine = under_way(request.in_flight, counted), {tx.nonce for tx in replaced}
        if request.resolved.intent.kind is Kind.CANCEL:
            return [one for one in pending if nonce_of(one) < min(mine)]
        return [one for one in pending if nonce_of(one) not in mine]

    # --- nonce --------------------------------------------------------------------------------------------------------

    def _replaced(self, request: BuildRequest) -> tuple[Transaction, ...]:
        replaced = tuple(read_signed(signed.raw)[0] for signed in request.replaces)
        if request.resolved.intent.kind is Kind.CANCEL and not replaced:
            raise Refused("NOTHING_TO_REPLACE", "a cancellation needs the transaction that it takes the place of")
        if len({tx.nonce for tx in replaced}) > 1:
            raise Refused("NOTHING_TO_REPLACE", "these transactions have several nonces: nothing replaces them all")
        return replaced

    def _nonce(
        self, request: BuildRequest, replaced: tuple[Transaction, ...], counted: int
    ) -> tuple[int, tuple[str, ...]]:
        """The nonce, and what a person should know of it."""
        if replaced:
            if counted > replaced[0].nonce:
                words = f"a transaction with nonce {replaced[0].nonce} is in a block already"
                raise Refused("NOTHING_TO_REPLACE", words, hint="wait until it is final")
            return replaced[0].nonce, ()
        own = own_next(request)
        if counted <= own:
            require_dense(own, counted, request.in_flight)
            return own, ()
        final = least_final_count(self._rpc, self._traits, request.account.address)
        nonce, remark = followed(own, counted, final)
        return nonce, (remark,)

    # --- price --------------------------------------------------------------------------------------------------------

    def _price(self, request: BuildRequest, errand: Errand, replaced: tuple[Transaction, ...], found: _Found) -> Price:
        """What is offered: as wanted, as the cap and the balance allow, and enough for a block and for a replacement."""
        quote, floor = found.quote, self._traits.priority_floor
        data_fee = quote.data_fee or 0
        least = lowest_raised(least_price(quote.market, self._settings, floor), replaced)
        least_fee = quote.gas * least + data_fee
        if least_fee > request.max_fee:
            words = f"a block would take a fee of {least_fee} wei, above the cap of {request.max_fee}"
            raise NotYet(words, code="FEE_ABOVE_CAP")
        require_money(found.money, errand, least_fee)
        wanted = raised(wanted_price(quote.market, self._settings, floor), replaced)
        return price_within(wanted, quote.gas, min(request.max_fee, found.money - errand.value) - data_fee)
