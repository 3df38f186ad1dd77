"""Sealing generated keys into files: whose, when, and only once."""

import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from waiaas.errors import BadRequest, Conflict, Denied, NotFound, NotReady
from waiaas.interfaces.signing import Hash, Scheme
from waiaas.keystore.client import SignerClient
from waiaas.keystore.records import KeyHeader

NewAgent = Callable[[Scheme, str], KeyHeader]

PREIMAGE = b"x"


def sign(
    signer: SignerClient, agent_id: str, preimage: bytes = PREIMAGE, epoch: int = 0, kind: str = "tx.other"
) -> bytes:
    return signer.sign(agent_id=agent_id, kind=kind, preimage=preimage, hash=Hash.SHA256, stop_epoch=epoch)


def test_header_must_be_the_keys_own(
    signer: SignerClient, changed: Callable[..., KeyHeader], new_agent: NewAgent
) -> None:
    """A handle's key is not sealed under another key's public key, nor under another scheme."""
    header = changed(new_agent(Scheme.ED25519, "other"), agent_id=str(uuid.uuid4()))
    handle, public = signer.generate(Scheme.BIP340_SECP256K1)
    with pytest.raises(Denied):
        signer.seal(handle, header)
    with pytest.raises(Denied):
        signer.seal(handle, changed(header, public_key=public.data.hex()))
    with pytest.raises(Denied):
        signer.seal(handle, changed(header, scheme=Scheme.BIP340_SECP256K1))
    signer.seal(handle, changed(header, public_key=public.data.hex(), scheme=Scheme.BIP340_SECP256K1))


def test_a_key_is_never_overwritten(
    keystore: Path, signer: SignerClient, changed: Callable[..., KeyHeader], new_agent: NewAgent
) -> None:
    """A second key for the same agent is refused, the first file stays, and the handle is still good."""
    header = new_agent(Scheme.ED25519, "other")
    text = (keystore / f"{header.agent_id}.json").read_bytes()
    handle, public = signer.generate(Scheme.ED25519)
    second = changed(header, public_key=public.data.hex())
    with pytest.raises(Conflict):
        signer.seal(handle, second)
    assert (keystore / f"{header.agent_id}.json").read_bytes() == text
    signer.seal(handle, changed(second, agent_id=str(uuid.uuid4())))


def test_a_handle_is_good_once(signer: SignerClient, changed: Callable[..., KeyHeader], new_agent: NewAgent) -> None:
    """A sealed handle is gone; an invented one never was."""
    header = new_agent(Scheme.ED25519, "other")
    handle, public = signer.generate(Scheme.ED25519)
    fresh = changed(header, public_key=public.data.hex(), agent_id=str(uuid.uuid4()))
    signer.seal(handle, fresh)
    for unknown in (handle, "0" * 32, "", "é" * 100):
        with pytest.raises((NotFound, BadRequest)):
            signer.seal(unknown, changed(fresh, agent_id=str(uuid.uuid4())))


@pytest.mark.parametrize(
    "fields",
    [
        {"agent_id": "../../etc/passwd"},
        {"agent_id": "master"},
        {"agent_id": str(uuid.uuid4()).upper()},
        {"chain": "UPPER"},
        {"chain": ""},
        {"chain_id": "nocolon"},
        {"address": "two words"},
        {"address": ""},
        {"public_key": "AB" * 32},
        {"created_at": -1},
        {"created_at": True},
        {"version": 2},
        {"scheme": "rot13"},
    ],
)
def test_malformed_headers(signer: SignerClient, changed: Callable[..., KeyHeader], fields: dict[str, Any]) -> None:
    """A header that a reader would reject is not written."""
    handle, public = signer.generate(Scheme.ED25519)
    good = KeyHeader(
        agent_id=str(uuid.uuid4()),
        chain="other",
        chain_id="test:chain",
        scheme=Scheme.ED25519,
        public_key=public.data.hex(),
        address="x",
        created_at=0,
    )
    with pytest.raises(BadRequest):
        signer.seal(handle, changed(good, **fields))
    signer.seal(handle, good)


def test_many_unsealed_keys(signer: SignerClient, new_agent: NewAgent, changed: Callable[..., KeyHeader]) -> None:
    """Keys that nobody seals are bounded: the newest 64 can be sealed, the oldest is forgotten."""
    template = new_agent(Scheme.ED25519, "other")
    made = [signer.generate(Scheme.ED25519) for _ in range(65)]

    def seal(number: int) -> None:
        handle, public = made[number]
        signer.seal(handle, changed(template, agent_id=str(uuid.uuid4()), public_key=public.data.hex()))

    with pytest.raises(NotFound):
        seal(0)
    for number in range(1, 65):
        seal(number)


def test_disk_full_is_not_a_crash(keystore: Path, signer: SignerClient, new_agent: NewAgent) -> None:
    """When the key file cannot be written the error says so, and the same handle can be sealed later."""
    handle, public = signer.generate(Scheme.ED25519)
    header = KeyHeader(
        agent_id=str(uuid.uuid4()),
        chain="other",
        chain_id="test:chain",
        scheme=Scheme.ED25519,
        public_key=public.data.hex(),
        address="x",
        created_at=0,
    )
    moved = keystore.rename(keystore.with_name("away"))
    with pytest.raises(NotReady) as caught:
        signer.seal(handle, header)
    assert caught.value.code == "STORE_FULL"
    moved.rename(keystore)
    signer.seal(handle, header)
    assert sign(signer, header.agent_id)
