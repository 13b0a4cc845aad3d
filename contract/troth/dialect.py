"""From the Schema Objects of an OpenAPI document to plain JSON Schema 2020-12.

Only positions that the specification calls a Schema Object are rewritten; an example, a default,
an enum, a const or an extension keeps every byte.  Nothing moves: a JSON Pointer into the
prepared root addresses the same node of the document as written.

What is rewritten:

- OpenAPI 3.0 (its schemas are an "extended subset" of JSON Schema draft 5): `nullable`, boolean
  `exclusiveMinimum` and `exclusiveMaximum`, siblings of `$ref` (ignored, §4.7.24.1), and keywords
  that 3.0 does not have (dropped: "unsupported", §4.7.24).
- `format: int32` and `int64` become bounds, in every version: an annotation would let 2**40 pass
  as an int32.  Bounds say nothing of null or of a string, and 1.0 stays an integer.
  `float` and `double` stay annotations: JSON numbers are decimal, so that nearly every number
  (0.1 to begin with) is outside a binary float's range of exact values, and rejecting only what
  overflows a double would reject what no reader of JSON can hold anyway.
- `$id`, `$anchor` and `$schema` are resolved away: every `$ref` becomes a pointer into the root.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, unquote, urldefrag, urljoin

from troth import pointer as pointers
from troth.errors import SpecError

#: The URI under which the prepared root is known to the validators; never retrieved.
BASE = "troth:/document"

#: Keywords whose value is one schema, a list of schemas, a map of schemas (JSON Schema 2020-12).
ONE = frozenset(
    [
        "additionalProperties",
        "contains",
        "contentSchema",
        "else",
        "if",
        "items",
        "not",
        "propertyNames",
        "then",
        "unevaluatedItems",
        "unevaluatedProperties",
    ]
)
LIST = frozenset(["allOf", "anyOf", "oneOf", "prefixItems"])
MAP = frozenset(["$defs", "definitions", "dependentSchemas", "patternProperties", "properties"])

#: The ranges of OpenAPI's integer formats (OpenAPI Format Registry).
INTEGERS = {"int32": (-(2**31), 2**31 - 1), "int64": (-(2**63), 2**63 - 1)}

_DIALECTS = (
    "https://json-schema.org/draft/2020-12/schema",
    "https://spec.openapis.org/oas/3.1/dialect/",
    "https://spec.openapis.org/oas/3.2/dialect/",
)

# OpenAPI 3.0.4 §4.7.24: the keywords that a Schema Object has there.
_KEYWORDS_30 = frozenset(
    [
        "title",
        "multipleOf",
        "maximum",
        "exclusiveMaximum",
        "minimum",
        "exclusiveMinimum",
        "maxLength",
        "minLength",
        "pattern",
        "maxItems",
        "minItems",
        "uniqueItems",
        "maxProperties",
        "minProperties",
        "required",
        "enum",
        "type",
        "allOf",
        "oneOf",
        "anyOf",
        "not",
        "items",
        "properties",
        "additionalProperties",
        "description",
        "format",
        "default",
        "nullable",
        "discriminator",
        "readOnly",
        "writeOnly",
        "xml",
        "externalDocs",
        "example",
        "deprecated",
    ]
)

_METHODS = ["get", "put", "post", "delete", "options", "head", "patch", "trace", "query"]

# Where schemas stand: the fields of each object, the shape of their value, the kind of object
# inside.  "patterned" is a map in which x- names are extensions (OpenAPI §4.9).
_FIELDS: dict[str, tuple[tuple[str, str, str], ...]] = {
    "openapi": (
        ("paths", "patterned", "path item"),
        ("webhooks", "map", "path item"),
        ("components", "one", "components"),
    ),
    "components": (
        ("schemas", "map", "schema"),
        ("responses", "map", "response"),
        ("parameters", "map", "parameter"),
        ("requestBodies", "map", "request body"),
        ("headers", "map", "parameter"),
        ("callbacks", "map", "callback"),
        ("pathItems", "map", "path item"),
        ("mediaTypes", "map", "media type"),
    ),
    "path item": (
        *((method, "one", "operation") for method in _METHODS),
        ("additionalOperations", "map", "operation"),
        ("parameters", "list", "parameter"),
    ),
    "operation": (
        ("parameters", "list", "parameter"),
        ("requestBody", "one", "request body"),
        ("responses", "patterned", "response"),
        ("callbacks", "map", "callback"),
    ),
    "parameter": (("schema", "one", "schema"), ("content", "map", "media type")),
    "request body": (("content", "map", "media type"),),
    "response": (("headers", "map", "parameter"), ("content", "map", "media type")),
    "media type": (
        ("schema", "one", "schema"),
        ("itemSchema", "one", "schema"),
        ("encoding", "map", "encoding"),
        ("prefixEncoding", "list", "encoding"),
        ("itemEncoding", "one", "encoding"),
    ),
    "encoding": (
        ("headers", "map", "parameter"),
        ("encoding", "map", "encoding"),
        ("prefixEncoding", "list", "encoding"),
        ("itemEncoding", "one", "encoding"),
    ),
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A root whose Schema Objects are JSON Schema 2020-12, and the pointers of all of them."""

    root: Any
    schema_pointers: tuple[str, ...]


def prepare(root: Any, openapi: str) -> Prepared:
    """Rewrite the Schema Objects of the document *root*, of OpenAPI version *openapi*.

    *root* is shared, not changed.  Raises SpecError for a dialect other than OpenAPI's own and
    JSON Schema 2020-12, and for a reference that leads nowhere.
    """
    dialect = root.get("jsonSchemaDialect") if isinstance(root, dict) else None
    if dialect is not None:
        _require_known(dialect, "/jsonSchemaDialect")
    work = _Preparation(is_30=openapi.startswith("3.0"))
    return work.finish(work.visit(root, "openapi", ""), root)


def prepare_schema(schema: Any) -> Prepared:
    """Rewrite a JSON Schema that stands alone; its `$ref`s are relative to itself."""
    work = _Preparation(is_30=False)
    return work.finish(work.schema(schema, "", BASE), schema)


@dataclass(slots=True)
class _Preparation:
    is_30: bool
    #: Pointers of the schemas seen, each with the base URI that holds there.
    seen: dict[str, str] = field(default_factory=dict)
    #: `$ref`s as absolute URIs, with the first schema that makes each.
    references: dict[str, str] = field(default_factory=dict)
    #: Absolute URIs of resources (`$id`) and anchors, to the pointers of what they name.
    names: dict[str, str] = field(default_factory=dict)

    def visit(self, node: Any, kind: str, at: str) -> Any:
        """*node*, an object of *kind* at pointer *at*, with its schemas rewritten."""
        if kind == "schema":
            return self.schema(node, at, BASE)
        if not isinstance(node, dict):
            return node
        if kind == "callback":
            return self._members(node, at, kind="path item", patterned=True)
        changed: dict[str, Any] = {}
        for name, shape, inner in _FIELDS[kind]:
            if name in node:
                value, here = node[name], f"{at}/{name}"
                new = self._value(value, here, shape=shape, kind=inner)
                if new is not value:
                    changed[name] = new
        return {**node, **changed} if changed else node

    def _value(self, value: Any, at: str, *, shape: str, kind: str) -> Any:
        if shape == "one":
            return self.visit(value, kind, at)
        if shape == "list":
            return _each(value, at, lambda item, here: self.visit(item, kind, here))
        return self._members(value, at, kind=kind, patterned=shape == "patterned")

    def _members(self, node: Any, at: str, *, kind: str, patterned: bool) -> Any:
        if not isinstance(node, dict):
            return node
        changed = {}
        for name, value in node.items():
            if patterned and name.startswith("x-"):
                continue
            new = self.visit(value, kind, pointers.join(at, name))
            if new is not value:
                changed[name] = new
        return {**node, **changed} if changed else node

    def schema(self, node: Any, at: str, base: str) -> Any:
        """The Schema Object *node* at pointer *at*, rewritten, and all schemas inside it."""
        if isinstance(node, bool) or not isinstance(node, dict):
            self.seen[at] = base
            return node
        if not self.is_30:
            base = self._name(node, at, base)
        self.seen[at] = base
        changed: dict[str, Any] = {}
        for name, value in node.items():
            new = self._keyword(name, value, at, base)
            if new is not value:
                changed[name] = new
        out = {**node, **changed} if changed else node
        if "$ref" in node:
            self._refer(node["$ref"], at, base)
        return _bounded(_from_30(out) if self.is_30 else _plain(out))

    def _keyword(self, name: str, value: Any, at: str, base: str) -> Any:
        if name in ONE:
            return self.schema(value, f"{at}/{name}", base)
        if name in LIST:
            return _each(value, f"{at}/{name}", lambda item, here: self.schema(item, here, base))
        if name in MAP and isinstance(value, dict):
            here = f"{at}/{name}"
            new = {
                key: self.schema(item, pointers.join(here, key), base)
                for key, item in value.items()
            }
            return value if all(new[key] is item for key, item in value.items()) else new
        return value

    def _name(self, node: dict[str, Any], at: str, base: str) -> str:
        """Note the names that *node* gives itself; the base URI that holds inside it."""
        if "$schema" in node:
            _require_known(node["$schema"], f"{at}/$schema")
        if isinstance(node.get("$id"), str):
            base = _absolute(base, urldefrag(node["$id"]).url)
            self.names[base] = at
        for keyword in ("$anchor", "$dynamicAnchor"):
            if isinstance(node.get(keyword), str):
                self.names.setdefault(f"{base}#{node[keyword]}", at)
        return base

    def _refer(self, reference: Any, at: str, base: str) -> None:
        if isinstance(reference, str):
            self.references.setdefault(_absolute(base, reference), at)

    def finish(self, root: Any, source: Any) -> Prepared:
        """Rewrite the schemas that only a `$ref` reaches, and resolve names to pointers."""
        pending = dict(self.references)
        while pending:
            self.references = {}
            for uri, at in pending.items():
                target = self._target(uri, at, source)
                if target not in self.seen:
                    new = self.schema(pointers.resolve(source, target), target, BASE)
                    root = _replaced(root, pointers.split(target), new)
            pending = {uri: at for uri, at in self.references.items() if uri not in pending}
        if self.names:
            root = self._resolved(root)
        return Prepared(root, tuple(self.seen))

    def _target(self, uri: str, at: str, source: Any) -> str:
        document, raw = urldefrag(uri)
        pointer = self.names.get(uri)
        if pointer is None and (document == BASE or document in self.names):
            inside = unquote(raw)
            if not inside or inside.startswith("/"):
                pointer = self.names.get(document, "") + inside
        try:
            if pointer is not None:
                pointers.resolve(source, pointer)
                return pointer
        except KeyError:
            pass
        raise SpecError(
            f"$ref {uri.removeprefix(BASE)!r} points nowhere in the document",
            pointer=at,
            advice="Bundle the document: nothing is ever fetched.",
        )

    def _resolved(self, root: Any) -> Any:
        """*root* with every `$ref` a pointer into it, and no `$id` that would move its base."""
        for at, base in self.seen.items():
            node = pointers.resolve(root, at)
            if not isinstance(node, dict) or not {"$ref", "$dynamicRef", "$id"} & node.keys():
                continue
            new = {name: value for name, value in node.items() if name != "$id"}
            for name in {"$ref", "$dynamicRef"} & new.keys():
                target = self._target(_absolute(base, new[name]), at, root)
                new[name] = "#" + fragment(target)
            if "$dynamicRef" in new and "$ref" not in new:
                new["$ref"] = new.pop("$dynamicRef")
            root = _replaced(root, pointers.split(at), new)
        return root


def fragment(pointer: str) -> str:
    """*pointer* as the fragment of a URI reference (RFC 6901 §6)."""
    return quote(pointer, safe="/~!$&'()*+,;=:@")


def _absolute(base: str, reference: str) -> str:
    # urljoin knows no relative references for a scheme of ours.
    return base + reference if reference.startswith("#") else urljoin(base, reference)


def _require_known(dialect: Any, at: str) -> None:
    if not (isinstance(dialect, str) and dialect.rstrip("#").startswith(_DIALECTS)):
        raise SpecError(
            f"the dialect {dialect!r} is not one that troth speaks",
            pointer=at,
            advice="Use JSON Schema 2020-12, which is OpenAPI 3.1's own, or drop the declaration.",
        )


def _from_30(node: dict[str, Any]) -> dict[str, Any]:
    """The JSON Schema 2020-12 that a Schema Object of OpenAPI 3.0 means."""
    if "$ref" in node:
        return {"$ref": node["$ref"]}
    new = {k: v for k, v in node.items() if k in _KEYWORDS_30 or k.startswith("x-")}
    for bound, exclusive in (("minimum", "exclusiveMinimum"), ("maximum", "exclusiveMaximum")):
        flag = new.get(exclusive)
        if isinstance(flag, bool):
            del new[exclusive]
            if flag and bound in new:
                new[exclusive] = new.pop(bound)
    # OpenAPI 3.0.4 §4.7.24.3: nullable adds null to the type, and does nothing without one; an
    # enum has to name null itself.
    if new.pop("nullable", False) is True and isinstance(new.get("type"), str):
        new["type"] = [new["type"], "null"]
    return new


def _plain(node: dict[str, Any]) -> dict[str, Any]:
    if "$schema" in node:
        return {name: value for name, value in node.items() if name != "$schema"}
    return node


def _bounded(node: dict[str, Any]) -> dict[str, Any]:
    """*node* with the range of its integer format as bounds, where they are the tighter ones."""
    limits = INTEGERS.get(node["format"]) if isinstance(node.get("format"), str) else None
    if limits is None:
        return node
    new = dict(node)
    low, high = limits
    if not _is_number(new.get("minimum")) or new["minimum"] < low:
        new["minimum"] = low
    if not _is_number(new.get("maximum")) or new["maximum"] > high:
        new["maximum"] = high
    return new


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _each(value: Any, at: str, visit: Callable[[Any, str], Any]) -> Any:
    if not isinstance(value, list):
        return value
    new = [visit(item, f"{at}/{index}") for index, item in enumerate(value)]
    return value if all(a is b for a, b in zip(new, value, strict=True)) else new


def _replaced(root: Any, tokens: tuple[str, ...], new: Any) -> Any:
    """*root* with the node at *tokens* replaced, sharing everything else."""
    if not tokens:
        return new
    head, rest = tokens[0], tokens[1:]
    if isinstance(root, list):
        index = int(head)
        return [*root[:index], _replaced(root[index], rest, new), *root[index + 1 :]]
    return {**root, head: _replaced(root[head], rest, new)}


def subschemas(schema: Any, pointer: str) -> Iterator[tuple[str, Any]]:
    """The schemas directly inside *schema*, each with its pointer."""
    if not isinstance(schema, dict):
        return
    for name, value in schema.items():
        here = f"{pointer}/{name}"
        if name in ONE:
            yield here, value
        elif name in LIST and isinstance(value, list):
            yield from ((f"{here}/{index}", item) for index, item in enumerate(value))
        elif name in MAP and isinstance(value, dict):
            yield from ((pointers.join(here, key), item) for key, item in value.items())
