"""Checks of files: what was uploaded comes back, with the size, the type and the name that it had.

A server may give a file another name, look at its bytes to tell its type, make pictures smaller.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from troth import pointer as pointers
from troth.conformance.stateful.items import Answer, Item
from troth.conformance.stateful.life_cycle import current
from troth.conformance.stateful.trial import Check, Trial
from troth.http import media_type, multipart
from troth.http.exchange import Request, without
from troth.http.multipart import Part
from troth.openapi.envelopes import APART
from troth.openapi.names import FILE_NAMES, FILE_SIZES, FILE_TYPES, named, words_of
from troth.openapi.operation import Operation
from troth.violation import Severity

_CODE = "resource.reads-back-other"
_BYTES = "application/octet-stream"
_IDENTITY = named("id uuid key name title path url href")
#: What the last part of a path calls the bytes themselves.
CONTENTS = frozenset(named("content contents file download raw data body bytes blob original"))
#: A name as people have them: a blank, quotation marks, letters of several scripts, a semicolon.
_NAME = 'na\u00efve "\u540d\u524d"; 1.bin'
#: Every byte there is: what takes them for text, or for lines, changes some.
_ALL = bytes(range(256)) + b"\r\n--\n\r"


async def uploaded(trial: Trial) -> None:
    """A file that was sent in a form comes back as it was, and so does what is told of it."""
    item = await trial.item()
    if item is not None and _file(item.created.exchange.request) is not None:
        await _compare(trial, item)


async def uploaded_by_any_name(trial: Trial) -> None:
    """So does one that has any bytes, and a name that has more than letters in it."""
    shared = await trial.item()
    if shared is None or _file(shared.created.exchange.request) is None:
        return
    item = await trial.create(altered=_awkward)
    if item is not None:
        await _compare(trial, item)


def _parts(request: Request) -> list[Part]:
    """The parts of the form that *request* sends."""
    return multipart.form(request.content_type or "", request.body)


def _file(request: Request) -> Part | None:
    """The only file of the form that *request* sends."""
    return multipart.only_file(_parts(request))


def _awkward(request: Request) -> Request:
    """*request* with another name of its file, and other bytes where no type says which."""
    parts: list[Part] = []
    for part in _parts(request):
        if part.filename is not None:
            is_free = media_type.essence(part.content_type or "") == _BYTES
            rest = without(part.fields, {"content-disposition"})
            data = _ALL if is_free else part.data
            part = multipart.named(part.name or "", data, filename=_NAME, fields=rest)
        parts.append(part)
    boundary, body = multipart.write(parts)
    kind = ("Content-Type", f"multipart/form-data; boundary={boundary}")
    kept = without(request.fields, {"content-type"})
    return replace(request, fields=(kind, *kept), body=body)


async def _compare(trial: Trial, item: Item) -> None:
    file = _file(item.created.exchange.request)
    answer = await current(trial, item)
    if file is None or answer is None:
        return
    sent = {part.name for part in _parts(item.created.exchange.request)}
    for pointer, what in _told_otherwise(file, answer.item):
        if pointers.split(pointer)[-1] in sent:
            continue  # the client said that itself, of whatever it is
        message = f"{item.created.line} took a file, and {answer.line} tells otherwise: {what}"
        trial.tell(_CODE, message, by=answer, of=item.created, severity="warning", pointer=pointer)
    for operation in _contents(trial):
        content = await trial.send(operation, item=item)
        if content is None or not content.succeeded or content.status == 204:
            continue
        came = content.response.body
        if came == file.data or not _is_file(content, file):
            continue
        sizes = f"{len(file.data)} bytes were sent, {len(came)} others came"
        message = f"{item.created.line} took a file, and {content.line} answers another: {sizes}"
        # a picture may be made smaller on purpose, a text may get other line ends
        severity: Severity = "error" if file.data.startswith(came) else "warning"
        trial.tell(_CODE, message, by=content, of=item.created, severity=severity)


def _contents(trial: Trial) -> Iterator[Operation]:
    """What answers with the bytes of an item: below its path, by GET, called as they are."""
    below = trial.resource.path.rstrip("/") + "/"
    for operation in trial.resource.operations.get("action", ()):
        name = operation.path.removeprefix(below)
        is_below = operation.path.startswith(below) and "/" not in name
        if operation.method == "GET" and is_below and words_of(name) in CONTENTS:
            yield operation


def _is_file(content: Answer, file: Part) -> bool:
    """Whether *content* says that it is *file*: of its type, or of none that is told."""
    own = media_type.essence(content.response.content_type or "")
    return own in ("", _BYTES, media_type.essence(file.content_type or ""))


def _told_otherwise(file: Part, item: Any) -> Iterator[tuple[str, str]]:
    """Where *item* tells of *file* what is not so, and in which words that is."""
    members = {name: (pointers.join("", name), one) for name, one in item.items()}
    for apart in APART:
        inner = item.get(apart)
        for name, one in inner.items() if isinstance(inner, dict) else ():
            members.setdefault(name, (pointers.join(pointers.join("", apart), name), one))
    for name, (pointer, value) in members.items():
        words = words_of(name)
        if words in FILE_SIZES and not _is_size(value, len(file.data)):
            yield pointer, f"{name!r} is {value!r}, and {len(file.data)} bytes were sent"
        elif words in FILE_TYPES and not _is_type(value, file.content_type or _BYTES):
            yield pointer, f"{name!r} is {value!r}, and {file.content_type!r} was sent"
        elif words in FILE_NAMES and not _is_name(value, file.filename or "", item):
            yield pointer, f"{name!r} is {value!r}, and {file.filename!r} was sent"


def _is_size(value: Any, size: int) -> bool:
    """Whether *value* may be so many bytes: counted in bytes or in thousands, or not a number."""
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return True
    return value == size or any(abs(value - size / unit) <= 1 for unit in (1000, 1024))


def _is_type(value: Any, kind: str) -> bool:
    """Whether *value* may be told of a file of the type *kind*: what a look at it may come to."""
    if not isinstance(value, str) or "/" not in value:
        return not isinstance(value, str) or bool(value)
    own, sent = media_type.essence(value), media_type.essence(kind)
    is_of_form = own in ("multipart/form-data", "application/x-www-form-urlencoded")
    return own == sent or not (is_of_form or (sent != _BYTES and own == "application/json"))


def _is_name(value: Any, name: str, item: Any) -> bool:
    """Whether a server may call a file *value*: anything, but not nothing, nor as it calls more."""
    if not isinstance(value, str) or value == name:
        return True
    others = [one for key, one in item.items() if words_of(key) not in (*FILE_NAMES, *_IDENTITY)]
    return value != "" and value not in others


CHECKS: tuple[Check, ...] = (
    Check("uploaded", uploaded, frozenset({"create"})),
    Check("uploaded-by-any-name", uploaded_by_any_name, frozenset({"create"})),
)
