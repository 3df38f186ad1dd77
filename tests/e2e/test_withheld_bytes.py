"""A liar beside an honest endpoint that is behind: no payment is given up while its bytes can land (invariants 5 and 15).

The liar gives a blockhash that is good, says that it has expired, keeps the bytes, and says that nobody saw them. The honest
endpoint does not know the blockhash yet, which reads as "not valid". Solana alone has bytes that expire.
"""

from collections.abc import Callable

import pytest
from waiaas_sdk import Denied, Transaction
from waiaas_solana.localnet import Localnet

from tests.harness.books import check_books
from tests.harness.deadline import until
from tests.harness.fixtures import one_case
from tests.harness.house import House, Wallet, confirmed
from tests.harness.solana_chain import SolanaChain

case = one_case

_LOOKS = 5
"""So many rounds of looking are given to the daemon to come to a wrong conclusion."""


@pytest.fixture(params=[(2,), (0, 40, 5)], ids=["2 behind", "a balancer"])
def deceived(request: pytest.FixtureRequest, make_house: Callable[..., House], chain: SolanaChain) -> House:
    """A house whose first endpoint lies, and whose second is honest and so many slots behind."""
    return make_house(urls=(chain._net.lying_url, chain._net.replica_url(*request.param))).start()


def test_withheld_bytes_count_until_they_land_or_cannot(deceived: House, chain: SolanaChain) -> None:
    """What the liar keeps goes on counting and is paid when it lets it go; what it keeps for good ends, with proof."""
    amount, net = deceived.case.amount, chain._net
    wallet, recipient = deceived.instant(daily_limit=2 * amount - 1), deceived.case.new_recipient()
    first = _send(deceived, wallet, recipient)
    _goes_on(deceived, net, first)
    with pytest.raises(Denied):
        _send(deceived, wallet, recipient)
    assert net.release() == 1
    confirmed(deceived, first)
    assert [one.tx_hash for one in chain.payments(recipient=recipient)] == [first.tx_hash]
    other = deceived.instant()
    lost = _send(deceived, other, recipient)
    _goes_on(deceived, net, lost)
    chain.outlive_bytes()
    row = deceived.until_status(lost.id, "FAILED")
    assert row["error_code"] == "EXPIRED_ON_CHAIN"
    assert net.release() == 0
    assert len(chain.payments(recipient=recipient)) == 1
    check_books(deceived, wallet, other)


def _send(house: House, wallet: Wallet, recipient: str) -> Transaction:
    sent = house.client(wallet).send(wait=0, **house.case.payment(recipient))
    house.until_status(sent.id, "SUBMITTED")
    return house.client(wallet).transaction(sent.id)


def _goes_on(house: House, net: Localnet, sent: Transaction) -> None:
    """Every endpoint is asked again and again, and the row waits."""
    asked = net.requests().get("getFirstAvailableBlock", 0)
    until(
        lambda: net.requests().get("getFirstAvailableBlock", 0) >= asked + 2 * _LOOKS,
        "the daemon to ask every endpoint whether the bytes are dead",
    )
    assert house.row(sent.id)["status"] == "SUBMITTED"
    assert "transaction.failed" not in house.events(sent.id)
