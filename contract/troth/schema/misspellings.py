"""Members that are legal, since the object is open, and yet are probably misspelt.

The declared members of an object are gathered from everything that may apply to it (`$ref`,
allOf, oneOf, anyOf, conditionals), so that no member which any branch knows is ever suspected.
The plan of a schema is built as instances need it; walking a body that has no unknown members
costs a set comparison per object.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from troth import pointer as pointers
from troth.schema import messages
from troth.schema.applicators import Tokens, applying, below

#: An object with more unknown members than this is a map that nobody declared as one.
_MOST_UNKNOWN = 64


@dataclass(frozen=True, slots=True)
class Misspelling:
    """An undeclared member and the declared one that it resembles, with that one's pointer."""

    instance: Tokens
    meant: str
    schema_pointer: str


@dataclass(slots=True)
class _Plan:
    """What may apply at one place of an instance: the pointers of schemas, and what they declare.

    *declared* are members with the pointers of their schemas; *is_open*: others may stand beside
    them without a schema of their own.
    """

    declared: dict[str, tuple[str, ...]]
    patterns: tuple[str, ...]
    is_open: bool
    items: tuple[str, ...]
    rest: tuple[str, ...]
    names: frozenset[str]
    members: dict[str, _Plan | None]


class Misspellings:
    """Finds misspelt members in instances of the schemas of one prepared root."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._plans: dict[tuple[str, ...], _Plan | None] = {}

    def find(self, pointer: str, instance: Any) -> list[Misspelling]:
        """The misspellings in *instance* of the schema at *pointer*, in its order."""
        misspellings: list[Misspelling] = []
        plan = self._plan((pointer,))
        if plan is not None:
            self._walk(plan, instance, (), misspellings)
        return misspellings

    def undeclared(self, pointer: str, tokens: Sequence[str]) -> tuple[str, tuple[str, ...]] | None:
        """The first of *tokens* that nothing declares where other names are declared, and those.

        *tokens* lead into an instance of the schema at *pointer*.
        """
        plan = self._plan((pointer,))
        for token in tokens:
            if plan is None or plan.patterns:
                return None
            if token in plan.names:
                plan = self._member(plan, token)
            elif plan.items and token.isdigit():
                plan = self._plan(plan.items)
            elif plan.rest:
                plan = self._plan(plan.rest)
            elif plan.declared:
                return token, tuple(plan.declared)
            else:
                return None
        return None

    def _walk(
        self, plan: _Plan, instance: Any, at: Tokens, misspellings: list[Misspelling]
    ) -> None:
        if isinstance(instance, dict):
            if plan.is_open and not instance.keys() <= plan.names:
                misspellings += _suspects(plan, instance, at)
            members = plan.members
            for name, value in instance.items():
                if type(value) is not dict and type(value) is not list:
                    continue
                inner = members[name] if name in members else self._member(plan, name)
                if inner is not None:
                    self._walk(inner, value, (*at, name), misspellings)
        elif isinstance(instance, list):
            inner = self._plan(plan.items) if plan.items else None
            if inner is not None:
                for index, value in enumerate(instance):
                    if type(value) is dict or type(value) is list:
                        self._walk(inner, value, (*at, index), misspellings)

    def _member(self, plan: _Plan, name: str) -> _Plan | None:
        if name not in plan.declared:
            return self._plan(plan.rest) if plan.rest else None
        inner = plan.members[name] = self._plan(plan.declared[name])
        return inner

    def _plan(self, key: tuple[str, ...]) -> _Plan | None:
        """The plan of the schemas at the pointers *key*; None where they declare nothing."""
        if key in self._plans:
            return self._plans[key]
        gathered = _gather(self._root, key)
        if gathered.declared or gathered.items or gathered.rest:
            self._plans[key] = gathered
            return gathered
        self._plans[key] = None
        return None


def _gather(root: Any, key: tuple[str, ...]) -> _Plan:
    declared: dict[str, tuple[str, ...]] = {}
    patterns: list[str] = []
    items: list[str] = []
    rest: list[str] = []
    is_open = True
    starts = [(pointer, pointers.find(root, pointer)) for pointer in key]
    for pointer, schema in applying(root, starts):
        for name, at in _held(schema, pointer, "properties").items():
            declared[name] = (*declared.get(name, ()), at)
        by_pattern = _held(schema, pointer, "patternProperties")
        patterns += by_pattern
        rest += by_pattern.values()
        for keyword in ("additionalProperties", "unevaluatedProperties"):
            value = schema.get(keyword, True)
            # Closed: the schema itself reports what is unknown.  A schema: a map of free names.
            is_open = is_open and (value is True or value == {})
            if isinstance(value, dict) and value:
                rest.append(f"{pointer}/{keyword}")
        items += _held(schema, pointer, "items").values()
        items += _held(schema, pointer, "prefixItems").values()
    return _Plan(
        declared, tuple(patterns), is_open, tuple(items), tuple(rest), frozenset(declared), {}
    )


def _held(schema: Mapping[str, Any], pointer: str, keyword: str) -> dict[str, str]:
    """The pointer of each subschema of *keyword*, by its last token."""
    inner = below(schema, keyword)
    return {str(tokens[-1]): pointers.join(pointer, *tokens) for tokens, _ in inner}


def _suspects(plan: _Plan, instance: dict[str, Any], at: Tokens) -> Iterator[Misspelling]:
    unknown = [name for name in instance if isinstance(name, str) and name not in plan.names]
    if plan.patterns or len(unknown) > _MOST_UNKNOWN:
        return
    absent = [name for name in plan.declared if name not in instance]
    for name in unknown:
        meant = nearest(name, absent)
        if meant is not None:
            yield Misspelling((*at, name), meant, plan.declared[meant][0])


def sentence(misspelling: Misspelling) -> str:
    """`'temprature' is not declared; did you mean 'temperature'?`."""
    name = messages.show(misspelling.instance[-1], 40)
    return f"{name} is not declared; did you mean {messages.show(misspelling.meant, 40)}?"


def nearest(name: str, declared: list[str]) -> str | None:
    """The one of *declared* that *name* is a slip of, or None when it is merely unknown."""
    if len(name) > 64:
        return None
    best: tuple[int, str] | None = None
    for candidate in declared:
        slips = _slips(name, candidate)
        if slips is not None and (best is None or slips < best[0]):
            best = (slips, candidate)
    return best[1] if best else None


_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z_\-.\s]+")


def _slips(name: str, candidate: str) -> int | None:
    """How many slips lead from *candidate* to *name*, if so few that a slip is what it is.

    A short word that differs (`top_k`, `top_p`) or another number (`line1`, `line2`) makes
    another name.
    """
    if abs(len(name) - len(candidate)) > 3:
        return None
    left = [word.lower() for word in _WORDS.findall(name)]
    right = [word.lower() for word in _WORDS.findall(candidate)]
    if "".join(left) == "".join(right):
        return 0
    if _digits(name) != _digits(candidate):
        return None
    if len(left) != len(right):
        left, right = ["".join(left)], ["".join(right)]
    total = 0
    for one, other in zip(left, right, strict=True):
        if one == other:
            continue
        slips = _distance(one, other)
        if slips > _allowed(one, other):
            return None
        total += slips
    return total if total <= 2 else None


def _allowed(one: str, other: str) -> int:
    """How many slips a word may have: the shorter it is, the more another word it becomes."""
    longest = max(len(one), len(other))
    if longest >= 8:
        return 2
    same_letters = sorted(one) == sorted(other)
    dropped = longest == 4 and len(one) != len(other)
    return 1 if longest >= 5 or dropped or (longest >= 3 and same_letters) else 0


def _digits(name: str) -> str:
    return "".join(char for char in name if char.isdigit())


def _distance(one: str, other: str) -> int:
    """Insertions, deletions, substitutions and swaps of neighbours from *one* to *other*."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for i, left in enumerate(one, 1):
        earlier, before, row = before, row, [i]
        for j, right in enumerate(other, 1):
            cost = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (left != right))
            if i > 1 and j > 1 and left == other[j - 2] and right == one[i - 2]:
                cost = min(cost, earlier[j - 2] + 1)
            row.append(cost)
    return row[-1]
