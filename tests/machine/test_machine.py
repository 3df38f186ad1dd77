"""Ten thousand random steps of a whole house against a small model, and no difference (invariants 3 to 5, 8, 9, 20)."""

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path
from shutil import rmtree

import pytest
from hypothesis import HealthCheck, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.machine.desk import make_template
from tests.machine.machine import Machine

STEPS = 5_000
EFFORT = settings(
    max_examples=25, stateful_step_count=100, deadline=None, database=None, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(scope="module")
def home() -> Iterator[Path]:
    """A folder in memory where there is one: what is tested is what is written, not how long a disk takes."""
    shared = Path("/dev/shm")
    folder = Path(tempfile.mkdtemp(prefix="waiaas-machine-", dir=shared if shared.is_dir() else None))
    yield folder
    rmtree(folder)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("half", [1, 2])
def test_no_step_differs_from_the_model(home: Path, half: int) -> None:
    """After each of five thousand random steps the house and the model agree about everything.

    The steps are the same in every run, so that a change that breaks something is told from bad luck.
    """
    (home / f"template-{half}").mkdir()
    Machine.template, Machine.home, Machine.steps = make_template(home / f"template-{half}"), home, 0
    for number in count():
        if Machine.steps >= STEPS:  # some examples end early
            break
        run_state_machine_as_test(seed(1_000 * half + number)(Machine), settings=EFFORT)
