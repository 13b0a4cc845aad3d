"""What a wrong value probably meant: candidates, for the caller to try against the schema."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from troth.lint.members import in_place
from troth.lint.survey import Survey
from troth.lint.walk import Node

_CALL = re.compile(r"\s*[A-Za-z_][\w.!]*\s*\((?P<inner>.*)\)\s*;?\s*", re.DOTALL)


def repaired(value: Any) -> Iterator[Any]:
    """Propose what *value* may have been meant to be, the likeliest first; itself is the last."""
    if isinstance(value, str):
        call = _CALL.fullmatch(value)
        for text in (value, call["inner"] if call else None):
            if text is not None:
                try:
                    # a document cannot hold NaN, and JSON has none
                    yield json.loads(text, parse_constant=_refuse)
                except (ValueError, RecursionError):
                    continue
    elif isinstance(value, (bool, int, float)):
        yield json.dumps(value)
    if value is not None and not isinstance(value, list):
        yield [value]
    yield value


def _refuse(word: str) -> Any:
    raise ValueError(word)


def undeclared(survey: Survey, node: Node, value: Any) -> list[str]:
    """List the names of members of *value* that its schema *node* does not declare, each once."""
    names: dict[str, None] = {}
    _compare(survey, [node], value, names)
    return list(names)


def declared_only(survey: Survey, node: Node, value: Any) -> Any:
    """Copy *value* without the members that its schema does not declare."""
    return _compare(survey, [node], value, {})


def _compare(survey: Survey, nodes: list[Node], value: Any, names: dict[str, None]) -> Any:
    """Copy *value* along its schemas, noting the undeclared *names* that are left out."""
    parts = [part for node in nodes for part in in_place(survey, node)]
    if isinstance(value, list):
        items = [item for part in parts if (item := survey.child(part, "items")) is not None]
        items += [item for part in parts for item in survey.children(part, "prefixItems")]
        return [_compare(survey, items, item, names) for item in value] if items else value
    if not isinstance(value, dict):
        return value
    open_on_purpose = not any(part["properties"] for part in parts) or any(
        part[keyword] is not None and part[keyword] is not False
        for part in parts
        for keyword in ("additionalProperties", "patternProperties", "unevaluatedProperties")
    )
    # a reference that leads nowhere, or a part with no declarations, may declare anything
    copy = {}
    for name, item in value.items():
        held = [
            found for part in parts if (found := survey.child(part, "properties", name)) is not None
        ]
        if held:
            copy[name] = _compare(survey, held, item, names)
        elif open_on_purpose or name in _tags(parts):
            copy[name] = item
        else:
            names[name] = None
    return copy


def _tags(parts: list[Node]) -> set[str]:
    """The members that discriminators name: those need no declaration in each branch."""
    return {
        part["discriminator"].get("propertyName", "")
        for part in parts
        if isinstance(part["discriminator"], dict)
    }
