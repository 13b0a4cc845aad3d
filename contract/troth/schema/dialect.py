"""From the Schema Objects of an OpenAPI document to plain JSON Schema 2020-12.

Only positions that the specification calls a Schema Object are rewritten; an example, a default,
an enum, a const or an extension keeps every byte.  Nothing moves: a JSON Pointer into the
prepared root addresses the same node of the document as written.

What is rewritten:

- OpenAPI 3.0 (its schemas are an "extended subset" of JSON Schema draft 5): `nullable`, boolean
  `exclusiveMinimum` and `exclusiveMaximum`, siblings of `$ref` (ignored, 3.0.4 §4.7.23.1), and
  keywords that 3.0 does not have (dropped: they say nothing there).  By the letter `nullable`
  speaks of the `type` beside it alone; who writes it beside a reference, a union or an enumeration
  means that null will do all the same, so null is accepted there, and never drawn.
- The integer formats, `int32` and the others, become bounds, in every version: as annotations they
  would let 2**40 pass as an int32.  Bounds say nothing of null or of a string, and 1.0 stays an
  integer.  `float` and `double` stay annotations: every JSON number that `json_text` reads is a
  double, and which of them a float can hold exactly is no question that an author means to ask.

The formats of JSON Schema 2020-12 (`data_model.FORMATS`) are asserted by the validator; those of
OpenAPI's registry (`byte`, `binary`, `password`, …) and unknown ones are annotations.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from jsonschema_rs.canonical import schema as trees

from troth import pointer as pointers
from troth.document.grammar import JSON_SCHEMA_2020_12, OPENAPI_DIALECTS, REFERABLE, children
from troth.errors import SpecError
from troth.schema import applicators, branches, discriminator, ecma, engine_patterns
from troth.schema.data_model import INTEGERS, is_number
from troth.schema.discriminator import DRAWN
from troth.schema.messages import show

#: The URI under which a prepared root is known to the validators; it is never retrieved.
BASE = "troth:/document"

#: Flags of drafts before 6, each with the bound that it is about.
EXCLUSIVE = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}

_NO_KEYWORDS = frozenset({"$schema", "$id", "$anchor", "$dynamicAnchor"})

_COMPONENTS = "/components/schemas/"
_NOT_NULL = {"type": ["array", "boolean", "number", "object", "string"]}

_REFERENCES = {"$ref": None, "$dynamicRef": None}.keys()
_DIALECTS = (JSON_SCHEMA_2020_12, *OPENAPI_DIALECTS)

# OpenAPI 3.0.4 §4.7.24: the keywords that a Schema Object has there.
_KEYWORDS_30 = frozenset(
    # One word list reads better than forty quoted lines.
    "title multipleOf maximum exclusiveMaximum minimum exclusiveMinimum maxLength minLength pattern"  # noqa: SIM905 - words
    " maxItems minItems uniqueItems maxProperties minProperties required enum type allOf oneOf"
    " anyOf not items properties additionalProperties description format default nullable"
    " discriminator readOnly writeOnly xml externalDocs example deprecated".split()
)


@dataclass(frozen=True, slots=True)
class Patterns:
    """The regular expressions of a root, by pointer.

    *written* are those that the engine needs written otherwise; *loose* are expressions only
    without the `u` flag, each with what the flag does not take; *unread* are none, each with why.
    """

    written: dict[str, str] = field(default_factory=dict)
    loose: dict[str, str] = field(default_factory=dict)
    unread: dict[str, str] = field(default_factory=dict)

    def read(self, node: dict[str, Any], at: str, *, keeps: bool) -> None:
        """Read those of the schema *node* at *at*; unless it *keeps* them, unread ones go."""
        pattern = node.get("pattern")
        if isinstance(pattern, str) and not self._read(pattern, f"{at}/pattern") and not keeps:
            del node["pattern"]
        named = node.get("patternProperties")
        for key in list(named) if isinstance(named, dict) else ():
            is_read = self._read(key, pointers.join(at, "patternProperties", key))
            if not is_read and not keeps:
                # any other member may be one that was meant: nobody is accused of it
                del node["patternProperties"][key]
                node.pop("additionalProperties", None)
                node.pop("unevaluatedProperties", None)

    def _read(self, pattern: str, at: str) -> bool:
        try:
            written, loose = engine_patterns.written(pattern), ecma.parse(pattern).loose
        except ecma.NotEcma as fault:
            what = f"is no regular expression that can be matched: {show(fault.part)}, {fault.why}"
            if not fault.why:
                what = f"has {show(fault.part)}, which ECMA-262 does not have"
            self.unread[at] = f"the pattern {show(pattern)} {what if fault.part else fault.why[3:]}"
            return False
        if loose is not None:
            self.loose[at] = loose
        if written != pattern:
            self.written[at] = written
        return True


@dataclass(frozen=True, slots=True)
class Prepared:
    """A root whose Schema Objects are JSON Schema 2020-12.

    *pointers* are those of all its Schema Objects, inner ones included; *referrers* are those that
    refer to each; *one_way* those that say readOnly, or writeOnly, *discriminating* those with a
    discriminator; *relics* those of keywords that are
    written as in OpenAPI 3.0 where a later version holds.
    """

    root: Any
    pointers: tuple[str, ...]
    referrers: dict[str, list[str]]
    patterns: Patterns
    relics: tuple[str, ...] = ()
    one_way: Mapping[str, list[str]] = field(default_factory=dict)
    discriminating: tuple[str, ...] = ()

    def users(self, places: Iterable[str]) -> dict[str, str]:
        """The schemas that hold something at *places*, or refer to one that does.

        Each with the first of the places that it was found by.
        """
        schemas = frozenset(self.pointers)
        users: dict[str, str] = {}
        seen: set[str] = set()
        for place in places:
            waiting = [place]
            while waiting:
                at = waiting.pop()
                while at not in seen:
                    seen.add(at)
                    if at in schemas:
                        users[at] = place
                    waiting += self.referrers.get(at, ())
                    at = at.rpartition("/")[0]
        return users


def prepare(root: Any, openapi: str, *, discriminates: bool = True) -> Prepared:
    """Rewrite the Schema Objects of the document *root*, of OpenAPI version *openapi*.

    *root* is copied, not changed; its references are pointers into it (`document` sees to that).
    Unless it *discriminates*, discriminators decide nothing, as for any validator of JSON Schema.
    Raises SpecError for a dialect other than OpenAPI's own and JSON Schema 2020-12.
    """
    dialect = root.get("jsonSchemaDialect") if isinstance(root, dict) else None
    if dialect is not None:
        _require_known(dialect, "/jsonSchemaDialect")
    if isinstance(root, dict):
        # Editors like a `$schema` at the top; it speaks of the document, and not of its schemas.
        root = {name: value for name, value in root.items() if name not in _NO_KEYWORDS}
    prepared = _prepare(root, "openapi", is_30=openapi.startswith("3.0."))
    if discriminates:
        discriminator.honour(prepared.root, prepared.discriminating, prepared.referrers)
    return prepared


def prepare_schema(schema: Any) -> Prepared:
    """Rewrite a JSON Schema that stands alone, whatever its draft: bounds for integer formats."""
    return _prepare(schema, "schema", is_30=False, alone=True)


def _prepare(source: Any, kind: str, *, is_30: bool, alone: bool = False) -> Prepared:
    root = copy_of(source)
    schemas: list[str] = []
    patterns = Patterns()
    referrers: dict[str, list[str]] = {}
    relics: list[str] = []
    one_way: dict[str, list[str]] = {}
    discriminating: list[str] = []
    unions: list[str] = []
    seen: set[tuple[str, str]] = set()
    to_see: list[tuple[Any, str, str]] = [(root, "", kind)]
    while to_see:
        node, at, kind = to_see.pop()
        if (at, kind) in seen:
            continue
        seen.add((at, kind))
        if kind == "schema":
            schemas.append(at)
        if not isinstance(node, dict):
            continue
        if kind == "schema":
            if not is_30 and not alone:
                relics += (f"{at}/{name}" for name in EXCLUSIVE if type(node.get(name)) is bool)
            if is_30 and is_null_meant(node):
                unions += _admit_null(node, at)
            _rewrite(node, at, is_30=is_30, alone=alone)
            patterns.read(node, at, keeps=alone)
            for word in ("readOnly", "writeOnly"):
                if node.get(word) is True:
                    one_way.setdefault(word, []).append(at)
            if "discriminator" in node and _discriminates(node["discriminator"]):
                discriminating.append(at)
        if kind in REFERABLE:
            for keyword in _REFERENCES & node.keys():
                if (target := applicators.resolve(root, node, keyword)) is not None:
                    to_see.append((target[1], target[0], kind))
                    referrers.setdefault(target[0], []).append(at)
        to_see += [(item, here, inner) for item, here, inner, _ in children(node, at, kind)]
    schemas += _with_null(root, unions)
    return Prepared(
        root,
        tuple(schemas),
        referrers,
        patterns,
        tuple(relics),
        one_way,
        tuple(sorted(discriminating)),
    )


def _rewrite(node: dict[str, Any], at: str, *, is_30: bool, alone: bool) -> None:
    if is_30:
        _rewrite_30(node)
    elif not alone and "$schema" in node:
        _require_known(node["$schema"], f"{at}/$schema")
        del node["$schema"]
    if not alone:
        _rewrite_exclusive(node)
    _bound(node)


def _rewrite_30(node: dict[str, Any]) -> None:
    """Make a Schema Object of OpenAPI 3.0 the JSON Schema 2020-12 that it means."""
    if "$ref" in node:
        kept = {"$ref": node["$ref"]}
        node.clear()
        node.update(kept)
        return
    for name in [n for n in node if n not in _KEYWORDS_30 and not n.startswith("x-")]:
        del node[name]
    # OpenAPI 3.0.4 §4.7.24.3: nullable adds null to the type.
    if node.pop("nullable", False) is True and isinstance(node.get("type"), str):
        node["type"] = [node["type"], "null"]


def is_null_meant(node: Mapping[str, Any]) -> bool:
    """Whether `nullable` stands beside what refuses null all the same."""
    return node.get("nullable") is True and (
        "$ref" in node
        or any(isinstance(node.get(word), list) for word in applicators.COMBINATORS)
        or (isinstance(node.get("enum"), list) and None not in node["enum"])
    )


def _admit_null(node: dict[str, Any], at: str) -> Iterator[str]:
    """Let null pass what stands beside `nullable`; and the pointers of its unions.

    Nothing is moved but references, which nobody refers to.
    """
    if "$ref" in node:
        reference = {"$ref": node["$ref"]}
        node.clear()
        node.update(anyOf=[reference, {"enum": [None]}], **{DRAWN: _NOT_NULL})
        return
    node[DRAWN] = _NOT_NULL
    if isinstance(node.get("enum"), list) and None not in node["enum"]:
        node["enum"] = [*node["enum"], None]
    parts = node.get("allOf")
    is_subtype = at.startswith(_COMPONENTS) and "/" not in at.removeprefix(_COMPONENTS)
    if isinstance(parts, list) and not (is_subtype and len(parts) > 1):
        for part in parts:
            if isinstance(part, dict):
                part.setdefault("nullable", True)
    yield from (f"{at}/{word}" for word in ("anyOf", "oneOf") if isinstance(node.get(word), list))


def is_or_null(node: Any) -> bool:
    """Whether the schema *node* is a reference that null was let past."""
    return isinstance(node, dict) and node.keys() == {"anyOf", DRAWN} and node[DRAWN] == _NOT_NULL


def _with_null(root: Any, unions: Iterable[str]) -> Iterator[str]:
    """Give each of *unions* that takes no null a branch that does; the pointers of those."""
    for at in unions:
        if all("null" not in branch.types for branch in branches.read(root, at).branches):
            union = pointers.resolve(root, at)
            union.append({"enum": [None]})
            yield f"{at}/{len(union) - 1}"


def _rewrite_exclusive(node: dict[str, Any]) -> None:
    # In 3.1 and later a boolean here is an error, which lint reports; but it is a common relic of
    # 3.0, it can mean only one thing, and one of them need not make a whole document unusable.
    for exclusive, bound in EXCLUSIVE.items():
        if isinstance(node.get(exclusive), bool) and node.pop(exclusive) and bound in node:
            node[exclusive] = node.pop(bound)


def _bound(node: dict[str, Any]) -> None:
    """Add the range of an integer format as bounds, where they are the tighter ones."""
    name = node.get("format")
    limits = INTEGERS.get(name) if isinstance(name, str) else None
    if limits is None:
        return
    low, high = limits
    if not is_number(node.get("minimum")) or node["minimum"] < low:
        node["minimum"] = low
    if not is_number(node.get("maximum")) or node["maximum"] > high:
        node["maximum"] = high


def _discriminates(value: Any) -> bool:
    return isinstance(value, dict) and isinstance(value.get("propertyName"), str)


def _require_known(dialect: Any, at: str) -> None:
    if not (isinstance(dialect, str) and dialect.startswith(_DIALECTS)):
        raise SpecError(
            f"the dialect {dialect!r} is not one that troth speaks",
            pointer=at,
            advice="Use JSON Schema 2020-12, which is OpenAPI 3.1's own, or drop the declaration.",
        )


def copy_of(value: Any) -> Any:
    """A copy of a JSON value, which shares nothing with it."""
    try:
        return trees.clone(value)
    except ValueError:  # deeper than 255 levels
        return pointers.mapped(lambda scalar: scalar, value)


@dataclass(slots=True)
class Edited:
    """A tree that shares with *root* all that is not edited."""

    root: Any
    own: set[str] = field(default_factory=set)

    def node(self, pointer: str) -> Any:
        """The node at *pointer*, to be written to; nobody sees what is written to a closed one."""
        at, node = "", self.root
        if "" not in self.own:
            self.root = node = node.copy()
            self.own.add("")
        for token in pointers.split(pointer):
            if not isinstance(node, (dict, list)):
                return {}  # forbidden as a whole: nothing is said of what is inside
            at = pointers.join(at, token)
            key: Any = int(token) if isinstance(node, list) else token
            if at not in self.own and isinstance(node[key], (dict, list)):
                node[key] = node[key].copy()
                self.own.add(at)
            node = node[key]
        return node if isinstance(node, (dict, list)) else {}
