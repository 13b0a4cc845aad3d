"""Reading documents: what loads, what is refused, and where each refusal points."""

from __future__ import annotations

import io
import os
import sys
import threading
from pathlib import Path
from time import process_time
from timeit import repeat

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from troth.document.document import Document, Limits, read
from troth.document.spec_errors import (
    BadSyntax,
    DuplicateKey,
    NotAnOpenApiDocument,
    NotUtf8,
    TooLarge,
    UnreadableDocument,
    UnsupportedVersion,
    WrongType,
)
from troth.document.yaml_writer import dump_json
from troth.errors import Place, SpecError

ROOT = Path(__file__).parents[2]


HEAD = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\n"


def yaml(text: str) -> Document:
    return read(text.encode(), name="a.yaml")


def refused(
    data: str | bytes, error: type[SpecError], name: str = "a.yaml", limits: Limits | None = None
) -> SpecError:
    data = data.encode() if isinstance(data, str) else data
    with pytest.raises(error) as caught:
        read(data, name=name, limits=limits, strict=True)
    assert "Traceback" not in str(caught.value)
    return caught.value


def test_a_document_knows_its_file_version_and_places() -> None:
    document = yaml(HEAD + "components:\n  schemas:\n    A:\n      type: string\n")
    assert (document.file, document.openapi) == ("a.yaml", "3.1.0")
    assert document.root["components"] == {"schemas": {"A": {"type": "string"}}}
    assert document.place("/components/schemas/A") == Place("a.yaml", 6, 5)
    assert document.place("/components/schemas/A/type") == Place("a.yaml", 7, 7)
    assert document.place("/info/title") == Place("a.yaml", 2, 8)
    assert document.place("") == Place("a.yaml", 1, 1)


def test_a_node_that_does_not_exist_has_the_place_of_its_nearest_ancestor() -> None:
    document = yaml(HEAD + "tags:\n  - name: a\n  - name: b\n")
    assert document.place("/tags/1") == Place("a.yaml", 6, 5)
    assert document.place("/tags/1/name/first/letter") == Place("a.yaml", 6, 5)
    assert document.place("/tags/7/name") == Place("a.yaml", 4, 1)
    assert document.place("/tags/-") == Place("a.yaml", 4, 1)
    assert document.place("/nothing") == Place("a.yaml", 1, 1)


def test_yaml_and_json_give_one_tree_and_one_digest() -> None:
    document = yaml(HEAD + "x-list: [1, 2.5, true, null, é]\n")
    again = read(dump_json(document.root).encode(), name="a.json")
    assert again.root == document.root
    assert again.digest == document.digest
    assert again.place("/x-list/1") == Place("a.json", 10, 5)


def test_the_digest_tells_documents_apart_and_not_their_files() -> None:
    assert yaml(HEAD).digest == read(HEAD.encode(), name="b.yaml").digest
    assert yaml(HEAD).digest != yaml(HEAD + "x-a: 1\n").digest
    assert yaml(HEAD + "x-a: 1\n").digest != yaml(HEAD + "x-a: true\n").digest
    assert yaml(HEAD + "x-a: 1\n").digest != yaml(HEAD + "x-a: 1.0\n").digest


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_a_duplicate_key_is_refused_naming_both_lines(name: str) -> None:
    text = '{"openapi": "3.1.0",\n "x-paths": {\n "a": 1,\n\t"b": 2,\n "a": 3}}'
    error = refused(text, DuplicateKey, name)
    assert isinstance(error, DuplicateKey)
    assert (error.key, error.first, error.place) == ("a", Place(name, 3, 2), Place(name, 5, 2))
    assert error.pointer == "/x-paths/a"
    assert "lines 3 and 5" in str(error)


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_a_duplicate_key_in_one_line_is_refused_naming_both_columns(name: str) -> None:
    error = refused('{"openapi": "3.1.0", "openapi": "3.1.0"}', DuplicateKey, name)
    assert error.fault == "the key 'openapi' was already given in column 2 of the same line"
    assert error.advice == "Remove or rename one of the two (columns 2 and 22)."


def test_text_that_starts_as_json_is_json_unless_its_name_says_yaml() -> None:
    text = "{openapi: 3.1.0,}"
    assert yaml(text).root == {"openapi": "3.1.0"}
    refused(text, BadSyntax, "<stdin>")
    assert read(b'{"openapi": "3.1.0"}').openapi == "3.1.0"
    assert read(HEAD.encode()).openapi == "3.1.0"


@pytest.mark.parametrize(
    ("text", "got"),
    [
        ("", "nothing"),
        ("# only\n# comments\n", "nothing"),
        ("[a]", "list"),
        ("hi", "text"),
        ("12", "scalar"),
        ("null", "nothing"),
        ("---\n...\n", "nothing"),
    ],
)
def test_what_is_not_an_object_is_not_a_document(text: str, got: str) -> None:
    error = refused(text, NotAnOpenApiDocument)
    assert str(error) == f"a.yaml:1:1: not an OpenAPI document (got {got})"


def test_an_object_without_a_version_is_not_a_document() -> None:
    error = refused("info: {}\n", NotAnOpenApiDocument)
    assert "'openapi' is missing" in error.fault
    assert "3.0.x, 3.1.x and 3.2.x" in error.advice


@pytest.mark.parametrize("version", ["3.0.0", "3.0.4", "3.1.0", "3.1.99", "3.2.0", "3.1.0-rc1"])
def test_supported_versions_load(version: str) -> None:
    assert yaml(HEAD.replace("3.1.0", version)).openapi == version


@pytest.mark.parametrize(
    ("version", "found"),
    [
        ("'2.0'", "'2.0'"),
        ("4.0.0", "'4.0.0'"),
        ("3.3.0", "'3.3.0'"),
        ("3", "3"),
        ("null", "null"),
        ("3.1.x", "'3.1.x'"),
    ],
)
def test_other_versions_are_refused(version: str, found: str) -> None:
    error = refused(HEAD.replace("3.1.0", version), UnsupportedVersion)
    assert error.fault == f"version {found} is not supported"
    assert error.advice == "Supported versions: 3.0.x, 3.1.x and 3.2.x."
    assert (error.place, error.pointer) == (Place("a.yaml", 1, 1), "/openapi")


@pytest.mark.parametrize("version", ["3.1", "'3.1'"])
def test_a_version_without_its_patch_number_is_told_and_read(version: str) -> None:
    document = yaml(HEAD.replace("3.1.0", version))
    assert document.openapi == "3.1.0"
    fault = f"version {version} lacks its patch number: read as 3.1.0"
    assert [(each.fault, each.pointer) for each in document.faults] == [(fault, "/openapi")]


def test_swagger_is_refused_by_name() -> None:
    error = refused("swagger: '2.0'\n", UnsupportedVersion)
    assert str(error).startswith("a.yaml:1:1: version '2.0' is not supported (at /swagger)")


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_depth_is_bounded(name: str) -> None:
    def nested(levels: int) -> str:
        return '{"openapi": "3.1.0", "x-a": ' + "[" * levels + "]" * levels + "}"

    assert read(nested(199).encode(), name=name).openapi == "3.1.0"
    error = refused(nested(200), TooLarge, name)
    assert error.fault == "nested deeper than 200 levels"
    refused(nested(100_000), TooLarge, name)


@pytest.mark.parametrize(
    ("text", "pointer", "fault"),
    [
        ("paths: []", "/paths", "expected an object, found an array"),
        ("paths: {/a: 5}", "/paths/~1a", "expected an object, found a number"),
        ("paths: {/a: {get: }}", "/paths/~1a/get", "expected an object, found null"),
        (
            "paths: {/a: {parameters: {}}}",
            "/paths/~1a/parameters",
            "expected an array, found an object",
        ),
        (
            "components: {schemas: {A: {items: [{}]}}}",
            "/components/schemas/A/items",
            "expected an object or a boolean, found an array",
        ),
        (
            "components: {schemas: {A: {allOf: [text]}}}",
            "/components/schemas/A/allOf/0",
            "expected an object or a boolean, found a string",
        ),
        (
            "components: {headers: {A: true}}",
            "/components/headers/A",
            "expected an object, found a boolean",
        ),
    ],
)
def test_what_must_be_an_object_is_one(text: str, pointer: str, fault: str) -> None:
    error = refused(HEAD.replace("paths: {}\n", "") + text, WrongType)
    assert (error.pointer, error.fault) == (pointer, fault)
    assert error.place is not None
    assert error.place.line == 3


def test_size_is_bounded_and_six_honest_megabytes_are_not_too_many() -> None:
    assert refused(HEAD + "x-a: " + "a" * 1000, TooLarge, limits=Limits(bytes=1000))
    items = "".join(f"  - {{name: n{number}, text: {'a' * 80}}}\n" for number in range(50_000))
    document = yaml(HEAD + "tags:\n" + items)
    assert len(document.root["tags"]) == 50_000


def test_a_utf_8_bom_is_accepted() -> None:
    for text, name in ((HEAD, "a.yaml"), ('{"openapi": "3.1.0"}', "a.json")):
        document = read(b"\xef\xbb\xbf" + text.encode(), name=name)
        assert document.openapi == "3.1.0"
    assert read(b"\xef\xbb\xbf" + HEAD.encode()).place("/openapi") == Place("<bytes>", 1, 1)


@pytest.mark.parametrize(
    ("data", "offset", "place"),
    [
        (HEAD.encode("utf-16"), 0, Place("a.yaml", 1, 1)),
        (HEAD.encode("utf-16-le"), 1, Place("a.yaml", 1, 1)),
        (HEAD.encode() + "# é\nx-a: café\n".encode("latin-1"), 58, Place("a.yaml", 4, 3)),
        (HEAD.encode() + b"x-\xc3\xa9: \xff", 62, Place("a.yaml", 4, 6)),
    ],
)
def test_other_encodings_are_refused_with_the_byte(data: bytes, offset: int, place: Place) -> None:
    error = refused(data, NotUtf8)
    assert isinstance(error, NotUtf8)
    assert (error.offset, error.place) == (offset, place)


def test_an_unreadable_file_is_named_with_the_systems_reason(tmp_path: Path) -> None:
    for path, reason in (
        (tmp_path / "no.yaml", "No such file or directory"),
        (tmp_path, "Is a directory"),
        (f"{tmp_path}/nul\0.yaml", "null byte"),
    ):
        with pytest.raises(UnreadableDocument) as caught:
            read(path)
        assert str(path) in str(caught.value)
        assert reason in str(caught.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_a_file_without_permission_is_named(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_text(HEAD)
    path.chmod(0)
    with pytest.raises(UnreadableDocument, match="Permission denied"):
        read(path)


def test_an_address_is_refused_without_a_connection() -> None:
    with pytest.raises(UnreadableDocument, match="opens no connection"):
        read("https://example.com/openapi.yaml")


def test_standard_input_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    class Stdin:
        buffer = io.BytesIO(HEAD.encode())

    monkeypatch.setattr(sys, "stdin", Stdin)
    document = read("-")
    assert (document.file, document.place("/info")) == ("<stdin>", Place("<stdin>", 2, 1))


def test_a_pipe_is_read(tmp_path: Path) -> None:
    path = tmp_path / "pipe"
    os.mkfifo(path)
    writer = threading.Thread(target=path.write_text, args=(HEAD,))
    writer.start()
    assert read(path).openapi == "3.1.0"
    writer.join()


def test_the_bundled_document_loads_fast() -> None:
    path = ROOT / "spec" / "atoma.yaml"
    document = read(path)
    # the least of a few: other processes want the caches, too
    assert min(repeat(lambda: read(path), timer=process_time, number=1)) < 0.06
    assert list(document.root["paths"]) == ["/v1/chat/completions"]


def place_of_fault(data: bytes, name: str) -> str:
    try:
        read(data, name=name)
    except SpecError as error:
        return str(error.place or "nowhere")
    return "no fault"


@settings(max_examples=100)
@given(st.binary(max_size=60) | st.text("{}[]:,-?&*!|>'\"%@`#\n\t <a0.é\x00", max_size=40))
def test_no_input_gives_anything_but_a_document_or_a_spec_error(junk: bytes | str) -> None:
    data = junk if isinstance(junk, bytes) else junk.encode()
    for name in ("a.yaml", "a.json", "<bytes>"):
        for text in (data, HEAD.encode() + data, HEAD.encode() + b"x-a:\n " + data):
            assert place_of_fault(text, name) != "nowhere"
