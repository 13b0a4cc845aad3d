"""The bodies that showed something in earlier runs: kept, given back, forgotten."""

from __future__ import annotations

from typing import Any

from troth.generation.example_database import ExampleDatabase


def test_memory_gives_back_what_was_kept_smallest_first(tmp_path: Any) -> None:
    memory = ExampleDatabase.of(str(tmp_path / "db"), "digest")
    for value in ({"a": [1, 2, 3]}, {"b": 1.0, "a": "\u00e9"}, {}):
        memory.keep("POST /x", value)
        memory.keep("POST /x", value)
    again = ExampleDatabase.of(str(tmp_path / "db"), "digest")
    assert list(again.bodies("POST /x")) == [{}, {"a": [1, 2, 3]}, {"a": "\u00e9", "b": 1}]
    assert list(again.bodies("GET /x")) == []
    assert list(ExampleDatabase.of(str(tmp_path / "db"), "another").bodies("POST /x")) == []
    again.forget("POST /x", {})
    assert list(memory.bodies("POST /x")) == [{"a": [1, 2, 3]}, {"a": "\u00e9", "b": 1}]


def test_memory_leaves_what_it_cannot_write(tmp_path: Any) -> None:
    memory = ExampleDatabase.of(str(tmp_path), "digest")
    for value in ("\ud800", "x" * 100_000):
        memory.keep("POST /x", value)
    assert list(memory.bodies("POST /x")) == []


def test_without_a_directory_nothing_is_remembered() -> None:
    memory = ExampleDatabase.of(None, "digest")
    memory.keep("POST /x", {})
    memory.forget("POST /x", {})
    assert list(memory.bodies("POST /x")) == []
