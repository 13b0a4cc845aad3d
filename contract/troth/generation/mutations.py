"""What can be done to one place of a valid value: every single step to, and over, its limits.

Deterministic, cheap and telling steps first.  Whether the result is valid is not said here: a
limit that the schema puts here another part may lift, so validity is always computed.  `broken`
takes one to three of these steps, and gives a value that is invalid beyond doubt.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Literal

from troth.errors import TrothError
from troth.generation.generator import Generator
from troth.generation.locations import ABSENT, Location, locations, put
from troth.generation.patterns import longest, matches
from troth.generation.raw_json import Written, has_written, write
from troth.generation.shape import Bound, Shape, item_nodes, whole_limits
from troth.generation.source import Smallest, Source, Unsatisfiable
from troth.generation.values import generator_of
from troth.schema.data_model import FORMATS, identity, type_of
from troth.schema.schema import Schema

# So many mutations has a broken value at most, in so many tries.
_MOST = 3
_TRIES = 8
_SIMPLE: tuple[Any, ...] = (None, [], {}, "", 0, True, 0.5, "text", -1, [None], {"": None})
#: One value of each JSON type, as unlike a number in a string as can be.
_SAMPLES: dict[str, Any] = {
    "string": "text",
    "integer": 7,
    "object": {},
    "boolean": True,
    "array": [],
    "number": 0.5,
    "null": None,
}
#: What languages take one type for: a boolean is an integer in Python, an empty array an object
#: in PHP.
_TAKEN_FOR = {"boolean": frozenset({"integer"}), "array": frozenset({"object"})}
#: What is sent as a lone surrogate, as JSON writes it: what is found of it in an answer is ours.
LONE_SURROGATE = "\\ud800"
_LONG = 20_000
_MANY = 1_000
_DEEP = 100
#: What a text of a pattern is called that is longer than the smallest one.
LONGEST = "a long text of its pattern"
#: Texts that programs trip over, each with a word for it.
HARD_TEXTS: tuple[tuple[str, Any], ...] = (
    ("a NUL", "a\x00b"),
    ("quotes and parentheses", 'O\'Brien "(x)" [y]; --'),
    ("astral characters", "\U0001d4b3 \U0001f469\u200d\U0001f469\u200d\U0001f467"),
    ("combining marks", "e\u0301" + "\u0300" * 8),
    ("right-to-left text", "\u202e\u05e9\u05dc\u05d5\u05dd \u0627\u0644\u0633\u0644\u0627\u0645"),
    ("control characters", "\x1b[31m\x07\x7f\r\n\t"),
    ("noncharacters and a byte order mark", "\ufeff\uffff\U0010ffff"),
    ("line and paragraph separators", "a\u2028b\u2029c"),
    ("an event stream inside", "data: [DONE]\n\nevent: x\n\n"),
)


Legal = Literal["computed", "either-if-valid", "either"]
#: Texts at the edges of a format, each with a word for it.  Calendars of programs begin and end,
#: few have a leap second, and many take a time without its offset.
_EDGES: Mapping[str, tuple[tuple[str, str, Legal], ...]] = {
    "date": (
        ("a leap day", "2024-02-29", "computed"),
        ("a leap day of a year that has none", "2023-02-29", "computed"),
        ("the first day of all", "0001-01-01", "either-if-valid"),
        ("the last day of all", "9999-12-31", "either-if-valid"),
        ("a time with a date", "2024-02-29T00:00:00Z", "either"),
    ),
    "date-time": (
        ("a leap day with an offset", "2024-02-29T23:30:00+05:30", "computed"),
        ("a leap day of a year that has none", "2023-02-29T00:00:00Z", "computed"),
        ("a time without an offset", "2024-02-29T12:00:00", "either"),
        ("the end of time, west of UTC", "9999-12-31T23:59:59-14:00", "either-if-valid"),
        ("the beginning of time, east of UTC", "0001-01-01T00:00:00+14:00", "either-if-valid"),
        ("a leap second", "2016-12-31T23:59:60Z", "either"),
        ("nanoseconds", "2024-02-29T12:00:00.123456789Z", "either-if-valid"),
        ("a date without a time", "2024-02-29", "either"),
    ),
    "uuid": (
        ("a UUID in capitals", "00000000-0000-4000-8000-00000000ABCD", "either-if-valid"),
        ("a UUID without hyphens", "00000000000040008000000000000000", "either"),
    ),
}


#: What the first of them are called, which every reader of the format ought to take.
FIRST_EDGES = tuple(edges[0][0] for edges in _EDGES.values() if edges[0][2] == "computed")


@dataclass(frozen=True, slots=True, eq=False)
class Defect:
    """One thing to put in a place: *tier* 0 is the most telling.

    *legal* says what is known beforehand: `either` when the RFCs leave it to the server, or when
    it is so large that a server may cap it even if the document does not.
    """

    about: str
    replacement: Any
    tier: int = 1
    legal: Legal = "computed"


@dataclass(frozen=True, slots=True, eq=False)
class Mutation:
    """A value with one place changed: *value* may hold `Written` texts."""

    pointer: str
    about: str
    value: Any
    tier: int
    legal: Legal


def mutations(schema: Schema, value: Any) -> Iterator[Mutation]:
    """Every mutation of every place of *value*, which is valid: each changes one place only."""
    generator = generator_of(schema)
    for location in locations(generator.graph, (schema.prepared,), value):
        for defect in defects(generator, location):
            yield Mutation(
                location.pointer,
                defect.about,
                put(value, location.tokens, defect.replacement),
                defect.tier,
                defect.legal,
            )


def defects(generator: Generator, location: Location, *, thorough: bool = True) -> Iterator[Defect]:
    """What can be put in the place of *location*; *thorough* includes the large and the strange."""
    seen = {identity(location.value)}
    for defect in _all_defects(generator, location, thorough=thorough):
        # what is large is not compared with all the others
        is_compared = defect.legal == "computed" and not has_written(defect.replacement)
        if defect.replacement is not ABSENT and is_compared:
            key = identity(defect.replacement)
            if key in seen:
                continue
            seen.add(key)
        yield defect


def _all_defects(generator: Generator, location: Location, *, thorough: bool) -> Iterator[Defect]:
    if location.tokens and isinstance(location.tokens[-1], str):
        yield Defect("absent", ABSENT, 0 if location.required else 1)
    yield from _enum_defects(generator, location)
    yield from _branches(generator, location)
    yield from _type_defects(generator, location)
    match location.value:
        case bool() | None:
            pass
        case int() | float():
            yield from _number_defects(location.shape, thorough=thorough)
        case str():
            yield from _string_defects(generator, location, thorough=thorough)
        case list():
            yield from _array_defects(generator, location, thorough=thorough)
        case dict():
            yield from _object_defects(generator, location, thorough=thorough)


def _type_defects(generator: Generator, location: Location) -> Iterator[Defect]:
    shapes = generator.graph.of(location.nodes)
    taken = frozenset[str]().union(*(shape.types for shape in shapes))
    null_tier = 0 if "null" not in taken else 1
    yield Defect("null", None, null_tier)
    first = True
    for kind, sample in _SAMPLES.items():
        if kind != "null" and kind not in taken:
            near = bool(_TAKEN_FOR.get(kind, frozenset()) & taken)
            tier = 0 if first else 1 if near else 2
            yield Defect(f"{kind} instead of {_named(taken)}", sample, tier)
            first = False
    # What is nearly right is what a lenient reader lets pass.
    if "boolean" in taken and "string" not in taken:
        yield Defect('the string "true" instead of a boolean', "true", 1)
    if taken & {"integer", "number"} and "string" not in taken:
        yield Defect("a number in a string", "1", 1)
    if "array" in taken and "string" not in taken and isinstance(location.value, list):
        yield Defect("an item instead of an array of it", (location.value or ["text"])[0], 2)


def _named(types: frozenset[str]) -> str:
    return " or ".join(kind for kind in _SAMPLES if kind in types)


def _enum_defects(generator: Generator, location: Location) -> Iterator[Defect]:
    values = [value for shape in generator.graph.of(location.nodes) for value in shape.values or ()]
    if not values:
        return
    for value in values:
        yield Defect(f"the enum's {value!r}", value, 1)
    texts = [value for value in values if isinstance(value, str)]
    if texts:
        outside = next(
            text for text in ("banana", "none-of-these", "zzz", "\u00f8") if text not in texts
        )
        yield Defect("outside the enum", outside, 0)
        yield Defect("the enum's value in another case", texts[0].swapcase(), 2)
        yield Defect("empty instead of an enum's value", "", 2)


def _branches(generator: Generator, location: Location) -> Iterator[Defect]:
    shapes = generator.graph.of(location.nodes)
    for index, shape in enumerate(shapes[:12]):
        if shape is location.shape and shape.types == {type_of(location.value)}:
            continue
        for kind in [kind for kind in _SAMPLES if kind in shape.types][:7]:
            if shape.values is None and (len(shapes) > 1 or kind != type_of(location.value)):
                try:
                    value = generator.shaped(replace(shape, types=frozenset([kind])), Smallest())
                except Unsatisfiable:
                    continue
                yield Defect(f"branch {index + 1} of {len(shapes)}: {kind}", value, 1)


def _number_defects(shape: Shape, *, thorough: bool) -> Iterator[Defect]:
    whole = "number" not in shape.types
    step: int | float = 1 if whole else 0.01
    low, high = whole_limits(shape)
    yield from _limit("minimum", shape.low, step, -1)
    yield from _limit("maximum", shape.high, step, 1)
    if whole:
        near = _near_zero(low, high)
        yield Defect("an integer written as a float", Written(f"{near}.0", near), 1)
        yield Defect("a fraction instead of an integer", near + 0.5, 0)
        yield Defect("an integer in exponent form", Written(f"{near}e0", near), 2)
    for of in shape.multiples:
        yield Defect(f"not a multiple of {of}", of / 2 if not whole else of + 1, 0)
    if not thorough:
        return
    if low is None or low <= 0:
        yield Defect("zero", 0, 1)
        yield Defect("minus zero", Written("-0", 0), 2)
    yield Defect("negative", -1, 1)
    for word, number in (("2^31", 2**31), ("2^53+1", 2**53 + 1), ("2^63", 2**63)):
        beyond = high is not None and number > high + 1
        yield Defect(word, number, 3 if beyond else 2, "either-if-valid")
    yield Defect("beyond a double", Written("1e400", 10**400), 3, "either")


def _near_zero(low: int | None, high: int | None) -> int:
    least = 1
    if low is not None:
        least = max(least, low)
    return least if high is None else min(least, high)


def _limit(word: str, bound: Bound | None, step: int | float, sign: int) -> Iterator[Defect]:
    if bound is None:
        return
    beyond = bound.value + (0 if bound.strict else sign * step)
    inside = bound.value - (sign * step if bound.strict else 0)
    large = abs(bound.value) >= 2**31 - 1
    side = "below" if sign < 0 else "above"
    yield Defect(f"{side} {word}", beyond, 0 if not large else 1)
    yield Defect(f"at {word}", inside, 1, "either-if-valid" if large else "computed")


def _string_defects(
    generator: Generator, location: Location, *, thorough: bool
) -> Iterator[Defect]:
    shape = location.shape
    if shape.values is not None:
        return
    if shape.min_length:
        yield Defect("below minLength", "x" * (shape.min_length - 1), 0)
        yield Defect("at minLength", "x" * shape.min_length, 1)
    if shape.max_length is not None:
        large = shape.max_length > _LONG
        legal: Any = "either-if-valid" if large else "computed"
        if shape.max_length <= 1_000_000:
            yield Defect("at maxLength", "x" * shape.max_length, 1, legal)
            yield Defect("above maxLength", "x" * (shape.max_length + 1), 0, legal)
            yield Defect("maxLength counted in code points", "\U0001f600" * shape.max_length, 2)
    for pattern in shape.patterns:
        for text in ("", "!", " ", "\u00e9", "0", "a", "A b"):
            if not matches(pattern, text):
                yield Defect(f"not the pattern {pattern}", text, 0)
                break
    for pattern in shape.patterns if thorough else ():
        if (long := longest(pattern)) is not None:
            yield Defect(LONGEST, long, 1)
    for name in shape.formats:
        text = FORMATS[name].counterexample if name in FORMATS else "not one"
        yield Defect(f"not the format {name}", text, 0)
        for index, (word, text, legal) in enumerate(_EDGES.get(name, ()) if thorough else ()):
            yield Defect(word, text, min(index, 1), legal)
    yield Defect("an empty string", "", 1)
    if thorough:
        for word, text in HARD_TEXTS:
            yield Defect(word, text, 3)
        yield Defect("a lone surrogate", Written(f'"{LONE_SURROGATE}"', "\ud800"), 3, "either")
        yield Defect("very long", "long " * (_LONG // 5), 3, "either-if-valid")


def _array_defects(generator: Generator, location: Location, *, thorough: bool) -> Iterator[Defect]:
    shape, items = location.shape, location.value
    one = items[:1] or [_any_item(generator, shape)]
    yield Defect("an empty array", [], 0 if shape.min_items else 1)
    if shape.min_items > 1:
        yield Defect("below minItems", (items or one)[: shape.min_items - 1], 0)
    if shape.max_items is not None and shape.max_items <= 10_000:
        yield Defect("above maxItems", _repeated(one, shape.max_items + 1), 0)
        yield Defect("at maxItems", _repeated(one, shape.max_items), 1)
    if shape.unique:
        yield Defect("equal items", [*(items or one), (items or one)[0]], 0)
    yield Defect("an item of null", [*items, None], 2)
    if thorough and shape.max_items is None:
        yield Defect("very many items", one * _MANY, 3, "either-if-valid")


def _any_item(generator: Generator, shape: Shape) -> Any:
    try:
        return generator.value(item_nodes(shape, 0), Smallest())
    except Unsatisfiable:
        return None


def _repeated(one: list[Any], count: int) -> list[Any]:
    # Strings and numbers are told apart, so that uniqueItems is not broken on the way.
    if isinstance(one[0], str):
        return [f"{one[0]}{index}" if index else one[0] for index in range(count)]
    if type_of(one[0]) == "integer":
        return [one[0] + index for index in range(count)]
    return one * count


def _object_defects(
    generator: Generator, location: Location, *, thorough: bool
) -> Iterator[Defect]:
    shape, value = location.shape, location.value
    extra = "extra_member" + "_" * ("extra_member" in value)
    more = {**value, extra: "text"}
    is_closed = thorough and not generator.graph.fits(shape, more)
    yield Defect("an extra member", more, 0 if is_closed else 2)
    if shape.names:
        for name in ("", "-1", "not a name", "01", "\u00e9"):
            if not generator.graph.admits(shape.names, name):
                sample = next(iter(value.values()), 1)
                yield Defect("a member name that is not allowed", {**value, name: sample}, 0)
                break
    for name in shape.forbidden:
        if name not in value:
            yield Defect(f"with {name}", {**value, name: "text"}, 1)
    if shape.min_properties:
        fewer = dict(list(value.items())[: shape.min_properties - 1])
        yield Defect("below minProperties", fewer, 0)
    if shape.max_properties is not None and shape.max_properties < 1000:
        more = {f"extra{index}": "text" for index in range(shape.max_properties + 1)}
        yield Defect("above maxProperties", {**value, **more}, 0)
    if value and thorough:
        yield Defect("a member twice", _twice(value, next(iter(value))), 2, "either")
        if len(location.tokens) < 2:
            deep = Written("[" * _DEEP + "]" * _DEEP, [])
            yield Defect("an extra, deeply nested member", {**value, extra: deep}, 3, "either")
            yield Defect("an extra member called __proto__", {**value, "__proto__": {}}, 3)


def _twice(value: dict[str, Any], name: str) -> Written:
    """*value* as a text that has the member *name* a second time."""
    body = write(value).decode("utf-8", "surrogatepass")
    again = write({name: value[name]}).decode("utf-8", "surrogatepass")
    return Written(f"{body[:-1]},{again[1:]}", value)


class NothingToBreak(TrothError):
    """Every value is valid here, so none can be invalid."""

    name: str

    def __str__(self) -> str:
        return f"{self.name} accepts whatever is sent: there is no invalid request to build"


def broken(
    schema: Schema,
    value: Any,
    source: Source,
    *,
    rejects: Callable[[Any], bool] | None = None,
    most: int = _MOST,
) -> Any:
    """An invalid value: *value*, which is valid, with one to *most* mutations.

    It is *rejects* that says what is invalid, or else the schema: a text says less than the value
    that it was written from.  Raises NothingToBreak when everything that we know to try is valid.
    """
    rejects = rejects or (lambda candidate: not schema.is_valid(candidate))
    generator = generator_of(schema)
    mutated, count = value, 0
    wanted = 1 + source.below(most)
    for _ in range(_TRIES):
        places = list(locations(generator.graph, (schema.prepared,), value))
        if not places:
            break
        # The whole value seldom: another type there tells little, and hides what else is wrong.
        first = 1 if len(places) > 1 and not source.chance(3) else 0
        location = source.choice(places[first:])
        options = [one for one in defects(generator, location, thorough=False) if _plain(one)]
        candidate = _mutated(mutated, location, source.choice(options)) if options else mutated
        if rejects(candidate):
            mutated, count = candidate, count + 1
        if count >= wanted:
            return mutated
    return mutated if count else _certainly(schema, value, rejects)


def _plain(defect: Defect) -> bool:
    # Members that the schema does not know, and texts, are no defects where all may be added.
    return defect.legal == "computed" and not isinstance(defect.replacement, Written)


def _mutated(value: Any, location: Location, defect: Defect) -> Any:
    """*value* with the defect; a place that an earlier mutation took away stays away."""
    try:
        return put(value, location.tokens, defect.replacement)
    except (IndexError, TypeError, ValueError, KeyError):
        return value


def _certainly(schema: Schema, value: Any, rejects: Callable[[Any], bool]) -> Any:
    generator = generator_of(schema)
    for location in locations(generator.graph, (schema.prepared,), value):
        for defect in defects(generator, location, thorough=False):
            if not _plain(defect):
                continue
            candidate = put(value, location.tokens, defect.replacement)
            if rejects(candidate):
                return candidate
    for candidate in _SIMPLE:
        if rejects(candidate):
            return candidate
    raise NothingToBreak(f"the schema at #{schema.pointer}")
