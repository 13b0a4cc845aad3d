"""What the rules ask about a document: its nodes by role, its references, its uses.

A `Survey` is built once for a document and shared by every rule.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from troth import pointer as pointers
from troth.document.document import Document
from troth.errors import Place
from troth.lint.depths import MOST, reference_depths
from troth.lint.findings import CODES, Finding, Fix
from troth.lint.walk import IN_PLACE, Node, walk
from troth.schema.schema import Schemas

Direction = Literal["request", "response"]


@dataclass(frozen=True, slots=True, order=True)
class Use:
    """An operation that reaches a node, and in which direction."""

    operation: str
    direction: Direction


@dataclass(frozen=True, slots=True, eq=False)
class Survey:
    """One document, walked: *nodes* in its order, *uses* by pointer, *families* of schemas.

    A family is the set of schemas that look at the same instance: an `allOf` and its parts, a
    `$ref` and its target.  It is generous (two schemas that extend one base are of one family),
    so rules use it to be silent, never to accuse.
    """

    document: Document
    schemas: Schemas
    nodes: tuple[Node, ...]
    by_pointer: Mapping[str, Node]
    uses: Mapping[str, frozenset[Use]]
    families: Mapping[str, tuple[Node, ...]]
    referrers: Mapping[str, tuple[Node, ...]]
    depths: Mapping[str, int]
    _roles: Mapping[str, tuple[Node, ...]] = field(default_factory=dict)

    def of(self, *roles: str) -> Iterator[Node]:
        """Every node with one of *roles*."""
        for role in roles:
            yield from self._roles.get(role, ())

    def resolve(self, node: Node) -> Node | None:
        """Follow the `$ref` of *node* to what it names; None when that is not in the document."""
        met = set()
        while node.reference is not None:
            if node.pointer in met:
                return None
            met.add(node.pointer)
            target = self.by_pointer.get(node.reference)
            if target is None:
                return None
            node = target
        return node

    def referred(self, node: Node) -> tuple[Node, ...]:
        """What the `$ref` of *node* names: one node, or none."""
        target = self.by_pointer.get(node.reference) if node.reference is not None else None
        return () if target is None else (target,)

    def child(self, node: Node, *edge: str) -> Node | None:
        """The node that *node* holds at *edge*."""
        return self.by_pointer.get(pointers.join(node.pointer, *edge))

    def children(self, node: Node, member: str) -> Iterator[Node]:
        """The nodes that *node* holds under *member*: a schema's properties, an allOf's parts."""
        value = node[member]
        if isinstance(value, dict):
            keys: Iterator[str] = iter(value)
        elif isinstance(value, list):
            keys = map(str, range(len(value)))
        else:
            return
        for key in keys:
            found = self.child(node, member, key)
            if found is not None:
                yield found

    def conjuncts(self, node: Node) -> Iterator[Node]:
        """*node* and every schema that its instances must satisfy too: `$ref`, `allOf`."""
        met: set[str] = set()
        pending = [node]
        while pending:
            part = pending.pop()
            if part.pointer in met:
                continue
            met.add(part.pointer)
            yield part
            pending.extend(self.referred(part))
            pending.extend(self.children(part, "allOf"))

    def family(self, node: Node) -> tuple[Node, ...]:
        """The schemas that may describe the same instance as *node*, itself among them."""
        return self.families.get(node.pointer, (node,))

    def declared(self, node: Node) -> set[str]:
        """The members that *node* or any schema of its family declares."""
        names: set[str] = set()
        for relative in self.family(node):
            if isinstance(relative["properties"], dict):
                names.update(relative["properties"])
        return names

    def provable(self, node: Node) -> bool:
        """Whether the schema algebra can walk *node*: it may nest too deep for that."""
        while node.parent is not None and node.parent.role == "schema":
            node = node.parent
        return self.depths.get(node.pointer, 0) <= MOST

    def exactly(self, value: Any) -> dict[str, Any]:
        """The keyword that allows *value* only: `const` came with OpenAPI 3.1."""
        return {"enum": [value]} if self.is_3_0 else {"const": value}

    @property
    def is_3_0(self) -> bool:
        """Whether the document is of OpenAPI 3.0, whose schemas lack `const`, `if` and more."""
        return self.document.openapi.startswith("3.0")

    def used_in(self, node: Node, direction: Direction) -> bool:
        """Whether any operation reaches *node* in *direction*."""
        return any(use.direction == direction for use in self.uses.get(node.pointer, ()))

    def finding(self, code: str, at: Node | str, message: str, *fix: Fix) -> Finding:
        """Make the finding *code* at a node or pointer; its severity is the code's."""
        pointer = at if isinstance(at, str) else at.pointer
        place = self.document.place(pointer) or Place(self.document.file, 1)
        return Finding(CODES[code], code, message, pointer, place, tuple(fix))


def surveyed(document: Document) -> Survey:
    """Walk *document* once."""
    nodes = tuple(walk(document.root))
    by_pointer = {node.pointer: node for node in nodes}
    roles: dict[str, list[Node]] = defaultdict(list)
    below: dict[str, list[str]] = defaultdict(list)
    referrers: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        roles[node.role].append(node)
        if node.parent is not None:
            below[node.parent.pointer].append(node.pointer)
        if node.reference is not None and node.reference in by_pointer:
            below[node.pointer].append(node.reference)
            referrers[node.reference].append(node)
    return Survey(
        document=document,
        schemas=Schemas(document),
        nodes=nodes,
        by_pointer=by_pointer,
        uses=_uses(by_pointer, below, roles["operation"]),
        families=_families(nodes, by_pointer),
        depths=reference_depths(nodes, by_pointer),
        referrers={pointer: tuple(users) for pointer, users in referrers.items()},
        _roles={role: tuple(members) for role, members in roles.items()},
    )


def _uses(
    by_pointer: Mapping[str, Node], below: Mapping[str, list[str]], operations: list[Node]
) -> dict[str, frozenset[Use]]:
    """Which operations reach each node: through parameters and body, or through responses."""
    found: dict[str, set[Use]] = defaultdict(set)
    for operation in operations:
        starts: dict[Direction, list[str]] = {"request": [], "response": []}
        for child in below.get(operation.pointer, ()):
            edge = by_pointer[child].edge[0]
            if edge not in ("callbacks", "$ref"):
                starts["response" if edge == "responses" else "request"].append(child)
        if operation.parent is not None:
            inherited = below.get(operation.parent.pointer, ())
            starts["request"] += [c for c in inherited if by_pointer[c].edge[0] == "parameters"]
        for direction, pending in starts.items():
            use = Use(operation.pointer, direction)
            while pending:
                pointer = pending.pop()
                if use not in found[pointer]:
                    found[pointer].add(use)
                    pending.extend(below.get(pointer, ()))
    return {pointer: frozenset(uses) for pointer, uses in found.items()}


def _families(
    nodes: tuple[Node, ...], by_pointer: Mapping[str, Node]
) -> dict[str, tuple[Node, ...]]:
    """The connected components of the edges that stay on one instance."""
    leader: dict[str, str] = {}

    def find(pointer: str) -> str:
        while (above := leader.get(pointer, pointer)) != pointer:
            leader[pointer] = leader.get(above, above)
            pointer = above
        return pointer

    for node in nodes:
        if node.role != "schema":
            continue
        if node.reference is not None and node.reference in by_pointer:
            leader[find(node.pointer)] = find(node.reference)
        if node.parent is not None and node.parent.role == "schema" and node.edge[0] in IN_PLACE:
            leader[find(node.pointer)] = find(node.parent.pointer)
    members: dict[str, list[Node]] = defaultdict(list)
    for node in nodes:
        if node.role == "schema":
            members[find(node.pointer)].append(node)
    return {node.pointer: tuple(group) for group in members.values() for node in group}


def text_of(value: Any) -> str:
    """Write a value as JSON for a message, short and on one line."""
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 120 else text[:117] + "..."
