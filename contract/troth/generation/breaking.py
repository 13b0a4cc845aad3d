"""Break a request as it is written: what counts is what a server receives.

A text says less than the value that it was written from: a null in a form is a text like any
other, and a string that is no number is one where it stands in a query.  So every candidate is
written and held to the contract, and one that conforms is none.  What is said with values is
broken first, one to three things in a body or one parameter; what lies around it (the form of the
body, its type, the credential) where values cannot be, or where the type has little else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from troth.errors import MethodNotAllowed, NoSuchPath
from troth.generation import mutations
from troth.generation.mutations import NothingToBreak
from troth.generation.parameters import parameter_value, rejected_text, schema_of
from troth.generation.request_writer import (
    UNSET,
    Values,
    assemble,
    body_type,
    carries,
    in_path,
    unreadable,
    without_credential,
)
from troth.generation.source import Smallest, Source, Unsatisfiable
from troth.http.exchange import Exchange, Request
from troth.openapi.contract import Contract
from troth.openapi.operation import Match, Operation, Parameter
from troth.schema.schema import Schema
from troth.validation import validator
from troth.validation.parameters import check_parameters
from troth.validation.styles import encoded
from troth.violation import Violation

_TRIES = 6
# Stands for what is no text in a target: nothing that is written needs no encoding there.
_MARK = "troth-spoilt"
#: A media type that nobody declares, unless as a range.
_UNDECLARED = "application/x-troth-undeclared"


def refusals(contract: Contract, operation: Operation, request: Request) -> tuple[Violation, ...]:
    """What the document has against *request* to *operation*, errors only."""
    try:
        matches = contract.matches(request.method, request.target)
    except (NoSuchPath, MethodNotAllowed) as fault:
        return (Violation(_ELSEWHERE, operation.name, "request", str(fault)),)
    if all(match.operation is not operation for match in matches):
        message = f"its target is taken for one of {matches[0].operation.name}"
        return (Violation(_ELSEWHERE, operation.name, "request", message),)
    violations = validator.validate(contract, Exchange(request))
    return tuple(one for one in violations if one.severity == "error")


_ELSEWHERE = "request.path-undeclared"


@dataclass(frozen=True, slots=True, eq=False)
class _Draft:
    """A request that is to be broken: what it is written from."""

    contract: Contract
    operation: Operation
    parameters: Values
    body: Any
    schema: Schema | None

    def is_broken(self, request: Request) -> bool:
        """Whether *request* still leads to the operation and breaks the document."""
        refused = refusals(self.contract, self.operation, request)
        return bool(refused) and all(one.code != _ELSEWHERE for one in refused)

    def written(self, **changes: Any) -> Request:
        """The request, with other *parameters* or another *body*."""
        return assemble(
            self.operation, **{"parameters": self.parameters, "body": self.body, **changes}
        )


def broken_request(
    contract: Contract,
    operation: Operation,
    source: Source,
    *,
    parameters: Values,
    body: Any,
    schema: Schema | None,
) -> Request:
    """A request to *operation* that breaks the document, made of *parameters* and a *body*.

    *schema* is that of the body.  Raises NothingToBreak where the document allows everything.
    """
    draft = _Draft(contract, operation, parameters, body, schema)
    ways = [*_value_ways(draft)]
    entry = body_type(operation)
    if entry is not None and not entry.is_json:
        ways.append(lambda source: source.choice([*_around(draft)]))
    for candidate in _candidates(draft, ways, source):
        if draft.is_broken(candidate):
            return candidate
    raise NothingToBreak(operation.name)


def _candidates(draft: _Draft, ways: Sequence[_Way], source: Source) -> Iterator[Request]:
    """Requests that may break the document: drawn *ways* first, then each way, then the rest."""
    left = list(ways)
    for turn in range(_TRIES + len(ways)):
        if not left:
            break
        way = source.choice(left) if len(left) > 1 else left[0]
        try:
            candidate = way(source if turn < _TRIES else Smallest())
        except (NothingToBreak, Unsatisfiable):
            candidate = None
        if candidate is not None:
            yield candidate
        if candidate is None or turn >= _TRIES:
            left.remove(way)
    yield from _around(draft)
    yield from _without_parameters(draft)
    yield from _spoilt(draft)


_Way = Callable[[Source], Request | None]


def _value_ways(draft: _Draft) -> Iterator[_Way]:
    if draft.schema is not None and draft.body is not UNSET:
        yield partial(_broken_body, draft)
    for parameter in draft.operation.parameters:
        yield partial(_broken_parameter, draft, parameter)


def _broken_body(draft: _Draft, source: Source) -> Request:
    schema, entry = draft.schema, body_type(draft.operation)
    assert schema is not None
    assert entry is not None
    if entry.is_json:
        return draft.written(body=mutations.broken(schema, draft.body, source))

    def rejects(value: Any) -> bool:
        return carries(entry, value) is not True

    return draft.written(body=mutations.broken(schema, draft.body, source, rejects=rejects))


def _broken_parameter(draft: _Draft, parameter: Parameter, source: Source) -> Request | None:
    """The request without *parameter*, or with a value that it rejects as it is written."""
    key = (parameter.location, parameter.name)
    others = {name: value for name, value in draft.parameters.items() if name != key}
    if parameter.required and parameter.location != "path" and source.chance(40):
        return draft.written(parameters=others)
    schema = schema_of(parameter)
    if schema is None:
        return None
    text = rejected_text(parameter)
    if text is not None and source.chance(30):
        return draft.written(parameters={**others, key: text})
    value = draft.parameters.get(key, UNSET)
    if value is UNSET:
        value = parameter_value(parameter, source)

    value = mutations.broken(schema, value, source, rejects=_rejection(draft, parameter), most=1)
    return draft.written(parameters={**others, key: value})


def _rejection(draft: _Draft, parameter: Parameter) -> Callable[[Any], bool]:
    """Whether a value of *parameter* is refused as it is written: without looking at the rest."""
    key = (parameter.location, parameter.name)
    alone = replace(draft.operation, parameters=(parameter,), request_body=None, security=())

    def rejects(value: Any) -> bool:
        segment = in_path(parameter, value) if parameter.location == "path" else ""
        request = assemble(alone, parameters={} if segment else {key: value})
        match = Match(alone, {parameter.name: segment}, request.target.partition("?")[2])
        # without a segment it is another path
        is_there = bool(segment) or parameter.location != "path"
        return is_there and bool(check_parameters(match, request))

    return rejects


def _without_parameters(draft: _Draft) -> Iterator[Request]:
    # all of them at last: one that is missing may be read out of what another one says
    for left_out in (*((key,) for key in draft.parameters), draft.parameters):
        rest = {key: value for key, value in draft.parameters.items() if key not in left_out}
        path = {key: value for key, value in draft.parameters.items() if key[0] == "path"}
        yield draft.written(parameters={**rest, **path})


def _spoilt(draft: _Draft) -> Iterator[Request]:
    """Requests in which a parameter comes twice, or is no percent-encoded text."""
    request = draft.written()
    target = request.target
    for parameter in draft.operation.parameters:
        key = (parameter.location, parameter.name)
        if parameter.location == "path":
            whole = draft.written(parameters={**draft.parameters, key: _MARK})
            yield replace(whole, target=whole.target.replace(_MARK, "%zz"))
        elif parameter.location in ("query", "querystring"):
            for pairs in ("{0}=%zz", "{0}=a&{0}=b"):
                spoilt = pairs.format(encoded(parameter.name))
                yield replace(request, target=target + "&?"["?" not in target] + spoilt)
        elif parameter.location == "cookie":
            sent = [value for name, value in request.fields if name == "Cookie"]
            rest = tuple(pair for pair in request.fields if pair[0] != "Cookie")
            cookies = "; ".join((*sent, f"{parameter.name}=%zz"))
            yield replace(request, fields=(*rest, ("Cookie", cookies)))


def _around(draft: _Draft) -> Iterator[Request]:
    """What is no value: another content type, a malformed body, none, and no credential."""
    request = draft.written()
    entry = body_type(draft.operation)
    if entry is not None:
        garbage = unreadable(entry)
        if garbage is not None:
            yield draft.written(body=UNSET, raw=garbage)
        sent = request if request.body else draft.written(body=UNSET, raw=b"text")
        others = tuple(pair for pair in sent.fields if pair[0] != "Content-Type")
        yield replace(sent, fields=(("Content-Type", _UNDECLARED), *others))
        yield draft.written(body=UNSET)
    yield without_credential(request)
