"""Words and answers of strangers: whatever they are, what comes out is one short line, and no error of ours."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from waiaas_evm.erc20 import is_refusal, read_decimals, read_string
from waiaas_evm.reverts import describe_revert, revert_data
from waiaas_evm.rpc import RpcError
from waiaas_evm.text import cleaned, quoted

ERROR, PANIC = bytes.fromhex("08c379a0"), bytes.fromhex("4e487b71")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
)


def word(number: int) -> bytes:
    """32 bytes."""
    return number.to_bytes(32)


def as_string(text: str) -> bytes:
    """A ``string`` in the ABI's form."""
    content = text.encode()
    return word(32) + word(len(content)) + content.ljust(-(-len(content) // 32) * 32, b"\0")


@given(st.sampled_from([b"", ERROR, PANIC, ERROR + word(32)]), st.binary(max_size=300))
def test_any_revert_is_one_short_line(head: bytes, rest: bytes) -> None:
    """Printable ASCII of at most 256 characters, whatever a contract reverts with."""
    sentence = describe_revert(head + rest)
    assert 0 < len(sentence) <= 256
    assert sentence.isascii()
    assert sentence.isprintable()


@given(st.text(max_size=300))
def test_a_reason_is_quoted(reason: str) -> None:
    """A contract's words come as one JSON string: they cannot end the sentence or begin another."""
    sentence = describe_revert(ERROR + as_string(reason))
    words = sentence.removeprefix("the contract says ")
    if words != sentence:
        assert json.loads(words) == cleaned(reason, 96)


REVERTS = [
    (ERROR + as_string("no"), 'the contract says "no"'),
    (PANIC + word(0x11), "the contract panics: arithmetic overflow"),
    (PANIC + word(0x99), "the contract panics: code 0x99"),
    (bytes.fromhex("e450d38c") + word(1) * 3, "the account holds less of the token than the amount"),
    (bytes.fromhex("12345678"), "the contract refuses with its own error 0x12345678"),
    (b"", "the contract refuses without a reason"),
    (ERROR + word(32) + word(2**255), "the contract refuses without a reason"),
]


@pytest.mark.parametrize(("data", "sentence"), REVERTS)
def test_reverts_are_told(data: bytes, sentence: str) -> None:
    """``Error(string)``, ``Panic(uint256)``, errors of EIP-6093, others by their bytes, and silence."""
    assert describe_revert(data) == sentence


SAID: list[tuple[RpcError, bytes | None]] = [
    (RpcError(code=3, message="execution reverted", data="0x1234"), b"\x12\x34"),
    (RpcError(code=3, message="execution reverted", data=None), b""),
    (RpcError(code=-32015, message="VM execution error.", data="Reverted 0x1234"), b"\x12\x34"),
    (RpcError(code=-32000, message="execution reverted", data={"data": "0x1234"}), b"\x12\x34"),
    (RpcError(code=-32000, message="Execution reverted", data="0x"), b""),
    (RpcError(code=-32000, message="insufficient funds for transfer", data=None), None),
    (RpcError(code=-32005, message="limit exceeded", data=None), None),
    (RpcError(code=-32603, message="header not found", data="0xzz"), None),
]


@pytest.mark.parametrize(("error", "data"), SAID)
def test_a_revert_is_told_from_a_node_in_trouble(error: RpcError, data: bytes | None) -> None:
    """In the shapes of geth, OpenEthereum's heirs and others; what is no revert is none."""
    assert revert_data(error) == data


@given(st.integers(), st.text(max_size=40), JSON)
def test_any_error_is_read(code: int, message: str, data: Any) -> None:
    """No answer of a node causes an error of ours."""
    found = revert_data(RpcError(code=code, message=message, data=data))
    assert found is None or isinstance(found, bytes)


@given(st.binary(max_size=300))
def test_any_answer_of_a_token_is_read(answer: bytes) -> None:
    """Text, numbers and yes or no from any bytes."""
    text = read_string(answer)
    assert text is None or isinstance(text, str)
    decimals = read_decimals(answer)
    assert decimals is None or 0 <= decimals <= 255
    assert is_refusal(answer) == (bool(answer) and answer[:32] != word(1))


@given(st.text(max_size=200), st.integers(1, 64))
def test_cleaned_words_are_short_and_visible(text: str, length: int) -> None:
    """Nothing hidden, nothing that turns a line round, and cleaning again changes nothing."""
    once = cleaned(text, length)
    assert len(once) <= length
    assert cleaned(once, length) == once
    assert "\n" not in once
    assert "\u202e" not in once
    assert quoted(text).isascii()
