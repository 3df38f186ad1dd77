"""On a real EVM node whose blocks a test makes: what is stuck is sped up or given up, and nonces stay dense."""

import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from waiaas_sdk import ChainRefused, Conflict, Denied, Transaction

from tests.harness.books import check_books
from tests.harness.commands import done, waiaas
from tests.harness.deadline import until
from tests.harness.evm_by_hand import StillChain, house_on, still_chain
from tests.harness.evm_chain import EvmCase, EvmTokenCase
from tests.harness.fixtures import runnable
from tests.harness.house import House, Wallet, confirmed

_GWEI = 10**9
_DEAR = 200 * _GWEI
_SENDS = 50
REVERTS = "0x60006000fd"
"""Code that reverts whatever it is sent."""


EVERYTHING = pytest.mark.parametrize("chain", [EvmCase(), EvmTokenCase()], ids=lambda case: case.name, indirect=True)
"""With native coins and with a token; what is not marked so pays with native coins alone."""


@pytest.fixture
def chain(request: pytest.FixtureRequest) -> Iterator[StillChain]:
    """An Anvil that makes blocks when it is told to."""
    case = runnable(getattr(request, "param", EvmCase()))
    assert isinstance(case, EvmCase)
    with still_chain(case) as running:
        yield running


@pytest.fixture
def house(chain: StillChain, template: Path, tmp_path: Path) -> Iterator[House]:
    """A started house on it."""
    made = house_on(chain, template, tmp_path / "house")
    try:
        yield made.start()
    finally:
        made.close()


def pay(house: House, wallet: Wallet, recipient: str | None = None) -> Transaction:
    """A payment that a node has taken and no block has."""
    to = recipient or house.case.new_recipient()
    sent = house.client(wallet).send(**house.case.payment(to))
    assert sent.status == "SUBMITTED", sent
    return sent


def in_blocks(house: House, chain: StillChain, *ids: str, status: str = "CONFIRMED") -> None:
    """Make blocks until these rows have ended so."""

    def ended() -> bool:
        chain.mine()
        return all(house.row(tx_id)["status"] != "SUBMITTED" for tx_id in ids)

    until(ended, lambda: f"the rows to end: {[house.row(tx_id) for tx_id in ids]}")
    assert {house.row(tx_id)["status"] for tx_id in ids} == {status}


@EVERYTHING
def test_a_stuck_payment_is_sped_up(house: House, chain: StillChain) -> None:
    """The base fee rose above what the bytes allow: the dearer ones take the same nonce, land, and are the row's."""
    wallet, recipient = house.instant(), house.case.new_recipient()
    sent = pay(house, wallet, recipient)
    chain.dear(10 * _GWEI)
    chain.mine(2)
    assert house.row(sent.id)["status"] == "SUBMITTED"
    sped = house.client(wallet).speed_up(sent.id, max_fee=10**16)
    assert [(one.n, one.kind) for one in sped.variants] == [(1, "original"), (2, "speed_up")]
    assert sped.variants[1].fee_cap >= sped.variants[0].fee_cap * 9 // 8
    assert sped.tx_hash == sped.variants[1].tx_hash
    in_blocks(house, chain, sent.id)
    assert [one.tx_hash for one in chain.payments(recipient=recipient)] == [sped.tx_hash]
    assert chain.nonces(wallet.address) == [0]
    check_books(house, wallet)


@EVERYTHING
def test_a_stuck_payment_is_given_up(house: House, chain: StillChain) -> None:
    """Bytes to oneself land in its place: CANCELLED, nobody was paid, the fee is booked, and what came after lands too."""
    wallet, recipient = house.instant(), house.case.new_recipient()
    sent = pay(house, wallet, recipient)
    chain.dear(10 * _GWEI)
    behind = pay(house, wallet)
    given_up = house.operator.transactions.cancel_onchain(sent.id, max_fee=10**16)
    assert given_up.variants[-1].kind == "cancel"
    in_blocks(house, chain, sent.id, status="CANCELLED")
    in_blocks(house, chain, behind.id)
    assert chain.payments(recipient=recipient) == []
    assert house.row(sent.id)["error_code"] == "CANCELLED_ON_CHAIN"
    assert chain.nonces(wallet.address) == [0, 1]
    booked = house.rows("SELECT kind FROM spend_ledger WHERE tx_id = ?", sent.id)
    assert [entry["kind"] for entry in booked] == ["fee"]
    check_books(house, wallet)


def test_a_transaction_that_the_pool_dropped_is_sent_again(house: House, chain: StillChain) -> None:
    """Nothing is built anew: the same bytes land, and those behind them too."""
    wallet = house.instant()
    sent, behind = pay(house, wallet), pay(house, wallet)
    assert sent.tx_hash is not None
    chain.drop(sent.tx_hash)
    assert sent.tx_hash not in chain.in_pool()
    until(lambda: sent.tx_hash in chain.in_pool(), "the bytes to be sent again")
    in_blocks(house, chain, sent.id, behind.id)
    assert chain.nonces(wallet.address) == [0, 1]
    assert house.row(sent.id)["tx_hash"] == sent.tx_hash
    check_books(house, wallet)


def test_a_nonce_used_by_another_program_is_followed(house: House, chain: StillChain) -> None:
    """It takes the nonce of one payment, which is given up with proof; the next payment follows, and people are told."""
    wallet = house.instant()
    sent = pay(house, wallet)
    assert sent.tx_hash is not None
    house.chain.away()
    chain.drop(sent.tx_hash)
    chain.use_nonce(wallet.address)
    chain.use_nonce(wallet.address)
    chain.mine(80)
    house.chain.away(False)
    lost = house.until_status(sent.id, "FAILED", seconds=60)
    assert lost["error_code"] == "CLAIM_USED_ELSEWHERE"
    after = pay(house, wallet)
    in_blocks(house, chain, after.id)
    assert chain.nonces(wallet.address) == [0, 1, 2]
    assert "account.used_elsewhere" in house.events(after.id)


@pytest.mark.parametrize("undo", [StillChain.rollback, StillChain.reorg], ids=lambda undo: undo.__name__)
def test_a_block_that_vanishes_is_healed(
    house: House, chain: StillChain, undo: Callable[[StillChain, int], None]
) -> None:
    """Rolled back or replaced before it was seen, the same bytes are sent again and the payment is made once."""
    wallet, recipient = house.instant(), house.case.new_recipient()
    house.chain.away()
    sent = house.client(wallet).send(wait=0, **house.case.payment(recipient))
    house.chain.away(False)
    until(lambda: house.row(sent.id)["broadcast_at"], "a node to take the bytes")
    house.chain.away()
    chain.mine()
    undo(chain, 1)
    house.chain.away(False)
    in_blocks(house, chain, sent.id)
    assert len(chain.payments(recipient=recipient)) == 1
    check_books(house, wallet)


def test_what_was_final_and_vanished_suspends_the_agent(house: House, chain: StillChain) -> None:
    """A roll-back below what was final: the row stays CONFIRMED, the agent is suspended, also over restarts in between."""
    wallet = house.instant()
    sent = pay(house, wallet)
    in_blocks(house, chain, sent.id)
    chain.rollback(chain.mine(0))
    house.stop()
    house.start()
    until(lambda: '"silent": {"' in _mark(house), "the silence to be noticed")
    house.stop()
    house.clock.shift(600)
    house.start()
    until(lambda: "transaction.reorged" in house.events(sent.id), "the alarm")
    assert house.row(sent.id)["status"] == "CONFIRMED"
    assert house.operator.agents.show(wallet.agent_id).status == "SUSPENDED"


def _mark(house: House) -> str:
    found = house.rows("SELECT value FROM daemon_state WHERE key = 'watched:evm/local'")
    return str(found[0]["value"]) if found else ""


def test_a_base_fee_above_the_cap_waits_and_then_expires(house: House, chain: StillChain) -> None:
    """Unsigned and EXECUTING while it lasts; paid when it falls in time, EXPIRED with FEE_ABOVE_CAP when not."""
    wallet = house.instant()
    first = pay(house, wallet)
    in_blocks(house, chain, first.id)
    chain.dear(_DEAR * 1000)
    waiting = house.client(wallet).send(wait=0, **house.case.payment(house.case.new_recipient()))
    until(lambda: house.row(waiting.id)["error_code"] == "FEE_ABOVE_CAP", lambda: str(house.row(waiting.id)))
    assert house.row(waiting.id)["status"] == "EXECUTING"
    assert house.row(waiting.id)["tx_hash"] is None
    house.clock.shift(700)
    expired = house.until_status(waiting.id, "EXPIRED")
    assert expired["error_code"] == "FEE_ABOVE_CAP"
    chain.dear(_GWEI)
    after = pay(house, wallet)
    in_blocks(house, chain, after.id)
    assert chain.nonces(wallet.address) == [0, 1]
    check_books(house, wallet)


def test_a_revoked_sessions_bytes_that_no_node_took_hold_nobody_up(house: House, chain: StillChain) -> None:
    """Signed, refused by the node, revoked: the house gives them up by itself, and the payment behind them lands."""
    wallet, recipient = house.instant(), house.case.new_recipient()
    other = house.operator.sessions.issue(wallet.agent_id)
    chain.refuse_bytes(None)
    orphan = house.client(wallet).send(wait=0, **house.case.payment(recipient))
    house.until_status(orphan.id, "SUBMITTED")
    house.operator.sessions.revoke(wallet.session_id)
    behind = house.client(other.token).send(wait=0, **house.case.payment(house.case.new_recipient()))
    chain.heal()
    until(lambda: "transaction.cancel_signed" in house.events(orphan.id), "the house to give it up")
    house.until_status(behind.id, "SUBMITTED")
    in_blocks(house, chain, orphan.id, status="CANCELLED")
    in_blocks(house, chain, behind.id)
    assert chain.payments(recipient=recipient) == []
    assert chain.nonces(wallet.address) == [0, 1]
    (original, _) = house.rows("SELECT tx_hash FROM transaction_variants WHERE tx_id = ? ORDER BY n", orphan.id)
    assert chain.handed_over(original["tx_hash"]) == 0
    check_books(house, wallet)


def test_wishes_that_cannot_be_are_refused(house: House, chain: StillChain) -> None:
    """A final row is a conflict; a fee over the configured maximum, or one that no node would take, changes nothing."""
    wallet = house.instant()
    sent = pay(house, wallet)
    fee = sent.variants[0].fee_cap
    with pytest.raises(ChainRefused, match="fee"):
        house.client(wallet).speed_up(sent.id, max_fee=fee + 1)
    with pytest.raises(Conflict):
        house.client(wallet).speed_up(sent.id, max_fee=fee)
    in_blocks(house, chain, sent.id)
    with pytest.raises(Conflict):
        house.client(wallet).cancel_onchain(sent.id)
    assert len(house.operator.transactions.show(sent.id).variants) == 1


def test_a_policy_may_refuse_a_larger_fee(chain: StillChain, template: Path, tmp_path: Path) -> None:
    """Fees over the day's limit are refused for session and operator alike, and the payment stays as it was."""
    house = house_on(
        chain, template, tmp_path / "house", environ={"WAIAAS_FEES_EVM_LOCAL_DAILY_LIMIT": str(10**15)}
    ).start()
    try:
        wallet = house.instant()
        sent = pay(house, wallet)
        for client in (house.client(wallet), house.operator.transactions):
            with pytest.raises(Denied, match="limit"):
                client.speed_up(sent.id, max_fee=10**16)
        in_blocks(house, chain, sent.id)
    finally:
        house.close()


def test_fifty_payments_at_once_among_reverts(house: House, chain: StillChain) -> None:
    """Half of the recipients revert at random: every row ends as the chain says, nonces are dense, none is lost."""
    wallet = house.instant()
    wild = [house.case.new_recipient() for _ in range(_SENDS)]
    sends = [house.client(wallet) for _ in range(8)]

    def send(number: int) -> Transaction:
        return sends[number % 8].send(wait=0, **house.case.payment(wild[number]))

    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(send, range(_SENDS)))
    until(lambda: all(house.row(one.id)["broadcast_at"] for one in sent), "all to be in the pool", seconds=60)
    bad = {recipient for recipient in wild if secrets.randbelow(2)}
    for recipient in bad:
        chain.anvil.call("anvil_setCode", recipient, REVERTS)
    chain.mine(3)
    until(lambda: all(house.row(one.id)["status"] != "SUBMITTED" for one in sent), "all to be final", seconds=60)
    for one, recipient in zip(sent, wild, strict=True):
        row = house.row(one.id)
        assert row["status"] == ("FAILED" if recipient in bad else "CONFIRMED"), row
        if recipient in bad:
            assert row["error_code"] == "FAILED_ON_CHAIN"
    assert chain.nonces(wallet.address) == list(range(_SENDS))
    assert len(chain.payments(sender=wallet.address)) == _SENDS - len(bad)
    confirmed_rows = [one for one, recipient in zip(sent, wild, strict=True) if recipient not in bad]
    for one in confirmed_rows:
        confirmed(house, one)
    check_books(house, wallet)


def test_blocks_for_single_transactions_and_none_at_all(house: House, chain: StillChain) -> None:
    """With automine parallel payments land one a block; without it what follows waits; nonces are dense over both."""
    wallet = house.instant()
    chain.automine(True)
    clients = [house.client(wallet) for _ in range(8)]
    with ThreadPoolExecutor(8) as pool:
        sent = list(pool.map(lambda client: client.send(**house.case.payment(house.case.new_recipient())), clients))
    for one in sent:
        confirmed(house, one)
    chain.automine(False)
    waiting = pay(house, wallet)
    in_blocks(house, chain, waiting.id)
    assert chain.nonces(wallet.address) == list(range(9))
    check_books(house, wallet)


def test_the_commands_mend_a_stuck_payment(house: House, chain: StillChain) -> None:
    """``waiaas tx speed-up`` and ``cancel-onchain`` make further bytes, and ``tx show`` lists them."""
    wallet = house.instant()
    sent = pay(house, wallet)
    sped = done(house.root, "tx", "speed-up", sent.id, "--max-fee", str(10**15))
    assert [one["kind"] for one in sped["variants"]] == ["original", "speed_up"]
    given_up = done(house.root, "tx", "cancel-onchain", sent.id)
    assert [one["kind"] for one in given_up["variants"]] == ["original", "speed_up", "cancel"]
    assert "3 cancel (fee up to" in waiaas(house.root, "tx", "show", sent.id).stdout
    refused = waiaas(house.root, "tx", "speed-up", sent.id)
    assert (refused.returncode, "cancel-onchain" in refused.stderr) == (1, True)
    in_blocks(house, chain, sent.id, status="CANCELLED")
