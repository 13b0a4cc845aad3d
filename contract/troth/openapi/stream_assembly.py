"""How the items of a stream fold into one body: the rules of `x-troth-assembly`, and the fold.

spec/README.md documents the vocabulary.  The fold is pure and total: items that do not fit the
rules (a string where an object was due) contribute what they can and never raise, because the
items' own schema reports the misfit.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NoReturn, cast

from troth import pointer as pointers
from troth.errors import Place, SpecError, nearest

How = Literal["last", "first", "concatenate", "append", "drop", "const", "merge", "keyed"]

#: The rules that one word says; the others are said by `const`, `members` and `by`.
WORDS = ("last", "first", "concatenate", "append", "drop")

_MEMBERS = ("as", "rule", "const", "members", "by", "drop-key")
# The members of a rule that each decide what it does: at most one of a line may be there.
_EXCLUSIVE = (("rule", "const", "members"), ("rule", "const", "by"))


@dataclass(frozen=True, slots=True)
class Rule:
    """How the values that one member has in successive items become one value.

    `last`/`first`: that value; `concatenate`: strings joined; `append`: arrays joined; `drop`:
    nothing; `const`: *value*, whatever came; `merge`: an object, member by member (*members*);
    `keyed`: an array whose entries with the same *key* member are one entry, in order of the key,
    each merged by *members*; the key itself stays in the entry unless *drops_key*.
    null contributes nothing, and a member that was never anything else is absent from the body.
    *name* is the member's name in the body, where that differs (`as`).
    """

    how: How = "last"
    name: str | None = None
    value: Any = None
    key: str | None = None
    drops_key: bool = False
    members: Mapping[str, Rule] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Assembly:
    """The rules of one stream: *body* is the content type of the response that it folds to."""

    body: str
    members: Mapping[str, Rule]
    pointer: str


def parse(raw: Any, pointer: str = "", place: Place | None = None) -> Assembly:
    """Read the `x-troth-assembly` at *pointer*.  Raises SpecError for a rule without a meaning."""
    reader = _Reader(place)
    if not isinstance(raw, Mapping):
        reader.refuse(pointer, "x-troth-assembly is an object with 'body' and 'members'")
    reader.known(raw, ("body", "members"), pointer)
    body = raw.get("body")
    if not isinstance(body, str) or "/" not in body:
        reader.refuse(
            pointers.join(pointer, "body"),
            "'body' names the content type of the response that the items fold to",
        )
    members = reader.members(raw.get("members", {}), pointers.join(pointer, "members"))
    return Assembly(body, members, pointer)


def fold(assembly: Assembly, items: Iterable[Any]) -> dict[str, Any]:
    """Fold the items' parsed data (without the sentinel) into the body that they spell."""
    return _merge(assembly.members, [item for item in items if isinstance(item, dict)])


@dataclass(frozen=True, slots=True)
class _Reader:
    """Reads rules; *place* is where the whole assembly was written."""

    place: Place | None

    def members(self, raw: Any, at: str) -> dict[str, Rule]:
        if not isinstance(raw, Mapping):
            self.refuse(at, "'members' is an object: each member's name with its rule")
        rules = {name: self.rule(rule, pointers.join(at, name)) for name, rule in raw.items()}
        taken: dict[str, str] = {}
        for member, rule in rules.items():
            name = rule.name or member
            if name in taken:
                self.refuse(
                    pointers.join(at, member),
                    f"{member!r} and {taken[name]!r} would both become {name!r} of the body",
                )
            taken[name] = member
        return rules

    def rule(self, raw: Any, at: str) -> Rule:
        if isinstance(raw, str):
            return Rule(self.word(raw, at))
        if not isinstance(raw, Mapping):
            self.refuse(at, f"a rule is one of {', '.join(WORDS)}, or an object")
        self.known(raw, _MEMBERS, at)
        for line in _EXCLUSIVE:
            both = [member for member in line if member in raw]
            if len(both) > 1:
                self.refuse(at, f"a rule has '{both[0]}' or '{both[1]}', not both")
        name, key = raw.get("as"), raw.get("by")
        for member, value in (("as", name), ("by", key)):
            if member in raw and not (isinstance(value, str) and value):
                self.refuse(pointers.join(at, member), f"'{member}' names a member")
        drops_key = raw.get("drop-key", False)
        if not isinstance(drops_key, bool) or (drops_key and key is None):
            self.refuse(pointers.join(at, "drop-key"), "'drop-key' is true or false, beside 'by'")
        if "const" in raw:
            return Rule("const", name, raw["const"])
        members = self.members(raw.get("members", {}), pointers.join(at, "members"))
        if key is not None:
            return Rule("keyed", name, None, key, drops_key, members)
        if "members" in raw:
            return Rule("merge", name, members=members)
        return Rule(self.word(raw.get("rule", "last"), pointers.join(at, "rule")), name)

    def word(self, raw: Any, at: str) -> How:
        if raw not in WORDS:
            self.refuse(at, f"{raw!r} is no rule: {', '.join(WORDS)}", _question(str(raw), WORDS))
        return cast(How, raw)

    def known(self, raw: Mapping[str, Any], names: Sequence[str], at: str) -> None:
        for name in raw:
            if name not in names:
                self.refuse(
                    pointers.join(at, name),
                    f"{name!r} means nothing here; known are {', '.join(names)}",
                    _question(name, names),
                )

    def refuse(self, at: str, fault: str, advice: str = "") -> NoReturn:
        raise SpecError(fault, place=self.place, pointer=at, advice=advice)


def _question(name: str, names: Sequence[str]) -> str:
    """A question that offers the one of *names* that *name* is likely to mean, or nothing."""
    close = nearest(name, names)
    return f"Did you mean '{close}'?" if close else ""


def _merge(rules: Mapping[str, Rule], values: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Merge objects member by member, in the order in which the members first appear."""
    came: dict[str, list[Any]] = {}
    for value in values:
        for member, part in value.items():
            came.setdefault(member, []).append(part)
    body: dict[str, Any] = {}
    for member, parts in came.items():
        rule = rules.get(member, _LAST)
        there = [part for part in parts if part is not None]
        if rule.how == "const":
            body[rule.name or member] = rule.value
        elif there and rule.how != "drop":
            body[rule.name or member] = _REDUCE[rule.how](rule, there)
    for member, rule in rules.items():
        if rule.how == "const":
            body.setdefault(rule.name or member, rule.value)
    return body


def _concatenate(rule: Rule, parts: list[Any]) -> Any:
    fitting = [part for part in parts if isinstance(part, str)]
    # nothing that fits: the misfit itself stands, so that the body's schema shows it too
    return "".join(fitting) if fitting else parts[-1]


def _append(rule: Rule, parts: list[Any]) -> Any:
    fitting = [part for part in parts if isinstance(part, list)]
    return [entry for part in fitting for entry in part] if fitting else parts[-1]


def _merged(rule: Rule, parts: list[Any]) -> Any:
    fitting = [part for part in parts if isinstance(part, dict)]
    return _merge(rule.members, fitting) if fitting else parts[-1]


def _keyed(rule: Rule, parts: list[Any]) -> Any:
    fitting = [part for part in parts if isinstance(part, list)]
    if not fitting:
        return parts[-1]
    entries: dict[tuple[int, float, str], list[dict[str, Any]]] = {}
    for part in fitting:
        for position, entry in enumerate(part):
            if isinstance(entry, dict):
                key = _order(entry.get(rule.key or ""), position)
                entries.setdefault(key, []).append(entry)
    merged = [_merge(rule.members, entries[key]) for key in sorted(entries)]
    if rule.drops_key:
        name = (rule.members.get(rule.key or "") or _LAST).name or rule.key
        for entry in merged:
            entry.pop(str(name), None)
    return merged


def _order(key: Any, position: int) -> tuple[int, float, str]:
    """Make a key hashable and sortable: numbers first, as numbers, then strings.

    An entry whose key is missing or of another type counts by its *position*.
    """
    if isinstance(key, str):
        return (1, 0, key)
    if isinstance(key, int | float) and not isinstance(key, bool) and key == key:
        return (0, key, "")
    return (0, position, "")


_LAST = Rule()
_REDUCE: Mapping[How, Callable[[Rule, list[Any]], Any]] = {
    "last": lambda rule, parts: parts[-1],
    "first": lambda rule, parts: parts[0],
    "concatenate": _concatenate,
    "append": _append,
    "merge": _merged,
    "keyed": _keyed,
}
