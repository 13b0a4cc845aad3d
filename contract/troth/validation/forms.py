"""Forms, urlencoded and multipart, by the Encoding Objects of their members: both ways.

A member is written as a parameter is where its encoding has a style, and otherwise as content of
the type that its encoding, or its schema, gives it (OpenAPI 3.1 §4.8.14.4, §4.8.15): an array as
one of each item.  That content is read and written by the caller (`content`), of which forms are
one kind.
"""

from __future__ import annotations

import binascii
import quopri
from base64 import b64decode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import unquote

from troth import pointer
from troth.http import json_text, media_type, multipart
from troth.http.exchange import Fields, values
from troth.http.json_text import BadJson
from troth.http.multipart import Part
from troth.openapi.operation import Encoding, MediaType, Parameter
from troth.schema.data_model import ALL_TYPES
from troth.schema.schema import Schema
from troth.validation import coercion, styles
from troth.validation.coercion import is_array, types_of
from troth.validation.styles import Malformed, encoded, text_of

_JSON = "application/json"
_TEXT = "text/plain"
_BYTES = "application/octet-stream"
_STRUCTURED = frozenset({"object", "array"})
_NONE = Encoding("")


@dataclass(frozen=True, slots=True)
class Slip:
    """What is wrong with a part that can be read: the member at *at* breaks *rule* of *pointer*."""

    at: str
    rule: str
    message: str
    pointer: str


#: `content.read` and `content.write`, of which forms are one kind.
Read = Callable[..., Any]
Write = Callable[..., tuple[str, bytes]]
#: What gives the text of a header field that a part must have.
FieldOf = Callable[[Parameter], str]


# Strings that stand for bytes, which have a character each.


def is_binary(schema: Schema | None) -> bool:
    """Whether the strings of *schema* are bytes: `format: binary`, or a media type of no text."""
    if schema is None or _is_encoded(schema):
        return False
    if "binary" in coercion.says(schema, "format"):
        return True
    kinds = [kind for kind in coercion.says(schema, "contentMediaType") if isinstance(kind, str)]
    return any(not _is_text(kind) for kind in kinds)


def _is_encoded(schema: Schema | None) -> bool:
    """Whether the strings of *schema* are bytes that are written as text."""
    return any(True for _ in coercion.says(schema, "contentEncoding"))


def _is_text(content_type: str) -> bool:
    kind = media_type.essence(content_type)
    return kind.startswith("text/") or kind.endswith(("json", "xml", "yaml"))


def text_of_bytes(schema: Schema | None, data: bytes) -> str:
    """The string that *data* is: of bytes, and of what is no UTF-8, a character for each."""
    if not is_binary(schema):
        try:
            return data.decode("utf-8")
        except UnicodeDecodeError:
            pass
    return data.decode("latin-1")


def bytes_of_text(text: str) -> bytes:
    """The bytes that *text* stands for: one for each character, where each is one."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


# urlencoded


def read_urlencoded(entry: MediaType, text: str, *, read: Read) -> dict[str, Any]:
    """The object that the form *text* stands for.  Raises Malformed."""
    form: dict[str, Any] = {}
    for name, sent in _by_member(entry, styles.pairs(text)).items():
        schema = coercion.member(entry.schema, name)
        encoding = entry.encoding.get(name, _NONE)
        value, is_there = _Reader(read).field_value(name, schema, encoding, sent)
        if is_there:
            form[name] = value
    return form


def _styled_value(
    parameter: Parameter, schema: Schema | None, sent: styles.Pairs
) -> tuple[Any, bool]:
    """The value of a member that is written as *parameter* is, and whether it is there."""

    def read(sent: styles.Pairs) -> tuple[Any, bool]:
        return coercion.read_first(schema, partial(styles.divide_pairs, parameter, sent))

    # whoever writes forms by the rules of browsers (WHATWG URL §5.2) encodes each comma, too
    again = [(name, text.replace("%2C", ",").replace("%2c", ",")) for name, text in sent]
    for pairs in (sent, again) if schema is not None and again != sent else ():
        with suppress(Malformed):
            value, is_there = read(pairs)
            if schema is not None and schema.is_valid(value) and not parameter.explode:
                return value, is_there
    try:
        return read(sent)
    except styles.Repeated as fault:
        raise Malformed(f"{parameter.name!r} {fault}") from None


def _holds_json(schema: Schema | None) -> bool:
    """Whether a field of *schema*, or each item of one, may be JSON (OpenAPI 3.1 §4.8.15.1.1)."""
    types = types_of(schema)
    if types == ALL_TYPES or "object" in types:
        return types != ALL_TYPES
    items = coercion.items(schema) if "array" in types else None
    return (
        items is not None and types_of(items) != ALL_TYPES and bool(types_of(items) & _STRUCTURED)
    )


def _by_member(entry: MediaType, sent: styles.Pairs) -> dict[str, list[tuple[str, str]]]:
    """The pairs of a form by the member that they belong to: `a[b]` to `a`, if that is declared.

    Those of an exploded object belong to the member that has one of that name, if none else does.
    """
    schema = entry.schema
    owners = {
        inner: name
        for name, encoding in entry.encoding.items()
        if encoding.is_styled and encoding.parameter(name, None).style == "form"
        if encoding.explode is not False and (member := coercion.member(schema, name)) is not None
        if "object" in coercion.kinds(member)
        for inner in coercion.declared(member)
    }
    members: dict[str, list[tuple[str, str]]] = {}
    for name, text in sent:
        base = name.partition("[")[0]
        if base != name and coercion.declares(schema, base):
            owner = base
        elif name in owners and schema is not None and not coercion.declares(schema, name):
            owner = owners[name]
        else:
            owner = name
        members.setdefault(owner, []).append((name, text))
    return members


def write_urlencoded(entry: MediaType, value: Any, *, write: Write) -> str:
    """The form that *value* is."""
    if not isinstance(value, dict):
        return encoded(text_of(value))
    pairs: list[str] = []
    for name, held in value.items():
        schema = coercion.member(entry.schema, name)
        encoding = entry.encoding.get(name, _NONE)
        if encoding.is_styled:
            pairs += styles.write_pairs(encoding.parameter(name, schema), held)
            continue
        is_json = any(map(media_type.is_json, encoding.content_types))
        for item, inner in _items(schema, held) or [("", None)]:
            if is_json or isinstance(item, dict | list):
                part = _written_part(name, inner, encoding, item, write, None)
                item = part.data.decode("utf-8", "surrogatepass")
            pairs.append(f"{encoded(name)}={encoded(text_of(item))}")
    return "&".join(pairs)


# multipart


def read_multipart(
    entry: MediaType, content_type: str, data: bytes, *, read: Read, slips: list[Slip]
) -> Any:
    """The object, or the array, that the parts of *data* stand for.  Raises Malformed."""
    try:
        parts = multipart.read(content_type, data)
    except multipart.BadMultipart as fault:
        raise Malformed(str(fault)) from None
    reader = _Reader(read, slips)
    is_form = media_type.essence(content_type) == "multipart/form-data"
    if not is_form and _is_positional(entry):
        return [
            reader.part_value(pointer.join("", index), *_at_position(entry, index), part)
            for index, part in enumerate(parts)
        ]
    by_name: dict[str, list[Part]] = {}
    for index, part in enumerate(parts):
        name = part.name if is_form or part.name is not None else _name_of(entry, index)
        if name is None:
            raise Malformed(f"part {index + 1} has no name")
        by_name.setdefault(name, []).append(part)
    form: dict[str, Any] = {}
    for name, several in _grouped(entry, by_name).items():
        schema, encoding = coercion.member(entry.schema, name), entry.encoding.get(name, _NONE)
        if _is_styled(entry, encoding):
            sent = [(part.name or name, _as_in_query(part.data)) for part in several]
            value, is_there = reader.field_value(name, schema, encoding, sent)
            if is_there:
                form[name] = value
        else:
            form[name] = reader.member_value(name, schema, encoding, several)
    return form


def _grouped(entry: MediaType, parts: Mapping[str, list[Part]]) -> dict[str, list[Part]]:
    """*parts* by member: `a[b]` belongs to `a` where that is written in a style."""
    grouped: dict[str, list[Part]] = {}
    for name, several in parts.items():
        base = name.partition("[")[0]
        encoding = entry.encoding.get(base)
        is_styled = encoding is not None and _is_styled(entry, encoding)
        grouped.setdefault(base if is_styled else name, []).extend(several)
    return grouped


def _is_positional(entry: MediaType) -> bool:
    """Whether *entry* describes parts by their place: OpenAPI 3.2 §4.14.5, or an array."""
    if entry.prefix_encoding or entry.item_encoding or entry.item:
        return True
    return entry.schema is not None and types_of(entry.schema) - {"null"} == {"array"}


def _at_position(entry: MediaType, index: int) -> tuple[Schema | None, Encoding]:
    """The schema and the encoding of the part at *index*."""
    schema = coercion.items(entry.schema, index) if entry.schema is not None else entry.item
    if index < len(entry.prefix_encoding):
        return schema, entry.prefix_encoding[index]
    return schema, entry.item_encoding or _NONE


def _name_of(entry: MediaType, index: int) -> str | None:
    """The member that part *index* is where parts have no names, as in multipart/related."""
    names = coercion.declared(entry.schema)
    return names[index] if index < len(names) else None


def _is_styled(entry: MediaType, encoding: Encoding) -> bool:
    """Whether a part is written in a style, which OpenAPI 3.0 knows of urlencoded forms only."""
    is_30 = entry.schema is not None and entry.schema.schemas.document.openapi.startswith("3.0.")
    return encoding.is_styled and not is_30


def _as_in_query(data: bytes) -> str:
    """What *data* would be in a query, its delimiters left: parts are not percent-encoded."""
    text = text_of_bytes(None, data)
    return text.replace("%", "%25").replace("+", "%2B").replace(" ", "%20")


def write_multipart(
    entry: MediaType,
    content_type: str,
    value: Any,
    *,
    write: Write,
    field_of: FieldOf | None = None,
) -> tuple[str, bytes]:
    """The body of *value*, a part for each member or item, and its content type."""
    parts: list[Part] = []
    if isinstance(value, dict):
        for name, held in value.items():
            schema, encoding = coercion.member(entry.schema, name), entry.encoding.get(name, _NONE)
            if _is_styled(entry, encoding):
                for pair in styles.write_pairs(encoding.parameter(name, schema), held):
                    key, _, word = pair.partition("=")
                    parts.append(multipart.named(unquote(key), unquote(word).encode()))
            else:
                parts += [
                    _written_part(name, inner, encoding, item, write, field_of)
                    for item, inner in _items(schema, held)
                ] or [multipart.named(name, b"")]
    else:
        for index, held in enumerate(value if isinstance(value, list) else [value]):
            schema, encoding = _at_position(entry, index)
            parts.append(_written_part(None, schema, encoding, held, write, field_of))
    boundary, data = multipart.write(parts)
    own = media_type.parameters(content_type).get("boundary")
    return content_type if own == boundary else f"{content_type}; boundary={boundary}", data


# One member, and one part


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads members and parts: *slips* gets what is wrong with those that can be read."""

    read: Read
    slips: list[Slip] = field(default_factory=list)

    def field_value(
        self, name: str, schema: Schema | None, encoding: Encoding, sent: styles.Pairs
    ) -> tuple[Any, bool]:
        """The value of the member *name*, to which all of *sent* belongs; whether it is there."""
        # in a form a plus sign is a space, whatever may be left unencoded
        texts = [styles.decoded(text, plus=True) for _, text in sent]
        if encoding.is_styled or (not encoding.content_types and not _holds_json(schema)):
            if schema is None and len(texts) > 1:
                return texts, True
            member = Encoding(encoding.pointer, (), (), encoding.style, encoding.explode)
            return _styled_value(member.parameter(name, schema), schema, sent)
        parts = [Part((), text.encode("utf-8", "surrogatepass")) for text in texts]
        return _Reader(self.read).member_value(name, schema, encoding, parts), True

    def member_value(
        self, name: str, schema: Schema | None, encoding: Encoding, parts: Sequence[Part]
    ) -> Any:
        """The value of the member *name*, which *parts* make up."""
        at = pointer.join("", name)
        if len(parts) == 1 and (not is_array(schema) or _is_whole(schema, encoding, parts[0])):
            value = self.part_value(at, schema, encoding, parts[0])
            if schema is None or "array" not in types_of(schema) or schema.is_valid(value):
                return value
        values = [
            self.part_value(pointer.join(at, index), coercion.items(schema, index), encoding, part)
            for index, part in enumerate(parts)
        ]
        # one empty text may also be an array without items: nothing can write those apart
        is_empty = len(parts) == 1 and not parts[0].data and schema is not None
        return [] if is_empty and schema is not None and not schema.is_valid(values) else values

    def part_value(self, at: str, schema: Schema | None, encoding: Encoding, part: Part) -> Any:
        """The value of one part, or of one field of a urlencoded form."""
        self.slips.extend(_slips(at, encoding, part))
        data = _transfer_decoded(part, schema)
        kind = part.content_type or next(iter(encoding.content_types), "")
        try:
            if _is_content(kind, schema, encoding):
                inner: list[Slip] = []
                value = self.read(_entry(kind, schema, encoding), kind, data, slips=inner)
                self.slips.extend(replace(one, at=at + one.at) for one in inner)
                return value
            if media_type.charset(kind) is not None and not media_type.is_json(kind):
                data = _recoded(data, kind)
            return _plain_value(schema, data, is_json=media_type.is_json(kind))
        except (Malformed, BadJson) as fault:
            what = "is not JSON" if isinstance(fault, BadJson) else "cannot be read"
            raise Malformed(f"{pointer.split(at)[-1]!r} {what}: {fault}") from None


def _is_whole(schema: Schema | None, encoding: Encoding, part: Part) -> bool:
    """Whether *part* is JSON of the whole array, as clients may send it."""
    kind = part.content_type or next(iter(encoding.content_types), "")
    if schema is None or not media_type.is_json(kind):
        return False
    try:
        return schema.is_valid(json_text.decode(part.data))
    except BadJson:
        return False


def _recoded(data: bytes, kind: str) -> bytes:
    """The text *data* of the charset in *kind* in UTF-8; as it is where it is none of it."""
    try:
        return media_type.decode(data, kind).encode("utf-8", "surrogatepass")
    except (LookupError, UnicodeError):
        raise Malformed(f"it is no text in the charset of {kind!r}") from None


def _entry(kind: str, schema: Schema | None, encoding: Encoding) -> MediaType:
    """A part as content: its media type, and how its own members or parts are written."""
    return MediaType(
        kind,
        encoding.pointer,
        schema=schema,
        encoding=encoding.encoding,
        prefix_encoding=encoding.prefix_encoding,
        item_encoding=encoding.item_encoding,
    )


def _is_content(kind: str, schema: Schema | None, encoding: Encoding) -> bool:
    """Whether a part of media type *kind* is read by it: no text, which any schema can be of."""
    name = media_type.essence(kind)
    if not kind or "*" in kind or name in (_TEXT, _BYTES) or media_type.is_json(kind):
        return False
    is_structured = bool(types_of(schema) & _STRUCTURED) and "string" not in types_of(schema)
    return is_structured and (bool(encoding.content_types) or name.startswith("multipart/"))


def _plain_value(schema: Schema | None, data: bytes, *, is_json: bool) -> Any:
    """The value of a part that is a text, some bytes, or JSON: which, its schema says."""
    if schema is None:
        return text_of_bytes(schema, data)
    types = types_of(schema)
    # an object without a type of its own is JSON by default, and so is an array in an array
    may_be_json = is_json or (bool(types & _STRUCTURED) and types != ALL_TYPES)
    if not may_be_json:
        return coercion.read(schema, text_of_bytes(schema, data))
    fault: BadJson | None = None
    try:
        value = json_text.decode(data)
        if schema.is_valid(value):
            return value
    except BadJson as bad:
        fault = bad
    if types & {"string", "null"} or not types & _STRUCTURED:
        text = coercion.read(schema, text_of_bytes(schema, data))
        if schema.is_valid(text) or not is_json:
            return text
    if fault is not None:
        raise fault
    return value


def _slips(at: str, encoding: Encoding, part: Part) -> Iterator[Slip]:
    """What *part* has in its fields that *encoding* does not allow."""
    kind = part.content_type
    declared = encoding.content_types
    if kind and declared and not any(media_type.matches(one, kind) for one in declared):
        message = f"{kind!r} is not one of the content types of this part, {', '.join(declared)}"
        yield Slip(at, "content-type", message, encoding.pointer)
    for header in encoding.headers:
        found = values(part.fields, header.name)
        if not found:
            if header.required:
                message = f"this part has no header field {header.name!r}"
                yield Slip(at, "required", message, header.pointer)
            continue
        divide = partial(styles.divide_field, header, ", ".join(found))
        value, _ = coercion.read_first(header.schema, divide)
        for mismatch in () if header.schema is None else header.schema.errors(value):
            message = f"the header field {header.name!r} of this part: {mismatch.message}"
            yield Slip(at, mismatch.keyword, message, mismatch.schema_pointer)


def _transfer_decoded(part: Part, schema: Schema | None) -> bytes:
    """The content of *part* without a transfer encoding, but for one that its schema speaks of."""
    coding = next(iter(values(part.fields, "content-transfer-encoding")), "").strip().lower()
    if coding in coercion.says(schema, "contentEncoding"):
        return part.data
    try:
        if coding == "base64":
            return b64decode(part.data)
        return quopri.decodestring(part.data) if coding == "quoted-printable" else part.data
    except (binascii.Error, ValueError):
        raise Malformed(f"a part is not the {coding} that it says it is") from None


def _items(schema: Schema | None, value: Any) -> list[tuple[Any, Schema | None]]:
    """The values of the member *value* that are written apart, each with its schema."""
    if not isinstance(value, list):
        return [(value, schema)]
    return [(item, coercion.items(schema, index)) for index, item in enumerate(value)]


def _written_part(
    name: str | None,
    schema: Schema | None,
    encoding: Encoding,
    value: Any,
    write: Write,
    field_of: FieldOf | None,
) -> Part:
    kind = _kind_of(schema, encoding, value)
    fields: Fields = tuple(
        (header.name, field_of(header) if field_of else "1")
        for header in encoding.headers
        if header.required
    )
    sent_as, data = write(_entry(kind, schema, encoding), kind, value, field_of=field_of)
    if is_binary(schema) and isinstance(value, str):
        data = bytes_of_text(value)
    # RFC 7578 §4.4: what has no Content-Type is text/plain
    is_plain = kind == _TEXT and not encoding.content_types
    fields = (*(() if is_plain else (("Content-Type", sent_as),)), *fields)
    if name is None:
        return Part(fields, data)
    is_file = kind != _TEXT and not isinstance(value, dict | list) and not media_type.is_json(kind)
    filename = _filename(name, kind) if is_file else None
    return multipart.named(name, data, filename=filename, fields=fields)


#: The extensions of the files that are sent most, which a machine may have others for.
_EXTENSIONS = {
    "application/octet-stream": ".bin",
    "image/jpeg": ".jpg",
    "text/plain": ".txt",
}


def _filename(name: str, kind: str) -> str:
    essence = media_type.essence(kind)
    subtype = essence.partition("/")[2]
    plain = f".{subtype}" if subtype.isalnum() and len(subtype) <= 5 else ".bin"
    return "".join(char if char.isalnum() else "_" for char in name) + _EXTENSIONS.get(
        essence, plain
    )


#: A media type for a range that names none of its own.
CONCRETE = {
    "image": "image/png",
    "text": _TEXT,
    "audio": "audio/wav",
    "video": "video/mp4",
    "font": "font/woff2",
    "multipart": "multipart/form-data",
}


def concrete(content_type: str) -> str:
    """A media type that the range *content_type* covers; itself where it is none."""
    if "*" not in content_type:
        return content_type
    kind, _, subtype = media_type.essence(content_type).partition("/")
    if subtype.startswith("*+"):
        return f"{'application' if kind == '*' else kind}/vnd.example+{subtype[2:]}"
    return CONCRETE.get(kind, _BYTES)


def _kind_of(schema: Schema | None, encoding: Encoding, value: Any) -> str:
    """The media type in which *value* is sent as a part."""
    is_structured = isinstance(value, dict | list)
    for declared in encoding.content_types:
        if "*" not in declared:
            return declared
    if is_structured:
        return _JSON
    if encoding.content_types:
        return concrete(encoding.content_types[0])
    is_bytes = is_binary(schema) or (
        # OpenAPI 3.1 §4.8.14.4: what has no type, or an encoding of its own, is bytes
        schema is not None
        and isinstance(value, str)
        and (types_of(schema) == ALL_TYPES or _is_encoded(schema))
    )
    return _BYTES if is_bytes else _TEXT
