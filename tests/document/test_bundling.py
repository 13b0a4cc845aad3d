"""Files that a document refers to: which are bundled, and which are never opened."""

from __future__ import annotations

import json
import os
import socket
from pathlib import Path

import pytest

from troth.document import schema_resources
from troth.document.document import read
from troth.document.spec_errors import (
    DanglingReference,
    DuplicateKey,
    RefusedReference,
    UnproductiveCycle,
)
from troth.document.yaml_writer import dump_yaml
from troth.errors import Place, SpecError

HEAD = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n"


def folder(path: Path, **files: str) -> Path:
    for name, text in files.items():
        file = path / name.replace("__", "/").replace("_", ".")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return path / "main.yaml"


@pytest.fixture(autouse=True)
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*args: object, **options: object) -> None:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)


@pytest.mark.parametrize(
    "reference",
    [
        "http://169.254.169.254/latest/meta-data",
        "https://example.com/a.yaml#/A",
        "//example.com/a.yaml",
        "ftp://example.com/a",
        "urn:uuid:1",
        "file:///etc/passwd",
        "file://localhost/etc/passwd#/a",
        "data:application/json,{}",
    ],
)
def test_a_remote_reference_is_refused_and_nothing_is_opened(
    reference: str, tmp_path: Path
) -> None:
    main = folder(tmp_path, main_yaml=HEAD + f"paths: {{/a: {{$ref: '{reference}'}}}}\n")
    with pytest.raises(RefusedReference) as caught:
        read(main, strict=True)
    assert caught.value.reference == reference
    assert caught.value.place == Place(str(main), 3, 14)
    assert "root:" not in str(caught.value)


@pytest.mark.parametrize(
    "reference",
    [
        "/etc/passwd",
        "../secret.yaml",
        "sub/../../secret.yaml",
        "%2e%2e/secret.yaml",
        "out.yaml",
        "../no-such-file.yaml",
        "sub/out/secret.yaml",
    ],
)
def test_a_path_out_of_the_folder_is_refused_whether_it_exists_or_not(
    reference: str, tmp_path: Path
) -> None:
    (tmp_path / "secret.yaml").write_text("password: hunter2\n")
    inside = tmp_path / "inside"
    main = folder(inside, main_yaml=HEAD + f"paths: {{/a: {{$ref: '{reference}'}}}}\n")
    (inside / "sub").mkdir()
    os.symlink(tmp_path, inside / "sub" / "out")
    os.symlink("../secret.yaml", inside / "out.yaml")
    with pytest.raises(RefusedReference) as caught:
        read(main, strict=True)
    assert caught.value.fault == f"{reference!r} leads outside the document's folder"
    assert "hunter2" not in str(caught.value)


def test_a_document_that_is_no_file_refers_to_none() -> None:
    with pytest.raises(RefusedReference) as caught:
        read((HEAD + "paths: {/a: {$ref: pet.yaml}}\n").encode(), strict=True)
    assert caught.value.advice == "Read the document by its file name."


def test_files_below_the_folder_are_bundled_with_their_places(tmp_path: Path) -> None:
    main = folder(
        tmp_path,
        main_yaml=HEAD + "components:\n  schemas:\n    Id: {type: integer}\n"
        "    A: {$ref: 'sub/pet.yaml#/Pet'}\n    B: {$ref: sub/whole.json}\n",
        sub__pet_yaml="Pet:\n  properties:\n    id: {$ref: '../main.yaml#/components/schemas/Id'}\n"
        "    tag: {$ref: '#/Tag'}\n    me: {$ref: 'pet.yaml#/Pet'}\nTag: {$ref: ./whole.json}\n",
        sub__whole_json='{\n "items": {"$ref": "#"},\n "x": {"$ref": "#/gone"}}',
    )
    document = read(main)
    assert document.root["components"]["schemas"] == {
        "Id": {"type": "integer"},
        "A": {"$ref": "#/x-troth-bundled/sub~1pet.yaml/Pet"},
        "B": {"$ref": "#/x-troth-bundled/sub~1whole.json"},
    }
    assert document.root["x-troth-bundled"] == {
        "sub/pet.yaml": {
            "Pet": {
                "properties": {
                    "id": {"$ref": "#/components/schemas/Id"},
                    "tag": {"$ref": "#/x-troth-bundled/sub~1pet.yaml/Tag"},
                    "me": {"$ref": "#/x-troth-bundled/sub~1pet.yaml/Pet"},
                }
            },
            "Tag": {"$ref": "#/x-troth-bundled/sub~1whole.json"},
        },
        "sub/whole.json": {
            "items": {"$ref": "#/x-troth-bundled/sub~1whole.json"},
            "x": {"$ref": "#/gone"},
        },
    }
    pet = document.place("/x-troth-bundled/sub~1pet.yaml/Pet/properties/id")
    assert pet == Place(str(tmp_path / "sub/pet.yaml"), 3, 5)
    assert document.place("/x-troth-bundled/sub~1whole.json/items") == Place(
        str(tmp_path / "sub/whole.json"), 2, 2
    )


def test_a_bundled_document_reads_the_same_when_written(tmp_path: Path) -> None:
    main = folder(
        tmp_path,
        main_yaml=HEAD + "paths: {/a: {$ref: 'p q.yaml#/a%25b'}}\n",
        **{"p q_yaml": "a%b: {get: {responses: {}}}\n"},
    )
    document = read(main)
    assert document.root["paths"] == {"/a": {"$ref": "#/x-troth-bundled/p%20q.yaml/a%25b"}}
    again = read(dump_yaml(document.root).encode())
    assert (again.root, again.digest) == (document.root, document.digest)


@pytest.mark.parametrize(
    ("content", "error", "line"),
    [("a: 1\na: 2\n", DuplicateKey, 2), ("items:\n  $ref: '#/gone'\n", DanglingReference, 2)],
)
def test_a_fault_in_a_bundled_file_is_told_where_it_is(
    tmp_path: Path, content: str, error: type[SpecError], line: int
) -> None:
    text = HEAD + "components: {schemas: {A: {$ref: b.yaml}}}\n"
    (told,) = read(folder(tmp_path, main_yaml=text, b_yaml=content)).faults
    assert type(told) is error
    assert told.place is not None
    assert (told.place.file, told.place.line) == (str(tmp_path / "b.yaml"), line)


def test_a_file_that_cannot_be_read_disables_what_refers_to_it(tmp_path: Path) -> None:
    text = HEAD + "components: {schemas: {A: {$ref: b.yaml}, B: {$ref: c.yaml}}}\n"
    document = read(folder(tmp_path, main_yaml=text, b_yaml="a: [\n", c_yaml="type: string\n"))
    (told,) = document.faults
    assert told.place == Place(str(tmp_path / "main.yaml"), 3, 28)
    assert told.fault.startswith(f"'b.yaml' cannot be read: {tmp_path / 'b.yaml'}:2:1: not valid")
    assert document.root["components"]["schemas"]["A"] == {}


def test_a_missing_file_and_a_pipe_are_dangling(tmp_path: Path) -> None:
    main = folder(tmp_path, main_yaml=HEAD + "paths: {/a: {$ref: b.yaml}}\n")
    with pytest.raises(DanglingReference):
        read(main, strict=True)
    os.mkfifo(tmp_path / "b.yaml")
    with pytest.raises(DanglingReference):
        read(main, strict=True)


def test_a_cycle_through_files_is_refused(tmp_path: Path) -> None:
    main = folder(
        tmp_path,
        main_yaml=HEAD + "components: {schemas: {A: {$ref: b.yaml}}}\n",
        b_yaml="allOf: [{$ref: 'main.yaml#/components/schemas/A'}]\n",
    )
    with pytest.raises(UnproductiveCycle):
        read(main, strict=True)


def test_an_anchored_object_is_rewritten_once(tmp_path: Path) -> None:
    main = folder(
        tmp_path,
        main_yaml=HEAD + "components: {schemas: {A: {$ref: 'b.yaml#/A'}}}\n",
        b_yaml="A: {properties: {x: &r {$ref: '#/B'}, y: *r}}\nB: {}\n",
    )
    properties = read(main).root["x-troth-bundled"]["b.yaml"]["A"]["properties"]
    assert properties == {key: {"$ref": "#/x-troth-bundled/b.yaml/B"} for key in "xy"}


def test_a_discriminator_follows_its_file(tmp_path: Path) -> None:
    main = folder(
        tmp_path,
        main_yaml=HEAD + "components: {schemas: {Cat: {}, A: {discriminator: {propertyName: k,\n"
        "  mapping: {c: Cat, d: dog.yaml, e: 'https://example.com/e', n: '#/gone'}}}}}\n",
        dog_yaml="type: object\n",
    )
    mapping = read(main).root["components"]["schemas"]["A"]["discriminator"]["mapping"]
    assert mapping == {
        "c": "Cat",
        "d": "#/x-troth-bundled/dog.yaml",
        "e": "https://example.com/e",
        "n": "#/gone",
    }


def test_each_of_many_files_is_looked_through_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked = []
    dicts = schema_resources.dicts
    monkeypatch.setattr(
        schema_resources, "dicts", lambda *given: looked.extend(found := dicts(*given)) or found
    )
    counts = []
    for count in (20, 40):
        for index in range(count):
            following = {"items": {"$ref": f"f{(index + 1) % count}.json"}}
            (tmp_path / f"f{index}.json").write_text(json.dumps(following))
        root = {"openapi": "3.1.0", "components": {"schemas": {"It": {"$ref": "f0.json"}}}}
        (tmp_path / "api.json").write_text(json.dumps(root))
        looked.clear()
        read(tmp_path / "api.json")
        counts.append(len(looked))

    assert counts[1] - counts[0] == 20 * 2


def test_a_file_that_is_read_later_may_name_itself(tmp_path: Path) -> None:
    named = {"$id": "https://example.org/named", "$defs": {"In": {"$anchor": "in", "type": "null"}}}
    schemas = {
        "A": {"$ref": "named.json"},
        "B": {"$ref": "other.json"},
        "C": {"items": {"$ref": "https://example.org/named#in"}},
    }
    root = {"openapi": "3.1.0", "components": {"schemas": schemas}}
    (tmp_path / "api.json").write_text(json.dumps(root))
    (tmp_path / "named.json").write_text(json.dumps(named))
    (tmp_path / "other.json").write_text("{}")

    document = read(tmp_path / "api.json")

    assert document.faults == ()
    reference = document.root["components"]["schemas"]["C"]["items"]["$ref"]
    assert reference == "#/x-troth-bundled/named.json/$defs/In"
