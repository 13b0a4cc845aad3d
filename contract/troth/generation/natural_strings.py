"""Natural strings: what one of a format, or of a member with a telling name, looks like."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from troth.generation.source import Source

_WORDS = (
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "indigo", "juniper",
    "kestrel", "lagoon", "maple", "nimbus", "orchid", "prairie", "quartz", "river", "summit",
    "tundra", "umber", "valley", "willow", "yarrow", "zephyr",
)  # fmt: skip
_FIRST = ("Ada", "Grace", "Alan", "Edsger", "Barbara", "Donald", "Frances", "Tim", "Radia", "Ken")
_LAST = ("Lovelace", "Hopper", "Turing", "Dijkstra", "Liskov", "Knuth", "Allen", "Perlman")
_CITIES = ("Lisbon", "Oslo", "Kyoto", "Nairobi", "Montreal", "Wellington", "Zurich", "Bogota")
_COUNTRIES = ("Portugal", "Norway", "Japan", "Kenya", "Canada", "New Zealand", "Switzerland")
_SENTENCES = (
    "A short note about the {0}.",
    "The {0} is ready and waiting.",
    "Everything you need to know about the {0}.",
    "A small {0} with a {1} finish.",
)
_HEX = "0123456789abcdef"


def _hex(source: Source, count: int) -> str:
    return "".join([_HEX[source.below(16)] for _ in range(count)])


def word(source: Source) -> str:
    """One lower-case English word."""
    return source.choice(_WORDS)


def _date(source: Source) -> str:
    return f"{2020 + source.below(6)}-{1 + source.below(12):02}-{1 + source.below(28):02}"


def _time(source: Source) -> str:
    return f"{source.below(24):02}:{source.below(60):02}:{source.below(60):02}Z"


def _uuid(source: Source) -> str:
    digits = _hex(source, 31)
    # RFC 9562 §5.4: version 4, variant 8..b
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-{'89ab'[source.below(4)]}{digits[15:18]}"
        f"-{digits[18:30]}"
    )


def _ipv4(source: Source) -> str:
    # RFC 5737 §3: addresses for documentation
    return f"{source.choice(('192.0.2', '198.51.100', '203.0.113'))}.{1 + source.below(254)}"


def _url(source: Source) -> str:
    return f"https://example.com/{word(source)}"


@dataclass(frozen=True, slots=True)
class Format:
    """A format of strings: *draw* draws one, *broken* is none.

    *asserted* is false where JSON Schema 2020-12 or OpenAPI make it an annotation only, which
    nothing breaks.
    """

    draw: Callable[[Source], str]
    broken: str = "not one"
    asserted: bool = True


def _hostname(source: Source) -> str:
    return f"{word(source)}.example.com"


def _email(source: Source) -> str:
    return f"{word(source)}@example.com"


def _date_time(source: Source) -> str:
    return f"{_date(source)}T{_time(source)}"


#: The formats that are drawn and broken.  Any other is an annotation, and draws nothing special.
FORMATS: dict[str, Format] = {
    "date-time": Format(_date_time),
    "date": Format(_date),
    "time": Format(_time),
    "duration": Format(lambda source: f"PT{1 + source.below(48)}H"),
    "email": Format(_email),
    "idn-email": Format(_email),
    "hostname": Format(_hostname, "not a host"),
    "idn-hostname": Format(_hostname, "not a host"),
    "ipv4": Format(_ipv4),
    # RFC 3849: the prefix for documentation
    "ipv6": Format(lambda source: f"2001:db8::{1 + source.below(0xFFFE):x}"),
    "uri": Format(_url),
    "iri": Format(_url),
    "url": Format(_url, asserted=False),
    "uri-reference": Format(lambda source: f"/{word(source)}", "http://["),
    "iri-reference": Format(lambda source: f"/{word(source)}", "http://["),
    "uri-template": Format(lambda source: f"https://example.com/{word(source)}/{{id}}", "{"),
    "uuid": Format(_uuid),
    "json-pointer": Format(lambda source: f"/{word(source)}/{source.below(10)}", "a"),
    "relative-json-pointer": Format(lambda source: f"{source.below(3)}/{word(source)}"),
    "regex": Format(lambda source: f"^{word(source)}$", "["),
    "byte": Format(
        lambda source: source.choice(("dHJvdGg=", "aGVsbG8=", "YW1iZXI=")), asserted=False
    ),
    "binary": Format(word, asserted=False),
    "password": Format(
        lambda source: f"{word(source)}-{word(source)}-{source.below(100)}", asserted=False
    ),
}


def _sentence(source: Source) -> str:
    return source.choice(_SENTENCES).format(word(source), word(source))


def _name(source: Source) -> str:
    return f"{source.choice(_FIRST)} {source.choice(_LAST)}"


# The last word of a member's name, and what such a member holds.
_BY_NAME: dict[str, Callable[[Source], str]] = {
    "id": lambda source: _hex(source, 12),
    "uuid": _uuid,
    "email": _email,
    "url": _url,
    "uri": _url,
    "link": _url,
    "href": _url,
    "website": _url,
    "city": lambda source: source.choice(_CITIES),
    "location": lambda source: source.choice(_CITIES),
    "place": lambda source: source.choice(_CITIES),
    "destination": lambda source: source.choice(_CITIES),
    "origin": lambda source: source.choice(_CITIES),
    "country": lambda source: source.choice(_COUNTRIES),
    "name": _name,
    "author": _name,
    "username": word,
    "firstname": lambda source: source.choice(_FIRST),
    "lastname": lambda source: source.choice(_LAST),
    "title": lambda source: f"{word(source).capitalize()} {word(source)}",
    "subject": lambda source: f"{word(source).capitalize()} {word(source)}",
    "description": _sentence,
    "summary": _sentence,
    "message": _sentence,
    "text": _sentence,
    "comment": _sentence,
    "note": _sentence,
    "body": _sentence,
    "date": _date,
    "day": _date,
    "time": _time,
    "timestamp": _date_time,
    "phone": lambda source: f"+1 202 555 01{source.below(100):02}",
    "currency": lambda source: source.choice(("EUR", "USD", "JPY", "CHF")),
    "color": lambda source: source.choice(("teal", "crimson", "ochre", "navy")),
    "colour": lambda source: source.choice(("teal", "crimson", "ochre", "navy")),
    "language": lambda source: source.choice(("en", "de", "fr", "ja")),
    "locale": lambda source: source.choice(("en-GB", "de-CH", "fr-FR", "ja-JP")),
    "unit": lambda source: source.choice(("celsius", "metre", "gram")),
    "version": lambda source: f"{1 + source.below(4)}.{source.below(10)}.{source.below(10)}",
    "token": lambda source: _hex(source, 16),
    "hash": lambda source: _hex(source, 32),
    "code": lambda source: f"{word(source)}-{source.below(100)}",
    "slug": lambda source: f"{word(source)}-{word(source)}",
    "query": lambda source: f"{word(source)} {word(source)}",
}


@lru_cache(maxsize=4096)
def named(name: str) -> Callable[[Source], str]:
    """What draws a natural string for a member called *name*."""
    last = "".join(f"_{char.lower()}" if char.isupper() else char for char in name)
    last = last.replace("-", "_").replace(".", "_").rpartition("_")[2]
    return _BY_NAME.get(name.lower()) or _BY_NAME.get(last, word)
