"""What may be asked of a JSON Schema that arrives by itself: in a request, from a stranger.

A tool's `parameters` or a `json_schema` is compiled and instantiated on the spot, so it must be
small, refer only into itself, and be of a draft that the engine speaks.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from troth import pointer as pointers
from troth.document.grammar import JSON_SCHEMA_2020_12
from troth.errors import Place, SpecError, TrothError
from troth.http import json_text
from troth.schema import messages
from troth.schema.applicators import IN_PLACE, below
from troth.schema.data_model import type_of
from troth.schema.schema import Schema, Schemas
from troth.schema.validators import DRAFTS, Uncompilable

#: Members whose value is data, in which `$ref` means nothing.
_DATA = frozenset({"const", "default", "enum", "example", "examples"})


@dataclass(frozen=True, slots=True)
class Budget:
    """How large a schema may be.

    *nodes* and *depth* of its JSON; *patterns*: how many, and *letters* of all of them; *steps*:
    the schemas that one value is held to when every reference is followed.
    """

    nodes: int = 20_000
    depth: int = 64
    patterns: int = 32
    letters: int = 10_000
    steps: int = 20_000


class UnusableSchema(TrothError):
    """A schema that arrived by itself cannot be used.

    *reason* is one of `not-a-schema`, `unknown-draft`, `remote-reference`, `dangling-reference`,
    `endless-reference`, `too-large`, `too-deep`, `bad-pattern`; *pointer* leads into the schema;
    *sentence* says what is wrong.
    """

    reason: str
    sentence: str
    pointer: str = ""

    def __str__(self) -> str:
        return f"{self.sentence} (at {self.pointer})" if self.pointer else self.sentence


def _has_many_patterns(schema: Any) -> bool:
    """Whether *schema* is too costly to be kept once it has been used."""
    return sum(len(_patterns(node)) for _, node in _nodes(schema, "")) > 8


def _draft_of(schema: Any, budget: Budget) -> str:
    """The URI of the draft of *schema*, whose references stay inside it.  Raises UnusableSchema."""
    if not isinstance(schema, (dict, bool)):
        sentence = f"a JSON Schema is an object or a boolean, not {messages.a(type_of(schema))}"
        raise UnusableSchema("not-a-schema", sentence)
    _measure(schema, budget)
    declared = schema.get("$schema") if isinstance(schema, dict) else None
    draft = JSON_SCHEMA_2020_12 if declared is None else _draft(declared)
    nodes = list(_nodes(schema, ""))
    names = {name for _, node in nodes for name in _names(node)}
    edges = {
        at: [
            pointers.join(at, *tokens)
            for keyword in IN_PLACE
            if keyword in node
            for tokens, _ in below(node, keyword)
        ]
        for at, node in nodes
    }
    for at, node in nodes:
        for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
            if keyword in node and not isinstance(node[keyword], dict):
                target = _target(schema, node[keyword], f"{at}/{keyword}", names)
                if target is not None:
                    edges[at].append(target)
    _measure_unfolding(edges, budget)
    return draft


def _draft(declared: Any) -> str:
    draft = declared.removesuffix("#") if isinstance(declared, str) else ""
    if draft not in DRAFTS:
        sentence = f"the draft {messages.show(declared)} is not one that is spoken here"
        raise UnusableSchema("unknown-draft", sentence, pointer="/$schema")
    return draft


def _measure(schema: Any, budget: Budget) -> None:
    nodes = 0
    patterns: list[str] = []
    level = [schema]
    depth = 0
    while level:
        depth += 1
        nodes += len(level)
        if depth > budget.depth:
            raise UnusableSchema("too-deep", f"the schema nests deeper than {budget.depth} levels")
        below: list[Any] = []
        for node in level:
            if isinstance(node, dict):
                below += node.values()
                patterns += _patterns(node)
            elif isinstance(node, (list, tuple)):
                below += node
        if nodes + len(below) > budget.nodes:
            raise UnusableSchema("too-large", f"the schema has more than {budget.nodes} nodes")
        level = below
    if len(patterns) > budget.patterns:
        raise UnusableSchema("too-large", f"the schema has more than {budget.patterns} patterns")
    if sum(map(len, patterns)) > budget.letters:
        sentence = f"the patterns of the schema have more than {budget.letters} characters"
        raise UnusableSchema("too-large", sentence)


def _patterns(node: dict[str, Any]) -> list[str]:
    keys = node.get("patternProperties")
    patterns = [key for key in keys if isinstance(key, str)] if isinstance(keys, dict) else []
    return [*patterns, node["pattern"]] if isinstance(node.get("pattern"), str) else patterns


def _nodes(node: Any, at: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """The objects of a schema that may be schemas, each with its pointer."""
    if isinstance(node, dict):
        yield at, node
        for name, value in node.items():
            if name not in _DATA or at.endswith("/properties"):
                yield from _nodes(value, pointers.join(at, name))
    elif isinstance(node, list):
        for index, value in enumerate(node):
            yield from _nodes(value, f"{at}/{index}")


def _names(node: dict[str, Any]) -> Iterator[str]:
    for keyword in ("$id", "id"):
        if isinstance(node.get(keyword), str):
            yield node[keyword].removesuffix("#")
            if node[keyword].startswith("#"):
                yield node[keyword]
    for keyword in ("$anchor", "$dynamicAnchor"):
        if isinstance(node.get(keyword), str):
            yield f"#{node[keyword]}"


def _target(schema: Any, reference: Any, at: str, names: set[str]) -> str | None:
    """The pointer that *reference* leads to, or None where the engine finds it by name."""
    if not isinstance(reference, str):
        raise UnusableSchema("not-a-schema", "a $ref must be a string", pointer=at)
    document, _, raw = reference.partition("#")
    if (document and document in names) or f"#{raw}" in names:
        return None
    if document:
        sentence = (
            f"{messages.show(reference)} leads outside the schema, and nothing is ever fetched"
        )
        raise UnusableSchema("remote-reference", sentence, pointer=at)
    pointer = pointers.from_fragment(raw)
    try:
        pointers.resolve(schema, pointer)
    except (KeyError, ValueError):
        sentence = f"{messages.show(reference)} points nowhere in the schema"
        raise UnusableSchema("dangling-reference", sentence, pointer=at) from None
    return pointer


def _measure_unfolding(edges: dict[str, list[str]], budget: Budget) -> None:
    """Refuse what no value takes apart and never ends, or ends after too many steps.

    Twenty definitions that each refer twice to the next one are a million schemas.
    """
    steps: dict[str, int] = {}
    for start in edges:
        open_: set[str] = set()
        to_see = [start]
        while to_see:
            at = to_see[-1]
            below = edges.get(at, [])
            if at in steps:
                to_see.pop()
            elif at in open_:
                open_.discard(at)
                to_see.pop()
                steps[at] = 1 + sum(steps[each] for each in below)
            else:
                open_.add(at)
                to_see += [each for each in below if each not in steps]
                if any(each in open_ for each in below):
                    sentence = "the references lead in a circle that takes no value apart"
                    raise UnusableSchema("endless-reference", sentence, pointer=at)
            if steps.get(at, 0) > budget.steps:
                sentence = f"one value would be held to more than {budget.steps} schemas"
                raise UnusableSchema("too-large", sentence, pointer=at)


@dataclass(frozen=True, slots=True)
class _Alone:
    """A schema that no document holds."""

    root: Any
    openapi: str = ""

    def place(self, pointer: str) -> Place | None:
        """Nowhere: it came in a message."""
        return None


_embedded: OrderedDict[bytes, Schema] = OrderedDict()
_embedded_lock = threading.Lock()
_MOST_EMBEDDED = 64


def embedded(schema: Any, *, budget: Budget | None = None) -> Schema:
    """Compile a JSON Schema that arrived by itself (a tool's parameters, a json_schema).

    Its references stay inside it; drafts 4, 6, 7, 2019-09 and 2020-12 are spoken.  The same
    schema, whatever the order of its members, is compiled once, in canonical order: what is made
    from it does not depend on who sent it first.  Raises UnusableSchema.
    """
    draft = _draft_of(schema, budget or Budget())
    try:
        key = json_text.canonical(schema)
        ordered = json_text.decode(key)
    except (ValueError, TypeError, json_text.BadJson) as error:
        sentence = "the schema holds what JSON cannot (a lone surrogate, say)"
        raise UnusableSchema("not-a-schema", sentence) from error
    with _embedded_lock:
        compiled = _embedded.get(key)
        if compiled is not None:
            _embedded.move_to_end(key)
            return compiled
    compiled = _compile_embedded(ordered, draft)
    if _has_many_patterns(ordered):
        return compiled  # a megabyte or more of automata
    with _embedded_lock:
        _embedded[key] = compiled
        while len(_embedded) > _MOST_EMBEDDED:
            _embedded.popitem(last=False)
    return compiled


def _compile_embedded(schema: Any, draft: str) -> Schema:
    try:
        schemas = Schemas(_Alone(schema), draft=draft)
        fault = next(schemas.engine.faults(), None)
        if fault is not None:
            raise fault
        return schemas.at("")
    except (Uncompilable, SpecError) as fault:
        raise _unusable(fault.fault, fault.pointer) from fault


def _unusable(fault: str, pointer: str) -> UnusableSchema:
    reason = "bad-pattern" if fault.startswith("the pattern") else "not-a-schema"
    return UnusableSchema(reason, fault, pointer=pointer)
