"""A map of one document: every object in it, with its role, and what refers to what.

The walk follows the structure that OpenAPI gives a document (`troth.grammar`) and never a `$ref`,
so each written object is met once.  References are kept as edges, for the rules that ask where a
schema is used or which schemas describe the same instance.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from troth import pointer as pointers
from troth.document.grammar import children

#: The keywords whose subschemas an instance of the schema may have to meet itself.
IN_PLACE = ("allOf", "anyOf", "oneOf", "if", "then", "else", "dependentSchemas")


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_list(value: Any) -> bool:
    return isinstance(value, list)


def _is_map(value: Any) -> bool:
    return isinstance(value, dict)


def _is_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, str) for item in value)


def _is_type(value: Any) -> bool:
    return isinstance(value, str) or _is_names(value)


_WELL_FORMED: Mapping[str, Callable[[Any], bool]] = {
    **dict.fromkeys(
        (
            "$ref",
            "description",
            "format",
            "in",
            "name",
            "operationId",
            "pattern",
            "summary",
            "title",
        ),
        _is_text,
    ),
    **dict.fromkeys(("required", "tags"), _is_names),
    **dict.fromkeys(("allOf", "anyOf", "oneOf", "enum", "security", "x-codeSamples"), _is_list),
    **dict.fromkeys(
        ("content", "discriminator", "patternProperties", "properties", "responses"), _is_map
    ),
    "type": _is_type,
}


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One object of the document: *edge* is how its parent holds it (`("properties", "stream")`).

    *value* is a mapping, or a boolean where a schema is one.
    """

    role: str
    pointer: str
    value: Any
    parent: Node | None = None
    edge: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Any:
        """Read one member; None when it is absent, or not of the type that it has to be.

        That a keyword is malformed is for one rule to say, and for the others to survive.
        """
        value = self.value.get(name) if isinstance(self.value, dict) else None
        fits = _WELL_FORMED.get(name)
        return value if fits is None or fits(value) else None

    @property
    def description(self) -> str:
        """Its description, on one line."""
        text = self["description"]
        return " ".join(text.split()) if isinstance(text, str) else ""

    @property
    def name(self) -> str:
        """The last token of the pointer: a property's, a component's, a media type's name."""
        return pointers.split(self.pointer)[-1] if self.pointer else ""

    @property
    def reference(self) -> str | None:
        """The pointer that its `$ref` names, when it has one into this document."""
        target = self["$ref"]
        if isinstance(target, str) and target.startswith("#"):
            return pointers.from_fragment(target[1:])
        return None

    @property
    def is_property(self) -> bool:
        """Whether it is the schema of a declared member."""
        return self.role == "schema" and self.edge[:1] == ("properties",)


def walk(root: Mapping[str, Any]) -> Iterator[Node]:
    """Meet every object of the document once, parents first, in the order of the document."""
    pending = [Node("openapi", "", root)]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(list(_children(node))))


def _children(node: Node) -> Iterator[Node]:
    if not isinstance(node.value, dict):
        return
    depth = len(node.pointer)
    for value, pointer, role, _ in children(node.value, node.pointer, node.role):
        if isinstance(value, dict) or (role == "schema" and isinstance(value, bool)):
            yield Node(role, pointer, value, node, pointers.split(pointer[depth:]))
