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
from troth.generation import bodies
from troth.generation.alternatives import Unsupported
from troth.generation.generate import Generator
from troth.generation.locations import Site, put, resolved, shape_of, sites
from troth.generation.mutations import HARD_TEXTS, Defect, defects
from troth.generation.raw_json import write
from troth.generation.requests import Composition
from troth.generation.shape import ALL_TYPES, Conjunction, Shape, declared_names, item_nodes
from troth.generation.source import Simplest

_DEEPEST = 8
_LAST_TIER = 3
# More places than this no run has time for.
_STANDS = 400


@dataclass(frozen=True, slots=True, eq=False)
class Stand:
    """A place to strike at, in the whole body that has it."""

    body: Any
    site: Site
    depth: int


Strike = tuple[tuple[int, int, int], Stand, Defect]


def boundary(subject: Subject, *, limit: int = 500) -> Iterator[Case]:
    """The walk over the body of one operation: the most telling *limit* cases of it, in order."""
    if subject.made is None:
        return
    names: dict[str, int] = {}
    for stand, defect in _chosen(_distinct(_struck(subject)), limit):
        where = stand.site.pointer or "/"
        name = f"{slug(where)}/{slug(defect.about)[:48]}"
        names[name] = names.get(name, 0) + 1
        name += f"-{names[name]}" if names[name] > 1 else ""
        # Where a schema takes anything, nothing says what anything would mean.
        open_place = stand.site.shape.types == ALL_TYPES and defect.legal == "computed"
        yield subject.case(
            "boundary",
            name,
            put(stand.body, stand.site.tokens, defect.replacement),
            about=f"{where}: {defect.about}",
            legal="either-if-valid" if open_place else defect.legal,
        )


def _distinct(struck: Iterable[Strike]) -> list[Strike]:
    """*struck* without those that make a body that an earlier one of no higher tier makes."""
    seen: set[bytes] = set()
    found = []
    for strike in sorted(struck, key=lambda strike: strike[0]):
        _, stand, defect = strike
        body = write(put(stand.body, stand.site.tokens, defect.replacement))
        if body not in seen:
            seen.add(body)
            found.append(strike)
    return found


def _chosen(struck: list[Strike], limit: int) -> Iterator[tuple[Stand, Defect]]:
    """At most *limit* of the strikes: all of tier 0, and a share of each other tier.

    Within a tier every kind of defect comes before any comes again, shallow places first.
    """
    turns: dict[tuple[int, str], int] = {}
    tiers: dict[int, list[tuple[tuple[int, int], Stand, Defect]]] = {}
    for (tier, depth, order), stand, defect in sorted(struck, key=lambda strike: strike[0]):
        kind = (tier, defect.about.partition(" instead of ")[0])
        turns[kind] = turns.get(kind, 0) + 1
        turn = turns[kind] if tier > 1 else depth
        tiers.setdefault(min(tier, _LAST_TIER), []).append(((turn, order), stand, defect))
    left = limit
    for tier in sorted(tiers):
        entries = sorted(tiers[tier], key=lambda entry: entry[0])
        later = sum(len(tiers[other]) for other in tiers if other > tier)
        # A tier leaves the later ones what they need, up to two fifths of all.
        share = left if tier == _LAST_TIER else max(left - min(later, limit * 2 // 5), left // 3)
        for _, stand, defect in entries[:share]:
            yield stand, defect
        left -= min(share, len(entries))


def _struck(subject: Subject) -> Iterator[Strike]:
    """Each defect of each place, with its rank: tier, then depth, then the order of the walk."""
    assert subject.made is not None
    generator = bodies.generator_of(subject.made.schema)
    texts = 0
    seen: set[Any] = set()
    for order, stand in enumerate(stands(subject)):
        if stand.site.value != {} or stand.depth:
            yield (0, 0, order), stand, Defect("present", stand.site.value, 0)
        free_text = isinstance(stand.site.value, str) and stand.site.shape.values is None
        texts += free_text
        for defect in defects(generator, stand.site):
            if free_text and not _turn(texts, defect):
                continue
            tier = defect.tier + (1 if stand.depth > 2 and defect.tier else 0)
            rank = (tier, stand.depth, order)
            key = (stand.site.pointer, defect.about)
            if key not in seen:
                seen.add(key)
                yield rank, stand, defect


def _turn(texts: int, defect: Defect) -> bool:
    """Whether the *texts*-th free text gets this hard text: the first has all, others in turn."""
    if defect.tier < 3 or texts == 1:
        return True
    words = [word for word, _ in HARD_TEXTS] + ["a lone surrogate", "very long"]
    turn = words.index(defect.about) if defect.about in words else 0
    return turn % len(words) in (texts % len(words), (texts * 3 + 1) % len(words))


def stands(subject: Subject) -> Iterator[Stand]:
    """Every place that the schema knows, each in a valid body that has it; outer ones first."""
    made = subject.made
    assert made is not None
    generator = bodies.generator_of(made.schema)
    alternatives = generator.alternatives
    walked: set[Any] = set()
    grown: set[Any] = set()
    root = (made.schema.prepared,)
    waiting = deque(
        Stand(body, site, len(site.tokens))
        for body in _bases(made)
        for site in sites(alternatives, root, body)
    )
    while waiting:
        stand = waiting.popleft()
        if stand.depth > _DEEPEST:
            continue
        key = (resolved(alternatives, stand.site.nodes), stand.site.label, _kind(stand.site))
        if key in walked:
            continue
        walked.add(key)
        yield stand
        if len(walked) > _STANDS:
            return
        for body, site in _grown(subject, generator, stand, grown):
            waiting.append(Stand(body, site, stand.depth + 1))


def _bases(made: Composition) -> Iterator[Any]:
    """The minimal body, and those whose parts agree with one another as a schema cannot ask."""
    yield made.minimal
    for factor in made.factors:
        for level in factor.levels:
            yield level.build(made.minimal, Simplest())


def _kind(site: Site) -> str:
    """What makes two values at one place different ground: their branch."""
    return str(sorted(site.shape.types)) + str(site.shape.required) if site.value != {} else ""


def _grown(
    subject: Subject, generator: Generator, stand: Stand, seen: set[Any]
) -> Iterator[tuple[Any, Site]]:
    """The places that are not there yet: absent members, other branches, items."""
    assert subject.made is not None
    valid = subject.made.valid
    alternatives = generator.alternatives
    nodes, tokens, value = stand.site.nodes, stand.site.tokens, stand.site.value
    for shape in alternatives.of(nodes):
        if "object" in shape.types and shape.values is None:
            yield from _members(subject, generator, stand, shape, seen)
        if "array" in shape.types and shape.values is None and not value:
            inner = item_nodes(shape, 0)
            item = _simplest(generator, inner)
            grown = put(stand.body, tokens, [item])
            if item is not None and valid(grown):
                yield from _at(generator, grown, inner, [item][0], (*tokens, 0), True)


def _members(
    subject: Subject, generator: Generator, stand: Stand, shape: Shape, seen: set[Any]
) -> Iterator[tuple[Any, Site]]:
    assert subject.made is not None
    valid = subject.made.valid
    alternatives = generator.alternatives
    tokens, value = stand.site.tokens, stand.site.value
    for name in declared_names(shape):
        inner = alternatives.member(shape, name)
        branches = alternatives.of(inner)[:8]
        for branch in branches:
            key = (resolved(alternatives, inner), name, id(branch))
            if key in seen or (branch.types == {"null"} and len(branches) > 1):
                continue  # null is tried everywhere
            member = _shaped(generator, branch)
            if member is _NONE or (isinstance(value, dict) and value.get(name, _NONE) == member):
                continue
            held = _with_member(generator, shape, value, (name, member))
            grown = put(stand.body, tokens, held) if held is not _NONE else _NONE
            if grown is not _NONE and valid(grown):
                seen.add(key)
                yield from _at(
                    generator, grown, inner, member, (*tokens, name), name in shape.required
                )


def _with_member(generator: Generator, shape: Shape, value: Any, wanted: tuple[str, Any]) -> Any:
    """An object of *shape* that has the member *wanted*, and as much of *value* as goes with it."""
    name, member = wanted
    fits = generator.alternatives.fits
    if isinstance(value, dict) and fits(shape, {**value, name: member}):
        return {**value, name: member}
    try:
        asked = replace(shape, required=tuple(dict.fromkeys((*shape.required, name))))
        found = generator.shaped(asked, Simplest())
    except Unsupported:
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
) -> Iterator[tuple[Any, Site]]:
    """The place itself and those inside it."""
    if shape_of(generator.alternatives, nodes, value) is not None:
        label = str(tokens[-1]) if isinstance(tokens[-1], str) else "#"
        for site in sites(
            generator.alternatives, nodes, value, tokens=tokens, required=required, label=label
        ):
            yield body, site


def _simplest(generator: Generator, nodes: Conjunction) -> Any:
    try:
        return generator.value(nodes, Simplest())
    except Unsupported:
        return None


def _shaped(generator: Generator, shape: Shape) -> Any:
    examples = generator.examples(shape)
    if examples:
        return examples[0]
    types = shape.types - {"null"}
    try:
        return generator.shaped(replace(shape, types=types) if types else shape, Simplest())
    except Unsupported:
        return _NONE


_NONE = object()
