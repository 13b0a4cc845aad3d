"""Which parts of a request's schema there are, and which a request exercises: for the report.

A member is its pointer with `*` for any item.  A branch of a oneOf or anyOf is `branch:` before
its pointer into the document, a keyword that had a value of its type to judge `keyword:`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from troth import pointer as pointers
from troth.conformance.cases import Subject
from troth.generation.requests import body_schema
from troth.openapi.operation import Operation
from troth.schema.applicators import below, follow
from troth.schema.schema import Schema, Schemas

#: A body may be large; the account of a run need not be.
_MOST = 400
_DEEPEST = 12
_ITEMS = 4
_BRANCHING = ("oneOf", "anyOf")

Kinds = type | tuple[type, ...] | None
#: The keywords that judge a value, by the type that they judge; None: any.
_KEYWORDS: tuple[tuple[Kinds, str], ...] = (
    (None, "type enum const"),
    (dict, "required properties additionalProperties propertyNames minProperties maxProperties"),
    (list, "items minItems maxItems uniqueItems"),
    (str, "minLength maxLength pattern"),
    ((int, float), "minimum maximum exclusiveMinimum exclusiveMaximum multipleOf"),
    (None, "oneOf anyOf if not"),
)


@dataclass(frozen=True, slots=True)
class _Node:
    """One schema object as a walk needs it: where it stands, and where it leads."""

    pointer: str
    keywords: tuple[tuple[str, Kinds], ...]
    applied: tuple[str, ...]
    branches: tuple[str, ...]
    members: Mapping[str, str]
    others: str | None
    items: str | None


_nodes: WeakKeyDictionary[Schemas, dict[str, _Node | None]] = WeakKeyDictionary()


def covered(subject: Subject | None, value: Any) -> tuple[str, ...]:
    """What of the request's schema the body *value* exercises, without repetition."""
    if subject is None or subject.made is None or value is None:
        return ()
    walk = _Walk(subject.made.schema.schemas)
    walk.visit(subject.made.schema.pointer, value, "", 0)
    return tuple(walk.covered)


def declared(operation: Operation) -> dict[str, Sequence[str]]:
    """What there is to exercise: `statuses`, `members`, `branches` and `keywords`."""
    statuses = [response.status for response in operation.responses]
    schema = body_schema(operation)
    if schema is None:
        return {"statuses": statuses}
    parts = list(dict.fromkeys(_all(schema)))[: 4 * _MOST]
    return {
        "statuses": statuses,
        "members": [one for one in parts if not one.startswith(("branch:", "keyword:"))],
        "branches": [one[7:] for one in parts if one.startswith("branch:")],
        "keywords": [one[8:] for one in parts if one.startswith("keyword:")],
    }


@dataclass(slots=True)
class _Walk:
    """One walk over a value and its schemas."""

    schemas: Schemas
    covered: dict[str, None] = field(default_factory=dict)

    def visit(self, at: str, value: Any, place: str, depth: int) -> None:
        """Note what *value*, at *place*, exercises of the schema *at*."""
        node = _node(self.schemas, at)
        if node is None or depth > _DEEPEST or len(self.covered) >= _MOST:
            return
        self.covered[place] = None
        for keyword, kinds in node.keywords:
            if kinds is None or (isinstance(value, kinds) and not isinstance(value, bool)):
                self.covered[f"keyword:{node.pointer}/{keyword}"] = None
        for applied in node.applied:
            self.visit(applied, value, place, depth + 1)
        for branch in node.branches:
            if _accepts(self.schemas.at(branch), value):
                self.covered[f"branch:{branch}"] = None
                self.visit(branch, value, place, depth + 1)
        if isinstance(value, dict):
            for name, item in value.items():
                inner = node.members.get(name, node.others)
                if inner is not None:
                    named = name if name in node.members else "*"
                    self.visit(inner, item, f"{place}/{pointers.escape(named)}", depth + 1)
        elif isinstance(value, list) and node.items is not None:
            for item in value[:_ITEMS]:
                self.visit(node.items, item, f"{place}/*", depth + 1)


def _all(schema: Schema) -> Iterator[str]:
    """Everything that a walk could find, each schema followed once on a way down."""
    waiting: list[tuple[str, str, tuple[str, ...]]] = [(schema.pointer, "", ())]
    while waiting:
        at, place, above = waiting.pop(0)
        node = _node(schema.schemas, at)
        if node is None or node.pointer in above:
            continue
        yield place
        yield from (f"keyword:{node.pointer}/{keyword}" for keyword, _ in node.keywords)
        yield from (f"branch:{branch}" for branch in node.branches)
        way = (*above, node.pointer)
        waiting += [(inner, place, way) for inner in (*node.applied, *node.branches)]
        waiting += [
            (inner, f"{place}/{pointers.escape(name)}", way) for name, inner in node.members.items()
        ]
        waiting += [(inner, f"{place}/*", way) for inner in (node.others, node.items) if inner]


def _accepts(schema: Schema, value: Any) -> bool:
    try:
        return schema.is_valid(value)
    except (ValueError, UnicodeError):
        return False


def _node(schemas: Schemas, at: str) -> _Node | None:
    known = _nodes.setdefault(schemas, {})
    if at not in known:
        known[at] = _read(schemas, at)
    return known[at]


def _read(schemas: Schemas, at: str) -> _Node | None:
    at, schema = follow(schemas.document.root, at)
    if not isinstance(schema, dict):
        return None

    def at_of(keyword: str) -> tuple[str, ...]:
        inner = below(schema, keyword) if keyword in schema else ()
        return tuple(pointers.join(at, *tokens) for tokens, _ in inner)

    properties = below(schema, "properties") if "properties" in schema else ()
    return _Node(
        pointer=at,
        keywords=tuple(
            (word, kinds) for kinds, words in _KEYWORDS for word in words.split() if word in schema
        ),
        applied=at_of("allOf"),
        branches=tuple(branch for keyword in _BRANCHING for branch in at_of(keyword)),
        members={str(tokens[-1]): pointers.join(at, *tokens) for tokens, _ in properties},
        others=_one(schema, at, "additionalProperties"),
        items=_one(schema, at, "items"),
    )


def _one(schema: Mapping[str, Any], at: str, keyword: str) -> str | None:
    return f"{at}/{keyword}" if isinstance(schema.get(keyword), dict) else None
