"""The core sections as records. Their fields are the registry's keys, one to one; a test compares them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Daemon:
    """``[daemon]``. ``log_max_size`` is in bytes, ``shutdown_timeout`` in seconds."""

    hostname: str
    port: int
    allow_remote: bool
    behind_tls_proxy: bool
    threads: int
    shutdown_timeout: int
    log_level: str
    log_file: str
    log_max_size: int
    log_max_files: int
    pid_file: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Keystore:
    """``[keystore]``. ``argon2_memory`` is in KiB."""

    argon2_memory: int
    argon2_time: int
    argon2_parallelism: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Database:
    """``[database]``. Interval in seconds, ``busy_timeout`` in milliseconds, ``cache_size`` in KiB, ``mmap_size`` in bytes."""

    path: str
    wal_checkpoint_interval: int
    busy_timeout: int
    cache_size: int
    mmap_size: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Security:
    """``[security]``. Times are in seconds."""

    session_ttl: int
    session_absolute_lifetime: int
    session_max_renewals: int
    operator_token_ttl: int
    password_min_length: int
    max_sessions_per_agent: int
    max_pending_tx: int
    max_active_tx: int
    max_stored_denials: int
    rate_limit_global_rpm: int
    rate_limit_session_rpm: int
    rate_limit_tx_rpm: int
    lockout_attempts: int
    lockout_seconds: int
    delay_seconds: int
    approval_timeout: int
    execution_timeout: int
    kill_switch_recovery_cooldown: int
    cors_origins: tuple[str, ...]
    allowed_hosts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """``[prices]`` itself; the tables of single sources are read through their own models."""

    sources: tuple[str, ...]
    refresh_seconds: int
    max_age_seconds: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Notifications:
    """``[notifications]``."""

    enabled: bool
    min_channels: int
    dedup_ttl: int
    log_retention_days: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plugins:
    """``[plugins]`` itself; the tables of single plugins are read through their own models."""

    allow: tuple[str, ...]
    disable: tuple[str, ...]


SECTIONS = {
    "daemon": Daemon,
    "keystore": Keystore,
    "database": Database,
    "security": Security,
    "prices": Prices,
    "notifications": Notifications,
    "plugins": Plugins,
}
