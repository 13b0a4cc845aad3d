"""From what jsonschema-rs reports to what a reader can act on.

The validator says which keyword failed where.  Here each failure becomes a `Mismatch`: a sentence,
a pointer into the instance and one into the document.  For oneOf and anyOf the branch that was
meant speaks (see `branches`); what several allOf branches say alike is said once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import jsonschema_rs

from troth import branches as tables
from troth import pointer as pointers
from troth import wording
from troth.dialect import INTEGERS
from troth.errors import Place

#: At most so many mismatches are explained: what is wrong with a thousand items needs no more.
MOST = 1000

Tokens = tuple[str | int, ...]
_EXCLUSIVE = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_Kind = jsonschema_rs.ValidationErrorKind
_UNDECIDED = (_Kind.BacktrackLimitExceeded, _Kind.RegexEngineFailure)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One way in which an instance departs from a schema.

    *keyword* is the JSON Schema keyword that failed, or `undecided` where a pattern took too many
    steps to tell.  *schema_pointer* addresses that keyword in the document, *place* is its file
    and line.
    """

    keyword: str
    instance_pointer: str
    schema_pointer: str
    message: str
    place: Place | None = None


@dataclass(frozen=True, slots=True)
class _Found:
    """A mismatch before it is placed: tokens instead of pointers."""

    keyword: str
    instance: Tokens
    schema: Tokens
    message: str


class Explainer:
    """Explains the errors of schemas of one prepared document."""

    def __init__(
        self,
        source: Any,
        prepared: Any,
        *,
        place: Callable[[str], Place | None],
        content: Callable[[str, Any], tuple[Mismatch, ...]] | None = None,
    ) -> None:
        self._source = source
        self._prepared = prepared
        self._place = place
        self._content = content
        self._tables: dict[Tokens, tables.Branches] = {}

    def explain(self, errors: Iterable[Any], instance: Any) -> tuple[Mismatch, ...]:
        """The mismatches behind *errors*, in the order of the instance, each once."""
        found = [each for error in islice(errors, MOST) for each in self._explain(error, instance)]
        if len(found) > 1:
            found = _in_order(_once(found), instance)
        return tuple(self._placed(each) for each in found[:MOST])

    def _placed(self, found: _Found) -> Mismatch:
        schema = pointers.of(found.schema)
        return Mismatch(
            found.keyword, pointers.of(found.instance), schema, found.message, self._place(schema)
        )

    def _explain(self, error: Any, instance: Any) -> Iterator[_Found]:
        kind = error.kind
        where = tuple(error.instance_path)
        by = tuple(error.schema_path)
        value = _get(instance, where)
        if isinstance(kind, _UNDECIDED):
            pattern = wording.show(_get(self._prepared, by))
            said = f"whether {wording.show(value)} matches {pattern} takes too many steps to tell"
            yield _Found("undecided", where, by, said)
        elif isinstance(kind, _Kind.Custom):
            yield from self._explain_content(value, where, by)
        elif isinstance(kind, (_Kind.OneOfNotValid, _Kind.AnyOf)):
            yield from self._explain_branches(kind.context, instance, where, by)
        elif isinstance(kind, _Kind.OneOfMultipleValid):
            yield _Found("oneOf", where, by, self._several(kind.context, value, by))
        else:
            yield self._simple(kind, value, where, by)

    def _explain_content(self, value: Any, where: Tokens, by: Tokens) -> Iterator[_Found]:
        if self._content is not None:
            for each in self._content(pointers.of(by), value):
                inner = pointers.split(each.instance_pointer)
                schema = pointers.split(each.schema_pointer)
                yield _Found(each.keyword, where + inner, schema, each.message)

    def _explain_branches(
        self, context: Sequence[Sequence[Any]], instance: Any, where: Tokens, by: Tokens
    ) -> Iterator[_Found]:
        value = _get(instance, where)
        table = self._table(by)
        narrowed = tables.narrow(table, value)
        if narrowed.tag is not None:
            said = wording.not_one_of(value[narrowed.tag], narrowed.values)
            keyword = "const" if len(narrowed.values) == 1 else "enum"
            yield _Found(keyword, (*where, narrowed.tag), by, said)
        elif not narrowed.indexes:
            keyword = "type" if narrowed.types else str(by[-1])
            types = narrowed.types or ("nothing",)
            yield _Found(keyword, where, by, wording.not_of_type(value, types))
        else:
            said_by = [
                _once([f for e in context[i] for f in self._explain(e, instance)])
                for i in narrowed.indexes
                if i < len(context)
            ]
            yield from _meant(said_by, value, where, by)

    def _table(self, by: Tokens) -> tables.Branches:
        table = self._tables.get(by)
        if table is None:
            table = self._tables[by] = tables.read(self._prepared, pointers.of(by))
        return table

    def _several(self, context: Sequence[Sequence[Any]], value: Any, by: Tokens) -> str:
        table = self._table(by)
        matching = [i for i, errors in enumerate(context) if not errors]
        called = [_called(table, index) for index in matching]
        said = (
            f"{wording.show(value)} matches {len(matching)} branches of 'oneOf',"
            f" {wording.either(called, 'and')}, and only one may match"
        )
        own = []
        if isinstance(value, dict):
            for index, name in zip(matching, called, strict=True):
                others = [table.branches[i].members for i in matching if i != index]
                only = table.branches[index].members - frozenset().union(*others)
                mine = [member for member in value if member in only]
                if mine:
                    verb = "belongs" if len(mine) == 1 else "belong"
                    own.append(f"{wording.names(mine)} {verb} to {name}")
        return f"{said}; {wording.either(own, 'and')}" if own else said

    def _simple(self, kind: Any, value: Any, where: Tokens, by: Tokens) -> _Found:
        keyword = _keyword(by)
        if isinstance(kind, _Kind.Required):
            return self._missing(kind.property, value, where, by)
        if isinstance(kind, _Kind.PropertyNames):
            return self._bad_name(kind.error, where, by)
        if isinstance(kind, _Kind.FalseSchema):
            return self._nothing_allowed(value, where, by)
        unexpected = getattr(kind, "unexpected", None)
        if unexpected is not None:
            return _Found(keyword, where, by, self._unexpected(keyword, unexpected, value, by))
        expected = _get(self._prepared, by)
        if expected is True and keyword in _EXCLUSIVE:  # draft 4
            expected = _get(self._prepared, (*by[:-1], _EXCLUSIVE[keyword]))
        format_of = self._integer_format(keyword, by, expected)
        if format_of is not None:
            said = wording.out_of_format(format_of, value, expected)
            return _Found("format", where, (*by[:-1], "format"), said)
        return _Found(
            keyword, where, by, wording.sentence(keyword, expected, value) + self._why(by)
        )

    def _missing(self, name: str, value: Any, where: Tokens, by: Tokens) -> _Found:
        said = f"{wording.show(name)} is missing"
        if by[-1] == "dependentRequired":
            needing = _get(self._prepared, by)
            wanting = [key for key in needing if key in value and name in needing[key]]
            verb = "requires" if len(wanting) == 1 else "require"
            return _Found(
                "dependentRequired", where, by, f"{said}; {wording.names(wanting)} {verb} it"
            )
        return _Found("required", where, by, said + self._why(by))

    def _bad_name(self, error: Any, where: Tokens, by: Tokens) -> _Found:
        name = error.instance
        inner = self._explain_under(error, name, by)
        said = f"the member name {wording.show(name)} is not allowed: {inner}"
        return _Found("propertyNames", where, by, said)

    def _explain_under(self, error: Any, name: Any, by: Tokens) -> str:
        keyword = _keyword(by)
        if keyword == "propertyNames":
            return wording.sentence("false", False, name)
        return wording.sentence(keyword, _get(self._prepared, by), name)

    def _nothing_allowed(self, value: Any, where: Tokens, by: Tokens) -> _Found:
        keyword = _keyword(by)
        if keyword in ("additionalProperties", "unevaluatedProperties") and isinstance(value, dict):
            return _Found(keyword, where, by, self._unexpected(keyword, list(value), value, by))
        if keyword == "items":
            said = f"item {where[-1]} is not allowed: the array may hold no more than {where[-1]}"
            return _Found("items", where, by, said)
        said = wording.sentence("false", False, value) + self._why(by)
        return _Found(keyword, where, by, said)

    def _unexpected(self, keyword: str, names: Sequence[Any], value: Any, by: Tokens) -> str:
        if keyword == "unevaluatedItems":
            indexes = [str(name) for name in names[:5]]
            noun = "item" if len(names) == 1 else "items"
            verb = "is" if len(names) == 1 else "are"
            return f"{noun} {wording.either(indexes, 'and')} {verb} not allowed by any schema"
        verb = "is" if len(names) == 1 else "are"
        said = f"{wording.names(names)} {verb} not declared, and nothing else is allowed here"
        if _get(self._prepared, by) is not False:
            said = f"{wording.names(names)} {verb} not what '{keyword}' allows"
        return said + self._why(by)

    def _integer_format(self, keyword: str, by: Tokens, expected: Any) -> str | None:
        """The format that stands behind a bound which the document does not write itself."""
        if keyword not in ("minimum", "maximum"):
            return None
        schema = _get(self._source, by[:-1])
        if not isinstance(schema, dict) or schema.get(keyword) == expected:
            return None
        name = schema.get("format")
        limits = INTEGERS.get(name) if isinstance(name, str) else None
        return name if limits and expected in limits else None

    def _why(self, by: Tokens) -> str:
        """What makes a conditional schema apply: the nearest if or dependency on the way."""
        for depth in range(len(by) - 1, 0, -1):
            token = by[depth]
            if token in ("then", "else") and "if" in (_get(self._prepared, by[:depth]) or {}):
                return _condition(_get(self._prepared, (*by[:depth], "if")), token == "then")
            if token == "dependentSchemas" and depth + 1 < len(by):
                return f", since {wording.show(by[depth + 1])} is present"
        return ""


def _meant(said_by: Sequence[list[_Found]], value: Any, where: Tokens, by: Tokens) -> list[_Found]:
    """What the branch that was meant says, or what all that may be meant say alike."""
    if not said_by:
        return [_Found(str(by[-1]), where, by, f"{wording.show(value)} matches no branch")]
    if len(said_by) == 1:
        return said_by[0]
    merged = _merged_options(said_by, value, where, by)
    if merged is not None:
        return [merged]
    common = [
        each
        for each in said_by[0]
        if all(any(_alike(each, other) for other in branch) for branch in said_by[1:])
    ]
    if common:
        return common
    depth = len(where)
    return min(
        said_by,
        key=lambda found: (
            sum(1 for each in found if len(each.instance) == depth),
            len(found),
            -max((len(each.instance) for each in found), default=0),
        ),
    )


def _merged_options(
    said_by: Sequence[list[_Found]], value: Any, where: Tokens, by: Tokens
) -> _Found | None:
    """One sentence for branches that all enumerate values of the instance itself."""
    return None


def _alike(one: _Found, other: _Found) -> bool:
    return (one.instance, one.keyword, one.message) == (
        other.instance,
        other.keyword,
        other.message,
    )


def _called(table: tables.Branches, index: int) -> str:
    name = table.branches[index].name if index < len(table.branches) else ""
    return name or f"branch {index}"


def _keyword(by: Tokens) -> str:
    """The keyword that a schema path ends in: its last token that is one."""
    if not by:
        return "false"
    last = by[-1]
    if len(by) > 1 and by[-2] in ("properties", "patternProperties", "dependentSchemas", "$defs"):
        return str(by[-2])
    if isinstance(last, int) and len(by) > 1:
        return str(by[-2])
    return str(last)


def _condition(schema: Any, holds: bool) -> str:
    """Why a then or an else applies, where its `if` is simple enough to say."""
    if holds and isinstance(schema, dict):
        said = []
        properties = schema.get("properties")
        for name, inner in properties.items() if isinstance(properties, dict) else ():
            if isinstance(inner, dict) and "const" in inner:
                said.append(f"{wording.show(name)} is {wording.show(inner['const'], 40)}")
        required = schema.get("required")
        if not said and isinstance(required, list) and required:
            said.append(
                f"{wording.names(required)} {'is' if len(required) == 1 else 'are'} present"
            )
        if said:
            return f", since {wording.either(said, 'and')}"
    return f", since the value {'matches' if holds else 'does not match'} 'if'"


def _once(found: list[_Found]) -> list[_Found]:
    """*found* without what is said twice of the same instance (by two branches of an allOf)."""
    seen: dict[tuple[Tokens, str, str], _Found] = {}
    for each in found:
        said = "" if each.keyword == "type" else each.message
        seen.setdefault((each.instance, each.keyword, said), each)
    return list(seen.values())


def _in_order(found: list[_Found], instance: Any) -> list[_Found]:
    """*found* in the order in which a reader of the instance meets it."""
    positions: dict[int, dict[Any, int]] = {}

    def key(each: _Found) -> list[int]:
        order: list[int] = []
        node = instance
        for token in each.instance:
            if isinstance(node, dict):
                known = positions.get(id(node))
                if known is None:
                    known = positions[id(node)] = {name: i for i, name in enumerate(node)}
                order.append(known.get(token, len(known)))
                node = node.get(token)
            elif isinstance(node, (list, tuple)) and isinstance(token, int):
                order.append(token)
                node = node[token] if token < len(node) else None
            else:
                break
        return order

    return sorted(found, key=key)


def _get(node: Any, tokens: Iterable[str | int]) -> Any:
    for token in tokens:
        try:
            node = node[token]
        except (KeyError, IndexError, TypeError):
            return None
    return node
