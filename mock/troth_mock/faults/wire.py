"""What a fault does to an answer on its way: from its bytes to a script of what leaves, and when.

`broken` is pure: an answer and what may go wrong with it go in, a `Script` comes out, or None
where nothing goes wrong.  Each effect is a function from one state of the answer to the next; one
that cannot be done to this answer says so, and is then neither counted nor told.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from troth import pointer
from troth.http import json_text, media_type
from troth.openapi.operation import MediaType, Operation, is_json_seq
from troth.seed import Seed
from troth_mock.chat.chunking import inverse, locate
from troth_mock.chat.members import Names, get_member, put_member
from troth_mock.faults.fault import KINDS, Effect, Place
from troth_mock.faults.refusals import error_text
from troth_mock.faults.switches import Chance, Chosen
from troth_mock.reply import End, Script, Wire, framing, timed

_DATA = re.compile(rb"(?m)^data: ?(.*?)\r?$")
# RFC 7464: a record separator before each text; other sequences have a text on a line
_LINE = re.compile(rb"(?s)\x1e?(.*?)\s*$")
_STRING = re.compile(rb'"(?:[^"\\]|\\.)*"')
_TYPE = re.compile(rb"(?i)\r\ncontent-type: *([^\r\n]*)")
_LENGTH = re.compile(rb"(?i)(\r\ncontent-length: *)\d+")
_COMMENT = b": keep-alive\n\n"
#: Seconds between the pieces of a split answer, and for all of them at the most.
_BETWEEN, _SPLIT_WITHIN = 0.001, 2.0
_MORE_BYTES = 10
_NO_PIECES = 3


@dataclass(frozen=True, slots=True)
class _Piece:
    due: float
    data: bytes
    is_event: bool = True


@dataclass(frozen=True, slots=True)
class _State:
    """An answer with what has gone wrong with it so far.

    *wire* is the answer as it was, *length* what its head says.  *part* is the size of the pieces
    into which it is split (0: a third each), *misframed* which of them says a wrong size, and how
    wrong.
    """

    wire: Wire
    operation: Operation | None
    content_type: str
    has_events: bool
    pieces: tuple[_Piece, ...]
    length: int
    end: End = "complete"
    is_headless: bool = False
    is_framed: bool = True
    delay: float = 0.0
    away: float = 0.0
    part: int | None = None
    misframed: tuple[int, int] | None = None

    @property
    def events(self) -> tuple[_Piece, ...]:
        return tuple(piece for piece in self.pieces if piece.is_event)

    @property
    def is_stream(self) -> bool:
        return self.wire.is_stream and not MediaType(self.content_type, "").is_sequence

    @property
    def size(self) -> int:
        return sum(len(piece.data) for piece in self.pieces)

    def with_piece(self, number: int, *data: bytes) -> _State:
        """The same with *data* instead of piece *number*, and a body's length as it then is."""
        old = self.pieces[number]
        new = (replace(old, data=one) for one in data)
        return self.with_pieces((*self.pieces[:number], *new, *self.pieces[number + 1 :]))

    def with_pieces(self, pieces: Iterable[_Piece]) -> _State:
        pieces = tuple(pieces)
        return replace(self, pieces=pieces, length=sum(len(piece.data) for piece in pieces))


_Change = Callable[[_State, Effect, Seed], "_State | None"]


def before(chances: Sequence[Chance]) -> Chosen | None:
    """What answers, or refuses, before anything is done; None: the request is answered as usual."""
    for chance in chances:
        chosen = chance.draw() if chance.fault.is_before else None
        if chosen and any(effect.kind in ("status", "refuse") for effect in chosen.effects):
            return chosen
    return None


def broken(wire: Wire, chances: Sequence[Chance]) -> Script | None:
    """What leaves of *wire* when what *chances* say goes wrong; None where nothing does."""
    if not chances:
        return None
    operation = chances[0].operation
    state = _whole(wire, operation)
    first = before(chances)
    effects: list[tuple[Effect, Chosen]] = []
    for chance in chances:
        if first is not None and not chance.fault.is_before:
            continue  # what it answers with is not the answer that they are about
        # it is counted only where it could happen
        if not chance.fault.is_before and all(
            _EFFECTS[one.kind](state, one, Seed.of("any")) is None for one in chance.fault.effects
        ):
            continue
        chosen = chance.draw()
        slows_only = chosen is not None and all(one.kind == "slow" for one in chosen.effects)
        if chosen is not None and (first is None or chosen is first or slows_only):
            effects += [(effect, chosen) for effect in chosen.effects]
    done: list[str] = []
    for effect, chosen in sorted(effects, key=lambda each: _ORDER[each[0].kind]):
        changed = _EFFECTS[effect.kind](state, effect, chosen.seed)
        if changed is not None:
            state = changed
            done.append(chosen.fault.text)
    return _script(state, tuple(dict.fromkeys(done))) if done else None


#: What stands for all that is still to come of an answer that has only begun.
_REST = b": and so on\n\n"


#: An event that the seed chooses before it is known how many there will be is one of so many.
_AMONG = 16


def placed(
    chances: Sequence[Chance], *, least: int = 1, most: int = _AMONG
) -> tuple[Chance, ...] | None:
    """*chances* for an answer that comes event by event: those without a place get one by the seed.

    That is after *least* events and after *most* at the latest.  None where all of the answer has
    to be there before it is known what goes wrong.
    """
    for effect in (effect for chance in chances for effect in chance.fault.effects):
        is_elsewhere = effect.place is not None and effect.place.unit != "events"
        if is_elsewhere or not (effect.kind == "slow" or takes_place(effect)):
            return None
    return tuple(_placed(chance, least, most) for chance in chances)


def takes_place(effect: Effect) -> bool:
    """Whether *effect* befalls one event of a stream, and may have that chosen by the seed."""
    return "place" in KINDS[effect.kind].clauses


def _placed(chance: Chance, least: int, most: int) -> Chance:
    count = max(least, min(most, chance.seed().between(1, _AMONG, "event")))

    def at_its_place(effect: Effect) -> Effect:
        is_open = effect.place is None and takes_place(effect)
        return replace(effect, place=Place(count, "events")) if is_open else effect

    def draw() -> Chosen | None:
        chosen = chance.draw()
        return chosen and replace(chosen, effects=tuple(map(at_its_place, chosen.effects)))

    steps = (
        replace(step, effects=tuple(map(at_its_place, step.effects))) for step in chance.fault.steps
    )
    return replace(chance, fault=replace(chance.fault, steps=tuple(steps)), draw=draw)


def reach(chances: Sequence[Chance]) -> tuple[int, int] | None:
    """What decides over an answer that comes event by event, of which *chances* have their places.

    So many of its first events are as they are whatever goes wrong, and once so many are there it
    is known what does.  None where nothing can.
    """
    effects = (effect for chance in chances for effect in chance.fault.effects)
    counts = [effect.place.count for effect in effects if effect.place is not None]
    # a fault may need the event at its place, and the one that follows
    return (min(counts), max(counts) + 2) if counts else None


def wait(chances: Sequence[Chance]) -> Script:
    """What *chances* let be waited before an answer that comes event by event."""
    found = [chosen for chance in chances if chance.fault.is_before and (chosen := chance.draw())]
    slow = [
        (effect.seconds or 0.0, each)
        for each in found
        for effect in each.effects
        if effect.kind == "slow"
    ]
    faults = dict.fromkeys(each.fault.text for _, each in slow)
    return Script(((sum(seconds for seconds, _ in slow), b""),), faults=tuple(faults))


def begun(wire: Wire, chances: Sequence[Chance]) -> tuple[Script | None, bool]:
    """As `broken`, of an answer of which *wire* is the beginning; and whether the rest follows.

    It is as long as `reach` says.
    """
    more = replace(wire, pieces=(*wire.pieces, _REST), due=(*wire.due, wire.due[-1]))
    script = broken(more, chances)
    if script is None:
        return None, True
    rest = wire.frame(_REST)
    place = next((at for at, (_, data) in enumerate(script.steps) if data == rest), None)
    if place is None:
        return script, False
    return replace(script, steps=script.steps[:place]), script.end == "complete"


def _whole(wire: Wire, operation: Operation | None) -> _State:
    kind = _TYPE.search(wire.head)
    content_type = kind[1].decode("latin-1").strip() if kind else ""
    response = operation.response(wire.status) if operation is not None else None
    entry = response.media_type(content_type) if response is not None else None
    end = framing(entry).end if entry is not None and wire.is_stream else b""
    last = len(wire.pieces) - 1
    pieces = tuple(
        _Piece(due, data, is_event=not (end and number == last and data == end))
        for number, (due, data) in enumerate(zip(wire.due, wire.pieces, strict=True))
        if data
    )
    is_sequence = MediaType(content_type, "").is_sequence
    if is_sequence:
        pieces = tuple(
            replace(piece, data=line)
            for piece in pieces
            for line in piece.data.splitlines(keepends=True)
        )
    size = sum(len(piece.data) for piece in pieces)
    has_events = wire.is_stream or is_sequence
    return _State(wire, operation, content_type, has_events, pieces, size)


def _script(state: _State, faults: tuple[str, ...]) -> Script:
    """What is left of *state*, in the framing of its connection."""
    wire = state.wire
    sent: list[bytes] = [] if state.is_headless else [_head(state)]
    times = [0.0] * len(sent)
    parts = [_parts(piece.data, state.part) for piece in state.pieces]
    between = min(_BETWEEN, _SPLIT_WITHIN / max(1, sum(map(len, parts))))
    for number, piece in enumerate(state.pieces):
        for place, part in enumerate(parts[number]):
            data = wire.frame(part) if wire.is_stream else part
            if state.misframed is not None and state.misframed[0] == number:
                data = _misframed(data, state.misframed[1])
            sent.append(data)
            times.append(max(times[-1], piece.due + place * between))
    if state.is_framed and wire.end:
        sent.append(wire.end)
        times.append(times[-1])
    steps = timed(sent, times)
    if state.delay:
        (wait, data), *rest = steps or ((0.0, b""),)
        steps = ((wait + state.delay, data), *rest)
    return Script(steps, state.end, faults, state.away)


def _head(state: _State) -> bytes:
    head = state.wire.head
    if state.wire.is_stream:
        return head
    return _LENGTH.sub(lambda match: b"%b%d" % (match[1], state.length), head, count=1)


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


def _event(state: _State, effect: Effect, seed: Seed, *, spare: int = 0) -> int | None:
    """The event that *effect* is about: as told, or drawn; *spare* have to come after it."""
    last = len(state.events) - 1 - spare
    if effect.place is not None:
        count = effect.place.count
        return count if effect.place.unit == "events" and count <= last else None
    # neither the first nor the last where there is another
    low, high = (1, last - 1) if last >= 2 else (0, last)
    return seed.between(low, high, "event") if last >= 0 else None


def _cut(state: _State, effect: Effect, seed: Seed) -> tuple[_Piece, ...] | None:
    """What comes before the place of *effect*; None where the answer does not go so far."""
    place = effect.place
    if place is not None and place.unit == "answer":
        return ()
    if not state.pieces:
        return None
    if place is None and state.has_events:
        return state.pieces[: seed.between(1, max(1, len(state.events) - 1), "events")]
    if place is not None and place.unit == "events":
        is_there = state.has_events and place.count <= len(state.events)
        return state.pieces[: place.count] if is_there else None
    count = place.count if place is not None else seed.below(state.size, "bytes")
    return _first_bytes(state.pieces, count) if count < state.size else None


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
    def change(state: _State, effect: Effect, seed: Seed) -> _State | None:
        kept = _cut(state, effect, seed)
        if kept is None or state.end != "complete" or not state.is_framed:
            return None
        silent = effect.place is not None and effect.place.unit == "answer"
        if effect.seconds is not None and end == "stall":
            return _paused(state, kept, effect.seconds, is_silent=silent)
        return replace(state, pieces=kept, end=end, is_headless=silent, is_framed=False)

    return change


def _paused(state: _State, kept: Sequence[_Piece], seconds: float, *, is_silent: bool) -> _State:
    """*state* with a pause of so many *seconds* after what is *kept*."""
    if is_silent:
        return replace(state, delay=state.delay + seconds)
    size = sum(len(piece.data) for piece in kept)
    pieces: list[_Piece] = []
    for piece in state.pieces:
        first, rest = piece.data[:size], piece.data[size:]
        size -= len(first)
        if first:
            pieces.append(replace(piece, data=first))
        if rest:
            pieces.append(replace(piece, data=rest, due=piece.due + seconds))
    return replace(state, pieces=tuple(pieces))


def _truncate(state: _State, effect: Effect, seed: Seed) -> _State | None:
    kept = _cut(state, effect, seed)
    return state.with_pieces(kept) if kept is not None and state.end == "complete" else None


def _empty(state: _State, effect: Effect, seed: Seed) -> _State | None:
    return state.with_pieces(()) if state.pieces else None


def _cut_json(state: _State, effect: Effect, seed: Seed) -> _State | None:
    at = _json_at(state, effect, seed)
    if at is None:
        return None
    number, start, end = at
    data = state.pieces[number].data
    middle = start + max(1, (end - start) // 2)
    while middle > start + 1 and data[middle] & 0xC0 == 0x80:
        middle -= 1
    return _closed(state, number, data[:middle]) if middle < end else None


def _cut_character(state: _State, effect: Effect, seed: Seed) -> _State | None:
    """Cut in the next character of several bytes; where there is none, one is begun."""
    at = _json_at(state, effect, seed)
    if at is None:
        return None
    for number, piece in enumerate(state.pieces[at[0] :], at[0]):
        found = next((place for place, byte in enumerate(piece.data) if byte >= 0xC0), None)
        if found is not None:
            return _closed(state, number, piece.data[: found + 1])
    number, start, end = at
    data = state.pieces[number].data
    strings = list(_STRING.finditer(data, start, end))
    place = strings[-1].end() - 1 if strings else end
    return _closed(state, number, data[:place] + "é".encode()[:1])


def _closed(state: _State, number: int, data: bytes) -> _State | None:
    if state.end != "complete":
        return None
    pieces = (*state.pieces[:number], replace(state.pieces[number], data=data))
    return replace(state, pieces=pieces, end="close", is_framed=False)


# What is done to JSON.


def _json_at(state: _State, effect: Effect, seed: Seed) -> tuple[int, int, int] | None:
    """The piece that *effect* is about, and where in it the JSON stands."""
    if not state.has_events:
        is_json = media_type.is_json(state.content_type)
        known = is_json and len(state.pieces) == 1 and effect.place is None
        return (0, 0, len(state.pieces[0].data)) if known else None
    number = _event(state, effect, seed)
    match = None if number is None else _json_in(state, state.pieces[number])
    return None if match is None or number is None else (number, *match.span(1))


def _json_in(state: _State, piece: _Piece) -> re.Match[bytes] | None:
    """Where in *piece* the JSON stands: its first group."""
    return (_DATA if state.is_stream else _LINE).search(piece.data)


def _malformed(state: _State, effect: Effect, seed: Seed) -> _State | None:
    at = _json_at(state, effect, seed)
    if at is None or state.end != "complete":
        return None
    number, start, end = at
    data = state.pieces[number].data
    text = data[start:end].rstrip()
    ways = (text[:-1], text[:-1] + b"," + text[-1:], text + text[-1:], b"{" + text)
    bad = next((way for way in _from(ways, seed) if json_text.decoded(way, way) is way), None)
    return None if bad is None else state.with_piece(number, data[:start] + bad + data[end:])


def _from(ways: Sequence[bytes], seed: Seed) -> Sequence[bytes]:
    first = seed.below(len(ways), "way")
    return (*ways[first:], *ways[:first])


def _finish_reason(state: _State, effect: Effect, seed: Seed) -> _State | None:
    """Let each choice that says why it ends say *effect*'s reason, or none."""
    places = _finish_places(state)
    changed = False
    for number, piece in enumerate(state.pieces):
        match = _json_in(state, piece)
        if places is None or match is None or not piece.is_event:
            continue
        value = _with_reason(match[1], *places, effect.form or None)
        if value is not None:
            start, end = match.span(1)
            data = piece.data[:start] + json_text.encode(value) + piece.data[end:]
            state, changed = state.with_piece(number, data), True
    return state if changed else None


def _finish_places(state: _State) -> tuple[Names, Names] | None:
    """Where in an item, or in the body, the choices are, and in each of them its finish reason."""
    operation = state.operation
    completion = operation.completion if operation is not None else None
    response = operation.response(state.wire.status) if operation is not None else None
    if completion is None or response is None or "finish-reason" not in completion.choice:
        return None
    choices = pointer.split(completion.response["choices"])
    reason = pointer.split(completion.choice["finish-reason"])
    entry = response.media_type(state.content_type)
    if not state.is_stream or entry is None or entry.assembly is None:
        return choices, reason
    choices, origin = locate(inverse(entry.assembly.members), choices)
    return choices, locate(origin.inner, reason)[0]


def _with_reason(text: bytes, choices: Names, at: Names, reason: str | None) -> Any:
    """The JSON of *text* with *reason* in every choice that has one; None where none has."""
    value = json_text.decoded(text)
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


def _lose(state: _State, effect: Effect, seed: Seed) -> _State | None:
    number = _event(state, effect, seed) if state.has_events else None
    return None if number is None else state.with_piece(number)


def _double(state: _State, effect: Effect, seed: Seed) -> _State | None:
    number = _event(state, effect, seed) if state.has_events else None
    return None if number is None else state.with_piece(number, *[state.pieces[number].data] * 2)


def _reorder(state: _State, effect: Effect, seed: Seed) -> _State | None:
    number = _event(state, effect, seed, spare=1) if state.has_events else None
    if number is None:
        return None
    one, other = (state.pieces[place].data for place in (number, number + 1))
    return state.with_piece(number, other).with_piece(number + 1, one)


def _no_sentinel(state: _State, effect: Effect, seed: Seed) -> _State | None:
    kept = state.events
    return state.with_pieces(kept) if state.is_stream and len(kept) < len(state.pieces) else None


def _double_sentinel(state: _State, effect: Effect, seed: Seed) -> _State | None:
    if not state.is_stream or len(state.events) == len(state.pieces):
        return None
    return state.with_pieces((*state.pieces, state.pieces[-1]))


def _error_event(state: _State, effect: Effect, seed: Seed) -> _State | None:
    kept = _cut(state, effect, seed) if state.has_events else None
    if kept is None:
        return None
    text = error_text(effect.status, state.operation)
    # as the others are written
    frame = b"data: %b\n\n" % text
    if not state.is_stream:
        is_separated = is_json_seq(state.content_type)
        frame = (b"\x1e" if is_separated else b"") + text + b"\n"
    return state.with_pieces((*kept, _Piece(kept[-1].due if kept else 0.0, frame)))


def _comments(state: _State, effect: Effect, seed: Seed) -> _State | None:
    return _each(state, lambda data: _COMMENT + data)


def _crlf(state: _State, effect: Effect, seed: Seed) -> _State | None:
    return _each(state, lambda data: data.replace(b"\n", b"\r\n"))


def _each(state: _State, change: Callable[[bytes], bytes]) -> _State | None:
    if not state.is_stream or not state.pieces:
        return None
    return state.with_pieces(replace(piece, data=change(piece.data)) for piece in state.pieces)


# What is done to the framing.


def _wrong_length(state: _State, effect: Effect, seed: Seed) -> _State | None:
    more = _MORE_BYTES if effect.amount is None else effect.amount
    if state.end != "complete" or not state.pieces:
        return None
    if not state.wire.is_stream:
        if effect.place is not None:
            return None
        return replace(state, length=max(0, state.length + more), end="close")
    number = _event(state, effect, seed) if state.wire.end else None
    # without the framing's end there are no chunks
    return None if number is None else replace(state, misframed=(number, more), end="close")


def _split(state: _State, effect: Effect, seed: Seed) -> _State | None:
    return replace(state, part=effect.amount or 0) if state.pieces else None


def _slow(state: _State, effect: Effect, seed: Seed) -> _State | None:
    return replace(state, delay=state.delay + (effect.seconds or 0.0))


def _as_it_is(state: _State, effect: Effect, seed: Seed) -> _State | None:
    """The answer is that of the fault already."""
    return state


def _refuse(state: _State, effect: Effect, seed: Seed) -> _State | None:
    away = effect.seconds or 0.0
    return replace(state, pieces=(), end="reset", is_headless=True, is_framed=False, away=away)


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
