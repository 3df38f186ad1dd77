"""What was made while a network had another id: a person is told what to write again, and what stays as it is."""

import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

from waiaas_solana.networks import NETWORKS

from waiaas.engine.former_ids import notes_on_former_ids
from waiaas.store.database import Unit
from waiaas.store.records import Page

TESTNET = next(one for one in NETWORKS if one.name == "testnet")
(FORMER,) = TESTNET.former_ids
MINT = "EPjFWdd5AufqSSqeM2qN1xzybapC8G4wEGGkZwyTDt1v"


def unit_with(
    agents: list[Any] = [],  # noqa: B006
    policies: list[Any] = [],  # noqa: B006
    tokens: list[Any] = [],  # noqa: B006
    sessions: list[Any] = [],  # noqa: B006
) -> Unit:
    """A database that has these, one to a page."""

    def paged(rows: list[Any]) -> Any:
        def listed(*, limit: int, cursor: str | None = None) -> Page[Any]:
            at = int(cursor or 0)
            return Page(items=tuple(rows[at : at + 1]), cursor=str(at + 1), has_more=at + 1 < len(rows))

        return SimpleNamespace(list=listed)

    listed = SimpleNamespace(list=lambda chain, network: tokens)
    found = SimpleNamespace(agents=paged(agents), policies=paged(policies), sessions=paged(sessions), tokens=listed)
    return cast(Unit, found)


def notes(unit: Unit, keystore: Path) -> list[str]:
    """On Solana's networks."""
    return notes_on_former_ids(unit, keystore, [("solana", one) for one in NETWORKS])


def test_rules_and_tokens_of_a_former_id_are_told_with_the_command(tmp_path: Path) -> None:
    """Wherever in the rules it stands, as a key too; what names another network is not told of."""
    rules = [
        {"tokens": [f"{FORMER}/token:{MINT}"]},
        {"limits": {f"{FORMER}/slip44:501": "5"}},
        {"expression": f"asset == '{FORMER}/slip44:501'"},
        {"networks": [FORMER]},
        {"tokens": [f"{TESTNET.chain_id}/token:{MINT}"], "note": FORMER[:-1]},
    ]
    policies = [SimpleNamespace(id=f"p{number}", rules=json.dumps(one)) for number, one in enumerate(rules)]
    tokens = [SimpleNamespace(id=7, asset=f"{FORMER}/token:{MINT}"), SimpleNamespace(id=8, asset="x")]
    told = notes(unit_with(policies=policies, tokens=tokens), tmp_path)
    assert [f"policy p{number} " in one for number, one in enumerate(told[:4])] == [True] * 4
    assert "waiaas token remove 7" in told[4]
    assert len(told) == 5
    assert all(FORMER in one and TESTNET.chain_id in one for one in told)


def test_sessions_that_are_limited_to_tokens_of_a_former_id_are_told(tmp_path: Path) -> None:
    """Those that may still be used; a revoked one says nothing, nor does one of the true id."""
    old, new = (json.dumps({"tokens": [{"address": f"{one}/token:{MINT}"}]}) for one in (FORMER, TESTNET.chain_id))
    sessions = [
        SimpleNamespace(id="s1", constraints=old, revoked_at=None),
        SimpleNamespace(id="s2", constraints=old, revoked_at=5),
        SimpleNamespace(id="s3", constraints=new, revoked_at=None),
        SimpleNamespace(id="s4", constraints="{}", revoked_at=None),
    ]
    (told,) = notes(unit_with(sessions=sessions), tmp_path)
    assert "`waiaas session revoke s1`" in told


def test_key_files_of_a_former_id_stay_as_they_are(tmp_path: Path) -> None:
    """The agent of such a file is told that nothing is lost; those of new files, of other networks and of none are not."""
    agents = [
        SimpleNamespace(id=name, name=name, chain="solana", network=network)
        for name, network in (
            ("old", "testnet"),
            ("new", "testnet"),
            ("other", "devnet"),
            ("gone", "testnet"),
            ("bad", "testnet"),
        )
    ]
    for name, written in (("old", FORMER), ("new", TESTNET.chain_id), ("other", FORMER)):
        (tmp_path / f"{name}.json").write_text(json.dumps({"chain_id": written}))
    (tmp_path / "bad.json").write_text("[")
    (told,) = notes(unit_with(agents=agents), tmp_path)
    assert "the agent old keeps its address and its key" in told
