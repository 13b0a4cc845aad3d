"""What an answer is written as: content of its very media type, and never JSON by another name.

`validation.content` writes values; here is what the mock adds of its own: a file where bytes are
asked for, a page where HTML is, and the coding that a Content-Encoding field promises.
"""

from __future__ import annotations

from dataclasses import replace
from html import escape
from typing import Any

from troth.generation.files import sample, with_files
from troth.http import content_coding, media_type
from troth.openapi.operation import MediaType, Parameter
from troth.seed import Seed
from troth.validation import content, forms
from troth.validation.xml import Unwritable
from troth_mock.reply import Reply, Stream, header_text

_BYTES = "application/octet-stream"


def concrete(entry: MediaType, accept: str) -> str:
    """The media type that answers *accept* by *entry*: if one can be, one that has a file here."""
    wanted = [one.partition(";")[0].strip() for one in media_type.elements(accept, ",")]
    covered = (
        kind
        for kind in (wanted if "*" in entry.content_type else ())
        if "*" not in kind and media_type.matches(entry.content_type, kind)
    )
    found = next((kind for kind in covered if sample(kind, entry.schema) is not None), None)
    return found or content.concrete(entry, accept)


def natural(entry: MediaType, kind: str, value: Any, *, title: str, is_last: bool = True) -> Any:
    """*value*, which was drawn for *entry*, or what says more in content of type *kind*.

    *title* is that of a page.  Unless it *is_last* of what can be answered, Unwritable is raised
    for a file of which there is none; else any bytes may be one, for all that a schema can say.
    """
    schema, form = entry.schema, content.form_of(kind)
    if form == "json":
        return value
    file = sample(kind, schema)
    if file is not None:
        return file
    is_file = form == "bytes" and media_type.essence(kind) != _BYTES
    if is_file and not is_last and (schema is None or forms.is_binary(schema)):
        raise Unwritable(f"no file of type {kind} can be made, and the document has no example")
    if media_type.essence(kind) == "text/html" and isinstance(value, str):
        whole = page(title, value)
        return whole if schema is None or schema.is_valid(whole) else value
    return with_files(entry, kind, value)


def anything(kind: str) -> Any:
    """A value in content of type *kind*, of which the document says nothing."""
    return "" if content.form_of(kind) in ("text", "csv", "yaml", "bytes") else {}


def conforms(entry: MediaType, kind: str, value: Any) -> bool:
    """Whether *value*, an example, is one of *entry*: as it is, or as it is written."""
    if entry.schema is None or entry.schema.is_valid(value):
        return True
    is_written = isinstance(value, str) and not media_type.is_json(kind)
    return is_written and content.survives(entry, kind, value) is True


def page(title: str, text: str) -> str:
    """A page of HTML that says *text*."""
    if text.lstrip().startswith("<"):
        return text
    return f"<!DOCTYPE html>\n<title>{escape(title)}</title>\n<p>{escape(text)}</p>\n"


def written(entry: MediaType, kind: str, value: Any, *, seed: Seed) -> tuple[str, bytes]:
    """*value* as content of *kind*, and that type with its parameters.  Raises Unwritable."""

    def field_of(header: Parameter) -> str:
        return header_text(header, seed) or ""

    return content.write(entry, kind, value, field_of=field_of)


def coded(reply: Reply) -> Reply:
    """*reply* in the coding that its Content-Encoding field tells."""
    coding = content_coding.coding(reply.fields)
    if coding not in content_coding.PACKED:
        return reply
    stream = reply.stream
    if stream is not None:
        frames = tuple(content_coding.pack(stream.frames, coding))
        return replace(reply, stream=Stream(frames, (*stream.tokens, 0)))
    if reply.body is None:
        return reply
    return replace(reply, body=b"".join(content_coding.pack((reply.body,), coding)))
