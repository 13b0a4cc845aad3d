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
from troth.document.document import Document, Node
from troth.errors import Place, nearest
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
    for law in _nodes(raw, pointer, document):
        if "before" not in law.value or "repeats" in law.value:
            fault = "a law here is between two operations, `before` and `after`"
            raise document.fault(fault, law.pointer)
        before, after = (_end(law, word, operations) for word in ("before", "after"))
        yield _law_between(law, before, after)


def _end(law: Node, word: str, operations: Mapping[str, tuple[str, str]]) -> tuple[str, str]:
    name = law.value[word]
    if name in operations:
        return operations[name]
    close = nearest(name, tuple(operations))
    advice = f"Did you mean {close!r}?" if close else ""
    raise law.document.fault(f"no operation here is called {name!r}", law.at(word), advice=advice)


def _law_between(law: Node, before: tuple[str, str], after: tuple[str, str]) -> Law:
    root = law.document.root
    earlier, shapes = shapes_of(root, before[1]), dict(shapes_of(root, after[1]))
    members = {
        name: {"allOf": list(shape.nodes)} for name, shape in earlier.items() if name in _BODIES
    }
    shapes["before"] = Shapes(root).of([{"properties": members}])
    conditions = _conditions(law, Scope(shapes))
    scope = _shared(shapes, filter(None, conditions))
    return _law(law, conditions, scope, before=before[0], after=after[0])


def parse(raw: Any, pointer: str, document: Document) -> tuple[Law, ...]:
    """Read the `x-troth-laws` at *pointer*.  Raises SpecError for the first without a meaning."""
    if not raw:
        return ()
    nodes = _nodes(raw, pointer, document)
    for law in nodes:
        if "before" in law.value:
            fault = "a law between two operations stands at the root or at a path item"
            raise document.fault(fault, law.at("before"))
    declared = Scope(shapes_of(document.root, pointer.removesuffix("/x-troth-laws")))
    read = [_conditions(law, declared) for law in nodes]
    scope = _shared(declared.shapes, (each for pair in read for each in pair if each))
    return tuple(_law(law, pair, scope) for law, pair in zip(nodes, read, strict=True))


def _conditions(law: Node, declared: Scope) -> tuple[Condition | None, Condition]:
    """The conditions `when` and `holds` of *law*."""

    def compiled(part: str) -> Condition:
        where = law.at(part)
        return condition.parse(law.value[part], where, law.document.place(where), scope=declared)

    return compiled("when") if "when" in law.value else None, compiled("holds")


def _law(
    law: Node, conditions: tuple[Condition | None, Condition], scope: Scope, **ends: str
) -> Law:
    when, holds = conditions
    value, repeats = law.value, law.value.get("repeats", False)
    return Law(
        id=value["id"],
        says=value["says"],
        message=value["message"],
        severity=value.get("severity", "error"),
        group=value.get("group", value["id"]),
        when=when,
        holds=holds,
        requests=tuple(value.get("requests", ())),
        pointer=law.pointer,
        place=law.document.place(law.pointer),
        repeats=repeats is not False,
        variation=repeats if isinstance(repeats, Mapping) else None,
        scope=scope,
        **ends,
    )


def _nodes(raw: Any, pointer: str, document: Document) -> list[Node]:
    """The laws at *pointer*, which are of the form of laws."""
    for at, sentence in vocabulary.misfits("x-troth-laws", raw):
        raise document.fault(sentence, pointer + at)
    nodes = [Node(document, law, pointers.join(pointer, index)) for index, law in enumerate(raw)]
    seen: dict[str, str] = {}
    for law in nodes:
        name, where = law.value["id"], law.at("id")
        if name in seen:
            advice = f"The other is at {seen[name]}."
            fault = f"two laws of one operation are called {name!r}"
            raise document.fault(fault, where, advice=advice)
        seen[name] = where
    return nodes


def _shared(shapes: Mapping[str, Shape], conditions: Iterable[Condition]) -> Scope:
    """What any of *conditions* needs."""
    members: dict[str, frozenset[str]] = {}
    whole: frozenset[str] = frozenset()
    for each in conditions:
        whole |= each.scope.whole
        for name, named in each.scope.members.items():
            members[name] = members.get(name, frozenset()) | named
    return Scope(shapes, members, whole)
