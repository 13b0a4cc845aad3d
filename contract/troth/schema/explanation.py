"""From what jsonschema-rs reports to what a reader can act on.

The validator says which keyword failed where.  Here each failure becomes a `Mismatch`: a sentence,
a pointer into the instance and one into the document.  For oneOf and anyOf the branch that was
meant speaks (see `branches`); what several allOf branches say alike is said once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import jsonschema_rs

from troth import pointer as pointers
from troth.errors import Place
from troth.schema import branches as tables
from troth.schema import messages, misspellings
from troth.schema.data_model import INTEGERS
from troth.schema.mismatch import (
    Found,
    Mismatch,
    Tokens,
    in_all,
    in_order,
    likelihood,
    once,
    rivals,
)

#: At most so many mismatches are explained: what is wrong with a thousand items needs no more.
MOST = 1000
#: At most so many branches that may equally be meant are said.
_MOST_RIVALS = 3

_NAMED = frozenset({"properties", "patternProperties", "dependentSchemas"})
_KEYWORDS = messages.KEYWORDS | {
    *("additionalProperties", "allOf", "anyOf", "dependentRequired", "else", "if", "items"),
    *("oneOf", "properties", "propertyNames", "required", "then", "unevaluatedItems"),
    *("unevaluatedProperties", "contentSchema", "dependentSchemas", "prefixItems"),
    *("additionalItems", "dependencies"),
}
_EXCLUSIVE = {"exclusiveMinimum": "minimum", "exclusiveMaximum": "maximum"}
_Kind = jsonschema_rs.ValidationErrorKind
_UNDECIDED = (_Kind.BacktrackLimitExceeded, _Kind.RegexEngineFailure)


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
            found = in_order(once(found), instance)
        return tuple(self._placed(each) for each in found[:MOST])

    def _placed(self, found: Found) -> Mismatch:
        schema = pointers.of(found.schema)
        return Mismatch(
            found.keyword, pointers.of(found.instance), schema, found.message, self._place(schema)
        )

    def _explain(self, error: Any, instance: Any) -> Iterator[Found]:
        kind = error.kind
        where = tuple(error.instance_path)
        by = tuple(error.schema_path)
        value = _get(instance, where)
        if isinstance(kind, _UNDECIDED):
            pattern = messages.show(_get(self._prepared, by))
            said = f"whether {messages.show(value)} matches {pattern} takes too many steps to tell"
            yield Found("undecided", where, by, said)
        elif isinstance(kind, _Kind.Custom):
            yield from self._explain_content(value, where, by)
        elif isinstance(kind, (_Kind.OneOfNotValid, _Kind.AnyOf)):
            yield from self._explain_branches(kind.context, instance, where, by)
        elif isinstance(kind, _Kind.OneOfMultipleValid):
            yield Found("oneOf", where, by, self._several(kind.context, value, by))
        else:
            yield self._simple(kind, value, where, by)

    def _explain_content(self, value: Any, where: Tokens, by: Tokens) -> Iterator[Found]:
        if self._content is not None:
            for each in self._content(pointers.of(by), value):
                inner = pointers.split(each.instance_pointer)
                schema = pointers.split(each.schema_pointer)
                yield Found(each.keyword, where + inner, schema, each.message)

    def _explain_branches(
        self, context: Sequence[Sequence[Any]], instance: Any, where: Tokens, by: Tokens
    ) -> Iterator[Found]:
        value = _get(instance, where)
        table = self._table(by)
        narrowed = tables.narrow(table, value)
        if narrowed.values:
            if narrowed.tag is not None:
                where, value = (*where, narrowed.tag), value[narrowed.tag]
            said = messages.not_one_of(value, narrowed.values)
            yield Found(narrowed.keyword, where, by, said)
        elif narrowed.types:
            yield Found("type", where, by, messages.not_of_type(value, narrowed.types))
        else:
            said_by = [
                once([f for e in context[i] for f in self._explain(e, instance)])
                for i in narrowed.indexes
                if i < len(context)
            ]
            yield from self._meant(said_by, value, where, by)

    def _meant(
        self, said_by: Sequence[list[Found]], value: Any, where: Tokens, by: Tokens
    ) -> list[Found]:
        """What the branch that was meant says, or what all that may be meant say alike."""
        if len(said_by) == 1:
            return said_by[0]
        options = self._options(said_by, where)
        if options is not None:
            return [Found("enum", where, by, messages.not_one_of(value, options))]
        common = [each for each in said_by[0] if in_all(each, said_by[1:])]
        if common:
            return common
        ranked = sorted(said_by, key=lambda found: likelihood(found, len(where)))
        best = [one for one in ranked if rivals(one, ranked[0])]
        if len(best) == 1:
            return best[0]
        said = ", or else ".join(found[0].message for found in best[:_MOST_RIVALS])
        return [Found(str(by[-1]), best[0][0].instance, by, said)]

    def _options(self, said_by: Sequence[list[Found]], where: Tokens) -> list[Any] | None:
        """The values that would do, where every branch enumerates those of the instance itself."""
        options: list[Any] = []
        for found in said_by:
            first = found[0] if len(found) == 1 and found[0].instance == where else None
            if first is None or first.schema[-1] not in ("const", "enum"):
                return None
            listed = _get(self._prepared, first.schema)
            options += [listed] if first.schema[-1] == "const" else listed
        return options

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
            f"{messages.show(value)} matches {len(matching)} branches of 'oneOf',"
            f" {messages.either(called, 'and')}, and only one may match"
        )
        own = []
        if isinstance(value, dict):
            for index, name in zip(matching, called, strict=True):
                others = [table.branches[i].members for i in matching if i != index]
                only = table.branches[index].members - frozenset().union(*others)
                mine = [member for member in value if member in only]
                if mine:
                    verb = "belongs" if len(mine) == 1 else "belong"
                    own.append(f"{messages.names(mine)} {verb} to {name}")
        return f"{said}; {messages.either(own, 'and')}" if own else said

    def _simple(self, kind: Any, value: Any, where: Tokens, by: Tokens) -> Found:
        keyword = _keyword(by)
        if isinstance(kind, _Kind.Required):
            return self._missing(kind.property, value, where, by)
        if isinstance(kind, _Kind.PropertyNames):
            return self._bad_name(kind.error, where, by)
        if isinstance(kind, _Kind.FalseSchema):
            return self._nothing_allowed(value, where, by)
        if isinstance(kind, _Kind.AdditionalItems):  # until draft 2019-09
            return Found(keyword, where, by, messages.sentence("maxItems", kind.limit, value))
        unexpected = getattr(kind, "unexpected", None)
        if unexpected is not None:
            return Found(keyword, where, by, self._unexpected(keyword, unexpected, value, by))
        expected = _get(self._prepared, by)
        if expected is True and keyword in _EXCLUSIVE:  # draft 4
            expected = _get(self._prepared, (*by[:-1], _EXCLUSIVE[keyword]))
        format_of = self._integer_format(keyword, by, expected)
        if format_of is not None:
            said = messages.out_of_format(format_of, value, expected)
            return Found("format", where, (*by[:-1], "format"), said)
        return Found(
            keyword, where, by, messages.sentence(keyword, expected, value) + self._why(by)
        )

    def _missing(self, name: str, value: Any, where: Tokens, by: Tokens) -> Found:
        said = f"{messages.show(name)} is missing"
        if by[-1] in ("dependentRequired", "dependencies"):
            needing = _get(self._prepared, by)
            lists = {key: names for key, names in needing.items() if isinstance(names, list)}
            wanting = [key for key, names in lists.items() if key in value and name in names]
            verb = "requires" if len(wanting) == 1 else "require"
            return Found(str(by[-1]), where, by, f"{said}; {messages.names(wanting)} {verb} it")
        return Found("required", where, by, said + self._why(by))

    def _bad_name(self, error: Any, where: Tokens, by: Tokens) -> Found:
        name = error.instance
        said = f"the member name {messages.show(name)} is not allowed"
        inner = next(self._explain(error, name), None)
        if inner is not None and not isinstance(error.kind, _Kind.FalseSchema):
            said = f"{said}: {inner.message}"
        return Found("propertyNames", where, by, said)

    def _nothing_allowed(self, value: Any, where: Tokens, by: Tokens) -> Found:
        keyword = _keyword(by)
        if keyword in ("additionalProperties", "unevaluatedProperties") and isinstance(value, dict):
            return Found(keyword, where, by, self._unexpected(keyword, list(value), value, by))
        if keyword == "items" and where:
            prefix = _get(self._prepared, (*by[:-1], "prefixItems"))
            most = len(prefix) if isinstance(prefix, list) else 0
            said = f"item {where[-1]} is not allowed: the array may hold {most} at most"
            return Found("items", where, by, said)
        if keyword in ("properties", "patternProperties") and where:
            said = f"{messages.show(where[-1])} must not be present" + self._why(by)
            return Found(keyword, where, by, said)
        if keyword == "propertyNames" and isinstance(value, dict):
            said = f"{messages.names(list(value))}: no member is allowed"
            return Found(keyword, where, by, said)
        said = messages.sentence("false", False, value) + self._why(by)
        return Found(keyword, where, by, said)

    def _unexpected(self, keyword: str, names: Sequence[Any], value: Any, by: Tokens) -> str:
        if keyword == "unevaluatedItems":
            # The engine names them by their JSON text.
            shown = ", ".join(messages.excerpt(str(name)).strip("'") for name in names[:5])
            noun = "1 item is" if len(names) == 1 else f"{len(names)} items are"
            return f"{noun} beyond what any schema allows: {shown}"
        verb = "is" if len(names) == 1 else "are"
        said = f"{messages.names(names)} {verb} not declared, and nothing else is allowed here"
        if _get(self._prepared, by) is not False:
            said = f"{messages.names(names)} {verb} not what '{keyword}' allows"
        return said + self._why(by) + self._did_you_mean(names, value, by)

    def _did_you_mean(self, names: Sequence[Any], value: Any, by: Tokens) -> str:
        """The declared member that the only unexpected one is a slip of."""
        if len(names) != 1 or not isinstance(value, dict) or not isinstance(names[0], str):
            return ""
        declared = tables.members(self._prepared, _get(self._prepared, by[:-1]))
        meant = misspellings.nearest(names[0], sorted(declared - value.keys()))
        return f"; did you mean {messages.show(meant)}?" if meant is not None else ""

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
                return f", since {messages.show(by[depth + 1])} is present"
        return ""


def _called(table: tables.Branches, index: int) -> str:
    name = table.branches[index].name if index < len(table.branches) else ""
    return name or f"branch {index}"


def _keyword(by: Tokens) -> str:
    """The keyword that a schema path ends in: its last token that is one."""
    if not by:
        return "false"
    last = by[-1]
    if len(by) > 1 and (isinstance(last, int) or by[-2] in _NAMED):
        return str(by[-2])
    return str(last) if last in _KEYWORDS else "false"


def _condition(schema: Any, holds: bool) -> str:
    """Why a then or an else applies, where its `if` is simple enough to say."""
    if holds and isinstance(schema, dict):
        said = []
        properties = schema.get("properties")
        for name, inner in properties.items() if isinstance(properties, dict) else ():
            if isinstance(inner, dict) and "const" in inner:
                said.append(f"{messages.show(name)} is {messages.show(inner['const'], 40)}")
        required = schema.get("required")
        if not said and isinstance(required, list) and required:
            said.append(
                f"{messages.names(required)} {'is' if len(required) == 1 else 'are'} present"
            )
        if said:
            return f", since {messages.either(said, 'and')}"
    return f", since the value {'matches' if holds else 'does not match'} 'if'"


def _get(node: Any, tokens: Iterable[str | int]) -> Any:
    for token in tokens:
        # the engine tells a member that is named 200 as the number
        try:
            node = node[str(token) if isinstance(node, dict) else token]
        except (KeyError, IndexError, TypeError):
            return None
    return node
