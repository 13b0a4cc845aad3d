"""The compiled lane: plain chat requests, answered with everything looked up beforehand.

Most requests name a model, some messages, how to send the answer and how long it may be.  Those
are answered here, to the byte as `answering` would; whatever asks for more, or is wrong in any
way, gets None and goes there.  Nothing of an answer is kept: what is looked up is what the
document, the head of the request and the corpus say.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any, NamedTuple

from troth import pointer
from troth.errors import TrothError
from troth.http import json_text
from troth.http.exchange import Fields
from troth.openapi.operation import MediaType
from troth_mock.chat.answers import Chat
from troth_mock.chat.completion import FIXED_TIME
from troth_mock.chat.independence import MOST
from troth_mock.chat.response_templates import ResponseTemplates
from troth_mock.chat.text import speech
from troth_mock.chat.tokens import count
from troth_mock.responding.negotiation import Chooser


class CompiledResponse(NamedTuple):
    """An answer with the status *status*: its *content* whole, as that of a stream or a body."""

    status: int
    fields: Fields
    content: bytes
    is_stream: bool


class _Way(NamedTuple):
    """How one media type is written: its templates and fields."""

    templates: ResponseTemplates
    body_templates: int
    fields: Fields
    is_stream: bool


class CompiledResponder:
    """The plain requests of one operation, and the *status* that they get.

    *base* keys the seeds; *formal* are the members of a request that change no seed.
    """

    def __init__(
        self, chat: Chat, chooser: Chooser, *, base: bytes, formal: frozenset[str], status: int
    ) -> None:
        dialect = chat.dialect
        self._chooser = chooser
        self._base = base
        self._formal = formal
        self._cuts = dialect.cuts
        self._status = status
        self._model, self._messages = dialect.request["model"], dialect.request["messages"]
        self._includes_usage = dialect.request["include-usage"]
        self._limits = tuple(get for _, get in dialect.token_limits)
        plain = ("model", "messages", "include-usage", "token-limits")
        self._unusual = frozenset(
            pointer.split(at)[0] for name, at in dialect.pointers.items() if name not in plain
        )
        self._ways = {
            key: _Way(templates, len(completions.pool), chat.fields[key], key in chat.chunkers)
            for key, completions in chat.completions.items()
            if (templates := ResponseTemplates(completions, chat.chunkers.get(key))).are_sound
        }

    def answer(
        self, body: bytes, created: int | None, *, is_valid: Any, otherwise: MediaType | None
    ) -> CompiledResponse | None:
        """Answer the request of this *body*, or leave it.

        *is_valid* judges it; *otherwise* answers where no condition holds.
        """
        try:
            value = json_text.decode(body)
            if type(value) is not dict or not self._unusual.isdisjoint(value):
                return None
            if not is_valid(value):
                return None
            entry = self._chooser.decide(value) or otherwise
        except TrothError:
            return None
        way = self._ways.get(id(entry))
        return None if way is None else self._say(way, value, created)

    def _say(
        self, way: _Way, value: dict[str, Any], created: int | None
    ) -> CompiledResponse | None:
        messages, model = self._messages(value), self._model(value)
        question = _question(messages)
        limit = self._limit(value)
        created = FIXED_TIME if created is None else created
        if question is None or type(model) is not str or limit == 0 or created > MOST:
            return None
        formal = self._formal
        key = said = self._digest(value, formal)
        if not self._cuts.isdisjoint(value):
            said = self._digest(value, formal | self._cuts)
        # the seed is a hash already: see completion
        answer = speech(question, number=int.from_bytes(said[8:], "big"))
        size = answer.size()
        ends = limit is not None and size >= limit
        if ends:
            size = limit or 0
        template = way.templates.find(
            template=key[0] % way.body_templates,
            model=model,
            finish="length" if ends else "stop",
            includes_usage=way.is_stream and self._includes_usage(value) is True,
        )
        if template is None:
            return None
        prompt = count(messages)
        holes = {
            b"id": key.hex().encode(),
            b"created": created,
            b"prompt": prompt,
            b"completion": size,
            b"total": prompt + size,
        }
        begin, before, after, end = [part % holes for part in template]
        if way.is_stream:
            pieces = answer.encoded()
            text = (after + before).join(pieces[:size] if ends else pieces)
        else:
            text = json_text.encode(answer.first(size) if ends else answer.text())
        content = b"".join((begin, before, text, after, end))
        return CompiledResponse(self._status, way.fields, content, way.is_stream)

    def _digest(self, value: dict[str, Any], without: frozenset[str]) -> bytes:
        if not without.isdisjoint(value):
            value = {name: part for name, part in value.items() if name not in without}
        return blake2b(json_text.canonical(value), digest_size=16, key=self._base).digest()

    def _limit(self, value: dict[str, Any]) -> int | None:
        """The least limit that is given; 0 for one that is not plainly a count."""
        found: int | None = None
        for get in self._limits:
            limit = get(value)
            if limit is None:
                continue
            if type(limit) is not int or limit < 1:
                return 0
            if found is None or limit < found:
                found = limit
        return found


def _question(messages: Any) -> str | None:
    """The text that is to be answered, if a user said it last."""
    last = messages[-1] if type(messages) is list and messages else None
    if type(last) is not dict or last.get("role") != "user":
        return None
    content = last.get("content")
    return content if type(content) is str else None
