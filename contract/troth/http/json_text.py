"""Bytes to JSON and back, under guards (RFC 8259).

`decode` is for what must be JSON: the first fault raises.  `decode_lenient` is for the answers
of a server under test: it gets a value where there is one, and says what is wrong.
orjson does the work on both sides; what it lets pass (the last of two equal names wins, integers
beyond 64 bits become floats) is caught here, exactly, at a price that every request can pay.
"""

from __future__ import annotations

import codecs
import json
import math
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import orjson

from troth.errors import TrothError

#: The faults that BadJson can name, and what to do about each.
REASONS = {
    "empty": "send a JSON text; an empty one is none",
    "syntax": "write it as RFC 8259 says",
    "trailing": "send one JSON text and nothing after it",
    "utf-8": "encode the text in UTF-8",
    "encoding": "encode the text in UTF-8, which RFC 8259 §8.1 requires",
    "byte-order-mark": "leave the mark out (RFC 8259 §8.1)",
    "nan": "JSON has no such number: use null or a string",
    "number": "use a number that a double can hold, or a string",
    "depth": "nest less deeply",
    "duplicate-key": "name each member of an object once",
    "lone-surrogate": "escape a character above U+FFFF as a pair of surrogates",
    "control-character": "escape control characters in strings",
}


@dataclass(frozen=True, slots=True)
class Limits:
    """How much structure is taken: levels of nesting, and characters of one number."""

    depth: int = 254
    digits: int = 500


class BadJson(TrothError):
    """The bytes are not the JSON that we can take.

    *reason* is a key of REASONS; *offset* counts bytes from 0, *line* and *column* (in
    characters) from 1; *detail* says what was found.
    """

    reason: str
    offset: int
    line: int = 1
    column: int = 1
    detail: str = ""

    def __str__(self) -> str:
        where = f"line {self.line}, column {self.column} (byte {self.offset})"
        return f"{self.detail or self.reason} at {where}; {REASONS[self.reason]}"


_Found = tuple[str, int, str]  # a reason, an offset, a detail
_MOST = 100  # faults that are told of one text; each costs time
_DEFAULT = Limits()
# What orjson nests when it writes; it reads up to 1024, so that writing again proves the depth.
_ORJSON_DEPTH = 254
_DIGIT = bytes(1 if 0x30 <= byte <= 0x39 else 0 for byte in range(256))
_FLOAT = bytes(1 if byte in b"0123456789+" else 2 if byte == 0x65 else 0 for byte in range(256))
_LONG_RUN = re.compile(rb"[0-9]{19}")
_TOKEN = re.compile(
    rb'"(?:[^"\\]|\\.)*+"|[][{},:]|-?(?:NaN|Infinity)\b|-?[0-9][0-9.eE+-]*+|[^\s]', re.DOTALL
)
_ESCAPE = re.compile(rb"\\(?:u([0-9a-fA-F]{4})|.)", re.DOTALL)
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_CONTROL = re.compile(rb"[\x00-\x1f]")
_ONLY_ORJSON = re.compile("infinity|surrogate|recursion|depth|BOM|UTF-8")
_BOM = codecs.BOM_UTF8


def decode(data: bytes, *, limits: Limits = _DEFAULT) -> Any:
    """Read a JSON text, strictly: UTF-8 (a byte order mark may lead), every name once, no NaN.

    Integers keep every digit, up to limits.digits.  Raises BadJson for the first fault.
    """
    start = 3 if data.startswith(_BOM) else 0
    body = data[start:] if start else data
    try:
        value = orjson.loads(body)
        if limits.depth >= _ORJSON_DEPTH or body.count(b"[") + body.count(b"{") <= limits.depth:
            again = orjson.dumps(value)
            if again == body or _says_the_same(body, again):
                return value
    except (orjson.JSONDecodeError, orjson.JSONEncodeError):
        pass  # The slow way finds the reason, or the value that orjson cannot hold.
    return _decode_slowly(data, start, limits)


def decoded(data: bytes, default: Any = None) -> Any:
    """What `decode` makes of a JSON text; *default* where it refuses it."""
    try:
        return decode(data)
    except BadJson:
        return default


def value_of(data: bytes, default: Any = None) -> Any:
    """The value of a JSON text, as far as it can be read; *default* where there is none."""
    try:
        return decode_lenient(data)[0]
    except BadJson:
        return default


def decode_lenient(data: bytes, *, limits: Limits = _DEFAULT) -> tuple[Any, tuple[BadJson, ...]]:
    """Read a JSON text as far as it can be read, and list its first hundred faults.

    Of two equal names the last counts, bad UTF-8 becomes U+FFFD, NaN and infinity stay floats,
    what follows the value is dropped.  Raises BadJson when there is no value, or one nested too
    deep to be safe.
    """
    if not data.startswith(_BOM):
        with suppress(BadJson):
            return decode(data, limits=limits), ()
    return recover(data, limits=limits)


def recover(data: bytes, *, limits: Limits = _DEFAULT) -> tuple[Any, tuple[BadJson, ...]]:
    """What `decode_lenient` makes of a text that `decode` refuses."""
    text, faults = _text(data)
    body = text.encode("utf-8")
    places = list(_scan(body, limits))
    if places and places[-1][0] == "depth":
        raise _fault(body, *places[-1])
    faults += (_fault(body, *each) for each in places[:_MOST])
    begin = len(text) - len(text.lstrip(" \t\n\r"))
    try:
        value, end = _decoder(limits).raw_decode(text, begin)
    except (json.JSONDecodeError, RecursionError) as error:
        raise _not_json(body, text, 0, error) from None
    rest = text[end:].lstrip(" \t\n\r")
    if rest:
        faults.append(_trailing(body, rest))
    return value, tuple(sorted(faults, key=lambda fault: fault.offset))


def encode(value: Any) -> bytes:
    """Write *value* compactly, members in their order; NaN and infinity become null.

    Raises TypeError for what is not plain JSON, an object of ours too.
    """
    try:
        return orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_DATACLASS)
    except orjson.JSONEncodeError:  # an integer beyond 64 bits, a lone surrogate
        return _encode_slowly(value, sort_keys=False)


def encode_ascii(value: Any) -> bytes:
    """Write *value* in ASCII alone, as the value of a header field has to be."""
    return _encode_slowly(value, sort_keys=False)


def canonical(value: Any) -> bytes:
    """Write *value* so that equal values give equal bytes: names sorted, 1.0 as 1."""
    try:
        written = orjson.dumps(value, option=orjson.OPT_SORT_KEYS)
        # orjson writes an integral float as 1.0 or 1e+16.  That may also be part of a string; the
        # slow way is right for both, so a false alarm costs only time.
        if b".0" not in written and b"\1\2\1" not in written.translate(_FLOAT):
            return written
        return orjson.dumps(_plain(value, integral=True), option=orjson.OPT_SORT_KEYS)
    except orjson.JSONEncodeError:
        return _encode_slowly(value, sort_keys=True)


def _says_the_same(body: bytes, again: bytes) -> bool:
    """Whether *again*, written from what orjson read, lost nothing that *body* said.

    A member dropped for a later one of the same name takes at least its colon along, and nothing
    else does: strings keep theirs, unless one was written as an escape.  An integer beyond 64
    bits has a run of 19 digits or more, which holds three consecutive multiples of 6.
    """
    if body.count(b":") != again.count(b":"):
        return False
    if b"\\" in body and (b"\\u003a" in body or b"\\u003A" in body):
        return False
    return b"\1\1\1" not in body[::6].translate(_DIGIT) or not _LONG_RUN.search(body)


def _decode_slowly(data: bytes, start: int, limits: Limits) -> Any:
    if wide := _wide(data):
        raise _fault(data, "encoding", 0, f"{wide.upper()} text")
    try:
        text = data[start:].decode("utf-8")
    except UnicodeDecodeError as error:
        raise _bad_utf8(data, start + error.start) from None
    place = next(_scan(data, limits, start), None)
    first = _fault(data, *place) if place is not None else None
    if first is not None and first.reason == "depth":
        raise first
    try:
        value = _decoder(limits).decode(text)
    except (json.JSONDecodeError, RecursionError) as error:
        syntax = _not_json(data, text, start, error)
        raise (syntax if first is None or syntax.offset < first.offset else first) from None
    if first is not None:
        raise first
    return value


def _decoder(limits: Limits) -> json.JSONDecoder:
    def integer(digits: str) -> int | float:
        return int(digits) if len(digits) <= limits.digits else float(digits)

    # Not strict: control characters in strings are found, with their offset, by _scan.
    return json.JSONDecoder(parse_int=integer, strict=False)


def _scan(data: bytes, limits: Limits, start: int = 0) -> Iterator[_Found]:
    """Yield, in order, the faults that a parser of the bare grammar would let pass."""
    names: list[set[bytes] | None] = []
    name_is_due = False
    for token in _TOKEN.finditer(data, start):
        text, offset = token[0], token.start()
        match text[:1]:
            case b"{" | b"[":
                name_is_due = text == b"{"
                names.append(set() if name_is_due else None)
                if len(names) > limits.depth:
                    yield "depth", offset, f"more than {limits.depth} levels"
                    return
            case b"}" | b"]":
                if names:
                    names.pop()
                name_is_due = False
            case b",":
                name_is_due = bool(names) and names[-1] is not None
            case b'"':
                if len(text) == 1:
                    return  # It never ends: there are no tokens after it.
                yield from _string_faults(token)
                if name_is_due and (seen := names[-1]) is not None:
                    name = _name(text)
                    if name in seen:
                        yield "duplicate-key", offset, f"a second member {_shown(text)}"
                    seen.add(name)
                name_is_due = False
            case text_start if text_start != b":":
                yield from _word_faults(token, limits)


def _string_faults(token: re.Match[bytes]) -> Iterator[_Found]:
    text, offset = token[0], token.start()
    if control := _CONTROL.search(text):
        at = offset + control.start()
        yield "control-character", at, f"U+{text[control.start()]:04X} in a string"
    if not _SURROGATE.search(text):
        return
    lone: re.Match[bytes] | None = None  # a high one, until the next escape completes the pair
    for escape in [*_ESCAPE.finditer(text), None]:
        code = int(escape[1], 16) if escape and escape[1] else 0
        is_low = 0xDC00 <= code < 0xE000
        pairs = is_low and lone is not None and escape is not None and lone.end() == escape.start()
        for unpaired in () if pairs else (lone, escape if is_low else None):
            if unpaired is not None:
                at = offset + unpaired.start()
                yield "lone-surrogate", at, f"a lone {_shown(unpaired[0])}"
        lone = escape if 0xD800 <= code < 0xDC00 else None


def _word_faults(token: re.Match[bytes], limits: Limits) -> Iterator[_Found]:
    text, offset = token[0], token.start()
    if text.endswith((b"NaN", b"Infinity")):
        yield "nan", offset, text.decode()
    elif len(text) > limits.digits:
        yield "number", offset, f"a number of {len(text)} characters"
    elif not text.removeprefix(b"-").isdigit():
        with suppress(ValueError):  # no number at all: the parser says so
            if math.isinf(float(text)):
                yield "number", offset, f"{_shown(text)}, which no double can hold,"


def _name(text: bytes) -> bytes:
    if b"\\" not in text:
        return text[1:-1]
    try:
        return str(json.loads(text, strict=False)).encode("utf-8", "surrogatepass")
    except ValueError:
        return text


def _text(data: bytes) -> tuple[str, list[BadJson]]:
    """Read *data* as text, whatever it takes; say what was wrong with its encoding."""
    if wide := _wide(data):
        text = data.decode(wide, "replace").removeprefix("\ufeff")
        return text, [_fault(data, "encoding", 0, f"{wide.upper()} text")]
    faults = [_fault(data, "byte-order-mark", 0, "U+FEFF")] if data.startswith(_BOM) else []
    data = data.removeprefix(_BOM)
    try:
        return data.decode("utf-8"), faults
    except UnicodeDecodeError as error:
        faults.append(_bad_utf8(data, error.start))
        return data.decode("utf-8", "replace"), faults


def _wide(data: bytes) -> str:
    """The encoding, UTF-16 or UTF-32, that its first four bytes betray; or ""."""
    codec = json.detect_encoding(data)
    return codec if codec[:5] != "utf-8" else ""


def _bad_utf8(data: bytes, at: int) -> BadJson:
    return _fault(data, "utf-8", at, f"byte 0x{data[at]:02X}, which is not UTF-8,")


def _not_json(data: bytes, text: str, start: int, error: Exception) -> BadJson:
    """The syntax error of a text, in words that do not depend on the version of Python."""
    if not text.strip(" \t\n\r"):
        return _fault(data, "empty", len(data), "no JSON text")
    if not isinstance(error, json.JSONDecodeError):
        return _fault(data, "depth", start, "more levels than can be read")
    position, trails = error.pos, error.msg == "Extra data"
    try:
        orjson.loads(text)
    except orjson.JSONDecodeError as other:
        # Where json finds a fault depends on the version of Python; orjson stops early, though,
        # at what only it refuses.
        if not _ONLY_ORJSON.search(other.msg):
            position, trails = other.pos, "after document" in other.msg
    rest = text[position:]
    if trails:
        return _trailing(data, rest)
    detail = f"unexpected {_shown(rest)}" if rest else "an early end of the text"
    return _fault(data, "syntax", start + len(text[:position].encode()), detail)


def _trailing(data: bytes, rest: str) -> BadJson:
    offset = len(data) - len(rest.encode())
    return _fault(data, "trailing", offset, f"{_shown(rest)} after the JSON text")


def _shown(text: str | bytes) -> str:
    text = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    text = text if len(text) <= 24 else text[:20] + "…"
    return text if text[:1] == '"' and text.isprintable() else repr(text)


def _fault(data: bytes, reason: str, offset: int, detail: str) -> BadJson:
    before = data[:offset].removeprefix(_BOM)
    line_start = before.rfind(b"\n") + 1
    column = len(before[line_start:].decode("utf-8", "replace")) + 1
    line = before.count(b"\n") + 1
    return BadJson(reason, offset, line=line, column=column, detail=detail)


def _plain(value: Any, *, integral: bool) -> Any:
    """*value* with null for what JSON cannot say and, if *integral*, 1 for 1.0."""
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if integral and value.is_integer() else value
    if isinstance(value, dict):
        return {name: _plain(member, integral=integral) for name, member in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, integral=integral) for item in value]
    return value


def _encode_slowly(value: Any, *, sort_keys: bool) -> bytes:
    plain = _plain(value, integral=sort_keys)
    return json.dumps(plain, separators=(",", ":"), sort_keys=sort_keys).encode("ascii")
