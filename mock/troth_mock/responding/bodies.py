"""Answers that are synthesised whole: any schema, any media type, errors, streams of items."""

from __future__ import annotations

from typing import Any

from troth.generation.values import synthesize
from troth.http import json_text, media_type
from troth.http.exchange import Fields
from troth.openapi.contract import Contract
from troth.openapi.operation import DeclaredResponse, Example, MediaType, Operation
from troth.seed import Seed
from troth_mock.reply import JSON, PHRASES, Reply, has_content, headers
from troth_mock.responding import negotiation
from troth_mock.responding.echo import Said, agrees, with_said
from troth_mock.responding.negotiation import Preferences
from troth_mock.responding.problems import Problem, conforming
from troth_mock.responding.sequences import Events, are_items, framed, items_of

_MOVED = frozenset({300, 301, 302, 303, 307, 308})


class Bodies:
    """The synthesised answers of one operation."""

    def __init__(self, contract: Contract, operation: Operation) -> None:
        self.contract = contract
        self.operation = operation
        self._events: dict[int, Events] = {}
        # the examples of each media type that conform
        self._good: dict[int, list[Example]] = {}

    def reply(
        self,
        status: int,
        declared: DeclaredResponse | None,
        entry: MediaType | None,
        seed: Seed,
        *,
        preferences: Preferences,
        accept: str | None,
        said: Said,
    ) -> Reply:
        """Answer with *status* a request in which so much is *said*.

        Raises BadPreference and Unsatisfiable.
        """
        required = headers(declared, seed) if declared is not None else ()
        required = (*required, *self._owed(status, required))
        # RFC 9110 §15.3.6: a 205 has content of no length
        if entry is None or status == 205 or not has_content("GET", status):
            if preferences.example is not None:
                why = "the answer has no content, and so no examples"
                raise negotiation.BadPreference(f"example={preferences.example[:60]}", why)
            if status >= 400:
                body = json_text.encode(self._problem(status, preferences).envelope)
                return Reply(status, (*JSON, *required), body)
            return Reply(status, required, None)
        kind = negotiation.concrete(entry.content_type, accept)
        fields = (("Content-Type", kind), *required)
        example = self._example(entry, preferences, said)
        if entry.is_stream:
            events = self._events.get(id(entry)) or Events(self.contract, entry)
            self._events[id(entry)] = events
            return Reply(status, fields, None, events.stream(example, seed))
        if example is not None and example.text is not None:
            return Reply(status, fields, example.text.encode("utf-8", "replace"))
        if entry.is_sequence:
            items = items_of(entry, example, seed)
            return Reply(status, fields, b"".join(framed(item, kind) for item in items))
        if example is not None:
            value = _read(entry, example)
        elif status >= 400 and entry.is_json:
            value = conforming(entry, self._problem(status, preferences))
        else:
            value = self._synthesized(status, entry, seed, said)
        return Reply(status, fields, _encoded(value, kind))

    def _owed(self, status: int, sent: Fields) -> Fields:
        """What HTTP demands of *status*, whatever the document says (RFC 9110 §15.4, §15.5)."""
        if status == 401:
            return (("WWW-Authenticate", 'Bearer realm="mock"'),)
        if status in _MOVED and all(name.lower() != "location" for name, _ in sent):
            return (("Location", "https://example.com/"),)
        return (("Allow", self.operation.method),) if status == 405 else ()

    def _example(self, entry: MediaType, preferences: Preferences, said: Said) -> Example | None:
        """The example that answers: the one that is asked for, else one that conforms.

        That is the one of what the request's path names, if there is such.
        """
        if preferences.example is not None:
            return negotiation.named_example(entry, preferences.example)
        if preferences.dynamic:
            return None
        good = self._good.get(id(entry))
        if good is None:
            good = [example for example in entry.examples if _conforms(entry, example)]
            self._good[id(entry)] = good
        return next((one for one in good if agrees(one.value, said)), good[0] if good else None)

    def _synthesized(self, status: int, entry: MediaType, seed: Seed, said: Said) -> Any:
        if entry.schema is None:
            return {}
        value = synthesize(entry.schema, seed=seed, name=said.owner, length=said.length)
        return with_said(entry.schema, value, said) if 200 <= status < 300 else value

    def _problem(self, status: int, preferences: Preferences) -> Problem:
        """The error of *status* that is no fault of the request."""
        phrase = PHRASES.get(status, "error")
        if preferences.code is None:
            return Problem(status, f"{phrase}: the document declares no other answer")
        return Problem(status, f"{phrase}: the answer that was asked for with Prefer")


def _conforms(entry: MediaType, example: Example) -> bool:
    if entry.is_stream or entry.is_sequence:
        return are_items(entry, example)
    return entry.schema is None or entry.schema.is_valid(_read(entry, example))


def _read(entry: MediaType, example: Example) -> Any:
    """The value of *example*: where JSON is expected, that of the text which it may be."""
    value = example.value if example.text is None else example.text
    is_value = example.text is None and (entry.schema is None or entry.schema.is_valid(value))
    if is_value or not entry.is_json or not isinstance(value, str):
        return value
    try:
        # OpenAPI 3.1 §4.8.14: a string may hold what cannot be written in place
        read = json_text.decode(value.encode("utf-8", "replace"))
    except json_text.BadJson:
        return value
    return read if entry.schema is None or entry.schema.is_valid(read) else value


def _encoded(value: Any, content_type: str) -> bytes:
    if media_type.is_json(content_type) or not isinstance(value, str):
        return json_text.encode(value)
    return value.encode("utf-8", "replace")
