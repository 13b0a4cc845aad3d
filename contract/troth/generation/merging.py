"""The conjunction of several schemas as one shape: references followed, `allOf` merged."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from troth import pointer
from troth.generation.fast_source import Dead
from troth.generation.node_shapes import (
    ALL,
    KEYWORD_TYPE,
    TYPES,
    Choice,
    Shape,
    Source,
    merge_array,
    merge_object,
    merge_scalars,
)


class Merger:
    """Merges schemas of one document: knows its root, for references.

    Synthetic schemas (negations, mostly) are remembered, so that the same schema always yields
    the same objects and positions stay comparable by identity.
    """

    def __init__(self, root: Any) -> None:
        self.root = root
        self._negated: dict[int, list[list[Source]]] = {}
        self._alternatives: dict[tuple[int, str], list[list[Source]]] = {}
        self._anchors: dict[str, Source] | None = None

    def merge(self, sources: Sequence[Source], resolved: frozenset[tuple[int, str]]) -> Shape:
        """The shape of *sources* together, leaving out the choices already *resolved*.

        Raises Dead when they obviously exclude one another.
        """
        shape = Shape()
        for source in self._conjuncts(sources):
            self._merge_type(shape, source)
            merge_scalars(shape, source)
            merge_object(shape, source)
            merge_array(shape, source)
            for choice in self._choices(source):
                if choice.key not in resolved:
                    shape.choices.append(choice)
        if not shape.types or shape.enum == []:
            raise Dead("its schemas exclude one another")
        return shape

    def follow(self, reference: str) -> Source:
        """What *reference* stands for.  Raises Dead when it is not in this document."""
        base, _, fragment = reference.partition("#")
        if self._anchors is None:
            self._anchors = dict(_anchors(self.root))
        target = self._anchors.get(base, Dead) if base else self.root
        if target is not Dead and (not fragment or fragment.startswith("/")):
            try:
                return pointer.resolve(target, pointer.from_fragment(fragment))
            except (KeyError, ValueError):
                pass
        found = self._anchors.get(reference if base else "#" + fragment, Dead)
        if found is Dead:
            raise Dead(f"the reference {reference!r} leads nowhere in this schema")
        return found

    def _conjuncts(self, sources: Sequence[Source]) -> Iterator[dict[str, Any]]:
        waiting = list(reversed(sources))
        seen: set[int] = set()
        while waiting:
            source = waiting.pop()
            if source is False:
                raise Dead("a schema here is `false`")
            if not isinstance(source, dict) or id(source) in seen:
                continue
            seen.add(id(source))
            yield source
            more = []
            for word in ("$ref", "$dynamicRef"):
                if isinstance(source.get(word), str):
                    more.append(self.follow(source[word]))
            if isinstance(source.get("allOf"), list):
                more.extend(source["allOf"])
            waiting.extend(reversed(more))

    def _merge_type(self, shape: Shape, source: dict[str, Any]) -> None:
        types = source.get("type")
        if types is None:
            return
        named = frozenset([types] if isinstance(types, str) else types) & ALL
        if "number" in named:
            named |= {"integer"}
        shape.types = shape.types & named

    def _choices(self, source: dict[str, Any]) -> Iterator[Choice]:
        for word in ("oneOf", "anyOf", "if", "not", "dependentSchemas", "dependencies"):
            if word not in source:
                continue
            if word in ("dependentSchemas", "dependencies"):
                for name, dependent in source[word].items():
                    if not isinstance(dependent, list):
                        key = (id(source), f"{word}/{name}")
                        yield Choice(key, self._depending(key, name, dependent))
                continue
            key = (id(source), word)
            if key not in self._alternatives:
                self._alternatives[key] = self._alternatives_of(source, word)
            yield Choice(key, self._alternatives[key])

    def _depending(self, key: tuple[int, str], name: str, schema: Source) -> list[list[Source]]:
        if key not in self._alternatives:
            present = {"type": "object", "required": [name]}
            self._alternatives[key] = [[present, schema], [{"properties": {name: False}}]]
        return self._alternatives[key]

    def _alternatives_of(self, source: dict[str, Any], word: str) -> list[list[Source]]:
        if word == "not":
            return self.negate(source[word])
        if word == "if":
            then = [source["if"], source.get("then", True)]
            otherwise = source.get("else", True)
            return [then, *([*negated, otherwise] for negated in self.negate(source["if"]))]
        return [[branch] for branch in source[word]]

    def negate(self, source: Source, depth: int = 0) -> list[list[Source]]:
        """The alternatives that together say "not *source*", as far as schemas can."""
        if isinstance(source, bool):
            return [] if source else [[True]]
        known = self._negated.get(id(source))
        if known is None:
            try:
                known = list(self._negations(source, depth)) if depth < 8 else [[True]]
            except (TypeError, AttributeError):
                known = [[True]]
            self._negated[id(source)] = known
        return known

    def _negations(self, source: dict[str, Any], depth: int) -> Iterator[list[Source]]:
        if "$ref" in source:
            yield from self.negate(self.follow(source["$ref"]), depth + 1)
        for word, value in source.items():
            if word in _NEGATED_BOUND:
                other, step = _NEGATED_BOUND[word]
                bound = value + step
                if bound >= 0 or word[:3] not in ("min", "max") or word in ("minimum", "maximum"):
                    yield [{"type": KEYWORD_TYPE[word], other: bound}]
            elif word == "type":
                given = {value} if isinstance(value, str) else set(value)
                # every integer is a number, so a number that is not an integer has a fraction
                rest = [name for name in TYPES if name not in given and name != "integer"]
                if not given & {"number", "integer"}:
                    rest.append("integer")
                yield [{"type": rest}]
            elif word in ("const", "enum"):
                yield [{"troth:excluded": [value] if word == "const" else value}]
            elif word == "required":
                for name in value:
                    yield [{"type": "object", "properties": {name: False}}]
            elif word == "properties":
                for name, child in value.items():
                    for alternative in self.negate(child, depth + 1):
                        inner = {"allOf": alternative}
                        yield [{"type": "object", "required": [name], "properties": {name: inner}}]
            elif word == "not":
                yield [value]
            elif word in ("anyOf", "oneOf"):
                branches = [self.negate(branch, depth + 1) for branch in value]
                yield [{"anyOf": [{"allOf": a} for a in branch]} for branch in branches]
            elif word == "allOf":
                for branch in value:
                    yield from self.negate(branch, depth + 1)
            elif word == "items":
                inner = {"anyOf": [{"allOf": a} for a in self.negate(value, depth + 1)]}
                yield [{"type": "array", "contains": inner}]
            elif word in ("pattern", "format"):
                yield [{"type": "string"}]
            elif word in _NOT_NEGATED:
                yield [True]


# Keywords whose negation has no schema of its own: anything is drawn, and checked.


_NOT_NEGATED = frozenset(
    {
        "contains",
        "patternProperties",
        "additionalProperties",
        "propertyNames",
        "multipleOf",
        "uniqueItems",
        "if",
        "dependentRequired",
        "dependentSchemas",
        "dependencies",
        "prefixItems",
        "unevaluatedProperties",
        "unevaluatedItems",
        "$dynamicRef",
    }
)

_NEGATED_BOUND: dict[str, tuple[str, int]] = {
    "minimum": ("exclusiveMaximum", 0),
    "maximum": ("exclusiveMinimum", 0),
    "exclusiveMinimum": ("maximum", 0),
    "exclusiveMaximum": ("minimum", 0),
    "minLength": ("maxLength", -1),
    "maxLength": ("minLength", 1),
    "minItems": ("maxItems", -1),
    "maxItems": ("minItems", 1),
    "minProperties": ("maxProperties", -1),
    "maxProperties": ("minProperties", 1),
}


def _anchors(root: Any) -> Iterator[tuple[str, Source]]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            for word in ("$anchor", "$dynamicAnchor"):
                if isinstance(node.get(word), str):
                    yield "#" + node[word], node
            if isinstance(node.get("$id"), str):
                yield node["$id"], node
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
