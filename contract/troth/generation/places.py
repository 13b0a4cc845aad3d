"""Where the schemas of a root stand, found out as they are met: a large root is not walked for one.

A schema that is drawn of is below one whose pointer is known: the one that was asked for, or one
that a reference led to.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any

from troth import pointer
from troth.generation.shape import Subschema
from troth.generation.source import Unsatisfiable


class Places:
    """The places of the schemas of *root*: their pointers, and what references lead to."""

    def __init__(self, root: Any) -> None:
        self._root = root
        self._targets: dict[str, Subschema] = {}
        self._anchors: dict[str, Subschema] | None = None
        # by identity, and the nodes below which nobody has looked yet
        self.known: dict[int, str] = {}
        self._noted: list[tuple[Subschema, str]] = []
        self._is_walked = False

    def note(self, node: Subschema, at: str) -> None:
        """Tell that *node* stands at the pointer *at*."""
        if id(node) not in self.known:
            self._noted.append((node, at))

    def pointer_of(self, node: Subschema) -> str | None:
        """The pointer of *node* in the root; None where it stands nowhere there."""
        while id(node) not in self.known and self._noted:
            self._walk(*self._noted.pop())
        if id(node) not in self.known and not self._is_walked:
            self._is_walked = True
            self._walk(self._root, "")
        return self.known.get(id(node))

    def _walk(self, top: Any, at: str) -> None:
        for each, where in _pointers(top, at):
            self.known.setdefault(each, where)

    def target(self, reference: str) -> Subschema:
        """The schema that *reference* names inside the root.  Raises Unsatisfiable."""
        if reference not in self._targets:
            self._targets[reference] = self._follow(reference)
        return self._targets[reference]

    def _follow(self, reference: str) -> Subschema:
        base, _, fragment = reference.partition("#")
        is_pointer = not fragment or fragment.startswith("/")
        if not base and is_pointer:
            # as all references of a document are: nothing else has to be known of it
            with suppress(KeyError, ValueError):
                at = pointer.from_fragment(fragment)
                found = pointer.resolve(self._root, at)
                self.note(found, at)
                return found
        if self._anchors is None:
            self._anchors = dict(_anchors(self._root))
        target = self._anchors.get(base) if base else self._root
        if target is not None and is_pointer:
            with suppress(KeyError, ValueError):
                return pointer.resolve(target, pointer.from_fragment(fragment))
        anchored = self._anchors.get(reference if base else "#" + fragment)
        if anchored is None:
            raise Unsatisfiable(f"the reference {reference!r} leads nowhere in this schema")
        return anchored


def _pointers(top: Any, at: str) -> Iterator[tuple[int, str]]:
    # no pointer is written for a scalar
    waiting = [(at, top)] if isinstance(top, (dict, list)) else []
    while waiting:
        here, node = waiting.pop()
        if isinstance(node, dict):
            yield id(node), here
        children = node.items() if isinstance(node, dict) else enumerate(node)
        for key, child in children:
            if isinstance(child, (dict, list)):
                waiting.append((pointer.join(here, key), child))


def _anchors(root: Any) -> Iterator[tuple[str, Subschema]]:
    for node in pointer.parts(root):
        if isinstance(node, dict):
            for word in ("$anchor", "$dynamicAnchor"):
                if isinstance(node.get(word), str):
                    yield "#" + node[word], node
            if isinstance(node.get("$id"), str):
                yield node["$id"], node
