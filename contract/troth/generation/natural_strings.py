"""Natural strings: what one of a format looks like."""

from __future__ import annotations

from collections.abc import Callable

from troth.generation.source import Source

WORDS = (
    "amber", "birch", "cedar", "delta", "ember", "fjord", "grove", "harbor", "indigo", "juniper",
    "kestrel", "lagoon", "maple", "nimbus", "orchid", "prairie", "quartz", "river", "summit",
    "tundra", "umber", "valley", "willow", "yarrow", "zephyr",
)  # fmt: skip
_HEX = "0123456789abcdef"


def hexadecimal(source: Source, count: int) -> str:
    """So many digits to the base of sixteen."""
    return "".join([_HEX[source.below(16)] for _ in range(count)])


def word(source: Source) -> str:
    """One lower-case English word."""
    return source.choice(WORDS)


def _date(source: Source) -> str:
    return f"{2020 + source.below(6)}-{1 + source.below(12):02}-{1 + source.below(28):02}"


def _time(source: Source) -> str:
    return f"{source.below(24):02}:{source.below(60):02}:{source.below(60):02}Z"


def _uuid(source: Source) -> str:
    digits = hexadecimal(source, 31)
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
