"""What the mock did in numbers, in Prometheus' text format.

https://prometheus.io/docs/instrumenting/exposition_formats/.  Labels are bounded: operations are
those of the document, and statuses have three digits.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from troth_mock.inspector.journal import Journal, Tally


def metrics(journal: Journal, *, connections: int) -> bytes:
    """The numbers of *journal*, and of a server with so many *connections*."""
    return "".join(f"{line}\n" for line in _lines(journal, connections)).encode()


def _lines(journal: Journal, connections: int) -> Iterator[str]:
    tallies = journal.tallies
    yield from _family("troth_mock_requests_total", "counter", "Requests that were answered.")
    yield from _samples("troth_mock_requests_total", tallies, "count")
    yield from _family("troth_mock_response_bytes_total", "counter", "Bytes of their answers.")
    yield from _samples("troth_mock_response_bytes_total", tallies, "bytes")
    yield from _family("troth_mock_request_seconds", "summary", "Seconds until answers ended.")
    yield from _samples("troth_mock_request_seconds_sum", tallies, "seconds")
    yield from _samples("troth_mock_request_seconds_count", tallies, "count")
    gauges = [
        ("troth_mock_connections", "Connections that are open.", connections),
        ("troth_mock_journal_exchanges", "Exchanges that are kept.", len(journal)),
        ("troth_mock_journal_bytes", "Bytes that they take, about.", journal.kept),
    ]
    with suppress(OSError, ValueError):
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        size = pages * os.sysconf("SC_PAGE_SIZE")
        gauges.append(("process_resident_memory_bytes", "Memory of the process.", size))
    for name, says, value in gauges:
        yield from _family(name, "gauge", says)
        yield f"{name} {value}"


def _family(name: str, kind: str, says: str) -> Iterator[str]:
    yield f"# HELP {name} {says}"
    yield f"# TYPE {name} {kind}"


def _samples(
    name: str, tallies: dict[tuple[str | None, bytes], Tally], member: str
) -> Iterator[str]:
    for (operation, status), tally in tallies.items():
        text = (operation or "").replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
        # nothing was sent to who was cut off before
        code = status.decode() if status.isdigit() else ""
        yield f'{name}{{operation="{text}",status="{code}"}} {getattr(tally, member)}'
