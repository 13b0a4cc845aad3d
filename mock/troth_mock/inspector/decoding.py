"""What an entry of the journal says: the request, and the answer out of the bytes of it."""

from __future__ import annotations

from contextlib import suppress

from troth.errors import MethodNotAllowed, NoSuchPath
from troth.http.exchange import Fields
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation
from troth_mock.faults.verdict import Seen
from troth_mock.inspector.journal import Entry
from troth_mock.responding.kept import session_of


def seen(entry: Entry, contract: Contract) -> Seen:
    """The exchange that *entry* keeps, as far as it is kept."""
    status, fields, content = answer(b"".join(data for _, data in entry.pieces))
    return Seen(
        number=entry.number,
        session=session_of(entry.head),
        began=entry.began,
        ended=entry.ended,
        request=entry.head,
        body=entry.body,
        status=status,
        fields=fields,
        content=content,
        state=entry.state,
        labels=entry.labels,
        operation=_operation(entry, contract),
    )


def answer(data: bytes) -> tuple[int | None, Fields, bytes]:
    """The status, the fields and the content of an answer, of which *data* were sent."""
    head, _, rest = data.partition(b"\r\n\r\n")
    first, *lines = head.decode("utf-8", "replace").split("\r\n")
    words = first.split(" ")
    if len(words) < 2 or not words[1].isdecimal():
        return None, (), b""
    pairs = (line.partition(":") for line in lines)
    fields = tuple((name, value.strip()) for name, _, value in pairs)
    is_chunked = any(
        name.lower() == "transfer-encoding" and "chunked" in value for name, value in fields
    )
    return int(words[1]), fields, _unchunked(rest) if is_chunked else rest


def _unchunked(data: bytes) -> bytes:
    """The content of the chunks of *data*, of which the last may be cut or say a wrong size."""
    parts = []
    while data:
        size, _, data = data.partition(b"\r\n")
        try:
            length = int(size, 16)
        except ValueError:
            break
        parts.append(data[:length])
        data = data[length + 2 :]
    return b"".join(parts)


def _operation(entry: Entry, contract: Contract) -> Operation | None:
    for method in (
        (entry.head.method, "GET") if entry.head.method == "HEAD" else (entry.head.method,)
    ):
        with suppress(NoSuchPath, MethodNotAllowed):
            return contract.match(method, entry.head.target).operation
    return None
