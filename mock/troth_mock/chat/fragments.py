"""One choice of a completion in fragments, as the chunks of its stream hold them.

The role first, with whatever else the choice has; then the text, token by token, or the calls,
name first and arguments after; the reason to finish last.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from troth.openapi.stream_assembly import Rule
from troth_mock.chat import paths
from troth_mock.chat.chat_members import Dialect, Names
from troth_mock.chat.tokens import tokens
from troth_mock.chat.unfolding import Inverse, Origin, inverse, locate

Fragment = tuple[dict[str, Any], int]
"""A part of one choice, and how many tokens it carries."""

_NOWHERE: tuple[Names, Rule] = ((), Rule())


class Choices:
    """How the choices of one stream come apart; compiled once.

    *at* is where in the item's choice the parts are that its rules let come apart.
    """

    def __init__(self, origin: Origin | None, dialect: Dialect) -> None:
        self.key = origin.rule.key if origin is not None else None
        inner: Inverse = origin.inner if origin is not None and self.key is not None else {}
        located = {name: locate(inner, names) for name, names in dialect.choice.items()}
        self.at: dict[str, Names] = {}
        for name, how in (
            ("content", "concatenate"),
            ("tool-calls", "keyed"),
            ("finish-reason", "last"),
        ):
            names, rule = located.get(name, _NOWHERE)
            # choices that do not fold by a key cannot come in parts at all
            if self.key is not None and names and rule.how == how:
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
        calls = self._take(choice, "tool-calls")
        finish = self._take(choice, "finish-reason")
        if type(content) is str:
            paths.put(choice, self.at["content"], "")
            if pieces is None or "".join(pieces) != content:
                pieces = tokens(content)
        else:
            pieces = ()
        entries = self._logprobs(choice, len(pieces))
        yield self.opened(choice), 0
        for index, piece in enumerate(pieces):
            part = self.piece(choice, piece)
            if entries is not None:
                paths.put(part, self._entries or (), [entries[index]])
            yield part, 1
        if self._calls is not None and type(calls) is list:
            for call in calls:
                for said, carried in self._calls.parts(call):
                    part = self.next(choice)
                    paths.put(part, self.at["tool-calls"], [said])
                    yield part, carried
        if finish is not None:
            yield self.closing(choice, finish), 0

    def opened(self, choice: dict[str, Any]) -> dict[str, Any]:
        """The first fragment: *choice* itself, its text empty."""
        if self.ends_with_null:
            paths.put(choice, self.at["finish-reason"], None)
        return choice

    def next(self, choice: dict[str, Any]) -> dict[str, Any]:
        """An empty fragment of *choice* that follows the first."""
        made: dict[str, Any] = {} if self.key is None else {self.key: choice.get(self.key)}
        at = self.at.get("content") or self.at.get("tool-calls") or ()
        if len(at) > 1:
            paths.put(made, at[:-1], {})
        if self.ends_with_null:
            paths.put(made, self.at["finish-reason"], None)
        return made

    def piece(self, choice: dict[str, Any], piece: str) -> dict[str, Any]:
        """The fragment of *choice* that says *piece*."""
        made = self.next(choice)
        paths.put(made, self.at["content"], piece)
        return made

    def closing(self, choice: dict[str, Any], finish: Any) -> dict[str, Any]:
        """The last fragment of *choice*."""
        made = self.next(choice)
        paths.put(made, self.at["finish-reason"], finish)
        return made

    def _take(self, choice: dict[str, Any], name: str) -> Any:
        names = self.at.get(name)
        if names is None:
            return None
        part = paths.get(choice, names)
        paths.remove(choice, names)
        return part

    def _logprobs(self, choice: dict[str, Any], count: int) -> list[Any] | None:
        """The entries of the pieces, taken out of *choice*; None where there are none to give."""
        if self._entries is None or not count:
            return None
        found = paths.get(choice, self._entries)
        if type(found) is not list or len(found) != count:
            return None
        paths.put(choice, self._entries, [])
        return found


class _Calls:
    """How a tool call comes apart, if its arguments can come in pieces."""

    def __init__(self, rule: Rule) -> None:
        self.key = rule.key or ""
        names, inner = locate(inverse(rule.members), ("function", "arguments"))
        self.arguments: Names | None = names if inner.how == "concatenate" else None

    def parts(self, call: Any) -> Iterator[tuple[Any, int]]:
        """The fragments of *call*, each with its count of tokens."""
        said = None if self.arguments is None else paths.get(call, self.arguments)
        if self.arguments is None or type(said) is not str:
            yield call, 0
            return
        paths.put(call, self.arguments, "")
        yield call, 0
        for piece in tokens(said):
            part: dict[str, Any] = {self.key: call[self.key]}
            paths.put(part, self.arguments, piece)
            yield part, 1


def _entries(names: Names, rule: Rule) -> Names | None:
    """Where the entries of logprobs are, if they can come one by one."""
    inner, how = locate(inverse(rule.members), ("content",))
    return (*names, *inner) if names and how.how == "append" else None
