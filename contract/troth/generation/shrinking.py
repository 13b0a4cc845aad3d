"""Make a JSON value that shows something smaller, while it goes on showing it.

Delta debugging over members, items, texts and numbers, without I/O: the shrinker proposes a
candidate, is told whether it still shows the finding, and proposes the next.  Deterministic, and
independent of how the value came about.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Sequence
from typing import Any

from troth.generation.locations import Token, put
from troth.schema.data_model import identity, type_of

_Steps = Generator[Any, bool, None]


class Shrinker:
    """A search for a smaller value, one question at a time.

    `candidate` is the value to try next, None when there is nothing left to try; `tell` says
    whether it still shows what the first value showed.  `value` is the smallest that did.
    *target* is the value to come near to (a minimal valid body): its own values are put in first,
    and stay where they do.
    """

    def __init__(self, value: Any, *, target: Any = None) -> None:
        self.value = value
        self.target = target
        self._tried = {identity(value)}
        self._search = self._passes()
        self.candidate: Any = None
        self.finished = False
        self._advance(None)

    def tell(self, still: bool) -> None:
        """Say whether `candidate` still shows the finding."""
        if still:
            self.value = self.candidate
        self._advance(still)

    def _advance(self, answer: bool | None) -> None:
        try:
            self.candidate = next(self._search) if answer is None else self._search.send(answer)
        except StopIteration:
            self.candidate, self.finished = None, True

    def _passes(self) -> _Steps:
        """Ask until a whole pass over the value changes nothing."""
        changed = True
        while changed:
            changed = False
            for one_pass in (_to_target, _without_members, _without_items, _simpler_leaves):
                improved = yield from self._run(one_pass)
                changed |= improved

    def _run(self, one_pass: Callable[[Any, Any], Iterator[Any]]) -> Generator[Any, bool, bool]:
        improved, progress = False, True
        while progress:
            progress = False
            for candidate in one_pass(self.value, self.target):
                key = identity(candidate)
                if key in self._tried:
                    continue
                self._tried.add(key)
                if (yield candidate):
                    improved = progress = True
                    break
        return improved


def _to_target(value: Any, target: Any) -> Iterator[Any]:
    """The target itself, then one of its members in the place of ours."""
    if not isinstance(target, dict) or not isinstance(value, dict):
        return
    missing = {name: item for name, item in target.items() if name not in value}
    for name in list(value):
        # Everything that the target has, with one member of ours: most findings need only one.
        if name not in target or identity(value[name]) != identity(target[name]):
            yield {**target, name: value[name]}
    for name, item in target.items():
        if name in value and identity(value[name]) != identity(item):
            yield {**value, name: item}
    if missing:
        yield {**value, **missing}


def _places(
    value: Any, target: Any = None, tokens: tuple[Token, ...] = ()
) -> Iterator[tuple[tuple[Token, ...], Any]]:
    """Every place that is not already as the target has it."""
    yield tokens, value
    if isinstance(value, dict):
        known = target if isinstance(target, dict) else {}
        for name, item in value.items():
            if name not in known or identity(known[name]) != identity(item):
                yield from _places(item, None, (*tokens, name))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from _places(item, None, (*tokens, index))


def _without_members(value: Any, target: Any) -> Iterator[Any]:
    for tokens, place in _places(value, target):
        if isinstance(place, dict):
            kept = set(target) if not tokens and isinstance(target, dict) else set()
            names = [name for name in place if name not in kept]
            for chunk in _chunks(names):
                rest = {name: item for name, item in place.items() if name not in chunk}
                yield put(value, tokens, rest)


def _without_items(value: Any, target: Any) -> Iterator[Any]:
    for tokens, place in _places(value, target):
        if isinstance(place, list):
            for chunk in _chunks(range(len(place))):
                gone = set(chunk)
                yield put(value, tokens, [item for at, item in enumerate(place) if at not in gone])


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """All of *items*, then halves, quarters, …, single ones (Zeller and Hildebrandt's ddmin)."""
    size = len(items)
    while size:
        for start in range(0, len(items), size):
            yield items[start : start + size]
        size //= 2


def _simpler_leaves(value: Any, target: Any) -> Iterator[Any]:
    for tokens, place in _places(value, target):
        for simpler in _simpler(place):
            yield put(value, tokens, simpler)
        if tokens and isinstance(place, (dict, list)):
            # What is inside may do by itself: one message's text instead of its parts.
            for inner in place.values() if isinstance(place, dict) else place:
                yield put(value, tokens, inner)


def _simpler(value: Any) -> Iterator[Any]:
    match type_of(value):
        case "string":
            yield from _simpler_text(value)
        case "integer" | "number":
            yield from _simpler_number(value)
        case "boolean" if value:
            yield False


def _simpler_text(text: str) -> Iterator[str]:
    for plain in ("", "a", "text"):
        if len(plain) < len(text):
            yield plain
    for chunk in _chunks(range(len(text))):
        if len(chunk) * 16 < len(text):
            break
        yield text[: chunk[0]] + text[chunk[-1] + 1 :]
    if not text.isascii() or not text.isprintable():
        for at, char in enumerate(text[:64]):
            if not char.isascii() or not char.isprintable():
                yield text[:at] + "a" + text[at + 1 :]


def _simpler_number(number: int | float) -> Iterator[int | float]:
    whole = int(number) if abs(number) < 2**63 else 0
    seen = {number}
    for candidate in (
        0,
        1,
        whole,
        abs(whole),
        whole // 2,
        number - 1 if number > 0 else number + 1,
    ):
        if candidate not in seen and _weight(candidate) < _weight(number):
            seen.add(candidate)
            yield candidate


def _weight(number: int | float) -> tuple[bool, float, bool]:
    return (isinstance(number, float), abs(number), number < 0)
