"""Natural values: what a string of a format, or of a member with a telling name, looks like."""

from __future__ import annotations

from collections.abc import Callable

from troth.generation.fast_source import Dice

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


def _hex(dice: Dice, count: int) -> str:
    return "".join([_HEX[dice.below(16)] for _ in range(count)])


def word(dice: Dice) -> str:
    """One lower-case English word."""
    return dice.choice(_WORDS)


def _date(dice: Dice) -> str:
    return f"{2020 + dice.below(6)}-{1 + dice.below(12):02}-{1 + dice.below(28):02}"


def _time(dice: Dice) -> str:
    return f"{dice.below(24):02}:{dice.below(60):02}:{dice.below(60):02}Z"


def _uuid(dice: Dice) -> str:
    digits = _hex(dice, 31)
    # RFC 9562 §5.4: version 4, variant 8..b
    return (
        f"{digits[:8]}-{digits[8:12]}-4{digits[12:15]}-{'89ab'[dice.below(4)]}{digits[15:18]}"
        f"-{digits[18:30]}"
    )


def _ipv4(dice: Dice) -> str:
    # RFC 5737 §3: addresses for documentation
    return f"{dice.choice(('192.0.2', '198.51.100', '203.0.113'))}.{1 + dice.below(254)}"


def _url(dice: Dice) -> str:
    return f"https://example.com/{word(dice)}"


FORMATS: dict[str, Callable[[Dice], str]] = {
    "date-time": lambda dice: f"{_date(dice)}T{_time(dice)}",
    "date": _date,
    "time": _time,
    "duration": lambda dice: f"PT{1 + dice.below(48)}H",
    "email": lambda dice: f"{word(dice)}@example.com",
    "idn-email": lambda dice: f"{word(dice)}@example.com",
    "hostname": lambda dice: f"{word(dice)}.example.com",
    "idn-hostname": lambda dice: f"{word(dice)}.example.com",
    "ipv4": _ipv4,
    # RFC 3849: the prefix for documentation
    "ipv6": lambda dice: f"2001:db8::{1 + dice.below(0xFFFE):x}",
    "uri": _url,
    "url": _url,
    "iri": _url,
    "uri-reference": lambda dice: f"/{word(dice)}",
    "iri-reference": lambda dice: f"/{word(dice)}",
    "uri-template": lambda dice: f"https://example.com/{word(dice)}/{{id}}",
    "uuid": _uuid,
    "json-pointer": lambda dice: f"/{word(dice)}/{dice.below(10)}",
    "relative-json-pointer": lambda dice: f"{dice.below(3)}/{word(dice)}",
    "regex": lambda dice: f"^{word(dice)}$",
    "byte": lambda dice: dice.choice(("dHJvdGg=", "aGVsbG8=", "YW1iZXI=")),
    "binary": word,
    "password": lambda dice: f"{word(dice)}-{word(dice)}-{dice.below(100)}",
}


def _sentence(dice: Dice) -> str:
    return dice.choice(_SENTENCES).format(word(dice), word(dice))


def _name(dice: Dice) -> str:
    return f"{dice.choice(_FIRST)} {dice.choice(_LAST)}"


# The last word of a member's name, and what such a member holds.
_BY_NAME: dict[str, Callable[[Dice], str]] = {
    "id": lambda dice: _hex(dice, 12),
    "uuid": _uuid,
    "email": FORMATS["email"],
    "url": _url,
    "uri": _url,
    "link": _url,
    "href": _url,
    "website": _url,
    "city": lambda dice: dice.choice(_CITIES),
    "location": lambda dice: dice.choice(_CITIES),
    "place": lambda dice: dice.choice(_CITIES),
    "destination": lambda dice: dice.choice(_CITIES),
    "origin": lambda dice: dice.choice(_CITIES),
    "country": lambda dice: dice.choice(_COUNTRIES),
    "name": _name,
    "author": _name,
    "username": word,
    "firstname": lambda dice: dice.choice(_FIRST),
    "lastname": lambda dice: dice.choice(_LAST),
    "title": lambda dice: f"{word(dice).capitalize()} {word(dice)}",
    "subject": lambda dice: f"{word(dice).capitalize()} {word(dice)}",
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
    "timestamp": FORMATS["date-time"],
    "phone": lambda dice: f"+1 202 555 01{dice.below(100):02}",
    "currency": lambda dice: dice.choice(("EUR", "USD", "JPY", "CHF")),
    "color": lambda dice: dice.choice(("teal", "crimson", "ochre", "navy")),
    "colour": lambda dice: dice.choice(("teal", "crimson", "ochre", "navy")),
    "language": lambda dice: dice.choice(("en", "de", "fr", "ja")),
    "locale": lambda dice: dice.choice(("en-GB", "de-CH", "fr-FR", "ja-JP")),
    "unit": lambda dice: dice.choice(("celsius", "metre", "gram")),
    "version": lambda dice: f"{1 + dice.below(4)}.{dice.below(10)}.{dice.below(10)}",
    "token": lambda dice: _hex(dice, 16),
    "hash": lambda dice: _hex(dice, 32),
    "code": lambda dice: f"{word(dice)}-{dice.below(100)}",
    "slug": lambda dice: f"{word(dice)}-{word(dice)}",
    "query": lambda dice: f"{word(dice)} {word(dice)}",
}


def named(name: str) -> Callable[[Dice], str]:
    """What draws a natural string for a member called *name*."""
    last = "".join(f"_{char.lower()}" if char.isupper() else char for char in name)
    last = last.replace("-", "_").replace(".", "_").rpartition("_")[2]
    return _BY_NAME.get(name.lower()) or _BY_NAME.get(last, word)
