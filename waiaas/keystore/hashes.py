"""The closed list of hashes that the signer applies, by the names of :class:`waiaas.interfaces.signing.Hash`."""

import sys
from collections.abc import Callable, Mapping

from waiaas.interfaces.signing import Hash
from waiaas.keystore import sodium

# With cffi importable, pycryptodome parses C at every start (70 ms, 6 MB); without it, it uses ctypes.
_hidden = sys.modules.get("cffi")
if _hidden is None:
    sys.modules["cffi"] = None  # type: ignore[assignment]
try:
    from Crypto.Hash import keccak
finally:
    if _hidden is None:
        del sys.modules["cffi"]


def keccak256(data: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it (the padding before FIPS 202)."""
    return keccak.new(digest_bits=256, data=data).digest()


HASHES: Mapping[Hash, Callable[[bytes], bytes]] = {
    Hash.NONE: lambda data: data,
    Hash.SHA256: sodium.sha256,
    Hash.SHA256D: lambda data: sodium.sha256(sodium.sha256(data)),
    Hash.KECCAK256: keccak256,
    Hash.SHA512_HALF: lambda data: sodium.sha512(data)[:32],
    Hash.BLAKE2B_256: sodium.blake2b_256,
}
