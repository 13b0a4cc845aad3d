"""What the keywords of JSON Schema mean as rules, and the rules of texts that are not JSON.

A code such as `response-body.required` is a place and a rule: the first half of each is said in
PLACES, the second in RULES.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PlaceText:
    """A place of an exchange: *what* it is called, *why* a fault there matters, how to *mend*."""

    what: str
    why: str
    mend: str


_REQUEST = "A server must refuse it; a client that sends it cannot rely on any answer."
_SEND = "Send what the document declares, or make the document say what may be sent."

PLACES: Mapping[str, PlaceText] = {
    "response-body": PlaceText(
        "the response's body",
        "Clients are generated from this schema: what departs from it breaks them where they "
        "read it, or worse, later.",
        "Answer as the document says; or correct the document, if it is what is wrong.",
    ),
    "response-header": PlaceText(
        "a header field of the response",
        "Clients rely on declared fields: to page, to wait, to trace.",
        "Send the field as the document declares it.",
    ),
    "stream": PlaceText(
        "an event of the stream",
        "Each event is read on its own: one that is wrong stops a client in the middle.",
        "Make every event an item as the document declares it.",
    ),
    "stream-body": PlaceText(
        "the body that the stream's items fold to",
        "A client that joins the pieces must get what an unstreamed answer would have been.",
        "Cut the stream's items from one finished body, so that both agree.",
    ),
    "request-body": PlaceText("the request's body", _REQUEST, _SEND),
    "request-path": PlaceText("a parameter in the path", _REQUEST, _SEND),
    "request-query": PlaceText("a parameter in the query", _REQUEST, _SEND),
    "request-header": PlaceText("a header field of the request", _REQUEST, _SEND),
    "request-cookie": PlaceText("a cookie of the request", _REQUEST, _SEND),
}

_TYPES = "Numbers written as strings, null for something absent, an object where there is an array."
_FEW = "An empty or truncated result is sent on a path that nobody tried."
_MANY = "Nobody counted: a limit of the input or of a model is passed through."
_BRANCH = (
    "A value is a mix of two branches, has none of the values that tell them apart, or lacks a "
    "member that its branch requires."
)
_EXTRA = "An internal member leaks out, or a name is misspelt."

#: Of each rule: what it means of `{what}`, and how it usually comes to that.
RULES: Mapping[str, tuple[str, str]] = {
    "type": ("{What} has a value of another type than is declared.", _TYPES),
    "enum": (
        "{What} has a value that is not one of those listed.",
        "A new value was added to the code and not to the document, or its case differs.",
    ),
    "const": (
        "{What} has another value than the only one there is.",
        "A constant was copied from a similar object.",
    ),
    "required": (
        "{What} lacks a member that is required (or is itself missing).",
        "A serializer leaves out members that are null or empty; an error path builds another "
        "shape.",
    ),
    "minimum": ("{What} has a number below its minimum.", "A default of -1 or 0 for 'unknown'."),
    "maximum": (
        "{What} has a number above its maximum (an int32 has one, too).",
        "Milliseconds for seconds, 64 bits where 32 are declared.",
    ),
    "exclusiveMinimum": ("{What} has a number at or below its lower limit.", _FEW),
    "exclusiveMaximum": ("{What} has a number at or above its upper limit.", _MANY),
    "multipleOf": (
        "{What} has a number that is not a multiple of what it should be.",
        "A rounded value, or another unit.",
    ),
    "minLength": ("{What} has a text that is too short.", _FEW),
    "maxLength": ("{What} has a text that is too long.", _MANY),
    "pattern": (
        "{What} has a text that does not match its pattern.",
        "Another writing of an identifier: case, a prefix, separators.",
    ),
    "format": (
        "{What} has a text that is not of its format (a date-time, a UUID, a URI …).",
        "A date without its offset from UTC, a relative URI, an identifier of another kind.",
    ),
    "minItems": ("{What} has an array with too few items.", _FEW),
    "maxItems": ("{What} has an array with too many items.", _MANY),
    "uniqueItems": (
        "{What} has an array with an item that comes twice.",
        "Lists are joined without removing what is in both.",
    ),
    "contains": ("{What} has an array without the item that it must contain.", _FEW),
    "minContains": ("{What} has an array with too few of the items it must contain.", _FEW),
    "maxContains": ("{What} has an array with too many of the items it may contain.", _MANY),
    "minProperties": ("{What} has an object with too few members.", _FEW),
    "maxProperties": ("{What} has an object with too many members.", _MANY),
    "propertyNames": (
        "{What} has an object with a member whose name is not allowed.",
        "Keys are taken from user input, or are numbers where names are declared.",
    ),
    "additionalProperties": ("{What} has a member that is not declared.", _EXTRA),
    "unevaluatedProperties": (
        "{What} has a member that no part of its schema declares.",
        _EXTRA,
    ),
    "unevaluatedItems": ("{What} has an item that no part of its schema declares.", _EXTRA),
    "additionalItems": ("{What} has more items than are declared.", _EXTRA),
    "items": ("{What} has an item where none may be.", _EXTRA),
    "prefixItems": ("{What} has an item that is not what stands at its place.", _TYPES),
    "properties": ("{What} has a member that may not be there.", _EXTRA),
    "oneOf": ("{What} matches none of the branches of a oneOf, or more than one.", _BRANCH),
    "anyOf": ("{What} matches none of the branches of an anyOf.", _BRANCH),
    "allOf": ("{What} does not match all parts of an allOf.", _BRANCH),
    "not": ("{What} is what it must not be.", _BRANCH),
    "if": ("{What} is not what its condition asks for.", _BRANCH),
    "then": (
        "{What} meets a condition of its schema, and not what follows from it.",
        "Members that depend on each other are set in different places of the code.",
    ),
    "else": (
        "{What} does not meet a condition of its schema, nor what is due without it.",
        "Members that depend on each other are set in different places of the code.",
    ),
    "dependentRequired": (
        "{What} has a member without the other that must go with it.",
        "Members that depend on each other are set in different places of the code.",
    ),
    "dependentSchemas": (
        "{What} has a member, and is then not what it must be.",
        "Members that depend on each other are set in different places of the code.",
    ),
    "dependencies": (
        "{What} has a member without what must go with it.",
        "Members that depend on each other are set in different places of the code.",
    ),
    "contentSchema": (
        "{What} has a text whose content (JSON, usually) is not what is declared.",
        "JSON is written by hand, or is cut at a limit.",
    ),
    "false": ("{What} has a value where none may be.", _EXTRA),
    "undecided": (
        "A pattern took so many steps on {what} that it was given up: nothing is said of it.",
        "A pattern with nested repetition, such as (a+)+.",
    ),
    "malformed": (
        "{What} cannot be read as it is declared to be written.",
        "Another style than the declared one (commas for repeated names), or broken encoding.",
    ),
    "empty": ("{What} is empty, where a JSON text is due.", _FEW),
    "syntax": (
        "{What} is not JSON.",
        "JSON that is put together from strings, a repr of Python, an HTML page, a body cut short.",
    ),
    "trailing": (
        "{What} has something after its JSON text.",
        "Two texts are written one after the other, or a debug print.",
    ),
    "utf-8": ("{What} has bytes that are not UTF-8.", "Latin-1, or a character cut in two."),
    "encoding": (
        "{What} is in another encoding than UTF-8, which RFC 8259 §8.1 requires.",
        "A platform's default of UTF-16.",
    ),
    "byte-order-mark": (
        "{What} begins with a byte order mark, which RFC 8259 §8.1 forbids.",
        "A file written by an editor is sent as it is.",
    ),
    "nan": (
        "{What} has NaN or Infinity, which are no JSON numbers.",
        "Python's json writes them unless it is told not to (allow_nan=False).",
    ),
    "number": (
        "{What} has a number that no double can hold.",
        "Big integers are written as numbers; send them as strings.",
    ),
    "depth": (
        "{What} nests deeper than a careful reader goes.",
        "A structure that contains itself is unrolled.",
    ),
    "duplicate-key": (
        "{What} has an object with one name twice; readers differ in which they take.",
        "JSON is put together from strings, or merged from two sources.",
    ),
    "lone-surrogate": (
        "{What} has half of a surrogate pair, which is no character.",
        "A text is cut by UTF-16 units, in the middle of an emoji.",
    ),
    "control-character": (
        "{What} has a control character that is not escaped.",
        "JSON that is put together from strings.",
    ),
}
