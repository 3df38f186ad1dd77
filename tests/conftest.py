"""What holds for every test of the house, whichever it is."""

import os
from collections.abc import Iterator

import pytest
from hypothesis import Phase, settings

from tests.harness.leaks import leaks_below

# How long an example takes says what else the machine does; a test that hangs meets pytest's own timeout.
settings.register_profile("house", deadline=None)
# A mutant is killed by the first example that fails, the same one in every run; nobody reads how small it could be.
settings.register_profile(
    "mutants", deadline=None, derandomize=True, database=None, phases=[Phase.explicit, Phase.generate]
)
settings.load_profile("mutants" if "MUTANT_UNDER_TEST" in os.environ else "house")


@pytest.fixture(scope="session", autouse=True)
def _no_daemon_wrote_a_secret(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """After the last test: no log and no output of any daemon that a test has started holds a password or a token."""
    yield
    found = leaks_below(tmp_path_factory.getbasetemp())
    assert not found, "secrets were written to:\n" + "\n".join(found)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Make ``xdist_group`` count: xdist 3.8 writes the group into ``_nodeid``, which newer pytest no longer reads.

    Without it every worker would start the daemons that the tests of one module share.
    """
    if not getattr(config.option, "loadgroup", False):
        return
    for item in items:
        groups = sorted({str(mark.args[0]) for mark in item.iter_markers("xdist_group") if mark.args})
        groups = groups or _daemon_shared_by(item)
        kept = getattr(item, "_id", None)
        if groups and kept is not None and "@" not in item.nodeid.rpartition("]")[2]:
            item._id = type(kept).parse(f"{item.nodeid}@{'_'.join(groups)}")


def _daemon_shared_by(item: pytest.Item) -> list[str]:
    """The module and the case whose daemon a test shares: started by one worker, not by each."""
    if "shared_house" not in getattr(item, "fixturenames", ()):
        return []
    case = getattr(getattr(item, "callspec", None), "params", {}).get("case")
    return [f"{item.path.stem}-{getattr(case, 'name', 'any')}"]
