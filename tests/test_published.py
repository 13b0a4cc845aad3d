"""What a library does not publish is touched in few places, which see whether it is there.

Not published is a name that begins with an underscore, and a module that its library keeps for
itself under a plain name.  Our own private names are our own business.
"""

from __future__ import annotations

import ast
import importlib
import inspect
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[1]
OURS = ("troth", "troth_mock")
MODULES = {
    ".".join(path.relative_to(source).with_suffix("").parts).removesuffix(".__init__"): path
    for source in (ROOT / "contract", ROOT / "mock")
    for path in sorted(source.rglob("*.py"))
}
#: Modules that nothing documents, whatever they are called.
UNDOCUMENTED = (
    "aiohttp.http",
    "aiohttp.http_parser",
    "aiohttp.web_protocol",
    "hypothesis.internal",
)
#: The guarded places, and what each may touch.
GUARDED: Mapping[str, tuple[str, ...]] = {
    "troth_mock.server.fast_path": ("aiohttp",),
    "troth.generation.independent": ("hypothesis", "hypothesis_jsonschema"),
}
_PRIVATE = re.compile(r"_[^_]\w*")
#: What is published though it begins with an underscore.
DOCUMENTED = frozenset({"os._exit"})


@cache
def read(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text("utf-8"))


def is_private(name: str) -> bool:
    return _PRIVATE.fullmatch(name) is not None


def imported(tree: ast.AST) -> Iterator[str]:
    """The full names of all that is imported from elsewhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def unpublished_imports(tree: ast.AST) -> list[str]:
    return [
        name
        for name in imported(tree)
        if name.split(".")[0] not in (*OURS, "__future__")
        and (
            any(map(is_private, name.split(".")))
            or any(f"{name}.".startswith(f"{module}.") for module in UNDOCUMENTED)
        )
    ]


def borrowed_names(tree: ast.Module) -> list[str]:
    """Private names of things that are neither `self` nor made in this file.

    A name of an object is its file's own when the file says it of `self`, as a slot, a method, a
    function or a variable.
    """
    nodes = list(ast.walk(tree))
    own = {
        node.attr
        for node in nodes
        if isinstance(node, ast.Attribute)
        and isinstance(node.value, ast.Name)
        and node.value.id in ("self", "cls")
    } | {
        node.name
        for node in nodes
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef)
    }
    return [
        found
        for node in nodes
        if (found := private_of_another(node)) is not None and found not in own
    ]


def private_of_another(node: ast.AST) -> str | None:
    """The private name that *node* takes from an object other than `self`, by a dot or a text."""
    if isinstance(node, ast.Attribute) and is_private(node.attr):
        if ast.unparse(node) in DOCUMENTED:
            return None
        is_self = isinstance(node.value, ast.Name) and node.value.id in ("self", "cls")
        return None if is_self else node.attr
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ("getattr", "setattr", "hasattr", "delattr")
        and len(node.args) > 1
        and isinstance(node.args[1], ast.Constant)
        and is_private(str(node.args[1].value))
    ):
        return str(node.args[1].value)
    return None


def inherited_names(module: ModuleType, tree: ast.Module) -> list[str]:
    """Private names that a class of *module* shares with a library's class below it."""
    found = []
    for node in tree.body:
        if not isinstance(node, ast.ClassDef):
            continue
        theirs = " ".join(
            source_of(base)
            for base in getattr(module, node.name).__mro__
            if base.__module__.split(".")[0] not in (*OURS, *sys.stdlib_module_names)
        )
        names = set(re.findall(rf"\b{_PRIVATE.pattern}\b", theirs))
        found += [f"{node.name}.{name}" for name in sorted(own_names(node) & names)]
    return found


def source_of(kind: type) -> str:
    """The source of a class; of one that says it is made elsewhere than it is, its names."""
    try:
        return inspect.getsource(kind)
    except OSError:
        return " ".join(dir(kind))


def own_names(node: ast.ClassDef) -> set[str]:
    """The private names that a class says of `self`, as a method, or as a variable of its own."""
    found = set()
    for each in ast.walk(node):
        if isinstance(each, ast.Attribute) and isinstance(each.value, ast.Name):
            found |= {each.attr} if each.value.id in ("self", "cls") else set()
        elif isinstance(each, ast.FunctionDef | ast.AsyncFunctionDef):
            found.add(each.name)
    return {name for name in found if is_private(name)}


@pytest.mark.parametrize("name", [name for name in MODULES if name not in GUARDED])
def test_only_guarded_places_touch_what_is_not_published(name: str) -> None:
    tree = read(name)
    assert unpublished_imports(tree) == []
    assert borrowed_names(tree) == []


def test_no_class_shares_a_private_name_with_a_library_below_it() -> None:
    found = {}
    for name in MODULES:
        if name in GUARDED or name.endswith("__main__"):
            continue
        shared = inherited_names(importlib.import_module(name), read(name))
        if shared:
            found[name] = shared
    assert found == {}


@pytest.mark.parametrize("name", GUARDED)
def test_a_guarded_place_touches_its_own_library_only(name: str) -> None:
    tree = read(name)
    assert {found.split(".")[0] for found in unpublished_imports(tree)} <= set(GUARDED[name])


def test_a_dependency_whose_insides_are_touched_has_an_upper_bound() -> None:
    with (ROOT / "pyproject.toml").open("rb") as file:
        declared = tomllib.load(file)["project"]["dependencies"]
    (bounds,) = (each for each in declared if each.startswith("aiohttp>"))
    assert bounds.endswith(",<3.15")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("import yaml._yaml", ["yaml._yaml"]),
        ("from yaml import _yaml", ["yaml._yaml"]),
        ("from yaml._yaml import CParser", ["yaml._yaml.CParser"]),
        ("def f():\n    from aiohttp.http import a", ["aiohttp.http.a"]),
        ("from troth.generation.values import _first\nfrom __future__ import annotations", []),
        ("from aiohttp import http", ["aiohttp.http"]),
        ("from aiohttp import web", []),
    ],
)  # fmt: skip
def test_imports_are_seen(text: str, found: list[str]) -> None:
    assert unpublished_imports(ast.parse(text)) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("request._message", ["_message"]),
        ("getattr(request, '_message', None)", ["_message"]),
        ("class A:\n    def f(self, other):\n        return self._x == other._x", []),
        ("point.__class__", []),
    ],
)
def test_names_of_others_are_seen(text: str, found: list[str]) -> None:
    assert borrowed_names(ast.parse(text)) == found
