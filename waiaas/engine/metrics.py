"""Metrics for Prometheus: gauges read when asked, so that the money path counts nothing."""

from collections.abc import Callable, Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, disable_created_metrics, generate_latest

from waiaas.engine.rules.transaction_states import UNFINISHED
from waiaas.store.database import Store, Unit

disable_created_metrics()  # type: ignore[no-untyped-call] # a registry lives for one answer: its counters would tell when it was asked


class Metrics:
    """Renders the exposition format. Thread-safe.

    :param lanes: how many rows each network's lanes hold just now
    :param node_requests: how often the nodes of each network were asked since the start
    :param price_ages: how old each source's price of each asset is, in seconds
    """

    def __init__(
        self,
        store: Store,
        lanes: Callable[[], Mapping[tuple[str, str], int]],
        node_requests: Callable[[], Mapping[tuple[str, str], int]],
        is_unlocked: Callable[[], bool],
        price_ages: Callable[[], Mapping[tuple[str, str], int]],
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._node_requests = node_requests
        self._is_unlocked = is_unlocked
        self._price_ages = price_ages

    def render(self) -> bytes:
        """The text that a scraper reads."""
        registry = CollectorRegistry()
        rows = Gauge("waiaas_transactions_unfinished", "Rows under way, by status", ["status"], registry=registry)
        lanes = Gauge("waiaas_lane_rows", "Rows in the lanes of a network", ["chain", "network"], registry=registry)
        asked = Counter(
            "waiaas_node_requests", "HTTP requests to a network's nodes", ["chain", "network"], registry=registry
        )
        unlocked = Gauge("waiaas_signer_unlocked", "1 while the signer is unlocked", registry=registry)
        ages = Gauge("waiaas_price_age_seconds", "Age of a source's price", ["source", "asset"], registry=registry)
        audit = Gauge("waiaas_audit_rows", "Rows in the audit log", registry=registry)
        counts, head = self._store.at_once(_counted)
        for status, count in counts.items():
            rows.labels(status).set(count)
        for (chain, network), count in self._lanes().items():
            lanes.labels(chain, network).set(count)
        for (chain, network), count in self._node_requests().items():
            asked.labels(chain, network).inc(count)
        for (source, asset), age in self._price_ages().items():
            ages.labels(source, asset).set(age)
        unlocked.set(int(self._is_unlocked()))
        audit.set(head[0] if head else 0)
        return generate_latest(registry)


def _counted(unit: Unit) -> tuple[Mapping[str, int], tuple[int, str] | None]:
    """Rows under way by status, and the audit log's head."""
    return {status: len(unit.transactions.ids_in((status,))) for status in UNFINISHED}, unit.audit.head()
