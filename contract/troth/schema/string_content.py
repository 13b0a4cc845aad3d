"""JSON inside strings: `contentMediaType: application/json` with a `contentSchema`.

JSON Schema 2020-12 §8 leaves it to applications to look inside.  OpenAPI 3.2 needs it for event
streams, whose `data` is such a string.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from troth import pointer as pointers
from troth.http import json_text, media_type
from troth.schema.applicators import IN_PLACE, applying

#: Encodings that leave a text as it is (RFC 2045 §6.2); any other hides the JSON from us.
_PLAIN = frozenset({None, "7bit", "8bit", "binary"})
_BRANCHING = frozenset({*IN_PLACE, "patternProperties"} - {"allOf"})


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


def is_json(schema: Mapping[str, Any]) -> bool:
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


def _parts(root: Any, to_see: list[str]) -> list[tuple[str, Mapping[str, Any]]] | None:
    """The schemas at the pointers *to_see* and what they always include; None if any branches."""
    starts = [(at, pointers.resolve(root, at)) for at in to_see]
    parts = list(applying(root, starts, keywords=("allOf",)))
    return None if any(schema.keys() & _BRANCHING for _, schema in parts) else parts
