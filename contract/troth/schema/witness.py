"""Small instances of a schema, built from its canonical form.

Candidates, not promises: they are built to satisfy what the form says outright, smallest first,
and whoever uses one validates it.
"""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal
from itertools import chain, count, islice, product
from math import ceil
from typing import Any

import jsonschema_rs
from jsonschema_rs import canonical as forms

_Form = jsonschema_rs.CanonicalSchema

#: How deep a candidate nests, and how many are tried for each of its members.
_DEEPEST = 8
_EACH = 3

#: One of each format; and texts that the patterns of this world tend to like.
_FORMATTED = {
    "date-time": "2020-01-01T00:00:00Z",
    "date": "2020-01-01",
    "time": "00:00:00Z",
    "duration": "P1D",
    "email": "a@example.com",
    "idn-email": "a@example.com",
    "hostname": "example.com",
    "idn-hostname": "example.com",
    "ipv4": "127.0.0.1",
    "ipv6": "::1",
    "uri": "http://example.com/",
    "iri": "http://example.com/",
    "uri-reference": "/",
    "iri-reference": "/",
    "uri-template": "/",
    "uuid": "00000000-0000-4000-8000-000000000000",
    "json-pointer": "/a",
    "relative-json-pointer": "0",
    "regex": "a",
}
_TEXTS = ("a", "A", "0", "1", "a1", "A1", "abc", "ABC", "123", "a-b", "a_b", "a.b", "1.0.0", "/a")
_TYPES = ("null", "boolean", "integer", "number", "string", "array", "object")
_SMALL: dict[str, tuple[Any, ...]] = {
    "null": (None,),
    "boolean": (True, False),
    "integer": (0, 1),
    "number": (0.5, 0),
    "string": ("", "a"),
    "array": ([],),
    "object": ({},),
}


def instances(form: _Form) -> Iterator[Any]:
    """Candidates for *form*, each once or more, smallest first."""
    return _of(form, form, 0)


def _of(form: _Form, root: _Form, depth: int) -> Iterator[Any]:
    if depth > _DEEPEST:
        return iter(())
    match form.view():
        case forms.TrueView():
            return _any(_TYPES)
        case forms.FalseView():
            return iter(())
        case forms.MultiTypeView(types=types):
            return _any(types)
        case forms.TypedGroupView(body=body):
            return _of(body, root, depth)
        case forms.ConstView(value=value):
            return iter((value,))
        case forms.EnumView(values=values):
            return iter(values)
        case forms.ReferenceView(uri=uri):
            target = root.definition(uri)
            return iter(()) if target is None else _of(target, root, depth + 1)
        case forms.AnyOfView(branches=parts) | forms.OneOfView(branches=parts):
            return _in_turn([_of(part, root, depth) for part in parts])
        case forms.AllOfView(branches=parts):
            return _all_of(parts, root, depth)
        case forms.StringView() as view:
            return _strings(view)
        case forms.IntegerView() | forms.NumberView() as view:
            return _numbers(view)
        case forms.ArrayView() as view:
            return _arrays(view, root, depth)
        case forms.ObjectView() as view:
            return _objects(view, root, depth)
        case _:  # a negation, or what the form does not model
            return _any(_TYPES)


def _any(types: Any) -> Iterator[Any]:
    return (value for name in _TYPES if name in types for value in _SMALL[name])


def _in_turn(parts: list[Iterator[Any]]) -> Iterator[Any]:
    """One of each of *parts*, then the next of each."""
    while parts:
        left = []
        for part in parts:
            for value in islice(part, 1):
                yield value
                left.append(part)
        parts = left


def _all_of(parts: list[_Form], root: _Form, depth: int) -> Iterator[Any]:
    each = [list(islice(_of(part, root, depth), _EACH)) for part in parts]
    for values in _choices(each):
        if all(isinstance(value, dict) for value in values):
            merged: dict[str, Any] = {}
            for value in values:
                merged = {**value, **merged}
            yield merged
    yield from chain.from_iterable(each)


def _strings(view: forms.StringView) -> Iterator[str]:
    least = view.min_length or 0
    if least > 10_000:
        return
    yield from (_FORMATTED[name] for name in view.formats if name in _FORMATTED)
    most = least + 64 if view.max_length is None else view.max_length
    for text in chain(map(_literal, view.patterns), ("",), _TEXTS):
        if len(text) < least:
            text = (text or "a") + (text or "a")[-1] * (least - max(len(text), 1))
        if len(text) <= most:
            yield text
    if view.excluded:
        yield from ("a" * size for size in range(least, least + 8))


def _literal(pattern: str) -> str:
    """What a pattern says letter by letter: `^sk-[a-z]+$` starts with `sk-`."""
    return "".join(char for char in pattern if char.isalnum() or char in " -_:/@.")


def _numbers(view: forms.IntegerView | forms.NumberView) -> Iterator[int | float]:
    low = _plain(view.minimum)
    high = _plain(view.maximum)
    for number in _candidates(view, low, high):
        if (low is None or low <= number) and (high is None or number <= high):
            yield number


def _candidates(view: forms.IntegerView | forms.NumberView, low: Any, high: Any) -> Iterator[Any]:
    steps = [abs(_plain(step)) for step in view.multiple_of]
    if any(steps):
        step = max(steps)
        start = ceil((low if low is not None else 0) / step)
        yield from (_plain(index * step) for index in range(start, start + 16))
    yield from (0, 1, -1)
    for bound in (low, high):
        if bound is not None:
            yield from (bound, bound + 1, bound - 1)
    if isinstance(view, forms.NumberView):
        yield from (0.5, -0.5)
        if low is not None and high is not None:
            yield (low + high) / 2
    else:
        yield from (index if low is None else low + index for index in range(2, 32))


def _plain(number: Any) -> Any:
    if isinstance(number, Decimal):
        return int(number) if number == number.to_integral_value() else float(number)
    return number


def _arrays(view: forms.ArrayView, root: _Form, depth: int) -> Iterator[list[Any]]:
    size = max(view.min_items or 0, sum(each.min_contains or 1 for each in view.contains))
    if size > 1000:
        return
    wanted = [
        value
        for each in view.contains
        for value in islice(_of(each.schema, root, depth + 1), each.min_contains or 1)
    ]
    if view.distinctness == forms.Distinctness.SOME_REPEATED:
        size = max(size, 2)
    fixed = [list(islice(_of(part, root, depth + 1), _EACH)) for part in view.prefix_items[:size]]
    rest = list(islice(_rest(view, root, depth), size + _EACH))
    if view.distinctness != forms.Distinctness.ALL_DISTINCT and rest:
        rest = (rest[:1] * size) + rest
    for head in _choices(fixed):
        tail = wanted[: size - len(head)]
        missing = size - len(head) - len(tail)
        if missing <= len(rest):
            yield [*head, *tail, *rest[: max(missing, 0)]]
    if size == 0 and rest:
        yield rest[:1]


def _rest(view: forms.ArrayView, root: _Form, depth: int) -> Iterator[Any]:
    if view.items is not None:
        yield from _of(view.items, root, depth + 1)
    else:
        yield from chain(_any(_TYPES), count(2))


def _objects(view: forms.ObjectView, root: _Form, depth: int) -> Iterator[dict[str, Any]]:
    names = list(view.required)
    if len(names) > 1000:
        return
    each = [list(islice(_member(view, name, root, depth), _EACH)) for name in names]
    extra = (view.min_properties or 0) - len(names)
    fills = list(_fills(view, root, depth, max(extra, 0), set(names)))
    for values in _choices(each):
        made = dict(zip(names, values, strict=True))
        if extra <= 0:
            yield made
        elif len(fills) >= extra:
            yield made | dict(fills[:extra])
    for values in islice(product(*each), 1):
        made = dict(zip(names, values, strict=True))
        for name in view.properties:
            if name not in made:
                for value in islice(_member(view, name, root, depth), 1):
                    yield {**made, name: value}
        yield from ({**made, name: value} for name, value in fills[:_EACH])


def _choices(each: list[list[Any]]) -> Iterator[tuple[Any, ...]]:
    """One value of each list: all the first, all the second, …, then other mixtures."""
    if all(each):
        for index in range(max(map(len, each), default=0)):
            yield tuple(values[min(index, len(values) - 1)] for values in each)
        yield from islice(product(*each), 4 * _EACH)


def _member(view: forms.ObjectView, name: str, root: _Form, depth: int) -> Iterator[Any]:
    if name in view.properties:
        return _of(view.properties[name], root, depth + 1)
    parts = list(view.pattern_properties.values())
    if view.additional_properties is not None:
        parts.append(view.additional_properties)
    if not parts:
        return _any(_TYPES)
    return _in_turn([*(_of(part, root, depth + 1) for part in parts), _any(_TYPES)])


def _fills(
    view: forms.ObjectView, root: _Form, depth: int, wanted: int, taken: set[str]
) -> Iterator[tuple[str, Any]]:
    """Members that may be added: declared ones, then others."""
    names: Iterator[Any] = iter(view.properties)
    if view.property_names is not None:
        names = chain(names, islice(_of(view.property_names, root, depth + 1), 2 * _EACH))
    more = chain(names, _TEXTS, map(_literal, view.pattern_properties), map("a{}".format, count()))
    for name in islice(more, wanted + 64):
        if isinstance(name, str) and name not in taken:
            taken.add(name)
            yield from ((name, value) for value in islice(_member(view, name, root, depth), 1))
