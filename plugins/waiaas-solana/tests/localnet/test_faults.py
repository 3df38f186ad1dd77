"""Each fault: what the client sees, and what happened on chain."""

from __future__ import annotations

import http.client
import time

import pytest
from solders.hash import Hash
from solders.keypair import Keypair
from solders.pubkey import Pubkey
from waiaas_solana.localnet import GENESIS_HASH, Localnet, Rule

from .client import SOL, Client, RpcFaultError, encoded, payment, until

HEALTH = b'{"jsonrpc":"2.0","id":1,"method":"getHealth"}'


@pytest.fixture
def recipient() -> Pubkey:
    """An address nobody has used."""
    return Keypair().pubkey()


def test_dropped_answer_has_paid(localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey) -> None:
    """The connection ends without an answer, once; the transaction has landed and its repetition is no second one."""
    sent = payment(payer, recipient, SOL, client.blockhash())
    localnet.faults.drop_answer()
    with pytest.raises(http.client.RemoteDisconnected):
        client.send(sent)
    assert localnet.balance(str(recipient)) == SOL
    assert client.send(sent, skipPreflight=True) == str(sent.signatures[0])
    assert localnet.balance(str(recipient)) == SOL


def test_fault_wears_off(localnet: Localnet, client: Client) -> None:
    """A fault set for two calls strikes two calls."""
    localnet.faults.fail(times=2, status=520)
    statuses = [client.request("POST", "/", HEALTH)[0] for _ in range(3)]
    assert statuses == [520, 520, 200]


def test_refusal_before_does_nothing(localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey) -> None:
    """A 5xx of the first kind means that nothing happened."""
    localnet.faults.fail(method="sendTransaction")
    with pytest.raises(AssertionError, match="503"):
        client.send(payment(payer, recipient, SOL, client.blockhash()))
    assert localnet.balance(str(recipient)) == 0
    assert localnet.accepted() == []


def test_refusal_after_has_paid(localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey) -> None:
    """A 503 of the second kind comes after the transaction was taken."""
    localnet.faults.fail_after()
    with pytest.raises(AssertionError, match="503"):
        client.send(payment(payer, recipient, SOL, client.blockhash()))
    assert localnet.balance(str(recipient)) == SOL


def test_swallowed_transaction_never_lands(
    localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey
) -> None:
    """The node says the signature and forgets; sent again it lands."""
    sent = payment(payer, recipient, SOL, client.blockhash())
    localnet.faults.swallow()
    signature = client.send(sent)
    localnet.advance(5)
    assert client.status(signature, search=True) is None
    assert localnet.accepted() == [signature]
    client.send(sent)
    assert localnet.balance(str(recipient)) == SOL


def test_landing_later(localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey) -> None:
    """A delayed transaction is unseen until its slot, and lands there."""
    localnet.faults.land_later(slots=10)
    signature = client.send(payment(payer, recipient, SOL, client.blockhash()))
    localnet.advance(9)
    assert client.status(signature, search=True) is None
    assert localnet.balance(str(recipient)) == 0
    slot = localnet.advance(5) - 4
    assert client.status(signature)["slot"] == slot
    assert localnet.balance(str(recipient)) == SOL


@pytest.mark.parametrize(("slots", "lands"), [(150, True), (151, False)])
def test_landing_later_never_outlives_the_blockhash(
    localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey, slots: int, lands: bool
) -> None:
    """The last valid height is the last slot in which a delayed transaction lands."""
    localnet.faults.land_later(slots=slots)
    client.send(payment(payer, recipient, SOL, client.blockhash()))
    localnet.advance(500)
    assert (localnet.balance(str(recipient)) == SOL) is lands


def test_late_answer_has_paid_at_once(localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey) -> None:
    """The answer is late, the payment is not: a client that gives up has paid."""
    localnet.faults.late_answer(seconds=3600)
    sent = payment(payer, recipient, SOL, client.blockhash())
    impatient = http.client.HTTPConnection("127.0.0.1", localnet.port, timeout=0.2)
    body = '{"jsonrpc":"2.0","id":1,"method":"sendTransaction","params":["%s",{"encoding":"base64",%s}]}'
    impatient.request("POST", "/", body % (encoded(sent), '"skipPreflight":true'), {"Content-Type": "application/json"})
    with pytest.raises(TimeoutError):
        impatient.getresponse()
    impatient.close()
    until(lambda: localnet.balance(str(recipient)) == SOL)


def test_latency_of_one_method(localnet: Localnet, client: Client) -> None:
    """A slow method takes its time, others don't."""
    localnet.faults.latency(0.15, method="getSlot", times=1)
    started = time.monotonic()
    client.call("getHealth")
    quick = time.monotonic() - started
    client.call("getSlot")
    assert time.monotonic() - started - quick >= 0.15 > quick


def test_rate_limit_names_its_time(localnet: Localnet, client: Client) -> None:
    """A limited call is 429 with Retry-After, and the next one is served."""
    localnet.faults.rate_limit(retry_after=7)
    status, headers, _ = client.request("POST", "/", HEALTH)
    assert (status, headers["retry-after"]) == (429, "7")
    assert client.call("getHealth") == "ok"


def test_node_that_is_away(localnet: Localnet, client: Client) -> None:
    """Every connection is closed unanswered until the node is back."""
    localnet.faults.away()
    for _ in range(2):
        with pytest.raises((http.client.RemoteDisconnected, ConnectionResetError)):
            client.call("getHealth")
    localnet.faults.away(False)
    assert client.call("getHealth") == "ok"


def test_lagging_node_answers_from_the_past(
    localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey
) -> None:
    """A node 200 slots behind tells old slots, heights and blockhashes, and has not seen the payment."""
    old = localnet.slot()
    height = client.call("getBlockHeight")
    blockhash = client.blockhash()
    localnet.advance(200)
    signature = client.send(payment(payer, recipient, SOL, client.blockhash()))
    localnet.faults.lag(200)
    assert client.call("getSlot", {"commitment": "processed"}) == old
    assert client.call("getBlockHeight") == height
    assert client.blockhash() == blockhash
    assert client.status(signature, search=True) is None
    assert client.call("getBalance", str(recipient))["value"] == 0
    assert client.call("getBalance", str(payer.pubkey()))["value"] == 10 * SOL
    localnet.faults.lag(0)
    assert client.status(signature) is not None
    assert client.call("getBalance", str(recipient))["value"] == SOL


def test_lagging_node_knows_that_it_lags(localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey) -> None:
    """Beyond 128 slots health is -32005, and preflight with it; without preflight the bytes are passed on."""
    localnet.advance(300)
    localnet.faults.lag(128)
    assert client.call("getHealth") == "ok"
    localnet.faults.lag(129)
    sent = payment(payer, recipient, SOL, client.blockhash())
    for refused_call in (lambda: client.call("getHealth"), lambda: client.send(sent)):
        with pytest.raises(RpcFaultError) as refused:
            refused_call()
        assert (refused.value.code, refused.value.data) == (-32005, {"numSlotsBehind": 129})
    client.send(sent, skipPreflight=True)
    assert localnet.balance(str(recipient)) == SOL


def test_lagging_node_does_not_know_new_blockhashes(
    localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey
) -> None:
    """A blockhash that the replica has not seen is BlockhashNotFound there."""
    fresh = payment(payer, recipient, SOL, client.blockhash())
    with Client(localnet.replica_url(5)) as replica:
        with pytest.raises(RpcFaultError, match="Blockhash not found"):
            replica.send(fresh)
        localnet.advance(5)
        replica.send(fresh)


def test_lagging_node_has_not_seen_the_first_send(
    localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey
) -> None:
    """A replica passes on bytes that already landed without knowing it: the signature again, and one payment."""
    sent = payment(payer, recipient, SOL, client.blockhash())
    localnet.advance(5)
    client.send(sent)
    with Client(localnet.replica_url(5)) as replica:
        assert replica.send(sent) == str(sent.signatures[0])
        localnet.advance(5)
        with pytest.raises(RpcFaultError, match="already been processed"):
            replica.send(sent)
    assert localnet.balance(str(recipient)) == SOL


def test_a_balancer_answers_with_each_of_its_replicas_in_turn(localnet: Localnet) -> None:
    """Heights behind one address go back and forth, one replica a request."""
    localnet.run_clock(None)
    with Client(localnet.replica_url(0, 40, 5)) as balancer:
        heights = [balancer.call("getBlockHeight", {"commitment": "processed"}) for _ in range(6)]
    assert sorted(set(heights)) == [max(heights) - 40, max(heights) - 5, max(heights)]
    assert heights[:3] == heights[3:]


def test_a_liar_keeps_what_it_is_given_until_it_is_told(
    localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey
) -> None:
    """Its blockhash is good and said to have expired, its bytes are unknown, and they land when they are let go."""
    with Client(localnet.lying_url) as liar:
        latest = liar.call("getLatestBlockhash", {"commitment": "confirmed"})["value"]
        assert latest["lastValidBlockHeight"] < client.call("getBlockHeight", {"commitment": "finalized"})
        assert latest["lastValidBlockHeight"] - liar.call("getBlockHeight", {"commitment": "processed"}) in (149, 150)
        sent = payment(payer, recipient, SOL, Hash.from_string(latest["blockhash"]))
        assert liar.send(sent) == str(sent.signatures[0])
        assert client.status(str(sent.signatures[0])) is None
        assert liar.call("isBlockhashValid", latest["blockhash"])["value"] is False
        assert client.control("release", {})["executed"][-1]["signature"] == str(sent.signatures[0])
        assert client.status(str(sent.signatures[0])) is not None
        assert liar.status(str(sent.signatures[0])) is None
    assert localnet.balance(str(recipient)) == SOL


def test_replica_has_an_address_of_its_own(localnet: Localnet, client: Client) -> None:
    """Two nodes of one chain can be asked at once, one of them behind."""
    with Client(localnet.replica_url(40)) as replica:
        slots = [one.call("getSlot", {"commitment": "processed"}) for one in (client, replica)]
    assert slots == [localnet.slot(), localnet.slot() - 40]


def test_pruned_node_has_forgotten(localnet: Localnet, client: Client, payer: Keypair, recipient: Pubkey) -> None:
    """A node that has pruned its history does not find a payment that landed, and says where its history begins."""
    signature = client.send(payment(payer, recipient, SOL, client.blockhash()))
    floor = localnet.advance(40)
    localnet.faults.prune(floor)
    assert client.status(signature, search=True) is None
    assert client.call("getTransaction", signature, {"maxSupportedTransactionVersion": 0}) is None
    assert client.call("getSignaturesForAddress", str(payer.pubkey())) == []
    assert client.call("getFirstAvailableBlock") == floor


def test_node_of_another_cluster(localnet: Localnet, client: Client) -> None:
    """The genesis hash can be another's."""
    foreign = "5eykt4UsFv8P8NJdTREpY1vzqKqZKvdpKuc147dw2N9d"
    localnet.faults.genesis(foreign)
    assert client.call("getGenesisHash") == foreign
    localnet.faults.clear()
    assert client.call("getGenesisHash") == GENESIS_HASH


def test_prioritization_fee_is_told(localnet: Localnet, client: Client, recipient: Pubkey) -> None:
    """Recent blocks ask for what the test has set."""
    localnet.faults.prioritization_fee(1234)
    fees = client.call("getRecentPrioritizationFees", [str(recipient)])
    assert len(fees) == 150
    assert fees[-1] == {"slot": localnet.slot(), "prioritizationFee": 1234}


@pytest.mark.parametrize(
    "rule",
    [
        {"kind": "typo"},
        {"kind": "fail", "times": -1},
        {"kind": "fail", "status": 200},
        {"kind": "latency", "seconds": -1},
        {"kind": "land_later", "slots": 1.5},
    ],
)
def test_absurd_rule_is_refused(rule: dict[str, object]) -> None:
    """A rule with a value that means nothing is refused."""
    with pytest.raises(ValueError, match="of a fault"):
        Rule(**rule)  # type: ignore[arg-type]


@pytest.mark.parametrize("values", [{"typo": 1}, {"lag_slots": -1}, {"lag_slots": True}, {"away": 1}])
def test_absurd_condition_is_refused(localnet: Localnet, values: dict[str, object]) -> None:
    """A condition that does not exist or has a wrong value is refused and changes nothing."""
    before = localnet.faults.conditions
    with pytest.raises(ValueError, match=r"condition|negative"):
        localnet.faults.change(values)
    assert localnet.faults.conditions == before
