"""JSON inside strings: `contentMediaType: application/json` with a `contentSchema`.

JSON Schema 2020-12 §8 leaves it to applications to look inside.  OpenAPI 3.2 needs it for event
streams, whose `data` is such a string.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from troth import pointer as pointers
from troth.http import json_text, media_type

#: Encodings that leave a text as it is (RFC 2045 §6.2); any other hides the JSON from us.
_PLAIN = frozenset({None, "7bit", "8bit", "binary"})
_BRANCHING = frozenset("oneOf anyOf not if then else dependentSchemas patternProperties".split())  # noqa: SIM905 — one word list reads better than quoted words


class Unfit(ValueError):
    """The content of a string is not what its contentSchema asks for."""


def keyword(is_fit: Callable[[str, str], bool]) -> type:
    """A `contentSchema` keyword for jsonschema-rs that asks *is_fit(pointer, text)*."""

    class ContentSchema:
        """Holds the content of a string to the schema at one pointer."""

        def __init__(
            self, parent_schema: dict[str, Any], value: Any, schema_path: list[str | int]
        ) -> None:
            self._pointer = pointers.of(schema_path) if is_json(parent_schema) else None

        def validate(self, instance: Any) -> None:
            """Raise Unfit for a string whose content does not fit; other types hold no content."""
            pointer = self._pointer
            if pointer is not None and isinstance(instance, str) and not is_fit(pointer, instance):
                raise Unfit

    return ContentSchema


def is_json(schema: dict[str, Any]) -> bool:
    """Whether *schema* says that its strings hold plain JSON."""
    said = schema.get("contentMediaType")
    return (
        isinstance(said, str)
        and media_type.is_json(said)
        and schema.get("contentEncoding") in _PLAIN
    )


def parse(text: str) -> Any:
    """The JSON in *text*; raises json_text.BadJson."""
    return json_text.decode(text.encode("utf-8", "surrogatepass"))


def of_member(root: Any, pointer: str, member: str) -> str | None:
    """The pointer of the only contentSchema that holds for *member* of the schema at *pointer*.

    None where there is none or more than one, or where a branch or a condition may add another.
    """
    values = _parts(root, [pointer])
    if values is None:
        return None
    properties = [
        pointers.join(at, "properties", member)
        for at, schema in values
        if isinstance(schema.get("properties"), dict) and member in schema["properties"]
    ]
    parts = _parts(root, properties)
    found = [at for at, schema in parts or () if "contentSchema" in schema and is_json(schema)]
    return f"{found[0]}/contentSchema" if len(found) == 1 else None


def _parts(root: Any, to_see: list[str]) -> list[tuple[str, dict[str, Any]]] | None:
    """The schemas at the pointers *to_see* and what they always include; None if any branches."""
    seen: dict[str, dict[str, Any]] = {}
    to_see = list(to_see)
    while to_see:
        at = to_see.pop()
        schema = pointers.resolve(root, at)
        if at in seen or not isinstance(schema, dict):
            continue
        if schema.keys() & _BRANCHING:
            return None
        seen[at] = schema
        if isinstance(schema.get("$ref"), str):
            to_see.append(pointers.from_fragment(schema["$ref"].removeprefix("#")))
        if isinstance(schema.get("allOf"), list):
            to_see += [f"{at}/allOf/{index}" for index in range(len(schema["allOf"]))]
    return list(seen.items())
