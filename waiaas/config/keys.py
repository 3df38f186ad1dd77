"""The registry of configuration keys: every key that some feature reads, with its type, default, range and meaning.

``docs/configuration.md`` and the file that ``waiaas init`` writes are made from it. A key enters together with the feature
that reads it. Tables whose names are free (``rpc``, ``fees``, ``prices.<source>``, ``plugins.<name>``) are
described here as patterns.
"""

from dataclasses import dataclass
from enum import StrEnum

Value = bool | int | str | tuple[str, ...]

MEBIBYTE = 1024 * 1024


class Type(StrEnum):
    """How a key's value is written and read."""

    INTEGER = "integer"
    BOOLEAN = "boolean"
    TEXT = "text"
    PATH = "path"  # relative to the data directory and inside it, or absolute
    SIZE = "size"  # "50MB", or an integer of bytes
    TEXTS = "list of texts"


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One key.

    :param low: smallest value of an integer or size, in ``unit``; :param high: largest
    :param choices: the only texts allowed, where not empty
    :param unit: ``s``, ``ms``, ``KiB``, ``B``, or empty
    :param or_zero: 0 is allowed below ``low`` too
    :param warn_below: values under it are allowed with a warning
    """

    section: str
    name: str
    type: Type
    default: Value
    description: str
    low: int | None = None
    high: int | None = None
    choices: tuple[str, ...] = ()
    unit: str = ""
    or_zero: bool = False
    warn_below: int | None = None

    @property
    def path(self) -> str:
        """``section.name``."""
        return f"{self.section}.{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable that overrides it."""
        return variable_of(self.section, self.name)

    @property
    def allowed(self) -> str:
        """What may stand here, for people."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        if self.low is None or self.high is None:
            return _ALLOWED[self.type]
        if self.type is Type.SIZE:
            return f'a size such as "50MB", or bytes, from {self.low // MEBIBYTE}MB to {self.high // MEBIBYTE}MB'
        unit = f" {self.unit}" if self.unit else ""
        return f"an integer from {self.low} to {self.high}{unit}" + (", or 0" if self.or_zero else "")


_ALLOWED = {
    Type.BOOLEAN: "true or false",
    Type.TEXT: "a text without spaces",
    Type.PATH: "a path inside the data directory, or an absolute one",
    Type.TEXTS: "a list of texts without spaces",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pattern:
    """Keys whose names are free. :param path: with ``<names>`` in place of what is free"""

    path: str
    type: str
    default: str
    allowed: str
    description: str


def variable_of(*path: str) -> str:
    """The environment variable of a key: ``WAIAAS_`` and its path in upper case, joined by ``_``, a ``-`` or ``.`` as ``_``."""
    return "WAIAAS_" + "_".join(path).upper().replace("-", "_").replace(".", "_")


def _integer(
    path: str, default: int, bounds: tuple[int, int], description: str, unit: str = "", warn_below: int | None = None
) -> Key:
    section, name = path.split(".")
    return Key(
        section=section, name=name, type=Type.INTEGER, default=default, description=description,
        low=bounds[0], high=bounds[1], unit=unit, warn_below=warn_below,
    )  # fmt: skip


def _key(path: str, kind: Type, default: Value, description: str, choices: tuple[str, ...] = ()) -> Key:
    section, name = path.split(".")
    return Key(section=section, name=name, type=kind, default=default, description=description, choices=choices)


_DAEMON = (
    _key("daemon.hostname", Type.TEXT, "127.0.0.1", "Address to listen on; one beyond loopback needs daemon.allow_remote, "
         "daemon.behind_tls_proxy and security.allowed_hosts"),
    Key(section="daemon", name="port", type=Type.INTEGER, default=3100, low=1024, high=65535, or_zero=True,
        description="TCP port; 0 picks a free one"),
    _key("daemon.allow_remote", Type.BOOLEAN, False, "Whether daemon.hostname may be an address beyond loopback"),
    _key("daemon.behind_tls_proxy", Type.BOOLEAN, False, "States that a proxy on this machine ends TLS in front of the daemon"),
    _integer("daemon.threads", 16, (2, 64), "Threads that answer requests"),
    _integer("daemon.shutdown_timeout", 30, (5, 300), "How long a stop waits for requests under way", "s"),
    _key("daemon.log_level", Type.TEXT, "info", "Least severity that is logged", ("debug", "info", "warning", "error")),
    _key("daemon.log_file", Type.PATH, "logs/daemon.log", "Rotated log, one JSON object a line"),
    Key(section="daemon", name="log_max_size", type=Type.SIZE, default=50 * MEBIBYTE, low=MEBIBYTE, high=1024 * MEBIBYTE,
        unit="B", description="Size at which the log is rotated; 1 MB is 1048576 bytes"),
    _integer("daemon.log_max_files", 5, (1, 100), "Rotated logs that are kept"),
    _key("daemon.pid_file", Type.PATH, "daemon.pid", "Where the process id is written"),
)  # fmt: skip

_KEYSTORE = (
    _integer("keystore.argon2_memory", 65536, (32768, 1048576), "Memory of Argon2id (RFC 9106) when master.json is written",
             "KiB", 65536),
    _integer("keystore.argon2_time", 3, (1, 20), "Passes of Argon2id", "", 3),
    _integer("keystore.argon2_parallelism", 4, (1, 16), "Lanes of Argon2id", "", 4),
)  # fmt: skip

_DATABASE = (
    _key("database.path", Type.PATH, "data/waiaas.db", "The SQLite database"),
    _integer("database.wal_checkpoint_interval", 300, (60, 3600), "Time between checkpoints of the write-ahead log", "s"),
    _integer("database.busy_timeout", 5000, (1000, 30000), "How long a connection waits for a lock", "ms"),
    _integer("database.cache_size", 64000, (2000, 512000), "Page cache of one connection", "KiB"),
    _integer("database.mmap_size", 268435456, (0, 1073741824), "How much of the file is mapped into memory", "B"),
)  # fmt: skip

_SECURITY = (
    _integer("security.session_ttl", 86400, (300, 604800), "Life of a session's token where its issue names none", "s"),
    _integer("security.session_absolute_lifetime", 2592000, (300, 31536000), "Life of a session with all its renewals", "s"),
    _integer("security.session_max_renewals", 30, (0, 1000), "How often a session may be renewed"),
    _integer("security.operator_token_ttl", 900, (60, 86400), "Life of an operator's token", "s"),
    _integer("security.password_min_length", 12, (8, 128), "Least length of a master password; common ones are refused too"),
    _integer("security.max_sessions_per_agent", 5, (1, 1000), "Live sessions of one agent"),
    _integer("security.max_pending_tx", 10, (1, 10000), "QUEUED transactions of one agent"),
    _integer("security.max_active_tx", 1000, (1, 100000), "PENDING and EXECUTING transactions of all agents together"),
    _integer("security.max_stored_denials", 1000, (10, 100000),
             "Denied payments of one agent that are stored in a day; those beyond are only counted"),
    _integer("security.rate_limit_global_rpm", 6000, (1, 10000000), "Requests a minute from one peer"),
    _integer("security.rate_limit_session_rpm", 3000, (1, 10000000), "Requests a minute of one agent"),
    _integer("security.rate_limit_tx_rpm", 60, (1, 10000000), "Sends a minute of one agent"),
    _integer("security.lockout_attempts", 5, (1, 100), "Wrong master passwords over TCP before it is locked out there"),
    _integer("security.lockout_seconds", 1800, (1, 86400), "How long that lock-out lasts", "s"),
    _integer("security.delay_seconds", 300, (1, 86400), "How long a DELAY lasts where its policy does not say", "s"),
    _integer("security.approval_timeout", 3600, (60, 86400), "How long an approval may be waited for", "s"),
    _integer("security.execution_timeout", 600, (10, 86400), "Age at which a payment not yet signed expires", "s"),
    _integer("security.kill_switch_recovery_cooldown", 1800, (0, 86400), "How long what was LOCKED cannot be recovered", "s"),
    _key("security.cors_origins", Type.TEXTS, (), "Web origins that browsers may call from"),
    _key("security.allowed_hosts", Type.TEXTS, (), "Host names that requests may use, beyond loopback names"),
)  # fmt: skip

_PRICES = (
    _key("prices.sources", Type.TEXTS, (), "Price sources that are asked; where two price one asset, the earlier counts"),
    _integer("prices.refresh_seconds", 60, (5, 3600), "Time between two questions to a source", "s"),
    _integer("prices.max_age_seconds", 300, (10, 86400), "Age from which on a price is none", "s"),
)  # fmt: skip

_OTHERS = (
    _key("notifications.enabled", Type.BOOLEAN, True, "Whether notifications go out"),
    _integer("notifications.min_channels", 0, (0, 100), "Enabled channels without which nothing starts"),
    _integer("notifications.dedup_ttl", 300, (0, 86400), "Seconds for which equal notices become one with a count"),
    _integer("notifications.log_retention_days", 30, (1, 3650), "Days for which delivered notifications are kept"),
    _key("plugins.allow", Type.TEXTS, (), "The only plugins that may load, waiaas-builtin counted too; empty is all"),
    _key("plugins.disable", Type.TEXTS, (), "Names of plugins that do not load"),
)  # fmt: skip

KEYS: tuple[Key, ...] = _DAEMON + _KEYSTORE + _DATABASE + _SECURITY + _PRICES + _OTHERS

URLS = "an https URL, or http to a loopback address, or a list of them"
DECIMALS = "an integer from 0 to 36"
UNITS = 'base units as a string of decimal digits, such as "1000000"'

PATTERNS: tuple[Pattern, ...] = (
    Pattern(path="rpc.<chain>.<network>", type="text or list of texts", default="the adapter's public endpoints", allowed=URLS,
            description="Nodes of a network, asked in this order"),
    Pattern(path="fees.<chain>.<network>.max", type="text", default="the adapter's own cap", allowed=UNITS,
            description="Most that the network may take for one transaction, native base units"),
    Pattern(path="fees.<chain>.<network>.daily_limit", type="text", default="20 times max", allowed=UNITS,
            description="Most that the network may take of one agent in 24 hours, native base units"),
    Pattern(path="prices.decimals.<asset>", type="integer", default="none: the token has no price", allowed=DECIMALS,
            description="How many decimals a token has, by its CAIP-19 id in quotes; native assets need none"),
    Pattern(path="prices.<source>.<key>", type="the source's", default="the source's", allowed="what the source says",
            description="Keys of a price source, read by its own model; see docs/policies.md"),
    Pattern(path="plugins.<name>.<key>", type="the plugin's", default="the plugin's", allowed="what the plugin says",
            description="Keys of a plugin, read by its own model"),
)  # fmt: skip

SPECIAL_VARIABLES = {
    "WAIAAS_DATA_DIR": "The data directory",
    "WAIAAS_MASTER_PASSWORD": "The master password; the daemon starts again without it before any plugin is imported",
    "WAIAAS_MASTER_PASSWORD_FILE": "A file, readable by its owner alone, that holds the master password",
    "WAIAAS_SESSION_TOKEN": "An agent's session token, for `waiaas tx send` and `waiaas session renew`; no setting",
}
