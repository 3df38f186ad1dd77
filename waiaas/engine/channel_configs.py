"""Notification channels as they are stored: their configuration is encrypted under a subkey of the unlocked signer."""

import json

from uuid6 import uuid7

from waiaas.clock import Clock
from waiaas.engine.journal import Journal
from waiaas.errors import NotReady, StartRefused
from waiaas.keystore import sealing
from waiaas.keystore.client import SignerClient
from waiaas.registry import Registry
from waiaas.store.database import Store
from waiaas.store.records import Channel

PURPOSE = "channel-configs"
_ASSOCIATED = b"waiaas/channel-config/v1"
_DEFAULT_TYPE = "LOG"


def reseal(stored: str, before: bytes, after: bytes) -> str:
    """A stored configuration under another subkey. :raises StartRefused: KEYSTORE_DAMAGED when it does not open"""
    config = sealing.unseal(before, bytes.fromhex(json.loads(stored)["sealed"]), _ASSOCIATED)
    return json.dumps({"sealed": sealing.seal(after, config, _ASSOCIATED).hex()})


class ChannelConfigs:
    """Seals and opens configurations; makes the channel that a new daemon has. Thread-safe."""

    def __init__(
        self, *, store: Store, registry: Registry, signer: SignerClient, journal: Journal, clock: Clock
    ) -> None:
        self._store = store
        self._registry = registry
        self._signer = signer
        self._journal = journal
        self._clock = clock

    def unseal(self, stored: str) -> bytes:
        """The configuration's JSON. :raises NotReady: while the signer is locked: deliveries wait"""
        return sealing.unseal(self._key(), bytes.fromhex(json.loads(stored)["sealed"]), _ASSOCIATED)

    def seal(self, config: bytes) -> str:
        """The configuration as it is stored."""
        return json.dumps({"sealed": sealing.seal(self._key(), config, _ASSOCIATED).hex()})

    def ensure_enough(self, at_least: int) -> None:
        """Give a new daemon its log channel, and insist on as many channels as the configuration asks for.

        :raises StartRefused: when fewer are enabled
        """
        with self._store.read() as unit:
            channels = unit.channels.list()
        if not channels and _DEFAULT_TYPE in self._registry.channels:
            self._create_default()
        with self._store.read() as unit:
            enabled = len(unit.channels.list(enabled=True))
        if enabled < at_least:
            raise StartRefused(
                f"notifications.min_channels is {at_least} and {enabled} channels are enabled",
                hint="lower notifications.min_channels, or enable a channel",
            )

    def _create_default(self) -> None:
        channel = Channel(
            id=str(uuid7()),
            created_at=self._clock.now(),
            type=_DEFAULT_TYPE,
            config=self.seal(b"{}"),
            priority=0,
            enabled=True,
        )
        with self._store.write() as unit:
            unit.channels.insert(channel)
            self._journal.record(
                unit, "channel.created", actor="system", details={"channelId": channel.id, "type": channel.type}
            )

    def _key(self) -> bytes:
        if not self._signer.is_unlocked:
            raise NotReady("the signer is locked", code="SIGNER_LOCKED")
        return self._signer.subkey(PURPOSE)
