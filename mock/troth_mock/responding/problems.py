"""A problem: what an error says, in whatever members a document gives its errors, and its reply.

Every problem has one form of its own, `Problem.envelope`, which the SDKs of this family of APIs
read: `{"error": {"message", "type", "param", "code"}}`, and `errors` beside it where there are
several.  Where the document declares nothing for the status, that is what is sent.

A document may declare another form: a code and a message, the problem details of RFC 9457, a list
of errors.  `instance_of` says the same in the members that the schema declares, by one rule: a
member is known by its name and takes the first of the values of that name that its schema accepts.
docs/ANSWERS.md lists the names.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from troth import pointer
from troth.errors import TrothError
from troth.generation.graph import Node, node_of
from troth.generation.shape import properties
from troth.generation.values import Unsatisfiable, fit
from troth.http import json_text, media_type
from troth.http.exchange import Fields, without
from troth.openapi.contract import Contract
from troth.openapi.operation import DeclaredResponse, MediaType, Operation
from troth.schema.schema import Schema
from troth.seed import Seed
from troth.validation import content
from troth.validation.xml import Unwritable
from troth.violation import Violation
from troth_mock.reply import JSON, PHRASES, Reply, framing, headers
from troth_mock.responding.writing import coded, natural, written

#: How many violations one answer lists.
MOST_LISTED = 100

_CODES = {
    400: "invalid_request",
    401: "invalid_credentials",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
    406: "not_acceptable",
    408: "request_timeout",
    413: "request_too_large",
    415: "unsupported_media_type",
    422: "invalid_request",
    429: "rate_limit_exceeded",
}
_TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error"}

# Names of members, as `_folded` writes them.
_SENTENCES = frozenset({"message", "msg", "detail", "description", "errordescription", "reason"})
_STATUSES = frozenset({"status", "statuscode", "httpstatus", "httpstatuscode", "httpcode"})
_CODE_NAMES = frozenset({"code", "errorcode"})
_PLACES = frozenset({"pointer", "param", "parameter", "field", "path", "property"})
_LISTS = frozenset({"error", "errors", "details", "issues", "violations", "invalidparams"})
_OBJECTS = frozenset({"error", "source"})
_DEEPEST = 6
_ABSENT = object()


@dataclass(frozen=True, slots=True)
class Problem:
    """An error: *param* is what is at fault, *errors* are all of them where there are several.

    *fields* are those of its reply.
    """

    status: int
    message: str
    code: str = ""
    param: str | None = None
    errors: tuple[Mapping[str, Any], ...] = ()
    fields: Fields = ()
    location: str = "body"

    @property
    def envelope(self) -> dict[str, Any]:
        """The error as JSON, before the document has its say."""
        own = {"message": self.message, "type": self.type, "param": self.param, "code": self.word}
        return {"error": own, "errors": list(self.errors)} if self.errors else {"error": own}

    @property
    def type(self) -> str:
        """The kind of error, in the words of this family of APIs."""
        return _TYPES.get(self.status) or (
            "server_error" if self.status >= 500 else "invalid_request_error"
        )

    @property
    def word(self) -> str:
        """The error in one word."""
        return self.code or _CODES.get(
            self.status, "server_error" if self.status >= 500 else "invalid_request"
        )

    @property
    def phrase(self) -> str:
        """The status in words."""
        return PHRASES.get(self.status, "Error")

    @property
    def parts(self) -> tuple[Problem, ...]:
        """Each of the errors by itself."""
        parts = (
            Problem(
                self.status,
                str(error.get("message", self.message)),
                str(error.get("code", self.code)),
                error.get("pointer", self.param),
                location=str(error.get("location", self.location)),
            )
            for error in self.errors
        )
        return tuple(parts) or (self,)

    def reply(self, operation: Operation | None = None, *, accept: str | None = None) -> Reply:
        """The reply, in the form that *operation* declares for the status.

        Of several media types the one that *accept* likes best, JSON between equals; a client that
        takes none of them gets an error all the same.
        """
        response = operation.response(self.status) if operation is not None else None
        if response is None:
            return Reply(self.status, (*JSON, *self.fields), json_text.encode(self.envelope))
        fields = (*self.fields, *_required_fields(response, self.fields))
        for entry in _preferred(response, accept):
            with suppress(Unwritable):
                kind, body = self._written(entry, accept)
                return coded(Reply(self.status, (("Content-Type", kind), *fields), body))
        return coded(Reply(self.status, (*JSON, *fields), json_text.encode(self.envelope)))

    def _written(self, entry: MediaType, accept: str | None) -> tuple[str, bytes]:
        """The problem in the media type of *entry*, and that type.  Raises Unwritable."""
        kind = content.concrete(entry, accept or "")
        if entry.is_stream:
            return kind, _event(entry, self)
        if entry.is_sequence:
            entry = replace(entry, schema=content.item_schema(entry) or entry.schema)
        value = conforming(entry, self)
        form = content.form_of(kind)
        if isinstance(value, str) and form in ("text", "bytes"):
            value = natural(entry, kind, value, title=self.phrase, is_last=False)
        if form == "text" and media_type.charset(kind) is None:
            kind += "; charset=utf-8"
        return written(entry, kind, value, seed=Seed.of("error", entry.pointer))


def _preferred(response: DeclaredResponse, accept: str | None) -> list[MediaType]:
    """The media types of *response* in which an error can be told, best first."""

    def rank(entry: MediaType) -> int:
        return 0 if entry.is_json or entry.content_type == "*/*" else 2 if entry.is_stream else 1

    entries = sorted(response.content, key=rank)
    accepted = media_type.accepts(accept, [entry.content_type for entry in entries])
    ranks = {kind: rank for rank, kind in enumerate(accepted)}
    return sorted(entries, key=lambda entry: ranks.get(entry.content_type, len(ranks)))


def _event(entry: MediaType, problem: Problem) -> bytes:
    """The stream of one event that tells *problem*, as *entry* has its events."""
    framed = framing(entry)
    value = conforming(replace(entry, schema=framed.schema or entry.schema), problem)
    return b"".join(framed.stream([framed.frame(value)], [1]).frames)


def _required_fields(response: DeclaredResponse, sent: Fields) -> Fields:
    """The fields that the document requires of *response* beside those *sent*."""
    names = {name.lower() for name, _ in sent}
    try:
        required = headers(response, Seed.of("error", response.pointer))
    except Unsatisfiable:
        return ()
    return without(required, names)


def of_violations(
    contract: Contract, operation: Operation, violations: Sequence[Violation], *, body: Any = None
) -> Problem:
    """All *violations*, which *body* has; the message names the first, and how many there are."""
    first = violations[0]
    count = len(violations)
    more = f" ({count} violations in all, see errors)" if count > 1 else ""
    where = f"{first.instance_pointer}: " if first.instance_pointer else ""
    return Problem(
        status_of_violation(operation),
        f"{where}{first.message}{more}",
        first.code,
        parameter_of(contract, first, body),
        tuple(map(_error, violations[:MOST_LISTED])),
    )


def parameter_of(contract: Contract, violation: Violation, body: Any = None) -> str | None:
    """What `error.param` names: the member at fault, or the one that is missing from *body*."""
    at = violation.instance_pointer
    if violation.code.endswith(".required"):
        try:
            names = pointer.resolve(contract.document.root, violation.schema_pointer)
            present = pointer.resolve(body, at)
        except (KeyError, ValueError):
            return at or None
        if isinstance(names, list) and isinstance(present, dict):
            missing = [name for name in names if name not in present]
            return pointer.join(at, missing[0]) if missing else at or None
    return at or None


def status_of_violation(operation: Operation) -> int:
    """The status for a request that breaks the document: the 4xx that the document declares."""
    declared = {response.status for response in operation.responses}
    if "400" not in declared and "422" in declared:
        return 422
    # with 4XX or default alone, 400 is the one that they are sure to mean
    return 400


def _error(violation: Violation) -> dict[str, Any]:
    error: dict[str, Any] = {
        "code": violation.code,
        "pointer": violation.instance_pointer,
        "message": violation.message,
        "location": violation.location,
    }
    if violation.schema_pointer:
        error["schema"] = "#" + violation.schema_pointer
    if violation.place is not None:
        error["document"] = str(violation.place)
    return error


# A problem in the members that a schema declares.


def conforming(declared: MediaType, problem: Problem) -> Any:
    """*problem* made to fit the schema of *declared*; in its own form, when nothing fits."""
    if declared.schema is not None:
        return instance_of(declared.schema, problem)
    is_text = content.form_of(content.concrete(declared)) in ("text", "csv", "bytes")
    return problem.message if is_text else problem.envelope


def instance_of(schema: Schema, problem: Problem) -> Any:
    """*problem* as an instance of *schema*; in its own form when nothing fits."""
    own = problem.envelope
    try:
        value = _value(node_of(schema), problem, _Place("error", own))
        return fit(schema, own if value is _ABSENT else value, seed=Seed.of("error"))
    except (TrothError, RecursionError):
        return own


@dataclass(frozen=True, slots=True)
class _Place:
    """Where a value stands: the member *name*, *beside* others (all as `_folded` writes them).

    *own* is what our own form says there, and stays where it may.
    """

    name: str
    own: Any = _ABSENT
    beside: frozenset[str] = frozenset()
    is_required: bool = True
    depth: int = 0


def _value(node: Node, problem: Problem, place: _Place) -> Any:
    """What *problem* has to say at *node*, or _ABSENT."""
    if node.reason is not None or place.depth > _DEEPEST:
        return _ABSENT
    if node.choices:
        return _of_branches(node, problem, place)
    name, own = place.name, place.own
    declared = properties(node.shape)
    types = node.shape.types if node.shape.values is None else ()
    if isinstance(own, dict) and "object" in types:
        return _object(node, problem, own, place.depth)
    if isinstance(own, list) and "array" in types:
        return _items(node, problem, own, place.depth)
    values = [] if own is _ABSENT or isinstance(own, (dict, list)) else [own]
    values += _values(name, problem, place.beside)
    for value in values:
        if node.accepts(value):
            return value
    if "object" in types and declared and (place.is_required or name in _OBJECTS):
        return _object(node, problem, {}, place.depth) or _ABSENT
    if "object" in types and not declared and name == "errors":
        return _by_place(node, problem, place.depth)
    if "array" in types and (name in _LISTS or name in _SENTENCES):
        return _items(node, problem, [], place.depth)
    return _nearest(node, values, is_required=place.is_required)


def _of_branches(node: Node, problem: Problem, place: _Place) -> Any:
    branches = node.alternatives()
    if place.own is not _ABSENT:
        branches = sorted(branches, key=lambda branch: not branch.accepts(place.own))
    first = _ABSENT
    for branch in branches:
        value = _value(branch, problem, replace(place, depth=place.depth + 1))
        if value is not _ABSENT and node.accepts(value):
            return value
        first = value if first is _ABSENT else first
    return first


def _object(node: Node, problem: Problem, own: dict[str, Any], depth: int) -> dict[str, Any]:
    shape = node.shape
    names = dict.fromkeys((*properties(shape), *shape.required))
    beside = frozenset(map(_folded, names))
    members = dict(own)
    for name in names:
        place = _Place(
            _folded(name), own.get(name, _ABSENT), beside, name in shape.required, depth + 1
        )
        value = _value(node.member(name), problem, place)
        if value is not _ABSENT:
            members[name] = value
    return members


def _by_place(node: Node, problem: Problem, depth: int) -> Any:
    """An object of what is wrong by what it is wrong with."""
    members: dict[str, Any] = {}
    for part in problem.parts:
        at = part.param or ""
        name = (pointer.split(at)[-1] if at.startswith("/") else at) or "request"
        value = _value(node.member(name), part, _Place("message", depth=depth + 1))
        if value is not _ABSENT:
            members.setdefault(name, value)
    return members or _ABSENT


def _items(node: Node, problem: Problem, own: Sequence[Any], depth: int) -> Any:
    """An array of errors, or of their messages: one for each error."""
    items = []
    for index, part in enumerate(problem.parts):
        place = _Place("message", own[index] if index < len(own) else _ABSENT, depth=depth + 1)
        item = _value(node.item(index), part, place)
        if item is not _ABSENT:
            items.append(item)
    return items if items or node.shape.min_items else _ABSENT


def _values(name: str, problem: Problem, beside: frozenset[str]) -> list[Any]:
    """What a member called *name* may say, best first."""
    others = (_SENTENCES & beside) - {name}
    # RFC 9457 §3.1: an object with both is one of problem details
    is_problem = {"type", "title"} <= beside
    if name in _SENTENCES:
        return [problem.message]
    if name == "title":
        return [problem.phrase] if others or is_problem else [problem.message]
    if name in _STATUSES:
        return [problem.status, str(problem.status), problem.phrase, "error"]
    if name in _CODE_NAMES:
        return [problem.word, *_words(problem), problem.status, str(problem.status)]
    if name == "type":
        # RFC 9457 §4.2.1: no more semantics than those of the status
        return ["about:blank"] if is_problem else [problem.type, problem.word, *_words(problem)]
    if name == "error":
        return [problem.word if others else problem.message, *_words(problem), True]
    if name in ("success", "ok"):
        return [False]
    return _placed(name, problem)


def _placed(name: str, problem: Problem) -> list[Any]:
    """What a member called *name* may say of where the problem is."""
    at = problem.param or ""
    if name == "loc":
        parts = pointer.split(at) if at.startswith("/") else [at] if at else []
        steps = [int(part) if part.isascii() and part.isdigit() else part for part in parts]
        return [[problem.location, *steps], [problem.location, *parts]]
    if name == "in":
        return [problem.location]
    return [problem.param] if name in _PLACES and problem.param is not None else []


def _words(problem: Problem) -> list[str]:
    phrase = problem.phrase
    return [_CODES.get(problem.status, problem.word), phrase, phrase.replace(" ", "_")]


def _nearest(node: Node, values: Sequence[Any], *, is_required: bool) -> Any:
    """Of an enum the value that says the same in other letters, else what `fit` can cut down."""
    shape = node.shape
    texts = [value for value in values if isinstance(value, str)]
    for offered in shape.values or ():
        if isinstance(offered, str) and _folded(offered) in map(_folded, texts):
            return offered
    is_text = bool(texts) and "string" in shape.types
    return texts[0] if is_text and (is_required or shape.max_length is not None) else _ABSENT


def _folded(name: str) -> str:
    """*name* without what styles of writing differ in: statusCode, status-code, STATUS_CODE."""
    return re.sub(r"[\W_]", "", name).lower()
