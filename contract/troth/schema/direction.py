"""Schemas as the two directions of an exchange see them: readOnly and writeOnly.

OpenAPI 3.0.4 §4.7.24.2: a readOnly member belongs to answers and a writeOnly one to requests, and
`required` takes effect on its own side only.  JSON Schema, and so OpenAPI 3.1 and 3.2, calls both
annotations (2020-12 validation §9.4) and makes no exception for `required`; who reads such a
document means it all the same, so one reading serves all versions, and `Schema.leaves_open` says
which requests a server may refuse nonetheless.

A member has a direction where its own schema says so, or one that holds wherever that does (a
`$ref`, a branch of `allOf`, the one beside null in a union).  What is required of it may be written
elsewhere: in a schema that applies the declaring one in place, or beside it.  What stands under
`not` and `if` is left alone, since there less would mean more.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from troth import pointer as pointers
from troth.schema.applicators import APPLICATORS, IN_PLACE, applying
from troth.schema.dialect import Edited, Prepared

Direction = Literal["request", "response"]

#: What does not travel in each direction.
ONE_WAY: Mapping[Direction, str] = {"request": "readOnly", "response": "writeOnly"}

#: What has a `oneOf` whose branches were told apart by members that do not travel.
WAIVED = "x-troth-waived"

_MEMBERS = ("properties", "patternProperties")
# What holds of an instance wherever its schema does, or under a condition that may be met.
_TOGETHER = ("allOf", "then", "else", "dependentSchemas")
_POSITIVE = (*_TOGETHER, "anyOf", "oneOf")
# A union of a schema and null, which is the schema where there is a value.
_OR_NULL = "or null"


def toward(prepared: Prepared, direction: Direction, *, forbids: bool) -> Prepared:
    """*prepared* as messages in *direction* are held to it: itself where nothing differs.

    What does not travel need not be there; with *forbids*, it may not.
    """
    marked = prepared.one_way.get(ONE_WAY[direction])
    if not marked:
        return prepared
    members = _Members(prepared, marked)
    edited = Edited(prepared.root)
    for owner, at in members.declared():
        members.release(owner, at, edited, forbids=forbids)
    return prepared if edited.root is prepared.root else replace(prepared, root=edited.root)


class _Members:
    """The members of one direction: which schemas declare them, and which ask for them."""

    def __init__(self, prepared: Prepared, marked: Iterable[str]) -> None:
        self._root = prepared.root
        self._referrers = prepared.referrers
        self._targets = sorted(prepared.referrers)
        self._known = frozenset(prepared.pointers)
        # what tells which schema is meant is sent, whatever else is said of it
        self._telling = frozenset(
            pointers.resolve(prepared.root, at)["discriminator"]["propertyName"]
            for at in prepared.discriminating
        )
        self._hidden = frozenset(self._above(marked, ("allOf", _OR_NULL)))

    def declared(self) -> Iterator[tuple[str, str]]:
        """The pointers of what declares such a member, each after that of its owner."""
        for at in sorted(self._hidden):
            owner, _, word = at.rpartition("/")
            if word != "additionalProperties" or owner not in self._known:
                owner, _, word = owner.rpartition("/")
                if word not in _MEMBERS or owner not in self._known:
                    continue
            if not self._is_denied(owner):
                yield owner, at

    def release(self, owner: str, at: str, edited: Edited, *, forbids: bool) -> None:
        """Ask no more for the member that *owner* declares at *at*; forbid it, perhaps."""
        needed = self._waive(owner, at, edited) or pointers.split(at)[-1] in self._telling
        if forbids and not needed:
            self._close(at, edited)
            self._strip(owner, at, edited)

    def _waive(self, owner: str, at: str, edited: Edited) -> bool:
        """Whether the member declared at *at* is needed nonetheless; else it is no more."""
        schema = pointers.resolve(self._root, owner)
        *_, last = pointers.split(at)
        is_rest = at == f"{owner}/additionalProperties"
        declared = schema.get("properties")
        needed = is_waived = False
        holding = self._above([owner], _POSITIVE)
        for above in holding:
            for part, written in self._beside(above, owner):
                names = {
                    name
                    for name in _asked(written)
                    if (name not in (declared or ()) if is_rest else name == last)
                }
                for name in names:
                    if self._is_plain(part, written, name) and not self._applies(part, owner):
                        needed = True
                    else:
                        _release(edited.node(part), name)
                        is_waived = True
        for union, word in filter(None, map(self._holder, holding if is_waived else ())):
            if word == "oneOf":
                edited.node(union)[WAIVED] = True
        return needed

    def _is_plain(self, part: str, written: Mapping[str, Any], name: str) -> bool:
        declared = written.get("properties")
        return (
            isinstance(declared, dict)
            and name in declared
            and pointers.join(part, "properties", name) not in self._hidden
        )

    def _applies(self, part: str, owner: str) -> bool:
        return any(at == owner for at, _ in self._beside(part, part))

    def _beside(self, above: str, owner: str) -> Iterator[tuple[str, Mapping[str, Any]]]:
        """What holds with the schema at *above*; alternatives only where they are the owner's."""
        keywords = _POSITIVE if above == owner else _TOGETHER
        start = pointers.resolve(self._root, above)
        return applying(self._root, [(above, start)], keywords=keywords)

    def _close(self, at: str, edited: Edited) -> None:
        holder, _, name = at.rpartition("/")
        index = bisect_left(self._targets, at + "/")
        inside = self._targets[index : index + 1]
        if at in self._referrers or (inside and pointers.is_within(inside[0], at)):
            # it is referred to from elsewhere, and has to stay what it is
            node = edited.node(at)
            node["allOf"] = [*node.get("allOf", ()), False]
        else:
            edited.node(holder)[pointers.split(f"/{name}")[0]] = False

    def _strip(self, owner: str, at: str, edited: Edited) -> None:
        """Take the member out of the examples of all that it is a member of."""
        *_, last = pointers.split(at)
        for above in self._above([owner], _POSITIVE):
            schema = pointers.resolve(self._root, above)
            for word in ("example", "default"):
                if isinstance(schema.get(word), dict) and last in schema[word]:
                    edited.node(f"{above}/{word}").pop(last, None)
            listed = schema.get("examples")
            for index, value in enumerate(listed if isinstance(listed, list) else ()):
                if isinstance(value, dict) and last in value:
                    edited.node(f"{above}/examples/{index}").pop(last, None)

    def _above(self, starts: Iterable[str], keywords: Iterable[str]) -> list[str]:
        """*starts* and the schemas that apply them in place, by *keywords* or a reference."""
        words = frozenset(keywords)
        seen = dict.fromkeys(starts)
        waiting = list(seen)
        while waiting:
            at = waiting.pop()
            found = list(self._referrers.get(at, ()))
            holder = self._holder(at)
            if holder is not None and (
                holder[1] in words or (_OR_NULL in words and self._is_else_null(*holder, at))
            ):
                found.append(holder[0])
            for each in found:
                if each not in seen and each in self._known:
                    seen[each] = None
                    waiting.append(each)
        return list(seen)

    def _holder(self, at: str) -> tuple[str, str] | None:
        """The schema that holds the one at *at* in place, and the keyword that does."""
        head, _, word = at.rpartition("/")
        if head in self._known and word in IN_PLACE and APPLICATORS[word].shape == "one":
            return head, word
        head, _, word = head.rpartition("/")
        return (head, word) if head in self._known and word in IN_PLACE else None

    def _is_else_null(self, holder: str, word: str, at: str) -> bool:
        """Whether null is all that the union *word* of *holder* takes beside the schema *at*."""
        if word not in ("anyOf", "oneOf"):
            return False
        branches = pointers.resolve(self._root, f"{holder}/{word}")
        others = [branch for branch in branches if branch is not pointers.resolve(self._root, at)]
        return bool(others) and all(
            isinstance(each, dict) and (each.get("type") == "null" or each.get("enum") == [None])
            for each in others
        )

    def _is_denied(self, at: str) -> bool:
        """Whether the schema at *at* stands under a `not` or an `if`."""
        while at:
            head, _, word = at.rpartition("/")
            if word in ("not", "if") and head in self._known:
                return True
            at = head
        return False


def _asked(schema: Mapping[str, Any]) -> set[str]:
    """The members that *schema* itself asks for, always or beside another."""
    required = schema.get("required")
    asked = {name for name in (required if isinstance(required, list) else ()) if type(name) is str}
    beside = schema.get("dependentRequired")
    for names in beside.values() if isinstance(beside, dict) else ():
        asked.update(name for name in names if type(name) is str)
    return asked


def _release(schema: dict[str, Any], name: str) -> None:
    required = schema.get("required")
    if isinstance(required, list) and name in required:
        schema["required"] = [each for each in required if each != name]
    beside = schema.get("dependentRequired")
    if isinstance(beside, dict):
        schema["dependentRequired"] = {
            each: [other for other in names if other != name] for each, names in beside.items()
        }
