"""What can vary in a request, and few requests in which every two variations meet.

A factor is one thing that varies (a member, or members that depend on one another); a level is
one way in which it can be there.  Factors come from the schema's own members, and where the
document says that the operation completes chats, from `chat`.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

from troth.generation.generator import Generator
from troth.generation.locations import put
from troth.generation.shape import Shape, declared_names
from troth.generation.source import Smallest, Source, Unsatisfiable
from troth.generation.values import generator_of
from troth.openapi.operation import MediaType, Operation
from troth.schema.data_model import ALL_TYPES, identity
from troth.schema.schema import Schema

Build = Callable[[Any, Source], Any]
Row = tuple[int, ...]
_LEVELS = 5


@dataclass(frozen=True, slots=True, eq=False)
class Level:
    """One way in which a factor can be there: *build* puts it into a body."""

    name: str
    build: Build


@dataclass(frozen=True, slots=True, eq=False)
class Factor:
    """One thing that varies; that it is absent is always possible as well."""

    name: str
    levels: tuple[Level, ...]


def member_factors(schema: Schema, *, skip: Callable[[str], bool]) -> Iterator[Factor]:
    """A factor for each optional member of the body: booleans, enum values, branches, examples."""
    generator = generator_of(schema)
    graph = generator.graph
    names: dict[str, None] = {}
    required: set[str] = set()
    for index, shape in enumerate(graph.one(schema.prepared)):
        names.update(dict.fromkeys(declared_names(shape)))
        required = required & set(shape.required) if index else set(shape.required)
    for name in names:
        if name in required or skip(name):
            continue
        levels: dict[Hashable, Level] = {}
        for shape in graph.one(schema.prepared):
            nodes = graph.member(shape, name)
            for branch in graph.of(nodes):
                if branch.types == ALL_TYPES and not branch.examples:
                    continue  # whatever may be sent, nothing says what it would mean
                try:
                    examples = _telling(generator, branch)
                except Unsatisfiable:
                    continue
                for value in examples:
                    if value is not None:
                        levels.setdefault(
                            identity(value), Level(_label(name, value), _put(name, value))
                        )
        if levels:
            yield Factor(name, tuple(levels.values())[:_LEVELS])


def _telling(generator: Generator, branch: Shape) -> tuple[Any, ...]:
    """The values of *branch* that a server may tell apart, or one that stands for them all."""
    if branch.values is not None:
        return branch.values
    if branch.types <= {"boolean", "null"}:
        return (True, False) if "boolean" in branch.types else (None,)
    return generator.graph.examples(branch)[:1] or (generator.shaped(branch, Smallest()),)


def _label(name: str, value: Any) -> str:
    text = repr(value) if isinstance(value, (bool, int, float, str)) else type(value).__name__
    return f"{name} {text[:24]}"


def _put(name: str, value: Any) -> Build:
    return lambda body, source: put(body, (name,), value) if isinstance(body, dict) else body


def streaming(operation: Operation, schema: Schema, body: Any) -> Any:
    """*body* with the one member more that makes the answer a stream; None when there is none.

    The document says with `x-troth-when` when it streams; each member that could be it is tried.
    """
    conditional = (each for each in operation.answer_types if each.is_stream and each.when)
    wanted = next(conditional, None)
    if wanted is None or not isinstance(body, dict):
        return None
    for factor in member_factors(schema, skip=lambda name: False):
        for level in factor.levels:
            candidate = level.build(body, Smallest())
            if _holds(wanted, candidate) and schema.is_valid(candidate):
                return candidate
    return None


def is_streaming(operation: Operation, body: Any) -> bool:
    """Whether the document promises a stream as the answer to *body*."""
    return any(entry.is_stream and _holds(entry, body) for entry in operation.answer_types)


def _holds(entry: MediaType, body: Any) -> bool:
    return entry.when is not None and entry.when.holds({"request": body}) is True


def pairwise(factors: Sequence[Factor], *, most: int) -> list[Row]:
    """Rows of level numbers (0: absent) in which every two levels of two factors meet.

    Greedy and deterministic; at most *most* rows, those that cover the most pairs first.
    """
    sizes = [len(factor.levels) + 1 for factor in factors]
    open_pairs = {
        (one, a, other, b)
        for one, other in combinations(range(len(sizes)), 2)
        for a in range(sizes[one])
        for b in range(sizes[other])
        # A factor that is absent beside another is met in every request with few features.
        if a and b
    }
    rows: list[Row] = []
    while open_pairs and len(rows) < most:
        row = _row(sizes, open_pairs)
        rows.append(row)
        open_pairs -= _pairs(row)
    return rows


def _row(sizes: list[int], open_pairs: set[tuple[int, int, int, int]]) -> Row:
    first = min(open_pairs)
    chosen = {first[0]: first[1], first[2]: first[3]}
    for factor in range(len(sizes)):
        if factor in chosen:
            continue
        gains = [
            sum(
                (
                    min(factor, other),
                    *(
                        (level, other, chosen[other])
                        if factor < other
                        else (chosen[other], factor, level)
                    ),
                )
                in open_pairs
                for other in chosen
            )
            for level in range(sizes[factor])
        ]
        chosen[factor] = gains.index(max(gains)) if max(gains) > 0 else 0
    return tuple(chosen[factor] for factor in range(len(sizes)))


def _pairs(row: Row) -> set[tuple[int, int, int, int]]:
    return {(one, row[one], other, row[other]) for one, other in combinations(range(len(row)), 2)}
