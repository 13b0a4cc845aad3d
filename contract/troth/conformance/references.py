"""What in a request names another thing, has to agree with a value beside it, or is taken already.

Schemas say none of it: members are called after what they refer to (`owner_id`), or hold a UUID; of
two moments one is to come first, as most servers see to; and of two customers none has the e-mail
address of the other.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from troth.conformance.words import says_name, sent_body
from troth.generation.natural_values import another
from troth.generation.parameters import examples, is_read, parameter_value, schema_of
from troth.generation.raw_json import write
from troth.generation.request_writer import encode_body
from troth.generation.source import Quick, Seeded, Unsatisfiable
from troth.generation.values import synthesize
from troth.http.exchange import Exchange, Request
from troth.openapi.names import words_of
from troth.openapi.operation import MediaType, Parameter
from troth.openapi.paths import PathTemplate
from troth.schema.schema import Schema
from troth.seed import Seed
from troth.validation.styles import write_field

#: So deep in a body is looked for what refers to something.
_DEPTH = 5
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
#: A text that was drawn and is as long as this is nobody's by chance.
_UNLIKELY = 12
#: So often is tried at one operation whether other names make a difference, where they made none.
_IN_VAIN = 4


@dataclass(frozen=True, slots=True)
class Known:
    """A value that the server gave, below a path: that of *template*, with *texts* in it.

    *made* is the shape of the path of the item that this run has made and that it names, if one.
    """

    value: Any
    template: PathTemplate
    texts: tuple[str, ...]
    made: tuple[str, ...] = ()

    def above(self, other: PathTemplate) -> Mapping[str, str]:
        """The texts of the variables that *other* has in the same places."""
        shared: dict[str, str] = {}
        for index, (name, text) in enumerate(zip(other.names, self.texts, strict=False)):
            if self.template.literals[: index + 1] != other.literals[: index + 1]:
                break
            shared[name] = text
        return shared


def in_body(value: Any, depth: int = 0) -> Iterator[tuple[str, Any]]:
    """What in the body *value* refers to something by its name, or by what it is."""
    if isinstance(value, list) and depth < _DEPTH:
        for item in value[:_LISTED]:
            yield from in_body(item, depth + 1)
    for name, member in value.items() if isinstance(value, dict) and depth < _DEPTH else ():
        several = member if isinstance(member, list) else [member]
        yield from ((name, one) for one in several[:_LISTED] if refers(name, one))
        yield from in_body(member, depth + 1)


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

    One of its members is the *change*.
    None: it cannot be told where in the text that member is.
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


# -- names that nobody has ------------------------------------------------------------------------


def keys_for(parameter: Parameter, seed: Seed) -> Iterator[str]:
    """Keys that *parameter* may take: as most of them are, or else like one that is drawn."""
    yield str(UUID(bytes=seed.key, version=4))
    schema = schema_of(parameter)
    with suppress(Unsatisfiable):
        value = synthesize(schema, seed=seed, name=parameter.name) if schema is not None else ""
        # an example would be the same each time
        yield write_field(parameter, another(value, Quick(seed), 1, has_form=True))
        yield write_field(parameter, value)


def absent_values(parameter: Parameter, seed: Seed) -> Iterator[Any]:
    """Values of *parameter* that nobody has given to anything."""
    schema = schema_of(parameter)
    source = Seeded(seed)
    digits = f"{source.below(16**12):012x}"
    made: list[Any] = [
        f"troth-none-{digits}",
        2**31 - 1 - source.below(10**6),
        999_000_000 + source.below(10**6),
        f"{digits[:8]}-{digits[8:]}-4{digits[:3]}-8{digits[3:6]}-{digits}",
        digits * 2,
    ]
    for value in made:
        if schema is None or (schema.is_valid(value) and is_read(parameter, value)):
            yield value
    known = set(map(str, examples(parameter)))
    try:
        value = parameter_value(parameter, source)
    except Unsatisfiable:
        return
    if len(str(value)) >= _UNLIKELY and str(value) not in known:
        yield value


class TakenNames:
    """The texts that items were created with, and which of them may not be given twice.

    What a run sends has the same names again and again, and many a server takes each but once.  So
    what is refused where a text of it was taken before is sent again with another in its place;
    where that makes the difference, other requests have others there from then on.
    """

    def __init__(self, seed: Seed) -> None:
        self._seed = seed
        self._number = 0
        #: what was taken, by the kind of thing and the member
        self._given: dict[tuple[str, str], set[str]] = {}
        #: of these none may be given twice
        self._unique: dict[tuple[str, str], set[str]] = {}
        self._in_vain: Counter[str] = Counter()

    def keep(self, kind: str, request: Request) -> None:
        """Remember what the *request* that was taken calls a thing of this *kind*."""
        for name, text in _texts_in(sent_body(request)):
            self._given.setdefault((kind, name), set()).add(text)

    def tell_apart(self, kind: str, value: Any, exchange: Exchange) -> bool:
        """Whether *value*, which was refused, may be taken under other names, which it gets now."""
        found = [
            (name, text)
            for name, text in _texts_in(value)
            if text in self._given.get((kind, name), ())
            if text not in self._unique.get((kind, name), ())
        ]
        if self._in_vain[kind] >= _IN_VAIN:
            return False
        # where the refusal names what is taken, the rest stays as it is
        said = [pair for pair in found if says_name(exchange, pair[0])]
        for name, text in said or found:
            self._unique.setdefault((kind, name), set()).add(text)
        return bool(found)

    def was_in_vain(self, kind: str, value: Any) -> None:
        """Forget that the names in *value* may be why it is refused: others changed nothing."""
        self._in_vain[kind] += 1
        for name, text in _texts_in(value):
            self._unique.get((kind, name), set()).discard(text)

    def renamed(self, kind: str, value: Any, *, schema: Schema | None) -> Any:
        """*value* with other texts in the place of those that may not be given twice."""
        for name, text in list(_texts_in(value)):
            if text in self._unique.get((kind, name), ()):
                used = self._given[kind, name]
                wholes = ({**value, name: one} for one in self._others(text) if one not in used)
                value = next((one for one in wholes if schema and schema.is_valid(one)), value)
        return value

    def _others(self, text: str) -> Iterator[str]:
        """Texts like *text*, of its length if may be: what it is about is the rest of it."""
        self._number += 1
        letters = "".join(chr(ord("a") + int(digit)) for digit in str(self._number))
        for mark in (letters, f"{letters}{letters}", str(self._number)):
            size = len(mark)
            yield from (text[:-size] + mark, mark + text[size:]) if len(text) >= size else ()
            yield from (text + mark, mark + text)


def _texts_in(value: Any) -> Iterator[tuple[str, str]]:
    for name, member in value.items() if isinstance(value, dict) else ():
        if isinstance(member, str) and member:
            yield name, member
