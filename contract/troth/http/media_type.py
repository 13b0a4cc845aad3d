"""Media types and what Accept makes of them (RFC 9110 §8.3.1 and §12.5.1).

Text in, plain values out; no input raises.  A media type that cannot be read matches nothing,
and an element of Accept that cannot be read is passed over, as if it had not been sent.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache

from troth.http.exchange import QUOTED_STRING, TOKEN

EVENT_STREAM = "text/event-stream"

#: What Python decodes that is no charset (RFC 2978 §2.3), but an encoding of its own or of names.
_NOT_CHARSETS = frozenset(
    {"idna", "punycode", "undefined", "mbcs", "oem", "charmap"}
    | {"unicode-escape", "raw-unicode-escape", "unicode_escape", "raw_unicode_escape"}
)

_NAME = re.compile(rf"[ \t]*({TOKEN})/({TOKEN})[ \t]*", re.ASCII)
_PARAMETER = re.compile(rf"[ \t]*({TOKEN})=({TOKEN}|{QUOTED_STRING})[ \t]*", re.DOTALL)
_ELEMENT = {
    mark: re.compile(rf'(?:[^{mark}"]|{QUOTED_STRING}?)++', re.DOTALL) for mark in (",", ";")
}
# RFC 9110 §12.4.2, but any number of digits: 0.12345 has an obvious meaning.
_WEIGHT = re.compile(r"0(?:\.[0-9]*)?|1(?:\.0*)?|\.[0-9]+", re.ASCII)


@dataclass(frozen=True, slots=True)
class _Range:
    """A media range, read: `*` stands for any; *suffix* is `json` in `application/*+json`."""

    type: str
    subtype: str
    parameters: tuple[tuple[str, str], ...] = ()
    weight: float = 1.0

    @property
    def suffix(self) -> str:
        return self.subtype[2:] if self.subtype.startswith("*+") else ""

    @property
    def specificity(self) -> int:
        # RFC 9110 §12.5.1: type/subtype;parameters, type/subtype, type/*, */* in this order.
        kind = 3 if "*" not in self.subtype else 2 if self.suffix else 0 if self.type == "*" else 1
        return kind * 100 + min(len(self.parameters), 99)


def essence(content_type: str) -> str:
    """The `type/subtype` of *content_type* in lower case, without its parameters.

    Of text that is not a media type it is whatever stands before the first semicolon.
    """
    return content_type.partition(";")[0].strip().lower()


def is_event_stream(content_type: str) -> bool:
    """Whether it is text/event-stream."""
    return essence(content_type) == EVENT_STREAM


def is_json(content_type: str) -> bool:
    """Whether it is application/json, text/json or a type with the +json suffix (RFC 6839 §3.1)."""
    read = _read(content_type)
    return read is not None and _is_json(read)


def parameters(content_type: str) -> dict[str, str]:
    """The parameters: names in lower case, values as sent but without their quotes.

    The first of two with the same name counts; what cannot be read is left out.
    """
    return dict(_parameters(elements(content_type, ";")[1:]))


def charset(content_type: str) -> str | None:
    """The charset parameter in lower case, or None."""
    charset = parameters(content_type).get("charset")
    return charset.lower() if charset is not None else None


def decode(data: bytes, content_type: str, *, default: str = "utf-8") -> str:
    """*data* as text of its charset, or *default*.  Raises LookupError and UnicodeError."""
    return data.decode(_codec(charset(content_type) or default))


def encode(text: str, content_type: str, *, default: str = "utf-8") -> bytes:
    """*text* in the charset that *content_type* names, or *default*; raises as `decode` does."""
    return text.encode(_codec(charset(content_type) or default))


def _codec(charset: str) -> str:
    name = codecs.lookup(charset).name if charset.isascii() and "\0" not in charset else ""
    if not name or name in _NOT_CHARSETS:
        raise LookupError(charset)
    return name


def matches(media_range: str, content_type: str) -> bool:
    """Whether *content_type* falls under *media_range*.

    A range may be `*/*`, `text/*`, `application/*+json` or a whole type.  Parameters of the
    range must be there with the same value, except charset on JSON, which means nothing there
    (RFC 8259 §11).
    """
    wanted, offered = _read(media_range), _read(content_type)
    return wanted is not None and offered is not None and _covers(wanted, offered)


def specificity(media_range: str) -> int:
    """A number that orders ranges: the most specific has the greatest; -1 for no media type."""
    read = _read(media_range)
    return read.specificity if read is not None else -1


def accepts(accept: str | None, offered: Sequence[str]) -> list[str]:
    """The entries of *offered* that *accept* takes, best first; none left means 406.

    Ordered by quality, then as offered; an offer may itself be a range, and is taken when the
    two overlap.  A missing Accept takes anything (RFC 9110 §12.5.1); so does one of which no
    element can be read.
    """
    ranges = [
        read for piece in elements(accept or "", ",") if (read := _read(piece, ends_at_q=True))
    ]
    if not ranges:
        return list(offered)
    weighed = ((_weight(ranges, offer), offer) for offer in offered)
    taken = [(weight, offer) for weight, offer in weighed if weight > 0]
    return [offer for _, offer in sorted(taken, key=lambda pair: -pair[0])]


def _weight(ranges: Sequence[_Range], offer: str) -> float:
    """The weight of the most specific range that takes *offer*; the first of equals; else 0."""
    offered = _read(offer)
    if offered is None:
        return 0.0
    fitting = [wanted for wanted in ranges if _covers(wanted, offered)] or [
        # An offered range (`text/*`) can answer a narrower wish, at that wish's weight.
        wanted
        for wanted in ranges
        if "*" in offered.subtype and _covers(offered, wanted)
    ]
    return max(fitting, key=lambda wanted: wanted.specificity).weight if fitting else 0.0


def _covers(wanted: _Range, offered: _Range) -> bool:
    if wanted.type not in ("*", offered.type):
        return False
    if wanted.suffix:
        if not offered.subtype.endswith("+" + wanted.suffix):
            return False
    elif wanted.subtype not in ("*", offered.subtype):
        return False
    return not wanted.parameters or _has_parameters(wanted, offered)


def _has_parameters(wanted: _Range, offered: _Range) -> bool:
    present = dict(offered.parameters)
    ignored = "charset" if _is_json(offered) else ""
    return all(
        name == ignored
        or (name in present and _normal(name, present[name]) == _normal(name, value))
        for name, value in wanted.parameters
    )


def _normal(name: str, value: str) -> str:
    # RFC 9110 §8.3.2: charset names compare case-insensitively; other values may not.
    return value.lower() if name == "charset" else value


def _is_json(read: _Range) -> bool:
    return read.subtype.endswith("+json") or (
        read.subtype == "json" and read.type in ("application", "text")
    )


@lru_cache(maxsize=512)
def _read(text: str, *, ends_at_q: bool = False) -> _Range | None:
    """Read a media type or range; with *ends_at_q* a weight and what follows it is no parameter."""
    pieces = elements(text, ";")
    name = _NAME.fullmatch(pieces[0]) if pieces else None
    if name is None:
        return None
    kind, subtype = name[1].lower(), name[2].lower()
    if kind == "*" and subtype != "*":
        return None
    named = dict(_parameters(pieces[1:]))
    if not ends_at_q or "q" not in named:
        return _Range(kind, subtype, tuple(named.items()))
    weight = _WEIGHT.fullmatch(named["q"])
    before = tuple(named.items())[: list(named).index("q")]
    return _Range(kind, subtype, before, float(weight[0])) if weight else None


def _parameters(pieces: Sequence[str]) -> Iterator[tuple[str, str]]:
    seen: set[str] = set()
    for piece in pieces:
        pair = _PARAMETER.fullmatch(piece)
        if pair is None or (name := pair[1].lower()) in seen:
            continue
        seen.add(name)
        yield name, unquoted(pair[2])


def unquoted(value: str) -> str:
    """What a token or a quoted string stands for."""
    if not value.startswith('"'):
        return value
    return re.sub(r"\\(.)", r"\1", value[1:-1], flags=re.DOTALL)


def elements(text: str, mark: str) -> list[str]:
    """Split at *mark*, which a quoted string may hold; RFC 9110 §5.6.1.2: empty elements go."""
    if '"' not in text:
        return [piece for piece in text.split(mark) if piece]
    return _ELEMENT[mark].findall(text)
