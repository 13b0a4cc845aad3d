"""What can be wrong with a document or an overlay: the subclasses of `SpecError`.

What is wrong in one place need not stop the rest: `Faults` gathers what was told and left out.

Each is named for what went wrong and carries its facts; file, line, column, pointer and advice
are the root's fields.  None of them ever quotes the content of a file beyond a key or a number.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from troth.errors import Place, SpecError


class Faults:
    """What could not be understood, gathered while a document is read: each once."""

    def __init__(self, faults: Iterable[SpecError] = ()) -> None:
        self._told: dict[tuple[Any, ...], SpecError] = {}
        for fault in faults:
            self.add(fault)

    def add(self, fault: SpecError) -> None:
        """Tell *fault*, unless it has been told: the place is left out, and the rest goes on."""
        self._told.setdefault((fault.place, fault.pointer, fault.fault), fault)

    def in_order(self, file: str) -> tuple[SpecError, ...]:
        """The faults in the order of the document: those of *file*, then those of other files."""

        def order(fault: SpecError) -> tuple[bool, str, int, int]:
            place = fault.place
            if place is None:
                return (False, "", 0, 0)
            return (place.file != file, place.file, place.line, place.column)

        return tuple(sorted(self._told.values(), key=order))


class UnreadableDocument(SpecError):
    """The file cannot be opened, or is not something that troth opens."""


class TooLarge(SpecError):
    """The file has more bytes, or deeper nesting, than the limits allow."""


class NotUtf8(SpecError):
    """The bytes are not UTF-8; *offset* is the first that is wrong."""

    def __init__(self, fault: str, *, offset: int, place: Place | None = None) -> None:
        super().__init__(fault, place=place, advice="Save the file as UTF-8.")
        self.offset = offset


class BadSyntax(SpecError):
    """The text is neither YAML nor JSON, or says what JSON cannot say."""


class DuplicateKey(SpecError):
    """A mapping has the same *key* twice; *first* is where it was written before."""

    def __init__(self, key: str, *, first: Place, place: Place) -> None:
        before, lines = f"line {first.line}", f"lines {first.line} and {place.line}"
        if first.line == place.line:
            before = f"column {first.column} of the same line"
            lines = f"columns {first.column} and {place.column}"
        super().__init__(
            f"the key {key!r} was already given in {before}",
            place=place,
            advice=f"Remove or rename one of the two ({lines}).",
        )
        self.key = key
        self.first = first


#: The keys that were given twice, each with the object that has them.
Doubled = list[tuple[dict[str, Any], DuplicateKey]]


def double(fault: DuplicateKey, members: dict[str, Any], doubled: Doubled | None) -> None:
    """Note *fault* of the object *members* in *doubled*, or raise it where nobody gathers."""
    if doubled is None:
        raise fault
    doubled.append((members, fault))


class AliasExpansion(SpecError):
    """The aliases of a YAML file multiply it beyond the limit, or one contains itself."""


class NotAnOpenApiDocument(SpecError):
    """The file is well-formed, and is not an OpenAPI document."""


class UnsupportedVersion(SpecError):
    """The document is of a version that troth does not read; *found* is as written."""

    def __init__(self, found: str, *, supported: str, place: Place | None, pointer: str) -> None:
        super().__init__(
            f"version {found} is not supported",
            place=place,
            pointer=pointer,
            advice=f"Supported versions: {supported}.",
        )
        self.found = found


class WrongType(SpecError):
    """A member holds a value of another JSON type than OpenAPI says."""


class BadSchema(WrongType):
    """A keyword of a schema holds what JSON Schema does not give it."""


class UnportablePattern(SpecError):
    """A pattern that is one only as older engines read it."""


class DanglingReference(SpecError):
    """A `$ref` points nowhere; *nearest* is the likeliest pointer that was meant."""

    def __init__(
        self, reference: str, *, place: Place | None, pointer: str, nearest: str | None = None
    ) -> None:
        super().__init__(
            f"{reference!r} points nowhere",
            place=place,
            pointer=pointer,
            advice=f"Did you mean {nearest!r}?" if nearest else "",
        )
        self.reference = reference
        self.nearest = nearest


class RefusedReference(SpecError):
    """A `$ref` leads out of the document's folder; nothing was opened."""

    def __init__(
        self, reference: str, reason: str, *, place: Place | None, pointer: str, advice: str
    ) -> None:
        super().__init__(f"{reference!r} {reason}", place=place, pointer=pointer, advice=advice)
        self.reference = reference


class BadReference(SpecError):
    """A `$ref` that is not a URI reference, or leads to what it cannot stand for."""


#: A circle of more steps is told by its beginning and its end.
_MOST_STEPS = 10


class UnproductiveCycle(SpecError):
    """References that lead back to themselves without describing anything on the way.

    *chain* are the pointers passed, the first one repeated at the end.
    """

    def __init__(self, chain: tuple[str, ...], *, place: Place | None) -> None:
        steps = [f"#{pointer}" for pointer in chain]
        if len(steps) > _MOST_STEPS:
            steps[4:-3] = [f"… ({len(steps) - 7} more) …"]
        super().__init__(
            "unproductive cycle: " + " -> ".join(steps),
            place=place,
            pointer=chain[0],
            advice="A value would be checked against itself for ever. Recursion must pass through"
            " a member or an item (properties, items, …).",
        )
        self.chain = chain


class ForeignDialect(SpecError):
    """A schema, or the whole document, declares a JSON Schema dialect that is not known here."""

    def __init__(self, dialect: str, *, place: Place | None, pointer: str) -> None:
        super().__init__(
            f"the JSON Schema dialect {dialect!r} is not supported",
            place=place,
            pointer=pointer,
            advice="OpenAPI's base dialect and JSON Schema 2020-12 are.",
        )
        self.dialect = dialect


class NotAnOverlay(SpecError):
    """The file is well-formed, and is not an overlay."""


class BadAction(SpecError):
    """An overlay's action cannot be carried out; *index* counts from 0, as its pointer does."""

    def __init__(
        self, index: int, fault: str, *, place: Place | None, pointer: str, advice: str = ""
    ) -> None:
        super().__init__(f"actions[{index}] {fault}", place=place, pointer=pointer, advice=advice)
        self.index = index


class NoTarget(BadAction):
    """An overlay's action selects nothing."""

    def __init__(
        self, index: int, target: str, *, place: Place | None, pointer: str, advice: str
    ) -> None:
        super().__init__(
            index, f"selects nothing: {target}", place=place, pointer=pointer, advice=advice
        )
        self.target = target


def name_of(value: Any) -> str:
    """What JSON calls the type of *value*, with its article."""
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean"}
    names[type(None)] = "null"
    return names.get(type(value), "a number")
