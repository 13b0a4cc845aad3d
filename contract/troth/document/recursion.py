"""Cycles of references that never get anywhere."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from troth.document.spec_errors import UnproductiveCycle
from troth.errors import Place


def refuse_cycles(edges: Mapping[str, Sequence[str]], place: Callable[[str], Place | None]) -> None:
    """Raise UnproductiveCycle if *edges* lead from any pointer back to itself.

    An edge joins two objects that describe the same value: a reference and its target, a schema
    and a branch of its `allOf`.  JSON Schema 2020-12 §9.4.1 forbids a loop of these alone; a loop
    through a member or an item is recursion, and fine.
    """
    done: set[str] = set()
    for start in edges:
        if start in done:
            continue
        path = [start]
        on_path = {start}
        ahead = [iter(edges[start])]
        while ahead:
            following = next(ahead[-1], None)
            if following is None:
                ahead.pop()
                done.add(path[-1])
                on_path.discard(path.pop())
            elif following in on_path:
                chain = (*path[path.index(following) :], following)
                raise UnproductiveCycle(chain, place=place(chain[0]))
            elif following in edges and following not in done:
                path.append(following)
                on_path.add(following)
                ahead.append(iter(edges[following]))
