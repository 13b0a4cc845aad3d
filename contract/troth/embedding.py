"""What may be asked of a JSON Schema that arrives by itself: in a request, from a stranger.

A tool's `parameters` or a `json_schema` is compiled and instantiated on the spot, so it must be
small, refer only into itself, and be of a draft that the engine speaks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from troth import pointer as pointers
from troth import wording
from troth.errors import TrothError
from troth.validators import DRAFTS, LATEST

#: Members whose value is data, in which `$ref` means nothing.
_DATA = frozenset({"const", "default", "enum", "example", "examples"})


@dataclass(frozen=True, slots=True)
class Budget:
    """How large a schema may be: its nodes, its nesting, the characters of all its patterns."""

    nodes: int = 20_000
    depth: int = 64
    patterns: int = 10_000


class UnusableSchema(TrothError):
    """A schema that arrived by itself cannot be used.

    *reason* is one of `not-a-schema`, `unknown-draft`, `remote-reference`, `dangling-reference`,
    `endless-reference`, `too-large`, `too-deep`, `bad-pattern`; *pointer* leads into the schema;
    *sentence* says what is wrong.
    """

    def __init__(self, reason: str, sentence: str, *, pointer: str = "") -> None:
        super().__init__(reason, sentence, pointer)
        self.reason = reason
        self.sentence = sentence
        self.pointer = pointer

    def __str__(self) -> str:
        return f"{self.sentence} (at {self.pointer})" if self.pointer else self.sentence


def draft_of(schema: Any, budget: Budget) -> str:
    """The URI of the draft of *schema*, all of whose references stay inside it.

    Raises UnusableSchema.
    """
    if not isinstance(schema, (dict, bool)):
        said = f"a JSON Schema is an object or a boolean, not {wording.a(wording.type_of(schema))}"
        raise UnusableSchema("not-a-schema", said)
    _measure(schema, budget)
    declared = schema.get("$schema") if isinstance(schema, dict) else None
    draft = LATEST if declared is None else _draft(declared)
    nodes = list(_nodes(schema, ""))
    names = {name for _, node in nodes for name in _names(node)}
    edges: dict[str, str] = {}
    for at, node in nodes:
        for keyword in ("$ref", "$dynamicRef", "$recursiveRef"):
            if keyword in node and not isinstance(node[keyword], dict):
                target = _target(schema, node[keyword], f"{at}/{keyword}", names)
                if target is not None:
                    edges[at] = target
    _refuse_endless(edges)
    return draft


def _draft(declared: Any) -> str:
    draft = declared.removesuffix("#") if isinstance(declared, str) else ""
    if draft not in DRAFTS:
        said = f"the draft {wording.show(declared)} is not one that is spoken here"
        raise UnusableSchema("unknown-draft", said, pointer="/$schema")
    return draft


def _measure(schema: Any, budget: Budget) -> None:
    nodes = patterns = 0
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
                patterns += _pattern_size(node)
            elif isinstance(node, (list, tuple)):
                below += node
        if nodes + len(below) > budget.nodes:
            raise UnusableSchema("too-large", f"the schema has more than {budget.nodes} nodes")
        level = below
    if patterns > budget.patterns:
        said = f"the patterns of the schema have more than {budget.patterns} characters"
        raise UnusableSchema("too-large", said)


def _pattern_size(node: dict[str, Any]) -> int:
    size = len(node["pattern"]) if isinstance(node.get("pattern"), str) else 0
    keys = node.get("patternProperties")
    return size + (sum(len(str(key)) for key in keys) if isinstance(keys, dict) else 0)


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
        said = f"{wording.show(reference)} leads outside the schema, and nothing is ever fetched"
        raise UnusableSchema("remote-reference", said, pointer=at)
    pointer = pointers.from_fragment(raw)
    try:
        pointers.resolve(schema, pointer)
    except (KeyError, ValueError):
        said = f"{wording.show(reference)} points nowhere in the schema"
        raise UnusableSchema("dangling-reference", said, pointer=at) from None
    return pointer


def _refuse_endless(edges: dict[str, str]) -> None:
    """Refuse references that lead round in a circle through nothing but references."""
    for start in edges:
        at, seen = start, {start}
        while at in edges:
            at = edges[at]
            if at in seen:
                said = "the references lead in a circle that takes no value apart"
                raise UnusableSchema("endless-reference", said, pointer=f"{start}/$ref")
            seen.add(at)
