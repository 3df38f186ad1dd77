"""Names of agents: one spelling, and none that a person or a command takes for another."""

import unicodedata
from pathlib import Path

import pytest

from tests.store.samples import agent as an_agent
from waiaas.engine.agent_names import LONGEST_NAME, read_name, require_unlike_others, skeleton
from waiaas.errors import BadRequest, Conflict
from waiaas.store.database import Store


@pytest.mark.parametrize(
    "name",
    ["", "\u200b", "-bob", "--all", "*", "b*b", "x" * (LONGEST_NAME + 1)],
)
def test_what_a_command_would_misread_is_no_name(name: str) -> None:
    """Nothing, options, all agents, and what is too long."""
    with pytest.raises(BadRequest):
        read_name(name)


@pytest.mark.parametrize("name", ["bob", "Renée's shop", "会计", "x" * LONGEST_NAME, "a-b_c 9"])
def test_a_name_is_stored_in_its_one_spelling(name: str) -> None:
    """NFC, whichever way it was typed; reading it again changes nothing."""
    read = read_name(unicodedata.normalize("NFD", name))
    assert read == read_name(read) == unicodedata.normalize("NFC", name)


ALIKE = [
    ("paypal", "раураl"),
    ("bob", "Bob"),
    ("bot1", "botl"),
    ("coco", "сосо"),
    ("agent 0", "agent O"),
    ("alice", "alıce"),
    ("fund", "ｆｕｎｄ"),
    ("Renée", "Renee"),
]


@pytest.mark.parametrize(("name", "other"), ALIKE)
def test_names_that_look_alike_are_found(name: str, other: str) -> None:
    """Letters of other scripts, digits for letters, marks and case."""
    assert skeleton(name) == skeleton(other)


@pytest.mark.parametrize(
    ("name", "other"), [("bob", "bot"), ("shop 1", "shop 2"), ("会计", "会议"), ("alice", "alicia")]
)
def test_names_that_differ_are_left_alone(name: str, other: str) -> None:
    """Other words are other names."""
    assert skeleton(name) != skeleton(other)


@pytest.mark.parametrize(("name", "other"), ALIKE)
def test_a_name_like_another_agents_is_refused(tmp_path: Path, name: str, other: str) -> None:
    """The agent keeps its own; an agent that ended leaves the look of its name free."""
    store = Store.open(tmp_path / "waiaas.db")
    with store.write() as unit:
        agent = an_agent(name=name)
        unit.agents.insert(agent)
        with pytest.raises(Conflict, match="looks like"):
            require_unlike_others(unit, other)
        with pytest.raises(Conflict):
            require_unlike_others(unit, agent.id)
        require_unlike_others(unit, other, agent.id)
        unit.agents.set_status(agent.id, expected=agent.status, status="TERMINATED", at=2)
        require_unlike_others(unit, other)
    store.close()
