"""Solana transactions as bytes: the adapter's reading against that of @solana/kit and the clients of the programs."""

import base64
from typing import Any

from hypothesis import given, settings
from solders.pubkey import Pubkey
from solders.token.associated import get_associated_token_address
from waiaas_solana.adapter import FORM, SolanaAdapter
from waiaas_solana.networks import NETWORKS
from waiaas_solana.settings import SolanaSettings

from tests.harness.oracles import Readers
from tests.oracles.solana_random import KEY, RENT, Payment, broken, payments
from waiaas.errors import Malformed
from waiaas.interfaces.chain import Account, Decoded, Effect, What
from waiaas.interfaces.signing import PublicKey, Scheme
from waiaas.testing.http import ScriptedHttp, no_network

_LOCAL = next(network for network in NETWORKS if network.name == "localnet")
_ADAPTER = SolanaAdapter(_LOCAL, SolanaSettings(), ScriptedHttp(no_network))
_PAYER = str(KEY.pubkey())
_ACCOUNT = Account(address=_PAYER, key=PublicKey(scheme=Scheme.ED25519, data=bytes(KEY.pubkey())), form=FORM)
_BUDGET = ("unit limit", "unit price", "data limit")

_examples = settings(max_examples=150, deadline=None)


def _by_kit(readers: Readers, body: bytes) -> dict[str, Any]:
    """What kit reads in the message, signed."""
    return readers.kit(base64.b64encode(b"\x01" + bytes(KEY.sign_message(body)) + body).decode())


def _ours(payment: Payment, body: bytes) -> Decoded | None:
    """The adapter's reading; None for what it refuses to sign."""
    try:
        decoded = _ADAPTER.decode(payment.unsigned(body), _ACCOUNT)
    except Malformed:
        return None
    return decoded if decoded.complete else None


@_examples
@given(payment=payments())
def test_kit_reads_every_field_of_what_the_adapter_writes(readers: Readers, payment: Payment) -> None:
    """Sender, signature, blockhash, budget and each field of each instruction are those of the plan."""
    body, plan = payment.body, payment.plan
    read = _by_kit(readers, body)
    assert "error" not in read, read
    assert (read["version"], read["payer"], read["signers"], read["signer"]) == (0, _PAYER, 1, _PAYER)
    assert (read["signature"], read["verifies"]) == (str(KEY.sign_message(body)), True)
    assert read["blockhash"] == str(plan.blockhash)
    assert read["instructions"] == [
        *_budget(plan.unit_limit, plan.unit_price, plan.data_limit),
        *(
            {"what": "transfer", "from": _PAYER, "to": str(one.to), "units": str(one.lamports)}
            for one in plan.transfers
        ),
        *_opening(payment),
        *([] if plan.memo is None else [{"what": "memo", "text": plan.memo}]),
        *_tokens(payment),
    ]


def _budget(*units: int) -> list[dict[str, Any]]:
    return [{"what": what, "units": str(one)} for what, one in zip(_BUDGET, units, strict=True)]


def _opening(payment: Payment) -> list[dict[str, Any]]:
    one = payment.plan.opening
    if one is None:
        return []
    mint, program = str(one.mint), str(one.program)
    account = _derived(str(one.owner), mint, program)
    owner = str(payment.owner)
    return [{"what": "create", "payer": _PAYER, "account": account, "owner": owner, "mint": mint, "program": program}]


def _tokens(payment: Payment) -> list[dict[str, Any]]:
    one = payment.plan.token
    if one is None:
        return []
    mint, program = str(one.mint), str(one.program)
    found = {
        "what": "tokens",
        "program": program,
        "from": _derived(_PAYER, mint, program),
        "mint": mint,
        "to": _derived(str(payment.owner), mint, program),
        "owner": _PAYER,
        "units": str(one.units),
        "decimals": one.decimals,
    }
    return [found if one.fee is None else {**found, "fee": str(one.fee)}]


def _derived(owner: str, mint: str, program: str) -> str:
    keys = (Pubkey.from_string(one) for one in (owner, mint, program))
    return str(get_associated_token_address(*keys))


@_examples
@given(payment=payments())
def test_effects_are_what_kit_reads(readers: Readers, payment: Payment) -> None:
    """Decoded effects, memo and fee follow from the recipient, units, mint, text and budget that kit reads."""
    decoded = _ours(payment, payment.body)
    assert decoded is not None
    _is_said_by(_by_kit(readers, payment.body), decoded, payment)


@_examples
@given(found=broken())
def test_broken_bytes_are_refused_or_read_as_kit_reads_them(readers: Readers, found: tuple[Payment, bytes]) -> None:
    """No bytes are taken here that kit cannot read, or reads otherwise; what cannot be decoded is refused."""
    payment, body = found
    decoded = _ours(payment, body)
    if decoded is not None:
        _is_said_by(_by_kit(readers, body), decoded, payment)


def _is_said_by(read: dict[str, Any], decoded: Decoded, payment: Payment) -> None:
    assert "error" not in read, read
    assert (read["payer"], read["signers"]) == (decoded.account, 1)
    limit, price, _, *rest = read["instructions"]
    assert decoded.max_fee.units == 5_000 + -(-min(int(limit["units"]), 1_400_000) * int(price["units"]) // 1_000_000)
    (memo,) = [one["text"] for one in rest if one["what"] == "memo"] or [None]
    assert memo == _as_kit_spells(decoded.memo)
    effects = [effect for one in rest for effect in _effect(one, payment)]
    assert sorted(map(repr, decoded.effects)) == sorted(map(repr, effects))


def _as_kit_spells(memo: str | None) -> str | None:
    return memo if memo is None else memo.removeprefix("\ufeff").replace("\0", "")


def _effect(one: dict[str, Any], payment: Payment) -> list[Effect]:
    """What an instruction that kit has read does to the account."""
    native, owner = _LOCAL.native.id, str(payment.owner)
    if one["what"] == "transfer":
        assert one["from"] == _PAYER
        out = Effect(what=What.OUT, asset=native, units=int(one["units"]), to=one["to"])
        return [] if one["to"] == _PAYER else [out]
    if one["what"] == "create":
        return [Effect(what=What.LOCKED, asset=native, units=RENT, to=one["owner"])]
    if one["what"] == "tokens":
        mint, program = one["mint"], one["program"]
        assert (one["owner"], one["from"]) == (_PAYER, _derived(_PAYER, mint, program))
        assert one["to"] == _derived(owner, mint, program)
        asset = f"{_LOCAL.chain_id}/token:{mint}"
        out = Effect(what=What.OUT, asset=asset, units=int(one["units"]), to=owner)
        return [] if one["to"] == one["from"] else [out]
    assert one["what"] == "memo", one
    return []
