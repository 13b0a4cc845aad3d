"""Natural strings: what one of a format, or of a member with a telling name, looks like."""

from __future__ import annotations

from collections.abc import Callable
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


def _hostname(source: Source) -> str:
    return f"{word(source)}.example.com"


def _email(source: Source) -> str:
    return f"{word(source)}@example.com"


def _date_time(source: Source) -> str:
    return f"{_date(source)}T{_time(source)}"


#: What draws a string of a format.  Those beyond `data_model.FORMATS` are annotations.
FORMATS: dict[str, Callable[[Source], str]] = {
    "date-time": _date_time,
    "date": _date,
    "time": _time,
    "duration": lambda source: f"PT{1 + source.below(48)}H",
    "email": _email,
    "idn-email": _email,
    "hostname": _hostname,
    "idn-hostname": _hostname,
    "ipv4": _ipv4,
    # RFC 3849: the prefix for documentation
    "ipv6": lambda source: f"2001:db8::{1 + source.below(0xFFFE):x}",
    "uri": _url,
    "iri": _url,
    "url": _url,
    "uri-reference": lambda source: f"/{word(source)}",
    "iri-reference": lambda source: f"/{word(source)}",
    "uri-template": lambda source: f"https://example.com/{word(source)}/{{id}}",
    "uuid": _uuid,
    "json-pointer": lambda source: f"/{word(source)}/{source.below(10)}",
    "relative-json-pointer": lambda source: f"{source.below(3)}/{word(source)}",
    "regex": lambda source: f"^{word(source)}$",
    "byte": lambda source: source.choice(("dHJvdGg=", "aGVsbG8=", "YW1iZXI=")),
    "binary": word,
    "password": lambda source: f"{word(source)}-{word(source)}-{source.below(100)}",
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
