"""The body of a request: JSON, or a form, held to the schema of its media type.

Forms, urlencoded and multipart, are read to the object that their schema describes.  openapi-core
takes multipart bodies apart; which text means which value is `coercion`'s to say, as for
parameters, after what the Encoding Object of each member asks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any

from troth import pointer
from troth.http import json_text, media_type
from troth.http.exchange import Request
from troth.openapi.operation import MediaType, Operation, Parameter, explodes
from troth.schema.schema import Schema
from troth.validation import coercion, styles
from troth.validation.styles import Malformed
from troth.validation.violation_builder import ViolationBuilder
from troth.violation import Violation

_URLENCODED = "application/x-www-form-urlencoded"
#: The media types, without parameters, that are read as forms.
FORMS = frozenset({_URLENCODED, "multipart/form-data"})
_SAYS_STYLE = ("style", "explode", "allowReserved")


class JsonBody:
    """A body that ought to be JSON, decoded when it is first looked at, and once for all."""

    __slots__ = ("_fault", "_is_decoded", "_value", "data")

    def __init__(self, data: bytes) -> None:
        self.data = data
        self._is_decoded = False
        self._value: Any = None
        self._fault: json_text.BadJson | None = None

    @property
    def fault(self) -> json_text.BadJson | None:
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
        except json_text.BadJson as fault:
            self._fault = fault
            with suppress(json_text.BadJson):
                self._value = json_text.recover(self.data)[0]


def check_body(
    operation: Operation, request: Request, *, body: JsonBody | None = None, hints: bool = True
) -> Iterator[Violation]:
    """All violations of the body of *request*, its content type included.

    *body* is that body, where the caller looks at it too.
    """
    declared = operation.request_body
    if declared is None:
        return
    content_type = request.content_type
    if not request.body and content_type is None:
        if declared.required:
            yield ViolationBuilder(operation, declared.pointer).violation(
                "request-body.missing", "the request has no body, and one is required"
            )
        return
    entry = declared.media_type(content_type) if content_type else None
    if content_type is None or entry is None:
        offered = ", ".join(entry.content_type for entry in declared.content)
        what = f"{content_type!r} is not" if content_type else "no Content-Type is given: it is not"
        yield ViolationBuilder(operation, declared.pointer).violation(
            "request.content-type", f"{what} one of the declared media types, {offered}"
        )
    elif entry.is_json:
        violations = ViolationBuilder(operation, declared.pointer)
        yield from _check_json(violations, entry, body or JsonBody(request.body), hints=hints)
    elif media_type.essence(content_type) in FORMS:
        yield from check_form(operation, entry, request)


def _check_json(
    violations: ViolationBuilder, entry: MediaType, body: JsonBody, *, hints: bool
) -> Iterator[Violation]:
    if body.fault is not None:
        yield violations.violation(f"request-body.{body.fault.reason}", str(body.fault))
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


def check_form(operation: Operation, entry: MediaType, request: Request) -> Iterator[Violation]:
    """The violations of the form in the body of *request*, which *entry* describes."""
    violations = ViolationBuilder(operation, entry.pointer)
    try:
        value = decode_form(entry, request)
    except Malformed as fault:
        message = f"the form cannot be read: {fault}"
        yield violations.violation("request-body.malformed", message)
        return
    if entry.schema is not None:
        yield from violations.mismatches("request-body", entry.schema, value)


def decode_form(declared: MediaType, request: Request) -> dict[str, Any]:
    """The object that the form in the body of *request* stands for; raises Malformed.

    Bytes of a multipart body that are not UTF-8 become characters U+0000 to U+00FF, one each.
    """
    content_type = request.content_type or declared.content_type
    if media_type.essence(content_type) == _URLENCODED:
        return _urlencoded(declared, request.body)
    return _multipart(declared, content_type, request.body)


def _urlencoded(declared: MediaType, body: bytes) -> dict[str, Any]:
    try:
        text = body.decode("utf-8")
    except UnicodeDecodeError as error:
        raise Malformed(f"byte {error.start} is not UTF-8") from None
    form: dict[str, Any] = {}
    for name, sent in _by_member(declared.schema, styles.pairs(text)).items():
        schema = _member(declared.schema, name)
        encoding = declared.encoding.get(name)
        encoding = encoding if isinstance(encoding, Mapping) else {}
        content_type = str(encoding.get("contentType", ""))
        if media_type.is_json(content_type) and not any(word in encoding for word in _SAYS_STYLE):
            form[name] = _json(styles.decoded(sent[0][1], plus=True), name)
            continue
        style = str(encoding.get("style", "form"))
        member = Parameter(
            name,
            "query",
            pointer.join(declared.pointer, "encoding", name),
            schema=schema,
            style=style,
            explode=bool(encoding.get("explode", explodes(style))),
            # In a form a plus sign is a space, whatever may be left unencoded.
            allow_reserved=False,
        )
        value, is_there = _styled(member, sent)
        if is_there:
            form[name] = value
    return form


def _styled(member: Parameter, sent: styles.Pairs) -> tuple[Any, bool]:
    """The value of *member*, to which all of *sent* belongs, and whether it is there."""
    if member.schema is None and len(sent) > 1:
        return [styles.decoded(text, plus=True) for _, text in sent], True
    if member.style == "form" and member.explode and "object" in coercion.kinds(member.schema):
        # OpenAPI 3.1 §4.8.15.1.1: an object of a form without a style is JSON.
        return _json(styles.decoded(sent[0][1], plus=True), member.name), True
    return coercion.read_first(member.schema, partial(styles.divide_pairs, member, sent))


def _multipart(declared: MediaType, content_type: str, body: bytes) -> dict[str, Any]:
    parts: dict[str, list[bytes]] = {}
    for name, data in _parts(content_type, body):
        parts.setdefault(name, []).append(data)
    form: dict[str, Any] = {}
    for name, several in parts.items():
        schema = _member(declared.schema, name)
        encoding = declared.encoding.get(name)
        is_json = isinstance(encoding, Mapping) and media_type.is_json(
            str(encoding.get("contentType", ""))
        )
        is_array = coercion.kinds(schema)[0] == "array" or len(several) > 1
        if is_json:
            form[name] = _json(several[0], name)
        elif is_array:
            form[name] = [_part(schema, data, index) for index, data in enumerate(several)]
        else:
            form[name] = _part(schema, several[0], None)
    return form


def _part(schema: Schema | None, data: bytes, index: int | None) -> Any:
    """The value of one part; *index* is its place where the member is an array."""
    if schema is not None and coercion.is_object(schema, item=index is not None):
        # OpenAPI 3.1 §4.8.15.1: the content type of an object is application/json by default.
        return _json(data, pointer.split(schema.pointer)[-1])
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
    if schema is None:
        return text
    if index is None:
        return coercion.read(schema, text)
    return coercion.read_item(schema, index, text)


def _parts(content_type: str, body: bytes) -> Sequence[tuple[str, bytes]]:
    boundary = media_type.parameters(content_type).get("boundary")
    if not boundary:
        raise Malformed("its Content-Type has no boundary")
    mark = b"--" + boundary.encode("utf-8")
    # RFC 2046 §5.1.1: the last part ends with the boundary and two more hyphens.
    if not (body.startswith(mark) or b"\n" + mark in body) or mark + b"--" not in body:
        raise Malformed("its parts do not begin and end with the boundary of its Content-Type")
    # Imported when first needed: openapi-core takes 0.4 s.
    from openapi_core.deserializing.media_types import media_type_deserializers

    try:
        # As Latin-1, one character a byte: as ASCII it would lose the names that are not.
        loads: Any = media_type_deserializers["multipart/form-data"]
        read = loads(body, boundary=boundary, charset="latin-1")
        parts = [(name, data) for name in read for data in read.getlist(name)]
    except Exception as error:  # the e-mail parser and its assertions: any fault is the body's
        raise Malformed("a part has no name, or the parts have no form") from error
    return [(_name(name), data) for name, data in parts]


def _name(name: str) -> str:
    return name.encode("latin-1", "replace").decode("utf-8", "replace")


def _json(text: str | bytes, name: str) -> Any:
    data = text if isinstance(text, bytes) else text.encode("utf-8", "surrogatepass")
    try:
        return json_text.decode(data)
    except json_text.BadJson as fault:
        raise Malformed(f"{name!r} is not JSON: {fault}") from None


def _by_member(schema: Schema | None, sent: styles.Pairs) -> dict[str, list[tuple[str, str]]]:
    """The pairs of a form by the member that they belong to: `a[b]` to `a`, if that is declared."""
    members: dict[str, list[tuple[str, str]]] = {}
    for name, text in sent:
        base = name.partition("[")[0]
        is_member = base != name and schema is not None and coercion.declares(schema, base)
        members.setdefault(base if is_member else name, []).append((name, text))
    return members


def _member(schema: Schema | None, name: str) -> Schema | None:
    return coercion.member(schema, name) if schema is not None else None
