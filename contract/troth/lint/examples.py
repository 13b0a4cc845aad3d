"""Examples, defaults and code samples that their own schema rejects.

Every place where OpenAPI lets an example stand: the Schema Object's `example`, `examples` and
`default`, and the `example` and `examples` of media types, parameters and headers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from troth import pointer as pointers
from troth.errors import SpecError
from troth.http import media_type
from troth.lint.diagnostics import Diagnostic, Fix, Severity
from troth.lint.keywords import names_impossible
from troth.lint.survey import Node, Survey, closure
from troth.openapi.code_samples import requests_in
from troth.schema.data_model import type_of
from troth.schema.direction import Direction
from troth.schema.messages import a
from troth.schema.schema import Mismatch, Schema


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A value that the document shows, where it stands, and the schema that it should meet.

    *readings* are what it may also mean, where a serialised form is allowed in its place;
    *direction* is that of the messages that it is an example of, if it is one of one side only.
    """

    word: str
    pointer: str
    value: Any
    schema: Node
    readings: tuple[Any, ...] = ()
    lenient: bool = False
    direction: Direction | None = None


def wrong_values(survey: Survey) -> Iterator[Diagnostic]:
    """Find the examples and defaults that are not valid, and what they show beyond the schema."""
    seen: set[str] = set()
    for shown in all_shown(survey):
        if shown.pointer in seen:
            continue
        seen.add(shown.pointer)
        try:
            schema = survey.schemas.at(shown.schema.pointer, direction=shown.direction)
            diagnostic = _check(survey, shown, schema)
        except (SpecError, ValueError, UnicodeError):
            continue  # a pattern that cannot be compiled is a diagnostic of its own
        if diagnostic is not None:
            yield diagnostic


def all_shown(survey: Survey) -> Iterator[Shown]:
    """Every example and default of the document that has a schema."""
    for node in survey.of("schema"):
        if isinstance(node.value, dict) and not survey.is_ignored(node):
            for word in ("example", "default"):
                if word in node.value:
                    yield Shown(word, f"{node.pointer}/{word}", node.value[word], node)
            listed = node["examples"]
            for index, value in enumerate(listed if isinstance(listed, list) else ()):
                yield Shown("example", f"{node.pointer}/examples/{index}", value, node)
    for node in survey.of("media-type", "parameter", "header"):
        schema = survey.child(node, "schema")
        if schema is None:
            continue
        directions = {use.direction for use in survey.uses(node)}
        direction = directions.pop() if len(directions) == 1 else None
        for pointer, value in _examples(survey, node):
            readings = _parsed(value)
            if node.role != "media-type":
                yield Shown("example", pointer, value, schema, readings)
            elif media_type.is_json(node.name):
                # OpenAPI 3.1 §4.8.14: a string may hold the serialised form
                whole = tuple(each for each in readings if isinstance(each, (dict, list)))
                yield Shown("example", pointer, value, schema, whole, direction=direction)
            elif not isinstance(value, str):
                yield Shown("example", pointer, value, schema, lenient=True, direction=direction)


def _examples(survey: Survey, node: Node) -> Iterator[tuple[str, Any]]:
    if "example" in node.value:
        yield f"{node.pointer}/example", node.value["example"]
    for example in survey.children(node, "examples"):
        resolved = survey.resolve(example)
        for word in ("value", "dataValue"):  # OpenAPI 3.2 §4.19 has both
            if resolved is not None and word in resolved.value:
                yield f"{resolved.pointer}/{word}", resolved.value[word]


def _parsed(value: Any) -> tuple[Any, ...]:
    """What the serialised form *value* may stand for (OpenAPI 3.1 §4.8.12.2)."""
    if not isinstance(value, str):
        return ()
    return (*_repaired(value), *(value.split(mark) for mark in ",|& " if mark in value))


def _check(survey: Survey, shown: Shown, schema: Schema) -> Diagnostic | None:
    # the compiled schema is asked before anything is explained: most values are right
    if schema.is_valid(shown.value):
        return _beyond(survey, shown)
    if any(map(schema.is_valid, shown.readings)) or _is_valid_around(survey, shown, schema):
        return None
    # OpenAPI 3.1 §4.8.24.2: `required` on a readOnly member holds for responses only, and on a
    # writeOnly one for requests only
    wrong = [each for each in schema.errors(shown.value) if not _is_one_way(survey, shown, each)]
    if not wrong:
        return None
    if all(each.keyword == "undecided" for each in wrong):
        message = f"The {shown.word} could not be checked: {wrong[0].message}."
        return survey.diagnose(f"{shown.word}-undecided", shown.pointer, message)
    at = f" at {wrong[0].instance_pointer}" if wrong[0].instance_pointer else ""
    sentence = f"The {shown.word} breaks its schema{at}: {_first(wrong)}"
    code = f"{shown.word}-invalid"
    severity: Severity | None = "warning" if _is_harmless(shown, wrong) else None
    if any(names_impossible(survey, pointer) for pointer in _property_names(wrong)):
        reason = "`propertyNames` there admits no name at all"
        return survey.diagnose(code, shown.pointer, f"{sentence} ({reason}).", severity=severity)
    if isinstance(shown.value, dict) and shown.value.keys() == {"$ref"}:
        reason = "a `$ref` in a value is data; it belongs in the place of the whole example"
        return survey.diagnose(code, shown.pointer, f"{sentence} ({reason}).", severity=severity)
    words, fix = _mended(survey, shown, schema)
    return survey.diagnose(code, shown.pointer, f"{sentence}{words}.", fix, severity=severity)


def _is_harmless(shown: Shown, wrong: list[Mismatch]) -> bool:
    """Whether readers and tools come to no harm, though the value is not valid.

    JSON Schema leaves it open whether a `format` is asserted (2020-12 Validation §7.2), and
    `default: null` of an optional member says that there is none.
    """
    if all(each.keyword == "format" for each in wrong):
        return True
    member = shown.schema.member
    return (
        shown.word == "default"
        and shown.value is None
        and (member is None or member.name not in (member.owner["required"] or ()))
    )


def _first(wrong: list[Mismatch]) -> str:
    """What is wrong first, and how much else is."""
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    return wrong[0].message.rstrip(".") + more


def _is_valid_around(survey: Survey, shown: Shown, schema: Schema) -> bool:
    """Whether the value suits the union that its schema is a branch of.

    `anyOf: [{type: object, default: null}, {type: null}]` says what the whole is by default.
    """
    if any(
        candidate != [shown.value] and schema.is_valid(candidate)
        for candidate in _repaired(shown.value)
    ):
        return False  # JSON text of the right type: meant for this branch, as text it is wrong

    def around(node: Node) -> Iterator[Node]:
        yield from survey.referrers.get(node, ())
        if _is_branch(node):
            yield from [node.parent] if node.parent else []

    return any(
        node.parent is not None
        and _is_branch(node)
        and survey.schemas.at(node.parent.pointer).is_valid(shown.value)
        for node in closure([shown.schema], around)
    )


def _is_branch(node: Node) -> bool:
    return node.edge[0] in ("anyOf", "oneOf")


def _mended(survey: Survey, shown: Shown, schema: Schema) -> tuple[str, Fix]:
    """What the wrong value probably was meant to be, in words and as a change."""
    for candidate in _repaired(shown.value):
        mended, extra = _declared_only(survey, shown.schema, candidate)
        # a schema without a type takes nearly anything: an array has to be asked for
        if isinstance(mended, list) and "array" not in survey.types(shown.schema):
            continue
        if not schema.is_valid(mended):
            continue
        words = ""
        if isinstance(shown.value, str) and not isinstance(mended, str):
            kind = type_of(mended).replace("integer", "number")
            words = f"; as {a(kind)} it would be valid"
        if extra:
            words += f", without the undeclared {_quoted(extra)}"
        return words, Fix("replace", shown.pointer, mended)
    return "", Fix("remove", shown.pointer)


def _quoted(names: list[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _beyond(survey: Survey, shown: Shown) -> Diagnostic | None:
    mended, extra = _declared_only(survey, shown.schema, shown.value)
    if not extra or shown.lenient:
        return None
    plural = "members" if len(extra) > 1 else "member"
    return survey.diagnose(
        "example-undeclared-member",
        shown.pointer,
        f"The {shown.word} shows the {plural} {_quoted(extra)}, which its schema does not declare.",
        Fix("replace", shown.pointer, mended),
    )


def _is_one_way(survey: Survey, shown: Shown, mismatch: Mismatch) -> bool:
    """Whether all that is missing are members of one direction only."""
    if mismatch.keyword != "required":
        return False
    owner = survey.by_pointer.get(mismatch.schema_pointer.rsplit("/required", 1)[0])
    try:
        instance = pointers.resolve(shown.value, mismatch.instance_pointer)
    except KeyError:
        return False
    if owner is None or not isinstance(instance, dict):
        return False
    missing = [name for name in owner["required"] or () if name not in instance]
    return bool(missing) and all(
        any(
            part["readOnly"] is True or part["writeOnly"] is True
            for relative in survey.family(owner)
            for part in survey.conjuncts(survey.child(relative, "properties", name))
        )
        for name in missing
    )


def _property_names(wrong: list[Mismatch]) -> Iterator[str]:
    for each in wrong:
        head, keyword, _ = each.schema_pointer.partition("/propertyNames")
        if keyword:
            yield head + keyword


_CALL = re.compile(r"\s*[A-Za-z_][\w.!]*\s*\((?P<inner>.*)\)\s*;?\s*", re.DOTALL)


def _repaired(value: Any) -> Iterator[Any]:
    """Propose what *value* may have been meant to be, the likeliest first; itself is the last."""
    if isinstance(value, str):
        call = _CALL.fullmatch(value)
        for text in (value, *([call["inner"]] if call else [])):
            try:
                # a document cannot hold NaN, and JSON has none
                yield json.loads(text, parse_constant=_refuse)
            except (ValueError, RecursionError):
                continue
    elif isinstance(value, (bool, int, float)):
        yield json.dumps(value)
    if value is not None and not isinstance(value, list):
        yield [value]
    yield value


def _refuse(word: str) -> Any:
    raise ValueError(word)


def _declared_only(survey: Survey, node: Node, value: Any) -> tuple[Any, list[str]]:
    """Copy *value* without the members that its schema does not declare, and list those."""
    undeclared: dict[str, None] = {}
    copy = _compare(survey, [node], value, undeclared)
    return copy, list(undeclared)


def _compare(survey: Survey, nodes: list[Node], value: Any, undeclared: dict[str, None]) -> Any:
    """Copy *value* along its schemas, noting the *undeclared* members that are left out."""
    parts = [part for node in nodes for part in survey.in_place(node)]
    if isinstance(value, list):
        items = [item for part in parts if (item := survey.child(part, "items")) is not None]
        items += [item for part in parts for item in survey.children(part, "prefixItems")]
        return [_compare(survey, items, item, undeclared) for item in value] if items else value
    if not isinstance(value, dict):
        return value
    # a reference that leads nowhere, or a part with no declarations, may declare anything
    is_open = not any(part["properties"] for part in parts) or any(
        part[keyword] not in (None, False)
        for part in parts
        for keyword in ("additionalProperties", "patternProperties", "unevaluatedProperties")
    )
    # the members that discriminators name need no declaration in each branch
    tags = [part["discriminator"].get("propertyName") for part in parts if part["discriminator"]]
    copy = {}
    for name, item in value.items():
        declared = [each for part in parts if (each := survey.child(part, "properties", name))]
        if declared:
            copy[name] = _compare(survey, declared, item, undeclared)
        elif is_open or name in tags:
            copy[name] = item
        else:
            undeclared[name] = None
    return copy


_SAMPLES = ("x-codeSamples", "x-code-samples")
# What a sample in these languages shows is the body itself; in any other an SDK may add members.
_VERBATIM = frozenset({"json", "shell", "bash", "sh", "curl", "zsh", "console", "http"})


def wrong_samples(survey: Survey) -> Iterator[Diagnostic]:
    """Find the code samples whose request breaks the schema of its operation's body."""
    for operation in survey.of("operation"):
        body = survey.resolve(survey.child(operation, "requestBody"))
        schema = next(
            (each for name, each in survey.bodies(body) if media_type.is_json(name)), None
        )
        if schema is None:
            continue
        members = {name for part in survey.conjuncts(schema) for name in survey.declared(part)}
        for word in _SAMPLES:
            for index, sample in enumerate(operation[word] or ()):
                if isinstance(sample, dict):
                    at = f"{operation.pointer}/{word}/{index}"
                    yield from _wrong_sample(survey, at, sample, schema, members)


def _wrong_sample(
    survey: Survey, at: str, sample: dict[str, object], schema: Node, members: set[str]
) -> Iterator[Diagnostic]:
    language = str(sample.get("lang", "")).lower()
    for request in requests_in(sample, members=members):
        try:
            mismatches = survey.schemas.at(schema.pointer).errors(request)
        except (SpecError, ValueError):
            return
        wrong = [
            each
            for each in mismatches
            if language in _VERBATIM or each.keyword != "required" or each.instance_pointer
        ]
        if wrong:
            name = " ".join(str(word) for word in (language, sample.get("label")) if word)
            message = (
                f"The code sample ({name}) sends what the schema rejects: "
                f"{wrong[0].instance_pointer or 'the body'}: {_first(wrong)}."
            )
            harmless = all(each.keyword == "format" for each in wrong)
            severity: Severity | None = "warning" if harmless else None
            yield survey.diagnose("sample-invalid", at, message, severity=severity)
            return


def duplicate_samples(survey: Survey) -> Iterator[Diagnostic]:
    """Find code samples that repeat an earlier one of the same operation."""
    for operation in survey.of("operation"):
        first: dict[str, int] = {}
        for index, sample in enumerate(operation["x-codeSamples"] or ()):
            text = json.dumps(sample, sort_keys=True)
            if first.setdefault(text, index) != index:
                pointer = f"{operation.pointer}/x-codeSamples/{index}"
                message = f"The code sample is an exact copy of sample {first[text]}."
                yield survey.diagnose("duplicate-sample", pointer, message, Fix("remove", pointer))
