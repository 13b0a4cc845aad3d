"""What an error says, in whatever members a document gives its errors.

Every error has one form of its own, `Fault.envelope`.  A document may declare another: a code and
a message, the problem details of RFC 9457, a list of errors.  `told` says the same in the members
that the schema declares, by one rule: a member is known by its name and takes the first of the
values of that name that its schema accepts.  docs/ANSWERS.md lists the names.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

from troth import pointer
from troth.errors import TrothError
from troth.generation.graph import Node, node_of
from troth.generation.shape import properties
from troth.generation.values import fit
from troth.schema.schema import Schema
from troth.seed import Seed

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
_SILENT = object()


@dataclass(frozen=True, slots=True)
class Fault:
    """An error: *param* is what is at fault, *errors* are all of them where there are several."""

    status: int
    message: str
    code: str = ""
    param: str | None = None
    errors: tuple[Mapping[str, Any], ...] = ()
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
        try:
            return HTTPStatus(self.status).phrase
        except ValueError:
            return "Error"

    @property
    def parts(self) -> tuple[Fault, ...]:
        """Each of the errors by itself."""
        made = (
            Fault(
                self.status,
                str(one.get("message", self.message)),
                str(one.get("code", self.code)),
                one.get("pointer", self.param),
                location=str(one.get("location", self.location)),
            )
            for one in self.errors
        )
        return tuple(made) or (self,)


def told(schema: Schema, fault: Fault) -> Any:
    """*fault* as an instance of *schema*; in its own form when nothing fits."""
    given = fault.envelope
    try:
        found = _said(node_of(schema), fault, given=given, name="error")
        return fit(schema, given if found is _SILENT else found, seed=Seed.of("error"))
    except (TrothError, RecursionError):
        return given


def _said(
    node: Node,
    fault: Fault,
    *,
    given: Any = _SILENT,
    name: str = "",
    beside: Iterable[str] = (),
    needed: bool = True,
    depth: int = 0,
) -> Any:
    """What *fault* has to say at *node*, the member *name* *beside* others; or _SILENT.

    *given* is what our own form says there, and stays where it may.
    """
    if node.reason is not None or depth > _DEEPEST:
        return _SILENT
    if node.choices:
        return _of_branches(node, fault, given, name, beside, needed, depth)
    declared = properties(node.shape)
    types = node.shape.types if node.shape.values is None else ()
    if isinstance(given, dict) and "object" in types:
        return _object(node, fault, given, depth)
    if isinstance(given, list) and "array" in types:
        return _items(node, fault, given, depth)
    known = [] if given is _SILENT or isinstance(given, (dict, list)) else [given]
    known += _values(name, fault, beside)
    for value in known:
        if node.accepts(value):
            return value
    if "object" in types and declared and (needed or name in _OBJECTS):
        return _object(node, fault, {}, depth) or _SILENT
    if "object" in types and not declared and name == "errors":
        return _by_place(node, fault, depth)
    if "array" in types and (name in _LISTS or name in _SENTENCES):
        return _items(node, fault, [], depth)
    return _nearest(node, known, needed=needed)


def _of_branches(
    node: Node,
    fault: Fault,
    given: Any,
    name: str,
    beside: Iterable[str],
    needed: bool,
    depth: int,
) -> Any:
    first = _SILENT
    branches = node.alternatives()
    if given is not _SILENT:
        branches = sorted(branches, key=lambda branch: not branch.accepts(given))
    for branch in branches:
        found = _said(
            branch,
            fault,
            given=given,
            name=name,
            beside=beside,
            needed=needed,
            depth=depth + 1,
        )
        if found is not _SILENT and node.accepts(found):
            return found
        first = found if first is _SILENT else first
    return first


def _object(node: Node, fault: Fault, given: dict[str, Any], depth: int) -> dict[str, Any]:
    shape = node.shape
    names = dict.fromkeys((*properties(shape), *shape.required))
    beside = {_folded(name) for name in names}
    found = dict(given)
    for name in names:
        said = _said(
            node.member(name),
            fault,
            given=given.get(name, _SILENT),
            name=_folded(name),
            beside=beside,
            needed=name in shape.required,
            depth=depth + 1,
        )
        if said is not _SILENT:
            found[name] = said
    return found


def _by_place(node: Node, fault: Fault, depth: int) -> Any:
    """An object of what is wrong by what it is wrong with."""
    found: dict[str, Any] = {}
    for part in fault.parts:
        at = part.param or ""
        place = (pointer.split(at)[-1] if at.startswith("/") else at) or "request"
        said = _said(node.member(place), part, name="message", depth=depth + 1)
        if said is not _SILENT:
            found.setdefault(place, said)
    return found or _SILENT


def _items(node: Node, fault: Fault, given: Sequence[Any], depth: int) -> Any:
    """An array of errors, or of their messages: one for each error."""
    found = []
    for index, part in enumerate(fault.parts):
        item = node.item(index)
        said = _said(
            item,
            part,
            given=given[index] if index < len(given) else _SILENT,
            name="message",
            depth=depth + 1,
        )
        if said is not _SILENT:
            found.append(said)
    return found if found or node.shape.min_items else _SILENT


def _values(name: str, fault: Fault, beside: Iterable[str]) -> list[Any]:
    """What a member called *name* may say, best first."""
    others = _SENTENCES.intersection(beside) - {name}
    # RFC 9457 §3.1: an object with both is one of problem details
    is_problem = {"type", "title"} <= {*beside}
    if name in _SENTENCES:
        return [fault.message]
    if name == "title":
        return [fault.phrase] if others or is_problem else [fault.message]
    if name in _STATUSES:
        return [fault.status, str(fault.status), fault.phrase, "error"]
    if name in _CODE_NAMES:
        return [fault.word, *_words(fault), fault.status, str(fault.status)]
    if name == "type":
        # RFC 9457 §4.2.1: no more semantics than those of the status
        return ["about:blank"] if is_problem else [fault.type, fault.word, *_words(fault)]
    if name == "error":
        return [fault.word if others else fault.message, *_words(fault), True]
    if name in ("success", "ok"):
        return [False]
    return _placed(name, fault)


def _placed(name: str, fault: Fault) -> list[Any]:
    """What a member called *name* may say of where the fault is."""
    at = fault.param or ""
    if name == "loc":
        parts = pointer.split(at) if at.startswith("/") else [at] if at else []
        steps = [int(part) if part.isascii() and part.isdigit() else part for part in parts]
        return [[fault.location, *steps], [fault.location, *parts]]
    if name == "in":
        return [fault.location]
    return [fault.param] if name in _PLACES and fault.param is not None else []


def _words(fault: Fault) -> list[str]:
    return [_CODES.get(fault.status, fault.word), fault.phrase, fault.phrase.replace(" ", "_")]


def _nearest(node: Node, known: Sequence[Any], *, needed: bool) -> Any:
    """Of an enum the value that says the same in other letters, else what `fit` can cut down."""
    shape = node.shape
    texts = [value for value in known if isinstance(value, str)]
    for offered in shape.values or ():
        if isinstance(offered, str) and _folded(offered) in map(_folded, texts):
            return offered
    is_text = bool(texts) and "string" in shape.types
    return texts[0] if is_text and (needed or shape.max_length is not None) else _SILENT


def _folded(name: str) -> str:
    """*name* without what styles of writing differ in: statusCode, status-code, STATUS_CODE."""
    return re.sub(r"[\W_]", "", name).lower()
