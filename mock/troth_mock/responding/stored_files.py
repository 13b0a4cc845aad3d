"""Files that clients upload: taken from requests, told of in answers, and given back as they came.

A file belongs to the item that was made or changed by its request.  It is given back by what reads
the item, or something below it that is called as files are (`/content`, `/download`, …), as the
upload was, or as what was uploaded; in its own media type, where the document allows that one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

from troth.errors import TrothError
from troth.http import content_coding, media_type, multipart
from troth.http.exchange import Fields, Request
from troth.openapi.names import FILE_NAMES, FILE_SIZES, FILE_TYPES, named, words_of
from troth.openapi.operation import DeclaredResponse, MediaType, Operation
from troth.openapi.resource import Resource
from troth.seed import Seed
from troth.validation import content, forms
from troth_mock.reply import Reply, headers
from troth_mock.responding.kept import fields_of, tagged
from troth_mock.responding.resource_store import Found
from troth_mock.storage.sessions import File

_BYTES = "application/octet-stream"
#: What the content of a thing is called, in words, whatever it is.
_CONTENT = frozenset(
    word
    for words in named(
        "content contents download file files raw data blob media binary body bytes original"
        " attachment source stream object payload upload"
    )
    for word in words
)


def sent_by(request: Request, operation: Operation) -> File | None:
    """The file that *request* sends: the one of its form, or its body; None: it sends none."""
    sent = request.content_type or ""
    if not sent or content.form_of(sent) in ("json", "urlencoded"):
        return None
    own = frozenset(words_of(last_segment(operation)))
    part = multipart.only_file(multipart.form(sent, request.body))
    if part is not None:
        names = own | frozenset(words_of(part.name or ""))
        return File(part.data, part.content_type or _BYTES, names, part.filename)
    body = operation.request_body
    entry = None if body is None else body.media_type(sent)
    data = content_coding.undone(request.body, request.fields) if _is_whole(entry, sent) else None
    return None if data is None else File(data, sent, own)


def _is_whole(entry: MediaType | None, sent: str) -> bool:
    """Whether a body of the type *sent*, as *entry* declares it, is whole a file."""
    form = content.form_of(sent)
    if entry is None or form == "multipart":
        return False
    return form == "bytes" or entry.schema is None or forms.is_binary(entry.schema)


def told_of(file: File, names: Iterable[str]) -> dict[str, Any]:
    """What those members of *names* hold that tell of *file*: its size, its type, its name."""
    kind = media_type.essence(file.content_type) or None
    told = [(FILE_SIZES, len(file.data)), (FILE_TYPES, kind), (FILE_NAMES, file.name)]
    return {
        name: one
        for name in sorted(names)
        for known, one in told
        if one is not None and words_of(name) in known
    }


def last_segment(operation: Operation) -> str:
    """What the path of *operation* ends with; "" if that is a variable."""
    last = re.split("[/:]", re.split("[?#]", operation.path, maxsplit=1)[0])[-1]
    return "" if "{" in last else last


def may_be_given(operation: Operation, declared: DeclaredResponse | None) -> bool:
    """Whether *operation* may answer with a file, as *declared*."""
    content = () if declared is None else declared.content
    is_below = bool(last_segment(operation))
    is_possible = any(is_below or not entry.is_json for entry in content)
    return operation.method in ("GET", "HEAD") and is_possible


def given_back(
    found: Found, resource: Resource, operation: Operation, *, status: int, accept: str | None
) -> Reply | None:
    """The file of *found* as *operation* answers with it; None where it answers something else."""
    file, declared = found.item.file, operation.response(status)
    if file is None or declared is None:
        return None
    last = frozenset(words_of(last_segment(operation)))
    is_below = bool(last) and operation.path != resource.path
    known = _CONTENT | file.words | frozenset(words_of(resource.name))
    if is_below and last.isdisjoint(known):
        return None
    kinds = [_kind(entry, file, is_below=is_below) for entry in declared.content]
    offered = [
        kind or entry.content_type for kind, entry in zip(kinds, declared.content, strict=True)
    ]
    accepted = media_type.accepts(accept, offered)
    if not accepted or accepted[0] not in kinds:
        return None
    fields = (("Content-Type", accepted[0]), *_fields(declared, found), *_guards(accepted[0]))
    return Reply(status, fields, file.data)


def _guards(kind: str) -> Fields:
    """What keeps a page that somebody uploaded from being one of the mock's own origin."""
    guards = [("X-Content-Type-Options", "nosniff")]
    if content.form_of(kind) in ("xml", "text"):
        guards.append(("Content-Security-Policy", "sandbox"))
    return tuple(guards)


def _kind(entry: MediaType, file: File, *, is_below: bool) -> str | None:
    """The media type in which *entry* lets *file* be sent; None where it does not.

    What has a form is looked into where it *is_below* the item, which has none itself then.
    """
    own, form = file.content_type, content.form_of(entry.content_type)
    is_open = entry.schema is None or forms.is_binary(entry.schema)
    is_any = "*" in entry.content_type or form == "bytes" or (is_open and form != "json")
    if is_any and media_type.essence(entry.content_type) == _BYTES:
        return own if media_type.essence(own) == _BYTES else entry.content_type
    if not media_type.matches(entry.content_type, own):
        return None
    return own if is_any or (is_below and _is_valid(entry, file)) else None


def _is_valid(entry: MediaType, file: File) -> bool:
    """Whether what *file* says is what *entry* asks for."""
    try:
        value = content.read(entry, file.content_type, file.data)
    except TrothError:
        return False
    is_read = value is not content.UNREAD
    return is_read and (entry.schema is None or entry.schema.is_valid(value))


def _fields(declared: DeclaredResponse, found: Found) -> Fields:
    file = found.item.file
    name = "" if file is None or file.name is None else re.sub(r'["\\\r\n]', "_", file.name)
    disposition = f'attachment; filename="{name}"' if name.isascii() and name else "attachment"
    drawn = headers(declared, Seed.of("file", found.key))
    return fields_of(declared, drawn, (*tagged(found), ("Content-Disposition", disposition)))
