"""Bodies that tell something: with all that they may have, and nothing that goes without saying.

What reads back as null, as its default or as one item of a list might have been lost or kept; so of
several draws each member is taken from the one where its value says most.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta, timezone
from typing import Any

from troth import pointer as pointers
from troth.conformance.cases.case import Subject
from troth.conformance.stateful.comparison import same
from troth.conformance.stateful.items import at, put
from troth.errors import SpecError
from troth.generation.request_writer import UNSET
from troth.generation.requests import body_schema
from troth.generation.source import Unsatisfiable
from troth.generation.values import synthesize
from troth.openapi.listing import is_selection
from troth.openapi.resources import Resource
from troth.openapi.schema_view import View, view_of
from troth.schema.schema import Schema
from troth.seed import Seed

#: So many bodies are drawn for one that tells something.
_DRAWS = 3


def drawn(subject: Subject, *, seed: Seed, is_small: bool, name: str) -> Any:
    """A body of *subject*, or what stands for there being none; *name* is what it is of.

    One that *is_small* has what it must have, and nothing else.
    """
    if subject.made is None:
        return subject.minimal
    schema = subject.made.schema
    try:
        if is_small:
            return subject.overridden(synthesize(schema, seed=seed, optional=False, name=name))
        draws = [synthesize(schema, seed=seed.child(each), name=name) for each in range(_DRAWS)]
    except Unsatisfiable:
        return subject.minimal
    view = view_of(body_schema(subject.operation))
    most = _telling(_most(draws, view), view, schema=schema, seed=seed)
    # what an answer is to show is nothing of the item
    needed = view.required if view is not None else frozenset()
    for each in (most, *draws):
        for own in [one for one in each if is_selection(one)] if isinstance(each, dict) else []:
            if own not in needed:
                del each[own]
    whole = next((each for each in (most, *draws) if subject.made.valid(each)), draws[0])
    return subject.overridden(whole)


def _most(draws: list[Any], view: View | None) -> Any:
    """Of each member of *draws* the value that tells most."""
    if not isinstance(draws[0], dict):
        return max(draws, key=lambda value: _weight(value, view))
    members: dict[str, list[Any]] = {}
    for draw in draws:
        for name, value in draw.items() if isinstance(draw, dict) else ():
            members.setdefault(name, []).append(value)
    inner = view.members if view is not None else {}
    return {name: _most(values, inner.get(name)) for name, values in members.items()}


def _telling(value: Any, view: View | None, *, schema: Schema, seed: Seed) -> Any:
    """*value* with others in the place of members that no draw had but as null or their default."""
    if not isinstance(value, dict) or view is None:
        return value
    whole = {}
    for name, one in value.items():
        member = view.members.get(name)
        if isinstance(one, dict):
            one = _telling(one, member, schema=schema, seed=seed)
        elif member is not None and _weight(one, member) < _TELLING - 1:
            one = other_value(one, member, name=name, schema=schema, seed=seed)
        whole[name] = one
    return whole


def other_value(
    value: Any,
    view: View,
    *,
    name: str,
    schema: Schema,
    seed: Seed,
    but: Collection[Any] = (),
) -> Any:
    """A value of *view*, a part of *schema*, that is neither *value* nor goes without saying."""
    beside: list[dict[str, Any]] = [{"type": sorted(view.types)}] if view.types else []
    beside.append({"not": {"enum": [None, value, *defaults(view), *but]}})
    try:
        own = schema.schemas.at(view.pointer)
        return synthesize(own, seed=seed.child(name), name=name, beside=tuple(beside))
    except (Unsatisfiable, SpecError):
        return value


def with_name(subject: Subject, resource: Resource, *, body: Any, name: Any) -> Any:
    """*body* with *name* as the identifier in it, where it may have one."""
    if resource.identifier is None:
        return body
    place = (resource.sent(subject.operation) or "") + resource.identifier
    if not isinstance(at(body, pointers.of(pointers.split(place)[:-1])), dict):
        return body
    whole = put(body, place, name)
    return whole if subject.made is not None and subject.made.valid(whole) else body


def named_anew(
    subject: Subject, body: Any, *, pointer: str, used: Collection[Any], seed: Seed
) -> Any:
    """*body* with an identifier at *pointer* that is none of those *used*, where it has one."""
    view = view_of(body_schema(subject.operation))
    member = view.at(pointer) if view is not None and pointer else None
    before = at(body, pointer)
    if member is None or subject.made is None or before is UNSET or before not in used:
        return body
    name = pointers.split(pointer)[-1]
    value = other_value(before, member, name=name, schema=subject.made.schema, seed=seed, but=used)
    whole = put(body, pointer, value)
    return whole if subject.made.valid(whole) else body


#: Letters of a script with accents, of one with thousands of letters, and one beyond 16 bits.
_ODD = "Zo\u00eb \u540d\u524d \U0001f600"
#: A zone that no server is in by chance, half an hour off.
_ZONE = timezone(timedelta(hours=5, minutes=30))


def odder(subject: Subject, body: Any, place: str, *, but: Collection[str] = ()) -> Any:
    """*body* with other letters in the free texts of the item at *place*, and moments elsewhere.

    They are the same moments, in another zone.  Members called as in *but* stay as they are.
    """
    view = view_of(body_schema(subject.operation))
    inner = view.at(place) if view is not None and place else view
    item = at(body, place)
    if subject.made is None or inner is None or not isinstance(item, dict):
        return body
    for name, value in item.items():
        member = inner.members.get(name)
        if member is None or name in but or not isinstance(value, str):
            continue
        for other in _odd(value, member):
            whole = put(body, pointers.join(place, name), other)
            if subject.made.valid(whole):
                body = whole
                break
    return body


def _odd(value: str, view: View) -> list[str]:
    """Other texts for *value*, which is of *view*, the best first."""
    if view.formats == {"date-time"}:
        try:
            moment = datetime.fromisoformat(value.replace("Z", "+00:00"))
        except ValueError:
            return []
        return [moment.astimezone(_ZONE).isoformat()] if moment.tzinfo is not None else []
    told = {word for _, schema in view.parts for word in schema}
    is_free = not told & {"enum", "const", "pattern", "format", "contentEncoding"}
    return [*_long(f"{value} {_ODD}", view), f"{value} {_ODD}", _ODD, _ODD[:3]] if is_free else []


def _long(text: str, view: View) -> list[str]:
    """*text* and more, as long as *view* lets it be, where that is longer than a column may be.

    Who cuts off what is too long for one does not keep to the document.
    """
    lengths = [schema["maxLength"] for _, schema in view.parts if "maxLength" in schema]
    most = min(lengths, default=0)
    filling = "and so it goes on, "
    return [(text + filling * (most // len(filling)))[: most - 1] + "."] if most > _COLUMN else []


#: Many a database has texts of so many letters, and no longer ones.
_COLUMN = 255
#: The weight of a value that would be missed.
_TELLING = 3


def _weight(value: Any, view: View | None) -> int:
    if value is None or value in ("", [], {}):
        return 0
    if value in (0, False) or any(same(each, value) for each in defaults(view)):
        return 1
    return _TELLING - 1 if isinstance(value, list) and len(value) < 2 else _TELLING


def defaults(view: View | None, pointer: str = "") -> list[Any]:
    """The defaults of what stands at *pointer* in *view*."""
    inner = view.at(pointer) if view is not None and pointers.split(pointer) else view
    return [
        schema["default"] for _, schema in (inner.parts if inner else ()) if "default" in schema
    ]
