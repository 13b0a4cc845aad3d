"""YAML text to plain JSON values, with the place of every node.

PyYAML's parser (in C, where it was built so) gives events; what they mean is decided here: the core
schema of YAML 1.2 (no dates, no sexagesimals, `NO` is a string), string keys, and limits that hold
while the tree is being built.  Leaves to others: what the values mean.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import yaml
from yaml.error import MarkedYAMLError, YAMLError
from yaml.events import (
    AliasEvent,
    DocumentEndEvent,
    DocumentStartEvent,
    MappingEndEvent,
    MappingStartEvent,
    ScalarEvent,
    SequenceEndEvent,
    StreamEndEvent,
)

from troth import pointer
from troth.document.source import MAX_NUMBER_LENGTH, Limits, Positions, pack
from troth.document.spec_errors import (
    AliasExpansion,
    BadSyntax,
    Doubled,
    DuplicateKey,
    TooLarge,
    double,
)
from troth.errors import Place, SpecError

# YAML 1.2.2 §10.3.2, the core schema.  Python's `[0-9]`, not `\d`: only ASCII digits count.
_CONSTANTS: dict[str, Any] = {
    **dict.fromkeys(("null", "Null", "NULL", "~", "")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
}
_INTEGER = re.compile(r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)(?:[eE][-+]?[0-9]+)?")
_NOT_FINITE = re.compile(r"[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN)")
_MAY_START_OTHER_THAN_STRING = frozenset("-+.0123456789ntfNTF~")

# pure Python takes 20 times as long, and is what a PyYAML without libyaml has
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

_TAGS = "tag:yaml.org,2002:"
_TYPES = {"int": (int,), "float": (int, float), "bool": (bool,), "null": (type(None),)}


def read_yaml(
    data: bytes, positions: Positions, *, file: int, limits: Limits, doubled: Doubled | None = None
) -> Any:
    """Read the one YAML document of *data*, which is UTF-8 without a byte order mark.

    Of a key that is given twice the last counts, and *doubled* gets the fault; without it is
    raised.  Raises SpecError: BadSyntax, DuplicateKey, AliasExpansion, TooLarge.
    """
    return _Composer(data, positions, file, limits, doubled).document()


class _Open:
    """Positions an anchor whose node is still being read."""


class _Anchored(NamedTuple):
    """A node with an anchor: its value, how many nodes and levels it has, its text as a key."""

    value: Any
    nodes: int
    height: int
    text: str | None


@dataclass(eq=False)
class _Composer:
    """The reading of one file: the parser, the anchors so far, and what has been spent."""

    data: bytes
    positions: Positions
    file: int
    limits: Limits
    doubled: Doubled | None
    depth: int = 0
    deepest: int = 0
    written: int = 0
    expanded: int = 0

    def __post_init__(self) -> None:
        self.next: Callable[[], Any]
        self.anchors: dict[str, _Anchored | _Open] = {}

    def document(self) -> Any:
        try:
            self.next = _LOADER(self.data).get_event
            self.next()
            event = self.next()
            if type(event) is StreamEndEvent:
                return None
            if self.positions.top is None:
                self.positions.top = self.position(event)
            value = self.node(self.next())
            while type(event := self.next()) is not StreamEndEvent:
                if type(event) is DocumentStartEvent:
                    raise BadSyntax(
                        "a second YAML document starts here",
                        place=self.place(event),
                        advice="Keep one document in the file.",
                    )
                assert type(event) is DocumentEndEvent
        except YAMLError as error:
            raise self.syntax(error) from None
        return value

    def position(self, event: Any) -> int:
        start = event.start_mark
        return pack(self.file, start.line, start.column)

    def placed(self, line: int, column: int) -> Place:
        return self.positions.place(pack(self.file, line, column))

    def place(self, event: Any) -> Place:
        return self.positions.place(self.position(event))

    def node(self, event: Any) -> Any:
        """The value that *event* starts."""
        kind = type(event)
        if kind is AliasEvent:
            return self.alias(event).value
        name = event.anchor
        if name is None:
            return self.scalar(event) if kind is ScalarEvent else self.collection(event)
        self.anchors[name] = opened = _Open()
        before, outer, self.deepest = self.expanded, self.deepest, self.depth
        value = self.scalar(event) if kind is ScalarEvent else self.collection(event)
        height = self.deepest - self.depth
        self.deepest = max(outer, self.deepest)
        # An anchor may be defined anew inside its own node: the later one stays.
        if self.anchors[name] is opened:
            text = event.value if kind is ScalarEvent else None
            self.anchors[name] = _Anchored(value, self.expanded - before, height, text)
        return value

    def collection(self, event: Any) -> Any:
        self.depth += 1
        self.spend(1)
        self.reach(self.depth, event)
        if event.tag is not None:
            self.check_tag(event, "map" if type(event) is MappingStartEvent else "seq")
        value = self.mapping() if type(event) is MappingStartEvent else self.sequence()
        self.depth -= 1
        return value

    def reach(self, depth: int, event: Any) -> None:
        self.deepest = max(self.deepest, depth)
        if depth > self.limits.depth:
            fault = f"nested deeper than {self.limits.depth} levels"
            raise TooLarge(fault, place=self.place(event))

    def sequence(self) -> list[Any]:
        items: list[Any] = []
        noted: dict[Any, int] = {}
        self.positions.of[id(items)] = noted
        try:
            while type(event := self.next()) is not SequenceEndEvent:
                noted[len(items)] = self.position(event)
                items.append(self.node(event))
        except YAMLError as error:
            raise self.syntax(error, pointer.of([len(items)])) from None
        except SpecError as error:
            error.pointer = pointer.of([len(items)]) + error.pointer
            raise
        return items

    def mapping(self) -> dict[str, Any]:
        members: dict[str, Any] = {}
        noted: dict[Any, int] = {}
        self.positions.of[id(members)] = noted
        merged: list[Any] = []
        key: str | None = None
        try:
            while type(event := self.next()) is not MappingEndEvent:
                key = None
                key = self.key(event)
                if key in noted:
                    first = self.positions.place(noted[key])
                    fault = DuplicateKey(key, first=first, place=self.place(event))
                    double(fault, members, self.doubled)
                noted[key] = self.position(event)
                members[key] = self.node(self.next())
                if key == "<<" and event.implicit[0] and _is_mergeable(members[key]):
                    merged.append(members.pop(key))
        except YAMLError as error:
            raise self.syntax(error, pointer.of([] if key is None else [key])) from None
        except SpecError as error:
            error.pointer = pointer.of([] if key is None else [key]) + error.pointer
            raise
        for source in merged:
            self.merge(members, noted, source)
        return members

    def merge(self, members: dict[str, Any], noted: dict[Any, int], source: Any) -> None:
        # `<<` was never in YAML 1.2, but every reader of OpenAPI takes it, and documents use it:
        # https://yaml.org/type/merge.html (own members win, then the earlier source).
        for mapping in source if isinstance(source, list) else [source]:
            known = self.positions.of[id(mapping)]
            for key, value in mapping.items():
                if key not in members:
                    members[key] = value
                    noted[key] = known[key]

    def key(self, event: Any) -> str:
        """The string that *event* is as a key: as written, whatever it looks like."""
        text: str | None
        if type(event) is ScalarEvent:
            self.spend(1 + (len(event.value) >> 6))
            text = event.value
        else:
            text = self.alias(event).text if type(event) is AliasEvent else None
        if text is None:
            raise BadSyntax(
                "a key is a collection, and JSON has only strings", place=self.place(event)
            )
        if event.anchor is not None and type(event) is ScalarEvent:
            self.anchors[event.anchor] = _Anchored(self.scalar(event), 1, 0, text)
        return text

    def spend(self, nodes: int) -> None:
        self.written += nodes
        self.expanded += nodes

    def alias(self, event: Any) -> _Anchored:
        """What an alias stands for: the value itself, shared, not a copy."""
        known = self.anchors.get(event.anchor)
        if known is None:
            raise BadSyntax(f"the alias *{event.anchor} has no anchor", place=self.place(event))
        if isinstance(known, _Open):
            raise AliasExpansion(
                f"recursive alias: *{event.anchor} stands inside its own anchor",
                place=self.place(event),
                advice="JSON has no cycles. Use a $ref for a recursive schema.",
            )
        self.written += 1
        self.expanded += known.nodes
        self.reach(self.depth + known.height, event)
        limits = self.limits
        if self.expanded > max(limits.free_nodes, limits.amplification * self.written):
            raise AliasExpansion(
                "alias expansion limit: up to here the aliases make the document more than"
                f" {limits.amplification} times larger than its text",
                place=self.place(event),
            )
        return known

    def scalar(self, event: Any) -> Any:
        text: str = event.value
        self.spend(1 + (len(text) >> 6))
        if event.tag is not None:
            return self.tagged(event)
        # `implicit[0]`: plain style, so that the content decides (YAML 1.2.2 §10.3.2).
        if not event.implicit[0]:
            return text
        if text and text[0] not in _MAY_START_OTHER_THAN_STRING:
            return text
        return self.plain(event)

    def plain(self, event: Any) -> Any:
        text: str = event.value
        if text in _CONSTANTS:
            return _CONSTANTS[text]
        if _INTEGER.fullmatch(text):
            self.check_length(event)
            if text.startswith(("0o", "0x")):
                return int(text[2:], 8 if text[1] == "o" else 16)
            return int(text)
        if _FLOAT.fullmatch(text):
            self.check_length(event)
            if (number := float(text)) in (float("inf"), float("-inf")):
                raise BadSyntax(f"{text} is too large for a number", place=self.place(event))
            return number
        if _NOT_FINITE.fullmatch(text):
            raise BadSyntax(
                f"{text} is not a JSON value",
                place=self.place(event),
                advice="JSON has no infinity and no NaN. Quote it if it is text.",
            )
        return text

    def check_length(self, event: Any) -> None:
        if len(event.value) > MAX_NUMBER_LENGTH:
            raise BadSyntax(
                f"a number of {len(event.value)} digits; {MAX_NUMBER_LENGTH} are the limit",
                place=self.place(event),
                advice="Quote it if it is text.",
            )

    def tagged(self, event: Any) -> Any:
        # OpenAPI 3.1 §4.2: only the tags of YAML's JSON schema, so `!!str 404` is legal.
        name = event.tag.removeprefix(_TAGS)
        if name == "str" or event.tag == "!":
            return event.value
        value = self.plain(event)
        if name not in _TYPES or type(value) not in _TYPES[name]:
            self.check_tag(event, "")
        return float(value) if name == "float" else value

    def check_tag(self, event: Any, allowed: str) -> None:
        if event.tag not in ("!", _TAGS + allowed):
            raise BadSyntax(
                f"the tag {event.tag!r} is refused",
                place=self.place(event),
                advice="A document holds JSON values. Remove the tag.",
            )

    def syntax(self, error: YAMLError, at: str = "") -> SpecError:
        """Put an error of the parser in our words."""
        if isinstance(error, MarkedYAMLError):
            mark = error.problem_mark or error.context_mark
            what = ", ".join(part for part in (error.context, error.problem) if part)
            place = self.placed(mark.line, mark.column) if mark else None
            return BadSyntax(f"not valid YAML: {what}", place=place, pointer=at)
        # The reader's error has a byte offset instead of a mark.
        offset = getattr(error, "position", 0)
        before = self.data[:offset].decode("utf-8", "replace")
        line, column = before.count("\n"), len(before) - before.rfind("\n") - 1
        place = self.placed(line, column)
        reason = getattr(error, "reason", None) or "unreadable"
        return BadSyntax(f"not valid YAML: {reason}", place=place, pointer=at)


def _is_mergeable(value: Any) -> bool:
    sources = value if isinstance(value, list) else [value]
    return bool(sources) and all(isinstance(source, dict) for source in sources)
