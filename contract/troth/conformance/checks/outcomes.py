"""What a status says of the request that it answers: which refusals are the request's own fault.

A document names statuses, and some of them speak of who asks or of what there is.  What a refusal
is about it says itself at times: of a state in which a thing is, or of a value beside another.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal
from urllib.parse import quote

from troth.conformance.cases.parameter_cases import says_nothing
from troth.conformance.words import names_choice
from troth.http.exchange import Exchange, Request
from troth.openapi import envelopes
from troth.openapi.contract import Contract
from troth.openapi.operation import Operation, Parameter
from troth.openapi.resources import resources
from troth.openapi.schema_view import View, of_parameter, of_request

# Statuses by which HTTP itself refuses a request, whatever the document declares: RFC 9110 §15.5,
# RFC 6585.  422 is not among them: it speaks of the content, which is the document's to describe.
HTTP_REFUSALS = frozenset({404, 405, 406, 408, 411, 413, 414, 415, 417, 421, 426, 429, 431})

#: What tells of the state of things and not of the request: RFC 9110 §15.5.5, §15.5.11.
GONE = frozenset({404, 410})
#: How a cursor is refused that no answer gave, or none any more.
OF_PLACES = frozenset({400, 403, 404, 410, 422})
#: How servers refuse what refers to nothing: RFC 9110 §15.5, RFC 4918 §11.4.
OF_REFERENCES = frozenset({400, 404, 409, 410, 422, 424})
#: How a request is sent on: RFC 9110 §15.4.2, §15.4.3, §15.4.8, §15.4.9.
ELSEWHERE = frozenset({301, 302, 307, 308})
#: What speaks of the state of things: RFC 9110 §15.5.10, §15.5.13, RFC 4918 §11.3, RFC 6585 §3.
OF_STATE = frozenset({409, 412, 423, 424, 428})
#: What says that the request itself is wrong; every other refusal speaks of who asks, or of what
#: there is: RFC 9110 §15.5, RFC 6585.
_OF_REQUESTS = frozenset({400, 405, 406, 408, 411, 413, 414, 415, 416, 417, 421, 422, 426, 431})


def outcome(
    operation: Operation, status: int, *, request: Request | None = None, exists: bool = False
) -> Literal["meant", "unknown", ""]:
    """Whether the document names *status* as what a request that is fine may come to.

    It is meant where it is a redirection, or no success is named at all.  It is unknown where the
    state of things may be the cause: whether what the path's variables name is there, unless it
    *exists* for certain; what a declared refusal says of more than the *request*; and what a text
    in its head is to be like, where only the server knows.
    """
    declared = {response.status for response in operation.responses}
    is_declared = bool(declared & {str(status), f"{status // 100}XX"})
    if status < 300 or (status < 400 and not is_declared):
        return ""
    if is_declared and (
        status < 400 or not any(each[0] in "12" or each == "default" for each in declared)
    ):
        return "meant"
    if status in GONE:
        return "unknown" if not exists and (operation.template.names or is_declared) else ""
    # what else may come is declared so, but that what was asked for is not there at all
    if not (is_declared or "default" in declared) or status >= 500:
        return ""
    if status in (400, 422) and any(_unknown_texts(operation, request, exists=exists)):
        return "unknown"
    if status in (400, 422) and request is not None and _says_nothing(operation, request):
        return "unknown"  # it is in no state for that: FAILED_PRECONDITION is a 400
    return "" if status in _OF_REQUESTS else "unknown"


def _says_nothing(operation: Operation, request: Request) -> bool:
    """Whether *request* does something to an item, and has nothing in it that could be wrong."""
    is_bare = request.body.strip() in (b"", b"{}") and "?" not in request.target
    changes = operation.method not in ("GET", "HEAD", "OPTIONS", "QUERY")
    return is_bare and changes and bool(operation.template.names)


def _unknown_texts(
    operation: Operation, request: Request | None, *, exists: bool
) -> Iterator[Parameter]:
    """The parameters of *request* that may be anything by the document, and not by the server.

    A schema that says no more than that it is a text leaves out what names, sort keys or cursors
    are like.
    """
    target = request.target if request is not None else ""
    for parameter in operation.parameters:
        if parameter.location == "path":
            is_there = not exists
        elif parameter.location == "query":
            # a list, or an object, may have each of its values under a name of its own
            is_there = any(f"{quote(parameter.name)}{mark}" in target for mark in ("=", "[", "%5B"))
        else:
            is_there = request is not None and request.field(parameter.name) is not None
        if is_there and _is_any_text(parameter):
            yield parameter


def _is_any_text(parameter: Parameter) -> bool:
    """Whether *parameter* is a text, or JSON with one, of which the document says no more."""
    if parameter.schema is not None or parameter.content is None:
        return parameter.schema is not None and says_nothing(parameter.schema)
    view = of_parameter(parameter)
    inner = [each.item or each for _, each in view.inner(2)] if view is not None else []
    return any(one.types == {"string"} and not (one.values or one.formats) for one in inner)


def is_left_open(operation: Operation, status: int) -> bool:
    """Whether the document says nothing of the kind of answer that *status* is.

    A document that declares no response at all, or no way to refuse a request, leaves it to the
    server how; so does one that asks for credentials and does not say what comes without them.
    That is the document's fault, and `lint` tells it.
    """
    # an interim answer (1xx) is followed by one of which the document then says nothing
    declared = {each.status for each in operation.responses if each.status[0] != "1"}
    if not declared or status in HTTP_REFUSALS:
        return True
    if status == 401:  # a 403 that is declared is for those who are known (RFC 9110 §15.5.4)
        return bool(operation.security) and not declared & {"4XX", "default"}
    if status == 403:
        return bool(operation.security) and not declared & {"401", "4XX", "default"}
    return status in (400, 422) and not declared & {"400", "422", "4XX", "default"}


#: How servers refuse what does not go together with what there is, as many say it.
_OF_RELATIONS = frozenset({400, 403, 409, 422})


def is_of_state(contract: Contract, operation: Operation, exchange: Exchange) -> bool:
    """Whether a refusal speaks of a state in which the item is that is changed, or acted upon.

    It says one of the few values that a member of the item may have, and the request has not:
    `cannot be captured, since it is canceled`.
    """
    known = resources(contract)
    resource = known.of(operation)
    if resource is None or known.role(operation) not in ("update", "replace", "action", "delete"):
        return False
    answers = [operation, *resource.operations.get("read", ())]
    return _names_choice(map(envelopes.answer, answers), exchange)


def is_of_relation(operation: Operation, exchange: Exchange) -> bool:
    """Whether a refusal speaks of a value that another member would have to have.

    `only where the duration is repeating` says no schema, and most servers see to it.
    """
    return _names_choice([of_request(operation)], exchange)


def _names_choice(views: Iterable[View | None], exchange: Exchange) -> bool:
    if exchange.response is None or exchange.response.status not in _OF_RELATIONS:
        return False
    members = (each for view in views if view is not None for _, each in view.inner(2))
    return any(names_choice(exchange, (each.item or each).values) for each in members)
