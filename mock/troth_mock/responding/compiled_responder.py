"""Plain chat requests, answered with everything looked up beforehand.

Most requests name a model, some messages, how to send the answer and how long it may be.  Those
are answered here, to the byte as `OperationResponder.respond` would; whatever asks for more, or
is wrong in any way, gets None and goes there.  Nothing of an answer is kept: what is looked up
is what the document, the head of the request and the corpus say.
"""

from __future__ import annotations

from collections.abc import Callable
from hashlib import blake2b
from typing import Any, NamedTuple

from troth import pointer
from troth.errors import TrothError
from troth.http import json_text
from troth.http.exchange import Fields
from troth.openapi.operation import MediaType
from troth_mock.chat.completion import FIXED_TIME
from troth_mock.chat.independence import MOST
from troth_mock.chat.request import system_text
from troth_mock.chat.responder import ChatResponder
from troth_mock.chat.response_templates import ResponseTemplates
from troth_mock.chat.text import Speech, compose
from troth_mock.chat.tokens import count
from troth_mock.responding.negotiation import Chooser


class CompiledResponse(NamedTuple):
    """An answer with the status *status*: its *content* whole, as that of a stream or a body."""

    status: int
    fields: Fields
    content: bytes
    is_stream: bool


#: What answers a body at a time in seconds since 1970 (None: the fixed one), if it is plain.
RespondToBody = Callable[[bytes, int | None], CompiledResponse | None]


class _Form(NamedTuple):
    """How one media type is written: its templates, from so many bodies, and its fields."""

    templates: ResponseTemplates
    bodies: int
    fields: Fields
    is_stream: bool


class CompiledResponder:
    """The plain requests of one operation, and the *status* that they get.

    *base* keys the seeds; *formal* are the members of a request that change no seed.
    """

    def __init__(
        self,
        chat: ChatResponder,
        chooser: Chooser,
        *,
        base: bytes,
        formal: frozenset[str],
        status: int,
    ) -> None:
        members = chat.members
        self._chooser = chooser
        self._base = base
        self._formal = formal
        self._cuts = members.cuts
        self._uncut = formal | members.cuts
        self._status = status
        self._model, self._messages = members.request["model"], members.request["messages"]
        self._includes_usage = members.request["include-usage"]
        self._annotates = "annotations" in members.choice
        self._roles = members.instructions
        self._limits = tuple(get for _, get in members.token_limits)
        usual = ("model", "messages", "include-usage", "token-limits")
        self._unusual = frozenset(
            pointer.split(at)[0] for name, at in members.pointers.items() if name not in usual
        )
        self._forms = {
            key: _Form(templates, len(completions.pool), chat.fields[key], key in chat.chunkers)
            for key, completions in chat.completions.items()
            if (templates := ResponseTemplates(completions, chat.chunkers.get(key))).are_sound
        }

    def respond(
        self, body: bytes, created: int | None, *, is_valid: Any, otherwise: MediaType | None
    ) -> CompiledResponse | None:
        """Answer the request of this *body*, or return None.

        *is_valid* judges it; *otherwise* is the media type where no condition holds.
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
        form = self._forms.get(id(entry))
        return None if form is None else self._respond(form, value, created)

    def _respond(
        self, form: _Form, value: dict[str, Any], created: int | None
    ) -> CompiledResponse | None:
        messages, model = self._messages(value), self._model(value)
        question = _question(messages)
        limit = self._limit(value)
        created = FIXED_TIME if created is None else created
        if question is None or type(model) is not str or limit == 0 or created > MOST:
            return None
        formal = self._formal
        key = text_key = self._digest(value, formal)
        if not self._cuts.isdisjoint(value):
            text_key = self._digest(value, self._uncut)
        # the seed is a hash already: see completion
        number = int.from_bytes(text_key[8:], "big")
        speech = compose(question, number=number, system=system_text(messages, self._roles))
        if self._annotates and speech.has_links():
            return None
        size = speech.size()
        ends = limit is not None and size >= limit
        if ends:
            size = limit or 0
        template = form.templates.find(
            template=key[0] % form.bodies,
            model=model,
            finish="length" if ends else "stop",
            includes_usage=form.is_stream and self._includes_usage(value) is True,
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
        between = after + before if form.is_stream else None
        text = _encoded(speech, size if ends else None, between=between)
        content = b"".join((begin, before, text, after, end))
        return CompiledResponse(self._status, form.fields, content, form.is_stream)

    def _digest(self, value: dict[str, Any], without: frozenset[str]) -> bytes:
        if not without.isdisjoint(value):
            value = {name: part for name, part in value.items() if name not in without}
        return blake2b(json_text.canonical(value), digest_size=16, key=self._base).digest()

    def _limit(self, value: dict[str, Any]) -> int | None:
        """The least limit that is given; 0 for one that is not plainly a count."""
        least: int | None = None
        for get in self._limits:
            limit = get(value)
            if limit is None:
                continue
            if type(limit) is not int or limit < 1:
                return 0
            if least is None or limit < least:
                least = limit
        return least


def _encoded(speech: Speech, size: int | None, *, between: bytes | None) -> bytes:
    """*speech*, or its first *size* tokens, as one JSON text; or token by token, *between* them."""
    if between is not None:
        return speech.encoded(size).replace(b"\0", between)
    if size is None:
        return json_text.encode(speech.text())
    return speech.encoded(size).replace(b'"\0"', b"")


def _question(messages: Any) -> str | None:
    """The text that is to be answered, if a user said it last."""
    last = messages[-1] if type(messages) is list and messages else None
    if type(last) is not dict or last.get("role") != "user":
        return None
    content = last.get("content")
    return content if type(content) is str else None
