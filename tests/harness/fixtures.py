"""Fixtures of the suites that run a whole house; a suite's conftest imports what it needs."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.harness.chains import ChainCase, TestChain
from tests.harness.data_directory import copy_of, make_template
from tests.harness.evm_chain import EvmCase, EvmTokenCase
from tests.harness.house import House
from tests.harness.solana_chain import SolanaCase, SolanaTokenCase

CASES: tuple[ChainCase, ...] = (SolanaCase(), SolanaTokenCase(), EvmCase(), EvmTokenCase())
"""Of each chain its coin and a token, in this order."""

MakeHouse = Callable[..., House]


@pytest.fixture(scope="session", params=CASES, ids=lambda case: case.name)
def case(request: pytest.FixtureRequest) -> ChainCase:
    """One asset on one chain; every test runs on each, and is skipped, loudly, where there is no npm to fetch a node with."""
    return runnable(request.param)


def runnable(found: ChainCase) -> ChainCase:
    """The case, where its node is there. For suites that run on some cases alone."""
    if missing := found.missing():
        if shutil.which("npm") is None:
            pytest.skip(f"NOT TESTED on {found.name}: {missing}")
        pytest.fail(f"{found.name}: {missing}")
    return found


@pytest.fixture(scope="session", params=CASES[:1], ids=lambda case: case.name, name="case")
def one_case(request: pytest.FixtureRequest) -> ChainCase:
    """For suites whose claims are about the house and the same on every chain: they run on one."""
    return runnable(request.param)


@pytest.fixture(scope="session", params=CASES[::2], ids=lambda case: case.name, name="case")
def coin_cases(request: pytest.FixtureRequest) -> ChainCase:
    """For suites whose claims hang on the chain and on no token: the coin of each."""
    return runnable(request.param)


@pytest.fixture(scope="session", params=[CASES[0], *CASES[3::2]], ids=lambda case: case.name, name="case")
def two_cases(request: pytest.FixtureRequest) -> ChainCase:
    """For suites that take long and whose claims hang on the chain a little: a coin of the first, a token of each other."""
    return runnable(request.param)


@pytest.fixture
def chain(case: ChainCase) -> Iterator[TestChain]:
    """A running chain of its own."""
    with case.start() as running:
        yield running


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An initialised data directory that no daemon has seen."""
    return make_template(tmp_path_factory.mktemp("template") / "data")


@pytest.fixture
def make_house(case: ChainCase, chain: TestChain, template: Path, tmp_path: Path) -> Iterator[MakeHouse]:
    """Makes houses, not yet started; their daemons end with the test. Keyword arguments are those of :class:`House`."""
    houses: list[House] = []

    def make(**arguments: Any) -> House:
        root = tmp_path / f"house-{len(houses)}"
        copy_of(template, root)
        houses.append(House(root, case, chain, **arguments))
        return houses[-1]

    yield make
    for house in houses:
        house.close()


@pytest.fixture
def house(make_house: MakeHouse) -> House:
    """A house, not yet started."""
    return make_house()


@pytest.fixture(scope="module")
def shared_chain(case: ChainCase) -> Iterator[TestChain]:
    """A running chain for the tests of one module."""
    with case.start() as running:
        yield running


@pytest.fixture(scope="module")
def shared_house(
    case: ChainCase, shared_chain: TestChain, template: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[House]:
    """A started house for the tests of one module, which keep to wallets of their own and leave chain and clock alone."""
    root = tmp_path_factory.mktemp("shared") / "house"
    copy_of(template, root)
    house = House(root, case, shared_chain)
    yield house.start()
    house.close()
