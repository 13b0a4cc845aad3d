"""Every fixed field of OpenAPI 3.0, 3.1 and 3.2 and every keyword of JSON Schema 2020-12.

Read out of the official meta-schemas, as the libraries ship them.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema_specifications
import openapi_schema_validator
import yaml
from openapi_spec_validator import schemas

from troth import pointer as pointers

_PUBLISHED = {"3.0": "schema_v30", "3.1": "schema_v31", "3.2": "schema_v32"}
#: Definitions of the meta-schemas that are Objects of the specification, by their names there.
_OBJECTS = (
    *("Info", "Contact", "License", "Server", "Server Variable", "Components", "Path Item"),
    *("Operation", "External Documentation", "Parameter", "Request Body", "Media Type", "Encoding"),
    *("Responses", "Response", "Example", "Link", "Header", "Tag", "Reference", "Schema"),
    *("Discriminator", "XML", "Security Scheme", "OAuth Flows"),
)
#: OAuth Flow Objects have a definition for each kind of flow.
_FLOWS = (
    *("ImplicitOAuthFlow", "PasswordOAuthFlow", "ClientCredentialsFlow"),
    "AuthorizationCodeOAuthFlow",
)
#: Fields whose names are the document's own: the meta-schemas have a pattern for them.
PATTERNED = {
    "Paths/{path}": ("3.0", "3.1", "3.2"),
    "Responses/{status}": ("3.0", "3.1", "3.2"),
    "Callback/{expression}": ("3.0", "3.1", "3.2"),
    "Security Requirement/{name}": ("3.0", "3.1", "3.2"),
}
JSON_SCHEMA = "JSON Schema 2020-12"


def every_field() -> dict[str, tuple[str, ...]]:
    """The versions that have each field, by `Object/field`; those of a keyword too."""
    found: dict[str, list[str]] = defaultdict(list)
    for version, attribute in _PUBLISHED.items():
        schema = dict(getattr(schemas, attribute))
        for name in sorted(set(_fields_of(version, schema))):
            found[name].append(version)
    for version, name in sorted(set(_of_the_base_vocabularies())):
        found[name].append(version)
    fields = {name: tuple(versions) for name, versions in found.items()} | PATTERNED
    old = schemas.schema_v30["definitions"]["Schema"]["properties"]
    return fields | {
        f"{JSON_SCHEMA}/{keyword}": ("3.0", "3.1", "3.2")
        if keyword in (*old, "$ref")
        else ("3.1", "3.2")
        for keyword in _keywords()
    }


def _fields_of(version: str, schema: dict[str, Any]) -> Iterator[str]:
    definitions = schema.get("$defs") or schema["definitions"]
    yield from (f"OpenAPI/{name}" for name in _names(schema, _root(schema)))
    for called in _OBJECTS:
        spellings = (called.replace(" ", ""), called.replace(" ", "-").lower())
        for spelling in spellings:
            for name in _names(schema, definitions.get(spelling, {})):
                # the schema of OpenAPI 3.1 calls `server` of a Link Object `body`, by mistake
                if (version, called, name) == ("3.1", "Link", "body"):
                    name = "server"
                if not (called == "Schema" and name in _keywords()):
                    yield f"{called}/{name}"
        if called == "Path Item" and version == "3.0":
            yield from (f"Path Item/{method}" for method in _METHODS)
            yield "Reference/$ref"
        if called == "Path Item" and version == "3.1":
            yield "Path Item/$ref"  # there it is one with the Reference Object
    flows = [definitions.get(name, {}) for name in _FLOWS]
    flows += definitions.get("oauth-flows", {}).get("$defs", {}).values()
    for flow in flows:
        yield from (f"OAuth Flow/{name}" for name in _names(schema, flow))


_METHODS = ("get", "put", "post", "delete", "options", "head", "patch", "trace")


def _root(schema: dict[str, Any]) -> dict[str, Any]:
    return {word: held for word, held in schema.items() if word not in ("$defs", "definitions")}


def _names(schema: dict[str, Any], node: Any) -> set[str]:
    """The members that the definition *node* declares, in any of its branches."""
    names: set[str] = set()
    pending, seen = [node], set()
    while pending:
        here = pending.pop()
        if not isinstance(here, dict) or id(here) in seen:
            continue
        seen.add(id(here))
        names.update(here.get("properties", ()))
        for word in ("allOf", "anyOf", "oneOf"):
            pending += here.get(word, ())
        pending += [here[word] for word in ("if", "then", "else") if word in here]
        pending += here.get("dependentSchemas", {}).values()
        reference = here.get("$ref", "")
        pending += [pointers.find(schema, reference[1:])] if reference[:2] == "#/" else []
    return names


def _of_the_base_vocabularies() -> Iterator[tuple[str, str]]:
    """What OpenAPI adds to JSON Schema since 3.1."""
    folder = Path(openapi_schema_validator.__file__).parent / "schemas"
    files = {
        "3.1": folder / "oas3.1/vocabularies/base",
        "3.2": folder / "oas3.2/meta/2025-09-17.json",
    }
    for version, file in files.items():
        vocabulary = json.loads(file.read_text(encoding="utf-8"))
        yield from ((version, f"Schema/{name}") for name in vocabulary["properties"])
        for definition, called in (("discriminator", "Discriminator"), ("xml", "XML")):
            names = vocabulary["$defs"][definition]["properties"]
            yield from ((version, f"{called}/{name}") for name in names)


def _keywords() -> set[str]:
    base = "https://json-schema.org/draft/2020-12/"
    return {
        keyword
        for uri in jsonschema_specifications.REGISTRY
        if uri.startswith(base)
        for keyword in jsonschema_specifications.REGISTRY.contents(uri).get("properties", ())
    }


#: What the letters of docs/openapi.yaml stand for, and who the five of a row are.
WORDS = {"h": "honoured", "f": "form", "i": "by design", "n": "not yet"}
CONSUMERS = ("validator", "mock", "strategies", "`troth test`", "lint")
DOCS = Path(__file__).parents[1] / "docs"


def rows() -> dict[str, dict[str, Any]]:
    """The rows of docs/openapi.yaml, by `Object/field`."""
    written = yaml.safe_load((DOCS / "openapi.yaml").read_text(encoding="utf-8"))
    return {
        f"{called}/{name}": row
        for called, fields in written.items()
        for name, row in fields.items()
    }


_HEAD = """# Every word of OpenAPI

What troth does with each fixed field of OpenAPI 3.0.4, 3.1.1 and 3.2.0 and each keyword of JSON
Schema 2020-12. `tests/test_openapi_list.py` holds this list against the official meta-schemas, and
each *honoured* to a test. It is made of [openapi.yaml](openapi.yaml).

- **honoured**: it decides what is valid, answered, drawn, sent or found.
- **form**: lint checks that it is written as OpenAPI asks.
- **by design**: it says nothing about an exchange, and changes nothing.
- **not yet**: it should, and does not; load says so once, with file and line.

What is not of its form is told when the document is loaded, and left out
([VALIDATION.md](VALIDATION.md)); `troth lint` tells the same. Fields that begin with `x-` are free;
those that troth reads are in [spec/README.md](../spec/README.md).
"""


def page() -> str:
    """docs/OPENAPI.md, made of docs/openapi.yaml."""
    lines = [_HEAD]
    called = ""
    for key, row in rows().items():
        owner, _, name = key.partition("/")
        if owner != called:
            called = owner
            title = owner if owner == JSON_SCHEMA else f"{owner} Object"
            lines.append(f"\n## {title}\n")
            lines.append(f"| field | versions | {' | '.join(CONSUMERS)} | |")
            lines.append(f"|---|---|{'---|' * (len(CONSUMERS) + 1)}")
        does = " | ".join(WORDS[letter] for letter in row["does"])
        versions = ", ".join(row["versions"].split())
        lines.append(f"| `{name}` | {versions} | {does} | {row.get('note', '')} |")
    return "\n".join(lines) + "\n"
