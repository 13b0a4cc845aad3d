"""One finished completion, cut into the chunks of its stream by the document's assembly rules.

The rules say how chunks fold to a body; read backwards they say what each chunk holds.  So a
stream and its body agree by construction: `fold(assembly, cut(body))` is the body.

In every chunk stands what belongs to the whole (id, model, created).  Choices take turns.  A
usage chunk follows exactly where it was asked for; the others then say `null` for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import orjson

from troth.generation.values import Unsatisfiable, fit, synthesize
from troth.openapi.stream_assembly import Assembly
from troth.schema.schema import Schema
from troth.seed import Seed
from troth_mock.chat import paths
from troth_mock.chat.chat_members import Dialect, Names
from troth_mock.chat.completion import Completed
from troth_mock.chat.fragments import Choices
from troth_mock.chat.unfolding import find, inverse, locate, unfold
from troth_mock.frames import Framing
from troth_mock.reply import Stream

# Where the document lets a chunk hold each of these, its text counts as free.
_PROBES = (
    "", " ", "a", "A word", "\n", "0", '{"', "\u00e9", "\u5b57", "\U0001f469\u200d\U0001f467",
    "\x01", ".", "-", "a" * 64,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Parts:
    """An item that says a whole body, apart: what every chunk says, what only the first does."""

    every: dict[str, Any]
    first: dict[str, Any]
    choices: list[Any]
    usage: Any


class Cutter:
    """Cuts the bodies of one operation by one assembly; compiled once."""

    def __init__(self, assembly: Assembly, dialect: Dialect, framing: Framing) -> None:
        self.assembly = assembly
        self.framing = framing
        self._is_valid = _validity(framing.schema)
        self._inverse = inverse(assembly.members)
        names, _ = locate(self._inverse, dialect.response["choices"])
        self._choices = names
        self.parts = Choices(find(self._inverse, dialect.response["choices"]), dialect)
        usage = dialect.response.get("usage")
        self._usage = None if usage is None else locate(self._inverse, usage)[0]
        self._skeleton = _skeleton(framing.schema)
        self._once = frozenset(
            member
            for member, rule in assembly.members.items()
            if rule.how in ("concatenate", "append") and member != names[0]
        )
        self._may_share = len(names) == 1 and (self._usage is None or len(self._usage) == 1)
        self.parts.ends_with_null = self._takes_null()
        self.splices = {"content", "finish-reason"} <= self.parts.at.keys() and all(
            map(self._takes_piece, _PROBES)
        )

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
        if self.splices and completed.is_plain:
            found = self.spliced(completed, includes_usage)
            if found is not None:
                return found
        pieces = [draft.pieces for draft in completed.drafts]
        cut = list(self._chunks(completed.body, includes_usage, pieces))
        frames = [self.framing.frame(chunk) for chunk, _ in cut]
        return self._ended(frames, tuple(carried for _, carried in cut))

    def locate(self, names: Names) -> Names:
        """Where in a chunk the part is that *names* lead to in the body, outside of its choices."""
        return locate(self._inverse, names)[0]

    def _ended(self, frames: list[bytes], counts: tuple[int, ...]) -> Stream:
        if not self.framing.end:
            return Stream(tuple(frames), counts)
        return Stream((*frames, self.framing.end), (*counts, 0))

    def _chunks(
        self, body: Mapping[str, Any], includes_usage: bool, pieces: Sequence[Sequence[str] | None]
    ) -> Iterator[tuple[dict[str, Any], int]]:
        apart = self._apart(body, includes_usage)
        known = (*pieces, *[None] * (len(apart.choices) - len(pieces)))
        runs = [
            self.parts.fragments(choice, known[index]) for index, choice in enumerate(apart.choices)
        ]
        first, number = apart.first, 0
        for turn in zip_longest(*runs):
            for fragment in turn:
                if fragment is None:
                    continue
                value, carried = fragment
                yield self._fitted(self._chunk(apart, [value], first), number), carried
                first, number = {}, number + 1
        if first:
            yield self._fitted(self._chunk(apart, [], first), number), 0
        if apart.usage is not None:
            yield self._fitted(self._usage_chunk(apart), number), 0

    def _apart(self, body: Mapping[str, Any], includes_usage: bool) -> _Parts:
        item = unfold(self._inverse, body)
        choices = paths.get(item, self._choices)
        paths.remove(item, self._choices)
        usage = None
        if self._usage is not None:
            usage = paths.get(item, self._usage) if includes_usage else None
            paths.remove(item, self._usage)
        every = {**self._skeleton, **item}
        first = {name: every.pop(name) for name in self._once if name in every}
        if usage is not None:
            paths.put(every, self._usage or (), None)
        return _Parts(every, first, choices if type(choices) is list else [], usage)

    def _chunk(
        self, apart: _Parts, choices: list[Any], first: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        every = apart.every if self._may_share else _copied(apart.every)
        chunk = {**every, **first} if first else every.copy()
        paths.put(chunk, self._choices, choices)
        return chunk

    def _usage_chunk(self, apart: _Parts) -> dict[str, Any]:
        chunk = self._chunk(apart, [])
        paths.put(chunk, self._usage or (), apart.usage)
        return chunk

    def spliced(self, completed: Completed, includes_usage: bool) -> Stream | None:
        """The stream with each piece put between bytes that were written once, or None.

        Sound because a text of this document is free (see _PROBES) and one such chunk is valid.
        """
        apart = self._apart(completed.body, includes_usage)
        first, runs = apart.first, []
        for choice, draft in zip(apart.choices, completed.drafts, strict=True):
            run = self._spliced_run(apart, first, choice, draft.pieces or (), completed.mark)
            if run is None:
                return None
            runs.append(run)
            first = {}
        frames = _in_turns(runs)
        counts = tuple(_in_turns([[0, *[1] * (len(run) - 2), 0] for run in runs]))
        if apart.usage is not None:
            last = self._usage_chunk(apart)
            if not self._is_valid(last):
                return None
            return self._ended([*frames, self.framing.frame(last)], (*counts, 0))
        return self._ended(frames, counts)

    def _spliced_run(
        self,
        apart: _Parts,
        first: Mapping[str, Any],
        choice: dict[str, Any],
        pieces: Sequence[str],
        mark: str,
    ) -> list[bytes] | None:
        parts, is_valid, frame = self.parts, self._is_valid, self.framing.frame
        closing = parts.closing(choice, paths.get(choice, parts.at["finish-reason"]))
        paths.put(choice, parts.at["content"], "")
        if not parts.ends_with_null:
            paths.remove(choice, parts.at["finish-reason"])
        begin = self._chunk(apart, [parts.opened(choice)], first)
        piece = self._chunk(apart, [parts.piece(choice, mark)])
        end = self._chunk(apart, [closing])
        if not (is_valid(begin) and is_valid(piece) and is_valid(end)):
            return None
        before, _, after = frame(piece).partition(b'"%b"' % mark.encode())
        dumps = orjson.dumps
        return [frame(begin), *[before + dumps(one) + after for one in pieces], frame(end)]

    def _fitted(self, chunk: dict[str, Any], number: int) -> dict[str, Any]:
        schema = self.framing.schema
        if schema is None or self._is_valid(chunk):
            return chunk
        try:
            found = fit(schema, chunk, seed=Seed.of("chunk", number))
        except Unsatisfiable:
            return chunk
        return found if type(found) is dict else chunk

    def _takes_null(self) -> bool:
        """Whether a chunk may say that its choice has not ended yet."""
        at = self.parts.at.get("finish-reason")
        if at is None:
            return False
        sample = self.parts.next({self.parts.key or "": 0})
        if "content" in self.parts.at:
            paths.put(sample, self.parts.at["content"], "a")
        paths.put(sample, at, None)
        return self._is_taken(sample)

    def _takes_piece(self, piece: str) -> bool:
        return self._is_taken(self.parts.piece({self.parts.key or "": 0}, piece))

    def _is_taken(self, choice: dict[str, Any]) -> bool:
        return self._is_valid(self._chunk(_Parts(self._skeleton, {}, [], None), [choice]))


def _skeleton(schema: Schema | None) -> dict[str, Any]:
    """What every chunk has to have, made up; the body's own parts are put over it."""
    if schema is None:
        return {}
    try:
        found = synthesize(schema, seed=Seed.of("chunk", schema.pointer), optional=False)
    except Unsatisfiable:
        return {}
    return found if type(found) is dict else {}


def _validity(schema: Schema | None) -> Callable[[Any], bool]:
    return schema.is_valid if schema is not None else lambda value: True


def _copied(value: Any) -> Any:
    """A copy of the objects of *value*; what else it holds is shared."""
    if type(value) is dict:
        return {name: _copied(part) for name, part in value.items()}
    return value


def _in_turns(runs: Sequence[list[Any]]) -> list[Any]:
    if len(runs) == 1:
        return runs[0]
    return [part for turn in zip_longest(*runs) for part in turn if part is not None]
