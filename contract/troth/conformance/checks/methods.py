"""What a server says of the methods of a path: the field Allow."""

from __future__ import annotations

from collections.abc import Iterator

from troth.errors import MethodNotAllowed, NoSuchPath
from troth.http.exchange import Exchange
from troth.openapi.contract import Contract
from troth.violation import Severity

#: What HTTP has for every path, whatever the document says: RFC 9110 §9.3.2, §9.3.7, §9.3.8.
_OF_HTTP = frozenset({"HEAD", "OPTIONS", "TRACE"})


def declared_methods(contract: Contract, target: str) -> frozenset[str]:
    """The methods that *contract* declares for *target*, whichever template it fits."""
    try:
        contract.match("", target)
    except MethodNotAllowed as fault:
        return frozenset(fault.allowed)
    except NoSuchPath:
        pass
    return frozenset()


def allow_violations(contract: Contract, exchange: Exchange) -> Iterator[tuple[Severity, str]]:
    """How grave it is, and in which words, that the Allow of a 405 is wrong.

    That it names the very method that it refuses nothing can excuse (RFC 9110 §10.2.1).  What it
    leaves out or has beyond the document is a warning: the state of a thing may forbid a method,
    routers often know the methods of one route alone, and not everything need be published.
    """
    request, response = exchange.request, exchange.response
    text = response.field("Allow") if response is not None else None
    declared = declared_methods(contract, request.target)
    if response is None or response.status != 405 or text is None or not declared:
        return
    named = frozenset(word.strip() for word in text.split(",")) - {""}
    if request.method in named:
        yield "error", f"{request.method} is refused with 405, and Allow names it: {text!r}"
        return
    missing = sorted(declared - named - _OF_HTTP - {request.method})
    beyond = sorted(named - declared - _OF_HTTP)
    if missing:
        has = f"has {text!r}" if text.strip() else "is empty"
        yield "warning", f"the document declares {', '.join(missing)} here, and Allow {has}"
    if beyond:
        yield "warning", f"Allow names {', '.join(beyond)}, which the document does not declare"
