"""What the signer is willing to sign: invariants 2 and 13, on the pure rules."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from solders.address_lookup_table_account import AddressLookupTableAccount
from solders.hash import Hash as Blockhash
from solders.instruction import AccountMeta, Instruction
from solders.message import Message, MessageV0, to_bytes_versioned
from solders.pubkey import Pubkey
from solders.system_program import TransferParams, transfer

from waiaas.errors import Denied
from waiaas.interfaces.signing import Hash, Scheme
from waiaas.keystore.hashes import keccak256
from waiaas.keystore.kinds import bytes_to_sign
from waiaas.keystore.records import KeyHeader
from waiaas.keystore.solana_message import may_be_transaction, message_signers

PAYER = Pubkey(bytes(range(32)))
OTHER = Pubkey(bytes(range(32, 64)))


def header_of(chain: str, scheme: Scheme, public: str = bytes(PAYER).hex()) -> KeyHeader:
    return KeyHeader(
        agent_id="0190a0b0-0000-7000-8000-000000000001",
        chain=chain,
        chain_id="test:chain",
        scheme=scheme,
        public_key=public,
        address="x",
        created_at=0,
    )


SOLANA = header_of("solana", Scheme.ED25519)
EVM = header_of("evm", Scheme.ECDSA_SECP256K1, "02" + "11" * 32)
OTHER_CHAIN = header_of("cosmos", Scheme.ECDSA_SECP256K1, "02" + "11" * 32)

lamports = st.integers(0, 2**64 - 1)
instruction_data = st.binary(max_size=300)


def a_transfer(units: int) -> Instruction:
    return transfer(TransferParams(from_pubkey=PAYER, to_pubkey=OTHER, lamports=units))


def a_call(data: bytes, accounts: Sequence[bytes]) -> Instruction:
    metas = [AccountMeta(Pubkey(key), is_signer=False, is_writable=True) for key in accounts]
    return Instruction(Pubkey(b"\x07" * 32), data, metas)


def refused(header: KeyHeader, kind: str, preimage: bytes, hash_: Hash) -> bool:
    with pytest.raises(Denied) as caught:
        bytes_to_sign(header, kind, preimage, hash_)
    return caught.value.code == "FORBIDDEN"


@given(lamports, instruction_data, st.lists(st.binary(min_size=32, max_size=32), max_size=20))
def test_every_legacy_message_is_known(units: int, data: bytes, accounts: list[bytes]) -> None:
    """Every legacy message that solders compiles is signed as a transaction, and refused as a message."""
    message = Message.new_with_blockhash([a_transfer(units), a_call(data, accounts)], PAYER, Blockhash(bytes(32)))
    assert bytes_to_sign(SOLANA, "tx.solana", bytes(message), Hash.NONE) == bytes(message)
    assert refused(SOLANA, "msg.solana", bytes(message), Hash.NONE)


@given(lamports, instruction_data, st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=20, unique=True))
def test_every_versioned_message_is_known(units: int, data: bytes, accounts: list[bytes]) -> None:
    """Every version 0 message, with lookup tables, is signed as a transaction, and refused as a message."""
    table = AddressLookupTableAccount(Pubkey(b"\x09" * 32), [Pubkey(key) for key in accounts])
    message = MessageV0.try_compile(PAYER, [a_transfer(units), a_call(data, accounts)], [table], Blockhash(bytes(32)))
    encoded = to_bytes_versioned(message)
    assert bytes_to_sign(SOLANA, "tx.solana", encoded, Hash.NONE) == encoded
    assert refused(SOLANA, "msg.solana", encoded, Hash.NONE)


@given(st.text(max_size=300))
def test_texts_are_messages(text: str) -> None:
    """A text that does not name an owner's decision and cannot be read as a transaction is signed as it is."""
    preimage = text.encode()
    if not may_be_transaction(preimage, bytes(PAYER)):
        assert bytes_to_sign(SOLANA, "msg.solana", preimage, Hash.NONE) == preimage
    assert message_signers(preimage) is None


@pytest.mark.parametrize(
    "text", ["hello", "", "Sign in to example.org\nNonce: 42", "€ for Zoë, 日本語", "A" * 3000, "\n" * 900]
)
def test_usual_texts_are_signed(text: str) -> None:
    """Sentences that people sign are not mistaken for transactions."""
    assert bytes_to_sign(SOLANA, "msg.solana", text.encode(), Hash.NONE) == text.encode()


def test_transaction_inside_longer_bytes() -> None:
    """A message kind that begins with a whole transaction message is refused whatever follows."""
    message = bytes(Message.new_with_blockhash([a_transfer(5)], OTHER, Blockhash(bytes(32))))
    without_key = message.replace(bytes(PAYER), b"\x05" * 32)
    assert refused(SOLANA, "msg.solana", without_key + b" and some text", Hash.NONE)


@pytest.mark.parametrize("first", [0x80, 0x81, 0xBF])
def test_version_bytes_are_refused(first: int) -> None:
    """Bytes that begin like any versioned message, known today or not, are no message to sign."""
    assert refused(SOLANA, "msg.solana", bytes([first]) + b"future format", Hash.NONE)


def test_raw_public_key_is_refused() -> None:
    """Bytes that contain the raw key, as every transaction that needs its signature does, are no message to sign."""
    assert refused(SOLANA, "msg.solana", b"A text with " + bytes(PAYER), Hash.NONE)


def test_solana_transaction_of_another_payer() -> None:
    """A transaction that does not need this key's signature is refused."""
    message = bytes(Message.new_with_blockhash([a_call(b"", [])], OTHER, Blockhash(bytes(32))))
    assert refused(SOLANA, "tx.solana", message, Hash.NONE)


def test_solana_transaction_with_trailing_bytes() -> None:
    """Bytes after a whole message make it no message."""
    message = bytes(Message.new_with_blockhash([a_transfer(5)], PAYER, Blockhash(bytes(32))))
    assert refused(SOLANA, "tx.solana", message + b"\0", Hash.NONE)


@given(st.binary(max_size=200))
def test_noise_is_no_solana_transaction(noise: bytes) -> None:
    """Bytes that are not exactly one message are not signed as a transaction."""
    if message_signers(noise) is None:
        assert refused(SOLANA, "tx.solana", noise, Hash.NONE)


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        (SOLANA, "tx.evm"),
        (SOLANA, "msg.eip191"),
        (SOLANA, "msg.eip712"),
        (EVM, "tx.solana"),
        (EVM, "msg.solana"),
        (OTHER_CHAIN, "tx.evm"),
        (OTHER_CHAIN, "msg.eip191"),
        (OTHER_CHAIN, "msg.cosmos"),
        (EVM, "tx."),
        (EVM, "tx"),
        (EVM, ""),
        (EVM, "raw.evm"),
        (EVM, "msg.evm"),
        (EVM, "TX.evm"),
    ],
)
def test_other_chains_and_unknown_kinds(header: KeyHeader, kind: str) -> None:
    """A key signs kinds of its own chain that are known, and nothing else."""
    for hash_ in Hash:
        assert refused(header, kind, b"\x19\x01" + bytes(64), hash_)


@pytest.mark.parametrize("body", ["c0", "c20102", "f838" + "11" * 56, "f90100" + "22" * 256])
@pytest.mark.parametrize("prefix", ["", "01", "02", "03", "04"])
def test_evm_transactions(prefix: str, body: str) -> None:
    """RLP lists, bare or in a typed envelope, are signed by their Keccak-256."""
    preimage = bytes.fromhex(prefix + body)
    assert bytes_to_sign(EVM, "tx.evm", preimage, Hash.KECCAK256) == keccak256(preimage)


@pytest.mark.parametrize(
    "preimage",
    [
        b"",
        b"\x02",
        b"\x19Ethereum Signed Message:\n5hello",
        b"\x19\x01" + bytes(64),
        b"\x05\xc0",
        b"\x02\x02\xc0",
        b"\xc2\x01",
        b"\xc2\x01\x02\x03",
        b"\xf8\x01\x01",
        b"\xf9\x00\x38" + bytes(56),
        b"\xf8",
        bytes.fromhex("9d") * 32,
    ],
)
def test_what_is_no_evm_transaction(preimage: bytes) -> None:
    """Prefixed messages, cut or padded lists, unknown types and bare hashes are not signed as transactions."""
    if preimage[:1] >= b"\xc0" and len(preimage) == 32:
        preimage = b"\x00" + preimage[1:]
    assert refused(EVM, "tx.evm", preimage, Hash.KECCAK256)


@pytest.mark.parametrize("hash_", [hash_ for hash_ in Hash if hash_ is not Hash.KECCAK256])
def test_evm_takes_keccak_alone(hash_: Hash) -> None:
    """With any other hash a kind of EVM is refused."""
    assert refused(EVM, "tx.evm", b"\xc0", hash_)
    assert refused(EVM, "msg.eip191", b"hello", hash_)
    assert refused(EVM, "msg.eip712", b"\x19\x01" + bytes(64), hash_)


@pytest.mark.parametrize(
    "preimage", [b"", bytes(66), b"\x19\x01" + bytes(63), b"\x19\x01" + bytes(65), b"\x19\x00" + bytes(64)]
)
def test_typed_data_has_one_shape(preimage: bytes) -> None:
    """EIP-712 means 66 bytes that begin with 0x1901."""
    assert refused(EVM, "msg.eip712", preimage, Hash.KECCAK256)


@pytest.mark.parametrize(
    "text",
    [
        "WAIaaS OWNER DECISION: APPROVE PAYMENT\nInstance: 1",
        "waiaas owner decision: reject payment",
        "  WAIaaS OWNER DECISION: APPROVE PAYMENT",
        "Please sign:\nWAIaaS OWNER DECISION: APPROVE PAYMENT",
    ],
)
def test_no_message_is_an_owners_decision(text: str) -> None:
    """An agent's key never speaks for an owner, however the text is dressed."""
    assert refused(SOLANA, "msg.solana", text.encode(), Hash.NONE)
    assert refused(EVM, "msg.eip191", text.encode(), Hash.KECCAK256)


@pytest.mark.parametrize("hash_", list(Hash))
def test_no_bare_hash(hash_: Hash) -> None:
    """ECDSA and BIP-340 are never given a hash that somebody else made; Ed25519 never 32 bytes without a hash."""
    ed25519 = header_of("near", Scheme.ED25519)
    if hash_ is Hash.NONE:
        assert refused(OTHER_CHAIN, "tx.cosmos", bytes(32), hash_)
        assert refused(OTHER_CHAIN, "tx.cosmos", bytes(100), hash_)
        assert refused(ed25519, "tx.near", bytes(32), hash_)
    else:
        assert len(bytes_to_sign(OTHER_CHAIN, "tx.cosmos", bytes(32), hash_)) == 32


def test_empty_transactions() -> None:
    """Nothing is not a transaction."""
    assert refused(OTHER_CHAIN, "tx.cosmos", b"", Hash.SHA256)
