"""What is the same to a server that does as it may: where a value that comes back differs for real.

A server may trim, fold case, round, move an instant into its own time zone, sort a set and drop
what is in it twice, fill in what was null.  What it computes itself it need not take from anybody:
times of changes, versions, links, states.  None of that is a difference here.
"""

from __future__ import annotations

import html
import json
import re
import unicodedata
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal, InvalidOperation
from itertools import combinations
from typing import Any, Literal
from urllib.parse import unquote, urlsplit

from troth import pointer as pointers
from troth.conformance.words import is_masked
from troth.openapi.names import words_of

#: A `changed` value is another one, of one that is `lost` there is nothing left (null, an empty
#: text), an `absent` member is not there at all.
Kind = Literal["changed", "lost", "absent"]


@dataclass(frozen=True, slots=True)
class Difference:
    """A value that is not what it was: where, what was meant, what is there."""

    pointer: str
    meant: Any
    there: Any
    kind: Kind

    def __str__(self) -> str:
        if self.kind == "absent":
            return f"{self.pointer} is not there, and ought to be {_shown(self.meant)}"
        return f"{self.pointer} is {_shown(self.there)}, and ought to be {_shown(self.meant)}"


def _shown(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else f"{text[:57]}…"


# -- what a server computes -----------------------------------------------------------------------

_ALWAYS = frozenset(
    [
        *("id", "uuid", "guid", "created", "updated", "modified", "changed", "deleted", "inserted"),
        *("version", "revision", "rev", "etag", "checksum", "hash", "digest", "signature", "token"),
        *("secret", "password", "passwd", "pin", "href", "links", "self", "object", "timestamp"),
    ]
)
#: What some servers set themselves, and others take from whoever creates.
_OFTEN = frozenset(
    [
        *("slug", "permalink", "state", "status", "phase", "stage", "sequence", "number", "count"),
        *("total", "size", "owner", "creator", "expires", "views", "likes", "balance"),
    ]
)
#: Words at whose end a name says that it is about a moment, a count or a person.
_ENDS = frozenset({"at", "on", "by", "count", "total", "hash", "url", "uri", "version"})
_MOMENTS = frozenset({"created", "updated", "modified", "deleted"})
#: Words of which the name of the moment consists at which something came to be.
_CREATION = frozenset({"at", "on", "date", "time", "datetime", "timestamp", "utc"})


def is_always_computed(name: str) -> bool:
    """Whether a member of this *name* is the server's own, whatever a client says."""
    words = words_of(name)
    is_moment = bool(words) and bool({words[0], words[-1]} & _MOMENTS)
    return "".join(words) in _ALWAYS or name.startswith(("_", "@", "$")) or is_moment


def is_computed(name: str) -> bool:
    """Whether a member of this *name* is one that servers often set themselves."""
    words = words_of(name)
    is_ended = len(words) > 1 and words[-1] in _ENDS
    return is_always_computed(name) or "".join(words) in _OFTEN or is_ended


def is_of_creation(name: str) -> bool:
    """Whether a member of this *name* is the moment of its creation, which is over by then."""
    words = set(words_of(name))
    return bool(words & {"created", "creation"}) and words <= {"created", "creation", *_CREATION}


# -- what differs ---------------------------------------------------------------------------------


def differences(
    meant: Any,
    there: Any,
    *,
    but: Sequence[str] = (),
    declared: Sequence[str] | None = None,
    computed: Callable[[str], bool] = is_computed,
) -> list[Difference]:
    """Where *there* has something else than *meant*, of the members that both know.

    Members called as in *but* are left out, and so is what servers have *computed*.  Of the
    members that are not there only those that are *declared* count.
    """
    if not isinstance(meant, dict) or not isinstance(there, dict):
        return []
    found: list[Difference] = []
    for name, value in meant.items():
        if name in but or computed(name):
            continue
        at = pointers.join("", name)
        if name in there:
            found += _differences(value, there[name], at)
        elif declared is not None and name in declared and not _is_nothing(value):
            found.append(Difference(at, value, None, "absent"))
    return found


def _differences(meant: Any, there: Any, at: str) -> Iterator[Difference]:
    if meant is None or same(meant, there):
        return
    if isinstance(meant, dict) and isinstance(there, dict):
        for name, value in meant.items():
            if name in there and not is_computed(name):
                yield from _differences(value, there[name], pointers.join(at, name))
        return
    if _is_nothing(meant):
        return  # what is filled in for it is a default
    if _is_nothing(there):
        yield Difference(at, meant, there, "lost")
    elif _kind(meant) == _kind(there):
        # of another type it is another representation: an object for its identifier, say
        yield Difference(at, meant, there, "changed")


def _is_nothing(value: Any) -> bool:
    return value is None or value in ("", [], {})


def _kind(value: Any) -> str:
    if isinstance(value, bool):
        return "boolean"
    return "number" if isinstance(value, (int, float)) else type(value).__name__


def same(one: Any, other: Any) -> bool:
    """Whether a server may answer *other* where it took *one*."""
    if isinstance(one, bool) or isinstance(other, bool):
        return _flag(one) == _flag(other)
    if isinstance(one, (int, float)) or isinstance(other, (int, float)):
        return _same_number(one, other)
    if isinstance(one, str) and isinstance(other, str):
        return _same_text(one, other)
    if isinstance(one, list) and isinstance(other, list):
        return _same_items(one, other)
    if isinstance(one, dict) and isinstance(other, dict):
        return all(
            name in other and (is_computed(name) or value is None or same(value, other[name]))
            for name, value in one.items()
        )
    return bool(one == other)


def _flag(value: Any) -> str:
    text = str(value).lower()
    return {"1": "true", "0": "false"}.get(text, text)


def _same_number(one: Any, other: Any) -> bool:
    try:
        first, second = Decimal(str(one)), Decimal(str(other))
    except InvalidOperation:
        return False
    if not first.is_finite() or not second.is_finite():
        return False
    if first == second:
        return True
    integers = isinstance(one, int) and isinstance(other, int)
    # binary fractions have seven digits or more; money has two behind the point
    near = abs(first - second) <= max(abs(first), Decimal(1)) * Decimal("1e-6")
    is_rounded = abs(first - second) <= Decimal("0.005") and first != first.to_integral_value()
    return not integers and (near or is_rounded)


def _same_text(one: str, other: str) -> bool:
    if _folded(one) == _folded(other) or _folded(one) == _folded(html.unescape(other)):
        return True
    if is_masked(other) or (_DURATION.fullmatch(one) and _DURATION.fullmatch(other)):
        return True
    return _same_instant(one, other) or _same_decimal(one, other) or _same_url(one, other)


_DURATION = re.compile(r"P[\dT][\dYMWDTHS.,]*")
_MARKUP = re.compile(r"<[^<>]*>")


def _folded(text: str) -> str:
    """*text* as far as it says something: no case, no markup, no punctuation (of a telephone)."""
    composed = unicodedata.normalize("NFKC", _MARKUP.sub("", text)).casefold()
    return re.sub(r"[\W_]+", "", composed) or composed.strip()


def _same_decimal(one: str, other: str) -> bool:
    is_number = all(re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", each.strip()) for each in (one, other))
    return is_number and Decimal(one.strip()) == Decimal(other.strip())


def _same_url(one: str, other: str) -> bool:
    if "://" not in one or "://" not in other:
        return False
    try:
        first, second = (urlsplit(each.strip()) for each in (one, other))
    except ValueError:
        return False
    if first.netloc.lower() != second.netloc.lower():
        return True  # a copy of its own
    paths = [unquote(each.path).rstrip("/") for each in (first, second)]
    return paths[0] == paths[1] and first.query == second.query


_TIME = re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?([Zz]|[+-]\d\d:?\d\d)?")
_INSTANT = re.compile(
    r"(\d{4}-\d\d-\d\d)(?:[Tt ](\d\d:\d\d)(:\d\d)?(?:\.\d+)?\s*([Zz]|[+-]\d\d:?\d\d)?)?"
)


def _same_instant(one: str, other: str) -> bool:
    """Whether two texts are one moment: in any zone, with or without what is below a minute."""
    if _TIME.fullmatch(one.strip()) and _TIME.fullmatch(other.strip()):
        return one.strip()[:5] == other.strip()[:5]
    first, second = (_INSTANT.fullmatch(each.strip()) for each in (one, other))
    if first is None or second is None:
        return False
    if first[2] is None or second[2] is None:
        return first[1] == second[1]
    if first[4] is None or second[4] is None:
        # a moment without a zone is told as it was meant, or in that of the server
        if first[1] == second[1] and first[2] == second[2]:
            return True
        if first[4] is second[4]:
            return False
    a, b = (_instant(each) for each in (first, second))
    if a is None or b is None:
        return False
    precision = 60 if first[3] is None or second[3] is None else 1
    return abs(a - b) <= timedelta(seconds=precision)


def _instant(match: re.Match[str]) -> datetime | None:
    zone = "+00:00" if match[4] in ("Z", "z", None) else match[4]
    zone = zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    try:
        return datetime.fromisoformat(f"{match[1]}T{match[2]}{match[3] or ':00'}{zone}")
    except ValueError:
        return None


def _same_items(one: list[Any], other: list[Any]) -> bool:
    """Whether two arrays have the same items, in any order, each as often as it likes."""
    if len(one) == len(other) and all(map(same, one, other)):
        return True
    if len(one) > 64 or len(other) > 64:
        return False
    return all(any(same(each, any_) for any_ in other) for each in one) and all(
        any(same(each, any_) for each in one) for any_ in other
    )


def changed_to(before: Any, after: Any, *, but: Sequence[str] = ()) -> list[Difference]:
    """What two readings of one item do not agree on, of the members that the first one has."""
    return differences(before, after, but=but, declared=list(before))


def created_anew(before: Any, after: Any) -> list[Difference]:
    """Where two readings of one item, by one operation, tell two moments of its creation."""
    if not isinstance(before, dict) or not isinstance(after, dict):
        return []
    return [
        Difference(pointers.join("", name), value, after[name], "changed")
        for name, value in before.items()
        if is_of_creation(name) and value and after.get(name) and value != after[name]
    ]


# -- what follows from other members --------------------------------------------------------------

#: Two numbers are the same to a server that rounds to cents.
_CENT = Decimal("0.01")
#: Factors that tell nothing: what is multiplied by them is another member, or nothing.
_PLAIN = frozenset({Decimal(0), Decimal(1), Decimal(-1)})


@dataclass(frozen=True, slots=True)
class Derivation:
    """A number, the member *name* of an item, that is the product of the members *terms*.

    Or it is the sum of such products in the objects of its member *rows*.
    """

    name: str
    terms: tuple[str, str]
    rows: str = ""

    def __str__(self) -> str:
        product = " times ".join(self.terms)
        return f"the sum of {product} of all {self.rows}" if self.rows else product

    def value(self, item: Any) -> Decimal | None:
        """What it ought to be in *item*; None where that cannot be told."""
        rows = item.get(self.rows) if self.rows else [item]
        if not isinstance(rows, list):
            return None
        total = Decimal(0)
        for row in rows:
            one, other = self._factors(row)
            if one is None or other is None:
                return None
            total += one * other
        return total

    def holds(self, item: Any) -> bool:
        """Whether it is that in *item*; so where nobody can tell."""
        there, meant = _number(item.get(self.name)), self.value(item)
        return there is None or meant is None or abs(there - meant) < _CENT

    def is_told(self, item: Any) -> bool:
        """Whether *item* shows that it is that, and not one of its terms."""
        if not self.holds(item) or self.value(item) in (None, *_PLAIN):
            return False
        rows = item[self.rows] if self.rows else [item]
        return any(not {*self._factors(row)} & _PLAIN for row in rows)

    def _factors(self, row: Any) -> tuple[Decimal | None, Decimal | None]:
        one, other = (row.get(term) if isinstance(row, dict) else None for term in self.terms)
        return _number(one), _number(other)


def derivations(items: Sequence[dict[str, Any]], *, sent: Collection[str]) -> list[Derivation]:
    """The numbers that a server has worked out of what was *sent*, in all *items* as it made them.

    By chance a number may be the product of two; hardly two of them.
    """
    found = []
    for name in dict.fromkeys(key for item in items for key in item if key not in sent):
        for each in _conceivable(name, items, sent):
            shown = {each.value(item) for item in items if each.is_told(item)}
            if len(shown) > 1 and all(map(each.holds, items)):
                found.append(each)
                break
    return found


def _conceivable(
    name: str, items: Sequence[dict[str, Any]], sent: Collection[str]
) -> Iterator[Derivation]:
    if not any(_number(item.get(name)) is not None for item in items):
        return
    for rows in ("", *sent):
        held = [item.get(rows) if rows else [item] for item in items]
        inner = [row for each in held if isinstance(each, list) for row in each]
        numbers = [
            key
            for key in dict.fromkeys(key for row in inner if isinstance(row, dict) for key in row)
            if rows or key in sent
            if any(isinstance(row, dict) and _number(row.get(key)) is not None for row in inner)
        ]
        for terms in combinations(numbers, 2):
            yield Derivation(name, terms, rows)


def _number(value: Any) -> Decimal | None:
    """*value* as a number; of a text, too, that is written as an amount of money."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    is_amount = _AMOUNT.fullmatch(value) if isinstance(value, str) else abs(value) < _LARGEST
    return Decimal(str(value)) if is_amount else None


#: Beyond it, a number is not exact everywhere.
_LARGEST = 2**53
_AMOUNT = re.compile(r"-?[0-9]{1,15}[.][0-9]{1,4}")
