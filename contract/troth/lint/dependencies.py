"""Members that prose ties together, and members that prose speaks of and nothing declares."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from troth.lint import english
from troth.lint.english import Dependency
from troth.lint.findings import Finding, Fix
from troth.lint.members import Member, conditional, member_of, types
from troth.lint.prose import described
from troth.lint.survey import Survey, text_of
from troth.lint.walk import Node


def dependencies(survey: Survey) -> Iterator[Finding]:
    """Find ties between members that only prose knows, and ties to members that do not exist."""
    for node in described(survey):
        member = member_of(node)
        if member is None:
            continue
        for tie in english.dependencies(node["description"]):
            if tie.other == member.name:
                continue
            if tie.other not in survey.declared(member.owner):
                yield from _undeclared(survey, node, member, tie)
            # also when it is undeclared: declaring it does not tie it
            if _known_or_reported(survey, node, member, tie) and not conditional(
                survey, member.owner, member.name, tie.other
            ):
                yield _untied(survey, member, tie)


def _untied(survey: Survey, member: Member, tie: Dependency) -> Finding:
    if tie.needs:
        passes = f"`{member.name}` passes without `{tie.other}`"
    else:
        passes = f"`{tie.other}` of {text_of(tie.value)} passes without `{member.name}`"
    fix: tuple[Fix, ...] = ()
    if not survey.is_3_0:  # `if` came with OpenAPI 3.1
        fix = (Fix("merge", member.owner.pointer, {"allOf": [_condition(member, tie)]}),)
    return survey.finding(
        "prose-dependency",
        member.schema,
        f"The description says “{tie.quote}”, and no keyword does: {passes}.",
        *fix,
    )


def _undeclared(survey: Survey, node: Node, member: Member, tie: Dependency) -> Iterator[Finding]:
    if not _is_undeclared(survey, node, member, tie):
        return
    declaration: dict[str, Any] = {}
    kind = {bool: "boolean", str: "string", int: "integer", float: "number"}.get(type(tie.value))
    if kind:
        declaration["type"] = [kind, "null"] if "null" in types(survey, node) else kind
        if survey.is_3_0 and isinstance(declaration["type"], list):
            declaration = {"type": kind, "nullable": True}
    yield survey.finding(
        "undeclared-member",
        member.owner,
        f"The description of `{member.name}` refers to `{tie.other}` (“{tie.quote}”), which is "
        "not declared, so any value of it passes.",
        Fix("merge", member.owner.pointer + "/properties", {tie.other: declaration}),
    )


def _is_undeclared(survey: Survey, node: Node, member: Member, tie: Dependency) -> bool:
    """Whether *tie* can only mean a member of this object, and there is none.

    An unquoted word is taken for a member only when it has a value to be set to; and a name that
    anything else of the same request declares may be that.
    """
    certain = isinstance(tie.value, bool) or f"`{tie.other}`" in tie.quote
    uses = survey.uses.get(node.pointer, frozenset())
    if not certain or not uses or "." in tie.other:
        return False
    return not any(
        uses & survey.uses.get(other.pointer, frozenset()) and _declares(other, tie.other)
        for other in survey.of("schema", "parameter", "header")
    )


def _known_or_reported(survey: Survey, node: Node, member: Member, tie: Dependency) -> bool:
    if tie.other in survey.declared(member.owner):
        return True
    return _is_undeclared(survey, node, member, tie)


def _declares(node: Node, name: str) -> bool:
    if node.role == "schema":
        return isinstance(node["properties"], dict) and name in node["properties"]
    return node["name"] == name or node.name == name


def _condition(member: Member, tie: Dependency) -> dict[str, Any]:
    present = {member.name: {"not": {"type": "null"}}}
    other: dict[str, Any] = {"required": [tie.other]}
    if tie.value is not None:
        other["properties"] = {tie.other: {"const": tie.value}}
    this = {"required": [member.name], "properties": present}
    return {"if": this, "then": other} if tie.needs else {"if": other, "then": this}
