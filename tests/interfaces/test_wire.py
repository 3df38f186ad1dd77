"""Records survive JSON: what is stored is what comes back, whatever its size."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waiaas.errors import Malformed
from waiaas.interfaces.chain import Amount, Decoded, Destination, Effect, Intent, Kind, Resolved, Signed, What
from waiaas.interfaces.wire import canonical, from_wire, intent_digest, to_wire

names = st.text(alphabet="abcXYZ019:/-", min_size=1, max_size=20)
amounts = st.builds(Amount, asset=names, units=st.integers(0, 10**78))
destinations = st.builds(Destination, address=names, tag=st.one_of(st.none(), names))
intents = st.recursive(
    st.builds(
        Intent,
        kind=st.sampled_from(list(Kind)),
        to=st.one_of(st.none(), destinations),
        amount=st.one_of(st.none(), amounts),
        memo=st.one_of(st.none(), st.text(max_size=20)),
        max_fee=st.one_of(st.none(), amounts),
    ),
    lambda inner: st.builds(Intent, kind=st.just(Kind.BATCH), parts=st.lists(inner, max_size=3).map(tuple)),
    max_leaves=4,
)
effects = st.builds(
    Effect, what=st.sampled_from(list(What)), asset=names, units=st.one_of(st.none(), st.integers(0, 10**78))
)
resolved = st.builds(
    Resolved, intent=intents, effects=st.lists(effects, max_size=3).map(tuple), assets=st.just(()), likely_fee=amounts
)
signed = st.builds(
    Signed,
    raw=st.binary(max_size=64),
    tx_hash=names,
    claims=st.frozensets(names, max_size=3),
    valid_until=st.one_of(st.none(), names),
    evidence=st.dictionaries(names, names, max_size=2),
)
decoded = st.builds(
    Decoded,
    chain_id=names,
    account=names,
    effects=st.lists(effects, max_size=2).map(tuple),
    max_fee=amounts,
    complete=st.booleans(),
)


@given(resolved)
def test_a_resolved_intent_survives(value: Resolved) -> None:
    """Through JSON text and back nothing is lost or rounded."""
    assert from_wire(Resolved, json.loads(json.dumps(to_wire(value)))) == value


@given(signed)
def test_signed_bytes_survive(value: Signed) -> None:
    """Bytes, sets and evidence come back as they were."""
    assert from_wire(Signed, json.loads(json.dumps(to_wire(value)))) == value


@given(decoded)
def test_decoded_bytes_survive(value: Decoded) -> None:
    """Truth values and amounts come back as they were."""
    assert from_wire(Decoded, json.loads(json.dumps(to_wire(value)))) == value


@given(intents)
def test_every_value_is_a_string(value: Intent) -> None:
    """No number reaches JSON, so no reader can round an amount."""

    def walk(data: object) -> None:
        assert not isinstance(data, int | float) or isinstance(data, bool)
        for item in data.values() if isinstance(data, dict) else data if isinstance(data, list) else ():
            walk(item)

    walk(json.loads(canonical(value)))


@given(intents, intents)
def test_different_intents_have_different_digests(one: Intent, other: Intent) -> None:
    """The digest tells intents apart, and is the same for equal ones."""
    assert (intent_digest(one) == intent_digest(other)) == (one == other)


@pytest.mark.parametrize(
    "data", [None, [], {"kind": "TRANSFER", "to": 5}, {"kind": "NOPE"}, {}, {"kind": "TRANSFER", "parts": {}}]
)
def test_damage_is_named(data: object) -> None:
    """What is not a stored intent is refused, never guessed at."""
    with pytest.raises(Malformed):
        from_wire(Intent, data)
