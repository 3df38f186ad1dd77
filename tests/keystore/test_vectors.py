"""Signatures and hashes against published vectors, through a real signer process with known keys sealed into its keystore."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from waiaas.interfaces.signing import Hash, Scheme
from waiaas.keystore import schemes
from waiaas.keystore.client import SignerClient
from waiaas.keystore.hashes import HASHES
from waiaas.keystore.memory import LockedMemory
from waiaas.keystore.records import KeyHeader

Put = Callable[[bytes, Scheme, str], KeyHeader]

_FILES = Path(__file__).parents[1] / "vectors"
_8032 = json.loads((_FILES / "rfc8032.json").read_text())
_6979 = json.loads((_FILES / "rfc6979_secp256k1.json").read_text())
RFC_8032 = [(one["secret"], one["public"], one["message"], one["signature"]) for one in _8032["vectors"]]
RFC_6979 = [(one["message"].encode(), one["signature"]) for one in _6979["vectors"]]

# BIP-340, test-vectors.csv, indexes 0 to 3: secret, public key, auxiliary randomness, message, signature.
BIP_340 = [
    (
        "0000000000000000000000000000000000000000000000000000000000000003",
        "F9308A019258C31049344F85F89D5229B531C845836F99B08601F113BCE036F9",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "0000000000000000000000000000000000000000000000000000000000000000",
        "E907831F80848D1069A5371B402410364BDF1C5F8307B0084C55F1CE2DCA8215"
        "25F66A4A85EA8B71E482A74F382D2CE5EBEEE8FDB2172F477DF4900D310536C0",
    ),
    (
        "B7E151628AED2A6ABF7158809CF4F3C762E7160F38B4DA56A784D9045190CFEF",
        "DFF1D77F2A671C5F36183726DB2341BE58FEAE1DA2DECED843240F7B502BA659",
        "0000000000000000000000000000000000000000000000000000000000000001",
        "243F6A8885A308D313198A2E03707344A4093822299F31D0082EFA98EC4E6C89",
        "6896BD60EEAE296DB48A229FF71DFE071BDE413E6D43F917DC8DCF8C78DE3341"
        "8906D11AC976ABCCB20B091292BFF4EA897EFCB639EA871CFA95F6DE339E4B0A",
    ),
    (
        "C90FDAA22168C234C4C6628B80DC1CD129024E088A67CC74020BBEA63B14E5C9",
        "DD308AFEC5777E13121FA72B9CC1B7CC0139715309B086C960E18FD969774EB8",
        "C87AA53824B4D7AE2EB035A2B5BBBCCC080E76CDC6D1692C4B0B62D798E6D906",
        "7E2D58D8B3BCDF1ABADEC7829054F90DDA9805AAB56C77333024B9D0A508B75C",
        "5831AAEED7B44BB74E5EAB94BA9D4294C49BCF2A60728D8B4C200F50DD313C1B"
        "AB745879A5AD954A72C45A91C3A51D3C7ADEA98D82F8481E0E1E03674A6F3FB7",
    ),
    (
        "0B432B2677937381AEF05BB02A66ECD012773062CF3FA2549E44F58ED2401710",
        "25D1DFF95105F5253C4022F628A996AD3A0D95FBF21D468A1B33F8C160D8F517",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
        "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF",
        "7EB0509757E246F19449885651611CB965ECC1A187DD51B64FDA1EDC9637D5EC"
        "97582B9CB13DB3933705B32BA982AF5AF25FD78881EBB32771FC5922EFC66EA3",
    ),
]

# FIPS 180-4 (SHA-256 and SHA-512 of "abc"), Keccak team (Keccak-256 of "abc"), RFC 7693 family (BLAKE2b-256 of "abc").
HASHES_OF_ABC = {
    Hash.NONE: b"abc".hex(),
    Hash.SHA256: "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
    Hash.SHA256D: "4f8b42c22dd3729b519ba6f68d2da7cc5b2d606d05daed5ad5128cc03e6c6358",
    Hash.KECCAK256: "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45",
    Hash.SHA512_HALF: "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a",
    Hash.BLAKE2B_256: "bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319",
}


@pytest.mark.parametrize(("secret", "public", "message", "signature"), RFC_8032[1:])
def test_ed25519_vectors(
    signer: SignerClient, put_key: Put, secret: str, public: str, message: str, signature: str
) -> None:
    """The signer's Ed25519 signatures are those of RFC 8032."""
    header = put_key(bytes.fromhex(secret), Scheme.ED25519, "other")
    made = sign(signer, header, "tx.other", bytes.fromhex(message), Hash.NONE)
    assert (header.public_key, made.hex()) == (public, signature)


def test_ed25519_empty_message(memory: LockedMemory) -> None:
    """The primitive signs the empty message of RFC 8032, which no transaction kind would let through."""
    secret, public, message, signature = RFC_8032[0]
    slot, work = memory.slot(32), memory.slot(schemes.WORK_BYTES)
    slot.view[:] = bytes.fromhex(secret)
    made = schemes.sign(slot, work, Scheme.ED25519, bytes.fromhex(public), bytes.fromhex(message))
    assert made.hex() == signature


@pytest.mark.parametrize(("message", "signature"), RFC_6979)
def test_ecdsa_vectors(signer: SignerClient, put_key: Put, message: bytes, signature: str) -> None:
    """The signer's ECDSA signatures have the nonces of RFC 6979 and a low s."""
    header = put_key(bytes.fromhex(_6979["secret"]), Scheme.ECDSA_SECP256K1, "other")
    made = sign(signer, header, "tx.other", message, Hash.SHA256)
    assert (made[:64].hex(), len(made), made[64] in (0, 1)) == (signature, 65, True)


@pytest.mark.parametrize(("secret", "public", "auxiliary", "message", "signature"), BIP_340)
def test_bip340_vectors(
    memory: LockedMemory, secret: str, public: str, auxiliary: str, message: str, signature: str
) -> None:
    """The BIP-340 primitive gives the standard's signatures."""
    slot, work = memory.slot(32), memory.slot(schemes.WORK_BYTES)
    slot.view[:] = bytes.fromhex(secret)
    made = schemes.sign_bip340(slot, work, bytes.fromhex(message), bytes.fromhex(auxiliary))
    assert schemes.public_key(slot, work, Scheme.BIP340_SECP256K1) == bytes.fromhex(public)
    assert made == bytes.fromhex(signature)


def test_signatures_are_deterministic(signer: SignerClient, new_agent: Callable[[Scheme, str], KeyHeader]) -> None:
    """Asked twice for the same bytes, each scheme gives the same signature."""
    for scheme in Scheme:
        header = new_agent(scheme, "other")
        twice = {sign(signer, header, "tx.other", b"the same preimage", Hash.SHA256) for _ in range(2)}
        assert len(twice) == 1


def test_eip191_vector(signer: SignerClient, put_key: Put) -> None:
    """A personal message gets the prefix of EIP-191 and Keccak-256 (example of web3.js, accounts.sign)."""
    secret = "4c0883a69102937d6231471b5dbb6204fe5129617082792ae468d01a3f362318"
    header = put_key(bytes.fromhex(secret), Scheme.ECDSA_SECP256K1, "evm")
    made = sign(signer, header, "msg.eip191", b"Some data", Hash.KECCAK256)
    assert made.hex() == (
        "b91467e570a6466aa9e9876cbcd013baba02900b8979d43fe208a4a4f339f5fd"
        "6007e74cd82e037b800186422fc2da167c747ef045e5d18a5f5d4300f8e1a029"
        "01"
    )


def test_eip712_vector(signer: SignerClient, put_key: Put) -> None:
    """Typed data is signed over its 66-byte preimage (the mail example of EIP-712, secret keccak256("cow"))."""
    header = put_key(HASHES[Hash.KECCAK256](b"cow"), Scheme.ECDSA_SECP256K1, "evm")
    domain = "f2cee375fa42b42143804025fc449deafd50cc031ca257e0b194a650a912090f"
    struct = "c52c0ee5d84264471806290a3f2c4cecfc5490626bf912d01f240d7a274b371e"
    made = sign(signer, header, "msg.eip712", bytes.fromhex("1901" + domain + struct), Hash.KECCAK256)
    assert made.hex() == (
        "4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d"
        "07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b91562"
        "01"
    )


def test_eip155_vector(signer: SignerClient, put_key: Put) -> None:
    """A transaction's signing data, hashed by the signer, gets the signature of EIP-155's example."""
    vector = json.loads((_FILES / "eip155.json").read_text())
    header = put_key(bytes.fromhex(vector["secret"]), Scheme.ECDSA_SECP256K1, "evm")
    made = sign(signer, header, "tx.evm", bytes.fromhex(vector["signing_data"][2:]), Hash.KECCAK256)
    assert (int.from_bytes(made[:32]), int.from_bytes(made[32:64])) == (int(vector["r"]), int(vector["s"]))
    assert made[64] == vector["v"] - 37


def test_every_hash() -> None:
    """Each name in the closed list of hashes is the hash it says."""
    assert {name: HASHES[name](b"abc").hex() for name in Hash} == HASHES_OF_ABC


def sign(signer: SignerClient, header: KeyHeader, kind: str, preimage: bytes, hash_: Hash) -> bytes:
    return signer.sign(agent_id=header.agent_id, kind=kind, preimage=preimage, hash=hash_, stop_epoch=0)
