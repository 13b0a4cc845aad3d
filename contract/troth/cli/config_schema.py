"""The JSON Schema of troth.toml, for editors: docs/troth.schema.json is what `text` gives."""

from __future__ import annotations

import json
from typing import Any

from troth.cli.config import KEYS, Key


def text() -> str:
    """The schema as the file has it."""
    return json.dumps(schema(), indent=2) + "\n"


def schema() -> dict[str, Any]:
    """The schema of a troth.toml, and of the table [tool.troth]."""
    keys = {key.name: {"description": _description(key), **_shape(key)} for key in KEYS}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "troth.toml",
        "description": "What `troth test` and the pytest plugin of troth are told beforehand.",
        "type": "object",
        "properties": {
            "test": {
                "description": "For `troth test`, and the options --troth-… of pytest.",
                "type": "object",
                "properties": keys,
                "additionalProperties": False,
            }
        },
        "additionalProperties": False,
    }


def _description(key: Key) -> str:
    default = f" Default: {key.default:g}." if key.default else ""
    return f"{key.help}{default} Also {key.variable}."


def _shape(key: Key) -> dict[str, Any]:
    if key.kind == "table":
        inner: dict[str, Any] = {} if key.any_value else {"type": "string"}
        if key.names:
            return {
                "type": "object",
                "properties": {name: inner for name in key.names},
                "additionalProperties": False,
            }
        return {"type": "object", "additionalProperties": inner or True}
    if key.kind in ("texts", "paths"):
        one = _choices(key) or {"type": "string"}
        return {"anyOf": [one, {"type": "array", "items": one}]}
    return _scalar(key)


def _scalar(key: Key) -> dict[str, Any]:
    if key.kind in ("text", "path"):
        return {"type": "string"}
    name = {"switch": "boolean", "integer": "integer", "number": "number"}[key.kind]
    shape: dict[str, Any] = {"type": name}
    if key.least is not None:
        shape["minimum"] = int(key.least) if key.kind == "integer" else key.least
    # a variable of the environment stands in a text, whatever it stands for
    return {"anyOf": [shape, {"type": "string", "pattern": r"\$\{"}]}


def _choices(key: Key) -> dict[str, Any] | None:
    if not key.choices:
        return None
    return {"anyOf": [{"enum": list(key.choices)}, {"type": "string", "pattern": r"\$\{"}]}
