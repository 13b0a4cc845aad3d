"""One finished completion, cut into the chunks of its stream by the document's assembly rules.

The rules of `x-troth-assembly` say how chunks fold to a body; read backwards (`inverse`, `unfold`)
they say what each chunk holds.  So a stream and its body agree by construction:
`fold(assembly, cut(body))` is the body, but for members that are null (which an item cannot say)
and those that the rules drop.

In every chunk stands what belongs to the whole (id, model, created).  Choices take turns: the role
first, with whatever else the choice has; then the text, token by token, and what annotates it, or
the calls, name first and arguments after; the reason to finish last.  A usage chunk follows exactly
where it was asked for; the others then say `null` for it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import Any

import orjson

from troth.generation.values import Unsatisfiable, fit, synthesize
from troth.openapi.stream_assembly import Assembly, Rule
from troth.schema.schema import Schema
from troth.seed import Seed
from troth_mock.chat.completion import Completed
from troth_mock.chat.members import ChatMembers, Names, get_member, put_member, remove_member
from troth_mock.chat.tokens import tokens
from troth_mock.reply import EventFraming, Stream


@dataclass(frozen=True, slots=True, eq=False)
class Origin:
    """Where a member of the body comes from: the item's *member*, its *rule*, what is inside."""

    member: str
    rule: Rule
    inner: Inverse


Inverse = Mapping[str, Origin]


def inverse(rules: Mapping[str, Rule]) -> Inverse:
    """The origin of each member of the body that *rules* name."""
    return {
        rule.name or member: Origin(member, rule, inverse(rule.members))
        for member, rule in rules.items()
    }


def unfold(inverse: Inverse, body: Mapping[str, Any]) -> dict[str, Any]:
    """The one item that says all of *body*; what is constant is left to the item's schema.

    Its objects and keyed arrays are new; everything else is shared with *body*.
    """
    item: dict[str, Any] = {}
    for name, value in body.items():
        if value is None:
            continue
        origin = inverse.get(name)
        if origin is None:
            item[name] = value
            continue
        how = origin.rule.how
        if how == "merge" and type(value) is dict:
            item[origin.member] = unfold(origin.inner, value)
        elif how == "keyed" and type(value) is list:
            item[origin.member] = [
                _entry(origin, index, entry) for index, entry in enumerate(value)
            ]
        elif how not in ("const", "drop"):
            item[origin.member] = value
    return item


_UNNAMED = Origin("", Rule(), {})


def locate(inverse: Inverse, names: Names) -> tuple[Names, Origin]:
    """Where in an item the part is that *names* lead to in the body, and its origin.

    Goes into objects only, not into the entries of arrays.
    """
    way: list[str] = []
    origin = _UNNAMED
    for name in names:
        origin = inverse.get(name, _UNNAMED)
        way.append(name if origin is _UNNAMED else origin.member)
        inverse = origin.inner
    return tuple(way), origin


def _entry(origin: Origin, index: int, entry: Any) -> Any:
    key = origin.rule.key
    if type(entry) is not dict or key is None:
        return entry
    item = unfold(origin.inner, entry)
    if origin.rule.drops_key or key not in item:
        item.pop(key, None)
        return {key: index, **item}
    return item


Fragment = tuple[dict[str, Any], int]
"""A part of one choice, and how many tokens it carries."""

_NOWHERE: tuple[Names, Origin] = ((), _UNNAMED)


class Choices:
    """How the choices of one stream come apart; compiled once.

    *at* is where in the item's choice the parts are that its rules let come apart.
    """

    def __init__(self, origin: Origin, members: ChatMembers) -> None:
        self.key = origin.rule.key
        inner: Inverse = origin.inner if self.key is not None else {}
        located = {name: locate(inner, names) for name, names in members.choice.items()}
        self.at: dict[str, Names] = {}
        for name, how in (
            ("content", "concatenate"),
            ("reasoning", "concatenate"),
            ("refusal", "concatenate"),
            ("annotations", "append"),
            ("tool-calls", "keyed"),
            ("finish-reason", "last"),
        ):
            names, part = located.get(name, _NOWHERE)
            # choices that do not fold by a key cannot come in parts at all
            if self.key is not None and names and part.rule.how == how:
                self.at[name] = names
        self._calls = _Calls(located["tool-calls"][1]) if "tool-calls" in self.at else None
        self._entries = _entries(*located.get("logprobs", _NOWHERE)) if inner else None
        self.ends_with_null = False

    def fragments(self, choice: Any, pieces: Sequence[str] | None = None) -> Iterator[Fragment]:
        """The fragments of *choice*, an item's that says all of it; *pieces* are its tokens."""
        if type(choice) is not dict:
            yield choice, 0
            return
        content = self._take(choice, "content")
        reasoning = self._take(choice, "reasoning")
        refusal = self._take(choice, "refusal")
        annotations = self._take(choice, "annotations")
        calls = self._take(choice, "tool-calls")
        finish = self._take(choice, "finish-reason")
        if type(content) is str:
            put_member(choice, self.at["content"], "")
            if pieces is None or "".join(pieces) != content:
                pieces = tokens(content)
        else:
            pieces = ()
        entries = self._logprobs(choice, len(pieces))
        yield self.opened(choice), 0
        yield from self._told(choice, "reasoning", reasoning)
        for index, piece in enumerate(pieces):
            part = self.piece(choice, piece)
            if entries is not None:
                put_member(part, self._entries or (), [entries[index]])
            yield part, 1
        yield from self._told(choice, "refusal", refusal)
        if annotations:
            # what they are about has been said by now
            part = self.next(choice)
            put_member(part, self.at["annotations"], annotations)
            yield part, 0
        if self._calls is not None and type(calls) is list:
            for call in calls:
                for fragment, carried in self._calls.parts(call):
                    part = self.next(choice)
                    put_member(part, self.at["tool-calls"], [fragment])
                    yield part, carried
        if finish is not None:
            yield self.closing(choice, finish), 0

    def opened(self, choice: dict[str, Any]) -> dict[str, Any]:
        """The first fragment: *choice* itself, its text empty."""
        if self.ends_with_null:
            put_member(choice, self.at["finish-reason"], None)
        return choice

    def next(self, choice: dict[str, Any]) -> dict[str, Any]:
        """An empty fragment of *choice* that follows the first."""
        fragment: dict[str, Any] = {} if self.key is None else {self.key: choice.get(self.key)}
        at = self.at.get("content") or self.at.get("tool-calls") or ()
        if len(at) > 1:
            put_member(fragment, at[:-1], {})
        if self.ends_with_null:
            put_member(fragment, self.at["finish-reason"], None)
        return fragment

    def piece(self, choice: dict[str, Any], piece: str) -> dict[str, Any]:
        """The fragment of *choice* that says *piece*."""
        fragment = self.next(choice)
        put_member(fragment, self.at["content"], piece)
        return fragment

    def closing(self, choice: dict[str, Any], finish: Any) -> dict[str, Any]:
        """The last fragment of *choice*."""
        fragment = self.next(choice)
        put_member(fragment, self.at["finish-reason"], finish)
        return fragment

    def _told(self, choice: dict[str, Any], name: str, text: Any) -> Iterator[Fragment]:
        """The fragments that say *text*, the part *name* of *choice*, token by token."""
        for piece in tokens(text) if type(text) is str else ():
            part = self.next(choice)
            put_member(part, self.at[name], piece)
            yield part, 1

    def _take(self, choice: dict[str, Any], name: str) -> Any:
        names = self.at.get(name)
        if names is None:
            return None
        part = get_member(choice, names)
        remove_member(choice, names)
        return part

    def _logprobs(self, choice: dict[str, Any], count: int) -> list[Any] | None:
        """The entries of the pieces, taken out of *choice*; None where there are none to give."""
        if self._entries is None or not count:
            return None
        entries = get_member(choice, self._entries)
        if type(entries) is not list or len(entries) != count:
            return None
        put_member(choice, self._entries, [])
        return entries


class _Calls:
    """How a tool call comes apart, if its arguments can come in pieces."""

    def __init__(self, origin: Origin) -> None:
        self.key = origin.rule.key or ""
        names, arguments = locate(origin.inner, ("function", "arguments"))
        self.arguments: Names | None = names if arguments.rule.how == "concatenate" else None

    def parts(self, call: Any) -> Iterator[tuple[Any, int]]:
        """The fragments of *call*, each with its count of tokens."""
        text = None if self.arguments is None else get_member(call, self.arguments)
        if self.arguments is None or type(text) is not str:
            yield call, 0
            return
        put_member(call, self.arguments, "")
        yield call, 0
        for piece in tokens(text):
            part: dict[str, Any] = {self.key: call[self.key]}
            put_member(part, self.arguments, piece)
            yield part, 1


def _entries(names: Names, origin: Origin) -> Names | None:
    """Where the entries of logprobs are, if they can come one by one."""
    inner, content = locate(origin.inner, ("content",))
    return (*names, *inner) if names and content.rule.how == "append" else None


# Where the document lets a chunk hold each of these, its text counts as free.
_PROBES = (
    "", " ", "a", "A word", "\n", "0", '{"', "\u00e9", "\u5b57", "\U0001f469\u200d\U0001f467",
    "\x01", ".", "-", "a" * 64,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _DividedItem:
    """An item that says a whole body, apart: what every chunk says, what only the first does."""

    every: dict[str, Any]
    first: dict[str, Any]
    choices: list[Any]
    usage: Any


class Chunker:
    """Cuts the bodies of one operation by one assembly; compiled once."""

    def __init__(self, assembly: Assembly, members: ChatMembers, framing: EventFraming) -> None:
        self.assembly = assembly
        self.framing = framing
        self._is_valid = _validity(framing.schema)
        self._inverse = inverse(assembly.members)
        names, choices = locate(self._inverse, members.response["choices"])
        self._choices = names
        self.parts = Choices(choices, members)
        usage = members.response.get("usage")
        self._usage = None if usage is None else locate(self._inverse, usage)[0]
        self._required = _required_of(framing.schema)
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
        if self.splices and completed.is_text:
            spliced = self.spliced(completed, includes_usage)
            if spliced is not None:
                return spliced
        pieces = [draft.pieces for draft in completed.drafts]
        cut = list(self._chunks(completed.body, includes_usage, pieces))
        frames = [self.framing.frame(chunk) for chunk, _ in cut]
        return self.framing.stream(frames, [carried for _, carried in cut])

    def locate(self, names: Names) -> Names:
        """Where in a chunk the part is that *names* lead to in the body, outside of its choices."""
        return locate(self._inverse, names)[0]

    def _chunks(
        self, body: Mapping[str, Any], includes_usage: bool, pieces: Sequence[Sequence[str] | None]
    ) -> Iterator[tuple[dict[str, Any], int]]:
        item = self._divide(body, includes_usage)
        known = (*pieces, *[None] * (len(item.choices) - len(pieces)))
        runs = [
            self.parts.fragments(choice, known[index]) for index, choice in enumerate(item.choices)
        ]
        first, number = item.first, 0
        for turn in zip_longest(*runs):
            for fragment in turn:
                if fragment is None:
                    continue
                value, carried = fragment
                yield self._fitted(self._chunk(item, [value], first), number), carried
                first, number = {}, number + 1
        if first:
            yield self._fitted(self._chunk(item, [], first), number), 0
        if item.usage is not None:
            yield self._fitted(self._usage_chunk(item), number), 0

    def _divide(self, body: Mapping[str, Any], includes_usage: bool) -> _DividedItem:
        item = unfold(self._inverse, body)
        choices = get_member(item, self._choices)
        remove_member(item, self._choices)
        usage = None
        if self._usage is not None:
            usage = get_member(item, self._usage) if includes_usage else None
            remove_member(item, self._usage)
        every = {**self._required, **item}
        first = {name: every.pop(name) for name in self._once if name in every}
        if usage is not None:
            put_member(every, self._usage or (), None)
        return _DividedItem(every, first, choices if type(choices) is list else [], usage)

    def _chunk(
        self, item: _DividedItem, choices: list[Any], first: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        every = item.every if self._may_share else _copied(item.every)
        chunk = {**every, **first} if first else every.copy()
        put_member(chunk, self._choices, choices)
        return chunk

    def _usage_chunk(self, item: _DividedItem) -> dict[str, Any]:
        chunk = self._chunk(item, [])
        put_member(chunk, self._usage or (), item.usage)
        return chunk

    def spliced(self, completed: Completed, includes_usage: bool) -> Stream | None:
        """The stream with each piece put between bytes that were written once, or None.

        Sound because a text of this document is free (see _PROBES) and one such chunk is valid.
        """
        item = self._divide(completed.body, includes_usage)
        first, runs = item.first, []
        for choice, draft in zip(item.choices, completed.drafts, strict=True):
            run = self._spliced_run(item, first, choice, draft.pieces or (), completed.placeholder)
            if run is None:
                return None
            runs.append(run)
            first = {}
        frames = _in_turns(runs)
        counts = _in_turns([[0, *[1] * (len(run) - 2), 0] for run in runs])
        if item.usage is not None:
            last = self._usage_chunk(item)
            if not self._is_valid(last):
                return None
            return self.framing.stream([*frames, self.framing.frame(last)], [*counts, 0])
        return self.framing.stream(frames, counts)

    def _spliced_run(
        self,
        item: _DividedItem,
        first: Mapping[str, Any],
        choice: dict[str, Any],
        pieces: Sequence[str],
        placeholder: str,
    ) -> list[bytes] | None:
        parts, is_valid, frame = self.parts, self._is_valid, self.framing.frame
        closing = parts.closing(choice, get_member(choice, parts.at["finish-reason"]))
        put_member(choice, parts.at["content"], "")
        if not parts.ends_with_null:
            remove_member(choice, parts.at["finish-reason"])
        begin = self._chunk(item, [parts.opened(choice)], first)
        piece = self._chunk(item, [parts.piece(choice, placeholder)])
        end = self._chunk(item, [closing])
        if not (is_valid(begin) and is_valid(piece) and is_valid(end)):
            return None
        before, _, after = frame(piece).partition(b'"%b"' % placeholder.encode())
        dumps = orjson.dumps
        return [frame(begin), *[before + dumps(one) + after for one in pieces], frame(end)]

    def _fitted(self, chunk: dict[str, Any], number: int) -> dict[str, Any]:
        schema = self.framing.schema
        if schema is None or self._is_valid(chunk):
            return chunk
        try:
            fitted = fit(schema, chunk, seed=Seed.of("chunk", number))
        except Unsatisfiable:
            return chunk
        return fitted if type(fitted) is dict else chunk

    def _takes_null(self) -> bool:
        """Whether a chunk may say that its choice has not ended yet."""
        at = self.parts.at.get("finish-reason")
        if at is None:
            return False
        sample = self.parts.next({self.parts.key or "": 0})
        if "content" in self.parts.at:
            put_member(sample, self.parts.at["content"], "a")
        put_member(sample, at, None)
        return self._is_taken(sample)

    def _takes_piece(self, piece: str) -> bool:
        return self._is_taken(self.parts.piece({self.parts.key or "": 0}, piece))

    def _is_taken(self, choice: dict[str, Any]) -> bool:
        return self._is_valid(self._chunk(_DividedItem(self._required, {}, [], None), [choice]))


def _required_of(schema: Schema | None) -> dict[str, Any]:
    """What every chunk has to have, made up; the body's own parts are put over it."""
    if schema is None:
        return {}
    try:
        chunk = synthesize(schema, seed=Seed.of("chunk", schema.pointer), optional=False)
    except Unsatisfiable:
        return {}
    return chunk if type(chunk) is dict else {}


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
