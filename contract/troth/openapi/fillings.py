"""How the parameters of an operation are filled from what others answered.

What the document says itself (Links) comes first, then the resource that a path names, then names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from troth import pointer as pointers
from troth.http.exchange import Exchange
from troth.openapi import envelopes, runtime_expression
from troth.openapi.names import in_singular, words_of
from troth.openapi.operation import DeclaredResponse, Link, Operation
from troth.openapi.paths import shape_of
from troth.openapi.resource import Filling, Resource
from troth.openapi.runtime_expression import Expression
from troth.openapi.schema_view import View, alike, fits, of_content, of_parameter, of_request


def of(
    operations: Sequence[Operation], resources: Sequence[Resource]
) -> dict[Operation, tuple[Filling, ...]]:
    """The fillings of each of *operations*, none of those that nothing fills."""
    by_shape = {shape_of(each.path)[0]: each for each in resources if each.parameter is not None}
    by_words: dict[tuple[str, ...], Resource] = {}
    # where two go by one name, it is that of the one that is created
    named = [each for each in resources if each.parameter or each.identifier]
    for resource in sorted(named, key=lambda each: "create" not in each.operations):
        for words in _names_of(resource):
            by_words.setdefault(words, resource)
    linked = _linked(operations)
    told = {each: tuple(_told_by(each)) for each in resources}
    started = [pair for each in operations for pair in _started(each)]
    for resource in resources:
        others = {held for each in resources if each is not resource for held in each.item_places}
        told[resource] = told[resource] or tuple(_started_as(resource, started, others))
    found: dict[Operation, tuple[Filling, ...]] = {}
    for operation in operations:
        fillings = [
            *linked.get(operation, ()),
            *_by_path(operation, by_shape, told),
            *_by_name(operation, by_shape, by_words, told),
        ]
        if fillings:
            found[operation] = tuple(fillings)
    return found


def _linked(operations: Sequence[Operation]) -> dict[Operation, list[Filling]]:
    """What the Links of all answers say, by the operation that they lead to."""
    named = {name: each for each in operations for name in (each.operation_id, each.pointer)}
    found: dict[Operation, list[Filling]] = {}
    for source in operations:
        for response in source.responses:
            for link in response.links:
                target = named.get(link.target)
                if target is not None:
                    fillings = found.setdefault(target, [])
                    fillings += _of_link(link, target, source, response.status)
    return found


def _of_link(link: Link, target: Operation, source: Operation, status: str) -> Iterator[Filling]:
    for written, value in link.parameters.items():
        expression = _read(value)
        if expression is None:
            continue
        # OpenAPI 3.1 §4.8.20.1: a name that two locations have is qualified by one, as in `path.id`
        location, _, name = written.partition(".")
        for each in target.parameters:
            if each.name == written or (each.location, each.name) == (location, name):
                yield Filling(each.location, each.name, source, status, expression)
                break
    whole = _read(link.body)
    if whole is not None:
        yield Filling("body", "", source, status, whole)


def _read(value: Any) -> Expression | None:
    return runtime_expression.parse(value) if isinstance(value, str) else None


def values(
    filling: Filling, exchange: Exchange, path_parameters: Mapping[str, str]
) -> list[tuple[Any, Any]]:
    """What *exchange*, one of the source of *filling*, offers for its parameter, in order.

    Each with the item of a list that it stands in, or else None.  *path_parameters* are those of
    the exchange's request, as sent.
    """
    expression = filling.expression
    if filling.items is None:
        value = runtime_expression.evaluate(expression, exchange, path_parameters)
        return [] if value is None else [(value, None)]
    body = exchange.response.body if exchange.response is not None else b""
    array = runtime_expression.at(body, filling.items)
    items = list(array.values()) if isinstance(array, dict) else array
    if not isinstance(items, list):
        return []  # whatever the answer has in its place
    offered = ((pointers.find(item, expression.name), item) for item in items)
    return [(value, item) for value, item in offered if value is not None]


#: By what a thing that stands in another is called, the likeliest first.
_CALLED = ("login", "slug", "username", "key", "name", "id", "uuid")


def told_at(item: Any, variable: str) -> str | None:
    """Where *item* tells what the *variable* of a path stands for: the pointer of a text or number.

    A member goes by its name, or an object does, which says what it is called by (`owner/login`).
    """
    words, members = words_of(variable), item if isinstance(item, dict) else {}
    for name, one in members.items():
        own = words_of(name)
        inner = one if isinstance(one, dict) else {}
        last = (each for each in inner if (*own, *words_of(each)) == words)
        called = (*last, *(_CALLED if own == words else ()))
        if own == words and _is_name(one):
            return pointers.join("", name)
        for each in called:
            if _is_name(inner.get(each)):
                return pointers.join("", name, each)
    return None


def _is_name(value: Any) -> bool:
    return type(value) in (str, int) and value != ""  # a boolean is an int to Python


def _names_of(resource: Resource) -> Iterator[tuple[str, ...]]:
    """The names, in words, under which other operations ask for the identifier of an item."""
    words = words_of(resource.name)
    one = in_singular(words)
    last = words_of(resource.parameter or "")
    if len(last) > 1 or last == one:
        yield last
    if one:
        # the identifier of a `task` is called so, whatever it is called among the tasks
        yield (*one, *(words_of(pointers.split(resource.identifier or "/id")[-1])))


def _by_path(
    operation: Operation,
    by_shape: Mapping[tuple[str, ...], Resource],
    told: Mapping[Resource, Sequence[_Source]],
) -> Iterator[Filling]:
    """From the resources that the path of *operation* leads through, the innermost first."""
    shape, names = shape_of(operation.path)
    for end in range(len(shape), 0, -1):
        resource = by_shape.get(shape[:end])
        if resource is None:
            continue
        depth = len(shape_of(resource.path)[1])
        for source in told[resource]:
            if source.operation is operation:
                continue
            yield from source.fillings("path", names[depth - 1])
            # what the source was asked under is what this one is asked under, too
            for outer, own in _shared(source.operation.path, operation.path, depth - 1):
                text = f"$request.path.{outer}"
                expression = Expression(text, "request", "path", outer)
                yield Filling("path", own, source.operation, source.status, expression)


def _shared(source: str, own: str, most: int) -> Iterator[tuple[str, str]]:
    """The variables, at most so many, that two paths have in the same places: both their names."""
    (one, names), (other, others) = shape_of(source), shape_of(own)
    count = next(
        (index for index, pair in enumerate(zip(one, other, strict=False)) if len(set(pair)) > 1),
        min(len(one), len(other)),
    )
    yield from list(zip(names, others, strict=False))[: min(most, one[:count].count("{}"))]


@dataclass(frozen=True)
class _Source:
    """An answer that tells of the identifiers of a resource: by each of *expressions*."""

    operation: Operation
    status: str
    expressions: tuple[Expression, ...]
    items: str | None = None

    def fillings(self, location: str, name: str) -> Iterator[Filling]:
        for expression in self.expressions:
            yield Filling(location, name, self.operation, self.status, expression, items=self.items)


def _told_by(resource: Resource) -> Iterator[_Source]:
    """What tells of the identifiers of *resource*: its creation, then its lists."""
    creates = resource.operations.get("create", ())
    if resource.is_client_named:
        creates += resource.operations.get("replace", ())
    for operation in creates:
        for response in envelopes.successes(operation):
            expressions = tuple(_created(resource, operation, response.status))
            if expressions:
                yield _Source(operation, response.status, expressions)
    if resource.identifier is None:
        return
    for role in ("list", "search"):
        for operation in resource.operations.get(role, ()):
            for response in envelopes.successes(operation):
                array = resource.array_places.get(response)
                if array is not None:
                    expression = runtime_expression.body("response", resource.identifier)
                    yield _Source(operation, response.status, (expression,), array)


def _started(operation: Operation) -> Iterator[tuple[Operation, DeclaredResponse]]:
    """What *operation* answers once it has begun what is watched somewhere else, mostly 202."""
    if operation.method == "POST":
        yield from ((operation, each) for each in envelopes.successes(operation))


def _started_as(
    resource: Resource,
    started: Sequence[tuple[Operation, DeclaredResponse]],
    others: Collection[DeclaredResponse],
) -> Iterator[_Source]:
    """What begins one of *resource*, which nothing creates and no list tells of: a job.

    The answer that says so holds one, or has a `Location` that leads to it; *others* hold what is
    created, which is as like a job as it will.
    """
    read = next(iter(resource.operations.get("read", ())), None)
    own = envelopes.answer(read) if read is not None else None
    at_read = next(map(resource.item_places.get, envelopes.successes(read)), None) if read else None
    own = own.at(at_read) if own is not None and at_read else own
    if resource.parameter is None or "{" in resource.path.partition(f"{{{resource.parameter}}}")[0]:
        return  # of what it is below nothing tells
    for operation, response in started:
        expressions = []
        view = of_content(response.content)
        at = envelopes.item_in(view, "", resource.name, known=own) if view and own else None
        inner = view.at(at) if view is not None and at else view
        is_begun = response.status == "202"
        is_one = at is not None and _is_one(inner, own, is_sure=is_begun and response not in others)
        if resource.identifier and at is not None and is_one:
            expressions.append(runtime_expression.body("response", at + resource.identifier))
        if is_begun and any(header.name.lower() == "location" for header in response.headers):
            expressions.append(runtime_expression.location(resource.path, resource.parameter))
        if expressions:
            yield _Source(operation, response.status, tuple(expressions))


def _is_one(view: View | None, own: View | None, *, is_sure: bool) -> bool:
    """Whether *view* is one of *own*: where nothing makes that sure, only the very same is."""
    if view is None or own is None:
        return False
    return view.target == own.target or (is_sure and alike(view, own))


def _created(resource: Resource, operation: Operation, status: str) -> Iterator[Expression]:
    """Where the identifier of an item that *operation* created stands, the surest first."""
    own_path = shape_of(operation.path)
    if own_path[1] and own_path[0] == shape_of(resource.path)[0]:
        name = own_path[1][-1]
        yield Expression(f"$request.path.{name}", "request", "path", name)
        return
    response = next(each for each in operation.responses if each.status == status)
    item, view = resource.item_places.get(response), of_content(response.content)
    if item is not None and resource.identifier is not None:
        yield runtime_expression.body("response", item + resource.identifier)
    elif view is not None and resource.parameter is not None and status != "202":
        # what tells of the creation alone may tell the identifier, too
        at = envelopes.identifier_in(view, resource.parameter, resource.name)
        if at is not None:
            yield runtime_expression.body("response", at)
    declares = any(header.name.lower() == "location" for header in response.headers)
    if resource.parameter is not None and (declares or status == "201" or item is None):
        yield runtime_expression.location(resource.path, resource.parameter)
    sent, view = resource.sent(operation), of_request(operation)
    if item is not None or sent is None or view is None or resource.identifier is None:
        return
    if view.at(sent + resource.identifier) is not None:
        yield runtime_expression.body("request", sent + resource.identifier)


def _by_name(
    operation: Operation,
    by_shape: Mapping[tuple[str, ...], Resource],
    by_words: Mapping[tuple[str, ...], Resource],
    told: Mapping[Resource, Sequence[_Source]],
) -> Iterator[Filling]:
    """From the resources that parameters and members of *operation* have the names of."""
    shape, names = shape_of(operation.path)
    ends = [index + 1 for index, each in enumerate(shape) if each == "{}"]
    placed = {
        name
        for name, end in zip(names, ends, strict=True)
        if shape[:end] in by_shape and told[by_shape[shape[:end]]]
    }
    named: list[tuple[str, str, View | None, list[tuple[str, ...]]]] = [
        (each.location, each.name, of_parameter(each), [words_of(each.name)])
        for each in operation.parameters
        if not (each.location == "path" and each.name in placed)
    ]
    body = of_request(operation)
    if body is not None:
        named += [("body", *each) for each in _references_in(body)]
    for location, name, view, words in named:
        resource = next(filter(None, map(by_words.get, words)), None)
        if resource is None or (view is not None and not view.is_scalar):
            continue
        for source in told[resource]:
            if source.operation is not operation and fits(_told(source, resource), view):
                yield from source.fillings(location, name)


_OF_IDENTIFIERS = frozenset({"uuid", "ulid", "objectid"})


def _references_in(body: View) -> Iterator[tuple[str, View, list[tuple[str, ...]]]]:
    """What in *body* may refer to something: where it stands, and the names of that, in words.

    A member is called as what it refers to (`owner_id`, `owner_ids`), or stands in an object that
    is (`owner: {id}`); `owner` alone is such where it is of the kind that nothing but identifiers
    is.  The resource linkage of JSON:API says by its `type` what that is.
    """
    for at, each in body.inner(2):
        *holders, last = pointers.split(at)
        one = each.item if each.is_array and each.item is not None else each
        called = [words_of(last), *(_identifier_of(holder, last) for holder in holders[-1:])]
        called += [in_singular(called[0])] if one is not each else []
        if not one.values and (one.types == {"integer"} or one.formats & _OF_IDENTIFIERS):
            called.append(_identifier_of(last, "id"))
        yield at, one, called
    for at, each in body.inner(2):
        if pointers.split(at)[-1] != "relationships":
            continue
        for name, relation in each.members.items():
            linkage = relation.members.get("data")
            identifier = linkage.members.get("id") if linkage is not None else None
            if linkage is None or identifier is None or linkage.is_array:
                continue
            kind = linkage.members.get("type")
            told = [schema.get("const") for _, schema in kind.parts] if kind is not None else []
            kinds = [*told, *(kind.values if kind is not None else ())]
            place = pointers.join(at, name, "data", "id")
            names = [*(one for one in kinds if isinstance(one, str)), name]
            yield place, identifier, [_identifier_of(one, "id") for one in names]


def _identifier_of(holder: str, member: str) -> tuple[str, ...]:
    return (*in_singular(words_of(holder)), *words_of(member))


def _told(source: _Source, resource: Resource) -> View | None:
    """The schema of the identifier that *source* tells."""
    view = envelopes.answer(source.operation)
    return None if view is None else view.at((source.items or "") + (resource.identifier or ""))
