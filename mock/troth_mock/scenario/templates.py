"""Values of the request in an answer: `{{ … }}` in its texts, with an expression of CEL inside.

A text that is one template and nothing else becomes the value, of whatever type; in a longer one
the value is written as text, null as none.  Everything that an author can get wrong in one is told
when the file is read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from troth import pointer as pointers
from troth.errors import SpecError, TrothError
from troth.http import json_text
from troth.laws import condition
from troth.laws.condition import UNDECIDED, UNENDING, Condition, Scope
from troth_mock.scenario.conditions import LONGEST, Locate
from troth_mock.scenario.situation import KNOWN

_TEMPLATE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)


class NoValue(TrothError):
    """The expression of a template has no value for a request; it is one of `Condition`.

    If so *is_unending*, it takes longer than it may.
    """

    expression: Condition
    is_unending: bool

    def __str__(self) -> str:
        where = f"{self.expression.place}: " if self.expression.place else ""
        if self.is_unending:
            return f"{where}{{{{{self.expression.source}}}}} takes more than {LONGEST:g} s"
        return (
            f"{where}{{{{{self.expression.source}}}}} has no value for this request: it reads what "
            "is not there. `coalesce(…, '')` gives another value instead."
        )


@dataclass(frozen=True, slots=True, eq=False)
class Template:
    """A text with templates in it: its *parts* in order, literal ones and expressions."""

    parts: tuple[str | Condition, ...]

    def value(self, facts: Mapping[str, Any]) -> Any:
        """What it is of *facts*.  Raises NoValue."""
        if len(self.parts) == 1:
            return _of(self.parts[0], facts)
        return "".join(_written(_of(part, facts)) for part in self.parts)


def _of(part: str | Condition, facts: Mapping[str, Any]) -> Any:
    if isinstance(part, str):
        return part
    value = part.value(facts)
    if value is UNDECIDED or value is UNENDING:
        raise NoValue(part, is_unending=value is UNENDING)
    return value


def _written(value: Any) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else json_text.encode(value).decode()


def compiled(
    value: Any, at: str, locate: Locate, scope: Scope, *, told: Callable[[Callable[[], Any]], Any]
) -> Any:
    """*value*, which stands at *at*, with a `Template` for each text that has one in it.

    What has none is the very same value.  *told* is asked to make each, and hears the SpecError of
    one that is none.
    """
    if isinstance(value, str):
        return told(lambda: _template(value, at, locate, scope)) if "{{" in value else value

    def inside(item: Any, token: str | int) -> Any:
        return compiled(item, pointers.join(at, token), locate, scope, told=told)

    if isinstance(value, list):
        items = [inside(item, index) for index, item in enumerate(value)]
        return items if any(map(_differs, items, value)) else value
    if isinstance(value, dict):
        made = {name: inside(item, name) for name, item in value.items()}
        return made if any(map(_differs, made.values(), value.values())) else value
    return value


def _differs(one: Any, other: Any) -> bool:
    return one is not other


def _template(text: str, at: str, locate: Locate, scope: Scope) -> Any:
    parts: list[str | Condition] = []
    for index, piece in enumerate(_TEMPLATE.split(text)):
        if index % 2:
            place = locate(at)
            source = piece.strip()
            expression = condition.parse(
                source, at, place, scope=scope, variables=KNOWN, seconds=LONGEST
            )
            parts.append(expression)
        elif "{{" in piece:
            fault = "a template is not closed: `{{` has no `}}`"
            advice = "Close it; with `templates: false` the text stands as it is."
            raise SpecError(fault, place=locate(at), pointer=at, advice=advice)
        elif piece:
            parts.append(piece)
    return Template(tuple(parts)) if any(not isinstance(part, str) for part in parts) else text


def filled(value: Any, facts: Mapping[str, Any]) -> Any:
    """*value* with what its templates are of *facts*.  Raises NoValue."""
    return pointers.mapped(
        lambda one: one.value(facts) if isinstance(one, Template) else one, value
    )


def places(value: Any, at: str = "") -> Iterator[str]:
    """Where in *value* templates stand."""
    return (here for here, part in pointers.places(value, at) if isinstance(part, Template))
