"""Answers that are synthesised whole: any schema, any media type, errors, streams of items."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from copy import deepcopy
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple

from troth.generation.values import fit, synthesize
from troth.http import json_text, media_type
from troth.http.exchange import Fields
from troth.openapi.contract import Contract
from troth.openapi.operation import DeclaredResponse, Example, MediaType, Operation
from troth.seed import Seed
from troth.validation import content
from troth.validation.xml import NOT_CHARACTERS, Unwritable
from troth_mock.reply import JSON, PHRASES, Reply, has_content, headers
from troth_mock.responding import negotiation
from troth_mock.responding.echo import Said, agrees, located, with_said
from troth_mock.responding.kept import Kept, fields_of
from troth_mock.responding.negotiation import Preferences
from troth_mock.responding.problems import Problem, conforming
from troth_mock.responding.sequences import Events, are_items, items_of
from troth_mock.responding.writing import anything, coded, concrete, conforms, natural, written

_MOVED = frozenset({300, 301, 302, 303, 307, 308})


class Due(NamedTuple):
    """The answer that is due: in *entry*, a media type of *declared*, drawn from *seed*.

    Where *entry* cannot be written, another media type answers that *accept* takes.
    """

    status: int
    declared: DeclaredResponse | None
    entry: MediaType | None
    seed: Seed
    preferences: Preferences
    accept: str | None = None


class Bodies:
    """The synthesised answers of one operation."""

    def __init__(self, contract: Contract, operation: Operation) -> None:
        self.contract = contract
        self.operation = operation
        self._events: dict[int, Events] = {}
        # the examples of each media type that conform
        self._good: dict[int, list[Example]] = {}

    def reply(self, due: Due, said: Said, kept: Kept | None = None) -> Reply:
        """The answer that is *due* to a request in which so much is *said*.

        *kept* shows in it the items that the mock keeps.  Raises BadPreference, Unsatisfiable and
        Unwritable.
        """
        answer = partial(self._reply, due, said, kept)
        try:
            return coded(answer(due.entry, is_last=False))
        except Unwritable:
            for other in _others(due):
                with suppress(Unwritable):
                    return coded(answer(other, is_last=False))
            return coded(answer(due.entry, is_last=True))

    def _reply(
        self, due: Due, said: Said, kept: Kept | None, entry: MediaType | None, *, is_last: bool
    ) -> Reply:
        status, declared, seed = due.status, due.declared, due.seed
        required = headers(declared, seed) if declared is not None else ()
        required = (*required, *self._owed(status, required))
        # RFC 9110 §15.3.6: a 205 has content of no length
        if entry is None or status == 205 or not has_content("GET", status):
            if status < 400:
                required = _told(declared, required, kept)
            return self._without_content(due, required)
        kind = concrete(entry, due.accept or "")
        fields = (("Content-Type", kind), *required)
        example = self._example(entry, due.preferences, said)
        if entry.is_stream:
            events = self._events.get(id(entry)) or Events(entry)
            self._events[id(entry)] = events
            fields = _told(declared, fields, kept)
            return Reply(status, fields, None, events.stream(example, seed))
        if kept is None and example is not None and example.text is not None:
            return Reply(status, fields, example.text.encode("utf-8", "replace"))
        value = self._value(due, said, kept, entry, kind=kind, example=example, is_last=is_last)
        if status == 201 and declared is not None:
            required = located(declared, required, said, value)
        required = _told(declared, required, kept)
        may_change = is_last and kept is not None
        kind, body = _written(entry, kind, value, seed, may_change=may_change)
        return Reply(status, (("Content-Type", kind), *required), body)

    def _value(
        self,
        due: Due,
        said: Said,
        kept: Kept | None,
        entry: MediaType,
        *,
        kind: str,
        example: Example | None,
        is_last: bool,
    ) -> Any:
        """What the content of an answer says: items, *example*, what is drawn, what is *kept*."""
        if entry.is_sequence:
            return items_of(entry, example, due.seed)
        if example is not None and (kept is None or _is_whole(entry, example)):
            value = _read(entry, example)
            if due.preferences.example is None and entry.schema is not None:
                value = with_said(entry.schema, deepcopy(value), said.of_one)
        else:
            value = _natural(due, said, entry, kind)
            title = PHRASES.get(due.status, "answer")
            value = natural(entry, kind, value, title=title, is_last=is_last)
        return value if kept is None else kept.show(entry, value)

    def _without_content(self, due: Due, fields: Fields) -> Reply:
        """The answer that the document gives no content; of an error it has ours."""
        example = due.preferences.example
        if example is not None:
            why = "the answer has no content, and so no examples"
            raise negotiation.BadPreference(f"example={example[:60]}", why)
        if due.status < 400:
            return Reply(due.status, fields, None)
        return Reply(due.status, (*JSON, *fields), json_text.encode(_problem(due).envelope))

    def drawn(self, status: int, declared: DeclaredResponse, seed: Seed, said: Said) -> Any:
        """The value of the body that answers where nothing is kept; None where there is none.

        It is that of the media type which is preferred where the request prefers none.
        """
        values: list[Any] = []

        def show(_: MediaType, value: Any) -> Any:
            values.append(deepcopy(value))
            return value

        entry = negotiation.Chooser(declared).otherwise(())
        due = Due(status, declared, entry, seed, negotiation.Preferences())
        self.reply(due, said, Kept(seed, said, show))
        return values[-1] if values else None

    def _owed(self, status: int, sent: Fields) -> Fields:
        """What HTTP demands of *status*, whatever the document says (RFC 9110 §15.4, §15.5)."""
        if status == 401:
            return (("WWW-Authenticate", 'Bearer realm="mock"'),)
        if status in _MOVED and all(name.lower() != "location" for name, _ in sent):
            return (("Location", "https://example.com/"),)
        if status != 405:
            return ()
        path, refused = self.operation.path, self.operation.method
        others = [one.method for one in self.contract.operations if one.path == path]
        return (("Allow", ", ".join(sorted({*others} - {refused}))),)

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
            sent = map(partial(_sendable, entry), entry.examples)
            good = [example for example in sent if _conforms(entry, example)]
            self._good[id(entry)] = good
        return next((one for one in good if agrees(one.value, said)), good[0] if good else None)


def _natural(due: Due, said: Said, entry: MediaType, kind: str) -> Any:
    """What is drawn for *entry*, or what the error that is *due* has to say."""
    if due.status >= 400 and content.form_of(kind) != "bytes":
        return conforming(entry, _problem(due))
    if entry.schema is None:
        return anything(kind)
    value = synthesize(
        entry.schema, seed=due.seed, name=said.owner, length=said.length, given=said.members
    )
    return with_said(entry.schema, value, said) if 200 <= due.status < 300 else value


def _problem(due: Due) -> Problem:
    """The error that is *due* and no fault of the request."""
    is_asked = due.preferences.code is not None
    why = "the answer that was asked for" if is_asked else "the document declares no other answer"
    return Problem(due.status, f"{PHRASES.get(due.status, 'error')}: {why}")


def _written(
    entry: MediaType, kind: str, value: Any, seed: Seed, *, may_change: bool
) -> tuple[str, bytes]:
    """*value* as a body; what cannot be written is left out of it, if it *may_change*."""
    try:
        return written(entry, kind, value, seed=seed)
    except Unwritable:
        if not may_change:
            raise
        # a client may have posted in one media type what another has no characters for
        return written(entry, kind, _printable(value), seed=seed)


def _told(declared: DeclaredResponse | None, fields: Fields, kept: Kept | None) -> Fields:
    """*fields* with what tells of the item that is *kept*, which it is by now."""
    if kept is None:
        return fields
    kept.finish()
    return fields_of(declared, fields, kept.fields())


def _is_whole(entry: MediaType, example: Example) -> bool:
    """Whether *example* has members and items, and is no text in which they are written."""
    return not isinstance(_read(entry, example), str) or entry.schema is None


def _sendable(entry: MediaType, example: Example) -> Example:
    """*example* without what is writeOnly, if nothing else keeps it from being an answer."""
    schema = entry.schema
    if schema is None or example.text is not None or schema.is_valid(example.value):
        return example
    if any(mismatch.keyword != "writeOnly" for mismatch in schema.errors(example.value)):
        return example
    return replace(example, value=fit(schema, example.value, seed=Seed.of("example")))


def _conforms(entry: MediaType, example: Example) -> bool:
    if entry.is_stream or entry.is_sequence:
        return are_items(entry, example)
    kind = content.concrete(entry)
    return conforms(entry, kind, _read(entry, example))


def _read(entry: MediaType, example: Example) -> Any:
    """The value of *example*: where JSON is expected, that of the text which it may be."""
    value = example.value if example.text is None else example.text
    is_value = example.text is None and (entry.schema is None or entry.schema.is_valid(value))
    if is_value or not entry.is_json or not isinstance(value, str):
        return value
    # OpenAPI 3.1 §4.8.14: a string may hold what cannot be written in place
    read = json_text.decoded(value.encode("utf-8", "replace"), value)
    return read if entry.schema is None or entry.schema.is_valid(read) else value


def _others(due: Due) -> Iterator[MediaType]:
    """The other media types that would do for the answer that is *due*."""
    declared = due.declared
    entries = [] if declared is None else [one for one in declared.content if one.when is None]
    accepted = media_type.accepts(due.accept, [one.content_type for one in entries])
    return (one for one in entries if one is not due.entry and one.content_type in accepted)


def _printable(value: Any) -> Any:
    """*value* with U+FFFD for each character that XML does not have."""
    if isinstance(value, str):
        return NOT_CHARACTERS.sub("\ufffd", value)
    if isinstance(value, list):
        return [_printable(each) for each in value]
    if isinstance(value, dict):
        return {name: _printable(each) for name, each in value.items()}
    return value
