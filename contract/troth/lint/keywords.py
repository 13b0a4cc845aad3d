"""Keywords that admit nothing, constrain nothing, or cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from troth import pointer as pointers
from troth.errors import SpecError
from troth.lint.findings import Finding, Fix
from troth.lint.survey import Survey, text_of
from troth.lint.walk import Node
from troth.schema import proofs

# The types that each keyword looks at; to an instance of any other it says nothing.
_LOOKS_AT: dict[str, frozenset[str]] = {
    **dict.fromkeys(
        ("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf"),
        frozenset({"number", "integer"}),
    ),
    **dict.fromkeys(("minLength", "maxLength", "pattern"), frozenset({"string"})),
    **dict.fromkeys(
        ("items", "prefixItems", "minItems", "maxItems", "uniqueItems", "contains"),
        frozenset({"array"}),
    ),
    **dict.fromkeys(
        (
            "properties",
            "patternProperties",
            "additionalProperties",
            "propertyNames",
            "required",
            "minProperties",
            "maxProperties",
            "dependentRequired",
            "dependentSchemas",
        ),
        frozenset({"object"}),
    ),
}


def dead_names(survey: Survey) -> Iterator[Finding]:
    """Find `propertyNames` that no name meets: every object with a member is rejected."""
    for node in survey.of("schema"):
        if node.edge != ("propertyNames",) or not names_impossible(survey, node.pointer):
            continue
        pattern = _decimal(node)
        proposal = "`maxProperties: 0` would say so"
        fix: tuple[Fix, ...] = ()
        if pattern is not None:
            proposal = f"`pattern: {pattern}` would ask for a decimal number"
            fix = (Fix("replace", node.pointer, {"pattern": pattern}),)
        yield survey.finding(
            "dead-keyword",
            node,
            f"A member's name is a string, and {text_of(node.value)} admits no string (proved): "
            f"every object that is not empty is rejected; {proposal}.",
            *fix,
        )


def names_impossible(survey: Survey, pointer: str) -> bool:
    """Whether the `propertyNames` schema at *pointer* admits no string."""
    node = survey.by_pointer.get(pointer)
    if node is None or node.value is False or not survey.provable(node):
        return False  # `false` says on purpose that there are no members
    parts = proofs.unsatisfiable_parts(survey.schemas, pointer)
    return any(part.pointer == pointer for part in parts)


def _decimal(node: Node) -> str | None:
    """The names that a numeric type can only have meant, as a pattern."""
    if node["type"] != "integer":
        return None
    minimum = node["minimum"]
    if isinstance(minimum, (int, float)) and minimum >= 0:
        return "^(0|[1-9][0-9]*)$" if minimum < 1 else "^[1-9][0-9]*$"
    return "^(0|-?[1-9][0-9]*)$"


def unsatisfiable(survey: Survey) -> Iterator[Finding]:
    """Find schemas that no value meets; the innermost, where one makes another so."""
    met = dict(_impossible(survey))
    for pointer, part in met.items():
        # a reference to one that is told is no second fault
        node = survey.by_pointer.get(pointer)
        if part.causes == (f"{pointer}/$ref",) and node is not None and node.reference in met:
            continue
        why = f"{part.why}{_values(survey, part)}"
        yield survey.finding(
            "unsatisfiable", pointer, f"No value can be valid here (proved): {why}."
        )


def _impossible(survey: Survey) -> Iterator[tuple[str, proofs.Unsatisfiable]]:
    for outer in survey.of("schema"):
        if outer.parent is not None and outer.parent.role == "schema":
            continue
        if not survey.provable(outer):
            continue
        parts = {
            part.pointer: part
            for part in proofs.unsatisfiable_parts(survey.schemas, outer.pointer)
            if not _meant(survey.by_pointer.get(part.pointer))
        }
        for pointer, part in parts.items():
            if any(other.startswith(pointer + "/") for other in parts):
                continue
            if not pointer.endswith("/propertyNames"):  # those are `dead-keyword`
                yield pointer, part


def _meant(node: Node | None) -> bool:
    """Whether nothing is to be valid there: `false`, `not: {}`, or a condition switched off."""
    if node is None or node.value is False or node["not"] == {} or node["not"] is True:
        return True
    around: Node | None = node
    while around is not None and around.role == "schema":
        if around.edge[:1] in (("if",), ("not",)):
            return True
        around = around.parent
    return False


def _values(survey: Survey, part: proofs.Unsatisfiable) -> str:
    shown = []
    for cause in part.causes:
        keyword = pointers.split(cause)[-1]
        try:
            value = pointers.resolve(survey.document.root, cause)
        except KeyError:
            continue
        if not isinstance(value, dict):
            shown.append(f"{keyword}: {text_of(value)}")
    return f" ({', '.join(shown)})" if shown else ""


def inert(survey: Survey) -> Iterator[Finding]:
    """Find keywords that look at a type which the schema's own `type` excludes."""
    for node in survey.of("schema"):
        named = node["type"]
        allowed = {named} if isinstance(named, str) else set(named or ())
        if not allowed:
            continue
        words = [
            word
            for word, looked_at in _LOOKS_AT.items()
            if node[word] is not None and not looked_at & allowed and not _trivial(node[word])
        ]
        if words:
            names = ", ".join(f"`{word}`" for word in words)
            types = " or ".join(sorted(allowed))
            verb = "say" if len(words) > 1 else "says"
            yield survey.finding(
                "inert-keyword",
                node,
                f"{names} {verb} nothing of a value of type {types}.",
                *(Fix("remove", f"{node.pointer}/{word}") for word in words),
            )


# What JSON Schema 2020-12 has and the Schema Object of OpenAPI 3.0.4 (§4.7.24) has not.
_NOT_IN_3_0 = (
    *("const", "if", "then", "else", "patternProperties", "propertyNames", "contains"),
    *("prefixItems", "dependentRequired", "dependentSchemas", "unevaluatedProperties"),
    *("unevaluatedItems", "contentSchema", "minContains", "maxContains"),
)


def foreign(survey: Survey) -> Iterator[Finding]:
    """Find keywords of another version of OpenAPI, which constrain nothing in this one."""
    for node in survey.of("schema"):
        if survey.is_3_0:
            for word in _NOT_IN_3_0:
                if isinstance(node.value, dict) and word in node.value:
                    yield survey.finding(
                        "foreign-keyword",
                        pointers.join(node.pointer, word),
                        f"OpenAPI 3.0 has no `{word}`: it constrains nothing here.",
                        *_in_3_0(node, word),
                    )
        elif isinstance(node["nullable"], bool):
            yield survey.finding(
                "foreign-keyword",
                pointers.join(node.pointer, "nullable"),
                "OpenAPI 3.1 has no `nullable`: null is allowed by `type` only.",
                *_in_3_1(node),
            )


def _in_3_0(node: Node, word: str) -> tuple[Fix, ...]:
    if word != "const" or node["enum"] is not None:
        return ()
    removal = Fix("remove", pointers.join(node.pointer, word))
    return (removal, Fix("merge", node.pointer, {"enum": [node["const"]]}))


def _in_3_1(node: Node) -> tuple[Fix, ...]:
    removal = Fix("remove", pointers.join(node.pointer, "nullable"))
    if node["nullable"] is False:
        return (removal,)
    named = [node["type"]] if isinstance(node["type"], str) else node["type"]
    if named is None or node["enum"] is not None:
        return ()
    types = named if "null" in named else [*named, "null"]
    return (removal, Fix("replace", pointers.join(node.pointer, "type"), types))


def _trivial(value: Any) -> bool:
    """Whether a keyword says nothing of any value: `properties: {}`, `uniqueItems: false`."""
    return value is True or value is False or value in ({}, [])


_UNPORTABLE = re.compile(r"\\[pP]\{?[A-Za-z]")


def unreadable(survey: Survey) -> Iterator[Finding]:
    """Find schemas that are none, and patterns that are no ECMA-262 or too large to run."""
    faults = list(survey.schemas.faults())
    for node in survey.of("schema"):
        if node["pattern"] is not None or node["patternProperties"]:
            faults += _uncompilable(survey, node)
    met: set[str] = set()
    for fault in faults:
        if fault.pointer in met:
            continue
        met.add(fault.pointer)
        code = "bad-pattern" if fault.fault.startswith("the pattern") else "bad-schema"
        sentence = fault.fault[:1].upper() + fault.fault[1:]
        yield survey.finding(code, fault.pointer, sentence.rstrip(".") + ".")


def _uncompilable(survey: Survey, node: Node) -> list[SpecError]:
    # a pattern may be a regular expression, and its automaton too large to build
    try:
        survey.schemas.at(node.pointer)
    except SpecError as fault:
        inside = fault.pointer.startswith(node.pointer + "/pattern")
        own = f"{node.pointer}/pattern"
        return [fault] if inside else [SpecError(fault.fault, pointer=own)]
    return []


def unportable(survey: Survey) -> Iterator[Finding]:
    """Find patterns with a Unicode property, which engines read in different ways."""
    for node in survey.of("schema"):
        held = [(f"{node.pointer}/pattern", node["pattern"])]
        for pattern in node["patternProperties"] or ():
            held.append((pointers.join(node.pointer, "patternProperties", pattern), pattern))
        for pointer, pattern in held:
            if isinstance(pattern, str) and _UNPORTABLE.search(pattern.replace(r"\\", "")):
                yield survey.finding(
                    "unportable-pattern",
                    pointer,
                    f"{text_of(pattern)} uses a Unicode property, which only ECMA-262's `u` flag "
                    "gives a meaning: other engines refuse it or read plain letters.",
                )
