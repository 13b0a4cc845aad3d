"""What the mock did in numbers, for Prometheus.

Labels are bounded: operations are those of the document, and statuses have three digits.
"""

from __future__ import annotations

from collections.abc import Iterator

from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    Metric,
    SummaryMetricFamily,
)
from prometheus_client.exposition import generate_latest
from prometheus_client.registry import Collector

from troth_mock.inspector.journal import Journal

CONTENT_TYPE = CONTENT_TYPE_PLAIN_0_0_4
_LABELS = ("operation", "status")


def metrics(journal: Journal, *, connections: int) -> bytes:
    """The numbers of *journal*, and of a server with so many *connections*."""
    registry = CollectorRegistry()
    registry.register(_Numbers(journal, connections))
    ProcessCollector(registry=registry)
    return generate_latest(registry)


class _Numbers(Collector):
    """The families of a mock's numbers, read when they are asked for."""

    def __init__(self, journal: Journal, connections: int) -> None:
        self._journal = journal
        self._connections = connections

    def collect(self) -> Iterator[Metric]:
        journal = self._journal
        counts = CounterMetricFamily(
            "troth_mock_requests", "Requests that were answered.", labels=_LABELS
        )
        sizes = CounterMetricFamily(
            "troth_mock_response_bytes", "Bytes of their answers.", labels=_LABELS
        )
        times = SummaryMetricFamily(
            "troth_mock_request_seconds", "Seconds until answers ended.", labels=_LABELS
        )
        for (operation, status), tally in journal.tallies.items():
            # nothing was sent to who was cut off before
            labels = (operation or "", status.decode() if status.isdigit() else "")
            counts.add_metric(labels, tally.count)
            sizes.add_metric(labels, tally.bytes)
            times.add_metric(labels, tally.count, tally.seconds)
        yield from (counts, sizes, times)
        for name, says, value in (
            ("connections", "Connections that are open.", self._connections),
            ("journal_exchanges", "Exchanges that are kept.", len(journal)),
            ("journal_bytes", "Bytes that they take, about.", journal.kept),
        ):
            yield GaugeMetricFamily(f"troth_mock_{name}", says, value=value)
