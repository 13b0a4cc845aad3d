"""Parameters of requests and fields of responses, held to their declarations."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import unquote, unquote_plus

from troth import pointer
from troth.http import json_text
from troth.http.exchange import Fields, Request, Response
from troth.openapi.operation import DeclaredResponse, Match, MediaType, Operation, Parameter
from troth.schema.schema import Schema
from troth.validation import coercion, content, styles
from troth.validation.security import cookies
from troth.validation.styles import Kind, Malformed, Pairs, Repeated, Texts
from troth.validation.violation_builder import ViolationBuilder
from troth.violation import Violation

_FIELD_VALUE = re.compile(r"(?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?")
_WORDS = {"header": "header field", "querystring": "query string"}


def check_parameters(match: Match, request: Request) -> tuple[Violation, ...]:
    """The violations of the path, query, header and cookie parameters of *request*.

    Parameters that the document does not declare are not looked at: OpenAPI forbids none.
    """
    operation = match.operation
    if not operation.parameters and "?" not in operation.path:
        return ()
    violations = [*_own_query(match)] if operation.has_own_query else []
    sent = _Sent(match, request, styles.pairs(match.query), cookies(request.values("Cookie")))
    for parameter in operation.parameters:
        # OpenAPI 3.2: `querystring` is a location of its own, and yet in the query.
        where = "query" if parameter.location == "querystring" else parameter.location
        at = "" if parameter.location == "querystring" else pointer.join("", parameter.name)
        builder = ViolationBuilder(operation, parameter.pointer, at)
        violations += _check(parameter, sent, builder, location=f"request-{where}")
    return tuple(violations)


def read_parameters(match: Match, request: Request, location: str) -> dict[str, Any]:
    """The values of the parameters in *location* by name, without what cannot be read."""
    sent = _Sent(match, request, styles.pairs(match.query), cookies(request.values("Cookie")))
    values: dict[str, Any] = {}
    for parameter in match.operation.parameters:
        if parameter.location == location:
            with suppress(Malformed, json_text.BadJson):
                value, is_there = _value(parameter, sent)
                if is_there:
                    values[parameter.name] = value
    return values


def _own_query(match: Match) -> Iterator[Violation]:
    """A violation where the query of the path itself was not sent."""
    operation = match.operation
    template = operation.template
    if template.own_query(match.query) is None:
        builder = ViolationBuilder(operation, operation.pointer)
        query = "&".join(template.fixed({}))
        message = f"the query of the path, {query!r}, is missing"
        yield builder.violation("request-query.required", message)


def check_headers(
    operation: Operation, declared: DeclaredResponse, response: Response
) -> tuple[Violation, ...]:
    """The violations of the header fields that *declared* asks of *response*."""
    violations: list[Violation] = []
    for header in declared.headers:
        builder = ViolationBuilder(
            operation,
            header.pointer,
            pointer.join("", header.name),
            status=response.status,
            content_type=response.content_type,
        )
        for message in _combinable(header, response):
            violations += _check(header, message, builder, location="response-header")
    return tuple(violations)


def field_lines(header: Parameter, text: str) -> Fields:
    """The fields that carry *text*: one, but for Set-Cookie one for each line of it."""
    lines = text.split("\n") if header.is_set_cookie else [text]
    return tuple((header.name, line) for line in lines if line or len(lines) == 1)


def is_field(header: Parameter, text: str) -> bool:
    """Whether *text* can be the value of the field *header*, and is read as one that it allows."""
    # RFC 9110 §5.5: no controls but a tab inside, and no space at the ends
    fields = field_lines(header, text)
    if not all(_FIELD_VALUE.fullmatch(line) for _, line in fields):
        return False
    return all(_fits(header, message) for message in _combinable(header, Response(200, fields)))


def _fits(header: Parameter, response: Response) -> bool:
    try:
        value, _ = _value(header, response)
    except (Malformed, json_text.BadJson):
        return False
    schema = _schema(header)
    return schema is None or schema.is_valid(value)


def _combinable(header: Parameter, response: Response) -> Sequence[Response]:
    """*response*, or one for each Set-Cookie field where the value is a single text."""
    if not header.is_set_cookie or "scalar" not in coercion.kinds(_schema(header)):
        return (response,)
    if header.content is not None and _fits(header, response):
        return (response,)  # OpenAPI 3.2 §4.21.3: a text of lines
    values = response.values(header.name)
    return [replace(response, fields=(("Set-Cookie", each),)) for each in values] or (response,)


@dataclass(frozen=True, slots=True)
class _Sent:
    """A request, cut into the places where parameters can be."""

    match: Match
    request: Request
    query: Pairs
    cookies: Pairs

    def pairs(self, parameter: Parameter) -> Pairs:
        """The names and texts in the location of *parameter*, the query or the cookies."""
        if parameter.location == "query":
            return self.query
        # the names of cookies are as they were sent
        encodes = parameter.layout.is_encoded
        return [(unquote(name), text) for name, text in self.cookies] if encodes else self.cookies


def _check(
    parameter: Parameter, sent: _Sent | Response, violations: ViolationBuilder, *, location: str
) -> Iterator[Violation]:
    if parameter.allow_empty and isinstance(sent, _Sent) and _is_empty(parameter, sent):
        return  # OpenAPI 3.1 §4.8.12.2: whatever its type is
    try:
        value, is_there = _value(parameter, sent)
    except Repeated as fault:
        yield violations.violation(f"{location}.repeated", f"{_called(parameter)} {fault}")
        return
    except Malformed as fault:
        message = f"{_called(parameter)} cannot be read: {fault}"
        yield violations.violation(f"{location}.malformed", message)
        return
    except json_text.BadJson as fault:
        message = f"{_called(parameter)} is not JSON: {fault}"
        yield violations.violation(f"{location}.{fault.reason}", message)
        return
    if not is_there:
        if parameter.required:
            message = f"{_called(parameter)} is missing"
            yield violations.violation(f"{location}.required", message)
    elif (schema := _schema(parameter)) is not None:
        yield from violations.mismatches(location, schema, value)


def _value(parameter: Parameter, sent: _Sent | Response) -> tuple[Any, bool]:
    """What *sent* says for *parameter*, and whether it is there; raises Malformed and BadJson."""
    if parameter.content is not None:
        return _content_value(parameter.content, _whole(parameter, sent))
    return coercion.read_first(parameter.schema, partial(_texts, parameter, sent))


def _schema(parameter: Parameter) -> Schema | None:
    return parameter.content.schema if parameter.content is not None else parameter.schema


def _is_empty(parameter: Parameter, sent: _Sent) -> bool:
    texts = [text for name, text in sent.query if name == parameter.name]
    return texts == [""] and parameter.location == "query"


def _texts(parameter: Parameter, sent: _Sent | Response, kind: Kind) -> Texts | None:
    """What *sent* holds for *parameter*, divided as its style says; None when it is not there."""
    if parameter.location == "header":
        text = _field(parameter, sent)
        return None if text is None else styles.divide_field(parameter, text, kind)
    assert isinstance(sent, _Sent)
    if parameter.location == "path":
        raw = sent.match.path_parameters.get(parameter.name)
        return None if raw is None else styles.divide_path(parameter, raw, kind)
    pairs = sent.pairs(parameter)
    if parameter.layout.is_nested:
        others = _others(parameter, sent.match.operation)
        pairs = [(name, text) for name, text in pairs if name not in others]
    elif kind == "object" and parameter.explode:
        pairs = _members(parameter, sent.match.operation, pairs)
    return styles.divide_pairs(parameter, pairs, kind)


def _members(parameter: Parameter, operation: Operation, pairs: Pairs) -> Pairs:
    """The pairs of *pairs* that can be members of an exploded object: nobody else's."""
    others = _others(parameter, operation)
    schema = parameter.schema
    own = [
        (name, text)
        for name, text in pairs
        if others.isdisjoint((name, name.partition("[")[0])) and coercion.may_have(schema, name)
    ]
    # A name that nothing declares shows no object to be there: it may be a stranger's.
    if schema is None or coercion.is_map(schema):
        return own
    return own if any(coercion.declares(schema, name) for name, _ in own) else []


def _others(parameter: Parameter, operation: Operation) -> set[str]:
    """The names in the location of *parameter* that belong to anybody else."""
    where = parameter.location
    names = {
        other.name
        for other in operation.parameters
        if other.location == where and other is not parameter
    }
    schemes = (scheme for alternative in operation.security for scheme in alternative)
    names.update(scheme.parameter for scheme in schemes if scheme.location == where)
    if where == "query" and operation.has_own_query:
        names.update(name for name, _ in operation.template.query)
    return names


def _field(parameter: Parameter, sent: _Sent | Response) -> str | None:
    message = sent.request if isinstance(sent, _Sent) else sent
    values = message.values(parameter.name)
    # RFC 9110 §5.3: lines of one name combine with commas; RFC 9113 §8.2.3: crumbs of Cookie do not
    between = "; " if parameter.name.lower() == "cookie" else ", "
    between = "\n" if parameter.is_set_cookie else between
    return between.join(values) if values else None


def _whole(parameter: Parameter, sent: _Sent | Response) -> str | None:
    """The text of a parameter that is described by `content`, decoded as a whole."""
    if parameter.location == "header":
        return _field(parameter, sent)
    assert isinstance(sent, _Sent)
    if parameter.location == "querystring":
        assert parameter.content is not None
        is_form = content.form_of(parameter.content.content_type) == "urlencoded"
        query = _rest(parameter, sent)
        return (query if is_form else styles.decoded(query, plus=False)) or None
    if parameter.location == "path":
        raw = sent.match.path_parameters.get(parameter.name)
        return None if raw is None else styles.decoded(raw, plus=False)
    pairs = sent.pairs(parameter)
    texts = [text for name, text in pairs if name == parameter.name]
    if len(texts) > 1:
        raise Repeated(len(texts))
    plus = parameter.location == "query" and not parameter.allow_reserved
    return styles.decoded(texts[0], plus=plus) if texts else None


def _rest(parameter: Parameter, sent: _Sent) -> str:
    """The query of *sent* without what the path and a credential have in it."""
    others = _others(replace(parameter, location="query"), sent.match.operation)
    pieces = sent.match.query.split("&") if others else [sent.match.query]
    return "&".join(each for each in pieces if unquote_plus(each.partition("=")[0]) not in others)


def _content_value(entry: MediaType, text: str | None) -> tuple[Any, bool]:
    """The value of the *text* of such a parameter, and whether it is there."""
    if text is None:
        return None, False
    value = content.read(entry, entry.content_type, text.encode("utf-8", "surrogatepass"))
    return (text if value is content.UNREAD else value), True


def _called(parameter: Parameter) -> str:
    word = _WORDS.get(parameter.location, f"{parameter.location} parameter")
    return f"the {word} {parameter.name!r}"
