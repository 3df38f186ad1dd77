"""What an agent may ask for, in the wire's words. What a chain can build is the engine's to say."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Discriminator, Field, RootModel, Tag

from waiaas.api.models.wire import Amount, AmountOrZero, Answered, Asked, Word
from waiaas.api.text import Memo, Note

Address = Annotated[str, Field(min_length=1, max_length=256, pattern=r"^[\x21-\x7e]+$")]
TYPES = ("TRANSFER", "TOKEN_TRANSFER", "CONTRACT_CALL", "APPROVE", "BATCH")


def _mint_as_address(value: object) -> object:
    if isinstance(value, dict) and "mint" in value and "address" not in value:
        return {("address" if key == "mint" else key): item for key, item in value.items()}
    return value


class TokenFields(Asked):
    """A token. What is said beside its address is compared with the chain, never believed; ``mint`` is taken for address."""

    address: Address
    decimals: Annotated[int, Field(ge=0, le=255)] | None = None
    symbol: Annotated[str, Field(max_length=64)] | None = None
    asset_id: Annotated[str, Field(max_length=256)] | None = None


Token = Annotated[TokenFields, BeforeValidator(_mint_as_address)]


class Wishes(Asked):
    """What every request may carry. :param memo: goes on chain; :param note: why, for whoever approves"""

    network: Word | None = None
    memo: Memo | None = None
    note: Note | None = None


class Transfer(Wishes):
    """Native units to an address."""

    type: Literal["TRANSFER"] = "TRANSFER"
    to: Address
    amount: Amount


class TokenTransfer(Wishes):
    """Token units to an address."""

    type: Literal["TOKEN_TRANSFER"]
    to: Address
    amount: Amount
    token: Token


class EvmCall(Wishes):
    """A call of a contract on an EVM chain."""

    type: Literal["CONTRACT_CALL"]
    to: Address
    calldata: Annotated[str, Field(max_length=32_770, pattern=r"^0x([0-9a-fA-F]{2})*$")] = "0x"
    value: AmountOrZero = "0"


class AccountMeta(Asked):
    """One account of a Solana instruction."""

    pubkey: Address
    is_signer: bool
    is_writable: bool


class SolanaCall(Wishes):
    """A call of a program on Solana."""

    type: Literal["CONTRACT_CALL"]
    program_id: Address
    instruction_data: Annotated[str, Field(max_length=4096, pattern=r"^[A-Za-z0-9+/]*={0,2}$")] = ""
    accounts: Annotated[list[AccountMeta], Field(max_length=64)] = Field(default_factory=list)


class Approve(Wishes):
    """Let a spender take token units."""

    type: Literal["APPROVE"]
    spender: Address
    amount: Amount
    token: Token


def _tag(value: object) -> str | None:
    if isinstance(value, SolanaCall | EvmCall):
        return "as:SOLANA_CALL" if isinstance(value, SolanaCall) else "as:EVM_CALL"
    if isinstance(value, Wishes):
        return f"as:{getattr(value, 'type', '')}"
    if not isinstance(value, Mapping):
        return None
    kind = value.get("type", "TRANSFER")
    if kind == "CONTRACT_CALL":
        return "as:SOLANA_CALL" if "programId" in value else "as:EVM_CALL"
    return f"as:{kind}" if isinstance(kind, str) and kind in TYPES else None


_Single = (
    Annotated[Transfer, Tag("as:TRANSFER")]
    | Annotated[TokenTransfer, Tag("as:TOKEN_TRANSFER")]
    | Annotated[EvmCall, Tag("as:EVM_CALL")]
    | Annotated[SolanaCall, Tag("as:SOLANA_CALL")]
    | Annotated[Approve, Tag("as:APPROVE")]
)
_discriminator = Discriminator(
    _tag,
    custom_error_type="unknown_type",
    custom_error_message="`type` must be one of " + ", ".join(TYPES),
)


class Batch(Wishes):
    """Several of the above in one transaction."""

    type: Literal["BATCH"]
    instructions: Annotated[list[Annotated[_Single, _discriminator]], Field(min_length=2, max_length=20)]


class Wish(RootModel[Annotated[_Single | Annotated[Batch, Tag("as:BATCH")], _discriminator]]):
    """A payment or call that an agent asks for; ``type`` is TRANSFER when left out."""

    def as_body(self) -> dict[str, Any]:
        """As the engine reads it: camelCase, defaults filled in (so ``type`` is always there), nulls gone."""
        return self.root.model_dump(by_alias=True, exclude_none=True)


class Simulated(Answered):
    """What a send would be told. :param tier: DENY where it would be refused"""

    tier: str
    verdicts: list[dict[str, Any]]
    effects: Any = None
    fee: Any = None
    remaining: Any = None
    resets_at: Any = None
    warnings: list[str] = Field(default_factory=list)
    cautions: list[dict[str, str]] = Field(default_factory=list)
