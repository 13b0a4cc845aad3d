"""A value of a document with its pointer: members are read as the type that OpenAPI gives them.

What holds another type is a fault of the document, told with its place; whether the document is a
good one beyond that is `lint`'s to say.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from troth import pointer
from troth.document.document import Document
from troth.document.spec_errors import WrongType, name_of

_WORDS = {str: "a string", bool: "a boolean", list: "an array", dict: "an object"}


@dataclass(frozen=True, slots=True)
class Node:
    """An object of *document*: *value* stands at *pointer*."""

    document: Document
    value: dict[str, Any]
    pointer: str

    def at(self, *tokens: str | int) -> str:
        """The pointer of what stands at *tokens* below this object."""
        return pointer.join(self.pointer, *tokens)

    def text(self, member: str, default: str = "") -> str:
        """The string at *member*, or *default* where there is none."""
        found: str = self._read(member, str, default)
        return found

    def flag(self, member: str, *, default: bool = False) -> bool:
        """The boolean at *member*, or *default* where there is none."""
        found: bool = self._read(member, bool, default)
        return found

    def texts(self, member: str) -> tuple[str, ...]:
        """The strings in the array at *member*."""
        found: list[Any] = self._read(member, list, [])
        for index, value in enumerate(found):
            if not isinstance(value, str):
                said = f"expected a string, found {name_of(value)}"
                raise self.fault(said, member, index)
        return tuple(found)

    def prose(self, member: str) -> str:
        """The text at *member*, if it is one: nothing depends on it."""
        found = self.value.get(member)
        return found if isinstance(found, str) else ""

    def needed(self, member: str) -> str:
        """The string at *member*, without which the object means nothing."""
        if member not in self.value:
            raise self.fault(f"the member {member!r} is missing")
        return self.text(member)

    def members(self, member: str, *, patterned: bool = False) -> Iterator[tuple[str, Node]]:
        """The objects that the object at *member* holds, by name; *patterned*: but extensions."""
        for name, value in self._read(member, dict, {}).items():
            if not (patterned and name.startswith("x-")):
                yield name, self._node(value, self.at(member, name))

    def items(self, member: str) -> Iterator[Node]:
        """The objects in the array at *member*."""
        for index, value in enumerate(self._read(member, list, [])):
            yield self._node(value, self.at(member, index))

    def one(self, member: str) -> Node | None:
        """The object at *member*, if there is one."""
        return self._node(self.value[member], self.at(member)) if member in self.value else None

    def followed(self) -> Node:
        """The object that a Reference Object stands for; this very object, if it is none.

        Only for what OpenAPI lets be a Reference Object: there `document` has ruled out references
        that lead nowhere or round in circles.
        """
        at, value = self.pointer, self.value
        while isinstance(value.get("$ref"), str):
            at = pointer.from_fragment(value["$ref"].removeprefix("#"))
            value = pointer.resolve(self.document.root, at)
        return Node(self.document, value, at)

    def fault(self, said: str, *tokens: str | int, advice: str = "") -> WrongType:
        """The fault of what stands at *tokens* below this object."""
        at = self.at(*tokens)
        return WrongType(said, place=self.document.place(at), pointer=at, advice=advice)

    def _node(self, value: Any, at: str) -> Node:
        if isinstance(value, dict):
            return Node(self.document, value, at)
        said = f"expected an object, found {name_of(value)}"
        raise WrongType(said, place=self.document.place(at), pointer=at)

    def _read(self, member: str, kind: type, default: Any) -> Any:
        value = self.value.get(member, default)
        if isinstance(value, kind):
            return value
        raise self.fault(f"expected {_WORDS[kind]}, found {name_of(value)}", member)


def root(document: Document) -> Node:
    """The document itself."""
    return Node(document, document.root, "")
