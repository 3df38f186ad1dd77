"""The settings of one daemon or command: typed, frozen, and able to say where each value came from."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel

from waiaas.config.core import FREE_PREFIXES, Core, read_core
from waiaas.config.data_dir import DataDir
from waiaas.config.explain import Explained, explain_core, explain_free, explain_plugins
from waiaas.config.free import free_paths, judge_free, known_paths, look_up, names_problems
from waiaas.config.keys import KEYS, variable_of
from waiaas.config.plugin_tables import Models, read_table
from waiaas.config.problems import Problem, refusal
from waiaas.config.sections import Daemon, Database, Keystore, Notifications, Plugins, Prices, Security
from waiaas.config.values import parse_decimals, parse_units, parse_urls
from waiaas.config.written import Written, read

Model = TypeVar("Model", bound=BaseModel)


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """Immutable and safe to share between threads.

    :param paths: the data directory, with the database, log and pid file where the configuration puts them
    :param warnings: sentences to log at start
    """

    paths: DataDir
    daemon: Daemon
    keystore: Keystore
    database: Database
    security: Security
    prices: Prices
    notifications: Notifications
    plugins: Plugins
    warnings: tuple[str, ...]
    _written: Written = field(repr=False)
    _core: Core = field(repr=False)

    def rpc_urls(self, chain: str, network: str) -> tuple[str, ...] | None:
        """The nodes of a network in the order of preference; None leaves it to the adapter's defaults.

        :raises StartRefused: CONFIG_INVALID when the network's variable holds no URL
        """
        self._refuse(names_problems(self._written, [(chain, network)])[0], about=(chain, network))
        return look_up(self._written, ("rpc", chain, network), parse_urls)

    def fee(self, chain: str, network: str) -> tuple[int | None, int | None]:
        """(most for one transaction, most in 24 hours), native base units; None leaves it to the adapter's cap.

        :raises StartRefused: CONFIG_INVALID when the network's variables hold no amount
        """
        self._refuse(names_problems(self._written, [(chain, network)])[0], about=(chain, network))
        most = look_up(self._written, ("fees", chain, network, "max"), parse_units)
        return most, look_up(self._written, ("fees", chain, network, "daily_limit"), parse_units)

    def plugin_table(self, name: str, model: type[Model]) -> Model:
        """``[plugins.<name>]`` through the plugin's model, the environment over it.

        :raises StartRefused: CONFIG_INVALID naming every wrong key with its line
        """
        return read_table(self._written, ("plugins", name), model)

    def price_table(self, source: str, model: type[Model]) -> Model:
        """``[prices.<source>]`` through the source's model, the environment over it.

        :raises StartRefused: CONFIG_INVALID naming every wrong key with its line
        """
        return read_table(self._written, ("prices", source), model)

    def decimals(self) -> Mapping[str, int]:
        """``[prices.decimals]``: how many decimals tokens have, by their ids as they were written.

        :raises StartRefused: CONFIG_INVALID when a variable holds something else
        """
        asked = [path for path in known_paths(self._written) if path[:2] == ("prices", "decimals")]
        found = {path[2]: look_up(self._written, path, parse_decimals) for path in asked}
        return {asset: number for asset, number in found.items() if number is not None}

    def check_names(
        self,
        networks: Iterable[tuple[str, str]],
        plugins: Iterable[str],
        models: Models | None = None,
    ) -> tuple[str, ...]:
        """Judge the free names once plugins are loaded.

        :param networks: (chain, network) of every installed adapter; :param plugins: names of every installed plugin
        :param models: the plugins' and price sources' models, whose fields are known keys
        :returns: warnings: tables of absent chains, plugins and sources, sources that nobody brings, variables that override
            nothing
        :raises StartRefused: CONFIG_INVALID for a network that an installed chain lacks, and for bad variables
        """
        pairs, installed = list(networks), set(plugins)
        problems, warnings = names_problems(self._written, pairs)
        self._refuse(problems)
        absent = [name for name in self._tables("plugins") if name not in installed]
        warnings += [f"[plugins.{name}] is ignored: no such plugin is installed" for name in absent]
        if models is not None:
            warnings += self._absent_sources({name for section, name in models if section == "prices"})
        return (*warnings, *self._strays(pairs, models or {}))

    def _absent_sources(self, known: set[str]) -> list[str]:
        brings = "no loaded plugin brings this price source"
        tables = [name for name in self._tables("prices") if name not in known | {"decimals"}]
        asked = [name for name in self.prices.sources if name not in known]
        return [f"[prices.{name}] is ignored: {brings}" for name in tables] + [
            f"prices.sources names {name}: {brings}" for name in asked
        ]

    def _tables(self, section: str) -> list[str]:
        """Names of the tables in a section that holds keys of ours too."""
        return [name for name, table in self._written.table.get(section, {}).items() if isinstance(table, Mapping)]

    def explain(self, networks: Iterable[tuple[str, str]] = (), models: Models | None = None) -> list[Explained]:
        """Every key with its value, masked where secret, and where the value came from.

        :param networks: networks whose keys are known beyond those in the file
        :param models: plugins' and price sources' models; texts in the table of a plugin without one are masked
        """
        asked = [path for chain, network in networks for path in free_paths(chain, network)]
        return [
            *explain_core(self._written, self._core.values, self._core.origins),
            *explain_free(self._written, asked),
            *explain_plugins(self._written, models or {}),
        ]

    def _strays(self, networks: list[tuple[str, str]], models: Models) -> list[str]:
        known = {variable_of(*path) for path in known_paths(self._written)}
        known |= {variable_of(*path) for chain, network in networks for path in free_paths(chain, network)}
        known |= {variable_of(*place, key) for place, model in models.items() for key in model.model_fields}
        known |= {key.variable for key in KEYS}
        strays = [
            name for name in sorted(self._written.variables) if name.startswith(FREE_PREFIXES) and name not in known
        ]
        return [f"unknown environment variable {name} is ignored" for name in strays]

    @staticmethod
    def _refuse(problems: list[Problem], about: tuple[str, str] | None = None) -> None:
        """Raise what was found; ``about`` narrows to findings of one network's own keys and variables."""
        if about is not None:
            own = {".".join(path) for path in free_paths(*about)} | {variable_of(*path) for path in free_paths(*about)}
            problems = [problem for problem in problems if problem.key in own]
        if problems:
            raise refusal(problems)


def load(data_dir: Path, environ: Mapping[str, str]) -> Settings:
    """Phase one: defaults, then ``config.toml``, then the environment. Reads one file; may be called again.

    :param data_dir: absolute; :param environ: the special variables in it are not kept
    :raises StartRefused: CONFIG_INVALID with every finding at once
    """
    layout = DataDir.at(data_dir)
    written = read(layout.config, environ)
    core = read_core(written)
    if problems := core.problems + judge_free(written):
        raise refusal(problems)
    warnings = list(core.warnings)
    if not layout.config.exists():
        warnings.append(f"{layout.config} does not exist: every key has its default")
    return Settings(
        paths=_moved(layout, core),
        daemon=core.section("daemon"),
        keystore=core.section("keystore"),
        database=core.section("database"),
        security=core.section("security"),
        prices=core.section("prices"),
        notifications=core.section("notifications"),
        plugins=core.section("plugins"),
        warnings=tuple(warnings),
        _written=written,
        _core=core,
    )


def _moved(layout: DataDir, core: Core) -> DataDir:
    """The layout with the files that configuration may move; an absolute path wins over the directory."""
    root = layout.root
    return replace(
        layout,
        database=root / str(core.values["database.path"]),
        log=root / str(core.values["daemon.log_file"]),
        daemon_pid=root / str(core.values["daemon.pid_file"]),
    )
