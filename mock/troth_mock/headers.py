"""The header fields that the document requires of an answer."""

from __future__ import annotations

from typing import Any

from troth.generation.synthesis import synthesize
from troth.http import json_text
from troth.http.exchange import Fields
from troth.openapi.operation import DeclaredResponse, Parameter
from troth.seed import Seed
from troth.validation.styles import write_field


def headers(declared: DeclaredResponse, seed: Seed) -> Fields:
    """The required header fields of an answer."""
    return tuple(
        (header.name, write_field(header, _header(header, seed)))
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
