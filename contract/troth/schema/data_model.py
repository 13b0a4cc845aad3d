"""The data model of JSON Schema: types of values, when two are equal, and what formats are.

JSON Schema 2020-12 §4.2.  A number without a fraction is an integer however it is written, 1 and
1.0 are equal, and neither is `true`.
"""

from __future__ import annotations

import base64
from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from troth.document.grammar import TYPES as TYPES
from troth.http import json_text

ALL_TYPES = frozenset(TYPES)

#: The ranges of OpenAPI's integer formats (OpenAPI Format Registry).
INTEGERS = {
    **{f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32, 64)},
    **{f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
}
#: What `contentEncoding` makes of bytes, and how these are read again (RFC 4648); readers raise
#: ValueError.
ENCODINGS: Mapping[str, tuple[Callable[[bytes], bytes], Callable[[bytes], bytes]]] = {
    "base64": (base64.b64encode, partial(base64.b64decode, validate=True)),
    "base64url": (
        base64.urlsafe_b64encode,
        partial(base64.b64decode, altchars=b"-_", validate=True),
    ),
    "base32": (base64.b32encode, base64.b32decode),
    "base16": (base64.b16encode, base64.b16decode),
}


def type_of(value: Any) -> str:
    """The type of *value*; a float without fraction is an integer (2020-12 §6.1.1)."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "boolean"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int) or (isinstance(value, float) and value.is_integer()):
        return "integer"
    if isinstance(value, dict):
        return "object"
    if isinstance(value, (list, tuple)):
        return "array"
    return "number"


def is_number(value: Any) -> bool:
    """Whether *value* is a number of JSON, which true and false are not."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def same(left: Any, right: Any) -> bool:
    """Whether two values are equal (2020-12 §4.2.2)."""
    if isinstance(left, bool) or isinstance(right, bool):
        return left is right
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        return len(left) == len(right) and all(map(same, left, right))
    if isinstance(left, dict) and isinstance(right, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    return bool(left == right)


def identity(value: Any) -> Hashable:
    """What two values share exactly when they are equal."""
    # Python's numbers are equal, and hash alike, as JSON's are; only its booleans are numbers, too
    return value if type(value) in (str, int, float) else json_text.canonical(value)


@dataclass(frozen=True, slots=True)
class Format:
    """A format of strings that is asserted.

    *noun* is what messages call a string of it, *example* a short one, *counterexample* a string
    that is none.
    """

    noun: str
    example: str
    counterexample: str = "not one"


#: The formats that are asserted (JSON Schema 2020-12 validation §7.3); any other is an annotation.
FORMATS = {
    "date-time": Format("a date-time", "2020-01-01T00:00:00Z"),
    "date": Format("a date", "2020-01-01"),
    "time": Format("a time", "00:00:00Z"),
    "duration": Format("a duration", "P1D"),
    "email": Format("an email address", "a@example.com"),
    "idn-email": Format("an email address", "a@example.com"),
    "hostname": Format("a hostname", "example.com", "not a host"),
    "idn-hostname": Format("a idn-hostname", "example.com", "not a host"),
    "ipv4": Format("an IPv4 address", "127.0.0.1"),
    "ipv6": Format("an IPv6 address", "::1"),
    "uri": Format("a URI", "http://example.com/"),
    "iri": Format("an IRI", "http://example.com/"),
    "uri-reference": Format("a URI reference", "/", "http://["),
    "iri-reference": Format("an IRI reference", "/", "http://["),
    "uri-template": Format("a URI template", "/", "{"),
    "uuid": Format("a UUID", "00000000-0000-4000-8000-000000000000"),
    "json-pointer": Format("a JSON Pointer", "/a", "a"),
    "relative-json-pointer": Format("a relative JSON Pointer", "0"),
    "regex": Format("a regular expression", "a", "["),
}
