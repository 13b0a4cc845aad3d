"""Objects that are not of OpenAPI's form, and troth's own words where they have no meaning.

The members that the rules themselves read: those that the reader of documents leaves open, of the
wrong type or missing.  All the rest is left to `metaschema`.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

from troth import pointer as pointers
from troth.document import vocabulary
from troth.errors import SpecError
from troth.lint.diagnostics import Diagnostic
from troth.lint.survey import Survey, is_text, is_texts
from troth.openapi import reader
from troth.openapi.operation import LOCATIONS

Form = tuple[str, Callable[[Any], bool]]


def _are_maps(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(item, dict) for item in value)


TEXT: Form = ("a string", is_text)
FLAG: Form = ("a boolean", lambda value: isinstance(value, bool))
MAPS: Form = ("an array of objects", _are_maps)
TEXTS: Form = ("an array of strings", is_texts)
OBJECTS: Form = (
    "an object of objects",
    lambda value: all(isinstance(each, dict) or name[:2] == "x-" for name, each in value.items()),
)
NEEDS: Form = (
    "an array of objects whose members are arrays of strings",
    lambda value: (
        _are_maps(value) and all(is_texts(item) for each in value for item in each.values())
    ),
)

#: What the grammar of documents (`document.grammar`) says of no member.
FORMS: Mapping[str, Mapping[str, Form]] = {
    "openapi": {"components": OBJECTS, "servers": MAPS, "tags": MAPS, "security": NEEDS},
    "path-item": {"servers": MAPS},
    "operation": {
        "operationId": TEXT,
        "summary": TEXT,
        "security": NEEDS,
        "servers": MAPS,
        "tags": TEXTS,
        "x-codeSamples": MAPS,
    },
    "parameter": {"style": TEXT, "explode": FLAG, "name": TEXT, "in": TEXT, "required": FLAG},
    "header": {"style": TEXT, "explode": FLAG},
    "request-body": {"required": FLAG},
    "response": {"description": TEXT},
    "media-type": {"x-speakeasy-sse-sentinel": TEXT},
    "security-scheme": {"type": TEXT, "scheme": TEXT, "in": TEXT, "name": TEXT},
}
_NEEDED: Mapping[str, tuple[str, ...]] = {"parameter": ("name", "in"), "security-scheme": ("type",)}


def malformed(survey: Survey) -> Iterator[Diagnostic]:
    """Find members of the wrong type, and objects that lack what they are found by."""
    for node in survey.of(*FORMS):
        if "$ref" in node.value:  # a Reference Object has nothing else to it
            continue
        words = node.role.replace("-", " ")
        called = f"an {words}" if words[0] in "aeiou" else f"a {words}"
        for name, (kind, fits) in FORMS[node.role].items():
            if name in node.value and not fits(node.value[name]):
                owner = called if node.pointer else "the document"
                at = pointers.join(node.pointer, name)
                yield survey.diagnose("malformed", at, f"`{name}` of {owner} has to be {kind}.")
        for name in _NEEDED.get(node.role, ()):
            if name not in node.value:
                yield survey.diagnose("malformed", node, f"{called.capitalize()} needs `{name}`.")
        if node.role == "parameter" and node["in"] is not None and node["in"] not in LOCATIONS:
            known = ", ".join(LOCATIONS)
            yield survey.diagnose("malformed", node, f"A parameter is in one of {known}.")


def unknown_extensions(survey: Survey) -> Iterator[Diagnostic]:
    """Find words in troth's own namespace that it does not know, or that say it wrongly."""
    for pointer, sentence in vocabulary.check(survey.document.root):
        message = sentence[:1].upper() + sentence[1:]
        yield survey.diagnose("unknown-extension", pointer, message.rstrip(".") + ".")


def unusable(survey: Survey, diagnostics: Collection[Diagnostic]) -> Iterator[Diagnostic]:
    """Find what keeps troth from compiling the document, unless *diagnostics* say it already.

    A law may be no expression of CEL, or have the name of another.
    """
    try:
        reader.compile(survey.document)
    except SpecError as fault:
        known = [each.pointer for each in diagnostics if each.severity == "error" and each.pointer]
        if not any(pointers.is_within(fault.pointer, pointer) for pointer in known):
            sentence = " ".join(fault.fault.split())
            yield survey.diagnose("unusable", fault.pointer, f"Troth cannot use this: {sentence}.")
