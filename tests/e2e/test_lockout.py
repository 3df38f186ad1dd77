"""The lockout of wrong passwords: what is counted, for how long, and whom it never reaches."""

import httpx
import pytest
from waiaas_sdk import Operator, Unauthenticated

from tests.harness.chains import ChainCase
from tests.harness.data_directory import PASSWORD
from tests.harness.fixtures import CASES, MakeHouse
from tests.harness.house import ONCE, House

_LOGIN = "/v1/operator/login"


@pytest.fixture(scope="session", params=CASES[:1], ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> ChainCase:
    """One asset on one chain is enough: doors know of neither."""
    found: ChainCase = request.param
    return found


def guess(house: House, password: str = "guess") -> int:
    """A password over TCP."""
    headers = {"X-Master-Password": password}
    return httpx.post(house.daemon.url + _LOGIN, headers=headers, json={}, timeout=60).status_code


def guess_on_socket(house: House) -> None:
    with (
        Operator.over_socket(house.paths.admin_socket, "guess", remember=False, retry=ONCE) as stranger,
        pytest.raises(Unauthenticated),
    ):
        stranger.admin.status()


def test_the_count_survives_a_restart(house: House) -> None:
    """Four wrong passwords, a stop or a SIGKILL, and one more lock TCP: starting again gives nobody further guesses."""
    house.start()
    assert [guess(house) for _ in range(2)] == [401, 401]
    assert house.stop() == 0
    house.start()
    assert [guess(house) for _ in range(2)] == [401, 401]
    house.kill()
    house.start()
    assert [guess(house), guess(house), guess(house, PASSWORD)] == [401, 429, 429]


def test_the_lock_survives_an_orderly_restart_and_a_clock_set_back(house: House) -> None:
    """A locked TCP is locked after a stop and a start, also when the clock was set back meanwhile."""
    house.start()
    assert [guess(house) for _ in range(6)] == [401] * 5 + [429]
    assert house.stop() == 0
    house.clock.shift(-3600)
    house.start()
    assert guess(house, PASSWORD) == 429
    assert house.operator.login().token


def test_the_socket_is_never_shut_nor_counted(make_house: MakeHouse) -> None:
    """Wrong passwords on the socket lock neither the socket nor TCP, whatever TCP has done before."""
    house = make_house(environ={"WAIAAS_SECURITY_LOCKOUT_ATTEMPTS": "3"}).start()
    for _ in range(8):
        guess_on_socket(house)
    assert house.operator.login().token
    assert guess(house, PASSWORD) == 200
    assert [guess(house) for _ in range(4)] == [401] * 3 + [429]
    for _ in range(4):
        guess_on_socket(house)
    assert house.operator.agents.list().items == []
    house.operator.unlock()
