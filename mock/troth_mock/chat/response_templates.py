"""Answers of one shape, written once: their bytes, with holes for what differs between requests.

Two answers of one model that end for the same reason differ in their id, their time, their text
and their counts, and in nothing else.  A template is what they share.  It is made by the very
code that makes any other answer, is validated once, and counts only where the schema is proved
to take anything in its holes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from troth.http import json_text
from troth.schema.schema import Schema
from troth.seed import Seed
from troth_mock.chat.chunking import Chunker
from troth_mock.chat.completion import Completed, Completions, Draft
from troth_mock.chat.independence import Kind, Way, is_free
from troth_mock.chat.members import ChatMembers, Names

_MOST_KEPT = 64


class ResponseTemplate(NamedTuple):
    """The bytes of an answer, as formats that take an `id`, `created` and the counts.

    The pieces of its text (of a whole body: its one text) stand between *begin* and *end*, each
    between *before* and *after*.
    """

    begin: bytes
    before: bytes
    after: bytes
    end: bytes


class _Shape(NamedTuple):
    template: int
    model: str
    finish: str
    includes_usage: bool


class _Placeholders:
    """What stands in the holes while a template is made: nobody writes these by accident."""

    def __init__(self, attempt: int) -> None:
        seed = Seed.of("placeholders", attempt)
        self.seed = seed
        self.content = seed.child("content").key.hex()
        # ten digits each, so that none is a part of another, and within int32
        self.created, self.prompt, self.completion, self.total = (
            10**9 + int.from_bytes(seed.child(index).key[:4], "big") % 10**9 for index in range(4)
        )

    def format_of(self, data: bytes) -> bytes:
        """*data* as a format, with a hole for every placeholder but the content."""
        data = data.replace(b"%", b"%%").replace(self.seed.key.hex().encode(), b"%(id)b")
        for name in ("created", "prompt", "completion", "total"):
            data = data.replace(b"%d" % getattr(self, name), b"%%(%b)d" % name.encode())
        return data


class ResponseTemplates:
    """The templates of one media type, made when first needed."""

    def __init__(self, completions: Completions, chunker: Chunker | None) -> None:
        self._completions = completions
        self._chunker = chunker
        self._templates: dict[tuple[int, str, str, bool], ResponseTemplate | None] = {}
        members = completions.members
        content: Way = (*members.response["choices"], 0, *members.choice["content"])
        self.are_sound = _are_free(
            completions.schema, _ways(members, lambda names: names, content=content)
        )
        if chunker is not None and self.are_sound:
            choices, inner = members.response["choices"], chunker.parts.at.get("content", ())
            content = (*chunker.locate(choices), 0, *inner)
            self.are_sound = chunker.splices and _are_free(
                chunker.framing.schema, _ways(members, chunker.locate, content=content)
            )

    def find(
        self, *, template: int, model: str, finish: str, includes_usage: bool
    ) -> ResponseTemplate | None:
        """The template of such answers, or None where they share none."""
        try:
            # as good a key as the shape, and quicker to make
            return self._templates[template, model, finish, includes_usage]
        except KeyError:
            shape = _Shape(template, model, finish, includes_usage)
            if len(self._templates) >= _MOST_KEPT:
                self._templates.clear()
            return self._templates.setdefault(shape, self._make(shape))

    def _make(self, shape: _Shape) -> ResponseTemplate | None:
        # a placeholder that the model or the document happens to hold would be taken for a hole:
        # two readings with different ones cannot both be so unlucky
        first, second = (self._read(shape, _Placeholders(attempt)) for attempt in (1, 2))
        return first if self.are_sound and first == second else None

    def _read(self, shape: _Shape, placeholders: _Placeholders) -> ResponseTemplate | None:
        body = self._completions.body_saying(
            shape.model,
            placeholders.content,
            shape.finish,
            seed=placeholders.seed,
            created=placeholders.created,
            counts=(placeholders.prompt, placeholders.completion, placeholders.total),
            template=shape.template,
        )
        if body is None:
            return None
        if self._chunker is None:
            frames = [json_text.encode(body)]
        else:
            draft = Draft([placeholders.content], [], shape.finish)
            completed = Completed(body, (draft,), placeholders.content, is_text=True)
            stream = self._chunker.spliced(completed, shape.includes_usage)
            if stream is None:
                return None
            frames = list(stream.frames)
        return _between(frames, placeholders, 0 if self._chunker is None else 1)


def _between(
    frames: list[bytes], placeholders: _Placeholders, place: int
) -> ResponseTemplate | None:
    parts = frames[place].split(b'"%b"' % placeholders.content.encode())
    if len(parts) != 2:
        return None
    begin, end = b"".join(frames[:place]), b"".join(frames[place + 1 :])
    return ResponseTemplate(*map(placeholders.format_of, (begin, *parts, end)))


def _ways(
    members: ChatMembers, locate: Callable[[Names], Names], *, content: Way
) -> Iterator[tuple[Way, Kind]]:
    """Where the holes are; *locate* tells where a part of the body is in the instance."""
    at = members.response
    if "id" in at:
        yield locate(at["id"]), "string"
    if "created" in at:
        yield locate(at["created"]), "count"
    yield content, "string"
    if "usage" in at:
        for names in members.usage.values():
            yield locate((*at["usage"], *names)), "count"


def _are_free(schema: Schema | None, ways: Iterator[tuple[Way, Kind]]) -> bool:
    if schema is None:
        return True
    root = schema.schemas.prepared.root
    return all(is_free(root, schema.prepared, way, kind=kind) for way, kind in ways)
