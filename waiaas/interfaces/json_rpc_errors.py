"""What a JSON-RPC error speaks of: the request, which no other node would answer otherwise, or the node that was asked. Pure.

One table for all chains, read from the top; the first row that fits decides. Words come before codes, since nodes give the same
code to different things, and what a contract says comes before everything, since anybody may write it. What no row fits is the
node's trouble: another one is asked, and nothing is concluded from it.

Sources, by the word in each row:

- ``spec``: JSON-RPC 2.0, section 5.1; EIP-1193 and EIP-1474, error codes
- ``geth``: go-ethereum, ``rpc/errors.go``, ``core/error.go``, ``core/txpool/errors.go``, ``internal/ethapi/errors.go``
- ``erigon``: Erigon, ``rpc/handler.go``, ``txnprovider/txpool``
- ``nethermind``: Nethermind, ``ErrorCodes.cs``, ``AcceptTxResult.cs``
- ``besu``: Besu, ``RpcErrorType.java``
- ``anvil``: Foundry, ``crates/anvil/src/eth/error.rs``, and ``reth``'s ``EthRpcErrorCode``
- ``agave``: Agave, ``rpc-client-api/src/custom_error.rs``
- ``providers``: the public pages on errors of Infura, Alchemy, QuickNode, dRPC, Ankr, Helius and Goldsky
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from waiaas.errors import Trouble

EVM, SOLANA = "evm", "solana"
_ANY: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorRow:
    """One row of the table.

    :param words: found in the message in small letters; None fits every message
    :param codes: one of them is the error's; none fits every code
    :param family: the chain family that it is about; empty for all
    :param trouble: what is wrong with the node; None where the error is the request's own
    :param sentence: the same in our words
    """

    sentence: str
    trouble: Trouble | None = None
    words: re.Pattern[str] | None = None
    codes: frozenset[int] = _ANY
    family: str = ""

    def fits(self, code: int, words: str, family: str) -> bool:
        """Pure. :param words: the message in small letters"""
        if (self.family and self.family != family) or (self.codes and code not in self.codes):
            return False
        return self.words is None or self.words.search(words) is not None


UNKNOWN = ErrorRow(trouble=Trouble.FAILED, sentence="it answered with an error that is not known here")


def judge(code: int, message: str, family: str) -> ErrorRow:
    """Pure, total. The row that fits; :data:`UNKNOWN` where none does.

    :param message: the node's words, to be recognised and never shown
    :param family: the chain family's word
    """
    words = message.lower()
    return next((row for row in ERRORS if row.fits(code, words, family)), UNKNOWN)


def _own(sentence: str, words: str = "", codes: Collection[int] = (), family: str = "") -> ErrorRow:
    return ErrorRow(sentence=sentence, words=_compiled(words), codes=frozenset(codes), family=family)


def _node(trouble: Trouble, sentence: str, words: str = "", codes: Collection[int] = (), family: str = "") -> ErrorRow:
    return ErrorRow(trouble=trouble, sentence=sentence, words=_compiled(words), codes=frozenset(codes), family=family)


def _compiled(words: str) -> re.Pattern[str] | None:
    return re.compile(words) if words else None


ERRORS: Sequence[ErrorRow] = (
    # --- what a contract says: first, since anybody may write the words -------------------------------------------------
    _own("the call reverted", codes={3}, family=EVM),  # geth, reth, anvil
    _own("the call reverted", r"\brevert(ed)?\b", family=EVM),  # erigon, besu, anvil: -32000 and -32603 too
    _own("the node expects the transaction to fail", codes={-32002}, family=SOLANA),  # agave: preflight
    # --- more than is taken at once: asked again in smaller pieces -------------------------------------------------------
    _node(
        Trouble.TOO_LARGE,
        "it takes fewer questions at once",
        # geth "batch too large"; erigon "batch limit 100 exceeded"; besu "exceeds max batch size"; dRPC, Ankr
        r"batch.*(limit|large|size|exceed|many|more than|allow|support|enabled)|(many|limit|exceed|support|no).*batch",
    ),
    _node(
        Trouble.TOO_LARGE,
        "its answer would be larger than it gives",
        r"(response|result set|answer|body|payload).*(too (large|big)|size|exceed)",  # geth -32003; providers
    ),
    # --- the node's: limits, keys, methods, health, history; the words of some mean the request and come first --------------
    _own(
        "the node holds too many transactions of the account",
        r"in-?flight|delegated account|account.?limit|sender.*(limit|slots)|too many pending",  # geth, nethermind
        family=EVM,
    ),
    _own(
        "the node does not take transactions of this account", r"sender.*not authori[sz]ed", family=EVM
    ),  # besu -32007
    _node(
        Trouble.LIMITED,
        "it is asked more often than it allows, or a plan is used up",
        r"rate.?limit|too many (requests|connections)|^limit exceeded|request (count|limit|rate)|requests? per|quota|"
        r"throttl|capacity|compute units|credits|throughput|payment required|monthly|daily|upgrade (your|to)|"
        r"(usage|plan|account).*limit",  # providers
    ),
    _node(
        Trouble.TURNED_AWAY,
        "it wants a key, or does not take ours",
        r"unauthori[sz]ed|forbidden|api.?key|project id|access (is )?denied|not (authori[sz]ed|whitelisted)|"
        r"authenticat|(account|app|tenant|project|endpoint).*(disabled|suspended|inactive)",  # providers
    ),
    _node(
        Trouble.UNSUPPORTED,
        "it does not offer what was asked for",
        r"method.*(not (found|supported|available|allowed|enabled|whitelisted)|unsupported|disabled|does not exist)|"
        r"(unsupported|unknown) method|not implemented",
        # geth "the method X does not exist/is not available"; nethermind, besu, providers
    ),
    _node(
        Trouble.PRUNED,
        "it no longer keeps what was asked for",
        r"missing trie node|prun|histor(y|ical) (state|data|rpc)?.*(unavailable|not available|expired|old)|"
        r"state .*(not available|unavailable)|archive|no historical|old data not available",  # geth, erigon, reth
    ),
    _node(
        Trouble.UNHEALTHY,
        "it is behind, or still reads its books",
        r"syncing|not synced|behind|indexing|unhealthy|header not found|block not found|unknown block|"
        r"could not find block|not (yet )?(ready|reached)",  # geth "transaction indexing is in progress"; agave; providers
    ),
    _node(
        Trouble.UNHEALTHY,
        "it is busy, or did not finish in its own time",
        r"pool.*(full|overflow)|time.?out|timed out|deadline|cancell?ed|busy|overload|temporar|try again|unavailable|"
        r"upstream|gateway|connection|no (backend|response)",  # geth -32002, txpool; providers
    ),
    # --- the request's own, in the words of those who check transactions ---------------------------------------------------
    _own("the node has the transaction already", r"already|known transaction|alreadyknown", family=EVM),
    _own("the nonce was used by another transaction", r"nonce.?(is )?too.?low|old.?nonce", family=EVM),
    _own(
        "the node has not seen the nonces before this one",
        r"nonce.?(is )?too.?high|nonce.?gap|future.?nonce|nonce.*(distant|too far)",
        family=EVM,
    ),
    _own(
        "another transaction with this nonce offers more, or nearly as much",
        r"replacement|replace.?underpriced|notreplaceable",
        family=EVM,
    ),
    _own(
        "the node asks for a higher fee",
        r"underpriced|fee.?too.?low|gas price.*(too low|below|minimum)|less than block base fee|feecaptoolow|"
        r"max fee per gas less|tip.*(too low|below|minimum|higher)|price.*below",
        family=EVM,
    ),
    _own(
        "the account cannot pay for it",
        r"insufficient.?(funds|balance)|lack of funds|upfront.?cost|balance too low|exceeds? (the )?balance",
        family=EVM,
    ),
    _own("it runs out of gas", r"out.?of.?gas|gas required exceeds|gas too low.*floor", family=EVM),
    _own(
        "the node does not take its gas limit", r"intrinsic gas|gas.?limit|exceeds block|gas too (low|high)", family=EVM
    ),
    _own("the node says that it is for another chain", r"chain.?id|replay.?protect", family=EVM),
    _own(
        "the node says that the signature does not verify",
        r"signature|invalid sender|sender.*recover|recover.*sender",
        family=EVM,
    ),
    _own(
        "the node does not know this type of transaction",
        r"type.?not.?supported|unsupported.*type|not supported.*type",
        family=EVM,
    ),
    _own("the node cannot read the transaction", r"\brlp|decod|oversized|invalid transaction", family=EVM),
    _own(
        "the call fails", r"invalid opcode|opcode|stack (over|under)|invalid jump|vm (execution|exception)", family=EVM
    ),
    # --- codes, where the words say nothing ---------------------------------------------------------------------------------
    _own("the call fails", codes={-32015}, family=EVM),  # nethermind, geth: the machine stopped
    _own("the node says that the signature does not verify", codes={-32003, -32006, -32013}, family=SOLANA),  # agave
    _own("the node does not know this version of transactions", codes={-32015}, family=SOLANA),  # agave
    _own("the node cannot read the transaction", codes={-32600, -32602}, family=SOLANA),  # spec, agave
    _own("the node cannot read the question", codes={-32602}),  # spec
    _node(Trouble.UNSUPPORTED, "it does not offer what was asked for", codes={-32601, 4200}),  # spec
    _node(Trouble.UNSUPPORTED, "it does not offer what was asked for", codes={-32004, -32006}, family=EVM),  # EIP-1474
    _node(
        Trouble.UNSUPPORTED, "it does not offer what was asked for", codes={-32010}, family=SOLANA
    ),  # agave: no index
    _node(Trouble.LIMITED, "it is asked more often than it allows", codes={429, -32029, -32429}),  # providers
    _node(Trouble.LIMITED, "it is asked more often than it allows", codes={-32005}, family=EVM),  # EIP-1474
    _node(Trouble.TURNED_AWAY, "it wants a key, or does not take ours", codes={401, 403, 4100}),  # EIP-1193, providers
    _node(Trouble.PRUNED, "it no longer keeps what was asked for", codes={4444}, family=EVM),  # geth, EIP-4444
    _node(
        Trouble.PRUNED, "it no longer keeps what was asked for", codes={-32001, -32007, -32009, -32011}, family=SOLANA
    ),
    _node(Trouble.UNHEALTHY, "it does not have what was asked for now", codes={-32001, -32002}, family=EVM),  # EIP-1474
    _node(
        Trouble.UNHEALTHY,
        "it is behind the others",
        codes={
            -32004,
            -32005,
            -32014,
            -32016,
        },  # agave: block not available, unhealthy, status unknown, slot not reached
        family=SOLANA,
    ),
    _node(Trouble.FAILED, "it failed", codes={-32603}),  # spec
    _node(Trouble.FAILED, "it failed", codes={-32008, -32012, -32019}, family=SOLANA),  # agave
)
