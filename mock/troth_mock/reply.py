"""What the mock sends back, as values: a `Reply`, and the `Stream` that it may hold."""

from __future__ import annotations

from dataclasses import dataclass

from troth.http.exchange import Fields

JSON: Fields = (("Content-Type", "application/json"),)


@dataclass(frozen=True, slots=True)
class Stream:
    """The frames of an event stream, encoded, the sentinel among them.

    *tokens* says for each frame how many tokens it carries, for pacing; a frame with none follows
    the one before it at once.
    """

    frames: tuple[bytes, ...]
    tokens: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer: it has a *body*, or a *stream*, or neither."""

    status: int
    fields: Fields
    body: bytes | None
    stream: Stream | None = None


def has_content(method: str, status: int) -> bool:
    """Whether a response to *method* with *status* has content (RFC 9110 §6.4.1)."""
    return method != "HEAD" and status >= 200 and status not in (204, 304)
