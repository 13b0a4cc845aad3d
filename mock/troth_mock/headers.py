"""The header fields that the document requires of an answer."""

from __future__ import annotations

from typing import Any

from troth.generation.values import synthesize
from troth.http import json_text
from troth.http.exchange import Fields
from troth.openapi.operation import DeclaredResponse, Parameter
from troth.seed import Seed


def headers(declared: DeclaredResponse, seed: Seed) -> Fields:
    """The required header fields of an answer."""
    return tuple(
        (header.name, _simple(_header(header, seed)))
        for header in declared.headers
        if header.required
    )


def _header(header: Parameter, seed: Seed) -> Any:
    if header.schema is not None:
        return synthesize(header.schema, seed=seed.child("header", header.name))
    if header.content is not None and header.content.schema is not None:
        value = synthesize(header.content.schema, seed=seed.child("header", header.name))
        return json_text.encode(value).decode() if header.content.is_json else value
    return "value"


def _simple(value: Any) -> str:
    """Write a header's value in the style `simple` (OpenAPI 3.1 §4.8.12.2)."""
    if isinstance(value, list):
        return ",".join(map(_simple, value))
    if isinstance(value, dict):
        return ",".join(f"{_simple(name)},{_simple(part)}" for name, part in value.items())
    if isinstance(value, str):
        return value
    return json_text.encode(value).decode()
