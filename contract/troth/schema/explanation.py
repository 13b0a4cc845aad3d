"""From what jsonschema-rs reports to what a reader can act on.

The validator says which keyword failed where.  Here each failure becomes a `Mismatch`: a sentence,
a pointer into the instance and one into the document.  For oneOf and anyOf the branch that was
meant speaks (see `branches`); what several allOf branches say alike is message once.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Any

import jsonschema_rs

from troth import pointer as pointers
from troth.errors import Place
from troth.schema import branches, discriminator, messages, misspellings
from troth.schema.applicators import APPLICATORS, DEFINITIONS, Tokens
from troth.schema.data_model import INTEGERS
from troth.schema.dialect import EXCLUSIVE, is_or_null
from troth.schema.direction import WAIVED

#: At most so many mismatches are explained: what is wrong with a thousand items needs no more.
MOST = 1000
#: At most so many branches that may equally be meant are told.
_MOST_RIVALS = 3

_APPLIED = APPLICATORS.keys() - DEFINITIONS
_NAMED = frozenset(keyword for keyword in _APPLIED if APPLICATORS[keyword].shape == "names")
#: What a schema path may end in: what holds subschemas by name is followed by a name.
_KEYWORDS = messages.KEYWORDS | (_APPLIED - _NAMED)
_KEYWORDS |= {"dependentRequired", "required", "dependencies"}
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
class Unplaced:
    """A mismatch before it is placed: tokens instead of pointers."""

    keyword: str
    instance: Tokens
    schema: Tokens
    message: str


@dataclass(slots=True, eq=False)
class Explainer:
    """Explains the errors of schemas of one prepared document."""

    source: Any
    prepared: Any
    place: Callable[[str], Place | None]
    path: Callable[[Sequence[str | int]], Tokens]
    content: Callable[[str, Any], tuple[Mismatch, ...]] | None = None
    tables: dict[Tokens, branches.Branches] = field(default_factory=dict)

    def explain(
        self, errors: Iterable[Any], instance: Any, *, outside: int = 0
    ) -> tuple[Mismatch, ...]:
        """The mismatches behind *errors*, in the order of the instance, each once.

        The first *outside* tokens that lead into *instance* are none of its own.
        """
        mismatches = [m for error in islice(errors, MOST) for m in self._explain(error, instance)]
        if len(mismatches) > 1:
            mismatches = _in_order(_once(mismatches), instance)
        return tuple(self._placed(each, outside) for each in mismatches[:MOST])

    def _placed(self, mismatch: Unplaced, outside: int) -> Mismatch:
        tokens = mismatch.schema
        if tokens[-1:] == ("anyOf",) and is_or_null(_get(self.prepared, tokens[:-1])):
            tokens = tokens[:-1]  # the document has no such union there
        schema = pointers.of(discriminator.pointer_of(tokens))
        instance = pointers.of(mismatch.instance[outside:])
        return Mismatch(mismatch.keyword, instance, schema, mismatch.message, self.place(schema))

    def _explain(self, error: Any, instance: Any) -> Iterator[Unplaced]:
        kind = error.kind
        where = tuple(error.instance_path)
        by = self.path(error.schema_path)
        value = _value(instance, where)
        if isinstance(kind, _UNDECIDED):
            pattern = messages.show(_get(self.prepared, by))
            message = (
                f"whether {messages.show(value)} matches {pattern} takes too many steps to tell"
            )
            yield Unplaced("undecided", where, by, message)
        elif isinstance(kind, _Kind.Custom):
            yield from self._explain_content(value, where, by)
        elif isinstance(kind, (_Kind.OneOfNotValid, _Kind.AnyOf)):
            yield from self._explain_branches(kind.context, instance, where, by)
        elif isinstance(kind, _Kind.OneOfMultipleValid):
            if WAIVED in (_get(self.prepared, by[:-1]) or {}):
                return  # which of them is meant cannot be seen from here
            missing = self._table(by).missing(value)
            message = self._several(kind.context, value, by)
            if missing is not None:
                message = f"{messages.show(missing)} is missing: {message}"
            yield Unplaced("oneOf" if missing is None else "discriminator", where, by, message)
        else:
            yield self._simple(kind, value, where, by)

    def _explain_content(self, value: Any, where: Tokens, by: Tokens) -> Iterator[Unplaced]:
        if self.content is not None:
            for each in self.content(pointers.of(by), value):
                inner = pointers.split(each.instance_pointer)
                schema = pointers.split(each.schema_pointer)
                yield Unplaced(each.keyword, where + inner, schema, each.message)

    def _explain_branches(
        self, context: Sequence[Sequence[Any]], instance: Any, where: Tokens, by: Tokens
    ) -> Iterator[Unplaced]:
        value = _value(instance, where)
        table = self._table(by)
        narrowed = branches.narrow(table, value)
        if narrowed.values:
            if narrowed.tag is not None:
                where, value = (*where, narrowed.tag), value[narrowed.tag]
            message = messages.not_one_of(value, narrowed.values)
            yield Unplaced(narrowed.keyword, where, by, message)
        elif narrowed.types:
            yield Unplaced("type", where, by, messages.not_of_type(value, narrowed.types))
        else:
            by_branch = [
                _once(each for error in context[index] for each in self._explain(error, instance))
                for index in narrowed.indexes
                if index < len(context)
            ]
            yield from self._meant(by_branch, value, where, by, table.missing(value))

    def _meant(
        self,
        by_branch: Sequence[list[Unplaced]],
        value: Any,
        where: Tokens,
        by: Tokens,
        missing: str | None,
    ) -> list[Unplaced]:
        """What the branch that was meant says, or what all that may be meant say alike.

        *missing* is the member that would tell, where there is one and the value lacks it.
        """
        if len(by_branch) == 1:
            return by_branch[0]
        options = self._options(by_branch, where)
        if options is not None:
            return [Unplaced("enum", where, by, messages.not_one_of(value, options))]
        common = [each for each in by_branch[0] if _in_all(each, by_branch[1:])]
        if common:
            return common
        ranked = sorted(by_branch, key=lambda branch: _likelihood(branch, len(where)))
        best = [one for one in ranked if _rivals(one, ranked[0])]
        if len(best) == 1:
            return best[0]
        if missing is not None:
            message = f"{messages.show(missing)} is missing, which tells the branches apart"
            return [Unplaced("discriminator", where, by, message)]
        message = ", or else ".join(branch[0].message for branch in best[:_MOST_RIVALS])
        return [Unplaced(str(by[-1]), best[0][0].instance, by, message)]

    def _options(self, by_branch: Sequence[list[Unplaced]], where: Tokens) -> list[Any] | None:
        """The values that would do, where every branch enumerates those of the instance itself."""
        options: list[Any] = []
        for branch in by_branch:
            first = branch[0] if len(branch) == 1 and branch[0].instance == where else None
            if first is None or first.schema[-1] not in ("const", "enum"):
                return None
            listed = _get(self.prepared, first.schema)
            options += [listed] if first.schema[-1] == "const" else listed
        return options

    def _table(self, by: Tokens) -> branches.Branches:
        table = self.tables.get(by)
        if table is None:
            table = self.tables[by] = branches.read(self.prepared, pointers.of(by))
        return table

    def _several(self, context: Sequence[Sequence[Any]], value: Any, by: Tokens) -> str:
        table = self._table(by)
        matching = [i for i, errors in enumerate(context) if not errors]
        called = [_called(table, index) for index in matching]
        message = (
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
        return f"{message}; {messages.either(own, 'and')}" if own else message

    def _simple(self, kind: Any, value: Any, where: Tokens, by: Tokens) -> Unplaced:
        keyword = _keyword(by)
        if isinstance(kind, _Kind.Required):
            return self._missing(kind.property, value, where, by)
        if isinstance(kind, _Kind.PropertyNames):
            return self._bad_name(kind.error, where, by)
        if isinstance(kind, _Kind.FalseSchema):
            return self._nothing_allowed(value, where, by)
        if isinstance(kind, _Kind.AdditionalItems):  # until draft 2019-09
            return Unplaced(keyword, where, by, messages.sentence("maxItems", kind.limit, value))
        unexpected = getattr(kind, "unexpected", None)
        if unexpected is not None and self._is_one_way(by):
            return Unplaced("writeOnly", where, by, _not_sent(unexpected))
        if unexpected is not None:
            return Unplaced(keyword, where, by, self._unexpected(keyword, unexpected, value, by))
        expected = _get(self.prepared, by)
        holder = _get(self.prepared, by[:-1])
        if isinstance(holder, dict) and discriminator.BY in holder:
            named = expected if keyword == "enum" else expected.get("enum", [])
            message = messages.not_one_of(value, named)
            return Unplaced(
                "discriminator", where, pointers.split(holder[discriminator.BY]), message
            )
        if expected is True and keyword in EXCLUSIVE:  # draft 4
            expected = _get(self.prepared, (*by[:-1], EXCLUSIVE[keyword]))
        format_of = self._integer_format(keyword, by, expected)
        if format_of is not None:
            message = messages.out_of_format(format_of, value, expected)
            return Unplaced("format", where, (*by[:-1], "format"), message)
        return Unplaced(
            keyword, where, by, messages.sentence(keyword, expected, value) + self._why(by)
        )

    def _missing(self, name: str, value: Any, where: Tokens, by: Tokens) -> Unplaced:
        message = f"{messages.show(name)} is missing"
        if by[-1] in ("dependentRequired", "dependencies"):
            needing = _get(self.prepared, by)
            lists = {key: names for key, names in needing.items() if isinstance(names, list)}
            wanting = [key for key, names in lists.items() if key in value and name in names]
            verb = "requires" if len(wanting) == 1 else "require"
            return Unplaced(
                str(by[-1]), where, by, f"{message}; {messages.names(wanting)} {verb} it"
            )
        return Unplaced("required", where, by, message + self._why(by))

    def _bad_name(self, error: Any, where: Tokens, by: Tokens) -> Unplaced:
        name = error.instance
        message = f"the member name {messages.show(name)} is not allowed"
        inner = next(self._explain(error, name), None)
        if inner is not None and not isinstance(error.kind, _Kind.FalseSchema):
            message = f"{message}: {inner.message}"
        return Unplaced("propertyNames", where, by, message)

    def _nothing_allowed(self, value: Any, where: Tokens, by: Tokens) -> Unplaced:
        keyword = _keyword(by)
        if self._is_one_way(by):
            names = list(value) if keyword == "additionalProperties" else where[-1:]
            return Unplaced("writeOnly", where, by, _not_sent(names))
        if keyword in ("additionalProperties", "unevaluatedProperties") and isinstance(value, dict):
            return Unplaced(keyword, where, by, self._unexpected(keyword, list(value), value, by))
        if keyword == "items" and where:
            prefix = _get(self.prepared, (*by[:-1], "prefixItems"))
            most = len(prefix) if isinstance(prefix, list) else 0
            message = f"item {where[-1]} is not allowed: the array may hold {most} at most"
            return Unplaced("items", where, by, message)
        if keyword in ("properties", "patternProperties") and where:
            message = f"{messages.show(where[-1])} must not be present" + self._why(by)
            return Unplaced(keyword, where, by, message)
        if keyword == "propertyNames" and isinstance(value, dict):
            message = f"{messages.names(list(value))}: no member is allowed"
            return Unplaced(keyword, where, by, message)
        message = messages.sentence("false", False, value) + self._why(by)
        return Unplaced(keyword, where, by, message)

    def _is_one_way(self, by: Tokens) -> bool:
        """Whether what stands at *by* is forbidden for its direction alone (`direction`)."""
        return _get(self.prepared, by) is False and _get(self.source, by) is not False

    def _unexpected(self, keyword: str, names: Sequence[Any], value: Any, by: Tokens) -> str:
        if keyword == "unevaluatedItems":
            # The engine names them by their JSON text.
            shown = ", ".join(messages.excerpt(str(name)).strip("'") for name in names[:5])
            noun = "1 item is" if len(names) == 1 else f"{len(names)} items are"
            return f"{noun} beyond what any schema allows: {shown}"
        verb = "is" if len(names) == 1 else "are"
        message = f"{messages.names(names)} {verb} not declared, and nothing else is allowed here"
        if _get(self.prepared, by) is not False:
            message = f"{messages.names(names)} {verb} not what '{keyword}' allows"
        return message + self._why(by) + self._did_you_mean(names, value, by)

    def _did_you_mean(self, names: Sequence[Any], value: Any, by: Tokens) -> str:
        """The declared member that the only unexpected one is a slip of."""
        if len(names) != 1 or not isinstance(value, dict) or not isinstance(names[0], str):
            return ""
        declared = branches.members(self.prepared, _get(self.prepared, by[:-1]))
        meant = misspellings.nearest(names[0], sorted(declared - value.keys()))
        return f"; did you mean {messages.show(meant)}?" if meant is not None else ""

    def _integer_format(self, keyword: str, by: Tokens, expected: Any) -> str | None:
        """The format that stands behind a bound which the document does not write itself."""
        if keyword not in ("minimum", "maximum"):
            return None
        schema = _get(self.source, by[:-1])
        if not isinstance(schema, dict) or schema.get(keyword) == expected:
            return None
        name = schema.get("format")
        limits = INTEGERS.get(name) if isinstance(name, str) else None
        return name if limits and expected in limits else None

    def _why(self, by: Tokens) -> str:
        """What makes a conditional schema apply: the nearest if or dependency on the way."""
        for depth in range(len(by) - 1, 0, -1):
            token = by[depth]
            if token in ("then", "else") and "if" in (_get(self.prepared, by[:depth]) or {}):
                return _condition(_get(self.prepared, (*by[:depth], "if")), token == "then")
            if token == "dependentSchemas" and depth + 1 < len(by):
                return f", since {messages.show(by[depth + 1])} is present"
        return ""


def _not_sent(names: Sequence[Any]) -> str:
    verb = "is" if len(names) == 1 else "are"
    return f"{messages.names(names)} {verb} writeOnly, and no response may hold what is"


def _called(table: branches.Branches, index: int) -> str:
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
        message = []
        properties = schema.get("properties")
        for name, inner in properties.items() if isinstance(properties, dict) else ():
            if isinstance(inner, dict) and "const" in inner:
                message.append(f"{messages.show(name)} is {messages.show(inner['const'], 40)}")
        required = schema.get("required")
        if not message and isinstance(required, list) and required:
            message.append(
                f"{messages.names(required)} {'is' if len(required) == 1 else 'are'} present"
            )
        if message:
            return f", since {messages.either(message, 'and')}"
    return f", since the value {'matches' if holds else 'does not match'} 'if'"


def _value(instance: Any, where: Tokens) -> Any:
    """What stands at *where* in *instance*; a name says where its object is, and is all itself."""
    return instance if isinstance(instance, str) else _get(instance, where)


def _get(node: Any, tokens: Iterable[str | int]) -> Any:
    for token in tokens:
        # the engine tells a member that is named 200 as the number
        try:
            node = node[str(token) if isinstance(node, dict) else token]
        except (KeyError, IndexError, TypeError):
            return None
    return node


def _likelihood(branch: Sequence[Unplaced], depth: int) -> tuple[int, int, int]:
    """The less of this, the likelier the branch was meant: few faults, and those deep inside."""
    deepest = max((len(each.instance) for each in branch), default=0)
    return (sum(len(each.instance) == depth for each in branch), len(branch), -deepest)


def _rivals(one: Sequence[Unplaced], best: Sequence[Unplaced]) -> bool:
    """Whether *one* is as likely as *best*, and as easily told: one fault, of the same value."""
    return one is best or (len(one) == len(best) == 1 and one[0].instance == best[0].instance)


def _in_all(mismatch: Unplaced, others: Sequence[Sequence[Unplaced]]) -> bool:
    """Whether all *others* say what *mismatch* says."""
    return all(
        any(replace(mismatch, schema=other.schema) == other for other in branch)
        for branch in others
    )


def _once(mismatches: Iterable[Unplaced]) -> list[Unplaced]:
    """*mismatches* without what is said twice of one instance (by two branches of an allOf)."""
    first: dict[tuple[Tokens, str, str], Unplaced] = {}
    for each in mismatches:
        message = "" if each.keyword == "type" else each.message
        first.setdefault((each.instance, each.keyword, message), each)
    return list(first.values())


def _in_order(mismatches: list[Unplaced], instance: Any) -> list[Unplaced]:
    """*mismatches* in the order in which a reader of the instance meets it."""
    positions: dict[int, dict[Any, int]] = {}

    def key(mismatch: Unplaced) -> list[int]:
        order: list[int] = []
        node = instance
        for token in mismatch.instance:
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

    return sorted(mismatches, key=key)
