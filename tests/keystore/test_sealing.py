"""Sealed values of the daemon."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiaas.errors import StartRefused
from waiaas.keystore.sealing import seal, unseal

KEY = bytes(range(32))


@given(st.binary(max_size=500), st.binary(max_size=50))
def test_sealed_values_come_back(plaintext: bytes, associated: bytes) -> None:
    """What was sealed opens, and is sealed differently each time."""
    sealed = seal(KEY, plaintext, associated)
    assert unseal(KEY, sealed, associated) == plaintext
    assert seal(KEY, plaintext, associated) != sealed


@given(st.binary(max_size=40), st.integers(0), st.integers(1, 255))
def test_edited_values_do_not_open(plaintext: bytes, at: int, change: int) -> None:
    """Any changed byte, a cut, another place or another key is refused."""
    sealed = bytearray(seal(KEY, plaintext, b"channel:1"))
    attempts = [
        (KEY, bytes(sealed[:-1]), b"channel:1"),
        (KEY, bytes(sealed), b"channel:2"),
        (bytes(32), bytes(sealed), b"channel:1"),
    ]
    sealed[at % len(sealed)] ^= change
    for key, value, associated in [*attempts, (KEY, bytes(sealed), b"channel:1"), (KEY, b"", b"channel:1")]:
        with pytest.raises(StartRefused) as caught:
            unseal(key, value, associated)
        assert caught.value.code == "KEYSTORE_DAMAGED"
