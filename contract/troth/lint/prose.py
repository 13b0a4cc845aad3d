"""What prose states and no keyword does: limits, only values, ties between members, sums."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterator
from typing import Any

from troth.http import media_type
from troth.lint import english
from troth.lint.diagnostics import NAME, Diagnostic, Fix, inline_json
from troth.lint.english import Bound, Dependency
from troth.lint.streams import contradicting_operation
from troth.lint.survey import CLOSED, NUMERIC, Member, Node, Survey
from troth.schema.data_model import type_of

_LOW = {"number": "minimum", "string": "minLength", "array": "minItems", "object": "minProperties"}
_HIGH = {"number": "maximum", "string": "maxLength", "array": "maxItems", "object": "maxProperties"}


def limits(survey: Survey) -> Iterator[Diagnostic]:
    """Find the limits ("between 0 and 2", "up to 4") that no keyword enforces."""
    for text, node in survey.readings():
        seen: set[str] = set()
        for bound in english.bounds(text):
            target, kind = _bounded(survey, node, bound)
            if target is None:
                continue
            yield from _mismatch(survey, target, bound, kind)
            missing = _missing(survey, target, bound, kind)
            if missing and not seen.intersection(missing):
                seen.update(missing)
                keywords = " and ".join(f"`{keyword}: {missing[keyword]}`" for keyword in missing)
                message = (
                    f"The description says “{bound.quote}”, and no keyword does: {keywords} would."
                )
                yield survey.diagnose("prose-constraint", target, message, merge=missing)


def _bounded(survey: Survey, node: Node, bound: Bound) -> tuple[Node | None, str]:
    """The schema that *bound* is about, and the kind of value that it counts."""
    named = survey.types(node) - {"null"}
    if survey.is_numeric(node):
        return (None if bound.counts_characters else node), "number"
    if named == {"string"}:
        return (node if bound.counts_characters else None), "string"
    if named == {"array"}:
        return (node if bound.counts_items else None), "array"
    if named == {"object"} and not bound.unit:
        # "maps tokens to a bias value from -100 to 100": the limit is on the values
        values = survey.child(node, "additionalProperties")
        if values is not None and "value" in bound.quote.lower():
            return _bounded(survey, values, bound)
    return None, ""


def _ends(bound: Bound, kind: str) -> Iterator[tuple[int | float, str, str]]:
    """The limits that *bound* sets, each with the keyword for it and the one that excludes it."""
    for limit, names in ((bound.low, _LOW), (bound.high, _HIGH)):
        if limit is not None:
            yield limit, names[kind], "exclusive" + names[kind].capitalize()


def _missing(survey: Survey, node: Node, bound: Bound, kind: str) -> dict[str, Any]:
    """The keywords that would say *bound* and that no schema of the instance has."""
    if survey.says(node, "const", "enum"):
        return {}
    missing: dict[str, Any] = {}
    for limit, keyword, exclusive in _ends(bound, kind):
        if (keyword == "minLength" and limit == 0) or survey.says(node, keyword, exclusive):
            continue
        if bound.exclusive and kind == "number":
            missing[exclusive] = limit
        elif bound.exclusive:
            missing[keyword] = limit + (1 if keyword == _LOW[kind] else -1)
        else:
            missing[keyword] = limit
    return missing


def _mismatch(survey: Survey, node: Node, bound: Bound, kind: str) -> Iterator[Diagnostic]:
    """A keyword that sets another limit than the prose: one of the two is wrong."""
    for limit, *keywords in _ends(bound, kind):
        set_limits = {
            part[keyword]
            for part in survey.constraints(node)
            for keyword in keywords
            if isinstance(part[keyword], (int, float))
        }
        if len(set_limits) == 1 and limit not in set_limits and not bound.exclusive:
            message = (
                f"The description says “{bound.quote}”, and the schema says "
                f"{inline_json(set_limits.pop())}."
            )
            yield survey.diagnose("prose-mismatch", node, message)


def only_values(survey: Survey) -> Iterator[Diagnostic]:
    """Find strings and booleans whose prose names the values that may be, and the schema not."""
    seen: set[str] = set()
    for text, node in survey.readings():
        stated = english.only_value(text) or english.one_of(text)
        if stated is None or survey.says(node, "const", "enum"):
            continue
        value, quote = stated
        sample = value[0] if isinstance(value, tuple) else value
        if not _may_be(survey, node, sample) or contradicting_operation(survey, node, value):
            continue
        listed = isinstance(value, tuple)
        constraint = {"enum": list(value)} if listed else survey.exactly(value)
        keyword = next(iter(constraint))
        code = "prose-only-value" if isinstance(sample, str) else "prose-constraint"
        message = (
            f"The description says “{quote}”, and any other value passes: "
            f"`{keyword}: {inline_json(constraint[keyword])}` would say it."
        )
        yield survey.diagnose(code, node, message, merge=constraint)
        for diagnostic in _alike(survey, node, value) if isinstance(value, str) else ():
            if diagnostic.pointer not in seen:
                seen.add(diagnostic.pointer)
                yield diagnostic


def _may_be(survey: Survey, node: Node, value: Any) -> bool:
    named, kind = survey.types(node), type_of(value)
    return kind in named and named <= {kind, "null"}


def _alike(survey: Survey, node: Node, value: str) -> Iterator[Diagnostic]:
    """Free strings of the same name in objects of the same shape: what is said of one holds."""
    member = node.member
    if member is None:
        return
    shape = set(member.owner["required"] or ())
    for other in survey.of("schema"):
        # the tag's value names the member that it announces: `type: function` beside `function`
        shared = shape.intersection(other["required"] or ())
        if len(shared) < 2 or not shared >= {member.name, value} or other is member.owner:
            continue
        twin = survey.child(other, "properties", member.name)
        if twin is None or twin is node or survey.types(twin) != {"string"}:
            continue
        if survey.says(twin, *CLOSED) or english.only_value(twin.description):
            continue
        message = (
            f"An object of the same shape says of its `{member.name}` that it is always "
            f"{inline_json(value)} (#{node.pointer}); here any string passes: `const` would say it."
        )
        yield survey.diagnose("prose-only-value", twin, message, merge=survey.exactly(value))


def dependencies(survey: Survey) -> Iterator[Diagnostic]:
    """Find ties between members that only prose knows, and ties to members that do not exist."""
    for node in survey.described():
        member = node.member
        for tie in english.dependencies(node["description"]):
            if member is None or tie.other == member.name:
                continue
            declared = tie.other in survey.declared(member.owner)
            if not declared and not _is_undeclared(survey, node, tie):
                continue
            if not declared:
                yield _undeclared(survey, node, member, tie)
            # also when it is undeclared: declaring it does not tie it
            if not survey.is_conditional(member.owner, member.name, tie.other):
                yield _untied(survey, member, tie)


def _untied(survey: Survey, member: Member, tie: Dependency) -> Diagnostic:
    passes = f"`{tie.other}` of {inline_json(tie.value)} passes without `{member.name}`"
    if tie.needs:
        passes = f"`{member.name}` passes without `{tie.other}`"
    fix: tuple[Fix, ...] = ()
    if not survey.is_3_0:  # `if` came with OpenAPI 3.1
        fix = (Fix("merge", member.owner.pointer, {"allOf": [_condition(member, tie)]}),)
    message = f"The description says “{tie.quote}”, and no keyword does: {passes}."
    return survey.diagnose("prose-dependency", member.schema, message, *fix)


def _condition(member: Member, tie: Dependency) -> dict[str, Any]:
    present = {member.name: {"not": {"type": "null"}}}
    other: dict[str, Any] = {"required": [tie.other]}
    if tie.value is not None:
        other["properties"] = {tie.other: {"const": tie.value}}
    this = {"required": [member.name], "properties": present}
    return {"if": this, "then": other} if tie.needs else {"if": other, "then": this}


def _undeclared(survey: Survey, node: Node, member: Member, tie: Dependency) -> Diagnostic:
    declaration: dict[str, Any] = {}
    if tie.value is not None:
        declaration["type"] = kind = type_of(tie.value)
        if "null" in survey.types(node):
            declaration |= {"nullable": True} if survey.is_3_0 else {"type": [kind, "null"]}
    return survey.diagnose(
        "undeclared-member",
        member.owner,
        f"The description of `{member.name}` refers to `{tie.other}` (“{tie.quote}”), which is "
        "not declared, so any value of it passes.",
        Fix("merge", member.owner.pointer + "/properties", {tie.other: declaration}),
    )


def _is_undeclared(survey: Survey, node: Node, tie: Dependency) -> bool:
    """Whether *tie* can only mean a member of this object, and there is none.

    An unquoted word is taken for a member only when it has a value to be set to; and a name that
    anything else of the same request declares may be that.
    """
    certain = isinstance(tie.value, bool) or f"`{tie.other}`" in tie.quote
    uses = survey.uses(node)
    if not certain or not uses or "." in tie.other:
        return False
    return not any(
        uses & survey.uses(other) and _declares(other, tie.other)
        for other in survey.of("schema", "parameter", "header")
    )


def _declares(node: Node, name: str) -> bool:
    if node.role == "schema":
        return name in (node["properties"] or ())
    return name in (node["name"], node.name)


# So deep a total is looked for in an answer: beyond it a law would be hard to read.
_DEPTH = 4


def relations(survey: Survey) -> Iterator[Diagnostic]:
    """Find totals that prose makes the sum of other members, with no law behind it."""
    for node in survey.described():
        member = node.member
        stated = english.sum_of(node.description)
        if member is None or stated is None or not survey.types(node) & NUMERIC:
            continue
        names = sorted(survey.declared(member.owner) - {member.name})
        terms = [_named(term, names) for term in stated[0]]
        known = [term for term in terms if term is not None]
        if len(known) != len(terms) or survey.has_law(member.owner, member.name, *known):
            continue
        yield survey.diagnose(
            "prose-relation",
            node,
            f"The description makes `{member.name}` the sum of {' and '.join(known)} "
            f"(“{stated[1]}”), and nothing holds it to that: a law (`x-troth-laws`) would.",
            *_laws(survey, member.owner, (member.name, *known), node.description),
        )


def _named(term: str, names: list[str]) -> str | None:
    starting = [name for name in names if name.startswith(term + "_")]
    return term if term in names else min(starting, key=len, default=None)


def _laws(survey: Survey, owner: Node, words: tuple[str, ...], says: str) -> Iterator[Fix]:
    """A law for each operation whose answer holds the total."""
    if not all(NAME.fullmatch(word) for word in words):
        return
    for use in sorted(survey.uses(owner)):
        operation = survey.by_pointer[use.operation]
        path = _path(survey, operation, owner) if use.direction == "response" else None
        if path is not None:
            law = _law(path, words, says)
            yield Fix("merge", operation.pointer, {"x-troth-laws": [law]})


def _law(path: tuple[str, ...], words: tuple[str, ...], says: str) -> dict[str, Any]:
    whole = ["response"]
    for name in path:
        whole.append(f"{whole[-1]}.{name}")
    total, *terms = (f"{whole[-1]}.{word}" for word in words)
    law = {
        "id": "-".join(re.findall(r"[a-z0-9]+", " ".join((*path, words[0])).lower())) + "-adds-up",
        "says": says,
        "message": f"{words[0]} is not the sum of {' and '.join(words[1:])}",
    }
    if path:
        law["when"] = " && ".join(f"{place} != null" for place in whole[1:])
    law["holds"] = f"{total} == {' + '.join(terms)}"
    return law


def _path(survey: Survey, operation: Node, owner: Node) -> tuple[str, ...] | None:
    """The members that lead from an answer of *operation* to *owner*, without any array."""
    pending: deque[tuple[Node, tuple[str, ...]]] = deque(
        (schema, ())
        for answer in survey.successes(operation)
        for content_type, schema in survey.bodies(answer)
        if media_type.is_json(content_type)
    )
    seen: set[Node] = set()
    while pending:
        node, path = pending.popleft()
        for part in survey.in_place(node):
            if part is owner:
                return path
            if part in seen or len(path) == _DEPTH:
                continue
            seen.add(part)
            pending.extend(
                (member, (*path, member.name))
                for member in survey.children(part, "properties")
                if NAME.fullmatch(member.name)
            )
    return None


def counts(survey: Survey) -> Iterator[Diagnostic]:
    """Find counts in responses that may be negative."""
    for node in survey.of("schema"):
        if not (node.is_property and survey.used_in(node, "response") and survey.is_numeric(node)):
            continue
        if english.is_count(node.description) and not _is_ranged(survey, node):
            words = node.description.split()
            opening = " ".join(words[:5]).rstrip(".,") + (" …" if len(words) > 5 else "")
            message = f"`{node.name}` counts something (“{opening}”), and -1 passes: no minimum."
            yield survey.diagnose("count-without-minimum", node, message, merge={"minimum": 0})


def unbounded(survey: Survey) -> Iterator[Diagnostic]:
    """Find the members of request bodies that accept the empty, the negative, the absurd."""
    seen: set[Node] = set()
    for content in survey.of("media-type"):
        schema = survey.child(content, "schema")
        if schema is None or not survey.used_in(schema, "request"):
            continue
        for part in survey.conjuncts(schema):
            for node in survey.children(part, "properties"):
                if node not in seen:
                    seen.add(node)
                    yield from _without_bounds(survey, node, node.name in (part["required"] or ()))


def _without_bounds(survey: Survey, node: Node, required: bool) -> Iterator[Diagnostic]:
    named = survey.types(node) - {"null"}
    passes, bound = "", {}
    if _is_upload(survey, node):
        return
    if named == {"array"} and required and not survey.says(node, "minItems"):
        passes, bound = "[]", {"minItems": 1}
    elif named == {"string"} and required and not survey.says(node, *CLOSED, "minLength"):
        passes, bound = '""', {"minLength": 1}
    # a full 64-bit range is what an identifier or a seed means
    elif survey.is_numeric(node) and not _is_ranged(survey, node) and node["format"] != "int64":
        if english.bounds(node["description"] or ""):
            return
        passes, bound = "-5", {"minimum": 1} if english.is_count(node.description) else {}
    if passes:
        message = f"`{node.name}` has no bound: {passes} is accepted."
        yield survey.diagnose("unbounded", node, message, merge=bound)


def _is_upload(survey: Survey, node: Node) -> bool:
    """Whether it is a file, or an array of files: any size of either may be meant."""
    items = [item for part in survey.in_place(node) if (item := survey.child(part, "items"))]
    return any(
        survey.says(each, "contentMediaType", "contentEncoding")
        or any(part["format"] in ("binary", "byte", "base64") for part in survey.in_place(each))
        for each in (node, *items)
    )


def _is_ranged(survey: Survey, node: Node) -> bool:
    return survey.says(node, "minimum", "exclusiveMinimum", "enum", "const")
