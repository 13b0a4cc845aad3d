"""The body of a request, held to the schema of its media type; and any body that is no JSON.

What content means is `content`'s to say.  A content coding is undone under a cap.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from troth import pointer
from troth.http import content_coding, json_text, media_type
from troth.http.content_coding import BadCoding
from troth.http.exchange import Fields, Request
from troth.http.json_text import BadJson
from troth.openapi.operation import MediaType, Operation
from troth.validation import content
from troth.validation.forms import Slip
from troth.validation.styles import Malformed
from troth.validation.violation_builder import ViolationBuilder
from troth.violation import Violation

#: How many faults of items in a row are told: one repeats in every item.
MOST_MISFITS = 20


class JsonBody:
    """A body that ought to be JSON, decoded when it is first looked at, and once for all.

    *fields* are those of its message, which may say that it is coded; *is_unread* where that is in
    a way that is not known here.
    """

    __slots__ = ("_fault", "_is_decoded", "_value", "data", "fields", "is_unread")

    def __init__(self, data: bytes, fields: Fields = ()) -> None:
        self.data = data
        self.fields = fields
        self.is_unread = False
        self._is_decoded = False
        self._value: Any = None
        self._fault: BadJson | BadCoding | None = None

    @property
    def fault(self) -> BadJson | BadCoding | None:
        """Why it is not to be taken, or None."""
        if not self._is_decoded:
            self._decode()
        return self._fault

    @property
    def value(self) -> Any:
        """What it holds as far as that can be read; None where nothing can."""
        if not self._is_decoded:
            self._decode()
        return self._value

    def _decode(self) -> None:
        self._is_decoded = True
        try:
            self._value = json_text.decode(self.data)
            return
        except BadJson as fault:
            self._fault = fault
        try:
            # nothing that is coded is JSON: so what is JSON need not be asked
            data = content_coding.undone(self.data, self.fields)
            self.is_unread = data is None
            with suppress(BadJson):
                self._value = json_text.recover(data or b"")[0]
            if data is not None and data is not self.data:
                self._fault = None
                self._value = json_text.decode(data)
        except (BadJson, BadCoding) as fault:
            self._fault = fault


def check_body(
    operation: Operation, request: Request, *, body: JsonBody | None = None, hints: bool = True
) -> Iterator[Violation]:
    """All violations of the body of *request*, which callers may hand on, and of its type."""
    declared = operation.request_body
    if declared is None:
        return
    content_type = request.content_type
    if not request.body and (content_type is None or not declared.required):
        if declared.required:
            yield ViolationBuilder(operation, declared.pointer).violation(
                "request-body.missing", "the request has no body, and one is required"
            )
        return
    if not declared.content:  # what nobody says, or nobody understands, cannot be broken
        return
    entry = declared.media_type(content_type) if content_type else None
    if content_type is None or entry is None:
        offered = ", ".join(entry.content_type for entry in declared.content)
        what = f"{content_type!r} is not" if content_type else "no Content-Type is given: it is not"
        yield ViolationBuilder(operation, declared.pointer).violation(
            "request.content-type", f"{what} one of the declared media types, {offered}"
        )
    elif entry.is_json or media_type.is_json(content_type):
        violations = ViolationBuilder(operation, declared.pointer)
        body = body or JsonBody(request.body, request.fields)
        yield from _check_json(violations, entry, body, hints=hints)
    else:
        yield from _check_other(operation, entry, content_type, request)


def _check_other(
    operation: Operation, entry: MediaType, content_type: str, request: Request
) -> Iterator[Violation]:
    """The violations of a body that is no JSON."""
    location = "request-body"
    builder = ViolationBuilder(operation, entry.pointer)
    try:
        data = content_coding.undone(request.body, request.fields)
    except BadCoding as fault:
        yield builder.violation(f"{location}.malformed", str(fault))
        return
    if data is None:
        return
    if content.form_of(content_type) == "sequence":
        body = (entry, content_type, data)
        yield from check_sequence(
            builder, body, decode=json_text.decode, locations=(location, location), values=[]
        )
    else:
        yield from Body(builder, entry, content_type, data, location).violations()


def _check_json(
    violations: ViolationBuilder, entry: MediaType, body: JsonBody, *, hints: bool
) -> Iterator[Violation]:
    fault = body.fault
    if fault is not None:
        if not body.is_unread:
            reason = fault.reason if isinstance(fault, BadJson) else "malformed"
            yield violations.violation(f"request-body.{reason}", str(fault))
        return
    if entry.schema is None:
        return
    value = body.value
    yield from violations.mismatches("request-body", entry.schema, value)
    for hint in entry.schema.hints(value) if hints else ():
        yield violations.violation(
            "request-body.unknown-member",
            hint.message,
            at=hint.instance_pointer,
            schema_pointer=hint.schema_pointer,
            place=hint.place,
            severity="hint",
        )


@dataclass(slots=True)
class Body:
    """A body that is neither JSON nor JSON texts in a row: *data*, which *entry* describes.

    *value* is what it holds, once its violations have been listed; None where nothing is read.
    """

    builder: ViolationBuilder
    entry: MediaType
    content_type: str
    data: bytes
    location: str
    value: Any = None

    def violations(self) -> Iterator[Violation]:
        """All violations of the body."""
        slips: list[Slip] = []
        try:
            value = content.read(self.entry, self.content_type, self.data, slips=slips)
        except (Malformed, BadJson) as fault:
            what = _NOUNS.get(content.form_of(self.content_type), "body")
            message = f"the {what} cannot be read: {fault}"
            yield self.builder.violation(f"{self.location}.malformed", message)
            return
        self.value = None if value is content.UNREAD else value
        for slip in slips:
            code = f"{self.location}.{slip.rule}"
            yield self.builder.violation(
                code, slip.message, at=slip.at, schema_pointer=slip.pointer
            )
        for schema, part, at in content.mismatches(self.entry, value):
            yield from self.builder.mismatches(self.location, schema, part, at=at)


#: What a body is called, by its form.
_NOUNS = {
    "urlencoded": "form",
    "multipart": "form",
    "xml": "XML",
    "csv": "CSV",
    "text": "text",
}


def check_sequence(
    builder: ViolationBuilder,
    body: tuple[MediaType, str, bytes],
    *,
    decode: Callable[[bytes], Any],
    locations: tuple[str, str],
    values: list[Any],
) -> Iterator[Violation]:
    """What is wrong with *body*, JSON texts in a row: its entry, its content type, its bytes.

    *locations* are those of an item and of the whole; *values* gets what *decode* makes of the
    items.
    """
    entry, content_type, data = body
    location, whole = locations
    schema = content.item_schema(entry)
    misfits = 0
    try:
        texts = list(content.json_texts(content_type, data))
    except Malformed as fault:
        yield builder.violation(f"{whole}.malformed", f"the body cannot be read: {fault}")
        return
    for index, (line, text) in enumerate(texts):
        at = pointer.join("", index)
        try:
            value = decode(text)
        except BadJson as fault:
            misfits += 1
            if misfits <= MOST_MISFITS:
                where = f"line {line + fault.line - 1}, column {fault.column}"
                message = f"{where} is not JSON: {fault.detail or fault.reason}"
                rule = "data-not-json" if location == "stream" else fault.reason
                yield builder.violation(f"{location}.{rule}", message, at=at)
            continue
        values.append(value)
        if misfits < MOST_MISFITS and schema is not None:
            for violation in builder.mismatches(location, schema, value, at=at):
                misfits += 1
                yield violation
    is_told = entry.schema is not schema and not content.is_all_text(entry)
    if entry.schema is not None and is_told and not misfits:
        # OpenAPI 3.2 §4.14.4: a `schema` is that of the items as an array
        yield from builder.mismatches(whole, entry.schema, values)
