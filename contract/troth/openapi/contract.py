"""The compiled document: its operations, and the way from a request's target to one of them.

`reader.compile` makes it; this module is the value and the matching.  A `Contract` is immutable
and may be shared between threads; schemas compile on first use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from troth.errors import MethodNotAllowed, NoSuchPath, SpecError, TrothError
from troth.http.exchange import Exchange, Request
from troth.openapi.operation import Match, Operation
from troth.openapi.paths import (
    SEGMENT,
    SEGMENTS,
    PathTemplate,
    Template,
    canonical,
    normal,
    path_template,
)

if TYPE_CHECKING:  # only what is used of a document needs the packages of these
    from troth.document.document import Document
    from troth.laws.laws import Law
    from troth.schema.schema import Schemas
    from troth.violation import Violation

# what is the same decoded and encoded again, as most paths are
_PLAIN = re.compile(r"[-._~!$&'()*+,;=:@/0-9A-Za-z]*")
# RFC 9112 §3.2.2: the scheme and the authority of a target in absolute form
_NAME = re.compile(r"\{[^{}]*\}")
_AUTHORITY = re.compile(r"[a-zA-Z][a-zA-Z0-9+.-]*://[^/?#]*")


class NoSuchOperation(TrothError):
    """No operation goes by this name; *names* are those that there are."""

    name: str
    names: tuple[str, ...]

    def __str__(self) -> str:
        return f"the document has no operation {self.name!r}; it has {', '.join(self.names)}"


class Face(NamedTuple):
    """An operation at the end of a route: what it calls its variables, and a query of its own."""

    operation: Operation
    names: tuple[str, ...]
    own: PathTemplate | None


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """Paths of one shape, and by method the operations that they lead to: the faces of one URL."""

    template: Template
    faces: Mapping[str, tuple[Face, ...]]

    def matches(
        self, method: str, values: Sequence[str], query: str
    ) -> tuple[list[Match], list[Match]]:
        """The faces whose own query is part of *query*, those with most of it, and the others."""
        whole: list[Match] = []
        others: list[Match] = []
        most = 0
        for operation, names, own in self.faces.get(method, ()):
            named = dict(zip(names, values, strict=True))
            size = 0
            if own is not None:
                found = own.own_query(query)
                if found is None:
                    others.append(Match(operation, named, query))
                    continue
                named |= found
                size = len(own.query)
            if size > most:
                most = size
                whole.clear()
            if size == most:
                whole.append(Match(operation, named, query))
        return whole, others


@dataclass(frozen=True, slots=True, eq=False)
class Routes:
    """Where each target leads: *literal* paths in a dict, templated ones most concrete first.

    *plain* are the literal paths that lead to one operation whatever the query is.  Templates are
    kept by how many slashes they have, those that have any number of them under -1.
    """

    plain: Mapping[str, Mapping[str, Match]]
    literal: Mapping[str, Route]
    templated: Mapping[int, tuple[Route, ...]]

    def find(self, path: str) -> Iterator[tuple[Route, tuple[str, ...]]]:
        """The routes that *path* may take, with what it has for their variables, as sent."""
        literal = self.literal.get(path)
        same = path if literal or _PLAIN.fullmatch(path) else canonical(path)
        literal = literal or self.literal.get(same)
        if literal is not None:
            yield literal, ()
            return
        routes = self.templated.get(path.count("/"), ()) + self.templated.get(-1, ())
        found = False
        # what is sent encoded is part of a value where it can be
        for spellings in ((path,),) if same is path else ((path, normal(path)), (same,)):
            for route in routes:
                for values in _values(route.template, spellings):
                    found = True
                    yield route, values
            if found:
                return


def _is_more_general(faces: Mapping[str, Sequence[Face]], *, than: str) -> bool:
    """Whether the paths of *faces* are as the path *than*, with variables for some of its texts."""
    path = next(iter(faces.values()))[0].operation.path
    segments, others = (_NAME.sub("{}", one.partition("?")[0]).split("/") for one in (path, than))
    if segments == others or len(segments) != len(others):
        return False
    return all(own in ("{}", one) for own, one in zip(segments, others, strict=True))


def _values(template: Template, spellings: Iterable[str]) -> list[tuple[str, ...]]:
    """What the first of *spellings* that is of the form of *template* has for its variables."""
    for path in spellings:
        first, *others = [pattern.fullmatch(path) for pattern in template.patterns]
        if first is not None:
            values = [first.groups()]
            values += [other.groups() for other in others if other and other.groups() not in values]
            return values
    return []


@dataclass(frozen=True, slots=True, eq=False)
class Verbs:
    """What can be asked of a contract beyond matching: bound by `loading`, one layer above."""

    validate: Callable[[Contract, Exchange], tuple[Violation, ...]]
    strategy: Callable[[Contract, Operation, bool], Any]
    choose: Callable[[Sequence[Match], Request | None], Match]


@dataclass(frozen=True, slots=True, eq=False)
class Contract:
    """A document, compiled: what every other part of troth reads.

    *published* is the same document without its overlays, or this very contract when there are
    none: a conformance run compares the two.  *faults* is everything in the document that could
    not be understood, in its order: it was left out, or read as what was probably meant.  *laws*
    are those between two operations.
    """

    document: Document
    schemas: Schemas
    operations: tuple[Operation, ...]
    routes: Routes
    source: Contract | None = None
    verbs: Verbs | None = field(default=None, repr=False)
    faults: tuple[SpecError, ...] = field(default=(), repr=False)
    laws: tuple[Law, ...] = field(default=(), repr=False)
    _laws: Callable[[], tuple[Law, ...]] | None = field(default=None, init=False, repr=False)
    _schemas: Callable[[], Schemas] | None = field(default=None, init=False, repr=False)

    @classmethod
    def postponed(
        cls,
        document: Document,
        operations: tuple[Operation, ...],
        faults: tuple[SpecError, ...],
        *,
        schemas: Callable[[], Schemas],
        laws: Callable[[], tuple[Law, ...]],
        verbs: Verbs | None,
    ) -> Contract:
        """A contract whose routes, *schemas* and *laws* are made when they are first asked for."""
        contract = object.__new__(cls)
        whole = {"document": document, "operations": operations, "faults": faults}
        for name, value in (
            whole | {"verbs": verbs, "source": None, "_schemas": schemas, "_laws": laws}
        ).items():
            object.__setattr__(contract, name, value)
        return contract

    def __getattr__(self, name: str) -> Any:
        # Python asks here for a slot that is empty: those of `postponed`
        if name == "routes":
            object.__setattr__(self, name, routes(self.operations))
        elif name == "schemas" and self._schemas is not None:
            object.__setattr__(self, name, self._schemas())
        elif name == "laws" and self._laws is not None:
            object.__setattr__(self, name, self._laws())
        else:
            raise AttributeError(name)
        return object.__getattribute__(self, name)

    @property
    def published(self) -> Contract:
        """The contract of the document as published, before any overlay."""
        return self.source or self

    def match(self, method: str, target: str) -> Match:
        """Find the operation that *target* (origin or absolute form) addresses.

        Literal segments win over templated ones (OpenAPI 3.1 §4.8.8.2), then those whose
        parameters the path fits.  The paths of the document's servers and bare paths both match.
        Where one URL has several faces only a whole request can tell them apart: this is the
        first of them.  Raises NoSuchPath, or MethodNotAllowed with the methods that would do.
        """
        plain = self.routes.plain.get(target)
        if plain is not None and method in plain:
            # most targets are a literal path and nothing else
            return plain[method]
        return self._chosen(self.matches(method, target), None)

    def match_request(self, request: Request) -> Match:
        """Find the operation that *request* addresses: of several, the one that it fits best.

        They are told apart by the query, then the body, the other parameters, and Accept.  Raises
        as `match` does.
        """
        plain = self.routes.plain.get(request.target)
        if plain is not None and request.method in plain:
            return plain[request.method]
        return self._chosen(self.matches(request.method, request.target), request)

    def _chosen(self, matches: Sequence[Match], request: Request | None) -> Match:
        if len(matches) == 1 or self.verbs is None:
            return matches[0]
        return self.verbs.choose(matches, request)

    def matches(self, method: str, target: str) -> Sequence[Match]:
        """The operations that *target* may address, the likeliest first; raises as `match` does."""
        path, query = _path_and_query(target)
        plain = self.routes.plain.get(path)
        if plain is not None and method in plain:
            return (Match(plain[method].operation, {}, query),)
        allowed: set[str] = set()
        matches: list[Match] = []
        # without its own query a face is meant only where no other can be
        others: list[Match] = []
        for route, values in self.routes.find(path):
            allowed |= route.faces.keys()
            if matches and _is_more_general(route.faces, than=matches[0].operation.path):
                continue  # whatever the request says, what is more concrete is meant
            whole, partly = route.matches(method, values, query)
            matches += whole
            others += partly
        if matches or others:
            return matches or others
        if allowed:
            raise MethodNotAllowed(method, target, tuple(sorted(allowed)))
        raise NoSuchPath(target)

    def operation(self, name: str) -> Operation:
        """The operation of this *name*, METHOD /path or operationId.  Raises NoSuchOperation."""
        if operation := self.find_operation(name):
            return operation
        raise NoSuchOperation(name, tuple(operation.name for operation in self.operations))

    def find_match(self, request: Request) -> Match | None:
        """What `match_request` finds, None where that raises."""
        try:
            return self.match_request(request)
        except (NoSuchPath, MethodNotAllowed):
            return None

    def find_operation(self, name: str) -> Operation | None:
        """What `operation` finds, None where that raises."""
        return next((one for one in self.operations if name in (one.name, one.operation_id)), None)

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


_Faces = dict[str, list[Face]]


def routes(operations: tuple[Operation, ...]) -> Routes:
    """Index *operations* by path: under each base path of its servers, and bare."""
    templates: dict[str, Template] = {}
    tables: dict[str, _Faces] = {}
    for is_bare in (False, True):
        added: dict[str, _Faces] = {}
        for operation in operations:
            for base in ("",) if is_bare else operation.base_paths:
                template = path_template(base).followed_by(operation.template)
                templates.setdefault(template.shape, template)
                faces = added.setdefault(template.shape, {}).setdefault(operation.method, [])
                own = operation.template if operation.has_own_query else None
                faces.append(Face(operation, template.names, own))
        for shape, table in added.items():
            # where a server is, no bare path is meant
            tables[shape] = table | tables.get(shape, {})
    made = {
        shape: Route(templates[shape], {method: tuple(faces) for method, faces in table.items()})
        for shape, table in tables.items()
    }
    literal = {shape: route for shape, route in made.items() if not templates[shape].names}
    templated: dict[int, list[Route]] = {}
    for shape in sorted(made.keys() - literal.keys(), key=_concreteness):
        slashes = -1 if SEGMENTS in templates[shape].marks else shape.count("/")
        templated.setdefault(slashes, []).append(made[shape])
    plain = {path: _plain(route) for path, route in literal.items()}
    return Routes(plain, literal, {count: tuple(found) for count, found in templated.items()})


def _plain(route: Route) -> dict[str, Match]:
    return {
        method: Match(faces[0].operation, {})
        for method, faces in route.faces.items()
        if len(faces) == 1 and faces[0].own is None
    }


def _concreteness(shape: str) -> tuple[tuple[tuple[int, int], ...], str]:
    """Sort key: literal segments first, then those with the more literal characters."""

    def of(segment: str) -> tuple[int, int]:
        literal = segment.replace(SEGMENT, "").replace(SEGMENTS, "")
        kind = 2 if SEGMENTS in segment else 1 if literal != segment else 0
        return kind, -len(literal) if kind else 0

    return tuple(map(of, shape.split("/"))), shape


def _path_and_query(target: str) -> tuple[str, str]:
    if not target.startswith("/"):
        authority = _AUTHORITY.match(target)
        if authority:
            rest = target[authority.end() :]
            target = rest if rest.startswith("/") else "/" + rest
    path, _, query = target.partition("#")[0].partition("?")
    return path, query
