"""What readers take one text for, though a document says otherwise.

A text has no type: servers read `yes` as true, `05` as 5, an empty text as none at all and the
first or last of what is given twice, and no standard says that they may not.  Nobody is accused of
taking a request that is fine when it is read so.  A JSON value has a type, and no other reading.
Nor is anybody accused of refusing what the document does not wholly describe.
"""

from __future__ import annotations

import uuid
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from typing import Any

from troth import pointer as pointers
from troth.document.spec_errors import BadReference, DanglingReference, RefusedReference
from troth.errors import TrothError
from troth.generation.locations import ABSENT, put
from troth.http.exchange import Request
from troth.openapi.contract import Contract
from troth.openapi.operation import Match, Operation, Parameter
from troth.openapi.schema_view import is_list
from troth.schema.applicators import reference
from troth.schema.schema import Schema
from troth.validation import coercion, content, styles
from troth.validation.parameters import check_parameters
from troth.validation.security import cookies
from troth.violation import Violation

_TRUE = frozenset({"1", "on", "t", "true", "y", "yes"})
_FALSE = frozenset({"0", "f", "false", "n", "no", "off"})
_NOTHING = frozenset({"", "none", "null", "nil", "undefined"})
_NOT_FINITE = frozenset({"nan", "inf", "infinity"})


def is_taken_so(match: Match, request: Request, violation: Violation) -> bool:
    """Whether a parameter that *violation* is about is fine as many a server reads it."""
    where, _, rule = violation.code.partition(".")
    name, *rest = pointers.split(violation.instance_pointer) or [""]
    parameter = next(
        (
            one
            for one in match.operation.parameters
            if f"request-{one.location}" == where and one.name.lower() == name.lower()
        ),
        None,
    )
    if parameter is None or parameter.content is not None or parameter.schema is None:
        return False
    texts = _texts(parameter, match, request)
    if texts and not parameter.required and not any(text.strip() for text in texts):
        return True
    if rule == "malformed":
        return False
    if rule == "repeated" and is_list(parameter):  # which one text holds
        return parameter.location == "query" and _is_fine_once(parameter, match, request)
    if rest and rest[0].isdigit() and parameter.explode:
        texts = texts[int(rest[0]) : int(rest[0]) + 1]
        schema = coercion.items(parameter.schema, int(rest[0]))
    elif len(texts) > 1 and is_list(parameter):
        return False  # all of them are the value, and no text is it for itself
    else:
        schema = parameter.schema
    return schema is not None and any(_allows(schema, text) for text in texts)


def _is_fine_once(parameter: Parameter, match: Match, request: Request) -> bool:
    """Whether one of the pairs of *parameter* in the query is fine if the others are not read."""
    given = match.query.split("&")
    own = [pair for pair in given if [name for name, _ in styles.pairs(pair)] == [parameter.name]]
    for one in own:
        read = replace(match, query="&".join([one, *(pair for pair in given if pair not in own)]))
        at = pointers.join("", parameter.name)
        if not any(
            pointers.is_within(each.instance_pointer, at)
            for each in check_parameters(read, request)
            if each.location == "request-query"
        ):
            return True
    return False


def _texts(parameter: Parameter, match: Match, request: Request) -> list[str]:
    """The texts that are given for *parameter*, decoded as far as they can be."""
    match parameter.location:
        case "path":
            raw = [match.path_parameters.get(parameter.name, "")]
        case "header":
            return list(request.values(parameter.name))
        case "cookie":
            sent = cookies(request.values("Cookie"))
            raw = [text for name, text in sent if name == parameter.name]
        case _:
            sent = styles.pairs(match.query)
            raw = [text for name, text in sent if name == parameter.name]
    texts = []
    for text in raw:
        with suppress(styles.Malformed):
            texts.append(styles.decoded(text, plus=parameter.location == "query"))
    return texts


def _allows(schema: Schema, text: str) -> bool:
    return any(schema.is_valid(coercion.read(schema, each)) for each in _spellings(text))


def _spellings(text: str) -> Iterator[str]:
    """*text*, and what it may be another spelling of."""
    plain = text.strip()
    yield from (text, plain, plain.lower(), plain.upper(), plain.replace("_", ""))
    word = plain.lower()
    if word in _TRUE:
        yield "true"
    if word in _FALSE:
        yield "false"
    if word.lstrip("+-") in _NOT_FINITE:
        yield "1"  # a number that JSON cannot write
    with suppress(ValueError, OverflowError):
        number = float(plain)
        yield str(int(plain)) if plain.lstrip("+-").isdigit() else str(number)
        yield str(int(number)) if number.is_integer() else str(number)
        # a time may be given in seconds
        yield from ("1970-01-01", "1970-01-01T00:00:00Z")
    with suppress(ValueError):
        yield str(uuid.UUID(plain))
    moment = plain.upper().replace(" ", "T")
    yield from (f"{moment}Z", f"{moment}T00:00:00Z", moment.partition("T")[0])


def is_read_so(match: Match, request: Request, violation: Violation) -> bool:
    """Whether a form is one that the document allows once a text in it is read otherwise.

    *violation* names the text.  What is empty may be absent, too.
    """
    declared = match.operation.request_body
    entry = declared.media_type(request.content_type or "") if declared else None
    if entry is None or entry.schema is None or entry.is_json:
        return False
    try:
        value = content.read(entry, request.content_type or "", request.body)
    except TrothError:
        return False
    pointer = violation.instance_pointer
    found = pointers.find(value, pointer)
    if isinstance(found, (list, dict)) or found is None or value is content.UNREAD:
        return False
    readings: list[Any] = [*_readings(found)]
    if found == "" and pointer:
        readings.append(ABSENT)
    tokens = pointers.split(pointer)
    return any(entry.schema.is_valid(put(value, tokens, reading)) for reading in readings)


def _readings(found: Any) -> Iterator[Any]:
    """What the scalar *found* may be taken for."""
    if isinstance(found, bool):
        yield int(found)
    for text in _spellings(str(found).lower() if isinstance(found, bool) else str(found)):
        yield text
        if text in ("true", "false"):
            yield text == "true"
        with suppress(ValueError, OverflowError):
            number = float(text)
            yield int(number) if number.is_integer() else number


# -- what the document leaves open ----------------------------------------------------------------


@lru_cache(maxsize=8)
def partly_read(contract: Contract) -> frozenset[str]:
    """The pointers of the operations whose requests a reference describes that leads to nothing.

    What it would say was left out: which requests are valid nobody can tell.
    """
    faulty = [
        fault.pointer
        for fault in contract.faults
        if isinstance(fault, (BadReference, DanglingReference, RefusedReference))
    ]
    root = contract.document.root
    return frozenset(
        operation.pointer
        for operation in contract.operations
        if faulty and _leads_to(faulty, root, _of_request(operation))
    )


def _of_request(operation: Operation) -> list[str]:
    above = operation.pointer.rpartition("/")[0]
    return [
        pointers.join(above, "parameters"),
        pointers.join(operation.pointer, "parameters"),
        pointers.join(operation.pointer, "requestBody"),
    ]


def _leads_to(ends: Sequence[str], root: Any, starts: Iterable[str]) -> bool:
    """Whether any of *ends* is within one of *starts*, or within what references there name."""
    waiting = list(starts)
    for at in waiting:
        if any(pointers.is_within(end, at) for end in ends):
            return True
        named = {reference(part) for part in pointers.parts(pointers.find(root, at))}
        waiting += sorted(each for each in named if each is not None and each not in waiting)
    return False
