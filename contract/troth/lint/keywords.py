"""Keywords that admit nothing, constrain nothing, or cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from troth import pointer as pointers
from troth.lint.diagnostics import Diagnostic, Fix, Severity, inline_json
from troth.lint.survey import Node, Survey
from troth.schema import proofs
from troth.schema.dialect import is_null_meant


def dead_names(survey: Survey) -> Iterator[Diagnostic]:
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
        message = (
            f"A member's name is a string, and {inline_json(node.value)} admits no string "
            f"(proved): every object that is not empty is rejected; {proposal}."
        )
        yield survey.diagnose("dead-keyword", node, message, *fix)


def names_impossible(survey: Survey, pointer: str) -> bool:
    """Whether the `propertyNames` schema at *pointer* admits no string."""
    node = survey.by_pointer.get(pointer)
    if node is None or node.value is False or not survey.is_provable(node):
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


def unsatisfiable(survey: Survey) -> Iterator[Diagnostic]:
    """Find schemas that no value meets; the innermost, where one makes another so."""
    impossible = dict(_impossible(survey))
    for pointer, part in impossible.items():
        # a reference to one that is reported is no second fault
        node = survey.by_pointer.get(pointer)
        if part.causes == (f"{pointer}/$ref",) and node and node.reference in impossible:
            continue
        why = f"{part.why}{_values(survey, part)}"
        message = f"No value can be valid here (proved): {why}."
        yield survey.diagnose("unsatisfiable", pointer, message)


def _impossible(survey: Survey) -> Iterator[tuple[str, proofs.Unsatisfiable]]:
    for outer in survey.of("schema"):
        if len(outer.enclosing) > 1 or not survey.is_provable(outer):
            continue
        parts = {
            part.pointer: part
            for part in proofs.unsatisfiable_parts(survey.schemas, outer.pointer)
            if not _is_meant(survey.by_pointer.get(part.pointer))
        }
        for pointer, part in parts.items():
            innermost = not any(other.startswith(pointer + "/") for other in parts)
            if innermost and not pointer.endswith("/propertyNames"):  # those are `dead-keyword`
                yield pointer, part


def _is_meant(node: Node | None) -> bool:
    """Whether nothing is to be valid there: `false`, `not: {}`, or a condition switched off."""
    if node is None or node.value is False or node["not"] == {} or node["not"] is True:
        return True
    return any(around.edge[0] in ("if", "not") for around in node.enclosing)


def _values(survey: Survey, part: proofs.Unsatisfiable) -> str:
    shown = []
    for cause in part.causes:
        try:
            value = pointers.resolve(survey.document.root, cause)
        except KeyError:
            continue
        if not isinstance(value, dict):
            shown.append(f"{pointers.split(cause)[-1]}: {inline_json(value)}")
    return f" ({', '.join(shown)})" if shown else ""


#: Of each group of schemas, one has to have an instance that ends.
Needs = tuple[tuple[str, ...], ...]


def endless(survey: Survey) -> Iterator[Diagnostic]:
    """Find schemas that no finite value meets, once for each cycle.

    Every instance would have to hold another of its own kind.  Only what is certain is reported: a
    schema is endless when each way of meeting it needs an endless one.  The algebra of schemas
    leaves this open, since no single keyword contradicts another.
    """
    needs = {
        node.pointer: groups for node in survey.of("schema") if (groups := _needs(survey, node))
    }
    left = _endless(needs)
    reported: set[str] = set()
    for start in sorted(left):
        chain = [start]
        while (following := _next(needs[chain[-1]], left)) not in chain:
            chain.append(following)
        cycle = chain[chain.index(following) :]
        if not reported.intersection(cycle):
            reported.update(cycle)
            at = min(cycle, key=lambda pointer: (pointer.count("/"), pointer))
            first = cycle.index(at)
            passed = " -> ".join(f"#{each}" for each in (*cycle[first:], *cycle[:first], at))
            message = (
                f"No value can be valid here, for it would never end: {passed}. One of these "
                "members has to be optional, or its schema has to allow another value."
            )
            yield survey.diagnose("unsatisfiable", at, message)


def _endless(needs: dict[str, Needs]) -> set[str]:
    """The pointers that keep a need unmet, however often what ends is taken away."""
    left = set(needs)
    while ending := {
        pointer
        for pointer in left
        if all(any(each not in left for each in group) for group in needs[pointer])
    }:
        left -= ending
    return left


def _next(groups: Needs, left: set[str]) -> str:
    """A schema that keeps the one with these needs from ending."""
    return next(group[0] for group in groups if all(each in left for each in group))


def _needs(survey: Survey, node: Node) -> Needs:
    groups = [[each] for each in survey.referred(node)]
    if not survey.is_ignored(node):
        groups += [[each] for each in survey.children(node, "allOf")]
        groups += [list(survey.children(node, union)) for union in ("anyOf", "oneOf")]
        groups += [[each] for each in _held(survey, node)]
    return tuple(tuple(each.pointer for each in group) for group in groups if group)


def _held(survey: Survey, node: Node) -> Iterator[Node]:
    """The schemas of the members and items that every instance of *node* has."""
    if survey.is_3_0 and node["nullable"] is True:
        return
    held: list[Node | None] = []
    if node.named_types == ("object",):
        held = [survey.child(node, "properties", name) for name in node["required"] or ()]
    elif node.named_types == ("array",):
        minimum = node["minItems"]
        least = int(minimum) if isinstance(minimum, (int, float)) and minimum > 0 else 0
        held += list(survey.children(node, "prefixItems"))[:least]
        held += [survey.child(node, "items")] if least > len(held) else []
    yield from (each for each in held if each is not None)


# The types that each keyword looks at; to an instance of any other it says nothing.
_LOOKS_AT = {
    keyword: set(types)
    for keywords, *types in (
        ("minimum maximum exclusiveMinimum exclusiveMaximum multipleOf", "number", "integer"),
        ("minLength maxLength pattern", "string"),
        ("items prefixItems minItems maxItems uniqueItems contains", "array"),
        (
            "properties patternProperties additionalProperties propertyNames required minProperties"
            " maxProperties dependentRequired dependentSchemas",
            "object",
        ),
    )
    for keyword in keywords.split()
}


def inert(survey: Survey) -> Iterator[Diagnostic]:
    """Find keywords that look at a type which the schema's own `type` excludes."""
    for node in survey.of("schema"):
        if survey.is_3_0 and isinstance(node.value, dict) and is_null_meant(node.value):
            yield from _null_in_vain(survey, node)
        allowed = set(node.named_types)
        words = [
            word
            for word, looked_at in _LOOKS_AT.items()
            if allowed
            and node[word] is not None
            and not looked_at & allowed
            and not _is_trivial(node[word])
        ]
        if words:
            names = ", ".join(f"`{word}`" for word in words)
            types = " or ".join(sorted(allowed))
            verb = "say" if len(words) > 1 else "says"
            yield survey.diagnose(
                "inert-keyword",
                node,
                f"{names} {verb} nothing of a value of type {types}.",
                *(Fix("remove", f"{node.pointer}/{word}") for word in words),
            )


def _is_trivial(value: Any) -> bool:
    """Whether a keyword says nothing of any value: `properties: {}`, `uniqueItems: false`."""
    return value is True or value is False or value in ({}, [])


def _null_in_vain(survey: Survey, node: Node) -> Iterator[Diagnostic]:
    """Tell of a `nullable` that is taken at its word, and by the letter does nothing."""
    parts = [part for union in ("anyOf", "oneOf") for part in survey.children(node, union)]
    takes_null = any(
        each["nullable"] is True or None in (each["enum"] or ())
        for part in parts
        for each in survey.conjuncts(part)
    )
    if not takes_null:
        message = (
            "OpenAPI 3.0 lets `nullable` speak of the `type` beside it alone: readers of the"
            " letter refuse null here. troth accepts it, and draws none."
        )
        yield survey.diagnose("inert-keyword", pointers.join(node.pointer, "nullable"), message)


# What JSON Schema 2020-12 has and the Schema Object of OpenAPI 3.0.4 (§4.7.24) has not.
_NOT_IN_3_0 = (
    *("const", "if", "then", "else", "patternProperties", "propertyNames", "contains"),
    *("prefixItems", "dependentRequired", "dependentSchemas", "unevaluatedProperties"),
    *("unevaluatedItems", "contentSchema", "minContains", "maxContains"),
)


# What JSON Schema 2020-12 replaced of earlier drafts, and does not read any more.
_EARLIER = {"$recursiveRef": "$dynamicRef", "$recursiveAnchor": "$dynamicAnchor"}


def foreign(survey: Survey) -> Iterator[Diagnostic]:
    """Find keywords of another version of OpenAPI, which constrain nothing in this one."""
    for node in survey.of("schema"):
        for word in _NOT_IN_3_0 if survey.is_3_0 and isinstance(node.value, dict) else ():
            if word in node.value:
                at = pointers.join(node.pointer, word)
                message = f"OpenAPI 3.0 has no `{word}`: it constrains nothing here."
                fix: tuple[Fix, ...] = ()
                if word == "const" and node["enum"] is None:
                    enum = Fix("merge", node.pointer, {"enum": [node["const"]]})
                    fix = (Fix("remove", at), enum)
                yield survey.diagnose("foreign-keyword", at, message, *fix)
        for word, now in _EARLIER.items():
            if not survey.is_3_0 and isinstance(node.value, dict) and word in node.value:
                at = pointers.join(node.pointer, word)
                version = survey.document.openapi[:3]
                message = f"OpenAPI {version} has no `{word}`: `{now}` took its place."
                yield survey.diagnose("foreign-keyword", at, message)
        if not survey.is_3_0 and isinstance(node["nullable"], bool):
            yield survey.diagnose(
                "foreign-keyword",
                pointers.join(node.pointer, "nullable"),
                "OpenAPI 3.1 has no `nullable`: null is allowed by `type` only.",
                *_without_nullable(node),
            )


def _without_nullable(node: Node) -> tuple[Fix, ...]:
    removal = Fix("remove", pointers.join(node.pointer, "nullable"))
    if node["nullable"] is False:
        return (removal,)
    if node["type"] is None or node["enum"] is not None:
        return ()
    types = [*node.named_types, *(() if "null" in node.named_types else ("null",))]
    return (removal, Fix("replace", pointers.join(node.pointer, "type"), types))


_UNPORTABLE = re.compile(r"\\[pP]\{?[A-Za-z]")
# as JavaScript, Perl and PHP write a regular expression in their sources
_DELIMITED = re.compile(r"/(\^.*|.*(?<!\\)\$)/[a-z]*", re.DOTALL)


def unreadable(survey: Survey) -> Iterator[Diagnostic]:
    """Find schemas that are none, and patterns that are no ECMA-262 or too large to run."""
    seen: set[str] = set()
    for fault in survey.schemas.faults():
        if fault.pointer in seen or pointers.split(fault.pointer)[-1:] == ("$recursiveAnchor",):
            continue  # that one is a `foreign-keyword`
        seen.add(fault.pointer)
        code = "bad-pattern" if fault.fault.startswith("the pattern") else "bad-schema"
        sentence = fault.fault[:1].upper() + fault.fault[1:]
        # what is listed twice is no other schema for it
        severity: Severity | None = "warning" if "non-unique elements" in sentence else None
        message = sentence.rstrip(".") + "."
        yield survey.diagnose(code, fault.pointer, message, severity=severity)
    for pointer, part in survey.schemas.prepared.patterns.loose.items():
        message = f"Only without the `u` flag, which JSON Schema asks for, is `{part}` ECMA-262."
        yield survey.diagnose("loose-pattern", pointer, message)


def delimited(survey: Survey) -> Iterator[Diagnostic]:
    """Find patterns between slashes, which are text here: no text has any before its beginning."""
    for node in survey.of("schema"):
        pattern = node["pattern"]
        match = _DELIMITED.fullmatch(pattern) if isinstance(pattern, str) else None
        if match is not None:
            message = (
                f"No text meets the pattern {inline_json(pattern)}: its slashes are text too, and "
                f"would stand outside of the anchors; {inline_json(match[1])} may be what is meant."
            )
            at = f"{node.pointer}/pattern"
            yield survey.diagnose("bad-pattern", at, message, Fix("replace", at, match[1]))


def unportable(survey: Survey) -> Iterator[Diagnostic]:
    """Find patterns with a Unicode property, which engines read in different ways."""
    for node in survey.of("schema"):
        patterns = {f"{node.pointer}/pattern": node["pattern"] or ""}
        for name in node["patternProperties"] or ():
            patterns[pointers.join(node.pointer, "patternProperties", name)] = name
        for pointer, pattern in patterns.items():
            if _UNPORTABLE.search(pattern.replace(r"\\", "")):
                message = (
                    f"{inline_json(pattern)} uses a Unicode property, which only ECMA-262's `u` "
                    "flag gives a meaning: other engines refuse it or read plain letters."
                )
                yield survey.diagnose("unportable-pattern", pointer, message)
