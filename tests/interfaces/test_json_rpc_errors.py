"""The table of JSON-RPC errors: real words of real nodes, each on its side."""

import pytest

from waiaas.errors import Trouble
from waiaas.interfaces.json_rpc_errors import ERRORS, EVM, SOLANA, UNKNOWN, judge

OWN_EVM = [
    (3, "execution reverted: ERC20: transfer amount exceeds balance"),
    (-32000, "execution reverted"),
    (-32603, "VM Exception while processing transaction: reverted with reason string 'api key quota exceeded'"),
    (-32015, "VM execution error."),
    (-32000, "already known"),
    (-32000, "ALREADY_EXISTS: already known"),
    (-32010, "AlreadyKnown"),
    (-32003, "transaction already imported"),
    (-32000, "Known transaction"),
    (-32000, "nonce too low: next nonce 8, tx nonce 7"),
    (-32010, "OldNonce, Current nonce: 8, nonce of rejected tx: 7"),
    (-32001, "Nonce too low"),
    (-32000, "nonce too high"),
    (-32000, "replacement transaction underpriced"),
    (-32000, "transaction underpriced: gas tip cap 1, minimum needed 25000000000"),
    (-32000, "max fee per gas less than block base fee: address 0x1, maxFeePerGas: 1, baseFee: 2"),
    (-32010, "FeeTooLow, MaxFeePerGas too low"),
    (-32009, "Gas price below configured minimum gas price"),
    (-32000, "insufficient funds for gas * price + value: balance 1, tx cost 2"),
    (-32003, "Insufficient funds for gas * price + value"),
    (-32004, "Upfront cost exceeds account balance"),
    (-32000, "gas required exceeds allowance (21000)"),
    (-32003, "Out of gas: gas required exceeds allowance: 0"),
    (-32000, "intrinsic gas too low: gas 20000, minimum needed 21000"),
    (-32005, "Transaction gas limit exceeds block gas limit"),
    (-32000, "exceeds block gas limit"),
    (-32000, "invalid sender"),
    (-32000, "invalid chain id for signer: have 2 want 1"),
    (-32000, "transaction type not supported"),
    (-32000, "rlp: expected input list for types.LegacyTx"),
    (-32000, "in-flight transaction limit reached for delegated accounts"),
    (-32007, "Sender account not authorized to send transactions"),
    (-32000, "invalid opcode: opcode 0xfe not defined"),
    (-32602, "invalid argument 0: hex string of odd length"),
]
OWN_SOLANA = [
    (-32002, "Transaction simulation failed: This transaction has already been processed"),
    (-32003, "Transaction signature verification failure"),
    (-32013, "Transaction signature length mismatch"),
    (-32015, "Transaction version (0) is not supported by the requesting client."),
    (-32602, "invalid transaction: index out of bounds"),
    (-32600, "Invalid request"),
]
TROUBLE_EVM = [
    (-32005, "limit exceeded", Trouble.LIMITED),
    (-32005, "daily request count exceeded, request rate limited", Trouble.LIMITED),
    (-32005, "their words", Trouble.LIMITED),
    (-32029, "their words", Trouble.LIMITED),
    (429, "Your app has exceeded its compute units per second capacity.", Trouble.LIMITED),
    (-32000, "your account has reached its monthly limit", Trouble.LIMITED),
    (-32007, "15/second request limit reached - reduce calls per second or upgrade your account", Trouble.LIMITED),
    (-32600, "Must be authenticated!", Trouble.TURNED_AWAY),
    (-32000, "invalid project id", Trouble.TURNED_AWAY),
    (-32016, "Unauthorized", Trouble.TURNED_AWAY),
    (-32601, "the method eth_simulateV1 does not exist/is not available", Trouble.UNSUPPORTED),
    (-32004, "their words", Trouble.UNSUPPORTED),
    (-32601, "Method not found", Trouble.UNSUPPORTED),
    (-32000, "missing trie node 0xab (path ) state 0xcd is not available", Trouble.PRUNED),
    (4444, "pruned history unavailable", Trouble.PRUNED),
    (-32000, "historical state 0xab is not available", Trouble.PRUNED),
    (-32000, "header not found", Trouble.UNHEALTHY),
    (-32000, "transaction indexing is in progress", Trouble.UNHEALTHY),
    (-32002, "request timed out", Trouble.UNHEALTHY),
    (-32000, "txpool is full", Trouble.UNHEALTHY),
    (-32603, "Internal error", Trouble.FAILED),
    (-32003, "response too large", Trouble.TOO_LARGE),
    (-32600, "batch too large", Trouble.TOO_LARGE),
    (-32000, "batch limit 100 exceeded: 142 requests given", Trouble.TOO_LARGE),
    (31, "Batch of more than 3 requests are not allowed on free tier, to use them upgrade", Trouble.TOO_LARGE),
    (-32000, "their very own words", Trouble.FAILED),
    (0, "", Trouble.FAILED),
    (-39999, "x" * 1024, Trouble.FAILED),
]
TROUBLE_SOLANA = [
    (-32005, "Node is behind by 42 slots", Trouble.UNHEALTHY),
    (-32005, "Node is unhealthy", Trouble.UNHEALTHY),
    (-32016, "Minimum context slot has not been reached", Trouble.UNHEALTHY),
    (-32014, "Block status not yet available for slot 5", Trouble.UNHEALTHY),
    (-32004, "Block not available for slot 5", Trouble.UNHEALTHY),
    (-32001, "Block 5 cleaned up, does not exist on node. First available block: 9", Trouble.PRUNED),
    (-32011, "Transaction history is not available from this node", Trouble.PRUNED),
    (-32010, "key excluded from account secondary indexes; this RPC method unavailable for key", None),
    (-32429, "rate limited", Trouble.LIMITED),
    (429, "Too many requests for a specific RPC call", Trouble.LIMITED),
    (-32401, "Unauthorized", Trouble.TURNED_AWAY),
    (-32601, "Method not found", Trouble.UNSUPPORTED),
    (-32603, "Internal error", Trouble.FAILED),
    (-32000, "their very own words", Trouble.FAILED),
]


@pytest.mark.parametrize(
    ("family", "code", "message"), [(EVM, *one) for one in OWN_EVM] + [(SOLANA, *one) for one in OWN_SOLANA]
)
def test_what_speaks_of_the_request(family: str, code: int, message: str) -> None:
    """No other node would say anything else, and our sentence does not hold theirs."""
    row = judge(code, message, family)
    assert row.trouble is None, row.sentence
    assert message not in row.sentence


@pytest.mark.parametrize(
    ("family", "code", "message", "kind"),
    [(EVM, *one) for one in TROUBLE_EVM] + [(SOLANA, *one) for one in TROUBLE_SOLANA],
)
def test_what_speaks_of_the_node(family: str, code: int, message: str, kind: Trouble | None) -> None:
    """Another node is asked, for the reason that is named; ``kind`` is None where any will do."""
    row = judge(code, message, family)
    assert row.trouble is not None, row.sentence
    assert kind is None or row.trouble is kind, row.sentence


@pytest.mark.parametrize("family", [EVM, SOLANA, "somebody-elses"])
def test_every_row_can_decide(family: str) -> None:
    """A family that the table does not know has the common rows; an error that no row fits concludes nothing."""
    assert judge(-39999, "?", family) is UNKNOWN
    assert judge(-32601, "?", family).trouble is Trouble.UNSUPPORTED
    assert UNKNOWN.trouble is Trouble.FAILED


def test_no_row_is_empty() -> None:
    """A row without words and codes would fit everything."""
    assert all(row.words is not None or row.codes for row in ERRORS)
