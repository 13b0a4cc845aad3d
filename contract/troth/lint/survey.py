"""What the rules ask about a document: its objects by role, its references, its uses.

A `Survey` is built once for a document and shared by every rule.  The walk follows the structure
that OpenAPI gives a document (`document.grammar`) and never a `$ref`, so each written object is met
once; references are kept as edges.

A description may stand on a property, on a branch of its `oneOf`, or on the target of its `$ref`;
the keyword that says the same may stand in any schema of the same instance.  Where a document
leaves room, the answers here err towards "it is said already", so that a rule stays silent.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from troth import pointer as pointers
from troth.document.document import Document
from troth.document.grammar import children, fits, is_text, is_texts
from troth.errors import Place
from troth.lint.diagnostics import CODES, Diagnostic, Fix, Severity
from troth.schema.applicators import MAY_HOLD, reference
from troth.schema.direction import Direction
from troth.schema.schema import Schemas

T = TypeVar("T", bound=Hashable)

NUMERIC = frozenset({"integer", "number"})
#: Keywords that leave a string few values, or one form.
CLOSED = ("enum", "const", "pattern", "format")

#: What is deeper is not put to the algebra of schemas, which walks that deep on the machine's own
#: stack: ten times what large documents need, and a fifth of what an 8 MB stack takes.
_MOST_DEPTH = 500
#: So many schemas may be walked in all: twice what the largest known document needs, half a minute.
_MOST_WALKED = 600_000


_WELL_FORMED: Mapping[str, Callable[[Any], bool]] = {
    name: fits
    for names, fits in (
        ("$ref description format in name operationId pattern summary title", is_text),
        ("required tags", is_texts),
        (
            "allOf anyOf enum oneOf security x-code-samples x-codeSamples",
            lambda value: isinstance(value, list),
        ),
        (
            "content discriminator patternProperties properties responses",
            lambda value: isinstance(value, dict),
        ),
        ("type", lambda value: is_text(value) or is_texts(value)),
    )
    for name in names.split()
}


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """One object of the document: *edge* is how its parent holds it (`("properties", "stream")`).

    *value* is a mapping, or a boolean where a schema is one.
    """

    role: str
    pointer: str
    value: Any
    parent: Node | None = None
    edge: tuple[str, ...] = ()

    def __getitem__(self, name: str) -> Any:
        """Read one member; None when it is absent, or not of the type that it has to be.

        That a keyword is malformed is for one rule to say, and for the others to survive.
        """
        value = self.value.get(name) if isinstance(self.value, dict) else None
        fits = _WELL_FORMED.get(name)
        return value if fits is None or fits(value) else None

    @property
    def description(self) -> str:
        """Its description, on one line."""
        return " ".join((self["description"] or "").split())

    @property
    def name(self) -> str:
        """The last token of the pointer: a property's, a component's, a media type's name."""
        return pointers.split(self.pointer)[-1] if self.pointer else ""

    @property
    def reference(self) -> str | None:
        """The pointer that its `$ref` names, when it has one into this document."""
        return reference(self.value)

    @property
    def named_types(self) -> tuple[str, ...]:
        """The JSON types that its own `type` names."""
        named = self["type"]
        return (named,) if isinstance(named, str) else tuple(named or ())

    @property
    def is_property(self) -> bool:
        """Whether it is the schema of a declared member."""
        return self.role == "schema" and self.edge[:1] == ("properties",)

    @property
    def ancestors(self) -> Iterator[Node]:
        """It, its parent, and so on up to the document."""
        node: Node | None = self
        while node is not None:
            yield node
            node = node.parent

    @property
    def enclosing(self) -> list[Node]:
        """It and the schemas around it, outwards; nothing when it is no schema."""
        return [node for node in self.ancestors if node.role == "schema"]

    @property
    def member(self) -> Member | None:
        """The property that it, or a schema around it on the same instance, declares."""
        for node in self.enclosing:
            if node.is_property and node.parent is not None:
                return Member(node.parent, node.name, node)
            if node.edge[0] not in MAY_HOLD:
                break
        return None


@dataclass(frozen=True, slots=True, eq=False)
class Member:
    """A declared property: the object that declares it, its name, and its schema."""

    owner: Node
    name: str
    schema: Node


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """An operation that reaches a node, and in which direction."""

    operation: str
    direction: Direction


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """One document, walked: *nodes* in its order, what their `$ref`s name, and their *uses*.

    A family is the set of schemas that look at the same instance: an `allOf` and its parts, a
    `$ref` and its target.  It is generous (two schemas that extend one base are of one family),
    so rules use it to be silent, never to accuse.
    """

    document: Document
    schemas: Schemas
    nodes: tuple[Node, ...]
    by_pointer: Mapping[str, Node]
    targets: Mapping[Node, Node]
    referrers: Mapping[Node, list[Node]]
    families: Mapping[Node, tuple[Node, ...]]
    provable: frozenset[str]
    _roles: Mapping[str, list[Node]]
    _uses: _Uses

    @property
    def is_3_0(self) -> bool:
        """Whether the document is of OpenAPI 3.0, whose schemas lack `const`, `if` and more."""
        return self.document.openapi.startswith("3.0")

    def diagnose(
        self,
        code: str,
        at: Node | str,
        message: str,
        *fix: Fix,
        merge: Any = None,
        severity: Severity | None = None,
    ) -> Diagnostic:
        """Make the diagnostic *code* at a node or pointer; its *severity* is the code's.

        What would mend it is *fix*, or what to *merge* into that very node.
        """
        pointer = at if isinstance(at, str) else at.pointer
        place = self.document.place(pointer) or Place(self.document.file, 1)
        if merge:
            fix = (*fix, Fix("merge", pointer, merge))
        return Diagnostic(severity or CODES[code], code, message, pointer, place, fix)

    # -- from node to node

    def of(self, *roles: str) -> Iterator[Node]:
        """Every node with one of *roles*."""
        for role in roles:
            yield from self._roles.get(role, ())

    def child(self, node: Node, *edge: str) -> Node | None:
        """The node that *node* holds at *edge*."""
        return self.by_pointer.get(pointers.join(node.pointer, *edge))

    def children(self, node: Node | None, member: str) -> Iterator[Node]:
        """The nodes that *node* holds under *member*: a schema's properties, an allOf's parts."""
        if node is None:
            return
        value = node[member]
        keys: Iterable[Any] = range(len(value)) if isinstance(value, list) else ()
        for key in value if isinstance(value, dict) else keys:
            child = self.by_pointer.get(pointers.join(node.pointer, member, key))
            if child is not None:
                yield child

    def referred(self, node: Node) -> list[Node]:
        """What the `$ref` of *node* names: one node, or none."""
        return [self.targets[node]] if node in self.targets else []

    def resolve(self, node: Node | None) -> Node | None:
        """Follow the `$ref` of *node* to what it names; None when that is not in the document."""
        *_, last = (None, *closure(filter(None, [node]), self.referred))
        return last if last is not None and last.reference is None else None

    def conjuncts(self, node: Node | None) -> Iterator[Node]:
        """*node* and every schema that its instances must satisfy too: `$ref`, `allOf`."""
        return closure(
            filter(None, [node]), lambda part: [*self.referred(part), *self.children(part, "allOf")]
        )

    def in_place(self, node: Node | None) -> Iterator[Node]:
        """*node* and all schemas below it that look at the same instance."""
        return closure(filter(None, [node]), self._applied)

    def _applied(self, node: Node) -> Iterator[Node]:
        yield from self.referred(node)
        for keyword in MAY_HOLD:
            if isinstance(node.value, dict) and keyword in node.value:
                held = self.child(node, keyword)
                yield from [held] if held else self.children(node, keyword)

    def family(self, node: Node) -> tuple[Node, ...]:
        """The schemas that may describe the same instance as *node*, itself among them."""
        return self.families.get(node, (node,))

    def constraints(self, node: Node) -> Iterator[Node]:
        """All schemas that may constrain the instance that *node* describes.

        A property is also looked up in the other schemas of its object: a part of an `allOf` may
        constrain what another part describes.
        """
        yield from self.in_place(node)
        if (member := node.member) is not None:
            for relative in self.family(member.owner):
                yield from self.in_place(self.child(relative, "properties", member.name))

    # -- what schemas say

    def types(self, node: Node) -> set[str]:
        """The JSON types that *node* names, itself or through what it refers to."""
        types: set[str] = set()
        for part in self.in_place(node):
            types.update(part.named_types)
            if part["nullable"] is True:
                types.add("null")
        return types

    def is_numeric(self, node: Node) -> bool:
        """Whether *node* names types of numbers only (or null)."""
        named = self.types(node) - {"null"}
        return bool(named) and named <= NUMERIC

    def says(self, node: Node, *keywords: str) -> bool:
        """Whether any schema of the instance that *node* describes has one of *keywords*."""
        return any(
            part[keyword] is not None for part in self.constraints(node) for keyword in keywords
        )

    def exactly(self, value: Any) -> dict[str, Any]:
        """The keyword that allows *value* only: `const` came with OpenAPI 3.1."""
        return {"enum": [value]} if self.is_3_0 else {"const": value}

    def declared(self, node: Node) -> set[str]:
        """The members that *node* or any schema of its family declares."""
        return {name for relative in self.family(node) for name in relative["properties"] or ()}

    def is_conditional(self, owner: Node, *names: str) -> bool:
        """Whether a condition or law of the object *owner* speaks of all of *names*."""
        for relative in self.family(owner):
            # alternatives that each ask for other members are a condition in another form
            conditions = [*(relative["oneOf"] or ()), *(relative["anyOf"] or ())]
            # `then` and `else` say what the `if` asks for
            conditions += [
                [relative[keyword], relative["then"], relative["else"]]
                for keyword in ("if", "dependentRequired", "dependentSchemas", "dependencies")
                if relative[keyword] is not None
            ]
            if any(_words(each).issuperset(names) for each in conditions):
                return True
        return self.has_law(owner, *names)

    def has_law(self, owner: Node, *names: str) -> bool:
        """Whether a law of an operation that uses *owner* speaks of all of *names*."""
        for use in self.uses(owner):
            laws = self.by_pointer[use.operation]["x-troth-laws"]
            for text in map(json.dumps, laws if isinstance(laws, list) else ()):
                if all(name in text for name in names):
                    return True
        return False

    def is_provable(self, node: Node) -> bool:
        """Whether the schema algebra can walk *node*: it may nest too deep, or lead too far."""
        return node.enclosing[-1].pointer in self.provable

    # -- what is described, and who uses it

    def described(self) -> Iterator[Node]:
        """Every schema that has a description of its own."""
        for node in self.of("schema"):
            if node.description and not self.is_ignored(node):
                yield node

    def readings(self) -> Iterator[tuple[str, Node]]:
        """Every description of a value, and the schema of that value."""
        for node in self.described():
            yield node["description"], node
        for parameter in self.of("parameter", "header"):
            schema = self.child(parameter, "schema")
            if parameter.description and schema is not None and not self.is_ignored(schema):
                yield parameter["description"], schema

    def is_ignored(self, node: Node) -> bool:
        """Whether what stands beside the `$ref` of *node* is ignored (OpenAPI 3.0.4 §4.7.23.2)."""
        return self.is_3_0 and node.reference is not None

    def uses(self, node: Node) -> frozenset[Use]:
        """The operations that reach *node*, each with the direction in which it does."""
        return self._uses.of(node)

    def used_in(self, node: Node, direction: Direction) -> bool:
        """Whether any operation reaches *node* in *direction*."""
        return self._uses.any(node, direction)

    def successes(self, operation: Node) -> Iterator[Node]:
        """The responses of the 2xx class that *operation* declares."""
        for answer in self.children(operation, "responses"):
            resolved = self.resolve(answer) if answer.name.startswith("2") else None
            if resolved is not None:
                yield resolved

    def bodies(self, holder: Node | None) -> Iterator[tuple[str, Node]]:
        """The media types that *holder*, a request body or response, has a schema for."""
        for content in self.children(holder, "content"):
            schema = self.child(content, "schema")
            if schema is not None:
                yield content.name, schema


def survey_of(document: Document) -> Survey:
    """Walk *document* once."""
    nodes = tuple(_walk(document.root))
    by_pointer = {node.pointer: node for node in nodes}
    targets = {node: by_pointer[at] for node in nodes if (at := node.reference) in by_pointer}
    roles: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        roles[node.role].append(node)
    referrers: dict[Node, list[Node]] = defaultdict(list)
    for node, target in targets.items():
        referrers[target].append(node)
    schemas = Schemas(document)
    return Survey(
        document=document,
        schemas=schemas,
        nodes=nodes,
        by_pointer=by_pointer,
        targets=targets,
        referrers=referrers,
        families=_families(roles["schema"], targets),
        provable=_provable(schemas),
        _roles=roles,
        _uses=_Uses(nodes, targets),
    )


def _walk(root: Mapping[str, Any]) -> Iterator[Node]:
    """Meet every object of the document once, parents first, in the order of the document."""
    pending = [Node("openapi", "", root)]
    while pending:
        node = pending.pop()
        yield node
        pending.extend(reversed(list(_held(node))))


def _held(node: Node) -> Iterator[Node]:
    if not isinstance(node.value, dict):
        return
    depth = len(node.pointer)
    for value, pointer, role, _ in children(node.value, node.pointer, node.role):
        # what stands beside a `$ref` is read by nobody, and may be anything
        if fits(value, role):
            yield Node(role, pointer, value, node, pointers.split(pointer[depth:]))


def closure(start: Iterable[T], step: Callable[[T], Iterable[T]]) -> Iterator[T]:
    """What *start* and any number of *step*s lead to, each once, depth first."""
    seen: set[T] = set()
    pending = list(start)
    while pending:
        here = pending.pop()
        if here not in seen:
            seen.add(here)
            yield here
            pending.extend(step(here))


class _Uses:
    """Which operations reach each node: through parameters and body, or through responses.

    Sets are bits of a number until somebody asks: many operations share many nodes.
    """

    def __init__(self, nodes: Iterable[Node], targets: Mapping[Node, Node]) -> None:
        operations = [node for node in nodes if node.role == "operation"]
        directions: tuple[Direction, ...] = ("request", "response")
        self._uses = [Use(each.pointer, way) for each in operations for way in directions]
        self._bits = _reached(nodes, targets, _starts(nodes, operations))
        self._sets: dict[int, frozenset[Use]] = {}
        self._ways = {
            way: sum(1 << bit for bit in range(offset, len(self._uses), 2))
            for offset, way in enumerate(directions)
        }

    def of(self, node: Node) -> frozenset[Use]:
        bits = self._bits.get(node, 0)
        if bits not in self._sets:
            written = reversed(f"{bits:b}")
            uses = (use for use, bit in zip(self._uses, written, strict=False) if bit == "1")
            self._sets[bits] = frozenset(uses)
        return self._sets[bits]

    def any(self, node: Node, direction: Direction) -> bool:
        return bool(self._bits.get(node, 0) & self._ways[direction])


def _starts(nodes: Iterable[Node], operations: Iterable[Node]) -> dict[Node, int]:
    """What operations hold themselves, or inherit, with the bits of their two uses."""
    requests = {node: 1 << 2 * index for index, node in enumerate(operations)}
    inheriting: dict[Node, int] = defaultdict(int)
    for operation, bit in requests.items():
        if operation.parent is not None:
            inheriting[operation.parent] |= bit
    starts: dict[Node, int] = {}
    for node in nodes:
        if node.parent in requests and node.edge[0] != "callbacks":
            bit = requests[node.parent]
            starts[node] = bit << 1 if node.edge[0] == "responses" else bit
        elif node.parent in inheriting and node.edge[0] == "parameters":
            starts[node] = inheriting[node.parent]
    return starts


def _reached(
    nodes: Iterable[Node], targets: Mapping[Node, Node], starts: Mapping[Node, int]
) -> dict[Node, int]:
    """The bits of all *starts* that lead to each node, by what it holds and refers to."""
    bits = defaultdict(int, starts)
    heads = starts.keys() | set(targets.values())
    # between heads, a node is reached by whom the one above it is
    head: dict[Node | None, Node | None] = {None: None}
    edges: dict[Node, list[Node]] = {each: [] for each in heads}
    for node in nodes:
        above = head[node.parent]
        head[node] = node if node in heads else above
        if node in heads and above is not None:
            edges[above].append(node)
    for node, target in targets.items():
        if (start := head[node]) is not None:
            edges[start].append(target)
    for component in reversed(list(_components(edges))):
        together = 0
        for each in component:
            together |= bits[each]
        for each in component:
            bits[each] = together
            for to in edges[each]:
                bits[to] |= together
    return {node: bits[top] for node in nodes if (top := head[node]) is not None}


def _families(schemas: list[Node], targets: Mapping[Node, Node]) -> dict[Node, tuple[Node, ...]]:
    """The connected components of the edges that stay on one instance."""
    beside: dict[Node, list[Node]] = defaultdict(list)
    for node in schemas:
        around = node.parent if node.edge[0] in MAY_HOLD else None
        for other in filter(None, (targets.get(node), around)):
            beside[node].append(other)
            beside[other].append(node)
    families: dict[Node, tuple[Node, ...]] = {}
    for node in schemas:
        if node not in families:
            group = closure([node], lambda each: beside.get(each, ()))
            family = tuple(each for each in group if each.role == "schema")
            families.update(dict.fromkeys(family, family))
    return families


def _provable(schemas: Schemas) -> frozenset[str]:
    """The schemas that stand in no other one and are not too much for the algebra.

    It recurses, so that depth is bounded when references are followed; and it walks all that a
    schema leads to, so that their sum is bounded, and the first schemas of the document come first.
    """
    levels = dict.fromkeys(schemas.engine.outermost, 0)
    known = frozenset(schemas)
    tops: dict[str, str] = {}
    for pointer in schemas:
        at, level = pointer, 1
        while at not in levels:
            at = at.rpartition("/")[0]
            level += at in known
        tops[pointer] = at
        levels[at] = max(levels[at], level)
    edges: dict[str, list[str]] = {at: [] for at in levels}
    for target, users in schemas.prepared.referrers.items():
        for user in users:
            if user in tops and target in tops:
                edges[tops[user]].append(tops[target])
    depths: dict[str, int] = {}
    led_to = {at: 1 << index for index, at in enumerate(levels)}
    for component in _components(edges):
        ahead = {to for each in component for to in edges[each]}
        # through a cycle a walk can visit every member once
        whole = max((depths.get(to, 0) for to in ahead), default=0)
        depths.update(dict.fromkeys(component, whole + sum(levels[each] for each in component)))
        bits = 0
        for each in (*component, *ahead):
            bits |= led_to[each]
        led_to.update(dict.fromkeys(component, bits))
    left = _MOST_WALKED
    provable: set[str] = set()
    for at in sorted(levels):
        steps = led_to[at].bit_count()
        if depths[at] <= _MOST_DEPTH and steps <= left:
            left -= steps
            provable.add(at)
    return frozenset(provable)


def _components(edges: Mapping[T, list[T]]) -> Iterator[list[T]]:
    """The strongly connected components, each after those that it leads to (Kosaraju)."""
    against: dict[T, list[T]] = defaultdict(list)
    for here, ahead in edges.items():
        for there in ahead:
            against[there].append(here)
    left: dict[T, None] = {}  # in the order in which a search against the edges leaves them
    entered: set[T] = set()
    for start in edges:
        pending = [(start, False)]
        while pending:
            here, done = pending.pop()
            if done:
                left[here] = None
            elif here not in entered:
                entered.add(here)
                pending.append((here, True))
                pending += [(there, False) for there in against[here]]
    placed: set[T] = set()
    for start in reversed(left):
        if start not in placed:
            component = list(
                closure([start], lambda each: [to for to in edges[each] if to not in placed])
            )
            placed.update(component)
            yield component


def _words(value: Any) -> set[str]:
    """Every key and string of *value*."""
    parts = list(pointers.parts(value))
    words = {part for part in parts if isinstance(part, str)}
    return words.union(*(part for part in parts if isinstance(part, dict)))
