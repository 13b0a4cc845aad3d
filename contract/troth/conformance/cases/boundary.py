"""The boundary walk: every member of the request at every depth, one step inside and outside.

Members that the minimal body lacks are put in first, each the simplest way that is valid, and
walked in turn; a schema that stands in several places is walked in the first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from troth.conformance.cases.case import Case, Subject, slug
from troth.generation.generator import Generator
from troth.generation.locations import Location, locations, put, resolved, shape_of
from troth.generation.mutations import HARD_TEXTS, Defect, defects
from troth.generation.raw_json import write
from troth.generation.requests import Composition
from troth.generation.shape import Conjunction, Shape, declared_names
from troth.generation.source import Smallest, Unsatisfiable
from troth.generation.values import generator_of
from troth.schema.data_model import ALL_TYPES

_DEEPEST = 8
_LAST_TIER = 3
# More places than this no run has time for.
_MOST_TARGETS = 400


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A place to mutate, in the whole body that has it."""

    body: Any
    location: Location
    depth: int


RankedMutation = tuple[tuple[int, int, int], Target, Defect]


def boundary(subject: Subject, *, limit: int = 500) -> Iterator[Case]:
    """The walk over the body of one operation: the most telling *limit* cases of it, in order."""
    if subject.made is None:
        return
    names: dict[str, int] = {}
    for target, defect in _chosen(_distinct(_mutations(subject)), limit):
        where = target.location.pointer or "/"
        name = f"{slug(where)}/{slug(defect.about)[:48]}"
        names[name] = names.get(name, 0) + 1
        name += f"-{names[name]}" if names[name] > 1 else ""
        # Where a schema takes anything, nothing says what anything would mean.
        open_place = target.location.shape.types == ALL_TYPES and defect.legal == "computed"
        yield subject.case(
            "boundary",
            name,
            put(target.body, target.location.tokens, defect.replacement),
            about=f"{where}: {defect.about}",
            legal="either-if-valid" if open_place else defect.legal,
        )


def _distinct(mutations: Iterable[RankedMutation]) -> list[RankedMutation]:
    """*mutations* without those that make a body that an earlier one of no higher tier makes."""
    seen: set[bytes] = set()
    found = []
    for mutation in sorted(mutations, key=lambda mutation: mutation[0]):
        _, target, defect = mutation
        body = write(put(target.body, target.location.tokens, defect.replacement))
        if body not in seen:
            seen.add(body)
            found.append(mutation)
    return found


def _chosen(mutations: list[RankedMutation], limit: int) -> Iterator[tuple[Target, Defect]]:
    """At most *limit* of the mutations: all of tier 0, and a share of each other tier.

    Within a tier every kind of defect comes before any comes again, shallow places first.
    """
    turns: dict[tuple[int, str], int] = {}
    tiers: dict[int, list[tuple[tuple[int, int], Target, Defect]]] = {}
    for (tier, depth, order), target, defect in sorted(mutations, key=lambda mutation: mutation[0]):
        kind = (tier, defect.about.partition(" instead of ")[0])
        turns[kind] = turns.get(kind, 0) + 1
        turn = turns[kind] if tier > 1 else depth
        tiers.setdefault(min(tier, _LAST_TIER), []).append(((turn, order), target, defect))
    left = limit
    for tier in sorted(tiers):
        entries = sorted(tiers[tier], key=lambda entry: entry[0])
        later = sum(len(tiers[other]) for other in tiers if other > tier)
        # A tier leaves the later ones what they need, up to two fifths of all.
        share = left if tier == _LAST_TIER else max(left - min(later, limit * 2 // 5), left // 3)
        for _, target, defect in entries[:share]:
            yield target, defect
        left -= min(share, len(entries))


def _mutations(subject: Subject) -> Iterator[RankedMutation]:
    """Each defect of each place, with its rank: tier, then depth, then the order of the walk."""
    assert subject.made is not None
    generator = generator_of(subject.made.schema)
    texts = 0
    seen: set[Any] = set()
    for order, target in enumerate(targets(subject)):
        if target.location.value != {} or target.depth:
            yield (0, 0, order), target, Defect("present", target.location.value, 0)
        free_text = isinstance(target.location.value, str) and target.location.shape.values is None
        texts += free_text
        for defect in defects(generator, target.location):
            if free_text and not _turn(texts, defect):
                continue
            tier = defect.tier + (1 if target.depth > 2 and defect.tier else 0)
            rank = (tier, target.depth, order)
            key = (target.location.pointer, defect.about)
            if key not in seen:
                seen.add(key)
                yield rank, target, defect


def _turn(texts: int, defect: Defect) -> bool:
    """Whether the *texts*-th free text gets this hard text: the first has all, others in turn."""
    if defect.tier < 3 or texts == 1:
        return True
    words = [word for word, _ in HARD_TEXTS] + ["a lone surrogate", "very long"]
    turn = words.index(defect.about) if defect.about in words else 0
    return turn % len(words) in (texts % len(words), (texts * 3 + 1) % len(words))


def targets(subject: Subject) -> Iterator[Target]:
    """Every place that the schema knows, each in a valid body that has it; outer ones first."""
    made = subject.made
    assert made is not None
    generator = generator_of(made.schema)
    graph = generator.graph
    walked: set[Any] = set()
    grown: set[Any] = set()
    root = (made.schema.prepared,)
    waiting = deque(
        Target(body, location, len(location.tokens))
        for body in _bases(made)
        for location in locations(graph, root, body)
    )
    while waiting:
        target = waiting.popleft()
        if target.depth > _DEEPEST:
            continue
        key = (
            resolved(graph, target.location.nodes),
            target.location.label,
            _kind(target.location),
        )
        if key in walked:
            continue
        walked.add(key)
        yield target
        if len(walked) > _MOST_TARGETS:
            return
        for body, location in _grown(subject, generator, target, grown):
            waiting.append(Target(body, location, target.depth + 1))


def _bases(made: Composition) -> Iterator[Any]:
    """The minimal body, and those whose parts agree with one another as a schema cannot ask."""
    yield made.minimal
    for factor in made.factors:
        for level in factor.levels:
            yield level.build(made.minimal, Smallest())


def _kind(location: Location) -> str:
    """What makes two values at one place different ground: their branch."""
    return (
        str(sorted(location.shape.types)) + str(location.shape.required)
        if location.value != {}
        else ""
    )


def _grown(
    subject: Subject, generator: Generator, target: Target, seen: set[Any]
) -> Iterator[tuple[Any, Location]]:
    """The places that are not there yet: absent members, other branches, items."""
    assert subject.made is not None
    valid = subject.made.valid
    graph = generator.graph
    nodes, tokens, value = target.location.nodes, target.location.tokens, target.location.value
    for shape in graph.of(nodes):
        if "object" in shape.types and shape.values is None:
            yield from _members(subject, generator, target, shape, seen)
        if "array" in shape.types and shape.values is None and not value:
            inner = graph.item(shape, 0)
            item = _simplest(generator, inner)
            grown = put(target.body, tokens, [item])
            if item is not None and valid(grown):
                yield from _at(generator, grown, inner, [item][0], (*tokens, 0), True)


def _members(
    subject: Subject, generator: Generator, target: Target, shape: Shape, seen: set[Any]
) -> Iterator[tuple[Any, Location]]:
    assert subject.made is not None
    valid = subject.made.valid
    graph = generator.graph
    tokens, value = target.location.tokens, target.location.value
    for name in declared_names(shape):
        inner = graph.member(shape, name)
        branches = graph.of(inner)[:8]
        for branch in branches:
            key = (resolved(graph, inner), name, id(branch))
            if key in seen or (branch.types == {"null"} and len(branches) > 1):
                continue  # null is tried everywhere
            member = _shaped(generator, branch)
            if member is _NONE or (isinstance(value, dict) and value.get(name, _NONE) == member):
                continue
            held = _with_member(generator, shape, value, (name, member))
            grown = put(target.body, tokens, held) if held is not _NONE else _NONE
            if grown is not _NONE and valid(grown):
                seen.add(key)
                yield from _at(
                    generator, grown, inner, member, (*tokens, name), name in shape.required
                )


def _with_member(generator: Generator, shape: Shape, value: Any, wanted: tuple[str, Any]) -> Any:
    """An object of *shape* that has the member *wanted*, and as much of *value* as goes with it."""
    name, member = wanted
    fits = generator.graph.fits
    if isinstance(value, dict) and fits(shape, {**value, name: member}):
        return {**value, name: member}
    try:
        asked = replace(shape, required=tuple(dict.fromkeys((*shape.required, name))))
        found = generator.shaped(asked, Smallest())
    except Unsatisfiable:
        return _NONE
    if not isinstance(found, dict):
        return _NONE
    found[name] = member
    for other, item in value.items() if isinstance(value, dict) else ():
        if other != name and fits(shape, {**found, other: item}):
            found[other] = item
    return found


def _at(
    generator: Generator, body: Any, nodes: Conjunction, value: Any, tokens: Any, required: bool
) -> Iterator[tuple[Any, Location]]:
    """The place itself and those inside it."""
    if shape_of(generator.graph, nodes, value) is not None:
        label = str(tokens[-1]) if isinstance(tokens[-1], str) else "#"
        for location in locations(
            generator.graph, nodes, value, tokens=tokens, required=required, label=label
        ):
            yield body, location


def _simplest(generator: Generator, nodes: Conjunction) -> Any:
    try:
        return generator.value(nodes, Smallest())
    except Unsatisfiable:
        return None


def _shaped(generator: Generator, shape: Shape) -> Any:
    examples = generator.graph.examples(shape)
    if examples:
        return examples[0]
    types = shape.types - {"null"}
    try:
        return generator.shaped(replace(shape, types=types) if types else shape, Smallest())
    except Unsatisfiable:
        return _NONE


_NONE = object()
