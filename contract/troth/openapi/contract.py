"""The compiled document: its operations, and the way from a request's target to one of them.

`reader.compile` makes it; this module is the value and the matching.  A `Contract` is immutable
and may be shared between threads; schemas compile on first use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

from troth.document.document import Document
from troth.errors import MethodNotAllowed, NoSuchPath, SpecError, TrothError
from troth.http.exchange import Exchange
from troth.openapi.operation import TEMPLATED, Match, Operation
from troth.schema.schema import Schemas
from troth.violation import Violation

_ENCODED = re.compile(r"%[0-9a-fA-F]{2}")
# RFC 3986 §2.3: these need no percent-encoding, so `%41` and `A` are the same path
_UNRESERVED = frozenset("-._~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ")
# RFC 9112 §3.2.2: the scheme and the authority of a target in absolute form
_AUTHORITY = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*")


class NoSuchOperation(TrothError):
    """No operation goes by this name; *names* are those that there are."""

    def __init__(self, name: str, names: tuple[str, ...]) -> None:
        super().__init__(name, names)
        self.name = name
        self.names = names

    def __str__(self) -> str:
        return f"the document has no operation {self.name!r}; it has {', '.join(self.names)}"


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """One path template under one base path, with its operations by method."""

    path: str
    pattern: re.Pattern[str]
    names: tuple[str, ...]
    operations: Mapping[str, Operation]


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """Where each target leads: *literal* paths in a dict, templated ones most concrete first."""

    literal: Mapping[str, Mapping[str, Operation]]
    templated: tuple[Route, ...]

    def find(self, path: str) -> tuple[Mapping[str, Operation], Mapping[str, str]] | None:
        """The operations by method at *path*, and the path's parameters as sent."""
        operations = self.literal.get(path)
        if operations is not None:
            return operations, {}
        for route in self.templated:
            match = route.pattern.fullmatch(path)
            if match:
                return route.operations, dict(zip(route.names, match.groups(), strict=True))
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Verbs:
    """What can be asked of a contract beyond matching: bound by `loading`, one layer above."""

    validate: Callable[[Contract, Exchange], tuple[Violation, ...]]
    strategy: Callable[[Contract, Operation, bool], Any]


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """A document, compiled: what every other part of troth reads.

    *published* is the same document without its overlays, or this very contract when there are
    none: a conformance run compares the two.  *faults* is everything in the document that could
    not be understood, in its order: it was left out, or read as what was probably meant.
    """

    document: Document
    schemas: Schemas
    operations: tuple[Operation, ...]
    routes: Routes
    source: Contract | None = None
    verbs: Verbs | None = field(default=None, repr=False)
    faults: tuple[SpecError, ...] = field(default=(), repr=False)

    @property
    def published(self) -> Contract:
        """The contract of the document as published, before any overlay."""
        return self.source or self

    def match(self, method: str, target: str) -> Match:
        """Find the operation that *target* (origin or absolute form) addresses.

        Literal segments win over templated ones (OpenAPI 3.1 §4.8.8.2).  The paths of the
        document's servers and bare paths both match.  Raises NoSuchPath, or MethodNotAllowed
        with the methods that would do.
        """
        operations = self.routes.literal.get(target)
        if operations is not None and method in operations:
            # most targets are a literal path and nothing else
            return Match(operations[method], {}, "")
        path, query = _path_and_query(target)
        route = self.routes.find(path)
        if route is None and "%" in path:
            route = self.routes.find(_canonical(path))
        if route is None:
            raise NoSuchPath(target)
        operations, parameters = route
        operation = operations.get(method)
        if operation is None:
            raise MethodNotAllowed(method, target, tuple(sorted(operations)))
        return Match(operation, parameters, query)

    def operation(self, name: str) -> Operation:
        """The operation called *name*: `METHOD /path` or its operationId.

        Raises NoSuchOperation.
        """
        for operation in self.operations:
            if name in (operation.name, operation.operation_id):
                return operation
        raise NoSuchOperation(name, tuple(operation.name for operation in self.operations))

    def validate(self, exchange: Exchange) -> tuple[Violation, ...]:
        """All violations of *exchange*, in document order: request, response, stream, laws."""
        return self._verbs.validate(self, exchange)

    def strategy(self, operation: str | Operation, *, valid: bool = True) -> Any:
        """A Hypothesis strategy of `exchange.Request` values for *operation*.

        With *valid* false, each request breaks the document in one to three places.
        """
        chosen = self.operation(operation) if isinstance(operation, str) else operation
        return self._verbs.strategy(self, chosen, valid)

    @property
    def _verbs(self) -> Verbs:
        if self.verbs is None:
            raise TypeError("this Contract was compiled without verbs: use troth.load")
        return self.verbs


def routes(operations: tuple[Operation, ...]) -> Routes:
    """Index *operations* by path: under each base path of its servers, and bare."""
    tables: dict[str, dict[str, Operation]] = {}
    for bare in (False, True):
        for operation in operations:
            for base in ("",) if bare else operation.base_paths:
                # RFC 3986 §3.5: no fragment reaches a server, and a query is no part of a path
                path = _key(base + re.split("[?#]", operation.path, maxsplit=1)[0])
                tables.setdefault(path, {}).setdefault(operation.method, operation)
    literal = {path: table for path, table in tables.items() if not TEMPLATED.search(path)}
    templated = sorted(tables.keys() - literal.keys(), key=_concreteness)
    return Routes(literal, tuple(_route(path, tables[path]) for path in templated))


def _route(path: str, operations: Mapping[str, Operation]) -> Route:
    names = tuple(TEMPLATED.findall(path))
    literals = TEMPLATED.split(path)[::2]
    pattern = "([^/]+)".join(re.escape(literal) for literal in literals)
    return Route(path, re.compile(pattern), names, operations)


def _concreteness(path: str) -> tuple[tuple[tuple[int, int], ...], str]:
    """Sort key: literal segments first, then those with the more literal characters."""
    return tuple(
        (1, -len(TEMPLATED.sub("", segment))) if TEMPLATED.search(segment) else (0, 0)
        for segment in path.split("/")
    ), path


def _key(path: str) -> str:
    """The path template *path*, its literal parts normalized; the names of variables stay."""
    parts = enumerate(TEMPLATED.split(path))
    return "".join(f"{{{part}}}" if index % 2 else _canonical(part) for index, part in parts)


def _canonical(path: str) -> str:
    """*path* as RFC 3986 §6.2.2 normalizes it: what needs no encoding has none, the rest has."""

    def of(match: re.Match[str]) -> str:
        character = chr(int(match[0][1:], 16))
        return character if character in _UNRESERVED else match[0].upper()

    return _ENCODED.sub(of, quote(path, safe="%/:?#[]@!$&'()*+,;="))


def _path_and_query(target: str) -> tuple[str, str]:
    if not target.startswith("/"):
        authority = _AUTHORITY.match(target)
        if authority:
            rest = target[authority.end() :]
            target = rest if rest.startswith("/") else "/" + rest
    path, _, query = target.partition("#")[0].partition("?")
    return path, query
