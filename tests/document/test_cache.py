"""Large documents are kept as they were read, and nobody can tell."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from troth.document import cache, document, overlay
from troth.document.document import Document

PAD = "x" * cache.LARGE
SCHEMAS = {
    "A": {"type": "object", "properties": {"b": {"$ref": "#/components/schemas/B"}}},
    "B": {"type": "integer", "maximum": 2**70, "multipleOf": 0.1, "title": "é\u2028"},
    "C": {"required": ["a", "a"], "properties": {"a": {"type": "any"}}},
    "D": {"allOf": [{"type": "string"}, 5, {"minLength": "0"}], "properties": [1]},
    "E": {"$ref": "#/components/schemas/Nowhere"},
    "F": {"allOf": [{"$ref": "#/components/schemas/F"}]},
}


def text(**schemas: Any) -> str:
    info = {"title": "t", "version": "1", "description": PAD}
    root = {"openapi": "3.1", "info": info, "components": {"schemas": schemas}}
    return json.dumps(root, indent=1)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("TROTH_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def api(tmp_path: Path) -> Path:
    (tmp_path / "api.json").write_text(text(**SCHEMAS))
    return tmp_path / "api.json"


def whole(read: Document) -> Any:
    """All that a document says, its places and what was taken out of it among them."""
    containers, waiting = [], [read.root]
    while waiting:
        value: Any = waiting.pop()
        containers.append(value)
        held = value.values() if isinstance(value, dict) else value
        waiting += [each for each in held if isinstance(each, (dict, list))]
    noted = [read.positions.of.get(id(each), {}) for each in containers]
    written = [read.positions.originals.get(id(each)) for each in containers]
    faults = [(type(each), each.args, vars(each)) for each in read.faults]
    facts = (read.file, read.openapi, read.digest, read.path, read.positions.files)
    return json.dumps(read.root), noted, written, faults, facts, read.positions.top


def read_only(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*given: Any, **more: Any) -> None:
        raise AssertionError("the text was read")

    monkeypatch.setattr(document, "read_text", refuse)


@pytest.mark.parametrize("name", ["api.json", "api.yaml"])
def test_what_was_kept_is_what_was_read(
    name: str, tmp_path: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / name).write_text(text(**SCHEMAS))
    first = document.read(tmp_path / name)
    expected = whole(first)
    assert first.faults
    assert first.positions.originals
    read_only(monkeypatch)

    again = document.read(tmp_path / name)

    assert str(again.place("/components/schemas/B/title")) == str(
        first.place("/components/schemas/B/title")
    )
    assert whole(again) == expected


def test_an_overlay_meets_what_was_written_also_where_it_was_kept(folder: Path, api: Path) -> None:
    mending = overlay.read(
        b"overlay: 1.0.0\ninfo: {title: t, version: '1'}\nactions:\n"
        b"- {target: $.components.schemas.C.properties.a, update: {description: x}}\n",
        name="it.yaml",
    )

    expected, again = (overlay.apply(document.read(api), [mending]) for _ in range(2))

    assert whole(again) == whole(expected)


def test_the_same_text_under_another_name_is_another_entry(folder: Path, api: Path) -> None:
    document.read(api)

    other = document.read(api.read_bytes(), name="other.json")

    assert str(other.place("/info")).startswith("other.json:")
    assert len(list(folder.iterdir())) == 2


def test_small_documents_are_not_kept_nor_any_where_that_is_off(
    tmp_path: Path, folder: Path, api: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    document.read(b"openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\n", name="a.yaml")
    monkeypatch.setenv("TROTH_CACHE", "off")
    document.read(api)

    assert not folder.exists()


def test_without_a_word_it_is_below_the_folder_of_the_user(
    tmp_path: Path, api: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("TROTH_CACHE")
    monkeypatch.setattr("sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "user"))
    document.read(api)

    (kept,) = (tmp_path / "user" / "troth").iterdir()
    assert kept.suffix == ".document"


def test_files_that_are_referred_to_count_as_well(tmp_path: Path, folder: Path) -> None:
    api, other = tmp_path / "api.json", tmp_path / "other.json"
    api.write_text(text(It={"$ref": "other.json"}))

    found = []
    for content in (None, '{"type": "string"}', '{"type": "null"}', None):
        other.unlink(missing_ok=True)
        if content is not None:
            other.write_text(content)
        for _ in range(2):
            read = document.read(api)
            bundled = read.root.get("x-troth-bundled", {})
            found.append((bundled.get("other.json", {}).get("type"), len(read.faults)))

    assert found == [(None, 2)] * 2 + [("string", 1)] * 2 + [("null", 1)] * 2 + [(None, 2)] * 2


def test_what_is_found_by_a_link_is_looked_for_again(tmp_path: Path, folder: Path) -> None:
    api, link = tmp_path / "api.json", tmp_path / "it.json"
    api.write_text(text(It={"$ref": "it.json"}))

    found = []
    for name in ("one.json", "other.json"):
        (tmp_path / name).write_text("{}")
        link.unlink(missing_ok=True)
        link.symlink_to(name)
        found.append([*document.read(api).root["x-troth-bundled"]])

    assert found == [["one.json"], ["other.json"]]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: data[: len(data) // 2],
        lambda data: data[:100] + bytes([data[100] ^ 1]) + data[101:],
        lambda data: b"troth 1" + data[7:],
        lambda data: data[:8] + cache._hash(b"\0" * 48) + b"\0" * 48,
        lambda data: data[:8] + cache._hash(b"\0" * 7 + b"\2[]") + b"\0" * 7 + b"\2[]",
    ],
)
def test_a_damaged_entry_is_as_good_as_none(spoil: Any, folder: Path, api: Path) -> None:
    expected = whole(document.read(api))
    (kept,) = folder.iterdir()
    good = kept.read_bytes()
    kept.write_bytes(spoil(good))

    assert whole(document.read(api)) == expected
    assert kept.read_bytes() == good


def test_no_fault_but_our_own_is_made_of_an_entry() -> None:
    with pytest.raises((TypeError, AttributeError)):
        cache.fault_of(["Iterable", {"fault": "x"}])


def test_a_document_with_an_alias_is_read_each_time(tmp_path: Path, folder: Path) -> None:
    (tmp_path / "api.yaml").write_text(
        f"openapi: 3.1.0\ninfo: {{title: t, version: '1', description: {PAD}}}\n"
        "components: {schemas: {A: &a {type: string}, B: *a}}\n"
    )

    read = document.read(tmp_path / "api.yaml")

    assert read.root["components"]["schemas"]["A"] is read.root["components"]["schemas"]["B"]
    assert not folder.exists()


def test_a_folder_that_cannot_be_written_to_is_no_fault(
    tmp_path: Path, api: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("TROTH_CACHE", str(tmp_path / "file" / "below"))

    assert document.read(api).openapi == "3.1.0"


def test_many_may_write_at_once_and_the_last_are_kept(
    folder: Path, api: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache, "_MOST", 3)
    expected = whole(document.read(api))
    threads = [
        threading.Thread(target=document.read, args=[api.read_bytes()], kwargs={"name": name})
        for name in ["a.json", "b.json", "c.json", "c.json"] * 2
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert whole(document.read(api)) == expected
    assert [each.suffix for each in folder.iterdir()] == [".document"] * 3
