"""Which branch of a oneOf or anyOf an instance was meant for, read from the schemas alone.

A reader who writes `{"role": "developer"}` meant one of the messages, and got the role wrong; who
writes an object where null or an object may stand meant the object.  So: the JSON types that a
branch can take, and its tags, the members whose value is enumerated and which therefore tell the
branches apart.  OpenAPI's `discriminator` names such a member outright.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from troth import pointer as pointers
from troth.schema.applicators import below, follow, resolve
from troth.schema.data_model import ALL_TYPES, same, type_of

_DEEPEST = 12


@dataclass(frozen=True, slots=True)
class Branch:
    """One branch: *pointer* with `$ref`s followed, the *types* it takes, its *tags*.

    *members* are those that it declares or requires; *values* all that it takes, if enumerated.
    """

    pointer: str
    name: str
    types: frozenset[str]
    tags: Mapping[str, tuple[Any, ...]]
    members: frozenset[str]
    values: tuple[Any, ...] | None


@dataclass(frozen=True, slots=True)
class Branches:
    """The branches of the keyword at *pointer*; *discriminator* is its `propertyName`."""

    pointer: str
    branches: tuple[Branch, ...]
    discriminator: str | None = None
    mapping: Mapping[str, int] | None = None

    def missing(self, instance: Any) -> str | None:
        """The discriminator that *instance* lacks, if it may have one."""
        name = self.discriminator
        return name if isinstance(instance, dict) and name not in instance else None


@dataclass(frozen=True, slots=True)
class Narrowed:
    """The indexes of the branches that may be meant; or, when none may, why.

    *types*: no branch takes the type of the instance.  *tag*: none takes the value of that member,
    of which *values* would do; without a tag, no other values of the instance itself would do.
    *keyword* is what says so.
    """

    indexes: tuple[int, ...]
    types: tuple[str, ...] = ()
    tag: str | None = None
    values: tuple[Any, ...] = ()
    keyword: str = "enum"


def read(root: Any, pointer: str) -> Branches:
    """The branches of the oneOf or anyOf at *pointer* of the prepared *root*."""
    written = pointers.find(root, pointer)
    listed = written if isinstance(written, list) else []
    branches = tuple(_branch(root, f"{pointer}/{index}") for index in range(len(listed)))
    parent = pointers.find(root, pointer.rpartition("/")[0])
    discriminator = parent.get("discriminator") if isinstance(parent, dict) else None
    if isinstance(discriminator, dict) and isinstance(discriminator.get("propertyName"), str):
        mapping = _mapping(discriminator.get("mapping"), branches)
        return Branches(pointer, branches, discriminator["propertyName"], mapping)
    return Branches(pointer, branches)


def narrow(table: Branches, instance: Any) -> Narrowed:
    """The branches of *table* that *instance* may have been meant for."""
    kind = type_of(instance)
    left = [i for i, branch in enumerate(table.branches) if kind in branch.types]
    if not left and table.branches:
        return _of_no_type(table)
    if not isinstance(instance, dict):
        return Narrowed(tuple(left))
    if table.discriminator is not None and table.mapping:
        value = instance.get(table.discriminator)
        if isinstance(value, str) and value in table.mapping:
            return Narrowed((table.mapping[value],))
    for name in _telling(table, left):
        if name not in instance:
            continue
        tagged = [i for i in left if name in table.branches[i].tags]
        value = instance[name]
        exact = [i for i in tagged if _among(value, table.branches[i].tags[name])]
        untagged = [i for i in left if i not in tagged]
        if not exact and not untagged:
            return _unnamed(table, name, _values(table, tagged, name))
        left = exact or untagged
    unknown = _unmapped(table, instance)
    return unknown if unknown is not None and len(left) > 1 else Narrowed(tuple(left))


def _of_no_type(table: Branches) -> Narrowed:
    """What would do instead of a value whose type no branch takes."""
    listed = [branch.values for branch in table.branches if branch.types]
    if listed and all(values is not None for values in listed):
        return Narrowed((), values=_distinct(values or () for values in listed))
    types = _types(table.branches)
    return Narrowed((), types=types) if types else Narrowed(tuple(range(len(table.branches))))


def _unnamed(table: Branches, name: str, values: tuple[Any, ...]) -> Narrowed:
    """None of the *values* of the member *name* that tell the branches apart."""
    names = tuple(table.mapping or ()) if name == table.discriminator else ()
    if not names or not set(names) <= {value for value in values if isinstance(value, str)}:
        return Narrowed((), tag=name, values=values)
    # an implicit name that an explicit one stands in for is as good, but not what to write
    return Narrowed((), tag=name, values=names, keyword="discriminator")


def _unmapped(table: Branches, instance: Mapping[str, Any]) -> Narrowed | None:
    """The discriminator's names, when the instance's value of it is none of them."""
    name = table.discriminator
    if name is None or not table.mapping or name not in instance:
        return None
    if any(name in branch.tags for branch in table.branches):
        return None  # the branches themselves say which values they take
    return Narrowed((), tag=name, values=tuple(table.mapping), keyword="discriminator")


def _branch(root: Any, pointer: str) -> Branch:
    where, schema = follow(root, pointer)
    name = where.rpartition("/")[2] if where != pointer else ""
    if not name and isinstance(schema, dict) and isinstance(schema.get("title"), str):
        name = schema["title"]
    name = name.replace("~1", "/").replace("~0", "~")
    # what stands beside a `$ref` counts, too: it tells this branch from others
    schema = pointers.find(root, pointer)
    types = taken(root, schema)
    values = _enumerated(root, schema, 0)
    return Branch(where, name, types, tags(root, schema), members(root, schema), values)


def taken(root: Any, schema: Any, depth: int = 0) -> frozenset[str]:
    """The types that *schema* can take, as far as its keywords say so."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return frozenset() if schema is False else ALL_TYPES
    types = ALL_TYPES
    declared = schema.get("type")
    if isinstance(declared, (str, list)):
        named = [declared] if isinstance(declared, str) else declared
        types &= frozenset(named) | ({"integer"} if "number" in named else set())
    if "const" in schema:
        types &= {type_of(schema["const"])}
    if isinstance(schema.get("enum"), list):
        types &= frozenset(map(type_of, schema["enum"]))
    for inner in _required_parts(root, schema):
        types &= taken(root, inner, depth + 1)
    for listed in _alternatives(schema):
        types &= frozenset().union(*(taken(root, inner, depth + 1) for inner in listed))
    return types


def tags(root: Any, schema: Any, depth: int = 0) -> dict[str, tuple[Any, ...]]:
    """The members of *schema* whose values are enumerated."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return {}
    known: dict[str, tuple[Any, ...]] = {}
    for branches in _alternatives(schema):
        first, *others = [tags(root, inner, depth + 1) for inner in branches]
        for name, values in first.items():
            if all(name in each for each in others):
                known[name] = sum((each[name] for each in others), values)
    for inner in _required_parts(root, schema):
        known |= tags(root, inner, depth + 1)
    for (_, member), value in below(schema, "properties"):
        enumerated = _enumerated(root, value, depth)
        if enumerated is not None:
            known[str(member)] = enumerated
    return known


def _enumerated(root: Any, schema: Any, depth: int) -> tuple[Any, ...] | None:
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return None
    if "const" in schema:
        return (schema["const"],)
    if isinstance(schema.get("enum"), list):
        return tuple(schema["enum"])
    if schema.get("type") == "null":
        return (None,)
    for inner in _required_parts(root, schema):
        values = _enumerated(root, inner, depth + 1)
        if values is not None:
            return values
    for listed in _alternatives(schema):
        each = [_enumerated(root, inner, depth + 1) for inner in listed]
        if all(values is not None for values in each):
            return _distinct(values or () for values in each)
    return None


def members(root: Any, schema: Any, depth: int = 0) -> frozenset[str]:
    """The members that *schema* declares or requires."""
    if not isinstance(schema, dict) or depth > _DEEPEST:
        return frozenset()
    names = frozenset(str(name) for (_, name), _ in below(schema, "properties"))
    required = schema.get("required")
    if isinstance(required, list):
        names |= {name for name in required if isinstance(name, str)}
    parts = sum(_alternatives(schema), _required_parts(root, schema))
    return names.union(*(members(root, inner, depth + 1) for inner in parts))


def _alternatives(schema: Mapping[str, Any]) -> list[list[Any]]:
    """The branches of its oneOf and of its anyOf."""
    listed = [[inner for _, inner in below(schema, word)] for word in ("oneOf", "anyOf")]
    return [branches for branches in listed if branches]


def _required_parts(root: Any, schema: Mapping[str, Any]) -> list[Any]:
    """The schemas that hold wherever *schema* does: its `$ref` and `allOf`."""
    target = resolve(root, schema)
    parts = [] if target is None else [target[1]]
    return parts + [inner for _, inner in below(schema, "allOf")]


def _mapping(written: Any, branches: Sequence[Branch]) -> dict[str, int]:
    """What each value of the discriminator selects (OpenAPI 3.1 §4.8.25): names are implicit."""
    by_pointer = {branch.pointer: index for index, branch in enumerate(branches)}
    implied = {branch.name: index for index, branch in enumerate(branches) if branch.name}
    explicit: dict[str, int] = {}
    for value, reference in written.items() if isinstance(written, dict) else ():
        if not isinstance(reference, str):
            continue
        index = by_pointer.get(pointers.from_fragment(reference.removeprefix("#")))
        index = implied.get(reference) if index is None else index
        if index is not None:
            explicit[value] = index
    named = set(explicit.values())
    return explicit | {name: index for name, index in implied.items() if index not in named}


def _telling(table: Branches, left: Sequence[int]) -> list[str]:
    """The members that tell the branches *left* apart, the discriminator and the surest first."""
    count: dict[str, int] = {}
    for index in left:
        for name in table.branches[index].tags:
            count[name] = count.get(name, 0) + 1
    ranked = sorted(
        (name for name in count if len(left) == 1 or count[name] > 1),
        key=lambda name: (name != table.discriminator, -count[name]),
    )
    return [name for name in ranked if len(left) > 1 and _differs(table, left, name)]


def _differs(table: Branches, left: Sequence[int], name: str) -> bool:
    first, *others = [table.branches[i].tags[name] for i in left if name in table.branches[i].tags]
    return any(not _among(value, first) for other in others for value in other) or any(
        not _among(value, other) for other in others for value in first
    )


def _among(value: Any, values: Sequence[Any]) -> bool:
    return any(same(value, each) for each in values)


def _values(table: Branches, indexes: Sequence[int], name: str) -> tuple[Any, ...]:
    return _distinct(table.branches[index].tags[name] for index in indexes)


def _distinct(listed: Iterable[Sequence[Any]]) -> tuple[Any, ...]:
    distinct: list[Any] = []
    for values in listed:
        distinct += [value for value in values if not _among(value, distinct)]
    return tuple(distinct)


def _types(branches: Sequence[Branch]) -> tuple[str, ...]:
    """The types that any branch takes, in the order of the branches; null last."""
    listed: list[str] = []
    for branch in branches:
        types = branch.types - {"integer"} if "number" in branch.types else branch.types
        listed += sorted(types - set(listed))
    return tuple(sorted(listed, key=lambda name: name == "null"))
