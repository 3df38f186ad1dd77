"""What an account holds, and what of it a payment could use now. Network."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from solders.pubkey import Pubkey

from waiaas.errors import Refused, Unavailable
from waiaas.interfaces.chain import Account, Asset, Balance, Signed
from waiaas_solana.batches import Answer, Batch
from waiaas_solana.funds import ask_pending, lamports_taken, units_taken
from waiaas_solana.mints import TokenAccount, read_token_account
from waiaas_solana.names import parse_pubkey
from waiaas_solana.node import Node
from waiaas_solana.questions import balance_call, read_account
from waiaas_solana.rpc import as_list, as_object, as_text, as_whole, in_context
from waiaas_solana.token_programs import TOKEN_PROGRAMS, derived_account

MOST_TOKENS = 250
"""Anybody can send anybody a thousand worthless tokens: so many are listed, well-known ones first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """One token account of the wallet. :param is_derived: the one that payments use"""

    account: TokenAccount
    is_derived: bool


def read_balances(
    node: Node, account: Account, assets: Sequence[str], in_flight: Sequence[Signed]
) -> Sequence[Balance]:
    """Balances of what is asked, or of everything. One request, and one to each endpoint for tokens not met lately.

    Spendable leaves out the rent-exempt minimum, what unsettled payments take, frozen accounts, and token accounts other than
    the derived one.

    :raises Refused: with code ASSET_UNKNOWN
    """
    native = node.network.native
    batch = node.batch()
    lamports = batch.ask(balance_call(account, node.settings.read_commitment), _read_lamports)
    rent, pending = node.rent(batch), ask_pending(batch, in_flight)
    only_native = bool(assets) and all(asset == native.id for asset in assets)
    answers = [] if only_native else _ask_held(batch, node, account, is_strict=bool(assets))
    batch.send()
    held = [one for answer in answers for one in answer.value]
    spendable = max(0, lamports.value - rent.value - lamports_taken(pending.value))
    found = {native.id: Balance(asset=native, total=lamports.value, spendable=spendable)}
    wanted = [asset for asset in assets if asset != native.id] if assets else _listed(node, held)
    for asset in describe(node, wanted, is_strict=bool(assets)):
        found[asset.id] = _balance(asset, _mint_of(node, asset.id), held, pending.value)
    return [found[asset] for asset in assets] if assets else list(found.values())


def describe(node: Node, assets: Sequence[str], *, is_strict: bool = True) -> list[Asset]:
    """Each asset as the chain tells it. No request for what is remembered.

    :param is_strict: refuse what is no token, rather than leave it out
    :raises Refused: with code ASSET_UNKNOWN
    """
    native = node.network.native
    mints = {asset: str(_mint_of(node, asset)) for asset in assets if asset != native.id}
    tokens = dict(zip(mints, node.tokens(list(mints.values()), is_strict=is_strict), strict=True))
    found = []
    for asset in assets:
        token = tokens.get(asset)
        if asset == native.id:
            found.append(native)
        elif token is not None:
            found.append(token.asset)
        elif is_strict:
            raise Refused("ASSET_UNKNOWN", f"{node.network.name} knows no token {mints[asset]}")
    return found


def _ask_held(batch: Batch, node: Node, account: Account, *, is_strict: bool) -> list[Answer[list[_Held]]]:
    options = {"encoding": "base64", "commitment": node.settings.read_commitment}
    return [
        batch.ask(
            ("getTokenAccountsByOwner", [account.address, {"programId": str(program)}, options]),
            partial(_read_held, account, program, is_strict=is_strict),
        )
        for program in TOKEN_PROGRAMS
    ]


def _read_held(account: Account, program: Pubkey, answer: Any, *, is_strict: bool) -> list[_Held]:
    """:param is_strict: raise for one that cannot be read, rather than leave it out of the list"""
    owner, found = parse_pubkey(account.address), []
    for row in as_list(in_context(answer)):
        try:
            held = _read_one(owner, program, as_object(row))
        except Unavailable:
            if is_strict:
                raise
            continue
        if held is not None:
            found.append(held)
    return found


def _read_one(owner: Pubkey, program: Pubkey, entry: Mapping[str, Any]) -> _Held | None:
    holder = read_account(entry.get("account"))
    held = None if holder is None or holder.program != program else read_token_account(program, holder.data)
    if held is None or held.owner != owner:
        return None
    address = as_text(entry.get("pubkey"))
    return _Held(account=held, is_derived=address == str(derived_account(owner, held.mint, program)))


def _listed(node: Node, held: Sequence[_Held]) -> list[str]:
    namespace = f"{node.network.chain_id}/token:"
    ids = {f"{namespace}{one.account.mint}" for one in held}
    known = [asset for asset in node.network.tokens if asset in ids]
    return [*known, *sorted(ids - set(known))][:MOST_TOKENS]


def _balance(asset: Asset, mint: Pubkey, held: Sequence[_Held], pending: Sequence[Signed]) -> Balance:
    ours = [one for one in held if one.account.mint == mint]
    free = sum(one.account.units for one in ours if one.is_derived and not one.account.is_frozen)
    return Balance(
        asset=asset,
        total=sum(one.account.units for one in ours),
        spendable=max(0, free - units_taken(pending, mint)),
    )


def _mint_of(node: Node, asset: str) -> Pubkey:
    return parse_pubkey(asset.removeprefix(f"{node.network.chain_id}/token:"))


def _read_lamports(answer: Any) -> int:
    return as_whole(in_context(answer))
