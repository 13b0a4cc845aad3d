"""Whether a request is one that a scenario means: its `when`, compiled to checks.

A check looks at one thing and returns why it does not hold, in words that its author understands;
None where it holds.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from troth import pointer as pointers
from troth.errors import Place, SpecError
from troth.laws import condition
from troth.laws.condition import UNDECIDED, UNENDING, Condition, Scope
from troth.schema.messages import either, show
from troth_mock.scenario.situation import KNOWN, Situation

#: So many seconds an expression takes at most, since requests wait meanwhile.
LONGEST = 0.25

Check = Callable[[Situation], str | None]
Locate = Callable[[str], Place | None]


class PlacedCheck(NamedTuple):
    """A check, and where it was written."""

    holds_not: Check
    place: Place | None


#: In a pattern, what repeats a part of it, and what repeats a group; escapes are looked at first.
_REPEATS = re.compile(r"\\.|(\))?[*+{]|(?<!\()(\))?\?")
#: Python takes at most so many characters: even one repetition is quadratic.
_SHORT = 1000
_ANYWHERE = condition.parse(
    "text.matches(pattern)", variables={"text": "a text", "pattern": "an expression"}
)


@dataclass(frozen=True, slots=True)
class Pattern:
    """A regular expression that costs no more than the text is long.

    Python's engine, which tries every way of repeating a part in another, gets only patterns that
    have no such ways, and short texts; CEL's is slower to begin and linear.
    """

    source: str
    python: re.Pattern[str]
    is_plain: bool

    @classmethod
    def of(cls, source: str) -> Pattern | None:
        """The one that *source* is; None where it looks around or back.  Raises re.error."""
        python = re.compile(source)
        found = [match for match in _REPEATS.finditer(source) if not match[0].startswith("\\")]
        is_plain = len(found) < 2 and not any(match[1] or match[2] for match in found)
        made = cls(source, python, is_plain)
        return None if _ANYWHERE.value(made.facts("")) is UNDECIDED else made

    def facts(self, text: str) -> dict[str, str]:
        """What CEL is given; the end of a text has another letter there."""
        source = re.sub(r"\\.", lambda one: "\\z" if one[0] == "\\Z" else one[0], self.source)
        return {"text": text, "pattern": source}

    def is_in(self, text: str) -> bool:
        """Whether it matches anywhere in *text*."""
        if self.is_plain and len(text) <= _SHORT:
            return self.python.search(text) is not None
        return _ANYWHERE.value(self.facts(text)) is True


@dataclass(frozen=True, slots=True)
class Text:
    """What is asked of a text: *whole*, a *part* of it, a *pattern*, and what it is *without*."""

    whole: str | None = None
    part: str | None = None
    pattern: Pattern | None = None
    without: str | None = None

    def misses(self, text: str) -> str | None:
        """What *text* lacks, as the end of a sentence about it."""
        folded = text.casefold()
        if self.whole is not None and text != self.whole:
            return f"is {show(text)}, not {show(self.whole)}"
        if self.part is not None and self.part.casefold() not in folded:
            return f"is {show(text)}, which does not contain {show(self.part)}"
        if self.pattern is not None and not self.pattern.is_in(text):
            return f"is {show(text)}, which {show(self.pattern.source)} does not match"
        if self.without is not None and self.without.casefold() in folded:
            return f"is {show(text)}, which contains {show(self.without)}"
        return None


def checks(when: Mapping[str, Any], at: str, locate: Locate, scope: Scope) -> list[PlacedCheck]:
    """The checks of *when*, which stands at *at*; `operation` and `valid` are the caller's.

    *scope* knows the shapes of what a condition may speak of.  Raises SpecError for a text that is
    no regular expression, or no condition.
    """
    made: list[PlacedCheck] = []
    for name, value in when.items():
        where = pointers.join(at, name)
        if name in _MAPS:
            made += _of_names(name, value, where, locate)
        elif (check := _check(name, value, where, locate, scope)) is not None:
            made.append(PlacedCheck(check, locate(where)))
    return made


def parts_of(when: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """The conditions of *when*, each by itself: what is wrong with one hides no other."""
    for name, value in when.items():
        if name in _MAPS or name == "body":
            yield from ((name, {each: wanted}) for each, wanted in value.items())
        else:
            yield name, value


def _check(name: str, value: Any, at: str, locate: Locate, scope: Scope) -> Check | None:
    """The check that *name* asks for by *value*, if it is one that is made here."""
    match name:
        case "user":
            return partial(_user, _text(value, at, locate))
        case "message":
            role = value.get("role") if isinstance(value, dict) else None
            return partial(_message, _text(value, at, locate), role)
        case "role":
            return partial(_role, value)
        case "model":
            return partial(_model, _text(value, at, locate, is_whole=True))
        case "tools":
            return partial(_tools, [value] if isinstance(value, str) else value)
        case "turn":
            return partial(_turn, [value] if isinstance(value, int) else value)
        case "body":
            texts = {
                where: _text(wanted, pointers.join(at, where), locate, is_whole=True)
                for where, wanted in value.items()
                if isinstance(wanted, dict) and wanted and wanted.keys() <= _OF_TEXT
            }
            return partial(_body, value, texts)
        case "condition":
            given = {name: KNOWN[name] for name in KNOWN if name != "count"}
            asked = condition.parse(
                value, at, locate(at), scope=scope, variables=given, seconds=LONGEST
            )
            return partial(_condition, value, asked)
    return None


#: What an object asks of a text that stands in its place.
_OF_TEXT = frozenset({"is", "contains", "matches", "not"})


def _text(value: Any, at: str, locate: Locate, *, is_whole: bool = False) -> Text:
    """What *value* asks of a text; a string is the whole of it, or else a part."""
    if not isinstance(value, dict):
        text = str(value)
        return Text(whole=text) if is_whole else Text(part=text)
    pattern = None
    if "matches" in value:
        try:
            pattern = Pattern.of(value["matches"])
        except re.error as fault:
            where = pointers.join(at, "matches")
            column = "" if fault.pos is None else f"\n  {fault.pattern!s}\n  {' ' * fault.pos}^"
            raise SpecError(
                f"this is no regular expression: {fault.msg}",
                place=locate(where),
                pointer=where,
                advice=f"Write it as Python's `re` has them, or use `contains`.{column}",
            ) from None
        if pattern is None:
            where = pointers.join(at, "matches")
            raise SpecError(
                "this regular expression is too large, or looks around or back",
                place=locate(where),
                pointer=where,
                advice="Write it without (?=…), (?!…), (?<…), (?P=…) and \\1, or use `condition`.",
            )
    return Text(value.get("is"), value.get("contains"), pattern, value.get("not"))


def _user(asked: Text, situation: Situation) -> str | None:
    if situation.user is None:
        return "there is no message of a user"
    missed = asked.misses(situation.user)
    return missed and f"the last message of the user {missed}"


def _message(asked: Text, wanted: str | None, situation: Situation) -> str | None:
    said = [text for role, text in situation.said if wanted in (None, role)]
    if any(asked.misses(text) is None for text in said):
        return None
    of_role = f" of role {wanted}" if wanted else ""
    if not said:
        return f"there is no message{of_role}"
    missed = asked.misses(said[-1])
    return f"none of the {len(said)} messages{of_role} is like that: the last {missed}"


def _role(wanted: str, situation: Situation) -> str | None:
    role = situation.said[-1][0] if situation.said else None
    if role is None:
        return "there are no messages"
    return None if role == wanted else f"the last message is of role {role}, not {wanted}"


def _model(asked: Text, situation: Situation) -> str | None:
    missed = asked.misses(situation.model)
    return missed and f"the model {missed}"


def _tools(wanted: Sequence[str] | bool, situation: Situation) -> str | None:
    offered = situation.tools
    shown = ", ".join(offered) or "none"
    if isinstance(wanted, bool):
        if wanted is bool(offered):
            return None
        return "no tool is offered" if wanted else f"tools are offered: {shown}"
    missing = [name for name in wanted if name not in offered]
    if not missing:
        return None
    return f"the tool {either(missing, 'and')} is not offered; offered: {shown}"


def _turn(turns: Sequence[int], situation: Situation) -> str | None:
    if situation.turn in turns:
        return None
    return f"this is turn {situation.turn}, not {either([str(turn) for turn in turns])}"


def _body(
    members: Mapping[str, Any], texts: Mapping[str, Text], situation: Situation
) -> str | None:
    for where, wanted in members.items():
        name = where or "the body"
        try:
            found = pointers.resolve(situation.body, where)
        except KeyError:
            return f"{name} is not there"
        if where in texts and isinstance(found, str):
            missed = texts[where].misses(found)
            if missed:
                return f"{name} {missed}"
        elif not _has(found, wanted):
            return f"{name} is {show(found)}, not {show(wanted)}"
    return None


def _has(value: Any, wanted: Any) -> bool:
    """Whether *value* is what is *wanted*; an object may have other members as well."""
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(
            name in value and _has(value[name], part) for name, part in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(value, list) and len(value) == len(wanted) and all(map(_has, value, wanted))
        )
    # true is no 1 in JSON
    return bool(value == wanted) and isinstance(value, bool) is isinstance(wanted, bool)


def _condition(source: str, asked: Condition, situation: Situation) -> str | None:
    result = asked.value(situation.facts)
    if result is True:
        return None
    if result is UNENDING:
        return f"the condition {show(source)} takes more than {LONGEST:g} s"
    if result is UNDECIDED:
        return f"the condition {show(source)} cannot be decided: it reads what is not there"
    return f"the condition {show(source)} is {show(result)}"


# -- what goes by names: header fields, the query, the path


_Look = Callable[[Situation, str], str | None]
_MAPS: Mapping[str, tuple[str, _Look]] = {
    "fields": ("the field", lambda situation, name: situation.field(name)),
    "query": ("the query parameter", lambda situation, name: situation.query.get(name)),
    "path": ("the path parameter", lambda situation, name: situation.path.get(name)),
}


def _of_names(
    kind: str, value: Mapping[str, Any], at: str, locate: Locate
) -> Iterator[PlacedCheck]:
    title, look = _MAPS[kind]
    for name, wanted in value.items():
        where = pointers.join(at, name)
        is_there = isinstance(wanted, bool)
        asked = wanted if is_there else _text(wanted, where, locate, is_whole=True)
        yield PlacedCheck(partial(_named, f"{title} {name}", name, look, asked), locate(where))


def _named(
    what: str, name: str, look: _Look, wanted: Text | bool, situation: Situation
) -> str | None:
    found = look(situation, name)
    if found is None:
        return f"{what} is missing" if wanted else None
    if isinstance(wanted, Text):
        missed = wanted.misses(found)
        return missed and f"{what} {missed}"
    return None if wanted else f"{what} is there: {show(found)}"


def operations(value: str | Sequence[str] | None) -> tuple[str, ...]:
    """The names of operations that `operation` gives."""
    return () if value is None else (value,) if isinstance(value, str) else tuple(value)
