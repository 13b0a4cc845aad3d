"""What is writeOnly and comes back: a password in an answer, whatever its schema says of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from troth import pointer as pointers
from troth.conformance import references
from troth.conformance.words import is_masked
from troth.http import json_text
from troth.http.exchange import Request, Response
from troth.openapi.operation import Operation
from troth.openapi.schema_view import view_of
from troth.violation import Violation

#: A text shorter than this may be the same by chance, and so may a smaller number.
_TELLING_TEXT = 4
_TELLING_NUMBER = 1000


def is_blank(violation: Violation, response: Response) -> bool:
    """Whether what is there of a writeOnly member is nothing: null, or a mask in its place.

    JSON Schema lets an authority return a blank in the place of what it does not give away.
    """
    value = pointers.find(json_text.value_of(response.body), violation.instance_pointer)
    return value is None or value == "" or (isinstance(value, str) and is_masked(value))


def given_away(operation: Operation, request: Request, response: Response) -> Iterator[str]:
    """Where the *response* has a writeOnly member as the *request* gave it, undeclared there.

    Pointers into the answer's body.
    """
    body = operation.request_body
    entry = body.media_type(request.content_type or "") if body is not None else None
    taken = view_of(entry.schema) if entry is not None else None
    if taken is None or not 200 <= response.status < 300:
        return
    names = [
        name
        for name, member in taken.members.items()
        if any(schema.get("writeOnly") is True for _, schema in member.parts)
        and not member.values  # one of few is a choice, and no secret
    ]
    sent = json_text.value_of(request.body) if names else None
    if not isinstance(sent, dict):
        return
    hidden = {
        name: sent[name]
        for name in names
        # what another thing is called may be told anywhere
        if name in sent and _is_telling(sent[name]) and not references.refers(name, sent[name])
    }
    answer = operation.answer_type(response)
    told = view_of(answer.schema) if answer is not None else None
    for at, part in pointers.places(json_text.value_of(response.body) if hidden else None):
        for name in hidden.keys() & part.keys() if isinstance(part, dict) else ():
            place = told.at(at) if told is not None else None
            is_declared = place is not None and (name in place.members or place.entries is not None)
            if part[name] == hidden[name] and not is_declared:
                yield pointers.join(at, name)


def _is_telling(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) >= _TELLING_TEXT
    return type(value) in (int, float) and abs(value) >= _TELLING_NUMBER
