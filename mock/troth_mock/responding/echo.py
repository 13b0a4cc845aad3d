"""What a request says of a thing comes back in the answer, as far as that stays valid.

`GET /tasks/7` answers the task 7, what a client posts is in what it gets, and a list is as long as
its query asks for.  A member is known by its name, however it is written; the `id` of what the
path ends with is also that of the thing itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from copy import deepcopy
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import parse_qsl, quote, unquote

from troth.generation import natural_values
from troth.http.exchange import Fields
from troth.openapi.names import singular, words_of
from troth.openapi.operation import DeclaredResponse, Match, Operation
from troth.schema.schema import Schema

#: A longer list is as long as this.
MOST_ITEMS = 100
_WRITES = frozenset({"POST", "PUT", "PATCH"})
_INTEGER = re.compile(r"-?[0-9]{1,15}")
#: Beside those that natural_values.yaml calls a limit.
_LIMITS = frozenset({("size",), ("top",), ("count",), ("rows",), ("max",)})
#: Names that many things have: one that is further in belongs to something else.
_COMMON = frozenset({"id", "name", "key", "code", "slug", "type", "uuid", "status"})
_ENVELOPES = frozenset({"metadata", "meta", "pagination", "paging", "page", "pageinfo"})
_DEEPEST = 2

Words = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Said:
    """What a request says by name: in its *path*, in its *query*, in its *body*.

    *own* is the parameter that the path ends with, *owner* what it is about, *at* the path as sent.
    """

    at: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: Any
    own: str | None
    owner: str

    @property
    def members(self) -> Mapping[str, Any]:
        """All that is said, by name."""
        body = self.body if isinstance(self.body, dict) else {}
        return {**self.query, **body, **self.path}

    @property
    def of_one(self) -> Said:
        """What is said of a single thing, and not of a list of such."""
        return replace(self, query={})

    @property
    def length(self) -> int | None:
        """How many items a list should have, if the query says."""
        for name, text in self.query.items():
            words = words_of(name)
            told = natural_values.telling(name)
            is_limit = words in _LIMITS or (told is not None and told.kind.name == "limit")
            if is_limit and _INTEGER.fullmatch(text) and int(text) >= 0:
                return min(int(text), MOST_ITEMS)
        return None


def said(operation: Operation, match: Match, target: str, body: Any) -> Said:
    """What the request to *target*, of which *match* is, says; *body* is its decoded body."""
    own, owner = _about(operation.path, is_write=operation.method in _WRITES)
    return Said(
        re.split("[?#]", target, maxsplit=1)[0].rstrip("/"),
        {name: unquote(text) for name, text in match.path_parameters.items()},
        dict(parse_qsl(match.query)) if match.query else {},
        body if operation.method in _WRITES else None,
        own,
        owner,
    )


@lru_cache(maxsize=4096)
def _about(path: str, *, is_write: bool) -> tuple[str | None, str]:
    """The parameter that *path* ends with, and what it is about."""
    segments = re.split("[?#]", path, maxsplit=1)[0].strip("/").split("/")
    if is_write and singular(segments[-1]) == segments[-1]:
        # something is done to the thing: POST /tasks/{id}/archive
        segments = segments[:-1] if segments[-2:-1] and "{" not in segments[-1] else segments
    own = re.fullmatch(r"\{([^{}]+)\}", segments[-1])
    owner = _owner([segment for segment in segments if "{" not in segment])
    return own[1] if own else None, owner


def _owner(literals: list[str]) -> str:
    """What a path of these segments is about: the last that is a thing, or several of them."""
    for segment in reversed(literals):
        owner, words = natural_values.owner_of(segment), words_of(segment)
        is_many = bool(words) and singular(words[-1]) != words[-1]
        if natural_values.is_thing(owner) or (is_many and "by" not in words):
            return owner
    return natural_values.owner_of(literals[-1]) if literals else ""


def with_said(schema: Schema, value: Any, said: Said) -> Any:
    """*value*, an instance of *schema*, with what was *said* wherever it stays valid."""
    if not isinstance(value, (dict, list)) or not (said.path or said.query or said.body):
        return value
    if isinstance(said.body, dict):
        value = _with_body(schema, value, said.body)
    for name, text in {**said.query, **said.path}.items():
        is_own = name == said.own and name in said.path
        for place, key in _places(value, name, said, is_own=is_own):
            _put(schema, value, place, key, text)
    return _shortened(schema, value, said.length)


def located(declared: DeclaredResponse, fields: Fields, said: Said, value: Any) -> Fields:
    """*fields*, of which Location leads to the thing that was made: *value*, by its identifier."""
    from troth.validation.parameters import is_field  # slow to load, and few answers have fields

    header = next((one for one in declared.headers if one.name.lower() == "location"), None)
    things = [value, *value.values()] if isinstance(value, dict) else []
    own = next((one["id"] for one in things if isinstance(one, dict) and "id" in one), None)
    if header is None or header.examples or not isinstance(own, (str, int)):
        return fields
    path = f"{said.at}/{quote(str(own), safe='')}"
    good = (text for text in (path, f"https://example.com{path}") if is_field(header, text))
    text = next(good, None)
    return tuple(
        (name, text if text is not None and name.lower() == "location" else before)
        for name, before in fields
    )


def agrees(value: Any, said: Said) -> bool:
    """Whether *value* is, by its members, of the thing that the path names."""
    return not said.path or all(
        str(place[key]) == text
        for name, text in said.path.items()
        for place, key in _places(value, name, said, is_own=name == said.own)
    )


def _places(value: Any, name: str, said: Said, *, is_own: bool) -> list[tuple[dict[str, Any], str]]:
    """The members of *value* that the parameter *name* is about: the outermost of its name."""
    wanted = words_of(name)
    level: list[tuple[dict[str, Any], bool]] = []
    if isinstance(value, list):
        level = [(item, True) for item in value if isinstance(item, dict)]
    elif isinstance(value, dict):
        level = [(value, False)]
    for _ in range(_DEEPEST):
        found = [
            (place, key)
            for place, is_item in level
            for key in place
            if _is_called(key, wanted, is_own=is_own and not is_item)
            and not (is_item and wanted in (("id",), ("uuid",)))
        ]
        if found:
            return found
        is_common = wanted[-1:] and wanted[-1] in _COMMON and (is_own or len(wanted) == 1)
        level = list(_further(level, said, is_common=bool(is_common)))
    return []


def _is_called(key: str, wanted: Words, *, is_own: bool) -> bool:
    words = words_of(key)
    # the task of /tasks/{taskId} has it as its id
    return words == wanted or (is_own and words == ("id",) and wanted[-1:] == ("id",))


def _further(
    level: list[tuple[dict[str, Any], bool]], said: Said, *, is_common: bool
) -> Iterator[tuple[dict[str, Any], bool]]:
    """The objects in those of *level*; where the name *is_common*, only the thing itself."""
    for place, is_item in level:
        for key, member in place.items():
            is_thing = natural_values.owner_of(key, said.owner) == said.owner or (
                "".join(words_of(key)) in _ENVELOPES
            )
            if isinstance(member, dict) and (is_thing or not is_common):
                yield member, is_item
            elif isinstance(member, list) and (is_thing or not is_common):
                yield from ((item, True) for item in member if isinstance(item, dict))


def _put(schema: Schema, whole: Any, place: dict[str, Any], key: str, text: str) -> None:
    """Let the member *key* of *place* be *text*, read as what it is, if *whole* stays valid."""
    before = place[key]
    if isinstance(before, (dict, list, bool)):
        return
    readings: list[Any] = [text]
    if _INTEGER.fullmatch(text):
        readings.insert(0 if isinstance(before, (int, float)) else 1, int(text))
    for reading in readings:
        place[key] = reading
        if schema.is_valid(whole):
            return
    place[key] = before


def _with_body(schema: Schema, value: Any, body: dict[str, Any]) -> Any:
    """*value* with the members of *body* of the same names."""
    if not isinstance(value, dict):
        return value
    whole = _merged(value, body)
    if schema.is_valid(whole):
        return whole
    for name, member in whole.items():
        before = value[name]
        value[name] = member
        if not schema.is_valid(value):
            value[name] = before
    return value


def _merged(value: dict[str, Any], body: dict[str, Any]) -> dict[str, Any]:
    if value.keys().isdisjoint(body):
        # one of the two may be wrapped: {"task": {…}} for a task
        for name, member in value.items():
            if isinstance(member, dict) and not member.keys().isdisjoint(body):
                return {**value, name: _merged(member, body)}
        inner = next(iter(body.values())) if len(body) == 1 else None
        if isinstance(inner, dict) and not value.keys().isdisjoint(inner):
            return _merged(value, inner)
    return {
        name: _replaced(member, body[name]) if name in body else member
        for name, member in value.items()
    }


def _replaced(before: Any, after: Any) -> Any:
    if isinstance(before, dict) and isinstance(after, dict):
        return _merged(before, after) if not before.keys().isdisjoint(after) else after
    if isinstance(before, list) and isinstance(after, list):
        # an item that came back has what the server adds: an id, say
        return [
            _replaced(before[index], item) if index < len(before) else item
            for index, item in enumerate(after)
        ]
    return deepcopy(after)


def _shortened(schema: Schema, value: Any, length: int | None) -> Any:
    """*value* with no more than *length* items in its one list."""
    if length is None:
        return value
    lists = (
        [value]
        if isinstance(value, list)
        else [member for member in value.values() if isinstance(member, list)]
    )
    if len(lists) == 1 and len(lists[0]) > length:
        rest = lists[0][length:]
        del lists[0][length:]
        if not schema.is_valid(value):
            lists[0].extend(rest)
    return value
