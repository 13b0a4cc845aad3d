"""The shapes in which a secret travels: plain, percent-encoded, in Base64, escaped, in pieces.

Leaves to `redaction` where to look for them, and what to do about those that it finds.
"""

from __future__ import annotations

import html
import json
import re
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterable, Iterator
from urllib.parse import quote, quote_plus

Spans = list[tuple[int, int]]

#: A shorter secret is no needle: `a` is in every report.  It is still taken out of its own place.
SHORTEST = 4
#: Words that are in every JSON text; nor can they be needles.
_WORDS = frozenset({"true", "false", "null"})
#: Base64 of something longer holds only the middle of a secret's; less than this is no evidence.
_CORE = 6
#: So much of the beginning of a long secret gives it away.
_PREFIX = 8


def needles(secret: str) -> frozenset[str]:
    """Every text that gives *secret* away."""
    if len(secret) < SHORTEST or secret in _WORDS:
        # where a credential stands is clear even of a short one
        return frozenset({f"Bearer {secret}", f"Bearer%20{secret}"} if secret else ())
    plain = {secret, secret.strip()}
    if len(secret) >= _PREFIX:
        plain |= {secret.lower(), secret.upper(), secret.swapcase()}
    if not secret.isascii():
        # header fields are read as Latin-1 whatever they were written in (RFC 9110 §5.5)
        plain.add(secret.encode("utf-8", "surrogatepass").decode("latin-1"))
    found = {form for text in plain for form in _escaped(text)}
    found |= set(_base64(secret))
    if len(secret) >= _PREFIX:
        in_hex = secret.encode("utf-8", "surrogatepass").hex()
        found |= {in_hex, in_hex.upper()}
    return frozenset(form for form in found if len(form) >= SHORTEST)


def _escaped(text: str) -> Iterator[str]:
    yield text
    data = text.encode("utf-8", "surrogatepass")
    for safe in ("", "/", "/:@", "!'()*~"):  # the last: JavaScript's encodeURIComponent
        yield quote(data, safe=safe)
    yield quote_plus(data)
    yield re.sub("%[0-9A-F]{2}", lambda match: match[0].lower(), quote(data, safe=""))
    for plain in (json.dumps(text)[1:-1], json.dumps(text, ensure_ascii=False)[1:-1]):
        yield plain
        yield plain.replace("/", "\\/")
        # JSON inside a JSON string, as servers log what they were sent
        yield json.dumps(plain)[1:-1]
    yield html.escape(text)
    yield repr(text)[1:-1]


def _base64(secret: str) -> Iterator[str]:
    data = secret.encode("utf-8", "surrogatepass")
    for encode in (b64encode, urlsafe_b64encode):
        yield encode(data).decode()
        for ahead in range(3):
            # RFC 4648 §4: three bytes are four characters, so what stands before it shifts a
            # secret by 0, 1 or 2 bytes; characters that hold bits of others are left out
            text = encode(b"\0" * ahead + data).decode()
            core = text[(0, 2, 3)[ahead] : (ahead + len(data)) * 8 // 6]
            if len(core) >= _CORE:
                yield core


def found(value: bytes, wanted: Iterable[bytes]) -> Spans:
    """Where any of *wanted* stands in *value*: spans in order that do not touch."""
    spans: Spans = []
    for needle in wanted:
        at = value.find(needle)
        while at >= 0:
            spans.append((at, at + len(needle)))
            at = value.find(needle, at + 1)
    return merged(spans)


def found_cut(value: bytes, secrets: Iterable[bytes]) -> Spans:
    """Where either half of a secret stands, or more: a text that broke off, a near miss."""
    spans: Spans = []
    for secret in secrets:
        least = len(secret) // 2
        if least < _PREFIX:
            continue
        at = value.find(secret[:least])
        while at >= 0:
            end = at + least
            while end < len(value) and end - at < len(secret) and value[end] == secret[end - at]:
                end += 1
            spans.append((at, end))
            at = value.find(secret[:least], end)
        end = value.find(secret[-least:]) + least
        while end >= least:
            at, left = end - least, len(secret) - least
            while at > 0 and left > 0 and value[at - 1] == secret[left - 1]:
                at, left = at - 1, left - 1
            spans.append((at, end))
            end = value.find(secret[-least:], end) + least
    return merged(spans)


def merged(spans: Spans) -> Spans:
    """*spans* in order, those that overlap as one."""
    whole: Spans = []
    for start, end in sorted(spans):
        if whole and start < whole[-1][1]:
            whole[-1] = (whole[-1][0], max(whole[-1][1], end))
        else:
            whole.append((start, end))
    return whole


_MEMBER = re.compile(rb'"([A-Za-z_][\w.-]{0,63})"\s*:\s*"((?:[^"\\\r\n]|\\.)*)"')
_INDEX = re.compile(rb'"index"\s*:\s*(\d{1,6})')


def found_in_pieces(body: bytes, wanted: tuple[bytes, ...]) -> Spans:
    """Where a member's texts, one event after the other, spell one of *wanted*.

    A secret that a server streams back comes as the `content` of several events: `sk-`, `ab12`.
    Texts are joined by the member's name, and by the `index` of their event where there is one.
    """
    joined: dict[bytes, list[bytes]] = {}
    for name, text in _MEMBER.findall(body):
        joined.setdefault(name, []).append(text)
    if not wanted or not any(_has(b"".join(texts), wanted) for texts in joined.values()):
        indexes = set(_INDEX.findall(body))
        if len(indexes) < 2:
            return []
    spans: Spans = []
    for by_index in (False, True):
        spans += _pieces(body, wanted, by_index=by_index)
    return merged(spans)


def _has(text: bytes, wanted: tuple[bytes, ...]) -> bool:
    return any(needle in text for needle in wanted)


def _pieces(body: bytes, wanted: tuple[bytes, ...], *, by_index: bool) -> Spans:
    parts: dict[tuple[bytes, bytes], list[tuple[int, int]]] = {}
    for line in re.finditer(rb"[^\r\n]+", body):
        index = _INDEX.search(line[0]) if by_index else None
        for match in _MEMBER.finditer(body, line.start(), line.end()):
            key = (match[1], index[1] if index else b"")
            parts.setdefault(key, []).append(match.span(2))
    spans: Spans = []
    for places in parts.values():
        text = b"".join(body[start:end] for start, end in places)
        for start, end in found(text, wanted):
            spans += _mapped(places, start, end)
    return spans


def _mapped(places: list[tuple[int, int]], start: int, end: int) -> Iterator[tuple[int, int]]:
    """Where the part from *start* to *end* of the joined *places* lies in the whole."""
    offset = 0
    for begin, stop in places:
        size = stop - begin
        low, high = max(start - offset, 0), min(end - offset, size)
        if low < high:
            yield begin + low, begin + high
        offset += size
