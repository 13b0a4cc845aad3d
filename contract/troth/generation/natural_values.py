"""What a member of a telling name holds: a city, a price, a moment that does not precede another.

The table is data, natural_values.yaml.  A `Record` keeps the facts of one thing together, so that
an email address is that of the name beside it, and a postcode that of the city.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache, partial
from typing import Any

from troth.document.source import data_beside
from troth.generation.natural_strings import FORMATS, WORDS, hexadecimal
from troth.generation.source import Source
from troth.openapi.names import singular, words_of

_PLACEHOLDER = re.compile(r"\{([^{}:]+)(?::(\w+))?\}")
_RANGE = re.compile(r"(\d+)-(\d+)")
# the end of a sentence, or of a paragraph
_SENTENCE_END = re.compile(r"[.!?]\s|\n\s*\n")
_COUNTED = re.compile(r"(hex|digits|letters) (\d+)")
_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"

# A name that is written in one goes on like this.
_RUN_TOGETHER = ("name", "url", "email", "number")
_FAMILIES = {
    "email": frozenset({"email", "idn-email"}),
    "uri": frozenset({"uri", "iri", "url", "uri-reference", "iri-reference"}),
    "hostname": frozenset({"hostname", "idn-hostname"}),
}
# The start of a record lies in these days from 2021-01-01 on.
_EPOCH = datetime(2021, 1, 1, tzinfo=UTC)
_DAYS = 950
#: The years around which there is room for what comes before and after.
_RECKONED = range(1000, 9000)
_PACES = (timedelta(hours=2), timedelta(days=1), timedelta(days=9))
_YOUNGEST, _OLDEST = 19, 65
_NAMES = ("first name", "last name", "full name")
_WORD_LISTS = ("apart", "generic", "dates", "bounds", "counting", "lists")
_MILLISECONDS = frozenset({"ms", "millis", "milliseconds"})


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """A kind of value, as natural_values.yaml has it."""

    name: str
    texts: tuple[str, ...] = ()
    number: tuple[float, float, int] | None = None
    flag: int | None = None
    moment: int | None = None
    format: str = ""
    fact: str = ""
    unique: bool = False
    vary: bool = False
    whole: bool = False

    @property
    def is_fact(self) -> bool:
        """Whether others have to agree with it."""
        return self.name in _NAMES or self.name == "city" or self.moment is not None


@dataclass(frozen=True, slots=True, eq=False)
class Telling:
    """What a name tells: a *kind*; *key* is whose fact it is, where a record has several.

    *owner* are the words before those that told the kind.
    """

    words: tuple[str, ...]
    kind: Kind
    owner: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """natural_values.yaml, read."""

    kinds: Mapping[str, Kind]
    flags: Mapping[str, Kind]
    #: what the name of a thing looks like, by what the thing is called
    things: Mapping[str, Kind]
    people: frozenset[str]
    #: the lists of words, by what they are called
    words: Mapping[str, frozenset[str]]
    #: names by what descriptions say
    hints: Mapping[str, str]
    #: where records are at home, and what is known beside
    places: tuple[Mapping[str, Any], ...]
    elsewhere: tuple[Mapping[str, Any], ...]
    pools: Mapping[str, tuple[str, ...]]


@cache
def table() -> Table:
    """What natural_values.yaml says, read when it is first asked for."""
    read = data_beside(__file__)
    kinds: dict[str, Kind] = {}
    flags: dict[str, Kind] = {}
    for name, entry in read["kinds"].items():
        low, high, *digits = entry.get("number", (0, 0))
        kind = Kind(
            name,
            _listed(entry.get("text", [])),
            (low, high, digits[0] if digits else 0) if "number" in entry else None,
            entry.get("flag"),
            entry.get("moment"),
            entry.get("format", ""),
            entry.get("fact", ""),
            entry.get("unique", False),
            entry.get("vary", False),
            entry.get("whole", False),
        )
        named = kinds if kind.flag is None else flags
        named.update(dict.fromkeys(_split(entry["names"]), kind))
    things: dict[str, Kind] = {}
    people: set[str] = set()
    for entry in read["things"]:
        words = _split(entry["words"])
        things.update(dict.fromkeys(words, Kind("name", _listed(entry["name"]), vary=True)))
        people.update(words if entry.get("people") else ())
    return Table(
        kinds,
        flags,
        things,
        frozenset(people),
        {each: frozenset(_split(read[each])) for each in _WORD_LISTS},
        read["hints"],
        tuple(read["places"]),
        tuple(read["elsewhere"]),
        {"word": WORDS, **{name: _split(text) for name, text in read["pools"].items()}},
    )


def _listed(texts: str | list[str]) -> tuple[str, ...]:
    return (texts,) if isinstance(texts, str) else tuple(texts)


def _split(text: str) -> tuple[str, ...]:
    return tuple(each.strip() for each in text.split(","))


@lru_cache(maxsize=4096)
def owner_of(name: str, otherwise: str = "") -> str:
    """What the members of an object called *name* belong to; *otherwise* where it says nothing."""
    words, generic, things = words_of(name), table().words["generic"], table().things
    while words:
        owner = " ".join((*words[-2:-1], singular(words[-1])))
        if singular(words[-1]) not in generic or (len(words) > 1 and owner in things):
            return owner
        words = words[:-1]
    return otherwise


@lru_cache(maxsize=4096)
def owner_inside(before: str, name: str, schema: str) -> tuple[str, bool]:
    """Whose the members of the object *name*, of *schema*, are, and whether it is another thing.

    *before* is the owner of the object itself.
    """
    own, other = owner_of(name), owner_of(schema)
    if other and not is_thing(own):
        own = other if not own or is_thing(other) else own
    owner = own or before
    return owner, bool(before) and owner != before and is_thing(owner)


@lru_cache(maxsize=4096)
def is_thing(owner: str) -> bool:
    """Whether *owner* is something with a name of its own, and not a part of something else."""
    return _thing(tuple(owner.split())) is not None


def _thing(words: tuple[str, ...]) -> Kind | None:
    things = table().things
    return things.get(" ".join(words[-2:])) or (things.get(words[-1]) if words else None)


@lru_cache(maxsize=1024)
def hint(description: str) -> str:
    """The name that says what *description* says, of a member whose own name says nothing.

    Its first sentence says what it is; the others speak of other things too.
    """
    lower = _SENTENCE_END.split(description.lower(), maxsplit=1)[0]
    return next((name for phrase, name in table().hints.items() if phrase in lower), "")


@lru_cache(maxsize=8192)
def telling(name: str, owner: str = "") -> Telling | None:
    """What the *name* of a member of *owner* tells of a string or a number."""
    words = words_of(name)
    if not words:
        return None
    found = _found(words, tuple(owner.split()))
    if found is None and (one := singular(words[-1])) != words[-1]:
        words = (*words[:-1], one)
        found = _found(words, tuple(owner.split()))
    if found is None:
        return None
    kind, before = found
    apart, people = table().words["apart"], table().people
    key = next((word for word in words if word in apart or word in people), "")
    if not key:
        key = next((word for word in owner.split() if word in apart), "")
    belongs = " ".join(before) or owner
    return Telling(words, kind, belongs, "" if key in owner.split()[-1:] else key)


@lru_cache(maxsize=4096)
def flag(name: str) -> int:
    """How often in a hundred a boolean called *name* is true."""
    words = words_of(name)
    flags = table().flags
    for start in range(len(words)):
        kind = flags.get(" ".join(words[start:]))
        if kind is not None:
            return kind.flag or 50
    return 50


@lru_cache(maxsize=4096)
def counted(name: str, owner: str) -> str | None:
    """What a number called *name* counts, "" where that is not said; None if it counts nothing.

    The total of an order is an amount.
    """
    told = telling(name, owner)
    if told is None or told.kind.name not in ("total", "tally", "quantity"):
        return None
    words = table().words
    rest = [word for word in words_of(name) if word not in words["counting"]]
    if not words["lists"].issuperset(rest):
        return " ".join(rest)
    return "" if told.kind.name == "total" else None


def is_called(name: str, wanted: str) -> bool:
    """Whether a list of the *name* is one of what is *wanted*."""
    plural = " ".join(words_of(name))
    return wanted in (plural, singular(plural))


def _found(words: tuple[str, ...], owner: tuple[str, ...]) -> tuple[Kind, tuple[str, ...]] | None:
    """The kind that *words* tell, and the words before those that told it."""
    kinds = table().kinds
    own = " ".join(words)
    for start in range(max(len(owner) - 2, 0), len(owner)):
        kind = kinds.get(f"{' '.join(owner[start:])}.{own}")
        if kind is not None:
            return kind, owner
    if words in (("name",), ("display", "name")) and (thing := _thing(owner)) is not None:
        return thing, owner
    for start in range(len(words)):
        tail = words[start:]
        if tail == ("name",):
            return _named(words[:-1])
        kind = kinds.get(" ".join(tail))
        if start == 0 and kind is None and owner:
            # `url` of an image is an image URL
            kind = kinds.get(f"{owner[-1]} {own}")
        if kind is not None and not (start and kind.whole):
            return kind, words[:start]
    if owner and (of_owner := kinds.get(owner[-1])) and of_owner.format == "uri":
        return of_owner, owner  # `github` among the links is one
    last = words[-1]
    for end in _RUN_TOGETHER:
        if last.endswith(end) and len(last) > len(end) + 2:
            return _found((*words[:-1], last[: -len(end)], end), owner)
    return None


def _named(words: tuple[str, ...]) -> tuple[Kind, tuple[str, ...]]:
    """What the name of what *words* are called looks like."""
    kind = _thing(words)
    if kind is not None:
        return kind, words[-1:]
    text = "{word:title} {owner}" if words else "{word:title} {word}"
    return Kind("name", (text, "{word:title}", "{word}")), words[-1:]


@dataclass(slots=True, eq=False)
class Record:
    """The facts of one thing, drawn as they are asked for; *shared* are those of the whole answer.

    People and places are kept by whose they are: `customer` and `seller` are two.
    """

    shared: dict[str, str] = field(default_factory=dict)
    facts: dict[tuple[str, str], Any] = field(default_factory=dict)
    stages: dict[int, timedelta] = field(default_factory=dict)
    start: datetime | None = None
    pace: timedelta = _PACES[0]

    def fact(self, name: str, key: str, source: Source) -> str:
        """The fact called *name*; drawn from one of the pools if it is none that is kept."""
        if name in table().places[0]:
            return str(self.place(key, source)[name])
        if name == "uuid":
            return FORMATS["uuid"](source)
        pool = table().pools[name]
        if name == "first":
            return str(self._once((name, key), lambda: source.choice(pool)))
        if name == "last":
            return str(self._once((name, key), lambda: self._surname(key, pool, source)))
        if name == "currency":
            if name not in self.shared:
                self.shared[name] = source.choice(pool)
            return self.shared[name]
        if name == "sentence":
            return source.choice(pool).format(source.choice(WORDS), source.choice(WORDS))
        return source.choice(pool) if pool is WORDS else self._fresh(name, pool, source)

    def _fresh(self, name: str, pool: tuple[str, ...], source: Source) -> str:
        """One of *pool* that the answer does not have yet, as long as there are such."""
        start = source.below(len(pool))
        for text in (*pool[start:], *pool[:start]):
            if f"{name}: {text}" not in self.shared:
                self.shared[f"{name}: {text}"] = text
                return text
        return pool[start]

    def _surname(self, key: str, pool: tuple[str, ...], source: Source) -> str:
        """One that makes a person who has not been told of, as long as there are such."""
        first, start = self.fact("first", key, source), source.below(len(pool))
        for last in (*pool[start:], *pool[:start]):
            if f"{first} {last}" not in self.shared:
                self.shared[f"{first} {last}"] = last
                return last
        return pool[start]

    def place(self, key: str, source: Source) -> Mapping[str, Any]:
        """Where it, or the part of it that *key* names, is at home: no two at one place."""
        places = table().places

        def draw() -> Mapping[str, Any]:
            others = [one for (name, _), one in self.facts.items() if name == "place"]
            index = source.below(len(places))
            return next(
                (one for one in (*places[index:], *places[:index]) if one not in others),
                places[index],
            )

        place: Mapping[str, Any] = self._once(("place", key), draw)
        return place

    def moment(self, stage: int, source: Source) -> datetime:
        """When it comes to *stage* of its life."""
        if self.start is None:
            self.pace = source.choice(_PACES)
            minutes = source.below(_DAYS * 24 * 60)
            self.start = _EPOCH + timedelta(minutes=minutes, seconds=source.below(60))
        if stage not in self.stages:
            if stage < 0:
                born = _YOUNGEST * 365 + source.below((_OLDEST - _YOUNGEST) * 365)
                self.stages[stage] = -timedelta(days=born)
            else:
                second = source.below(int(self.pace.total_seconds()))
                self.stages[stage] = stage * self.pace + timedelta(seconds=stage and second)
        return self.start + self.stages[stage]

    def learn(self, told: Telling, example: str) -> None:
        """Take over what *example* says of the record, so that the rest agrees with it."""
        kind = told.kind
        if kind.name in _NAMES:
            first, _, last = example.rpartition(" ")
            if kind.name != "last name":
                self.facts.setdefault(("first", told.key), first or last)
            if kind.name == "last name" or (kind.name == "full name" and first):
                self.facts.setdefault(("last", told.key), last)
        elif kind.name == "city":
            known = (*table().places, *table().elsewhere)
            place = next((one for one in known if one["city"] == example), None)
            if place is not None:
                self.facts.setdefault(("place", told.key), place)
        elif kind.moment is not None and self.start is None:
            try:
                moment = datetime.fromisoformat(example[:19])
            except ValueError:
                return
            if moment.year not in _RECKONED:
                return
            self.pace = _PACES[1]
            self.stages[kind.moment] = kind.moment * self.pace
            self.start = moment.replace(tzinfo=UTC) - self.stages[kind.moment]

    def _once(self, key: tuple[str, str], draw: Callable[[], Any]) -> Any:
        if key not in self.facts:
            self.facts[key] = draw()
        return self.facts[key]

    def texts(self, told: Telling, source: Source) -> Iterator[tuple[str, str]]:
        """What *told* looks like as a text, the likeliest first, each with the format it has."""
        kind = told.kind
        if kind.moment is not None:
            moment = self.moment(kind.moment, source)
            text = moment.isoformat()
            times = ("date-time", f"{text[:19]}Z"), ("date", text[:10])
            is_date = told.words[-1] in table().words["dates"] or kind.moment < 0
            for form, each in times[::-1] if is_date else times:
                yield each, form
            yield f"{text[11:19]}Z", "time"
            return
        for text in kind.texts:
            if kind.name == "name":
                key = ("name", f"{told.owner}: {text}")
                yield self._once(key, partial(self._written, text, told, source)), kind.format
            else:
                yield self._written(text, told, source), kind.format
        if not kind.texts and kind.number is not None:
            yield str(self.number(told, source)), ""

    def number(self, told: Telling, source: Source) -> int | float | None:
        """What *told* is as a number, as far as it is one."""
        kind = told.kind
        if kind.moment is not None:
            if told.words[-1] in table().words["bounds"]:
                return (kind.moment + 1) * 10 + source.below(10)
            seconds = int(self.moment(kind.moment, source).timestamp())
            return seconds * 1000 if _MILLISECONDS.intersection(told.words) else seconds
        if kind.fact:
            return float(self.place(told.key, source)[kind.fact])
        if kind.number is None:
            return None
        low, high, digits = kind.number
        scale = 10**digits
        steps = int(low * scale) + source.below(int((high - low) * scale) + 1)
        return steps / scale if digits else steps

    def _written(self, template: str, told: Telling, source: Source) -> str:
        pieces, blanks = _pieces(template)
        if len(blanks) == 1:
            text = self._part(blanks[0], told, source)
            if blanks[0].case:
                text = blanks[0].cased(text)
            return f"{pieces[0]}{text}{pieces[1]}"
        texts = [blank.cased(self._part(blank, told, source)) for blank in blanks]
        return pieces[0] + "".join(map("".join, zip(texts, pieces[1:], strict=True)))

    def _part(self, blank: Blank, told: Telling, source: Source) -> str:
        if blank.name == "owner":
            return told.owner or "standard"
        if blank.span is not None:
            low, high = blank.span
            return str(low + source.below(high - low + 1))
        if blank.count is None:
            return self.fact(blank.name, told.key, source)
        if blank.name == "hex":
            return hexadecimal(source, blank.count)
        alphabet = "0123456789" if blank.name == "digits" else _LETTERS
        return "".join([source.choice(alphabet) for _ in range(blank.count)])


@dataclass(frozen=True, slots=True, eq=False)
class Blank:
    """What a template leaves open: a number of a *span*, *count* characters, or what *name* says.

    *case* is how it is written.
    """

    name: str
    case: str
    span: tuple[int, int] | None = None
    count: int | None = None

    def cased(self, text: str) -> str:
        """*text* as it is written here."""
        match self.case:
            case "lower":
                return text.lower()
            case "title":
                return text[:1].upper() + text[1:]
            case "initial":
                return text[:1]
            case "word":
                return "_".join(text.split())
        return text


@lru_cache(maxsize=1024)
def _pieces(template: str) -> tuple[tuple[str, ...], tuple[Blank, ...]]:
    """The texts of *template* around its blanks, and these."""
    texts, blanks, end = [], [], 0
    for match in _PLACEHOLDER.finditer(template):
        texts.append(template[end : match.start()])
        end = match.end()
        name, case = match[1], match[2] or ""
        if limits := _RANGE.fullmatch(name):
            blanks.append(Blank(name, case, span=(int(limits[1]), int(limits[2]))))
        elif counted := _COUNTED.fullmatch(name):
            blanks.append(Blank(counted[1], case, count=int(counted[2])))
        else:
            blanks.append(Blank(name, case))
    return (*texts, template[end:]), tuple(blanks)


def has_format(form: str, wanted: str) -> bool:
    """Whether a text of the format *form* is one of the format *wanted*; or that is unknown."""
    return form == wanted or wanted not in FORMATS or wanted in _FAMILIES.get(form, ())


def another(value: Any, source: Source, turn: int, *, has_form: bool = False) -> Any:
    """A value in the style of *value*, an identifier: not the same, in its *turn*.

    One that *has_form* is as long as that, and has letters where that has.
    """
    if isinstance(value, bool) or not isinstance(value, (str, int)):
        return value
    if isinstance(value, int):
        return value + turn
    before, mark, after = value.partition("@")
    if mark:
        return f"{before}{turn + 1}@{after}"
    head, mark, tail = value.rpartition("_")
    if not has_form and (len(tail) < 6 or not any(char.isdigit() for char in tail)):
        ending = re.search(r"\d+$", value)
        if ending is None:
            stem, dot, suffix = value.rpartition(".")
            return f"{stem}-{turn + 1}{dot}{suffix}" if dot else f"{value}-{turn + 1}"
        return value[: ending.start()] + str(int(ending[0]) + turn).zfill(len(ending[0]))
    is_hex = re.fullmatch(r"[0-9a-fA-F-]+", tail) is not None
    return (
        head
        + mark
        + "".join(
            _alike(char, index, tail, source, is_hex=is_hex) for index, char in enumerate(tail)
        )
    )


def _alike(char: str, index: int, text: str, source: Source, *, is_hex: bool) -> str:
    """A character of the same class as *char*, at *index* of an identifier."""
    # RFC 9562 §4: the version and the variant of a UUID are no part of what tells it apart
    if is_hex and len(text) == 36 and index in (14, 19):
        return char
    if char.isdigit():
        return "123456789"[source.below(9)] if char != "0" else char
    if not (char.isascii() and char.isalpha()):
        return char
    alphabet = "abcdef" if is_hex else "abcdefghjkmnpqrstvwxyz"
    drawn = alphabet[source.below(len(alphabet))]
    return drawn.upper() if char.isupper() else drawn
