"""Event-stream frames: JSON in `data`, with whatever else the document wants in every event."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from troth.generation.values import Unsatisfiable, synthesize
from troth.http import json_text, sse
from troth.openapi.contract import Contract
from troth.openapi.operation import MediaType
from troth.schema.schema import Schema
from troth.seed import Seed


@dataclass(frozen=True, slots=True)
class Framing:
    """How the events of one media type are written.

    *before* stands before the JSON of every event, *after* behind it; *end* is the sentinel's
    frame, or empty.  *schema* is what the JSON must conform to, if the document says.
    """

    before: bytes
    after: bytes
    end: bytes
    schema: Schema | None

    def frame(self, value: Any) -> bytes:
        """The frame of one event whose data is the JSON text of *value*."""
        return self.before + json_text.encode(value) + self.after


def framing(contract: Contract, media_type: MediaType) -> Framing:
    """Read how the events of *media_type* are framed."""
    schema, event = None, None
    if media_type.item is not None:
        at = media_type.item.pointer
        schema = contract.schemas.content_schema(at)
        event = _event(contract, at)
    end = b"" if media_type.sentinel is None else sse.encode(_said(media_type.sentinel))
    return Framing(_fields(event) + b"data: ", b"\n\n", end, schema)


def _said(data: str) -> sse.Event:
    return sse.Event(None, data, None, None)


def _event(contract: Contract, at: str) -> dict[str, Any]:
    """What an event has to have beside its data."""
    try:
        # without looking into `data`, whose JSON is made apart
        event = synthesize(contract.schemas.at(at), seed=Seed.of("event", at), optional=False)
    except Unsatisfiable:
        return {}
    return event if isinstance(event, dict) else {}


def _fields(event: dict[str, Any] | None) -> bytes:
    lines = []
    for name in ("event", "id", "retry"):
        value = str(event[name]) if event and event.get(name) is not None else ""
        if value and not set(value) & set("\r\n\0"):
            lines.append(f"{name}: {value}\n")
    return "".join(lines).encode("utf-8", "replace")
