"""How deep schemas nest when their references are followed, each once.

The schema algebra walks that deep on the machine's own stack, which ends without an exception.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from troth.lint.walk import Node

#: What is deeper is not put to the algebra: ten times what large documents need, and a fifth of
#: what an 8 MB stack takes.
MOST = 500


@dataclass(slots=True)
class _Search:
    """Tarjan's search for strongly connected components, without recursion."""

    edges: Mapping[str, Sequence[str]]
    levels: Mapping[str, int]
    #: For each schema whose component is known: the depth below its start, itself included.
    depth: dict[str, int] = field(default_factory=dict)
    index: dict[str, int] = field(default_factory=dict)
    low: dict[str, int] = field(default_factory=dict)
    stack: list[str] = field(default_factory=list)

    def run(self, root: str) -> None:
        work: list[tuple[str, Iterator[str]]] = [self._enter(root)]
        while work:
            here, ahead = work[-1]
            for there in ahead:
                if there not in self.index:
                    work.append(self._enter(there))
                    break
                if there not in self.depth:
                    self.low[here] = min(self.low[here], self.index[there])
            else:
                work.pop()
                if work:
                    above = work[-1][0]
                    self.low[above] = min(self.low[above], self.low[here])
                if self.low[here] == self.index[here]:
                    self._close(here)

    def _enter(self, pointer: str) -> tuple[str, Iterator[str]]:
        self.index[pointer] = self.low[pointer] = len(self.index)
        self.stack.append(pointer)
        return pointer, iter(self.edges[pointer])

    def _close(self, first: str) -> None:
        start = self.stack.index(first) if self.stack[-1] != first else len(self.stack) - 1
        members = self.stack[start:]
        del self.stack[start:]
        below = max(
            (self.depth.get(to, 0) for each in members for to in self.edges[each]), default=0
        )
        # through a cycle a walk can visit every member once
        whole = below + sum(self.levels[each] for each in members)
        for each in members:
            self.depth[each] = whole


def reference_depths(nodes: Sequence[Node], by_pointer: Mapping[str, Node]) -> dict[str, int]:
    """Bound the depth of each schema that stands in no other, by pointer."""
    outer: dict[str, str] = {}
    level: dict[str, int] = {}
    levels: dict[str, int] = {}
    references: dict[str, list[str]] = {}
    for node in nodes:
        if node.role != "schema":
            continue
        inside = node.parent if node.parent is not None and node.parent.role == "schema" else None
        whole = outer[node.pointer] = outer[inside.pointer] if inside else node.pointer
        level[node.pointer] = level[inside.pointer] + 1 if inside else 1
        levels[whole] = max(levels.get(whole, 0), level[node.pointer])
        references.setdefault(whole, [])
        if node.reference is not None and node.reference in by_pointer:
            references[whole].append(node.reference)
    edges = {
        whole: [outer[target] for target in targets if target in outer]
        for whole, targets in references.items()
    }
    search = _Search(edges, levels)
    for whole in edges:
        if whole not in search.index:
            search.run(whole)
    return search.depth
