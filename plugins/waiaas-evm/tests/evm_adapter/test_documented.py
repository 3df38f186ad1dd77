"""The plugin's README says what there is."""

import tomllib
from pathlib import Path

from waiaas_evm.networks import BUILT_IN
from waiaas_evm.settings import EvmSettings, NetworkTable

README = Path(__file__).parents[2] / "README.md"


def test_every_setting_is_documented_with_its_default() -> None:
    """Each key of the plugin's tables stands in the README, with its default where it has one."""
    rows = [line for line in README.read_text().splitlines() if line.startswith("|")]
    for model in (EvmSettings, NetworkTable):
        for name, field in model.model_fields.items():
            if name == "networks":
                continue
            row = next((row for row in rows if name in row.split("|")[1]), None)
            assert row is not None, name
            if not field.is_required() and field.default not in (None, ""):
                assert str(field.default).lower() in row.lower(), name


def test_every_network_is_documented() -> None:
    """Each built-in network stands in the README with its chain id and its finality."""
    rows = [line for line in README.read_text().splitlines() if line.startswith("|")]
    for known in BUILT_IN:
        row = next((row for row in rows if f"| {known.network.name} |" in row), "")
        assert str(known.traits.number) in row, known.network.name
        assert (known.traits.finality.tag or "on inclusion") in row


def test_examples_of_a_further_network_are_valid() -> None:
    """The tables in the README and in docs/chains.md are taken as they stand."""
    chains = Path(__file__).parents[4] / "docs" / "chains.md"
    for page in (README, chains):
        text = page.read_text()
        start = text.index("[plugins.waiaas-evm.networks.")
        table = text[start:].split("```")[0].split("\n\n")[0]
        tables = tomllib.loads("\n".join(line.strip() for line in table.splitlines()))
        (network,) = EvmSettings.model_validate(tables["plugins"]["waiaas-evm"]).networks.values()
        assert network.chain_id == 100
