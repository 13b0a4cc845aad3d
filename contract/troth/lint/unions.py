"""`oneOf` whose branches overlap, and unions that serve requests and responses alike."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations, islice
from typing import Any

from troth import pointer as pointers
from troth.errors import SpecError
from troth.generation import witnesses
from troth.generation.values import Unsatisfiable, synthesize
from troth.lint.diagnostics import Diagnostic, Fix, Severity, inline_json
from troth.lint.survey import Node, Survey
from troth.schema import dialect, proofs
from troth.schema.discriminator import mapped
from troth.schema.schema import Schemas
from troth.seed import Seed

# Pairs of one union that are compared: beyond it a union is data, and quadratic work is no help.
_MOST_PAIRS = 400
_MOST_BRANCHES = 60
_SEED = Seed.of("lint", "overlap")
_CLOSED = ("const", "enum", "pattern", "$ref")

#: A member that tells the branches of a union apart, and the value that each branch means by it.
Tag = tuple[str, list[tuple[Node, str]]]


def overlaps(survey: Survey) -> Iterator[Diagnostic]:
    """Find `oneOf` with a value that two branches take, so that the union rejects it.

    It is an error where the value is one that people send: a natural value of a branch, or one
    whose tag nothing holds.  Where a discriminator tells which branch is meant, and where only
    empty or far-fetched values are shared, it is a warning.
    """
    schemas = _plain(survey)
    for node in survey.of("schema"):
        branches = list(survey.children(node, "oneOf")) if survey.is_provable(node) else []
        # a reference that this dialect does not know takes everything: `foreign-keyword` says so
        branches = [each for each in branches if each["$recursiveRef"] is None]
        pairs = list(islice(combinations(branches, 2), _MOST_PAIRS))
        decides = _decides(survey, node, branches)
        common = None if decides else _common(schemas, node, branches)
        if common is not None:
            yield _overlap(survey, node, *common, severity="error")
            continue
        for one, other in pairs:
            witness = _shared_value(schemas, node, one, other)
            if witness is None:
                continue
            tag = _tag(survey, branches) or _discriminated(survey, node, branches)
            if not tag and _excludes(survey, one, other):
                continue
            severity: Severity = "warning" if decides or not tag else "error"
            yield _overlap(survey, node, one, other, witness.instance, tag, severity=severity)
            break


def _overlap(
    survey: Survey,
    node: Node,
    one: Node,
    other: Node,
    instance: Any,
    tag: Tag | None = None,
    *,
    severity: Severity,
) -> Diagnostic:
    also = f" (any `{tag[0]}` passes in them)" if tag else ""
    message = (
        f"Branches {_name(one)} and {_name(other)} overlap: {inline_json(instance)} is valid in "
        f"both, so that oneOf rejects it{also}."
    )
    fix = _constants(survey, tag)
    return survey.diagnose(
        "union-overlap", f"{node.pointer}/oneOf", message, *fix, severity=severity
    )


def _common(schemas: Schemas, node: Node, branches: list[Node]) -> tuple[Node, Node, Any] | None:
    """Two branches, and a natural value of the one that the other takes as well."""
    if not 1 < len(branches) <= _MOST_BRANCHES:
        return None
    beside = proofs.beside(schemas, node.pointer)
    for one in branches:
        try:
            natural = synthesize(schemas.at(one.pointer), seed=_SEED)
            if beside is not None and not beside.fits(natural):
                continue
            for other in branches:
                if other is not one and schemas.at(other.pointer).is_valid(natural):
                    first, second = sorted((one, other), key=branches.index)
                    return first, second, natural
        except (SpecError, ValueError, Unsatisfiable, RecursionError):
            continue
    return None


def _decides(survey: Survey, node: Node, branches: list[Node]) -> bool:
    """Whether a discriminator tells which branch is meant: the union's, or that of all branches."""

    def tags(each: Node) -> set[str]:
        return {
            str(part["discriminator"].get("propertyName"))
            for part in survey.conjuncts(each)
            if part["discriminator"]
        }

    if not branches or any(branch.reference is None for branch in branches):
        return False
    return bool(node["discriminator"] or set.intersection(*map(tags, branches)))


def _excludes(survey: Survey, one: Node, other: Node) -> bool:
    """Whether each asks for members that the other does not: oneOf is there to forbid both."""
    asked = [
        {name for part in survey.conjuncts(branch) for name in part["required"] or ()}
        for branch in (one, other)
    ]
    return bool(asked[0] - asked[1] and asked[1] - asked[0])


def _plain(survey: Survey) -> Schemas:
    """The schemas as those read them who know of no discriminator: most validators."""
    if not survey.schemas.prepared.discriminating:
        return survey.schemas
    document = survey.document
    prepared = dialect.prepare(document.root, document.openapi, discriminates=False)
    return Schemas(document, prepared=prepared)


def _shared_value(
    schemas: Schemas, union: Node, one: Node, other: Node
) -> witnesses.Witness | None:
    try:
        overlap = witnesses.overlap(schemas, one.pointer, other.pointer, union=union.pointer)
    except (SpecError, ValueError):
        return None  # a pattern that cannot be compiled is a diagnostic of its own
    return overlap.witness


def _name(branch: Node) -> str:
    title = branch["title"] or (branch.reference or "").rsplit("/", 1)[-1]
    return f"{branch.edge[-1]} ({title})" if title else branch.edge[-1]


def _tag(survey: Survey, branches: list[Node]) -> Tag | None:
    """The free string that all branches require, and what each branch alone requires beside it.

    A branch `{type, text}` beside `{type, image_url}` names its kind by its own member.
    """
    resolved = [survey.resolve(branch) for branch in branches]
    owners = [node for node in resolved if node is not None and node["properties"]]
    if len(owners) != len(branches) or len(owners) < 2:
        return None
    required = [set(owner["required"] or ()) for owner in owners]
    shared = set.intersection(*required)
    if len(shared) != 1 or any(len(names) != 2 for names in required):
        return None
    values = [(names - shared).pop() for names in required]
    return _told_apart(survey, shared.pop(), list(zip(owners, values, strict=True)))


def _discriminated(survey: Survey, node: Node, branches: list[Node]) -> Tag | None:
    """The free string that the discriminator names, and the value that it gives each branch.

    To JSON Schema a discriminator is unknown (OpenAPI 3.1 §4.8.25 calls it a hint): to validators
    of that alone its values select nothing until the branches hold themselves to them.
    """
    discriminator = node["discriminator"] or {}
    tag, mapping = discriminator.get("propertyName"), discriminator.get("mapping")
    if not isinstance(tag, str) or any(branch.reference is None for branch in branches):
        return None
    pairs = mapping.items() if isinstance(mapping, dict) else ()
    named = {str(target).rsplit("/", 1)[-1]: str(value) for value, target in pairs}
    owners = [owner for branch in branches if (owner := survey.resolve(branch)) is not None]
    return _told_apart(survey, tag, [(each, named.get(each.name, each.name)) for each in owners])


def _told_apart(survey: Survey, tag: str, values: list[tuple[Node, str]]) -> Tag | None:
    """The tag, when a constant of each branch would tell them apart and contradict nothing."""
    owners = {owner for owner, _ in values}
    if len(owners) != len(values) or len({value for _, value in values}) != len(values):
        return None
    for owner, _ in values:
        parts = list(survey.conjuncts(owner))
        if any(part is not owner and part in owners for part in parts):
            return None  # a branch that extends another would have to be both
        members = [each for part in parts if (each := survey.child(part, "properties", tag))]
        if not members or not any(tag in (part["required"] or ()) for part in parts):
            return None
        if not all(survey.types(each) == {"string"} and _is_free(survey, each) for each in members):
            return None
    return tag, values


def _is_free(survey: Survey, node: Node) -> bool:
    return all(part[word] is None for part in survey.in_place(node) for word in _CLOSED)


def _constants(survey: Survey, tag: Tag | None) -> Iterator[Fix]:
    name, values = tag or ("", [])
    for owner, value in values:
        yield Fix("merge", owner.pointer, {"properties": {name: survey.exactly(value)}})


def mappings(survey: Survey) -> Iterator[Diagnostic]:
    """Find values that a discriminator's `mapping` leads nowhere with: they select no schema."""
    for node in survey.of("schema"):
        mapping = (node["discriminator"] or {}).get("mapping")
        for value, to in mapping.items() if isinstance(mapping, dict) else ():
            if isinstance(to, str) and mapped(survey.document.root, to) is None:
                at = pointers.join(node.pointer, "discriminator", "mapping", str(value))
                message = f"The mapping of {value!r} leads to {to!r}, and there is no such schema."
                yield survey.diagnose("bad-reference", at, message, severity="warning")


def shared(survey: Survey) -> Iterator[Diagnostic]:
    """Find tagged unions of requests that responses use whole, though only some tags fit there."""
    for node in survey.of("schema"):
        branches = list(survey.children(node, "oneOf"))
        if len(branches) < 2 or not survey.used_in(node, "request"):
            continue
        tagged = _values(survey, branches)
        if tagged is None:
            continue
        name, values = tagged
        for user in survey.referrers.get(node, ()):
            if user.role != "schema" or not survey.used_in(user, "response"):
                continue
            if survey.used_in(user, "request") or _is_narrowed(survey, user, name, branches):
                continue
            message = (
                f"A response may carry every `{name}` that a request may "
                f"({', '.join(values)}): the union is that of the requests."
            )
            yield survey.diagnose("shared-union", user, message)


def _values(survey: Survey, branches: list[Node]) -> tuple[str, list[str]] | None:
    """The member by whose value the branches are told apart, and those values."""
    owners = [node for branch in branches if (node := survey.resolve(branch)) is not None]
    common = set.intersection(*(set(owner["properties"] or ()) for owner in owners))
    for name in sorted(common):
        values: list[str] = []
        for owner in owners:
            own = _own_values(survey, owner, name)
            if not own or name not in (owner["required"] or ()) or set(own) & set(values):
                break
            values += own
        else:
            return name, values
    return None


def _own_values(survey: Survey, owner: Node, name: str) -> list[str]:
    for part in survey.in_place(survey.child(owner, "properties", name)):
        if isinstance(part["const"], str):
            return [part["const"]]
        if part["enum"] is not None:
            return [value for value in part["enum"] if isinstance(value, str)]
    return []


def _is_narrowed(survey: Survey, user: Node, name: str, branches: list[Node]) -> bool:
    """Whether what stands around *user* says more of the tag than the union does."""
    inside = {part for branch in branches for part in survey.in_place(branch)}
    around = list(survey.constraints(user))
    if user.parent is not None and user.edge[0] in ("allOf", "oneOf", "anyOf"):
        around += survey.constraints(user.parent)
    return any(name in (part["properties"] or ()) for part in around if part not in inside)
