"""Older drafts of JSON Schema, read as 2020-12; and the meta-schemas that need no network.

A schema that declares draft 4, 6, 7 or 2019-09 is rewritten, where it stands, to what it means in
2020-12: `items` that is a list becomes `prefixItems`, a boolean `exclusiveMinimum` a bound,
`dependencies` the two keywords that it was parted into; what stands beside a `$ref` goes where the
draft ignores it, and so do keywords that the draft does not have.  Everything behind reads one
dialect.  One thing is not told apart: to draft 4 alone, 1.0 is no integer.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from importlib import resources
from typing import Any

from troth.document.grammar import APPLICATORS, OPENAPI_DIALECTS
from troth.document.mending import Mender

#: The drafts that are read, by the URI of their meta-schema, oldest first.
DRAFTS = {
    "http://json-schema.org/draft-04/schema": 4,
    "http://json-schema.org/draft-06/schema": 6,
    "http://json-schema.org/draft-07/schema": 7,
    "https://json-schema.org/draft/2019-09/schema": 8,
    "https://json-schema.org/draft/2020-12/schema": 9,
}
#: The first draft, by that number, that has a keyword, where a later one brought it.
_SINCE = {
    name: number
    for number, names in (
        (6, "const contains propertyNames examples"),
        (7, "if then else contentMediaType contentEncoding"),
        (
            8,
            "dependentRequired dependentSchemas unevaluatedItems unevaluatedProperties minContains",
        ),
        (8, "maxContains contentSchema $anchor $recursiveRef $recursiveAnchor"),
        (9, "prefixItems $dynamicRef $dynamicAnchor"),
    )
    for name in names.split()
}
_EXCLUSIVE = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
# A name that nobody else gives an anchor: draft 2019-09 has one for all.
_RECURSIVE = "troth-recursive"

_PACKAGES = {
    "jsonschema_specifications": "schemas",
    "openapi_schema_validator": "schemas",
    "openapi_spec_validator": "resources/schemas",
}


def draft_of(dialect: Any) -> int | None:
    """The number of a draft that a `$schema` names; None where it is none that is read."""
    if not isinstance(dialect, str):
        return None
    bare = dialect.rstrip("#")
    secure = bare.replace("http:", "https:", 1)
    known = {**DRAFTS, **{uri.replace("http:", "https:", 1): DRAFTS[uri] for uri in DRAFTS}}
    if bare.startswith(OPENAPI_DIALECTS):
        return 9
    return known.get(bare, known.get(secure))


def modernise(schema: Any, draft: int, mender: Mender) -> None:
    """Rewrite *schema*, of *draft*, and all in it, up to what declares a dialect of its own."""
    waiting = [schema]
    is_top = True
    while waiting:
        value = waiting.pop()
        if not isinstance(value, dict) or (not is_top and "$schema" in value):
            continue
        if is_top and "$schema" in value:
            mender.drop(value, "$schema")
        is_top = False
        _rewrite(value, draft, mender)
        waiting += _children(value)


def _children(schema: Mapping[str, Any]) -> Iterator[Any]:
    for name, held in schema.items():
        row = APPLICATORS.get(name)
        if row is None:
            continue
        if isinstance(held, list):
            yield from held
        elif row.shape == "one":
            yield held
        elif isinstance(held, dict):
            yield from held.values()


def _rewrite(schema: dict[str, Any], draft: int, mender: Mender) -> None:
    def move(old: str, new: str) -> None:
        mender.put(schema, new, schema[old])
        mender.drop(schema, old)

    if draft < 8 and isinstance(schema.get("$ref"), str):
        for name in [name for name in schema if name not in ("$ref", "definitions")]:
            mender.drop(schema, name)
        return
    if draft == 4 and isinstance(schema.get("id"), str) and "$id" not in schema:
        move("id", "$id")
    for name in [name for name in schema if _SINCE.get(name, 0) > draft]:
        mender.drop(schema, name)
    identifier = schema.get("$id")
    if draft < 8 and isinstance(identifier, str) and identifier.startswith("#"):
        mender.put(schema, "$anchor", identifier[1:])
        mender.drop(schema, "$id")
    for flag, bound in _EXCLUSIVE.items() if draft == 4 else ():
        if isinstance(schema.get(flag), bool):
            is_strict = schema[flag] and bound in schema
            mender.drop(schema, flag)
            if is_strict:
                move(bound, flag)
    _recurse(schema, mender)
    _divide(schema, mender)
    rest = schema.get("additionalItems")
    if isinstance(schema.get("items"), list):
        move("items", "prefixItems")
        if rest is not None:
            move("additionalItems", "items")
    elif rest is not None:
        mender.drop(schema, "additionalItems")  # it speaks of nothing


def _recurse(schema: dict[str, Any], mender: Mender) -> None:
    """`$recursiveRef` is a `$dynamicRef` to the one name that draft 2019-09 has."""
    if schema.pop("$recursiveAnchor", None) is True:
        mender.put(schema, "$dynamicAnchor", _RECURSIVE)
    if schema.pop("$recursiveRef", None) == "#":
        mender.put(schema, "$dynamicRef", f"#{_RECURSIVE}")


def _divide(schema: dict[str, Any], mender: Mender) -> None:
    dependencies = schema.get("dependencies")
    if not isinstance(dependencies, dict):
        return
    mender.drop(schema, "dependencies")
    names = {name: needed for name, needed in dependencies.items() if isinstance(needed, list)}
    if names:
        mender.put(schema, "dependentRequired", names)
    if len(names) < len(dependencies):
        others = {name: needed for name, needed in dependencies.items() if name not in names}
        mender.put(schema, "dependentSchemas", others)


def meta_schema(uri: str) -> Any:
    """The meta-schema of JSON Schema or OpenAPI (of any date) that *uri* names, if one does."""
    if not uri.startswith(("http://json-schema.org/", "https://json-schema.org/", _OPENAPI)):
        return None
    known = _meta_schemas()
    found = known.get(uri) or known.get(uri.replace("http:", "https:", 1))
    if found is None and uri.startswith(_OPENAPI):
        whole = uri.rpartition("/")[0] + "/"
        found = next((text for at, text in known.items() if at.startswith(whole)), None)
    return None if found is None else json.loads(found)


_OPENAPI = "https://spec.openapis.org/oas/"


@cache
def _meta_schemas() -> Mapping[str, str]:
    """The texts of the meta-schemas that come with the libraries that are needed anyway."""
    known: dict[str, str] = {}
    for package, folder in _PACKAGES.items():
        waiting = [resources.files(package).joinpath(folder)]
        while waiting:
            item = waiting.pop()
            if item.is_dir():
                waiting += sorted(item.iterdir(), key=lambda each: each.name)
                continue
            if "." in item.name and not item.name.endswith(".json"):
                continue  # of the package itself
            text = item.read_text(encoding="utf-8")
            try:
                schema = json.loads(text)
            except ValueError:
                continue
            uri = schema.get("$id") or schema.get("id")
            if isinstance(uri, str):
                known[uri.rstrip("#")] = text
                known[uri.rstrip("#").replace("http:", "https:", 1)] = text
    return known
