"""YAML: the core schema of YAML 1.2, and what of it JSON cannot say."""

from __future__ import annotations

import resource
import time
from pathlib import Path
from typing import Any

import pytest
from yaml import SafeLoader

from troth.document import yaml_reader
from troth.document.document import Document, Limits, read
from troth.document.spec_errors import AliasExpansion, BadSyntax, DuplicateKey, TooLarge
from troth.errors import Place, SpecError

HEAD = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\n"


def yaml(text: str) -> Document:
    return read(text.encode(), name="a.yaml")


def value_of(text: str) -> Any:
    return yaml(HEAD + "x-value: " + text + "\n").root["x-value"]


def refused(
    data: str | bytes, error: type[SpecError], name: str = "a.yaml", limits: Limits | None = None
) -> SpecError:
    data = data.encode() if isinstance(data, str) else data
    with pytest.raises(error) as caught:
        read(data, name=name, limits=limits, strict=True)
    assert "Traceback" not in str(caught.value)
    return caught.value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("[NO, on, off, yes, y, N]", ["NO", "on", "off", "yes", "y", "N"]),
        ("[true, True, TRUE, false, tRUE]", [True, True, True, False, "tRUE"]),
        ("[null, Null, NULL, ~, nULL]", [None, None, None, None, "nULL"]),
        ("2024-01-01", "2024-01-01"),
        ("2024-01-01T00:00:00Z", "2024-01-01T00:00:00Z"),
        ("12:30:45", "12:30:45"),
        ("[0o10, 010, 0x1F, 0b11, 1_000]", [8, 10, 31, "0b11", "1_000"]),
        ("[1.10, 1., .5, 1e3, +1, -0, -.5E-2]", [1.1, 1.0, 0.5, 1000.0, 1, 0, -0.005]),
        ("[1.2.3, 1e, e1, '.', -, +, 0x, 0o8]", ["1.2.3", "1e", "e1", ".", "-", "+", "0x", "0o8"]),
        ("18446744073709551616000", 18446744073709551616000),
        ("'123'", "123"),
        ("\u0661", "\u0661"),
        ("!!str 404", "404"),
        ("!!float 1", 1.0),
        ("! 12", "12"),
        ("{200: a, true: b, null: c, 1.0: d}", {"200": "a", "true": "b", "null": "c", "1.0": "d"}),
        ("", None),
    ],
)
def test_scalars_are_read_by_the_core_schema_of_yaml_1_2(text: str, value: Any) -> None:
    found = value_of(text)
    assert repr(found) == repr(value)  # 1, 1.0 and True are equal, and not the same


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1e999", "9" * 5000, "0x" + "f" * 5000])
def test_numbers_that_json_cannot_hold_are_refused(text: str) -> None:
    error = refused(HEAD + f"x-a: [1, {text}]\n", BadSyntax)
    assert (error.place, error.pointer) == (Place("a.yaml", 4, 10), "/x-a/1")


def test_keys_that_json_cannot_tell_apart_are_duplicates() -> None:
    error = refused(HEAD + "x-a:\n  200: a\n  '200': b\n", DuplicateKey)
    assert error.place == Place("a.yaml", 6, 3)


def test_a_key_that_is_a_collection_is_refused() -> None:
    error = refused(HEAD + "x-a:\n  ? [a, b]\n  : c\n", BadSyntax)
    assert (error.place, error.pointer) == (Place("a.yaml", 5, 5), "/x-a")


def test_an_alias_bomb_is_refused_before_it_costs_anything() -> None:
    lines = ["x-0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]"]
    for level in range(1, 10):
        aliases = ", ".join([f"*a{level - 1}"] * 10)
        lines.append(f"x-{level}: &a{level} [{aliases}]")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    start = time.process_time()
    error = refused(HEAD + "\n".join(lines), AliasExpansion)
    assert time.process_time() - start < 1
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 64 << 10
    assert error.fault.startswith("alias expansion limit")
    assert error.place is not None
    assert error.place.line > 4


def test_many_aliases_of_one_long_text_are_a_bomb_too() -> None:
    text = f"x-0: &a {'a' * 1_000_000}\nx-1: [{', '.join(['*a'] * 1000)}]\n"
    refused(HEAD + text, AliasExpansion)


def test_two_hundred_honest_aliases_load() -> None:
    shared = "x-shared: &e {id: 1, name: a, tags: [x, y]}\n"
    users = "".join(f"x-{number}: *e\n" for number in range(200))
    document = yaml(HEAD + shared + users)
    assert document.root["x-199"] == {"id": 1, "name": "a", "tags": ["x", "y"]}
    assert document.place("/x-199") == Place("a.yaml", 204, 1)
    assert document.place("/x-199/name") == Place("a.yaml", 4, 22)


def test_a_recursive_alias_is_refused() -> None:
    error = refused(HEAD + "x-a: &a\n  b: [1, *a]\n", AliasExpansion)
    assert "recursive alias" in error.fault
    assert (error.place, error.pointer) == (Place("a.yaml", 5, 10), "/x-a/b/1")


def test_an_alias_without_an_anchor_is_refused() -> None:
    error = refused(HEAD + "x-a: *nobody\n", BadSyntax)
    assert (error.place, error.pointer) == (Place("a.yaml", 4, 6), "/x-a")


def test_an_anchor_may_be_defined_anew() -> None:
    assert value_of("[&a 1, *a, &a 2, *a, &a [&a 3], *a]") == [1, 1, 2, 2, [3], 3]


def test_an_alias_may_be_a_key() -> None:
    assert value_of("{&k a: 1, b: {*k : 2}}") == {"a": 1, "b": {"a": 2}}


def test_merge_keys_are_read_as_other_readers_of_openapi_read_them() -> None:
    text = HEAD + "x-a: &a {one: 1, two: 2}\nx-b: &b {two: 3, three: 3}\n"
    document = yaml(text + "x-c:\n  two: 0\n  <<: [*a, *b]\nx-d: {<<: plain}\n")
    assert document.root["x-c"] == {"two": 0, "one": 1, "three": 3}
    assert document.place("/x-c/three") == Place("a.yaml", 5, 18)
    assert document.root["x-d"] == {"<<": "plain"}


@pytest.mark.parametrize(
    "text",
    [
        "!!python/object/apply:os.system ['echo pwned']",
        "!!python/name:os.system x",
        "!include /etc/passwd",
        "!!binary aGVsbG8=",
        "!!set {a}",
        "!!int no",
        "!!timestamp 2024-01-01",
    ],
)
def test_a_tag_that_is_not_of_json_is_refused(text: str) -> None:
    error = refused(HEAD + "x-a: " + text, BadSyntax)
    assert (error.place, error.pointer) == (Place("a.yaml", 4, 6), "/x-a")
    assert error.advice == "A document holds JSON values. Remove the tag."


def test_tabs_and_bad_indentation_have_a_place() -> None:
    error = refused("openapi: 3.1.0\ninfo:\n\ttitle: t\n", BadSyntax)
    assert error.place == Place("a.yaml", 3, 1)
    error = refused("openapi: 3.1.0\ninfo:\n  title: t\n version: 1\n", BadSyntax)
    assert error.place == Place("a.yaml", 4, 2)


def test_a_second_yaml_document_is_refused() -> None:
    error = refused(HEAD + "---\nopenapi: 3.1.0\n", BadSyntax)
    assert error.place == Place("a.yaml", 4, 1)
    assert yaml("---\n" + HEAD + "...\n").place("/info") == Place("a.yaml", 3, 1)


def test_a_control_character_has_a_place() -> None:
    error = refused(HEAD + "x-é: 'a\x00'\n", BadSyntax)
    assert error.place == Place("a.yaml", 4, 8)


def test_aliases_do_not_nest_deeper_than_text_may() -> None:
    lines = ["x-0: &a0 " + "[" * 150 + "]" * 150, "x-1: &a1 " + "[" * 40 + "*a0" + "]" * 40]
    assert yaml(HEAD + "\n".join(lines)).openapi == "3.1.0"
    lines.append("x-2: " + "[" * 10 + "*a1" + "]" * 10)
    error = refused(HEAD + "\n".join(lines), TooLarge)
    assert error.place == Place("a.yaml", 6, 16)


def test_a_parser_in_python_gives_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    text = (Path(__file__).parents[2] / "spec" / "atoma.yaml").read_text("utf-8")
    before = yaml(text)
    monkeypatch.setattr(yaml_reader, "_LOADER", SafeLoader)
    after = yaml(text)
    assert after.root == before.root
    places = [document.place("/paths") for document in (before, after)]
    assert places[0] == places[1] is not None
    refused("openapi: [", BadSyntax)
    refused("openapi: \x01", BadSyntax)
