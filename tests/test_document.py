"""Reading documents: what loads, what is refused, and where each refusal points."""

from __future__ import annotations

import io
import json
import os
import resource
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from troth.document import Document, Limits, read
from troth.errors import Place, SpecError
from troth.spec_errors import (
    AliasExpansion,
    BadSyntax,
    DuplicateKey,
    NotAnOpenApiDocument,
    NotUtf8,
    TooLarge,
    UnreadableDocument,
    UnsupportedVersion,
    WrongType,
)
from troth.yaml_writer import dump_json, dump_yaml

ROOT = Path(__file__).parents[1]
CORPUS = ROOT.parent / "shared" / "corpus"
HEAD = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\npaths: {}\n"


def yaml(text: str) -> Document:
    return read(text.encode(), name="a.yaml")


def value_of(text: str) -> Any:
    return yaml(HEAD + "x-value: " + text + "\n").root["x-value"]


def refused(
    data: str | bytes, error: type[SpecError], name: str = "a.yaml", limits: Limits | None = None
) -> SpecError:
    with pytest.raises(error) as caught:
        read(data.encode() if isinstance(data, str) else data, name=name, limits=limits)
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


@pytest.mark.parametrize("name", ["a.yaml", "a.json"])
def test_a_duplicate_key_is_refused_naming_both_lines(name: str) -> None:
    text = '{"openapi": "3.1.0",\n "paths": {\n "a": 1,\n\t"b": 2,\n "a": 3}}'
    error = refused(text, DuplicateKey, name)
    assert isinstance(error, DuplicateKey)
    assert (error.key, error.first, error.place) == ("a", Place(name, 3, 2), Place(name, 5, 2))
    assert error.pointer == "/paths/a"
    assert "lines 3 and 5" in str(error)


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


@pytest.mark.parametrize(
    ("text", "place", "pointer", "fault"),
    [
        ('{"openapi":\n NaN}', (2, 2), "/openapi", "NaN is not a JSON value"),
        ('{"a": [1,\n-Infinity]}', (2, 1), "/a/1", "-Infinity is not a JSON value"),
        ('{"a": 1e999}', (1, 7), "/a", "1e999 is too large for a number"),
        ('{"a": [1,\n  2,]}', (2, 4), "/a/2", "a comma before ']'"),
        ('{"a": 1,\n}', (1, 8), "/a", "a comma before '}'"),
        ('{"a" 1}', (1, 6), "/a", "expected ':', found '1'"),
        ('{"a": 1 "b": 2}', (1, 9), "/a", "expected ',' or '}', found '\"'"),
        ("{a: 1}", (1, 2), "", "expected a member name in \", found 'a'"),
        ('{"a": [1', (1, 9), "/a/1", "expected ',' or ']', found the end of the text"),
        ('{"a": }', (1, 7), "/a", "expected a value, found '}'"),
        ('{"a": 01}', (1, 8), "/a", "expected ',' or '}', found '1'"),
        ('{"a": "b\n"}', (1, 9), "/a", "invalid control character at"),
        ('{"a": "b', (1, 7), "/a", "unterminated string starting at"),
        ('{"a": "\\x"}', (1, 8), "/a", "invalid \\escape"),
        ('{"a": "\\ud800"}', (1, 7), "/a", "half a surrogate pair in a string"),
        ('{"a": 1} {}', (1, 10), "", "text goes on after the end of the JSON value"),
        ("", (1, 1), "", "expected a value, found the end of the text"),
        ("\r\n\r\nnope", (3, 1), "", "expected a value, found 'n'"),
    ],
)
def test_bad_json_has_a_place_and_a_reason(
    text: str, place: tuple[int, int], pointer: str, fault: str
) -> None:
    error = refused(text, BadSyntax, "a.json")
    assert (error.place, error.pointer) == (Place("a.json", *place), pointer)
    assert error.fault.startswith("not valid JSON: " + fault)


def test_json_keeps_what_yaml_cannot() -> None:
    text = '{"openapi": "3.1.0",\t"a\\/b": "\\ud83d\\ude00", "": [[], {}, -0.0, 1E2]}'
    document = read(text.encode())
    assert document.root == {"openapi": "3.1.0", "a/b": "😀", "": [[], {}, -0.0, 100.0]}
    assert document.place("/a~1b") == Place("<bytes>", 1, 22)


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


@pytest.mark.parametrize("version", ["'2.0'", "4.0.0", "3.1", "'3.1'", "3.3.0", "null", "3.1.x"])
def test_other_versions_are_refused(version: str) -> None:
    error = refused(HEAD.replace("3.1.0", version), UnsupportedVersion)
    assert error.advice == "Supported versions: 3.0.x, 3.1.x and 3.2.x."
    assert (error.place, error.pointer) == (Place("a.yaml", 1, 1), "/openapi")


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


def test_aliases_do_not_nest_deeper_than_text_may() -> None:
    lines = ["x-0: &a0 " + "[" * 150 + "]" * 150, "x-1: &a1 " + "[" * 40 + "*a0" + "]" * 40]
    assert yaml(HEAD + "\n".join(lines)).openapi == "3.1.0"
    lines.append("x-2: " + "[" * 10 + "*a1" + "]" * 10)
    error = refused(HEAD + "\n".join(lines), TooLarge)
    assert error.place == Place("a.yaml", 6, 16)


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
    read(path)
    start = time.process_time()
    document = read(path)
    assert time.process_time() - start < 0.06
    assert list(document.root["paths"]) == ["/v1/chat/completions"]


@pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of other projects' documents is absent")
@pytest.mark.parametrize(
    "name",
    [
        "atoma-proxy-full-with-streams.yml",
        "media-type-examples-32.yaml",
        "museum-31.yaml",
        "openai.yaml",
        "parameters-style-31.json",
        "petstore-expanded-30.yaml",
        "polymorphism-30.yaml",
        "schema-circular-30.json",
        "webhook-31.yaml",
    ],
)
def test_real_documents_load_and_survive_being_written(name: str) -> None:
    document = read(CORPUS / name)
    again = read(dump_yaml(document.root).encode(), name="again.yaml")
    assert json.dumps(again.root) == json.dumps(document.root)
    assert again.digest == document.digest


def place_of_fault(data: bytes, name: str) -> str:
    try:
        read(data, name=name)
    except SpecError as error:
        return str(error.place or "nowhere")
    return "no fault"


SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.from_regex(r"\A[-+.0-9eExo:_~ntfyNTFY#'\"|>%@!&*{}\[\], \n]{1,9}\Z")
)
VALUES = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=20,
)


@settings(max_examples=100, deadline=None)
@given(VALUES)
@example("a\n")
@example("a\n\n")
@example("\n")
@example(" a\nb")
@example("a\n  b \n\n c")
@example("a\n\tb")
@example("\u2028\n\x85")
@example({"k" * 2000: {"a": [[1], {"b": []}]}, "multi\nline": "\ufeff"})
def test_whatever_is_written_is_read_back(value: Any) -> None:
    root = {"openapi": "3.1.0", "x-value": value}
    for text, name in ((dump_yaml(root), "a.yaml"), (dump_json(root), "a.json")):
        again = read(text.encode(), name=name).root
        assert json.dumps(again) == json.dumps(root)


@settings(max_examples=60, deadline=None)
@given(VALUES)
def test_every_node_has_the_place_where_its_text_starts(value: Any) -> None:
    root = {"openapi": "3.1.0", "x-value": {"mark": value}}
    for text, name in ((dump_yaml(root), "a.yaml"), (dump_json(root), "a.json")):
        place = read(text.encode(), name=name).place("/x-value/mark")
        assert place is not None
        line = text.split("\n")[place.line - 1][place.column - 1 :]
        assert line.lstrip('"').startswith("mark")


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.binary(max_size=60) | st.text("{}[]:,-?&*!|>'\"%@`#\n\t <a0.é\x00", max_size=40))
def test_no_input_gives_anything_but_a_document_or_a_spec_error(junk: bytes | str) -> None:
    data = junk if isinstance(junk, bytes) else junk.encode()
    for name in ("a.yaml", "a.json", "<bytes>"):
        for text in (data, HEAD.encode() + data, HEAD.encode() + b"x-a:\n " + data):
            assert place_of_fault(text, name) != "nowhere"
