"""The plugin's README says what there is."""

from pathlib import Path

from waiaas_solana.settings import SolanaSettings

README = Path(__file__).parents[2] / "README.md"


def test_every_setting_is_documented_with_its_default() -> None:
    """Each key of the plugin's table stands in the README, with its default."""
    text = README.read_text()
    for name, field in SolanaSettings.model_fields.items():
        assert name in text
        assert str(field.default) in text
