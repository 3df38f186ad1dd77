from pathlib import Path

import pytest
from pydantic import BaseModel, ConfigDict, SecretStr

from waiaas.config import Settings, load
from waiaas.config.plugin_tables import Models
from waiaas.errors import StartRefused

SOLANA = [("solana", "devnet"), ("solana", "localnet")]


class Table(BaseModel):
    """A plugin's own keys."""

    model_config = ConfigDict(extra="forbid")
    price: int = 1000
    token: SecretStr = SecretStr("")
    names: list[str] = []


class Loose(BaseModel):
    """A model that does not say what becomes of unknown keys."""

    price: int = 1


def loaded(folder: Path, text: str = "", **environ: str) -> Settings:
    (folder / "config.toml").write_text(text)
    return load(folder, environ)


def test_nodes_are_a_url_or_a_list_and_the_variable_wins(tmp_path: Path) -> None:
    """[rpc.<chain>] holds one URL or several; WAIAAS_RPC_<CHAIN>_<NETWORK> replaces them; None is the adapter's default."""
    text = "[rpc.solana]\ndevnet = 'https://a.example'\nlocalnet = ['http://127.0.0.1:8899', 'https://b.example']\n"
    settings = loaded(tmp_path, text)
    assert settings.rpc_urls("solana", "devnet") == ("https://a.example",)
    assert settings.rpc_urls("solana", "localnet") == ("http://127.0.0.1:8899", "https://b.example")
    assert settings.rpc_urls("solana", "mainnet") is None
    over = loaded(tmp_path, text, WAIAAS_RPC_SOLANA_DEVNET='["https://c.example", "http://[::1]:1"]')
    assert over.rpc_urls("solana", "devnet") == ("https://c.example", "http://[::1]:1")


def test_a_variable_reaches_a_network_that_only_the_adapter_knows(tmp_path: Path) -> None:
    """Asking for a network makes its keys known, so that its variable counts without a line in the file."""
    settings = loaded(tmp_path, WAIAAS_RPC_SOLANA_DEVNET="https://c.example", WAIAAS_FEES_SOLANA_DEVNET_MAX="7")
    assert settings.warnings[1:] == ()
    assert settings.rpc_urls("solana", "devnet") == ("https://c.example",)
    assert settings.fee("solana", "devnet") == (7, None)


def test_fees_are_base_units(tmp_path: Path) -> None:
    """max and daily_limit are read as integers; what is left out is None."""
    text = "[fees.solana.devnet]\nmax = '1000000'\n"
    settings = loaded(tmp_path, text, WAIAAS_FEES_SOLANA_DEVNET_DAILY_LIMIT="9" * 78)
    assert settings.fee("solana", "devnet") == (1000000, int("9" * 78))
    assert settings.fee("solana", "localnet") == (None, None)


def test_a_wrong_variable_of_a_network_is_refused_by_name(tmp_path: Path) -> None:
    """A variable that holds no URL or amount stops the start, and an address in it is not repeated."""
    settings = loaded(
        tmp_path, WAIAAS_RPC_SOLANA_DEVNET="http://evil.example/key-777", WAIAAS_FEES_SOLANA_DEVNET_MAX="-1"
    )
    with pytest.raises(StartRefused, match="WAIAAS_RPC_SOLANA_DEVNET") as error:
        settings.rpc_urls("solana", "devnet")
    assert "key-777" not in str(error.value)
    with pytest.raises(StartRefused, match="WAIAAS_FEES_SOLANA_DEVNET_MAX"):
        settings.fee("solana", "devnet")
    with pytest.raises(StartRefused, match="2 wrong keys"):
        settings.check_names(SOLANA, [])
    text = "[rpc.solana]\ndevnet = 'https://a.example'\n"
    with pytest.raises(StartRefused, match="WAIAAS_RPC_SOLANA_DEVNET"):
        loaded(tmp_path, text, WAIAAS_RPC_SOLANA_DEVNET="nowhere")


@pytest.mark.parametrize(
    "text",
    [
        "[rpc.a]\nx-y = 'https://a.example'\nx_y = 'https://a.example'\n",
        "[rpc.a]\nb_c = 'https://a.example'\n[rpc.a_b]\nc = 'https://a.example'\n",
    ],
)
def test_two_keys_with_one_variable_stop_the_start(tmp_path: Path, text: str) -> None:
    """Names that differ only where a variable cannot are refused."""
    with pytest.raises(StartRefused, match="whose variable WAIAAS_RPC_A_"):
        loaded(tmp_path, text)


def test_names_are_judged_once_plugins_are_known(tmp_path: Path) -> None:
    """A network that an installed chain lacks is an error; absent chains, absent plugins and stray variables are warnings."""
    text = "[rpc.evm]\nsepolia = 'https://a.example'\n[plugins.waiaas-evm]\nx = 1\n[plugins.waiaas-solana]\nprice = 1\n"
    settings = loaded(
        tmp_path, text, WAIAAS_RPC_SOLANA_DEVNT="https://b.example", WAIAAS_PLUGINS_WAIAAS_SOLANA_PRICE="2"
    )
    warnings = settings.check_names(SOLANA, ["waiaas-solana"], {("plugins", "waiaas-solana"): Table})
    assert [warning.split(" is ")[0] for warning in warnings] == [
        "[rpc.evm]",
        "[plugins.waiaas-evm]",
        "unknown environment variable WAIAAS_RPC_SOLANA_DEVNT",
    ]
    wrong = loaded(tmp_path, "[rpc.solana]\ndevnt = 'https://a.example'\n")
    with pytest.raises(StartRefused, match=r"config\.toml:2: rpc\.solana\.devnt .* devnet, localnet"):
        wrong.check_names(SOLANA, [])


def test_a_plugins_table_goes_through_its_own_model(tmp_path: Path) -> None:
    """The file, then variables of the model's fields; lists in variables are JSON, texts stay texts."""
    text = "[plugins.waiaas-solana]\nprice = 5\n"
    settings = loaded(
        tmp_path, text, WAIAAS_PLUGINS_WAIAAS_SOLANA_NAMES='["a"]', WAIAAS_PLUGINS_WAIAAS_SOLANA_TOKEN="12"
    )
    table = settings.plugin_table("waiaas-solana", Table)
    assert (table.price, table.names, table.token.get_secret_value()) == (5, ["a"], "12")
    assert settings.plugin_table("waiaas-other", Table) == Table()


@pytest.mark.parametrize(
    ("text", "model", "line", "key"),
    [
        ("[plugins.p]\n\nprice = 'much'\n", Table, 3, "plugins.p.price"),
        ("[plugins.p]\npric = 1\n", Table, 2, "plugins.p.pric"),
        ("[plugins.p]\npric = 1\n", Loose, 2, "plugins.p.pric"),
        ("[plugins.p]\nnames = [\n1]\n", Table, 2, "plugins.p.names.0"),
    ],
)
def test_a_wrong_key_of_a_plugin_is_named_with_its_line(
    tmp_path: Path, text: str, model: type[BaseModel], line: int, key: str
) -> None:
    """What the plugin's model refuses is refused with file, line and key; unknown keys too, whatever the model says."""
    with pytest.raises(StartRefused) as error:
        loaded(tmp_path, text).plugin_table("p", model)
    assert [(found["line"], found["key"]) for found in error.value.details["errors"]] == [(line, key)]


def test_secrets_of_plugins_are_never_shown(tmp_path: Path) -> None:
    """Neither errors nor explanations repeat a secret field, and without a model every text is masked."""
    text = "[plugins.p]\ntoken = ['canary-9']\nprice = 3\n"
    settings = loaded(tmp_path, text)
    with pytest.raises(StartRefused) as error:
        settings.plugin_table("p", Table)
    assert "canary-9" not in str(error.value) + str(error.value.details)
    no_models: Models = {}
    for models in (no_models, {("plugins", "p"): Table}):
        shown = {e.key: e.value for e in settings.explain(models=models)}
        assert shown["plugins.p.token"] == "***"
        assert shown["plugins.p.price"] == 3


def test_of_a_nodes_address_only_the_host_is_shown(tmp_path: Path) -> None:
    """Paths, queries and users of URLs may be a provider's key and are masked."""
    text = "[rpc.solana]\ndevnet = ['https://u:p@a.example/v2/key', 'https://b.example?k=key', 'https://c.example/']\n"
    explained = {e.key: e for e in loaded(tmp_path, text).explain(SOLANA)}
    assert explained["rpc.solana.devnet"].value == [
        "https://***@a.example/***",
        "https://b.example/***",
        "https://c.example/",
    ]
    assert explained["rpc.solana.devnet"].source == "config.toml:2"
    assert explained["rpc.solana.localnet"].source == "default"
