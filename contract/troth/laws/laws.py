"""The laws of an operation: what its document promises across fields, and a schema cannot say.

A law is a pair of CEL conditions over one exchange (`when` it applies, it `holds`), with the
document's own words that it stands on.  spec/README.md documents `x-troth-laws` for authors.
Leaves to others: decoding the exchange, and telling of a broken law (`validator`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from troth import pointer as pointers
from troth.document import vocabulary
from troth.document.document import Document
from troth.errors import Place, SpecError, nearest
from troth.laws import condition
from troth.laws.condition import Condition, Scope
from troth.laws.declared_members import Shape, Shapes, shapes_of

Verdict = Literal["held", "broken", "inapplicable", "undecided"]

# what of an earlier exchange has schemas
_BODIES = ("request", "response")


@dataclass(frozen=True, slots=True, eq=False)
class Law:
    """One law of an operation.

    *says* quotes the document; *group* is the capability that a server may lack as a whole;
    *requests* are merge patches (RFC 7396) that make a minimal valid request one to which the law
    applies.  A law that *repeats* is judged on two answers, `first` and `again`, to one request:
    the second time with *variation* merged onto it.  One between two operations is judged on an
    exchange of *after* and an earlier one of *before*.  *scope* is shared by an operation's laws.
    """

    id: str
    says: str
    message: str
    severity: Literal["error", "warning"]
    group: str
    when: Condition | None
    holds: Condition
    requests: tuple[Mapping[str, Any], ...]
    pointer: str
    place: Place | None
    repeats: bool = False
    variation: Mapping[str, Any] | None = None
    scope: Scope = field(default_factory=Scope)
    before: str | None = None
    after: str | None = None

    @property
    def variables(self) -> frozenset[str]:
        """The variables that its conditions name."""
        return self.holds.variables | (self.when.variables if self.when else frozenset())


def verdict(law: Law, facts: Mapping[str, Any]) -> Verdict:
    """Judge *law* on *facts*: plain JSON by variable, or `Facts`, which all laws can share.

    A law does not apply where a variable that it names has no value (`events` of an answer that
    was no stream), nor to an answer whose status is not 2xx, unless it names `status`.
    """
    if not law.variables <= facts.keys():
        return "inapplicable"
    status = facts.get("status")
    if status is not None and status // 100 != 2 and "status" not in law.variables:
        return "inapplicable"
    if law.when is not None:
        applies = law.when.holds(facts)
        if applies is None:
            return "undecided"
        if not applies:
            return "inapplicable"
    return {True: "held", False: "broken", None: "undecided"}[law.holds.holds(facts)]  # type: ignore[return-value]  # mypy widens the literals of a dict display


def between(
    raw: Any, pointer: str, document: Document, *, operations: Mapping[str, tuple[str, str]]
) -> Iterator[Law]:
    """Read the laws between operations at *pointer*: at the root, or at a path item.

    *operations* has for what one may be called there its name and its pointer.  Raises SpecError.
    """
    _check(raw, pointer, document)
    for index, law in enumerate(raw):
        at = pointers.join(pointer, index)
        if "before" not in law or "repeats" in law:
            fault = "a law here is between two operations, `before` and `after`"
            raise SpecError(fault, place=document.place(at), pointer=at)
        before, after = (_end(law, word, at, document, operations) for word in ("before", "after"))
        yield _law_between(law, at, document, before, after)


def _end(
    law: Mapping[str, Any],
    word: str,
    at: str,
    document: Document,
    operations: Mapping[str, tuple[str, str]],
) -> tuple[str, str]:
    name, where = law[word], f"{at}/{word}"
    if name in operations:
        return operations[name]
    close = nearest(name, tuple(operations))
    raise SpecError(
        f"no operation here is called {name!r}",
        place=document.place(where),
        pointer=where,
        advice=f"Did you mean {close!r}?" if close else "",
    )


def _law_between(
    law: Mapping[str, Any],
    at: str,
    document: Document,
    before: tuple[str, str],
    after: tuple[str, str],
) -> Law:
    earlier = shapes_of(document.root, before[1])
    shapes = dict(shapes_of(document.root, after[1]))
    members = {
        name: {"allOf": list(shape.nodes)} for name, shape in earlier.items() if name in _BODIES
    }
    shapes["before"] = Shapes(document.root).of([{"properties": members}])
    conditions = _conditions(law, at, document, Scope(shapes))
    scope = _shared(shapes, filter(None, conditions))
    return _law(law, at, document, conditions, scope=scope, before=before[0], after=after[0])


def parse(raw: Any, pointer: str, document: Document) -> tuple[Law, ...]:
    """Read the `x-troth-laws` at *pointer*.  Raises SpecError for the first without a meaning."""
    if not raw:
        return ()
    _check(raw, pointer, document)
    for index, law in enumerate(raw):
        if "before" in law:
            at = pointers.join(pointer, index, "before")
            fault = "a law between two operations stands at the root or at a path item"
            raise SpecError(fault, place=document.place(at), pointer=at)
    declared = Scope(shapes_of(document.root, pointer.removesuffix("/x-troth-laws")))
    places = [pointers.join(pointer, index) for index in range(len(raw))]
    read = [_conditions(law, at, document, declared) for law, at in zip(raw, places, strict=True)]
    scope = _shared(declared.shapes, (each for pair in read for each in pair if each))
    return tuple(
        _law(law, at, document, conditions, scope=scope)
        for law, at, conditions in zip(raw, places, read, strict=True)
    )


def _conditions(
    law: Mapping[str, Any], at: str, document: Document, declared: Scope
) -> tuple[Condition | None, Condition]:
    """The conditions `when` and `holds` of the *law* at *at*."""

    def compiled(part: str) -> Condition:
        where = pointers.join(at, part)
        return condition.parse(law[part], where, document.place(where), scope=declared)

    return compiled("when") if "when" in law else None, compiled("holds")


def _law(
    law: Mapping[str, Any],
    at: str,
    document: Document,
    conditions: tuple[Condition | None, Condition],
    *,
    scope: Scope,
    before: str | None = None,
    after: str | None = None,
) -> Law:
    when, holds = conditions
    repeats = law.get("repeats", False)
    return Law(
        id=law["id"],
        says=law["says"],
        message=law["message"],
        severity=law.get("severity", "error"),
        group=law.get("group", law["id"]),
        when=when,
        holds=holds,
        requests=tuple(law.get("requests", ())),
        pointer=at,
        place=document.place(at),
        repeats=repeats is not False,
        variation=repeats if isinstance(repeats, Mapping) else None,
        scope=scope,
        before=before,
        after=after,
    )


def _check(raw: Any, pointer: str, document: Document) -> None:
    for at, sentence in vocabulary.misfits("x-troth-laws", raw):
        where = pointer + at
        raise SpecError(sentence, place=document.place(where), pointer=where)
    seen: dict[str, str] = {}
    for index, law in enumerate(raw):
        where = pointers.join(pointer, index, "id")
        if law["id"] in seen:
            raise SpecError(
                f"two laws of one operation are called {law['id']!r}",
                place=document.place(where),
                pointer=where,
                advice=f"The other is at {seen[law['id']]}.",
            )
        seen[law["id"]] = where


def _shared(shapes: Mapping[str, Shape], conditions: Iterable[Condition]) -> Scope:
    """What any of *conditions* needs."""
    members: dict[str, frozenset[str]] = {}
    whole: frozenset[str] = frozenset()
    for each in conditions:
        whole |= each.scope.whole
        for name, named in each.scope.members.items():
            members[name] = members.get(name, frozenset()) | named
    return Scope(shapes, members, whole)
