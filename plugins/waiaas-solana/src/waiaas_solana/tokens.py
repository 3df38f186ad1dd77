"""Tokens as the chain describes them, asked of every endpoint that answers. Network.

A node that hides what an issuer can do with a token would spare a payment its approval: so each configured endpoint is asked,
and what any of them says counts. On what a token is (its program, its decimals) they must agree.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from solders.pubkey import Pubkey

from waiaas.errors import Refused, Unavailable
from waiaas.interfaces.chain import Asset, Caution, Network
from waiaas.interfaces.ids import asset_id
from waiaas_solana.cautions import cautions_of, check_payable, warnings_of
from waiaas_solana.mints import Mint, read_mint
from waiaas_solana.questions import Holder, accounts_call, read_account, read_values
from waiaas_solana.rpc import Rpc
from waiaas_solana.token_names import METADATA_PROGRAM, metadata_account, name_of

_AT_ONCE = 50
"""Mints in one call: each is asked with its metadata account, and a node answers about 100 accounts."""
_MINT_BYTES = 16 * 1024
"""Of a mint or its metadata; one that is longer is taken for none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """One token, as all endpoints together describe it.

    :param refusal: why it cannot be paid with, None where it can
    :param account_length: bytes of a derived account, the largest that any endpoint's answer gives
    """

    mint: Mint
    asset: Asset
    refusal: Refused | None
    cautions: tuple[Caution, ...]
    warnings: tuple[str, ...]
    account_length: int


def read_tokens(
    rpc: Rpc, network: Network, mints: Sequence[str], commitment: str, *, is_strict: bool = True
) -> list[Token]:
    """The tokens among these mints.

    :param is_strict: raise for one that cannot be read or is not agreed on, rather than leave it out
    :raises Unavailable: when no endpoint answers, or they do not agree
    """
    views, problem = [], Unavailable("no endpoint is configured")
    for endpoint in rpc.each():
        try:
            views.append(_view(endpoint, network, mints, commitment, is_strict=is_strict))
        except Unavailable as away:
            problem = away
    if not views:
        raise problem
    found = [[view[mint] for view in views if mint in view] for mint in mints]
    return [_agreed(tokens) for tokens in found if tokens and (is_strict or _is_agreed(tokens))]


def _view(rpc: Rpc, network: Network, mints: Sequence[str], commitment: str, *, is_strict: bool) -> dict[str, Token]:
    found: dict[str, Token] = {}
    for start in range(0, len(mints), _AT_ONCE):
        some = mints[start : start + _AT_ONCE]
        asked = [text for mint in some for text in (mint, str(metadata_account(Pubkey.from_string(mint))))]
        (answer,) = rpc.batch([accounts_call(asked, commitment, _MINT_BYTES)])
        values = read_values(answer, len(asked))
        for index, mint in enumerate(some):
            try:
                token = _token(mint, network, *map(read_account, values[2 * index : 2 * index + 2]))
            except Unavailable:
                if is_strict:
                    raise
                continue
            if token is not None:
                found[mint] = token
    return found


def _token(address: str, network: Network, account: Holder | None, metadata: Holder | None) -> Token | None:
    if account is None:
        return None
    mint = read_mint(Pubkey.from_string(address), account.program, account.data)
    if mint is None:
        return None
    is_metaplex = metadata is not None and metadata.program == METADATA_PROGRAM
    symbol, name = name_of(mint, network.name, metadata.data if metadata is not None and is_metaplex else None)
    asset = Asset(
        id=asset_id(network.chain_id, "token", address), symbol=symbol, decimals=mint.decimals, native=False, name=name
    )
    return Token(
        mint=mint,
        asset=asset,
        refusal=_refusal(mint),
        cautions=cautions_of(mint),
        warnings=tuple(warnings_of(mint)),
        account_length=mint.account_length,
    )


def _refusal(mint: Mint) -> Refused | None:
    try:
        check_payable(mint)
    except Refused as problem:
        return problem
    return None


def _is_agreed(tokens: Sequence[Token]) -> bool:
    return len({(one.mint.program, one.mint.decimals) for one in tokens}) == 1


def _agreed(tokens: Sequence[Token]) -> Token:
    first = tokens[0]
    if not _is_agreed(tokens):
        raise Unavailable(f"the endpoints do not agree on the token {first.mint.address}")
    if len(tokens) == 1:
        return first
    return Token(
        mint=first.mint,
        asset=first.asset,
        refusal=next((one.refusal for one in tokens if one.refusal is not None), None),
        cautions=tuple(dict.fromkeys(caution for one in tokens for caution in one.cautions)),
        warnings=tuple(dict.fromkeys(text for one in tokens for text in one.warnings)),
        account_length=max(one.account_length for one in tokens),
    )
