"""What a reference leads into: files, and schemas that declare a URI of their own.

JSON Schema 2020-12 §8.2: `$id` gives a schema its own base URI, `$anchor` a node a plain name.
Both are resolved here, at load; afterwards references are pointers and neither is needed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag, urljoin, urlsplit

from troth import pointer as json_pointer


@dataclass(frozen=True, slots=True, eq=False)
class Resource:
    """A tree that a reference without a path leads into.

    *at* is its pointer in the bundled tree, *path* the file that it is written in, *base* its URI
    if it declares one.  *settled*: its own references are pointers into the bundled tree already.
    """

    value: Any
    at: str
    path: Path | None
    base: str = ""
    settled: bool = False


@dataclass(slots=True, eq=False)
class Identifiers:
    """The `$id`s and anchors met so far."""

    owned: dict[int, Resource] = field(default_factory=dict)
    anchors: dict[int, dict[str, str]] = field(default_factory=dict)
    declaring: list[dict[str, Any]] = field(default_factory=list)

    def own(self, schema: dict[str, Any], at: str, resource: Resource) -> Resource:
        """The resource of *schema*: its own if it has an `$id`, else the one around it."""
        if not isinstance(uri := schema.get("$id"), str) or uri.startswith("#"):
            return resource
        known = self.owned.get(id(schema))
        if known is None:
            try:
                urlsplit(uri)
                base = urldefrag(urljoin(resource.base, uri)).url
            except ValueError:
                return resource  # no URI: nothing can refer to it
            known = self.owned[id(schema)] = Resource(schema, at, resource.path, base)
        return known

    def collect(self, resource: Resource, into: dict[str, Resource]) -> None:
        """Enter the URIs of *resource* and of all schemas inside it."""
        if resource.base:
            into.setdefault(resource.base, resource)
        for value, pointer in _dicts(resource.value, ""):
            if "$id" in value and value is not resource.value:
                inner = self.own(value, resource.at + pointer, resource)
                if inner is not resource:
                    self.collect(inner, into)

    def anchors_of(self, resource: Resource) -> dict[str, str]:
        """The plain names of *resource*, and the pointer of each inside it."""
        known = self.anchors.get(id(resource.value))
        if known is None:
            known = self.anchors[id(resource.value)] = {}
            for value, pointer in _dicts(resource.value, ""):
                for keyword in ("$anchor", "$dynamicAnchor"):
                    if isinstance(name := value.get(keyword), str):
                        known.setdefault(name, pointer)
        return known

    def forget(self) -> None:
        """Drop the URIs: under one, a pointer into the whole tree would lead elsewhere."""
        for schema in self.declaring:
            schema.pop("$id", None)


def _dicts(value: Any, pointer: str) -> list[tuple[dict[str, Any], str]]:
    """All objects in *value*, itself included, that are not inside a nested `$id`."""
    found: list[tuple[dict[str, Any], str]] = []
    ahead: list[tuple[Any, str, bool]] = [(value, pointer, True)]
    while ahead:
        item, at, is_top = ahead.pop()
        if isinstance(item, dict):
            found.append((item, at))
            if not is_top and isinstance(item.get("$id"), str):
                continue
            inner = [(held, json_pointer.join(at, key), False) for key, held in item.items()]
            ahead.extend(reversed(inner))
        elif isinstance(item, list):
            inner = [(held, json_pointer.join(at, key), False) for key, held in enumerate(item)]
            ahead.extend(reversed(inner))
    return found
