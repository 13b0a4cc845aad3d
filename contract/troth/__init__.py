"""Hold an HTTP API to its OpenAPI document.

    contract = troth.load("openapi.yaml", overlays=["fixes.overlay.yaml"])
    contract.match("POST", "/v1/chat/completions")
    contract.validate(troth.Exchange(request, response))

What is listed here is the public API; every other module may change from one release to the
next.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from troth.document.document import Document
    from troth.errors import MethodNotAllowed, NoSuchPath, Place, SpecError, TrothError
    from troth.http.exchange import Exchange, Request, Response
    from troth.loading import load
    from troth.openapi.contract import Contract, NoSuchOperation
    from troth.openapi.operation import Match, Operation
    from troth.violation import Violation

__all__ = [
    "Contract",
    "Document",
    "Exchange",
    "Match",
    "MethodNotAllowed",
    "NoSuchOperation",
    "NoSuchPath",
    "Operation",
    "Place",
    "Request",
    "Response",
    "SpecError",
    "TrothError",
    "Violation",
    "load",
]

_HOMES = {
    "Contract": "openapi.contract",
    "Document": "document.document",
    "Exchange": "http.exchange",
    "Match": "openapi.operation",
    "MethodNotAllowed": "errors",
    "NoSuchOperation": "openapi.contract",
    "NoSuchPath": "errors",
    "Operation": "openapi.operation",
    "Place": "errors",
    "Request": "http.exchange",
    "Response": "http.exchange",
    "SpecError": "errors",
    "TrothError": "errors",
    "Violation": "violation",
    "load": "loading",
}


def __getattr__(name: str) -> Any:
    # lazily: a command that needs one of these must not pay for the others (PEP 562)
    if name not in _HOMES:
        raise AttributeError(f"module 'troth' has no attribute {name!r}")
    from importlib import import_module

    value = getattr(import_module(f"troth.{_HOMES[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
