"""What OpenAPI's own schema rejects: unknown members, missing ones, values of another form.

The OpenAPI Initiative publishes a JSON Schema of each version's documents, which does not look
into Schema Objects.  jsonschema-rs says in milliseconds that a document is valid; when it is not,
jsonschema tells why: it is the reference, and finds the branch that was meant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from functools import cache
from typing import Any

import jsonschema_rs
from jsonschema import ValidationError
from jsonschema.validators import validator_for
from openapi_spec_validator import schemas

from troth import pointer as pointers
from troth.lint.findings import Finding
from troth.lint.survey import Survey

_SCHEMAS = {"3.0": "schema_v30", "3.1": "schema_v31", "3.2": "schema_v32"}
#: Keywords that name members nobody declares: the errors of these name the members.
_CLOSING = ("additionalProperties", "unevaluatedProperties")
_LONGEST = 200


def rejected(survey: Survey, found: Collection[Finding]) -> Iterator[Finding]:
    """Find what OpenAPI's own schema rejects, but where *found* has said something already."""
    document = survey.document
    version = document.openapi[:3]
    if _quick(version).is_valid(document.root):
        return
    said = [finding.pointer for finding in found if finding.severity != "info"]
    for at, sentence in dict(_errors(version, document.root)).items():
        if not any(_touch(at, each) for each in said):
            message = f"OpenAPI {version}'s own schema rejects this: {sentence}."
            yield survey.finding("malformed", at, message)


def _touch(one: str, other: str) -> bool:
    """Whether one of two pointers leads into what the other points to."""
    return (one + "/").startswith(other + "/") or (other + "/").startswith(one + "/")


def _errors(version: str, root: Any) -> Iterator[tuple[str, str]]:
    schema = _schema(version)
    try:
        errors = [
            (pointers.of(meant.absolute_path), meant)
            for error in validator_for(schema)(schema).iter_errors(root)
            for meant in _meant(error)
        ]
    except RecursionError:
        yield "", "somewhere, too deep inside to be told where"
        return
    # the branch of an object that lacks something declares nothing, so all of it seems undeclared
    broken = {at for at, error in errors if error.validator not in _CLOSING}
    for at, error in errors:
        names = list(_undeclared(error))
        for name in names:
            # `itemSchema` is of 3.2, and the only word for items that there is: read in any version
            if at not in broken and name != "itemSchema":
                yield pointers.join(at, name), f"no member {name!r} is declared there"
        if not names:
            yield at, _sentence(error)


def _meant(error: ValidationError) -> Iterator[ValidationError]:
    """What is wrong in the branch of a union that was meant, if it is clear which one was."""
    if not error.context:
        yield error
        return
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context:
        branches.setdefault(inner.relative_schema_path[0], []).append(inner)
    left = [errors for errors in branches.values() if not any(map(_is_tag, errors))]
    if len(left) != 1:
        yield error
        return
    for inner in left[0]:
        yield from _meant(inner)


def _is_tag(error: ValidationError) -> bool:
    """Whether an error says that another branch was meant: no reference, another kind."""
    if error.validator == "required":
        return error.message.startswith("'$ref' ")
    return error.validator in ("const", "enum") and len(error.relative_path) == 1


def _undeclared(error: ValidationError) -> Iterator[str]:
    """The members that a closing keyword rejects."""
    if error.validator in _CLOSING and isinstance(error.instance, dict):
        told = error.message.rpartition("(")[2] or error.message
        yield from (name for name in error.instance if repr(name) in told)


def _sentence(error: ValidationError) -> str:
    said = error.message
    if error.validator == "required":
        return said.replace(" is a required property", " is missing")
    if error.validator in _CLOSING:
        return "the name of a member is not one that may stand there"
    return said if len(said) <= _LONGEST else said[: _LONGEST - 1] + "…"


@cache
def _schema(version: str) -> Any:
    return dict(getattr(schemas, _SCHEMAS[version]))


@cache
def _quick(version: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(_schema(version))
