"""The smallest files of the types that are sent most: where a schema asks for bytes, one of them.

A value that stands for bytes is a string with a character for each, as `validation.content` reads
and writes it.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Mapping
from typing import Any

from troth.http import content_coding, media_type
from troth.openapi.operation import MediaType
from troth.schema.data_model import ALL_TYPES
from troth.schema.schema import Schema
from troth.validation import coercion, forms


def _png() -> bytes:
    """One transparent pixel."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = binascii.crc32(kind + data)
        return len(data).to_bytes(4, "big") + kind + data + check.to_bytes(4, "big")

    head = chunk(b"IHDR", bytes.fromhex("00000001 00000001 08 06 00 00 00"))
    # a line of one filter byte and four of colour, in one stored block of zlib
    line = chunk(b"IDAT", bytes.fromhex("7801 01 0500 faff 00 00000000 00050001"))
    return b"\x89PNG\r\n\x1a\n" + head + line + chunk(b"IEND", b"")


def _jpeg() -> bytes:
    """One grey pixel: a block whose coefficients are all nought."""
    quantisation = bytes.fromhex("ffdb 0043 00") + bytes([1]) * 64
    frame = bytes.fromhex("ffc0 000b 08 0001 0001 01 01 11 00")
    codes = b"\x01" + bytes(16)
    tables = bytes.fromhex("ffc4 0014 00") + codes + bytes.fromhex("ffc4 0014 10") + codes
    scan = bytes.fromhex("ffda 0008 01 01 00 00 3f 00 3f")
    return b"\xff\xd8" + quantisation + frame + tables + scan + b"\xff\xd9"


def _pdf() -> bytes:
    """One empty page."""
    objects = (
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 72 72]>>",
    )
    text = b"%PDF-1.4\n"
    table = b"xref\n0 4\n0000000000 65535 f \n"
    for number, each in enumerate(objects, 1):
        table += b"%010d 00000 n \n" % len(text)
        text += b"%d 0 obj%bendobj\n" % (number, each)
    end = b"trailer<</Size 4/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF\n" % len(text)
    return text + table + end


def _mp4() -> bytes:
    """A film without a track."""
    kind = bytes.fromhex("00000014") + b"ftypisom" + bytes.fromhex("00000200") + b"isom"
    matrix = bytes.fromhex("00010000 000000000000000000000000 00010000 000000000000000000000000")
    head = bytes(12) + bytes.fromhex("000003e8 00000000 00010000 0100") + bytes(10) + matrix
    head += bytes.fromhex("40000000") + bytes(24) + bytes.fromhex("00000001")
    film = (len(head) + 8).to_bytes(4, "big") + b"mvhd" + head
    return kind + (len(film) + 8).to_bytes(4, "big") + b"moov" + film


_ZIP = b"PK\x05\x06" + bytes(18)
_SVG = b'<svg xmlns="http://www.w3.org/2000/svg" width="1" height="1"/>'
_GZIP = b"".join(content_coding.pack((), "gzip"))
_GIF = bytes.fromhex("474946383961 0100 0100 80 00 00 000000 ffffff 2c 0000 0000 0100 0100 00")
_WAV = bytes.fromhex("52494646 24000000 57415645 666d7420 10000000 0100 0100 401f0000 401f0000")
_WEBP = bytes.fromhex("524946461a000000 574542505650384c 0d0000002f000000 10071011118888fe 0700")

#: The files, by media type without parameters.
FILES: Mapping[str, bytes] = {
    "image/png": _png(),
    "image/gif": _GIF + bytes.fromhex("02 02 4401 00 3b"),
    "image/jpeg": _jpeg(),
    "image/jpg": _jpeg(),
    "image/webp": _WEBP,
    "image/svg+xml": _SVG,
    "audio/wav": _WAV + bytes.fromhex("0100 0800 64617461 00000000"),
    "audio/x-wav": _WAV + bytes.fromhex("0100 0800 64617461 00000000"),
    # a frame of layer III whose side information is nought: silence
    "audio/mpeg": bytes.fromhex("fffb90c4") + bytes(413),
    "video/mp4": _mp4(),
    "application/pdf": _pdf(),
    "application/zip": _ZIP,
    "application/x-zip-compressed": _ZIP,
    "application/gzip": _GZIP,
    "application/x-gzip": _GZIP,
    "application/x-tar": bytes(1024),
}

#: Types whose files are archives of parts: an empty one is none of theirs, but can be opened.
_ARCHIVES = re.compile(r".*\+zip|application/vnd\.(openxmlformats-officedoc|oasis\.opendoc)ument.*")


def sample(content_type: str, schema: Schema | None) -> str | None:
    """The file of *content_type*, where there is one here and *schema* has nothing against it."""
    kind = media_type.essence(content_type)
    file = FILES.get(kind, _ZIP if _ARCHIVES.fullmatch(kind) else None)
    if file is None or (schema is not None and not _is_of_bytes(schema)):
        return None
    text = file.decode("latin-1")
    return text if schema is None or schema.is_valid(text) else None


def _is_of_bytes(schema: Schema) -> bool:
    """Whether the strings of *schema* are taken as they are, and not as base64 or the like."""
    types = coercion.types_of(schema)
    is_encoded = any(True for _ in coercion.says(schema, "contentEncoding"))
    return (types == ALL_TYPES or types <= {"string", "null"}) and not (
        is_encoded or "byte" in coercion.says(schema, "format")
    )


def with_files(entry: MediaType, content_type: str, value: Any) -> Any:
    """*value* with a file wherever *entry* says of what type the bytes are, but not which."""
    if isinstance(value, str):
        file = sample(content_type, entry.schema)
        is_drawn = entry.schema is None or entry.schema.is_valid(value)
        return value if file is None or not is_drawn else file
    is_multipart = media_type.essence(content_type).startswith("multipart/")
    if not is_multipart or not isinstance(value, dict):
        return value
    return {name: _member(entry, name, held) for name, held in value.items()}


def _member(entry: MediaType, name: str, value: Any) -> Any:
    encoding = entry.encoding.get(name)
    schema = coercion.member(entry.schema, name)
    kinds = [] if encoding is None else encoding.content_types
    if not kinds:
        return value
    kind = forms.concrete(next((one for one in kinds if "*" not in one), kinds[0]))
    if not isinstance(value, list):
        return with_files(MediaType(kind, "", schema=schema), kind, value)
    items = coercion.items(schema)
    return [with_files(MediaType(kind, "", schema=items), kind, item) for item in value]
