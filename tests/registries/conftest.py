"""Fixtures: whole houses, and plugins made on the fly."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.harness.fixtures import MakeHouse, chain, house, make_house, one_case, shared_chain, shared_house, template
from tests.harness.house import House
from tests.registry.conftest import Maker, make
from waiaas.config import write_private
from waiaas.registry import parse, trust

__all__ = ["chain", "house", "make", "make_house", "one_case", "shared_chain", "shared_house", "template"]

Plugged = Callable[..., House]


@pytest.fixture
def plugged(make: Maker, make_house: MakeHouse) -> Plugged:
    """A house, not yet started, that trusts a plugin ``demo-<word>`` with this code."""

    def build(word: str, code: str, **environ: str) -> House:
        make(word, code)
        house = make_house(environ={"PYTHONPATH": str(make.folder), **environ})
        pin(house.paths.plugins_lock, f"demo-{word}")
        return house

    return build


def pin(lock: Path, name: str) -> None:
    """Trust one more plugin."""
    write_private(lock, trust(parse(lock.read_text()), [name]).render().encode())
