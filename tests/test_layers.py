"""The direction of imports: each package imports only those before it, and libraries have doors.

What a module imports in a function or for its types alone counts like any other import.
"""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# The packages of docs/ARCHITECTURE.md, lowest first: each imports only those before it.
# A module that stands at the top level by itself is a place of its own.
TROTH = (
    *("errors", "pointer", "seed", "violation"),
    *("http", "document", "schema", "laws", "openapi", "validation", "generation", "loading"),
    *("lint", "conformance", "cli", "testing", "pytest_plugin", "__main__"),
)
TROTH_MOCK = (
    *("reply", "pace", "chat", "storage", "responding", "faults", "plan", "scenario", "proxy"),
    *("control", "inspector", "server", "wiring", "cli", "pytest_plugin"),
)
LAYERS = {
    f"{root}.{package}": (root, number)
    for root, packages in (("troth", TROTH), ("troth_mock", TROTH_MOCK))
    for number, package in enumerate(packages)
}

# Where a library is known: nobody else imports it.
DOORS: Mapping[str, tuple[str, ...]] = {
    "hypothesis": ("troth.generation",),
    "hypothesis_jsonschema": ("troth.generation",),
    "cel": ("troth.laws",),
    "aiohttp": ("troth.conformance.transport", "troth_mock.server", "troth_mock.proxy"),
    "yarl": ("troth.conformance.transport", "troth_mock.proxy"),
    "multidict": ("troth_mock.server",),
    "defusedxml": ("troth.validation.xml",),
    "jinja2": ("troth.conformance.reports",),
    "jsonpath_rfc9535": ("troth.document.json_path",),
    "yaml": ("troth.document", "troth_mock.server.pages"),
    "prometheus_client": ("troth_mock.inspector.metrics",),
    "uvloop": ("troth_mock.server.serving",),
    "jsonschema": ("troth.lint.metaschema",),
    "referencing": ("troth.lint.metaschema",),
    "openapi_spec_validator": ("troth.lint.metaschema",),
    "jsonschema_rs": (
        "troth.document.vocabulary",
        "troth.lint.metaschema",
        "troth.schema",
    ),
    "orjson": ("troth.http.json_text", "troth_mock.chat"),
    "click": ("troth.cli", "troth.pytest_plugin", "troth_mock.cli", "troth_mock.wiring"),
    "rich": ("troth.conformance.progress",),
    "pytest": ("troth.pytest_plugin", "troth_mock.pytest_plugin"),
}

# Libraries that come with the ones that pyproject.toml names, being part of what those offer.
COMPANIONS = {
    "aiohttp": {"multidict", "yarl"},
    "common_expression_language": {"cel"},
    "jsonschema": {"referencing"},
    "pyyaml": {"yaml"},
}


def modules() -> dict[str, Path]:
    found = {}
    for source_root in ("contract", "mock"):
        for path in sorted((ROOT / source_root).rglob("*.py")):
            parts = path.relative_to(ROOT / source_root).with_suffix("").parts
            found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = path
    return found


MODULES = modules()
OURS = ("troth", "troth_mock")


def imported(tree: ast.AST) -> Iterator[str]:
    """The modules that *tree* imports; of our own, the very module that a name comes from."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "imports are absolute, so that they can be read here"
            for alias in node.names:
                name = f"{node.module}.{alias.name}"
                yield name if name in MODULES else str(node.module)


def package(module: str) -> str:
    return ".".join(module.split(".")[:2])


@cache
def read(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


@cache
def imports() -> dict[str, list[str]]:
    return {module: sorted(set(imported(read(module)))) for module in MODULES}


def test_every_package_has_its_place() -> None:
    packages = {package(module) for module in MODULES} - set(OURS)
    assert (sorted(packages - LAYERS.keys()), sorted(LAYERS.keys() - packages)) == ([], [])


def test_each_package_says_what_it_is_for() -> None:
    silent = [name for name in MODULES if not ast.get_docstring(read(name))]
    assert silent == []


def test_each_package_imports_only_those_before_it_and_troth_never_its_mock() -> None:
    wrong = []
    for module, names in imports().items():
        if module in OURS:
            continue  # what users import: it lists, lazily, what is public
        root, place = LAYERS[package(module)]
        for name in names:
            if name.split(".")[0] not in OURS or package(name) == package(module):
                continue
            if name in OURS:
                wrong.append(f"{module} imports the package {name} itself")
                continue
            other, before = LAYERS[package(name)]
            if (root, other) == ("troth", "troth_mock") or (other == root and before >= place):
                wrong.append(f"{module} imports {name}")
    assert wrong == []


def test_no_files_import_each_other_in_a_circle() -> None:
    # what is imported for its types alone closes no circle when the program runs
    edges = {}
    for module in MODULES:
        text = MODULES[module].read_text(encoding="utf-8")
        names: Iterable[str] = imports()[module]
        if "TYPE_CHECKING" in text:
            tree = ast.parse(text)
            for node in ast.walk(tree):
                if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                    node.body.clear()
            names = imported(tree)
        edges[module] = {name for name in names if name in MODULES and name not in OURS}
    left = dict(edges)
    while True:
        free = {module for module, names in left.items() if not names & left.keys() - {module}}
        if not free:
            break
        left = {module: names for module, names in left.items() if module not in free}
    assert sorted(left) == []


def third_parties() -> Iterator[tuple[str, str]]:
    """Each library that is neither ours nor Python's, with a module that imports it."""
    for module, names in imports().items():
        for library in sorted({name.split(".")[0] for name in names}):
            if library not in OURS and library not in sys.stdlib_module_names:
                yield library, module


def test_each_library_is_known_behind_its_door_only() -> None:
    wrong = [
        f"{module} imports {library}"
        for library, module in third_parties()
        if not any(
            module == door or module.startswith(door + ".") for door in DOORS.get(library, ())
        )
    ]
    assert wrong == []


def test_every_library_is_declared_and_every_declared_one_is_used() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    declared = set()
    for requirement in project["dependencies"]:
        name = re.split(r"[^A-Za-z0-9-]", requirement)[0].replace("-", "_").lower()
        declared |= COMPANIONS.get(name, set()) | {name}
    used = {library for library, _ in third_parties()}
    offered = set().union(*COMPANIONS.values())
    unimportable = {"common_expression_language", "pyyaml"}  # these go by another name
    assert sorted(used - declared) == []
    assert sorted(declared - used - offered - unimportable) == []


@cache
def texts(module: str) -> list[tuple[int, str]]:
    """The strings of a module with their lines, but docstrings: those may show an example."""
    nodes = list(ast.walk(read(module)))
    prose = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    return [
        (node.lineno, str(node.value))
        for node in nodes
        if isinstance(node, ast.Constant) and id(node) not in prose
    ]


@pytest.mark.parametrize("word", ["/v1/", "chat/completions", "ChatCompletion", "createChat"])
def test_no_code_knows_what_only_a_document_can_say(word: str) -> None:
    told = [f"{name}:{line}" for name in MODULES for line, text in texts(name) if word in text]
    assert told == []


def test_the_bundled_documents_name_is_known_to_loading_only() -> None:
    knowing = [name for name, path in MODULES.items() if "atoma" in path.read_text().lower()]
    assert knowing == ["troth.loading"]
