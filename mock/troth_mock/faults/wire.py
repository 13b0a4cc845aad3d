"""What a fault does to an answer on its way: from its bytes to a script of what leaves, and when.

`broken` is pure: an answer and what may go wrong with it go in, a `Script` comes out, or None where
nothing goes wrong.  Each effect is a function from one state of the answer to the next; one that
cannot be done to this answer says so, and is then neither counted nor told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from troth import pointer
from troth.http import json_text, media_type
from troth.openapi.operation import Operation
from troth.seed import Seed
from troth_mock.chat.chunking import inverse, locate
from troth_mock.chat.members import Names, get_member, put_member
from troth_mock.faults.fault import Effect
from troth_mock.faults.refusals import error_frame
from troth_mock.faults.switches import Chance, Chosen
from troth_mock.reply import Reply, framing

#: How an answer ends: as it should; closed, reset, or left open without another byte.
End = Literal["complete", "close", "reset", "stall"]

_DATA = re.compile(rb"(?m)^data: ?(.*?)\r?$")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_LENGTH = re.compile(rb"(?i)(\r\ncontent-length: *)\d+")
_COMMENT = b": keep-alive\n\n"
#: Seconds between the pieces of a split answer, and for all of them at the most.
_BETWEEN, _SPLIT_WITHIN = 0.001, 2.0
_MORE_BYTES = 10
_NO_PIECES = 3


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer as it would leave: its *head*, and its content in *pieces*, each when it is *due*.

    A stream's pieces are its events, *sentinel* being the frame of the last if it has one; any
    other content is one piece.  *frame* puts a piece into the framing of the connection, and *end*
    ends it.
    """

    head: bytes
    pieces: Sequence[bytes]
    due: Sequence[float] = ()
    status: int = 200
    content_type: str = ""
    is_stream: bool = False
    sentinel: bytes = b""
    operation: Operation | None = None
    accept: str | None = None
    frame: Callable[[bytes], bytes] = bytes
    end: bytes = b""


@dataclass(frozen=True, slots=True)
class Script:
    """What leaves: each piece with the seconds to wait before it, then how it ends.

    *done* are the faults that it owes this to, in the words in which they were asked for.
    """

    pieces: tuple[tuple[float, bytes], ...]
    end: End
    done: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Piece:
    due: float
    data: bytes
    is_event: bool = True


@dataclass(frozen=True, slots=True)
class _Wire:
    """An answer with what has gone wrong with it so far; *length* is what its head says."""

    answer: Answer
    pieces: tuple[_Piece, ...]
    length: int
    end: End = "complete"
    is_headless: bool = False
    is_framed: bool = True
    delay: float = 0.0
    part: int | None = None
    misframed: tuple[int, int] | None = None

    @property
    def events(self) -> tuple[_Piece, ...]:
        return tuple(piece for piece in self.pieces if piece.is_event)

    @property
    def is_stream(self) -> bool:
        return self.answer.is_stream

    @property
    def size(self) -> int:
        return sum(len(piece.data) for piece in self.pieces)

    def with_piece(self, number: int, *data: bytes) -> _Wire:
        """The same with *data* instead of piece *number*, and a body's length as it then is."""
        old = self.pieces[number]
        new = (replace(old, data=one) for one in data)
        return self.with_pieces((*self.pieces[:number], *new, *self.pieces[number + 1 :]))

    def with_pieces(self, pieces: Iterable[_Piece]) -> _Wire:
        pieces = tuple(pieces)
        return replace(self, pieces=pieces, length=sum(len(piece.data) for piece in pieces))


def answer(
    reply: Reply,
    operation: Operation | None,
    *,
    head: bytes,
    due: Sequence[float] = (),
    frame: Callable[[bytes], bytes] = bytes,
    end: bytes = b"",
    accept: str | None = None,
) -> Answer:
    """*reply*, with its *head* as it would be written, as what can go wrong.

    One that has no content on the wire is given without any; *due* are the times of its frames.
    """
    kind = next((value for name, value in reply.fields if name.lower() == "content-type"), "")
    pieces = reply.stream.frames if reply.stream is not None else (reply.body or b"",)
    response = operation.response(reply.status) if operation is not None else None
    entry = response.media_type(kind) if response is not None else None
    return Answer(
        head,
        pieces,
        due,
        status=reply.status,
        content_type=kind,
        is_stream=reply.stream is not None,
        sentinel=framing(entry).end if entry is not None and reply.stream is not None else b"",
        operation=operation,
        accept=accept,
        frame=frame,
        end=end,
    )


_Change = Callable[[_Wire, Effect, Seed], "_Wire | None"]


def before(chances: Sequence[Chance]) -> Chosen | None:
    """What answers, or refuses, before anything is done; None: the request is answered as usual."""
    for chance in chances:
        chosen = chance.draw() if chance.fault.is_before else None
        if chosen and any(effect.kind in ("status", "refuse") for effect in chosen.effects):
            return chosen
    return None


def broken(answer: Answer, chances: Sequence[Chance]) -> Script | None:
    """What leaves of *answer* when what *chances* say goes wrong; None where nothing does."""
    wire = _whole(answer)
    first = before(chances)
    done: list[str] = []
    effects: list[tuple[Effect, Chosen]] = []
    for chance in chances:
        if first is not None and not chance.fault.is_before:
            continue  # what it answers with is not the answer that they are about
        if not (chance.fault.is_before or _can_meet(wire, chance.fault.effects)):
            continue
        chosen = chance.draw()
        if chosen is not None and (first is None or chosen is first or _is_slow(chosen)):
            effects += [(effect, chosen) for effect in chosen.effects]
    for effect, chosen in sorted(effects, key=lambda each: _ORDER[each[0].kind]):
        changed = _EFFECTS[effect.kind](wire, effect, chosen.seed)
        if changed is not None:
            wire = changed
            done.append(chosen.fault.text)
    return _script(wire, tuple(dict.fromkeys(done))) if done else None


def _whole(answer: Answer) -> _Wire:
    due = [*answer.due, *[answer.due[-1] if answer.due else 0.0] * len(answer.pieces)]
    sentinel = len(answer.pieces) - 1
    is_ended = bool(answer.sentinel) and answer.pieces[-1:] == (answer.sentinel,)
    pieces = tuple(
        _Piece(when, data, is_event=not (is_ended and number == sentinel))
        for number, (when, data) in enumerate(zip(due, answer.pieces, strict=False))
        if data
    )
    return _Wire(answer, pieces, sum(len(piece.data) for piece in pieces))


def _can_meet(wire: _Wire, effects: Iterable[Effect]) -> bool:
    return any(_EFFECTS[one.kind](wire, one, Seed.of("any")) is not None for one in effects)


def _is_slow(chosen: Chosen) -> bool:
    return all(effect.kind == "slow" for effect in chosen.effects)


def _script(wire: _Wire, done: tuple[str, ...]) -> Script:
    """*wire* with the framing of its connection, as waits and bytes."""
    timed: list[tuple[float, bytes]] = [] if wire.is_headless else [(0.0, _head(wire))]
    frame = wire.answer.frame if wire.is_stream else bytes
    parts = [_parts(piece.data, wire.part) for piece in wire.pieces]
    between = min(_BETWEEN, _SPLIT_WITHIN / max(1, sum(map(len, parts))))
    for number, piece in enumerate(wire.pieces):
        for place, part in enumerate(parts[number]):
            data = frame(part)
            if wire.misframed is not None and wire.misframed[0] == number:
                data = _misframed(data, wire.misframed[1])
            timed.append((piece.due + place * between, data))
    if wire.is_framed and not wire.is_headless and wire.is_stream and wire.answer.end:
        timed.append((timed[-1][0], wire.answer.end))
    now, pieces = 0.0, []
    for due, data in timed:
        pieces.append((max(0.0, due - now), data))
        now = max(now, due)
    if wire.delay:
        (wait, data), *rest = pieces or [(0.0, b"")]
        pieces = [(wait + wire.delay, data), *rest]
    return Script(tuple(pieces), wire.end, done)


def _head(wire: _Wire) -> bytes:
    if wire.is_stream:
        return wire.answer.head
    return _LENGTH.sub(lambda match: b"%b%d" % (match[1], wire.length), wire.answer.head, count=1)


def _parts(data: bytes, size: int | None) -> list[bytes]:
    if size is None:
        return [data]
    step = size or max(1, -(-len(data) // _NO_PIECES))
    return [data[start : start + step] for start in range(0, len(data), step)]


def _misframed(data: bytes, more: int) -> bytes:
    """*data*, a chunk, with a size that is wrong by *more*."""
    size, end, rest = data.partition(b"\r\n")
    return b"%x%b%b" % (max(1, int(size, 16) + more), end, rest)


# Where.


def _event(wire: _Wire, effect: Effect, seed: Seed, *, spare: int = 0) -> int | None:
    """The event that *effect* is about: as told, or drawn; *spare* have to come after it."""
    last = len(wire.events) - 1 - spare
    if effect.place is not None:
        count = effect.place.count
        return count if effect.place.unit == "events" and count <= last else None
    # neither the first nor the last where there is another
    low, high = (1, last - 1) if last >= 2 else (0, last)
    return seed.between(low, high, "event") if last >= 0 else None


def _cut(wire: _Wire, effect: Effect, seed: Seed) -> tuple[_Piece, ...] | None:
    """What comes before the place of *effect*; None where the answer does not go so far."""
    place = effect.place
    if place is not None and place.unit == "answer":
        return ()
    if not wire.pieces:
        return None
    if place is None and wire.is_stream:
        return wire.pieces[: seed.between(1, max(1, len(wire.events) - 1), "events")]
    if place is not None and place.unit == "events":
        is_there = wire.is_stream and place.count <= len(wire.events)
        return wire.pieces[: place.count] if is_there else None
    count = place.count if place is not None else seed.below(wire.size, "bytes")
    return _first_bytes(wire.pieces, count) if count < wire.size else None


def _first_bytes(pieces: Sequence[_Piece], count: int) -> tuple[_Piece, ...]:
    kept = []
    for piece in pieces:
        if count <= 0:
            break
        kept.append(replace(piece, data=piece.data[:count]))
        count -= len(piece.data)
    return tuple(kept)


# What ends an answer early.


def _ended(end: End) -> _Change:
    def change(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
        kept = _cut(wire, effect, seed)
        if kept is None or wire.end != "complete" or not wire.is_framed:
            return None
        silent = effect.place is not None and effect.place.unit == "answer"
        if effect.seconds is not None and end == "stall":
            return _paused(wire, kept, effect.seconds, is_silent=silent)
        return replace(wire, pieces=kept, end=end, is_headless=silent, is_framed=False)

    return change


def _paused(wire: _Wire, kept: Sequence[_Piece], seconds: float, *, is_silent: bool) -> _Wire:
    """*wire* with a pause of so many *seconds* after what is *kept*."""
    if is_silent:
        return replace(wire, delay=wire.delay + seconds)
    size = sum(len(piece.data) for piece in kept)
    pieces: list[_Piece] = []
    for piece in wire.pieces:
        first, rest = piece.data[:size], piece.data[size:]
        size -= len(first)
        if first:
            pieces.append(replace(piece, data=first))
        if rest:
            pieces.append(replace(piece, data=rest, due=piece.due + seconds))
    return replace(wire, pieces=tuple(pieces))


def _truncate(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    kept = _cut(wire, effect, seed)
    return wire.with_pieces(kept) if kept is not None and wire.end == "complete" else None


def _empty(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    return wire.with_pieces(()) if wire.pieces else None


def _cut_json(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    at = _json_at(wire, effect, seed)
    if at is None:
        return None
    number, start, end = at
    data = wire.pieces[number].data
    middle = start + max(1, (end - start) // 2)
    while middle > start + 1 and data[middle] & 0xC0 == 0x80:
        middle -= 1
    return _closed(wire, number, data[:middle]) if middle < end else None


def _cut_character(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    """Cut in the next character of several bytes; where there is none, one is begun."""
    at = _json_at(wire, effect, seed)
    if at is None:
        return None
    for number, piece in enumerate(wire.pieces[at[0] :], at[0]):
        found = next((place for place, byte in enumerate(piece.data) if byte >= 0xC0), None)
        if found is not None:
            return _closed(wire, number, piece.data[: found + 1])
    number, start, end = at
    data = wire.pieces[number].data
    strings = list(_STRING.finditer(data, start, end))
    place = strings[-1].end() - 1 if strings else end
    return _closed(wire, number, data[:place] + "é".encode()[:1])


def _closed(wire: _Wire, number: int, data: bytes) -> _Wire | None:
    if wire.end != "complete":
        return None
    pieces = (*wire.pieces[:number], replace(wire.pieces[number], data=data))
    return replace(wire, pieces=pieces, end="close", is_framed=False)


# What is done to JSON.


def _json_at(wire: _Wire, effect: Effect, seed: Seed) -> tuple[int, int, int] | None:
    """The piece that *effect* is about, and where in it the JSON stands."""
    if not wire.is_stream:
        is_json = media_type.is_json(wire.answer.content_type)
        known = is_json and len(wire.pieces) == 1 and effect.place is None
        return (0, 0, len(wire.pieces[0].data)) if known else None
    number = _event(wire, effect, seed)
    match = None if number is None else _DATA.search(wire.pieces[number].data)
    return None if match is None or number is None else (number, *match.span(1))


def _malformed(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    at = _json_at(wire, effect, seed)
    if at is None or wire.end != "complete":
        return None
    number, start, end = at
    data = wire.pieces[number].data
    text = data[start:end].rstrip()
    ways = (text[:-1], text[:-1] + b"," + text[-1:], text + text[-1:], b"{" + text)
    bad = next((way for way in _from(ways, seed) if not _is_json(way)), None)
    return None if bad is None else wire.with_piece(number, data[:start] + bad + data[end:])


def _from(ways: Sequence[bytes], seed: Seed) -> Sequence[bytes]:
    first = seed.below(len(ways), "way")
    return (*ways[first:], *ways[:first])


def _is_json(text: bytes) -> bool:
    try:
        json_text.decode(text)
    except json_text.BadJson:
        return False
    return True


def _finish_reason(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    """Let each choice that says why it ends say *effect*'s reason, or none."""
    places = _finish_places(wire)
    changed = False
    for number, piece in enumerate(wire.pieces):
        match = _DATA.search(piece.data) if wire.is_stream else re.match(rb"(?s)(.*)", piece.data)
        if places is None or match is None or not piece.is_event:
            continue
        value = _with_reason(match[1], *places, effect.form or None)
        if value is not None:
            start, end = match.span(1)
            data = piece.data[:start] + json_text.encode(value) + piece.data[end:]
            wire, changed = wire.with_piece(number, data), True
    return wire if changed else None


def _finish_places(wire: _Wire) -> tuple[Names, Names] | None:
    """Where in an item, or in the body, the choices are, and in each of them its finish reason."""
    operation = wire.answer.operation
    completion = operation.completion if operation is not None else None
    response = operation.response(wire.answer.status) if operation is not None else None
    if completion is None or response is None or "finish-reason" not in completion.choice:
        return None
    choices = pointer.split(completion.response["choices"])
    reason = pointer.split(completion.choice["finish-reason"])
    entry = response.media_type(wire.answer.content_type)
    if not wire.is_stream or entry is None or entry.assembly is None:
        return choices, reason
    choices, origin = locate(inverse(entry.assembly.members), choices)
    return choices, locate(origin.inner, reason)[0]


def _with_reason(text: bytes, choices: Names, at: Names, reason: str | None) -> Any:
    """The JSON of *text* with *reason* in every choice that has one; None where none has."""
    try:
        value = json_text.decode(text)
    except json_text.BadJson:
        return None
    entries = get_member(value, choices)
    ended = [
        entry
        for entry in (entries if isinstance(entries, list) else ())
        if get_member(entry, at) is not None
    ]
    for entry in ended:
        put_member(entry, at, reason)
    return value if ended else None


# What is done to events.


def _lose(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    number = _event(wire, effect, seed) if wire.is_stream else None
    return None if number is None else wire.with_piece(number)


def _double(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    number = _event(wire, effect, seed) if wire.is_stream else None
    return None if number is None else wire.with_piece(number, *[wire.pieces[number].data] * 2)


def _reorder(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    number = _event(wire, effect, seed, spare=1) if wire.is_stream else None
    if number is None:
        return None
    one, other = (wire.pieces[place].data for place in (number, number + 1))
    return wire.with_piece(number, other).with_piece(number + 1, one)


def _no_sentinel(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    kept = wire.events
    return wire.with_pieces(kept) if wire.is_stream and len(kept) < len(wire.pieces) else None


def _double_sentinel(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    if not wire.is_stream or len(wire.events) == len(wire.pieces):
        return None
    return wire.with_pieces((*wire.pieces, wire.pieces[-1]))


def _error_event(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    kept = _cut(wire, effect, seed) if wire.is_stream else None
    if kept is None:
        return None
    answer = wire.answer
    frame = error_frame(effect.status, answer.operation, accept=answer.accept)
    return wire.with_pieces((*kept, _Piece(kept[-1].due if kept else 0.0, frame)))


def _comments(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    return _each(wire, lambda data: _COMMENT + data)


def _crlf(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    return _each(wire, lambda data: data.replace(b"\n", b"\r\n"))


def _each(wire: _Wire, change: Callable[[bytes], bytes]) -> _Wire | None:
    if not wire.is_stream or not wire.pieces:
        return None
    return wire.with_pieces(replace(piece, data=change(piece.data)) for piece in wire.pieces)


# What is done to the framing.


def _wrong_length(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    more = _MORE_BYTES if effect.amount is None else effect.amount
    if wire.end != "complete" or not wire.pieces:
        return None
    if not wire.is_stream:
        if effect.place is not None:
            return None
        return replace(wire, length=max(0, wire.length + more), end="close")
    number = _event(wire, effect, seed) if wire.answer.end else None
    # without the framing's end there are no chunks
    return None if number is None else replace(wire, misframed=(number, more), end="close")


def _split(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    return replace(wire, part=effect.amount or 0) if wire.pieces else None


def _slow(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    return replace(wire, delay=wire.delay + (effect.seconds or 0.0))


def _as_it_is(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    """The answer is that of the fault already."""
    return wire


def _refuse(wire: _Wire, effect: Effect, seed: Seed) -> _Wire | None:
    return replace(wire, pieces=(), end="reset", is_headless=True, is_framed=False)


#: How each kind of fault is done, in the order in which several are done to one answer.
_EFFECTS: Mapping[str, _Change] = {
    "status": _as_it_is,
    "finish reason": _finish_reason,
    "no finish reason": _finish_reason,
    "malformed": _malformed,
    "lose": _lose,
    "double": _double,
    "reorder": _reorder,
    "no sentinel": _no_sentinel,
    "double sentinel": _double_sentinel,
    "error event": _error_event,
    "truncate": _truncate,
    "empty": _empty,
    "comments": _comments,
    "crlf": _crlf,
    "wrong length": _wrong_length,
    "split": _split,
    "cut": _cut_json,
    "cut in character": _cut_character,
    "drop": _ended("close"),
    "reset": _ended("reset"),
    "stall": _ended("stall"),
    "slow": _slow,
    "refuse": _refuse,
}
_ORDER = {kind: place for place, kind in enumerate(_EFFECTS)}
