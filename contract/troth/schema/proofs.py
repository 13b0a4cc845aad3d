"""What can be proved of schemas without trying: that nothing satisfies one, or two together.

The algebra is jsonschema-rs's canonical form.  "unknown" is an answer: it says that neither side
was proved, never that one is likely.  `generation.witnesses` shows what cannot be proved.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

import jsonschema_rs
from jsonschema_rs import canonical

from troth import pointer as pointers
from troth.document.grammar import JSON_SCHEMA_2020_12
from troth.schema.applicators import reference, walk
from troth.schema.dialect import BASE, copy_of
from troth.schema.schema import Schemas

Verdict = Literal["yes", "no", "unknown"]

_UNIONS = frozenset({"oneOf", "anyOf"})
_SAYS_NOTHING = frozenset({"description", "discriminator", "title", "example", "examples"})


@dataclass(frozen=True, slots=True)
class Unsatisfiable:
    """A part of a schema that no value satisfies.

    *pointer* addresses it in the document; *why* is a sentence, *causes* the pointers of the
    keywords that conflict.
    """

    pointer: str
    why: str
    causes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Beside:
    """A union's *schema* without its branches; *fits* is its compiled check."""

    schema: Any
    form: jsonschema_rs.CanonicalSchema
    fits: Callable[[Any], bool]


def satisfiability(schemas: Schemas, pointer: str) -> Verdict:
    """Whether any value satisfies the schema at *pointer*."""
    form = _canonical(schemas, pointer)
    return "unknown" if form is None else _verdict(form.satisfiability())


def are_disjoint(schemas: Schemas, one: str, other: str, *, beside: Beside | None) -> bool | None:
    """Whether it is proved that the schemas at *one* and *other* share no value *beside* others.

    None where the algebra cannot read one of them.
    """
    left, right = _canonical(schemas, one), _canonical(schemas, other)
    if left is None or right is None:
        return None
    form = _intersection(left, right)
    if form is not None and beside is not None:
        form = _intersection(form, beside.form)
    return form is not None and _verdict(form.satisfiability()) == "no"


def unsatisfiable_parts(schemas: Schemas, pointer: str) -> tuple[Unsatisfiable, ...]:
    """The parts of the schema at *pointer* that accept nothing, each with why.

    Parts that say so outright (`false`, `not: {}`) are included: whether that was meant is the
    reader's to judge.  What stands behind a `$ref` is reported where it stands, not here.
    """
    schema = _absolute(pointers.resolve(schemas.prepared.root, pointer))
    if not isinstance(schema, dict):
        return ()
    root = schemas.prepared.root
    parts = [
        _unsatisfiable(root, pointer + at, pointer, reason)
        for at, reason in _find(schemas, schema).items()
    ]
    parts += _impossible_names(schemas, pointer)
    return tuple(sorted(parts, key=lambda part: part.pointer))


def _find(schemas: Schemas, schema: dict[str, Any]) -> dict[str, canonical.UnsatisfiableReason]:
    try:
        return canonical.find_unsatisfiable(
            schema,
            draft=schemas.engine.draft,
            validate_formats=True,
            pattern_options=schemas.engine.patterns,
            registry=schemas.engine.registry,
        )
    except (ValueError, jsonschema_rs.ReferencingError):
        return {}


def _unsatisfiable(
    root: Any, at: str, pointer: str, reason: canonical.UnsatisfiableReason
) -> Unsatisfiable:
    kinds = canonical.UnsatisfiableReason
    if isinstance(reason, kinds.Literal):
        return Unsatisfiable(at, "it is written as false")
    listed = reason.causes if isinstance(reason, kinds.Conflict) else [reason.cause]  # type: ignore[attr-defined]  # the third and last kind, Empty, has one cause
    causes: list[str] = []
    for cause in listed:
        base = cause.pointer if cause.pointer.startswith(BASE) else pointer + cause.pointer
        base = base.removeprefix(f"{BASE}#")
        causes += [pointers.join(base, word) for word in cause.keywords] or [_whole(root, base)]
    words = ", ".join(f"'{cause.rpartition('/')[2]}'" for cause in causes)
    if len(causes) == 1:
        return Unsatisfiable(at, f"{words} accepts nothing", tuple(causes))
    return Unsatisfiable(at, f"no value satisfies {words} together", tuple(causes))


def _whole(root: Any, pointer: str) -> str:
    """The pointer of the whole schema at *pointer*: its reference, where it is one."""
    try:
        schema = pointers.resolve(root, pointer)
    except (KeyError, ValueError):
        return pointer
    return f"{pointer}/$ref" if isinstance(schema, dict) and "$ref" in schema else pointer


def _impossible_names(schemas: Schemas, pointer: str) -> Iterator[Unsatisfiable]:
    """Each propertyNames that no string satisfies: every object with a member is rejected."""
    for at, _ in walk(schemas.prepared.root, pointer):
        if not at.endswith("/propertyNames"):
            continue
        form, strings = _canonical(schemas, at), _canonical(schemas, {"type": "string"})
        names = None if form is None or strings is None else _intersection(form, strings)
        if names is not None and _verdict(names.satisfiability()) == "no":
            why = "no member name satisfies it, since names are strings: only {} is accepted"
            yield Unsatisfiable(at, why, (at,))


def _absolute(schema: Any) -> Any:
    """A copy of *schema* with its references made to lead into the document, whatever holds it."""
    copied = copy_of(schema)
    for _, each in walk(copied):
        if reference(each) is not None:
            each["$ref"] = BASE + each["$ref"]
    return copied


def beside(schemas: Schemas, union: str) -> Beside | None:
    """What the schema at *union* asks for without its branches; None where that is nothing."""
    written = pointers.resolve(schemas.prepared.root, union)
    if not isinstance(written, dict) or not written.keys() - _UNIONS - _SAYS_NOTHING:
        return None
    rest = {name: value for name, value in written.items() if name not in _UNIONS}
    absolute = _absolute(rest)
    form = _canonical(schemas, absolute)
    if form is None:
        return None
    try:
        validator = jsonschema_rs.validator_for(
            {"$schema": JSON_SCHEMA_2020_12, **absolute},
            registry=schemas.engine.registry,
            validate_formats=True,
            pattern_options=schemas.engine.patterns,
        )
    except (ValueError, jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError):
        return None
    return Beside(rest, form, validator.is_valid)


def _canonical(schemas: Schemas, schema: Any) -> jsonschema_rs.CanonicalSchema | None:
    """The canonical form of *schema*, a pointer or a schema whose references are absolute."""
    if isinstance(schema, str):
        schema = {"$ref": f"{BASE}#{pointers.fragment(schema)}"}
    try:
        return jsonschema_rs.canonicalize(
            schema,
            draft=schemas.engine.draft,
            validate_formats=True,
            pattern_options=schemas.engine.patterns,
            registry=schemas.engine.registry,
        )
    except (ValueError, jsonschema_rs.ReferencingError):
        return None


def _intersection(
    left: jsonschema_rs.CanonicalSchema, right: jsonschema_rs.CanonicalSchema
) -> jsonschema_rs.CanonicalSchema | None:
    try:
        return left.intersect(right)
    except canonical.CanonicalizationError:
        return None


def _verdict(answer: Any) -> Verdict:
    verdicts: dict[str, Verdict] = {"yes": "yes", "no": "no"}
    return verdicts.get(str(answer).lower(), "unknown")
