"""References inside a document: which resolve, which are refused, and what is only data."""

from __future__ import annotations

import re
from typing import Any

import pytest

from troth.document.document import Document, read
from troth.document.spec_errors import (
    BadReference,
    DanglingReference,
    ForeignDialect,
    UnproductiveCycle,
)
from troth.errors import Place, SpecError
from troth.generation.values import synthesize
from troth.schema.schema import Schemas
from troth.seed import Seed

HEAD = "openapi: 3.1.0\ninfo: {title: t, version: '1'}\n"


def schemas(text: str, version: str = "3.1.0", *, strict: bool = False) -> Document:
    """The document with these schemas; its first schema stands in line 5."""
    lines = "".join(f"    {line}\n" for line in text.strip("\n").split("\n"))
    head = HEAD.replace("3.1.0", version)
    return read(f"{head}components:\n  schemas:\n{lines}".encode(), name="a.yaml", strict=strict)


def refused(text: str, error: type[SpecError], version: str = "3.1.0") -> Any:
    with pytest.raises(error) as caught:
        schemas(text, version, strict=True)
    return caught.value


def test_a_dangling_reference_names_both_ends_and_what_was_meant() -> None:
    error = refused(
        "ChatCompletionChunk: {type: object}\nA:\n  items:\n"
        "    $ref: '#/components/schemas/ChatChunk'",
        DanglingReference,
    )
    assert str(error) == (
        "a.yaml:8:9: '#/components/schemas/ChatChunk' points nowhere"
        " (at /components/schemas/A/items)\n"
        "Did you mean '#/components/schemas/ChatCompletionChunk'?"
    )
    assert error.nearest == "#/components/schemas/ChatCompletionChunk"


@pytest.mark.parametrize(
    ("reference", "nearest"),
    [
        ("#/component/schema/Pet", "#/components/schemas/Pet"),
        ("#/definitions/Pet", "#/components/schemas/Pet"),
        ("#/components/schemas/pet", "#/components/schemas/Pet"),
        ("#/components/schemas/Pet/propertys/name", "#/components/schemas/Pet/properties/name"),
        ("#/components/schemas/Zebra", None),
        ("#/components/schemas/List/allOf/01", None),
        ("#/components/schemas/List/allOf/-", None),
        ("#/components/schemas/List/allOf/2", None),
        ("#nobody", None),
    ],
)
def test_the_nearest_pointer_is_proposed_only_if_it_exists(
    reference: str, nearest: str | None
) -> None:
    error = refused(
        "Pet: {properties: {name: {}}}\nList: {allOf: [{}, {}]}\n"
        f"A: {{$ref: '{reference}'}}",
        DanglingReference,
    )
    assert (error.reference, error.nearest) == (reference, nearest)
    assert error.pointer == "/components/schemas/A"


@pytest.mark.parametrize(
    "reference",
    [
        "#/components/schemas/a~1b",
        "#/components/schemas/c~0d",
        "#/components/schemas/e%25f",
        "#/components/schemas/g%20h",
        "#/components/schemas/g h",
        "#/components/schemas/List/allOf/0",
        "#/components/schemas/List/allOf/0/properties/~01",
        "#/components/schemas/%F0%9F%98%80",
    ],
)
def test_every_escape_of_a_pointer_resolves(reference: str) -> None:
    document = schemas(
        "a/b: {}\nc~d: {}\ne%f: {}\ng h: {}\n😀: {}\n"
        "List: {allOf: [{properties: {'~1': {}}}]}\n"
        f"A: {{items: {{$ref: '{reference}'}}}}"
    )
    held = document.root["components"]["schemas"]["A"]["items"]["$ref"]
    assert held == reference


@pytest.mark.parametrize(
    "text",
    [
        "A: {$ref: '#/components/schemas/A'}",
        "A: {$ref: '#/components/schemas/B'}\nB: {$ref: '#/components/schemas/A'}",
        "A: {allOf: [{$ref: '#/components/schemas/B'}]}\n"
        "B: {allOf: [{$ref: '#/components/schemas/A'}]}",
        "A: {oneOf: [{type: string}, {anyOf: [{$ref: '#/components/schemas/A'}]}]}",
        "A: {not: {$ref: '#/components/schemas/A'}}",
        "A: {if: true, then: {$ref: '#/components/schemas/A'}}",
        "A: {dependentSchemas: {x: {$ref: '#/components/schemas/A'}}}",
        "A: {$anchor: me, allOf: [{$ref: '#me'}]}",
        "A: {properties: {x: {allOf: [{$ref: '#/components/schemas/A/properties/x'}]}}}",
    ],
)
def test_an_unproductive_cycle_is_refused(text: str) -> None:
    error = refused(text, UnproductiveCycle)
    assert error.chain[0] == error.chain[-1]
    assert error.place is not None
    assert error.place.line >= 5


def test_the_chain_of_a_cycle_is_told() -> None:
    error = refused(
        "A: {$ref: '#/components/schemas/B'}\nB: {$ref: '#/components/schemas/A'}",
        UnproductiveCycle,
    )
    assert error.chain == (
        "/components/schemas/A",
        "/components/schemas/B",
        "/components/schemas/A",
    )
    assert str(error).startswith("a.yaml:5:5: unproductive cycle: #/components/schemas/A -> #/")


def test_of_many_faults_each_is_told_and_not_at_length() -> None:
    lines = [f"Name{n}: {{items: {{$ref: '#/components/schemas/Nam{n}'}}}}" for n in range(60)]
    faults = schemas("\n".join(lines)).faults
    assert len(faults) == 60
    assert [bool(fault.advice) for fault in faults] == [True] * 50 + [False] * 10
    lines = [f"S{n}: {{$ref: '#/components/schemas/S{(n + 1) % 30}'}}" for n in range(30)]
    (told,) = schemas("\n".join(lines)).faults
    assert told.fault.count("->") == 7
    assert "… (24 more) …" in told.fault


def test_components_that_only_refer_to_each_other_are_a_cycle_too() -> None:
    text = HEAD + "components:\n  responses:\n    A: {$ref: '#/components/responses/A'}\n"
    with pytest.raises(UnproductiveCycle):
        read(text.encode(), strict=True)


@pytest.mark.parametrize(
    "text",
    [
        "A: {properties: {children: {items: {$ref: '#/components/schemas/A'}}}}",
        "A: {items: {$ref: '#'}}".replace("'#'", "'#/components/schemas/A'"),
        "A: {additionalProperties: {oneOf: [{$ref: '#/components/schemas/B'}]}}\n"
        "B: {allOf: [{$ref: '#/components/schemas/A'}]}",
        "A: {$ref: '#/components/schemas/B', properties: {x: {$ref: '#/components/schemas/A'}}}\n"
        "B: {type: object}",
        "A: {allOf: [{$ref: '#/components/schemas/B'}, {$ref: '#/components/schemas/B'}]}\nB: {}",
    ],
)
def test_productive_recursion_and_diamonds_load(text: str) -> None:
    assert schemas(text).openapi == "3.1.0"


def test_a_long_chain_of_references_is_no_recursion_of_ours() -> None:
    chain = "\n".join(f"A{n}: {{$ref: '#/components/schemas/A{n + 1}'}}" for n in range(5000))
    assert schemas(chain + "\nA5000: {}").openapi == "3.1.0"


def test_a_ref_that_is_data_is_no_reference() -> None:
    data = {"$ref": "#/nowhere"}
    document = schemas(
        """
        A:
          properties:
            $ref: {type: string}
            default: {$ref: '#/components/schemas/B'}
          example: {$ref: '#/nowhere'}
          examples: [{$ref: '#/nowhere'}]
          default: {$ref: '#/nowhere'}
          const: {$ref: '#/nowhere'}
          enum: [{$ref: '#/nowhere'}]
          x-note: {$ref: 'http://example.com/'}
        B: {required: [$ref]}
        """.replace("\n        ", "\n")
    )
    schema = document.root["components"]["schemas"]["A"]
    assert [schema[key] for key in ("example", "default", "const")] == [data] * 3


def test_a_reference_to_a_property_that_is_named_ref_resolves() -> None:
    refused("A: {properties: {$ref: {$ref: '#/components/schemas/No'}}}", DanglingReference)
    assert schemas("A: {properties: {$ref: {$ref: '#/components/schemas/B'}}}\nB: {}")


@pytest.mark.parametrize("reference", ["12", "null", "[a]"])
def test_a_reference_is_a_string(reference: str) -> None:
    error = refused(f"A:\n  $ref: {reference}", BadReference)
    assert (error.place, error.pointer) == (Place("a.yaml", 6, 7), "/components/schemas/A")


@pytest.mark.parametrize("reference", ["http://[::1", "//[", "https://[x]y/"])
def test_a_reference_is_a_uri_reference(reference: str) -> None:
    error = refused(f"A:\n  $ref: '{reference}'", BadReference)
    assert error.fault == f"{reference!r} is no URI reference"
    assert error.place == Place("a.yaml", 6, 7)
    mapping = f"{{discriminator: {{mapping: {{a: '{reference}'}}}}}}"
    assert schemas(f"A: {mapping}\nB: {{$id: '{reference}', $ref: '#/components/schemas/A'}}")


def test_a_reference_leads_to_an_object() -> None:
    error = refused("A: {$ref: '#/info/title'}", BadReference)
    assert error.fault == "'#/info/title' leads to what is no schema"
    assert schemas("A: {$ref: '#/components/schemas/B'}\nB: true")


def test_references_are_checked_wherever_an_object_may_be_one() -> None:
    places = {
        "paths: {/a: {$ref: '#/x'}}": "/paths/~1a",
        "paths: {/a: {get: {parameters: [{$ref: '#/x'}]}}}": "/paths/~1a/get/parameters/0",
        "paths: {/a: {get: {requestBody: {$ref: '#/x'}}}}": "/paths/~1a/get/requestBody",
        "paths: {/a: {query: {responses: {200: {$ref: '#/x'}}}}}": "/paths/~1a/query/responses/200",
        "paths: {/a: {get: {callbacks: {c: {'{$url}': {$ref: '#/x'}}}}}}": (
            "/paths/~1a/get/callbacks/c/{$url}"
        ),
        "webhooks: {w: {post: {responses: {default: {headers: {x-h: {$ref: '#/x'}}}}}}}": (
            "/webhooks/w/post/responses/default/headers/x-h"
        ),
        "components: {mediaTypes: {m: {itemSchema: {contentSchema: {$ref: '#/x'}}}}}": (
            "/components/mediaTypes/m/itemSchema/contentSchema"
        ),
        "components: {examples: {e: {$ref: '#/x'}}}": "/components/examples/e",
    }
    for text, pointer in places.items():
        with pytest.raises(DanglingReference) as caught:
            read((HEAD + text).encode(), strict=True)
        assert caught.value.pointer == pointer


def test_the_first_fault_of_the_document_is_the_one_that_is_told() -> None:
    error = refused(
        "A: {$ref: '#/1'}\nB: {items: {$ref: '#/2'}}\nC: {$ref: '#/3'}", DanglingReference
    )
    assert error.reference == "#/1"


def test_ids_and_anchors_become_pointers() -> None:
    document = schemas(
        """
        A:
          $id: https://example.com/a
          $defs: {x: {$anchor: here, type: string}, y: {$id: nested, $defs: {z: {}}}}
          properties: {p: {$ref: '#here'}, q: {$ref: '#/$defs/x'}, r: {$ref: 'nested#/$defs/z'}}
        B: {items: {$ref: 'https://example.com/a'}, contains: {$ref: '#/components/schemas/C'}}
        C: {$anchor: here}
        D: {items: {$ref: '#here'}}
        """.replace("\n        ", "\n")
    )
    found = document.root["components"]["schemas"]
    at = "#/components/schemas"
    assert {name: value["$ref"] for name, value in found["A"]["properties"].items()} == {
        "p": f"{at}/A/$defs/x",
        "q": f"{at}/A/$defs/x",
        "r": f"{at}/A/$defs/y/$defs/z",
    }
    assert found["B"] == {"items": {"$ref": f"{at}/A"}, "contains": {"$ref": f"{at}/C"}}
    assert found["D"]["items"] == {"$ref": f"{at}/C"}
    assert "$id" not in found["A"]


def test_a_document_may_refer_to_itself_by_its_own_uri() -> None:
    text = "openapi: 3.2.0\n$self: https://example.com/api\ncomponents: {schemas: {A: {}, B:\n"
    document = read((text + " {$ref: 'https://example.com/api#/components/schemas/A'}}}").encode())
    assert document.root["components"]["schemas"]["B"] == {"$ref": "#/components/schemas/A"}


def test_a_dynamic_reference_has_a_target() -> None:
    refused("A: {items: {$dynamicRef: '#node'}}", DanglingReference)
    document = schemas("A: {$dynamicAnchor: node, items: {$dynamicRef: '#node'}}")
    # with a pointer it means what a $ref means
    assert document.root["components"]["schemas"]["A"]["items"] == {
        "$dynamicRef": "#/components/schemas/A"
    }


def test_a_dynamic_reference_leads_where_the_way_to_it_binds_its_name() -> None:
    text = (
        "A: {$id: 'urn:a', $dynamicAnchor: node, type: array, items: {$dynamicRef: '#node'}}\n"
        "B: {$id: 'urn:b', $dynamicAnchor: node, maxItems: 1, allOf: [{$ref: 'urn:a'}]}"
    )
    read = Schemas(schemas(text))
    first, second = (read.at(f"/components/schemas/{name}").is_valid for name in "AB")
    assert [first([[], []]), second([[], []]), second([[[], []]]), second([[[]]])] == [
        *(True, False, False, True)
    ]
    (mismatch,) = read.at("/components/schemas/B").errors([[[], []]])
    assert mismatch.schema_pointer == "/components/schemas/B/maxItems"


PAGE = """\
Page:
  type: object
  properties: {items: {type: array, items: {$dynamicRef: '#item'}}}
  $defs: {any: {$dynamicAnchor: item, not: {}}}
Pets: {$ref: '#/components/schemas/Page', $defs: {pet: {$dynamicAnchor: item, type: string}}}
Orders: {$ref: '#/components/schemas/Page', $defs: {one: {$dynamicAnchor: item, type: integer}}}
Both:
  required: [pets, orders]
  properties:
    pets: {$ref: '#/components/schemas/Pets', required: [items]}
    orders: {$ref: '#/components/schemas/Orders'}
"""


@pytest.mark.parametrize("named", [False, True])
def test_a_generic_page_is_a_page_of_what_it_is_bound_to(named: bool) -> None:
    text = PAGE
    for name in ("Page", "Pets", "Orders") if named else ():
        uri = f"$id: 'https://api.example/{name}'"
        text = re.sub(f"^{name}: {{", f"{name}: {{{uri}, ", text, flags=re.MULTILINE)
        text = re.sub(f"^{name}:$", f"{name}:\n  {uri}", text, flags=re.MULTILINE)
    text = text.replace("'#/components/schemas/Page'", "Page") if named else text
    read = Schemas(schemas(text))
    pets, orders, both = (
        read.at(f"/components/schemas/{name}") for name in ("Pets", "Orders", "Both")
    )
    assert pets.is_valid({"items": ["a"]})
    assert not pets.is_valid({"items": [1]})
    assert orders.is_valid({"items": [1]})
    assert both.is_valid({"pets": {"items": ["a"]}, "orders": {"items": [1]}})
    assert not both.is_valid({"pets": {"items": ["a"]}, "orders": {"items": ["a"]}})
    for number in range(5):
        drawn = synthesize(both, seed=Seed.of(number))
        assert both.is_valid(drawn)
        assert all(isinstance(item, str) for item in drawn["pets"]["items"])


def test_a_dynamic_reference_to_itself_is_a_cycle() -> None:
    refused("A: {$dynamicAnchor: node, allOf: [{$dynamicRef: '#node'}]}", UnproductiveCycle)


def test_a_schema_that_refers_to_itself_dynamically_validates() -> None:
    document = schemas(
        "A: {$dynamicAnchor: node, properties: {c: {$dynamicRef: '#node'}, v: {type: integer}},"
        " unevaluatedProperties: false}"
    )
    schema = Schemas(document).at("/components/schemas/A")
    values = [{"c": {"c": {"v": 1}}}, {"c": {"c": {"v": ""}}}, {"c": {"w": 1}}]
    assert [schema.is_valid(value) for value in values] == [True, False, False]


@pytest.mark.parametrize(
    "dialect",
    [
        "https://json-schema.org/draft/2020-12/schema",
        "https://spec.openapis.org/oas/3.1/dialect/base",
        "https://spec.openapis.org/oas/3.2/dialect/2025-09-17",
    ],
)
def test_known_dialects_load(dialect: str) -> None:
    assert schemas(f"A: {{$schema: '{dialect}'}}")
    assert read((HEAD + f"jsonSchemaDialect: {dialect}\n").encode())


def test_a_foreign_dialect_is_refused() -> None:
    dialect = "http://json-schema.org/draft-03/schema#"
    error = refused(f"A: {{items: {{$schema: '{dialect}'}}}}", ForeignDialect)
    assert error.dialect == dialect
    assert error.pointer == "/components/schemas/A/items/$schema"
    with pytest.raises(ForeignDialect):
        read((HEAD + f"jsonSchemaDialect: '{dialect}'\n").encode(), strict=True)


def test_openapi_3_0_knows_no_dialects_and_ignores_what_stands_beside_a_reference() -> None:
    document = schemas(
        "A: {$schema: 'http://json-schema.org/draft-07/schema#'}\n"
        "B: {$ref: '#/components/schemas/A', items: {$ref: '#/gone'}}",
        "3.0.3",
    )
    assert document.openapi == "3.0.3"
    refused("A: {}\nB: {$ref: '#/components/schemas/A', items: {$ref: '#/g'}}", DanglingReference)
