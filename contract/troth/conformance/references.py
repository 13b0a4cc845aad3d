"""What in a request names another thing, or has to agree with a value beside it.

Schemas say neither: members are called after what they refer to (`owner_id`), or hold a UUID; and
of two moments one is to come first, as most servers see to.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from typing import Any

from troth.generation.raw_json import write
from troth.generation.request_writer import encode_body
from troth.openapi.names import in_singular, words_of
from troth.openapi.operation import MediaType, Operation
from troth.openapi.schema_view import View

#: So deep in a body is looked for what refers to something.
_DEPTH = 5
#: What only the server has given, or only who asks knows.
_GIVEN = frozenset({"token", "otp", "passcode", "captcha", "receipt", "signature", "nonce", "totp"})
_IDENTIFYING = frozenset({"id", "ids", "uuid", "uuids", "guid", "guids", "ref", "refs"})
_MOMENT = re.compile(r"\d{4}-\d\d-\d\d(?:[Tt ]|$)|\d\d:\d\d(?::\d\d|$)")
#: Words of the names of a lower bound, and what its upper one is called by.
_OPPOSITES = {
    "min": "max", "minimum": "maximum", "from": "to", "start": "end", "begin": "end",
    "lower": "upper", "low": "high", "least": "most", "since": "until", "after": "before",
}  # fmt: skip
_UUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
#: Of one list so many items are looked at.
_LISTED = 50


def in_body(
    value: Any, depth: int = 0, *, things: Collection[tuple[str, ...]] = ()
) -> Iterator[tuple[str, Any]]:
    """What in the body *value* refers to something by its name, or by what it is.

    *things* are the names, in words, of what there is one of: a text that is called so is one.
    """
    if isinstance(value, list) and depth < _DEPTH:
        for item in value[:_LISTED]:
            yield from in_body(item, depth + 1, things=things)
    for name, member in value.items() if isinstance(value, dict) and depth < _DEPTH else ():
        several = member if isinstance(member, list) else [member]
        words = words_of(name)
        is_thing, is_given = in_singular(words) in things, words[-1:] != () and words[-1] in _GIVEN
        for one in several[:_LISTED]:
            is_text = isinstance(one, str) and (is_given or (is_thing and one != ""))
            if refers(name, one) or is_text:
                yield name, one
        yield from in_body(member, depth + 1, things=things)


#: What is asked for where somebody logs in.
KNOWN = (("password",), ("username",), ("user",), ("email",), ("login",), ("pin",), ("code",))
_LOGGING_IN = re.compile(
    r"log[-_ ]?in\b|sign[-_ ]?in\b|authenticat|\bsessions?\b|\btokens?\b|\bauth\b", re.IGNORECASE
)


def logs_in(operation: Operation) -> bool:
    """Whether *operation* is asked by who says who he is, and may be somebody else."""
    is_open = not operation.security or not all(operation.security)
    last = operation.path.rstrip("/").rpartition("/")[2]
    return operation.method == "POST" and is_open and bool(_LOGGING_IN.search(last))


def related(value: Any, depth: int = 0) -> Iterator[str]:
    """The members of *value* that no schema holds to one another, and most servers do.

    One moment is to come before another, and what is called a minimum is to be below its maximum.
    """
    if isinstance(value, list) and depth < _DEPTH:
        for item in value[:_LISTED]:
            yield from related(item, depth + 1)
    if not isinstance(value, dict) or depth >= _DEPTH:
        return
    moments = [name for name, one in value.items() if isinstance(one, str) and _MOMENT.match(one)]
    yield from moments if len(moments) > 1 else ()
    names = {words_of(name): name for name in value}
    for words, name in names.items():
        for at, word in enumerate(words):
            other = (*words[:at], _OPPOSITES.get(word, ""), *words[at + 1 :])
            yield from (name, names[other]) if other in names else ()
    for member in value.values():
        yield from related(member, depth + 1)


#: What says of members that are not called by name whether there may be any.
_OF_OTHERS = ("additionalProperties", "patternProperties", "unevaluatedProperties")


def undeclared(value: Any, view: View | None, depth: int = 0) -> Iterator[str]:
    """The members of *value* that the schema of *view* has no word of, neither for nor against.

    Many servers take none that they do not know, and many a framework does not write that down.
    """
    if view is None or depth >= _DEPTH:
        return
    for item in value[:_LISTED] if isinstance(value, list) else ():
        yield from undeclared(item, view.item, depth + 1)
    is_told = any(word in schema for _, schema in view.parts for word in _OF_OTHERS)
    for name, one in value.items() if isinstance(value, dict) and view.members else ():
        if name in view.members:
            yield from undeclared(one, view.members[name], depth + 1)
        elif not is_told:
            yield name


def refers(name: str, value: Any) -> bool:
    """Whether a member is called after what it refers to (`owner_id`), or is a UUID."""
    if type(value) not in (str, int) or value == "":
        return False
    words = words_of(name)
    is_named = len(words) > 1 and words[-1] in _IDENTIFYING
    is_own = len(words) == 1 and words[0] in _IDENTIFYING
    return is_named or (not is_own and bool(_UUID.fullmatch(str(value))))


def rewritten(
    body: bytes, before: Any, after: Any, *, change: tuple[Any, Any], entry: MediaType | None
) -> bytes | None:
    """The *body* that has *before*, in the media type of *entry*, as one of *after*.

    One of its members is the *change*.  None: it cannot be told where in the text that member is.
    """
    try:
        if entry is not None and not entry.is_json:
            is_plain = body == encode_body(entry, before)[1]
            return encode_body(entry, after)[1] if is_plain else None
        if body == write(before):
            return write(after)
        old, new = map(write, change)
    except (ValueError, TypeError, OverflowError, RecursionError):
        return None
    # not the 0 of a `-0`, nor the 7 of a `7.0`
    parts = re.split(rb"(?<![\w.+-])" + re.escape(old) + rb"(?![\w.+-])", body)
    return new.join(parts) if len(parts) == 2 else None
