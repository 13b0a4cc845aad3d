"""The direction of imports: each room imports only lower ones, and some libraries have one door.

A room is a module of `troth` or `troth_mock`, or a package below them with all that is in it.
What a module imports in a function or for its types alone counts like any other import.
"""

from __future__ import annotations

import ast
import copy
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

# The layers of docs/ARCHITECTURE.md, lowest first.  Rooms of one layer do not know each other.
TROTH = (
    """errors exchange failures limits media_type options pointer samples seed witness wording
    yaml_writer""",
    "assembly branches grammar hints json_text marks mismatch nearest resources spec_errors sse"
    " violation",
    "content cycles dialect json_path json_reader vocabulary yaml_reader",
    "edits explain text_reader validators",
    "embedding overlay_reader references",
    "document schema",
    "laws node overlay proofs",
    "operation servers synthesis",
    "contract parameters streams telling",
    "compiling judge strategies",
    "validator",
    "loading",
    "conformance lint show",
    "asked config explain_command replay_command report_command",
    "config_schema test_command",
    "pytest_run",
    "pytest_items",
    "pytest_plugin",
    "cli",
    "__main__",
)
TROTH_MOCK = (
    "corpus freedom logprobs marks pacing paths reply wire",
    "cors credentials dialect fault headers negotiate pages tokens topics unfolding",
    "fragments frames phrases refusal",
    "text",
    "asking guards plain templates",
    "calls",
    "completion",
    "chunks",
    "chatting skeletons",
    "lane",
    "answering",
    "respond",
    "app",
    "serving",
    "announcement pytest_plugin",
    "cli",
)
LAYERS = {
    f"{package}.{room}": (package, number)
    for package, layers in (("troth", TROTH), ("troth_mock", TROTH_MOCK))
    for number, rooms in enumerate(layers)
    for room in rooms.split()
}

# The rooms that a library is known in: nobody else imports it.
DOORS: Mapping[str, tuple[str, ...]] = {
    "openapi_core": ("troth.parameters",),
    "jsonschema_path": ("troth.parameters",),
    "werkzeug": ("troth.parameters",),
    "hypothesis": ("troth.strategies",),
    "hypothesis_jsonschema": ("troth.strategies",),
    "cel": ("troth.laws",),
    "aiohttp": ("troth.conformance.transport", "troth_mock.app"),
    "yarl": ("troth.conformance.transport",),
    "multidict": ("troth_mock.app", "troth_mock.guards"),
    "jinja2": ("troth.conformance.report",),
    "jsonpath_rfc9535": ("troth.json_path",),
    "yaml": ("troth.yaml_reader", "troth_mock.pages"),
    "uvloop": ("troth_mock.serving",),
    "jsonschema": ("troth.lint.official",),
    "openapi_spec_validator": ("troth.lint.official",),
    "jsonschema_rs": (
        "troth.dialect",
        "troth.explain",
        "troth.failures",
        "troth.lint.official",
        "troth.parameters.reference",
        "troth.proofs",
        "troth.schema",
        "troth.validators",
        "troth.vocabulary",
        "troth.witness",
    ),
    "orjson": (
        "troth.json_text",
        "troth_mock.announcement",
        "troth_mock.chunks",
        "troth_mock.completion",
    ),
    "click": (
        "troth.cli",
        "troth.explain_command",
        "troth.lint.command",
        "troth.options",
        "troth.pytest_items",
        "troth.pytest_run",
        "troth.replay_command",
        "troth.report_command",
        "troth.show",
        "troth.test_command",
        "troth_mock.cli",
    ),
    "rich": ("troth.conformance.console",),
    "pytest": (
        "troth.conformance.result",
        "troth.pytest_items",
        "troth.pytest_run",
        "troth.pytest_plugin",
        "troth_mock.pytest_plugin",
    ),
}

# Libraries that come with the ones that pyproject.toml names, being part of what those offer.
COMPANIONS = {
    "aiohttp": {"multidict", "yarl"},
    "openapi_core": {"jsonschema_path", "openapi_spec_validator", "werkzeug"},
    "common_expression_language": {"cel"},
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


def room(module: str) -> str:
    return ".".join(module.split(".")[:2])


@cache
def read(module: str) -> ast.Module:
    return ast.parse(MODULES[module].read_text(encoding="utf-8"))


IMPORTS = {module: sorted(set(imported(read(module)))) for module in MODULES}


def test_every_room_has_its_layer_and_every_layer_its_rooms() -> None:
    rooms = {room(module) for module in MODULES} - set(OURS)
    assert (sorted(rooms - LAYERS.keys()), sorted(LAYERS.keys() - rooms)) == ([], [])


def test_each_room_imports_only_lower_ones_and_troth_never_its_mock() -> None:
    wrong = []
    for module, names in IMPORTS.items():
        if module in OURS:
            continue  # what users import: it lists, lazily, what is public
        package, layer = LAYERS[room(module)]
        for name in names:
            if name.split(".")[0] not in OURS or room(name) == room(module):
                continue
            if name in OURS:
                wrong.append(f"{module} imports the package {name} itself")
                continue
            of, below = LAYERS[room(name)]
            if (package, of) == ("troth", "troth_mock") or (of == package and below >= layer):
                wrong.append(f"{module} ({layer}) imports {name} ({below})")
    assert wrong == []


def test_the_modules_of_a_room_do_not_run_in_circles() -> None:
    # what is imported for its types alone closes no circle when the program runs
    edges = {}
    for module in MODULES:
        tree = copy.deepcopy(read(module))
        for node in ast.walk(tree):
            if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING":
                node.body.clear()
        edges[module] = {name for name in imported(tree) if name in MODULES and name not in OURS}
    left = dict(edges)
    while True:
        free = {module for module, names in left.items() if not names & left.keys() - {module}}
        if not free:
            break
        left = {module: names for module, names in left.items() if module not in free}
    assert sorted(left) == []


def third_parties() -> Iterator[tuple[str, str]]:
    """Each library that is neither ours nor Python's, with a module that imports it."""
    for module, names in IMPORTS.items():
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
    tree = read(module)
    prose = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    return [
        (node.lineno, str(node.value))
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and id(node) not in prose
    ]


@pytest.mark.parametrize("word", ["/v1/", "chat/completions", "ChatCompletion", "createChat"])
def test_no_code_knows_what_only_a_document_can_say(word: str) -> None:
    told = [f"{name}:{line}" for name in MODULES for line, text in texts(name) if word in text]
    assert told == []


def test_the_bundled_documents_name_is_known_to_loading_only() -> None:
    knowing = [name for name, path in MODULES.items() if "atoma" in path.read_text().lower()]
    assert knowing == ["troth.loading"]


LONGEST = 350
# These have yet to find the noun that divides them; they may not grow meanwhile.
LONGER: dict[str, int] = {}


def test_no_module_grows_too_long() -> None:
    lengths = {name: len(path.read_text().splitlines()) for name, path in MODULES.items()}
    over = {name: long for name, long in lengths.items() if long > LONGER.get(name, LONGEST)}
    assert over == {}


PAGE = ROOT / "docs" / "ARCHITECTURE.md"
MARKS = ("<!-- rooms: written by `python tests/test_layers.py` -->\n", "<!-- end of rooms -->\n")


def rooms() -> str:
    """The tables of docs/ARCHITECTURE.md: each room's layer, and what its docstring says first."""
    parts = []
    for package, layers in (("troth", TROTH), ("troth_mock", TROTH_MOCK)):
        parts += [f"\n### `{package}`\n\n| layer | room | |\n|---:|---|---|\n"]
        for number, names in enumerate(layers):
            for name in names.split():
                said = ast.get_docstring(read(f"{package}.{name}")) or ""
                first = " ".join(said.partition("\n\n")[0].split()).replace("|", "\\|")
                parts += [f"| {number} | `{name}` | {first} |\n"]
    return "".join(parts) + "\n"


def test_the_architecture_page_has_the_rooms_as_they_are() -> None:
    shown = PAGE.read_text(encoding="utf-8").split(MARKS[0])[1].split(MARKS[1])[0]
    assert shown == rooms(), "run `python tests/test_layers.py`"


if __name__ == "__main__":
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(MARKS[0])
    PAGE.write_text(before + MARKS[0] + rooms() + MARKS[1] + rest.partition(MARKS[1])[2])
