"""The one walk over schemas: which subschemas a schema has, and which describe the same instance.

The rows, keyword by keyword, are `grammar.APPLICATORS` (references are bundled by them before
there is a schema); a new keyword is one row there.  Nothing here judges: what is malformed holds
no subschemas, and `document` or lint says so.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from troth import pointer as pointers
from troth.document.grammar import APPLICATORS as APPLICATORS
from troth.document.grammar import IN_PLACE as IN_PLACE

Tokens = tuple[str | int, ...]

#: Those that combine whole schemas by logic, `not` left out (JSON Schema 2020-12 §10.2.1).
COMBINATORS = ("allOf", "anyOf", "oneOf")
#: Those whose subschemas hold nothing to themselves: only references apply them.
DEFINITIONS = ("$defs", "definitions")
#: Those whose subschemas an instance of the schema may have to meet itself.
MAY_HOLD = tuple(keyword for keyword in IN_PLACE if keyword != "not")


def below(schema: Mapping[str, Any], keyword: str) -> list[tuple[Tokens, Any]]:
    """The subschemas that *keyword* of *schema* holds, each with the tokens that lead to it."""
    value = schema.get(keyword)
    if isinstance(value, list) and APPLICATORS[keyword].shape != "names":
        # `items` was an array, too, before 2020-12
        return [((keyword, index), item) for index, item in enumerate(value) if _is_schema(item)]
    if APPLICATORS[keyword].shape == "one":
        return [((keyword,), value)] if _is_schema(value) else []
    if APPLICATORS[keyword].shape == "names" and isinstance(value, Mapping):
        return [((keyword, name), item) for name, item in value.items() if _is_schema(item)]
    return []


def children(schema: Any) -> Iterator[tuple[Tokens, Any]]:
    """The subschemas of *schema* with the tokens that lead to them, in the order of the schema."""
    if isinstance(schema, Mapping):
        for keyword in schema:
            if keyword in APPLICATORS:
                yield from below(schema, keyword)


def walk(root: Any, pointer: str = "") -> Iterator[tuple[str, Any]]:
    """The schema at *pointer* of *root* and every schema in it, with their pointers.

    Parents first, in the order of the document; references are not followed.
    """
    waiting = [(pointer, pointers.resolve(root, pointer))]
    while waiting:
        at, schema = waiting.pop()
        yield at, schema
        inner = [(pointers.join(at, *tokens), each) for tokens, each in children(schema)]
        waiting += reversed(inner)


def reference(schema: Any, keyword: str = "$ref") -> str | None:
    """The pointer that the `$ref` of *schema* is, if it leads into the same document."""
    written = schema.get(keyword) if isinstance(schema, Mapping) else None
    if isinstance(written, str) and written.startswith("#"):
        return pointers.from_fragment(written[1:])
    return None


def resolve(root: Any, schema: Any, keyword: str = "$ref") -> tuple[str, Any] | None:
    """Where the `$ref` of *schema* leads to in *root*, and what is there; None if nothing is."""
    pointer = reference(schema, keyword)
    if pointer is None:
        return None
    try:
        return pointer, pointers.resolve(root, pointer)
    except (KeyError, ValueError):  # `document` reports a dangling reference
        return None


def follow(root: Any, pointer: str) -> tuple[str, Any]:
    """The schema that the one at *pointer* is when its `$ref`s are followed, and where it is.

    What stands beside a `$ref` is passed over.  A circle ends where it began.
    """
    seen = {pointer}
    schema = pointers.find(root, pointer)
    while (target := resolve(root, schema)) is not None:
        pointer, schema = target
        if pointer in seen:
            break
        seen.add(pointer)
    return pointer, schema


def applying(
    root: Any, starts: Iterable[tuple[str, Any]], *, keywords: Collection[str] = MAY_HOLD
) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """The schemas *starts*, and those that they apply to the same instance, each once.

    References into *root* are followed, and the in-place *keywords*; of several branches the
    last one comes first.
    """
    seen: set[int] = set()
    waiting = list(starts)[::-1]
    while waiting:
        at, schema = waiting.pop()
        if not isinstance(schema, Mapping) or id(schema) in seen:
            continue
        seen.add(id(schema))
        yield at, schema
        target = resolve(root, schema)
        if target is not None:
            waiting.append(target)
        for keyword in keywords:
            if keyword in schema:
                waiting += [
                    (pointers.join(at, *tokens), each) for tokens, each in below(schema, keyword)
                ]


def _is_schema(value: Any) -> bool:
    return isinstance(value, (Mapping, bool))
