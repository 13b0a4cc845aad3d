"""Content by media type: the value that bytes hold for a schema, and the bytes of a value.

One table, `form_of`, decides how a media type is read and written: JSON, JSON texts in a row, forms
and multipart bodies (`forms`), XML (`xml`), CSV, YAML, text.  Anything else is bytes, of which a
string has one a character.  What cannot be read is Malformed or BadJson; what is no reading of
troth's to give is UNREAD, and nothing is held against it.  Requests that are drawn and answers of
the mock are written here.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from typing import Any, Final, Literal

from troth.document.yaml_writer import dump_yaml
from troth.http import json_text, media_type
from troth.http.json_text import BadJson
from troth.openapi.operation import MediaType, is_json_seq
from troth.schema.schema import Schema
from troth.validation import coercion, forms, xml
from troth.validation.coercion import is_array, types_of
from troth.validation.forms import FieldOf, Slip
from troth.validation.styles import Malformed, text_of
from troth.validation.xml import Unwritable

Form = Literal["json", "sequence", "urlencoded", "multipart", "xml", "csv", "yaml", "text", "bytes"]


class _Unread:
    """The type of UNREAD."""


#: What content holds where the document does not say how to read it.
UNREAD: Final = _Unread()

# Texts that are not below text/: what programs read as text whatever it is called.
_TEXTS = re.compile(
    r"text/.*|application/((x-)?(javascript|ecmascript|sh|graphql|sql|pem-file|latex)|sdp|toml|jwt)"
)
_YAML = re.compile(r"(application|text)/(x-)?yaml|.*\+yaml")
_XML = re.compile(r"(application|text)/xml|.*\+xml")
_WRITTEN_OUT = ("sequence", "urlencoded", "xml", "csv", "yaml")
_RECORD_SEPARATOR = b"\x1e"
_STRUCTURED = frozenset({"object", "array"})


@lru_cache(maxsize=512)
def form_of(content_type: str) -> Form:
    """How content of *content_type* is read and written."""
    kind = media_type.essence(content_type)
    if media_type.is_json(content_type):
        return "json"
    if MediaType(kind, "").is_sequence:
        return "sequence"
    if kind == "application/x-www-form-urlencoded":
        return "urlencoded"
    if kind.startswith("multipart/"):
        return "multipart"
    if kind == "text/csv":
        return "csv"
    if _XML.fullmatch(kind):
        return "xml"
    if _YAML.fullmatch(kind):
        return "yaml"
    return "text" if _TEXTS.fullmatch(kind) else "bytes"


def item_schema(entry: MediaType) -> Schema | None:
    """The schema of one of the JSON texts in a row that *entry* describes.

    `itemSchema` or, where `schema` cannot be that of an array, `schema`: documents before
    OpenAPI 3.2 describe a line so.  None where that says of the whole that it is a text.
    """
    if entry.item is not None or entry.schema is None:
        return entry.item
    return None if "array" in types_of(entry.schema) or is_all_text(entry) else entry.schema


def is_all_text(entry: MediaType) -> bool:
    """Whether the `schema` of JSON texts in a row says that the body is a text, and no more."""
    types = types_of(entry.schema) if entry.schema is not None and entry.item is None else ()
    return entry.is_sequence and set(types) == {"string"}


def json_texts(content_type: str, data: bytes) -> Iterator[tuple[int, bytes]]:
    """The JSON texts in a row, each with the number of its line.  Raises Malformed."""
    # RFC 7464 §2.1: a record separator begins each; it cannot stand inside one.  Without them a
    # line is a text, and an empty one is none (NDJSON §3.1).
    if not data.lstrip().startswith(_RECORD_SEPARATOR):
        if is_json_seq(content_type) and data.strip():
            raise Malformed("its JSON texts do not begin with a record separator, U+001E")
        lines = enumerate(data.split(b"\n"), 1)
        yield from ((number, line) for number, line in lines if line.strip())
        return
    number = 1
    for text in data.split(_RECORD_SEPARATOR):
        if text.strip():
            yield number, text
        number += text.count(b"\n")


def concrete(entry: MediaType, accept: str = "") -> str:
    """A media type that the key of *entry* covers: of what *accept* lists, if any is one."""
    key = entry.content_type
    if "*" not in key:
        return key
    for element in media_type.elements(accept, ","):
        wanted = element.partition(";")[0].strip()
        if "*" not in wanted and media_type.matches(key, wanted):
            return wanted
    kind = media_type.essence(key)
    if kind in ("*/*", "application/*") and not forms.is_binary(entry.schema):
        return "application/json"
    return forms.concrete(kind)


def holds(entry: MediaType) -> bool:
    """Whether the values of *entry* have a form in its media type: a text is no object."""
    kind = concrete(entry)
    if entry.is_stream or form_of(kind) not in ("text", "bytes"):
        return True
    if _may_be_json(entry.schema, kind):
        return True
    return entry.schema is None or not types_of(entry.schema) <= _STRUCTURED | {"null"}


# Reading.


def read(
    entry: MediaType, content_type: str, data: bytes, *, slips: list[Slip] | None = None
) -> Any:
    """The value that *data*, sent as *content_type*, holds for *entry*; UNREAD where none is due.

    *slips* gets what is wrong with parts though they can be read.  Raises Malformed and BadJson.
    """
    slips = [] if slips is None else slips
    schema = entry.schema
    match form_of(content_type):
        case "json":
            return json_text.decode(data)
        case "sequence":
            return [json_text.decode(text) for _, text in json_texts(content_type, data)]
        case "urlencoded":
            text = decoded(data, content_type)
            return forms.read_urlencoded(entry, text, read=read)
        case "multipart":
            return forms.read_multipart(entry, content_type, data, read=read, slips=slips)
        case "xml":
            charset = media_type.charset(content_type)
            # RFC 7303 §3: what the field says counts for more than what the document says
            value = xml.read(schema, decoded(data, content_type) if charset else data)
            # a schema of texts may be that of a whole document, of which nothing is said
            is_whole = isinstance(value, dict) and "object" not in types_of(schema)
            return UNREAD if schema is None or is_whole else value
        case "csv":
            return _read_csv(schema, content_type, data)
        case "text":
            return _read_text(schema, _plain_text(data, content_type))
        case "bytes":
            if not _may_be_json(schema, content_type):
                return _read_text(schema, forms.text_of_bytes(schema, data))
            with suppress(BadJson):
                return json_text.decode(data)
            return UNREAD
        case "yaml":
            return UNREAD


def decoded(data: bytes, content_type: str) -> str:
    """*data* as text, in the charset that *content_type* names, else UTF-8.  Raises Malformed."""
    name = media_type.charset(content_type)
    try:
        return media_type.decode(data, content_type)
    except LookupError:
        raise Malformed(f"the charset {name!r} is not one that is known") from None
    except UnicodeError as fault:
        where = f"byte {fault.start}" if isinstance(fault, UnicodeDecodeError) else "it"
        raise Malformed(f"{where} is not {(name or 'utf-8').upper()}") from None


def _may_be_json(schema: Schema | None, content_type: str) -> bool:
    """Whether a vendor's own type may be JSON: that of an object is, if nothing else is said."""
    kind = media_type.essence(content_type)
    is_structured = types_of(schema) <= _STRUCTURED | {"null"}
    return schema is not None and is_structured and kind.startswith("application/vnd.")


def _plain_text(data: bytes, content_type: str) -> str:
    """*data* as text; of no charset that is named, any bytes are one."""
    if media_type.charset(content_type):
        return decoded(data, content_type)
    return forms.text_of_bytes(None, data)


def _read_text(schema: Schema | None, text: str) -> Any:
    types = types_of(schema)
    # a text stands for no object, and nothing says how one would be written in it
    if schema is None or types <= _STRUCTURED | {"null"}:
        return UNREAD
    return coercion.read(schema, text if "string" in types else text.strip())


def _read_csv(schema: Schema | None, content_type: str, data: bytes) -> Any:
    text = _plain_text(data, content_type)
    row = _row_schema(schema)
    absent = media_type.parameters(content_type).get("header") == "absent"
    if schema is None or row is None or absent:
        return _read_text(schema, text)
    try:
        rows = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True))
    except csv.Error as fault:
        raise Malformed(f"it is not CSV: {fault}") from None
    rows = [cells for cells in rows if cells]
    if "array" in types_of(row):
        return coercion.read(schema, rows)
    header = rows[0] if rows else []
    return [_record(row, header, cells) for cells in rows[1:]]


def _row_schema(schema: Schema | None) -> Schema | None:
    """The schema of a row, where *schema* is that of an array of objects or of arrays."""
    if not is_array(schema):
        return None
    row = coercion.items(schema)
    return row if row is not None and types_of(row) <= _STRUCTURED else None


def _record(row: Schema, header: list[str], cells: list[str]) -> dict[str, Any]:
    """The object of one row; an empty cell that stands for no value is a member left out."""
    record: dict[str, Any] = {}
    for name, text in zip(header, cells, strict=False):
        member = coercion.member(row, name)
        value = _cell(member, text)
        if text or member is None or member.is_valid(value):
            record[name] = value
    return record


def _cell(schema: Schema | None, text: str) -> Any:
    if schema is None:
        return text
    if types_of(schema) <= _STRUCTURED | {"null"} and text:
        try:
            return json_text.decode(text.encode("utf-8", "surrogatepass"))
        except BadJson:
            return text
    return coercion.read(schema, text)


# Writing.


def write(
    entry: MediaType, content_type: str, value: Any, *, field_of: FieldOf | None = None
) -> tuple[str, bytes]:
    """*value* of *entry* as content of *content_type*, which comes back with its boundary.

    *field_of* gives the header fields that parts must have.  Raises Unwritable.
    """
    schema = entry.schema
    form = form_of(content_type)
    if isinstance(value, str) and form in _WRITTEN_OUT and "string" not in types_of(schema):
        # a text that stands for what is no text is how that is written
        return content_type, encoded(value, content_type)
    match form:
        case "json":
            return content_type, json_text.encode(value)
        case "sequence":
            before = _RECORD_SEPARATOR if is_json_seq(content_type) else b""
            texts = value if isinstance(value, list) else [value]
            return content_type, b"".join(before + json_text.encode(one) + b"\n" for one in texts)
        case "urlencoded":
            text = forms.write_urlencoded(entry, value, write=write)
        case "multipart":
            return forms.write_multipart(entry, content_type, value, write=write, field_of=field_of)
        case "xml":
            charset = media_type.charset(content_type) or "UTF-8"
            head = f'<?xml version="1.0" encoding="{charset}"?>\n'
            # a document as a text, where the schema speaks of no element
            is_whole = isinstance(value, str) and value.lstrip().startswith("<")
            text = value if is_whole else head + xml.write(schema, value)
        case "csv":
            text = _written_csv(value)
        case "yaml":
            text = value if isinstance(value, str) else dump_yaml(value)
        case "text":
            # no text stands for an object; one that people read says what is in it
            text = dump_yaml(value) if isinstance(value, dict | list) else text_of(value)
        case "bytes":
            if _may_be_json(schema, content_type):
                return content_type, json_text.encode(value)
            if isinstance(value, dict | list):
                raise Unwritable(f"{content_type} cannot hold what is no text")
            return content_type, forms.bytes_of_text(text_of(value))
    return content_type, encoded(text, content_type)


def encoded(text: str, content_type: str) -> bytes:
    """*text* in the charset that *content_type* names, else UTF-8.  Raises Unwritable."""
    try:
        return media_type.encode(text, content_type)
    except (LookupError, UnicodeError):
        raise Unwritable(f"{content_type} cannot hold {text[:60]!r}") from None


def _written_csv(value: Any) -> str:
    """The rows of *value*: with a header where they are objects, a column for each member."""
    if not isinstance(value, list):
        return text_of(value)
    written = io.StringIO(newline="")
    rows = csv.writer(written, lineterminator="\r\n")
    if any(isinstance(row, dict) for row in value):
        names = list(dict.fromkeys(name for row in value if isinstance(row, dict) for name in row))
        rows.writerow(names)
        value = [
            [row.get(name, "") for name in names] if isinstance(row, dict) else [row]
            for row in value
        ]
    for row in value:
        cells = row if isinstance(row, list) else [row]
        rows.writerow(["" if cell is None else text_of(cell) for cell in cells])
    return written.getvalue()


def survives(
    entry: MediaType, content_type: str, value: Any, *, field_of: FieldOf | None = None
) -> bool | None:
    """Whether *value*, once written, is read as what *entry* describes; None: it has no form."""
    try:
        sent_as, data = write(entry, content_type, value, field_of=field_of)
    except Unwritable:
        return None
    slips: list[Slip] = []
    try:
        again = read(entry, sent_as, data, slips=slips)
    except (Malformed, BadJson):
        return False
    return not slips and not any(mismatches(entry, again))


def is_readable(entry: MediaType, content_type: str, data: bytes) -> bool:
    """Whether *data* is content of *content_type* at all."""
    try:
        read(entry, content_type, data)
    except (Malformed, BadJson):
        return False
    return True


def mismatches(entry: MediaType, value: Any) -> Iterator[tuple[Schema, Any, str]]:
    """The schemas of *entry* that *value*, which `read` gave, is to meet and does not.

    Each with the part of the value that it is about, and where that is.
    """
    if value is UNREAD:
        return
    item = item_schema(entry) if entry.is_sequence else entry.item
    if item is not None and isinstance(value, list):
        for index, one in enumerate(value):
            if not item.is_valid(one):
                yield item, one, f"/{index}"
    is_told = entry.schema is not item and not is_all_text(entry)
    if is_told and entry.schema is not None and not entry.schema.is_valid(value):
        yield entry.schema, value, ""
