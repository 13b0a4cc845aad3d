"""What the JSON Schema of OpenAPI's own documents rejects, in plain words and where it is.

The OpenAPI Initiative publishes one for each version; it does not look into Schema Objects.
jsonschema-rs says in milliseconds that a document is valid; when it is not, jsonschema tells why.
The innermost of its errors is told, and none that only follows from another.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Collection, Iterator
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import jsonschema_rs

from troth import pointer as pointers
from troth.errors import nearest
from troth.lint.diagnostics import Diagnostic, inline_json
from troth.lint.survey import Survey
from troth.schema.applicators import MAY_HOLD
from troth.schema.data_model import type_of
from troth.schema.messages import a

if TYPE_CHECKING:
    from jsonschema import ValidationError
    from jsonschema.protocols import Validator

#: Keywords that name members nobody declares: the errors of these name the members.
_CLOSING = ("additionalProperties", "unevaluatedProperties")
_UNIONS = ("oneOf", "anyOf", "not")
#: What says already that an object is not as it should be.
_TOLD = (
    *("malformed", "unusable", "bad-reference", "bad-schema", "duplicate-key"),
    "path-without-slash",
)
#: Members that tell people something, and no tool.
_NOTES = ("description", "summary", "externalDocs", "contact", "license", "termsOfService")
_LONGEST = 200


def rejected(survey: Survey, diagnostics: Collection[Diagnostic]) -> Iterator[Diagnostic]:
    """Find what OpenAPI's own schema rejects, but where *diagnostics* say something already."""
    document = survey.document
    version = document.openapi[:3]
    if _validator(version).is_valid(document.root):
        return
    told = [each.pointer for each in diagnostics if each.code in _TOLD]
    try:
        faults = dict(_faults(version, document.root, told))
    except RecursionError:
        message = f"OpenAPI {version}'s own schema rejects this, too deep inside to be told where."
        yield survey.diagnose("malformed", "", message)
        return
    for at, sentence in faults.items():
        message = f"{sentence[:1].upper()}{sentence[1:]}."
        # nothing is said, and nobody acts by it
        is_null = sentence.endswith(", not null") and at.rpartition("/")[2] in _NOTES
        is_note = is_null or sentence == "'description' is missing"
        yield survey.diagnose("malformed", at, message, severity="warning" if is_note else None)


def _faults(version: str, root: Any, told: list[str]) -> Iterator[tuple[str, str]]:
    errors = [
        (pointers.of(meant.absolute_path), meant)
        for error in _explaining(version).iter_errors(root)
        for meant in _meant(error)
    ]
    wrong = [*told, *(at for at, error in errors if error.validator not in _CLOSING)]
    strangers = {
        place: sentence
        for at, error in errors
        if error.validator in _CLOSING
        for place, sentence in _undeclared(version, at, error, wrong)
    }
    statuses = {at for at, error in errors if error.validator in _CLOSING and _are_statuses(error)}
    for at, error in errors:
        # that there is no response is said by the name that is none
        if error.validator in _CLOSING or at in statuses:
            continue
        if not any(_follows(at, error, other) for other in told):
            yield at, _sentence(error, at)
    for at, sentence in strangers.items():
        # an object with a stranger inside seems undeclared itself
        if not any(other != at and pointers.is_within(other, at) for other in strangers):
            yield at, sentence


def _follows(at: str, error: ValidationError, other: str) -> bool:
    """Whether what is wrong at *other* explains the *error* at *at*."""
    if pointers.is_within(at, other):
        return True
    if error.validator == "required":  # what was told of a member, and taken out, is not missing
        return other.rpartition("/")[0] == at
    return error.validator in _UNIONS and pointers.is_within(other, at)


def _meant(error: ValidationError) -> Iterator[ValidationError]:
    """What is wrong in the branch of a union that was meant, if it is clear which one was."""
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
        branches.setdefault(inner.relative_schema_path[0], []).append(inner)
    # what says in several branches that another was meant; `required: true` of one says nothing
    tags = Counter(name for errors in branches.values() for name in set(map(_tag, errors)))
    left = [
        errors
        for errors in branches.values()
        if not any((tag := _tag(each)) == "$ref" or (tag and tags[tag] > 1) for each in errors)
    ]
    if len(left) != 1:
        left = [errors for errors in branches.values() if not any(map(_tag, errors))]
    if not left and branches:
        # a tag itself is wrong: the branch that rejects the least was meant
        fewest = min(map(len, branches.values()))
        left = [errors for errors in branches.values() if len(errors) == fewest]
    if len(left) != 1:
        yield error
        return
    for inner in left[0]:
        yield from _meant(inner)


def _tag(error: ValidationError) -> str | None:
    """The member by which an error may say that another branch was meant: no `$ref`, another kind.

    None where it says nothing of the kind.
    """
    if error.validator == "required":
        return "$ref" if error.message.startswith("'$ref' ") else None
    is_kind = error.validator in ("const", "enum") and len(error.relative_path) == 1
    return str(error.relative_path[0]) if is_kind else None


# -- members that nobody declares ---------------------------------------------------------------


def _undeclared(
    version: str, at: str, error: ValidationError, wrong: list[str]
) -> Iterator[tuple[str, str]]:
    """The members of the object at *at* that OpenAPI does not have there."""
    known = _names(_schema(version), error.schema)
    for name in _rejected_names(error):
        place = pointers.join(at, name)
        # a member that is wrong inside, or that only a branch declares of which something else is
        # wrong, is not evaluated and seems undeclared
        if any(pointers.is_within(other, place) for other in wrong):
            continue
        if name in known and any(pointers.is_within(other, at) for other in wrong):
            continue
        # `itemSchema` is of 3.2, and the only word for items that there is: read in any version
        if name != "itemSchema":
            yield place, _stranger(version, name, known, error)


def _rejected_names(error: ValidationError) -> list[str]:
    if not isinstance(error.instance, dict):
        return []
    if error.validator == "additionalProperties":
        schema = _declaring(error)
        declared = schema.get("properties", {})
        patterns = "|".join(schema.get("patternProperties", {"(?!)": 0}))
        return [
            name
            for name in error.instance
            if name not in declared and not re.search(patterns, name)
        ]
    listed = error.message.rpartition("(")[2]
    return [name for name in error.instance if repr(name) in listed]


_STATUS = re.compile(r"[1-5]xx", re.IGNORECASE)


def _are_statuses(error: ValidationError) -> bool:
    """Whether the object's members are responses by their status."""
    return any("XX" in pattern for pattern in _declaring(error).get("patternProperties", ()))


def _declaring(error: ValidationError) -> dict[str, Any]:
    return error.schema if isinstance(error.schema, dict) else {}


def _stranger(version: str, name: str, known: frozenset[str], error: ValidationError) -> str:
    if _are_statuses(error):
        if _STATUS.fullmatch(name):
            return f"`{name}` has to be written `{name.upper()}`: as it stands it means no response"
        return f"{name!r} is no status: a response is called 200, 2XX or `default`"
    if name in known:
        return f"the member {name!r} may not stand beside the others here"
    near = nearest(name, known)
    advice = f" (did you mean {near!r}?)" if near else ""
    return f"no member {name!r} is declared there{advice}"


def _names(root: Any, schema: Any) -> frozenset[str]:
    """The members that *schema* declares, in any of its branches."""
    names: set[str] = set()
    pending: list[Any] = [schema]
    seen: list[Any] = []
    while pending:
        here = pending.pop()
        if isinstance(here, list):
            pending += here
        if not isinstance(here, dict) or any(here is each for each in seen):
            continue
        seen.append(here)
        names.update(here.get("properties", ()))
        pending += [here[word] for word in MAY_HOLD if word in here and word != "dependentSchemas"]
        pending += here.get("dependentSchemas", {}).values()
        reference = here.get("$ref", "")
        pending += [pointers.find(root, reference[1:])] if reference[:2] == "#/" else []
    return frozenset(names - {"$ref"})


# -- everything else ----------------------------------------------------------------------------


def _sentence(error: ValidationError, at: str) -> str:
    tokens = pointers.split(at)
    name = f"`{tokens[-1]}`" if tokens and not tokens[-1].isdigit() else "this"
    word, asked, found = str(error.validator), error.validator_value, error.instance
    if word == "type":
        types = " or ".join(map(a, [asked] if isinstance(asked, str) else list(_items(asked))))
        return f"{name} has to be {types}, not {'null' if found is None else a(type_of(found))}"
    if word == "enum":
        allowed = " or ".join(map(inline_json, _items(asked)))
        return f"{name} has to be {allowed}, not {inline_json(found)}"
    if word == "const":
        return f"{name} has to be {inline_json(asked)}, not {inline_json(found)}"
    if word == "pattern":
        return f"{name} has to match {asked}, and {inline_json(found)} does not"
    if word in _UNIONS:
        return _union(error) or _shortened(error.message)
    if word == "required" and tokens[-1:] == ("responses",):
        return f"{name} {_EMPTY['minProperties']}"
    if word in _EMPTY:
        return f"{name} {_EMPTY[word]}"
    return _shortened(error.message.replace(" is a required property", " is missing"))


_EMPTY = {
    "minProperties": "has no member, and needs one",
    "minItems": "has too few items",
    "uniqueItems": "has an item twice",
}


def _items(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _shortened(message: str) -> str:
    return message if len(message) <= _LONGEST else message[: _LONGEST - 1] + "…"


def _union(error: ValidationError) -> str | None:
    """Branches that ask for members only: none of these is there, or too many are."""
    branches = [each for each in _items(error.validator_value) if isinstance(each, dict)]
    asked = [name for branch in branches for name in branch.get("required", ())]
    if not asked or not isinstance(error.instance, dict):
        return None
    present = [name for name in dict.fromkeys(asked) if name in error.instance]
    if len(present) > 1:
        return f"{' and '.join(map(repr, present))} exclude each other"
    return None if present else f"{' or '.join(map(repr, dict.fromkeys(asked)))} is missing"


@cache
def _schema(version: str) -> Any:
    """OpenAPI's own schema, out of the library's file, or as it publishes it.

    To import the library takes longer than to lint a document: a dozen others come with it.
    """
    try:
        schema = json.loads(_file(version).read_bytes())
    except (OSError, ValueError, LookupError):
        return published(version)
    return schema


def _file(version: str) -> Path:
    """Where the library keeps the schema.  Raises LookupError where it is in no folder."""
    spec = find_spec("openapi_spec_validator")
    folders = spec.submodule_search_locations if spec is not None else None
    if not folders:
        raise LookupError(version)
    return Path(folders[0], "resources", "schemas", f"v{version}", "schema.json")


def published(version: str) -> Any:
    """OpenAPI's own schema, as its library publishes it."""
    from openapi_spec_validator import schemas

    return dict(getattr(schemas, f"schema_v{version.replace('.', '')}"))


@cache
def _validator(version: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(_schema(version))


@cache
def _explaining(version: str) -> Validator:
    """The validator that tells why, with the anchors of the schema found.

    By itself it looks for all of them again at each `$dynamicRef` that it comes to.
    """
    from jsonschema.validators import validator_for  # slow to load, and most documents are valid
    from referencing import Registry, Resource

    schema = _schema(version)
    registry: Registry[Any] = (Resource.from_contents(schema) @ Registry()).crawl()
    return validator_for(schema)(schema, registry=registry)
