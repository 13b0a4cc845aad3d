"""What a body may hold, seen through its schema: members by name, items of an array, types.

References and the branches of unions are followed, so that a member counts wherever it may stand;
what exactly a schema asks for is not asked here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

from troth import pointer as pointers
from troth.openapi.operation import MediaType, Operation, Parameter
from troth.schema.applicators import applying, follow
from troth.schema.schema import Schema

_SCALARS = frozenset({"string", "integer", "number", "boolean"})


@dataclass(frozen=True)
class View:
    """The schema at *pointer* of *root*, a document as `schema` has prepared it."""

    root: Any
    pointer: str

    @cached_property
    def parts(self) -> tuple[tuple[str, Mapping[str, Any]], ...]:
        """The schema and all that apply to the same instance, in the order of the document."""
        return tuple(applying(self.root, [(self.pointer, pointers.find(self.root, self.pointer))]))

    @cached_property
    def members(self) -> Mapping[str, View]:
        """The members that an instance may have by name; of two of a name the first counts."""
        found: dict[str, View] = {}
        for at, schema in self.parts:
            properties = schema.get("properties")
            for name, member in properties.items() if isinstance(properties, Mapping) else ():
                if member is not False:  # readOnly in a request, writeOnly in an answer
                    found.setdefault(name, View(self.root, pointers.join(at, "properties", name)))
        return found

    @cached_property
    def in_some_branches(self) -> frozenset[str]:
        """The members that an instance may have by one branch of a union, and not by another."""
        found: set[str] = set()
        for at, schema in self.parts:
            for word in ("anyOf", "oneOf"):
                branches = schema.get(word)
                count = len(branches) if isinstance(branches, list) else 0
                views = [View(self.root, pointers.join(at, word, index)) for index in range(count)]
                names = [set(view.members) for view in views if view.members]
                for each in names:
                    found |= each - each.intersection(*names)
        return frozenset(found)

    @cached_property
    def required(self) -> frozenset[str]:
        """The members that some part of it asks for."""
        lists = (schema.get("required") for _, schema in self.parts)
        return frozenset(name for each in lists if isinstance(each, list) for name in each)

    @cached_property
    def types(self) -> frozenset[str]:
        """The types that it names, or that its keywords are about; none where it says nothing."""
        found: set[str] = set()
        for _, schema in self.parts:
            named = schema.get("type")
            found.update([named] if isinstance(named, str) else named or ())
            values = [schema["const"]] if "const" in schema else schema.get("enum", ())
            found.update("string" for value in values if isinstance(value, str))
        if not found:
            found.update({"object"} if self.members else ())
            found.update({"array"} if self.item is not None else ())
        return frozenset(found - {"null"})

    @cached_property
    def item(self) -> View | None:
        """The items of an array, where it says what they are."""
        for at, schema in self.parts:
            if isinstance(schema.get("items"), Mapping):
                return View(self.root, pointers.join(at, "items"))
        return None

    @cached_property
    def entries(self) -> View | None:
        """What the members of any name are, where it says what: those of a map."""
        for at, schema in self.parts:
            if schema.get("additionalProperties") and schema["additionalProperties"] is not True:
                return View(self.root, pointers.join(at, "additionalProperties"))
        return None

    @cached_property
    def values(self) -> tuple[Any, ...]:
        """The values of its enumeration; none where it has none."""
        enums = (schema.get("enum") for _, schema in self.parts)
        return tuple(next((each for each in enums if isinstance(each, list)), ()))

    @cached_property
    def formats(self) -> frozenset[str]:
        """The formats that it names."""
        found = (schema.get("format") for _, schema in self.parts)
        return frozenset(each for each in found if isinstance(each, str))

    @property
    def target(self) -> str:
        """Where the schema stands that it is, once its references are followed."""
        return follow(self.root, self.pointer)[0]

    @property
    def is_scalar(self) -> bool:
        """Whether it may be a text, a number or a boolean, and is neither object nor array."""
        return not self.types - _SCALARS and (bool(self.types) or not self.members)

    @property
    def has_scalars(self) -> bool:
        """Whether it may be a text, a number or a boolean, whatever it may be beside."""
        return self.is_scalar or bool(self.types & _SCALARS)

    @property
    def is_object(self) -> bool:
        """Whether it is an object of which members are known."""
        return bool(self.members) and "array" not in self.types

    @property
    def is_array(self) -> bool:
        """Whether it is an array, and never an object."""
        return "array" in self.types and not self.members

    def at(self, pointer: str) -> View | None:
        """What stands at *pointer* of an instance, through members and items of arrays."""
        view: View | None = self
        for token in pointers.split(pointer):
            if view is None:
                return None
            view = view.members.get(token) or (view.item if token.isdigit() else None)
        return view

    def inner(self, depth: int, at: str = "") -> Iterator[tuple[str, View]]:
        """What stands in it, *depth* members deep, with its pointer; what is further out first."""
        below = [(pointers.join(at, name), each) for name, each in self.members.items()]
        yield from below
        if depth > 1:
            for pointer, each in below:
                if each.is_object:
                    yield from each.inner(depth - 1, pointer)


@lru_cache(maxsize=4096)
def view_of(schema: Schema | None) -> View | None:
    """The view of *schema*; None where there is none."""
    if schema is None:
        return None
    return View(schema.schemas.drawn.prepared.root, schema.pointer)


def of_content(content: Iterable[MediaType]) -> View | None:
    """The view of a body's JSON; of another media type where none is JSON."""
    described = [each for each in content if each.schema is not None]
    found = next((each for each in described if each.is_json), next(iter(described), None))
    return view_of(found.schema) if found is not None else None


def of_request(operation: Operation) -> View | None:
    """The view of what is sent to *operation*."""
    body = operation.request_body
    return of_content(body.content) if body is not None else None


def of_answer(operation: Operation, status: int) -> View | None:
    """The view of what *operation* answers with *status*."""
    declared = operation.response(status)
    return of_content(declared.content) if declared is not None else None


def of_parameter(parameter: Parameter) -> View | None:
    """The view of the value of *parameter*."""
    content = parameter.content
    return view_of(parameter.schema or (content.schema if content is not None else None))


def values_of(parameter: Parameter) -> tuple[Any, ...]:
    """The values of which *parameter* is one, or has some; none where they are not told."""
    view = of_parameter(parameter)
    return (view.item or view).values if view is not None else ()


def is_list(parameter: Parameter) -> bool:
    """Whether *parameter* has several values."""
    view = of_parameter(parameter)
    return view is not None and view.is_array


def alike(one: View, other: View) -> bool:
    """Whether two schemas describe the same kind of thing: the same one, or mostly its members."""
    if one.target == other.target:
        return True
    names, others = set(one.members), set(other.members)
    if names == others:
        return bool(names)
    common = len(names & others)
    return common >= 2 and common >= 0.6 * min(len(names), len(others))


def fits(one: View | None, other: View | None) -> bool:
    """Whether a value of *one* may be one of *other*, as far as their types say."""
    if one is None or other is None or not one.types or not other.types:
        return True
    numbers = {"integer", "number"}
    shared = one.types & other.types or (one.types & numbers and other.types & numbers)
    # identifiers that are numbers are often declared as texts where they stand in a path
    return bool(shared) or (other.types == {"string"} and bool(one.types & numbers))
