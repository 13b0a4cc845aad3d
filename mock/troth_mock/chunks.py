"""One finished completion, cut into the chunks of its stream by the document's assembly rules.

The rules say how chunks fold to a body; read backwards they say what each chunk holds.  So a
stream and its body agree by construction: `fold(assembly, cut(body))` is the body.

In every chunk stands what belongs to the whole (id, model, created).  Per choice: the role first,
then the text, token by token, or the calls, name first and arguments after; the reason to finish
last.  Choices take turns.  A usage chunk follows exactly where it was asked for.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import orjson

from troth.assembly import Assembly, Rule
from troth.schema import Schema
from troth.seed import Seed
from troth.synthesis import Unsatisfiable, fit, synthesize
from troth_mock import paths
from troth_mock.completion import Completed
from troth_mock.dialect import Dialect, Names
from troth_mock.frames import Framing
from troth_mock.reply import Stream
from troth_mock.tokens import tokens
from troth_mock.unfolding import locate, unfold

# If the document's text is free, each of these is a piece of it.
_PROBES = (
    "",
    " ",
    "a",
    "A word",
    "\n",
    "0",
    '{"',
    "é",
    "字",
    "👩\u200d👩\u200d👧",
    "\x01",
    ".",
    "a" * 64,
)


@dataclass(frozen=True, slots=True)
class _Fragment:
    """A part of one choice as a chunk has it, and how many tokens it carries.

    *piece* is its text where the fragment says nothing else.
    """

    value: dict[str, Any] | None
    tokens: int = 0
    piece: str | None = None


class Cutter:
    """Cuts the bodies of one operation by one assembly; compiled once."""

    def __init__(self, assembly: Assembly, dialect: Dialect, framing: Framing) -> None:
        self.assembly = assembly
        self.framing = framing
        self._is_valid = _validity(framing.schema)
        (self._choices, choices), at = locate(assembly.members, dialect.response["choices"]), {}
        rules = choices.members
        self._key = choices.key if choices.how == "keyed" else None
        for name in ("content", "tool-calls", "finish-reason", "logprobs"):
            # choices that do not fold by a key cannot come in parts
            if self._key is not None and name in dialect.choice:
                at[name] = locate(rules, dialect.choice[name])
        self._at: dict[str, tuple[Names, Rule]] = at
        self._usage = _located(assembly, dialect.response.get("usage"))
        self._calls = _Calls.of(at.get("tool-calls"))
        self._entries = _entries_of(at.get("logprobs"))
        self._skeleton = _skeleton(framing.schema)
        self._once = frozenset(
            name
            for name, rule in assembly.members.items()
            if rule.how in ("concatenate", "append") and (name,) != self._choices
        )
        self._ends_with_null = self._takes_null()
        self._splices = "content" in at and all(map(self._takes_piece, _PROBES))

    def cut(
        self,
        body: Mapping[str, Any],
        *,
        includes_usage: bool = False,
        pieces: Sequence[Sequence[str] | None] = (),
    ) -> list[dict[str, Any]]:
        """The chunks of *body*; *pieces* are the tokens of each choice's text, where known."""
        return [chunk for chunk, _ in self._chunks(body, includes_usage, pieces)]

    def stream(self, completed: Completed, *, includes_usage: bool) -> Stream:
        """The stream of *completed*, ready to be sent."""
        drafts = completed.drafts
        pieces = [draft.pieces for draft in drafts]
        if self._splices and drafts and not any(draft.calls for draft in drafts):
            found = self._spliced(completed.body, includes_usage, pieces)
            if found is not None:
                return found
        frames, counts = [], []
        for chunk, carried in self._chunks(completed.body, includes_usage, pieces):
            frames.append(self.framing.frame(chunk))
            counts.append(carried)
        return self._ended(frames, counts)

    def _ended(self, frames: list[bytes], counts: list[int]) -> Stream:
        if self.framing.end:
            frames.append(self.framing.end)
            counts.append(0)
        return Stream(tuple(frames), tuple(counts))

    def _chunks(
        self,
        body: Mapping[str, Any],
        includes_usage: bool,
        pieces: Sequence[Sequence[str] | None],
    ) -> Iterator[tuple[dict[str, Any], int]]:
        top, first, choices, usage = self._parts(body, includes_usage)
        runs = [
            self._fragments(choice, pieces[index] if index < len(pieces) else None)
            for index, choice in enumerate(choices)
        ]
        number = 0
        for turn in zip_longest(*runs):
            for index, fragment in enumerate(turn):
                if fragment is None:
                    continue
                value = fragment.value
                if value is None:
                    value = self._piece(choices[index], fragment.piece or "")
                yield self._conforming(self._chunk(top, first, [value]), number), fragment.tokens
                first = {}
                number += 1
        if not number:
            yield self._conforming(self._chunk(top, first, []), number), 0
        if usage is not None:
            last = self._chunk(top, {}, [])
            paths.put(last, self._usage or (), usage)
            yield self._conforming(last, number + 1), 0

    def _parts(
        self, body: Mapping[str, Any], includes_usage: bool
    ) -> tuple[dict[str, Any], dict[str, Any], list[Any], Any]:
        """What every chunk says, what the first one does, the choices, and the usage if due."""
        item = unfold(self.assembly.members, body)
        choices = paths.get(item, self._choices)
        paths.remove(item, self._choices)
        usage = None
        if self._usage is not None:
            usage = paths.get(item, self._usage) if includes_usage else None
            paths.remove(item, self._usage)
        top = {**self._skeleton, **item}
        first = {name: top.pop(name) for name in self._once if name in top}
        if usage is not None:
            paths.put(top, self._usage or (), None)
        return top, first, choices if isinstance(choices, list) else [], usage

    def _chunk(
        self, top: dict[str, Any], first: dict[str, Any], choices: list[Any]
    ) -> dict[str, Any]:
        chunk = {**top, **first}
        if len(self._choices) > 1 or (self._usage and len(self._usage) > 1):
            chunk = _copied(chunk)
        paths.put(chunk, self._choices, choices)
        return chunk

    def _fragments(self, choice: Any, pieces: Sequence[str] | None) -> list[_Fragment]:
        """The parts of one choice, in order; *choice* keeps only what the first of them says."""
        if not isinstance(choice, dict):
            return [_Fragment(choice)]
        content = self._taken(choice, "content", "concatenate")
        calls = self._taken(choice, "tool-calls", "keyed") if self._calls else None
        finish = self._taken(choice, "finish-reason", "last")
        if isinstance(content, str):
            paths.put(choice, self._at["content"][0], "")
            if pieces is None or "".join(pieces) != content:
                pieces = tokens(content)
        else:
            pieces = ()
        entries = self._logprobs(choice, len(pieces))
        run = [_Fragment(self._open(choice, first=True))]
        for index, piece in enumerate(pieces):
            if entries is None:
                run.append(_Fragment(None, 1, piece))
            else:
                said = self._piece(choice, piece)
                paths.put(said, (*self._at["logprobs"][0], self._entries or ""), [entries[index]])
                run.append(_Fragment(said, 1))
        if self._calls and isinstance(calls, list):
            run.extend(self._called(choice, calls))
        if finish is not None:
            last = self._open(choice)
            paths.put(last, self._at["finish-reason"][0], finish)
            run.append(_Fragment(last))
        return run

    def _taken(self, choice: dict[str, Any], name: str, how: str) -> Any:
        """Take a part out of *choice* if its rule lets it come later, or in pieces."""
        names, rule = self._at.get(name, ((), None))
        if rule is None or rule.how != how:
            return None
        part = paths.get(choice, names)
        paths.remove(choice, names)
        return part

    def _logprobs(self, choice: dict[str, Any], count: int) -> list[Any] | None:
        """The entries of the pieces, taken out of *choice*; None where there are none to give."""
        if self._entries is None or not count:
            return None
        where = (*self._at["logprobs"][0], self._entries)
        found = paths.get(choice, where)
        if not isinstance(found, list) or len(found) != count:
            return None
        paths.put(choice, where, [])
        return found

    def _open(self, choice: dict[str, Any], *, first: bool = False) -> dict[str, Any]:
        """A fragment of *choice*: the first says all that is left of it, the others who it is."""
        if first:
            made = _copied(choice)
        else:
            made = {} if self._key is None else {self._key: choice.get(self._key)}
            if "content" in self._at:
                paths.put(made, self._at["content"][0], "")
                paths.remove(made, self._at["content"][0])
        if self._ends_with_null:
            paths.put(made, self._at["finish-reason"][0], None)
        return made

    def _piece(self, choice: dict[str, Any], piece: str) -> dict[str, Any]:
        made = self._open(choice)
        paths.put(made, self._at["content"][0], piece)
        return made

    def _called(self, choice: dict[str, Any], calls: list[Any]) -> Iterator[_Fragment]:
        assert self._calls is not None
        for call in calls:
            for part, carried in self._calls.parts(call):
                made = self._open(choice)
                paths.put(made, self._at["tool-calls"][0], [part])
                yield _Fragment(made, carried)

    def _spliced(
        self, body: Mapping[str, Any], includes_usage: bool, pieces: Sequence[Sequence[str] | None]
    ) -> Stream | None:
        """The stream with each piece put between bytes that were written once, or None.

        Sound because a text of this document is free (see _PROBES) and one such chunk is valid.
        """
        top, first, choices, usage = self._parts(body, includes_usage)
        runs: list[list[bytes]] = []
        counts: list[list[int]] = []
        for index, choice in enumerate(choices):
            known = pieces[index]
            fragments = self._fragments(choice, known)
            if known is None or any(part.piece is None for part in fragments[1:-1]):
                return None
            opening, closing = fragments[0].value, fragments[-1].value
            if len(fragments) < 2 or opening is None or closing is None:
                return None
            sample = self._chunk(top, {}, [self._piece(choice, known[0] if known else "")])
            ends = [self._chunk(top, first, [opening]), self._chunk(top, {}, [closing])]
            if not all(map(self._is_valid, (sample, *ends))):
                return None
            first = {}
            before, after = self._around(top, choice)
            middle = [before + piece + after for piece in map(orjson.dumps, known)]
            runs.append([self.framing.frame(ends[0]), *middle, self.framing.frame(ends[1])])
            counts.append([0, *[1] * len(known), 0])
        if not runs:
            return None
        frames, carried = _in_turns(runs), _in_turns(counts)
        if usage is not None:
            last = self._chunk(top, {}, [])
            paths.put(last, self._usage or (), usage)
            if not self._is_valid(last):
                return None
            frames.append(self.framing.frame(last))
            carried.append(0)
        return self._ended(frames, carried)

    def _around(self, top: dict[str, Any], choice: dict[str, Any]) -> tuple[bytes, bytes]:
        """The bytes before and after the piece in a frame of *choice*."""
        # a mark that no part of the request can hold: it is derived from the whole of it
        mark = Seed.of("mark", orjson.dumps(top)).key.hex()
        frame = self.framing.frame(self._chunk(top, {}, [self._piece(choice, mark)]))
        before, _, after = frame.partition(f'"{mark}"'.encode())
        return before, after

    def _conforming(self, chunk: dict[str, Any], number: int) -> dict[str, Any]:
        schema = self.framing.schema
        if schema is None or self._is_valid(chunk):
            return chunk
        try:
            found = fit(schema, chunk, seed=Seed.of("chunk", number))
        except Unsatisfiable:
            return chunk
        return found if isinstance(found, dict) else chunk

    def _sample(self) -> dict[str, Any]:
        made: dict[str, Any] = {} if self._key is None else {self._key: 0}
        if "content" in self._at:
            paths.put(made, self._at["content"][0], "a")
        return made

    def _takes_null(self) -> bool:
        """Whether a chunk may say that its choice has not ended yet."""
        if "finish-reason" not in self._at:
            return False
        sample = self._sample()
        paths.put(sample, self._at["finish-reason"][0], None)
        return self._is_probably_valid(sample)

    def _takes_piece(self, piece: str) -> bool:
        sample = self._sample()
        paths.put(sample, self._at["content"][0], piece)
        return self._at["content"][1].how == "concatenate" and self._is_probably_valid(sample)

    def _is_probably_valid(self, choice: dict[str, Any]) -> bool:
        return self._is_valid(self._chunk(dict(self._skeleton), {}, [choice]))


@dataclass(frozen=True, slots=True)
class _Calls:
    """Where in the entry of a tool call its parts are, if its arguments can come in pieces."""

    key: str
    arguments: Names

    @classmethod
    def of(cls, located: tuple[Names, Rule] | None) -> _Calls | None:
        if located is None or located[1].key is None:
            return None
        arguments, rule = locate(located[1].members, ("function", "arguments"))
        return cls(located[1].key, arguments if rule.how == "concatenate" else ())

    def parts(self, call: Any) -> Iterator[tuple[Any, int]]:
        """The fragments of *call*, each with its count of tokens."""
        arguments = paths.get(call, self.arguments) if self.arguments else None
        if not isinstance(arguments, str):
            yield call, 0
            return
        first = _copied(call)
        paths.put(first, self.arguments, "")
        yield first, 0
        for piece in tokens(arguments):
            part: dict[str, Any] = {self.key: call[self.key]}
            paths.put(part, self.arguments, piece)
            yield part, 1


def _located(assembly: Assembly, names: Names | None) -> Names | None:
    return None if names is None else locate(assembly.members, names)[0]


def _entries_of(located: tuple[Names, Rule] | None) -> str | None:
    """The item's member for the entries of logprobs, if they can come one by one."""
    if located is None:
        return None
    (member,), rule = locate(located[1].members, ("content",))
    return member if rule.how == "append" else None


def _skeleton(schema: Schema | None) -> dict[str, Any]:
    """What every chunk has to have, made up; the body's own parts are put over it."""
    if schema is None:
        return {}
    try:
        found = synthesize(schema, seed=Seed.of("chunk", schema.pointer), optional=False)
    except Unsatisfiable:
        return {}
    return found if isinstance(found, dict) else {}


def _validity(schema: Schema | None) -> Any:
    return schema.is_valid if schema is not None else lambda value: True


def _copied(value: Any) -> Any:
    if type(value) is dict:
        return {name: _copied(part) for name, part in value.items()}
    return value


def _in_turns(runs: list[list[Any]]) -> list[Any]:
    if len(runs) == 1:
        return runs[0]
    return [part for turn in zip_longest(*runs) for part in turn if part is not None]
