"""What a discriminator decides, written as plain JSON Schema into a prepared root.

OpenAPI 3.0.4 §4.7.25: the value of one member names the schema that the instance is held to, by the
`mapping` or by the name of a component.  Each schema so named gets what tells it from the others:
an enumeration of that member.  Then validation, explanation and generation need not know of it:
where branches overlap, only the named one is left, and a value that names none matches none.

- In a `oneOf` or `anyOf` it is the branches that are told apart.
- A schema with a discriminator and no union is the parent of those that extend it by `allOf`.  Who
  refers to it means any of them, so such a reference is held to a union of them all, `SUBTYPES`;
  those that extend it go on with the plain parent.

What is enumerated by the document itself is left alone, except for values that name another schema.
`DRAWN` is what values that we make have beside: the member itself, and an explicit name.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from troth import pointer as pointers
from troth.schema.applicators import IN_PLACE, applying, follow, resolve
from troth.schema.branches import tags

#: The member of a prepared root that holds the unions of subtypes, by the pointer of the parent.
SUBTYPES = "x-troth-subtypes"
#: A schema of values that are drawn; a branch that none is drawn of; the discriminator behind it.
DRAWN, UNDRAWN, BY = "x-troth-drawn", "x-troth-undrawn", "x-troth-by"

_UNIONS = ("oneOf", "anyOf")
_COMPONENTS = ("components", "schemas")


@dataclass(frozen=True, slots=True)
class _Discriminator:
    """The Discriminator Object at *pointer*; *mapping* leads to the pointers of schemas."""

    pointer: str
    name: str
    written: Mapping[str, Any]
    mapping: Mapping[str, str]
    default: str | None


@dataclass(slots=True)
class _Named:
    """A schema that values of the discriminator may name: *claims* are those that do.

    *own* are those that it enumerates itself.  *accepted* are all that it takes, None where it
    takes any but the *others*, which name another schema; *drawn* those that we write.
    """

    pointer: str
    target: str
    names: Sequence[str]
    own: tuple[Any, ...] | None
    claims: list[str]
    others: Collection[str] = ()
    accepted: list[Any] | None = None
    drawn: Sequence[Any] = ()

    def member(self) -> dict[str, Any] | None:
        """What the member of the discriminator has to be, beyond what the schema says of it."""
        if self.accepted is None:
            return {"not": {"enum": sorted(self.others)}} if self.others else None
        if self.own is not None and len(self.own) == len(self.accepted):
            return None
        return {"enum": self.accepted}


def honour(root: Any, at: Iterable[str], referrers: dict[str, list[str]]) -> None:
    """Write into *root* what the discriminators of the schemas *at* these pointers decide.

    *referrers* are the pointers that refer to each schema; those to `SUBTYPES` are added.
    """
    for pointer in _applied_first(root, list(at)):
        schema = pointers.resolve(root, pointer)
        discriminator = _read(root, schema["discriminator"], f"{pointer}/discriminator")
        unions = [word for word in _UNIONS if isinstance(schema.get(word), list)]
        for word in unions:
            branches = [f"{pointer}/{word}/{index}" for index in range(len(schema[word]))]
            for each in _named(root, discriminator, branches):
                schema = pointers.resolve(root, each.pointer)
                _tag(schema, discriminator, each.member(), each.drawn)
        if not unions:
            _Hierarchy(root, pointer, discriminator, referrers).honour()


def _applied_first(root: Any, at: list[str]) -> list[str]:
    """The schemas *at* these pointers, those that extend or offer another of them behind it."""
    of = frozenset(at)

    def applied(pointer: str) -> int:
        start = (pointer, pointers.resolve(root, pointer))
        return sum(each in of for each, _ in applying(root, [start], keywords=["allOf", *_UNIONS]))

    return sorted(at, key=applied)


def _read(root: Any, written: Mapping[str, Any], pointer: str) -> _Discriminator:
    mapping = written.get("mapping")
    listed = mapping.items() if isinstance(mapping, dict) else ()
    targets = {value: at for value, to in listed if (at := mapped(root, to)) is not None}
    default = mapped(root, written.get("defaultMapping"))
    return _Discriminator(pointer, written["propertyName"], written, targets, default)


def mapped(root: Any, reference: Any) -> str | None:
    """The pointer of what a mapping names: by the name of a component, or by a reference."""
    if not isinstance(reference, str):
        return None
    named = pointers.of([*_COMPONENTS, reference])
    for at in (named, pointers.from_fragment(reference.removeprefix("#"))):
        if at.startswith("/") and isinstance(pointers.find(root, at), dict):
            return follow(root, at)[0]
    return None


def _named(root: Any, discriminator: _Discriminator, at: Iterable[str]) -> list[_Named]:
    """The schemas *at* these pointers, with the values that each of them is named by."""
    named = []
    for pointer in at:
        schema = pointers.resolve(root, pointer)
        if isinstance(schema, dict) and _may_hold(root, pointer, discriminator.name):
            target = follow(root, pointer)[0]
            own = tags(root, schema).get(discriminator.name)
            explicit = [value for value, to in discriminator.mapping.items() if to == target]
            named.append(_Named(pointer, target, _names_of(root, pointer), own, explicit))
    for each in named:
        each.drawn = each.claims
        implicit = [name for name in each.names if name not in discriminator.mapping]
        if implicit:
            # an explicit name is what a server expects; the implicit one still says the same
            each.drawn = each.claims or implicit[:1]
            each.claims = [*each.claims, *implicit]
    for each in named:
        each.others = {
            value for other in named if other.target != each.target for value in other.claims
        }
        left = [value for value in each.own or () if not _among(value, each.others)]
        taken: list[Any] = left if each.own is not None else list(each.claims)
        each.drawn = [value for value in each.drawn if value in taken] or left
        inside = [value for value in _inside(root, each.target, discriminator) if value in taken]
        each.drawn = [value for value in each.drawn if value in inside] or inside or each.drawn
        if each.target != discriminator.default:
            each.accepted = taken or None
            each.others = each.others if each.accepted else ()
    return named


def _inside(root: Any, at: str, discriminator: _Discriminator) -> list[Any]:
    """The values that are drawn where the same member tells the schema *at* apart itself."""
    schema = pointers.resolve(root, at)
    own = schema.get("discriminator")
    if not isinstance(own, dict) or own.get("propertyName") != discriminator.name:
        return []
    unions = [schema.get(word, ()) for word in _UNIONS]
    unions.append(root.get(SUBTYPES, {}).get(at, {}).get("anyOf", ()))
    return [
        value
        for union in unions
        for branch in union
        if isinstance(branch, dict) and DRAWN in branch and UNDRAWN not in branch
        for member in branch[DRAWN].get("properties", {}).values()
        for value in member["enum"]
    ]


def _among(value: Any, names: Collection[str]) -> bool:
    return isinstance(value, str) and value in names


def _names_of(root: Any, pointer: str) -> list[str]:
    """The names of what the schema at *pointer* is or refers to, the one that is written first."""
    names: dict[str, None] = {}
    seen: set[str] = set()
    while pointer not in seen:
        seen.add(pointer)
        if (name := _name_of(pointer)) is not None:
            names[name] = None
        pointer = (resolve(root, pointers.find(root, pointer)) or (pointer,))[0]
    return list(names)


def _name_of(target: str) -> str | None:
    """The name by which a schema is known without a mapping: a component's, or its file's."""
    tokens = pointers.split(target)
    if tokens[:2] == _COMPONENTS and len(tokens) == 3:
        return tokens[2]
    # a bundle makes a component of each file, under the name of the file
    return tokens[-1].rpartition("/")[2].partition(".")[0] if len(tokens) == 2 else None


def _may_hold(root: Any, pointer: str, name: str) -> bool:
    """Whether an instance of the schema at *pointer* may have the member *name*, as a text."""
    for _, part in applying(root, [(pointer, pointers.resolve(root, pointer))], keywords=["allOf"]):
        properties = part.get("properties")
        declared = properties.get(name) if isinstance(properties, dict) else None
        if declared is None and part.get("additionalProperties") is False:
            return False
        types = declared.get("type", "string") if isinstance(declared, dict) else "string"
        if "string" not in ([types] if isinstance(types, str) else types):
            return False
    return True


def _tag(
    schema: dict[str, Any],
    discriminator: _Discriminator,
    member: dict[str, Any] | None,
    drawn: Sequence[Any],
) -> None:
    """Hold the *member* that discriminates to this; in values that we make it is of *drawn*."""
    if member is not None:
        told = {**member, BY: discriminator.pointer}
        part: dict[str, Any] = {"properties": {discriminator.name: told}}
        if discriminator.default is not None and "enum" in member:
            # OpenAPI 3.2 §4.25.3: without the member it is the default that is meant
            part["required"] = [discriminator.name]
        _add(schema, part)
    if drawn:
        names = {"properties": {discriminator.name: {"enum": list(drawn)}}}
        schema[DRAWN] = {"required": [discriminator.name], **names}


def _add(schema: dict[str, Any], part: dict[str, Any]) -> None:
    schema["allOf"] = [*schema.get("allOf", ()), part]


@dataclass(slots=True)
class _Hierarchy:
    """A parent with a discriminator, and the schemas that extend it by allOf."""

    root: Any
    parent: str
    discriminator: _Discriminator
    referrers: dict[str, list[str]]
    children: dict[str, list[str]] = field(default_factory=dict)

    def honour(self) -> None:
        """Hold who refers to the parent to what its discriminator names."""
        members = self._below(self.parent)
        others = [at for at in self.discriminator.mapping.values() if at not in members]
        members += [at for at in dict.fromkeys(others) if self.parent not in self._reached([at])]
        if len(members) < 2:
            return
        named = {each.pointer: each for each in _named(self.root, self.discriminator, members)}
        busy = self._reached(members)
        for at in members:
            below = members if at == self.parent else self._below(at)
            # one with a discriminator of its own is united by that
            if len(below) > 1 and (at == self.parent or not self._is_told_apart(at)):
                self._unite(at, [*below[1:], at], named, busy)
        for at, each in named.items():
            family = [*self._below(at), *self._above(at, named)]
            names = [named[one].accepted for one in family if one in named]
            if at == self.parent or at in others or not all(names) or len(names) < len(family):
                continue
            accepted = [value for taken in names for value in taken or ()]
            whole = replace(each, accepted=list(dict.fromkeys(accepted)))
            drawn = each.drawn if len(family) == 1 else ()
            _tag(pointers.resolve(self.root, at), self.discriminator, whole.member(), drawn)

    def _unite(
        self, at: str, members: Sequence[str], named: Mapping[str, _Named], busy: set[str]
    ) -> None:
        """Hold the references to the schema *at* to a union of *members*, of which it is the last.

        Not those on the way to a member itself (*busy*): they would go round in circles.
        """
        sites = [one for one in self.referrers.get(at, ()) if one not in busy]
        if not sites:
            return
        union: dict[str, Any] = {
            "anyOf": [self._entry(one, named.get(one)) for one in members],
            "discriminator": self.discriminator.written,
        }
        last = named.get(at)
        if (
            last is not None
            and last.own
            and all(
                any(value in (named[one].accepted or ()) for one in members[:-1] if one in named)
                for value in last.own
            )
        ):
            del union["anyOf"][-1]  # each of its values names another
        elif (
            last is not None and last.own is None and at not in self.discriminator.mapping.values()
        ):
            union["anyOf"][-1][UNDRAWN] = True
        for one, entry in zip(members, union["anyOf"], strict=False):
            if self._above(one, named) and one not in self.discriminator.mapping.values():
                entry[UNDRAWN] = True
        self.root.setdefault(SUBTYPES, {})[at] = union
        where = pointers.of([SUBTYPES, at])
        for site in sites:
            _add(pointers.resolve(self.root, site), {"$ref": f"#{pointers.fragment(where)}"})
        # when the union is another, so are all these
        self.referrers[where] = [*sites, *members]
        self._nest(where, members[: len(union["anyOf"])])

    def _nest(self, where: str, members: Sequence[str]) -> None:
        """Hold the entries of the union at *where* to what discriminators of their own decide."""
        for index, at in enumerate(members):
            if self._is_told_apart(at):
                entry = pointers.join(where, "anyOf", str(index))
                self.referrers.setdefault(at, []).append(entry)

    def _is_told_apart(self, at: str) -> bool:
        """Whether a discriminator of its own, by another member, tells what extends *at*."""
        own = pointers.resolve(self.root, at).get("discriminator")
        return isinstance(own, dict) and own.get("propertyName") != self.discriminator.name

    def _above(self, at: str, named: Iterable[str]) -> list[str]:
        """Those of *named* that *at* extends and that tell it apart: it goes by their names too."""
        return [
            one
            for one in named
            if one not in (at, self.parent) and self._is_told_apart(one) and at in self._below(one)
        ]

    def _entry(self, at: str, named: _Named | None) -> dict[str, Any]:
        entry = {"$ref": f"#{pointers.fragment(at)}"}
        if named is not None:
            _tag(entry, self.discriminator, named.member(), named.drawn)
        return entry

    def _below(self, at: str) -> list[str]:
        """The schema *at* and all that extend it."""
        seen = {at: None}
        waiting = [at]
        while waiting:
            for child in self._extending(waiting.pop()):
                if child not in seen:
                    seen[child] = None
                    waiting.append(child)
        return list(seen)

    def _extending(self, at: str) -> list[str]:
        """The schemas, others than those written where they are used, with *at* in their allOf."""
        if at not in self.children:
            # the walk that noted them went backwards
            tops = (_extended(site) for site in reversed(self.referrers.get(at, ())))
            self.children[at] = [
                top
                for top in dict.fromkeys(tops)
                if top and (top in self.referrers or _name_of(top) is not None)
            ]
        return self.children[at]

    def _reached(self, starts: Iterable[str]) -> set[str]:
        """The schemas that are applied in place of those at *starts*."""
        schemas = [(at, pointers.resolve(self.root, at)) for at in starts]
        return {at for at, _ in applying(self.root, schemas, keywords=IN_PLACE)}


def _extended(site: str) -> str | None:
    """The schema that has the reference at *site* in its allOf."""
    top = site
    while (holder := top.rpartition("/")[0]).endswith("/allOf"):
        top = holder.removesuffix("/allOf")
    return top if top != site else None


def pointer_of(schema_pointer: Sequence[str | int]) -> Iterator[str | int]:
    """The tokens of the document's own place behind *schema_pointer* of a prepared root."""
    if schema_pointer[:1] == (SUBTYPES,):
        yield from pointers.split(str(schema_pointer[1]))
        yield "discriminator"
    else:
        yield from schema_pointer
