"""The direction of imports: each room imports only lower ones, and some libraries have one door."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# The layers of docs/ARCHITECTURE.md; a package counts as one room.
LAYERS: dict[str, int] = {
    "troth.errors": 0,
    "troth.pointer": 0,
    "troth.seed": 0,
    "troth.exchange": 0,
    "troth.media_type": 0,
    "troth.sse": 0,
    "troth.json_text": 1,
    "troth.violation": 1,
    "troth.document": 1,
    "troth.overlay": 2,
    "troth.vocabulary": 2,
    "troth.schema": 3,
    "troth.laws": 4,
    "troth.assembly": 4,
    "troth.operation": 5,
    "troth.contract": 6,
    "troth.parameters": 7,
    "troth.streams": 7,
    "troth.validator": 8,
    "troth.synthesis": 8,
    "troth.loading": 10,
    "troth.cli": 11,
}

# Libraries that one module (or package) talks to, and nobody else.
DOORS: dict[str, tuple[str, ...]] = {
    "openapi_core": ("troth.parameters",),
    "hypothesis": ("troth.strategies",),
    "hypothesis_jsonschema": ("troth.strategies",),
    "cel": ("troth.laws",),
}


def modules() -> dict[str, Path]:
    found = {}
    for source_root in ("contract", "mock"):
        for path in sorted((ROOT / source_root).rglob("*.py")):
            parts = path.relative_to(ROOT / source_root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


def imports(path: Path) -> set[str]:
    names: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            names.update(alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module)
            names.update(f"{node.module}.{alias.name}" for alias in node.names)
    return names
