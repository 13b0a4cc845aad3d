"""Objects that are not of OpenAPI's form, and troth's own words where they have no meaning.

First what reading the document left out, then what objects lack.  All the rest is left to
`metaschema`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from troth import pointer as pointers
from troth.document import vocabulary
from troth.document.document import Node as Object
from troth.document.spec_errors import (
    BadReference,
    BadSchema,
    DanglingReference,
    DuplicateKey,
    ForeignDialect,
    RefusedReference,
    UnportablePattern,
    UnproductiveCycle,
    WrongType,
)
from troth.errors import Place, SpecError, nearest
from troth.laws.laws import Law
from troth.lint.diagnostics import CODES, Diagnostic
from troth.lint.survey import Node, Survey
from troth.openapi import reader
from troth.openapi.contract import Contract
from troth.openapi.operation import LOCATIONS, Operation
from troth.openapi.paths import stands_in

_CODES: Mapping[type[SpecError], str] = {
    DuplicateKey: "duplicate-key",
    WrongType: "malformed",
    BadSchema: "bad-schema",
    DanglingReference: "bad-reference",
    RefusedReference: "bad-reference",
    BadReference: "bad-reference",
    UnproductiveCycle: "bad-reference",
    ForeignDialect: "bad-schema",
}
_RESOURCE = "x-troth-resource"
_NEEDED: Mapping[str, tuple[str, ...]] = {"parameter": ("name", "in"), "security-scheme": ("type",)}


def not_understood(survey: Survey) -> Iterator[Diagnostic]:
    """Find what was left out when the document was read: wrong types, references to nowhere."""
    yield from (_told(survey, fault) for fault in survey.document.faults)


def _told(survey: Survey, fault: SpecError) -> Diagnostic:
    """The diagnostic of *fault*; one that is not known by its class keeps troth from something."""
    code = _CODES.get(type(fault), "unusable")
    sentence = f"{fault.fault[:1].upper()}{fault.fault[1:]}"
    if code == "unusable":
        sentence = f"Troth cannot use this: {fault.fault}"
    sentence = " ".join(f"{sentence.rstrip('.')}. {fault.advice}".split())
    place = fault.place or survey.document.place(fault.pointer) or Place(survey.document.file, 1)
    return Diagnostic(CODES[code], code, sentence, fault.pointer, place)


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


def unknown_extensions(survey: Survey) -> Iterator[Diagnostic]:
    """Find words in troth's own namespace that it does not know, or that say it wrongly."""
    for pointer, sentence in vocabulary.check(survey.document.root):
        message = sentence[:1].upper() + sentence[1:]
        yield survey.diagnose("unknown-extension", pointer, message.rstrip(".") + ".")


def unmet_resources(survey: Survey) -> Iterator[Diagnostic]:
    """Find the paths and parameters that a resource is said to have, and the document has not."""
    paths = [path for path, _ in survey.document.node.members("paths", patterned=True)]
    for node in survey.of("path-item", "operation"):
        says = node[_RESOURCE]
        if not isinstance(says, Mapping) or any(vocabulary.misfits(_RESOURCE, says)):
            continue
        at = pointers.join(node.pointer, _RESOURCE)
        for word in ("path", "collection"):
            path = says.get(word)
            if path is not None and not stands_in(path, paths):
                yield _unmet(survey, pointers.join(at, word), "path", path, paths)
        listing, known = says.get("listing", {}), _in_query(survey, node)
        named: list[tuple[tuple[str, ...], Any]]
        named = [((word,), listing.get(word)) for word in vocabulary.LISTING]
        named += [(("filters", name), name) for name in listing.get("filters", ())]
        for tokens, name in named:
            # `page[size]` may be a member of the parameter `page`
            if name and known is not None and known.isdisjoint((name, name.partition("[")[0])):
                where = pointers.join(at, "listing", *tokens)
                yield _unmet(survey, where, "parameter in query", name, known)


def _unmet(survey: Survey, at: str, kind: str, name: str, known: Iterable[str]) -> Diagnostic:
    close = nearest(name, known)
    advice = f" (did you mean {close!r}?)" if close else ""
    message = f"There is no {kind} {name!r} here{advice}, so that this does nothing."
    return survey.diagnose("unknown-extension", at, message)


def _in_query(survey: Survey, node: Node) -> set[str] | None:
    """What parameters in query may be called at *node*; None where a schema says it."""
    operations = [each for each in survey.of("operation") if node in (each, each.parent)]
    item = node.parent if node.role == "operation" else node
    owners = [each for each in (item, *operations) if each is not None]
    entries = (
        parameter.followed()
        for each in owners
        for parameter in Object(survey.document, each.value, each.pointer).items("parameters")
    )
    declared = [(each.text("in"), each.text("name")) for each in entries]
    if any(location == "querystring" for location, _ in declared):
        return None
    own = item.name.partition("?")[2] if item is not None else ""
    names = {piece.partition("=")[0] for piece in own.split("&")}
    return names | {name for location, name in declared if location == "query"}


def unusable(survey: Survey, diagnostics: Collection[Diagnostic]) -> Iterator[Diagnostic]:
    """Find what keeps troth from compiling the document, unless *diagnostics* say it already.

    A law may be no expression of CEL, or have the name of another.
    """
    faults: Iterable[SpecError]
    try:
        contract = reader.compile(survey.document, schemas=survey.schemas)
    except SpecError as error:
        faults = (error,)
    else:
        faults = contract.faults
        yield from _inapplicable(survey, contract)
    known = {each.pointer for each in diagnostics if each.severity == "error" and each.pointer}
    for fault in faults:
        if isinstance(fault, UnportablePattern):
            continue  # that one is a `loose-pattern`
        # of a member that is wrong its object may have been told; what troth cannot use as a whole
        # may be wrong for anything that is wrong in it
        near = {fault.pointer, fault.pointer.rpartition("/")[0]}
        if type(fault) not in _CODES:
            near |= {each for each in known if pointers.is_within(fault.pointer, each)}
        if near.isdisjoint(known):
            yield _told(survey, fault)


def _inapplicable(survey: Survey, contract: Contract) -> Iterator[Diagnostic]:
    """Find laws of which some word is never anything: they accuse nobody, whatever comes."""
    own = ((law, operation) for operation in contract.operations for law in operation.laws)
    between = ((law, contract.operation(law.after or "")) for law in contract.laws)
    for law, operation in (*own, *between):
        for why in _hindrances(law, operation):
            message = f"The law {law.id!r} says nothing of any exchange: {why}."
            yield survey.diagnose("law-inapplicable", law.pointer, message)


def _hindrances(law: Law, operation: Operation) -> Iterator[str]:
    has_items = any(entry.is_stream or entry.is_sequence for entry in operation.answer_types)
    absent = {
        "request": operation.request_body is None and f"{operation.name} has no request body",
        "events": not has_items and f"{operation.name} declares no stream",
        "first": not law.repeats and "it does not repeat",
        "again": not law.repeats and "it does not repeat",
        "before": law.before is None and "it is not between two operations",
    }
    yield from dict.fromkeys(
        f"{name!r} has no value, since {why}"
        for name, why in absent.items()
        if why and name in law.variables
    )
    for location in ("path", "query"):
        declared = {each.name for each in operation.parameters if each.location == location}
        named = {
            name
            for each in (law.when, law.holds)
            if each is not None
            for name in each.scope.members.get(location, ())
        }
        for name in sorted(named - declared):
            yield f"{operation.name} has no parameter {name!r} in {location}"
