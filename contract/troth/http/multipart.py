"""Multipart bodies (RFC 2046 §5.1), without I/O: parts with their fields, from bytes and to bytes.

What a part means is not known here.  No input raises but BadMultipart.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import unquote

from troth.errors import TrothError
from troth.http import media_type
from troth.http.exchange import Fields, values

#: What separates the parts that are written here, unless one of them holds it.
BOUNDARY = "troth-7f1d0c2a"
#: How quotation marks and line ends stand in a name (HTML standard, "Multipart form data"); a
#: backslash is doubled, as in any quoted string.
_ESCAPES = {'"': "%22", "\r": "%0D", "\n": "%0A", "\\": "\\\\"}
_ESCAPED = {"%22": '"', "%0D": "\r", "%0A": "\n"}
_LINE_END = re.compile(rb"\r?\n(?![ \t])")


class BadMultipart(TrothError):
    """A body is no multipart body; the argument says why."""


@dataclass(frozen=True, slots=True)
class Part:
    """A part: its *fields* in order, and its content."""

    fields: Fields
    data: bytes

    @property
    def name(self) -> str | None:
        """The member of a form that it belongs to (RFC 7578 §4.2), if it says so."""
        return self._disposition("name")

    @property
    def filename(self) -> str | None:
        """The name of the file that it is, if it is one."""
        return self._disposition("filename")

    @property
    def content_type(self) -> str | None:
        """The Content-Type field, as sent."""
        return next(iter(values(self.fields, "content-type")), None)

    def _disposition(self, name: str) -> str | None:
        field = next(iter(values(self.fields, "content-disposition")), "")
        said = media_type.parameters(field)
        found = said.get(name)
        if found is None:
            # RFC 8187 §3.2, which RFC 7578 leaves out and older clients send all the same
            charset, mark, text = said.get(f"{name}*", "").partition("'")
            with suppress(LookupError, ValueError):
                return unquote(text.partition("'")[2], charset or "utf-8") if mark else None
            return None
        return re.sub("%22|%0[AaDd]", lambda match: _ESCAPED[match[0].upper()], found)


def named(name: str, data: bytes, *, filename: str | None = None, fields: Fields = ()) -> Part:
    """The part of a form for its member *name*; *fields* follow its Content-Disposition."""
    disposition = f'form-data; name="{_escaped(name)}"'
    if filename is not None:
        disposition += f'; filename="{_escaped(filename)}"'
    return Part((("Content-Disposition", disposition), *fields), data)


def form(content_type: str, body: bytes) -> list[Part]:
    """The parts of *body*, if it is a form that can be read."""
    if media_type.essence(content_type) != "multipart/form-data":
        return []
    try:
        return read(content_type, body)
    except BadMultipart:
        return []


def only_file(parts: Iterable[Part]) -> Part | None:
    """The file among *parts*, if there is one and no other."""
    files = [part for part in parts if part.filename is not None]
    return files[0] if len(files) == 1 else None


def read(content_type: str, body: bytes) -> list[Part]:
    """The parts of *body*, which was sent as *content_type*.  Raises BadMultipart."""
    boundary = media_type.parameters(content_type).get("boundary")
    if not boundary:
        raise BadMultipart("its Content-Type has no boundary")
    mark = re.escape(b"--" + boundary.encode("utf-8", "replace"))
    # RFC 2046 §5.1.1: the line end before a boundary is part of it
    pieces = re.split(rb"(?:^|\r?\n)" + mark + rb"(--|)[ \t]*(?=\r?\n|$)", body)
    # what stands before the first boundary, and after the last, is no part
    ends = pieces[1::2]
    if b"--" not in ends:
        raise BadMultipart("its parts do not begin and end with the boundary of its Content-Type")
    contents = pieces[2::2][: ends.index(b"--")]
    return [_part(content) for content in contents]


def write(parts: Iterable[Part]) -> tuple[str, bytes]:
    """The body of *parts*, and its boundary, which stands in none of them."""
    written = [_written(part) for part in parts]
    boundary, number = BOUNDARY, 0
    while any(boundary.encode() in text for text in written):
        number += 1
        boundary = f"{BOUNDARY}-{number}"
    mark = b"--" + boundary.encode()
    body = b"".join(mark + b"\r\n" + text + b"\r\n" for text in written)
    return boundary, body + mark + b"--\r\n"


def _part(text: bytes) -> Part:
    # each begins with the end of its boundary's line; without fields an empty line follows it
    head, end, data = text.partition(b"\r\n\r\n")
    bare = text.partition(b"\n\n")
    if len(bare[0]) < len(head):
        head, end, data = bare
    # RFC 2046 §5.1.1: of a part without content the empty line may be that of the boundary
    if not end and not text.endswith(b"\n"):
        raise BadMultipart("a part has no empty line after its fields")
    fields = []
    for line in _LINE_END.split(head.strip(b"\r\n")):
        name, colon, value = line.decode("utf-8", "replace").partition(":")
        if line and (not colon or not name.strip()):
            raise BadMultipart(f"{line[:60]!r} is no field of a part")
        if line:
            fields.append((name.strip(), re.sub(r"\r?\n[ \t]+", " ", value).strip()))
    return Part(tuple(fields), data)


def _written(part: Part) -> bytes:
    head = "".join(f"{name}: {value}\r\n" for name, value in part.fields)
    return head.encode("utf-8", "surrogatepass") + b"\r\n" + part.data


def _escaped(text: str) -> str:
    return "".join(_ESCAPES.get(char, char) for char in text)
