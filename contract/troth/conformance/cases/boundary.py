"""The phase `boundary`: every member of the request at every depth, one step inside and outside.

Members that the minimal body lacks are put in first, each the simplest way that is valid, and
walked in turn; a schema that targets in several places is walked in the first.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from troth.conformance.cases.case import Case, Subject, slug
from troth.generation.locations import Location, locations, put, resolved, shape_of
from troth.generation.mutations import FIRST_EDGES, HARD_TEXTS, LONGEST, Defect, defects
from troth.generation.raw_json import Written, write
from troth.generation.requests import Composition
from troth.generation.shape import Conjunction, Shape, declared_names
from troth.generation.source import Smallest, Unsatisfiable
from troth.generation.values import generator_of
from troth.schema.data_model import ALL_TYPES

_DEEPEST = 8
_LAST_TIER = 3
#: The tier of what was done to a place of the same schema already.
_AGAIN = 2
#: A walk of fewer cases is one of the most telling alone.
_FEW = 40
# More places than this no run has time for.
_TARGETS = 400


@dataclass(frozen=True, slots=True, eq=False)
class Target:
    """A place to put a defect, in the whole body that has it."""

    body: Any
    location: Location
    depth: int


#: A defect of a place, with its rank: tier, depth, and the order of the walk.
Mutation = tuple[tuple[int, int, int], Target, Defect]


def boundary(
    subject: Subject,
    *,
    limit: int = 500,
    turn: int = 0,
    tried: set[Any] | None = None,
    is_new: Callable[[Case], bool] = lambda case: True,
) -> Iterator[Case]:
    """The walk over the body of one operation: the most telling *limit* cases of it, in order.

    A short walk has one of the strange values, another with each *turn*.  *tried* is what was done
    to the bodies of others, which is added to: what was done to a place of the same schema is done
    to this one later.  A member that is as it should be is left out where the case is not *is_new*.
    """
    if subject.made is None:
        return
    tried = set() if tried is None else tried
    names: dict[str, int] = {}
    for case in _at_limits(subject):
        if limit > 0 and is_new(case):
            limit -= 1
            yield case
    mutations = _distinct(_mutations(subject, tried, is_new))
    for target, defect in _chosen(mutations, limit, turn=turn):
        tried.add(_done(subject, target, defect))
        where = target.location.pointer or "/"
        name = f"{slug(where)}/{slug(defect.about)[:48]}"
        names[name] = names.get(name, 0) + 1
        name += f"-{names[name]}" if names[name] > 1 else ""
        # Where a schema takes anything, nothing says what anything would mean.
        is_open = target.location.shape.types == ALL_TYPES or _is_no_integer(subject, defect)
        yield subject.case(
            "boundary",
            name,
            put(target.body, target.location.tokens, defect.replacement),
            about=f"{where}: {defect.about}",
            legal="either-if-valid" if is_open and defect.legal == "computed" else defect.legal,
        )


def _is_no_integer(subject: Subject, defect: Defect) -> bool:
    """Whether *defect* writes an integer as OpenAPI 3.0 has none: with a fraction, or an exponent.

    JSON Schema Wright-00 §4.2; since 2019-09 `1.0` is an integer.
    """
    document, written = subject.operation.document, defect.replacement
    is_of_30 = document is not None and document.openapi.startswith("3.0")
    is_number = isinstance(written, Written) and type(written.value) is int
    return is_of_30 and is_number and not written.text.removeprefix("-").isdecimal()


#: What is just within a limit, upper and lower, of the values of a body; the last of them wins.
_UPPER = (LONGEST, *FIRST_EDGES, "at maximum", "at maxLength", "at maxItems")
_LOWER = ("at minimum", "at minLength", "at minItems")


def _at_limits(subject: Subject) -> Iterator[Case]:
    """The bodies in which all values are at their upper limits, and at their lower ones.

    Where one is refused, what is not the cause is taken away again.
    """
    assert subject.made is not None
    generator = generator_of(subject.made.schema)
    inner = [target.location for target in targets(subject) if target.location.tokens]
    for side, words in (("upper", _UPPER), ("lower", _LOWER)):
        body = subject.minimal
        for location in inner:
            within = [each for each in defects(generator, location) if each.about in words]
            for defect in sorted(within, key=lambda each: words.index(each.about)):
                if defect.legal == "computed":
                    body = _with(subject, body, location, defect)
        if body != subject.minimal:
            about = f"all values at their {side} limits"
            yield subject.case("boundary", f"{side}-limits", body, about=about)
    yield from _huge(subject, inner)


def _huge(subject: Subject, inner: Sequence[Location]) -> Iterator[Case]:
    """The body with all numbers as large as a server may have no place for: it may refuse them."""
    assert subject.made is not None
    generator = generator_of(subject.made.schema)
    body = subject.minimal
    for location in inner:
        found = {each.about: each for each in defects(generator, location)}
        edge = found.get("at maximum", found.get("2^63"))
        if edge is not None and edge.legal == "either-if-valid":
            body = _with(subject, body, location, edge)
    if body != subject.minimal:
        about = "all numbers as large as they may be"
        yield subject.case("boundary", "huge-numbers", body, about=about, legal="either-if-valid")


def _with(subject: Subject, body: Any, location: Location, defect: Defect) -> Any:
    """*body* with what *defect* puts at *location*; as it is where that is not valid."""
    assert subject.made is not None
    try:
        changed = put(body, location.tokens, defect.replacement)
    except (LookupError, TypeError, ValueError):
        return body  # what it stands in is not there, or is no longer of that kind
    return changed if subject.made.valid(changed) else body


def _distinct(mutations: Iterable[Mutation]) -> list[Mutation]:
    """*mutations* without those that make a body that an earlier one of no higher tier makes."""
    kept: dict[bytes, Mutation] = {}
    for mutation in sorted(mutations, key=lambda mutation: mutation[0]):
        _, target, defect = mutation
        body = write(put(target.body, target.location.tokens, defect.replacement))
        kept.setdefault(body, mutation)
    return list(kept.values())


def _chosen(mutations: list[Mutation], limit: int, *, turn: int) -> Iterator[tuple[Target, Defect]]:
    """At most *limit* of the mutations: all of tier 0, and a share of each other tier.

    Within a tier every kind of defect comes before any comes again, shallow places first.  Where
    there are few, the last of them is one of the last tier, another with each *turn*.
    """
    counts: dict[tuple[int, str], int] = {}
    tiers: dict[int, list[tuple[tuple[int, int], Target, Defect]]] = {}
    for (tier, _, order), target, defect in sorted(mutations, key=lambda mutation: mutation[0]):
        kind = (tier, defect.about.partition(" instead of ")[0])
        counts[kind] = counts.get(kind, 0) + 1
        tiers.setdefault(min(tier, _LAST_TIER), []).append(((counts[kind], order), target, defect))
    strange = sorted(tiers.get(_LAST_TIER, ()), key=lambda entry: entry[0])
    if limit < _FEW and strange:
        tiers[_LAST_TIER] = [strange[turn % len(strange)]]
    left = limit
    for tier in sorted(tiers):
        entries = sorted(tiers[tier], key=lambda entry: entry[0])
        later = sum(len(tiers[other]) for other in tiers if other > tier)
        # A tier leaves the later ones what they need, up to two fifths of all.
        spared = min(later, limit * 2 // 5) if limit >= _FEW else min(1, len(strange), limit // 4)
        share = left if tier == _LAST_TIER else max(left - spared, left // 3)
        for _, target, defect in entries[:share]:
            yield target, defect
        left -= min(share, len(entries))


def _done(subject: Subject, target: Target, defect: Defect) -> tuple[Any, ...]:
    """What two defects share that do the same to places of the same schema."""
    assert subject.made is not None
    graph = generator_of(subject.made.schema).graph
    return (resolved(graph, target.location.nodes), target.location.label, defect.about)


def _mutations(
    subject: Subject, tried: Container[Any], is_new: Callable[[Case], bool]
) -> Iterator[Mutation]:
    """Each defect of each place, with its rank: tier, then depth, then the order of the walk."""
    assert subject.made is not None
    generator = generator_of(subject.made.schema)
    texts = 0
    seen: set[Any] = set()
    for order, target in enumerate(targets(subject)):
        present = subject.case("boundary", "present", target.body, about="present")
        if (target.location.value != {} or target.depth) and is_new(present):
            yield (0, 0, order), target, Defect("present", target.location.value, 0)
        free_text = isinstance(target.location.value, str) and target.location.shape.values is None
        texts += free_text
        for defect in defects(generator, target.location):
            if free_text and not _turn(texts, defect):
                continue
            tier = defect.tier + (1 if target.depth > 2 and defect.tier else 0)
            is_text = not subject.is_json and defect.about.endswith(" instead of string")
            if is_text or (not target.depth and " instead of " in defect.about):
                tier = _LAST_TIER  # as it is written it is a text; of the whole it tells little
            elif defect.about == "null" and not subject.is_json:
                tier = max(tier, _AGAIN)  # no form has a null
            elif _done(subject, target, defect) in tried:
                tier = max(tier, _AGAIN)
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
    assert subject.made is not None
    return _Walk(subject.made).targets()


class _Walk:
    """One walk over the places of a body, and of those that can be put into it."""

    def __init__(self, made: Composition) -> None:
        self.made = made
        self.generator = generator_of(made.schema)
        self.graph = self.generator.graph
        self._grown: set[Any] = set()

    def targets(self) -> Iterator[Target]:
        """The places, outer ones first; a schema that stands in several is walked in the first."""
        root = (self.made.schema.prepared,)
        waiting = deque(
            Target(body, location, len(location.tokens))
            for body in self._bases()
            for location in locations(self.graph, root, body)
        )
        walked: set[Any] = set()
        while waiting:
            target = waiting.popleft()
            if target.depth > _DEEPEST:
                continue
            location = target.location
            key = (resolved(self.graph, location.nodes), location.label, _kind(location))
            if key in walked:
                continue
            walked.add(key)
            yield target
            if len(walked) > _TARGETS:
                return
            waiting.extend(
                Target(body, grown, target.depth + 1) for body, grown in self._grow(target)
            )

    def _bases(self) -> Iterator[Any]:
        """The minimal body, and those whose parts agree with one another as no schema can ask."""
        yield self.made.minimal
        for factor in self.made.factors:
            for level in factor.levels:
                yield level.build(self.made.minimal, Smallest())

    def _grow(self, target: Target) -> Iterator[tuple[Any, Location]]:
        """The places that are not there yet: absent members, other branches, items."""
        tokens, value = target.location.tokens, target.location.value
        for shape in self.graph.of(target.location.nodes):
            if "object" in shape.types and shape.values is None:
                yield from self._members(target, shape)
            if "array" in shape.types and shape.values is None and not value:
                inner = self.graph.item(shape, 0)
                item = self._simplest(inner)
                body = put(target.body, tokens, [item])
                if item is not None and self.made.valid(body):
                    yield from self._locations(body, inner, item, (*tokens, 0), required=True)

    def _members(self, target: Target, shape: Shape) -> Iterator[tuple[Any, Location]]:
        tokens, value = target.location.tokens, target.location.value
        for name in declared_names(shape):
            inner = self.graph.member(shape, name)
            branches = self.graph.of(inner)[:8]
            for branch in branches:
                key = (resolved(self.graph, inner), name, id(branch))
                if key in self._grown or (branch.types == {"null"} and len(branches) > 1):
                    continue  # null is tried everywhere
                member = self._shaped(branch)
                is_there = isinstance(value, dict) and value.get(name, _NONE) == member
                if member is _NONE or is_there:
                    continue
                held = self._with_member(shape, value, name, member)
                body = put(target.body, tokens, held) if held is not _NONE else _NONE
                if body is not _NONE and self.made.valid(body):
                    self._grown.add(key)
                    at, required = (*tokens, name), name in shape.required
                    yield from self._locations(body, inner, member, at, required=required)

    def _with_member(self, shape: Shape, value: Any, name: str, member: Any) -> Any:
        """An object of *shape* with this member, and as much of *value* as goes with it."""
        fits = self.graph.fits
        if isinstance(value, dict) and fits(shape, {**value, name: member}):
            return {**value, name: member}
        required = tuple(dict.fromkeys((*shape.required, name)))
        try:
            made = self.generator.shaped(replace(shape, required=required), Smallest())
        except Unsatisfiable:
            return _NONE
        if not isinstance(made, dict):
            return _NONE
        made[name] = member
        for other, item in value.items() if isinstance(value, dict) else ():
            if other != name and fits(shape, {**made, other: item}):
                made[other] = item
        return made

    def _locations(
        self, body: Any, nodes: Conjunction, value: Any, tokens: Any, *, required: bool
    ) -> Iterator[tuple[Any, Location]]:
        """The place of *value* itself and those inside it."""
        if shape_of(self.graph, nodes, value) is None:
            return
        label = str(tokens[-1]) if isinstance(tokens[-1], str) else "#"
        for location in locations(
            self.graph, nodes, value, tokens=tokens, required=required, label=label
        ):
            yield body, location

    def _simplest(self, nodes: Conjunction) -> Any:
        try:
            return self.generator.value(nodes, Smallest())
        except Unsatisfiable:
            return None

    def _shaped(self, shape: Shape) -> Any:
        examples = self.graph.examples(shape)
        if examples:
            return examples[0]
        types = shape.types - {"null"} or shape.types
        try:
            return self.generator.shaped(replace(shape, types=types), Smallest())
        except Unsatisfiable:
            return _NONE


def _kind(location: Location) -> str:
    """What makes two values at one place different ground: their branch."""
    shape = location.shape
    return str(sorted(shape.types)) + str(shape.required) if location.value != {} else ""


_NONE = object()
