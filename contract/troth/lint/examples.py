"""Examples and defaults that their own schema rejects.

Every place where OpenAPI lets an example stand: the Schema Object's `example`, `examples` and
`default`, and the `example` and `examples` of media types, parameters and headers.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from troth import pointer as pointers
from troth.errors import SpecError
from troth.http import media_type
from troth.lint.findings import Finding, Fix
from troth.lint.keywords import names_impossible
from troth.lint.members import types
from troth.lint.repair import declared_only, repaired, undeclared
from troth.lint.survey import Survey
from troth.lint.walk import Node
from troth.schema.schema import Mismatch, Schema


@dataclass(frozen=True, slots=True, eq=False)
class Shown:
    """A value that the document shows, where it stands, and the schema that it should meet.

    *readings* are what it may also mean, where a serialised form is allowed in its place.
    """

    word: str
    pointer: str
    value: Any
    schema: Node
    readings: tuple[Any, ...] = ()
    lenient: bool = False


def wrong_values(survey: Survey) -> Iterator[Finding]:
    """Find the examples and defaults that are not valid, and what they show beyond the schema."""
    met: set[str] = set()
    for shown in all_shown(survey):
        if shown.pointer in met:
            continue
        met.add(shown.pointer)
        try:
            schema = survey.schemas.at(shown.schema.pointer)
            found = _judged(survey, shown, schema)
        except (SpecError, ValueError, UnicodeError):
            continue  # a pattern that cannot be compiled is a finding of its own
        if found is not None:
            yield found


def all_shown(survey: Survey) -> Iterator[Shown]:
    """Every example and default of the document that has a schema."""
    ignores_siblings = survey.is_3_0
    for node in survey.of("schema"):
        # OpenAPI 3.0.4 §4.7.23.2: what stands beside a `$ref` is ignored
        if isinstance(node.value, dict) and not (ignores_siblings and "$ref" in node.value):
            yield from _in_schema(node)
    for node in survey.of("media-type"):
        schema = survey.child(node, "schema")
        if schema is not None:
            yield from _in_media_type(survey, node, schema)
    for node in survey.of("parameter", "header"):
        schema = survey.child(node, "schema")
        if schema is not None:
            for pointer, value in _examples(survey, node):
                yield Shown("example", pointer, value, schema, _parsed(value))


def _in_schema(node: Node) -> Iterator[Shown]:
    for word in ("example", "default"):
        if word in node.value:
            yield Shown(word, pointers.join(node.pointer, word), node.value[word], node)
    if isinstance(node["examples"], list):
        for index, value in enumerate(node["examples"]):
            yield Shown("example", pointers.join(node.pointer, "examples", index), value, node)


def _in_media_type(survey: Survey, node: Node, schema: Node) -> Iterator[Shown]:
    is_json = media_type.is_json(node.name)
    for pointer, value in _examples(survey, node):
        if is_json:
            # OpenAPI 3.1 §4.8.14: a string may hold the serialised form
            readings = tuple(each for each in _parsed(value) if isinstance(each, (dict, list)))
            yield Shown("example", pointer, value, schema, readings)
        elif not isinstance(value, str):
            yield Shown("example", pointer, value, schema, lenient=True)


def _examples(survey: Survey, node: Node) -> Iterator[tuple[str, Any]]:
    if isinstance(node.value, dict) and "example" in node.value:
        yield pointers.join(node.pointer, "example"), node.value["example"]
    for example in survey.children(node, "examples"):
        resolved = survey.resolve(example)
        for word in ("value", "dataValue"):  # OpenAPI 3.2 §4.19 has both
            if resolved is not None and word in resolved.value:
                yield pointers.join(resolved.pointer, word), resolved.value[word]


def _parsed(value: Any) -> tuple[Any, ...]:
    """What the serialised form *value* may stand for (OpenAPI 3.1 §4.8.12.2)."""
    if not isinstance(value, str):
        return ()
    found = list(repaired(value))
    found += [value.split(mark) for mark in ",|& " if mark in value]
    return tuple(found)


def _judged(survey: Survey, shown: Shown, schema: Schema) -> Finding | None:
    # the compiled schema is asked before anything is explained: most values are right
    if schema.is_valid(shown.value):
        return _beyond(survey, shown)
    if any(schema.is_valid(reading) for reading in shown.readings) or _valid_around(survey, shown):
        return None
    wrong = _counted(survey, shown, schema.errors(shown.value))
    if not wrong:
        return None
    if all(each.keyword == "undecided" for each in wrong):
        return survey.finding(
            f"{shown.word}-undecided",
            shown.pointer,
            f"The {shown.word} could not be checked: {wrong[0].message}.",
        )
    if any(names_impossible(survey, pointer) for pointer in _property_names(wrong)):
        reason = "`propertyNames` there admits no name at all"
        return survey.finding(
            f"{shown.word}-invalid", shown.pointer, _sentence(shown, wrong) + f" ({reason})."
        )
    return _with_fix(survey, shown, schema, wrong)


def _valid_around(survey: Survey, shown: Shown) -> bool:
    """Whether the value suits the union that its schema is a branch of.

    `anyOf: [{type: object, default: null}, {type: null}]` says what the whole is by default.
    """
    schema = survey.schemas.at(shown.schema.pointer)
    if any(
        candidate != [shown.value] and schema.is_valid(candidate)
        for candidate in repaired(shown.value)
    ):
        return False  # JSON text of the right type: meant for this branch, as text it is wrong
    pending, met = [shown.schema], set()
    while pending:
        node = pending.pop()
        if node.pointer in met:
            continue
        met.add(node.pointer)
        pending.extend(survey.referrers.get(node.pointer, ()))
        if node.parent is not None and node.edge[0] in ("anyOf", "oneOf"):
            pending.append(node.parent)
            if survey.schemas.at(node.parent.pointer).is_valid(shown.value):
                return True
    return False


def _with_fix(survey: Survey, shown: Shown, schema: Schema, wrong: tuple[Mismatch, ...]) -> Finding:
    sentence = _sentence(shown, wrong)
    for candidate in repaired(shown.value):
        extra = undeclared(survey, shown.schema, candidate)
        mended = declared_only(survey, shown.schema, candidate)
        # a schema without a type takes nearly anything: an array has to be asked for
        if isinstance(mended, list) and "array" not in types(survey, shown.schema):
            continue
        if not schema.is_valid(mended):
            continue
        if isinstance(shown.value, str) and not isinstance(mended, str):
            sentence += f"; as {_kind(mended)} it would be valid"
        if extra:
            sentence += f", without the undeclared {', '.join(f'`{name}`' for name in extra)}"
        fix = Fix("replace", shown.pointer, mended)
        return survey.finding(f"{shown.word}-invalid", shown.pointer, sentence + ".", fix)
    return survey.finding(
        f"{shown.word}-invalid", shown.pointer, sentence + ".", Fix("remove", shown.pointer)
    )


def _beyond(survey: Survey, shown: Shown) -> Finding | None:
    extra = undeclared(survey, shown.schema, shown.value)
    if not extra or shown.lenient:
        return None
    names = ", ".join(f"`{name}`" for name in extra)
    plural = "members" if len(extra) > 1 else "member"
    return survey.finding(
        "example-undeclared-member",
        shown.pointer,
        f"The {shown.word} shows the {plural} {names}, which its schema does not declare.",
        Fix("replace", shown.pointer, declared_only(survey, shown.schema, shown.value)),
    )


def _sentence(shown: Shown, wrong: tuple[Mismatch, ...]) -> str:
    first = wrong[0]
    at = f" at {first.instance_pointer}" if first.instance_pointer else ""
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    message = first.message.rstrip(".")
    return f"The {shown.word} breaks its schema{at}: {message}{more}"


def _counted(survey: Survey, shown: Shown, wrong: tuple[Mismatch, ...]) -> tuple[Mismatch, ...]:
    """The mismatches that count: a member of the other direction need not be there.

    OpenAPI 3.1 §4.8.24.2: `required` on a readOnly member holds for responses only, and on a
    writeOnly one for requests only.
    """
    return tuple(each for each in wrong if not _one_way(survey, shown, each))


def _one_way(survey: Survey, shown: Shown, mismatch: Mismatch) -> bool:
    if mismatch.keyword != "required":
        return False
    owner_pointer = mismatch.schema_pointer.rsplit("/required", 1)[0]
    owner = survey.by_pointer.get(owner_pointer)
    try:
        instance = pointers.resolve(shown.value, mismatch.instance_pointer)
    except KeyError:
        return False
    if owner is None or not isinstance(instance, dict):
        return False
    missing = [name for name in owner["required"] or () if name not in instance]
    return bool(missing) and all(_is_one_way(survey, owner, name) for name in missing)


def _is_one_way(survey: Survey, owner: Node, name: str) -> bool:
    for relative in survey.family(owner):
        member = survey.child(relative, "properties", name)
        for part in survey.conjuncts(member) if member else ():
            if part["readOnly"] is True or part["writeOnly"] is True:
                return True
    return False


def _property_names(wrong: tuple[Mismatch, ...]) -> Iterator[str]:
    for each in wrong:
        head, keyword, _ = each.schema_pointer.partition("/propertyNames")
        if keyword:
            yield head + keyword


def _kind(value: Any) -> str:
    names = {dict: "an object", list: "an array", bool: "a boolean", type(None): "null"}
    return names.get(type(value), "a number")
