"""Objects that are not of OpenAPI's form, and troth's own words where they have no meaning.

First what reading the document left out, then what objects lack.  All the rest is left to the
JSON Schema that the OpenAPI Initiative publishes for each version's documents, which does not look
into Schema Objects.  jsonschema-rs says in milliseconds that a document is valid; when it is not,
jsonschema tells why: it is the reference, and finds the branch that was meant.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from functools import cache
from typing import Any

import jsonschema_rs
from jsonschema import ValidationError
from jsonschema.validators import validator_for
from openapi_spec_validator import schemas

from troth import pointer as pointers
from troth.document import vocabulary
from troth.document.spec_errors import (
    BadReference,
    DanglingReference,
    DuplicateKey,
    ForeignDialect,
    RefusedReference,
    UnproductiveCycle,
    WrongType,
)
from troth.errors import Place, SpecError
from troth.lint.diagnostics import CODES, Diagnostic
from troth.lint.survey import Survey
from troth.openapi import reader
from troth.openapi.operation import LOCATIONS

_CODES: Mapping[type[SpecError], str] = {
    DuplicateKey: "duplicate-key",
    WrongType: "malformed",
    DanglingReference: "bad-reference",
    RefusedReference: "bad-reference",
    BadReference: "bad-reference",
    UnproductiveCycle: "bad-reference",
    ForeignDialect: "bad-schema",
}
_NEEDED: Mapping[str, tuple[str, ...]] = {"parameter": ("name", "in"), "security-scheme": ("type",)}


def not_understood(survey: Survey) -> Iterator[Diagnostic]:
    """Find what was left out when the document was read: wrong types, references that lead nowhere.

    A fault that reading did not know by its class is told as one that keeps troth from using it.
    """
    for fault in survey.document.faults:
        code = _CODES.get(type(fault), "unusable")
        sentence = " ".join(f"{fault.fault[:1].upper()}{fault.fault[1:]}. {fault.advice}".split())
        place = fault.place or Place(survey.document.file, 1)
        yield Diagnostic(CODES[code], code, sentence, fault.pointer, place)


def malformed(survey: Survey) -> Iterator[Diagnostic]:
    """Find objects that lack what they are found by, and parameters that are nowhere."""
    for node in survey.of(*_NEEDED):
        # nothing else is said of a Reference Object, nor of one that is told already
        if "$ref" in node.value or not node.value:
            continue
        called = f"A {node.role.replace('-', ' ')}"
        for name in _NEEDED[node.role]:
            if survey.document.positions.of_member(node.value, name) is None:
                yield survey.diagnose("malformed", node, f"{called} needs `{name}`.")
        if node.role == "parameter" and node["in"] is not None and node["in"] not in LOCATIONS:
            known = ", ".join(LOCATIONS)
            yield survey.diagnose("malformed", node, f"A parameter is in one of {known}.")


_SCHEMAS = {"3.0": "schema_v30", "3.1": "schema_v31", "3.2": "schema_v32"}
#: Keywords that name members nobody declares: the errors of these name the members.
_CLOSING = ("additionalProperties", "unevaluatedProperties")
_LONGEST = 200


def rejected(survey: Survey, diagnostics: Collection[Diagnostic]) -> Iterator[Diagnostic]:
    """Find what OpenAPI's own schema rejects, but where *diagnostics* say something already."""
    document = survey.document
    version = document.openapi[:3]
    if _validator(version).is_valid(document.root):
        return
    known = [each.pointer for each in diagnostics if each.severity != "info"]
    for at, sentence in dict(_errors(version, document.root)).items():
        if not any(pointers.overlap(at, other) for other in known):
            message = f"OpenAPI {version}'s own schema rejects this: {sentence}."
            yield survey.diagnose("malformed", at, message)


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
    branches: dict[Any, list[ValidationError]] = {}
    for inner in error.context or ():
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
        listed = error.message.rpartition("(")[2] or error.message
        yield from (name for name in error.instance if repr(name) in listed)


def _sentence(error: ValidationError) -> str:
    message = error.message
    if error.validator == "required":
        return message.replace(" is a required property", " is missing")
    if error.validator in _CLOSING:
        return "the name of a member is not one that may stand there"
    return message if len(message) <= _LONGEST else message[: _LONGEST - 1] + "…"


@cache
def _schema(version: str) -> Any:
    return dict(getattr(schemas, _SCHEMAS[version]))


@cache
def _validator(version: str) -> jsonschema_rs.Validator:
    return jsonschema_rs.validator_for(_schema(version))


def unknown_extensions(survey: Survey) -> Iterator[Diagnostic]:
    """Find words in troth's own namespace that it does not know, or that say it wrongly."""
    for pointer, sentence in vocabulary.check(survey.document.root):
        message = sentence[:1].upper() + sentence[1:]
        yield survey.diagnose("unknown-extension", pointer, message.rstrip(".") + ".")


def unusable(survey: Survey, diagnostics: Collection[Diagnostic]) -> Iterator[Diagnostic]:
    """Find what keeps troth from compiling the document, unless *diagnostics* say it already.

    A law may be no expression of CEL, or have the name of another.
    """
    faults: Iterable[SpecError]
    try:
        faults = reader.compile(survey.document).faults
    except SpecError as error:
        faults = (error,)
    known = [each.pointer for each in diagnostics if each.severity == "error" and each.pointer]
    for fault in faults:
        if not any(pointers.overlap(fault.pointer, pointer) for pointer in known):
            sentence = " ".join(fault.fault.split())
            yield survey.diagnose("unusable", fault.pointer, f"Troth cannot use this: {sentence}.")
